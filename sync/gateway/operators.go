package gateway

// Operators in the book: accounts, tries to log in, sessions. What a password or
// a code is worth is judged above; here is what must be true of it once.

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"
)

// Role is what an operator may do; each may what those before it may.
type Role string

// The roles.
const (
	RoleViewer   Role = "viewer"   // looks
	RoleOperator Role = "operator" // decides, settles, acknowledges, enrols
	RoleAdmin    Role = "admin"    // also keeps the operators, and reads what was done
)

// rank orders the roles; what is no role may nothing.
func (r Role) rank() int { return map[Role]int{RoleViewer: 1, RoleOperator: 2, RoleAdmin: 3}[r] }

// Valid says that it is one of the roles.
func (r Role) Valid() bool { return r.rank() > 0 }

// May says that the role is at least the other.
func (r Role) May(least Role) bool { return r.rank() > 0 && r.rank() >= least.rank() }

// Secrets are what an operator logs in with. They print as redacted.
type Secrets struct {
	Password string // as argon2id writes it, with its parameters
	TOTP     string // the shared secret in base32
}

// Format prints nothing of the secrets.
func (Secrets) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// LogValue logs nothing of the secrets.
func (Secrets) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Operator is an account.
type Operator struct {
	Name     string
	Role     Role
	Secrets  Secrets
	Made     time.Time
	Disabled time.Time // zero: it is not
	Seen     time.Time // when the operator was there; only in lists
	Locked   time.Time // until when nothing is tried; only in lists
}

// What can be wrong with an account.
var (
	ErrNoOperator    = errors.New("there is no such operator")
	ErrOperatorThere = errors.New("there is an operator of that name already")
	ErrLastAdmin     = errors.New("the last admin cannot be disabled")
	ErrCodeUsed      = errors.New("the code was used already")
	ErrNoSession     = errors.New("no such session, or it has ended")
)

var operatorName = regexp.MustCompile(`^[a-z][a-z0-9._-]{1,31}$`)

// OperatorNamed says that an operator can have the name.
func OperatorNamed(name string) bool { return operatorName.MatchString(name) }

// KioskNamed says that a kiosk can have the name.
func KioskNamed(id string) bool { return kioskName.MatchString(id) }

// AddOperator makes an account.
func (s *Store) AddOperator(ctx context.Context, o Operator, a Action) error {
	switch {
	case !operatorName.MatchString(o.Name):
		return fmt.Errorf("add operator: name %q: want 2 to 32 small letters, digits, dots, dashes", clip(o.Name))
	case !o.Role.Valid():
		return fmt.Errorf("add operator: role %q: want viewer, operator or admin", clip(string(o.Role)))
	case o.Secrets.Password == "" || o.Secrets.TOTP == "":
		return errors.New("add operator: a password and a TOTP secret are wanted")
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := readOperator(ctx, tx, o.Name); !errors.Is(err, ErrNoOperator) {
			return errors.Join(ErrOperatorThere, err)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO operators (name, role, password, totp, made_at) VALUES ($1, $2, $3, $4, $5)",
			o.Name, string(o.Role), o.Secrets.Password, s.vault.seal(o.Name, o.Secrets.TOTP), s.now().UnixMilli())
		if err != nil {
			return err
		}
		return s.note(ctx, tx, a)
	})
	if err != nil {
		return fmt.Errorf("add operator: %w", err)
	}
	return nil
}

// readOperator reads an account as the book keeps it: its TOTP secret is sealed.
func readOperator(ctx context.Context, q queryer, name string) (Operator, error) {
	o := Operator{Name: name}
	var made, disabled int64
	err := q.QueryRowContext(ctx, "SELECT role, password, totp, made_at, disabled_at FROM operators WHERE name = $1", name).
		Scan(&o.Role, &o.Secrets.Password, &o.Secrets.TOTP, &made, &disabled)
	if errors.Is(err, sql.ErrNoRows) {
		return Operator{}, ErrNoOperator
	}
	o.Made, o.Disabled = time.UnixMilli(made).UTC(), moment(disabled)
	return o, err
}

// moment is a time of the book; 0 is none.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Operator reads an account with its secrets; [ErrSealed] where they cannot be read.
func (s *Store) Operator(ctx context.Context, name string) (Operator, error) {
	if s.broken.Load() {
		return Operator{}, ErrBroken
	}
	o, err := readOperator(ctx, s.read, name)
	if err == nil {
		o.Secrets.TOTP, err = s.vault.open(name, o.Secrets.TOTP)
	}
	if err != nil {
		return Operator{}, fmt.Errorf("read operator: %w", err)
	}
	return o, nil
}

// Operators lists the accounts, without their secrets.
func (s *Store) Operators(ctx context.Context) ([]Operator, error) {
	all := []Operator{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var o Operator
		var made, disabled, seen, locked int64
		err := rows.Scan(&o.Name, &o.Role, &made, &disabled, &seen, &locked)
		o.Made, o.Disabled, o.Seen, o.Locked = moment(made), moment(disabled), moment(seen), moment(locked)
		if !o.Locked.After(s.now()) {
			o.Locked = time.Time{}
		}
		all = append(all, o)
		return err
	}, `SELECT o.name, o.role, o.made_at, o.disabled_at, coalesce(max(s.seen_at), (SELECT max(a.at) FROM operator_actions a WHERE a.operator = o.name AND a.action = 'login' AND a.refused = 0), 0),
			coalesce(max(t.until), 0)
		FROM operators o LEFT JOIN operator_sessions s ON s.operator = o.name LEFT JOIN operator_tries t ON t.subject = 'name:' || o.name
		GROUP BY o.name, o.role, o.made_at, o.disabled_at ORDER BY o.name`)
	if err != nil {
		return nil, fmt.Errorf("list operators: %w", err)
	}
	return all, nil
}

// change runs f on an account that is there, and notes the action.
func (s *Store) change(ctx context.Context, name string, a Action, f func(tx *sql.Tx, o Operator) error) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		o, err := readOperator(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := f(tx, o); err != nil {
			return err
		}
		return s.note(ctx, tx, a)
	})
	if err != nil {
		return fmt.Errorf("change operator %s: %w", clip(name), err)
	}
	return nil
}

// run1 runs statements that take one argument.
func run1(ctx context.Context, tx *sql.Tx, arg string, statements ...string) error {
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement, arg); err != nil {
			return err
		}
	}
	return nil
}

// ResetOperator gives an account new secrets, ends its sessions, unlocks it, and
// lets it in again if it was disabled.
func (s *Store) ResetOperator(ctx context.Context, name string, secrets Secrets, a Action) error {
	return s.change(ctx, name, a, func(tx *sql.Tx, _ Operator) error {
		_, err := tx.ExecContext(ctx, "UPDATE operators SET password = $1, totp = $2, totp_step = 0, disabled_at = 0 WHERE name = $3",
			secrets.Password, s.vault.seal(name, secrets.TOTP), name)
		if err != nil {
			return err
		}
		return run1(ctx, tx, name, "DELETE FROM operator_sessions WHERE operator = $1", "DELETE FROM operator_tries WHERE subject = 'name:' || $1")
	})
}

// SetPassword is the operator's own new password; all sessions but the one of
// the hash end.
func (s *Store) SetPassword(ctx context.Context, name, password, keep string, a Action) error {
	return s.change(ctx, name, a, func(tx *sql.Tx, _ Operator) error {
		if _, err := tx.ExecContext(ctx, "UPDATE operators SET password = $1 WHERE name = $2", password, name); err != nil {
			return err
		}
		if err := run1(ctx, tx, name, "DELETE FROM operator_tries WHERE subject = 'password:' || $1"); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM operator_sessions WHERE operator = $1 AND hash <> $2", name, keep)
		return err
	})
}

// DisableOperator locks an account out for good and ends its sessions. The last
// admin stays: somebody must be able to make the next.
func (s *Store) DisableOperator(ctx context.Context, name string, a Action) error {
	return s.change(ctx, name, a, func(tx *sql.Tx, o Operator) error {
		var others int
		err := tx.QueryRowContext(ctx, "SELECT count(*) FROM operators WHERE role = 'admin' AND disabled_at = 0 AND name <> $1", name).Scan(&others)
		switch {
		case err != nil:
			return err
		case o.Role == RoleAdmin && o.Disabled.IsZero() && others == 0:
			return ErrLastAdmin
		}
		if _, err := tx.ExecContext(ctx, "UPDATE operators SET disabled_at = $1 WHERE name = $2 AND disabled_at = 0", s.now().UnixMilli(), name); err != nil {
			return err
		}
		return run1(ctx, tx, name, "DELETE FROM operator_sessions WHERE operator = $1")
	})
}

// Tries bounds the tries of one subject, an account or an address.
type Tries struct {
	Subject string        // "name:rossi", "address:192.0.2.7"
	Free    int           // so many may fail before it is locked
	First   time.Duration // of the lock; it doubles with every further failure
	Most    time.Duration
	Forget  time.Duration // after so long without a try all is as new
}

// Try counts a try of each subject before it is made, so that many at once are
// all counted. When one of them is locked nothing is counted, and the moment
// until when is told.
func (s *Store) Try(ctx context.Context, tries ...Tries) (locked time.Time, err error) {
	now := s.now()
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		locked = time.Time{}
		counts := make([]int64, len(tries))
		for i, t := range tries {
			var last, until int64
			err := tx.QueryRowContext(ctx, "SELECT count, last_at, until FROM operator_tries WHERE subject = $1", t.Subject).Scan(&counts[i], &last, &until)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if now.UnixMilli()-last > t.Forget.Milliseconds() {
				counts[i] = 0
			}
			if until > now.UnixMilli() && until > locked.UnixMilli() {
				locked = moment(until)
			}
		}
		if !locked.IsZero() {
			return nil
		}
		for i, t := range tries {
			_, err := tx.ExecContext(ctx, `INSERT INTO operator_tries (subject, count, last_at, until) VALUES ($1, $2, $3, $4)
				ON CONFLICT (subject) DO UPDATE SET count = excluded.count, last_at = excluded.last_at, until = excluded.until`,
				t.Subject, counts[i]+1, now.UnixMilli(), t.until(counts[i]+1, now))
			if err != nil {
				return err
			}
		}
		// What nobody needs any more goes: the table cannot be grown from outside.
		_, err := tx.ExecContext(ctx, "DELETE FROM operator_tries WHERE last_at < $1", now.Add(-7*24*time.Hour).UnixMilli())
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("count tries: %w", err)
	}
	return locked, nil
}

// until is the end of the lock that the count-th try brings, if it fails; 0 for none.
func (t Tries) until(count int64, now time.Time) int64 {
	over := count - int64(t.Free)
	if over < 0 {
		return 0
	}
	lock := t.First << min(over, 20)
	return now.Add(min(lock, t.Most)).UnixMilli()
}

// Session is a browser that has logged in.
type Session struct {
	Hash     string
	Operator Operator
	Address  string
	Begun    time.Time
	Seen     time.Time
	Expires  time.Time
}

// SessionHash is how the book knows what a browser holds.
func SessionHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Login uses a code of the account up, forgets its tries and opens a session. A
// code whose step, or a later one, was used is refused with [ErrCodeUsed].
func (s *Store) Login(ctx context.Context, in Session, step int64, subjects []string, a Action) error {
	now := s.now()
	return s.change(ctx, in.Operator.Name, a, func(tx *sql.Tx, o Operator) error {
		if !o.Disabled.IsZero() {
			return ErrNoOperator
		}
		res, err := tx.ExecContext(ctx, "UPDATE operators SET totp_step = $1 WHERE name = $2 AND totp_step < $1", step, o.Name)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrCodeUsed, err)
		}
		for _, subject := range subjects {
			if err := run1(ctx, tx, subject, "DELETE FROM operator_tries WHERE subject = $1"); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM operator_sessions WHERE expires_at <= $1", now.UnixMilli()); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO operator_sessions (hash, operator, address, begun_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)",
			in.Hash, o.Name, clip(in.Address), now.UnixMilli(), in.Expires.UnixMilli())
		return err
	})
}

// seenEvery is how often a session that is used is written.
const seenEvery = 30 * time.Second

// UseSession finds a session that was used within idle, and notes that it is
// used. An account that was disabled has none.
func (s *Store) UseSession(ctx context.Context, hash string, idle time.Duration) (Session, error) {
	if s.broken.Load() {
		return Session{}, ErrBroken
	}
	now := s.now()
	in := Session{Hash: hash}
	var begun, seen, expires, disabled int64
	err := s.read.QueryRowContext(ctx, `SELECT o.name, o.role, o.disabled_at, s.address, s.begun_at, s.seen_at, s.expires_at
		FROM operator_sessions s JOIN operators o ON o.name = s.operator WHERE s.hash = $1`, hash).
		Scan(&in.Operator.Name, &in.Operator.Role, &disabled, &in.Address, &begun, &seen, &expires)
	in.Begun, in.Seen, in.Expires = moment(begun), moment(seen), moment(expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Session{}, ErrNoSession
	case err != nil:
		return Session{}, fmt.Errorf("find session: %w", err)
	case disabled != 0, !now.Before(in.Expires), !now.Before(in.Seen.Add(idle)):
		return Session{}, ErrNoSession
	case now.Sub(in.Seen) < seenEvery:
		return in, nil
	}
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE operator_sessions SET seen_at = $1 WHERE hash = $2", now.UnixMilli(), hash)
		return err
	})
	if err != nil {
		return Session{}, fmt.Errorf("use session: %w", err)
	}
	return in, nil
}

// Logout ends a session.
func (s *Store) Logout(ctx context.Context, in Session, a Action) error {
	return s.change(ctx, in.Operator.Name, a, func(tx *sql.Tx, _ Operator) error {
		return run1(ctx, tx, in.Hash, "DELETE FROM operator_sessions WHERE hash = $1")
	})
}

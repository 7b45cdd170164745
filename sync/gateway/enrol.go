package gateway

// Enrolment: a one-time token becomes a kiosk's certificate, and a certificate
// its successor. Who a kiosk is follows from the token or from the certificate
// that it has; only the operator's order takes one away.

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/pki"
)

// TokenLife is how long a token for an enrolment is good.
const TokenLife = time.Hour

// How a certificate came to be.
const (
	byToken   = "token"
	byRenewal = "renewal"
)

// ErrNoKiosk says that the book knows no such kiosk, or no such certificate.
var ErrNoKiosk = errors.New("no such kiosk and no such certificate")

var kioskName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,34}$`)

func tokenHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// NewToken makes the secret of a token for one enrolment of a kiosk. The book
// keeps its hash alone; a token that was made before and not used is good no more.
func (s *Store) NewToken(ctx context.Context, kioskID string) (secret string, expires time.Time, err error) {
	if !kioskName.MatchString(kioskID) {
		return "", time.Time{}, fmt.Errorf("make token: %q: want 1 to 35 letters, digits, dots, dashes", kioskID)
	}
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	secret = strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	now := s.now()
	expires = now.Add(TokenLife)
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM enrolments WHERE kiosk = $1 AND used_at = 0", kioskID); err != nil {
			return fmt.Errorf("forget the one before: %w", err)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO enrolments (hash, kiosk, made_at, expires_at) VALUES ($1, $2, $3, $4)",
			tokenHash(secret), kioskID, now.UnixMilli(), expires.UnixMilli())
		return err
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("make token: %w", err)
	}
	s.log.Info("token for an enrolment made", "kiosk", kioskID)
	return secret, expires, nil
}

// Enrol uses a token up and signs the request for its kiosk. A request that is
// not usable leaves the token as it was.
func (s *Store) Enrol(ctx context.Context, authority *pki.Authority, req api.EnrolmentRequest) (api.DeviceCertificate, error) {
	var d pki.Device
	hash, now := tokenHash(req.Token), s.now()
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		kioskID, err := tokenKiosk(ctx, tx, hash, now)
		if err != nil {
			return err
		}
		if d, err = sign(authority, req.Csr, kioskID, now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE enrolments SET used_at = $1, serial = $2 WHERE hash = $3", now.UnixMilli(), d.Serial, hash); err != nil {
			return fmt.Errorf("use token: %w", err)
		}
		return keepCertificate(ctx, tx, d, byToken, now)
	})
	if err != nil {
		return api.DeviceCertificate{}, fmt.Errorf("enrol: %w", err)
	}
	s.log.Info("kiosk enrolled", "kiosk", d.Kiosk, "serial", d.Serial, "until", d.NotAfter)
	return wireCertificate(d, authority), nil
}

// tokenKiosk is the kiosk of a token that is still good.
func tokenKiosk(ctx context.Context, tx *sql.Tx, hash string, now time.Time) (string, error) {
	var kioskID string
	var expires, used int64
	err := tx.QueryRowContext(ctx, "SELECT kiosk, expires_at, used_at FROM enrolments WHERE hash = $1", hash).Scan(&kioskID, &expires, &used)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", refuse(api.ProblemCodeTokenUnknown, "")
	case err != nil:
		return "", fmt.Errorf("find token: %w", err)
	case used != 0:
		return "", refuse(api.ProblemCodeTokenUsed, "")
	case now.UnixMilli() >= expires:
		return "", refuse(api.ProblemCodeTokenExpired, "")
	}
	return kioskID, nil
}

func sign(authority *pki.Authority, csr, kioskID string, now time.Time) (pki.Device, error) {
	d, err := authority.Sign([]byte(csr), kioskID, now)
	if errors.Is(err, pki.ErrRequest) {
		return d, refuse(api.ProblemCodeCsrInvalid, err.Error())
	}
	return d, err
}

func keepCertificate(ctx context.Context, tx *sql.Tx, d pki.Device, how string, now time.Time) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO certificates (kiosk, serial, how, issued_at, not_after) VALUES ($1, $2, $3, $4, $5)",
		d.Kiosk, d.Serial, how, now.UnixMilli(), d.NotAfter.UnixMilli())
	if err != nil {
		return fmt.Errorf("keep certificate: %w", err)
	}
	return nil
}

func wireCertificate(d pki.Device, authority *pki.Authority) api.DeviceCertificate {
	return api.DeviceCertificate{Kiosk: d.Kiosk, Serial: d.Serial, Certificate: string(d.PEM), Authority: string(authority.PEM())}
}

// Renew signs a request for a kiosk that showed its certificate. Whether that was
// revoked is asked here once more: an order that comes at the same moment leaves
// no younger certificate behind it.
func (s *Store) Renew(ctx context.Context, authority *pki.Authority, id identity, csr string) (api.DeviceCertificate, error) {
	var d pki.Device
	now := s.now()
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		gone, err := revokedIn(ctx, tx, id.kiosk, id.serial)
		switch {
		case err != nil:
			return err
		case gone:
			return refuse(api.ProblemCodeCertificateRevoked, "")
		}
		if d, err = sign(authority, csr, id.kiosk, now); err != nil {
			return err
		}
		return keepCertificate(ctx, tx, d, byRenewal, now)
	})
	if err != nil {
		return api.DeviceCertificate{}, fmt.Errorf("renew: %w", err)
	}
	s.log.Info("certificate renewed", "kiosk", id.kiosk, "serial", d.Serial, "until", d.NotAfter)
	return wireCertificate(d, authority), nil
}

// revoked says whether a certificate was revoked. One that the book does not
// know, of a book that was restored perhaps, is good unless some of its kiosk's
// were revoked.
func (s *Store) revoked(ctx context.Context, kioskID, serial string) (bool, error) {
	if s.broken.Load() {
		return false, ErrBroken
	}
	return revokedIn(ctx, s.read, kioskID, serial)
}

func revokedIn(ctx context.Context, q queryer, kioskID, serial string) (bool, error) {
	var known, own, any int64
	err := q.QueryRowContext(ctx, `SELECT coalesce(max(CASE WHEN serial = $1 THEN 1 ELSE 0 END), 0),
			coalesce(max(CASE WHEN serial = $1 THEN revoked_at ELSE 0 END), 0), coalesce(max(revoked_at), 0)
		FROM certificates WHERE kiosk = $2`, serial, kioskID).Scan(&known, &own, &any)
	if err != nil {
		return false, fmt.Errorf("find certificate: %w", err)
	}
	return own != 0 || known == 0 && any != 0, nil
}

// Revoke takes all certificates of a kiosk away, or the one of a serial, and
// tells how many. Tokens of the kiosk that were not used are good no more.
func (s *Store) Revoke(ctx context.Context, what, reason string) (int, error) {
	n := 0
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		n = 0
		res, err := tx.ExecContext(ctx, "UPDATE certificates SET revoked_at = $1, reason = $2 WHERE (kiosk = $3 OR serial = $3) AND revoked_at = 0",
			s.now().UnixMilli(), clip(reason), what)
		if err != nil {
			return err
		}
		changed, err := res.RowsAffected()
		if err != nil {
			return err
		}
		res, err = tx.ExecContext(ctx, "DELETE FROM enrolments WHERE kiosk = $1 AND used_at = 0", what)
		if err != nil {
			return err
		}
		tokens, err := res.RowsAffected()
		if n = int(changed); err == nil && changed+tokens == 0 {
			return ErrNoKiosk
		}
		if err != nil {
			return err
		}
		// Who was taken out is not missed.
		_, err = tx.ExecContext(ctx, `DELETE FROM heartbeats WHERE kiosk = $1
			AND NOT EXISTS (SELECT 1 FROM certificates WHERE kiosk = $1 AND revoked_at = 0)`, what)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("revoke %s: %w", what, err)
	}
	s.log.Warn("certificates revoked", "of", what, "count", n, "reason", clip(reason))
	return n, nil
}

// RevokeUnknown takes away whatever certificates a kiosk has of which this book
// knows nothing, as one does that was restored: from now on those of the kiosk
// count that are made from now on.
func (s *Store) RevokeUnknown(ctx context.Context, kioskID, reason string) error {
	if !kioskName.MatchString(kioskID) {
		return fmt.Errorf("revoke: %q: want 1 to 35 letters, digits, dots, dashes", kioskID)
	}
	now := s.now().UnixMilli()
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO certificates (kiosk, serial, how, issued_at, not_after, revoked_at, reason)
			VALUES ($1, 'unknown', 'token', $2, $2, $2, $3) ON CONFLICT (kiosk, serial) DO UPDATE SET revoked_at = excluded.revoked_at, reason = excluded.reason`,
			kioskID, now, clip(reason))
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke %s: %w", kioskID, err)
	}
	s.log.Warn("unknown certificates revoked", "of", kioskID, "reason", clip(reason))
	return nil
}

// Enrolled is one certificate of a kiosk, or a token that waits for it.
type Enrolled struct {
	Kiosk   string    `json:"kiosk"`
	Serial  string    `json:"serial,omitempty"` // "" of a token
	How     string    `json:"how"`              // token, renewal; waiting: a token that was not used
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Revoked time.Time `json:"revoked,omitzero"`
	Reason  string    `json:"reason,omitempty"`
	Expired bool      `json:"expired,omitempty"`
}

// Enrolments are all certificates and waiting tokens, by kiosk, the newest first.
func (s *Store) Enrolments(ctx context.Context) ([]Enrolled, error) {
	all := []Enrolled{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var e Enrolled
		var since, until, revoked int64
		if err := rows.Scan(&e.Kiosk, &e.Serial, &e.How, &since, &until, &revoked, &e.Reason); err != nil {
			return err
		}
		e.Since, e.Until = time.UnixMilli(since).UTC(), time.UnixMilli(until).UTC()
		if revoked != 0 {
			e.Revoked = time.UnixMilli(revoked).UTC()
		}
		e.Expired = !s.now().Before(e.Until)
		all = append(all, e)
		return nil
	}, `SELECT kiosk, serial, how, issued_at AS since, not_after, revoked_at, reason FROM certificates
		UNION ALL SELECT kiosk, '', 'waiting', made_at, expires_at, 0, '' FROM enrolments WHERE used_at = 0
		ORDER BY 1, 4 DESC, 2`)
	if err != nil {
		return nil, fmt.Errorf("list enrolments: %w", err)
	}
	return all, nil
}

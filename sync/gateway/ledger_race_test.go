package gateway

// Two hands at the ledger at the same time, on a real server: neither sees what
// the other has not committed, and still no transaction gets a posting too many.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// hand is one session that somebody types into.
type hand struct{ *pgx.Conn }

func newHand(t *testing.T, s *Store) hand {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.engine.(*postgres).url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return hand{conn}
}

// types runs statements until one is refused.
func (h hand) types(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := h.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// bookRefused tells the book's own refusal from a mistake of the test.
func bookRefused(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (strings.HasPrefix(e.Code, "23") || e.Code == "P0001" || e.Code == "40001" || e.Code == "25P02")
}

// settles waits for the answer to what a session was given; it has none while
// the session is held up by another one.
func settles(t *testing.T, look hand, pid uint32, answer <-chan error) (err error, held bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		select {
		case err := <-answer:
			return err, false
		default:
		}
		if err := look.QueryRow(t.Context(), "SELECT cardinality(pg_blocking_pids($1)) > 0", int64(pid)).Scan(&held); err != nil {
			t.Fatal(err)
		}
		if held {
			return nil, true
		}
	}
	t.Fatal("neither answered nor held up")
	return nil, false
}

// strange are the transactions that are not as their head says.
func strange(t *testing.T, s *Store) (all []string) {
	t.Helper()
	return columnsOf(t, s, `SELECT g.transaction_id || ': ' || sum(g.amount) || ' of ' || count(*) || ', said ' || max(t.legs) FROM ledger_postings g
		JOIN ledger_transactions t ON t.id = g.transaction_id GROUP BY g.transaction_id HAVING sum(g.amount) <> 0 OR count(*) <> max(t.legs)`)
}

// The first hand writes a good transaction; the other one adds to it, at every
// moment, whatever it adds.
func TestTwoHandsCannotUnbalanceATransaction(t *testing.T) {
	if servers.postgres == nil {
		return // one session writes at a time in a file
	}
	s, _ := newBook(t)
	for _, level := range []string{"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"} {
		raceAt(t, s, level)
	}
	if found := strange(t, s); len(found) != 0 {
		t.Errorf("%q", found)
	}
	findings, err := s.Examine(t.Context())
	if err != nil || slices.ContainsFunc(findings, func(f Finding) bool { return !f.OK && f.Name != "synchronous_commit" }) {
		t.Errorf("%v %v", bad(findings), err)
	}
}

// With the guards alone that look at what is committed, as they were before the
// places, the second hand wins: the race of these tests is a real one.
func TestTwoHandsWithoutPlacesUnbalanceATransaction(t *testing.T) {
	if servers.postgres == nil {
		return
	}
	s := ownBook(t, StoreConfig{})
	a := mustActivate(t, s, sample(t, "meals"))
	r := ledgerRace{first: newHand(t, s), second: newHand(t, s), look: newHand(t, s)}
	err := r.look.types(t.Context(), "ALTER TABLE ledger_postings DROP CONSTRAINT ledger_postings_head", "ALTER TABLE ledger_postings DROP CONSTRAINT ledger_postings_place",
		"ALTER TABLE ledger_postings ADD FOREIGN KEY (transaction_id) REFERENCES ledger_transactions (id) DEFERRABLE INITIALLY DEFERRED")
	if err != nil {
		t.Fatal(err)
	}
	mine, other := r.run(t, 3, writesOf("x", "READ COMMITTED", a.Payment), [2]string{"BEGIN", addPostingsByHand + "('x', 2, 3, 'refunds', 5)"})
	if found := strange(t, s); mine != nil || other != nil || len(found) != 1 {
		t.Errorf("%v %v %q", mine, other, found)
	}
}

// Engines on which nothing waits for the COMMIT keep the two apart by their
// transactions, where these are serializable.
func TestTwoHandsWithPlainGuards(t *testing.T) {
	if servers.postgres == nil {
		return
	}
	s := plainBook(t)
	raceAt(t, s, "SERIALIZABLE")
	if found := strange(t, s); len(found) != 0 {
		t.Errorf("%q", found)
	}
}

// added is what the second hand puts beside the first one's two postings.
var besides = map[string]string{
	"one more":             "($, 2, 2, 'refunds', 5)",
	"one more of three":    "($, 2, 3, 'refunds', 5)",
	"a pair":               "($, 2, 4, 'refunds', 5), ($, 3, 4, 'fee-revenue', -5)",
	"a pair of two":        "($, 2, 2, 'refunds', 5), ($, 3, 2, 'fee-revenue', -5)",
	"in a place":           "($, 1, 2, 'refunds', 5)",
	"in both places":       "($, 0, 2, 'refunds', 7), ($, 1, 2, 'fee-revenue', -7)",
	"before the first":     "($, -1, 2, 'refunds', 5)",
	"of a size of nothing": "($, 0, 0, 'refunds', 5)",
}

const addPostingsByHand = "INSERT INTO ledger_postings (transaction_id, position, legs, account, amount) VALUES "

// writesOf are the steps of a good transaction.
func writesOf(id, level, payment string) [4]string {
	return [4]string{
		"BEGIN ISOLATION LEVEL " + level,
		addPostingsByHand + "('" + id + "', 0, 2, 'acquirer-clearing', 100), ('" + id + "', 1, 2, 'fee-revenue', -100)",
		"INSERT INTO ledger_transactions (id, legs, payment, kind, row_id, at) VALUES ('" + id + "', 2, '" + payment + "', 'returned', '', 1)",
		"COMMIT",
	}
}

func raceAt(t *testing.T, s *Store, level string) {
	t.Helper()
	a := mustActivate(t, s, sample(t, map[string]string{"READ COMMITTED": "meals", "REPEATABLE READ": "tia", "SERIALIZABLE": "music-school"}[level]))
	r := ledgerRace{first: newHand(t, s), second: newHand(t, s), look: newHand(t, s)}
	for name, values := range besides {
		for moment := range 4 {
			id := fmt.Sprintf("%s, %s, %d", level, name, moment)
			mine, other := r.run(t, moment, writesOf(id, level, a.Payment),
				[2]string{"BEGIN ISOLATION LEVEL " + level, addPostingsByHand + strings.ReplaceAll(values, "$", "'"+id+"'")})
			if !s.engine.(*postgres).plain && !bookRefused(other) {
				t.Errorf("%s: the second hand's came through: %v", id, other)
			}
			if mine != nil && (!bookRefused(mine) || level == "READ COMMITTED") {
				t.Errorf("%s: a good transaction was refused: %v", id, mine)
			}
		}
	}
}

// ledgerRace is two hands, and somebody who looks whether one holds up the other.
type ledgerRace struct{ first, second, look hand }

// run has the second hand begin first, add before the step of that number, and
// commit last, or when it is in the first one's way.
func (r ledgerRace) run(t *testing.T, moment int, writes [4]string, adds [2]string) (mine, other error) {
	t.Helper()
	if err := r.second.types(t.Context(), adds[0], "SELECT count(*) FROM ledger_transactions"); err != nil {
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	adding, committed := false, false
	commit := func() {
		if adding {
			other = <-answer
		}
		other, adding, committed = errors.Join(other, r.second.types(t.Context(), "COMMIT")), false, true
	}
	for step, statement := range writes {
		if step == moment {
			go func() { answer <- r.second.types(t.Context(), adds[1]) }()
			other, adding = settles(t, r.look, r.second.PgConn().PID(), answer)
		}
		mine = errors.Join(mine, r.step(t, statement, commit))
	}
	if !committed {
		commit()
	}
	return mine, other
}

// step has the first hand type; who is in its way is told to commit.
func (r ledgerRace) step(t *testing.T, statement string, inTheWay func()) error {
	t.Helper()
	answer := make(chan error, 1)
	go func() { answer <- r.first.types(t.Context(), statement) }()
	err, held := settles(t, r.look, r.first.PgConn().PID(), answer)
	if held {
		inTheWay()
		err = <-answer
	}
	return err
}

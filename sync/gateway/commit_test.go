package gateway

// Transactions that lose against another, and a COMMIT whose answer gets lost.

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// Two transactions that each count and then add: whatever the database does,
// both must have run, and one of them after the other.
func TestTransactionsAreSerial(t *testing.T) {
	s, _ := newBook(t)
	var runs atomic.Int64
	var wg sync.WaitGroup
	all := make(chan struct{}) // closed when all have counted, where they can at the same time
	for _, name := range []string{"a", "b", "c"} {
		wg.Go(func() {
			err := s.inTx(t.Context(), func(tx *sql.Tx) error {
				run := runs.Add(1)
				var n int64
				if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM alarms").Scan(&n); err != nil {
					return err
				}
				if run == 3 {
					close(all)
				}
				if servers.postgres != nil {
					<-all
				}
				_, err := tx.ExecContext(t.Context(), `INSERT INTO alarms (id, at, reason, kiosk, sequence, row_id, payment, body, hash)
					VALUES ($1, $2, '', '', 0, '', '', '', '')`, name, n)
				return err
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wg.Wait()
	var different, sum int
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(DISTINCT at), sum(at) FROM alarms").Scan(&different, &sum); err != nil {
		t.Fatal(err)
	}
	if different != 3 || sum != 0+1+2 {
		t.Errorf("each counted what was there before it: %d different counts, their sum %d", different, sum)
	}
	if n := runs.Load(); servers.postgres != nil && n < 4 {
		t.Errorf("3 transactions in %d runs: none was given up, though all counted before any added", n)
	}
}

// wire stands between the gateway and PostgreSQL, and breaks at a COMMIT.
type wire struct {
	listener net.Listener
	to       string
	cut      atomic.Int32 // what happens at the next COMMIT
	wg       sync.WaitGroup
}

const (
	cutNothing = iota
	cutAnswer  // the server gets the COMMIT, the gateway no answer
	cutRequest // nor does the server get it
)

// newWire puts itself before the server, in a directory of its own.
func newWire(t *testing.T, rawURL string) (w *wire, through string) {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	const socket = ".s.PGSQL.5432"
	q := u.Query()
	w = &wire{to: filepath.Join(q.Get("host"), socket)}
	dir := t.TempDir()
	if w.listener, err = new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(dir, socket)); err != nil {
		t.Fatal(err)
	}
	w.wg.Go(w.accept)
	t.Cleanup(func() {
		w.listener.Close()
		w.wg.Wait()
	})
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	return w, u.String()
}

func (w *wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("unix", w.to)
		if err != nil {
			near.Close()
			continue
		}
		var mute atomic.Bool
		w.wg.Go(func() {
			defer near.Close()
			defer far.Close()
			b := make([]byte, 64<<10)
			for {
				n, err := near.Read(b)
				if n > 0 && bytes.Contains(bytes.ToLower(b[:n]), []byte("commit\x00")) {
					switch w.cut.Swap(cutNothing) {
					case cutRequest:
						return
					case cutAnswer:
						mute.Store(true)
					}
				}
				if _, writeErr := far.Write(b[:n]); err != nil || writeErr != nil {
					return
				}
			}
		})
		w.wg.Go(func() {
			defer near.Close()
			b := make([]byte, 64<<10)
			for {
				n, err := far.Read(b)
				if mute.Load() || err != nil {
					return // the answer came, and goes no further
				}
				if _, err := io.Copy(near, bytes.NewReader(b[:n])); err != nil {
					return
				}
			}
		})
	}
}

// What the database holds is looked up: a payment that was activated is not
// refused, and one that was not is not called activated.
func TestALostAnswerToACommitIsLookedUp(t *testing.T) {
	if servers.postgres == nil {
		t.Log("a book in a file has no wire that could break: see TestACommitThatFailsEndsTheBook")
		return
	}
	w, through := newWire(t, newBookURL(t))
	c := newClock()
	s, err := Open(t.Context(), through, StoreConfig{Now: c.now}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := newID(t)
	w.cut.Store(cutAnswer)
	first, err := s.Activate(t.Context(), id, wanted(sample(t, "meals")))
	if err != nil || w.cut.Load() != cutNothing {
		t.Fatalf("the COMMIT was taken, and yet: %v", err)
	}
	if again, err := s.Activate(t.Context(), id, wanted(sample(t, "meals"))); err != nil || again.Bills[0].Token != first.Bills[0].Token {
		t.Errorf("asked again: %+v, %v", again, err)
	}

	other := newID(t)
	w.cut.Store(cutRequest)
	_, err = s.Activate(t.Context(), other, wanted(sample(t, "tia")))
	if !errors.Is(err, ErrUnavailable) || !s.passing(err) {
		t.Errorf("the COMMIT never arrived, and the answer is %v", err)
	}
	if got := status(t, s, sample(t, "tia")); got != api.BillStatusPayable {
		t.Errorf("the bill is %s", got)
	}
	if _, err := s.Activate(t.Context(), other, wanted(sample(t, "tia"))); err != nil {
		t.Errorf("asked again: %v", err)
	}

	wr := &writer{at: c.now()}
	row := wr.outcome(t, kiosk.RowPaid, first, kiosk.Charged)
	w.cut.Store(cutAnswer)
	if v := push(t, s, row)[0]; v.Verdict != api.VerdictCodeAccepted {
		t.Errorf("a row whose COMMIT was taken: %+v", v)
	}
	next := wr.row(t, kiosk.RowReceiptDone, rowBody{Payment: first.Payment})
	w.cut.Store(cutRequest)
	if _, err := s.Push(t.Context(), testKiosk, []api.Row{next}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a row whose COMMIT never arrived: %v", err)
	}
	if v := push(t, s, row, next); v[0].Verdict != api.VerdictCodeDuplicate || v[1].Verdict != api.VerdictCodeAccepted {
		t.Errorf("delivered again: %+v", v)
	}
	invariants(t, s)
	select {
	case <-s.Died():
		t.Error("the store calls itself broken")
	default:
	}
}

// A server that is killed and comes back: requests fail meanwhile with a word
// that says so, and what was answered before is there.
func TestTheServerMayBeKilled(t *testing.T) {
	if servers.postgres == nil {
		t.Log("a book in a file has no server")
		return
	}
	s, _ := newBook(t)
	durable, err := Open(t.Context(), urlOf(t, s), StoreConfig{Now: s.now}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer durable.Close()
	a := mustActivate(t, durable, sample(t, "meals"))
	if err := servers.postgres.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := durable.Activate(ctx, newID(t), wanted(sample(t, "tia"))); err == nil || !durable.passing(err) {
		t.Errorf("while it is away: %v", err)
	}
	if err := servers.postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err := durable.Activate(t.Context(), a.Payment, wanted(sample(t, "meals"))); err != nil || again.Bills[0].Token != a.Bills[0].Token {
		t.Errorf("after it came back: %+v, %v", again, err)
	}
}

// urlOf is where a book is.
func urlOf(t *testing.T, s *Store) string {
	t.Helper()
	p, ok := s.engine.(*postgres)
	if !ok {
		t.Fatal("not on PostgreSQL")
	}
	return p.url
}

func TestPasswordsAreNotTold(t *testing.T) {
	for _, url := range []string{"postgres://gateway:hunter2@127.0.0.1:1/book?connect_timeout=1", "postgres://gateway:hunter2@[bad/book", "postgres://gateway:hunter2@h/b?sslmode=nonsense"} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err := Open(ctx, url, StoreConfig{}, testLog())
		cancel()
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

// forgetful is a database that cannot tell what became of a COMMIT that failed.
type forgetful struct{ engine }

func (forgetful) rolledBack(error) bool { return false }
func (forgetful) committed(context.Context, *sql.DB, string) (bool, error) {
	return false, ErrBroken
}

// After a COMMIT that failed on its disk nothing is promised any more, until a
// new start has read what the disk really holds.
func TestACommitThatFailsEndsTheBook(t *testing.T) {
	s, _ := newBook(t)
	s.engine = forgetful{s.engine}
	err := s.inTx(t.Context(), func(tx *sql.Tx) error { // a posting without its head: the COMMIT fails
		_, err := tx.ExecContext(t.Context(), "INSERT INTO ledger_postings (transaction_id, position, legs, account, amount) VALUES ('x', 0, 2, 'refunds', 5)")
		return err
	})
	if !errors.Is(err, ErrBroken) {
		t.Fatalf("%v", err)
	}
	select {
	case <-s.Died():
	default:
		t.Error("nobody is told")
	}
	for name, ask := range map[string]func() error{
		"activate": func() error { _, err := s.Activate(t.Context(), newID(t), wanted(sample(t, "meals"))); return err },
		"push":     func() error { _, err := s.Push(t.Context(), testKiosk, nil); return err },
		"lookup":   func() error { _, err := s.Lookup(t.Context(), lookupOf(sample(t, "meals"))); return err },
		"ping":     func() error { return s.Ping(t.Context()) },
	} {
		if err := ask(); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is read in several steps is of one moment, whatever is written between them.
func TestASnapshotIsOfOneMoment(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	p, bills, err := s.snapshot(t.Context(), func(q queryer) (payment, error) {
		p, err := loadPayment(t.Context(), q, a.Payment)
		push(t, s, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
		return p, err
	})
	if err != nil || p.state != outcome.Active || bills[0].closing != kiosk.ClosingOpen {
		t.Errorf("the payment is %s, its bill %q, %v", p.state, bills[0].closing, err)
	}
}

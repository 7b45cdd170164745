package gateway

// The queue of pushes and the two lanes: who goes together, who goes first, who
// is sent away, and what the book refuses in the middle of it.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// slowBook takes groups one after another, each when it is told to.
type slowBook struct {
	queue pushQueue
	open  chan error

	mu     sync.Mutex
	groups [][]string // of kiosks
}

func newSlowBook() *slowBook {
	b := &slowBook{open: make(chan error)}
	b.queue = pushQueue{leaders: 1, take: func(ctx context.Context, rows []*pushed) error {
		var kiosks []string
		for _, r := range rows {
			if !slices.Contains(kiosks, r.request.kiosk) {
				kiosks = append(kiosks, r.request.kiosk)
			}
		}
		b.mu.Lock()
		b.groups = append(b.groups, kiosks)
		b.mu.Unlock()
		select {
		case err := <-b.open:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
	return b
}

// push sends rows of a kiosk and tells when they are answered.
func (b *slowBook) push(ctx context.Context, kioskID string, rows int) chan error {
	p, answered := &pushing{kiosk: kioskID}, make(chan error, 1)
	for range rows {
		p.rows = append(p.rows, &pushed{request: p})
	}
	go func() { answered <- b.queue.do(ctx, p) }()
	synctest.Wait()
	return answered
}

func TestPushesThatWaitGoTogetherAndTheFreshGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSlowBook()
		answers := []chan error{b.push(t.Context(), "first", 10)}
		for _, k := range []string{"a", "b", "c"} {
			answers = append(answers, b.push(t.Context(), k, 100))
		}
		answers = append(answers, b.push(t.Context(), "fresh", 2))
		broken := errors.New("the book said no")
		for _, err := range []error{nil, broken, nil} {
			b.open <- err
			synctest.Wait()
		}
		want := [][]string{{"first"}, {"fresh", "a", "b"}, {"c"}}
		if !slices.EqualFunc(b.groups, want, slices.Equal) {
			t.Errorf("groups %v, want %v", b.groups, want)
		}
		for i, want := range []error{nil, broken, broken, nil, broken} {
			if err := <-answers[i]; !errors.Is(err, want) {
				t.Errorf("request %d: %v, want %v", i, err, want)
			}
		}
		if b.queue.leading != 0 || b.queue.rows != 0 {
			t.Errorf("%d lead and %d rows wait at the end", b.queue.leading, b.queue.rows)
		}
	})
}

// The lead never gets lost with the one who had it.
func TestWhoGivesUpHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSlowBook()
		ctx, cancel := context.WithCancel(t.Context())
		leader := b.push(ctx, "leads and gives up", 10)
		waiter := b.push(ctx, "waits and gives up", 10)
		follower := b.push(t.Context(), "follows", 10)
		cancel()
		synctest.Wait()
		if err := <-waiter; !errors.Is(err, context.Canceled) {
			t.Errorf("the waiter: %v", err)
		}
		b.open <- nil
		if err := <-leader; err != nil {
			t.Errorf("the leader: %v, but its rows are in the book", err)
		}
		b.open <- nil
		if err := <-follower; err != nil {
			t.Errorf("the follower: %v", err)
		}
		hung := b.push(t.Context(), "meets a book that hangs", 10)
		time.Sleep(groupTime + time.Second) // of the bubble's clock
		if err := <-hung; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a group that hangs: %v", err)
		}
	})
}

func TestTheBacklogIsSentAwayBeforeTheFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSlowBook()
		ctx, cancel := context.WithCancel(t.Context())
		answers := []chan error{b.push(ctx, "at work", 200)}
		for n := range waitingRows / 200 {
			answers = append(answers, b.push(ctx, fmt.Sprint("k", n), 200))
		}
		var full *errFull
		if err := <-b.push(ctx, "one too many", 200); !errors.As(err, &full) {
			t.Errorf("one too many: %v", err)
		}
		fresh := b.push(ctx, "fresh", 2)
		b.open <- nil
		synctest.Wait()
		b.open <- nil
		if err := <-fresh; err != nil {
			t.Errorf("the fresh one: %v", err)
		}
		cancel()
		synctest.Wait()
		close(b.open)
		for _, a := range answers {
			<-a
		}
	})
}

// A row that breaks a rule of the book is parked; its neighbours, of its own
// kiosk and of others in the same group, are not.
func TestARowThatTheBookRefusesIsPartedFromItsGroup(t *testing.T) {
	s, clk := newBook(t)
	w := &writer{at: s.now()}
	first := mustActivate(t, s, sample(t, "meals"))
	push(t, s, w.outcome(t, kiosk.RowPaid, first, kiosk.Charged))
	// Somebody has been at the book with his own hands.
	err := s.inTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "UPDATE debts SET state = 'open', paid_by = NULL WHERE id = 'debt-meals'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	twice, other := mustActivate(t, s, sample(t, "meals")), mustActivate(t, s, sample(t, "tia"))
	rows := []api.Row{
		w.outcome(t, kiosk.RowPaid, other, kiosk.Charged), w.outcome(t, kiosk.RowPaid, twice, kiosk.Charged), w.row(t, kiosk.RowReceiptDone, rowBody{Payment: other.Payment}),
	}
	before := balances(t, s)[outcome.AccountClearing]
	var got []string
	for _, v := range push(t, s, rows...) {
		got = append(got, string(v.Verdict)+" "+v.Reason)
	}
	if want := []string{"accepted ", "parked " + reasonBook, "accepted "}; !slices.Equal(got, want) {
		t.Errorf("verdicts %q, want %q", got, want)
	}
	if taken := balances(t, s)[outcome.AccountClearing] - before; taken != 4220 {
		t.Errorf("the ledger took %s, want 42.20 of the good row alone", taken)
	}
	for i, v := range push(t, s, rows...) {
		if want := []api.VerdictCode{"duplicate", "parked", "duplicate"}[i]; v.Verdict != want {
			t.Errorf("again, row %d: %+v", i, v)
		}
	}
	clk.add(time.Minute)
	if got := status(t, s, sample(t, "tia")); got != api.BillStatusPaid {
		t.Errorf("the good row's bill is %s", got)
	}
}

// A gateway that was left running while a newer one changed the book does not know
// its rules: what the book refuses then is not parked, and the next program takes it.
func TestNothingIsParkedInTheBookOfANewerProgram(t *testing.T) {
	s, _ := newBook(t)
	w := &writer{at: s.now()}
	meals := mustActivate(t, s, sample(t, "meals"))
	paid := w.outcome(t, kiosk.RowPaid, meals, kiosk.Charged)
	exec := func(statement string) {
		t.Helper()
		if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE UNIQUE INDEX newer_rule ON kiosk_rows (verdict)") // stands for a rule that this program does not keep
	push(t, s, w.row(t, kiosk.RowReceiptDone, rowBody{Payment: meals.Payment}))
	exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)")
	if answer, err := s.Push(t.Context(), testKiosk, []api.Row{paid}); !errors.Is(err, ErrNewerBook) {
		t.Errorf("%+v, %v", answer.Verdicts, err)
	}
	exec("DELETE FROM goose_db_version WHERE version_id = 99999")
	exec("DROP INDEX newer_rule")
	if v := push(t, s, paid)[0]; v.Verdict != api.VerdictCodeAccepted {
		t.Errorf("to the program that fits: %+v", v)
	}
}

// Text that no database keeps is refused, or made so that every one keeps it.
func TestTextThatNoDatabaseKeeps(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	zero := w.row(t, kiosk.RowReceiptDone, rowBody{Payment: a.Payment})
	zero.Body += "\x00"
	if v := push(t, s, sealed(zero))[0]; v.Verdict != api.VerdictCodeParked || v.Reason != reasonRowInvalid {
		t.Errorf("a zero byte in a body: %+v", v)
	}
	body := outcomeBody(kiosk.RowPaid, a, kiosk.Charged)
	body.Ref = "\x00" + string(slices.Repeat([]rune{'码'}, 40))
	if v := push(t, s, w.row(t, kiosk.RowPaid, body))[0]; v.Verdict != api.VerdictCodeAccepted {
		t.Errorf("a reference that must be cut: %+v", v)
	}
	e, err := s.Evidence(t.Context(), a.Payment)
	if want := string(slices.Repeat([]rune{'码'}, 21)); err != nil || e.Ref != want {
		t.Errorf("kept %q, %v; want %q", e.Ref, err, want)
	}
}

// Kiosks that push at the same time, and the same rows twice at the same time.
func TestManyKiosksPushAtOnce(t *testing.T) {
	s, clk := newBook(t)
	const kiosks, batches = 8, 5
	var wg sync.WaitGroup
	for k := range kiosks {
		name, w := fmt.Sprintf("k%d", k), &writer{at: clk.now()}
		id := newID(t)
		for range batches {
			var rows []api.Row
			for range 10 {
				rows = append(rows, w.row(t, kiosk.RowNotPaid, rowBody{Payment: id, Reason: "expired"}))
			}
			for range 2 {
				wg.Go(func() {
					if _, err := s.Push(t.Context(), name, rows); err != nil {
						t.Errorf("push: %v", err)
					}
				})
			}
		}
	}
	wg.Wait()
	for k := range kiosks {
		w := &writer{at: clk.now(), sequence: batches * 10}
		answer, err := s.Push(t.Context(), fmt.Sprintf("k%d", k), []api.Row{w.row(t, kiosk.RowReceiptDone, rowBody{Payment: newID(t)})})
		if want := []api.Range{{From: 1, To: batches*10 + 1}}; err != nil || !slices.Equal(answer.Have, want) {
			t.Errorf("kiosk %d: have %v, %v; want %v", k, answer.Have, err, want)
		}
	}
	var rows int
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM kiosk_rows").Scan(&rows); err != nil || rows != kiosks*(batches*10+1) {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestRunsAreJoined(t *testing.T) {
	r := &runs{before: map[string][]api.Range{}, now: map[string][]api.Range{}}
	for _, sequence := range []int64{7, 5, 9, 1, 6, 8, 12, 11, 2} {
		if r.has("k", sequence) {
			t.Errorf("%d is here before it came", sequence)
		}
		r.add("k", sequence)
		if !r.has("k", sequence) {
			t.Errorf("%d came and is not here", sequence)
		}
	}
	if want := []api.Range{{From: 1, To: 2}, {From: 5, To: 9}, {From: 11, To: 12}}; !slices.Equal(r.now["k"], want) {
		t.Errorf("runs %v, want %v", r.now["k"], want)
	}
}

// The more are sent away, the longer they are spread; nobody for ever.
func TestACrowdComesBackSpreadOut(t *testing.T) {
	clk := newClock()
	c := crowd{now: clk.now}
	if wait := c.comeBack(0); wait >= crowdLeast {
		t.Errorf("the only one is told to wait %v", wait)
	}
	perSecond := map[int]int{}
	for n := range 20_000 {
		wait := c.comeBack(0)
		if wait > crowdMost {
			t.Fatalf("kept away for %v", wait)
		}
		if n >= 10_000 {
			perSecond[int(wait/time.Second)]++
		}
	}
	for second, n := range perSecond {
		if n > 200 {
			t.Errorf("%d of 10000 come back in second %d", n, second)
		}
	}
	clk.add(time.Minute)
	if wait := c.comeBack(5 * time.Second); wait < 5*time.Second || wait >= 5*time.Second+crowdLeast {
		t.Errorf("when the crowd is gone, with 5 s of work before: %v", wait)
	}
}

// The backlog fills its own lane and no other.
func TestTheBacklogHoldsUpNoCitizen(t *testing.T) {
	s := newService(t, HandlerConfig{Backlog: 1})
	body := &slowBody{reading: make(chan struct{}), end: make(chan struct{})}
	slow := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/transactions", body)
	slow.Header.Set("Content-Type", "application/json")
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.handler.ServeHTTP(httptest.NewRecorder(), slow)
	}()
	<-body.reading // the lane is full
	large := api.TransactionsRequest{Kiosk: testKiosk, Rows: []api.Row{sealed(api.Row{Sequence: 1, ID: "r1", Kind: "device.started", Body: strings.Repeat("x", freshBody)})}}
	if w := s.want(t, "gateway-busy", "POST", "/v1/transactions", large); w.Header().Get("Retry-After") == "" {
		t.Error("busy without Retry-After")
	}
	small := large
	small.Rows = []api.Row{sealed(api.Row{Sequence: 1, ID: "r1", Kind: "device.started", Body: "{}"})}
	s.want(t, "", "POST", "/v1/transactions", small)
	s.want(t, "", "GET", "/v1/health", nil)
	close(body.end)
	<-done
	s.want(t, "", "POST", "/v1/transactions", large)
}

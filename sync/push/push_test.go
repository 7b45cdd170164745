package push_test

// Delivery against an outbox in memory and gateways of every kind, in fake time.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/push"
)

// book is an outbox in memory.
type book struct {
	mu      sync.Mutex
	rows    []kiosk.OutboxRow
	settled map[string]kiosk.VerdictCode
	broken  error
}

func newBook(n int) *book {
	b := &book{settled: map[string]kiosk.VerdictCode{}}
	for range n {
		b.add("")
	}
	return b
}

// add writes a row; without a payment it is of its own.
func (b *book) add(p kiosk.PaymentID) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.rows) + 1
	id := fmt.Sprintf("r%d", n)
	if p == "" {
		p = kiosk.PaymentID("p" + id)
	}
	b.rows = append(b.rows, kiosk.OutboxRow{Sequence: uint64(n), ID: id, Payment: p})
	return id
}

func (b *book) waiting() (out []kiosk.OutboxRow) {
	for _, r := range b.rows {
		if b.settled[r.ID] == "" {
			out = append(out, r)
		}
	}
	return out
}

func (b *book) Pending(_ context.Context, limit int) ([]kiosk.OutboxRow, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.waiting()
	return all[:min(limit, len(all))], b.broken
}

func (b *book) Latest(_ context.Context, limit int) ([]kiosk.OutboxRow, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.waiting()
	newest := map[kiosk.PaymentID]bool{}
	for _, r := range all[max(0, len(all)-limit):] {
		newest[r.Payment] = true
	}
	return slices.DeleteFunc(all, func(r kiosk.OutboxRow) bool { return !newest[r.Payment] }), b.broken
}

func (b *book) Settle(ctx context.Context, verdicts []kiosk.Verdict) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.broken != nil {
		return b.broken
	}
	for _, v := range verdicts {
		b.settled[v.ID] = v.Code
	}
	return nil
}

func (b *book) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting())
}

// gateway answers by a function and remembers what it got and when.
type gateway struct {
	mu     sync.Mutex
	got    [][]string
	when   []time.Time
	answer func(n int, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error)
}

func (g *gateway) Push(_ context.Context, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	g.got = append(g.got, ids)
	g.when = append(g.when, time.Now())
	return g.answer(len(g.got), rows)
}

func (g *gateway) batches() [][]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.got)
}

func accept(rows []kiosk.OutboxRow) (out []kiosk.Verdict) {
	for _, r := range rows {
		out = append(out, kiosk.Verdict{Sequence: r.Sequence, ID: r.ID, Code: kiosk.VerdictAccepted})
	}
	return out
}

func accepts(_ int, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) { return accept(rows), nil }

// longest is a jitter that always draws the whole span.
func longest(d time.Duration) time.Duration { return d }

// deliver runs a pusher in fake time and calls then once it rests.
func deliver(t *testing.T, cfg push.Config, b *book, g *gateway, then func(p *push.Pusher, verdicts func() []kiosk.Verdict)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if cfg.Random == nil {
			cfg.Random = longest
		}
		var (
			mu  sync.Mutex
			all []kiosk.Verdict
		)
		p := push.New(cfg, b, g, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- p.Run(ctx, func(v kiosk.Verdict) {
				mu.Lock()
				defer mu.Unlock()
				all = append(all, v)
			})
		}()
		synctest.Wait()
		then(p, func() []kiosk.Verdict {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(all)
		})
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ends with %v", err)
		}
	})
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestInOrderInBatches(t *testing.T) {
	b, g := newBook(120), &gateway{answer: accepts}
	deliver(t, push.Config{}, b, g, func(p *push.Pusher, verdicts func() []kiosk.Verdict) {
		var sizes, order []string
		for _, batch := range g.batches() {
			sizes = append(sizes, fmt.Sprint(len(batch)))
			order = append(order, batch...)
		}
		if got := strings.Join(sizes, " "); got != "50 50 20" {
			t.Errorf("batches of %s", got)
		}
		for i, id := range order {
			if id != fmt.Sprintf("r%d", i+1) {
				t.Fatalf("row %d is %s", i+1, id)
			}
		}
		if b.left() != 0 || len(verdicts()) != 120 {
			t.Errorf("%d left, %d verdicts told", b.left(), len(verdicts()))
		}
		if s := p.Status(); s.Failures != 0 || s.LastError != "" || s.LastSuccess.IsZero() || s.NextTry.IsZero() {
			t.Errorf("status %+v", s)
		}
	})
}

func TestNudgeWakesAtOnceAndCoalesces(t *testing.T) {
	b, g := newBook(0), &gateway{answer: accepts}
	deliver(t, push.Config{}, b, g, func(p *push.Pusher, _ func() []kiosk.Verdict) {
		began := time.Now()
		b.add("")
		b.add("")
		for range 100 {
			p.Nudge()
		}
		synctest.Wait()
		if got := g.batches(); len(got) != 1 || len(got[0]) != 2 || !time.Now().Equal(began) {
			t.Errorf("batches %v after %v", got, time.Since(began))
		}
		b.add("") // its nudge got lost: found within the idle time
		pass(5 * time.Minute)
		if b.left() != 0 {
			t.Error("a row without a nudge is never found")
		}
	})
}

// TestBacklogDoesNotDelayTheCitizen: after an outage the payment of the citizen
// who stands there is told first, all its rows in order, then the backlog.
func TestBacklogDoesNotDelayTheCitizen(t *testing.T) {
	down := errors.New("no route")
	b, g := newBook(0), &gateway{answer: func(int, []kiosk.OutboxRow) ([]kiosk.Verdict, error) { return nil, down }}
	b.add("doubt")
	for range 300 {
		b.add("")
	}
	deliver(t, push.Config{}, b, g, func(p *push.Pusher, _ func() []kiosk.Verdict) {
		pass(time.Hour)
		before := len(g.batches())
		b.add("doubt") // resolved: must not overtake its own doubtful row
		b.add("now")
		g.mu.Lock()
		g.answer = accepts
		g.mu.Unlock()
		p.Nudge()
		synctest.Wait()
		sent := g.batches()
		if !slices.Equal(sent[before], []string{"r303"}) {
			t.Errorf("first goes %v", sent[before])
		}
		pass(10 * time.Minute)
		var order []string
		for _, batch := range g.batches()[before:] {
			order = append(order, batch...)
		}
		doubtful, resolved, now := slices.Index(order, "r1"), slices.Index(order, "r302"), slices.Index(order, "r303")
		if now != 0 || doubtful < 0 || doubtful > resolved {
			t.Errorf("order %v: doubtful at %d, resolved at %d, now at %d", order[:min(20, len(order))], doubtful, resolved, now)
		}
		if b.left() != 0 {
			t.Errorf("%d left", b.left())
		}
	})
}

func TestBackoffDoublesToTheCap(t *testing.T) {
	b, g := newBook(1), &gateway{answer: func(int, []kiosk.OutboxRow) ([]kiosk.Verdict, error) { return nil, errors.New("x509: not yet valid") }}
	deliver(t, push.Config{}, b, g, func(p *push.Pusher, _ func() []kiosk.Verdict) {
		pass(30 * time.Minute)
		var waits []time.Duration
		for i := 1; i < len(g.when); i++ {
			waits = append(waits, g.when[i].Sub(g.when[i-1]))
		}
		want := []time.Duration{2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}
		for i, w := range want {
			if i >= len(waits) || waits[i] != w*time.Second {
				t.Fatalf("waits %v", waits)
			}
		}
		if s := p.Status(); s.Failures != len(g.when) || !strings.Contains(s.LastError, "x509") || s.NextTry.IsZero() || !s.LastSuccess.IsZero() {
			t.Errorf("status %+v", s)
		}
		if b.left() != 1 {
			t.Error("a row died of errors")
		}
	})
}

func TestJitterIsFull(t *testing.T) {
	var asked []time.Duration
	plan := push.NewPlan(push.Limits{}, func(d time.Duration) time.Duration { asked = append(asked, d); return 0 })
	row := []kiosk.OutboxRow{{ID: "a"}}
	for range 3 {
		if d := plan.Failed(row, 0); d <= 0 || d > time.Millisecond {
			t.Errorf("the smallest draw waits %v", d)
		}
	}
	if !slices.Equal(asked, []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second}) {
		t.Errorf("drew from %v", asked)
	}
	for _, c := range []struct{ after, want time.Duration }{
		{10 * time.Second, 10 * time.Second}, {99999999 * time.Second, 5 * time.Minute}, {-time.Hour, time.Millisecond},
	} {
		if d := push.NewPlan(push.Limits{}, func(time.Duration) time.Duration { return 0 }).Failed(row, c.after); d != c.want {
			t.Errorf("asked to wait %v, waits %v", c.after, d)
		}
	}
}

type busy struct{}

func (busy) Error() string             { return "busy" }
func (busy) RetryAfter() time.Duration { return time.Minute }

func TestGatewayMayAskForPatience(t *testing.T) {
	b, g := newBook(1), &gateway{answer: func(n int, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
		if n == 1 {
			return nil, fmt.Errorf("push: %w", busy{})
		}
		return accept(rows), nil
	}}
	deliver(t, push.Config{}, b, g, func(*push.Pusher, func() []kiosk.Verdict) {
		pass(10 * time.Minute)
		if len(g.when) != 2 || g.when[1].Sub(g.when[0]) < time.Minute {
			t.Errorf("tried at %v", g.when)
		}
	})
}

// poison is a gateway that one row, r2, does not agree with.
type poison struct {
	answer func(int, []kiosk.OutboxRow) ([]kiosk.Verdict, error)
	left   int // rows of the poisoned payment that wait
}

func poisons() map[string]poison {
	has := func(rows []kiosk.OutboxRow, id string) bool {
		return slices.ContainsFunc(rows, func(r kiosk.OutboxRow) bool { return r.ID == id })
	}
	return map[string]poison{
		"chokes": {func(_ int, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
			if has(rows, "r2") {
				return nil, errors.New("status 500")
			}
			return accept(rows), nil
		}, 2},
		"never answers": {func(_ int, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
			return slices.DeleteFunc(accept(rows), func(v kiosk.Verdict) bool { return v.ID == "r2" }), nil
		}, 1},
		"answers with a word that we do not know": {func(_ int, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
			out := accept(rows)
			for i := range out {
				if out[i].ID == "r2" {
					out[i].Code = "perhaps"
				}
			}
			return append(out, kiosk.Verdict{ID: "stranger", Code: kiosk.VerdictAccepted}), nil
		}, 1},
		"verdicts beside an error": {func(_ int, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
			at := slices.IndexFunc(rows, func(r kiosk.OutboxRow) bool { return r.ID == "r2" })
			if at < 0 {
				return accept(rows), nil
			}
			return accept(rows[:at]), errors.New("line lost")
		}, 2},
		"parks": {func(_ int, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
			out := accept(rows)
			for i := range out {
				if out[i].ID == "r2" {
					out[i].Code = kiosk.VerdictParked
				}
			}
			return out, nil
		}, 0},
	}
}

// TestPoison: one row that the gateway chokes on, or never answers, or parks
// does not keep the others, but its own payment's, from being delivered.
func TestPoison(t *testing.T) {
	for name, c := range poisons() {
		t.Run(name, func(t *testing.T) {
			b, g := newBook(1), &gateway{answer: c.answer}
			b.add("poison") // r2
			for range 100 {
				b.add("")
			}
			b.add("poison") // r103: must not overtake r2 when r2 fails
			deliver(t, push.Config{}, b, g, func(p *push.Pusher, _ func() []kiosk.Verdict) {
				pass(3 * time.Minute)
				if b.left() != c.left {
					t.Errorf("%d rows wait, want %d; batches %v", b.left(), c.left, g.batches())
				}
				sent := len(g.batches())
				pass(time.Hour)
				if more := len(g.batches()) - sent; more > 30 {
					t.Errorf("%d attempts in an hour for one row", more)
				}
				g.mu.Lock()
				g.answer = accepts
				g.mu.Unlock()
				pass(10 * time.Minute)
				if b.left() != 0 {
					t.Errorf("after healing %d wait", b.left())
				}
			})
		})
	}
}

func TestVerdictIsToldAfterItIsDurable(t *testing.T) {
	b, g := newBook(3), &gateway{answer: accepts}
	b.broken = errors.New("disk full")
	deliver(t, push.Config{}, b, g, func(p *push.Pusher, verdicts func() []kiosk.Verdict) {
		pass(time.Minute)
		if len(verdicts()) != 0 {
			t.Error("told of verdicts that are not durable")
		}
		b.mu.Lock()
		b.broken = nil
		b.mu.Unlock()
		pass(10 * time.Minute)
		if b.left() != 0 || len(verdicts()) != 3 {
			t.Errorf("%d left, %d told", b.left(), len(verdicts()))
		}
	})
}

// TestAnAnswerThatCameWithTheEndIsKept: the gateway has the rows; that the program
// is told to stop meanwhile is no reason to send them once more.
func TestAnAnswerThatCameWithTheEndIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		b, g := newBook(3), &gateway{answer: func(_ int, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
			stop()
			return accept(rows), nil
		}}
		told := 0
		err := push.New(push.Config{}, b, g, slog.New(slog.DiscardHandler)).Run(ctx, func(kiosk.Verdict) { told++ })
		if !errors.Is(err, context.Canceled) || b.left() != 0 || told != 3 {
			t.Errorf("%d rows left, %d told, %v", b.left(), told, err)
		}
	})
}

// TestGarbage: an answer that fits no row is a failure, not a busy loop.
func TestGarbage(t *testing.T) {
	b, g := newBook(3), &gateway{answer: func(int, []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
		return []kiosk.Verdict{{ID: "r1", Sequence: 77, Code: kiosk.VerdictAccepted}, {ID: "x", Code: kiosk.VerdictParked}}, nil
	}}
	deliver(t, push.Config{}, b, g, func(*push.Pusher, func() []kiosk.Verdict) {
		pass(time.Hour)
		if n := len(g.batches()); b.left() != 3 || n < 5 || n > 60 {
			t.Errorf("%d left after %d attempts", b.left(), n)
		}
	})
}

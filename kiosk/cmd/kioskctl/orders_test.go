package main

// What is ordered of the running kiosk, and what happens without one.

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/control"
)

// running is a kiosk that answers, and writes down what it was told.
type running struct {
	mu   sync.Mutex
	told []string
	day  kiosk.TerminalClose
	err  error
}

func (r *running) note(format string, args ...any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, fmt.Sprintf(format, args...))
	return r.err
}

func (r *running) Screen(context.Context) (control.Screen, error) {
	return control.Screen{Page: "attract"}, nil
}
func (r *running) Payments(context.Context) ([]control.Payment, error) { return nil, nil }
func (r *running) Health(context.Context) (control.Health, error) {
	return control.Health{
		Problems: []control.Problem{{Code: "charge-undecided", Ref: "7K4P-22", Detail: "for 25h"}},
		Day:      &kiosk.DayClose{Day: "2026-11-21", Close: kiosk.TerminalClose{Outcome: kiosk.CloseDone}},
	}, nil
}
func (r *running) TerminalStatus(context.Context) (control.TerminalStatus, error) {
	return control.TerminalStatus{Health: "offline", Detail: "no route"}, r.note("status")
}
func (r *running) TerminalTotals(context.Context) (control.TerminalTotals, error) {
	return control.TerminalTotals{TerminalID: "12345678", Terminal: 8740, Journal: 8640, Charges: 1, Whole: true}, r.note("totals")
}
func (r *running) TerminalLast(context.Context) (control.TerminalLast, error) {
	return control.TerminalLast{Known: true, Amount: 8740, Result: "charged", STAN: "000042", Slip: "PAGAMENTO\nEURO 87.40"}, r.note("last")
}
func (r *running) TerminalProbe(context.Context) (control.TerminalProbe, error) {
	return control.TerminalProbe{LRC: "std", Configured: "noext"}, r.note("probe")
}
func (r *running) CloseDay(context.Context) (kiosk.DayClose, error) {
	return kiosk.DayClose{Day: "2026-11-22", Terminal: 8740, Journal: 8640, Whole: true, Close: r.day}, r.note("close")
}
func (r *running) Resolve(_ context.Context, d control.Decision) error {
	return r.note("resolve %s %s %s", d.Payment, d.Outcome, d.STAN)
}
func (r *running) PrintPaper(_ context.Context, p control.Paper) (control.Printed, error) {
	return control.Printed{Result: "printed", State: "ready"}, r.note("print %s", p.Paper)
}
func (r *running) RetryRow(_ context.Context, id string) error { return r.note("retry %s", id) }

// serve answers at the socket of a configuration, and waits until it does.
func (r *running) serve(t *testing.T, config string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	socket := filepath.Join(filepath.Dir(config), "control.sock")
	go func() { done <- control.Serve(ctx, socket, r, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 12000 { // a minute
		if _, err := control.NewClient(socket).Screen(t.Context()); err == nil {
			return
		}
		<-tick.C
	}
	t.Fatal("the kiosk does not answer")
}

func TestOrders(t *testing.T) {
	config, id := kioskWithAPayment(t)
	r := &running{day: kiosk.TerminalClose{Outcome: kiosk.CloseDone, Total: 8740, HostTotal: 8740}}
	r.serve(t, config)
	for _, c := range []struct {
		args []string
		want []string
		told string
	}{
		{[]string{"status"}, []string{"charge-undecided", "7K4P-22", "for 25h", "last closing", "2026-11-21", "DYDX-T3", standsClosing, "1 row waits"}, ""},
		{[]string{"terminal", "status"}, []string{"offline", "no route"}, "status"},
		{[]string{"terminal", "totals"}, []string{"87.40", "86.40", "differ by", "1.00"}, "totals"},
		{[]string{"terminal", "last"}, []string{"charged", "000042", "EURO 87.40"}, "last"},
		{[]string{"terminal", "probe"}, []string{`terminal.lrc = "std"`}, "probe"},
		{[]string{"terminal", "close"}, []string{"closed", "SUMS DIFFER"}, "close"},
		{[]string{"printer", "readiness"}, []string{"printed", "ready"}, "print readiness"},
		{[]string{"printer", "day-report"}, []string{"printed"}, "print day"},
		{[]string{"printer", "test-page"}, []string{"printed"}, "print test"},
		{[]string{"payment", "resolve", string(id), "--charged", "000042"}, []string{"durable"}, "resolve " + string(id) + " charged 000042"},
		{[]string{"payment", "resolve", string(id), "--refused"}, []string{"durable"}, "resolve " + string(id) + " refused "},
		{[]string{"payment", "resolve", "dydx-t3", "--refused"}, []string{"durable"}, "resolve " + string(id) + " refused "},
		{[]string{"outbox", "retry", "a/b"}, []string{"again"}, "retry a/b"},
		{[]string{"outbox", "retry", "1"}, []string{"again"}, "retry " + string(id) + "/payment.paid"},
	} {
		for _, asJSON := range []bool{false, true} {
			r.told = nil
			args := append(c.args, "--config", config)
			if asJSON {
				args = append(args, "--json")
			}
			out, err := ctl(t, args...)
			if err != nil {
				t.Errorf("%v: %v", args, err)
			}
			if asJSON && !json.Valid([]byte(out)) {
				t.Errorf("%v: no JSON:\n%s", args, out)
			}
			for _, w := range c.want {
				if !asJSON && !strings.Contains(out, w) {
					t.Errorf("%v: %q is missing in\n%s", args, w, out)
				}
			}
			if got := strings.Join(r.told, ","); got != c.told {
				t.Errorf("%v: told the kiosk %q, want %q", args, got, c.told)
			}
		}
	}
}

// A closing of which nobody knows does not end well, and says what to do.
func TestAClosingInDoubt(t *testing.T) {
	config, _ := kioskWithAPayment(t)
	r := &running{day: kiosk.TerminalClose{Outcome: kiosk.CloseUnknown, Reason: "line lost"}}
	r.serve(t, config)
	out, err := ctl(t, "terminal", "close", "--config", config)
	if err == nil || !strings.Contains(err.Error(), "do not close it again") || !strings.Contains(out, "line lost") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestTheKioskSaysNo(t *testing.T) {
	config, _ := kioskWithAPayment(t)
	r := &running{err: fmt.Errorf("%w: a card is being charged", control.ErrRefused)}
	r.serve(t, config)
	if _, err := ctl(t, "terminal", "last", "--config", config); err == nil || !strings.Contains(err.Error(), "says no: a card is being charged") {
		t.Errorf("%v", err)
	}
}

// Without the kiosk nothing is done, and that is said; nonsense is not even asked.
func TestOrdersWithoutAKiosk(t *testing.T) {
	config, id := kioskWithAPayment(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"terminal", "status"}, "only reads"},
		{[]string{"terminal", "close"}, "only reads"},
		{[]string{"payment", "resolve", string(id), "--refused"}, "only reads"},
		{[]string{"outbox", "retry", "a"}, "only reads"},
		{[]string{"payment", "resolve", string(id)}, "either"},
		{[]string{"payment", "resolve", string(id), "--refused", "--charged", "000042"}, "either"},
		{[]string{"payment", "resolve", string(id), "--charged", "42"}, "six digits"},
		{[]string{"outbox", "show", "none"}, "not in the book"},
	} {
		if _, err := ctl(t, append(c.args, "--config", config)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
}

func TestOneRowAndAllOfThem(t *testing.T) {
	config, id := kioskWithAPayment(t)
	row := string(id) + "/payment.paid"
	for _, args := range [][]string{{"outbox", "show", row}, {"outbox", "show", row, "--json"}} {
		out, err := ctl(t, append(args, "--config", config)...)
		if err != nil || !strings.Contains(out, "000042") || !strings.Contains(out, "pending") || strings.Contains(out, "4471") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	out, err := ctl(t, "outbox", "export", "--config", config)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err != nil || len(lines) != 6 { // four steps, one row, the end
		t.Fatalf("%d lines, %v:\n%s", len(lines), err, out)
	}
	for _, l := range lines {
		if !json.Valid([]byte(l)) {
			t.Errorf("no JSON: %s", l)
		}
	}
}

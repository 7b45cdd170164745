package control

// Questions, orders, and who may not ask.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
)

type source struct {
	err  error
	told *[]string // what was ordered
}

func (s source) note(what string) error {
	if s.told != nil {
		*s.told = append(*s.told, what)
	}
	return s.err
}

func (s source) TerminalStatus(context.Context) (TerminalStatus, error) {
	return TerminalStatus{Health: "ready"}, s.note("status")
}
func (s source) TerminalTotals(context.Context) (TerminalTotals, error) {
	return TerminalTotals{Terminal: 8740, Journal: 8740, Whole: true}, s.note("totals")
}
func (s source) TerminalLast(context.Context) (TerminalLast, error) {
	return TerminalLast{Known: true, STAN: "000042"}, s.note("last")
}
func (s source) TerminalProbe(context.Context) (TerminalProbe, error) {
	return TerminalProbe{LRC: "std"}, s.note("probe")
}
func (s source) CloseDay(context.Context) (kiosk.DayClose, error) {
	return kiosk.DayClose{Day: "2026-11-22", Close: kiosk.TerminalClose{Outcome: kiosk.CloseDone}}, s.note("close")
}
func (s source) Resolve(_ context.Context, d Decision) error {
	return s.note(fmt.Sprintf("resolve %s %s %s", d.Payment, d.Outcome, d.STAN))
}
func (s source) RetryRow(_ context.Context, id string) error { return s.note("retry " + id) }

func (s source) PrintPaper(_ context.Context, p Paper) (Printed, error) {
	return Printed{Result: "printed", State: "ready"}, s.note("print " + p.Paper)
}

func (s source) Screen(context.Context) (Screen, error) {
	return Screen{Page: "bill", Serial: 7, Text: []string{"86,40 €"}, Actions: []Action{{ID: "continue", X: 1, W: 2}}}, s.err
}
func (s source) Payments(context.Context) ([]Payment, error) {
	return []Payment{{ID: "p1", Phase: "charging", Total: 8740}}, s.err
}
func (s source) Health(context.Context) (Health, error) {
	return Health{CanCharge: true, Devices: []Device{{Device: "printer", OK: true}}}, s.err
}

// serve starts a server and waits until it answers.
func serve(t *testing.T, src Source) (*Client, string) {
	t.Helper()
	return serveLogged(t, src, slog.New(slog.DiscardHandler))
}

func serveLogged(t *testing.T, src Source, log *slog.Logger) (*Client, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "control.sock")
	if err := os.WriteFile(path, []byte("left behind"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, path, src, log) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	c := NewClient(path)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 12000 { // a minute
		_, err := c.Health(t.Context())
		if err == nil || strings.Contains(err.Error(), "the kiosk could not") || errors.Is(err, ErrRefused) {
			return c, path
		}
		<-tick.C
	}
	t.Fatal("the server does not come up")
	return nil, ""
}

func TestQuestions(t *testing.T) {
	c, path := serve(t, source{})
	s, err := c.Screen(t.Context())
	if err != nil || s.Page != "bill" || s.Serial != 7 || len(s.Actions) != 1 {
		t.Errorf("Screen = %+v, %v", s, err)
	}
	p, err := c.Payments(t.Context())
	if err != nil || len(p) != 1 || p[0].Total != 8740 {
		t.Errorf("Payments = %+v, %v", p, err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", st.Mode(), err)
	}
}

func TestAFailureIsTold(t *testing.T) {
	c, _ := serve(t, source{err: errors.New("the loop has ended")})
	if _, err := c.Screen(t.Context()); err == nil || !strings.Contains(err.Error(), "the loop has ended") {
		t.Errorf("got %v", err)
	}
}

func TestNoKioskRuns(t *testing.T) {
	c := NewClient(filepath.Join(t.TempDir(), "none.sock"))
	if _, err := c.Screen(t.Context()); !errors.Is(err, ErrNotRunning) || !strings.Contains(err.Error(), "does it run?") {
		t.Errorf("got %v", err)
	}
}

// journal is a buffer that several goroutines write.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func TestOrders(t *testing.T) {
	var told []string
	var log journal
	c, _ := serveLogged(t, source{told: &told}, slog.New(slog.NewTextHandler(&log, nil)))
	ctx := t.Context()
	if s, err := c.TerminalStatus(ctx); err != nil || s.Health != "ready" {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := c.TerminalTotals(ctx); err != nil || s.Terminal != 8740 || !s.Whole {
		t.Errorf("%+v, %v", s, err)
	}
	if l, err := c.TerminalLast(ctx); err != nil || l.STAN != "000042" {
		t.Errorf("%+v, %v", l, err)
	}
	if p, err := c.TerminalProbe(ctx); err != nil || p.LRC != "std" {
		t.Errorf("%+v, %v", p, err)
	}
	if d, err := c.CloseDay(ctx); err != nil || d.Close.Outcome != kiosk.CloseDone {
		t.Errorf("%+v, %v", d, err)
	}
	if err := c.Resolve(ctx, Decision{Payment: "p1", Outcome: "charged", STAN: "000042"}); err != nil {
		t.Error(err)
	}
	if err := c.RetryRow(ctx, "p1/payment.paid"); err != nil {
		t.Error(err)
	}
	if p, err := c.PrintPaper(ctx, Paper{Paper: PaperReadiness}); err != nil || p.Result != "printed" || p.State != "ready" {
		t.Errorf("%+v, %v", p, err)
	}
	want := []string{"status", "totals", "last", "probe", "close", "resolve p1 charged 000042", "retry p1/payment.paid", "print readiness"}
	if !slices.Equal(told, want) {
		t.Errorf("ordered %v, want %v", told, want)
	}
	// Who ordered what is in the log, and how it ended.
	text := log.String()
	for _, w := range []string{fmt.Sprintf("uid=%d", os.Getuid()), "order=/v1/payment/resolve", "000042", "control: ordered", "control: done"} {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in the log:\n%s", w, text)
		}
	}
}

func TestARefusalIsTold(t *testing.T) {
	c, _ := serve(t, source{err: fmt.Errorf("%w: a card is being charged", ErrRefused)})
	if _, err := c.CloseDay(t.Context()); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "the kiosk says no: a card is being charged") {
		t.Errorf("got %v", err)
	}
}

// Orders that are none reach nobody.
func TestOrdersThatAreNone(t *testing.T) {
	var told []string
	_, path := serve(t, source{told: &told})
	hc := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/v1/payment/resolve", ``, 400},
		{"POST", "/v1/payment/resolve", `{"payment":"p1","outcome":"unknown"}`, 400},
		{"POST", "/v1/payment/resolve", `{"payment":"p1","outcome":"charged"}`, 400},
		{"POST", "/v1/payment/resolve", `{"payment":"p1","outcome":"refused","stan":"000042"}`, 400},
		{"POST", "/v1/payment/resolve", `{"payment":"p1","outcome":"refused","amount":1}`, 400},
		{"POST", "/v1/payment/resolve", `{"payment":"p1","outcome":"refused"}{}`, 400},
		{"POST", "/v1/payment/resolve", `{"payment":"../p1","outcome":"refused"}`, 400},
		{"POST", "/v1/outbox/retry", `{"id":""}`, 400},
		{"POST", "/v1/outbox/retry", `{"id":"` + strings.Repeat("x", maxBody) + `"}`, 400},
		{"POST", "/v1/terminal/close", `{"force":true}`, 400},
		{"POST", "/v1/printer/print", ``, 400},
		{"POST", "/v1/printer/print", `{"paper":"money"}`, 400},
		{"GET", "/v1/terminal/close", ``, 405},
		{"POST", "/v1/terminal/drill", ``, 404},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, "http://kiosk"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("%s %s %.60s: %d, want %d", c.method, c.path, c.body, res.StatusCode, c.status)
		}
	}
	if len(told) != 0 {
		t.Errorf("ordered %v", told)
	}
}

// FuzzOrder: whatever the bytes are, an order that is taken can be carried out.
func FuzzOrder(f *testing.F) {
	for _, s := range []string{``, `{}`, `{"payment":"p1","outcome":"charged","stan":"000042"}`, `{"payment":"p1","outcome":"refused"}`, `null`, `[]`, `{"payment":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if d, err := readOrder[Decision](bytes.NewReader(text)); err == nil {
			if d.Payment == "" || (d.Outcome == "charged") != (len(d.STAN) == 6) || (d.Outcome != "charged" && d.Outcome != "refused") {
				t.Errorf("taken: %+v", d)
			}
		}
		if r, err := readOrder[Retry](bytes.NewReader(text)); err == nil && r.ID == "" {
			t.Error("taken: no row")
		}
		_, _ = readOrder[nothing](bytes.NewReader(text))
	})
}

package terminal_test

// The test bench: adapter and simulator on an in-memory network, in fake time.

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/sim"
)

const (
	tid    = "12345678"
	reg    = "87654321"
	amount = kiosk.Amount(8640)
)

var request = kiosk.ChargeRequest{Payment: "0192f0c1-7d3a-7b5e-9c11-3f2a6d1e8b40", Amount: amount, Text: "JOLLY 0192f0c1-7d3a-7b5e-9c11-3f2a6d1e8b40"}

// wire is a network of one address.
type wire struct {
	mu    sync.Mutex
	at    *wireListener
	dials int
	// wrap may put something around the kiosk's end of a connection; n counts from 1.
	wrap func(n int, c net.Conn) net.Conn
}

type wireListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

type wireAddr struct{}

func (wireAddr) Network() string { return "wire" }
func (wireAddr) String() string  { return "terminal:1000" }

func (l *wireListener) Addr() net.Addr { return wireAddr{} }
func (l *wireListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *wireListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) listen(context.Context, string, string) (net.Listener, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = &wireListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	return w.at, nil
}

var errConnRefused = errors.New("connection refused")

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	w.mu.Lock()
	ln := w.at
	w.dials++
	n := w.dials
	w.mu.Unlock()
	if ln == nil {
		return nil, errConnRefused
	}
	ours, theirs := net.Pipe()
	select {
	case ln.conns <- theirs:
	case <-ln.closed:
		return nil, errConnRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if w.wrap != nil {
		ours = w.wrap(n, ours)
	}
	return ours, nil
}

// reporter is what a check needs of a test; rapid's and the standard one's have it.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// bench holds both sides and what each of them saw, in order.
type bench struct {
	ctx  context.Context
	wire *wire
	sim  *sim.Sim
	term *terminal.Terminal

	mu       sync.Mutex
	order    []string // "recorded" of ours among the simulator's events of payments
	recorded []kiosk.ChargeResult
	shown    []string
	fail     error // of the record
	hook     func(sim.Event)
}

// run puts a bench up in fake time, and checks that nothing is left behind.
func run(t *testing.T, cfg terminal.Config, simCfg sim.Config, f func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b := &bench{ctx: ctx, wire: &wire{}}
		simCfg.TerminalID, simCfg.Listen, simCfg.Trace = tid, b.wire.listen, b.trace
		if simCfg.LRC == "" {
			simCfg.LRC = cfg.LRC
		}
		b.sim = sim.New(simCfg)
		cfg.Address, cfg.Dial = "terminal:1000", b.wire.dial
		if cfg.TerminalID == "" {
			cfg.TerminalID = tid
		}
		cfg.RegisterID = reg
		b.term = terminal.New(cfg, slog.New(slog.DiscardHandler))
		done := make(chan error, 1)
		go func() { done <- b.sim.Run(ctx) }()
		<-b.sim.Ready()
		f(t, b)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("simulator: %v", err)
		}
	})
}

func (b *bench) trace(e sim.Event) {
	if e.Code != "P" && e.Code != "X" {
		return
	}
	b.mu.Lock()
	b.order = append(b.order, e.What)
	hook := b.hook
	b.mu.Unlock()
	if hook != nil {
		hook(e)
	}
}

func (b *bench) progress(text string) { b.shown = append(b.shown, text) }

func (b *bench) record(r kiosk.ChargeResult) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.order = append(b.order, "recorded")
	b.recorded = append(b.recorded, r)
	return b.fail
}

func (b *bench) events() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.order)
}

// baseline must work.
func (b *bench) baseline(t reporter) kiosk.Baseline {
	t.Helper()
	base, err := b.term.Baseline(b.ctx)
	if err != nil {
		t.Fatalf("baseline: %v", err)
	}
	return base
}

func (b *bench) charge() (kiosk.ChargeResult, error) {
	return b.term.Charge(b.ctx, request, b.progress, b.record)
}

// rest lets (fake) time pass until the terminal is at rest.
func (b *bench) rest(t reporter) {
	t.Helper()
	for range 1000 {
		synctest.Wait()
		if b.sim.State().Phase == sim.Idle {
			return
		}
		<-time.After(time.Second)
	}
	t.Fatalf("the terminal never came to rest")
}

// recordedBeforeAck checks the order that money hangs on.
func (b *bench) recordedBeforeAck(t reporter) {
	t.Helper()
	order := b.events()
	ack, rec := slices.Index(order, sim.EventAcked), slices.Index(order, "recorded")
	if ack >= 0 && (rec < 0 || ack < rec) {
		t.Errorf("acknowledged before it was recorded: %v", order)
	}
}

// consistent compares an outcome with the terminal's own account.
func consistent(t reporter, r kiosk.ChargeResult, ledger sim.Ledger) {
	t.Helper()
	counted := ledger.Find(request.Text)
	switch r.Outcome {
	case kiosk.Charged:
		if len(counted) != 1 || counted[0].Amount != amount || counted[0].STAN != r.STAN {
			t.Errorf("charged %+v; the terminal counted %+v", r, counted)
		}
	case kiosk.Refused:
		if len(counted) != 0 {
			t.Errorf("refused %+v; the terminal counted %+v", r, counted)
		}
	case kiosk.Unknown:
		if len(counted) > 1 {
			t.Errorf("unknown %+v; the terminal counted %+v", r, counted)
		}
	default:
		t.Errorf("outcome %q", r.Outcome)
	}
}

// cutConn loses the line after so many bytes in either direction.
type cutConn struct {
	net.Conn
	mu          sync.Mutex
	read, write int // bytes left; negative never cuts
}

func (c *cutConn) allowance(left *int, want int) (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *left < 0 {
		return want, false
	}
	n := min(*left, want)
	*left -= n
	return n, n < want || *left == 0
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, _ := c.allowance(&c.read, 1)
	if n == 0 {
		c.Conn.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return c.Conn.Read(p[:1])
}

func (c *cutConn) Write(p []byte) (int, error) {
	n, cut := c.allowance(&c.write, len(p))
	n, err := c.Conn.Write(p[:n])
	if cut {
		c.Conn.Close()
		if n < len(p) && err == nil {
			err = io.ErrClosedPipe
		}
	}
	return n, err
}

package terminal_test

// The same conformance over real TCP, in real time.

import (
	"context"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/sim"
)

// overTCP starts a simulator on a free port and makes a terminal for it.
func overTCP(t *testing.T, simCfg sim.Config, cfg terminal.Config) *bench {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	b := &bench{ctx: ctx}
	simCfg.TerminalID, simCfg.Trace = tid, b.trace
	b.sim = sim.New(simCfg)
	done := make(chan error, 1)
	go func() { done <- b.sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("simulator: %v", err)
		}
	})
	select {
	case <-b.sim.Ready():
	case <-time.After(time.Minute):
		t.Fatal("the simulator does not listen")
	}
	cfg.Address, cfg.TerminalID, cfg.RegisterID = b.sim.Addr(), tid, reg
	b.term = terminal.New(cfg, slog.New(slog.DiscardHandler))
	return b
}

// roomy are deadlines in real time that only a hang meets.
var roomy = terminal.Config{
	SavesRefused: true, DialTimeout: time.Minute, AckTimeout: time.Minute, ReplyTimeout: time.Minute, ResultTimeout: time.Minute,
	Linger: 50 * time.Millisecond, ResolvePause: 50 * time.Millisecond, ResolveTries: 1000,
}

// deadlines are roomy, but for the one that the promise is about.
func (c promise) deadlines() terminal.Config {
	cfg := roomy
	switch c.reason {
	case "no acknowledgement in time":
		cfg.AckTimeout = 3 * time.Second // other requests are acknowledged meanwhile
	case "no answer in time":
		cfg.ResultTimeout = 300 * time.Millisecond
	}
	return cfg
}

// tooLate holds the terminal's answer back until it is let go, where it must not
// come in time.
func (b *bench) tooLate(c promise) (letGo func()) {
	held := make(chan struct{})
	if c.b.Kind == sim.Late && c.want == kiosk.Unknown {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.hook = func(e sim.Event) {
			if e.What == sim.EventCharged {
				<-held
			}
		}
	}
	return sync.OnceFunc(func() { close(held) })
}

// keeps holds adapter and simulator to a promise, in real time.
func (b *bench) keeps(t *testing.T, c promise) {
	base := b.baseline(t)
	letGo := b.tooLate(c)
	defer letGo()
	if c.b.Kind == sim.Late {
		c.b.Delay = 100 * time.Millisecond
	}
	b.sim.Set(c.b)
	if c.b.Kind == sim.Deaf {
		b.until(t, func() bool { return !b.sim.State().Listening })
	}
	r, err := b.charge()
	letGo()
	checkCharge(t, b, r, err, c.want, c.code, c.reason)
	b.until(t, func() bool { return b.sim.State().Phase == sim.Idle })
	b.recordedBeforeAck(t)
	if c.code != "" {
		return
	}
	consistentUnlessOtherAmount(t, r, b.sim.Snapshot(), c.b.Kind)
	if c.want != kiosk.Unknown {
		return
	}
	b.sim.Set(sim.Behaviour{})
	got, err := b.term.Resolve(b.ctx, request, base)
	if err != nil || got.Outcome != c.resolved {
		t.Errorf("resolved %+v, %v; want %s", got, err, c.resolved)
	}
	consistentUnlessOtherAmount(t, got, b.sim.Snapshot(), c.b.Kind)
}

func TestConformanceOverTCP(t *testing.T) {
	for _, c := range conformance {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			simCfg := sim.Config{SavesRefused: true, Used: c.b.Kind != sim.NoAck, AutoCard: 10 * time.Millisecond, AckWait: time.Minute, Gap: 30 * time.Millisecond}
			overTCP(t, simCfg, c.deadlines()).keeps(t, c)
		})
	}
}

// until waits for a condition of the other process, as it were, under a deadline.
func (b *bench) until(t *testing.T, holds func() bool) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %+v", b.sim.State())
		}
	}
}

// The terminal waits for a person; the person comes; the red key works once.
func TestPersonAtTheTerminalOverTCP(t *testing.T) {
	b := overTCP(t, sim.Config{CardWait: 10 * time.Minute}, terminal.Config{AckTimeout: time.Minute, ReplyTimeout: time.Minute, ResultTimeout: 10 * time.Minute})
	if b.sim.Waiting() || b.sim.PresentCard(sim.Card{}) || b.sim.PressRed() {
		t.Error("an idle terminal takes neither card nor key")
	}
	for _, press := range []func() bool{b.sim.PressRed, func() bool { return b.sim.PresentCard(sim.Card{Decline: "FONDI INSUFFICIENTI"}) }} {
		b.baseline(t)
		b.recorded = nil
		done := make(chan kiosk.ChargeResult)
		go func() {
			r, err := b.charge()
			if err != nil {
				t.Error(err)
			}
			done <- r
		}()
		b.until(t, b.sim.Waiting)
		if st := b.sim.State(); st.Phase != sim.Asking || st.Amount != amount || st.Text != request.Text || st.Display != "INSERIRE CARTA" {
			t.Errorf("%+v", st)
		}
		if !press() || press() {
			t.Error("it takes one thing, once")
		}
		if r := <-done; r.Outcome != kiosk.Refused {
			t.Errorf("%+v", r)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	before := runtime.NumGoroutine()
	term := terminal.New(terminal.Config{Address: addr, TerminalID: tid, RegisterID: reg}, slog.New(slog.DiscardHandler))
	if h, err := term.Status(t.Context()); h != kiosk.TerminalOffline || kiosk.CodeOf(err) != kiosk.CodeTerminalOffline {
		t.Errorf("%s, %v", h, err)
	}
	limit, tick := time.After(time.Minute), time.NewTicker(time.Millisecond) // the dialler's own may be about to end
	defer tick.Stop()
	for after := runtime.NumGoroutine(); after > before; after = runtime.NumGoroutine() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%d goroutines, %d before", after, before)
		}
	}
}

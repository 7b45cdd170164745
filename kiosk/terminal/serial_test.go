package terminal_test

// The same conformance over a serial line, which is a pseudo-terminal here.

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/sim"
)

func overTTY(t *testing.T, simCfg sim.Config, cfg terminal.Config) *bench {
	t.Helper()
	simCfg.Listen = sim.TTY(filepath.Join(t.TempDir(), "ttyPOS"))
	return overTCP(t, simCfg, cfg)
}

// onALine is what differs where hanging up is not to be noticed.
func onALine(reason string) string {
	return strings.ReplaceAll(reason, "line lost", "no answer in time")
}

func TestConformanceOverASerialLine(t *testing.T) {
	for _, c := range conformance {
		if c.b.Kind == sim.Never {
			continue // nothing ends a forgotten request on a line that nobody can hang up
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.reason = onALine(c.reason)
			simCfg := sim.Config{SavesRefused: true, Used: c.b.Kind != sim.NoAck, AutoCard: 10 * time.Millisecond, AckWait: time.Minute, Gap: 30 * time.Millisecond, IdleWait: time.Second}
			if c.want == kiosk.Unknown { // nobody acknowledges, and no hanging up says so
				simCfg.AckWait = 400 * time.Millisecond
			}
			overTTY(t, simCfg, c.deadlines()).keeps(t, c)
		})
	}
}

func TestNoSuchLine(t *testing.T) {
	cfg := roomy
	cfg.Address, cfg.TerminalID, cfg.RegisterID = filepath.Join(t.TempDir(), "none"), tid, reg
	if err := cfg.Check(); err != nil {
		t.Errorf("a tty is an address: %v", err)
	}
	term := terminal.New(cfg, discard)
	if h, err := term.Status(t.Context()); h != kiosk.TerminalOffline || !strings.Contains(err.Error(), cfg.Address) {
		t.Errorf("%s, %v", h, err)
	}
}

// The day on a serial line, once through.
func TestTheDayOverASerialLine(t *testing.T) {
	b := overTTY(t, sim.Config{AutoCard: 10 * time.Millisecond, AckWait: time.Minute}, roomy)
	b.baseline(t)
	if r, err := b.charge(); err != nil || r.Outcome != kiosk.Charged {
		t.Fatalf("%+v, %v", r, err)
	}
	if got, err := b.term.Totals(b.ctx); err != nil || got.Total != amount {
		t.Errorf("%+v, %v", got, err)
	}
	var order []string
	c, err := b.term.Close(b.ctx, func(kiosk.TerminalClose) error { order = append(order, "recorded"); return nil })
	if err != nil || c.Outcome != kiosk.CloseDone || c.Total != amount || !slices.Equal(order, []string{"recorded"}) {
		t.Errorf("%+v, %v, %v", c, err, order)
	}
}

// The cable is pulled out while the card is in: unknown, and found again when
// it is back.
func TestCablePulledOut(t *testing.T) {
	cfg := roomy
	cfg.ResultTimeout = 10 * time.Minute
	b := overTTY(t, sim.Config{SavesRefused: true, CardWait: 10 * time.Minute, AckWait: 100 * time.Millisecond}, cfg)
	base := b.baseline(t)
	done := make(chan kiosk.ChargeResult, 1)
	go func() {
		r, err := b.charge()
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	b.until(t, b.sim.Waiting)
	b.sim.Set(sim.Behaviour{Kind: sim.Deaf})
	select {
	case r := <-done:
		if r.Outcome != kiosk.Unknown || !strings.Contains(r.Reason, "line lost") {
			t.Errorf("%+v", r)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("the loss of the line was not noticed")
	}
	if !b.sim.PresentCard(sim.Card{}) {
		t.Fatal("the terminal stopped asking for the card")
	}
	b.until(t, func() bool { return b.sim.State().Phase == sim.Idle })
	b.sim.Set(sim.Behaviour{})
	got, err := b.term.Resolve(b.ctx, request, base)
	if err != nil || got.Outcome != kiosk.Charged {
		t.Errorf("%+v, %v", got, err)
	}
	consistent(t, got, b.sim.Snapshot())
}

package terminal_test

// Status, baseline, resolve and probe against the simulator.

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
	"github.com/tserve/jolly/kiosk/terminal/sim"
)

func TestStatus(t *testing.T) {
	cases := []struct {
		name string
		b    sim.Behaviour
		want kiosk.TerminalHealth
		says string
	}{
		{"ready", sim.Behaviour{}, kiosk.TerminalReady, ""},
		{"download pending", sim.Behaviour{Kind: sim.NotOperative}, kiosk.TerminalFault, "download pending"},
		{"not configured", sim.Behaviour{Kind: sim.NotOperative, Status: '0'}, kiosk.TerminalFault, "not configured"},
		{"busy", sim.Behaviour{Kind: sim.Busy}, kiosk.TerminalBusy, "NAK"},
		{"deaf", sim.Behaviour{Kind: sim.Deaf}, kiosk.TerminalOffline, "refused"},
		{"silent", sim.Behaviour{Kind: sim.Never, On: "s"}, kiosk.TerminalOffline, "no answer in time"},
		{"line lost", sim.Behaviour{Kind: sim.DropAfter, On: "s"}, kiosk.TerminalOffline, "line lost"},
		{"damaged", sim.Behaviour{Kind: sim.WrongLRC, On: "s", Repeat: 9}, kiosk.TerminalOffline, "damaged"},
		{"damaged once", sim.Behaviour{Kind: sim.WrongLRC, On: "s"}, kiosk.TerminalReady, ""},
		{"NAK once", sim.Behaviour{Kind: sim.Nak, On: "s", Times: 1}, kiosk.TerminalReady, ""},
		{"halves", sim.Behaviour{Kind: sim.Halves, On: "s"}, kiosk.TerminalReady, ""},
		{"joined", sim.Behaviour{Kind: sim.Joined, On: "s"}, kiosk.TerminalReady, ""},
		{"no ACK", sim.Behaviour{Kind: sim.NoAck, On: "s"}, kiosk.TerminalReady, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			run(t, terminal.Config{}, sim.Config{}, func(t *testing.T, b *bench) {
				b.sim.Set(c.b)
				synctest.Wait()
				h, err := b.term.Status(b.ctx)
				if h != c.want || (err == nil) != (c.want == kiosk.TerminalReady) {
					t.Errorf("%s, %v; want %s", h, err, c.want)
				}
				if err != nil && !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v; want %q", err, c.says)
				}
			})
		})
	}
}

func TestStatusOfAnotherTerminal(t *testing.T) {
	run(t, terminal.Config{TerminalID: "11111111"}, sim.Config{}, func(t *testing.T, b *bench) {
		if h, err := b.term.Status(b.ctx); h != kiosk.TerminalBusy {
			t.Errorf("the terminal refuses another's ID: %s, %v", h, err)
		}
	})
	run(t, terminal.Config{TerminalID: terminal.AnyTerminal}, sim.Config{}, func(t *testing.T, b *bench) {
		if h, err := b.term.Status(b.ctx); h != kiosk.TerminalReady {
			t.Errorf("any terminal: %s, %v", h, err)
		}
	})
}

func TestDeafTerminalIsPickedUp(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{}, func(t *testing.T, b *bench) {
		b.sim.Set(sim.Behaviour{Kind: sim.Deaf, Delay: time.Minute})
		synctest.Wait()
		if h, _ := b.term.Status(b.ctx); h != kiosk.TerminalOffline {
			t.Errorf("deaf: %s", h)
		}
		<-time.After(61 * time.Second)
		synctest.Wait()
		if h, err := b.term.Status(b.ctx); h != kiosk.TerminalReady {
			t.Errorf("back again: %s, %v", h, err)
		}
	})
}

func TestBaseline(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{AutoCard: time.Second, FirstSTAN: 42}, func(t *testing.T, b *bench) {
		if got := b.baseline(t); got != (kiosk.Baseline{TerminalID: tid}) {
			t.Errorf("nothing saved: %+v", got)
		}
		if _, err := b.charge(); err != nil {
			t.Fatal(err)
		}
		want := kiosk.Baseline{Known: true, TerminalID: tid, STAN: "000042", OnlineID: "000001", Amount: amount, Outcome: kiosk.Charged}
		if got := b.baseline(t); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

func TestBaselineNeedsAnOperativeTerminal(t *testing.T) {
	for _, c := range []struct {
		b    sim.Behaviour
		want kiosk.Code
	}{
		{sim.Behaviour{Kind: sim.NotOperative}, kiosk.CodeTerminalFault},
		{sim.Behaviour{Kind: sim.Busy}, kiosk.CodeTerminalBusy},
		{sim.Behaviour{Kind: sim.Deaf}, kiosk.CodeTerminalOffline},
		{sim.Behaviour{Kind: sim.Never, On: "G"}, kiosk.CodeTerminalOffline},
	} {
		run(t, terminal.Config{}, sim.Config{}, func(t *testing.T, b *bench) {
			b.sim.Set(c.b)
			synctest.Wait()
			if got, err := b.term.Baseline(b.ctx); kiosk.CodeOf(err) != c.want || got != (kiosk.Baseline{}) {
				t.Errorf("%s: %+v, %v; want %s", c.b.Kind, got, err, c.want)
			}
		})
	}
}

func TestBaselineOfATerminalThatGetsBusyIsNone(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{AutoCard: time.Second}, func(t *testing.T, b *bench) {
		if _, err := b.charge(); err != nil {
			t.Fatal(err)
		}
		b.sim.Set(sim.Behaviour{Kind: sim.Busy, On: "G"})
		b.sim.Set(sim.Behaviour{Kind: sim.Approve, On: "s", Times: 1})
		b.sim.Set(sim.Behaviour{Kind: sim.Nak, On: "s", Times: 4})
		if got, err := b.term.Baseline(b.ctx); kiosk.CodeOf(err) != kiosk.CodeTerminalBusy {
			t.Errorf("%+v, %v; a busy terminal must not pass for one without a result", got, err)
		}
	})
}

func TestResolveWithoutSavedRefusals(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{AutoCard: time.Second}, func(t *testing.T, b *bench) {
		if _, err := b.charge(); err != nil {
			t.Fatal(err)
		}
		base := b.baseline(t)
		if got, err := b.term.Resolve(b.ctx, request, base); err != nil || got.Outcome != kiosk.Unknown {
			t.Errorf("unchanged, by a model of which nothing is known: %+v, %v", got, err)
		}
	})
}

// A refusal with a STAN of its own might hide a charge before it: unknown.
func TestResolveAfterANewRefusal(t *testing.T) {
	run(t, terminal.Config{SavesRefused: true}, sim.Config{AutoCard: time.Second, SavesRefused: true}, func(t *testing.T, b *bench) {
		base := b.baseline(t)
		b.sim.Set(sim.Behaviour{Kind: sim.Decline})
		if _, err := b.charge(); err != nil {
			t.Fatal(err)
		}
		if got, err := b.term.Resolve(b.ctx, request, base); err != nil || got.Outcome != kiosk.Unknown {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestResolveTriesAndGivesUp(t *testing.T) {
	run(t, terminal.Config{ResolveTries: 3}, sim.Config{AutoCard: time.Second}, func(t *testing.T, b *bench) {
		base := b.baseline(t)
		if _, err := b.charge(); err != nil {
			t.Fatal(err)
		}
		b.sim.Set(sim.Behaviour{Kind: sim.NotOperative})
		if _, err := b.term.Resolve(b.ctx, request, base); kiosk.CodeOf(err) != kiosk.CodeTerminalFault {
			t.Errorf("not operative all the time: %v", err)
		}
		b.sim.Set(sim.Behaviour{})
		b.sim.Set(sim.Behaviour{Kind: sim.NotOperative, On: "s", Times: 2})
		if got, err := b.term.Resolve(b.ctx, request, base); err != nil || got.Outcome != kiosk.Charged {
			t.Errorf("operative at the third try: %+v, %v", got, err)
		}
	})
}

func TestProbe(t *testing.T) {
	for _, m := range ecr17.Readings() {
		t.Run(string(m), func(t *testing.T) {
			run(t, terminal.Config{}, sim.Config{LRC: m, AutoCard: time.Second}, func(t *testing.T, b *bench) {
				got, err := b.term.Probe(b.ctx)
				if err != nil || got != m {
					t.Fatalf("%q, %v; want %q", got, err, m)
				}
				// What was learnt is used.
				b.baseline(t)
				if r, err := b.charge(); err != nil || r.Outcome != kiosk.Charged {
					t.Errorf("%+v, %v", r, err)
				}
				l := b.sim.Snapshot()
				if l.Requests["X"] != 1 || l.Total != amount {
					t.Errorf("%+v", l)
				}
			})
		})
	}
}

func TestProbeFindsNothing(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{}, func(t *testing.T, b *bench) {
		b.sim.Set(sim.Behaviour{Kind: sim.Busy})
		if _, err := b.term.Probe(b.ctx); !errors.Is(err, terminal.ErrRejected) {
			t.Errorf("NAK to all: %v", err)
		}
		b.sim.Set(sim.Behaviour{Kind: sim.Deaf})
		synctest.Wait()
		if _, err := b.term.Probe(b.ctx); kiosk.CodeOf(err) != kiosk.CodeTerminalOffline || !errors.Is(err, errConnRefused) {
			t.Errorf("nobody there: %v", err)
		}
		if l := b.sim.Snapshot(); len(l.Requests) != 1 || l.Requests["s"] != 1 {
			t.Errorf("only 's' is safe: %v", l.Requests)
		}
	})
}

func TestConfigCheck(t *testing.T) {
	good := terminal.Config{Address: "10.0.0.9:1100", TerminalID: tid, RegisterID: reg}
	if err := good.Check(); err != nil {
		t.Errorf("good: %v", err)
	}
	for name, change := range map[string]func(*terminal.Config){
		"no port":        func(c *terminal.Config) { c.Address = "10.0.0.9" },
		"short terminal": func(c *terminal.Config) { c.TerminalID = "1" },
		"no register":    func(c *terminal.Config) { c.RegisterID = "" },
		"no such LRC":    func(c *terminal.Config) { c.LRC = "xor" },
		"negative time":  func(c *terminal.Config) { c.AckTimeout = -1 },
		"negative tries": func(c *terminal.Config) { c.ResolveTries = -1 },
	} {
		c := good
		change(&c)
		if c.Check() == nil {
			t.Errorf("%s: no complaint", name)
		}
	}
	if d := good.LongestOperation(); d < 150*time.Second || d > 4*time.Minute {
		t.Errorf("longest operation %s", d)
	}
}

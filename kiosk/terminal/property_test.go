package terminal_test

// Properties: whatever goes wrong, and at whatever byte, the kiosk's answer agrees with the terminal's own account.

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
	"github.com/tserve/jolly/kiosk/terminal/sim"
	"pgregory.net/rapid"
)

// cutAt loses the line of the payment after so many bytes in one direction.
func (b *bench) cutAt(read, write int) {
	mark := b.wire.dials
	b.wire.wrap = func(n int, c net.Conn) net.Conn {
		if n != mark+2 { // the status goes first, on a line of its own
			return c
		}
		return &cutConn{Conn: c, read: read, write: write}
	}
}

// Any byte of a good exchange may be the last one that the line carries. ACK 3,
// three texts 66, result 95: 164 bytes to us; request 170, ACK 3: 173 from us.
func TestLineCutAtEveryByte(t *testing.T) {
	seen := map[kiosk.Outcome]int{}
	for cut := range 170 {
		run(t, terminal.Config{SavesRefused: true}, sim.Config{AutoCard: time.Second, SavesRefused: true}, func(t *testing.T, b *bench) {
			base := b.baseline(t)
			b.cutAt(cut, -1)
			seen[checkCharged(t, b, base, true)]++
		})
	}
	for cut := range 180 {
		run(t, terminal.Config{SavesRefused: true}, sim.Config{AutoCard: time.Second, SavesRefused: true}, func(t *testing.T, b *bench) {
			base := b.baseline(t)
			b.cutAt(-1, cut)
			seen[checkCharged(t, b, base, true)]++
		})
	}
	// 164 cuts on the way to us and all inside the request leave it unknown, except the one before its first byte.
	if seen[kiosk.Unknown] != 164+170 || seen[kiosk.Charged] != 350-164-170-1 || seen[""] != 1 {
		t.Errorf("outcomes %v", seen)
	}
}

// checkCharged charges, and asks afterwards where the result is unknown: both
// answers must agree with the terminal's own account. It returns the first one,
// "" when nothing was asked. A charge of the terminal must be found again,
// unless the terminal holds something else than what was asked.
func checkCharged(t reporter, b *bench, base kiosk.Baseline, findable bool) kiosk.Outcome {
	t.Helper()
	r, err := b.charge()
	b.rest(t)
	b.recordedBeforeAck(t)
	ledger := b.sim.Snapshot()
	var p *kiosk.Problem
	if errors.As(err, &p) {
		if len(b.recorded) != 0 || touched(ledger) {
			t.Errorf("%v means that nothing was asked; recorded %+v, terminal %+v", err, b.recorded, ledger)
		}
		return ""
	}
	if err != nil || len(b.recorded) != 1 || b.recorded[0] != r {
		t.Errorf("%+v, %v; recorded %+v", r, err, b.recorded)
	}
	consistent(t, r, ledger)
	if r.Outcome != kiosk.Unknown {
		return r.Outcome
	}
	b.sim.Set(sim.Behaviour{})
	synctest.Wait()
	got, err := b.term.Resolve(b.ctx, request, base)
	if err != nil {
		t.Errorf("resolve: %v", err)
		return r.Outcome
	}
	consistent(t, got, b.sim.Snapshot())
	if findable && len(ledger.Find(request.Text)) == 1 && got.Outcome != kiosk.Charged {
		t.Errorf("a charge of the terminal was not found: %+v", got)
	}
	return r.Outcome
}

// touched says that the terminal knows of our payment at all.
func touched(l sim.Ledger) bool {
	return slices.ContainsFunc(slices.Concat(l.Charges, l.Refusals), func(e sim.Entry) bool { return e.Text == request.Text })
}

func TestAnyBehaviourAnyCut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		behaviours := make([]sim.Behaviour, rapid.IntRange(1, 3).Draw(rt, "behaviours"))
		other := false
		for i := range behaviours {
			behaviours[i] = drawBehaviour(rt)
			other = other || behaviours[i].Kind == sim.OtherAmount
		}
		read, write := -1, -1
		switch rapid.IntRange(0, 2).Draw(rt, "cut") {
		case 1:
			read = rapid.IntRange(0, 300).Draw(rt, "bytes to us")
		case 2:
			write = rapid.IntRange(0, 700).Draw(rt, "bytes from us")
		}
		saves := rapid.Bool().Draw(rt, "saves refused")
		reading := rapid.SampledFrom(ecr17.Readings()).Draw(rt, "reading")
		simCfg := sim.Config{
			AutoCard: time.Duration(rapid.IntRange(1, 70).Draw(rt, "card after")) * time.Second, SavesRefused: saves,
			KeepOpen: rapid.Bool().Draw(rt, "keeps open"), FirstSTAN: rapid.SampledFrom([]int{1, 42, 999998}).Draw(rt, "STAN"),
		}
		earlier := rapid.Bool().Draw(rt, "a payment before")
		var found findings
		run(t, terminal.Config{SavesRefused: saves, LRC: reading}, simCfg, func(_ *testing.T, b *bench) {
			if earlier {
				b.earlier(&found)
			}
			base := b.baseline(&found)
			for _, x := range behaviours {
				b.sim.Set(x)
			}
			synctest.Wait()
			b.cutAt(read, write)
			if got := checkOther(&found, b, base, other); len(found) > 0 {
				found.Errorf("outcome %q, order %v, ledger %+v", got, b.events(), b.sim.Snapshot())
			}
		})
		if len(found) > 0 {
			rt.Fatal(found)
		}
	})
}

// findings are what the checks of one draw found wrong: told to rapid outside the bubble of fake time.
type findings []string

func (f *findings) Helper()                           {}
func (f *findings) Errorf(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }
func (f *findings) Fatalf(format string, args ...any) { f.Errorf(format, args...) }

// checkOther is checkCharged for behaviours that may authorise another amount.
func checkOther(t reporter, b *bench, base kiosk.Baseline, other bool) kiosk.Outcome {
	t.Helper()
	if !other {
		return checkCharged(t, b, base, true)
	}
	r, _ := b.charge()
	b.rest(t)
	b.recordedBeforeAck(t)
	for _, e := range b.sim.Snapshot().Find(request.Text) {
		if e.Amount != amount && r.Outcome != kiosk.Unknown && r.Outcome != "" {
			t.Errorf("%+v, but the terminal took %s", r, e.Amount)
		}
	}
	return r.Outcome
}

// earlier makes a payment of the same amount before the one that is looked at: what an old result could be mistaken for.
func (b *bench) earlier(t reporter) {
	t.Helper()
	req := request
	req.Text = "EARLIER"
	if _, err := b.term.Charge(b.ctx, req, nil, func(kiosk.ChargeResult) error { return nil }); err != nil {
		t.Fatalf("earlier payment: %v", err)
	}
	b.rest(t)
	b.mu.Lock()
	b.order = nil
	b.mu.Unlock()
}

func drawBehaviour(t *rapid.T) sim.Behaviour {
	return sim.Behaviour{
		Kind:   rapid.SampledFrom(sim.Kinds()).Draw(t, "kind"),
		Times:  rapid.IntRange(0, 5).Draw(t, "times"),
		On:     rapid.SampledFrom([]string{"", "X", "XsG"}).Draw(t, "on"),
		Delay:  time.Duration(rapid.IntRange(0, 200).Draw(t, "delay")) * time.Second,
		Repeat: rapid.IntRange(0, 5).Draw(t, "repeat"),
		Quiet:  rapid.Bool().Draw(t, "quiet"),
	}
}

// The closing of the day at every byte: it is asked once, and what is said of
// it is what the terminal did, or unknown.
func TestClosingCutAtEveryByte(t *testing.T) {
	seen := map[kiosk.CloseOutcome]int{}
	for cut := range 100 {
		for _, toUs := range []bool{true, false} {
			run(t, terminal.Config{}, sim.Config{AutoCard: time.Second}, func(t *testing.T, b *bench) {
				b.charged(t)
				if toUs {
					b.cutAt(cut, -1)
				} else {
					b.cutAt(-1, cut)
				}
				records := 0
				c, err := b.term.Close(b.ctx, func(kiosk.TerminalClose) error { records++; return nil })
				b.rest(t)
				l := b.sim.Snapshot()
				seen[c.Outcome]++
				switch {
				case l.Requests["C"] > 1 || l.Closings > 1:
					t.Fatalf("cut at %d: asked %d times, closed %d times", cut, l.Requests["C"], l.Closings)
				case err != nil && (records != 0 || l.Closings != 0):
					t.Errorf("cut at %d: %v means that nothing was asked; recorded %d, closed %d", cut, err, records, l.Closings)
				case err == nil && records != 1:
					t.Errorf("cut at %d: recorded %d times", cut, records)
				case c.Outcome == kiosk.CloseDone && l.Closings != 1, c.Outcome == kiosk.CloseRefused:
					t.Errorf("cut at %d: %+v, the terminal closed %d times", cut, c, l.Closings)
				}
			})
		}
	}
	if seen[kiosk.CloseDone] == 0 || seen[kiosk.CloseUnknown] < 70 || seen[""] != 1 {
		t.Errorf("outcomes %v", seen)
	}
}

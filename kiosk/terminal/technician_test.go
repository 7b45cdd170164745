package terminal_test

// Somebody sees to the terminal while a charge is unknown: no result of another
// payment, and no missing one, decides it.

import (
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/sim"
)

func TestResolveAfterTheTechnician(t *testing.T) {
	card := sim.Card{PAN: "4000000000000002"}
	for _, c := range []struct {
		name  string
		used  bool
		line  sim.Kind // how the line is lost: the card charged, or not
		deeds func(s *sim.Sim)
		want  kiosk.Outcome
	}{
		{"nothing, charged", true, sim.DropAfter, func(*sim.Sim) {}, kiosk.Charged},
		{"nothing, charged, the first of a new terminal", false, sim.DropAfter, func(*sim.Sim) {}, kiosk.Charged},
		{"nothing, not charged", true, sim.DropBefore, func(*sim.Sim) {}, kiosk.Refused},
		{"nothing, not charged, a new terminal", false, sim.DropBefore, func(*sim.Sim) {}, kiosk.Unknown},
		{"forgets, charged", true, sim.DropAfter, (*sim.Sim).Forget, kiosk.Unknown},
		{"forgets, charged, the first of a new terminal", false, sim.DropAfter, (*sim.Sim).Forget, kiosk.Unknown},
		{"forgets, not charged", true, sim.DropBefore, (*sim.Sim).Forget, kiosk.Unknown},
		{"another amount by hand, charged", true, sim.DropAfter, func(s *sim.Sim) { s.ByHand(amount+100, card) }, kiosk.Unknown},
		{"another amount by hand, not charged", true, sim.DropBefore, func(s *sim.Sim) { s.ByHand(amount+100, card) }, kiosk.Unknown},
		{"the same amount by hand, charged", true, sim.DropAfter, func(s *sim.Sim) { s.ByHand(amount, card) }, kiosk.Unknown},
		{"the same amount by hand, not charged", true, sim.DropBefore, func(s *sim.Sim) { s.ByHand(amount, card) }, kiosk.Unknown},
		{"the same amount by hand, the first of a new terminal", false, sim.DropBefore, func(s *sim.Sim) { s.ByHand(amount, card) }, kiosk.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, terminal.Config{SavesRefused: true}, sim.Config{AutoCard: time.Second, SavesRefused: true, Used: c.used, FirstSTAN: 42}, func(t *testing.T, b *bench) {
				base := b.baseline(t)
				b.sim.Set(sim.Behaviour{Kind: c.line, Times: 1})
				if r, err := b.charge(); err != nil || r.Outcome != kiosk.Unknown {
					t.Fatalf("%+v, %v", r, err)
				}
				b.rest(t)
				c.deeds(b.sim)
				got, err := b.term.Resolve(b.ctx, request, base)
				if err != nil || got.Outcome != c.want {
					t.Errorf("%+v, %v; want %s", got, err, c.want)
				}
				for _, e := range b.sim.Snapshot().Charges {
					if got.Outcome == kiosk.Charged && got.STAN == e.STAN && e.ByHand {
						t.Errorf("decided by a payment that somebody took by hand: %+v", got)
					}
				}
			})
		})
	}
}

// A terminal that sends no tickets is believed without one.
func TestResolveWithoutATicket(t *testing.T) {
	run(t, terminal.Config{SavesRefused: true}, sim.Config{AutoCard: time.Second, SavesRefused: true, Used: true}, func(t *testing.T, b *bench) {
		base := b.baseline(t)
		b.sim.Set(sim.Behaviour{Kind: sim.DropAfter, Times: 1})
		if r, err := b.charge(); err != nil || r.Outcome != kiosk.Unknown {
			t.Fatalf("%+v, %v", r, err)
		}
		b.rest(t)
		b.sim.Set(sim.Behaviour{Kind: sim.Nak, On: "R"})
		if got, err := b.term.Resolve(b.ctx, request, base); err != nil || got.Outcome != kiosk.Charged {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// A terminal that may have been restarted between the baseline and now: that its
// last result is the one of before no longer proves that nothing was charged. A
// new result of our own is believed all the same.
func TestResolveAfterARestart(t *testing.T) {
	const boot = "4bc1"
	for _, c := range []struct {
		name string
		line sim.Kind
		deed func(b *bench, base *kiosk.Baseline)
		want kiosk.Outcome
	}{
		{"nothing, not charged", sim.DropBefore, func(*bench, *kiosk.Baseline) {}, kiosk.Refused},
		{"it could not be reached, not charged", sim.DropBefore, func(b *bench, _ *kiosk.Baseline) { b.unplug(20 * time.Second) }, kiosk.Unknown},
		{"it could not be reached, charged", sim.DropAfter, func(b *bench, _ *kiosk.Baseline) { b.unplug(20 * time.Second) }, kiosk.Charged},
		// As terminals do that close their line between two payments: nothing starts within that time.
		{"it could not be reached for a moment, not charged", sim.DropBefore, func(b *bench, _ *kiosk.Baseline) { b.unplug(2 * time.Second) }, kiosk.Refused},
		{"the machine was without power, not charged", sim.DropBefore, func(_ *bench, base *kiosk.Baseline) { base.Boot = "before" }, kiosk.Unknown},
		{"the machine was without power, charged", sim.DropAfter, func(_ *bench, base *kiosk.Baseline) { base.Boot = "before" }, kiosk.Charged},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, terminal.Config{SavesRefused: true, Boot: boot}, sim.Config{AutoCard: time.Second, SavesRefused: true, Used: true}, func(t *testing.T, b *bench) {
				base := b.baseline(t)
				if base.Boot != boot {
					t.Errorf("baseline of boot %q", base.Boot)
				}
				b.sim.Set(sim.Behaviour{Kind: c.line, Times: 1})
				if r, err := b.charge(); err != nil || r.Outcome != kiosk.Unknown {
					t.Fatalf("%+v, %v", r, err)
				}
				b.rest(t)
				c.deed(b, &base)
				got, err := b.term.Resolve(b.ctx, request, base)
				if err != nil || got.Outcome != c.want {
					t.Errorf("%+v, %v; want %s", got, err, c.want)
				}
				// The next payment begins with a baseline of its own.
				next := b.baseline(t)
				b.sim.Set(sim.Behaviour{Kind: sim.DropBefore, Times: 1})
				if r, err := b.charge(); err != nil || r.Outcome != kiosk.Unknown {
					t.Fatalf("next: %+v, %v", r, err)
				}
				b.rest(t)
				if got, err := b.term.Resolve(b.ctx, request, next); err != nil || got.Outcome != kiosk.Refused {
					t.Errorf("next: %+v, %v", got, err)
				}
			})
		})
	}
}

// unplug lets the terminal be out of reach for so long.
func (b *bench) unplug(span time.Duration) {
	b.wire.mu.Lock()
	at := b.wire.at
	b.wire.at = nil
	b.wire.mu.Unlock()
	_, _ = b.term.Status(b.ctx)
	<-time.After(span)
	b.wire.mu.Lock()
	b.wire.at = at
	b.wire.mu.Unlock()
}

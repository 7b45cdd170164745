package main

// The cases: what can go wrong, and how the payment must end.

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
	"github.com/tserve/jolly/test/rig"
)

// someOutcome is where the books decide alone how it ended.
const someOutcome kiosk.Outcome = "some"

// kase is one thing that goes wrong. run starts with a kiosk at rest on its
// first page, or with none where dies is set.
type kase struct {
	name    string
	paper   string // the only one that it works with
	kills   bool   // the kiosk is killed: a fault of the network may come besides
	dies    bool   // run starts the kiosk itself
	disk    bool   // it needs a disk of its own
	charges int    // approved by the terminal in the end; -1: some
	outcome kiosk.Outcome
	run     func(w *world, ctx context.Context, r Round) error
}

// find returns a case by its name.
func find(name string) kase {
	all := cases()
	return all[slices.IndexFunc(all, func(c kase) bool { return c.name == name })]
}

func cases() []kase {
	return slices.Concat(stepKills(), outsideKills(), networkFaults(), terminalFaults(), technicianFaults(), paperFaults(), diskFaults())
}

// stepKills are SIGKILL before and after each step. Until "charging" is durable
// the card was surely not asked for; from then on the terminal decides.
func stepKills() []kase {
	var all []kase
	for _, d := range []struct {
		point   string
		play    play
		charges int
		outcome kiosk.Outcome
	}{
		{"before:prepared", pays, 0, ""}, {"after:prepared", pays, 0, ""},
		{"before:activated", pays, 0, ""}, {"after:activated", pays, 0, ""},
		{"before:charging", pays, 0, ""}, {"after:charging", pays, 0, kiosk.Refused},
		{"before:result", pays, 1, kiosk.Charged}, {"after:result", pays, 1, kiosk.Charged},
		{"before:push", pays, 1, kiosk.Charged}, {"after:push", pays, 1, kiosk.Charged},
		{"before:closed", pays, 1, kiosk.Charged}, {"after:closed", pays, 1, kiosk.Charged},
		{"before:print", prints, 1, kiosk.Charged}, {"after:print", prints, 1, kiosk.Charged},
		{"before:dropped", disagrees, 0, ""}, {"after:dropped", disagrees, 0, ""},
		{"before:resolved", doubts, 1, kiosk.Charged}, {"after:resolved", doubts, 1, kiosk.Charged},
	} {
		k := kase{name: "kill-" + strings.ReplaceAll(d.point, ":", "-"), kills: true, dies: true, charges: d.charges, outcome: d.outcome}
		if strings.HasSuffix(d.point, "dropped") {
			k.paper = "amount-changes"
		}
		k.run = func(w *world, ctx context.Context, r Round) error { return w.dieAt(ctx, d.point, r, d.play) }
		all = append(all, k)
	}
	for _, d := range []struct {
		name, first, second string
		charges             int
		outcome             kiosk.Outcome
	}{
		{"again-dropped", "after:activated", "before:dropped", 0, ""},
		{"again-result", "before:result", "before:result", 1, kiosk.Charged},
		{"again-closed", "after:result", "before:closed", 1, kiosk.Charged},
		{"again-push", "before:result", "after:push", 1, kiosk.Charged},
	} {
		all = append(all, kase{name: d.name, kills: true, dies: true, charges: d.charges, outcome: d.outcome,
			run: func(w *world, ctx context.Context, r Round) error {
				if err := w.dieAt(ctx, d.first, r, pays); err != nil {
					return err
				}
				return w.dieAgain(ctx, d.second)
			}})
	}
	return all
}

// outsideKills come while the card is asked for; the terminal goes on, it does
// not know.
func outsideKills() []kase {
	card := func(w *world) error { return w.rig.InsertCard("bancomat") }
	kill := func(w *world, ctx context.Context, r Round) error {
		if err := toCard(w, ctx, r); err != nil {
			return err
		}
		if err := pause(ctx, r.Span/2); err != nil {
			return err
		}
		w.killKiosk()
		return nil
	}
	return []kase{
		{name: "kill-outside-any-time", kills: true, charges: -1, outcome: someOutcome, run: killedSomewhere},
		{name: "kill-outside-card-while-dead", kills: true, charges: 1, outcome: kiosk.Charged, run: func(w *world, ctx context.Context, r Round) error {
			if err := kill(w, ctx, r); err != nil {
				return err
			}
			return card(w)
		}},
		{name: "kill-outside-card-after-start", kills: true, charges: 1, outcome: kiosk.Charged, run: func(w *world, ctx context.Context, r Round) error {
			w.afterStart = func() error { return card(w) }
			return kill(w, ctx, r)
		}},
		// A cancelled operation has no STAN: nothing tells it from an older one, so a person decides.
		{name: "kill-outside-red-key", kills: true, charges: 0, outcome: kiosk.Refused, run: func(w *world, ctx context.Context, r Round) error {
			if err := kill(w, ctx, r); err != nil {
				return err
			}
			return w.rig.PressRed()
		}},
	}
}

func networkFaults() []kase {
	none := kiosk.Outcome("")
	return []kase{
		{name: "net-lookup-cut", charges: 1, outcome: kiosk.Charged, run: lookupCut},
		{name: "net-activation-swallowed", charges: 0, outcome: none, run: activationFails(rig.NetworkSwallow)},
		{name: "net-activation-cut", charges: 0, outcome: none, run: activationFails(rig.NetworkCut)},
		{name: "net-cut-after-money", charges: 1, outcome: kiosk.Charged, run: afterMoney(func(w *world) { w.rig.Gate.Set(rig.NetworkCut) })},
		{name: "net-silent-after-money", charges: 1, outcome: kiosk.Charged, run: afterMoney(func(w *world) { w.rig.Gate.Set(rig.NetworkSilent) })},
		{name: "net-answers-swallowed", charges: 1, outcome: kiosk.Charged, run: func(w *world, ctx context.Context, r Round) error {
			w.rig.Gate.Add(rig.Rule{Match: deliver, Network: rig.NetworkSwallow, Count: r.Times})
			w.hurt()
			return pays(w, ctx, r)
		}},
		{name: "net-slow", charges: 1, outcome: kiosk.Charged, run: func(w *world, ctx context.Context, r Round) error {
			w.rig.Gate.Delay(100*time.Millisecond + r.Span/4)
			w.hurt()
			return paysWhole(w, ctx, r)
		}},
		{name: "gateway-killed-before-money", charges: 0, outcome: none, run: gatewayKilledBefore},
		{name: "gateway-killed-after-money", charges: 1, outcome: kiosk.Charged, run: afterMoney(func(w *world) { w.killGateway() })},
		{name: "gateway-killed-in-delivery", charges: 1, outcome: kiosk.Charged, run: gatewayKilledInDelivery},
		{name: "gateway-killed-with-rows", charges: 1, outcome: kiosk.Charged, run: gatewayKilledWithRows},
		{name: "gateway-killed-answering", charges: 1, outcome: kiosk.Charged, run: gatewayKilledAnswering},
	}
}

// terminalFaults are the ways in which a terminal behaves badly.
func terminalFaults() []kase {
	var all []kase
	for _, f := range []struct {
		name    string
		b       terminalsim.Behaviour
		charges int
		outcome kiosk.Outcome
	}{
		{"declines", terminalsim.Behaviour{Kind: terminalsim.Decline, Times: 1}, 0, kiosk.Refused},
		{"late", terminalsim.Behaviour{Kind: terminalsim.Late, Times: 1}, 1, kiosk.Charged},
		{"line-lost-after-approval", terminalsim.Behaviour{Kind: terminalsim.DropAfter, Times: 1}, 1, kiosk.Charged},
		{"line-lost-before-approval", terminalsim.Behaviour{Kind: terminalsim.DropBefore, Times: 1}, 0, kiosk.Refused},
		{"wrong-lrc", terminalsim.Behaviour{Kind: terminalsim.WrongLRC, Times: 1}, 1, kiosk.Charged},
		{"nak", terminalsim.Behaviour{Kind: terminalsim.Nak, Times: 1}, -1, someOutcome},
		{"busy", terminalsim.Behaviour{Kind: terminalsim.Busy}, 0, someOutcome},
		{"not-operative", terminalsim.Behaviour{Kind: terminalsim.NotOperative}, 0, someOutcome},
		{"duplicate-result", terminalsim.Behaviour{Kind: terminalsim.Duplicate, Times: 1}, 1, kiosk.Charged},
		{"ack-withheld", terminalsim.Behaviour{Kind: terminalsim.NoAck, Times: 1}, -1, someOutcome},
		{"other-amount", terminalsim.Behaviour{Kind: terminalsim.OtherAmount, Times: 1}, 1, kiosk.Unknown},
		{"in-halves", terminalsim.Behaviour{Kind: terminalsim.Halves, Times: 1}, 1, kiosk.Charged},
		{"joined", terminalsim.Behaviour{Kind: terminalsim.Joined, Times: 1}, 1, kiosk.Charged},
		{"deaf", terminalsim.Behaviour{Kind: terminalsim.Deaf}, 0, someOutcome},
	} {
		all = append(all, kase{name: "terminal-" + f.name, charges: f.charges, outcome: f.outcome, run: func(w *world, ctx context.Context, r Round) error {
			b := f.b
			switch b.Kind {
			case terminalsim.Late:
				b.Delay = r.Span
			case terminalsim.WrongLRC, terminalsim.Duplicate:
				b.Repeat = 1
			}
			return badTerminal(w, ctx, r, b)
		}})
	}
	return append(all, kase{name: "terminal-gone-after-approval", charges: 1, outcome: kiosk.Charged, run: func(w *world, ctx context.Context, r Round) error {
		w.hurt()
		return doubts(w, ctx, r)
	}})
}

func paperFaults() []kase {
	torn := func(deed string) func(w *world, ctx context.Context, r Round) error {
		return func(w *world, ctx context.Context, r Round) error {
			if err := pays(w, ctx, r); err != nil {
				return err
			}
			if _, err := w.rig.Hand.AwaitPage(ctx, "paid"); err != nil {
				return err
			}
			if err := w.rig.DoPrinter(deed, 100*r.Times); err != nil {
				return err
			}
			w.hurt()
			_, err := w.rig.Hand.TouchTo(ctx, "choice-paper", "print-failed", "thanks")
			return err
		}
	}
	return []kase{
		{name: "paper-ends", charges: 1, outcome: kiosk.Charged, run: torn("pull-after")},
		{name: "paper-cutter-sticks", charges: 1, outcome: kiosk.Charged, run: torn("cutter-error")},
	}
}

// diskFaults fill the kiosk's disk.
func diskFaults() []kase {
	return []kase{
		{name: "disk-nearly-full", disk: true, charges: 0, outcome: "", run: diskNearlyFull},
		{name: "disk-full-in-payment", disk: true, charges: 1, outcome: kiosk.Charged, run: diskFullInPayment},
		{name: "disk-full-and-killed", disk: true, kills: true, dies: true, charges: 1, outcome: kiosk.Charged,
			run: func(w *world, ctx context.Context, r Round) error {
				point := []string{"before:result", "after:result", "before:closed"}[r.Times-1]
				return w.dieAt(ctx, point, r, func(w *world, ctx context.Context, r Round) error {
					if err := toCard(w, ctx, r); err != nil {
						return err
					}
					w.hurt()
					if err := w.disk.fill(0); err != nil {
						return err
					}
					return w.rig.InsertCard("bancomat")
				})
			}},
	}
}

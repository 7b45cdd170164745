package main

// The cases in which somebody sees to the terminal while a charge is unknown:
// what it tells afterwards must not decide the charge. A person does.

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
)

// otherTerminals is where the IDs of terminals begin that come in another one's place.
const otherTerminals = 87650000

// How long a doubt may take to be one for a person, and for how long it must stay
// one where nothing could decide it.
const (
	doubtWait  = 4 * time.Minute
	doubtStand = 6 * time.Second
)

func technicianFaults() []kase {
	forgets := func(w *world, _ context.Context, _ kiosk.Amount) error {
		w.rig.Terminal().Forget()
		return nil
	}
	byHand := func(more kiosk.Amount) deed {
		return func(w *world, _ context.Context, asked kiosk.Amount) error { return w.rig.PayByHand(asked + more) }
	}
	exchange := func(w *world, ctx context.Context, _ kiosk.Amount) error {
		w.exchanges++
		return w.rig.ExchangeTerminal(ctx, strconv.Itoa(otherTerminals+w.exchanges))
	}
	var all []kase
	for _, d := range []struct {
		name  string
		deed  deed
		again bool // the kiosk has to start anew to know the terminal
	}{
		{"forgets", forgets, false}, {"other-sum-by-hand", byHand(100), false}, {"same-sum-by-hand", byHand(0), false}, {"exchanged", exchange, true},
	} {
		for _, how := range []struct {
			name    string
			kind    terminalsim.Kind
			charges int
			outcome kiosk.Outcome
		}{{"charged", terminalsim.DropAfter, 1, kiosk.Charged}, {"not-charged", terminalsim.DropBefore, 0, kiosk.Refused}} {
			all = append(all, kase{
				name: "terminal-" + d.name + "-" + how.name, charges: how.charges, outcome: how.outcome,
				run: func(w *world, ctx context.Context, r Round) error {
					return w.technician(ctx, r, how.kind, d.deed, d.again)
				},
			})
		}
	}
	return all
}

// deed is what the technician does; asked is the sum of the payment in doubt.
type deed func(w *world, ctx context.Context, asked kiosk.Amount) error

// technician loses the terminal with a card in it, does something to it before
// the kiosk hears from it again, and waits until the charge is a person's case.
func (w *world) technician(ctx context.Context, r Round, how terminalsim.Kind, do deed, again bool) error {
	w.hurt()
	w.rig.LoseTerminal(how)
	if err := toCard(w, ctx, r); err != nil {
		return err
	}
	asked := w.rig.Terminal().State().Amount
	if err := w.rig.InsertCard("bancomat"); err != nil {
		return err
	}
	if _, err := w.rig.Hand.AwaitPage(ctx, "doubtful"); err != nil {
		return err
	}
	if err := do(w, ctx, asked); err != nil {
		return err
	}
	if err := w.rig.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Approve}); err != nil {
		return err
	}
	if again {
		if err := w.stands(ctx, doubtStand); err != nil {
			return err
		}
		w.afterStart = func() error { return w.personsCase(ctx) }
		w.killKiosk()
		return nil
	}
	return w.personsCase(ctx)
}

// stands fails when the doubt is decided within d, by whatever.
func (w *world) stands(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for {
		if _, err := w.inDoubt(ctx); err != nil || pause(ctx, lookAgain) != nil {
			return err
		}
	}
}

// personsCase waits until the only payment of this kiosk is for a person to decide.
func (w *world) personsCase(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, doubtWait)
	defer cancel()
	for {
		phase, err := w.inDoubt(ctx)
		switch {
		case err != nil:
			return err
		case phase == payment.Undecided:
			w.checked(doubtStays)
			return nil
		case pause(ctx, lookAgain) != nil:
			return violated(doubtStays, "after %s the payment is %s, and nobody can decide it", doubtWait, phase)
		}
	}
}

// inDoubt is where the last payment stands, which must be in doubt. A kiosk that
// does not answer yet is no finding.
func (w *world) inDoubt(ctx context.Context) (payment.Phase, error) {
	all, err := w.control.Payments(ctx)
	if err != nil || len(all) == 0 {
		return "", nil
	}
	last := all[len(all)-1]
	switch p := payment.Phase(last.Phase); p {
	case payment.Doubtful, payment.Resolving, payment.Undecided:
		return p, nil
	default:
		return p, violated(doubtStays, "payment %s is %s, outcome %q (%s), by what a terminal told that it could not know",
			last.ID, last.Phase, last.Outcome, fmt.Sprint(last.Reason))
	}
}

package main

// The plays: what citizen, terminal and network do in a round.

import (
	"context"
	"errors"
	"time"

	"github.com/tserve/jolly/kiosk"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
	"github.com/tserve/jolly/test/rig"
)

// play goes from the first page to where something happens.
type play func(w *world, ctx context.Context, r Round) error

// toConfirm brings the paper to the page with the paying button.
func toConfirm(w *world, ctx context.Context, r Round) error {
	if err := w.rig.ScanPaper(r.Paper); err != nil {
		return err
	}
	if _, err := w.rig.Hand.AwaitPage(ctx, "bill"); err != nil {
		return err
	}
	_, err := w.rig.Hand.TouchTo(ctx, "continue", "confirm")
	return err
}

// confirms presses the paying button.
func confirms(w *world, ctx context.Context, r Round) error {
	if err := toConfirm(w, ctx, r); err != nil {
		return err
	}
	_, err := w.rig.Hand.Touch(ctx, rig.PayAction)
	return err
}

// toCard goes on to the terminal's question for a card.
func toCard(w *world, ctx context.Context, r Round) error {
	if err := confirms(w, ctx, r); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, cardWait)
	defer cancel()
	return w.rig.AwaitCardWanted(ctx)
}

// pays holds a card to the terminal.
func pays(w *world, ctx context.Context, r Round) error {
	if err := toCard(w, ctx, r); err != nil {
		return err
	}
	return w.rig.InsertCard("bancomat")
}

// paysWhole waits for the page that says so.
func paysWhole(w *world, ctx context.Context, r Round) error {
	if err := pays(w, ctx, r); err != nil {
		return err
	}
	_, err := w.rig.Hand.AwaitPage(ctx, "paid")
	return err
}

// prints asks for the paper.
func prints(w *world, ctx context.Context, r Round) error {
	if err := paysWhole(w, ctx, r); err != nil {
		return err
	}
	_, err := w.rig.Hand.Touch(ctx, "choice-paper")
	return err
}

// disagrees goes back when the amount has changed.
func disagrees(w *world, ctx context.Context, r Round) error {
	if err := confirms(w, ctx, r); err != nil {
		return err
	}
	if _, err := w.rig.Hand.AwaitPage(ctx, "changed"); err != nil {
		return err
	}
	_, err := w.rig.Hand.Touch(ctx, "back")
	return err
}

// doubts loses the terminal after the approval until the kiosk has written the
// doubt down; then it is back.
func doubts(w *world, ctx context.Context, r Round) error {
	w.rig.LoseTerminalAfterApproval()
	if err := pays(w, ctx, r); err != nil {
		return err
	}
	if _, err := w.rig.Hand.AwaitPage(ctx, "doubtful"); err != nil {
		return err
	}
	return w.rig.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Approve})
}

// killedSomewhere kills the kiosk at a drawn moment after the paying button.
func killedSomewhere(w *world, ctx context.Context, r Round) error {
	if err := confirms(w, ctx, r); err != nil {
		return err
	}
	playing, stop := context.WithCancel(ctx)
	played := make(chan error, 1)
	go func() {
		if err := w.rig.AwaitCardWanted(playing); err != nil {
			played <- nil // the kill came first
			return
		}
		played <- w.rig.InsertCard("bancomat")
	}()
	err := pause(ctx, r.Span/2)
	w.killKiosk()
	stop()
	return errors.Join(err, <-played)
}

// lookupCut cuts the network at the lookup; the citizen tries again.
func lookupCut(w *world, ctx context.Context, r Round) error {
	w.rig.Gate.Add(rig.Rule{Match: "POST /v1/lookup", Network: rig.NetworkCut})
	w.hurt()
	if err := w.rig.ScanPaper(r.Paper); err != nil {
		return err
	}
	if _, err := w.rig.Hand.AwaitPage(ctx, "refused"); err != nil {
		return err
	}
	w.rig.Gate.Open()
	for _, step := range [][2]string{{"retry", "bill"}, {"continue", "confirm"}, {rig.PayAction, "terminal"}} {
		if _, err := w.rig.Hand.TouchTo(ctx, step[0], step[1]); err != nil {
			return err
		}
	}
	if err := w.rig.AwaitCardWanted(ctx); err != nil {
		return err
	}
	if err := w.rig.InsertCard("bancomat"); err != nil {
		return err
	}
	_, err := w.rig.Hand.AwaitPage(ctx, "paid")
	return err
}

// activationFails lets the gateway's answer to the activation not arrive.
func activationFails(n rig.Network) play {
	return func(w *world, ctx context.Context, r Round) error {
		w.rig.Gate.Add(rig.Rule{Match: "PUT /v1/payments", Network: n})
		w.hurt()
		if err := confirms(w, ctx, r); err != nil {
			return err
		}
		_, err := w.rig.Hand.AwaitPage(ctx, "refused")
		return err
	}
}

// afterMoney lets something happen between the card's question and the card.
func afterMoney(happens func(w *world)) play {
	return func(w *world, ctx context.Context, r Round) error {
		if err := toCard(w, ctx, r); err != nil {
			return err
		}
		happens(w)
		w.hurt()
		if err := w.rig.InsertCard("bancomat"); err != nil {
			return err
		}
		if _, err := w.rig.Hand.AwaitPage(ctx, "paid"); err != nil {
			return err
		}
		return pause(ctx, r.Span/2)
	}
}

func gatewayKilledBefore(w *world, ctx context.Context, r Round) error {
	if err := toConfirm(w, ctx, r); err != nil {
		return err
	}
	w.killGateway()
	w.hurt()
	_, err := w.rig.Hand.TouchTo(ctx, rig.PayAction, "refused")
	return err
}

// gatewayKilledInDelivery kills it while the result is on its way, or just after.
func gatewayKilledInDelivery(w *world, ctx context.Context, r Round) error {
	if err := toCard(w, ctx, r); err != nil {
		return err
	}
	w.hurt()
	if err := w.rig.InsertCard("bancomat"); err != nil {
		return err
	}
	if err := pause(ctx, r.Span/40); err != nil {
		return err
	}
	w.killGateway()
	_, err := w.rig.Hand.AwaitPage(ctx, "paid")
	return err
}

// gatewayKilledWithRows kills it again and again while rows are on their way.
func gatewayKilledWithRows(w *world, ctx context.Context, r Round) error {
	if err := toCard(w, ctx, r); err != nil {
		return err
	}
	w.hurt()
	w.rig.Gate.Delay(r.Span / 20) // some deaths come before the rows, some with them, some after
	before := w.deliveries()
	if err := w.rig.InsertCard("bancomat"); err != nil {
		return err
	}
	for n := range r.Times {
		wait := cardWait
		if n > 0 {
			wait = moreRows
		}
		if !w.delivers(ctx, before, wait) {
			if n == 0 {
				return errors.New("the kiosk sent no row")
			}
			break // all was taken before the death
		}
		if err := pause(ctx, r.Span/30); err != nil {
			return err
		}
		w.killGateway()
		before = w.deliveries()
		if err := w.rig.StartGateway(ctx); err != nil {
			return err
		}
	}
	_, err := w.rig.Hand.AwaitPage(ctx, "paid")
	return err
}

// gatewayKilledAnswering kills it when it has taken the rows and before the kiosk
// hears so.
func gatewayKilledAnswering(w *world, ctx context.Context, r Round) error {
	if err := toCard(w, ctx, r); err != nil {
		return err
	}
	w.hurt()
	w.rig.Gate.Add(rig.Rule{Match: deliver, Network: rig.NetworkSwallow, Count: 1})
	answered := w.answers()
	if err := w.rig.InsertCard("bancomat"); err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, cardWait)
	defer cancel()
	for w.answers() == answered {
		if pause(wait, lookClosely) != nil {
			return errors.New("the gateway never answered a delivery")
		}
	}
	w.killGateway()
	_, err := w.rig.Hand.AwaitPage(ctx, "paid")
	return err
}

// deliver is the request that carries rows.
const deliver = "POST /v1/transactions"

// moreRows is how long a kiosk that has sent rows may take to send some again.
const moreRows = 8 * time.Second

// lookClosely is between two looks at what must be met in the middle.
const lookClosely = 2 * time.Millisecond

// deliveries counts the requests with rows that the kiosk sent.
func (w *world) deliveries() int { return w.passed(func(rig.Passed) bool { return true }) }

// answers counts those that the gateway answered.
func (w *world) answers() int { return w.passed(func(p rig.Passed) bool { return p.Status != 0 }) }

func (w *world) passed(so func(rig.Passed) bool) int {
	n := 0
	for _, p := range w.rig.Gate.Passed() {
		if p.Request == deliver && so(p) {
			n++
		}
	}
	return n
}

// delivers waits until the kiosk has sent rows, and says whether it did.
func (w *world) delivers(ctx context.Context, before int, wait time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for w.deliveries() == before {
		if pause(ctx, lookClosely) != nil {
			return false
		}
	}
	return true
}

// badTerminal pays at a terminal that behaves so, until the kiosk says how it ended.
func badTerminal(w *world, ctx context.Context, r Round, b terminalsim.Behaviour) error {
	if err := toConfirm(w, ctx, r); err != nil {
		return err
	}
	if err := w.rig.SetTerminal(b); err != nil {
		return err
	}
	w.hurt()
	if _, err := w.rig.Hand.Touch(ctx, rig.PayAction); err != nil {
		return err
	}
	w.rig.Hand.Patience = backWait
	_, err := w.rig.Hand.Await(ctx, "the payment's end", func(s rig.Screen) bool {
		switch s.Page {
		case "paid", "declined", "refused", "doubtful", "out-of-service", "attract":
			return true
		}
		if w.rig.Terminal().Waiting() {
			_ = w.rig.InsertCard("bancomat")
		}
		return false
	})
	return err
}

// diskNearlyFull: no new payment begins while there is still room for the open
// ones, and they begin again as soon as there is room for them, too.
func diskNearlyFull(w *world, ctx context.Context, r Round) error {
	before, err := w.rig.Book(ctx)
	if err != nil {
		return err
	}
	w.hurt()
	if err := w.disk.fill(diskSpare); err != nil {
		return err
	}
	if err := toConfirm(w, ctx, r); err != nil {
		return err
	}
	if _, err := w.rig.Hand.Touch(ctx, rig.PayAction); err != nil {
		return err
	}
	_, pageErr := w.rig.Hand.AwaitPage(ctx, "refused", "out-of-service")
	after, err := w.rig.Book(ctx)
	if err != nil {
		return err
	}
	if n := len(after.Payments) - len(before.Payments); n != 0 {
		return violated(diskStopsSales, "%d payments began with %d bytes free", n, diskSpare)
	}
	w.checked(diskStopsSales)
	if err := w.disk.relieve(); err != nil {
		return errors.Join(err, pageErr)
	}
	return errors.Join(w.sells(ctx), pageErr)
}

// diskFullInPayment: a payment that was open when the last byte went comes to its end.
func diskFullInPayment(w *world, ctx context.Context, r Round) error {
	if err := toCard(w, ctx, r); err != nil {
		return err
	}
	w.hurt()
	if err := w.disk.fill(0); err != nil {
		return err
	}
	if err := w.rig.InsertCard("bancomat"); err != nil {
		return err
	}
	if _, err := w.rig.Hand.AwaitPage(ctx, "paid"); err != nil {
		return violated(openPaymentEnds, "on a full disk: %v", err)
	}
	if err := w.settle(ctx); err != nil {
		return violated(openPaymentEnds, "on a full disk: %v", err)
	}
	if w.disk.has(ballast) {
		return errors.New("the ballast was not needed: the disk was not full enough to prove anything")
	}
	b, err := w.rig.Book(ctx)
	if err != nil {
		return err
	}
	if e := b.Payments[len(b.Payments)-1]; e.Outcome != kiosk.Charged {
		return violated(openPaymentEnds, "on a full disk it ended as %s %q", e.Step, e.Outcome)
	}
	w.checked(openPaymentEnds)
	return nil
}

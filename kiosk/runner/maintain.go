package runner

// What a maintainer may do to the running kiosk, through the loop.

import (
	"context"
	"errors"
	"fmt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
)

// The refusals.
var (
	// ErrInUse says that the terminal is about to charge a card, or does.
	ErrInUse = errors.New("the card terminal is in use; try again when nobody pays")
	// ErrEnded says that the kiosk is going down.
	ErrEnded = errors.New("the kiosk is stopping")
	// ErrNoSuchPayment says that this process knows no such payment.
	ErrNoSuchPayment = errors.New("no such payment in the running kiosk")
	// ErrDecided says that there is nothing to decide.
	ErrDecided = errors.New("the charge of this payment is not in doubt")
)

// ask runs a question inside the loop; false when the loop has ended.
func (r *Runner) ask(ctx context.Context, ask func(context.Context, *Runner)) bool {
	q := question{ask: ask, reply: make(chan struct{})}
	select {
	case r.events <- q:
	case <-r.stopped:
		return false
	case <-ctx.Done():
		return false
	}
	<-q.reply
	return true
}

// terminalTaken says that the terminal is in use, or is about to be.
func (r *Runner) terminalTaken() bool {
	if r.held || r.day.running {
		return true
	}
	for _, l := range r.payments {
		switch l.state.Phase {
		case payment.Preparing, payment.Activating, payment.Holding, payment.Consenting, payment.Baselining, payment.Resolving:
			return true
		}
		if l.state.HoldsCard() {
			return true
		}
	}
	return false
}

// resting says that nobody stands at the kiosk.
func (r *Runner) resting() bool {
	_, attract := r.visit.Scene.(session.Attract)
	return attract
}

// Maintain runs work with the terminal while no card is charged and none can
// be: citizens see meanwhile that no card is taken. work must end by itself.
func (r *Runner) Maintain(ctx context.Context, work func(context.Context) error) error {
	var err error
	ok := r.ask(ctx, func(ctx context.Context, r *Runner) {
		if r.terminalTaken() {
			err = ErrInUse
			return
		}
		r.held = true
		r.devicesChanged(ctx)
	})
	switch {
	case !ok:
		return errors.Join(ErrEnded, ctx.Err())
	case err != nil:
		return err
	}
	defer r.post(released{})
	return work(ctx)
}

// SetClosed takes the kiosk out of service by order, or puts it back. Who is
// paying goes on; the next one is told that no card is taken.
func (r *Runner) SetClosed(ctx context.Context, closed bool) error {
	if !r.ask(ctx, func(ctx context.Context, r *Runner) {
		r.closed = closed
		r.devicesChanged(ctx)
	}) {
		return errors.Join(ErrEnded, ctx.Err())
	}
	return nil
}

// GatewayHeard lets the loop look again at what [Config.Heard] says.
func (r *Runner) GatewayHeard(ctx context.Context) error {
	if !r.ask(ctx, func(ctx context.Context, r *Runner) { r.devicesChanged(ctx) }) {
		return errors.Join(ErrEnded, ctx.Err())
	}
	return nil
}

// released gives the terminal back.
type released struct{}

// Decide takes a person's decision on a charge that is unknown: charged, with
// the STAN of the terminal's slip, or refused. It returns when the decision is
// durable.
func (r *Runner) Decide(ctx context.Context, id kiosk.PaymentID, outcome kiosk.Outcome, stan string) error {
	if outcome != kiosk.Charged && outcome != kiosk.Refused {
		return fmt.Errorf("outcome %q: a person decides charged or refused", outcome)
	}
	var err error
	done := make(chan error, 1)
	ok := r.ask(ctx, func(ctx context.Context, r *Runner) {
		l := r.payments[id]
		switch {
		case l == nil:
			err = ErrNoSuchPayment
		case l.decided != nil || !inDoubt(l.state.Phase):
			err = ErrDecided
		default:
			l.decided = done
			r.personDecides(ctx, l, outcome, stan, "decided by a person at the kiosk")
		}
	})
	switch {
	case !ok:
		return errors.Join(ErrEnded, ctx.Err())
	case err != nil:
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("the decision is being written: %w", ctx.Err())
	case <-r.stopped:
		return ErrEnded
	}
}

// personDecides moves a doubtful payment by a person's word.
func (r *Runner) personDecides(ctx context.Context, l *live, outcome kiosk.Outcome, stan, why string) {
	res := kiosk.ChargeResult{Outcome: outcome, TerminalID: l.state.Baseline.TerminalID, STAN: stan, Reason: why}
	if outcome == kiosk.Charged {
		res.Amount = l.state.Total()
	}
	r.log.Info("a person decided a charge", "payment", l.state.ID, "ref", l.state.Ref, "outcome", outcome, "stan", stan, "why", why)
	r.stepPayment(ctx, payment.Resolved{Head: r.head(l.state.ID), Result: res, Person: true})
}

// answerDecision tells who decided that it is durable, or is not.
func (r *Runner) answerDecision(l *live) {
	if l.decided == nil || l.state.Phase == payment.Recording {
		return
	}
	var err error
	if l.state.Phase == payment.Unrecorded {
		err = errors.New("the decision could not be written; it is tried again until it can be")
	} else if inDoubt(l.state.Phase) {
		err = ErrDecided
	}
	l.decided <- err
	l.decided = nil
}

// CloseDay closes the terminal's day now, by hand. The same things forbid it
// that forbid it at its time.
func (r *Runner) CloseDay(ctx context.Context) (kiosk.DayClose, error) {
	if r.dev.Days == nil || r.dev.Till == nil {
		return kiosk.DayClose{}, ErrNotNow
	}
	var err error
	done := make(chan dayEnded, 1)
	ok := r.ask(ctx, func(ctx context.Context, r *Runner) {
		if r.held {
			err = ErrInUse
			return
		}
		f := r.dayFacts(true)
		act, why := decideDay(f)
		if act != dayClose {
			err = fmt.Errorf("%w: %s", ErrNotNow, why)
			return
		}
		r.day.waiter = done
		r.beginDay(ctx, act, f)
	})
	switch {
	case !ok:
		return kiosk.DayClose{}, errors.Join(ErrEnded, ctx.Err())
	case err != nil:
		return kiosk.DayClose{}, err
	}
	select {
	case e := <-done:
		return e.close, e.err
	case <-ctx.Done():
		return kiosk.DayClose{}, fmt.Errorf("the day is being closed: %w", ctx.Err())
	case <-r.stopped:
		return kiosk.DayClose{}, ErrEnded
	}
}

// chargeProblems are those of one payment's charge.
func (r *Runner) chargeProblems(l *live) []health.Problem {
	var all []health.Problem
	if age, late := r.overdue(l); late {
		all = append(all, health.Problem{
			Code: health.ProblemUndecided, Ref: l.state.Ref, Since: l.state.ResultAt,
			Detail: fmt.Sprintf("%s: nobody knows for %s whether the card was charged", l.state.ID, age),
		})
	}
	if took, want := l.state.Result.Amount, l.state.Total(); l.state.Result.Outcome == kiosk.Unknown && took != 0 && took != want {
		all = append(all, health.Problem{
			Code: health.ProblemAmount, Ref: l.state.Ref, Since: l.state.ResultAt,
			Detail: fmt.Sprintf("%s: the terminal authorised %s of %s, STAN %s", l.state.ID, took, want, l.state.Result.STAN),
		})
	}
	return all
}

// problems are what a maintainer must see to.
func (r *Runner) problems() []health.Problem {
	var all []health.Problem
	if r.noSales || r.unread {
		all = append(all, health.Problem{Code: health.ProblemJournal, Detail: "the journal cannot be read or written; no card is taken"})
	}
	if !r.cfg.Heard() {
		all = append(all, health.Problem{Code: health.ProblemUnheard,
			Detail: "the journal is new or was put back, and the gateway has not said yet which rows it holds; no card is taken before"})
	}
	for _, l := range r.payments {
		all = append(all, r.chargeProblems(l)...)
	}
	if r.closed {
		all = append(all, health.Problem{Code: health.ProblemClosed, Detail: "out of service by the operator's order; gateway fleet command KIOSK open ends it"})
	}
	if !r.now().Wall.Trusted {
		all = append(all, health.Problem{Code: health.ProblemClock, Detail: "the clock is not known to be right; papers say so"})
	}
	all = append(all, r.cardProblems()...)
	return append(all, r.dayProblems()...)
}

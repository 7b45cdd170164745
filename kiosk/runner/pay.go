package runner

// The payments' effects.

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
)

// Waits between tries to save a step that could not be saved.
const (
	saveFirst = 5 * time.Second
	saveCap   = time.Minute
)

// errNotRecorded keeps the terminal from being acknowledged.
var errNotRecorded = errors.New("the result could not be recorded")

// stepPayment moves one payment, starts its effects, and tells the session when
// the payment is of the visit.
func (r *Runner) stepPayment(ctx context.Context, e payment.Event) {
	id := idOf(e)
	l := r.payments[id]
	if l == nil {
		return
	}
	before := l.state.Phase
	var effects []payment.Effect
	l.state, effects = payment.Step(l.state, e)
	if l.state.Phase != before {
		r.log.Info("payment", "payment", id, "ref", l.state.Ref, "phase", l.state.Phase, "was", before, "reason", l.state.Reason)
	}
	if l.state.Phase == payment.Delivering && before != payment.Delivering {
		l.nextPoll, l.polls = r.now().Mono.Add(2*kiosk.Second), 0
	}
	r.salesAgain(before, l.state.Phase)
	r.answerTerminal(l)
	r.answerDecision(l)
	r.doubtBegins(l, before)
	for _, eff := range effects {
		r.paymentEffect(ctx, l, eff)
	}
	if l.state.Phase != before {
		r.devicesChanged(ctx)
		r.stepSession(ctx, session.PaymentMoved{Visit: l.visit, Payment: l.state})
		r.recoveryStep(ctx)
	}
}

// idOf reads the payment's id out of any event.
func idOf(e payment.Event) kiosk.PaymentID { return payment.HeadOf(e).ID }

func (r *Runner) paymentEffect(ctx context.Context, l *live, eff payment.Effect) {
	switch eff := eff.(type) {
	case payment.Save:
		r.save(ctx, eff)
	case payment.Activate:
		r.activate(ctx, eff)
	case payment.ReadBaseline:
		r.baseline(ctx, eff.ID)
	case payment.Charge:
		r.charge(ctx, eff.Request)
	case payment.Resolve:
		r.resolve(ctx, eff)
	case payment.Push:
		r.dev.Pusher.Nudge()
	case payment.StopSales:
		r.noSales = true
		r.log.Error("card sales stop: the journal cannot be written", "payment", l.state.ID)
	}
}

// save makes a step durable. It ends even when the kiosk is being stopped.
func (r *Runner) save(ctx context.Context, s payment.Save) {
	r.start(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Save)
		defer cancel()
		err := r.dev.Journal.Save(ctx, s)
		if err != nil {
			r.log.Error("save a journal step", "payment", s.State.ID, "step", s.Step, "err", err)
			r.post(saveFailed{s})
			return
		}
		r.post(payment.Saved{Head: r.head(s.State.ID), Step: s.Step})
	})
}

// notSaved lets a payment whose step is not durable stand still, and the journal
// rest before it is asked for the very same step again.
func (r *Runner) notSaved(ctx context.Context, s payment.Save) {
	id := s.State.ID
	r.stepPayment(ctx, payment.SaveFailed{Head: r.head(id), Step: s.Step})
	l := r.payments[id]
	if l == nil || l.state.Phase != payment.Unrecorded {
		return
	}
	wait := min(saveFirst<<min(l.saves, 8), saveCap)
	l.saves++
	l.unsaved, l.nextSave = s, r.now().Mono.Add(kiosk.Span(wait-wait/4+rand.N(wait/2)))
}

// saveAgain makes a step durable that could not be. The journal knows the same
// save again: one that was made durable after all is not made twice.
func (r *Runner) saveAgain(ctx context.Context, l *live) {
	l.nextSave = r.now().Mono.Add(kiosk.Span(time.Hour)) // its answer says when the next try is
	r.save(ctx, l.unsaved)
}

// salesAgain lets cards be charged again when the journal has all that it should.
func (r *Runner) salesAgain(before, now payment.Phase) {
	if before != payment.Unrecorded || now == payment.Unrecorded {
		return
	}
	for _, l := range r.payments {
		if l.state.Phase == payment.Unrecorded {
			return
		}
	}
	r.noSales = false
	r.log.Info("card sales go on: the journal can be written again")
}

// activate asks once more when no answer came: the same id gives the same answer.
func (r *Runner) activate(ctx context.Context, a payment.Activate) {
	r.start(func() {
		ctx, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
		defer cancel()
		act, err := r.dev.Gateway.Activate(ctx, a.ID, a.Previous, a.Cart)
		if err != nil && kiosk.CodeOf(err) == kiosk.CodeGatewayOffline && ctx.Err() == nil {
			act, err = r.dev.Gateway.Activate(ctx, a.ID, a.Previous, a.Cart)
		}
		code := kiosk.CodeOf(err)
		switch {
		case err == nil:
			r.post(payment.Activated{Head: r.head(a.ID), Activation: act})
		case code == kiosk.CodeGatewayOffline || code == kiosk.CodeInternal || code == kiosk.CodeGatewayBusy:
			r.log.Warn("activation unanswered", "payment", a.ID, "err", err)
			r.post(payment.ActivationUnanswered{Head: r.head(a.ID), Code: code})
		default:
			r.log.Warn("activation refused", "payment", a.ID, "err", err)
			r.post(payment.ActivationRefused{Head: r.head(a.ID), Code: code})
		}
	})
}

func (r *Runner) baseline(ctx context.Context, id kiosk.PaymentID) {
	r.start(func() {
		ctx, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
		defer cancel()
		b, err := r.dev.Terminal.Baseline(ctx)
		if err != nil {
			r.log.Warn("read the terminal's baseline", "payment", id, "err", err)
			r.post(payment.BaselineFailed{Head: r.head(id), Code: terminalCode(err)})
			return
		}
		r.post(payment.BaselineRead{Head: r.head(id), Baseline: b})
	})
}

// terminalCode is the terminal's code of an error; one without a code means
// that it cannot be reached.
func terminalCode(err error) kiosk.Code {
	if c := kiosk.CodeOf(err); c != kiosk.CodeInternal {
		return c
	}
	return kiosk.CodeTerminalOffline
}

// charge asks for the card. It lives with the process: neither the visit nor a
// stop of the kiosk ends it.
func (r *Runner) charge(ctx context.Context, req kiosk.ChargeRequest) {
	visit := r.payments[req.Payment].visit
	r.start(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Charge)
		defer cancel()
		recorded := false
		progress := func(text string) { r.post(session.TerminalSaid{Visit: visit, Text: text}) }
		record := func(res kiosk.ChargeResult) error {
			recorded = true
			return r.record(ctx, payment.ChargeResulted{Head: r.head(req.Payment), Result: res})
		}
		res, err := r.dev.Terminal.Charge(ctx, req, progress, record)
		switch {
		case err != nil && !recorded:
			r.log.Warn("charge not started", "payment", req.Payment, "err", err)
			r.post(payment.ChargeNotStarted{Head: r.head(req.Payment), Code: terminalCode(err)})
		case err != nil:
			r.log.Error("charge", "payment", req.Payment, "outcome", res.Outcome, "err", err)
		default:
			r.log.Info("charge", "payment", req.Payment, "outcome", res.Outcome, "stan", res.STAN)
		}
	})
}

// record hands the result to the loop and waits until it is durable: only then
// may the terminal be acknowledged.
func (r *Runner) record(ctx context.Context, e payment.ChargeResulted) error {
	reply := make(chan error, 1)
	r.post(chargeRecord{event: e, reply: reply})
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return errors.Join(errNotRecorded, ctx.Err())
	case <-time.After(2 * r.cfg.Save):
		return errNotRecorded
	}
}

func (r *Runner) recordCharge(ctx context.Context, e chargeRecord) {
	l := r.payments[idOf(e.event)]
	if l == nil || l.state.Phase != payment.Charging {
		e.reply <- errNotRecorded
		return
	}
	l.record = e.reply
	r.stepPayment(ctx, e.event)
}

// answerTerminal lets the terminal be acknowledged when the result is durable.
func (r *Runner) answerTerminal(l *live) {
	if l.record == nil || l.state.Phase == payment.Recording || l.state.Phase == payment.Charging {
		return
	}
	var err error
	if l.state.Phase == payment.Unrecorded {
		err = errNotRecorded
	}
	l.record <- err
	l.record = nil
}

func (r *Runner) resolve(ctx context.Context, e payment.Resolve) {
	r.start(func() {
		ctx, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
		defer cancel()
		res, err := r.dev.Terminal.Resolve(ctx, e.Request, e.Baseline)
		if err != nil {
			r.log.Warn("ask the terminal for its last result", "payment", e.Request.Payment, "err", err)
			r.post(payment.ResolveFailed{Head: r.head(e.Request.Payment)})
			return
		}
		r.post(observed{health.Terminal, true, string(kiosk.TerminalReady)}) // it answers, and answers only when idle
		r.log.Info("the terminal told its last result", "payment", e.Request.Payment, "outcome", res.Outcome, "stan", res.STAN, "reason", res.Reason)
		r.post(payment.Resolved{Head: r.head(e.Request.Payment), Result: res})
	})
}

// verdict takes the gateway's answer to a row that was pushed.
func (r *Runner) verdict(ctx context.Context, v kiosk.Verdict) {
	switch v.Code {
	case kiosk.VerdictConflict, kiosk.VerdictParked:
		r.log.Error("the gateway refuses a row: it waits for the maintainer", "row", v.ID, "verdict", v.Code, "reason", v.Reason)
	}
	if len(v.Closings) == 0 {
		return
	}
	for id, l := range r.payments {
		if ownsRow(l.state, v.ID) {
			r.stepPayment(ctx, closed(r.head(id), v.Closings))
		}
	}
}

// ownsRow: the id of a payment's row begins with the payment's id.
func ownsRow(s payment.State, rowID string) bool {
	id := string(s.ID) + "/"
	return len(rowID) > len(id) && rowID[:len(id)] == id
}

func closed(h payment.Head, cs []kiosk.BillClosing) payment.BillsClosed {
	e := payment.BillsClosed{Head: h}
	for _, c := range cs {
		if e.Count < kiosk.MaxBills && c.Closing != kiosk.ClosingOpen {
			e.Closings[e.Count] = c
			e.Count++
		}
	}
	return e
}

// pollCap bounds the wait between questions for the closings of one payment: a
// creditor may be away for days.
const pollCap = 5 * time.Minute

// pollClosing asks the gateway for closings that did not come with the verdict,
// in growing waits that are spread by a quarter, until every bill is closed.
func (r *Runner) pollClosing(ctx context.Context, l *live) {
	id := l.state.ID
	l.polls++
	wait := min(time.Duration(min(l.polls, 1000))*2*time.Second, pollCap)
	l.nextPoll = r.now().Mono.Add(kiosk.Span(wait + rand.N(wait/4)))
	r.start(func() {
		ctx, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
		defer cancel()
		st, err := r.dev.Gateway.Payment(ctx, id)
		r.post(pollCame{id: id, status: st, err: err})
	})
}

// polled takes closings from a gateway that knows of the charge. One that does not
// may have closed the bills KO because their tokens were too old: our row, when it
// arrives, opens them again.
func (r *Runner) polled(ctx context.Context, e pollCame) {
	if e.err != nil {
		r.log.Debug("ask for closings", "payment", e.id, "err", e.err)
		return
	}
	if e.status.Outcome != kiosk.Charged {
		r.log.Debug("the gateway does not know of the charge yet", "payment", e.id, "outcome", e.status.Outcome)
		return
	}
	r.stepPayment(ctx, closed(r.head(e.id), e.status.Closings))
}

package runner

// Charges that are unknown: the gateway's operator may decide them, and a
// deadline is watched.

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// Waits between questions to the gateway about a charge that is unknown.
const (
	doubtFirst = 30 * time.Second
	doubtCap   = 10 * time.Minute
)

// inDoubt says that the charge is unknown and nothing is being recorded.
func inDoubt(p payment.Phase) bool {
	switch p {
	case payment.Doubtful, payment.Resolving, payment.Undecided:
		return true
	}
	return false
}

// doubtBegins notes since when a charge is unknown.
func (r *Runner) doubtBegins(l *live, before payment.Phase) {
	if !inDoubt(l.state.Phase) || inDoubt(before) {
		return
	}
	for _, p := range r.chargeProblems(l) {
		r.log.Error("a charge needs a person", "problem", p.Code, "detail", p.Detail)
	}
	l.doubtSince, l.asked = r.now().Mono, 0
	r.askLater(l)
}

// askLater sets the next question: a doubling wait with a cap, a quarter more
// or less of it.
func (r *Runner) askLater(l *live) {
	wait := min(doubtFirst<<min(l.asked, 10), doubtCap)
	l.asked++
	l.nextAsk = r.now().Mono.Add(kiosk.Span(wait - wait/4 + rand.N(wait/2)))
}

// askGateway asks what the operator made of a charge that is unknown here.
func (r *Runner) askGateway(ctx context.Context, l *live) {
	id := l.state.ID
	if age, late := r.overdue(l); late && !l.warned {
		l.warned = true
		r.log.Error("a charge is undecided for too long", "payment", id, "ref", l.state.Ref, "age", age)
	}
	r.askLater(l)
	r.start(func() {
		ctx, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
		defer cancel()
		st, err := r.dev.Gateway.Payment(ctx, id)
		r.post(decisionCame{id: id, status: st, err: err})
	})
}

// decisionCame is what the gateway says of a charge that is unknown here.
type decisionCame struct {
	id     kiosk.PaymentID
	status kiosk.PaymentStatus
	err    error
}

func (r *Runner) decision(ctx context.Context, e decisionCame) {
	l := r.payments[e.id]
	switch {
	case e.err != nil:
		r.log.Debug("ask for a decision", "payment", e.id, "err", e.err)
	case l == nil || !inDoubt(l.state.Phase):
	case e.status.Outcome == kiosk.Charged, e.status.Outcome == kiosk.Refused:
		r.personDecides(ctx, l, e.status.Outcome, e.status.STAN, "decided at the gateway")
	}
}

// overdue says for how long a charge is unknown, and whether that is too long.
// The wall clock counts only where both of its readings are sure: it knows the
// time before this start.
func (r *Runner) overdue(l *live) (time.Duration, bool) {
	if !inDoubt(l.state.Phase) {
		return 0, false
	}
	now := r.now()
	age := time.Duration(l.doubtSince.Until(now.Mono))
	if at := l.state.ResultAt; at.Trusted && now.Wall.Trusted {
		age = max(age, time.Duration(now.Wall.UnixMilli-at.UnixMilli)*time.Millisecond)
	}
	return age.Round(time.Second), age > r.cfg.Decide
}

package main

// Wire: the line between kiosk and gateway, the calls over it, and the delivery
// of the outbox. Which rows go when is sync/push's.

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/sync/push"
)

const attemptTimeout = 5 * second

func (w *world) delay() int64 {
	if w.fault(w.par.Late) {
		w.count.late++
		return w.between(second, 20*second)
	}
	return w.between(5*ms, 120*ms)
}

// call carries one request. serve runs at the gateway and hands reply, then or
// later, what the answer does at the kiosk; failed runs when none comes in time.
// Requests get lost, come twice, late and out of order; answers get lost.
func (p *proc) call(timeout int64, serve func(reply func(answer func())), failed func()) {
	w, over := p.w, false
	end := func(do func()) func() {
		return func() {
			if !over {
				over = true
				do()
			}
		}
	}
	arrive := func(answered bool) func() {
		return func() {
			if w.gate.down || p.b.cut {
				return
			}
			life := w.gate.life
			serve(func(do func()) {
				if w.gate.life != life || w.gate.down || p.b.cut {
					return
				}
				if w.fault(w.par.LostAnswer) {
					w.count.lostAnswers++
				} else if answered {
					p.after(w.delay(), end(do))
				}
			})
		}
	}
	if p.b.cut && w.chance(w.par.Cut) {
		p.after(20*ms, end(failed))
		return
	}
	p.after(timeout, end(failed))
	if w.fault(w.par.Loss) {
		w.count.lost++
	} else {
		w.after(w.delay(), arrive(true))
	}
	if w.fault(w.par.Double) {
		w.count.doubled++
		far := 90 * second // now and then after the tokens have died
		if w.chance(50) {
			far = hour
		}
		w.after(w.between(0, far), arrive(false))
	}
}

// attempts is call, again while there is no answer: what the client does.
func (p *proc) attempts(n int, serve func(reply func(answer func())), failed func()) {
	p.call(attemptTimeout, serve, func() {
		if n <= 1 {
			failed()
			return
		}
		p.after(p.w.between(0, 500*ms), func() { p.attempts(n-1, serve, failed) })
	})
}

func (p *proc) lookup(l session.Lookup) {
	p.attempts(2, func(reply func(func())) {
		p.w.gate.lookup(l.Notice, func(q kiosk.Quote, code kiosk.Code) {
			reply(func() {
				if code != "" {
					p.stepSession(session.LookupFailed{Visit: l.Visit, Code: code})
					return
				}
				p.stepSession(session.LookupAnswered{Visit: l.Visit, Quote: q})
			})
		})
	}, func() { p.stepSession(session.LookupFailed{Visit: l.Visit, Code: kiosk.CodeGatewayOffline}) })
}

// activate is two calls of the loop, each of two attempts of the client.
func (p *proc) activate(a payment.Activate) {
	p.attempts(4, func(reply func(func())) {
		p.w.gate.activate(p.b.name, a.ID, a.Cart, func(act kiosk.Activation, code kiosk.Code) {
			reply(func() {
				if code != "" {
					p.stepPayment(payment.ActivationRefused{Head: p.head(a.ID), Code: code})
					return
				}
				p.stepPayment(payment.Activated{Head: p.head(a.ID), Activation: act})
			})
		})
	}, func() {
		p.stepPayment(payment.ActivationUnanswered{Head: p.head(a.ID), Code: kiosk.CodeGatewayOffline})
	})
}

func (p *proc) poll(l *live) {
	id := l.state.ID
	l.polls++
	l.nextPoll = p.now().Add(min(kiosk.Span(l.polls)*2*kiosk.Second, kiosk.Minute))
	p.attempts(2, func(reply func(func())) {
		closings := p.w.gate.payment(id)
		reply(func() { p.stepPayment(closed(p.head(id), closings)) })
	}, func() {})
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

// print puts a paper out and tells the gateway what became of it.
func (p *proc) print(e session.Print) {
	l := p.find(e.Payment)
	if l == nil || l.printing {
		return
	}
	l.printing = true
	l.papers++
	attempt := l.papers
	p.w.money.paper(p.b, e.Payment, e.Kind)
	p.after(p.w.between(2*second, 6*second), func() {
		r := kiosk.PrintReport{Result: kiosk.PrintDone, State: p.b.paper}
		kind := kiosk.RowReceiptDone
		if p.w.fault(p.w.par.PrintFails) {
			r.Result, r.Reason, kind = kiosk.PrintFailed, "jam", kiosk.RowReceiptFailed
		}
		p.noteReceipt(e.Payment, kind, r, attempt)
		l.printing = false
		p.stepSession(session.PrintEnded{Visit: e.Visit, Report: r})
	})
}

func (p *proc) noteReceipt(id kiosk.PaymentID, kind kiosk.RowKind, r kiosk.PrintReport, attempt int) {
	at := p.b.wall()
	body := struct {
		Payment kiosk.PaymentID   `json:"payment"`
		Attempt int               `json:"attempt"`
		Result  kiosk.PrintResult `json:"result"`
	}{id, attempt, r.Result}
	name := string(id) + "/receipt/" + strconv.FormatInt(at.UnixMilli, 10) + "-" + strconv.Itoa(attempt)
	p.b.book.append(payment.NewRow(id, kind, name, body, at), func(err error) {
		if err == nil && p.alive() {
			p.nudge()
		}
	})
}

// The delivery: a model of push.Pusher around the shipped plan.

func (p *proc) random(d time.Duration) time.Duration {
	return time.Duration(p.w.rng.Int64N(max(int64(d), 1)))
}

func (p *proc) nudge() {
	if p.sending {
		p.nudged = true
		return
	}
	p.plan.Nudged()
	p.rest(0)
}

func (p *proc) rest(d time.Duration) {
	p.sending = false
	p.rests++
	turn := p.rests
	p.after(max(int64(d), ms/10), func() {
		if p.rests == turn && !p.sending {
			p.attempt()
		}
	})
}

func (p *proc) attempt() {
	if p.nudged {
		p.plan.Nudged()
		p.nudged = false
	}
	batch := p.pick()
	if len(batch) == 0 {
		p.rest(p.plan.Emptied())
		return
	}
	p.sending = true
	p.send(batch, func(verdicts []kiosk.Verdict, err error, atLeast time.Duration) {
		matched := push.Matched(batch, verdicts)
		if len(matched) == 0 {
			p.sent(batch, matched, err, atLeast)
			return
		}
		p.b.book.settle(matched, func(serr error) {
			if !p.alive() {
				return
			}
			if serr != nil {
				p.rest(p.plan.Failed(nil, 0))
				return
			}
			for _, v := range matched {
				p.verdict(v)
			}
			p.sent(batch, matched, err, atLeast)
			p.arm()
		})
	})
}

func (p *proc) pick() []kiosk.OutboxRow {
	for {
		pending := p.b.book.waiting(p.plan.Window())
		var latest []kiosk.OutboxRow
		if limit, wants := p.plan.WantsLatest(pending); wants {
			latest = p.b.book.latest(limit)
		}
		if batch, more := p.plan.Pick(pending, latest); len(batch) > 0 || !more {
			return batch
		}
	}
}

func (p *proc) sent(batch []kiosk.OutboxRow, matched []kiosk.Verdict, err error, atLeast time.Duration) {
	rest := push.Unanswered(batch, matched)
	switch {
	case err != nil && len(rest) > 0:
		p.gaveUp(rest)
		p.rest(p.plan.Failed(rest, atLeast))
	case len(matched) == 0:
		p.gaveUp(batch)
		p.rest(p.plan.Failed(batch, 0))
	default:
		p.plan.Answered(rest)
		p.rest(0)
	}
}

// gaveUp is a planted mistake: rows that failed often are called delivered.
func (p *proc) gaveUp(rows []kiosk.OutboxRow) {
	if p.w.bug != bugDropAfterN || p.plan.Failures() < 2 {
		return
	}
	var gone []kiosk.Verdict
	for _, r := range rows {
		gone = append(gone, kiosk.Verdict{Sequence: r.Sequence, ID: r.ID, Code: kiosk.VerdictAccepted})
	}
	p.b.book.settle(gone, func(error) {})
}

var errSend = errors.New("no answer")

// send carries a batch. The gateway may be busy and say for how long, absurdly
// long even; an answer may be cut off in the middle.
func (p *proc) send(batch []kiosk.OutboxRow, done func([]kiosk.Verdict, error, time.Duration)) {
	w := p.w
	if w.bug == bugResendNewID && p.plan.Failures() > 0 {
		batch = slices.Clone(batch)
		for i := range batch {
			batch[i].ID += "/" + strconv.Itoa(p.plan.Failures())
		}
	}
	p.attempts(2, func(reply func(func())) {
		if w.fault(w.par.Busy) {
			wait := time.Duration(w.between(0, 30*second))
			if w.chance(50) {
				wait = 27777 * time.Hour
			}
			reply(func() { done(nil, errSend, wait) })
			return
		}
		verdicts := w.gate.take(p.b.name, batch)
		w.gate.await(batch, verdicts, func() {
			if w.fault(w.par.HalfAnswer) {
				verdicts = verdicts[:w.rng.IntN(len(verdicts)+1)]
			}
			reply(func() { done(verdicts, nil, 0) })
		})
	}, func() { done(nil, errSend, 0) })
}

// verdict tells the payments what became of their rows.
func (p *proc) verdict(v kiosk.Verdict) {
	if len(v.Closings) == 0 || len(v.ID) < 36 {
		return
	}
	if l := p.find(kiosk.PaymentID(v.ID[:36])); l != nil {
		p.step(l, closed(p.head(l.state.ID), v.Closings))
	}
}

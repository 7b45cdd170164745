package main

// Lend: the gateway's drivers for debts that live at the national node: it is
// asked to lend what is locked here, and told how each payment ended, until it
// has it. What is told, and what the owner's word does, is sync/gateway/outcome's.

import (
	"slices"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

const (
	nodeTimeout = 5 * second
	nodeRepeats = 2 // of a loan that had no answer
	ownersWait  = 2 * second
	tellFirst   = 2 * second
	tellCap     = 5 * minute
	tellLease   = 45 * second
	urgentRows  = 8
	idLength    = 36

	pendingPrefix = "pending-" // of the token of a bill that was not lent yet
)

func pending(b outcome.Bill) bool { return strings.HasPrefix(b.Token, pendingPrefix) }

// ask carries a call to the node. serve runs there and returns what its answer
// does here; failed runs when none comes in time. What its sender gave up on
// never arrives; a process that ended hears nothing.
func (g *gate) ask(serve func() (answer func()), failed func()) {
	w, life, over := g.w, g.life, false
	end := func(do func()) {
		if !over && g.life == life {
			over = true
			do()
		}
	}
	arrive := func(answered bool) func() {
		return func() {
			if w.nation.down || over {
				return
			}
			do := serve()
			if w.fault(w.par.LostAnswer) {
				w.count.lostAnswers++
			} else if answered {
				w.after(w.delay(), func() { end(do) })
			}
		}
	}
	w.after(nodeTimeout, func() { end(failed) })
	if !w.fault(w.par.Loss) {
		w.after(w.between(5*ms, 2*second), arrive(true))
	}
	if w.fault(w.par.Double) {
		w.after(w.between(5*ms, nodeTimeout-ms), arrive(false))
	}
}

// askLoan is ask for a token, again while there is no answer.
func (g *gate) askLoan(tries int, key string, at *homeDebt, got func(l *loan, code kiosk.Code), failed func()) {
	g.ask(func() func() {
		l, code := g.w.nation.lend(key, at)
		return func() { got(l, code) }
	}, func() {
		if tries <= 1 {
			failed()
			return
		}
		g.askLoan(tries-1, key, at, got, failed)
	})
}

func loanKey(h *held, debt string) string { return h.ID + ":" + debt }

// lent is a bill of a payment and its token; nil: it may have been lent.
type lent struct {
	bill int
	loan *loan
}

// lend has the node lend what is locked here, bill by bill: all or nothing.
func (g *gate) lend(h *held, from int, got []lent, reply func(kiosk.Activation, kiosk.Code)) {
	for i := from; i < len(h.Bills); i++ {
		b := h.Bills[i]
		if !pending(b) {
			continue
		}
		next := func(l *loan, code kiosk.Code) {
			if code != "" { // surely not lent
				g.unlend(h, got, code, reply)
				return
			}
			g.lend(h, i+1, append(slices.Clone(got), lent{i, l}), reply)
		}
		g.askLoan(1+nodeRepeats, loanKey(h, b.Debt), g.debtOf(b).home, next, func() {
			got = append(slices.Clone(got), lent{bill: i}) // nobody knows: it is found again and given back
			g.unlend(h, got, kiosk.CodeCreditorSilent, reply)
		})
		return
	}
	if h.State != outcome.Active {
		g.unlend(h, got, kiosk.CodeActivationStale, reply)
		return
	}
	for _, x := range got {
		b := &h.Bills[x.bill]
		if pending(*b) {
			h.Total += x.loan.at.of.asked - b.Amount
			b.Token, b.Amount = x.loan.token, x.loan.at.of.asked
		}
		h.expires = min(h.expires, x.loan.expires)
	}
	reply(g.answer(h), "")
}

// unlend ends an activation that did not come about. If the same call came twice
// and the other one succeeded, its answer stands.
func (g *gate) unlend(h *held, got []lent, code kiosk.Code, reply func(kiosk.Activation, kiosk.Code)) {
	if !slices.ContainsFunc(h.Bills, pending) {
		if h.State != outcome.Active { // whoever ended it tells the node of its tokens
			reply(kiosk.Activation{}, kiosk.CodeActivationStale)
			return
		}
		reply(g.answer(h), "")
		return
	}
	if h.State == outcome.Active {
		h.State = outcome.NotPaid
		for i := range h.Bills {
			h.Bills[i].Closing = kiosk.ClosingKO
		}
	}
	for _, x := range got {
		if g.w.bug == bugLoanForgotten {
			break
		}
		b := h.Bills[x.bill]
		token := b.Token
		if x.loan != nil {
			token = x.loan.token
		}
		g.forget(h, b.Debt, x.loan)
		g.queue(h, outcome.Telling{Debt: b.Debt, Token: token})
	}
	reply(kiosk.Activation{}, code)
}

// telling is one row of the durable queue of what the node has to hear.
type telling struct {
	h     *held
	tell  outcome.Telling
	tries int
	done  bool
	ended int64 // when it was done
}

// queue writes one down, once for each bill of a payment; a token that is known
// is better than none.
func (g *gate) queue(h *held, t outcome.Telling) {
	for _, q := range h.tells {
		if q.tell.Debt == t.Debt && g.overtaken(h, q, t) {
			break
		}
		if q.tell.Debt == t.Debt {
			if strings.HasPrefix(q.tell.Token, pendingPrefix) {
				q.tell.Token = t.Token
			}
			return
		}
	}
	q := &telling{h: h, tell: t}
	h.tells = append(h.tells, q)
	g.untold = append(g.untold, q)
	g.later(q, ms)
}

// forget takes a KO out of the queue that the owner has heard, or is hearing, about
// another loan of the bill than the one that is to be given back now: the kiosk's word
// overtook its activation. While that loan lived he would have given no other.
func (g *gate) forget(h *held, debt string, l *loan) {
	h.tells = slices.DeleteFunc(h.tells, func(q *telling) bool {
		if q.tell.Debt != debt || q.tell.Paid || l != nil && q.tell.Token == l.token || !q.done && strings.HasPrefix(q.tell.Token, pendingPrefix) {
			return false
		}
		q.done = true
		return true
	})
}

// later tries a row after a while, unless the process has ended by then.
func (g *gate) later(q *telling, wait int64) {
	life := g.life
	g.w.after(wait, func() {
		if g.life == life && !g.stopped && !q.done {
			g.tellNode(q)
		}
	})
}

// untoldAfterStart takes the queue up again: what another process had in hand is
// free when its lease ends.
func (g *gate) untoldAfterStart() {
	g.untold = slices.DeleteFunc(g.untold, func(q *telling) bool { return q.done })
	for _, q := range g.untold {
		if g.w.bug != bugQueueInMemory {
			g.later(q, g.w.between(0, tellLease))
		}
	}
}

// tellNode makes one try. A bill without a token is asked for again first, with
// the same key: what was lent is found again.
func (g *gate) tellNode(q *telling) {
	q.tries++
	if strings.HasPrefix(q.tell.Token, pendingPrefix) {
		at := g.debtOf(outcome.Bill{Debt: q.tell.Debt}).home
		g.askLoan(1, loanKey(q.h, q.tell.Debt), at, func(l *loan, code kiosk.Code) {
			if code != "" { // surely not lent, and no card was charged without a token
				g.told(q, kiosk.ClosingKO)
				return
			}
			q.tell.Token = l.token
			g.tellNode(q)
		}, func() { g.again(q) })
		return
	}
	id := kiosk.PaymentID(q.h.ID)
	g.ask(func() func() {
		said, agrees := g.w.nation.end(q.tell, id)
		return func() {
			if !agrees {
				g.contradicted(q)
				return
			}
			g.told(q, said)
		}
	}, func() { g.again(q) })
}

func (g *gate) again(q *telling) {
	most := tellCap
	if q.tries < 8 {
		most = min(most, tellFirst<<(q.tries-1))
	}
	g.later(q, g.w.between(ms, most))
}

// told lets the owner's last word close the bill: with it go the debt, the ledger
// and the row of the queue.
func (g *gate) told(q *telling, said kiosk.Closing) {
	if q.done {
		return // another try had its answer first
	}
	q.done, q.ended = true, g.w.now
	if !q.tell.Paid {
		return
	}
	h := q.h
	g.facts(h)
	c := outcome.Owned(h.Payment, q.tell.Debt, said)
	g.w.tell(kiosk.PaymentID(h.ID), "gateway: the owner of %s says %q: %s %s", q.tell.Debt, said, c.Code, c.Reason)
	if c.Alarm {
		g.w.fail("owner-agrees", "payment %s, bill %s: the owner says %q: %s", h.ID, q.tell.Debt, said, c.Reason)
		return
	}
	g.write(h, outcome.Row{Kiosk: h.Kiosk}, c)
	for _, wake := range h.waiters {
		wake()
	}
}

// await gives the answer to rows a moment, for the owners of what they paid to
// say that they have it.
func (g *gate) await(rows []kiosk.OutboxRow, verdicts []kiosk.Verdict, reply func()) {
	var open []int
	for i, r := range rows {
		if h := g.payments[string(r.Payment)]; h != nil && settles(r.Kind) && awaits(h) {
			open = append(open, i)
		}
	}
	if len(open) == 0 || len(rows) > urgentRows {
		reply()
		return
	}
	answered := false
	answer := func() {
		if answered {
			return
		}
		answered = true
		for _, i := range open {
			verdicts[i].Closings = g.payment(rows[i].Payment)
		}
		reply()
	}
	for _, i := range open {
		h := g.payments[string(rows[i].Payment)]
		h.waiters = append(h.waiters, func() {
			if !awaits(h) {
				answer()
			}
		})
	}
	g.w.after(ownersWait, answer)
}

func settles(k kiosk.RowKind) bool { return k == kiosk.RowPaid || k == kiosk.RowResolved }

// awaits says that the owner of a bill of a paid payment has not spoken yet.
func awaits(h *held) bool {
	return h.State == outcome.Paid && slices.ContainsFunc(h.Bills, func(b outcome.Bill) bool { return b.Closing == kiosk.ClosingOpen })
}

// answer is the activation as it stands now.
func (g *gate) answer(h *held) kiosk.Activation {
	a := kiosk.Activation{Count: len(h.Bills), Fee: h.Fee, Token: "r" + h.ID[24:], Life: kiosk.Span(max(second, h.expires-g.w.now))}
	for i, b := range h.Bills {
		a.Bills[i] = kiosk.ActivatedBill{BillID: b.Debt, Amount: b.Amount, Fee: b.Fee, Token: b.Token, IUV: g.debtOf(b).notice.IUV()}
	}
	return a
}

func (g *gate) expiry(h *held) time.Time { return time.UnixMilli(epoch + h.expires/ms) }

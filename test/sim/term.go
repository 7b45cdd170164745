package main

// Term: the card terminal, which keeps its own account, and the driver that
// asks it. What an answer means is kiosk/terminal's.

import (
	"fmt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

const resultTimeout = int64(terminal.DefaultResultTimeout)

type terminalBox struct {
	b           *box
	id          string
	up, busy    bool
	saves, form bool // saves refused results; tells the amount
	tickets     bool // sends its last ticket
	ticket      string
	stan        int
	has         bool
	last        ecr17.Result
	turn        int // transactions begun: a power cut ends one
	exchanges   int
}

// byPerson is the reason of a charge that a person decided.
const byPerson = "operator"

// exchange is one payment on the line, seen from the kiosk.
type exchange struct {
	p       *proc
	req     kiosk.ChargeRequest
	visit   uint64
	over    bool
	retried bool
}

func newTerminalBox(b *box) *terminalBox {
	w := b.w
	return &terminalBox{
		b: b, id: fmt.Sprintf("%08d", 31415000+b.n), up: true, saves: w.chance(w.par.SavesRefused), form: !w.chance(w.par.Basic), tickets: w.chance(w.par.Tickets),
		stan: w.rng.IntN(1000),
	}
}

func (t *terminalBox) goDown() {
	t.up = false
	t.b.w.after(t.b.w.between(5*second, 2*minute), func() { t.up = true })
}

// lostPower ends what was not approved yet.
func (t *terminalBox) lostPower() {
	t.turn++
	t.busy = false
}

// technician is somebody who sees to the terminal while a charge is unknown:
// exchanges it for another one, makes it forget its last result, or takes a
// payment by hand.
func (t *terminalBox) technician() {
	w := t.b.w
	if w.healed {
		return
	}
	if t.busy {
		w.after(2*second, t.technician)
		return
	}
	w.count.technicians++
	switch w.rng.IntN(3) {
	case 0:
		t.exchanges++
		t.id, t.stan = fmt.Sprintf("%08d", 31415000+t.b.n+10_000*t.exchanges), w.rng.IntN(1000)
		if t.has = w.chance(800); t.has { // it was in use at another place
			t.last, t.ticket = t.approval(amounts[w.rng.IntN(w.par.Amounts)]+feePerNotice), "PAGAMENTO ALTROVE"
		}
	case 1:
		t.has, t.ticket = false, ""
	default:
		t.byHand()
	}
}

// byHand takes money that no kiosk asked for. Of the very sum that a kiosk asked
// for only where the ticket tells the two apart: nothing else would.
func (t *terminalBox) byHand() {
	w := t.b.w
	amount := amounts[w.rng.IntN(w.par.Amounts)] + feePerNotice
	if !t.tickets {
		amount += feePerNotice / 2
	}
	t.stan = (t.stan + 1) % 1_000_000
	t.last, t.has, t.ticket = t.approval(amount), true, "PAGAMENTO MANUALE"
}

// approval is the result of a charge.
func (t *terminalBox) approval(amount kiosk.Amount) ecr17.Result {
	r := ecr17.Result{
		Terminal: t.id, Form: ecr17.Plain, Code: ecr17.ResultOK, AuthCode: "ABC123", PAN: "0000000000000004471", Entry: "ICC", CardType: '1', Acquirer: "NEXI",
		STAN: fmt.Sprintf("%06d", t.stan), OnlineID: fmt.Sprintf("%06d", t.stan+7),
	}
	if t.form {
		r.Form, r.Amount, r.ActionCode = ecr17.Extended, amount, "000"
	}
	return r
}

// charge asks for the card.
func (p *proc) charge(req kiosk.ChargeRequest, retried bool) {
	l := p.find(req.Payment)
	x := &exchange{p: p, req: req, visit: l.visit, retried: retried}
	p.using, p.line = true, x
	p.after(p.w.between(5*ms, 60*ms), func() {
		w, t := p.w, p.b.term
		switch {
		case x.over:
		case !t.up:
			x.notStarted(kiosk.CodeTerminalOffline)
		case t.busy || w.fault(w.par.Nak):
			x.notStarted(kiosk.CodeTerminalBusy)
		case w.fault(w.par.SendLost): // no ACK: the request may have arrived
			if w.chance(500) {
				w.after(w.between(0, p.onTheWay()), func() { t.arrives(req) })
			}
			p.after(3*second, x.lost)
		default:
			t.take(req, x)
			p.after(resultTimeout, x.lost)
		}
	})
}

// onTheWay is how long a request that got no ACK can still arrive: the driver
// drops what was not sent when it gives up, after three seconds.
func (p *proc) onTheWay() int64 {
	if p.w.bug == bugLateRequest {
		return minute
	}
	return 2900 * ms
}

// arrives is a request whose sender hears nothing.
func (t *terminalBox) arrives(req kiosk.ChargeRequest) {
	if t.up && !t.busy {
		t.take(req, nil)
	}
}

func (x *exchange) notStarted(code kiosk.Code) {
	x.over, x.p.using = true, false
	x.p.stepPayment(payment.ChargeNotStarted{Head: x.p.head(x.req.Payment), Code: code})
}

// lost is a line that broke or an answer that did not come: what was charged is
// not known, and nothing is sent again.
func (x *exchange) lost() {
	if x.over {
		return
	}
	if x.p.w.bug == bugChargeRetry && !x.retried {
		x.over = true
		x.p.after(2*second, func() { x.p.charge(x.req, true) })
		return
	}
	if w := x.p.w; w.fault(w.par.Technician) {
		w.after(w.between(0, 4*second), x.p.b.term.technician)
	}
	x.conclude(kiosk.ChargeResult{Outcome: kiosk.Unknown, TerminalID: x.p.b.term.id, Reason: "line lost"})
}

func (x *exchange) answered(r ecr17.Result) {
	if !x.over {
		x.conclude(terminal.Judge(terminal.Answer{Asked: x.req.Amount, Terminal: x.p.b.term.id, Result: r}))
	}
}

// conclude has the result recorded; the acknowledgement waits for that.
func (x *exchange) conclude(r kiosk.ChargeResult) {
	x.over = true
	l := x.p.find(x.req.Payment)
	if l == nil || l.state.Phase != payment.Charging {
		x.p.using = false
		return
	}
	l.recording = true
	if x.p.w.bug == bugPrintBeforeSave && r.Outcome == kiosk.Charged {
		x.p.w.money.paper(x.p.b, x.req.Payment, kiosk.PaperPending)
	}
	x.p.stepPayment(payment.ChargeResulted{Head: x.p.head(x.req.Payment), Result: r})
}

// take is the terminal with a request in hand; x is nil when the line is gone.
func (t *terminalBox) take(req kiosk.ChargeRequest, x *exchange) {
	w := t.b.w
	w.money.asked(t.b, req.Payment)
	t.busy = true
	t.turn++
	turn := t.turn
	w.tell(req.Payment, "terminal: asked, line %t", x != nil)
	think := w.between(2*second, 30*second)
	if w.fault(w.par.LateCard) {
		think = w.between(140*second, 200*second)
	}
	if x != nil {
		x.p.after(w.between(100*ms, 800*ms), func() {
			if !x.over {
				x.p.stepSession(session.TerminalSaid{Visit: x.visit, Text: "INSERIRE CARTA"})
			}
		})
		if w.fault(w.par.LineBefore) {
			x.p.after(w.between(0, think), x.lost)
		}
	}
	w.after(think, func() {
		if t.turn == turn {
			t.decide(req, x)
		}
	})
}

// heard says that the kiosk is still on the line.
func (x *exchange) heard() bool { return x != nil && !x.over && x.p.alive() }

// decide ends the transaction: the card, the host, the account, the answer.
func (t *terminalBox) decide(req kiosk.ChargeRequest, x *exchange) {
	w := t.b.w
	t.stan = (t.stan + 1) % 1_000_000
	t.busy = false
	r := ecr17.Result{
		Terminal: t.id, Form: ecr17.Plain, Code: ecr17.ResultKO, Text: "CARTA RIFIUTATA", CardType: '3', Acquirer: "NEXI",
		STAN: fmt.Sprintf("%06d", t.stan), OnlineID: fmt.Sprintf("%06d", t.stan+7),
	}
	gone := !x.heard() && w.chance(400) // a terminal may give up when nobody listens
	switch {
	case gone, w.chance(w.par.Decline):
		w.count.declined++
	case w.chance(w.par.Decline / 4):
		r.Code, r.Text = ecr17.ResultNoCard, "CARTA ASSENTE"
	default:
		t.approve(req, &r)
	}
	if r.OK() || t.saves {
		t.last, t.has = r, true
	}
	if x == nil {
		return
	}
	if w.fault(w.par.LineAfter) {
		x.p.after(w.between(0, 200*ms), x.lost)
		return
	}
	x.p.after(w.between(5*ms, 50*ms), func() { x.answered(r) })
}

func (t *terminalBox) approve(req kiosk.ChargeRequest, r *ecr17.Result) {
	w := t.b.w
	amount := req.Amount
	if t.form && w.fault(w.par.OtherAmount) {
		amount -= 100
	}
	*r = t.approval(amount)
	if w.fault(w.par.CutAtMoney) {
		t.b.cutFor(80 * minute)
	}
	t.ticket = "PAGAMENTO " + req.Text
	w.money.charged(&charge{box: t.b, id: req.Payment, amount: amount, stan: r.STAN})
}

// answers says that the terminal answers a question now.
func (p *proc) answers() (kiosk.Code, bool) {
	t := p.b.term
	switch {
	case !t.up || p.w.fault(p.w.par.LineBefore):
		return kiosk.CodeTerminalOffline, false
	case t.busy || p.using:
		return kiosk.CodeTerminalBusy, false
	}
	return "", true
}

func (p *proc) baseline(id kiosk.PaymentID) {
	p.after(p.w.between(50*ms, 500*ms), func() {
		if code, ok := p.answers(); !ok {
			p.stepPayment(payment.BaselineFailed{Head: p.head(id), Code: code})
			return
		}
		p.stepPayment(payment.BaselineRead{Head: p.head(id), Baseline: p.b.term.baseline()})
	})
}

// baseline is what the driver keeps of the last result.
func (t *terminalBox) baseline() kiosk.Baseline {
	b := kiosk.Baseline{Known: t.has, TerminalID: t.id}
	if !t.has {
		return b
	}
	b.STAN, b.OnlineID, b.Amount, b.Outcome = t.last.STAN, t.last.OnlineID, t.last.Amount, kiosk.Refused
	if t.last.OK() {
		b.Outcome = kiosk.Charged
	}
	return b
}

// resolve asks what became of a payment whose answer was lost.
func (p *proc) resolve(e payment.Resolve) {
	id := e.Request.Payment
	p.after(p.w.between(100*ms, 8*second), func() {
		if _, ok := p.answers(); !ok {
			p.stepPayment(payment.ResolveFailed{Head: p.head(id)})
			return
		}
		t := p.b.term
		p.observe(healthTerminal, true, string(kiosk.TerminalReady))
		seen := terminal.Evidence{
			Asked: e.Request.Amount, Base: e.Baseline, Idle: true, Terminal: t.id, HasLast: t.has, Last: t.last, SavesRefused: t.saves,
			Text: e.Request.Text,
		}
		if t.tickets {
			seen.Ticket = t.ticket
		}
		if p.w.bug == bugOtherTerminal {
			seen.Terminal, seen.Ticket = e.Baseline.TerminalID, ""
		}
		p.stepPayment(payment.Resolved{Head: p.head(id), Result: terminal.Decide(seen)})
	})
}

// personDecides closes undecided payments by the terminal's own account.
func (p *proc) personDecides() {
	if p.b.term.busy || p.using {
		return
	}
	for _, l := range p.live {
		doubtful := l.state.Phase == payment.Doubtful && p.w.chance(200)
		if l.state.Phase != payment.Undecided && !doubtful || p.w.chance(300) {
			continue
		}
		r := kiosk.ChargeResult{Outcome: kiosk.Refused, TerminalID: p.b.term.id, Reason: byPerson}
		if c := p.w.money.of[l.state.ID]; c != nil {
			r.Outcome, r.Amount = kiosk.Charged, c.amount
			if p.w.chance(500) { // a person may not know it
				r.STAN = c.stan
			}
		}
		p.w.count.byPerson++
		p.stepPayment(payment.Resolved{Head: p.head(l.state.ID), Result: r, Person: true})
		return
	}
}

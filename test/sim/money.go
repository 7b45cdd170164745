package main

// Money: what the terminals really did, and the promises that hang on it.

import (
	"fmt"
	"slices"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// drainBound is the time in which a healed fleet must have delivered everything:
// three times the longest wait of the delivery.
const drainBound = 15 * minute

type charge struct {
	box    *box
	id     kiosk.PaymentID
	amount kiosk.Amount
	stan   string
}

type money struct {
	w   *world
	of  map[kiosk.PaymentID]*charge
	all []*charge
}

func newMoney(w *world) *money { return &money{w: w, of: map[kiosk.PaymentID]*charge{}} }

// charged is told by a terminal that took money.
func (m *money) charged(c *charge) {
	if first := m.of[c.id]; first != nil {
		m.w.fail("one-charge-per-id", "payment %s was charged as %s and as %s", c.id, first.stan, c.stan)
	}
	m.of[c.id] = c
	m.w.tell(c.id, "terminal: charged %s as %s", c.amount, c.stan)
	m.all = append(m.all, c)
	m.w.count.charges++
	m.w.note(5, uint64(c.amount))
}

// asked is told by a terminal that was asked for money: the journal must know.
func (m *money) asked(b *box, id kiosk.PaymentID) {
	if e := b.book.pays[id]; e == nil || e.step != payment.StepCharging {
		m.w.fail("charge-after-save", "the card was asked for %s, whose journal is not at charging", id)
	}
}

// posted looks at money that enters the ledger.
func (m *money) posted(h *held, told kiosk.ChargeResult) {
	c := m.of[kiosk.PaymentID(h.ID)]
	switch {
	case c == nil:
		m.w.fail("ledger-only-charged", "payment %s is in the ledger and was never charged", h.ID)
	case c.amount != h.Total:
		m.w.fail("ledger-only-charged", "payment %s: %s in the ledger, %s charged", h.ID, h.Total, c.amount)
	case told.STAN != c.stan && told.Reason != byPerson:
		m.w.fail("ledger-only-charged", "payment %s is in the ledger with charge %s, its own is %s", h.ID, told.STAN, c.stan)
	case h.paid > 1:
		m.w.fail("charge-in-ledger-once", "payment %s is in the ledger %d times", h.ID, h.paid)
	}
}

// paper looks at what a paper says when it comes out.
func (m *money) paper(b *box, id kiosk.PaymentID, kind kiosk.PaperKind) {
	m.w.count.papers++
	if kind == kiosk.PaperDoubtful {
		return
	}
	e := b.book.pays[id]
	if e == nil || e.outcome != kiosk.Charged {
		m.w.fail("paper-tells-truth", "paper %q of %s, whose charge is not in the journal", kind, id)
		return
	}
	if c := m.of[id]; c == nil {
		m.w.fail("paper-tells-truth", "paper %q of %s, which was never charged", kind, id)
	}
	if kind != kiosk.PaperReceipt {
		return
	}
	h := m.w.gate.payments[string(id)]
	if h == nil || h.State != outcome.Paid {
		m.w.fail("paper-tells-truth", "receipt of %s, which the gateway has not closed", id)
		return
	}
	for _, bill := range h.Bills {
		if bill.Closing != kiosk.ClosingOK {
			m.w.fail("paper-tells-truth", "receipt of %s, whose bill %s ended %q", id, bill.Debt, bill.Closing)
		}
	}
}

// atEnd looks at everything once more.
func (m *money) atEnd() {
	for _, c := range m.all {
		m.settled(c)
	}
	for _, h := range m.w.gate.all {
		switch {
		case !h.activated:
		case h.State == outcome.Active:
			m.w.fail("activation-outcome", "payment %s of %s was activated and has no outcome", h.ID, h.Kiosk)
		case h.State == outcome.Expired && !m.w.boxOf(h.Kiosk).gone:
			m.w.fail("activation-outcome", "payment %s was activated, and kiosk %s never said how it ended", h.ID, h.Kiosk)
		}
		if h.State == outcome.Doubtful && h.ref == "" {
			m.w.fail("charge-in-ledger-once", "payment %s is unknown and has no reference", h.ID)
		}
	}
	for _, b := range m.w.boxes {
		if !b.gone {
			m.complete(b)
		}
	}
	m.ledger()
	m.owners()
}

// ledger: the accounts sum to zero, what came in is what was charged, and each
// debt was settled once.
func (m *money) ledger() {
	var sum, paid, claimed kiosk.Amount
	for _, a := range m.w.gate.balance {
		sum += a
	}
	settled := map[string]string{}
	for _, h := range m.w.gate.all {
		if h.State == outcome.Paid {
			paid += h.Total
		}
		if h.State == outcome.Doubtful {
			claimed += h.Total
		}
		for _, b := range h.Bills {
			if b.Closing == kiosk.ClosingOK && settled[b.Debt] != "" {
				m.w.fail("debt-settled-once", "%s is settled by %s and by %s", b.Debt, settled[b.Debt], h.ID)
			}
			if b.Closing == kiosk.ClosingOK {
				settled[b.Debt] = h.ID
			}
		}
	}
	in, claims := m.w.gate.balance[outcome.AccountClearing], m.w.gate.balance[outcome.AccountClaim]
	if sum != 0 || in != paid || claims != claimed {
		m.w.fail("postings-zero", "the ledger sums to %s; in %s, paid %s; claims %s, unknown %s", sum, in, paid, claims, claimed)
	}
}

// settled: a charge is in the ledger once, or it is a known unknown case.
func (m *money) settled(c *charge) {
	h := m.w.gate.payments[string(c.id)]
	switch {
	case h == nil:
		m.w.fail("charge-in-ledger-once", "charge %s of %s: the gateway does not know the payment", c.stan, c.id)
	case h.State == outcome.Paid && h.paid == 1:
	case h.State == outcome.Expired && c.box.gone: // an alarm, and the bank's list: nobody else can tell
	case h.State == outcome.Doubtful && h.claims == 1 && h.ref != "" && slices.Contains(c.box.book.open, c.id):
		m.w.count.unknown++
	default:
		m.w.fail("charge-in-ledger-once", "charge %s of %s: payment is %s, %d times in the ledger", c.stan, c.id, h.State, h.paid)
	}
}

// complete: what a kiosk wrote is at the gateway, without a gap.
func (m *money) complete(b *box) {
	for i, r := range b.book.rows {
		if r.row.Sequence != uint64(i+1) {
			m.w.fail("sequence-gapless", "kiosk %s: row %d has sequence %d", b.name, i+1, r.row.Sequence)
		}
	}
	sh := m.w.gate.shelves[b.name]
	have := 0
	if sh != nil {
		have = len(sh.ids)
		for i, id := range sh.ids {
			if id == "" {
				m.w.fail("sequence-gapless", "kiosk %s: the gateway has no row %d of %d", b.name, i+1, len(sh.ids))
			}
		}
	}
	if have != len(b.book.rows) {
		m.w.fail("sequence-gapless", "kiosk %s wrote %d rows, the gateway has %d", b.name, len(b.book.rows), have)
	}
}

// quiet says that nothing is left to deliver or to decide.
func (w *world) quiet() (string, bool) {
	for _, q := range w.gate.untold {
		if !q.done {
			return "the node was not told of " + q.h.ID, false
		}
	}
	for _, b := range w.boxes {
		if b.gone {
			continue
		}
		if b.book.pending > 0 || len(b.book.queue) > 0 {
			return b.name + " has a backlog", false
		}
		if b.proc == nil {
			return b.name + " is off", false
		}
		if _, resting := b.proc.visit.Scene.(session.Attract); !resting {
			return fmt.Sprintf("%s shows %T to nobody", b.name, b.proc.visit.Scene), false
		}
		for _, l := range b.proc.live {
			if !l.state.Finished() && l.state.Phase != payment.Undecided {
				return b.name + ": payment " + string(l.state.ID) + " is " + string(l.state.Phase), false
			}
		}
	}
	return "", true
}

// waiting counts the rows that are not delivered.
func (w *world) waiting() (n int) {
	for _, b := range w.boxes {
		if !b.gone {
			n += b.book.pending
		}
	}
	return n
}

// heal ends all troubles and waits until nothing is left.
func (w *world) heal() {
	w.healed = true
	w.gate.start()
	w.nation.down = false
	for _, b := range w.boxes {
		b.heal()
	}
	busy := w.now
	for w.broken == nil && len(w.heap) > 0 {
		next := w.now + second
		for w.broken == nil && len(w.heap) > 0 && w.heap[0].at <= next {
			w.step()
		}
		w.now = max(w.now, next)
		why, quiet := w.quiet()
		switch {
		case quiet && (w.gate.unheard() == "" || w.now > w.gate.lastWord()):
			return
		case quiet: // until the deadline of what nobody will speak of any more
			busy = w.now
		case w.now-busy > drainBound:
			if w.waiting() == 0 {
				w.money.atEnd() // nothing to deliver, and yet: where is the money?
			}
			w.fail("backlog-drains", "%d minutes after healing: %s", (w.now-busy)/minute, why)
		}
	}
}

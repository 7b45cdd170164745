package main

// Node: the national node, where the debts of some creditors live: what it lends,
// what it was told, and its own counts. Others pay there, too.

import (
	"strconv"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// homeDebt is a debt as the node knows it.
type homeDebt struct {
	of    *debt
	paid  *loan // nil: not by us
	other bool  // another provider paid it
	last  *loan // the newest
}

// loan is one token that the node gave out.
type loan struct {
	at      *homeDebt
	key     string
	token   string
	expires int64
	told    kiosk.Closing // what we said, once
	said    kiosk.Closing // what it answered: the same for ever

	presumed bool // that it was not paid
}

// nation is the node.
type nation struct {
	w      *world
	down   bool
	keys   map[string]*loan
	tokens map[string]*loan
	loans  []*loan
	money  kiosk.Amount // that it owes to creditors, for us
}

func newNation(w *world) *nation {
	return &nation{w: w, keys: map[string]*loan{}, tokens: map[string]*loan{}}
}

// troubles takes the node down and up again.
func (n *nation) troubles() {
	n.w.after(n.w.between(0, 2*n.w.par.NodeDownEvery), func() {
		if n.w.healed {
			return
		}
		n.goesDown()
		n.troubles()
	})
}

func (n *nation) goesDown() {
	if n.down {
		return
	}
	n.down = true
	n.w.count.cuts++
	long := 5 * minute
	if n.w.chance(100) {
		long = hour // what it has to hear waits for longer than tokens live
	}
	n.w.after(n.w.between(second, long), func() { n.down = false })
}

// known makes a debt known to the node; somebody else may pay it one day.
func (n *nation) known(d *debt) {
	d.home = &homeDebt{of: d}
	if n.w.fault(n.w.par.PaidElsewhere) {
		n.w.after(n.w.between(0, 40*minute), func() { n.elsewhere(d.home) })
	}
}

// elsewhere: another provider takes the money, if the node lets it.
func (n *nation) elsewhere(at *homeDebt) {
	if n.stands(at) == kiosk.BillPayable && !n.w.healed {
		at.other = true
		n.w.count.elsewhere++
	}
}

// stands is how a notice stands for everybody.
func (n *nation) stands(at *homeDebt) kiosk.BillStatus {
	switch {
	case at.other, at.paid != nil:
		return kiosk.BillPaid
	case at.last != nil && at.last.told == kiosk.ClosingOpen && n.w.now < at.last.expires:
		return kiosk.BillInPayment
	}
	return kiosk.BillPayable
}

// lend gives a token, the same for the same key while its time runs.
func (n *nation) lend(key string, at *homeDebt) (*loan, kiosk.Code) {
	if l := n.keys[key]; l != nil && n.w.now < l.expires {
		return l, ""
	}
	if st := n.stands(at); st != kiosk.BillPayable {
		return nil, refusals[st]
	}
	l := &loan{at: at, key: key, token: "n" + strconv.Itoa(len(n.loans)+1), expires: n.w.now + n.w.between(n.w.par.NodeLife, tokenLife)}
	n.keys[key], n.tokens[l.token], at.last = l, l, l
	n.loans = append(n.loans, l)
	n.w.count.loans++
	if n.w.fault(n.w.par.NodeDiesAtLoan) {
		n.w.after(n.w.between(0, 3*second), n.goesDown) // a cart may be lent in part
	}
	if n.w.fault(700) { // who is left without an outcome pays at another place
		n.w.after(l.expires-n.w.now+n.w.between(0, 5*minute), func() { n.elsewhere(at) })
	}
	return l, ""
}

// end takes the outcome of a token. Money that comes after the token's time is
// taken, unless somebody else has paid. Another outcome than the first is not: agrees
// is false where what we said before was presumed, or is said behind the truth.
func (n *nation) end(t outcome.Telling, of kiosk.PaymentID) (said kiosk.Closing, agrees bool) {
	token, paid := t.Token, t.Paid
	l, told := n.tokens[token], kiosk.ClosingKO
	if paid {
		told = kiosk.ClosingOK
	}
	switch {
	case l == nil:
		n.w.fail("loan-outcome", "the node was told %q for token %q, which it never gave", told, token)
		return kiosk.ClosingOpen, true
	case l.told == told:
		return l.said, true
	case l.told != kiosk.ClosingOpen && (l.presumed || t.Presumed):
		n.w.count.disagreements++
		return l.said, false
	case l.told != kiosk.ClosingOpen:
		n.w.fail("owner-told-once", "token %s of payment %s was told %q and then %q", token, of, l.told, told)
		return l.said, true
	}
	l.told, l.said, l.presumed = told, told, t.Presumed
	n.w.tell(of, "node: token %s told %q, paid by us %t, by others %t", token, told, l.at.paid != nil, l.at.other)
	switch {
	case !paid:
	case l.at.other || l.at.paid != nil:
		l.said = kiosk.ClosingDuplicate
		n.w.count.refunds++
	default:
		l.at.paid = l
		n.money += l.at.of.asked
		n.w.money.told(of)
	}
	return l.said, true
}

// told looks at money that the node will pay out: the card was charged for it.
func (m *money) told(id kiosk.PaymentID) {
	if m.of[id] == nil {
		m.w.fail("ledger-only-charged", "payment %s was told to the node as paid and was never charged", id)
	}
}

// owners compares the node's own counts with the book, when all is over.
func (m *money) owners() {
	n := m.w.nation
	for _, l := range n.loans {
		h := m.w.gate.payments[l.key[:idLength]]
		if h == nil || l.told == kiosk.ClosingOpen && h.State != outcome.Doubtful && !h.orphaned(l) {
			m.w.fail("loan-outcome", "token %s, lent for %s, never got its outcome", l.token, l.key)
		}
	}
	var owed, back kiosk.Amount
	for _, h := range m.w.gate.all {
		for _, b := range h.Bills {
			if b.Closing == kiosk.ClosingDuplicate {
				back += b.Amount + b.Fee
			}
			if b.Remote && b.Closing == kiosk.ClosingOK {
				owed += b.Amount
				m.closed(h, b)
			}
			if b.Remote && h.State == outcome.Paid && b.Closing == kiosk.ClosingOpen {
				m.w.fail("owner-agrees", "bill %s of %s was paid, and its owner never said what became of it", b.Debt, h.ID)
			}
		}
	}
	if owed != n.money || m.w.gate.balance[outcome.CreditorAccount(string(remoteCreditor))] != -owed {
		m.w.fail("owner-agrees", "closed at the owner's %s, the ledger owes %s, the node counts %s", owed,
			-m.w.gate.balance[outcome.CreditorAccount(string(remoteCreditor))], n.money)
	}
	if m.w.gate.balance[outcome.AccountRefunds] != -back {
		m.w.fail("owner-agrees", "refund cases of %s, the ledger owes back %s", back, -m.w.gate.balance[outcome.AccountRefunds])
	}
}

// orphaned says that a token never came into the book: its answer was lost, and the
// node was not to be reached until the token's time was over, nor the key's by which
// it could have been found. The queue asked until then.
func (h *held) orphaned(l *loan) bool {
	for _, q := range h.tells {
		if l.key == loanKey(h, q.tell.Debt) && q.done && !q.tell.Paid && q.tell.Token != l.token && q.ended >= l.expires {
			return true
		}
	}
	return false
}

// closed: what the book calls paid, the node counts for this very token.
func (m *money) closed(h *held, b outcome.Bill) {
	if l := m.w.nation.tokens[b.Token]; l == nil || l.at.paid != l || l.at.of.id != b.Debt {
		m.w.fail("owner-agrees", "bill %s of %s is closed, and the node was not paid with token %q", b.Debt, h.ID, b.Token)
	}
}

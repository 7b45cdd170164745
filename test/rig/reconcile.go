package rig

// Three books side by side: the terminal's, the kiosk's, the gateway's.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/node/sim"
	"github.com/tserve/jolly/sync/gateway/outcome"
	"github.com/tserve/jolly/sync/outbox"
)

// Invariant names something that must hold of the books together.
type Invariant string

// The invariants. Those of the second group hold once a payment has come to its end.
const (
	ChargedOnce    Invariant = "charged-once"    // a payment has at most one approved sale at the terminal
	ChargeKnown    Invariant = "charge-known"    // an approved sale stands in the kiosk's book, as charged or as unknown, never as refused
	ChargeReal     Invariant = "charge-real"     // what the kiosk calls charged, the terminal charged: amount and STAN
	AmountAgreed   Invariant = "amount-agreed"   // the terminal took the total that the citizen agreed to
	RowsWhole      Invariant = "rows-whole"      // no row is refused, none stands in the outbox twice
	LedgerBalanced Invariant = "ledger-balanced" // the gateway's accounts sum to zero
	DebtPaidOnce   Invariant = "debt-paid-once"  // no bill is paid by two charges without a refund
	Ended          Invariant = "ended"           // every payment is closed, dropped or in a person's hands
	OutboxDrained  Invariant = "outbox-drained"  // nothing waits for delivery
	OutcomeBooked  Invariant = "outcome-booked"  // the gateway's state of a payment is the kiosk's
	NothingHeld    Invariant = "nothing-held"    // no activation stands without its outcome
	MoneyAccounted Invariant = "money-accounted" // what the terminal charged is what the gateway's clearing account holds
	NodeAgrees     Invariant = "node-agrees"     // what the gateway owes to the node's creditors is what the node counts

)

const (
	accountClearing = "acquirer-clearing"    // as the gateway names it
	settleLook      = 300 * time.Millisecond // between two readings of the books
)

// Violation is one invariant that does not hold.
type Violation struct {
	Invariant Invariant
	Payment   string // "" where it is about all of them
	Detail    string
}

// Error makes a violation an error.
func (v Violation) Error() string {
	if v.Payment == "" {
		return fmt.Sprintf("%s: %s", v.Invariant, v.Detail)
	}
	return fmt.Sprintf("%s: payment %s: %s", v.Invariant, v.Payment, v.Detail)
}

// Books are the three books at one moment.
type Books struct {
	Terminal []Charge
	Kiosk    Book
	Gateway  map[string]gateway.Evidence // by payment; absent: not known there
	Balances []gateway.Balance
	Node     *sim.Counts // nil: there is no node
}

// Books reads all three.
func (r *Rig) Books(ctx context.Context) (Books, error) {
	b := Books{Terminal: r.Charges(), Gateway: map[string]gateway.Evidence{}}
	var err error
	if b.Kiosk, err = r.Book(ctx); err != nil {
		return b, err
	}
	ids := map[string]bool{}
	for _, e := range b.Kiosk.Payments {
		ids[e.ID] = true
	}
	for _, c := range b.Terminal {
		if c.Payment != "" {
			ids[c.Payment] = true
		}
	}
	for id := range ids {
		e, err := r.Ledger(ctx, id)
		if errors.Is(err, ErrNotBooked) {
			continue
		}
		if err != nil {
			return b, err
		}
		b.Gateway[id] = e
	}
	if b.Balances, err = r.Balances(ctx); err != nil {
		return b, err
	}
	counts := r.NodeCounts()
	b.Node = &counts
	return b, nil
}

// Reconcile reads the books and compares them. The error joins every [Violation].
func Reconcile(ctx context.Context, r *Rig) error {
	b, err := r.Books(ctx)
	if err != nil {
		return err
	}
	return b.Compare()
}

// Settle reconciles until the books agree: deliveries and resolutions take their time.
func Settle(ctx context.Context, r *Rig) error {
	for {
		err := Reconcile(ctx, r)
		if err == nil {
			return nil
		}
		if pause(ctx, settleLook) != nil {
			return fmt.Errorf("the books do not agree:\n%w", err)
		}
	}
}

// Compare holds the books against one another.
func (b Books) Compare() error {
	var c comparison
	c.sales(b)
	c.journal(b)
	c.rows(b)
	c.debts(b)
	c.money(b)
	c.node(b)
	return errors.Join(c.found...)
}

// comparison gathers what does not hold.
type comparison struct{ found []error }

func (c *comparison) broken(i Invariant, id, format string, args ...any) {
	c.found = append(c.found, Violation{Invariant: i, Payment: id, Detail: fmt.Sprintf(format, args...)})
}

// approved says that the terminal took money.
func (c Charge) approved() bool { return c.Outcome == Approved }

// sales walks the terminal's book.
func (c *comparison) sales(b Books) {
	book := map[string]Entry{}
	for _, e := range b.Kiosk.Payments {
		book[e.ID] = e
	}
	stans := map[string]string{}
	for _, s := range b.Terminal {
		if !s.approved() {
			continue
		}
		if first, twice := stans[s.Payment]; twice {
			c.broken(ChargedOnce, s.Payment, "the terminal charged it under STAN %s and again under %s", first, s.STAN)
		}
		stans[s.Payment] = s.STAN
		e, ok := book[s.Payment]
		switch {
		case !ok:
			c.broken(ChargeKnown, s.Payment, "STAN %s charged %s and the kiosk's book has nothing", s.STAN, kiosk.Amount(s.Amount))
			continue
		case e.Step == payment.StepDropped || e.Outcome == kiosk.Refused:
			c.broken(ChargeKnown, s.Payment, "STAN %s charged %s and the kiosk's book says %s %s", s.STAN, kiosk.Amount(s.Amount), e.Step, e.Outcome)
		}
		if kiosk.Amount(s.Amount) != e.State.Agreed {
			c.broken(AmountAgreed, s.Payment, "the terminal charged %s, agreed to was %s", kiosk.Amount(s.Amount), e.State.Agreed)
		}
	}
}

// journal walks the kiosk's book.
func (c *comparison) journal(b Books) {
	for _, e := range b.Kiosk.Payments {
		if e.Outcome == kiosk.Charged {
			c.charged(b, e)
		}
		g, known := b.Gateway[e.ID]
		switch {
		case e.Step == payment.StepClosed || (e.Outcome == kiosk.Charged && closedAll(e.State)):
			c.paid(e, g, known)
		case e.Step == payment.StepDropped || e.Outcome == kiosk.Refused:
			if known && g.State != api.PaymentStateNotPaid {
				c.broken(NothingHeld, e.ID, "the kiosk ended it without a charge (%s), the gateway says %s", e.State.Reason, g.State)
			}
		case e.Outcome == kiosk.Unknown:
			if !known || g.State != api.PaymentStateInVerification {
				c.broken(OutcomeBooked, e.ID, "unknown at the kiosk, at the gateway %q", g.State)
			}
		default:
			c.broken(Ended, e.ID, "its last step is %s, phase %s, outcome %q; the gateway says %q", e.Step, e.State.Phase, e.Outcome, g.State)
		}
	}
}

func closedAll(s payment.State) bool {
	for i := range s.Cart.Count {
		if s.Closings[i] == kiosk.ClosingOpen {
			return false
		}
	}
	return s.Cart.Count > 0
}

// charged finds the terminal's sale behind a charged payment.
func (c *comparison) charged(b Books, e Entry) {
	for _, s := range b.Terminal {
		if s.approved() && s.Payment == e.ID && s.STAN == e.STAN && kiosk.Amount(s.Amount) == e.Total {
			return
		}
	}
	c.broken(ChargeReal, e.ID, "the kiosk says charged %s under STAN %s, the terminal has no such sale", e.Total, e.STAN)
}

// paid compares a closed payment with the gateway's.
func (c *comparison) paid(e Entry, g gateway.Evidence, known bool) {
	switch {
	case !known:
		c.broken(OutcomeBooked, e.ID, "closed at the kiosk, not known at the gateway")
	case g.State != api.PaymentStatePaid || g.Charge.Outcome != kiosk.Charged:
		c.broken(OutcomeBooked, e.ID, "closed at the kiosk, at the gateway %s, charge %q", g.State, g.Charge.Outcome)
	case g.Total != e.Total || g.Charge.STAN != e.STAN || g.Charge.Amount != e.Total:
		c.broken(OutcomeBooked, e.ID, "the kiosk has %s under STAN %s, the gateway %s (charge %s) under %s", e.Total, e.STAN, g.Total, g.Charge.Amount, g.Charge.STAN)
	}
}

// rows walks the outbox and what the gateway made of it.
func (c *comparison) rows(b Books) {
	seen := map[string]bool{}
	for _, r := range b.Kiosk.Rows {
		if seen[r.ID] {
			c.broken(RowsWhole, string(r.Payment), "row %s stands in the outbox twice", r.ID)
		}
		seen[r.ID] = true
		if r.State == outbox.RowParked {
			c.broken(RowsWhole, string(r.Payment), "row %s is parked: %s", r.ID, r.Reason)
		}
	}
	if n := b.Kiosk.Pending(); n > 0 {
		c.broken(OutboxDrained, "", "%d rows wait", n)
	}
	for id, e := range b.Gateway {
		decisions := 0
		for _, r := range e.Rows {
			if r.Verdict != kiosk.VerdictAccepted && r.Verdict != kiosk.VerdictDuplicate {
				c.broken(RowsWhole, id, "the gateway's verdict on row %s is %s: %s", r.ID, r.Verdict, r.Reason)
			}
			switch kiosk.RowKind(r.Kind) {
			case kiosk.RowPaid, kiosk.RowNotPaid, kiosk.RowResolved:
				decisions++
			}
		}
		if decisions > 1 {
			c.broken(RowsWhole, id, "%d rows decide it", decisions)
		}
	}
}

// debts finds bills that two charges paid.
func (c *comparison) debts(b Books) {
	payer := map[string]string{}
	for id, e := range b.Gateway {
		for _, bill := range e.Bills {
			if bill.Closing != kiosk.ClosingOK {
				continue
			}
			if first, twice := payer[bill.BillID]; twice {
				c.broken(DebtPaidOnce, id, "bill %s was paid by %s, too", bill.BillID, first)
			}
			payer[bill.BillID] = id
		}
	}
}

// node compares the creditors' due with what the national node says.
func (c *comparison) node(b Books) {
	if b.Node == nil {
		return
	}
	var owed kiosk.Amount
	for _, a := range b.Balances {
		for _, code := range nodeCreditors {
			if a.Account == outcome.CreditorAccount(string(code)) {
				owed -= a.Balance
			}
		}
	}
	if owed != b.Node.Money {
		c.broken(NodeAgrees, "", "the gateway owes %s to the node's creditors, the node counts %s", owed, b.Node.Money)
	}
}

// money compares sums: what the terminal took for payments that are decided is
// what the gateway expects from the acquirer.
func (c *comparison) money(b Books) {
	var sum, clearing, charged kiosk.Amount
	for _, a := range b.Balances {
		sum += a.Balance
		if a.Account == accountClearing {
			clearing = a.Balance
		}
	}
	if sum != 0 {
		c.broken(LedgerBalanced, "", "the accounts sum to %s", sum)
	}
	unknown := map[string]bool{}
	for _, e := range b.Kiosk.Payments {
		unknown[e.ID] = e.Outcome == kiosk.Unknown
	}
	for _, s := range b.Terminal {
		if s.approved() && !unknown[s.Payment] {
			charged += kiosk.Amount(s.Amount)
		}
	}
	if charged != clearing {
		c.broken(MoneyAccounted, "", "the terminal charged %s, the gateway expects %s from the acquirer", charged, clearing)
	}
}

// Broken says whether an error of [Reconcile] holds a violation of an invariant.
func Broken(err error, i Invariant) bool {
	return err != nil && strings.Contains(err.Error(), string(i)+": ")
}

package outcome

// Owned: the last word of a remote debt's owner on a payment that we took.

import (
	"slices"

	"github.com/tserve/jolly/kiosk"
)

// Owned closes one remote bill as its owner says: ok, or duplicate where
// somebody else had paid it meanwhile; then bill and fee go back to the citizen.
// The same word again changes nothing. The payment is not changed: the change
// has bills of its own. A word that does not fit is parked.
func Owned(p Payment, debt string, closing kiosk.Closing) Change {
	a := &act{p: p}
	a.p.Bills = slices.Clone(p.Bills)
	i := slices.IndexFunc(a.p.Bills, func(b Bill) bool { return b.Debt == debt && b.Remote })
	fits := closing == kiosk.ClosingOK || closing == kiosk.ClosingDuplicate
	if i < 0 || p.State != Paid || !fits {
		return Change{Verdict: Parked(ReasonOwner)}
	}
	b := &a.p.Bills[i]
	switch {
	case b.Closing == closing:
		return Change{Verdict: Accepted(a.closings()), Bills: a.p.Bills}
	case b.Closing != kiosk.ClosingOpen:
		return Change{Verdict: Parked(ReasonOwner, a.closings()...)}
	}
	b.Closing = closing
	if closing == kiosk.ClosingDuplicate {
		back := []Entry{{CreditorAccount(b.Creditor), b.Amount}, {AccountFees, b.Fee}, {AccountRefunds, -(b.Amount + b.Fee)}}
		for _, d := range b.Circuit {
			back = append(back, Entry{AccountCircuit, d.Amount}, Entry{DueAccount(d.By), -d.Amount})
		}
		a.post(KindReturned, back)
	}
	a.out.Close, a.out.Bills = true, a.p.Bills
	a.out.Verdict = Accepted(a.closings())
	return a.out
}

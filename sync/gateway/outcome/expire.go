package outcome

// Expire: the end of an activation of which nobody says anything.

import (
	"slices"

	"github.com/tserve/jolly/kiosk"
)

// Expire closes an activation that is over and has no outcome: every bill KO, and
// the owner of a remote debt is to be told so. ok is false when the payment has
// its outcome, or is in doubt: then nothing changes. Whether the time has come is
// the caller's to know: what an owner was told cannot be taken back, so there must
// be no kiosk that can still say that it was paid, or a person must be called.
//
// The payment is not changed: the change has bills of its own.
func Expire(p Payment) (c Change, ok bool) {
	if p.State != Active {
		return Change{}, false
	}
	a := &act{p: p}
	a.p.Bills = slices.Clone(p.Bills)
	for i := range a.p.Bills {
		b := &a.p.Bills[i]
		b.Closing = kiosk.ClosingKO
		if b.Remote {
			a.out.Tell = append(a.out.Tell, Telling{Debt: b.Debt, Token: b.Token, Presumed: true})
		}
	}
	a.out.Close, a.out.To, a.out.Bills = true, Expired, a.p.Bills
	a.out.Verdict = Accepted(a.closings())
	return a.out, true
}

// Certificate is what a kiosk says of its own journal, as of one moment.
type Certificate struct {
	Open    int    // payments that have not ended
	Waiting int    // rows that are to be delivered, or were refused for good
	Last    uint64 // sequence of the last row that it wrote
}

// Complete says that a kiosk has nothing more to say about what it activated so
// far: no payment is open, no row waits, and the rows that are here are all that it
// ever wrote. have is the runs of sequences that are here, first and last of each,
// without neighbours. A book that lacks rows which the kiosk once delivered was
// restored; one that has more was filled from another disk: in both cases, and
// where it wrote nothing yet, the kiosk speaks for nothing.
func (c Certificate) Complete(have ...[2]uint64) bool {
	return c.Open == 0 && c.Waiting == 0 && c.Last > 0 && len(have) == 1 && have[0] == [2]uint64{1, c.Last}
}

package outbox

// Rules: what the book decides, without the file. The simulation in test/sim
// runs these; a test holds the file to them.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// MayFollow says that a step may come after the last one of its payment.
func MayFollow(last, next payment.Journal) bool { return mayFollow(last, next) }

// Unfinished says that start-up recovery must see a payment that stands so.
func Unfinished(s payment.State) bool { return open(&s) }

// Chain is the last link of the outbox: its sequence, and the hash over all
// rows so far. The zero value is an empty outbox.
type Chain struct {
	Sequence uint64
	Hash     string
}

// Next gives a new row the next sequence and returns the chain with it.
func (c Chain) Next(r kiosk.OutboxRow) (kiosk.OutboxRow, Chain) {
	r.Sequence = c.Sequence + 1
	return r, Chain{Sequence: r.Sequence, Hash: rowLink(c.Hash, r)}
}

// Settled is what a verdict makes of its row, which is in state now. A row that
// was delivered stays so; a parked one can still turn out to be delivered.
func Settled(now RowState, r kiosk.OutboxRow, v kiosk.Verdict) (RowState, bool) {
	to, _ := settled(v)
	switch {
	case to == "" || v.ID != r.ID || (v.Sequence != 0 && v.Sequence != r.Sequence):
		return now, false
	case now == RowPending, now == RowParked && to == RowDelivered:
		return to, true
	}
	return now, false
}

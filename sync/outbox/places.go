package outbox

// Where the open payments stand, remembered: the book has one writer, and every
// step would otherwise begin with asking it what it has just written.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// place is where a payment stands in the journal.
type place struct {
	step        payment.Journal
	first, last uint64 // its entries lie between; first is 0 when it has none
	known       bool   // brief is: not so when the place was read from the book
	brief       brief  // of the list
}

// brief is what the list of payments says besides the step.
type brief struct {
	open                 bool // there is more to come
	outcome              kiosk.Outcome
	amount, fee, total   kiosk.Amount
	terminal, stan, auth string
}

func briefOf(s *payment.State) brief {
	fee, total := s.Fee(), s.Total()
	return brief{
		open: open(s), outcome: s.Result.Outcome, amount: total - fee, fee: fee, total: total,
		terminal: s.Result.TerminalID, stan: s.Result.STAN, auth: s.Result.AuthCode,
	}
}

type places map[kiosk.PaymentID]place

// take remembers what a commit made durable, and forgets payments that ended.
func (p places) take(moved places) {
	for id, at := range moved {
		if at.brief.open {
			p[id] = at
		} else {
			delete(p, id)
		}
	}
}

// remembers says that the payment's place is known without asking the book.
func (b *batch) remembers(id kiosk.PaymentID) bool {
	_, moved := b.places[id]
	_, durable := b.known[id]
	return moved || durable
}

// where tells a payment's place, with what the batch itself has moved; the zero
// place when the book does not know the payment.
func (b *batch) where(ctx context.Context, id kiosk.PaymentID) (place, error) {
	at, ok := b.places[id]
	if !ok {
		at, ok = b.known[id]
	}
	if ok {
		return at, nil
	}
	err := b.lastStep.QueryRowContext(ctx, string(id)).Scan(&at.step, &at.first, &at.last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return place{}, fmt.Errorf("place of %s: %w", id, err)
	}
	return at, nil
}

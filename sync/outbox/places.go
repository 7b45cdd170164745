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
	first, last uint64 // its entries lie between
	open        bool   // there is more to come
}

type places map[kiosk.PaymentID]place

// take remembers what a commit made durable, and forgets payments that ended.
func (p places) take(moved places) {
	for id, at := range moved {
		if at.open {
			p[id] = at
		} else {
			delete(p, id)
		}
	}
}

// remembered tells a payment's place without asking the book.
func (b *batch) remembered(id kiosk.PaymentID) (place, bool) {
	at, ok := b.places[id]
	if !ok {
		at, ok = b.known[id]
	}
	return at, ok
}

// where tells a payment's place, with what the batch itself has moved.
func (b *batch) where(ctx context.Context, id kiosk.PaymentID) (place, error) {
	if at, ok := b.remembered(id); ok {
		return at, nil
	}
	var at place
	err := b.lastStep.QueryRowContext(ctx, string(id)).Scan(&at.step, &at.first, &at.last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return place{}, fmt.Errorf("place of %s: %w", id, err)
	}
	return at, nil
}

// moved notes a step that the batch wrote.
func (b *batch) moved(s payment.State, n uint64) {
	at, ok := b.remembered(s.ID)
	switch {
	case s.Step == payment.StepPrepared:
		at.first = n
	case !ok:
		return // its beginning is in the book and was not remembered: ask again
	}
	at.step, at.last, at.open = s.Step, n, open(s)
	b.places[s.ID] = at
}

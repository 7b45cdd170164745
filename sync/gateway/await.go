package gateway

// Waiting a moment for the owners: a kiosk whose citizen stands before it shall
// hear the closing of a bill with the answer to its row.

import (
	"context"
	"sync"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// How long the answer to a row waits for the owners of its bills, and how often
// the book is looked at meanwhile: another gateway may be the one that tells.
const (
	ownersWait = 2 * time.Second
	ownersLook = 250 * time.Millisecond
)

// bell tells whoever waits that something has changed.
type bell struct {
	mu   sync.Mutex
	rung chan struct{}
}

// next is closed by the next ring.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung == nil {
		b.rung = make(chan struct{})
	}
	return b.rung
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
}

// awaitOwners gives rows the closings that come within a moment. The rows are
// in the book already: nothing that goes wrong here takes them back. A kiosk that
// delivers its backlog does not wait.
func (s *Store) awaitOwners(ctx context.Context, rows []*pushed) {
	var open []*pushed
	tells := false
	for _, r := range rows {
		if tells = tells || r.tells; r.awaits {
			open = append(open, r)
		}
	}
	if tells {
		s.fresh.ring()
	}
	if len(open) == 0 || len(rows) > urgentRows || s.tellers.Load() == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, ownersWait)
	defer cancel()
	for {
		changed := s.closed.next()
		if s.fillClosings(ctx, open) {
			return
		}
		look := time.NewTimer(ownersLook)
		select {
		case <-changed:
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			return
		}
		look.Stop()
	}
}

// fillClosings reads the closings as they are now; done says that none is missing.
func (s *Store) fillClosings(ctx context.Context, rows []*pushed) (done bool) {
	done = true
	for _, r := range rows {
		p, bills, err := s.snapshot(ctx, func(q queryer) (payment, error) { return loadPayment(ctx, q, r.read.Body.Payment) })
		if err != nil || p.state != outcome.Paid {
			return true // the answer that there is must do
		}
		r.verdict.Closings = nil
		for _, b := range bills {
			if b.closing != kiosk.ClosingOpen {
				r.verdict.Closings = append(r.verdict.Closings, kiosk.BillClosing{BillID: b.debt, Closing: b.closing})
			}
		}
		done = done && len(r.verdict.Closings) == len(bills)
	}
	return done
}

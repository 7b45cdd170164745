package outbox

// Mending: a book that takes no writes because its file could not be opened again
// after a failed commit is opened again as soon as that works.

import (
	"context"
	"fmt"
)

// mend opens a book again that takes no writes. What it finds then is durable,
// as it would be for a new process: [Store.reopen] has synced it. A write of which
// nobody knew whether it happened is known when it is tried again.
func (s *Store) mend(ctx context.Context) error {
	s.turn.Lock()
	if s.broken == nil || s.closed || s.leading {
		s.turn.Unlock()
		return nil
	}
	s.leading = true // nobody else touches the handle; writes are refused meanwhile
	s.turn.Unlock()

	err := s.reopen(context.WithoutCancel(ctx))

	s.turn.Lock()
	if err == nil {
		s.broken = nil
	}
	if len(s.queue) > 0 { // Close waits for its turn, and whoever came when it was mended
		s.queue[0].promoted = true
		close(s.queue[0].lead)
	} else {
		s.leading = false
	}
	s.turn.Unlock()
	if err != nil {
		return fmt.Errorf("open the book again: %w", err)
	}
	s.log.Info("book takes writes again")
	return nil
}

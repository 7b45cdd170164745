package outbox

// Group commit: who comes while a commit runs shares the next one.

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
)

const (
	maxBatch = 256 // writes in one commit

	// How often a leader lets others run before it syncs, while there are some who
	// are about to ask: without it two halves of them take turns, and each sync
	// serves a half.
	patience = 3
)

// write is one change of the book, waiting for its commit.
type write struct {
	do       func(ctx context.Context, b *batch) error // idempotent: done twice it changes nothing
	err      error
	done     chan struct{} // closed when err is final
	lead     chan struct{} // closed when this write must lead the next batch
	promoted bool          // lead is closed
	last     bool          // Close: leads once and serves nobody
}

// batch is what a change works on: the statements, and the heads of the chains
// and the places of the payments as they will be when the commit succeeds.
type batch struct {
	*statements
	conn   *sql.Conn
	heads  heads
	known  places // what is durable
	places places // what the batch moves
	wrote  bool   // the change at work began to write
}

func (s *Store) batch() *batch {
	return &batch{statements: &s.stmts, conn: s.conn, heads: s.heads, known: s.places, places: places{}}
}

// apply makes the change durable, or says that it is not. The context ends the
// wait for the turn; a change that was begun is finished.
func (s *Store) apply(ctx context.Context, do func(context.Context, *batch) error) error {
	w := &write{do: do, done: make(chan struct{}), lead: make(chan struct{})}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.turn.Lock()
	switch {
	case s.closed:
		s.turn.Unlock()
		return ErrClosed
	case s.broken != nil:
		s.turn.Unlock()
		return fmt.Errorf("book takes no writes until it is opened again: %w", s.broken)
	}
	s.queue = append(s.queue, w)
	first := !s.leading
	s.leading = true
	s.turn.Unlock()
	if !first && !s.await(ctx, w) {
		return w.err
	}
	s.leadOnce(context.WithoutCancel(ctx))
	return w.err
}

// await returns true when w must lead, false when its err is final.
func (s *Store) await(ctx context.Context, w *write) (lead bool) {
	select {
	case <-w.done:
		return false
	case <-w.lead:
		return true
	case <-ctx.Done():
	}
	s.turn.Lock()
	if at := slices.Index(s.queue, w); at >= 0 && !w.promoted {
		s.queue = slices.Delete(s.queue, at, at+1)
		s.turn.Unlock()
		w.err = ctx.Err() // never begun
		return false
	}
	s.turn.Unlock()
	select {
	case <-w.done:
		return false
	case <-w.lead:
		return true
	}
}

// leadOnce commits what waits now, then hands the place to the next in line.
func (s *Store) leadOnce(ctx context.Context) {
	ops := s.waiting(maxBatch)
	s.turn.Lock()
	broken := s.broken
	s.turn.Unlock()

	if broken != nil {
		failAll(ops, fmt.Errorf("book takes no writes until it is opened again: %w", broken))
	} else {
		ops = s.commit(ctx, ops)
	}

	s.turn.Lock()
	if len(s.queue) > 0 {
		s.queue[0].promoted = true
		close(s.queue[0].lead)
	} else {
		s.leading = false
	}
	s.turn.Unlock()
	for _, op := range ops {
		close(op.done)
	}
}

// waiting takes the writes that wait, at most so many, out of the queue.
func (s *Store) waiting(most int) []*write {
	s.turn.Lock()
	defer s.turn.Unlock()
	n := min(len(s.queue), most)
	if n > 0 && s.queue[n-1].last { // never the first: Close leads, but not here
		n--
	}
	ops := slices.Clone(s.queue[:n])
	s.queue = slices.Delete(s.queue, 0, n)
	return ops
}

func failAll(ops []*write, err error) {
	for _, op := range ops {
		if op.err == nil {
			op.err = err
		}
	}
}

// commit makes the changes durable, and those that join them on the way; it
// returns all. When the disk was full and the ballast gave way, those that surely
// failed are tried once more.
func (s *Store) commit(ctx context.Context, ops []*write) []*write {
	join := func() bool {
		for yields := 0; ; yields++ {
			late := s.waiting(maxBatch - len(ops))
			ops = append(ops, late...)
			if len(late) > 0 {
				return true
			}
			if yields == patience || int(s.inside.Load()) <= len(ops) {
				return false
			}
			runtime.Gosched()
		}
	}
	if !s.try(ctx, &ops, join) {
		return ops
	}
	var again []*write
	for _, op := range ops {
		if full(op.err) && !errors.Is(op.err, ErrAmbiguous) {
			op.err = nil
			again = append(again, op)
		}
	}
	if len(again) > 0 {
		s.try(ctx, &again, nobody)
	}
	return ops
}

func nobody() bool { return false }

// try runs the changes in one transaction; freed says that the ballast was given
// up on the way. A change is refused before it writes anything, and then takes
// nobody with it; where one fails later, each is tried on its own. When all have
// run, join may add others that came meanwhile: they share the sync.
func (s *Store) try(ctx context.Context, ops *[]*write, join func() bool) (freed bool) {
	if err := s.stmts.begin.exec(ctx); err != nil {
		failAll(*ops, fmt.Errorf("begin: %w", err))
		return s.giveWay(err)
	}
	b := s.batch()
	for i := 0; i < len(*ops) || join(); i++ {
		op := (*ops)[i]
		b.wrote = false
		if op.err = op.do(ctx, b); op.err != nil && b.wrote {
			return s.apart(ctx, *ops, op.err)
		}
	}
	if err := b.saveHeads(ctx, s.heads); err != nil {
		return s.apart(ctx, *ops, err)
	}
	if err := s.stmts.commit.exec(ctx); err != nil {
		freed = s.giveWay(err)
		s.decide(ctx, *ops, err)
		return freed
	}
	s.heads = b.heads
	s.places.take(b.places)
	return false
}

// apart takes a transaction back, because a change failed in the middle, and
// gives each change one of its own.
func (s *Store) apart(ctx context.Context, ops []*write, cause error) (freed bool) {
	freed = s.giveWay(cause)
	s.abort(ctx, ops, cause)
	if len(ops) == 1 {
		return freed
	}
	for _, op := range ops {
		s.turn.Lock()
		broken := s.broken
		s.turn.Unlock()
		if broken != nil {
			op.err = cmp.Or(op.err, broken)
			continue
		}
		op.err = nil
		freed = s.try(ctx, &[]*write{op}, nobody) || freed
	}
	return freed
}

// abort takes the whole transaction back: nothing of it is in the book.
func (s *Store) abort(ctx context.Context, ops []*write, cause error) {
	failAll(ops, cause)
	if err := s.stmts.rollback.exec(ctx); err == nil {
		return
	}
	// SQLite may have rolled back by itself, or the handle is ill: a fresh one tells.
	if err := s.reopen(ctx); err != nil {
		s.stop(fmt.Errorf("reopen after failed rollback: %w", err))
	}
}

// decide finds out whether a commit that failed happened: the file is opened
// again, its log is synced by a checkpoint, and each change is tried. One that
// finds nothing to change was committed.
func (s *Store) decide(ctx context.Context, ops []*write, cause error) {
	s.log.Error("commit failed", "error", cause, "writes", len(ops))
	if err := s.reopen(ctx); err != nil {
		s.stop(err)
		failAll(ops, fmt.Errorf("%w: commit: %w; reopen: %w", ErrAmbiguous, cause, err))
		return
	}
	for _, op := range ops {
		if op.err != nil {
			continue // refused before the commit
		}
		there, err := s.landed(ctx, op)
		switch {
		case err != nil:
			op.err = fmt.Errorf("%w: commit: %w; look up: %w", ErrAmbiguous, cause, err)
		case !there:
			op.err = fmt.Errorf("commit, not saved: %w", cause)
		}
	}
}

// landed tries a change and takes it back: it is in the book already if it
// changes nothing.
func (s *Store) landed(ctx context.Context, op *write) (bool, error) {
	if err := s.stmts.begin.exec(ctx); err != nil {
		return false, err
	}
	before, err := s.count(ctx)
	if err == nil {
		err = op.do(ctx, s.batch())
	}
	var after int64
	if err == nil {
		after, err = s.count(ctx)
	}
	if rerr := s.stmts.rollback.exec(ctx); err == nil {
		err = rerr
	}
	return err == nil && after == before, err
}

func (s *Store) count(ctx context.Context) (n int64, err error) {
	err = s.stmts.changes.QueryRowContext(ctx).Scan(&n)
	return n, err
}

// stop refuses all later writes.
func (s *Store) stop(err error) {
	s.log.Error("book takes no more writes", "error", err)
	s.turn.Lock()
	s.broken = err
	s.turn.Unlock()
}

// reopen gives up handles that failed and opens the file again. The checkpoint
// copies the log into the database and syncs that: whatever is readable
// afterwards is durable, and nothing of the old log can come back.
func (s *Store) reopen(ctx context.Context) error {
	if err := s.disconnect(); err != nil {
		s.log.Warn("gave up a failed handle", "error", err)
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	var busy, frames, copied int
	if err := s.db.QueryRowContext(ctx, "pragma wal_checkpoint(truncate)").Scan(&busy, &frames, &copied); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if busy != 0 {
		return fmt.Errorf("checkpoint: a reader holds the log")
	}
	if err := quickCheck(ctx, s.db); err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	return s.Reader.open(ctx)
}

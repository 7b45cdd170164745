package outbox

// Upkeep: what the book needs besides being written. Room and log are watched
// always; archive and copy are made while nobody pays.

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	lookEvery = time.Minute
	logAlarm  = 4 * walLimit // bytes of the -wal file that say: a reader stays too long
)

// Upkeep is how the last round went.
type Upkeep struct {
	Room     Room
	Log      int64     // bytes of the -wal file
	Copied   time.Time // the last copy made by this process; zero if none yet
	Archived Archived  // moved since the start
	Err      error     // of the last round; nil if it went well
}

// Upkeep says how the last round went.
func (s *Store) Upkeep() Upkeep {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.upkeep
}

// Run looks after the book every minute, until the context ends. A round that
// fails is logged, kept for [Store.Upkeep] and tried again: it never stops the
// kiosk.
func (s *Store) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := s.Maintain(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("upkeep of the book", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Maintain is one round: a book that takes no writes is opened again; the ballast
// is put back when there is room again; at rest what is old goes to the archive
// and, when it is time, the book is copied.
func (s *Store) Maintain(ctx context.Context) error {
	errs := []error{s.mend(ctx), s.loadBallast()}
	room, err := s.Room()
	errs = append(errs, err)
	depth, err := s.Depth(ctx)
	errs = append(errs, err)
	if depth.Log > logAlarm {
		errs = append(errs, fmt.Errorf("log has %d bytes: a reader stays too long", depth.Log))
	}
	if !room.Enough && err == nil {
		s.log.Warn("disk is nearly full: no new payment may begin", "free", room.Free, "reserve", s.cfg.Reserve)
	}
	resting, err := s.resting(ctx)
	errs = append(errs, err)
	if resting && room.Enough {
		errs = append(errs, s.atRest(ctx))
	}
	all := errors.Join(errs...)
	s.turn.Lock()
	s.upkeep.Room, s.upkeep.Log, s.upkeep.Err = room, depth.Log, all
	s.turn.Unlock()
	return all
}

// resting says that no payment is open and none was moved for a while.
func (s *Store) resting(ctx context.Context) (bool, error) {
	s.turn.Lock()
	wrote := s.wrote
	s.turn.Unlock()
	if time.Since(wrote) < s.cfg.Rest {
		return false, nil
	}
	open, err := s.Unfinished(ctx)
	return len(open) == 0, err
}

// atRest archives and copies. A clock that nobody vouches for archives nothing:
// in 2099 everything is old.
func (s *Store) atRest(ctx context.Context) error {
	var errs []error
	if now := s.cfg.Now(); now.Trusted {
		moved, err := s.Archive(ctx, now.UnixMilli-s.cfg.Keep.Milliseconds())
		errs = append(errs, err)
		s.turn.Lock()
		s.upkeep.Archived.Steps += moved.Steps
		s.upkeep.Archived.Rows += moved.Rows
		s.turn.Unlock()
		if moved != (Archived{}) {
			s.log.Info("archived", "steps", moved.Steps, "rows", moved.Rows)
		}
	}
	if last := s.Upkeep().Copied; last.IsZero() || time.Since(last) >= s.cfg.Copies {
		err := s.Copy(ctx)
		errs = append(errs, err)
		if err == nil {
			s.turn.Lock()
			s.upkeep.Copied = time.Now()
			s.turn.Unlock()
		}
	}
	return errors.Join(errs...)
}

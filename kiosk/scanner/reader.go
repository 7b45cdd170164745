package scanner

// The loop of every reader that sends characters: open, read, lose, open again.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Port is what is used of a device that sends characters, such as a serial line
// or a keyboard: all calls come from one goroutine.
// Close is never called beside a Read, so that no read can hit a file
// descriptor that meanwhile is another file's.
type Port interface {
	Read(p []byte) (int, error) // 0, nil after the time-out
	SetReadTimeout(t time.Duration) error
	ResetInputBuffer() error
	Close() error
}

// errLost is what a port says when something of a code did not reach it: what
// has begun is torn. The port goes on with the next code.
var errLost = errors.New("part of a code was lost")

// Reader is a reader behind a serial line or one that poses as a keyboard.
type Reader struct {
	cfg  Config
	log  *slog.Logger
	open func(path string, baud int) (Port, error)

	emit func(Event)
	told StateChanged // the last one emitted
}

// New makes a reader of the kind that the settings say; nothing is opened before Run.
func New(cfg Config, log *slog.Logger) *Reader {
	return &Reader{cfg: cfg.withDefaults(), log: log.With("device", "scanner"), open: opener(cfg.Kind, systemDevices)}
}

// NewOver makes a reader over another kind of device, which open opens: its
// codes must come as the settings say.
func NewOver(cfg Config, open func(path string) (Port, error), log *slog.Logger) *Reader {
	r := New(cfg, log)
	r.open = func(path string, _ int) (Port, error) { return open(path) }
	return r
}

// Run reads until ctx ends and then returns nil. It calls emit from its own
// goroutine. It returns an error, at once, for settings that can never work.
// It must not be called twice at the same time.
func (s *Reader) Run(ctx context.Context, emit func(Event)) error {
	if err := s.cfg.Validate(); err != nil {
		return fmt.Errorf("scanner settings: %w", err)
	}
	s.emit, s.told = emit, StateChanged{}
	pause := s.cfg.RetryMin
	for ctx.Err() == nil {
		began := time.Now()
		if reason, cause := s.once(ctx); cause != nil {
			s.absent(reason, cause)
		}
		if time.Since(began) > s.cfg.RetryMax { // it was there for a while: a new loss
			pause = s.cfg.RetryMin
		}
		wait(ctx, jitter(pause))
		pause = min(2*pause, s.cfg.RetryMax)
	}
	return nil
}

// once opens the port and reads it until it is lost or ctx ends; then cause is nil.
func (s *Reader) once(ctx context.Context) (reason Reason, cause error) {
	p, err := s.open(s.cfg.Path, s.cfg.Baud)
	if err != nil {
		return reasonOf(err), fmt.Errorf("open: %w", err)
	}
	defer func() {
		if err := p.Close(); err != nil {
			s.log.Debug("close port", "err", err)
		}
	}()
	if err := p.ResetInputBuffer(); err != nil {
		return ReasonFault, fmt.Errorf("drop old input: %w", err)
	}
	s.tell(StateChanged{State: Present})
	return s.read(ctx, p)
}

// read turns the port's bytes into events until it is lost or ctx ends.
func (s *Reader) read(ctx context.Context, p Port) (Reason, error) {
	f := framer{
		cfg:  s.cfg,
		code: func(c kiosk.ScannedCode) { s.emit(Scanned{Code: c}) },
		drop: func(n int, why string) { s.log.Warn("code dropped", "bytes", n, "reason", why) },
	}
	buf := make([]byte, 1024)
	for ctx.Err() == nil {
		// Inside a code one read waits for the whole silence that tears it: what
		// came while this process was held up lies in the kernel and is no silence.
		limit := Poll
		if f.pending() {
			limit = s.cfg.InterChar
		}
		if err := p.SetReadTimeout(limit); err != nil {
			return ReasonFault, fmt.Errorf("set time-out: %w", err)
		}
		n, err := p.Read(buf)
		f.feed(buf[:n])
		lost := errors.Is(err, errLost)
		if (n == 0 || lost) && f.pending() {
			f.giveUp("torn")
		}
		if err != nil && !lost {
			return ReasonUnplugged, fmt.Errorf("read: %w", err)
		}
	}
	return ReasonNone, nil
}

// absent reports that the reader cannot be used. That an unplugged reader is
// missing is no news.
func (s *Reader) absent(reason Reason, cause error) {
	if reason == ReasonMissing && s.told.Reason == ReasonUnplugged {
		return
	}
	if s.tell(StateChanged{State: Absent, Reason: reason}) {
		s.log.Warn("scanner absent", "path", s.cfg.Path, "reason", string(reason), "err", cause)
	}
}

// tell emits a state when it is another than the last one.
func (s *Reader) tell(now StateChanged) bool {
	if now == s.told {
		return false
	}
	s.told = now
	if now.State == Present {
		s.log.Info("scanner present", "path", s.cfg.Path)
	}
	s.emit(now)
	return true
}

// jitter takes up to half of a pause away, so that devices that were lost
// together are not tried together.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/2+1) }

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

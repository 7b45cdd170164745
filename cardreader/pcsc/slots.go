package pcsc

// The owner of the daemon's context: waiting, listing, and the jobs in between.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/cardreader/apdu"
)

// The defaults of a Config.
const (
	DefaultWait     = time.Second
	DefaultRelist   = 3 * time.Second
	DefaultRetryMin = 250 * time.Millisecond
	DefaultRetryMax = 2 * time.Second

	queue = 16 // jobs that wait for the owner

	// nudge is how often a job asks the owner to stop waiting.
	nudge = 5 * time.Millisecond
	// restless is after how many waits that did not wait the owner takes a pause.
	restless = 50
)

// Config are the settings. Zero values are the defaults.
type Config struct {
	Wait     time.Duration // longest wait for a change; 0 is 1 s
	Relist   time.Duration // how often the readers are listed unasked; 0 is 3 s
	RetryMin time.Duration // first pause before the daemon is tried again; 0 is 250 ms
	RetryMax time.Duration // longest such pause; 0 is 2 s
	Reader   string        // only readers whose name contains this; "" are all
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		to        *time.Duration
		otherwise time.Duration
	}{{&c.Wait, DefaultWait}, {&c.Relist, DefaultRelist}, {&c.RetryMin, DefaultRetryMin}, {&c.RetryMax, DefaultRetryMax}} {
		if *d.to <= 0 {
			*d.to = d.otherwise
		}
	}
	return c
}

// Slots are the readers of this machine.
type Slots struct {
	cfg     Config
	log     *slog.Logger
	backend backend
	jobs    chan *job

	mu     sync.Mutex
	daemon daemon // to cancel its wait; nil without one

	// Of the owner's goroutine alone.
	list  []watched
	held  map[string]handle
	told  cardreader.State
	first bool
}

// job is something that somebody wants of a card.
type job struct {
	ctx     context.Context
	slot    string
	count   uint32
	use     func(context.Context, apdu.Channel) error
	release bool
	taken   chan struct{} // closed by the owner
	done    chan error
}

func newJob(ctx context.Context, slot string) *job {
	return &job{ctx: ctx, slot: slot, taken: make(chan struct{}), done: make(chan error, 1)}
}

func newSlots(b backend, cfg Config, log *slog.Logger) *Slots {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Slots{cfg: cfg.withDefaults(), log: log, backend: b, jobs: make(chan *job, queue)}
}

// Run watches the readers until ctx ends.
func (s *Slots) Run(ctx context.Context, changed func(cardreader.State)) error {
	pause := s.cfg.RetryMin
	s.first = true
	for ctx.Err() == nil {
		d, err := s.backend.connect()
		if err == nil {
			pause = s.cfg.RetryMin
			s.adopt(d)
			err = s.serve(ctx, d, changed)
			s.drop(d)
		}
		if ctx.Err() != nil {
			break
		}
		s.log.Debug("no connection to the smart card daemon", "err", err)
		s.tell(cardreader.State{Reason: reason(err)}, changed)
		s.refuse(ctx, pause/2+rand.N(pause/2+1))
		pause = min(2*pause, s.cfg.RetryMax)
	}
	return ctx.Err()
}

// reason is why there is no connection. A daemon that goes says so in many ways,
// which are one to whoever looks after the kiosk.
func reason(err error) string {
	if errors.Is(err, errNoDaemon) || errors.Is(err, apdu.ErrLost) {
		return errNoDaemon.Error()
	}
	return err.Error()
}

func (s *Slots) adopt(d daemon) {
	s.held = map[string]handle{}
	s.list = nil
	s.mu.Lock()
	s.daemon = d
	s.mu.Unlock()
}

// drop lets everything go. A cancel in flight may still come; the lock keeps it
// from a context that is not there any more.
func (s *Slots) drop(d daemon) {
	for name := range s.held {
		s.letGo(name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.daemon = nil
	d.release()
}

// refuse answers jobs while there is no daemon.
func (s *Slots) refuse(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case j := <-s.jobs:
			close(j.taken)
			j.done <- apdu.ErrLost
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// serve works with one connection until it is lost.
func (s *Slots) serve(ctx context.Context, d daemon, changed func(cardreader.State)) error {
	served := make(chan struct{})
	defer close(served)
	stop := context.AfterFunc(ctx, func() { s.cancelUntil(served) })
	defer stop()
	listed, quick := time.Time{}, 0
	for ctx.Err() == nil {
		if time.Since(listed) >= s.cfg.Relist {
			if err := s.relist(d); err != nil {
				return err
			}
			listed = time.Now()
		}
		began := time.Now()
		again, err := s.look(d, s.cfg.Wait)
		if err != nil {
			return err
		}
		if again {
			listed = time.Time{}
		} else if time.Since(began) < nudge {
			quick++
		}
		if quick >= restless { // some daemons tell again and again what they told
			quick = 0
			s.rest(ctx, d)
		}
		s.publish(changed)
		select {
		case j := <-s.jobs:
			s.run(d, j)
		default:
		}
	}
	return ctx.Err()
}

// rest does for a moment what can be done without the daemon.
func (s *Slots) rest(ctx context.Context, d daemon) {
	timer := time.NewTimer(10 * nudge)
	defer timer.Stop()
	select {
	case j := <-s.jobs:
		s.run(d, j)
	case <-timer.C:
	case <-ctx.Done():
	}
}

// look waits for a change. again says that the readers are to be listed anew.
func (s *Slots) look(d daemon, timeout time.Duration) (again bool, err error) {
	err = d.wait(s.list, timeout)
	switch {
	case errors.Is(err, errTimeout), errors.Is(err, errCancelled):
		return false, nil
	case errors.Is(err, errUnknown):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("wait for cards: %w", err)
	}
	for i := range s.list {
		w := &s.list[i]
		if w.name == pnp {
			again = again || w.event != w.known
		} else if w.event>>16 != w.known>>16 || !w.present {
			s.forget(w.name) // another card, or none
		}
		w.known = w.event
	}
	return again, nil
}

// relist asks which readers there are and keeps what is known of the old ones.
func (s *Slots) relist(d daemon) error {
	names, err := d.readers()
	if err != nil && !errors.Is(err, errNoReaders) {
		return fmt.Errorf("list readers: %w", err)
	}
	slices.Sort(names)
	old := s.list
	s.list = nil
	for _, name := range append(names, pnp) {
		if name != pnp && s.cfg.Reader != "" && !bytes.Contains([]byte(name), []byte(s.cfg.Reader)) {
			continue
		}
		w := watched{name: name}
		if i := slices.IndexFunc(old, func(o watched) bool { return o.name == name }); i >= 0 {
			w = old[i]
		}
		s.list = append(s.list, w)
	}
	for name := range s.held {
		if !slices.Contains(names, name) {
			s.forget(name)
		}
	}
	return nil
}

// publish tells a state that is new.
func (s *Slots) publish(changed func(cardreader.State)) {
	var now cardreader.State
	for _, w := range s.list {
		if w.name != pnp {
			now.Slots = append(now.Slots, cardreader.Slot{Name: w.name, Present: w.present, Mute: w.mute, ATR: w.atr, Count: w.known >> 16})
		}
	}
	if len(now.Slots) == 0 {
		now.Reason = errNoReaders.Error()
	}
	s.tell(now, changed)
}

func (s *Slots) tell(now cardreader.State, changed func(cardreader.State)) {
	if !s.first && same(now, s.told) {
		return
	}
	if s.first || now.Reason != s.told.Reason || len(now.Slots) != len(s.told.Slots) {
		s.log.Info("card readers", "count", len(now.Slots), "reason", now.Reason)
	}
	s.first, s.told = false, now
	changed(now)
}

func same(a, b cardreader.State) bool {
	return a.Reason == b.Reason && slices.EqualFunc(a.Slots, b.Slots, func(x, y cardreader.Slot) bool {
		return x.Name == y.Name && x.Present == y.Present && x.Mute == y.Mute && x.Count == y.Count && bytes.Equal(x.ATR, y.ATR)
	})
}

// cancelUntil cancels again and again: a cancel before the wait is lost.
func (s *Slots) cancelUntil(served <-chan struct{}) {
	again := time.NewTicker(nudge)
	defer again.Stop()
	for {
		s.cancel()
		select {
		case <-served:
			return
		case <-again.C:
		}
	}
}

// cancel ends a wait that is under way.
func (s *Slots) cancel() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.daemon != nil {
		s.daemon.cancel()
	}
}

// Use lets use talk to the card in a slot.
func (s *Slots) Use(ctx context.Context, slot string, count uint32, use func(context.Context, apdu.Channel) error) error {
	j := newJob(ctx, slot)
	j.count, j.use = count, use
	return s.submit(j)
}

// Release powers the card down and lets it go.
func (s *Slots) Release(ctx context.Context, slot string) error {
	j := newJob(ctx, slot)
	j.release = true
	return s.submit(j)
}

// submit puts a job into the queue first and then ends the wait, so that the
// owner finds it. A cancel that came before the wait is lost, and is repeated.
func (s *Slots) submit(j *job) error {
	select {
	case s.jobs <- j:
	case <-j.ctx.Done():
		return j.ctx.Err()
	}
	again := time.NewTicker(nudge)
	defer again.Stop()
	for waits := true; waits; {
		s.cancel()
		select {
		case <-j.taken:
			waits = false
		case <-again.C:
		case <-j.ctx.Done():
			return j.ctx.Err()
		}
	}
	select {
	case err := <-j.done:
		return err
	case <-j.ctx.Done():
		return j.ctx.Err()
	}
}

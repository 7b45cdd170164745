package pcsc

// The loop against a daemon of the test's own.

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/cardreader/apdu"
)

const reader = "Reader 00 00"

var oneATR = []byte{0x3B, 0x00}

// fake is a daemon with one reader.
type fake struct {
	mu      sync.Mutex
	down    bool
	gone    bool // no reader
	count   uint32
	there   bool
	restive bool // answers every wait at once
	broken  error
	wake    chan struct{}
	waits   int
	opened  int
	forgot  int
	powered int // handles that were powered down
	resets  int
	answer  func(command []byte) ([]byte, error)
}

func newFake() *fake { return &fake{wake: make(chan struct{}, 1)} }

// set changes something and lets the wait notice it.
func (f *fake) set(change func()) {
	f.mu.Lock()
	change()
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *fake) get(what func() int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return what()
}

func (f *fake) connect() (daemon, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return nil, errNoDaemon
	}
	return f, nil
}

func (f *fake) readers() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return nil, errNoDaemon
	}
	if f.gone {
		return nil, errNoReaders
	}
	return []string{reader}, nil
}

// wait does what pcscd does: it compares what the caller knows with what is.
func (f *fake) wait(all []watched, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		if done, err := f.compare(all); done || err != nil {
			return err
		}
		if timeout == 0 {
			return errTimeout
		}
		select {
		case <-f.wake:
		case <-timer.C:
			return errTimeout
		}
		f.mu.Lock()
		cancelled := f.broken == errCancelled
		if cancelled {
			f.broken = nil
		}
		f.mu.Unlock()
		if cancelled {
			return errCancelled
		}
	}
}

func (f *fake) compare(all []watched) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waits++
	if f.down {
		return false, errNoDaemon
	}
	changed := f.restive
	for i := range all {
		w := &all[i]
		if w.name == pnp {
			w.event = 1
			if f.gone {
				w.event = 2
			}
		} else {
			if f.gone {
				return false, errUnknown
			}
			w.event, w.present, w.atr = f.count<<16|0x10, f.there, nil
			if f.there {
				w.event, w.atr = f.count<<16|0x20, oneATR
			}
		}
		changed = changed || w.event != w.known
	}
	return changed, nil
}

func (f *fake) cancel() { f.set(func() { f.broken = errCancelled }) }
func (f *fake) release() {
}

func (f *fake) open(string) (handle, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened++
	return f, nil
}

func (f *fake) transmit(c []byte) ([]byte, error) { return f.answer(c) }

func (f *fake) reset() error     { f.set(func() { f.resets++ }); return nil }
func (f *fake) powerDown() error { f.set(func() { f.powered++ }); return nil }
func (f *fake) forget()          { f.set(func() { f.forgot++ }) }

// start runs slots over a fake; next gives the states that they tell.
func start(t *testing.T, f *fake, cfg Config) (s *Slots, next func() cardreader.State) {
	t.Helper()
	s = newSlots(f, cfg, nil)
	states := make(chan cardreader.State, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, func(st cardreader.State) { states <- st }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
	return s, func() cardreader.State {
		t.Helper()
		timer := time.NewTimer(2 * time.Minute)
		defer timer.Stop()
		select {
		case st := <-states:
			return st
		case <-timer.C:
			t.Fatal("no state")
			panic("unreachable")
		}
	}
}

func lay(f *fake)  { f.set(func() { f.there, f.count = true, f.count+1 }) }
func take(f *fake) { f.set(func() { f.there, f.count = false, f.count+1 }) }

func TestInsertionAndRemoval(t *testing.T) {
	f := newFake()
	_, next := start(t, f, Config{})
	if s := next(); len(s.Slots) != 1 || s.Slots[0].Present || s.Reason != "" {
		t.Fatalf("at first: %+v", s)
	}
	lay(f)
	if s := next(); !s.Slots[0].Present || s.Slots[0].Count != 1 || string(s.Slots[0].ATR) != string(oneATR) {
		t.Errorf("after the insertion: %+v", s)
	}
	take(f)
	if s := next(); s.Slots[0].Present || s.Slots[0].Count != 2 || s.Slots[0].ATR != nil {
		t.Errorf("after the removal: %+v", s)
	}
	f.set(func() { f.count += 3; f.there = true }) // in, out and in between two waits
	if s := next(); !s.Slots[0].Present || s.Slots[0].Count != 5 {
		t.Errorf("after a fast swap: %+v", s)
	}
}

func TestJobs(t *testing.T) {
	f := newFake()
	f.answer = func(c []byte) ([]byte, error) { return []byte{c[1], 0x90, 0x00}, nil }
	s, next := start(t, f, Config{Wait: time.Hour}) // what is not cancelled takes too long
	next()
	lay(f)
	next()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ask := func(ctx context.Context, ch apdu.Channel) error {
		r, err := apdu.Exchange(ctx, ch, apdu.Command{INS: 0xB0})
		if err == nil && (len(r.Data) != 1 || string(ch.ATR()) != string(oneATR)) {
			t.Error("not the card's answer")
		}
		return err
	}
	for range 3 {
		if err := s.Use(ctx, reader, 1, ask); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.get(func() int { return f.opened }); n != 1 {
		t.Errorf("connected %d times: the card is to be held", n)
	}
	if n := f.get(func() int { return f.resets }); n != 2 {
		t.Errorf("%d resets before the second and the third job", n)
	}
	if err := s.Use(ctx, reader, 7, ask); !errors.Is(err, apdu.ErrRemoved) {
		t.Errorf("another card's number: %v", err)
	}
	if err := s.Use(ctx, "none", 1, ask); !errors.Is(err, apdu.ErrLost) {
		t.Errorf("no such reader: %v", err)
	}
	if err := s.Release(ctx, reader); err != nil {
		t.Error(err)
	}
	if n := f.get(func() int { return f.powered }); n != 1 {
		t.Errorf("powered down %d times", n)
	}
}

func TestCardPulledInAJob(t *testing.T) {
	f := newFake()
	f.answer = func([]byte) ([]byte, error) { return nil, apdu.ErrRemoved }
	s, next := start(t, f, Config{})
	next()
	lay(f)
	next()
	calls := 0
	err := s.Use(t.Context(), reader, 1, func(ctx context.Context, ch apdu.Channel) error {
		for range 3 {
			if _, err := ch.Transmit(ctx, []byte{0, 0xB0, 0, 0}); !errors.Is(err, apdu.ErrRemoved) {
				t.Errorf("%v", err)
			}
			calls++
		}
		return apdu.ErrRemoved
	})
	if !errors.Is(err, apdu.ErrRemoved) || calls != 3 {
		t.Errorf("%v after %d calls", err, calls)
	}
	if f.get(func() int { return f.forgot }) != 1 || f.get(func() int { return f.powered }) != 0 {
		t.Error("a card that is gone is not powered down: another one may lie there")
	}
}

func TestDaemonGoesAndComesBack(t *testing.T) {
	f := newFake()
	s, next := start(t, f, Config{RetryMin: time.Millisecond, RetryMax: 10 * time.Millisecond})
	next()
	lay(f)
	next()
	f.set(func() { f.down = true })
	if st := next(); len(st.Slots) != 0 || st.Reason == "" {
		t.Fatalf("without a daemon: %+v", st)
	}
	if err := s.Use(t.Context(), reader, 1, nil); !errors.Is(err, apdu.ErrLost) {
		t.Errorf("a job without a daemon: %v", err)
	}
	f.set(func() { f.down, f.count = false, 0 })
	if st := next(); len(st.Slots) != 1 || !st.Slots[0].Present {
		t.Errorf("when it is back: %+v", st)
	}
}

func TestReaderIsPluggedInAndOut(t *testing.T) {
	f := newFake()
	f.gone = true
	_, next := start(t, f, Config{Relist: 5 * time.Millisecond, Wait: 5 * time.Millisecond})
	if s := next(); len(s.Slots) != 0 || s.Reason == "" {
		t.Fatalf("without a reader: %+v", s)
	}
	f.set(func() { f.gone = false })
	if s := next(); len(s.Slots) != 1 || s.Reason != "" {
		t.Errorf("plugged in: %+v", s)
	}
	f.set(func() { f.gone = true })
	if s := next(); len(s.Slots) != 0 {
		t.Errorf("pulled: %+v", s)
	}
}

func TestRestlessDaemonKeepsNobodyBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.restive = true
		_, next := start(t, f, Config{})
		next()
		timer := time.NewTimer(300 * time.Millisecond)
		<-timer.C
		if n := f.get(func() int { return f.waits }); n > 10*restless {
			t.Errorf("%d waits in 0.3 s", n)
		}
	})
}

func TestUseEndsWithItsContext(t *testing.T) {
	s := newSlots(newFake(), Config{}, nil) // nobody runs it
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Use(ctx, reader, 1, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestWithoutLe(t *testing.T) {
	for in, want := range map[string]string{
		"\x00\xA4\x04\x00\x02\x3F\x00\x00": "\x00\xA4\x04\x00\x02\x3F\x00", // case 4: the length goes
		"\x00\xA4\x00\x00\x02\x3F\x00":     "\x00\xA4\x00\x00\x02\x3F\x00",
		"\x00\xB0\x00\x00\xFF":             "\x00\xB0\x00\x00\xFF",
		"\x00\x20\x00\x10":                 "\x00\x20\x00\x10",
	} {
		if got := string(withoutLe([]byte(in))); got != want {
			t.Errorf("%X becomes %X", in, got)
		}
	}
}

//go:build e2e

package cards

// One daemon for all tests, and cards that are laid down and taken away.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/cardreader/pcsc"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/cardreader/sim/daemon"
	"github.com/tserve/jolly/cardreader/sim/vpcd"
	"github.com/tserve/jolly/kiosk"
)

// patience is for everything that a machine may be slow at: only what hangs takes
// so long.
const patience = 3 * time.Minute

// pcscd is the daemon of all tests. libpcsclite reads where it is once.
var pcscd *daemon.Daemon

// programs is where the built programs lie.
var programs string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "jolly-pcsc-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = dir
	if pcscd, err = daemon.Start(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer pcscd.Stop()
	if err := os.Setenv(daemon.SocketEnv, pcscd.Socket()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	watched := make(chan error, 1)
	go func() { watched <- pcsc.New(pcsc.Config{}, nil).Run(ctx, seen.set) }()
	defer func() { cancel(); <-watched }()
	return m.Run()
}

// eyes see what the daemon tells, beside the tests.
type eyes struct {
	mu      sync.Mutex
	state   cardreader.State
	changed chan struct{} // closed and made anew with each state
}

var seen = eyes{changed: make(chan struct{})}

func (e *eyes) set(s cardreader.State) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state = s
	close(e.changed)
	e.changed = make(chan struct{})
}

// slot is what was seen last of a slot.
func (e *eyes) slot(slot int) (s cardreader.Slot, changed <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.IndexFunc(e.state.Slots, func(s cardreader.Slot) bool { return s.Name == pcscd.Reader(slot) }); i >= 0 {
		s = e.state.Slots[i]
	}
	return s, e.changed
}

// gone waits until the daemon has seen that the card, which was laid down when
// the slot's count was before, was taken away. Its watch looks every 0.4 s: cards
// that are swapped faster than a hand can are one card to it. A daemon that was
// started anew counts anew.
func (e *eyes) gone(t *testing.T, slot int, before uint32) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		s, changed := e.slot(slot)
		if !s.Present && (s.Count >= before+2 || s.Count < before) {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			t.Fatalf("slot %d is not empty after %s", slot, patience)
		}
	}
}

func samples() string { return filepath.Join("..", "..", "cardreader", "sim", "cards") }

// insert lays a card into a slot; the function that it returns takes it away.
func insert(t *testing.T, slot int, card sim.Emulated) (remove func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background()) // t's ends before its cleanups
	done := make(chan struct{})
	before, _ := seen.slot(slot)
	go func() {
		defer close(done)
		if err := vpcd.Insert(ctx, pcscd.Addr(slot), card, nil); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, vpcd.ErrTorn) {
			t.Error(err)
		}
	}()
	remove = sync.OnceFunc(func() { cancel(); <-done; seen.gone(t, slot, before.Count) })
	t.Cleanup(remove)
	return remove
}

func load(t *testing.T, file string) (sim.Emulated, sim.Card) {
	t.Helper()
	path := filepath.Join(samples(), file)
	c, err := sim.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := sim.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return e, c
}

// table is a desk that runs, and what it tells.
type table struct {
	t *testing.T
	*cardreader.Desk
	slots   *pcsc.Slots
	news    chan kiosk.CardNews
	present chan bool
}

func open(t *testing.T) *table {
	t.Helper()
	roots, err := proof.LoadRoots(filepath.Join(samples(), "..", "ca", "roots"))
	if err != nil {
		t.Fatal(err)
	}
	slots := pcsc.New(pcsc.Config{}, nil)
	d := &table{t: t, Desk: cardreader.NewDesk(slots, cardreader.Config{Roots: roots}, nil), slots: slots,
		news: make(chan kiosk.CardNews, 100), present: make(chan bool, 100)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- d.Run(ctx, func(n kiosk.CardNews) { d.news <- n }, func(ok bool, _ string) { d.present <- ok })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the desk ended with %v", err)
		}
	})
	d.reader(true)
	return d
}

// next is the next news.
func (d *table) next() kiosk.CardNews {
	d.t.Helper()
	return receive(d.t, d.news, "news of a card")
}

// reader waits until a reader is there, or is not.
func (d *table) reader(want bool) {
	d.t.Helper()
	for receive(d.t, d.present, "news of the reader") != want {
	}
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v := <-from:
		return v
	case <-timer.C:
		t.Fatalf("no %s within %s", what, patience)
		panic("unreachable")
	}
}

package sim

// The simulated terminal: its listener, its keys, what its display shows.

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Sim is a simulated card terminal.
type Sim struct {
	cfg   Config
	ready chan struct{} // closed when it listens for the first time

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced when something below changes that somebody waits for
	address  string
	up       bool
	lines    []*line // in the order in which they came; the first one is served
	standing Behaviour
	shots    []Behaviour
	state    State
	keys     chan key // set while a card is asked for
	stan     int
	online   int
	last     string // last result, for G
	ticket   string // of the last charge
	print    byte   // where the next ticket goes
	entries  []Entry
	requests map[byte]int
	closings int
}

// Phase is what the terminal is at.
type Phase string

// The phases.
const (
	Idle      Phase = "idle"
	Asking    Phase = "asking"    // for a card
	Working   Phase = "working"   // with the host
	Answering Phase = "answering" // the result is on its way
)

// State is what a person in front of the terminal sees.
type State struct {
	Phase     Phase        `json:"phase"`
	Display   string       `json:"display"`
	Amount    kiosk.Amount `json:"amount"`
	Text      string       `json:"text"` // of the cash register
	Listening bool         `json:"listening"`
	Behaviour Behaviour    `json:"behaviour"` // the standing one
	Pending   []Behaviour  `json:"pending"`   // those that wait for their request
}

// key is what a person does at the terminal: a card, or the red key.
type key struct {
	red  bool
	card Card
}

// New makes a terminal; it is switched on by Run.
func New(cfg Config) *Sim {
	cfg = cfg.withDefaults()
	s := &Sim{
		cfg: cfg, ready: make(chan struct{}), changed: make(chan struct{}), address: cfg.Address,
		standing: Behaviour{}.withDefaults(), state: State{Phase: Idle, Display: "BENVENUTO"},
		stan: cfg.FirstSTAN, online: 1, print: '0', requests: make(map[byte]int),
	}
	if cfg.Used {
		s.use()
	}
	return s
}

// Run serves until ctx ends, and returns when all that it started is gone. An
// error means that it could not listen.
func (s *Sim) Run(ctx context.Context) error {
	var lines sync.WaitGroup
	defer lines.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for ctx.Err() == nil {
		if wait, deaf := s.deaf(); deaf {
			s.sleepDeaf(ctx, wait)
			continue
		}
		if err := s.listen(ctx, &lines); err != nil {
			return fmt.Errorf("terminal simulator: %w", err)
		}
	}
	return nil
}

// Ready is closed when the terminal listens for the first time.
func (s *Sim) Ready() <-chan struct{} { return s.ready }

// Addr is where the terminal listens; the port is known when [Sim.Ready] is closed.
func (s *Sim) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// State is what the terminal shows now.
func (s *Sim) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state
	st.Listening = s.up
	st.Behaviour = s.standing
	st.Pending = append([]Behaviour{}, s.shots...)
	return st
}

// Waiting says that the terminal asks for a card.
func (s *Sim) Waiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys != nil
}

// PresentCard holds a card to the terminal. It says whether the terminal was
// asking for one; if not, nothing happens.
func (s *Sim) PresentCard(c Card) bool { return s.press(key{card: c.withDefaults()}) }

// PressRed presses the red key: "OPERAZIONE ANNULLATA". It says whether there
// was something to cancel.
func (s *Sim) PressRed() bool { return s.press(key{red: true}) }

func (s *Sim) press(k key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		return false
	}
	s.keys <- k // has room for one, and there is only one: the next line sees to it
	s.keys = nil
	return true
}

// change wakes who waits for the state; with s.mu held.
func (s *Sim) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// show changes phase and display.
func (s *Sim) show(p Phase, display string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Phase, s.state.Display = p, display
	s.change()
}

func (s *Sim) deaf() (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.standing.Delay, s.standing.Kind == Deaf
}

// sleepDeaf waits until the behaviour changes, ctx ends, or the time is over, which changes it.
func (s *Sim) sleepDeaf(ctx context.Context, limit time.Duration) {
	var over <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		over = timer.C
	}
	for {
		s.mu.Lock()
		changed, deaf := s.changed, s.standing.Kind == Deaf
		s.mu.Unlock()
		if !deaf {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		case <-over:
			s.Set(Behaviour{})
			return
		}
	}
}

// listen accepts connections until ctx ends or the terminal goes deaf.
func (s *Sim) listen(ctx context.Context, lines *sync.WaitGroup) error {
	ln, err := s.cfg.Listen(ctx, "tcp", s.Addr())
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.address, s.up = ln.Addr().String(), true
	s.mu.Unlock()
	select {
	case <-s.ready:
	default:
		close(s.ready)
	}
	stop := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() { s.watch(ctx, ln, stop) })
	for {
		conn, err := ln.Accept()
		if err != nil {
			break
		}
		l := s.enter(conn)
		lines.Go(func() { l.serve(ctx) })
	}
	close(stop)
	watcher.Wait()
	s.mu.Lock()
	s.up = false
	s.mu.Unlock()
	return nil
}

// watch closes the listener when ctx ends or the terminal goes deaf.
func (s *Sim) watch(ctx context.Context, ln net.Listener, stop <-chan struct{}) {
	defer ln.Close()
	for {
		s.mu.Lock()
		changed, deaf := s.changed, s.standing.Kind == Deaf
		s.mu.Unlock()
		if deaf {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		case <-stop:
			return
		}
	}
}

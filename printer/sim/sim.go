package sim

// The simulated printer as its operator sees it: conditions, papers, counts.

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Config is what a printer is built with.
type Config struct {
	Addr          string // where it listens; "" is a free port of the loopback
	HeadDots      int    // 576
	Buffer        int    // size of the receive buffer; 4096
	RowsPerSecond int    // speed; 0 is as fast as it goes
	FullStatus    bool   // answers DLE EOT 20 like a Custom
	Keep          int    // papers kept; 50
	Log           *slog.Logger
}

// Condition is what is wrong with the printer. The zero value is "nothing".
type Condition struct {
	PaperOut         bool `json:"paperOut"`
	PaperOutAfter    int  `json:"paperOutAfter"` // rows from now; 0 is never
	Holds            bool `json:"holds"`         // stands still and tells no fault
	HoldsAfter       int  `json:"holdsAfter"`    // rows from now; 0 is never
	NearEnd          bool `json:"nearEnd"`
	CoverOpen        bool `json:"coverOpen"`
	CutterError      bool `json:"cutterError"`      // the next cut fails
	Offline          bool `json:"offline"`          // does not listen
	Silent           bool `json:"silent"`           // listens, takes everything, answers nothing
	LoseConfirmation bool `json:"loseConfirmation"` // no queued answer after a cut
	MuteQueue        bool `json:"muteQueue"`        // no queued answer ever
	DropAfterCut     bool `json:"dropAfterCut"`     // the line breaks at the cut
	DropOnRefill     bool `json:"dropOnRefill"`     // forgets its buffer when it gets paper
	Noise            bool `json:"noise"`            // unasked bytes before every answer
	TicketIn         bool `json:"ticketIn"`         // a forgotten ticket in the presenter, until it is retracted
	RowsPerSecond    int  `json:"rowsPerSecond"`    // another speed than the configured; 0 is none
}

// Counts are what a printer did since it was switched on.
type Counts struct {
	Connections int `json:"connections"`
	Bytes       int `json:"bytes"`
	RealTime    int `json:"realTime"` // real-time commands found, wherever they stood
	Queued      int `json:"queued"`   // queued questions worked off
	Jobs        int `json:"jobs"`     // ESC @ seen
	Cleared     int `json:"cleared"`
	Rows        int `json:"rows"` // of dots burnt
	Begun       int `json:"begun"`
	Whole       int `json:"whole"`
	Torn        int `json:"torn"`
	Unknown     int `json:"unknown"` // bytes that were no command
}

// Snapshot is a printer at one moment.
type Snapshot struct {
	Counts    Counts    `json:"counts"`
	Condition Condition `json:"condition"`
	Listening bool      `json:"listening"`
	Waiting   int       `json:"waiting"` // bytes in the buffer
	Hanging   int       `json:"hanging"` // rows with dots that are not cut
}

// Paper is one piece of paper that left the printer.
type Paper struct {
	Number int    `json:"number"`
	Whole  bool   `json:"whole"`
	Reason string `json:"reason,omitempty"` // why it is not whole
	Rows   int    `json:"rows"`
	PNG    []byte `json:"-"`
}

// Printer is a simulated printer.
type Printer struct {
	cfg  Config
	addr chan struct{} // closed when the address is known

	mu     sync.Mutex
	bell   chan struct{} // closed and replaced when anything changes
	listen net.Listener
	where  string
	line   net.Conn
	cond   Condition
	counts Counts
	papers []kept
	buffer []byte
	head   head
}

// New makes a printer. It is not there before Run.
func New(cfg Config) *Printer {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.HeadDots <= 0 {
		cfg.HeadDots = 576
	}
	if cfg.Buffer <= 0 {
		cfg.Buffer = 4096
	}
	if cfg.Keep <= 0 {
		cfg.Keep = 50
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	p := &Printer{cfg: cfg, addr: make(chan struct{}), bell: make(chan struct{})}
	p.head.switchOn()
	return p
}

// Run listens and prints until the context ends.
func (p *Printer) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.serve(ctx) })
	g.Go(func() error { return p.work(ctx) })
	if err := g.Wait(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("printer simulator: %w", err)
	}
	return nil
}

// Addr is where it listens; it waits until that is known.
func (p *Printer) Addr() string {
	<-p.addr
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.where
}

// ring tells everybody who waits that something changed. p.mu is held.
func (p *Printer) ring() {
	close(p.bell)
	p.bell = make(chan struct{})
}

// Set puts the printer into a condition, at once.
func (p *Printer) Set(c Condition) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.PaperOut && !p.cond.PaperOut {
		p.paperEnds()
	}
	if !c.CutterError {
		p.head.cutterStuck = false
	}
	p.cond = c
	if c.Offline {
		p.hangUp()
	}
	p.ring()
}

// Change is Set with a function of the present condition.
func (p *Printer) Change(f func(*Condition)) {
	p.mu.Lock()
	c := p.cond
	p.mu.Unlock()
	f(&c)
	p.Set(c)
}

// Refill puts a new roll in. What was torn off falls out; what is in the
// buffer goes on.
func (p *Printer) Refill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letGo()
	p.cond.PaperOut, p.cond.PaperOutAfter, p.cond.NearEnd = false, 0, false
	if p.cond.DropOnRefill {
		p.buffer = nil
		p.head.forget()
	}
	p.ring()
}

// PowerCycle switches it off and on: buffer, settings and the line are gone. What
// hangs from its mouth hangs there still.
func (p *Printer) PowerCycle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buffer = nil
	p.head.forget()
	p.head.unit = 0
	p.hangUp()
	p.ring()
}

// kept is a paper whose picture is made when somebody asks for it: the head does
// not wait for that.
type kept struct {
	paper Paper
	png   func() []byte
}

// Papers are the papers that left it, the oldest first.
func (p *Printer) Papers() []Paper {
	p.mu.Lock()
	all := append([]kept(nil), p.papers...)
	p.mu.Unlock()
	out := make([]Paper, 0, len(all))
	for _, k := range all {
		k.paper.PNG = k.png()
		out = append(out, k.paper)
	}
	return out
}

// Snapshot is how it stands now.
func (p *Printer) Snapshot() Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Snapshot{Counts: p.counts, Condition: p.cond, Listening: p.listen != nil, Waiting: len(p.buffer), Hanging: p.head.inked}
}

// Await waits until ok likes a snapshot, or the context ends.
func (p *Printer) Await(ctx context.Context, ok func(Snapshot) bool) error {
	for {
		p.mu.Lock()
		bell := p.bell
		p.mu.Unlock()
		if ok(p.Snapshot()) {
			return nil
		}
		select {
		case <-bell:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

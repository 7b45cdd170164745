package sim

// The simulated printer as its operator sees it, and its one worker.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Config is what a printer is built with.
type Config struct {
	Addr     string        // where it listens; "" is a free port of the loopback
	PageTime time.Duration // half of a page; 5 ms
}

// Condition is what is wrong with the printer. The zero value is "nothing".
type Condition struct {
	PaperOut   bool `json:"paperOut"`
	PaperEnds  bool `json:"paperEnds"` // in the middle of the next page
	NearEnd    bool `json:"nearEnd"`
	CoverOpen  bool `json:"coverOpen"`
	Jam        bool `json:"jam"`
	Cutter     bool `json:"cutter"`     // is stuck
	Waits      bool `json:"waits"`      // takes jobs, tells no fault and begins none
	Offline    bool `json:"offline"`    // does not listen
	Silent     bool `json:"silent"`     // listens, and answers nothing
	LoseCount  bool `json:"loseCount"`  // completes jobs without telling their pages
	LoseSight  bool `json:"loseSight"`  // as CUPS whose printer was switched off
	LoseAnswer bool `json:"loseAnswer"` // takes a job and breaks the line
	Stubborn   bool `json:"stubborn"`   // does not cancel
	NoPDF      bool `json:"noPDF"`      // takes PWG raster alone
	NoRaster   bool `json:"noRaster"`
}

// Paper is one page that left it.
type Paper struct {
	Whole         bool
	Name          string
	Width, Height int // as the job asked
	Scaling       string
	Format        string // of the document
	Document      []byte
}

// The states of a job (RFC 8011, 5.3.7).
const (
	pending    = 3
	processing = 5
	canceled   = 7
	completed  = 9
)

type job struct {
	id, state, pages int
	half             bool // the first half of its page is printed
	paper            Paper
}

// Printer is a simulated printer.
type Printer struct {
	cfg  Config
	addr chan struct{} // closed when the address is known

	mu     sync.Mutex
	bell   chan struct{} // closed and replaced when anything changes
	where  string
	cond   Condition
	jobs   []*job
	papers []Paper
}

// New makes a printer. It is not there before Run.
func New(cfg Config) *Printer {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.PageTime <= 0 {
		cfg.PageTime = 5 * time.Millisecond
	}
	return &Printer{cfg: cfg, addr: make(chan struct{}), bell: make(chan struct{})}
}

// URI is its address; it waits until that is known.
func (p *Printer) URI() string {
	<-p.addr
	return "ipp://" + p.where + "/ipp/print"
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
	p.cond = c
	p.ring()
}

// Change is Set with a function of the present condition.
func (p *Printer) Change(f func(*Condition)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.cond)
	p.ring()
}

// Condition is what is wrong now, and whether a job is under way.
func (p *Printer) Condition() (c Condition, busy bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cond, p.next() != nil
}

// Papers are the pages that left it, the oldest first.
func (p *Printer) Papers() []Paper {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Paper(nil), p.papers...)
}

// Await waits until ok, which is called with the printer held still, or the context ends.
func (p *Printer) Await(ctx context.Context, ok func(jobs, papers int) bool) error {
	return p.await(ctx, func() bool { return ok(len(p.jobs), len(p.papers)) })
}

func (p *Printer) await(ctx context.Context, ok func() bool) error {
	for {
		p.mu.Lock()
		yes, bell := ok(), p.bell
		p.mu.Unlock()
		if yes {
			return nil
		}
		select {
		case <-bell:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Run listens and prints until the context ends.
func (p *Printer) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.serve(ctx) })
	g.Go(func() error { return p.work(ctx) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("ipp simulator: %w", err)
	}
	return nil
}

// serve listens as long as it is not offline, always at the same place.
func (p *Printer) serve(ctx context.Context) error {
	addr := p.cfg.Addr
	for ctx.Err() == nil && p.await(ctx, func() bool { return !p.cond.Offline }) == nil {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", addr)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		p.mu.Lock()
		if addr = l.Addr().String(); p.where == "" {
			p.where = addr
			close(p.addr)
		}
		p.mu.Unlock()
		srv := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(l) }()
		_ = p.await(ctx, func() bool { return p.cond.Offline })
		_ = srv.Close()
		<-served
	}
	return ctx.Err()
}

// work prints one job after the other, half a page at a time.
func (p *Printer) work(ctx context.Context) error {
	tick := time.NewTicker(p.cfg.PageTime)
	defer tick.Stop()
	for {
		if err := p.await(ctx, func() bool { return p.next() != nil }); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		p.mu.Lock()
		if j := p.next(); j != nil {
			p.step(j)
			p.ring()
		}
		p.mu.Unlock()
	}
}

// next is the job that could be printed on now. p.mu is held.
func (p *Printer) next() *job {
	if p.cond.PaperOut || p.cond.CoverOpen || p.cond.Jam || p.cond.Cutter || p.cond.Offline || p.cond.Waits {
		return nil
	}
	for _, j := range p.jobs {
		if j.state < canceled {
			return j
		}
	}
	return nil
}

// step prints half a page. p.mu is held.
func (p *Printer) step(j *job) {
	j.state = processing
	switch {
	case !j.half:
		j.half = true
		if p.cond.PaperEnds {
			p.cond.PaperEnds, p.cond.PaperOut = false, true
		}
	default:
		j.state, j.pages = completed, 1
		j.paper.Whole = true
		p.papers = append(p.papers, j.paper)
	}
}

// end cancels a job; half a page of it is torn off. p.mu is held.
func (p *Printer) end(j *job) {
	if j.state >= canceled {
		return
	}
	j.state = canceled
	if j.half {
		p.papers = append(p.papers, j.paper)
	}
	p.ring()
}

package push

// The driver: one goroutine between outbox and gateway.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Source is the outbox.
type Source interface {
	// Pending returns the first rows that wait, in order of their sequence.
	Pending(ctx context.Context, limit int) ([]kiosk.OutboxRow, error)
	// Latest returns all that waits for the payments of the newest rows, in order.
	Latest(ctx context.Context, limit int) ([]kiosk.OutboxRow, error)
	// Settle makes verdicts durable. Rows that it does not settle stay pending.
	Settle(ctx context.Context, verdicts []kiosk.Verdict) error
}

// Sink is the gateway. An answer may lack verdicts or have some too many, and
// verdicts may come beside an error: they count. An error may tell how long
// the gateway wants to be left alone, by a method RetryAfter() time.Duration.
type Sink interface {
	Push(ctx context.Context, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error)
}

// Config is how the pusher behaves; zero values mean the defaults.
type Config struct {
	Limits
	Timeout time.Duration                     // of one request, and of one look at the outbox; default 30 s
	Random  func(time.Duration) time.Duration // even in [0, d); default math/rand
}

func (c Config) withDefaults() Config {
	c.Limits = c.Limits.withDefaults()
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Random == nil {
		c.Random = func(d time.Duration) time.Duration { return rand.N(max(d, 1)) }
	}
	return c
}

// Status is what the maintainer sees.
type Status struct {
	LastSuccess time.Time // of a batch; zero if none since the start
	LastError   string    // of the last attempt; "" if it went well
	Failures    int       // in a row
	Held        int       // payments or rows passed over for now
	NextTry     time.Time // zero while a batch is under way
}

// Pusher delivers the outbox.
type Pusher struct {
	cfg    Config
	source Source
	sink   Sink
	log    *slog.Logger
	nudge  chan struct{} // holds one: nudges coalesce
	plan   *Plan         // Run's alone

	mu     sync.Mutex
	status Status
}

// New makes a pusher; nothing moves until Run.
func New(cfg Config, source Source, sink Sink, log *slog.Logger) *Pusher {
	cfg = cfg.withDefaults()
	return &Pusher{
		cfg: cfg, source: source, sink: sink, log: log, nudge: make(chan struct{}, 1),
		plan: NewPlan(cfg.Limits, cfg.Random),
	}
}

// Nudge says that a row was written: deliver now, the newest first. It never
// blocks.
func (p *Pusher) Nudge() {
	select {
	case p.nudge <- struct{}{}:
	default:
	}
}

// Status says how the delivery goes.
func (p *Pusher) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// Run delivers until the context ends, and returns its error. onVerdict is told
// of each verdict after it is durable, on this goroutine; after a crash in
// between, nobody is told again.
func (p *Pusher) Run(ctx context.Context, onVerdict func(kiosk.Verdict)) error {
	for {
		select { // a nudge during the last attempt counts for the next
		case <-p.nudge:
			p.plan.Nudged()
		default:
		}
		wait := p.attempt(ctx, onVerdict)
		if err := ctx.Err(); err != nil {
			return err
		}
		if wait > 0 {
			if err := p.rest(ctx, wait); err != nil {
				return err
			}
		}
	}
}

func (p *Pusher) rest(ctx context.Context, wait time.Duration) error {
	p.note(func(s *Status) { s.NextTry = time.Now().Add(wait) })
	defer p.note(func(s *Status) { s.NextTry = time.Time{} })
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.nudge:
		p.plan.Nudged()
	case <-timer.C:
	}
	return nil
}

func (p *Pusher) note(change func(*Status)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.status)
	p.status.Failures, p.status.Held = p.plan.Failures(), p.plan.Held()
}

// attempt sends one batch and returns how long to wait before the next.
func (p *Pusher) attempt(ctx context.Context, onVerdict func(kiosk.Verdict)) time.Duration {
	batch, err := p.pick(ctx)
	if err != nil {
		return p.failed(ctx, nil, fmt.Errorf("look at outbox: %w", err))
	}
	if len(batch) == 0 {
		wait := p.plan.Emptied()
		p.note(func(*Status) {})
		return wait
	}
	verdicts, sendErr := p.send(ctx, batch)
	matched := Matched(batch, verdicts)
	if len(matched) > 0 {
		if err := p.settle(ctx, matched); err != nil {
			return p.failed(ctx, nil, err)
		}
		p.report(matched, onVerdict)
	}
	rest := Unanswered(batch, matched)
	switch {
	case sendErr != nil && len(rest) > 0:
		return p.failed(ctx, rest, fmt.Errorf("send %d rows: %w", len(batch), sendErr))
	case len(matched) == 0:
		return p.failed(ctx, batch, fmt.Errorf("send %d rows: none of %d verdicts fits", len(batch), len(verdicts)))
	}
	p.plan.Answered(rest)
	p.note(func(s *Status) { s.LastSuccess, s.LastError = time.Now(), "" })
	if len(rest) > 0 {
		p.log.Warn("gateway left rows without verdict", "rows", len(rest), "of", len(batch))
	}
	return 0
}

// pick looks at the outbox until the plan finds rows to send, or none at all.
func (p *Pusher) pick(ctx context.Context) ([]kiosk.OutboxRow, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	for {
		pending, err := p.source.Pending(ctx, p.plan.Window())
		if err != nil {
			return nil, err
		}
		var latest []kiosk.OutboxRow
		if limit, wants := p.plan.WantsLatest(pending); wants {
			if latest, err = p.source.Latest(ctx, limit); err != nil {
				return nil, err
			}
		}
		if batch, more := p.plan.Pick(pending, latest); len(batch) > 0 || !more {
			return batch, nil
		}
	}
}

func (p *Pusher) send(ctx context.Context, batch []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	return p.sink.Push(ctx, batch)
}

// settle is not cut short by the end of the program: the gateway has the rows.
func (p *Pusher) settle(ctx context.Context, matched []kiosk.Verdict) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.Timeout)
	defer cancel()
	return p.source.Settle(ctx, matched)
}

// failed waits longer and longer. A batch of nil was not the gateway's fault.
func (p *Pusher) failed(ctx context.Context, batch []kiosk.OutboxRow, err error) time.Duration {
	if ctx.Err() != nil {
		return 0 // the program ends
	}
	var asked interface{ RetryAfter() time.Duration }
	atLeast := time.Duration(0)
	if errors.As(err, &asked) {
		atLeast = asked.RetryAfter()
	}
	wait := p.plan.Failed(batch, atLeast)
	p.note(func(s *Status) { s.LastError = err.Error() })
	p.log.Warn("delivery failed, later again", "error", err, "failures", p.plan.Failures(), "wait", wait)
	return wait
}

func (p *Pusher) report(matched []kiosk.Verdict, onVerdict func(kiosk.Verdict)) {
	for _, v := range matched {
		switch v.Code {
		case kiosk.VerdictConflict, kiosk.VerdictParked:
			p.log.Error("gateway refused a row", "row", v.ID, "verdict", v.Code, "reason", v.Reason)
		}
		if onVerdict != nil {
			onVerdict(v)
		}
	}
}

package escpos

// One job on one printer, and how it ended.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/quirks"
)

// Timing is how long a device waits. The zero value means the defaults.
type Timing struct {
	Dial    time.Duration // to connect; 2 s
	Answer  time.Duration // for a real-time answer; 800 ms
	Write   time.Duration // for a chunk to be taken; 5 s
	Poll    time.Duration // between looks at the status while waiting for paper; 300 ms
	Ack     time.Duration // for a band to be confirmed before confirmations are given up; 4 s
	Confirm time.Duration // for the last confirmation; 10 s
	Settle  time.Duration // of silence until nothing old is expected any more; 1.5 s
}

func (t Timing) withDefaults() Timing {
	set := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	set(&t.Dial, 2*time.Second)
	set(&t.Answer, 800*time.Millisecond)
	set(&t.Write, 5*time.Second)
	set(&t.Poll, 300*time.Millisecond)
	set(&t.Ack, 4*time.Second)
	set(&t.Confirm, 10*time.Second)
	set(&t.Settle, 1500*time.Millisecond)
	return t
}

// Device is one printer. It is used by one goroutine at a time.
type Device struct {
	model quirks.Model
	dial  Dialer
	t     Timing
	// dirty: nobody knows what lies in the printer's buffers and hangs from its
	// mouth. True at the start and after every job that was not confirmed.
	dirty bool
	seen  func(kiosk.PrinterState)
}

// NewDevice makes a device. seen is told every state that is read, also in the
// middle of a job; it may be nil.
func NewDevice(m quirks.Model, d Dialer, t Timing, seen func(kiosk.PrinterState)) *Device {
	if seen == nil {
		seen = func(kiosk.PrinterState) {}
	}
	return &Device{model: m, dial: d, t: t.withDefaults(), dirty: true, seen: seen}
}

func (d *Device) open(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.t.Dial)
	defer cancel()
	l, err := d.dial.Dial(ctx)
	if err != nil {
		return nil, err
	}
	return newConn(l, d.model, d.t), nil
}

// Status asks the printer how it is.
func (d *Device) Status(ctx context.Context) (kiosk.PrinterState, Status, error) {
	c, err := d.open(ctx)
	if err != nil {
		return d.unreached(ctx), Status{}, err
	}
	defer c.link.Close() //nolint:errcheck // read only
	s, err := c.status(ctx)
	if err == nil || ctxless(err) {
		d.seen(s.State())
	}
	return s.State(), s, err
}

// unreached is the state of a printer to which there was no way: nothing can be said
// of it when it was our own time that was up.
func (d *Device) unreached(ctx context.Context) kiosk.PrinterState {
	if over(ctx) != nil {
		return kiosk.PrinterUnknown
	}
	d.seen(kiosk.PrinterOffline)
	return kiosk.PrinterOffline
}

// Print sends a job and says how it ended: see the package's essay.
func (d *Device) Print(ctx context.Context, j Job) kiosk.PrintReport {
	c, err := d.open(ctx)
	if err != nil {
		return kiosk.PrintReport{Result: kiosk.PrintFailed, State: d.unreached(ctx), Reason: err.Error()}
	}
	defer c.link.Close() //nolint:errcheck // what counts was confirmed before
	p := &printing{d: d, c: c, job: j}
	report := p.run(ctx)
	if p.looked {
		d.seen(report.State)
	}
	return report
}

// statusEvery is the number of chunks between two looks at the status.
const statusEvery = 4

// printing is one job under way.
type printing struct {
	d   *Device
	c   *conn
	job Job

	pending  []int // sizes of chunks sent and not confirmed
	inFlight int
	noAcks   bool // this printer does not confirm: sent by looking at the status alone
	allSent  bool
	rows     int // confirmed, or sent where nothing is confirmed
	state    kiosk.PrinterState
	looked   bool // state is the printer's, or the line's
	answer   byte // the last confirmation
}

// faultError says that the printer itself told a state in which nothing is printed.
type faultError struct {
	state  kiosk.PrinterState
	status Status
}

func (e *faultError) Error() string { return fmt.Sprintf("printer: %s (%s)", e.state, e.status) }

// run prints, and makes a report of how far it came.
func (p *printing) run(ctx context.Context) kiosk.PrintReport {
	p.state = kiosk.PrinterUnknown
	err := p.look(ctx, kiosk.PrinterState.CanPrint)
	if p.state == kiosk.PrinterTicketIn && len(p.d.model.Retract) > 0 {
		err = p.retract(ctx)
	}
	if err != nil {
		return p.report(kiosk.PrintFailed, "before the job", err)
	}
	err = p.begin(ctx)
	if err == nil {
		err = p.bands(ctx)
	}
	if err == nil {
		err = p.finish(ctx)
	}
	if err == nil {
		return p.confirmed(ctx)
	}
	var fault *faultError
	if !p.allSent || errors.As(err, &fault) {
		p.forget(ctx)
		return p.report(kiosk.PrintFailed, fmt.Sprintf("after row %d of %d", p.rows, p.job.Bitmap.Height), err)
	}
	return p.report(kiosk.PrintUnknown, "not confirmed", err)
}

func (p *printing) report(r kiosk.PrintResult, where string, err error) kiosk.PrintReport {
	var fault *faultError
	if !errors.As(err, &fault) && !errors.Is(err, errSilent) && !errors.Is(err, errSurplus) && ctxless(err) {
		p.state, p.looked = kiosk.PrinterOffline, true
	}
	return kiosk.PrintReport{Result: r, State: p.state, Reason: where + ": " + err.Error()}
}

// ctxless tells a broken line from our own impatience.
func ctxless(err error) bool {
	return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// look reads the status; a state that ok does not like is an error. A look that was
// broken off because our own time was up says nothing about the printer.
func (p *printing) look(ctx context.Context, ok func(kiosk.PrinterState) bool) error {
	s, err := p.c.status(ctx)
	if errors.Is(err, errSilent) {
		s, err = p.c.status(ctx) // one answer may get lost on its way
	}
	if err != nil && !ctxless(err) {
		return err
	}
	p.looked = true
	if err != nil {
		p.state = kiosk.PrinterUnknown
		return err
	}
	p.state = s.State()
	p.d.seen(p.state)
	if !ok(p.state) {
		return &faultError{p.state, s}
	}
	return nil
}

// retract takes back what the citizen before forgot: it is not for the next one to
// read.
func (p *printing) retract(ctx context.Context) error {
	if err := p.c.send(ctx, p.d.model.Retract); err != nil {
		return fmt.Errorf("retract: %w", err)
	}
	deadline := time.Now().Add(p.d.t.Ack)
	for {
		// the pause is a wait for an answer that nobody was asked for
		if _, err := p.c.wait(ctx, replyQueued, until(ctx, p.d.t.Poll)); err != nil && !errors.Is(err, errSilent) {
			return fmt.Errorf("retract: %w", err)
		}
		err := p.look(ctx, kiosk.PrinterState.CanPrint)
		if p.state != kiosk.PrinterTicketIn || !time.Now().Before(deadline) {
			return err
		}
	}
}

// begin clears away what an unknown past left, and initialises.
func (p *printing) begin(ctx context.Context) error {
	if p.d.dirty {
		if err := p.clearAway(ctx); err != nil {
			return fmt.Errorf("clear away: %w", err)
		}
	}
	p.d.dirty = true
	return p.c.send(ctx, p.d.model.Initialise)
}

// clearAway empties the buffers, cuts off what hangs from the mouth, and makes sure
// that no answer to an old question is taken for one to ours.
func (p *printing) clearAway(ctx context.Context) error {
	m := p.d.model
	cleared, err := p.c.clear(ctx)
	if err != nil {
		return err
	}
	var lead []byte
	if !cleared {
		lead = make([]byte, m.BandRows*m.HeadDots/8) // the rest of a picture, if it waits for one; else nothing
	}
	lead = append(lead, m.Initialise...)
	lead = appendFeed(lead, m.FeedBeforeCut)
	lead = append(lead, m.Cut...)
	if cleared {
		return p.c.send(ctx, lead)
	}
	if err := p.c.send(ctx, append(lead, m.Confirm...)); err != nil {
		return err
	}
	return p.settle(ctx)
}

// settle waits until a printer that could not be told to forget has worked off what
// it held, however many answers that gives.
func (p *printing) settle(ctx context.Context) error {
	start := time.Now()
	last, heard := start, false
	for {
		_, err := p.c.wait(ctx, replyQueued, until(ctx, p.d.t.Poll))
		switch {
		case err == nil:
			last, heard = time.Now(), true
			continue
		case !errors.Is(err, errSilent):
			return err
		}
		if err := p.look(ctx, mayGoOn); err != nil {
			return err
		}
		if len(p.c.queued) > 0 {
			last, heard, p.c.queued = time.Now(), true, nil
		}
		if (heard && time.Since(last) >= p.d.t.Settle) || time.Since(start) >= p.d.t.Confirm {
			return nil
		}
	}
}

// bands sends the picture, never more on its way than the printer's buffer holds.
func (p *printing) bands(ctx context.Context) error {
	for i, chunk := range p.job.Chunks {
		for !p.noAcks && len(p.pending) > 0 && p.inFlight+len(chunk.Data) > p.d.model.WindowBytes {
			if err := p.ack(ctx); err != nil {
				return err
			}
		}
		if err := p.enqueue(ctx, chunk.Data); err != nil {
			return err
		}
		p.rows = chunk.Rows
		if i%statusEvery == statusEvery-1 || p.noAcks {
			if err := p.look(ctx, mayGoOn); err != nil {
				return err
			}
		}
	}
	return nil
}

// enqueue sends a chunk with a query behind it.
func (p *printing) enqueue(ctx context.Context, data []byte) error {
	confirm := p.d.model.Confirm
	if err := p.c.send(ctx, append(append(make([]byte, 0, len(data)+len(confirm)), data...), confirm...)); err != nil {
		return err
	}
	p.pending = append(p.pending, len(data))
	p.inFlight += len(data)
	return nil
}

// ack waits for the oldest chunk on its way to be confirmed. While nothing comes
// it looks at the status; when that stays good, the printer does not confirm bands
// and we go on without.
func (p *printing) ack(ctx context.Context) error {
	err := p.answered(ctx, time.Now().Add(p.d.t.Ack))
	if errors.Is(err, errSilent) && p.state != kiosk.PrinterUnknown {
		p.noAcks = true
		return nil
	}
	return err
}

// answered takes the next confirmation.
func (p *printing) answered(ctx context.Context, deadline time.Time) error {
	for {
		if len(p.c.queued) > 0 {
			p.answer, p.c.queued = p.c.queued[0], p.c.queued[1:]
			p.inFlight -= p.pending[0]
			p.pending = p.pending[1:]
			return nil
		}
		poll := until(ctx, p.d.t.Poll)
		r, err := p.c.wait(ctx, replyQueued, poll)
		switch {
		case err == nil:
			p.c.queued = append(p.c.queued, r.value)
		case !errors.Is(err, errSilent):
			return err
		default:
			if err := p.look(ctx, mayGoOn); err != nil {
				return err
			}
			if len(p.c.queued) == 0 && !time.Now().Before(deadline) { // the look may have heard it
				return errSilent
			}
		}
	}
}

// finish cuts, and waits until everything is confirmed.
func (p *printing) finish(ctx context.Context) error {
	if err := p.enqueue(ctx, p.job.Finish); err != nil {
		return err
	}
	p.allSent = true
	deadline := time.Now().Add(p.d.t.Confirm)
	for len(p.pending) > 0 {
		if err := p.answered(ctx, deadline); err != nil {
			return err
		}
	}
	return nil
}

// errSurplus says that answers came to questions that we did not put: none of them
// proves anything.
var errSurplus = errors.New("more answers than questions")

// queuedPaperEnd in a queued answer means that the paper was gone when the
// printer came to it. Some models say "near the end" with it, so that
// the status has the last word.
const queuedPaperEnd = 0x0c

// confirmed looks at the printer once more after the proof: for the state to be
// shown, not for the paper, which is out.
func (p *printing) confirmed(ctx context.Context) kiosk.PrintReport {
	err := p.look(ctx, mayGoOn)
	var fault *faultError
	if errors.As(err, &fault) && (fault.state == kiosk.PrinterCutter || (fault.state == kiosk.PrinterPaperOut && p.answer&queuedPaperEnd == queuedPaperEnd)) {
		p.forget(ctx)
		return p.report(kiosk.PrintFailed, "at the end", err)
	}
	if n := len(p.c.queued); n > 0 {
		return p.report(kiosk.PrintUnknown, "at the end", fmt.Errorf("%w: %d", errSurplus, n))
	}
	p.d.dirty = false
	return kiosk.PrintReport{Result: kiosk.PrintDone, State: p.state}
}

// forget clears a dead job out of the printer, so that new paper does not bring
// its rest to light. The context may be over: the clearing has its own time.
func (p *printing) forget(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.d.t.Answer+p.d.t.Poll)
	defer cancel()
	_, _ = p.c.clear(ctx) // the next job clears again
}

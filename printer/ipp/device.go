package ipp

// One job on one printer, and how it ended.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/OpenPrinting/goipp"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/pwg"
)

// Timing is how long a device waits. The zero value means the defaults.
type Timing struct {
	Dial    time.Duration // to connect; 2 s
	Request time.Duration // for an answer; 5 s
	Poll    time.Duration // between two looks at a job; 250 ms
	Job     time.Duration // for a job, from its acceptance to its end; 45 s
	Cancel  time.Duration // for a cancelled job to be over; 5 s
}

func (t Timing) withDefaults() Timing {
	set := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	set(&t.Dial, 2*time.Second)
	set(&t.Request, 5*time.Second)
	set(&t.Poll, 250*time.Millisecond)
	set(&t.Job, 45*time.Second)
	set(&t.Cancel, 5*time.Second)
	return t
}

// Job is one paper, ready to be sent.
type Job struct {
	Name          string // not personal: the payment's id
	PDF           []byte
	Width, Height int // of the page, in hundredths of a millimetre
	Pages         int // how many the printer has to count; 0 is one
	// Raster draws the same page as PWG raster, for a printer that takes no PDF;
	// nil: it cannot be drawn.
	Raster func(ctx context.Context, dpi int, kind pwg.Kind) ([]byte, error)
}

// Device is one printer. It is used by one goroutine at a time.
type Device struct {
	c *client
	t Timing
	// dirty: an earlier process may have left a job in the queue.
	dirty bool
	seen  func(kiosk.PrinterState)
}

// Check says what is wrong with a printer's address.
func Check(address string) error {
	_, err := newClient(address, Timing{})
	return err
}

// NewDevice makes a device. seen is told every state that is read, also in the
// middle of a job; it may be nil.
func NewDevice(address string, t Timing, seen func(kiosk.PrinterState)) (*Device, error) {
	if seen == nil {
		seen = func(kiosk.PrinterState) {}
	}
	t = t.withDefaults()
	c, err := newClient(address, t)
	if err != nil {
		return nil, err
	}
	return &Device{c: c, t: t, dirty: true, seen: seen}, nil
}

// Status asks the printer how it is.
func (d *Device) Status(ctx context.Context) (kiosk.PrinterState, Status, error) {
	s, _, err := d.look(ctx, asked)
	if err != nil {
		state := stateOf(err)
		d.seen(state)
		return state, Status{}, err
	}
	return s.State(), s, nil
}

// look reads the printer's attributes.
func (d *Device) look(ctx context.Context, names []string) (Status, goipp.Attributes, error) {
	m := d.c.request(goipp.OpGetPrinterAttributes)
	m.Operation.Add(keywords("requested-attributes", names))
	answer, _, err := d.c.do(ctx, m, nil, d.t.Request)
	if err != nil {
		return Status{}, nil, fmt.Errorf("read status: %w", err)
	}
	s := readStatus(answer.Printer)
	d.seen(s.State())
	return s, answer.Printer, nil
}

// stateOf is what an error of the way says about the printer: nobody there is
// offline, somebody strange or silent is unknown.
func stateOf(err error) kiosk.PrinterState {
	var wrong *wrongAnswer
	var no *refusal
	if errors.As(err, &wrong) || errors.As(err, &no) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return kiosk.PrinterUnknown
	}
	return kiosk.PrinterOffline
}

// Print sends a job and says how it ended: see the package's essay.
func (d *Device) Print(ctx context.Context, j Job) kiosk.PrintReport {
	report := d.print(ctx, j)
	d.seen(report.State)
	return report
}

// faultError says that the printer itself told a state in which nothing is printed.
type faultError struct {
	state  kiosk.PrinterState
	status Status
}

func (e *faultError) Error() string { return fmt.Sprintf("printer: %s (%s)", e.state, e.status) }

func failed(where string, state kiosk.PrinterState, err error) kiosk.PrintReport {
	return kiosk.PrintReport{Result: kiosk.PrintFailed, State: state, Reason: where + ": " + err.Error()}
}

func unknown(where string, state kiosk.PrinterState, err error) kiosk.PrintReport {
	return kiosk.PrintReport{Result: kiosk.PrintUnknown, State: state, Reason: where + ": " + err.Error()}
}

func (d *Device) print(ctx context.Context, j Job) kiosk.PrintReport {
	status, can, err := d.look(ctx, offered)
	if err != nil {
		return failed("before the job", stateOf(err), err)
	}
	state := status.State()
	if !state.CanPrint() {
		return failed("before the job", state, &faultError{state, status})
	}
	doc, err := document(ctx, j, can)
	if err != nil {
		return failed("before the job", state, err)
	}
	if err := d.clearAway(ctx); err != nil {
		return failed("before the job", stateOf(err), fmt.Errorf("clear away: %w", err))
	}
	m := d.c.printJob(j, doc.format, offers(can, "print-scaling-supported", "none"))
	d.dirty = true
	if err := ctx.Err(); err != nil {
		return failed("before the job", state, err)
	}
	// Once begun it is not broken off: with the answer's number it can be cancelled.
	answer, reached, err := d.c.do(context.WithoutCancel(ctx), m, doc.data, d.t.Request)
	if err != nil {
		if !reached {
			return failed("job not taken", stateOf(err), err)
		}
		return unknown("answer to the job lost", stateOf(err), err)
	}
	id := number(answer.Job, "job-id")
	if id < 0 {
		return unknown("job taken without a number", state, &wrongAnswer{"no job-id"})
	}
	r := running{d: d, id: id, pages: max(j.Pages, 1), state: state}
	return r.follow(ctx)
}

// clearAway cancels what lies in the queue under our name: nobody waits for it
// any more.
func (d *Device) clearAway(ctx context.Context) error {
	if !d.dirty {
		return nil
	}
	m := d.c.request(goipp.OpGetJobs)
	m.Operation.Add(goipp.MakeAttr("requesting-user-name", goipp.TagName, goipp.String(user)))
	m.Operation.Add(goipp.MakeAttr("my-jobs", goipp.TagBoolean, goipp.Boolean(true)))
	m.Operation.Add(goipp.MakeAttr("which-jobs", goipp.TagKeyword, goipp.String("not-completed")))
	m.Operation.Add(keywords("requested-attributes", []string{"job-id", "job-state"}))
	answer, _, err := d.c.do(ctx, m, nil, d.t.Request)
	if err != nil {
		return err
	}
	for _, g := range answer.Groups {
		id := number(g.Attrs, "job-id")
		if g.Tag != goipp.TagJobGroup || id < 0 {
			continue
		}
		old := running{d: d, id: id, pages: 1}
		if j, err := old.cancel(ctx); err != nil || !j.over() {
			return fmt.Errorf("job %d of an earlier time does not end: %w", id, errors.Join(errHangs, err))
		}
	}
	d.dirty = false
	return nil
}

package ipp

// Following a job to its end.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/OpenPrinting/goipp"

	"github.com/tserve/jolly/kiosk"
)

var (
	errHangs    = errors.New("job not over")
	errUnproved = errors.New("completed, but no page was counted")
	errSight    = errors.New("completed, but the queue lost sight of its printer")
	errDoubtful = errors.New("completed, but not as it should")
)

// running is a job that the printer has taken.
type running struct {
	d     *Device
	id    int
	pages int
	state kiosk.PrinterState
}

// stops says that a job under way comes to nothing in this state. A queue that
// is paused or connects again may still go on: the deadline decides.
func stops(s kiosk.PrinterState) bool {
	switch s {
	case kiosk.PrinterPaperOut, kiosk.PrinterCoverOpen, kiosk.PrinterJam, kiosk.PrinterCutter, kiosk.PrinterTicketIn:
		return true
	}
	return false
}

// follow looks at the job until it is over, the printer tells a fault, or the time
// is up. A look that gets no answer is no news.
func (r *running) follow(ctx context.Context) kiosk.PrintReport {
	within, cancel := context.WithTimeout(ctx, r.d.t.Job)
	defer cancel()
	for {
		j, err := r.look(within)
		var no *refusal
		switch {
		case err == nil && j.over():
			return r.ended(ctx, j)
		case errors.As(err, &no):
			return unknown("job lost", r.state, err)
		case err != nil:
			r.missed(within, err)
		}
		status, _, err := r.d.look(within, asked)
		if err == nil {
			r.state = status.State()
		}
		if err == nil && stops(r.state) {
			return r.stopped(ctx, &faultError{r.state, status})
		}
		if wait(within, r.d.t.Poll) != nil {
			return r.stopped(ctx, fmt.Errorf("not over in time: %w", within.Err()))
		}
	}
}

// missed takes what a look without an answer says of the printer: nothing, when the
// look was broken off because our own time was up.
func (r *running) missed(ctx context.Context, err error) {
	if ctx.Err() == nil {
		r.state = stateOf(err)
	}
}

// wait lets time pass, or says that it is up.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *running) look(ctx context.Context) (jobStatus, error) {
	m := r.d.c.about(goipp.OpGetJobAttributes, r.id)
	m.Operation.Add(keywords("requested-attributes", askedOfJob))
	answer, _, err := r.d.c.do(ctx, m, nil, r.d.t.Request)
	if err != nil {
		return jobStatus{}, fmt.Errorf("read job: %w", err)
	}
	return readJob(answer.Job), nil
}

// ended makes the report of a job that is over.
func (r *running) ended(ctx context.Context, j jobStatus) kiosk.PrintReport {
	status, _, err := r.d.look(ctx, asked)
	if err == nil {
		r.state = status.State()
	}
	switch {
	case j.state != jobCompleted && j.pages >= r.pages:
		return unknown("job ended by somebody else", r.state, errDoubtful)
	case j.state != jobCompleted:
		return failed("job ended by somebody else", r.state, fmt.Errorf("job-state %d %v", j.state, j.reasons))
	case err == nil && status.lostSight():
		return unknown("at the end", r.state, errSight)
	case j.doubtful():
		return unknown("at the end", r.state, fmt.Errorf("%w: %v", errDoubtful, j.reasons))
	case j.pages < r.pages:
		return unknown("at the end", r.state, fmt.Errorf("%w: %d of %d", errUnproved, max(j.pages, 0), r.pages))
	}
	r.d.dirty = false
	return kiosk.PrintReport{Result: kiosk.PrintDone, State: r.state}
}

// stopped cancels a job that comes to nothing. Only a job that is surely over
// has failed: one that hangs would be printed with the next paper.
func (r *running) stopped(ctx context.Context, why error) kiosk.PrintReport {
	j, err := r.cancel(ctx)
	switch {
	case err != nil || !j.over():
		return unknown("in mid print", r.state, errors.Join(why, errHangs, err))
	case j.state == jobCompleted:
		return r.ended(context.WithoutCancel(ctx), j)
	case j.pages >= r.pages:
		return unknown("in mid print", r.state, fmt.Errorf("%w, and %d pages counted", why, j.pages))
	}
	return failed("in mid print", r.state, why)
}

// cancel asks for the job's end and waits for it. The context may be over: the
// cancelling has its own time.
func (r *running) cancel(ctx context.Context) (jobStatus, error) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), r.d.t.Cancel)
	defer stop()
	_, _, asking := r.d.c.do(ctx, r.d.c.about(goipp.OpCancelJob, r.id), nil, r.d.t.Request)
	for {
		j, err := r.look(ctx)
		if err == nil && j.over() {
			return j, nil
		}
		if err != nil {
			r.missed(ctx, err)
		}
		if wait(ctx, r.d.t.Poll) != nil {
			return j, errors.Join(asking, err)
		}
	}
}

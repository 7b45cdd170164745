package runner

// Papers for those who look after the kiosk. What stands on them is the wiring's
// business; when one is printed is decided here.

import (
	"context"
	"errors"
	"fmt"

	"github.com/tserve/jolly/kiosk"
)

// Reports prints the papers that nobody stands there to ask for. Like [Printer]
// it never fails otherwise than by its report.
type Reports interface {
	Day(ctx context.Context, d kiosk.DayClose) kiosk.PrintReport
}

// AtRest runs work while nobody stands at the kiosk and no card can be charged:
// what it prints stands in no citizen's way. work must end by itself.
func (r *Runner) AtRest(ctx context.Context, work func(context.Context) error) error {
	var err error
	ok := r.ask(ctx, func(ctx context.Context, r *Runner) {
		switch {
		case r.terminalTaken():
			err = ErrInUse
		case !r.resting():
			err = fmt.Errorf("%w: somebody stands there", ErrNotNow)
		default:
			r.held = true
			r.devicesChanged(ctx)
		}
	})
	switch {
	case !ok:
		return errors.Join(ErrEnded, ctx.Err())
	case err != nil:
		return err
	}
	defer r.post(released{})
	return work(ctx)
}

// dayPaper prints the paper of a day that was closed just now, or may have been. A
// closing that an earlier process left without its end has none: nothing is printed
// by itself after a restart.
func (r *Runner) dayPaper(ctx context.Context, e dayEnded) {
	if r.dev.Reports == nil || e.left {
		return
	}
	switch e.close.Close.Outcome {
	case kiosk.CloseDone, kiosk.CloseUnknown:
	case kiosk.CloseRefused, kiosk.CloseEmpty:
		return
	}
	r.start(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Print)
		defer cancel()
		report := r.dev.Reports.Day(ctx, e.close)
		r.log.Info("the day's paper", "day", e.close.Day, "result", report.Result, "state", report.State, "reason", report.Reason)
	})
}

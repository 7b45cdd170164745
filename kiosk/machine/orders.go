package machine

// What a maintainer orders through the control socket.

import (
	"context"
	"errors"
	"fmt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/kiosk/runner"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/sync/outbox"
)

var _ control.Source = (*Machine)(nil)

// refusals are the loop's words for no.
var refusals = []error{runner.ErrInUse, runner.ErrNotNow, runner.ErrNoSuchPayment, runner.ErrDecided}

// told makes a refusal of the loop one of the socket.
func told(err error) error {
	for _, no := range refusals {
		if errors.Is(err, no) {
			return fmt.Errorf("%w: %w", control.ErrRefused, err)
		}
	}
	return err
}

// TerminalStatus asks the terminal how it is.
func (m *Machine) TerminalStatus(ctx context.Context) (s control.TerminalStatus, err error) {
	err = m.runner.Maintain(ctx, func(ctx context.Context) error {
		health, err := m.terminal.Status(ctx)
		s.Health = string(health)
		if err != nil {
			s.Detail = err.Error() // how it is, is the answer
		}
		return nil
	})
	return s, told(err)
}

// TerminalTotals asks the terminal's totals and reads the journal's.
func (m *Machine) TerminalTotals(ctx context.Context) (t control.TerminalTotals, err error) {
	err = m.runner.Maintain(ctx, func(ctx context.Context) error {
		totals, err := m.terminal.Totals(ctx)
		if err != nil {
			return err
		}
		journal, err := days{m.store.Rows}.Takings(ctx)
		if err != nil {
			return err
		}
		t = control.TerminalTotals{
			TerminalID: totals.TerminalID, Terminal: totals.Total.Cents(), Journal: journal.Sum.Cents(), Charges: journal.Charges, Whole: journal.Whole,
		}
		return nil
	})
	return t, told(err)
}

// TerminalLast asks the terminal's last result, and its slip.
func (m *Machine) TerminalLast(ctx context.Context) (l control.TerminalLast, err error) {
	err = m.runner.Maintain(ctx, func(ctx context.Context) error {
		last, known, err := m.terminal.Last(ctx)
		if err != nil {
			return err
		}
		l = control.TerminalLast{
			Known: known, Amount: last.Amount.Cents(), Result: string(last.Outcome), Reason: last.Reason,
			STAN: last.STAN, Online: last.OnlineID, Auth: last.AuthCode,
		}
		slip, err := m.terminal.Slip(ctx)
		if err != nil && !errors.Is(err, terminal.ErrRejected) {
			m.log.Info("terminal's slip", "err", err)
		}
		l.Slip = slip
		return nil
	})
	return l, told(err)
}

// TerminalProbe finds the reading of the terminal's check byte and uses it.
func (m *Machine) TerminalProbe(ctx context.Context) (p control.TerminalProbe, err error) {
	err = m.runner.Maintain(ctx, func(ctx context.Context) error {
		lrc, err := m.terminal.Probe(ctx)
		p = control.TerminalProbe{LRC: string(lrc), Configured: m.cfg.Terminal.LRC}
		return err
	})
	return p, told(err)
}

// CloseDay closes the terminal's day.
func (m *Machine) CloseDay(ctx context.Context) (kiosk.DayClose, error) {
	d, err := m.runner.CloseDay(ctx)
	return d, told(err)
}

// Resolve gives a person's word on a charge that is unknown.
func (m *Machine) Resolve(ctx context.Context, d control.Decision) error {
	return told(m.runner.Decide(ctx, kiosk.PaymentID(d.Payment), kiosk.Outcome(d.Outcome), d.STAN))
}

// RetryRow sends a parked row again.
func (m *Machine) RetryRow(ctx context.Context, id string) error {
	row, err := m.store.Row(ctx, id)
	switch {
	case errors.Is(err, outbox.ErrNotFound):
		return fmt.Errorf("%w: no such row", control.ErrRefused)
	case err != nil:
		return err
	case row.State != outbox.RowParked:
		return fmt.Errorf("%w: the row is %s, not parked", control.ErrRefused, row.State)
	}
	if err := m.store.Retry(ctx, id); err != nil {
		return err
	}
	m.push.Nudge()
	return nil
}

package machine

// The papers for those who look after the kiosk: readiness, the day, the test page.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/runner"
	"github.com/tserve/jolly/printer"
	"github.com/tserve/jolly/printer/receipt"
	"github.com/tserve/jolly/sync/outbox"
)

// PrintPaper prints a maintainer's paper while nobody stands at the kiosk.
func (m *Machine) PrintPaper(ctx context.Context, p control.Paper) (out control.Printed, err error) {
	seen, err := m.Health(ctx)
	if err != nil {
		return out, err
	}
	err = m.runner.AtRest(ctx, func(ctx context.Context) error {
		lines, err := m.paperLines(ctx, p.Paper, seen)
		if err != nil {
			return err
		}
		report, _ := m.printer.PrintLines(ctx, p.Paper, lines)
		out = control.Printed{Result: string(report.Result), State: string(report.State), Reason: report.Reason}
		return nil
	})
	return out, told(err)
}

func (m *Machine) paperLines(ctx context.Context, paper string, seen control.Health) ([]receipt.Line, error) {
	switch paper {
	case control.PaperReadiness:
		return receipt.Readiness(m.station(), m.checks(seen)), nil
	case control.PaperTest:
		name, roll := m.cfg.Printer.Model, ""
		if m.cfg.Printer.Kind == printer.KindIPP {
			name, roll = "IPP", m.cfg.Printer.Paper
		}
		return receipt.TestPage(m.station(), name, roll), nil
	case control.PaperDay:
		if seen.Day == nil {
			return nil, fmt.Errorf("%w: no day was closed yet", control.ErrRefused)
		}
		return m.dayLines(ctx, *seen.Day)
	}
	return nil, fmt.Errorf("%w: no paper %q", control.ErrRefused, paper)
}

// station is where and when, in the language of those who look after the kiosk.
func (m *Machine) station() receipt.Station {
	return receipt.Station{Language: kiosk.Italian, Kiosk: m.cfg.Kiosk.ID, Place: m.cfg.Kiosk.Place, At: m.clock.Now().Wall}
}

// checks are the devices and whatever a maintainer must see to.
func (m *Machine) checks(seen control.Health) []receipt.Check {
	word := func(key string) string { return i18n.T(kiosk.Italian, "receipt_check_"+key, nil) }
	behind := map[health.Device]string{
		health.Scanner: m.cfg.Scanner.Path, health.Terminal: m.cfg.Terminal.TerminalID + ", " + m.cfg.Terminal.Address,
		health.Printer: m.cfg.Printer.Address + m.cfg.Printer.Device, health.Gateway: m.cfg.Gateway.URL,
	}
	var all []receipt.Check
	for _, d := range []health.Device{health.Scanner, health.Terminal, health.Printer, health.Gateway} {
		c := receipt.Check{Name: word(string(d)), Detail: behind[d]}
		if i := slices.IndexFunc(seen.Devices, func(s control.Device) bool { return s.Device == string(d) }); i >= 0 {
			c.OK = seen.Devices[i].OK
			if !c.OK && seen.Devices[i].Detail != "" {
				c.Detail += ": " + seen.Devices[i].Detail
			}
		}
		all = append(all, c)
	}
	for _, p := range seen.Problems {
		all = append(all, receipt.Check{Name: word("problem"), Detail: p.Code + ": " + p.Detail})
	}
	return all
}

// dayLines is the paper of a closing.
func (m *Machine) dayLines(ctx context.Context, d kiosk.DayClose) ([]receipt.Line, error) {
	day, err := dayBook{m.store.Rows, m.store.Payment}.read(ctx, d)
	if err != nil {
		return nil, err
	}
	return receipt.EndOfDay(m.station(), day), nil
}

var _ runner.Reports = reports{}

// reports prints what the loop asks for by itself.
type reports struct{ m *Machine }

// Day prints the paper of a closing.
func (r reports) Day(ctx context.Context, d kiosk.DayClose) kiosk.PrintReport {
	lines, err := r.m.dayLines(ctx, d)
	if err != nil {
		return kiosk.PrintReport{Result: kiosk.PrintFailed, State: kiosk.PrinterUnknown, Reason: err.Error()}
	}
	report, _ := r.m.printer.PrintLines(ctx, control.PaperDay, lines)
	return report
}

// dayBook reads one day of the journal.
type dayBook struct {
	rows    func(ctx context.Context, state outbox.RowState, limit int) ([]outbox.Row, error)
	payment func(ctx context.Context, id kiosk.PaymentID) (payment.State, error)
}

// dayRow is what of a payment's row counts for the paper.
type dayRow struct {
	charge
	Fee kiosk.Amount `json:"fee"`
}

// read counts what was written before a closing and after the one before it. How a
// payment stands is how it stands now.
func (b dayBook) read(ctx context.Context, d kiosk.DayClose) (receipt.Day, error) {
	day := receipt.Day{To: d.At, Terminal: d.Terminal, Told: true, Closing: d.Close.Outcome, Bank: d.Close.HostTotal}
	rows, err := b.rows(ctx, "", allRows)
	if err != nil {
		return day, fmt.Errorf("read the day: %w", err)
	}
	for _, row := range ofDay(rows, d) {
		day.From = row.OccurredAt
		if row.State == outbox.RowPending {
			day.Waiting++
		}
		if err := b.count(ctx, row, &day); err != nil {
			return day, fmt.Errorf("read the day: row %d: %w", row.Sequence, err)
		}
	}
	if day.From.UnixMilli == 0 {
		day.From = d.At
	}
	return day, nil
}

// ofDay are the rows of a closing's day, newest first: from the closing itself to
// the sure one before it, which only tells when the day began.
func ofDay(rows []outbox.Row, d kiosk.DayClose) []outbox.Row {
	closing := func(row outbox.Row) (c kiosk.DayClose, ok bool) {
		if row.Kind != kiosk.RowDayClosed || json.Unmarshal([]byte(row.Body), &c) != nil {
			return c, false
		}
		return c, true
	}
	from := slices.IndexFunc(rows, func(row outbox.Row) bool {
		c, ok := closing(row)
		return ok && c.Day == d.Day && c.At == d.At
	})
	if from < 0 {
		return nil
	}
	rows = rows[from+1:]
	for i, row := range rows {
		if c, ok := closing(row); ok && c.Close.Outcome != kiosk.CloseRefused {
			return rows[:i+1]
		}
	}
	return rows
}

// count adds a row to the day.
func (b dayBook) count(ctx context.Context, row outbox.Row, day *receipt.Day) error {
	switch row.Kind {
	case kiosk.RowPaid, kiosk.RowNotPaid, kiosk.RowResolved, kiosk.RowDoubtful:
	default:
		return nil
	}
	var c dayRow
	if err := json.Unmarshal([]byte(row.Body), &c); err != nil {
		return err
	}
	state, err := b.payment(ctx, row.Payment)
	if err != nil && !errors.Is(err, outbox.ErrNotFound) { // a payment that was put away is at its end
		return err
	}
	switch outcome := c.Charge.Outcome; {
	case row.Kind == kiosk.RowDoubtful:
		if state.Result.Outcome == kiosk.Unknown {
			day.Doubtful++
		}
	case outcome == kiosk.Refused:
		day.Refused++
	case outcome == kiosk.Charged:
		day.Total += c.Total
		day.Fee += c.Fee
		day.Amount += c.Total - c.Fee
		countClosings(state, day)
	}
	return nil
}

// countClosings counts a charged payment by how its bills ended.
func countClosings(state payment.State, day *receipt.Day) {
	refund, open := false, false
	for i := range state.Cart.Count {
		switch state.Closings[i] {
		case kiosk.ClosingDuplicate, kiosk.ClosingRefundDue, kiosk.ClosingKO:
			refund = true
		case kiosk.ClosingOpen:
			open = true
		case kiosk.ClosingOK:
		}
	}
	switch {
	case refund:
		day.Refunds++
	case open:
		day.Pending++
	default:
		day.Paid++
	}
}

// Waits of the paper that is printed once after the start.
const (
	readyWait = 90 * time.Second
	readyLook = time.Second
)

// printReadiness prints the readiness paper after the start, once every device was
// heard of or long enough waited for. A citizen who is there first has no such
// paper in his way: then there is none.
func (m *Machine) printReadiness(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	tick := time.NewTicker(readyLook)
	defer tick.Stop()
	for range int(readyWait / readyLook / 2) {
		seen, err := m.Health(ctx)
		if err == nil && len(seen.Devices) == 4 && !slices.ContainsFunc(seen.Devices, func(d control.Device) bool { return !d.OK }) {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
	printed, err := m.PrintPaper(ctx, control.Paper{Paper: control.PaperReadiness})
	m.log.Info("readiness paper", "result", printed.Result, "state", printed.State, "reason", printed.Reason, "err", err)
	return nil
}

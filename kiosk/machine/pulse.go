package machine

// What the gateway is told of this kiosk each minute, and what it may order.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/runner"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/outbox"
)

// reportLimit is how long the loop may take to answer before it counts as stuck.
const reportLimit = 5 * time.Second

var _ client.Patient = patient{}

// patient is the machine as its pulse feels it.
type patient struct{ m *Machine }

// Report says how the kiosk is; a loop that does not answer is an answer, too.
func (p patient) Report(ctx context.Context) api.Heartbeat {
	m := p.m
	ctx, cancel := context.WithTimeout(ctx, reportLimit)
	defer cancel()
	now := m.clock.Now().Wall
	up := time.Since(m.started)
	h := api.Heartbeat{
		State: api.KioskStateStuck, Devices: []api.DeviceReport{}, Problems: []api.ProblemReport{}, Program: version(), Catalogue: m.catalogue.Version(),
		Now: now.UnixMilli, ClockTrusted: now.Trusted, UpSeconds: int(up.Seconds()), PaintedSeconds: int((up - time.Duration(m.drawn.Load())).Seconds()),
	}
	if until := m.identity.Until(); !until.IsZero() {
		h.CertificateEnds = until.UnixMilli()
	}
	confirmed := m.store.Confirmed() // before the rest is read
	if depth, err := m.store.Depth(ctx); err == nil {
		h.Backlog, h.Journal = booksOf(depth, now)
		if !vouches(confirmed, depth.Since, m.heard.Load()) {
			h.Journal = api.Journal{}
		}
	}
	v, err := m.view(ctx)
	if err != nil {
		return h
	}
	h.State = stateOf(v)
	for _, d := range v.Health {
		h.Devices = append(h.Devices, deviceReport(d))
	}
	if seen, err := m.Health(ctx); err == nil {
		for _, p := range seen.Problems {
			h.Problems = append(h.Problems, api.ProblemReport{Code: p.Code, Detail: cut(p.Detail, 300)})
		}
	}
	h.Problems = h.Problems[:min(len(h.Problems), 50)]
	return h
}

// booksOf is what waits, and whether anything is left to be said: both of one
// moment, or a row that is just being written would be missing in one of them.
func booksOf(d outbox.Depth, now kiosk.Wall) (api.Backlog, api.Journal) {
	b := api.Backlog{Rows: d.Pending, Parked: d.Parked}
	if d.Pending > 0 {
		b.OldestSeconds = int(max(0, now.UnixMilli-d.Oldest.UnixMilli) / 1000)
	}
	return b, api.Journal{OpenPayments: d.Open, LastSequence: int64(d.Last)}
}

// silent is for how long a book that is new, or was put back, vouches for nothing.
// The gateway itself gives up waiting after three days, with an alarm.
const silent = 7 * 24 * time.Hour

// vouches says that the gateway may close what nobody spoke of on the word of this
// book. Not so where it is new, or was put back: its former self may have charged
// a card and lost the row. Both moments are of the gateway's clock.
func vouches(confirmed bool, since, heard int64) bool {
	return confirmed && (since == 0 || heard-since >= silent.Milliseconds())
}

// Heard takes down which rows the gateway holds: a book that was put back, or is
// new, goes on behind them, and cards are taken from then on.
func (p patient) Heard(ctx context.Context, last uint64, now int64) error {
	ctx, cancel := context.WithTimeout(ctx, reportLimit)
	defer cancel()
	waited := p.Waits()
	if err := p.m.store.Confirm(ctx, last, now); err != nil {
		return err
	}
	p.m.heard.Store(now)
	if waited {
		return p.m.runner.GatewayHeard(ctx)
	}
	return nil
}

// Waits says that no payment may begin before the gateway was heard.
func (p patient) Waits() bool { return !p.m.store.Confirmed() }

func stateOf(v runner.View) api.KioskState {
	switch {
	case v.Starting:
		return api.KioskStateStarting
	case !v.Resting:
		return api.KioskStateInUse
	case !v.Devices.CanCharge():
		return api.KioskStateOutOfService
	}
	return api.KioskStateResting
}

// deviceReport is a device in the words of the contract.
func deviceReport(s health.Status) api.DeviceReport {
	d := api.DeviceReport{Device: string(s.Device), Status: api.DeviceStatusKO, Reason: cut(s.Detail, 200)}
	switch {
	case s.OK && s.Device == health.Printer && s.Detail == string(kiosk.PrinterNearEnd):
		d.Status = api.DeviceStatusWARNING
	case s.OK:
		d.Status = api.DeviceStatusOK
	}
	return d
}

// cut keeps the first letters of a text.
func cut(s string, most int) string {
	if r := []rune(strings.ToValidUTF8(s, "?")); len(r) > most {
		return string(r[:most])
	}
	return strings.ToValidUTF8(s, "?")
}

// version is that of the program, as it was built.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return cut(info.Main.Version, 64)
	}
	return "unknown"
}

// Carry carries out one of the orders, while nobody stands at the kiosk.
func (p patient) Carry(ctx context.Context, action api.CommandAction, begin func() error) (detail string, err error) {
	err = p.m.runner.AtRest(ctx, func(ctx context.Context) error {
		if err := begin(); err != nil {
			return err
		}
		detail, err = p.m.obey(ctx, action)
		return err
	})
	if errors.Is(err, runner.ErrInUse) || errors.Is(err, runner.ErrNotNow) {
		err = fmt.Errorf("%w: %w", client.ErrNotNow, err)
	}
	return detail, err
}

// obey does what is on the closed list, and nothing else. It runs while the
// terminal is held.
func (m *Machine) obey(ctx context.Context, action api.CommandAction) (string, error) {
	switch action {
	case api.CommandActionTestPage:
		lines, err := m.paperLines(ctx, control.PaperTest, control.Health{})
		if err != nil {
			return "", err
		}
		report, _ := m.printer.PrintLines(ctx, control.PaperTest, lines)
		if report.Result != kiosk.PrintDone {
			return "", fmt.Errorf("the page was not printed: %s, %s %s", report.Result, report.State, report.Reason)
		}
		return "printed", nil
	case api.CommandActionReloadCatalogue:
		m.catalogue.Nudge()
		return "asked for; in use is " + m.catalogue.Version(), nil
	case api.CommandActionClose, api.CommandActionOpen:
		return "", m.setClosed(ctx, action == api.CommandActionClose)
	case api.CommandActionRestart:
		m.log.Info("restarting, as ordered")
		m.stop()
		return "ending", nil
	}
	return "", fmt.Errorf("%q is not on the list", action)
}

func (m *Machine) closedFile() string { return filepath.Join(m.cfg.Kiosk.Data, "closed") }

// closedByOrder says that the kiosk was taken out of service before this start.
func (m *Machine) closedByOrder() bool {
	_, err := os.Stat(m.closedFile())
	return err == nil
}

// setClosed takes the kiosk out of service, or puts it back; a restart changes
// nothing of it.
func (m *Machine) setClosed(ctx context.Context, closed bool) error {
	if closed {
		if err := os.WriteFile(m.closedFile(), []byte("out of service by the operator's order\n"), 0o600); err != nil {
			return fmt.Errorf("take out of service: %w", err)
		}
	} else if err := os.Remove(m.closedFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("put back into service: %w", err)
	}
	return m.runner.SetClosed(ctx, closed)
}

package machine

// What the gateway is told of the kiosk.

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/runner"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/outbox"
)

func TestStateOfTheKiosk(t *testing.T) {
	works := session.Devices{Gateway: true, Terminal: kiosk.TerminalReady}
	stopped := works
	stopped.SalesStopped = true
	for _, c := range []struct {
		view runner.View
		want api.KioskState
	}{
		{runner.View{Starting: true, Devices: works}, api.KioskStateStarting},
		{runner.View{Resting: true, Devices: works}, api.KioskStateResting},
		{runner.View{Resting: true, Devices: stopped}, api.KioskStateOutOfService},
		{runner.View{Resting: true}, api.KioskStateOutOfService},
		{runner.View{Devices: stopped}, api.KioskStateInUse},
	} {
		if got := stateOf(c.view); got != c.want {
			t.Errorf("%+v: %s, want %s", c.view, got, c.want)
		}
	}
}

func TestBooksOfTheKiosk(t *testing.T) {
	now := kiosk.Wall{UnixMilli: 90_000}
	backlog, journal := booksOf(outbox.Depth{Pending: 2, Parked: 1, Oldest: kiosk.Wall{UnixMilli: 30_500}, Open: 3, Last: 41}, now)
	if backlog != (api.Backlog{Rows: 2, OldestSeconds: 59, Parked: 1}) || journal != (api.Journal{OpenPayments: 3, LastSequence: 41}) {
		t.Errorf("%+v, %+v", backlog, journal)
	}
	if backlog, journal = booksOf(outbox.Depth{}, now); backlog != (api.Backlog{}) || journal != (api.Journal{}) {
		t.Errorf("a new kiosk: %+v, %+v", backlog, journal)
	}
}

// A book that is new, or was put back, does not say that nothing is left to be said:
// what was lost is not in it.
func TestAPutBackBookVouchesForNothing(t *testing.T) {
	const day, put = 24 * 60 * 60 * 1000, 1_800_000_000_000
	for name, c := range map[string]struct {
		confirmed    bool
		since, heard int64
		want         bool
	}{
		"nobody was heard":        {false, 0, put, false},
		"of the version before":   {true, 0, put, true},
		"just put back":           {true, put, put, false},
		"after a start":           {true, put, 0, false},
		"three days":              {true, put, put + 3*day, false},
		"the gateway gave up":     {true, put, put + 7*day, true},
		"the gateway's clock ran": {true, put, put - day, false},
	} {
		if got := vouches(c.confirmed, c.since, c.heard); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Before the gateway was heard no payment begins; what began goes on.
func TestNoPaymentBeginsInABookThatNobodyConfirmed(t *testing.T) {
	s, err := outbox.Open(t.Context(), outbox.Config{Path: filepath.Join(t.TempDir(), "outbox.db"), Kiosk: "PO-001"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	j := journal{Store: s}
	begun := payment.Save{Step: payment.StepPrepared, State: payment.State{ID: "p1", Ref: "P1"}}
	if err := j.Save(t.Context(), begun); !errors.Is(err, outbox.ErrUnconfirmed) || kiosk.CodeOf(err) != kiosk.CodeJournal {
		t.Errorf("begun: %v", err)
	}
	if err := s.Save(t.Context(), begun); err != nil { // before the book was put back
		t.Fatal(err)
	}
	dropped := begun
	dropped.Step = payment.StepDropped
	if err := j.Save(t.Context(), dropped); err != nil {
		t.Errorf("what was open cannot be ended: %v", err)
	}
	if err := s.Confirm(t.Context(), 41, 1_800_000_000_000); err != nil {
		t.Fatal(err)
	}
	begun.State.ID = "p2"
	if err := j.Save(t.Context(), begun); err != nil {
		t.Errorf("not begun, though the gateway was heard: %v", err)
	}
}

func TestDeviceReports(t *testing.T) {
	for _, c := range []struct {
		status health.Status
		want   api.DeviceStatus
	}{
		{health.Status{Device: health.Printer, OK: true, Detail: "ready"}, api.DeviceStatusOK},
		{health.Status{Device: health.Printer, OK: true, Detail: string(kiosk.PrinterNearEnd)}, api.DeviceStatusWARNING},
		{health.Status{Device: health.Printer, Detail: "paper-out"}, api.DeviceStatusKO},
		{health.Status{Device: health.Terminal, OK: true, Detail: string(kiosk.PrinterNearEnd)}, api.DeviceStatusOK},
		{health.Status{Device: health.Gateway, Detail: strings.Repeat("è", 500) + "\xff"}, api.DeviceStatusKO},
	} {
		got := deviceReport(c.status)
		if got.Status != c.want || got.Device != string(c.status.Device) || len([]rune(got.Reason)) > 200 {
			t.Errorf("%+v: %+v", c.status, got)
		}
	}
}

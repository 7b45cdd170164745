package machine

// What the gateway is told of the kiosk.

import (
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
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

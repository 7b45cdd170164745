package scanner_test

// The serial adapter on real pseudo-terminals.

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk/scanner"
	"github.com/tserve/jolly/kiosk/scanner/scannertest"
	"github.com/tserve/jolly/kiosk/scanner/sim"
)

func plugged(t *testing.T) *sim.Scanner {
	t.Helper()
	rig, err := sim.New(filepath.Join(t.TempDir(), "by-id", "usb-Reader-if00"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rig.Close(); err != nil {
			t.Error(err)
		}
	})
	return rig
}

func TestSerialConforms(t *testing.T) {
	scannertest.Run(t, func(t *testing.T) (scannertest.Reader, scannertest.Rig) {
		rig := plugged(t)
		cfg := scanner.Config{Path: rig.Link(), AIM: true, RetryMin: 10 * time.Millisecond, RetryMax: 50 * time.Millisecond}
		return scanner.New(cfg, slog.New(slog.DiscardHandler)), rig
	})
}

// first returns the first event of a reader with the settings.
func first(t *testing.T, cfg scanner.Config) scanner.Event {
	t.Helper()
	events := make(chan scanner.Event, 16)
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		ended <- scanner.New(cfg, slog.New(slog.DiscardHandler)).Run(ctx, func(e scanner.Event) { events <- e })
	}()
	defer func() { stop(); <-ended }()
	select {
	case e := <-events:
		return e
	case <-time.After(10 * time.Second):
		t.Fatal("no event")
		return nil
	}
}

func TestReasons(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]scanner.Reason{
		filepath.Join(t.TempDir(), "nothing"): scanner.ReasonMissing,
		file:                                  scanner.ReasonFault,
		"/dev/null":                           scanner.ReasonFault,
	} {
		if got := first(t, scanner.Config{Path: path}); got != (scanner.StateChanged{State: scanner.Absent, Reason: want}) {
			t.Errorf("%s: %+v, want absent, %s", path, got, want)
		}
	}
}

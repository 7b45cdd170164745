package scanner_test

// The serial adapter on real pseudo-terminals.

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
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

// logged passes on the messages of a log.
type logged struct {
	slog.Handler
	messages chan string
}

func (l logged) Handle(_ context.Context, r slog.Record) error {
	l.messages <- r.Message
	return nil
}
func (l logged) Enabled(context.Context, slog.Level) bool { return true }
func (l logged) WithAttrs([]slog.Attr) slog.Handler       { return l }

// With silence behind it, half a code is dropped and the next one comes clean;
// a code that comes slowly, but comes, is whole; noise does no lasting harm.
func TestFaultsOnTheLine(t *testing.T) {
	rig := plugged(t)
	messages := make(chan string, 64)
	events := make(chan scanner.Event, 64)
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	cfg := scanner.Config{Path: rig.Link(), AIM: true, MaxCode: 60, InterChar: 100 * time.Millisecond}
	go func() {
		ended <- scanner.New(cfg, slog.New(logged{messages: messages})).Run(ctx, func(e scanner.Event) { events <- e })
	}()
	defer func() { stop(); <-ended }()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(e scanner.Event) {
		t.Helper()
		if got := await(t, events); got != e {
			t.Fatalf("%q, want %q", got, e)
		}
	}
	want(scanner.StateChanged{State: scanner.Present})
	if m := await(t, messages); m != "scanner present" {
		t.Fatalf("log: %s", m)
	}
	whole := scanner.Scanned{Code: kiosk.ScannedCode{AIM: "Q1", Text: "whole"}}
	for range 2 {
		must(rig.Torn("Q1", "torn", 3))
		if m := await(t, messages); m != "code dropped" {
			t.Fatalf("log: %s", m)
		}
		must(rig.Scan("Q1", "whole"))
		want(whole)
	}
	must(rig.Slow(t.Context(), "Q1", "whole", 5*time.Millisecond))
	want(whole)
	must(rig.Glued("Q1", "one", "two"))
	want(scanner.Scanned{Code: kiosk.ScannedCode{AIM: "Q1", Text: "one]Q1two"}})
	must(rig.Scan("", strings.Repeat("x", 5000)))
	if m := await(t, messages); m != "code dropped" {
		t.Fatalf("log: %s", m)
	}
	must(rig.Garbage(7, 2000))
	must(rig.Scan("Q1", "whole"))
	for await(t, events) != whole { // noise may hold a CR and so pass for codes
	}
}

func await[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
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
	return await(t, events)
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

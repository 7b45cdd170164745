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

// untorn is the longest silence that can be set: what is not about silence is not torn
// when the machine that both ends run on makes one of them wait.
const untorn = time.Second

func TestSerialConforms(t *testing.T) {
	scannertest.Run(t, func(t *testing.T) (scannertest.Reader, scannertest.Rig) {
		rig := plugged(t)
		cfg := scanner.Config{Path: rig.Link(), AIM: true, InterChar: untorn, RetryMin: 10 * time.Millisecond, RetryMax: 50 * time.Millisecond}
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

// listening is a running reader on a line.
type listening struct {
	t        *testing.T
	messages chan string
	events   chan scanner.Event
}

// listen runs a reader that takes so long a silence for the end of what it began.
func listen(t *testing.T, rig *sim.Scanner, silence time.Duration) *listening {
	t.Helper()
	l := &listening{t: t, messages: make(chan string, 64), events: make(chan scanner.Event, 64)}
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	cfg := scanner.Config{Path: rig.Link(), AIM: true, MaxCode: 60, InterChar: silence}
	go func() {
		ended <- scanner.New(cfg, slog.New(logged{messages: l.messages})).Run(ctx, func(e scanner.Event) { l.events <- e })
	}()
	t.Cleanup(func() { stop(); <-ended })
	l.want(scanner.StateChanged{State: scanner.Present})
	l.logs("scanner present")
	return l
}

func (l *listening) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *listening) want(e scanner.Event) {
	l.t.Helper()
	if got := await(l.t, l.events); got != e {
		l.t.Fatalf("%q, want %q", got, e)
	}
}

func (l *listening) logs(want string) {
	l.t.Helper()
	if m := await(l.t, l.messages); m != want {
		l.t.Fatalf("log: %s, want %s", m, want)
	}
}

var whole = scanner.Scanned{Code: kiosk.ScannedCode{AIM: "Q1", Text: "whole"}}

// With silence behind it, half a code is dropped and the next one comes clean.
func TestTornOnTheLine(t *testing.T) {
	rig := plugged(t)
	l := listen(t, rig, 100*time.Millisecond)
	for range 2 {
		l.must(rig.Torn("Q1", "torn", 3))
		l.logs("code dropped")
		l.must(rig.Scan("Q1", "whole"))
		l.want(whole)
	}
}

// A code that comes slowly, but comes, is whole; noise does no lasting harm.
func TestFaultsOnTheLine(t *testing.T) {
	rig := plugged(t)
	l := listen(t, rig, untorn)
	l.must(rig.Slow(t.Context(), "Q1", "whole", 5*time.Millisecond))
	l.want(whole)
	l.must(rig.Glued("Q1", "one", "two"))
	l.want(scanner.Scanned{Code: kiosk.ScannedCode{AIM: "Q1", Text: "one]Q1two"}})
	l.must(rig.Scan("", strings.Repeat("x", 5000)))
	l.logs("code dropped")
	l.must(rig.Garbage(7, 2000))
	l.must(rig.Scan("Q1", "whole"))
	for await(t, l.events) != whole { // noise may hold a CR and so pass for codes
	}
}

func await[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(2 * time.Minute):
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

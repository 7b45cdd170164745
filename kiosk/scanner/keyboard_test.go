package scanner_test

// Readers that pose as keyboards, on streams of input events behind a file
// descriptor; and readers that are found by their names.

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/scanner"
	"github.com/tserve/jolly/kiosk/scanner/scannertest"
	"github.com/tserve/jolly/kiosk/scanner/sim"
)

func pluggedKeyboard(t testing.TB, path string) *sim.Keyboard {
	t.Helper()
	rig, err := sim.NewKeyboard(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rig.Unplug(); err != nil {
			t.Error(err)
		}
	})
	return rig
}

func keyboardPath(t testing.TB) string {
	return filepath.Join(t.TempDir(), "by-id", "usb-Newland_Barcode-event-kbd")
}

func TestKeyboardConforms(t *testing.T) {
	scannertest.Run(t, func(t *testing.T) (scannertest.Reader, scannertest.Rig) {
		rig := pluggedKeyboard(t, keyboardPath(t))
		cfg := scanner.Config{Kind: scanner.KindEvdev, Path: rig.Path(), AIM: true, InterChar: untorn, RetryMin: 10 * time.Millisecond, RetryMax: 50 * time.Millisecond}
		return scanner.NewUngrabbed(cfg, make(chan string, 64)), rig
	})
}

// started is a running reader and its events.
func started(t *testing.T, r *scanner.Reader) <-chan scanner.Event {
	t.Helper()
	events := make(chan scanner.Event, 64)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, func(e scanner.Event) { events <- e }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return events
}

func code(aim, text string) scanner.Event {
	return scanner.Scanned{Code: kiosk.ScannedCode{AIM: aim, Text: text}}
}

func TestKeyboardIsGrabbed(t *testing.T) {
	rig := pluggedKeyboard(t, keyboardPath(t))
	grabbed := make(chan string, 1)
	events := started(t, scanner.NewUngrabbed(scanner.Config{Kind: scanner.KindEvdev, Path: rig.Path()}, grabbed))
	if got := await(t, events); got != (scanner.StateChanged{State: scanner.Present}) {
		t.Fatalf("%+v", got)
	}
	if got := await(t, grabbed); got != rig.Path() {
		t.Errorf("grabbed %q before it was present, want %q", got, rig.Path())
	}
}

// What cannot be grabbed would let keys through to the screen: it is a fault.
func TestUngrabbableIsAFault(t *testing.T) {
	rig := pluggedKeyboard(t, keyboardPath(t))
	got := first(t, scanner.Config{Kind: scanner.KindEvdev, Path: rig.Path()})
	if got != (scanner.StateChanged{State: scanner.Absent, Reason: scanner.ReasonFault}) {
		t.Errorf("%+v, want absent: fault", got)
	}
}

func TestKeysThatGoWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream []byte
		want   scanner.Event
	}{
		{"Caps Lock on the reader turns letters only", join(sim.CapsLock(), sim.Keys("pagopa|002|A\r"), sim.CapsLock()), code("", "PAGOPA|002|a")},
		{"what the kernel lost takes its code along", join(sim.Keys("PAGO"), sim.Lost(), sim.Keys("002|3020\rwhole\r")), code("", "whole")},
		{"a code before the loss is whole", join(sim.Keys("whole\rPA"), sim.Lost(), sim.Keys("GOPA\r")), code("", "whole")},
		{"keys of no character", join(key(113, 1), sim.Keys("wh"), key(114, 1), sim.Keys("ole\r")), code("", "whole")},
		{"a key that repeats", join(key(30, 1), key(30, 2), key(30, 2), key(30, 0), sim.Keys("\r")), code("", "aaa")},
		{"the keypad", join(key(71, 1), key(82, 1), key(96, 1)), code("", "70")},
		{"both Shifts, one let go", join(key(42, 1), key(54, 1), key(42, 0), key(30, 1), key(54, 0), key(30, 1), key(28, 1)), code("", "Aa")},
		{"a number that is no byte", join(key(56, 1), key(80, 1), key(79, 1), key(79, 1), key(79, 1), key(81, 1), key(81, 1), key(81, 1), key(56, 0), sim.Keys("a\r")), code("", "a")},
	} {
		t.Run(c.name, func(t *testing.T) {
			rig := pluggedKeyboard(t, keyboardPath(t))
			events := started(t, scanner.NewUngrabbed(scanner.Config{Path: rig.Path(), Kind: scanner.KindEvdev, InterChar: untorn}, make(chan string, 1)))
			await(t, events)
			if err := rig.Send(c.stream); err != nil {
				t.Fatal(err)
			}
			if got := await(t, events); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func join(streams ...[]byte) []byte { return bytes.Join(streams, nil) }

// key is one event of a key, made from a recorded stroke.
func key(code uint16, value byte) []byte {
	size := len(sim.Lost()) / 2
	e := make([]byte, size)
	e[size-8], e[size-6], e[size-5], e[size-4] = 1, byte(code), byte(code>>8), value
	return e
}

// Whatever bytes a code has but its end, they arrive as they were.
func TestEveryTextArrives(t *testing.T) {
	rig := pluggedKeyboard(t, keyboardPath(t))
	events := started(t, scanner.NewUngrabbed(scanner.Config{Path: rig.Path(), Kind: scanner.KindEvdev, AIM: true, InterChar: untorn}, make(chan string, 1)))
	await(t, events)
	rapid.Check(t, func(rt *rapid.T) {
		text := string(rapid.SliceOfN(rapid.ByteRange(1, 255).Filter(func(b byte) bool { return b != '\r' && b != '\n' }), 1, 200).Draw(rt, "text"))
		if err := rig.Scan("Q1", text); err != nil {
			rt.Fatal(err)
		}
		if got := await(t, events); got != code("Q1", text) {
			rt.Fatalf("%q, want %q", got, text)
		}
	})
}

// A reader is found by its name, the serial line before the keyboard, and in
// another socket again.
func TestFoundByItself(t *testing.T) {
	dir := t.TempDir()
	serialDir, inputDir := filepath.Join(dir, "serial"), filepath.Join(dir, "input")
	run := func(kind scanner.Kind) <-chan scanner.Event {
		cfg := scanner.Config{Kind: kind, Path: scanner.PathAuto, RetryMin: 10 * time.Millisecond, RetryMax: 20 * time.Millisecond}
		return started(t, scanner.NewIn(cfg, serialDir, inputDir))
	}
	events := run(scanner.KindAuto)
	wantState(t, events, scanner.StateChanged{State: scanner.Absent, Reason: scanner.ReasonMissing})
	if err := os.MkdirAll(inputDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(inputDir, "usb-Logitech_Keyboard-event-kbd"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, socket := range []string{"usb-Barcode_1-event-kbd", "usb-ACME_SCANNER_2-event-kbd"} {
		kb := pluggedKeyboard(t, filepath.Join(inputDir, socket))
		wantState(t, events, scanner.StateChanged{State: scanner.Present})
		if err := kb.Scan("", "keys"); err != nil {
			t.Fatal(err)
		}
		wantState(t, events, code("", "keys"))
		if err := kb.Unplug(); err != nil {
			t.Fatal(err)
		}
		wantState(t, events, scanner.StateChanged{State: scanner.Absent, Reason: scanner.ReasonUnplugged})
	}
	pluggedKeyboard(t, filepath.Join(inputDir, "usb-Barcode_3-event-kbd"))
	wantState(t, events, scanner.StateChanged{State: scanner.Present})
	line, err := sim.New(filepath.Join(serialDir, "usb-Honeywell_3330-if00"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := line.Close(); err != nil {
			t.Error(err)
		}
	}()
	other := run(scanner.KindAuto)
	wantState(t, other, scanner.StateChanged{State: scanner.Present})
	if err := line.Scan("", "line"); err != nil {
		t.Fatal(err)
	}
	wantState(t, other, code("", "line"))
}

func wantState(t *testing.T, events <-chan scanner.Event, want scanner.Event) {
	t.Helper()
	if got := await(t, events); got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
}

func TestKindsOfReaders(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	if err := scanner.New(scanner.Config{Kind: "usb", Path: "/dev/x"}, log).Run(t.Context(), nil); err == nil {
		t.Error("kind usb: no mistake found")
	}
}

// What was typed before anybody listened is thrown away, and what was typed since is
// heard, also by a process that is held up whenever it looks.
func TestHeldUpAtTheKeyboard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyboard")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	rig, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rig.Close() //nolint:errcheck // a pipe
	port, err := scanner.OpenHeldUp(path)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close() //nolint:errcheck // a pipe
	typed := func(text string) {
		t.Helper()
		if _, err := rig.Write(sim.Keys(text)); err != nil {
			t.Fatal(err)
		}
	}
	typed("before\r")
	if err := port.ResetInputBuffer(); err != nil {
		t.Fatal(err)
	}
	var buf [64]byte
	for range 2 {
		if n, err := port.Read(buf[:]); n != 0 || err != nil {
			t.Fatalf("%q, %v, and nothing was typed", buf[:n], err)
		}
		typed("code\r")
		if n, err := port.Read(buf[:]); err != nil || string(buf[:n]) != "code\r" {
			t.Fatalf("%q, %v", buf[:n], err)
		}
	}
}

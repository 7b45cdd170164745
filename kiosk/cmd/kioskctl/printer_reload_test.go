package main

// The guide to a new roll, and the paper of a day that is closed by hand.

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Each change of the printer has its next step, and the guide ends when it is ready.
func TestReload(t *testing.T) { synctest.Test(t, reloads) }

func reloads(t *testing.T) {
	var out bytes.Buffer
	states := []kiosk.PrinterState{kiosk.PrinterPaperOut, kiosk.PrinterPaperOut, kiosk.PrinterCoverOpen, kiosk.PrinterReady}
	err := (&tool{out: &out}).reload(t.Context(), func(context.Context) (kiosk.PrinterState, error) {
		s := states[0]
		states = states[1:]
		return s, nil
	})
	said := strings.Split(strings.TrimSpace(out.String()), "\n")
	if err != nil || len(said) != 3 || !strings.Contains(said[0], "no paper") || !strings.Contains(said[1], "cover is open") || !strings.Contains(said[2], "ready") {
		t.Errorf("%v: %q", err, said)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err = (&tool{out: &out}).reload(ctx, func(context.Context) (kiosk.PrinterState, error) { return kiosk.PrinterJam, nil })
	if !errors.Is(err, errNotReady) || !strings.Contains(err.Error(), "jam") {
		t.Errorf("%v", err)
	}
}

// Every state has a step of its own.
func TestEveryStateHasAStep(t *testing.T) {
	seen := map[string]kiosk.PrinterState{}
	for _, s := range []kiosk.PrinterState{
		kiosk.PrinterUnknown, kiosk.PrinterReady, kiosk.PrinterNearEnd, kiosk.PrinterPaperOut, kiosk.PrinterCoverOpen, kiosk.PrinterJam,
		kiosk.PrinterCutter, kiosk.PrinterTicketIn, kiosk.PrinterOffline,
	} {
		if other, twice := seen[next(s)]; twice {
			t.Errorf("%s and %s have the same step", s, other)
		}
		seen[next(s)] = s
	}
}

// close --print prints once: by the order, or by the kiosk that does so by itself.
func TestThePaperOfAClosingByHand(t *testing.T) {
	for _, itself := range []bool{false, true} {
		config, _ := kioskWithAPayment(t)
		if itself {
			text, err := os.ReadFile(config)
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.Replace(text, []byte("[printer]\n"), []byte("[printer]\nday_report = true\n"), 1)
			if err := os.WriteFile(config, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r := &running{day: kiosk.TerminalClose{Outcome: kiosk.CloseDone, Total: 8740, HostTotal: 8740}}
		r.serve(t, config)
		if out, err := ctl(t, "terminal", "close", "--print", "--config", config); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if got := slices.Contains(r.told, "print day"); got == itself {
			t.Errorf("the kiosk prints by itself %v: ordered %v", itself, r.told)
		}
	}
}

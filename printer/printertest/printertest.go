// Package printertest is the suite that every printer passes, whatever it speaks:
// what its state is called, when a receipt counts as printed, and that no paper
// comes out that nobody waits for.
package printertest

// The suite.

import (
	"context"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Printer is what is tried.
type Printer interface {
	State(ctx context.Context) kiosk.PrinterState
	Print(ctx context.Context, r kiosk.Receipt) (kiosk.PrintReport, []byte)
}

// Hand does to the printer what can happen to it. A nil deed is one that this
// printer does not know: the suite says so and goes on.
type Hand struct {
	Printer   Printer
	Again     func() Printer // another process with the same printer
	Impatient func() Printer // one that soon gives up what it waits for
	Mend      func()         // new paper, closed, online
	PaperOut  func()
	PaperEnds func() // in the middle of the next paper
	NearEnd   func()
	CoverOpen func()
	Offline   func()
	Silent    func()
	LoseProof func() // prints the next paper and cannot prove it
	LoseLine  func() // takes the next job and breaks the line before it says so
	// Papers are those that left it; torn are the pieces of unfinished ones.
	Papers func() (whole, torn int)
	// Busy waits until a job is under way.
	Busy func(ctx context.Context) error
	// Holds lets the next job get under way, and no further.
	Holds func()
}

// Run tries a printer. fresh makes a new one that is ready.
func Run(t *testing.T, r kiosk.Receipt, fresh func(t *testing.T) Hand) {
	try := func(name string, f func(t *testing.T, s *suite)) {
		t.Run(name, func(t *testing.T) { f(t, &suite{t: t, h: fresh(t), r: r}) })
	}
	try("prints", func(_ *testing.T, s *suite) {
		s.state(kiosk.PrinterReady)
		s.prints()
		s.prints()
		s.papers(2, 0)
	})
	try("refuses before the job", refuses)
	try("prints near the end", func(_ *testing.T, s *suite) {
		s.h.NearEnd()
		s.state(kiosk.PrinterNearEnd)
		s.print(kiosk.PrintDone, kiosk.PrinterNearEnd)
		s.papers(1, 0)
	})
	try("paper ends in mid print", endsInMidPrint)
	try("proof lost", func(_ *testing.T, s *suite) {
		s.prints()
		s.h.Printer = s.h.Impatient()
		s.h.LoseProof()
		s.print(kiosk.PrintUnknown, "")
		s.papers(2, 0)
	})
	try("line lost", func(t *testing.T, s *suite) {
		if s.h.LoseLine == nil {
			t.Log("not for this printer")
			return
		}
		s.h.LoseLine()
		s.print(kiosk.PrintUnknown, "")
	})
	try("cancelled", cancelled)
	try("a new process clears up", clearsUp)
	try("jobs take turns", func(t *testing.T, s *suite) {
		done := make(chan struct{})
		for range 3 {
			go func() {
				defer func() { done <- struct{}{} }()
				s.prints()
			}()
		}
		for range 3 {
			<-done
		}
		s.papers(3, 0)
	})
}

type suite struct {
	t *testing.T
	h Hand
	r kiosk.Receipt
}

func (s *suite) state(want kiosk.PrinterState) {
	s.t.Helper()
	if got := s.h.Printer.State(s.t.Context()); got != want {
		s.t.Errorf("state %s, want %s", got, want)
	}
}

// print prints and compares; the empty state is any.
func (s *suite) print(want kiosk.PrintResult, state kiosk.PrinterState) {
	s.t.Helper()
	report, doc := s.h.Printer.Print(s.t.Context(), s.r)
	if report.Result != want || (state != "" && report.State != state) {
		s.t.Errorf("report %+v, want %s and %s", report, want, state)
	}
	if len(doc) == 0 {
		s.t.Error("no PDF")
	}
}

func (s *suite) prints() {
	s.t.Helper()
	s.print(kiosk.PrintDone, kiosk.PrinterReady)
}

// papers waits for the last paper, for which a job that is not proved did not wait.
func (s *suite) papers(whole, torn int) {
	s.t.Helper()
	_ = Until(s.t, func() bool { w, n := s.h.Papers(); return w+n >= whole+torn })
	w, n := s.h.Papers()
	if w != whole || n != torn {
		s.t.Errorf("%d whole and %d torn papers, want %d and %d", w, n, whole, torn)
	}
}

func refuses(t *testing.T, s *suite) {
	for _, c := range []struct {
		name  string
		deed  func()
		state kiosk.PrinterState
	}{
		{"paper out", s.h.PaperOut, kiosk.PrinterPaperOut},
		{"cover open", s.h.CoverOpen, kiosk.PrinterCoverOpen},
		{"offline", s.h.Offline, kiosk.PrinterOffline},
		{"silent", s.h.Silent, kiosk.PrinterUnknown},
	} {
		patient := s.h.Printer
		if c.state == kiosk.PrinterUnknown {
			s.h.Printer = s.h.Impatient()
		}
		c.deed()
		s.state(c.state)
		s.print(kiosk.PrintFailed, c.state)
		s.h.Printer = patient
		s.h.Mend()
	}
	s.papers(0, 0)
	s.prints()
	s.papers(1, 0)
}

// endsInMidPrint: the dead receipt does not come to light with the new paper.
func endsInMidPrint(t *testing.T, s *suite) {
	s.prints()
	s.h.PaperEnds()
	s.print(kiosk.PrintFailed, kiosk.PrinterPaperOut)
	s.state(kiosk.PrinterPaperOut)
	s.h.Mend()
	s.state(kiosk.PrinterReady)
	whole, _ := s.h.Papers()
	if whole != 1 {
		t.Errorf("%d whole papers after the new roll", whole)
	}
	s.prints()
	if whole, torn := s.h.Papers(); whole != 2 || torn > 1 {
		t.Errorf("%d whole and %d torn papers", whole, torn)
	}
}

// cancelled: a citizen who is gone ends the job, and it stays ended.
func cancelled(t *testing.T, s *suite) {
	s.h.Holds()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.h.Busy(t.Context())
		cancel()
	}()
	report, _ := s.h.Printer.Print(ctx, s.r)
	<-done
	if report.Result != kiosk.PrintFailed {
		t.Errorf("report %+v", report)
	}
	s.h.Mend()
	s.prints()
	if whole, torn := s.h.Papers(); whole != 1 || torn > 1 {
		t.Errorf("%d whole and %d torn papers", whole, torn)
	}
}

// clearsUp: what an earlier process left is not printed to the next citizen.
func clearsUp(t *testing.T, s *suite) {
	s.h.PaperEnds()
	_, _ = s.h.Printer.Print(t.Context(), s.r)
	s.h.Printer = s.h.Again()
	s.h.Mend()
	s.prints()
	if whole, torn := s.h.Papers(); whole != 1 || torn > 1 {
		t.Errorf("%d whole and %d torn papers", whole, torn)
	}
}

// Until asks again and again until the answer is yes, for a minute.
func Until(t testing.TB, yes func() bool) error {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

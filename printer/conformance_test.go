package printer_test

// Both ways out pass one suite.

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer"
	"github.com/tserve/jolly/printer/ipp"
	ippsim "github.com/tserve/jolly/printer/ipp/sim"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/printertest"
	"github.com/tserve/jolly/printer/pwg"
	"github.com/tserve/jolly/printer/sim"
)

func TestConformanceESCPOS(t *testing.T) {
	printertest.Run(t, example(t), func(t *testing.T) printertest.Hand {
		b := newBench(t, sim.Config{}, "")
		change := func(f func(*sim.Condition)) func() { return func() { b.sim.Change(f) } }
		return printertest.Hand{
			Printer:   b.p,
			Again:     func() printertest.Printer { return b.printer("", fast) },
			Impatient: func() printertest.Printer { return b.printer("", impatient) },
			Mend:      func() { b.repair(t); b.sim.Refill() },
			PaperOut:  change(func(c *sim.Condition) { c.PaperOut = true }),
			PaperEnds: change(func(c *sim.Condition) { c.PaperOutAfter = 300 }),
			NearEnd:   change(func(c *sim.Condition) { c.NearEnd = true }),
			CoverOpen: change(func(c *sim.Condition) { c.CoverOpen = true }),
			Offline:   change(func(c *sim.Condition) { c.Offline = true }),
			Silent:    change(func(c *sim.Condition) { c.Silent = true }),
			LoseProof: change(func(c *sim.Condition) { c.LoseConfirmation = true }),
			Holds:     change(func(c *sim.Condition) { c.HoldsAfter = 150 }),
			Busy:      b.held,
			Papers:    func() (int, int) { c := b.sim.Snapshot().Counts; return c.Whole, c.Torn },
		}
	})
}

// fastIPP are deadlines for a printer that answers at once, whatever the machine that
// it runs on has to do besides.
var fastIPP = ipp.Timing{
	Dial: time.Minute, Request: time.Minute, Poll: 5 * time.Millisecond, Job: 5 * time.Minute, Cancel: time.Minute,
}

func TestConformanceIPP(t *testing.T) {
	printertest.Run(t, example(t), func(t *testing.T) printertest.Hand {
		s := ippsim.New(ippsim.Config{PageTime: 20 * time.Millisecond})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		with := func(timing ipp.Timing) func() printertest.Printer {
			return func() printertest.Printer {
				return printer.New(printer.Config{Kind: printer.KindIPP, Addr: s.URI(), IPP: timing, Job: 10 * time.Minute}, nil, nil)
			}
		}
		again, soon := with(fastIPP), fastIPP
		soon.Request = 200 * time.Millisecond
		set := func(c ippsim.Condition) func() { return func() { s.Set(c) } }
		h := printertest.Hand{
			Printer: again(), Again: again, Impatient: with(soon),
			PaperOut: set(ippsim.Condition{PaperOut: true}), PaperEnds: set(ippsim.Condition{PaperEnds: true}),
			NearEnd: set(ippsim.Condition{NearEnd: true}), CoverOpen: set(ippsim.Condition{CoverOpen: true}),
			Offline: set(ippsim.Condition{Offline: true}), Silent: set(ippsim.Condition{Silent: true}),
			LoseProof: set(ippsim.Condition{LoseCount: true}), LoseLine: set(ippsim.Condition{LoseAnswer: true}),
			Holds: set(ippsim.Condition{Waits: true}),
			Busy: func(ctx context.Context) error {
				return s.Await(ctx, func(jobs, _ int) bool { return jobs > 0 })
			},
			Papers: func() (whole, torn int) {
				for _, p := range s.Papers() {
					if p.Whole {
						whole++
					} else {
						torn++
					}
				}
				return
			},
		}
		h.Mend = func() {
			s.Set(ippsim.Condition{})
			if err := printertest.Until(t, func() bool { return h.Printer.State(t.Context()) == kiosk.PrinterReady }); err != nil {
				t.Fatal(err)
			}
		}
		return h
	})
}

// A printer that takes no PDF gets the same receipt as dots.
func TestIPPWithoutPDF(t *testing.T) {
	s := ippsim.New(ippsim.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	s.Set(ippsim.Condition{NoPDF: true})
	for _, w := range []pdf.Width{pdf.Roll80, pdf.Roll58, pdf.A4} {
		p := printer.New(printer.Config{Kind: printer.KindIPP, Addr: s.URI(), IPP: fastIPP, Job: 10 * time.Minute, Paper: w}, raster, nil)
		report, doc := p.Print(t.Context(), example(t))
		if report.Result != kiosk.PrintDone || len(doc) == 0 {
			t.Fatalf("%+v", report)
		}
		all := s.Papers()
		got := all[len(all)-1].Document
		page, err := raster.Whole(t.Context(), doc, 203)
		if err != nil {
			t.Fatal(err)
		}
		want, err := pwg.Encode([]pwg.Page{pwg.Page(*page[0])}, 203, pwg.Black)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d: %d bytes on paper, want %d: %v", w, len(got), len(want), err)
		}
		if mm := page[0].Width * 254 / 2030; mm < int(w)-1 || mm > int(w) {
			t.Errorf("%d: a page of %d mm", w, mm)
		}
	}
}

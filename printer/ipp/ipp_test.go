package ipp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/OpenPrinting/goipp"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/ipp/sim"
	"github.com/tserve/jolly/printer/pwg"
)

// fast are deadlines for a printer that answers at once, whatever the machine that it
// runs on has to do besides.
var fast = Timing{Dial: time.Minute, Request: time.Minute, Poll: 5 * time.Millisecond, Job: time.Minute, Cancel: time.Minute}

// stubborn is how long a job is waited for that does not end.
const stubborn = 300 * time.Millisecond

func simulator(t *testing.T) (*sim.Printer, *Device) {
	t.Helper()
	s := sim.New(sim.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	d, err := NewDevice(s.URI(), fast, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, d
}

func page() Job {
	return Job{Name: "01995f2e", PDF: []byte("%PDF-1.3\nnot really"), Width: 8000, Height: 16830}
}

// A suffix says nothing: it is rewritten on its way. The worst word counts.
func TestStateOfWords(t *testing.T) {
	for _, c := range []struct {
		words string
		s     Status
		want  kiosk.PrinterState
	}{
		{"none", Status{Known: true}, kiosk.PrinterReady},
		{"media-empty", Status{Known: true}, kiosk.PrinterPaperOut},
		{"media-empty-error", Status{Known: true}, kiosk.PrinterPaperOut},
		{"media-needed-warning", Status{Known: true}, kiosk.PrinterPaperOut},
		{"media-low-report", Status{Known: true}, kiosk.PrinterNearEnd},
		{"media-jam-error", Status{Known: true}, kiosk.PrinterJam},
		{"toner-empty-error", Status{Known: true}, kiosk.PrinterJam},
		{"toner-low-report", Status{Known: true}, kiosk.PrinterReady},
		{"media-empty-error door-open-report", Status{Known: true}, kiosk.PrinterCoverOpen},
		{"media-low-report media-empty-error", Status{Known: true}, kiosk.PrinterPaperOut},
		{"separation-cutter-jam-error", Status{Known: true}, kiosk.PrinterCutter},
		{"output-area-full-warning", Status{Known: true}, kiosk.PrinterTicketIn},
		{"paused", Status{Known: true, Stopped: true}, kiosk.PrinterOffline},
		{"none", Status{Known: true, Stopped: true}, kiosk.PrinterOffline},
		{"media-low", Status{Known: true, Rejecting: true}, kiosk.PrinterOffline},
		{"cover-open", Status{Known: true, Stopped: true}, kiosk.PrinterCoverOpen},
		{"cups-waiting-for-job-completed", Status{Known: true}, kiosk.PrinterReady},
		{"never-heard-of-error", Status{Known: true}, kiosk.PrinterReady},
		{"media-empty", Status{}, kiosk.PrinterUnknown},
	} {
		c.s.Reasons = strings.Fields(c.words)
		if got := c.s.State(); got != c.want {
			t.Errorf("%s: %s, want %s", c.s, got, c.want)
		}
	}
}

func TestTheJobAsks(t *testing.T) {
	s, d := simulator(t)
	if r := d.Print(t.Context(), page()); r.Result != kiosk.PrintDone || r.State != kiosk.PrinterReady {
		t.Fatalf("%+v", r)
	}
	got := s.Papers()[0]
	want := page()
	if string(got.Document) != string(want.PDF) || got.Format != formatPDF || got.Width != want.Width || got.Height != want.Height || got.Scaling != "none" || got.Name != want.Name {
		t.Errorf("%+v", got)
	}
}

// A printer that takes no PDF gets raster, of the smallest kind and the lowest
// density that is enough; what cannot be drawn is not sent.
func TestRasterWhereThereIsNoPDF(t *testing.T) {
	s, d := simulator(t)
	s.Set(sim.Condition{NoPDF: true})
	j := page()
	j.Raster = func(_ context.Context, dpi int, kind pwg.Kind) ([]byte, error) {
		return fmt.Appendf(nil, "%d %s", dpi, kind), nil
	}
	if r := d.Print(t.Context(), j); r.Result != kiosk.PrintDone {
		t.Fatalf("%+v", r)
	}
	if got := s.Papers()[0]; got.Format != formatRaster || string(got.Document) != "203 black_1" || got.Height != j.Height {
		t.Errorf("%s: %q, %d high", got.Format, got.Document, got.Height)
	}
	j.Raster = func(context.Context, int, pwg.Kind) ([]byte, error) { return nil, errors.New("out of memory") }
	if r := d.Print(t.Context(), j); r.Result != kiosk.PrintFailed || !strings.Contains(r.Reason, "out of memory") {
		t.Errorf("%+v", r)
	}
	if n := len(s.Papers()); n != 1 {
		t.Errorf("%d papers", n)
	}
}

func TestDensity(t *testing.T) {
	at := func(all ...goipp.Resolution) goipp.Attributes {
		a := goipp.Attribute{Name: "pwg-raster-document-resolution-supported"}
		for _, r := range all {
			a.Values.Add(goipp.TagResolution, r)
		}
		return goipp.Attributes{a}
	}
	dpi := func(x, y int) goipp.Resolution { return goipp.Resolution{Xres: x, Yres: y, Units: goipp.UnitsDpi} }
	for _, c := range []struct {
		name string
		can  goipp.Attributes
		want int // 0: refused
	}{
		{"one", at(dpi(300, 300)), 300},
		{"the lowest that is enough", at(dpi(600, 600), dpi(150, 150), dpi(300, 300)), 300},
		{"not square", at(dpi(300, 600), dpi(600, 600)), 600},
		{"too fine", at(dpi(1200, 1200)), 0},
		{"in centimetres", at(goipp.Resolution{Xres: 236, Yres: 236, Units: goipp.UnitsDpcm}), 0},
		{"none named", nil, 0},
	} {
		if got, err := density(c.can); got != c.want || (err != nil) != (c.want == 0) {
			t.Errorf("%s: %d, %v", c.name, got, err)
		}
	}
}

// What is not proved is unknown, and what hangs is not called failed.
func TestReports(t *testing.T) {
	for _, c := range []struct {
		name   string
		cond   sim.Condition
		result kiosk.PrintResult
		state  kiosk.PrinterState
		reason string
	}{
		{"count lost", sim.Condition{LoseCount: true}, kiosk.PrintUnknown, kiosk.PrinterReady, "no page was counted"},
		{"queue lost sight", sim.Condition{LoseSight: true}, kiosk.PrintUnknown, kiosk.PrinterReady, "lost sight"},
		{"answer lost", sim.Condition{LoseAnswer: true}, kiosk.PrintUnknown, kiosk.PrinterOffline, "answer to the job lost"},
		{"paper ends", sim.Condition{PaperEnds: true}, kiosk.PrintFailed, kiosk.PrinterPaperOut, "in mid print"},
		{"paper ends, does not cancel", sim.Condition{PaperEnds: true, Stubborn: true}, kiosk.PrintUnknown, kiosk.PrinterPaperOut, "not over"},
		{"no PDF and nobody draws", sim.Condition{NoPDF: true}, kiosk.PrintFailed, kiosk.PrinterReady, "takes no PDF"},
		{"neither PDF nor raster", sim.Condition{NoPDF: true, NoRaster: true}, kiosk.PrintFailed, kiosk.PrinterReady, "neither PDF nor PWG raster"},
		{"cutter", sim.Condition{Cutter: true}, kiosk.PrintFailed, kiosk.PrinterCutter, "before the job"},
		{"jam", sim.Condition{Jam: true}, kiosk.PrintFailed, kiosk.PrinterJam, "before the job"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, d := simulator(t)
			s.Set(c.cond)
			if c.cond.Stubborn {
				d.t.Cancel = stubborn
			}
			r := d.Print(t.Context(), page())
			if r.Result != c.result || r.State != c.state || !strings.Contains(r.Reason, c.reason) {
				t.Errorf("%+v, want %s, %s, %q", r, c.result, c.state, c.reason)
			}
		})
	}
}

// That our own time is up says nothing about the printer: what was seen before it
// counts, and what is seen after it.
func TestStateWhenTheTimeIsUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		at     sim.Condition // when the time is up
		result kiosk.PrintResult
		state  kiosk.PrinterState
	}{
		{"still there", sim.Condition{Waits: true}, kiosk.PrintFailed, kiosk.PrinterReady},
		{"switched off", sim.Condition{Waits: true, Offline: true}, kiosk.PrintUnknown, kiosk.PrinterOffline},
		{"fallen silent", sim.Condition{Waits: true, Silent: true}, kiosk.PrintUnknown, kiosk.PrinterUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := sim.New(sim.Config{})
				d, err := NewDevice("ipp://printer/ipp/print", Timing{Job: time.Hour, Request: time.Second}, nil)
				if err != nil {
					t.Fatal(err)
				}
				d.c.http.Transport = inside{s}
				s.Set(sim.Condition{Waits: true})
				ctx, patience := context.WithCancel(t.Context())
				defer patience()
				done := make(chan kiosk.PrintReport, 1)
				go func() { done <- d.Print(ctx, page()) }()
				if err := s.Await(t.Context(), func(jobs, _ int) bool { return jobs > 0 }); err != nil {
					t.Fatal(err)
				}
				s.Set(c.at)
				patience()
				if r := <-done; r.Result != c.result || r.State != c.state {
					t.Errorf("%+v", r)
				}
			})
		})
	}
}

// inside is a network with nothing but a printer in it, for tests in fake time.
type inside struct{ p *sim.Printer }

func (in inside) RoundTrip(r *http.Request) (*http.Response, error) {
	if c, _ := in.p.Condition(); c.Offline {
		return nil, syscall.ECONNREFUSED
	}
	w, broken := httptest.NewRecorder(), make(chan any)
	go func() {
		defer func() { broken <- recover() }() // as a server does with its handler's [http.ErrAbortHandler]
		in.p.ServeHTTP(w, r)
	}()
	if <-broken != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// A job that hangs in the queue stands in the way of the next one: it must not be
// printed to another citizen.
func TestNothingIsSentBehindAJobThatHangs(t *testing.T) {
	s, d := simulator(t)
	d.t.Cancel = stubborn
	s.Set(sim.Condition{PaperEnds: true, Stubborn: true})
	if r := d.Print(t.Context(), page()); r.Result != kiosk.PrintUnknown {
		t.Fatalf("%+v", r)
	}
	s.Set(sim.Condition{NearEnd: true, Stubborn: true})
	if r := d.Print(t.Context(), page()); r.Result == kiosk.PrintUnknown {
		t.Errorf("%+v", r)
	}
}

// A dead address is told within its deadline.
func TestNobodyThere(t *testing.T) {
	d, err := NewDevice("ipp://127.0.0.1:1/ipp/print", fast, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := d.Print(t.Context(), page()); r.Result != kiosk.PrintFailed || r.State != kiosk.PrinterOffline {
		t.Errorf("%+v", r)
	}
	if s, _, _ := d.Status(t.Context()); s != kiosk.PrinterOffline {
		t.Errorf("%s", s)
	}
}

func TestAddresses(t *testing.T) {
	for _, good := range []string{"ipp://printer/ipp/print", "ipps://10.0.0.1:631/ipp/print", "ipp://[::1]/printers/Kiosk80"} {
		if err := Check(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "printer:9100", "http://printer/", "ipp:///ipp/print", "ipp://%zz"} {
		if Check(bad) == nil {
			t.Errorf("%q taken", bad)
		}
	}
}

// Whatever a printer answers, reading it makes no trouble.
func FuzzAnswers(f *testing.F) {
	m := goipp.NewResponse(goipp.DefaultVersion, goipp.StatusOk, 1)
	m.Printer.Add(goipp.MakeAttr("printer-state-reasons", goipp.TagKeyword, goipp.String("media-empty-warning")))
	m.Job.Add(goipp.MakeAttr("job-state", goipp.TagEnum, goipp.Integer(9)))
	seed, err := m.EncodeBytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		var m goipp.Message
		if m.DecodeBytes(data) != nil {
			return
		}
		s, j := readStatus(m.Printer), readJob(m.Job)
		if s.State() == "" || s.String() == "no answer" || (j.over() && j.state < 7) {
			t.Errorf("%+v %+v", s, j)
		}
	})
}

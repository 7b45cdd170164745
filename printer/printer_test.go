package printer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/quirks"
	"github.com/tserve/jolly/printer/receipt"
	"github.com/tserve/jolly/printer/sim"
)

var raster *printer.Rasteriser

func TestMain(m *testing.M) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	raster, err = printer.NewRasteriser(context.Background(), filepath.Join(cache, "jolly-pdfium"))
	if err != nil {
		panic(err)
	}
	code := m.Run()
	if err := raster.Close(); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// A cache that cannot be written costs time and nothing else. It stands here and
// not beside the rasteriser: under the race detector it would cost ten times that.
func TestRasteriserWithoutCache(t *testing.T) {
	if testing.Short() {
		t.Log("not compiled without a cache in short mode")
		return
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := printer.NewRasteriser(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // told by the others
	if r.CacheErr() == nil {
		t.Error("a file served as a directory")
	}
}

func example(t testing.TB) kiosk.Receipt {
	t.Helper()
	data, err := os.ReadFile("receipt/testdata/payment.json")
	if err != nil {
		t.Fatal(err)
	}
	var r kiosk.Receipt
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// fast are deadlines for a printer that answers at once, whatever the machine that
// it runs on has to do besides; impatient are those for one that never answers, and
// unproved for one that does not answer queued questions.
var (
	fast = escpos.Timing{
		Dial: time.Minute, Answer: time.Minute, Write: time.Minute, Poll: 50 * time.Millisecond,
		Ack: time.Minute, Confirm: time.Minute, Settle: 250 * time.Millisecond,
	}
	impatient = with(fast, func(t *escpos.Timing) { t.Answer = 200 * time.Millisecond; t.Confirm = 1500 * time.Millisecond })
	unproved  = with(fast, func(t *escpos.Timing) { t.Ack = 500 * time.Millisecond; t.Confirm = 1500 * time.Millisecond })
)

func with(t escpos.Timing, change func(*escpos.Timing)) escpos.Timing {
	change(&t)
	return t
}

// bench is a running simulator and a printer on it.
type bench struct {
	sim *sim.Printer
	p   *printer.Printer
	log *bytes.Buffer
}

func newBench(t *testing.T, cfg sim.Config, model string) *bench {
	t.Helper()
	b := &bench{sim: sim.New(cfg), log: &bytes.Buffer{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("simulator: %v", err)
		}
	})
	b.p = b.printer(model, fast)
	return b
}

// printer is a kiosk that has just started.
func (b *bench) printer(model string, timing escpos.Timing) *printer.Printer {
	return printer.New(printer.Config{Addr: b.sim.Addr(), Model: model, Timing: timing, Job: 10 * time.Minute}, raster,
		slog.New(slog.NewJSONHandler(b.log, nil)))
}

func (b *bench) print(t *testing.T, want kiosk.PrintResult, state kiosk.PrinterState) kiosk.PrintReport {
	t.Helper()
	report, doc := b.p.Print(t.Context(), example(t))
	if report.Result != want || report.State != state {
		t.Errorf("report %+v, want %s and %s", report, want, state)
	}
	if len(doc) == 0 {
		t.Error("no PDF")
	}
	return report
}

// repair takes all faults away and waits until the printer is back.
func (b *bench) repair(t *testing.T) {
	t.Helper()
	b.sim.Set(sim.Condition{})
	if err := b.sim.Await(t.Context(), func(s sim.Snapshot) bool { return s.Listening }); err != nil {
		t.Fatal(err)
	}
}

// held waits until the printer stands still in the middle of a job.
func (b *bench) held(ctx context.Context) error {
	return b.sim.Await(ctx, func(s sim.Snapshot) bool { return s.Condition.Holds })
}

// wantPapers waits for the last paper, for which a job that is not proved did not
// wait, and compares.
func (b *bench) wantPapers(t *testing.T, whole, torn int) []sim.Paper {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_ = b.sim.Await(ctx, func(s sim.Snapshot) bool { return s.Counts.Whole+s.Counts.Torn >= whole+torn })
	c := b.sim.Snapshot().Counts
	if c.Whole != whole || c.Torn != torn {
		t.Errorf("%d whole and %d torn papers, want %d and %d: %+v", c.Whole, c.Torn, whole, torn, c)
	}
	return b.sim.Papers()
}

// job is what our own parts make of the example.
func job(t testing.TB, r kiosk.Receipt) (escpos.Job, quirks.Model) {
	t.Helper()
	m, err := quirks.Load("")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := pdf.Render(receipt.Lines(r), pdf.Roll80)
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := raster.Rasterise(context.Background(), doc, m.HeadDots)
	if err != nil {
		t.Fatal(err)
	}
	return escpos.Encode(bitmap, m), m
}

// The paper that an independent reader gets out of our bytes is our bitmap, dot by
// dot, and its QR code can be read.
func TestPaperIsOurBitmap(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	if s := b.p.State(t.Context()); s != kiosk.PrinterReady {
		t.Fatalf("state %s", s)
	}
	b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
	papers := b.wantPapers(t, 1, 0)
	j, _ := job(t, example(t))
	samePicture(t, papers[0].PNG, j.Bitmap)
	if got := zbar(t, papers[0].PNG); got != "" && !strings.Contains(got, example(t).PublicURL) {
		t.Errorf("QR code reads %q", got)
	}
	c := b.sim.Snapshot().Counts
	if c.Unknown != 0 {
		t.Errorf("%d bytes were no command", c.Unknown)
	}
	t.Logf("%d bytes for %d rows, %d burnt rows, %d real-time, %d queued questions", c.Bytes, j.Bitmap.Height, c.Rows, c.RealTime, c.Queued)
}

func samePicture(t *testing.T, file []byte, want *escpos.Bitmap) {
	t.Helper()
	got, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != image.Rect(0, 0, want.Width, want.Height) {
		t.Fatalf("paper of %v, want %dx%d", got.Bounds(), want.Width, want.Height)
	}
	for y := range want.Height {
		for x := range want.Width {
			r, _, _, _ := got.At(x, y).RGBA()
			if (r == 0) != want.Black(x, y) {
				t.Fatalf("dot %d,%d differs", x, y)
			}
		}
	}
}

// zbar reads a QR code with a reader that nobody here wrote, where it is installed.
func zbar(t *testing.T, file []byte) string {
	t.Helper()
	tool, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Log("zbarimg is not installed: QR code not read")
		return ""
	}
	name := filepath.Join(t.TempDir(), "paper.png")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "--quiet", "--raw", name).CombinedOutput()
	if err != nil {
		t.Errorf("zbarimg: %v: %s", err, out)
	}
	return string(out)
}

// Before the job: nothing is sent, the state is told, and nothing is charged to paper.
func TestFaultsBeforeTheJob(t *testing.T) {
	for _, c := range []struct {
		name  string
		cond  sim.Condition
		state kiosk.PrinterState
	}{
		{"paper out", sim.Condition{PaperOut: true}, kiosk.PrinterPaperOut},
		{"cover open", sim.Condition{CoverOpen: true}, kiosk.PrinterCoverOpen},
		{"both", sim.Condition{CoverOpen: true, PaperOut: true}, kiosk.PrinterCoverOpen},
		{"offline", sim.Condition{Offline: true}, kiosk.PrinterOffline},
		{"silent", sim.Condition{Silent: true}, kiosk.PrinterUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, sim.Config{}, "")
			b.sim.Set(c.cond)
			if c.cond.Silent {
				b.p = b.printer("", impatient)
			}
			if s := b.p.State(t.Context()); s != c.state {
				t.Errorf("state %s, want %s", s, c.state)
			}
			b.print(t, kiosk.PrintFailed, c.state)
			b.p = b.printer("", fast)
			b.repair(t)
			b.wantPapers(t, 0, 0)
			b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
			b.wantPapers(t, 1, 0)
		})
	}
}

func TestNearEndPrints(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	b.sim.Set(sim.Condition{NearEnd: true})
	if s := b.p.State(t.Context()); s != kiosk.PrinterNearEnd {
		t.Errorf("state %s", s)
	}
	b.print(t, kiosk.PrintDone, kiosk.PrinterNearEnd)
	b.wantPapers(t, 1, 0)
}

// Paper out in mid print: failed with the state. New paper brings no rest of
// the dead receipt to light, and the next one is whole, from its start.
func TestPaperOutInMidPrint(t *testing.T) {
	for _, rows := range []int{1, 40, 300, 700, 1200} {
		b := newBench(t, sim.Config{}, "")
		b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
		b.sim.Set(sim.Condition{PaperOutAfter: rows})
		report := b.print(t, kiosk.PrintFailed, kiosk.PrinterPaperOut)
		if !strings.Contains(report.Reason, "row") {
			t.Errorf("reason %q does not say how far it came", report.Reason)
		}
		if s := b.p.State(t.Context()); s != kiosk.PrinterPaperOut {
			t.Errorf("state %s", s)
		}
		torn := b.sim.Snapshot().Hanging
		b.sim.Refill()
		wantTorn := 0
		if torn > 0 {
			wantTorn = 1
		}
		b.wantPapers(t, 1, wantTorn)
		if s := b.p.State(t.Context()); s != kiosk.PrinterReady {
			t.Errorf("state after refill %s", s)
		}
		b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
		papers := b.wantPapers(t, 2, wantTorn)
		j, _ := job(t, example(t))
		samePicture(t, papers[len(papers)-1].PNG, j.Bitmap)
	}
}

func TestCoverOpenedInMidPrint(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	b.sim.Set(sim.Condition{HoldsAfter: 300})
	go func() {
		_ = b.held(t.Context())
		b.sim.Set(sim.Condition{CoverOpen: true})
	}()
	b.print(t, kiosk.PrintFailed, kiosk.PrinterCoverOpen)
	b.sim.Set(sim.Condition{})
	b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
	papers := b.wantPapers(t, 1, 1)
	if papers[0].Whole {
		t.Error("the spoilt paper was not cut off first")
	}
}

func TestCutterError(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
	b.sim.Set(sim.Condition{CutterError: true})
	b.print(t, kiosk.PrintFailed, kiosk.PrinterCutter)
	b.sim.Set(sim.Condition{})
	b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
	b.wantPapers(t, 2, 1)
}

// The paper is out and nobody can know it: unknown, never failed, never printed.
func TestConfirmationLost(t *testing.T) {
	for _, c := range []struct {
		name  string
		cond  sim.Condition
		state kiosk.PrinterState
	}{
		{"no answer", sim.Condition{LoseConfirmation: true}, kiosk.PrinterReady},
		{"never an answer", sim.Condition{MuteQueue: true}, kiosk.PrinterReady},
		{"line broken", sim.Condition{DropAfterCut: true}, kiosk.PrinterOffline},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, sim.Config{}, "")
			b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
			b.sim.Set(c.cond)
			if !c.cond.DropAfterCut { // that is no matter of patience
				b.p = b.printer("", unproved)
			}
			b.print(t, kiosk.PrintUnknown, c.state)
			b.wantPapers(t, 2, 0)
		})
	}
}

// The line breaks in mid print: not whole, so failed; the next process clears up.
func TestLineLostInMidPrint(t *testing.T) {
	for _, model := range []string{"generic", "custom-vkp80"} { // with and without a command that clears
		b := newBench(t, sim.Config{RowsPerSecond: 2000, FullStatus: true}, model)
		b.sim.Set(sim.Condition{HoldsAfter: 300})
		go func() {
			_ = b.held(t.Context())
			b.sim.Set(sim.Condition{Offline: true, Holds: true})
		}()
		b.print(t, kiosk.PrintFailed, kiosk.PrinterOffline)
		b.repair(t)
		// as after a kill -9: nobody remembers
		b.p = b.printer(model, with(fast, func(t *escpos.Timing) { t.Settle = 2 * time.Second }))
		b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
		papers := b.wantPapers(t, 1, 1)
		if model == "generic" {
			j, _ := job(t, example(t))
			samePicture(t, papers[1].PNG, j.Bitmap)
		}
		if u := b.sim.Snapshot().Counts.Unknown; u != 0 {
			t.Errorf("%s: %d bytes were no command", model, u)
		}
	}
}

func TestSlowPrinterIsWaitedFor(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	b.sim.Set(sim.Condition{RowsPerSecond: 900})
	start := time.Now()
	b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
	if d := time.Since(start); d < time.Second {
		t.Errorf("printed after %v: not confirmed by the head", d)
	}
	b.wantPapers(t, 1, 0)
}

// Bytes that nobody asked for change nothing.
func TestNoiseOnTheLine(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	b.sim.Set(sim.Condition{Noise: true})
	b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
	b.sim.Set(sim.Condition{Noise: true, PaperOutAfter: 300})
	b.print(t, kiosk.PrintFailed, kiosk.PrinterPaperOut)
	b.wantPapers(t, 1, 0)
}

// A citizen who is gone ends the job at once, and the next paper is whole.
func TestCancelled(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	b.sim.Set(sim.Condition{HoldsAfter: 300})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_ = b.held(t.Context())
		cancel()
	}()
	report, _ := b.p.Print(ctx, example(t))
	if report.Result != kiosk.PrintFailed || report.State != kiosk.PrinterReady {
		t.Errorf("report %+v", report)
	}
	b.sim.Set(sim.Condition{})
	b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
	b.wantPapers(t, 1, 1)
}

func TestCustomModel(t *testing.T) {
	for _, model := range []string{"custom-vkp80", "custom-kpm"} {
		b := newBench(t, sim.Config{FullStatus: true}, model)
		b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
		b.sim.Set(sim.Condition{NearEnd: true})
		b.print(t, kiosk.PrintDone, kiosk.PrinterNearEnd)
		b.wantPapers(t, 2, 0)
	}
}

// What a citizen forgot in the mouth is taken back before the next receipt, where
// the model can; where it cannot, nothing is printed behind it.
func TestForgottenTicket(t *testing.T) {
	b := newBench(t, sim.Config{FullStatus: true}, "custom-kpm")
	b.sim.Set(sim.Condition{TicketIn: true})
	if s := b.p.State(t.Context()); s != kiosk.PrinterTicketIn {
		t.Errorf("state %s", s)
	}
	b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
	b.wantPapers(t, 1, 0)

	b.sim.Set(sim.Condition{TicketIn: true})
	b.p = b.printer("custom-vkp80iii", fast)
	b.print(t, kiosk.PrintFailed, kiosk.PrinterTicketIn)
	b.wantPapers(t, 1, 0)
}

// Every model prints the same dots, and none sends a byte that is no command.
func TestEveryModel(t *testing.T) {
	for _, model := range quirks.Names() {
		m, err := quirks.Load(model)
		if err != nil {
			t.Fatal(err)
		}
		b := newBench(t, sim.Config{FullStatus: m.FullStatus, HeadDots: m.HeadDots}, model)
		b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
		b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
		b.wantPapers(t, 2, 0)
		if c := b.sim.Snapshot().Counts; c.Unknown != 0 {
			t.Errorf("%s: %d bytes were no command", model, c.Unknown)
		}
	}
}

// State never waits for a job.
func TestStateDuringAJob(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	b.sim.Set(sim.Condition{HoldsAfter: 300})
	var wg sync.WaitGroup
	wg.Go(func() { b.print(t, kiosk.PrintDone, kiosk.PrinterReady) })
	if err := b.held(t.Context()); err != nil {
		t.Fatal(err)
	}
	connections := b.sim.Snapshot().Counts.Connections
	if s := b.p.State(t.Context()); s != kiosk.PrinterReady { // the job ends when the head goes on, and not before
		t.Errorf("state %s", s)
	}
	if c := b.sim.Snapshot(); !c.Condition.Holds || c.Counts.Connections != connections || c.Counts.Whole+c.Counts.Torn > 0 {
		t.Errorf("State waited for the job: %+v", c)
	}
	b.sim.Set(sim.Condition{})
	wg.Wait()
	b.wantPapers(t, 1, 0)
}

// Two callers: two papers, one after the other.
func TestJobsTakeTurns(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { b.print(t, kiosk.PrintDone, kiosk.PrinterReady) })
	}
	wg.Wait()
	b.wantPapers(t, 3, 0)
}

func TestNothingPersonalInTheLog(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	b.print(t, kiosk.PrintDone, kiosk.PrinterReady)
	r := example(t)
	for _, secret := range []string{r.Charge.PAN.Clear(), r.Charge.PAN.Last4(), r.Bills[0].Bill.Subject, string(r.Bills[0].Bill.Notice), r.PublicURL} {
		if strings.Contains(b.log.String(), secret) {
			t.Errorf("the log tells %q: %s", secret, b.log)
		}
	}
	if !strings.Contains(b.log.String(), string(r.Payment)) {
		t.Error("the log does not tell the payment's id")
	}
}

func TestConfiguration(t *testing.T) {
	if err := printer.Check(printer.Config{Addr: "127.0.0.1:9100"}); err != nil {
		t.Error(err)
	}
	if err := printer.Check(printer.Config{}); err == nil {
		t.Error("a printer without an address")
	}
	bad := printer.Config{Addr: "127.0.0.1:9100", Model: "laserjet"}
	if err := printer.Check(bad); err == nil || !strings.Contains(err.Error(), "generic") {
		t.Errorf("unknown model: %v", err)
	}
	p := printer.New(bad, raster, nil)
	if s := p.State(t.Context()); s != kiosk.PrinterUnknown {
		t.Errorf("state %s", s)
	}
	if r, _ := p.Print(t.Context(), example(t)); r.Result != kiosk.PrintFailed {
		t.Errorf("report %+v", r)
	}
}

// A dead address is told within its deadline.
func TestDeadlineOfTheDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := printer.New(printer.Config{Dialer: nobody{}}, raster, nil)
		start := time.Now()
		r, _ := p.Print(t.Context(), example(t))
		if r.Result != kiosk.PrintFailed || r.State != kiosk.PrinterOffline || time.Since(start) > 3*time.Second {
			t.Errorf("report %+v after %v", r, time.Since(start))
		}
	})
}

type nobody struct{}

func (nobody) Dial(ctx context.Context) (escpos.Link, error) {
	<-ctx.Done()
	return nil, errors.New("nobody there")
}

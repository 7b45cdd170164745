package printer_test

// How long the way from the PDF to the printer's bytes takes, beside a renderer that
// nobody here wrote, on the same file in the same run.

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/quirks"
	"github.com/tserve/jolly/printer/receipt"
	"github.com/tserve/jolly/printer/sim"
)

// BenchmarkAgainstPdftoppm takes turns: one page by pdftoppm, started as a kiosk
// would have to start it, one page by us to ESC/POS. x-pdftoppm is the median of the
// ratios and may be at most 1.
func BenchmarkAgainstPdftoppm(b *testing.B) {
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		b.Skip("pdftoppm is not installed: nothing to compare with")
	}
	m, err := quirks.Load("")
	if err != nil {
		b.Fatal(err)
	}
	for _, lang := range []kiosk.Language{kiosk.Italian, kiosk.Chinese} {
		r := example(b)
		r.Language = lang
		doc, err := pdf.Render(receipt.Lines(r), pdf.Roll80)
		if err != nil {
			b.Fatal(err)
		}
		name := filepath.Join(b.TempDir(), "receipt.pdf")
		if err := os.WriteFile(name, doc, 0o600); err != nil {
			b.Fatal(err)
		}
		b.Run(string(lang), func(b *testing.B) {
			var ratios, ours, theirs []float64
			for b.Loop() {
				start := time.Now()
				if err := exec.Command("pdftoppm", "-r", "203", "-mono", name, filepath.Join(b.TempDir(), "page")).Run(); err != nil {
					b.Fatal(err)
				}
				mid := time.Now()
				bitmap, err := raster.Rasterise(b.Context(), doc, m.HeadDots)
				if err != nil {
					b.Fatal(err)
				}
				escpos.Encode(bitmap, m).Bytes(m)
				t, o := mid.Sub(start).Seconds()*1e3, time.Since(mid).Seconds()*1e3
				ratios, theirs, ours = append(ratios, o/t), append(theirs, t), append(ours, o)
			}
			b.ReportMetric(median(ratios), "x-pdftoppm")
			b.ReportMetric(median(ours), "ms-ours")
			b.ReportMetric(median(theirs), "ms-pdftoppm")
		})
	}
}

func median(v []float64) float64 {
	sort.Float64s(v)
	return v[len(v)/2]
}

// BenchmarkFirstByte is the time from the facts of a payment to the first row of
// dots at a printer that is at once, and the memory that lives then.
func BenchmarkFirstByte(b *testing.B) {
	s := sim.New(sim.Config{})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	defer func() { cancel(); <-done }()
	p := (&bench{sim: s, log: nil}).over(escpos.TCP{Addr: s.Addr()})
	var first []float64
	for b.Loop() {
		before := s.Snapshot().Counts.Rows
		start := time.Now()
		row := make(chan float64, 1)
		go func() {
			_ = s.Await(ctx, func(n sim.Snapshot) bool { return n.Counts.Rows > before })
			row <- time.Since(start).Seconds() * 1e3
		}()
		if r, _ := p.Print(b.Context(), example(b)); r.Result != kiosk.PrintDone {
			b.Fatalf("%+v", r)
		}
		first = append(first, <-row)
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	b.ReportMetric(median(first), "ms-first-row")
	b.ReportMetric(float64(mem.Sys)/1e6, "MB")
}

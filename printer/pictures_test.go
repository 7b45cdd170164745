package printer_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/receipt"
	"github.com/tserve/jolly/printer/sim"
)

var out = flag.String("out", "", "write the pictures and PDFs of all papers into this directory, to be looked at")

// worst is a receipt with everything that goes wrong in real life.
func worst(t testing.TB) kiosk.Receipt {
	r := example(t)
	r.At.Trusted = false
	r.Count, r.Fee, r.Total = kiosk.MaxBills, 600, 99_999_999_999
	subjects := []string{
		"Mensa 🍝🍕 scolastica\x00\r\n\tper Łukasz Żółć e Ștefan Țăranu",
		"\u202eTARI\u202c 2026 👨‍👩‍👧 𠮷野家 cosi\u0300 \xff via Pistoiese",
		"垃圾处理费 2026 年第一期，普拉托市政府（Comune di Prato），地址：via Pistoiese 153。",
		strings.Repeat("Supercalifragilistichespiralidoso", 3),
		"",
	}
	for i := range r.Count {
		r.Bills[i] = r.Bills[0]
		r.Bills[i].Bill.CreditorName = "Azienda Speciale Consortile per i Servizi alla Persona dell'Area Prat."
		r.Bills[i].Bill.Subject = subjects[i]
		r.Bills[i].Amount = 99_999_999_999
	}
	return r
}

func papers(t testing.TB) map[string]kiosk.Receipt {
	all := map[string]kiosk.Receipt{}
	for _, lang := range kiosk.Languages() {
		for _, kind := range []kiosk.PaperKind{kiosk.PaperReceipt, kiosk.PaperPending, kiosk.PaperDoubtful, kiosk.PaperRefund, kiosk.PaperVoid} {
			r := example(t)
			r.Kind, r.Language = kind, lang
			switch kind {
			case kiosk.PaperPending:
				r.Bills[0].Closing = kiosk.ClosingOpen
				r.At.Trusted = false
			case kiosk.PaperDoubtful:
				r.Bills[0].Closing = kiosk.ClosingOpen
				r.Charge = kiosk.ChargeResult{Outcome: kiosk.Unknown, TerminalID: "00012345"}
			case kiosk.PaperVoid:
				r.Bills[0].Closing = kiosk.ClosingOpen
				r.Charge = kiosk.ChargeResult{Outcome: kiosk.Refused, TerminalID: "00012345"}
			case kiosk.PaperRefund:
				r.Bills[1] = r.Bills[0]
				r.Bills[1].Closing = kiosk.ClosingDuplicate
				r.Count, r.Fee, r.Total = 2, 2*r.Fee, 2*r.Total
			}
			all[fmt.Sprintf("%s.%s", kind, lang)] = r
		}
		r := worst(t)
		r.Language = lang
		all["worst."+string(lang)] = r
	}
	return all
}

// Every paper in every language goes through all parts and comes out of the
// simulator as our bitmap, and its code can be read.
func TestAllPapers(t *testing.T) {
	b := newBench(t, sim.Config{}, "")
	for name, r := range papers(t) {
		report, doc := b.p.Print(t.Context(), r)
		if report.Result != kiosk.PrintDone {
			t.Fatalf("%s: %+v", name, report)
		}
		all := b.sim.Papers()
		paper := all[len(all)-1]
		j, _ := job(t, r)
		samePicture(t, paper.PNG, j.Bitmap)
		if got := zbar(t, paper.PNG); got != "" && !strings.Contains(got, r.PublicURL) {
			t.Errorf("%s: QR code reads %q", name, got)
		}
		if *out != "" {
			save(t, name+".png", paper.PNG)
			save(t, name+".pdf", doc)
		}
	}
	if c := b.sim.Snapshot().Counts; c.Unknown != 0 || c.Torn != 0 {
		t.Errorf("%+v", c)
	}
}

func save(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(*out, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What stands at the paper's edge is not cut off by the head: the bitmap has as
// much ink as the whole page.
func TestNothingIsCroppedAway(t *testing.T) {
	for name, r := range papers(t) {
		doc, err := pdf.Render(receipt.Lines(r), pdf.Roll80)
		if err != nil {
			t.Fatal(err)
		}
		narrow, err := raster.Rasterise(t.Context(), doc, 576)
		if err != nil {
			t.Fatal(err)
		}
		wide, err := raster.Rasterise(t.Context(), doc, 640)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := ink(narrow), ink(wide); a != b {
			t.Errorf("%s: %d dots on the head, %d on the page", name, a, b)
		}
	}
}

func ink(b *escpos.Bitmap) (n int) {
	for y := range b.Height {
		for x := range b.Width {
			if b.Black(x, y) {
				n++
			}
		}
	}
	return n
}

func BenchmarkReceipt(b *testing.B) {
	for _, lang := range []kiosk.Language{kiosk.Italian, kiosk.Chinese} {
		r := example(b)
		r.Language = lang
		doc, err := pdf.Render(receipt.Lines(r), pdf.Roll80)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("pdf/"+string(lang), func(b *testing.B) {
			pages, err := pdf.NewRenderer() // its fonts are read once, at boot
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				p, err := pages.Page(receipt.Lines(r), pdf.Roll80)
				if err != nil {
					b.Fatal(err)
				}
				n = len(p.PDF)
			}
			b.ReportMetric(float64(n), "bytes")
		})
		b.Run("raster/"+string(lang), func(b *testing.B) {
			for b.Loop() {
				if _, err := raster.Rasterise(b.Context(), doc, 576); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("escpos/"+string(lang), func(b *testing.B) {
			bitmap, err := raster.Rasterise(b.Context(), doc, 576)
			if err != nil {
				b.Fatal(err)
			}
			_, m := job(b, r)
			n := 0
			for b.Loop() {
				n = len(escpos.Encode(bitmap, m).Bytes(m))
			}
			b.ReportMetric(float64(n), "bytes")
		})
		b.Run("all/"+string(lang), func(b *testing.B) {
			for b.Loop() {
				job(b, r)
			}
		})
	}
}

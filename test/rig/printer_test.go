package rig

// Both printers in the dock's hand: the same deeds, and papers that can be seen.

import (
	"bytes"
	"context"
	"image/png"
	"os/exec"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer"
	"github.com/tserve/jolly/printer/ipp"
	"github.com/tserve/jolly/printer/receipt"
	printersim "github.com/tserve/jolly/printer/sim"
)

// trays are a tray of each kind, running.
func trays(t *testing.T) map[string]tray {
	t.Helper()
	all := map[string]tray{PrinterESCPOS: thermal{printersim.New(printersim.Config{})}, PrinterIPP: newOffice(t.Context())}
	for _, tr := range all {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- tr.run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	return all
}

// Every deed of the dock does something to every printer, and mend undoes it.
func TestDeeds(t *testing.T) {
	for kind, tr := range trays(t) {
		for _, deed := range PrinterDeeds() {
			if err := tr.do(deed, 12); err != nil {
				t.Errorf("%s: %s: %v", kind, deed, err)
			}
			quiet := deed == "refill" || deed == "cover-close" || deed == "mend"
			if s := tr.state(); s.Kind != kind || (s.State == "ready") != quiet {
				t.Errorf("%s: after %s it is %q", kind, deed, s.State)
			}
			if err := tr.do("mend", 0); err != nil || tr.state().State != "ready" {
				t.Errorf("%s: after mend it is %q", kind, tr.state().State)
			}
		}
		if tr.do("eat", 0) == nil {
			t.Errorf("%s: a deed that is none was done", kind)
		}
	}
}

// A paper of the IPP printer can be seen: the whole one whole, the torn one half.
func TestOfficePapers(t *testing.T) {
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Log("pdftoppm is not installed: the papers of the IPP printer were not drawn")
		return
	}
	tr := trays(t)[PrinterIPP]
	p := printer.New(printer.Config{
		Kind: tr.section().Kind, Addr: tr.section().Address, IPP: ipp.Timing{Poll: 10 * time.Millisecond},
	}, nil, nil)
	lines := receipt.TestPage(receipt.Station{Language: kiosk.Italian, Kiosk: KioskID}, "IPP", "80 mm")
	if err := tr.do("pull-after", 1); err != nil {
		t.Fatal(err)
	}
	if r, _ := p.PrintLines(t.Context(), "test", lines); r.Result != kiosk.PrintFailed || r.State != kiosk.PrinterPaperOut {
		t.Fatalf("%+v", r)
	}
	if err := tr.do("refill", 0); err != nil {
		t.Fatal(err)
	}
	r, doc := p.PrintLines(t.Context(), "test", lines)
	all := tr.papers()
	if r.Result != kiosk.PrintDone || len(all) != 2 || all[0].Whole || !all[1].Whole || !bytes.Equal(all[1].Document, doc) {
		t.Fatalf("%+v: %d papers", r, len(all))
	}
	for i, want := range []int{all[1].Rows / 2, all[1].Rows} {
		img, err := png.Decode(bytes.NewReader(all[i].PNG))
		if err != nil || img.Bounds().Dy() != want || want < 300 {
			t.Errorf("paper %d: %v, want %d rows", i+1, err, want)
		}
	}
}

package printer_test

// The papers of the maintainers, on every paper and in every language.

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/pdf"
	"github.com/tserve/jolly/printer/receipt"
)

func reports(lang kiosk.Language) map[string][]receipt.Line {
	s := receipt.Station{Language: lang, Kiosk: "PO-017", Place: "Prato, piazza del Comune 2, atrio dell'URP", At: kiosk.Wall{UnixMilli: 1795357445000, Trusted: true}}
	day := receipt.Day{
		From: kiosk.Wall{UnixMilli: 1795300000000, Trusted: true}, To: s.At, Paid: 41, Pending: 2, Refunds: 1, Doubtful: 1, Refused: 3,
		Amount: 412_650, Fee: 5_280, Total: 417_930, Terminal: 417_930, Told: true, Waiting: 2,
	}
	differs := day
	differs.Terminal -= 8_760
	closed, unknown := day, day
	closed.Closing, closed.Bank = kiosk.CloseDone, day.Total
	unknown.Closing = kiosk.CloseUnknown
	good := []receipt.Check{{Name: "Scanner", OK: true}, {Name: "POS 00012345", OK: true}, {Name: "Gateway", OK: true, Detail: "https://gateway.example.org, 38 ms"}}
	bad := append([]receipt.Check{{Name: "Scanner", Detail: "/dev/serial/by-id/usb-reader: no such file or directory"}}, good[1:]...)
	return map[string][]receipt.Line{
		"test": receipt.TestPage(s, "custom-vkp80", "80 mm"), "day": receipt.EndOfDay(s, day), "day-differs": receipt.EndOfDay(s, differs),
		"day-closed": receipt.EndOfDay(s, closed), "day-unknown": receipt.EndOfDay(s, unknown),
		"ready": receipt.Readiness(s, good), "not-ready": receipt.Readiness(s, bad),
	}
}

// Each paper is drawn on each form, whole: no ink is lost at the edges of the head.
func TestReportsAndForms(t *testing.T) {
	all := map[string][]receipt.Line{}
	for _, lang := range kiosk.Languages() {
		for name, lines := range reports(lang) {
			all[name+"."+string(lang)] = lines
		}
	}
	for name, r := range papers(t) {
		all[name] = receipt.Lines(r)
	}
	for name, lines := range all {
		for _, w := range []pdf.Width{pdf.Roll80, pdf.Roll58, pdf.A4} {
			doc, err := pdf.Render(lines, w)
			if err != nil {
				t.Fatal(err)
			}
			pages, err := raster.Pages(t.Context(), doc, w.Head())
			if err != nil {
				t.Fatal(err)
			}
			wide, err := raster.Pages(t.Context(), doc, w.Head()+32)
			if err != nil {
				t.Fatal(err)
			}
			for i := range pages {
				if a, b := ink(pages[i]), ink(wide[i]); a != b || a == 0 {
					t.Errorf("%s on %d: %d dots on the head, %d on the page", name, w, a, b)
				}
			}
			if *out == "" {
				continue
			}
			save(t, fmt.Sprintf("%s.%d.pdf", name, w), doc)
			for i, p := range pages {
				var b bytes.Buffer
				if err := png.Encode(&b, p.Image()); err != nil {
					t.Fatal(err)
				}
				save(t, fmt.Sprintf("%s.%d-%d.png", name, w, i+1), b.Bytes())
			}
		}
	}
}

// A4: the receipt of one bill is one sheet, and it speaks of no thermal paper.
// pdftotext finds every item of the law; qpdf finds nothing wrong.
func TestOfficeSheet(t *testing.T) {
	for name, r := range papers(t) {
		doc, err := pdf.Render(receipt.Lines(r), pdf.A4)
		if err != nil {
			t.Fatal(err)
		}
		pages, err := raster.Pages(t.Context(), doc, pdf.A4.Head())
		if err != nil || (r.Count == 1 && len(pages) != 1) {
			t.Errorf("%s: %d sheets, %v", name, len(pages), err)
		}
	}
	r := example(t)
	doc, err := pdf.Render(receipt.Lines(r), pdf.A4)
	if err != nil {
		t.Fatal(err)
	}
	name := t.TempDir() + "/a4.pdf"
	if err := os.WriteFile(name, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	text, ok := tool(t, "pdftotext", "-layout", name, "-")
	if !ok {
		return
	}
	for _, want := range []string{"RICEVUTA DI PAGAMENTO", "22/11/2026 15:24:05", "84006890481", "Comune di Prato", "01000000012345678",
		"Banca di Prova S.p.A.", "01234567890", r.Bills[0].Token, "87,60 €", "verbale V/2026/18843", r.Ref} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the sheet", want)
		}
	}
	if strings.Contains(text, "termica") {
		t.Error("the sheet speaks of thermal paper")
	}
	tool(t, "qpdf", "--check", name)
}

// tool runs a program that nobody here wrote, where it is installed.
func tool(t *testing.T, name string, args ...string) (string, bool) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Logf("%s is not installed: not tried", name)
		return "", false
	}
	said, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v: %s", name, err, said)
	}
	return string(said), true
}

package pdf

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/printer/receipt"
)

// hard is a receipt with everything that goes wrong in real life.
func hard(lang kiosk.Language) kiosk.Receipt {
	r := kiosk.Receipt{
		Kind: kiosk.PaperReceipt, Payment: "01995f2e-7c41-7b3a-9d52-4f0e8a61c2d7", Ref: "7K4P-22", Number: "PO-017-000482", Language: lang,
		At: kiosk.Wall{UnixMilli: 1795357445000}, Kiosk: "PO-017", KioskPlace: "Prato, via Ferdinando Tacca 42, Centro civico di Chinatown e Macrolotto Zero, ingresso B",
		Help: "0574 1836096", PSPName: "Banca di Prova S.p.A.", PSPCode: "01234567890",
		PublicURL: "https://pagamenti.comune.prato.it/r/4Zk9s1QeT0mYx3VwN8bLqA",
		Count:     kiosk.MaxBills, Fee: 99_999_999_999, Total: 99_999_999_999,
		Charge: kiosk.ChargeResult{Outcome: kiosk.Charged, TerminalID: "00012345", STAN: "000417", AuthCode: "A81342", PAN: "************4821", CardKind: "credit", Acquirer: "Nexi"},
	}
	subjects := []string{
		"Mensa 🍝🍕 scolastica\x00\x01 \r\n\tper Łukasz Żółć e Ștefan Ţăranu",
		"\u202eTARI\u202c 2026 👨‍👩‍👧 𠮷野家 e\u0301 cosi\u0300 \xff\xfe via",
		"垃圾处理费 2026 年第一期，普拉托市政府（Comune di Prato），地址：via Pistoiese 153。",
		strings.Repeat("Supercalifragilistichespiralidoso", 6),
		"العربية и кириллица ελληνικά हिन्दी",
	}
	for i := range r.Count {
		r.Bills[i] = kiosk.ReceiptBill{
			Bill: kiosk.Bill{Creditor: "84006890481", CreditorName: "Azienda Speciale Consortile per i Servizi alla Persona dell'Area Pratese",
				Notice: kiosk.NoticeNumber(fmt.Sprintf("30100000001234567%d", i)), Subject: subjects[i]},
			Amount: 99_999_999_999, Fee: 120, Token: fmt.Sprintf("c110729d258c4ab1b765fe902aae41d%d", i), Closing: kiosk.ClosingOK,
		}
	}
	return r
}

func mustRender(t testing.TB, lines []receipt.Line, w Width) []byte {
	t.Helper()
	doc, err := Render(lines, w)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// The same lines give the same bytes: again, from another renderer, at the same time.
func TestDeterministic(t *testing.T) {
	lines := receipt.Lines(hard(kiosk.Chinese))
	want := sha256.Sum256(mustRender(t, lines, Roll80))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			r, err := shared()
			if i%5 == 0 {
				r, err = NewRenderer()
			}
			if err != nil {
				t.Error(err)
				return
			}
			doc, err := r.Render(lines, Roll80)
			if err != nil || sha256.Sum256(doc) != want {
				t.Errorf("rendering %d differs (%v)", i, err)
			}
		})
	}
	wg.Wait()
}

// tool runs a program on a document, where it is installed.
func tool(t *testing.T, doc []byte, name string, args ...string) (string, bool) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Logf("%s is not installed: its check is left out", name)
		return "", false
	}
	file := filepath.Join(t.TempDir(), "receipt.pdf")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "FILE" {
			args[i] = file
		}
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
	return string(out), true
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// Readers that nobody here wrote find a sound document of one page, and every text
// of every line in it.
func TestForeignReadersFindEverything(t *testing.T) {
	for _, lang := range kiosk.Languages() {
		r := hard(lang)
		for i := range r.Bills {
			r.Bills[i].Bill.Subject = "Perché no: €, Ł, ß, 缴费单"
		}
		lines := receipt.Lines(r)
		doc := mustRender(t, lines, Roll80)
		if out, ok := tool(t, doc, "qpdf", "--check", "FILE"); ok && !strings.Contains(out, "No syntax or stream encoding errors") {
			t.Errorf("%s: qpdf: %s", lang, out)
		}
		text, ok := tool(t, doc, "pdftotext", "-raw", "FILE", "-")
		if !ok {
			continue
		}
		if n := strings.Count(text, "\f"); n != 1 {
			t.Errorf("%s: %d pages", lang, n)
		}
		for _, whole := range []string{string(r.Payment), r.Charge.STAN, r.Number, r.Ref, r.Bills[0].Token, "3010 0000 0012 3456 70"} {
			if !strings.Contains(text, whole) {
				t.Errorf("%s: %q does not stand in one piece", lang, whole)
			}
		}
		flat := bare(text)
		for _, l := range lines {
			for _, part := range []string{l.Label, l.Text, l.Italian} {
				if l.Kind != receipt.QR && !strings.Contains(flat, bare(part)) {
					t.Errorf("%s: %q is not found", lang, part)
				}
			}
		}
	}
}

func TestPageIsTheRollsWidthAndExactlyAsHigh(t *testing.T) {
	short := mustRender(t, []receipt.Line{{Kind: receipt.Title, Text: "PROVA"}}, Roll80)
	if !bytes.Contains(short, []byte("/MediaBox [0 0 226.77 ")) {
		t.Error("no page of 80 mm")
	}
	m := newMeasure(mustFaces(t))
	s := layout(m, []receipt.Line{{Kind: receipt.Title, Text: "PROVA"}}, 576)
	want := fmt.Sprintf("/MediaBox [0 0 226.77 %.2f]", math.Ceil(s.y)*dot)
	if !bytes.Contains(short, []byte(want)) {
		t.Errorf("no %s in the document", want)
	}
	if _, err := Render(nil, 70); err == nil {
		t.Error("a roll of 70 mm was accepted")
	}
}

func mustFaces(t testing.TB) *faces {
	t.Helper()
	f, err := loadFaces()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestNoTypeIsSmall(t *testing.T) {
	for _, s := range []style{styleTitle, styleHeading, styleNote, styleText, styleLabel, styleValue, styleTotal, styleLead} {
		if s.points < 8 {
			t.Errorf("a style of %v points", s.points)
		}
	}
	if styleTotal.points < 1.5*styleTitle.points || styleTotal.weight != bold {
		t.Error("the total is not the largest thing on the paper")
	}
}

func TestClean(t *testing.T) {
	m := newMeasure(mustFaces(t))
	for in, want := range map[string]string{
		"":                          "",
		"plain":                     "plain",
		" a\x00b\r\n\tc ":           "a b c",
		"e\u0301":                   "é",
		"🍝🍕 pasta":                  "? pasta",
		"𠮷":                         "?",
		"\u202eabc\u200d":           "abc",
		"\xff\xfe":                  "?",
		"a\u00a0€":                  "a\u00a0€",
		"Żółć Ștefan Łukasz":        "Żółć Ștefan Łukasz",
		"缴费单（avviso）":               "缴费单（avviso）",
		strings.Repeat("x", 10_000): strings.Repeat("x", maxRunes) + "…",
	} {
		if got := m.clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestReplacementIsThere(t *testing.T) {
	m := newMeasure(mustFaces(t))
	for _, r := range []rune{replacement, '…', '·', '€'} {
		if !m.printable(r) {
			t.Errorf("%q cannot be printed", r)
		}
	}
}

func TestBalance(t *testing.T) {
	m := newMeasure(mustFaces(t))
	got := m.balance("OPERAZIONE IN CORSO DI VERIFICA", styleTitle, 560)
	if want := []string{"OPERAZIONE IN", "CORSO DI VERIFICA"}; !slices.Equal(got, want) {
		t.Errorf("balance = %q, want %q", got, want)
	}
}

func TestWrap(t *testing.T) {
	m := newMeasure(mustFaces(t))
	st := styleText
	for _, c := range []struct {
		text, like string // wrapped at the width of like
		want       []string
	}{
		{"uno due tre", "uno due", []string{"uno due", "tre"}},
		{"uno 86,40\u00a0€", "uno 86,40", []string{"uno", "86,40\u00a0€"}},
		{"verbale V/2026/18843", "verbale V/2026", []string{"verbale", "V/2026/18843"}},
		{"付款已完成。", "付款已完成", []string{"付款已完", "成。"}},
		{"（付款）已", "（付", []string{"（付", "款）", "已"}},
		{"", "x", nil},
	} {
		if got := m.wrap(c.text, st, m.width(c.like, st)+1); !slices.Equal(got, c.want) {
			t.Errorf("wrap(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

var texts = rapid.OneOf(
	rapid.String(),
	rapid.SampledFrom([]string{"", "Totale", "Comune di Prato", "999.999.999,99\u00a0€", "缴费单编号", "付款唯一编号 · Identificativo univoco", "🍝"}),
	rapid.StringMatching(`[a-zà-ù /-]{0,90}`),
	rapid.StringMatching(`[0-9A-Z]{0,120}`),
	rapid.StringMatching(`[一-龥，。（）]{0,60}`),
)

// Whatever stands in the lines: nothing leaves the head, nothing lies on anything
// else, nothing is lost, and there is a document.
func TestLayoutOfAnything(t *testing.T) {
	f := mustFaces(t)
	kinds := []receipt.Kind{receipt.Title, receipt.Heading, receipt.Text, receipt.Note, receipt.Field, receipt.Pair, receipt.Total, receipt.QR, receipt.Rule, receipt.Space, "?"}
	rapid.Check(t, func(t *rapid.T) {
		var lines []receipt.Line
		for range rapid.IntRange(0, 12).Draw(t, "lines") {
			lines = append(lines, receipt.Line{
				Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Label: texts.Draw(t, "label"), Text: texts.Draw(t, "text"), Italian: texts.Draw(t, "italian"),
			})
		}
		w := rapid.SampledFrom([]Width{Roll58, Roll80}).Draw(t, "width")
		s := layout(newMeasure(f), lines, w.Head())
		checkSheet(t, s, w)
		if _, err := Render(lines, w); err != nil {
			t.Fatal(err)
		}
	})
}

func (o textOp) width() (w float64) {
	for _, r := range o.runs {
		w += r.width
	}
	return w
}

func checkSheet(t *rapid.T, s *sheet, w Width) {
	for i, a := range s.texts {
		left, right := a.x, a.x+a.width()
		if left < 0 || right > float64(w.Head())+1 || a.baseline > s.y || a.baseline < 0 {
			t.Fatalf("%v at %v to %v, baseline %v: off the paper", a.runs, left, right, a.baseline)
		}
		for _, b := range s.texts[i+1:] {
			apart := math.Abs(a.baseline-b.baseline) >= 0.75*min(a.style.dots(), b.style.dots())
			if !apart && left < b.x+b.width() && b.x < right {
				t.Fatalf("%v lies on %v", a.runs, b.runs)
			}
		}
	}
	for _, r := range s.rects {
		if r.x < 0 || r.x+r.w > float64(w.Head()) || r.y+r.h > s.y || r.x != math.Trunc(r.x) || r.y != math.Trunc(r.y) {
			t.Fatalf("rectangle %+v is off the paper or off the grid", r)
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Causale", "Mensa 🍝\x00", "乱")
	f.Add("\xff", strings.Repeat("W", 500), "\u0301\u0301")
	f.Fuzz(func(t *testing.T, label, text, italian string) {
		for _, k := range []receipt.Kind{receipt.Title, receipt.Pair, receipt.Total, receipt.QR, receipt.Note} {
			if _, err := Render([]receipt.Line{{Kind: k, Label: label, Text: text, Italian: italian}}, Roll80); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	for _, lang := range []kiosk.Language{kiosk.Italian, kiosk.Chinese} {
		r := hard(lang)
		r.Count = 1
		r.Bills[0].Bill.Subject = "Sanzione amministrativa"
		lines := receipt.Lines(r)
		b.Run(string(lang), func(b *testing.B) {
			n := 0
			for b.Loop() {
				n = len(mustRender(b, lines, Roll80))
			}
			b.ReportMetric(float64(n), "bytes")
		})
	}
}

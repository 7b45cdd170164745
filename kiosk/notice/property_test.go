package notice_test

// What must hold for every code, drawn, mutated and fuzzed.

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

// drawReading draws what can stand on a paper.
func drawReading(t *rapid.T) notice.Reading {
	r := notice.Reading{Notice: kiosk.Notice{
		Kind:   rapid.SampledFrom([]kiosk.NoticeKind{kiosk.NoticeQR, kiosk.NoticeDataMatrix, kiosk.NoticeGS1, kiosk.NoticeCodeline}).Draw(t, "kind"),
		Number: kiosk.NoticeNumber(rapid.StringMatching(`[0-3][0-9]{17}`).Draw(t, "number")),
		Amount: kiosk.Cents(rapid.Int64Range(0, 99_999_999_99).Draw(t, "cents")),
	}}
	n := &r.Notice
	if !notice.Mod93(string(n.Number)) {
		n.Warnings |= kiosk.WarnCheckDigits
	}
	switch n.Kind {
	case kiosk.NoticeGS1:
		n.GLN = rapid.StringMatching(`[0-9]{13}`).Draw(t, "GLN")
		if !notice.GS1Mod10(n.GLN) {
			n.Warnings |= kiosk.WarnCreditorCheck
		}
	case kiosk.NoticeQR, kiosk.NoticeDataMatrix:
		n.Creditor = kiosk.CreditorCode(rapid.StringMatching(`[0-9]{11}`).Draw(t, "creditor"))
		if !notice.Luhn(string(n.Creditor)) {
			n.Warnings |= kiosk.WarnCreditorCheck
		}
	}
	if n.Kind == kiosk.NoticeDataMatrix || n.Kind == kiosk.NoticeCodeline {
		r.Account = rapid.StringMatching(`[0-9]{12}`).Draw(t, "account")
	}
	if n.Kind == kiosk.NoticeDataMatrix {
		r.DebtorCode = kiosk.FiscalCode(rapid.StringMatching(`|[A-Z0-9]{11}|[A-Z0-9]{16}`).Draw(t, "debtor code"))
		r.Debtor = kiosk.DebtorName(rapid.StringMatching(`|[A-Zàòùèì'][A-Za-zàòùèì' ]{0,36}[a-z]`).Draw(t, "debtor"))
		r.Subject = notice.Subject(rapid.StringMatching(`|[A-Z][ -~è€]{0,100}[0-9]`).Draw(t, "subject"))
	}
	return r
}

func TestEncodeThenDecodeIsIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawReading(t)
		got, err := notice.Reader{}.Decode(kiosk.ScannedCode{Text: want.Encode()})
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("got  %+v %q %q\nwant %+v %q %q", got.Notice, got.Debtor.Clear(), got.Subject.Clear(), want.Notice, want.Debtor.Clear(), want.Subject.Clear())
		}
	})
}

// A code cut anywhere before its last, open field is never a notice and never
// "some other thing": it is torn.
func TestHalfACodeIsTorn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReading(t)
		text := r.Encode()
		low, high := 6, 42 // "PAGOPA" up to the amount
		switch r.Notice.Kind {
		case kiosk.NoticeDataMatrix:
			low, high = 7, 76
		case kiosk.NoticeGS1:
			low, high = 20, 43 // one digit of amount is none
		case kiosk.NoticeCodeline:
			low, high = 22, 49
		}
		cut := rapid.IntRange(low, high).Draw(t, "cut")
		got, err := notice.Read(kiosk.ScannedCode{Text: text[:cut]})
		if kiosk.CodeOf(err) != kiosk.CodeNoticeTorn {
			t.Fatalf("%q: %+v, %v, want %s", text[:cut], got, err, kiosk.CodeNoticeTorn)
		}
	})
}

// Another sign in place of "|" is repaired when it is one sign, everywhere.
func TestSeparatorIsRepairedOnlyAsAWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReading(t)
		r.Notice.Kind, r.Notice.GLN, r.Notice.Creditor, r.Notice.Warnings = kiosk.NoticeQR, "", creditor, r.Notice.Warnings&kiosk.WarnCheckDigits
		sep := string(rapid.RuneFrom([]rune(">§ç£~<*+.,;:é°^ì")).Draw(t, "separator"))
		text := strings.ReplaceAll(notice.QR(r.Notice), "|", sep)
		if got, err := notice.Read(kiosk.ScannedCode{Text: text}); err != nil || got != r.Notice {
			t.Fatalf("%q: %+v, %v", text, got, err)
		}
		at := rapid.IntRange(1, 3).Draw(t, "at")
		fields := strings.SplitN(text, sep, at+2)
		mixed := strings.Join(fields[:at+1], sep) + "|" + fields[at+1]
		if got, err := notice.Read(kiosk.ScannedCode{Text: mixed}); err == nil {
			t.Fatalf("%q: accepted as %+v", mixed, got)
		}
	})
}

// checkOutcome holds every answer against what the package promises.
func checkOutcome(t testing.TB, code kiosk.ScannedCode) (accepted bool) {
	t.Helper()
	got, err := notice.Reader{}.Decode(code)
	if err != nil {
		var p *kiosk.Problem
		if !errors.As(err, &p) || !strings.HasPrefix(string(p.Code), "notice-") {
			t.Fatalf("%q: %v is no Problem of a notice", code.Text, err)
		}
		if got != (notice.Reading{}) {
			t.Fatalf("%q: refused and returned %+v", code.Text, got)
		}
		return false
	}
	n := got.Notice
	named := n.Kind == kiosk.NoticeQR || n.Kind == kiosk.NoticeDataMatrix
	if len(n.Number) != 18 || n.Number[0] > '3' || named != (len(n.Creditor) == 11) || (n.Kind == kiosk.NoticeGS1) != (len(n.GLN) == 13) {
		t.Fatalf("%q: accepted as %+v", code.Text, n)
	}
	if !strings.Contains(stripGroups(code.Text), string(n.Number)) || !strings.Contains(code.Text, string(n.Creditor)) {
		t.Fatalf("%q: number or creditor invented: %+v", code.Text, n)
	}
	for _, s := range []string{got.Debtor.Clear(), got.Subject.Clear(), got.DebtorCode.Clear()} {
		if !utf8.ValidString(s) {
			t.Fatalf("%q: %q is not UTF-8", code.Text, s)
		}
	}
	again, err := notice.Reader{}.Decode(kiosk.ScannedCode{Text: got.Encode()})
	if err != nil || again != got {
		t.Fatalf("%q: encoded again as %q: %+v, %v, want %+v", code.Text, got.Encode(), again, err, got)
	}
	return true
}

func stripGroups(s string) string { return strings.NewReplacer(" ", "", "(", "", ")", "").Replace(s) }

// seeds are one of each.
func seeds() []string {
	return []string{
		qr, slip, gs1, codeline, number, emv, freccia,
		"(415)8088888356060(8020)301730000000007517(3902)078", strings.ReplaceAll(qr, "|", ">"), strings.ToLower(qr), "]Q1" + qr, qr + "|", qr + qr,
		strings.Replace(slip, "100000008640", "10000000000008640", 1), strings.Replace(slip, "38961P1", "3896P1", 1),
		"https://cittadini.notifichedigitali.it/?aar=TVRfUE4=", "https://continua.io.pagopa.it/idpay/auth/mkdb1yxg", "4006381333931",
		"MAV 01234567890123456", "BCD\n002\n1\nSCT\n\nNome", `\000026` + qr,
	}
}

// mutate changes a code as scanners, cables and tired eyes do.
func mutate(rng *rand.Rand, s string) string {
	b := []byte(s)
	for range 1 + rng.IntN(4) {
		if len(b) == 0 {
			return ""
		}
		i := rng.IntN(len(b))
		switch rng.IntN(8) {
		case 0: // lost
			b = append(b[:i], b[i+1:]...)
		case 1: // changed bit
			b[i] ^= 1 << rng.IntN(8)
		case 2: // another digit
			b[i] = byte('0' + rng.IntN(10))
		case 3: // one too many
			b = append(b[:i], append([]byte{byte(rng.IntN(256))}, b[i:]...)...)
		case 4: // torn
			b = b[:i]
		case 5: // front lost
			b = b[i:]
		case 6: // glued
			b = append(b, b[i:]...)
		case 7: // neighbours swapped
			j := (i + 1) % len(b)
			b[i], b[j] = b[j], b[i]
		}
	}
	return string(b)
}

// -mutations 1000000 takes a few seconds.
var mutations = flag.Int("mutations", 10_000, "number of mutated codes to read")

func TestMutatedCodes(t *testing.T) {
	total := *mutations
	rng := rand.New(rand.NewPCG(2, 4))
	aims := []string{"", "Q1", "d1", "C1", "C0", "E0", "I0", "]", "x", "Z9"}
	all := seeds()
	accepted := 0
	for range total {
		code := kiosk.ScannedCode{AIM: aims[rng.IntN(len(aims))], Text: mutate(rng, all[rng.IntN(len(all))])}
		if checkOutcome(t, code) {
			accepted++
		}
	}
	t.Logf("%d mutated codes: %d still a notice, %d refused by name", total, accepted, total-accepted)
}

func FuzzRead(f *testing.F) {
	for _, s := range seeds() {
		f.Add("", s)
		f.Add("C1", s)
	}
	f.Fuzz(func(t *testing.T, aim, text string) { checkOutcome(t, kiosk.ScannedCode{AIM: aim, Text: text}) })
}

func FuzzReadTyped(f *testing.F) {
	f.Add("3020 3200 2700 0002 51", creditor)
	f.Add("", "IT03334231200")
	f.Fuzz(func(t *testing.T, number, creditor string) {
		n, err := notice.ReadTyped(number, creditor)
		if err != nil {
			return
		}
		again, err := notice.ReadTyped(n.Number.Grouped(), string(n.Creditor))
		if err != nil || again != n {
			t.Fatalf("%+v typed again as grouped: %+v, %v", n, again, err)
		}
	})
}

func FuzzChecks(f *testing.F) {
	for _, s := range []string{"RSSMRA68A01H501Y", "CCCFBA85D0PLNMVA", "IT00743110157", "RF45w9", "AB123CD", "X2B3C4", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := notice.CheckFiscalCode(text, today); err == nil {
			if q, err := notice.CheckFiscalCode(p.Base.Clear(), today); err != nil || q.Birth != p.Birth || q.Place != p.Place || q.Omocodia {
				t.Fatalf("base of %q: %+v, %v", text, q, err)
			}
		}
		for name, check := range map[string]func(string) (string, error){
			"VAT": notice.CheckVAT, "RF": notice.CheckRF,
			"plate": func(s string) (string, error) { p, _, err := notice.CheckPlate(s); return p, err },
		} {
			if got, err := check(text); err == nil {
				if again, err := check(got); err != nil || again != got {
					t.Fatalf("%s %q: %q, then %q, %v", name, text, got, again, err)
				}
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for name, text := range map[string]string{"QR": qr, "DataMatrix": slip, "GS1": gs1, "codeline": codeline, "URL": "https://www.comune.prato.it/it/tari"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			code := kiosk.ScannedCode{Text: text}
			for b.Loop() {
				_, _ = notice.Read(code)
			}
		})
	}
}

func ExampleRead() {
	n, err := notice.Read(kiosk.ScannedCode{AIM: "Q1", Text: "PAGOPA|002|302032002700000251|03334231200|8640"})
	fmt.Println(n.Number.Grouped(), n.Creditor, n.Amount, err)
	_, err = notice.Read(kiosk.ScannedCode{AIM: "Q1", Text: "PAGOPA|003|302032002700000251"})
	fmt.Println(kiosk.CodeOf(err))
	// Output:
	// 3020 3200 2700 0002 51 03334231200 86.40 <nil>
	// notice-version
}

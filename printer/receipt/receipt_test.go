package receipt_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/printer/receipt"
)

var update = flag.Bool("update", false, "write the golden files anew")

func example(t *testing.T) kiosk.Receipt {
	t.Helper()
	data, err := os.ReadFile("testdata/payment.json")
	if err != nil {
		t.Fatal(err)
	}
	var r kiosk.Receipt
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// papers are the example as each kind of paper.
func papers(t *testing.T) map[kiosk.PaperKind]kiosk.Receipt {
	out := map[kiosk.PaperKind]kiosk.Receipt{}
	r := example(t)
	out[kiosk.PaperReceipt] = r

	r.Kind = kiosk.PaperPending
	r.Bills[0].Closing = kiosk.ClosingOpen
	r.At.Trusted = false
	out[kiosk.PaperPending] = r

	r = example(t)
	r.Kind = kiosk.PaperDoubtful
	r.Bills[0].Closing = kiosk.ClosingOpen
	r.Charge = kiosk.ChargeResult{Outcome: kiosk.Unknown, TerminalID: "00012345"}
	out[kiosk.PaperDoubtful] = r

	r = example(t)
	r.Kind = kiosk.PaperRefund
	r.Bills[1] = kiosk.ReceiptBill{
		Bill: kiosk.Bill{Creditor: "00337870972", CreditorName: "SORI S.p.A. Società Risorse", Notice: "301000000091235791",
			Subject: "TARI 2026, prima rata, utenza di via Pomeria 14", Instalment: "1 di 2"},
		Amount: 6120, Fee: 120, Token: "9c1f0b7a5d2e4c3b8a6f7e5d4c3b2a10", Closing: kiosk.ClosingDuplicate,
	}
	r.Count, r.Fee, r.Total = 2, 240, 15000
	out[kiosk.PaperRefund] = r

	r = example(t)
	r.Kind = kiosk.PaperVoid
	r.Bills[0].Closing = kiosk.ClosingOpen
	r.Charge = kiosk.ChargeResult{Outcome: kiosk.Refused, TerminalID: "00012345"}
	out[kiosk.PaperVoid] = r
	return out
}

func TestGoldenLines(t *testing.T) {
	for kind, r := range papers(t) {
		for _, lang := range kiosk.Languages() {
			r.Language = lang
			name := fmt.Sprintf("testdata/%s.%s.golden.json", kind, lang)
			got := golden(t, receipt.Lines(r))
			if *update {
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != string(got) {
				t.Errorf("%s differs; look at it, then -update. Got:\n%s", filepath.Base(name), got)
			}
		}
	}
}

// golden is the lines as JSON, one line each.
func golden(t *testing.T, lines []receipt.Line) []byte {
	t.Helper()
	var b strings.Builder
	b.WriteString("[\n")
	for i, l := range lines {
		data, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
		if i < len(lines)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]\n")
	return []byte(b.String())
}

func all(lines []receipt.Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Label + "\n" + l.Text + "\n" + l.Italian + "\n")
	}
	return strings.ReplaceAll(b.String(), "\u00a0", " ")
}

// Every paper carries the eight items of the law and what the citizen needs to ask.
func TestItems(t *testing.T) {
	for kind, r := range papers(t) {
		for _, lang := range kiosk.Languages() {
			r.Language = lang
			text := all(receipt.Lines(r))
			want := []string{
				i18n.DateTime(lang, r.At), r.PSPName, r.PSPCode, string(r.Payment), r.Number, r.Ref, r.Help, r.Kiosk, r.PublicURL,
				strings.ReplaceAll(i18n.Money(lang, r.Total), "\u00a0", " "), strings.ReplaceAll(i18n.Money(lang, r.Fee), "\u00a0", " "),
				r.Charge.TerminalID, r.Charge.STAN, r.Charge.AuthCode, r.Charge.PAN.Last4(),
			}
			for _, b := range r.Bills[:r.Count] {
				want = append(want, string(b.Bill.Creditor), b.Bill.CreditorName, b.Bill.Notice.IUV(), b.Token, b.Bill.Subject,
					b.Bill.Notice.Grouped(), strings.ReplaceAll(i18n.Money(lang, b.Amount), "\u00a0", " "))
			}
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("%s %s: %q does not stand on the paper", kind, lang, w)
				}
			}
			if strings.Contains(text, "receipt_") {
				t.Errorf("%s %s: a key of the catalogue is missing:\n%s", kind, lang, text)
			}
		}
	}
}

// The word of the law stands on every paper, whatever the language.
// What the catalogue says of a bill stands in its section, and nothing where it
// says nothing.
func TestWordsOfTheCatalogue(t *testing.T) {
	for _, lang := range kiosk.Languages() {
		r := example(t)
		r.Language = lang
		without := len(receipt.Lines(r))
		r.Bills[0].Service, r.Bills[0].Desk = "学校餐费（Mensa scolastica）", "0574 1234 · Lunedì–venerdì 9–13"
		lines := receipt.Lines(r)
		at := map[string]int{}
		for i, l := range lines {
			at[l.Text] = i
		}
		creditor, service := at[r.Bills[0].Bill.CreditorName], at[r.Bills[0].Service]
		subject, desk := at[r.Bills[0].Bill.Subject], at[r.Bills[0].Desk]
		if len(lines) != without+2 || creditor == 0 || service < creditor || subject < service || desk < subject {
			t.Errorf("%s: creditor %d, service %d, subject %d, desk %d of %d lines", lang, creditor, service, subject, desk, len(lines))
		}
	}
}

// Several bills of one creditor name its help line once.
func TestOneDeskForBillsOfOneCreditor(t *testing.T) {
	r := example(t)
	r.Bills[0].Desk = "0574 1234"
	r.Bills[1], r.Bills[2] = r.Bills[0], r.Bills[0]
	r.Bills[1].Desk, r.Count = "050 1234", 3
	for desk, want := range map[string]int{"0574 1234": 1, "050 1234": 1} {
		got := 0
		for _, l := range receipt.Lines(r) {
			if l.Text == desk {
				got++
			}
		}
		if got != want {
			t.Errorf("%s stands there %d times", desk, got)
		}
	}
}

func TestItalianBeneath(t *testing.T) {
	titles := map[kiosk.PaperKind]string{
		kiosk.PaperReceipt:  "RICEVUTA DI PAGAMENTO",
		kiosk.PaperPending:  "ADDEBITO ESEGUITO, esito in corso di verifica",
		kiosk.PaperDoubtful: "NON PAGARE DI NUOVO",
		kiosk.PaperRefund:   "RIMBORSO DOVUTO",
		kiosk.PaperVoid:     "OPERAZIONE ANNULLATA",
	}
	for kind, r := range papers(t) {
		for _, lang := range kiosk.Languages() {
			r.Language = lang
			text := all(receipt.Lines(r))
			for _, w := range []string{titles[kind], "Causale", "Codice avviso", "IUV", "Identificativo univoco del pagamento"} {
				if !strings.Contains(text, w) {
					t.Errorf("%s %s: %q is missing", kind, lang, w)
				}
			}
			if kind != kiosk.PaperReceipt && strings.Contains(text, "RICEVUTA DI PAGAMENTO") {
				t.Errorf("%s %s is called a receipt", kind, lang)
			}
		}
	}
}

func TestTruthNeverClaimsMore(t *testing.T) {
	with := func(kind kiosk.PaperKind, out kiosk.Outcome, closings ...kiosk.Closing) kiosk.Receipt {
		r := kiosk.Receipt{Kind: kind, Count: len(closings), Charge: kiosk.ChargeResult{Outcome: out}}
		for i, c := range closings {
			r.Bills[i].Closing = c
		}
		return r
	}
	for _, c := range []struct {
		in   kiosk.Receipt
		want kiosk.PaperKind
	}{
		{with(kiosk.PaperReceipt, kiosk.Charged, kiosk.ClosingOK, kiosk.ClosingOK), kiosk.PaperReceipt},
		{with(kiosk.PaperReceipt, kiosk.Charged, kiosk.ClosingOK, kiosk.ClosingOpen), kiosk.PaperPending},
		{with(kiosk.PaperReceipt, kiosk.Charged, kiosk.ClosingOK, kiosk.ClosingDuplicate), kiosk.PaperRefund},
		{with(kiosk.PaperReceipt, kiosk.Charged, kiosk.ClosingKO), kiosk.PaperRefund},
		{with(kiosk.PaperReceipt, kiosk.Charged), kiosk.PaperPending},
		{with(kiosk.PaperReceipt, kiosk.Unknown, kiosk.ClosingOK), kiosk.PaperDoubtful},
		{with(kiosk.PaperReceipt, kiosk.Refused, kiosk.ClosingOK), kiosk.PaperDoubtful},
		{with(kiosk.PaperReceipt, "", kiosk.ClosingOK), kiosk.PaperDoubtful},
		{with(kiosk.PaperVoid, kiosk.Refused, kiosk.ClosingOpen), kiosk.PaperVoid},
		{with(kiosk.PaperDoubtful, kiosk.Refused, kiosk.ClosingOpen), kiosk.PaperVoid},
		{with(kiosk.PaperVoid, kiosk.Unknown, kiosk.ClosingOpen), kiosk.PaperDoubtful},
		{with(kiosk.PaperVoid, kiosk.Charged, kiosk.ClosingOpen), kiosk.PaperPending},
		{with(kiosk.PaperPending, kiosk.Charged, kiosk.ClosingOK), kiosk.PaperPending},
		{with(kiosk.PaperDoubtful, kiosk.Charged, kiosk.ClosingOK), kiosk.PaperDoubtful},
		{with(kiosk.PaperRefund, kiosk.Charged, kiosk.ClosingRefundDue, kiosk.ClosingOpen), kiosk.PaperRefund},
		{with("", kiosk.Charged, kiosk.ClosingOK), kiosk.PaperPending},
	} {
		if got := receipt.Truth(c.in); got != c.want {
			t.Errorf("Truth(%s, %s, %v) = %s, want %s", c.in.Kind, c.in.Charge.Outcome, c.in.Bills[:c.in.Count], got, c.want)
		}
	}
}

// A terminal that forgets to mask must not print the number.
func TestCardIsMasked(t *testing.T) {
	r := example(t)
	r.Charge.PAN = "4539578763621486"
	text := all(receipt.Lines(r))
	if strings.Contains(text, "4539") || strings.Contains(text, "578763") || !strings.Contains(text, "**** 1486") {
		t.Errorf("card number on the paper:\n%s", text)
	}
}

// The QR code never is the payable notice, and without an address there is none.
func TestQRCode(t *testing.T) {
	r := example(t)
	var found int
	for _, l := range receipt.Lines(r) {
		if l.Kind == receipt.QR {
			found++
			if l.Text != r.PublicURL {
				t.Errorf("QR holds %q", l.Text)
			}
		}
	}
	if found != 1 {
		t.Errorf("%d QR codes", found)
	}
	r.PublicURL = ""
	for _, l := range receipt.Lines(r) {
		if l.Kind == receipt.QR {
			t.Error("a QR code of nothing")
		}
	}
}

func TestUntrustedClock(t *testing.T) {
	r := example(t)
	if strings.Contains(all(receipt.Lines(r)), "ora non sincronizzata") {
		t.Error("a trusted clock is doubted")
	}
	r.At.Trusted = false
	if !strings.Contains(all(receipt.Lines(r)), "ora non sincronizzata") {
		t.Error("an untrusted clock is not told")
	}
}

// A receipt with a count that no array holds must not panic.
func TestBadCount(t *testing.T) {
	for _, n := range []int{-1, 6, 1 << 30} {
		r := example(t)
		r.Count = n
		receipt.Lines(r)
	}
}

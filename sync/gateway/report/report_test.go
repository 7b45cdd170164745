package report_test

// Figures of a small ledger, checked by hand, in all three forms.

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/outcome"
	"github.com/tserve/jolly/sync/gateway/report"
)

const (
	prato = "84006890481"
	pisa  = "00341620508"
)

// book is a ledger in memory.
type book struct {
	postings []gateway.Posting
	strays   []gateway.Posting
	charges  []gateway.Charge
}

func (b *book) EachStray(_ context.Context, f func(gateway.Posting) error) error {
	for _, p := range b.strays {
		if err := f(p); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) EachPosting(_ context.Context, from, to time.Time, f func(gateway.Posting) error) error {
	for _, p := range b.postings {
		if !p.At.Before(from) && p.At.Before(to) {
			if err := f(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *book) EachCharge(_ context.Context, from, to time.Time, f func(gateway.Charge) error) error {
	for _, c := range b.charges {
		if !c.At.Before(from) && c.At.Before(to) {
			if err := f(c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *book) CreditorNames(context.Context) (map[string]string, error) {
	return map[string]string{prato: "Comune di Prato", pisa: "Comune di Pisa"}, nil
}

func (b *book) Zone() *time.Location {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		panic(err)
	}
	return rome
}

// pay puts a paid payment into the book, and into the kiosk's journal.
func (b *book) pay(id, channel string, at time.Time, creditor string, amount, fee kiosk.Amount, dues ...outcome.Due) {
	post := func(account string, a kiosk.Amount) {
		b.postings = append(b.postings, gateway.Posting{
			Transaction: "t-" + id, Kind: outcome.KindPaid, At: at, Account: account, Amount: a, Payment: id, Channel: channel, Kiosk: "PO-001",
		})
	}
	post(outcome.AccountClearing, amount+fee)
	post(outcome.CreditorAccount(creditor), -amount)
	post(outcome.AccountFees, -fee)
	for _, d := range dues {
		post(outcome.DueAccount(d.By), d.Amount)
		post(outcome.AccountCircuit, -d.Amount)
	}
	b.charges = append(b.charges, gateway.Charge{Kiosk: "PO-001", Payment: id, At: at, Terminal: "12345678", STAN: "0000" + id[1:],
		Told: true, Total: amount + fee, Posted: true, Booked: amount + fee})
}

func sample() *book {
	b := &book{}
	noon := time.Date(2026, 11, 21, 11, 0, 0, 0, time.UTC)
	b.pay("p01", "jolly", noon, prato, 8500, 140)
	b.pay("p02", "jolly", noon, pisa, 4200, 140, outcome.Due{By: "creditor:" + pisa, Amount: 25})
	b.pay("p03", "counter", noon, prato, 1000, 100, outcome.Due{By: "channel:counter", Amount: 10})
	// 23:30 UTC is the next day in Italy.
	b.pay("p04", "jolly", time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC), prato, 5000, 140)
	return b
}

var week = report.Period{From: kiosk.Date{Year: 2026, Month: 11, Day: 16}, To: kiosk.Date{Year: 2026, Month: 11, Day: 22}}

func lines(t *testing.T, r report.Report) []string {
	t.Helper()
	var out bytes.Buffer
	if err := r.CSV(&out); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

func TestSettlement(t *testing.T) {
	b := sample()
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for account, a := range map[string]kiosk.Amount{outcome.CreditorAccount(prato): 1000, outcome.AccountFees: 100, outcome.AccountRefunds: -1100} {
		b.postings = append(b.postings, gateway.Posting{Transaction: "t-back", Kind: outcome.KindReturned, At: at, Account: account, Amount: a, Payment: "p03", Channel: "counter"})
	}
	r, err := report.Settlement(t.Context(), b, week)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"day,creditor,name,bills,collected,returned,due,payment_ids",
		"2026-11-21," + pisa + ",Comune di Pisa,1,42.00,0.00,42.00,p02",
		"2026-11-21," + prato + ",Comune di Prato,2,95.00,0.00,95.00,p01 p03",
		"2026-11-22," + prato + ",Comune di Prato,1,50.00,10.00,40.00,p03 p04",
	}
	if got := lines(t, r); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if due := r.Sums[6].Number; due != 17700 {
		t.Errorf("due in all: %d cents", due)
	}
}

func TestCommissionsToTheCent(t *testing.T) {
	r, err := report.Commissions(t.Context(), sample(), week)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"channel,source,name,payments,amount,payment_ids",
		"counter,channel:counter,sportelli: counter,1,0.10,p03",
		"counter,citizen,cittadini,1,1.00,p03",
		"jolly,citizen,cittadini,3,4.20,p01 p02 p04",
		"jolly,creditor:" + pisa + ",Comune di Pisa,1,0.25,p02",
	}
	if got := lines(t, r); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestZero(t *testing.T) {
	b := sample()
	r, err := report.Zero(t.Context(), b, week)
	if err != nil || r.Failed || r.Sums[4].Number != 0 {
		t.Errorf("%v, failed %v, %v", err, r.Failed, r.Sums)
	}
	b.postings[0].Amount++
	if r, err = report.Zero(t.Context(), b, week); err != nil || !r.Failed || len(r.Notes) != 1 {
		t.Errorf("a cent too much was not seen: %v %+v", err, r.Notes)
	}
	b = sample()
	b.strays = []gateway.Posting{{Transaction: "t-x", Account: outcome.AccountFees, Amount: 100}}
	if r, err = report.Zero(t.Context(), b, week); err != nil || !r.Failed || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "t-x") {
		t.Errorf("a posting that belongs to nothing was not seen: %v %+v", err, r.Notes)
	}
}

func TestMatch(t *testing.T) {
	b := sample()
	file := "\ufeffTerminal;STAN;Amount\n12345678;000001;86,40\n12345678;000002;43.40\n12345678;000003;11.00\n12345678;000004;51.40\n"
	bank, err := report.ReadBank(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.Match(t.Context(), b, week, bank)
	if err != nil || r.Failed || len(r.Rows) != 1 || r.Sums[5] != r.Sums[6] || r.Sums[6] != r.Sums[7] || r.Sums[4].Number != 4 {
		t.Fatalf("%v, failed %v: %+v", err, r.Failed, r.Rows)
	}
	for name, c := range map[string]struct {
		change func(b *book, bank []report.BankLine) []report.BankLine
		want   string
	}{
		"bank lost one": {func(_ *book, bank []report.BankLine) []report.BankLine { return bank[1:] }, "manca in banca"},
		"bank has more": {func(_ *book, bank []report.BankLine) []report.BankLine {
			return append(bank, report.BankLine{Terminal: "x", STAN: "9", Amount: 5})
		}, "solo in banca"},
		"ledger lost one": {func(b *book, bank []report.BankLine) []report.BankLine {
			b.charges[1].Posted, b.charges[1].Booked = false, 0
			return bank
		}, "manca nel libro"},
		"kiosk lost one": {func(b *book, bank []report.BankLine) []report.BankLine {
			b.charges[1].Told, b.charges[1].Total = false, 0
			return bank
		}, "manca nel chiosco"},
		"other amount":   {func(b *book, bank []report.BankLine) []report.BankLine { b.charges[0].Total++; return bank }, "importi diversi"},
		"bank paid less": {func(_ *book, bank []report.BankLine) []report.BankLine { bank[2].Amount--; return bank }, "importi diversi"},
		"charged twice": {func(b *book, bank []report.BankLine) []report.BankLine {
			again := b.charges[0]
			again.STAN, again.Posted, again.Booked = "000009", false, 0
			b.charges = append(b.charges, again)
			return append(bank, report.BankLine{Terminal: again.Terminal, STAN: again.STAN, Amount: again.Total})
		}, "manca nel libro,12345678,000009,1,86.40,0.00,86.40"},
	} {
		b := sample()
		r, err := report.Match(t.Context(), b, week, c.change(b, append([]report.BankLine(nil), bank...)))
		if err != nil || !r.Failed || !strings.Contains(strings.Join(lines(t, r), "\n"), c.want) {
			t.Errorf("%s: %v, failed %v:\n%s", name, err, r.Failed, strings.Join(lines(t, r), "\n"))
		}
	}
	if r, err = report.Match(t.Context(), b, week, nil); err != nil || r.Failed || len(r.Notes) == 0 {
		t.Errorf("without the bank: %v %v %v", err, r.Failed, r.Notes)
	}
	for name, text := range map[string]string{
		"half a thousand": "terminal,stan,amount\n1,2,\"1.23,00\"\n",
		"no day":          "terminal,stan,amount,date\n1,2,3.00,\n",
		"another day":     "terminal,stan,amount,date\n1,2,3.00,2026-13-01\n",
		"no columns":      "a,b\n1,2\n", "no amount": "terminal,stan,amount\n1,2,3\n", "nothing": "", "short line": "terminal,stan,amount\n1\n",
	} {
		if _, err := report.ReadBank(strings.NewReader(text)); err == nil {
			t.Errorf("the bank's file with %s was taken", name)
		}
	}
}

// Terminals begin their numbers anew, and an acquirer's file is of more days than
// the report.
func TestTheBanksLinesFindTheirCharges(t *testing.T) {
	b := sample()
	for i := range b.charges {
		b.charges[i].STAN = "000001"
	}
	bank, err := report.ReadBank(strings.NewReader("terminal;stan;date;amount\n" +
		"12345678;000001;2026-11-21;11,00\n12345678;000001;21/11/2026;43,40\n12345678;000001;2026-11-22;51,40\n12345678;000001;2026-11-21;86,40\n" +
		"12345678;000002;2026-11-15;7,00\n12345678;000003;23/11/2026;8,00\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.Match(t.Context(), b, week, bank)
	if err != nil || r.Failed || r.Sums[4].Number != 4 || r.Sums[7].Number != 19220 {
		t.Errorf("%v\n%s", err, strings.Join(lines(t, r), "\n"))
	}
	if len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], "2 righe") {
		t.Errorf("%q", r.Notes)
	}
}

// What people do to an acquirer's file before they hand it over.
func TestABanksFileOfASpreadsheet(t *testing.T) {
	b := sample()
	b.pay("p05", "jolly", time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), prato, 123400, 140)
	b.charges[4].Terminal = "00345678"
	bank, err := report.ReadBank(strings.NewReader("\ufeffData;Terminale;STAN;Importo;Note\n21/11/2026;12345678;1;86,40;x\n21/11/2026;12345678;2;43,40;\n" +
		"21/11/2026;12345678;3;11,00;\n22/11/2026;12345678;4;51,40;\n20/11/2026;345678;5;1.235,40;\n22/11/2026;12345678;1;-86,40;storno\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.Match(t.Context(), b, week, bank)
	if got := strings.Join(lines(t, r), "\n"); err != nil || !r.Failed || r.Sums[7].Number != r.Sums[5].Number-8640 ||
		!strings.Contains(got, ",solo in banca,12345678,1,1,0.00,0.00,-86.40,") || !strings.Contains(got, "concordano,,,5,1427.60,1427.60,1427.60") {
		t.Errorf("%v\n%s", err, got)
	}
	none, err := report.ReadBank(strings.NewReader("terminal,stan,amount\n"))
	if err != nil || none == nil {
		t.Fatalf("a file without lines: %v, %v", none, err)
	}
	if r, err = report.Match(t.Context(), b, week, none); err != nil || !r.Failed || !strings.Contains(strings.Join(lines(t, r), "\n"), "manca in banca") {
		t.Errorf("a bank that has nothing agrees: %v %v", err, r.Failed)
	}
}

func TestForms(t *testing.T) {
	b := sample()
	b.pay("p05", "jolly", time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), prato, 99999990000, 140)
	r, err := report.Settlement(t.Context(), b, week)
	if err != nil {
		t.Fatal(err)
	}
	var x bytes.Buffer
	if err := r.XML(&x); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Rows []struct {
			Values   []string `xml:"value"`
			Payments []string `xml:"payment"`
		} `xml:"row"`
	}
	if err := xml.Unmarshal(x.Bytes(), &read); err != nil || len(read.Rows) != len(r.Rows) || len(read.Rows[0].Payments) == 0 {
		t.Errorf("XML: %v %+v", err, read)
	}
	var one, two bytes.Buffer
	if err := r.PDF(&one); err != nil {
		t.Fatal(err)
	}
	if err := r.PDF(&two); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Errorf("the same report gives other bytes: %v", err)
	}
	path := filepath.Join(t.TempDir(), "r.pdf")
	if err := os.WriteFile(path, one.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatalf("pdftotext: %v (Debian: poppler-utils)", err)
	}
	for _, want := range []string{"Rendiconto per ente e giorno", "dal 16/11/2026 al 22/11/2026", "Comune di Prato", "999.999.900,00", "Totale"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the PDF does not say %q:\n%s", want, out)
		}
	}
}

// A name of many words takes nothing of the days, the codes and the figures.
func TestALongNameLeavesTheRestReadable(t *testing.T) {
	b := sample()
	for i := range 60 {
		b.pay(fmt.Sprintf("p%02d", 10+i), "jolly", time.Date(2026, 11, 17, 9, 0, 0, 0, time.UTC), fmt.Sprintf("%011d", i), kiosk.Amount(12345678900+i), 140)
	}
	r, err := report.Settlement(t.Context(), b, week)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Rows {
		r.Rows[i].Cells[2].Text = strings.Repeat("Unione dei Comuni ", 8)[:140]
	}
	path := filepath.Join(t.TempDir(), "r.pdf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.PDF(f), f.Close()); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatalf("pdftotext: %v (Debian: poppler-utils)", err)
	}
	for _, row := range r.Rows {
		if !strings.Contains(string(out), row.Cells[0].Text) || !strings.Contains(string(out), row.Cells[1].Text) {
			t.Fatalf("the PDF does not say %q of %q whole:\n%s", row.Cells[1].Text, row.Cells[0].Text, out)
		}
	}
	for _, want := range []string{"Unione dei Comuni Unione", "123.456.789,59", "Codice fiscale"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the PDF does not say %q:\n%s", want, out)
		}
	}
}

func TestASpreadsheetRunsNothing(t *testing.T) {
	r := report.Report{Columns: []report.Column{{Key: "name", Title: "Nome"}}, Rows: []report.Row{{Cells: []report.Cell{{Text: "=cmd|' /C calc'!A0"}}}}}
	var out bytes.Buffer
	if err := r.CSV(&out); err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(&out).ReadAll()
	if err != nil || all[1][0][0] != '\'' {
		t.Errorf("%v %q", err, all)
	}
}

func TestPeriods(t *testing.T) {
	if err := week.Check(); err != nil {
		t.Error(err)
	}
	for _, p := range []report.Period{{}, {From: week.To, To: week.From}, {From: week.From}} {
		if p.Check() == nil {
			t.Errorf("%+v is a period", p)
		}
	}
}

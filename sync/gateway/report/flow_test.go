package report_test

// The flow of settlement, to the letter, and both schemas by a foreign validator.

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// settled are bills in memory.
type settled struct {
	*book
	bills []gateway.Settled
}

func (b *settled) EachSettled(_ context.Context, from, to time.Time, f func(gateway.Settled) error) error {
	for _, x := range b.bills {
		if !x.At.Before(from) && x.At.Before(to) {
			if err := f(x); err != nil {
				return err
			}
		}
	}
	return nil
}

func settledSample() *settled {
	noon := time.Date(2026, 11, 21, 11, 0, 0, 0, time.UTC)
	return &settled{book: &book{}, bills: []gateway.Settled{
		{Creditor: prato, Payment: "p01", At: noon, IUV: "02000000000000101", Token: "db55d01efa8643c0b1a616e35c2df680", Amount: 8500},
		{Creditor: pisa, Payment: "p02", At: noon, IUV: "02000000000000202", Token: "000000000000000000005e1f00000001", Amount: 4200, StandIn: true},
		{Creditor: prato, Payment: "p03", At: noon, IUV: "02000000000000303", Token: "38046146300841c58ed24fc6de434040", Amount: 100000001},
		// 23:30 UTC is the next day in Italy.
		{Creditor: prato, Payment: "p04", At: time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC), IUV: "02000000000000404", Token: "t", Amount: 5, Open: true},
	}}
}

var payer = report.Payer{Code: "97735020584", Name: "T-Serve", Made: time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)}

func TestFlows(t *testing.T) {
	flows, err := report.Flows(t.Context(), settledSample(), week, payer)
	if err != nil || len(flows) != 3 {
		t.Fatalf("%d flows, %v", len(flows), err)
	}
	var got bytes.Buffer
	for i, want := range []struct {
		id    string
		bills int
		total kiosk.Amount
		open  int
	}{
		{"2026-11-2297735020584-" + pisa + "21", 1, 4200, 0}, {"2026-11-2297735020584-" + prato + "21", 2, 100008501, 0},
		{"2026-11-2397735020584-" + prato + "22", 1, 5, 1},
	} {
		f := flows[i]
		if f.ID != want.id || f.Bills != want.bills || f.Total != want.total || f.Open != want.open || len(f.ID) > 35 {
			t.Errorf("%d: %+v", i, f)
		}
		if err := f.XML(&got); err != nil {
			t.Fatal(err)
		}
	}
	golden := filepath.Join("testdata", "flows.xml")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%v: not as %s:\n%s", err, golden, got.String())
	}
	told := payer
	told.Transfer, told.Settled = "TRN0001", kiosk.Date{Year: 2026, Month: 11, Day: 24}
	if flows, err = report.Flows(t.Context(), settledSample(), week, told); err != nil {
		t.Fatal(err)
	}
	got.Reset()
	if err := flows[0].XML(&got); err != nil || !strings.Contains(got.String(), "<identificativoUnivocoRegolamento>TRN0001</") || !strings.Contains(got.String(), "<dataRegolamento>2026-11-24</") {
		t.Errorf("%v:\n%s", err, got.String())
	}
	for name, bad := range map[string]report.Payer{
		"no code": {}, "a short name": {Code: payer.Code, Name: "ab"}, "a long reference": {Code: payer.Code, Transfer: strings.Repeat("x", 36)},
	} {
		if _, err := report.Flows(t.Context(), settledSample(), week, bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// valid asks xmllint.
func valid(t *testing.T, schema string, document []byte) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "xmllint", "--noout", "--nonet", "--schema", schema, "-")
	cmd.Stdin = bytes.NewReader(document)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v (Debian: libxml2-utils): %s\n%s", err, out, document)
	}
}

// The published schema is no part of this repository.
func TestFlowsAreOfThePublishedForm(t *testing.T) {
	schema := publishedFlow(t)
	if schema == "" {
		t.Log("the published schema is not at hand: flows are held against the golden file alone")
		return
	}
	flows, err := report.Flows(t.Context(), settledSample(), week, payer)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range flows {
		var b bytes.Buffer
		if err := f.XML(&b); err != nil {
			t.Fatal(err)
		}
		valid(t, schema, b.Bytes())
	}
}

func publishedFlow(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		path := filepath.Join(dir, "..", "shared", "data", "pagopa", "xsd-common", "FlussoRiversamento_1_0_5.xsd")
		if _, serr := os.Stat(path); serr == nil {
			return path
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

func TestReportsInXMLAreOfTheirSchema(t *testing.T) {
	schema := filepath.Join(t.TempDir(), "report.xsd")
	if err := os.WriteFile(schema, report.Schema(), 0o600); err != nil {
		t.Fatal(err)
	}
	b := sample()
	for i := range b.postings {
		b.postings[i].Payment = "01a2022c-1478-7d34-b827-27f7f2e3ee49"
	}
	for i := range b.charges {
		b.charges[i].Payment = "01a2022c-1478-7d34-b827-27f7f2e3ee49"
	}
	b.strays = []gateway.Posting{{Transaction: "x", Account: "refunds", Amount: 1}}
	bank := []report.BankLine{{Terminal: "<&>", STAN: "1", Amount: 3}}
	for name, make := range map[string]func() (report.Report, error){
		"settlement":  func() (report.Report, error) { return report.Settlement(t.Context(), b, week) },
		"commissions": func() (report.Report, error) { return report.Commissions(t.Context(), b, week) },
		"zero":        func() (report.Report, error) { return report.Zero(t.Context(), b, week) },
		"match":       func() (report.Report, error) { return report.Match(t.Context(), b, week, bank) },
		"nothing":     func() (report.Report, error) { return report.Zero(t.Context(), &book{}, week) },
	} {
		r, err := make()
		if err != nil {
			t.Fatal(name, err)
		}
		var x bytes.Buffer
		if err := r.XML(&x); err != nil {
			t.Fatal(name, err)
		}
		valid(t, schema, x.Bytes())
	}
}

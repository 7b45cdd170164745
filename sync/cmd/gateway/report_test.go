package main

// The reports from the command line: each form, the flows, the bank's file.

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/node/sim"
)

func TestReportsOfAPayment(t *testing.T) {
	n, flags := atNode(t)
	const notice, id = "302000000000000101", "01934f3e-0000-7000-8000-000000000011"
	n.Add(pisa, notice, sim.Debt{Parts: []kiosk.Amount{5000}, Subject: "Multa", Due: "2026-12-31"})
	dir := t.TempDir()
	db := filepath.Join(dir, "gateway.db")
	url := serve(t, db, append(flags, "--node-creditor", pisa)...)
	row := paidRow(t, id, putBill(t, url, id, notice))
	until(t, "the bill is closed", func() bool {
		v := pushRow(t, url, row)
		return len(v.Closings) == 1 && v.Closings[0].Closing == api.ClosingOk
	})
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	days := []string{"--db", db, "--from", time.Now().In(rome).AddDate(0, 0, -1).Format(time.DateOnly), "--to", time.Now().In(rome).Format(time.DateOnly)}
	bank := filepath.Join(dir, "bank.csv")
	if err := os.WriteFile(bank, []byte("terminal;stan;amount\n31415926;000123;51,00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args  []string
		wants []string
	}{
		"settlement":  {nil, []string{pisa, "50.00,0.00,50.00", id}},
		"commissions": {nil, []string{"jolly,citizen,cittadini,1,1.00", id}},
		"zero":        {nil, []string{"acquirer-clearing,1,51.00,0.00,51.00", id}},
		"match":       {[]string{"--bank", bank}, []string{"concordano,,,1,51.00,51.00,51.00", id}},
	} {
		args := append(append([]string{"report", name}, days...), c.args...)
		out, err := run(t, args...)
		for _, want := range c.wants {
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("%s: %v, want %q in\n%s", name, err, want, out)
			}
		}
		for ending, begins := range map[string]string{".csv": "", ".xml": "<?xml", ".pdf": "%PDF"} {
			path := filepath.Join(dir, name+ending)
			if _, err := run(t, append(args, "--out", path)...); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			if text, err := os.ReadFile(path); err != nil || len(text) == 0 || !strings.HasPrefix(string(text), begins) {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if err := os.WriteFile(bank, []byte("terminal;stan;amount\n31415926;000124;51,00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, append(append([]string{"report", "match"}, days...), "--bank", bank)...); err == nil || !strings.Contains(out, "manca in banca") || !strings.Contains(out, "solo in banca") {
		t.Errorf("a charge that the bank does not have: %v\n%s", err, out)
	}
	flows := filepath.Join(dir, "flows")
	out, err := run(t, append(append([]string{"report", "flows"}, days...), "--node-psp-code", "97735020584", "--out", flows)...)
	files, gerr := filepath.Glob(filepath.Join(flows, "*97735020584-"+pisa+"*.xml"))
	if err != nil || gerr != nil || len(files) != 1 || !strings.Contains(out, files[0]+"  1 bills  50.00") {
		t.Fatalf("flows: %q, %v, %v", out, files, err)
	}
	if text, err := os.ReadFile(files[0]); err != nil || !strings.Contains(string(text), "<identificativoUnivocoVersamento>02000000000000101</") {
		t.Errorf("%v\n%s", err, text)
	}
	for want, args := range map[string][]string{
		"want a folder":  {"report", "flows", "--node-psp-code", "97735020584"},
		"want 11 digits": {"report", "flows", "--out", flows},
		"--settled":      {"report", "flows", "--out", flows, "--settled", "tomorrow"},
		"must end in":    {"report", "zero", "--out", filepath.Join(dir, "zero.doc")},
	} {
		if _, err := run(t, append(args, days...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
	if out, err := run(t, "report", "schema"); err != nil || !strings.Contains(out, "<xs:schema") {
		t.Errorf("schema: %v", err)
	}
}

// What a citizen pays depends on where he stands: he is quoted it, charged it, and the
// report has it, beside what the counters and the body owe.
func TestFeesByChannelToTheCent(t *testing.T) {
	n, flags := atNode(t)
	dir := t.TempDir()
	db, key := filepath.Join(dir, "gateway.db"), filepath.Join(dir, "key.pem")
	if _, err := run(t, "catalogue", "keygen", key); err != nil {
		t.Fatal(err)
	}
	url := serve(t, db, append(flags, "--node-creditor", pisa, "--catalogue-key", key)...)
	for i, c := range []struct {
		channel api.Channel
		fee     int64
	}{{api.ChannelJolly, 100}, {api.ChannelCounter, 150}, {api.ChannelTill, 120}, {api.ChannelWeb, 100}, {api.ChannelTill, 120}} {
		notice, id := fmt.Sprintf("3020000000000001%02d", i), fmt.Sprintf("01934f3e-0000-7000-8000-0000000000%02d", i)
		n.Add(pisa, kiosk.NoticeNumber(notice), sim.Debt{Parts: []kiosk.Amount{5000}, Subject: "Multa", Due: "2026-12-31"})
		resp, err := http.Post(url+"/v1/lookup", api.MediaJSON, strings.NewReader(
			`{"kiosk":"prato-001","channel":"`+string(c.channel)+`","notice":{"number":"`+notice+`","creditor":"`+pisa+`"}}`))
		if err != nil {
			t.Fatal(err)
		}
		var found api.Found
		if err := json.NewDecoder(resp.Body).Decode(&found); err != nil || len(found.Bills) != 1 || found.Bills[0].Fee != c.fee {
			t.Fatalf("%s: quoted %+v, %v", c.channel, found, err)
		}
		resp.Body.Close()
		a := putBillIn(t, url, c.channel, id, notice)
		if a.Fee != c.fee || a.Total != 5000+c.fee {
			t.Errorf("%s: %d of %d, want %d", c.channel, a.Fee, a.Total, c.fee)
		}
		row := paidRow(t, id, a)
		row.Sequence = int64(i + 1)
		until(t, "the bill is closed", func() bool {
			v := pushRow(t, url, row)
			return len(v.Closings) == 1 && v.Closings[0].Closing == api.ClosingOk
		})
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(rome)
	out, err := run(t, "report", "commissions", "--db", db, "--from", now.AddDate(0, 0, -1).Format(time.DateOnly), "--to", now.Format(time.DateOnly))
	for _, want := range []string{
		"jolly,citizen,cittadini,1,1.00", "counter,citizen,cittadini,1,1.50", "till,citizen,cittadini,2,2.40", "web,citizen,cittadini,1,1.00",
		"counter,channel:counter,sportelli: counter,1,0.10", "till,channel:till,sportelli: till,2,0.20", "till,creditor:" + pisa + ",Comune di Pisa,2,0.50",
	} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v, want %q in\n%s", err, want, out)
		}
	}
}

func TestAFlowWaitsForTheOwnersWord(t *testing.T) {
	n, flags := atNode(t)
	const notice, id = "302000000000000101", "01934f3e-0000-7000-8000-000000000012"
	n.Add(pisa, notice, sim.Debt{Parts: []kiosk.Amount{5000}, Subject: "Multa", Due: "2026-12-31"})
	dir := t.TempDir()
	db := filepath.Join(dir, "gateway.db")
	url := serve(t, db, append(flags, "--node-creditor", pisa)...)
	n.Make("sendPaymentOutcomeV2", sim.Trouble{Kind: sim.TroubleFault, Fault: "PPT_TOKEN_SCONOSCIUTO"})
	pushRow(t, url, paidRow(t, id, putBill(t, url, id, notice)))
	until(t, "the node refused it", func() bool {
		out, err := run(t, "node", "queue", "--db", db)
		return err == nil && strings.HasPrefix(out, "alarm")
	})
	day := time.Now().In(time.FixedZone("CET", 3600))
	out, err := run(t, "report", "flows", "--db", db, "--from", day.AddDate(0, 0, -1).Format(time.DateOnly), "--to", day.AddDate(0, 0, 1).Format(time.DateOnly),
		"--node-psp-code", "97735020584", "--out", dir)
	if files, _ := filepath.Glob(filepath.Join(dir, "*.xml")); err == nil || !strings.Contains(out, "1 of 1 bills wait") || len(files) > 0 {
		t.Errorf("%v: %q, %v", err, out, files)
	}
}

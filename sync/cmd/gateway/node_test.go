package main

// The national node in the gateway's configuration: debts that live there are
// paid there, and what it does not take is shown and ended.

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/booktest"
	"github.com/tserve/jolly/sync/gateway/node/sim"
)

const pisa = "00341620508"

// atNode starts a node and returns the flags by which the gateway reaches it.
func atNode(t *testing.T) (*sim.Node, []string) {
	t.Helper()
	n := sim.New(sim.Config{})
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(sim.Known().Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return n, []string{"--node-url", server.URL, "--node-psp", sim.Known().PSP, "--node-broker", sim.Known().Broker, "--node-channel", sim.Known().Channel,
		"--node-psp-code", "97735020584", "--node-password-file", password}
}

func TestADebtOfTheNodeIsLookedUpThere(t *testing.T) {
	n, flags := atNode(t)
	var fine gateway.Sample
	for _, s := range gateway.Samples() {
		if s.Name == "pisa-fine" {
			fine = s
		}
	}
	n.Add(pisa, fine.Notice, sim.Debt{Parts: []kiosk.Amount{9999}, Subject: "Multa del nodo", Due: "2026-12-31"})
	db := booktest.File(t)
	url := serve(t, db, append(flags, "--node-creditor", pisa)...)
	resp, err := http.Post(url+"/v1/lookup", "application/json", strings.NewReader(
		`{"kiosk":"k1","notice":{"number":"`+string(fine.Notice)+`","creditor":"`+pisa+`"}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var found api.Found
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil {
		t.Fatal(err)
	}
	if len(found.Bills) != 1 || found.Bills[0].Bill.Amount != 9999 || found.Bills[0].Bill.Subject != "Multa del nodo" || found.Bills[0].Bill.ID != "debt-pisa-fine" {
		t.Errorf("%+v", found)
	}
	out, err := run(t, append([]string{"node", "verify", string(fine.Notice), pisa}, flags...)...)
	if err != nil || !strings.HasPrefix(out, "payable  99.99") {
		t.Errorf("verify: %q, %v", out, err)
	}
	out, err = run(t, append([]string{"node", "verify", strings.Repeat("0", 18), sim.CreditorCode}, flags...)...)
	if err == nil || !strings.Contains(err.Error(), "PPT_STAZIONE_INT_PA_SCONOSCIUTA") {
		t.Errorf("verify of nothing: %q, %v", out, err)
	}
	if out, err = run(t, "node", "queue", "--db", db); err != nil || out != nothingWaits {
		t.Errorf("queue: %q, %v", out, err)
	}
	for _, what := range []string{"again", "settle"} {
		args := []string{"node", what, "01934f3e-0000-7000-8000-000000000001", "debt-pisa-fine", "--db", db}
		if what == "settle" {
			args = append(args, "--ok", "--by", "Rossi")
		}
		if _, err = run(t, args...); err == nil || !strings.Contains(err.Error(), "nothing is left to be told") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestANodeThatIsHalfConfiguredIsRefused(t *testing.T) {
	_, flags := atNode(t)
	db := booktest.File(t)
	for want, args := range map[string][]string{
		"--node-p":                    {"--node-url", "http://127.0.0.1:1"},
		"whose debts":                 flags,
		"either":                      append([]string{"--node-creditor", pisa, "--node-local", pisa}, flags...),
		"needs a catalogue":           append([]string{"--node-local", pisa}, flags...),
		"read the node's password":    append(append([]string{}, flags...), "--node-password-file", db+".none", "--node-creditor", pisa),
		"must have 11 digits":         append(append([]string{}, flags...), "--node-psp-code", "1", "--node-creditor", pisa),
		"no certificate in":           append(append([]string{}, flags...), "--node-ca", os.DevNull, "--node-creditor", pisa),
		"without --node-password-fil": append(append([]string{}, flags...), "--node-password-file", "", "--node-creditor", pisa),
	} {
		if _, err := run(t, append([]string{"serve", "--db", db, "--listen", "127.0.0.1:0"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want %q", args, err, want)
		}
	}
}

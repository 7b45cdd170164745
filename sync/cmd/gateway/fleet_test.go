package main

// The fleet from the command line.

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/sync/gateway"
)

func TestTheFleetFromTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	db, key := filepath.Join(dir, "gateway.db"), filepath.Join(dir, "operator.pem")
	url := serve(t, db)
	if out, err := run(t, "fleet", "status", "--db", db, "--json"); err != nil || strings.TrimSpace(out) != "[]" {
		t.Errorf("%q %v", out, err)
	}
	post(t, url+"/v1/heartbeats", `{"kiosk":"PO-001","state":"resting","devices":[{"device":"printer","status":"KO","reason":"paper-out"}],
		"problems":[],"backlog":{"rows":3,"oldestSeconds":10,"parked":0},"program":"1.2.3","now":1,"paintedSeconds":1,"upSeconds":9}`)
	if out, err := run(t, "fleet", "status", "--db", db); err != nil || !strings.Contains(out, "printer KO (paper-out)") || !strings.Contains(out, "1.2.3") {
		t.Errorf("%q %v", out, err)
	}
	public, err := run(t, "fleet", "keygen", key)
	if err != nil || len(strings.TrimSpace(public)) != 44 {
		t.Fatalf("%q %v", public, err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"PO-001", "test-page", "--by", "Rossi"}, "give the operator's key"},
		{[]string{"PO-001", "test-page", "--key", key}, "who ordered it"},
		{[]string{"PO-001", "shell", "--key", key, "--by", "Rossi"}, "not on the list"},
		{[]string{"PO-002", "test-page", "--key", key, "--by", "Rossi"}, "not enrolled and was never heard of"},
	} {
		if out, err := run(t, append([]string{"fleet", "command", "--db", db}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %q, %v; want %q", c.args, out, err, c.want)
		}
	}
	if out, err := run(t, "fleet", "command", "PO-001", "restart", "--key", key, "--by", "M. Rossi", "--db", db); err != nil || !strings.Contains(out, "restart ordered of PO-001") {
		t.Errorf("%q %v", out, err)
	}
	out, err := run(t, "fleet", "commands", "PO-001", "--db", db, "--json")
	var all []gateway.Ordered
	if err != nil || json.Unmarshal([]byte(out), &all) != nil || len(all) != 1 || all[0].By != "M. Rossi" || all[0].Result != "waiting" {
		t.Errorf("%s %v", out, err)
	}
	if _, err := run(t, "fleet", "status", "PO-009", "--db", db); err == nil {
		t.Error("a kiosk that was never heard of was shown")
	}
	for _, wrong := range [][]string{{"--alarm-webhook", "http://example.org"}, {"--alarm-mail-server", "x"}, {"--alarm-mail-server", "x:25"}} {
		if _, err := run(t, append([]string{"serve", "--db", db, "--listen", "127.0.0.1:0"}, wrong...)...); err == nil {
			t.Errorf("%v was taken", wrong)
		}
	}
}

func post(t *testing.T, url, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
}

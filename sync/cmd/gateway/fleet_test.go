package main

// The fleet from the command line.

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/booktest"
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

// An alarm goes all the way, from a heartbeat in the book to the operators' desk.
func TestAnAlarmReachesTheDesk(t *testing.T) {
	db := booktest.File(t)
	store, err := gateway.Open(t.Context(), db, gateway.StoreConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Heartbeat(t.Context(), api.Heartbeat{
		Kiosk: "PO-001", State: api.KioskStateResting, Program: "1.2.3", Now: time.Now().UnixMilli(), Devices: []api.DeviceReport{{Device: "printer", Status: "KO", Reason: "jam"}},
	})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	got := make(chan map[string]any, 10)
	desk := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m map[string]any
		if json.NewDecoder(r.Body).Decode(&m) == nil {
			got <- m
		}
	}))
	defer desk.Close()
	serve(t, db, "--alarm-webhook", desk.URL, "--alarm-pages", "https://gateway.example.org:8490")
	select {
	case m := <-got:
		if m["kiosk"] != "PO-001" || m["kind"] != "paper" || m["event"] != "raised" || m["page"] != "https://gateway.example.org:8490/op/kiosks/PO-001" || !strings.Contains(m["todo"].(string), "inceppata") {
			t.Errorf("%v", m)
		}
	case <-time.After(tooLong):
		t.Error("nobody was told")
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

package dock

// The dock's page and commands against a rig of real simulators and a real
// gateway, whose programs are built here. No kiosk is started.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/test/rig"
)

// docked is a dock over a rig without a kiosk.
func docked(t *testing.T) (*rig.Rig, *httptest.Server) {
	t.Helper()
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "ci", "-o", bin, "github.com/tserve/jolly/sync/cmd/gateway", "github.com/tserve/jolly/kiosk/cmd/kioskctl")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the programs: %v\n%s", err, out)
	}
	if err := os.Symlink("gateway", filepath.Join(bin, "kiosk")); err != nil { // it must be there; it is not started
		t.Fatal(err)
	}
	r, err := rig.New(t.Context(), rig.Options{Bin: bin, Dir: t.TempDir(), Scale: 0.6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	d, err := New(r)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(d.Handler())
	t.Cleanup(srv.Close)
	return r, srv
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func send(t *testing.T, url, body string) (int, string) {
	t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestDock(t *testing.T) {
	r, srv := docked(t)
	t.Run("page", func(t *testing.T) {
		status, page := get(t, srv.URL+"/")
		if status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		for _, want := range []string{"fine-reduced", "drop-after", "pull-after", "swallow", "bancomat"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page has no %q", want)
			}
		}
		if status, font := get(t, srv.URL+"/fonts/TitilliumWeb-400.ttf"); status != http.StatusOK || len(font) < 10_000 {
			t.Errorf("font: status %d, %d bytes", status, len(font))
		}
	})
	t.Run("commands", func(t *testing.T) { testCommands(t, r, srv.URL) })
	t.Run("state", func(t *testing.T) {
		var s rig.State
		_, body := get(t, srv.URL+"/api/state")
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			t.Fatal(err)
		}
		if !s.Network.Gateway || s.Kiosk.Running || !s.Scanner.Plugged || s.Network.Behaviour != rig.NetworkCut {
			t.Errorf("state %s", body)
		}
	})
	t.Run("events", func(t *testing.T) { testEvents(t, r, srv.URL) })
	t.Run("pictures", func(t *testing.T) {
		if status, body := get(t, srv.URL+"/api/screen.png"); status != http.StatusOK || !strings.HasPrefix(body, "\x89PNG") {
			t.Errorf("screen: status %d", status)
		}
		if status, _ := get(t, srv.URL+"/api/prints/1.png"); status != http.StatusNotFound {
			t.Errorf("a paper that never came out: status %d", status)
		}
	})
	t.Run("from another page", func(t *testing.T) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/api/kiosk", bytes.NewBufferString(`{"do":"kill"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://elsewhere.example")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("a command of another site's page: status %d", res.StatusCode)
		}
	})
}

func testCommands(t *testing.T, r *rig.Rig, url string) {
	ok, wrong := http.StatusNoContent, http.StatusBadRequest
	tests := []struct {
		path, body string
		status     int
		holds      func() bool
	}{
		{"/api/scan", `{"paper":"fine-reduced"}`, ok, func() bool { return r.Scanner().Sent() == 1 }},
		{"/api/scan", `{"text":"PAGOPA|002|1"}`, ok, func() bool { return r.Scanner().Sent() == 2 }},
		{"/api/scan", `{"torn":"tia"}`, ok, func() bool { return r.Scanner().Sent() == 3 }},
		{"/api/scan", `{"paper":"nothing of the kind"}`, wrong, nil},
		{"/api/scan", `{}`, wrong, nil},
		{"/api/scan", `{"papre":"tia"}`, wrong, nil},
		{"/api/terminal", `{"behaviour":"decline","text":"NO"}`, ok, func() bool { return r.Terminal().State().Behaviour.Text == "NO" }},
		{"/api/terminal", `{"behaviour":"dance"}`, wrong, nil},
		{"/api/terminal/card", `{"card":"bancomat"}`, wrong, nil}, // it does not ask for one
		{"/api/terminal/red", ``, wrong, nil},
		{"/api/printer", `{"do":"pull"}`, ok, func() bool { return r.Printer().Snapshot().Condition.PaperOut }},
		{"/api/printer", `{"do":"refill"}`, ok, func() bool { return !r.Printer().Snapshot().Condition.PaperOut }},
		{"/api/printer", `{"do":"pull-after","rows":12}`, ok, func() bool { return r.Printer().Snapshot().Condition.PaperOutAfter == 12 }},
		{"/api/printer", `{"do":"lose-confirmation"}`, ok, func() bool { return r.Printer().Snapshot().Condition.LoseConfirmation }},
		{"/api/printer", `{"do":"mend"}`, ok, func() bool { return !r.Printer().Snapshot().Condition.LoseConfirmation }},
		{"/api/printer", `{"do":"eat"}`, wrong, nil},
		{"/api/network", `{"state":"cut"}`, ok, func() bool { n, _ := r.Gate.State(); return n == rig.NetworkCut }},
		{"/api/network", `{"state":"slow"}`, wrong, nil},
		{"/api/kiosk", `{"do":"jump"}`, wrong, nil},
		{"/api/kiosk", `{"do":"kill"}`, ok, nil}, // there is none: nothing happens
	}
	for _, tt := range tests {
		status, answer := send(t, url+tt.path, tt.body)
		if status != tt.status {
			t.Errorf("%s %s: status %d, want %d: %s", tt.path, tt.body, status, tt.status, answer)
		}
		if tt.status == wrong && !strings.Contains(answer, `"error"`) {
			t.Errorf("%s %s: no reason given: %s", tt.path, tt.body, answer)
		}
		if tt.holds != nil && !tt.holds() {
			t.Errorf("%s %s: nothing happened", tt.path, tt.body)
		}
	}
}

// testEvents reads the first state and the one after a change.
func testEvents(t *testing.T, r *rig.Rig, url string) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	next := func() (told string) {
		for lines.Scan() {
			var s rig.State
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(text), &s); err != nil {
					t.Fatal(err)
				}
				return string(s.Network.Behaviour)
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return ""
	}
	if first := next(); first != string(rig.NetworkCut) {
		t.Errorf("the stream told %s first", first)
	}
	r.Gate.Open()
	for next() != string(rig.NetworkOpen) { // other things may be told before
	}
}

package rig

// The hand against a kiosk of three pages that guards itself as the real one.

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// fakeKiosk is a control socket and a glass. It shows confirm, and terminal
// once the paying button was touched late enough.
type fakeKiosk struct {
	mu      sync.Mutex
	serial  uint64
	page    string
	painted time.Time
	taps    int           // that landed on an action
	early   int           // that came too early
	deaf    int           // so many touches are not felt
	slow    time.Duration // is as much later in taking touches, and says so
}

func (k *fakeKiosk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Screen{Page: k.page, Serial: k.serial, Title: "title of " + k.page, Language: "it"}
	switch k.page {
	case "bill":
		s.Actions = []Action{{ID: "continue", X: 10, Y: 10, W: 100, H: 20}, {ID: "off", Disabled: true, W: 5, H: 5}}
	case "confirm":
		s.Actions = []Action{{ID: PayAction, X: 10, Y: 10, W: 100, H: 20}}
	}
	for i := range s.Actions {
		s.Actions[i].Early = time.Since(k.painted) < k.guard()
	}
	if r.URL.Path != "/v1/screen" {
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(s)
}

func (k *fakeKiosk) Tap(_ context.Context, x, y int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if x != 60 || y != 20 {
		return nil
	}
	k.taps++
	if k.deaf > 0 {
		k.deaf--
		return nil
	}
	if time.Since(k.painted) < k.guard() {
		k.early++
		return nil
	}
	next := map[string]string{"bill": "confirm", "confirm": "terminal"}
	k.page, k.painted = next[k.page], time.Now()
	k.serial++
	return nil
}

func (k *fakeKiosk) guard() time.Duration {
	if k.page == "confirm" {
		return time.Second + k.slow
	}
	return 400*time.Millisecond + k.slow
}

func fake(t *testing.T) (*fakeKiosk, *Hand) {
	t.Helper()
	k := &fakeKiosk{page: "bill", painted: time.Now()}
	path := filepath.Join(t.TempDir(), "control.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(k)
	srv.Listener = ln
	srv.Start()
	t.Cleanup(srv.Close)
	return k, newHand(NewControl(path), k, nil)
}

func TestHandWaitsForTheGuards(t *testing.T) {
	for _, slow := range []time.Duration{0, time.Second} {
		k, h := fake(t)
		k.slow = slow
		waits(t, k, h)
	}
}

func waits(t *testing.T, k *fakeKiosk, h *Hand) {
	t.Helper()
	if _, err := h.TouchTo(t.Context(), "continue", "confirm"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.TouchTo(t.Context(), PayAction, "terminal"); err != nil {
		t.Fatal(err)
	}
	if k.early != 0 || k.taps != 2 {
		t.Errorf("%d touches, %d of them too early; want 2 and none", k.taps, k.early)
	}
}

func TestHandTriesAgainButNeverPaysTwice(t *testing.T) {
	k, h := fake(t)
	k.deaf, h.reaction = 1, time.Second
	if _, err := h.TouchTo(t.Context(), "continue", "confirm"); err != nil {
		t.Fatal(err)
	}
	if k.taps != 2 {
		t.Errorf("%d touches of continue, want 2", k.taps)
	}
	k.deaf = 1
	h.Patience = 3 * time.Second
	if s, err := h.Touch(t.Context(), PayAction); err == nil {
		t.Errorf("a paying touch that moved nothing was no error: %s", s)
	}
	if k.taps != 3 {
		t.Errorf("the paying button was touched %d times, want once", k.taps-2)
	}
}

func TestHandSaysWhatItSaw(t *testing.T) {
	_, h := fake(t)
	h.Patience = time.Second
	_, err := h.AwaitPage(t.Context(), "paid")
	const want = `await page paid: still page bill #0 "title of bill", actions continue off(off)`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := h.Touch(t.Context(), "off"); err == nil {
		t.Error("a disabled action was touched")
	}
}

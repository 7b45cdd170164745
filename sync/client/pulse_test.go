package client_test

// The pulse against the real gateway: told, ordered, carried out once, whatever
// is restarted, replayed or forged.

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/client"
)

// patient is a kiosk that can be in use, and notes what it was made to do.
type patient struct {
	mu   sync.Mutex
	busy bool
	did  []api.CommandAction

	waits bool
	heard []uint64
}

func (p *patient) Report(context.Context) api.Heartbeat {
	return api.Heartbeat{State: api.KioskStateResting, Program: "test", Devices: []api.DeviceReport{}, Problems: []api.ProblemReport{}, Now: time.Now().UnixMilli()}
}

func (p *patient) Carry(_ context.Context, action api.CommandAction, begin func() error) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy {
		return "", client.ErrNotNow
	}
	if err := begin(); err != nil {
		return "", err
	}
	p.did = append(p.did, action)
	return "carried out", nil
}

func (p *patient) Heard(_ context.Context, last uint64, _ int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, last)
	return nil
}

// Waits until the gateway was heard twice, if it waits at all.
func (p *patient) Waits() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waits && len(p.heard) < 2
}

func (p *patient) done() []api.CommandAction {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.did)
}

func (p *patient) set(busy bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = busy
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func operator(b string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(b, ed25519.SeedSize)))
}

// pulse runs a pulse until the returned stop.
func (g *lockedGateway) pulse(t *testing.T, identity, file string, p *patient) (stop func()) {
	t.Helper()
	pulse := client.NewPulse(g.dial(t, identity), client.PulseConfig{
		Keys: []ed25519.PublicKey{operator("a").Public().(ed25519.PublicKey)}, File: file,
		Every: 20 * time.Millisecond, First: time.Millisecond, Look: 5 * time.Millisecond,
	}, p, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pulse.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (g *lockedGateway) order(t *testing.T, action api.CommandAction, key string) string {
	t.Helper()
	c, err := g.store.Order(t.Context(), someKiosk, action, "M. Rossi", operator(key))
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// await waits until the gateway knows what became of a command.
func (g *lockedGateway) await(t *testing.T, id, result string) {
	t.Helper()
	end := time.NewTimer(tooLong)
	defer end.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	last := ""
	for {
		all, err := g.store.Orders(t.Context(), someKiosk, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			if o.ID == id {
				last = o.Result + " " + o.Detail
			}
		}
		if strings.HasPrefix(last, result) {
			return
		}
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("command %s: %s, want %s", id, last, result)
		}
	}
}

func TestOrderedAndCarriedOutOnceAtRest(t *testing.T) {
	g, dir := newLockedGateway(t), t.TempDir()
	identity, file := filepath.Join(dir, "identity.pem"), filepath.Join(dir, "commands.json")
	g.enrol(t, identity)
	p := &patient{busy: true}
	stop := g.pulse(t, identity, file, p)
	defer stop()
	id := g.order(t, api.CommandActionTestPage, "a")
	forged := g.order(t, api.CommandActionRestart, "b")
	g.await(t, forged, "refused signed with a key that is not trusted here")
	if did := p.done(); len(did) != 0 {
		t.Errorf("did %v while somebody stood there", did)
	}
	p.set(false)
	g.await(t, id, "done carried out")
	stop()
	stop = g.pulse(t, identity, file, p) // a restart
	defer stop()
	next := g.order(t, api.CommandActionReloadCatalogue, "a")
	g.await(t, next, "done")
	if did := p.done(); !slices.Equal(did, []api.CommandAction{api.CommandActionTestPage, api.CommandActionReloadCatalogue}) {
		t.Errorf("did %v", did)
	}
	all, err := g.store.Fleet(t.Context())
	if err != nil || len(all) != 1 || all[0].ID != someKiosk || all[0].Program != "test" {
		t.Errorf("%+v %v", all, err)
	}
}

// What was begun when the power went is not begun again.
func TestAnOrderIsNotRepeatedAfterAPowerCut(t *testing.T) {
	g, dir := newLockedGateway(t), t.TempDir()
	identity, file := filepath.Join(dir, "identity.pem"), filepath.Join(dir, "commands.json")
	g.enrol(t, identity)
	print, restart := g.order(t, api.CommandActionTestPage, "a"), g.order(t, api.CommandActionRestart, "a")
	p := &patient{}
	begun := `[{"id":"` + print + `","action":"test-page","expires":9999999999999},{"id":"` + restart + `","action":"restart","expires":9999999999999}]`
	write(t, file, begun)
	stop := g.pulse(t, identity, file, p)
	defer stop()
	g.await(t, print, "failed the kiosk ended in the middle of it")
	g.await(t, restart, "done started anew")
	if did := p.done(); len(did) != 0 {
		t.Errorf("did %v again", did)
	}
}

// Whoever answers with the same order for ever has it carried out once; an order
// for another kiosk, or of yesterday, never.
func TestReplayedOrders(t *testing.T) {
	now := time.Now()
	seal := func(kioskID string, made, expires time.Time, n string) api.SignedCommand {
		s, err := api.SealCommand(api.Command{
			ID: "01934f3e-0000-7000-8000-00000000000" + n, Kiosk: kioskID, Action: api.CommandActionTestPage, By: "M. Rossi", Made: made.UnixMilli(), Expires: expires.UnixMilli(),
		}, operator("a"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	replayed := api.HeartbeatAnswer{Now: now.UnixMilli(), Commands: []api.SignedCommand{
		seal(someKiosk, now, now.Add(time.Hour), "1"), seal("prato-002", now, now.Add(time.Hour), "2"), seal(someKiosk, now.Add(-48*time.Hour), now.Add(-24*time.Hour), "3"),
	}}
	var mu sync.Mutex
	beats, results := 0, map[string]string{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var h api.Heartbeat
		_ = json.NewDecoder(r.Body).Decode(&h)
		mu.Lock()
		defer mu.Unlock()
		for _, d := range h.Done {
			results[d.ID[35:]] = string(d.Result) + " " + d.Detail
		}
		beats++
		w.Header().Set("Content-Type", api.MediaJSON)
		_ = json.NewEncoder(w).Encode(replayed)
	}))
	defer srv.Close()
	p, file := &patient{}, filepath.Join(t.TempDir(), "commands.json")
	g := &lockedGateway{realGateway: &realGateway{url: srv.URL}}
	seen := func() (int, int) {
		mu.Lock()
		defer mu.Unlock()
		return beats, len(results)
	}
	for range 2 { // a restart between
		from, _ := seen()
		stop := g.pulse(t, "", file, p)
		tick := time.NewTicker(time.Millisecond)
		for n, told, end := from, 0, time.Now().Add(tooLong); (n < from+10 || told < 3) && time.Now().Before(end); n, told = seen() {
			<-tick.C
		}
		tick.Stop()
		stop()
	}
	if did := p.done(); len(did) != 1 {
		t.Errorf("carried out %d times", len(did))
	}
	if results["1"] != "done carried out" || results["2"] != "refused it is for another kiosk" || results["3"] != "refused it has expired" {
		t.Errorf("%v", results)
	}
}

// Where it cannot be kept that a command began, it is not begun.
func TestWhatCannotBeKeptIsNotBegun(t *testing.T) {
	g, dir := newLockedGateway(t), t.TempDir()
	identity := filepath.Join(dir, "identity.pem")
	g.enrol(t, identity)
	p := &patient{}
	stop := g.pulse(t, identity, filepath.Join(dir, "none", "commands.json"), p)
	defer stop()
	g.await(t, g.order(t, api.CommandActionTestPage, "a"), "failed keep that it began")
	if did := p.done(); len(did) != 0 {
		t.Errorf("did %v", did)
	}
}

// booked is a kiosk with a journal.
type booked struct{ patient }

func (*booked) Report(context.Context) api.Heartbeat {
	return api.Heartbeat{Journal: api.Journal{OpenPayments: 1, LastSequence: 41}}
}

// What the journal says is true of the moment that the gateway told last: one that
// did not answer tells none, and a kiosk that knows of no journal vouches for nothing.
func TestTheJournalIsAsOfTheGatewaysLastWord(t *testing.T) {
	var mu sync.Mutex
	var said []string
	enough := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var h api.Heartbeat
		if err := json.NewDecoder(r.Body).Decode(&h); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		said = append(said, strconv.FormatInt(h.Journal.AsOf, 10))
		switch n := len(said); {
		case n == 3:
			answer(w, "application/json", 500, "{}")
		case n == 5:
			close(enough)
			fallthrough
		default:
			answer(w, "application/json", 200, `{"now":`+strconv.Itoa(n*1000)+`,"commands":[]}`)
		}
	}))
	defer server.Close()
	pulse := client.NewPulse(dial(t, server.URL), client.PulseConfig{
		File: filepath.Join(t.TempDir(), "commands.json"), Every: 20 * time.Millisecond, First: time.Millisecond,
	}, &booked{}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- pulse.Run(ctx) }()
	select {
	case <-enough:
	case <-ctx.Done():
		t.Error("five heartbeats did not come")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if got, want := said[:min(5, len(said))], []string{"0", "1000", "2000", "2000", "4000"}; !slices.Equal(got, want) {
		t.Errorf("as of %v, want %v", got, want)
	}
}

// A kiosk that must hear the gateway before it works does not wait for its minute;
// what the gateway holds is handed on, and an older one holds nothing.
func TestAKioskThatWaitsHearsSoon(t *testing.T) {
	answers := []string{
		`{"now":1000,"commands":[],"lastSequence":41}`, `{"now":2000,"commands":[],"lastSequence":-1}`, `{"now":3000,"commands":[]}`,
	}
	var mu sync.Mutex
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		answer(w, "application/json", 200, answers[min(n, len(answers)-1)])
		n++
	}))
	defer server.Close()
	p := &patient{waits: true}
	pulse := client.NewPulse(dial(t, server.URL), client.PulseConfig{
		File: filepath.Join(t.TempDir(), "commands.json"), Every: time.Hour, First: time.Hour, Soon: 5 * time.Millisecond,
	}, p, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- pulse.Run(ctx) }()
	for look := time.NewTicker(5 * time.Millisecond); p.Waits() && ctx.Err() == nil; {
		<-look.C
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(p.heard) < 2 || !slices.Equal(p.heard[:2], []uint64{41, 0}) {
		t.Errorf("heard %v", p.heard)
	}
}

package client_test

// The keeper against the real gateway: document, tag, signature, 404.

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/booktest"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

// statuses notes what the gateway answered.
type statuses struct {
	http.ResponseWriter
	note func(int)
}

func (s statuses) WriteHeader(code int) {
	s.note(code)
	s.ResponseWriter.WriteHeader(code)
}

// catalogueGateway serves a catalogue, or none, and tells its answers.
func catalogueGateway(t *testing.T, served *catalogue.Served) (url string, answers chan int) {
	t.Helper()
	store, err := gateway.Open(t.Context(), booktest.File(t), gateway.StoreConfig{}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h, err := gateway.NewHandler(store, gateway.HandlerConfig{Catalogue: served}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	answers = make(chan int, 1000)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(statuses{w, func(code int) { answers <- code }}, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, answers
}

func served(t *testing.T) (*catalogue.Served, ed25519.PublicKey) {
	t.Helper()
	key, err := catalogue.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	s, err := catalogue.NewServed(c, key)
	if err != nil {
		t.Fatal(err)
	}
	return s, catalogue.Public(key)
}

// keep runs a keeper until the test ends.
func keep(t *testing.T, k *client.CatalogueKeeper, news func(*kiosk.Catalogue)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := k.Run(ctx, news); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(tooLong):
		t.Fatalf("%s: nothing came", what)
		panic("not reached")
	}
}

func TestKeeperAgainstTheGateway(t *testing.T) {
	doc, public := served(t)
	url, answers := catalogueGateway(t, doc)
	file := filepath.Join(t.TempDir(), "catalogue.json")
	cfg := client.KeeperConfig{Keys: []ed25519.PublicKey{public}, File: file, Every: 20 * time.Millisecond}
	news := make(chan *kiosk.Catalogue, 10)
	keep(t, client.NewCatalogueKeeper(dial(t, url), cfg, testLog()), func(c *kiosk.Catalogue) { news <- c })
	got := receive(t, news, "news")
	if got.Version != doc.Catalogue.Version || len(got.Services) != len(doc.Catalogue.Services) {
		t.Errorf("version %s with %d services", got.Version, len(got.Services))
	}
	if code := receive(t, answers, "first answer"); code != http.StatusOK {
		t.Errorf("first answer %d", code)
	}
	for range 3 {
		if code := receive(t, answers, "later answer"); code != http.StatusNotModified {
			t.Errorf("later answer %d", code)
		}
	}
	kept, err := client.ReadCatalogue(file, cfg.Keys)
	if err != nil || kept.Key != doc.Key {
		t.Errorf("kept: %v", err)
	}
	if s, ok := kept.Catalogue.Service("prato-mensa"); !ok || s.Name.In(kiosk.Chinese) == "" || s.Level != kiosk.LevelPresent {
		t.Errorf("service %+v", s)
	}
}

func TestKeeperTellsWhyThereIsNothing(t *testing.T) {
	doc, _ := served(t)
	_, other := served(t)
	for want, c := range map[string]struct {
		doc *catalogue.Served
	}{"has no catalogue": {nil}, "not trusted": {doc}} {
		url, _ := catalogueGateway(t, c.doc)
		k := client.NewCatalogueKeeper(dial(t, url), client.KeeperConfig{
			Keys: []ed25519.PublicKey{other}, File: filepath.Join(t.TempDir(), "c.json"), Retry: 10 * time.Millisecond, Every: 20 * time.Millisecond,
		}, testLog())
		keep(t, k, func(c *kiosk.Catalogue) { t.Errorf("took %s", c.Version) })
		deadline := time.After(tooLong)
		for words := ""; !strings.Contains(words, want); words, _ = k.Trouble() {
			select {
			case <-deadline:
				t.Fatalf("trouble %q, want %q", words, want)
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
}

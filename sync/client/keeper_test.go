package client

// The keeper in a bubble of time: what it takes, what it keeps, when it asks.

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

func testKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func publicOf(k ed25519.PrivateKey) ed25519.PublicKey { return ed25519.PublicKey(k[32:]) }

func small(version, name string) *kiosk.Catalogue {
	text := kiosk.Text{kiosk.Italian: name}
	return &kiosk.Catalogue{
		Version: version, Creditors: []kiosk.Creditor{{Code: "84006890481", Name: "Comune di Prato"}}, Groups: []kiosk.Group{{ID: "g", Name: text}},
		Services: []kiosk.Service{{ID: "s", Creditor: "84006890481", Group: "g", Name: text, Receipt: text, Find: kiosk.FindByNotice}},
	}
}

func sealed(t interface{ Fatal(args ...any) }, c *kiosk.Catalogue, k ed25519.PrivateKey) []byte {
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := api.Seal(b, k)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// fakeSource answers with whatever stands in it, and counts.
type fakeSource struct {
	mu    sync.Mutex // guards all
	doc   []byte
	err   error
	asked []time.Time
	sent  int
}

// now changes what it answers.
func (f *fakeSource) now(doc []byte, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.doc, f.err = doc, err
}

func (f *fakeSource) catalogue(_ context.Context, tag string) ([]byte, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, time.Now())
	if f.err != nil {
		return nil, "", f.err
	}
	mine := fmt.Sprintf(`"%d-%s"`, len(f.doc), f.doc[len(f.doc)-12:])
	if tag == mine {
		return nil, tag, nil
	}
	f.sent++
	return f.doc, mine, nil
}

// running is a keeper that runs in the bubble of a test.
type running struct {
	*CatalogueKeeper
	from *fakeSource
	news []string
}

func start(t *testing.T, from *fakeSource, cfg KeeperConfig) *running {
	t.Helper()
	if cfg.Keys == nil {
		cfg.Keys = []ed25519.PublicKey{publicOf(testKey(1))}
	}
	r := &running{CatalogueKeeper: newKeeper(from, cfg, slog.New(slog.DiscardHandler)), from: from}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- r.Run(ctx, func(c *kiosk.Catalogue) { r.news = append(r.news, c.Version) })
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

// after lets time pass and everything come to rest.
func after(d time.Duration) {
	time.Sleep(d) // in the bubble: no real time passes
	synctest.Wait()
}

func (r *running) want(t *testing.T, news, trouble string) {
	t.Helper()
	if got := strings.Join(r.news, " "); got != news {
		t.Errorf("news %q, want %q", got, news)
	}
	words, _ := r.Trouble()
	if trouble == "" && words != "" || !strings.Contains(words, trouble) {
		t.Errorf("trouble %q, want %q", words, trouble)
	}
}

const hour = time.Hour

func TestKeeperTakesNewerCatalogues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "catalogue.json")
		from := &fakeSource{doc: sealed(t, small("2026-11-22.1", "a"), testKey(1))}
		r := start(t, from, KeeperConfig{File: file})
		after(time.Second)
		r.want(t, "2026-11-22.1", "")
		after(hour)
		if n := len(from.asked); n < 5 || n > 9 || from.sent != 1 {
			t.Errorf("asked %d times in an hour, sent %d times", n, from.sent)
		}
		from.now(sealed(t, small("2026-11-22.2", "a"), testKey(1)), nil)
		after(hour)
		r.want(t, "2026-11-22.1 2026-11-22.2", "")
		if kept, err := ReadCatalogue(file, r.cfg.Keys); err != nil || kept.Catalogue.Version != "2026-11-22.2" {
			t.Errorf("kept %v", err)
		}
		if r.Version() != "2026-11-22.2" {
			t.Errorf("in use %s", r.Version())
		}
	})
}

// What must not be taken changes nothing, and is told in words.
func TestKeeperRefuses(t *testing.T) {
	good := small("2026-11-22.2", "a")
	useless := small("2026-11-23.1", "a")
	useless.Services[0].Creditor = "00104330493"
	for name, c := range map[string]struct {
		doc   []byte
		words string
	}{
		"an older one":           {sealed(t, small("2026-11-22.1", "a"), testKey(1)), "older than the one in use"},
		"another key's":          {sealed(t, small("2026-11-23.1", "a"), testKey(2)), "not trusted"},
		"a changed text":         {bytes.Replace(sealed(t, small("2026-11-23.1", "Multe"), testKey(1)), []byte("Multe"), []byte("Multa"), 1), "does not hold"},
		"signed nonsense":        {sealed(t, useless, testKey(1)), "of no use"},
		"a page":                 {[]byte("<html>a page of a hotel</html>"), "not a signed catalogue"},
		"what is far too large":  {bytes.Repeat([]byte("a"), api.MaxCatalogue+1), "not a signed catalogue"},
		"what is no catalogue":   {mustSeal(t, `["x"]`), "not understood"},
		"a catalogue of another": {mustSeal(t, `{"version":"2026-11-23.1","services":[{"find":"luck"}]}`), "of no use"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "catalogue.json")
				from := &fakeSource{doc: sealed(t, good, testKey(1))}
				r := start(t, from, KeeperConfig{File: file})
				after(time.Second)
				before, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				from.now(c.doc, nil)
				after(hour)
				r.want(t, "2026-11-22.2", c.words)
				if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, before) {
					t.Errorf("the kept file changed: %v", err)
				}
				from.now(sealed(t, good, testKey(1)), nil)
				after(hour)
				r.want(t, "2026-11-22.2", "")
			})
		})
	}
}

func mustSeal(t *testing.T, content string) []byte {
	t.Helper()
	doc, err := api.Seal([]byte(content), testKey(1))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestKeeperStartsWithTheKeptOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "catalogue.json")
		if err := os.WriteFile(file, sealed(t, small("2026-11-22.5", "a"), testKey(1)), 0o644); err != nil {
			t.Fatal(err)
		}
		from := &fakeSource{err: errors.New("no network")}
		r := start(t, from, KeeperConfig{File: file})
		synctest.Wait()
		r.want(t, "2026-11-22.5", "")
		after(hour)
		r.want(t, "2026-11-22.5", "")
		if n := len(from.asked); n < 7 || n > 18 {
			t.Errorf("asked %d times in an hour without a network", n)
		}
		// A restart does not open the way back.
		from.now(sealed(t, small("2026-11-22.4", "a"), testKey(1)), nil)
		after(hour)
		r.want(t, "2026-11-22.5", "older than the one in use: 2026-11-22.4, here is 2026-11-22.5")
	})
}

func TestKeeperDoesNotTrustItsDisk(t *testing.T) {
	good := sealed(t, small("2026-11-22.5", "Multe"), testKey(1))
	for name, kept := range map[string][]byte{
		"half":    good[:len(good)/2],
		"empty":   nil,
		"changed": bytes.Replace(good, []byte("Multe"), []byte("Multa"), 1),
		"foreign": sealed(t, small("2026-11-22.5", "Multe"), testKey(2)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "catalogue.json")
				if err := os.WriteFile(file, kept, 0o644); err != nil {
					t.Fatal(err)
				}
				from := &fakeSource{err: errors.New("no network")}
				r := start(t, from, KeeperConfig{File: file})
				after(time.Second)
				r.want(t, "", "not taken")
				from.now(good, nil)
				after(hour)
				r.want(t, "2026-11-22.5", "")
			})
		})
	}
}

func TestKeeperWithoutAKeyOrACatalogue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &fakeSource{err: ErrNoCatalogue}
		r := start(t, from, KeeperConfig{File: filepath.Join(t.TempDir(), "c.json")})
		after(time.Second)
		r.want(t, "", "the gateway has no catalogue")
	})
	synctest.Test(t, func(t *testing.T) {
		from := &fakeSource{}
		r := start(t, from, KeeperConfig{Keys: []ed25519.PublicKey{}, File: filepath.Join(t.TempDir(), "c.json")})
		after(hour)
		r.want(t, "", "no key of a catalogue is configured")
		if len(from.asked) > 0 {
			t.Error("asked, though nothing could be taken")
		}
	})
}

// A disk that is full changes nothing, either: what is shown is what would be
// shown after a restart.
func TestKeeperThatCannotKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &fakeSource{doc: sealed(t, small("2026-11-22.1", "a"), testKey(1))}
		r := start(t, from, KeeperConfig{File: filepath.Join(t.TempDir(), "missing", "c.json")})
		after(hour)
		r.want(t, "", "keep catalogue")
	})
}

// Many kiosks that lose their gateway together do not come back together.
func TestKeepersSpread(t *testing.T) {
	k := newKeeper(nil, KeeperConfig{}, slog.New(slog.DiscardHandler))
	rapid.Check(t, func(t *rapid.T) {
		failures := rapid.IntRange(0, 1000).Draw(t, "failures")
		d := k.pause(failures)
		if failures == 0 && (d < 8*time.Minute || d > 12*time.Minute) || d <= 0 || d > 12*time.Minute {
			t.Fatalf("%d failures: %s", failures, d)
		}
		if failures == 1 && (d < 7*time.Second || d > 15*time.Second) {
			t.Fatalf("first failure: %s", d)
		}
	})
	seen := map[time.Duration]bool{}
	for range 50 {
		seen[k.pause(0)] = true
	}
	if len(seen) < 40 {
		t.Errorf("50 keepers wait %d different times", len(seen))
	}
}

// Whatever versions and signers come in whatever order, the version in use never
// goes back and is always one that was signed with the right key.
func TestKeeperNeverGoesBack(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		file := filepath.Join(dir, "c.json")
		_ = os.Remove(file)
		keys := []ed25519.PublicKey{publicOf(testKey(1))}
		k := newKeeper(nil, KeeperConfig{Keys: keys, File: file}, slog.New(slog.DiscardHandler))
		best := ""
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			v := fmt.Sprintf("2026-11-22.%d", rapid.IntRange(1, 12).Draw(t, "version"))
			signer := byte(rapid.IntRange(1, 2).Draw(t, "signer"))
			changed, err := k.judge(sealed(t, small(v, "a"), testKey(signer)))
			newer := signer == 1 && kiosk.CompareVersions(v, best) > 0
			if newer {
				best = v
			}
			if (changed != nil) != newer || err == nil && signer != 1 {
				t.Fatalf("%s by %d over %s: changed %v, %v", v, signer, best, changed != nil, err)
			}
			if k.Version() != best {
				t.Fatalf("in use %s, want %s", k.Version(), best)
			}
			if rapid.Bool().Draw(t, "restart") && best != "" {
				kept, err := ReadCatalogue(file, keys)
				if err != nil {
					t.Fatal(err)
				}
				k = newKeeper(nil, KeeperConfig{Keys: keys, File: file}, slog.New(slog.DiscardHandler))
				k.take(kept)
			}
		}
	})
}

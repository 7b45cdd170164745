package client

// The keeper of the catalogue: fetched, verified, kept on the disk.

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// KeeperConfig says whose catalogue is taken and where it is kept. The zero value
// of a duration is its default.
type KeeperConfig struct {
	Keys []ed25519.PublicKey // one of them must have signed; none: no catalogue is ever taken
	File string              // of the last good one

	Every time.Duration // between two looks, a fifth more or less: 10 min
	Retry time.Duration // after the first failure, doubled up to Every: 15 s
	First time.Duration // at most before the first look, where one is kept already: 20 s
}

func (c KeeperConfig) filled() KeeperConfig {
	for d, def := range map[*time.Duration]time.Duration{&c.Every: 10 * time.Minute, &c.Retry: 15 * time.Second, &c.First: 20 * time.Second} {
		if *d <= 0 {
			*d = def
		}
	}
	return c
}

// Why a catalogue is not taken, besides those of package api.
var (
	ErrOlderCatalogue = errors.New("it is older than the one in use")
	ErrNoCatalogue    = errors.New("the gateway has no catalogue")
	ErrNoKey          = errors.New("no key of a catalogue is configured (gateway.catalogue_key)")
)

// Kept is a verified catalogue.
type Kept struct {
	Catalogue *kiosk.Catalogue
	Key       string // id of the key that signed it
	Document  []byte // as it came
}

// VerifyCatalogue takes a document that one of the keys has signed and that this
// kiosk can work with. Nothing else is ever shown to a citizen.
func VerifyCatalogue(doc []byte, keys []ed25519.PublicKey) (Kept, error) {
	content, id, err := api.Unseal(doc, keys)
	if err != nil {
		return Kept{}, err
	}
	c := new(kiosk.Catalogue)
	if err := json.Unmarshal(content, c); err != nil {
		return Kept{}, fmt.Errorf("signed, but not understood: %w", err)
	}
	if err := c.Check(); err != nil {
		return Kept{}, fmt.Errorf("signed, but of no use: %w", err)
	}
	return Kept{Catalogue: c, Key: id, Document: doc}, nil
}

// ReadCatalogue reads and verifies a kept file.
func ReadCatalogue(path string, keys []ed25519.PublicKey) (Kept, error) {
	f, err := os.Open(path)
	if err != nil {
		return Kept{}, fmt.Errorf("read catalogue: %w", err)
	}
	doc, err := io.ReadAll(io.LimitReader(f, api.MaxCatalogue+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return Kept{}, fmt.Errorf("read catalogue: %w", err)
	}
	kept, err := VerifyCatalogue(doc, keys)
	if err != nil {
		return Kept{}, fmt.Errorf("read catalogue %s: %w", filepath.Base(path), err)
	}
	return kept, nil
}

// source is where catalogues come from: a [Client], or a test.
type source interface {
	// catalogue returns the document and its tag, or nil where the tag still holds.
	catalogue(ctx context.Context, tag string) (doc []byte, newTag string, err error)
}

// CatalogueKeeper knows the newest good catalogue. What it cannot verify changes
// nothing: the last good one stays, on the screen and on the disk, and
// [CatalogueKeeper.Trouble] says so in words.
type CatalogueKeeper struct {
	from source
	cfg  KeeperConfig
	log  *slog.Logger

	nudged chan struct{}

	mu      sync.Mutex // guards the rest
	kept    Kept
	trouble string
	since   time.Time
}

// NewCatalogueKeeper makes a keeper; nothing happens before [CatalogueKeeper.Run].
func NewCatalogueKeeper(c *Client, cfg KeeperConfig, log *slog.Logger) *CatalogueKeeper {
	return newKeeper(c, cfg, log)
}

func newKeeper(from source, cfg KeeperConfig, log *slog.Logger) *CatalogueKeeper {
	return &CatalogueKeeper{from: from, cfg: cfg.filled(), log: log, nudged: make(chan struct{}, 1)}
}

// Trouble says in words why the newest catalogue is not in use, and since when;
// "" when all is well. That the gateway does not answer is not told here: it is
// the gateway's own trouble.
func (k *CatalogueKeeper) Trouble() (words string, since time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.trouble, k.since
}

// Version is the version in use, "" for none.
func (k *CatalogueKeeper) Version() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept.Catalogue == nil {
		return ""
	}
	return k.kept.Catalogue.Version
}

// Run tells the kept catalogue at once and each newer one when it comes, until
// ctx ends.
func (k *CatalogueKeeper) Run(ctx context.Context, news func(*kiosk.Catalogue)) error {
	if len(k.cfg.Keys) == 0 {
		k.note(ErrNoKey)
		<-ctx.Done()
		return nil
	}
	wait := time.Duration(0)
	if kept, err := ReadCatalogue(k.cfg.File, k.cfg.Keys); err == nil {
		k.take(kept)
		news(kept.Catalogue)
		wait = rand.N(k.cfg.First)
	} else if !errors.Is(err, fs.ErrNotExist) {
		k.note(err)
	}
	tag, failures := "", 0
	for k.rest(ctx, wait) {
		newTag, changed, err := k.look(ctx, tag)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			failures++
		default:
			tag, failures = newTag, 0
		}
		if changed != nil {
			news(changed)
		}
		wait = k.pause(failures)
	}
	return nil
}

// Nudge asks for a look now.
func (k *CatalogueKeeper) Nudge() {
	select {
	case k.nudged <- struct{}{}:
	default:
	}
}

// rest waits until the next look, or a nudge; false when ctx ended.
func (k *CatalogueKeeper) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-k.nudged:
	case <-t.C:
	}
	return true
}

// sleep waits; false when ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// pause is the time to the next look: about Every when all is well, a random part
// of a doubling span after failures.
func (k *CatalogueKeeper) pause(failures int) time.Duration {
	if failures == 0 {
		fifth := k.cfg.Every / 5
		return k.cfg.Every - fifth + rand.N(2*fifth+1)
	}
	span := k.cfg.Every
	if shift := failures - 1; shift < 16 {
		span = min(span, k.cfg.Retry<<shift)
	}
	return span/2 + rand.N(span/2+1)
}

// look asks once. A catalogue that is good and other than the one in use is kept
// and returned.
func (k *CatalogueKeeper) look(ctx context.Context, tag string) (string, *kiosk.Catalogue, error) {
	doc, newTag, err := k.from.catalogue(ctx, tag)
	switch {
	case ctx.Err() != nil:
		return tag, nil, ctx.Err()
	case errors.Is(err, ErrNoCatalogue):
		k.note(err)
		return tag, nil, err
	case err != nil:
		return tag, nil, err // told by the gateway's own health
	case doc == nil:
		k.note(nil)
		return tag, nil, nil
	}
	changed, err := k.judge(doc)
	k.note(err)
	if err != nil {
		return tag, nil, err
	}
	return newTag, changed, nil
}

// judge verifies a document and keeps it where it is news.
func (k *CatalogueKeeper) judge(doc []byte) (*kiosk.Catalogue, error) {
	next, err := VerifyCatalogue(doc, k.cfg.Keys)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	now := k.kept
	k.mu.Unlock()
	if now.Catalogue != nil {
		if kiosk.CompareVersions(next.Catalogue.Version, now.Catalogue.Version) < 0 {
			return nil, fmt.Errorf("%w: %s, here is %s", ErrOlderCatalogue, next.Catalogue.Version, now.Catalogue.Version)
		}
		if string(next.Document) == string(now.Document) {
			return nil, nil //nolint:nilnil // no news is good news
		}
	}
	if err := writeWhole(k.cfg.File, doc); err != nil {
		return nil, fmt.Errorf("keep catalogue: %w", err)
	}
	k.take(next)
	k.log.Info("catalogue in use", "version", next.Catalogue.Version, "services", len(next.Catalogue.Services), "key", next.Key)
	return next.Catalogue, nil
}

func (k *CatalogueKeeper) take(kept Kept) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = kept
}

// note keeps the trouble in words; nil ends it.
func (k *CatalogueKeeper) note(err error) {
	words := ""
	if err != nil {
		words = "the catalogue is not taken: " + err.Error()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if words == k.trouble {
		return
	}
	k.trouble, k.since = words, time.Now()
	if words == "" {
		k.log.Info("the catalogue is good again")
		return
	}
	k.log.Error("catalogue not taken", "error", err.Error(), "in use", version(k.kept))
}

func version(k Kept) string {
	if k.Catalogue == nil {
		return "none"
	}
	return k.Catalogue.Version
}

// writeWhole replaces a file so that after a power cut it is the old one or the
// new one, never half of one.
func writeWhole(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename durable. Where the directory cannot be synced the file
// is whole all the same, only perhaps still the old one.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	_ = d.Sync()
	return d.Close()
}

// catalogue implements source: GET with the tag of the one that is known.
func (c *Client) catalogue(ctx context.Context, tag string) ([]byte, string, error) {
	const op = "catalogue"
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath("/v1/catalogue").String(), nil)
	if err != nil {
		return nil, "", &kiosk.Problem{Code: kiosk.CodeInternal, Op: op, Err: err}
	}
	req.Header.Set("Accept", api.MediaJSON+", "+api.MediaProblem)
	if tag != "" {
		req.Header.Set("If-None-Match", tag)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, "", c.offline(op, err)
	}
	doc, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, "", c.offline(op, err)
	}
	switch {
	case resp.StatusCode == http.StatusNotModified && tag != "":
		return nil, tag, nil
	case isProblem(resp) && resp.StatusCode == http.StatusNotFound:
		return nil, "", ErrNoCatalogue
	case isProblem(resp):
		return nil, "", c.refused(op, doc, true)
	case resp.StatusCode != http.StatusOK || mediaOf(resp) != api.MediaJSON:
		return nil, "", c.offline(op, fmt.Errorf("status %d, type %q: not the gateway's", resp.StatusCode, mediaOf(resp)))
	}
	return doc, resp.Header.Get("ETag"), nil
}

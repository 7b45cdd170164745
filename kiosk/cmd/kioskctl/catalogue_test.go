package main

// The kept catalogue: shown, verified, and told apart from a changed one.

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

func TestCatalogue(t *testing.T) {
	dir := t.TempDir()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	conf := filepath.Join(dir, "jolly.toml")
	text := fmt.Sprintf(file, dir) + fmt.Sprintf("catalogue_key = %q\n", api.FormatKey(catalogue.Public(key)))
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	ctl := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := command(&out)
		cmd.SetArgs(append(args, "--config", conf))
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if _, err := ctl("catalogue", "verify"); err == nil || !strings.Contains(err.Error(), "no catalogue is kept") {
		t.Errorf("without a file: %v", err)
	}
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := catalogue.Sign(c, key)
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, "catalogue.json")
	if err := os.WriteFile(kept, doc, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := ctl("catalogue", "verify"); err != nil || !strings.Contains(out, "the signature of key "+api.KeyID(catalogue.Public(key))+" holds") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := ctl("catalogue", "show"); err != nil || !strings.Contains(out, "Mensa scolastica di Prato") || strings.Contains(out, "NOT VERIFIED") {
		t.Errorf("%v\n%s", err, out)
	}
	if err := os.WriteFile(kept, bytes.Replace(doc, []byte("Mensa scolastica di Prato"), []byte("Mensa scolastica di Parma"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ctl("catalogue", "verify"); err == nil || !strings.Contains(err.Error(), "the signature does not hold") {
		t.Errorf("a changed file: %v", err)
	}
	out, err := ctl("catalogue", "show", "--json")
	var r catalogueReport
	if err != nil || json.Unmarshal([]byte(out), &r) != nil || r.Verified || r.Reason == "" || r.Services != len(c.Services) {
		t.Errorf("%v\n%.300s", err, out)
	}
}

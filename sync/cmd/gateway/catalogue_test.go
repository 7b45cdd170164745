package main

// The catalogue's commands, and serve with a catalogue.

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/booktest"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

func TestCatalogueCheck(t *testing.T) {
	out, err := run(t, "catalogue", "check")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	line := regexp.MustCompile(`^.+: [1-9][0-9]* services(  \(to be confirmed:( [a-z]+)+\))?$`)
	for _, l := range strings.Split(strings.TrimSpace(out), "\n") {
		if !line.MatchString(l) {
			t.Errorf("line %q", l)
		}
	}
	if !strings.Contains(out, "Comune di Prato: 34 services") {
		t.Errorf("Prato is missing: %s", out)
	}
}

// spoilt copies the data files to a folder and changes them.
func spoilt(t *testing.T, file, from, to string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, catalogue.Files()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), from) {
		t.Fatalf("%s has no %q", file, from)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCatalogueCheckFails(t *testing.T) {
	for want, c := range map[string][3]string{
		"missing in 中文":       {"data/pisa.toml", `, zh = "比萨罚单（Multe di Pisa）"`, ""},
		"no pictogram":        {"data/prato.toml", `icon = "meal"`, `icon = "soup"`},
		"check digit":         {"data/pisa.toml", "00341620508", "00341620509"},
		"refuses the example": {"common.toml", "AB123CD", "AB123C1"},
		": 1 flaw":            {"data/prato.toml", "fee = 150", "fee = 15"},
		"data/prato.toml: service prato-multe: find \"web\": want": {"data/prato.toml", `find = "form"`, `find = "web"`},
		"level \"sure\"": {"data/prato.toml", `level = "present"`, `level = "sure"`},
	} {
		dir := spoilt(t, c[0], c[1], c[2])
		out, err := run(t, "catalogue", "check", "--dir", dir)
		if err == nil || !strings.Contains(out+err.Error(), want) {
			t.Errorf("%s: %v\n%s", want, err, out)
		}
		key := filepath.Join(t.TempDir(), "key.pem")
		if _, err := run(t, "catalogue", "keygen", key); err != nil {
			t.Fatal(err)
		}
		if out, err := run(t, "catalogue", "sign", "--key", key, "--dir", dir); err == nil {
			t.Errorf("%s: signed %.40s", want, out)
		}
	}
}

func TestKeygenSignServe(t *testing.T) {
	dir := t.TempDir()
	key, doc := filepath.Join(dir, "key.pem"), filepath.Join(dir, "catalogue.json")
	out, err := run(t, "catalogue", "keygen", key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := api.ParseKey(strings.TrimSuffix(strings.TrimPrefix(out, `catalogue_key = "`), "\"\n"))
	if err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	if _, err := run(t, "catalogue", "keygen", key); err == nil {
		t.Error("a key was written over a key")
	}
	if _, err := run(t, "catalogue", "sign", "--key", key, "--out", doc); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"signed elsewhere": {"--catalogue", doc}, "signed at start": {"--catalogue-key", key}} {
		url := serve(t, booktest.File(t), args...)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/catalogue", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", name, resp.Status, err)
		}
		if _, err := catalogue.Open(b, public); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	signed, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	forged := filepath.Join(dir, "forged.json")
	if err := os.WriteFile(forged, []byte(strings.Replace(string(signed), "Bollo auto e moto", "Bollo auto e mota", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	other, err := run(t, "catalogue", "keygen", filepath.Join(dir, "other.pem"))
	if err != nil {
		t.Fatal(err)
	}
	other = strings.TrimSuffix(strings.TrimPrefix(other, `catalogue_key = "`), "\"\n")
	book := filepath.Join(dir, "signers.db")
	for want, args := range map[string][]string{
		"the signature does not hold": {"--catalogue", forged, "--catalogue-signer", api.FormatKey(public)},
		"not trusted here":            {"--catalogue", doc, "--catalogue-signer", other},
	} {
		_, err := run(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--db", book}, args...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
	serve(t, book, "--catalogue", doc, "--catalogue-signer", other, "--catalogue-signer", api.FormatKey(public)) // nothing of the forged one is in the book
	for _, args := range [][]string{
		{"--catalogue", doc, "--catalogue-key", key}, {"--catalogue", key}, {"--catalogue-key", doc}, {"--catalogue", filepath.Join(dir, "none")},
	} {
		args = append([]string{"serve", "--listen", "127.0.0.1:0", "--db", filepath.Join(t.TempDir(), "gateway.db")}, args...)
		if _, err := run(t, args...); err == nil {
			t.Errorf("served with %v", args)
		}
	}
}

func TestCatalogueShow(t *testing.T) {
	out, err := run(t, "catalogue", "show")
	if err != nil || !strings.Contains(out, "toscana-bollo") || !strings.Contains(out, "vehicle plate") || !strings.Contains(out, "fee 1.70 counter 1.50 till 1.20 web 1.00") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = run(t, "catalogue", "show", "prato-mensa")
	var s struct{ ID string }
	if err != nil || json.Unmarshal([]byte(out), &s) != nil || s.ID != "prato-mensa" {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err = run(t, "catalogue", "show", "prato-opera"); err == nil {
		t.Error("an unknown service was shown")
	}
	if out, err = run(t, "catalogue", "show", "--json"); err != nil || !json.Valid([]byte(out)) {
		t.Errorf("%v", err)
	}
}

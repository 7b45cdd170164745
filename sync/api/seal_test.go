package api_test

// The catalogue's seal: what was sealed is unsealed, and nothing else.

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/sync/api"
)

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey {
	return k.Public().(ed25519.PublicKey) //nolint:forcetypeassert // an Ed25519 key's public key is one
}

func seal(t interface{ Fatal(args ...any) }, catalogue string, k ed25519.PrivateKey) []byte {
	doc, err := api.Seal([]byte(catalogue), k)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSeal(t *testing.T) {
	const catalogue = `{"version":"2026-11-22.1", "name":"a <b> & c", "later":[1.50]}`
	doc := seal(t, catalogue, key(1))
	keys := []ed25519.PublicKey{public(key(2)), public(key(1))}
	got, id, err := api.Unseal(doc, keys)
	if err != nil || id != api.KeyID(public(key(1))) {
		t.Fatalf("%s, %v", id, err)
	}
	var name struct{ Name string }
	if err := json.Unmarshal(got, &name); err != nil || name.Name != "a <b> & c" {
		t.Errorf("%+v, %v", name, err)
	}
	// Who formats the document anew changes nothing of what it says.
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, doc, "", "  "); err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.Unseal(pretty.Bytes(), keys); err != nil {
		t.Errorf("indented: %v", err)
	}
	for name, c := range map[string]struct {
		doc  []byte
		keys []ed25519.PublicKey
		want error
	}{
		"another key":        {doc, keys[:1], api.ErrUnknownKey},
		"no key":             {doc, nil, api.ErrUnknownKey},
		"another text":       {bytes.Replace(doc, []byte("2026-11-22.1"), []byte("2026-11-22.2"), 1), keys, api.ErrSignature},
		"another number":     {bytes.Replace(doc, []byte("1.50"), []byte("1.5"), 1), keys, api.ErrSignature},
		"another's name":     {bytes.Replace(doc, []byte(id), []byte(api.KeyID(public(key(2)))), 1), keys, api.ErrSignature},
		"a second document":  {append(bytes.Clone(doc), doc...), keys, api.ErrNotSigned},
		"a key more":         {bytes.Replace(doc, []byte(`{"catalogue"`), []byte(`{"x":1,"catalogue"`), 1), keys, api.ErrNotSigned},
		"half":               {doc[:len(doc)/2], keys, api.ErrNotSigned},
		"nothing":            {nil, keys, api.ErrNotSigned},
		"a page of a hotel":  {[]byte("<html>"), keys, api.ErrNotSigned},
		"larger than can be": {append(bytes.Clone(doc), bytes.Repeat([]byte(" "), api.MaxCatalogue)...), keys, api.ErrNotSigned},
	} {
		if got, _, err := api.Unseal(c.doc, c.keys); !errors.Is(err, c.want) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	k := public(key(1))
	if got, err := api.ParseKey(api.FormatKey(k)); err != nil || !got.Equal(k) {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "x", "AAAA", api.FormatKey(k)[1:]} {
		if _, err := api.ParseKey(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// Whatever byte of a sealed document is changed, either nothing comes out or
// what was sealed.
func TestEveryByteOfASealedCatalogueCounts(t *testing.T) {
	keys := []ed25519.PublicKey{public(key(1))}
	doc := seal(t, `{"version":"2026-11-22.1","services":[{"id":"a","fee":{"cents":100}}]}`, key(1))
	want, _, err := api.Unseal(doc, keys)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		bad := bytes.Clone(doc)
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			bad[rapid.IntRange(0, len(bad)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		if got, _, err := api.Unseal(bad, keys); err == nil && !bytes.Equal(got, want) {
			t.Fatalf("took %q", got)
		}
	})
}

func FuzzUnseal(f *testing.F) {
	keys := []ed25519.PublicKey{public(key(1))}
	f.Add(seal(f, `{"version":"1"}`, key(1)))
	f.Add([]byte(`{"catalogue":{},"key":"","signature":""}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if got, _, err := api.Unseal(doc, keys); err == nil && !json.Valid(got) {
			t.Fatalf("took %q", got)
		}
	})
}

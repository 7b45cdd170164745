package catalogue_test

// Keys and documents.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

func TestSignAndOpen(t *testing.T) {
	key, err := catalogue.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := catalogue.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := catalogue.NewServed(load(t), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := catalogue.Open(s.Document, catalogue.Public(other), catalogue.Public(key)); err != nil {
		t.Error(err)
	}
	if _, err := catalogue.Open(s.Document, catalogue.Public(other)); !errors.Is(err, api.ErrUnknownKey) {
		t.Errorf("with another's key: %v", err)
	}
	again, err := catalogue.NewServed(load(t), key)
	if err != nil || again.ETag != s.ETag || !bytes.Equal(again.Document, s.Document) {
		t.Errorf("the same catalogue by the same key is another document: %v", err)
	}
	anew, err := catalogue.NewServed(load(t), other)
	if err != nil || anew.ETag == s.ETag || anew.Key == s.Key {
		t.Errorf("another's signature has the same tag: %v", err)
	}
	for _, doc := range []string{"", "{}", `{"catalogue":{},"key":"","signature":""}`, string(s.Document[1:])} {
		if _, err := catalogue.Open([]byte(doc)); err == nil {
			t.Errorf("opened %.20q", doc)
		}
	}
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key.pem")
	key, err := catalogue.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := catalogue.WriteKey(path, key); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the key's file: %v, %v", info.Mode(), err)
	}
	if got, err := catalogue.ReadKey(path); err != nil || !got.Equal(key) {
		t.Errorf("another key came back: %v", err)
	}
	if err := catalogue.WriteKey(path, key); !errors.Is(err, os.ErrExist) {
		t.Errorf("a key was written over a key: %v", err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"none":    nil,
		"text":    []byte("my key"),
		"foreign": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"broken":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der[:20]}),
		"public":  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
	} {
		bad := filepath.Join(dir, name)
		if err := os.WriteFile(bad, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := catalogue.ReadKey(bad); err == nil {
			t.Errorf("%s was taken for a key", name)
		}
	}
	if _, err := catalogue.ReadKey(filepath.Join(dir, "missing")); err == nil {
		t.Error("a missing file was taken for a key")
	}
}

package pki_test

// Only what the authority signed for a kiosk opens a door, and only as that kiosk.

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/gateway/pki"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func request(t *testing.T, key crypto.Signer, change func(*x509.CertificateRequest)) []byte {
	t.Helper()
	r := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "PO-999"}}
	if change != nil {
		change(r)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, r, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func p256(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t *testing.T, dir string) *pki.Authority {
	t.Helper()
	a, err := pki.Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheTokenSaysWhoItIsAndNotTheRequest(t *testing.T) {
	a := open(t, t.TempDir())
	d, err := a.Sign(request(t, p256(t), func(r *x509.CertificateRequest) {
		r.URIs = []*url.URL{{Scheme: "urn", Opaque: "tserve:kiosk:PO-999"}}
		r.DNSNames = []string{"gateway"}
	}), "PO-001", now)
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, d.PEM)
	kiosk, serial, err := pki.KioskOf(c)
	if err != nil || kiosk != "PO-001" || serial != d.Serial || len(c.DNSNames) != 0 || c.IsCA {
		t.Errorf("%s %s %v: %+v", kiosk, serial, err, c.DNSNames)
	}
	for usage, want := range map[x509.ExtKeyUsage]bool{x509.ExtKeyUsageClientAuth: true, x509.ExtKeyUsageServerAuth: false} {
		_, err := c.Verify(x509.VerifyOptions{Roots: a.Pool(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}})
		if (err == nil) != want {
			t.Errorf("usage %d: %v", usage, err)
		}
	}
	if at := pki.RenewAt(d.NotBefore, d.NotAfter); at.Before(now.Add(59*24*time.Hour)) || at.After(now.Add(61*24*time.Hour)) {
		t.Errorf("renewed at %s", at)
	}
}

func TestOtherAuthoritiesOpenNothing(t *testing.T) {
	a, b := open(t, t.TempDir()), open(t, t.TempDir())
	d, err := b.Sign(request(t, p256(t), nil), "PO-001", now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parse(t, d.PEM).Verify(x509.VerifyOptions{Roots: a.Pool(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err == nil {
		t.Error("another authority's kiosk was taken")
	}
	if a.Fingerprint() == b.Fingerprint() {
		t.Error("two authorities have one fingerprint")
	}
}

func TestWeakAndForeignRequestsAreRefused(t *testing.T) {
	a := open(t, t.TempDir())
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	odd, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := request(t, p256(t), nil)
	block, _ := pem.Decode(good)
	block.Bytes[len(block.Bytes)-3] ^= 1 // the signature: somebody else's key
	for name, text := range map[string][]byte{
		"nothing":      nil,
		"a small key":  request(t, small, nil),
		"an odd curve": request(t, odd, nil),
		"not his key":  pem.EncodeToMemory(block),
		"two requests": append(append([]byte{}, good...), good...),
		"a key":        pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
	} {
		if _, err := a.Sign(text, "PO-001", now); !errors.Is(err, pki.ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []string{"", "../x", "PO 001", "urn:tserve"} {
		if _, err := a.Sign(good, id, now); err == nil {
			t.Errorf("%q was taken for a kiosk", id)
		}
	}
}

func TestNoOtherCertificateIsAKiosk(t *testing.T) {
	a := open(t, t.TempDir())
	cert, key, err := a.Server([]string{"localhost", "127.0.0.1"}, now)
	if err != nil || len(key) == 0 {
		t.Fatal(err)
	}
	c := parse(t, cert)
	if _, _, err := pki.KioskOf(c); !errors.Is(err, pki.ErrKiosk) {
		t.Errorf("the gateway passes for a kiosk: %v", err)
	}
	if _, err := c.Verify(x509.VerifyOptions{Roots: a.Pool(), CurrentTime: now, DNSName: "localhost"}); err != nil {
		t.Error(err)
	}
	if err := c.VerifyHostname("127.0.0.1"); err != nil {
		t.Error(err)
	}
}

func TestAnAuthorityIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	first := open(t, dir)
	if again := open(t, dir); again.Fingerprint() != first.Fingerprint() {
		t.Error("another authority after a new start")
	}
	if info, err := os.Stat(filepath.Join(dir, "ca.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v %v", info.Mode(), err)
	}
	other := t.TempDir()
	open(t, other)
	for name, breakIt := range map[string]func(dir string) error{
		"lost its key":                func(d string) error { return os.Remove(filepath.Join(d, "ca.key")) },
		"lost its certificate":        func(d string) error { return os.Remove(filepath.Join(d, "ca.pem")) },
		"has another's certificate":   func(d string) error { return copyFile(filepath.Join(other, "ca.pem"), filepath.Join(d, "ca.pem")) },
		"has a key that nobody reads": func(d string) error { return os.WriteFile(filepath.Join(d, "ca.key"), []byte("x"), 0o600) },
	} {
		d := t.TempDir()
		open(t, d)
		if err := breakIt(d); err != nil {
			t.Fatal(err)
		}
		before, rerr := os.ReadFile(filepath.Join(d, "ca.pem"))
		if _, err := pki.Open(d, now); err == nil {
			t.Errorf("an authority that %s was opened, or made anew", name)
		}
		if after, err := os.ReadFile(filepath.Join(d, "ca.pem")); !bytes.Equal(before, after) || (rerr == nil) != (err == nil) {
			t.Errorf("of an authority that %s another was made", name)
		}
	}
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

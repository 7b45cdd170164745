package pki_test

// The gateway's own certificate is kept, and made anew when it must be.

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/gateway/pki"
)

func TestTheGatewaysCertificateIsKeptAndRenewed(t *testing.T) {
	dir, at := t.TempDir(), now
	a := open(t, dir)
	host := func(names ...string) *x509.Certificate {
		t.Helper()
		h, err := pki.NewHost(a, dir, names, func() time.Time { return at })
		if err != nil {
			t.Fatal(err)
		}
		c, err := h.Certificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Leaf.Verify(x509.VerifyOptions{Roots: a.Pool(), CurrentTime: at, DNSName: names[0]}); err != nil {
			t.Error(err)
		}
		if len(c.Certificate) != 2 {
			t.Errorf("%d certificates are shown: a kiosk that enrols must see the authority's", len(c.Certificate))
		}
		return c.Leaf
	}
	first := host("gateway.example.org", "127.0.0.1")
	if again := host("127.0.0.1"); !again.Equal(first) {
		t.Error("a new certificate at a new start")
	}
	more := host("other.example.org")
	if more.Equal(first) {
		t.Error("no certificate of the new name")
	}
	at = at.Add(pki.ServerLife * 3 / 4)
	later := host("other.example.org")
	if later.Equal(more) {
		t.Error("not renewed in the last third of its life")
	}
	if err := os.WriteFile(filepath.Join(dir, "gateway.key"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if host("other.example.org").Equal(later) {
		t.Error("a certificate without its key was kept")
	}
	if info, err := os.Stat(filepath.Join(dir, "gateway.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v %v", info.Mode(), err)
	}
}

// One host lives on beyond its certificate.
func TestARunningGatewayRenewsItsOwn(t *testing.T) {
	dir, at := t.TempDir(), now
	h, err := pki.NewHost(open(t, dir), dir, []string{"localhost"}, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	first, err := h.Certificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	at = at.Add(pki.ServerLife)
	second, err := h.Certificate(nil)
	if err != nil || !second.Leaf.NotAfter.After(at) || second.Leaf.Equal(first.Leaf) {
		t.Errorf("until %s at %s, %v", second.Leaf.NotAfter, at, err)
	}
	print, err := pki.ReadFingerprint(dir)
	if err != nil || print != open(t, dir).Fingerprint() {
		t.Errorf("%s %v", print, err)
	}
	if _, err := pki.ReadFingerprint(t.TempDir()); err == nil {
		t.Error("the fingerprint of an authority that is not there")
	}
}

package pki

// The gateway's own certificate on disk: made when it is needed, made anew
// before it ends.

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Host keeps the certificate with which a gateway answers. Its methods may be
// called from any goroutine.
type Host struct {
	authority *Authority
	dir       string
	names     []string
	now       func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
}

// NewHost reads the certificate of a directory; one that is not there, does not
// name all of names or is in the last third of its life is made anew.
func NewHost(a *Authority, dir string, names []string, now func() time.Time) (*Host, error) {
	if len(names) == 0 {
		return nil, errors.New("the gateway's certificate: no name")
	}
	h := &Host{authority: a, dir: dir, names: names, now: now}
	pair, err := tls.LoadX509KeyPair(h.file("gateway.pem"), h.file("gateway.key"))
	if err == nil && h.good(pair.Leaf) {
		h.current = &pair
	}
	_, err = h.Certificate(nil) // what cannot be written is told now and not to the first kiosk
	return h, err
}

func (h *Host) file(name string) string { return filepath.Join(h.dir, name) }

// good says that a certificate is ours, of all names, and young enough.
func (h *Host) good(c *x509.Certificate) bool {
	if c == nil || !h.now().Before(RenewAt(c.NotBefore, c.NotAfter)) || c.CheckSignatureFrom(h.authority.cert) != nil {
		return false
	}
	for _, name := range h.names {
		if c.VerifyHostname(name) != nil {
			return false
		}
	}
	return true
}

// Certificate is what a listener shows; it fits [tls.Config.GetCertificate].
func (h *Host) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current != nil && h.now().Before(RenewAt(h.current.Leaf.NotBefore, h.current.Leaf.NotAfter)) {
		return h.current, nil
	}
	cert, key, err := h.authority.Server(h.names, h.now())
	if err != nil {
		return nil, err
	}
	// Two files that do not belong together are made anew at the next start.
	if err := errors.Join(writeNew(h.file("gateway.key"), key, 0o600), writeNew(h.file("gateway.pem"), cert, 0o644)); err != nil {
		return nil, fmt.Errorf("keep the gateway's certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("make the gateway's certificate: %w", err)
	}
	h.current = &pair
	return h.current, nil
}

// ReadFingerprint tells the fingerprint of the authority in a directory; it makes
// none, and needs no key.
func ReadFingerprint(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, certFile))
	if err != nil {
		return "", fmt.Errorf("read authority: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", errors.New("read authority: no certificate in " + certFile)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("read authority: %w", err)
	}
	return Fingerprint(c), nil
}

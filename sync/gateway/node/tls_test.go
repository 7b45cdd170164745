package node_test

// Both ends prove themselves: without our certificate the node does not listen.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/gateway/node"
	"github.com/tserve/jolly/sync/gateway/node/sim"
)

// certificate makes a certificate of its own and writes it and its key as PEM.
func certificate(t *testing.T, name string) (cert, key string, x *x509.Certificate) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(k)
	must(t, err)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	x, err = x509.ParseCertificate(der)
	must(t, err)
	return cert, key, x
}

func TestBothEndsProveThemselves(t *testing.T) {
	cert, key, ours := certificate(t, "gateway")
	strange, strangeKey, _ := certificate(t, "somebody")
	server := httptest.NewUnstartedServer(sim.New(sim.Config{}))
	clients := x509.NewCertPool()
	clients.AddCert(ours)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	for name, c := range map[string]struct {
		tls node.TLS
		ok  bool
	}{
		"with ours":                {node.TLS{CA: ca, Certificate: cert, Key: key}, true},
		"without a certificate":    {node.TLS{CA: ca}, false},
		"with somebody's":          {node.TLS{CA: ca, Certificate: strange, Key: strangeKey}, false},
		"to a node nobody vouches": {node.TLS{Certificate: cert, Key: key}, false},
	} {
		client, err := node.New(node.Config{URL: server.URL, Caller: sim.Known(), PSPCode: "97735020584", TLS: c.tls}, slog.New(slog.DiscardHandler))
		must(t, err)
		_, err = client.Verify(t.Context(), sim.CreditorCode, number("30205"))
		client.Close()
		if (err == nil) != c.ok || (err != nil && !errors.Is(err, node.ErrNoAnswer)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, broken := range []node.TLS{{CA: key}, {CA: "nowhere"}, {Certificate: cert, Key: strangeKey}} {
		if _, err := node.New(node.Config{PSPCode: "97735020584", TLS: broken}, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%+v was taken", broken)
		}
	}
}

// Command generate makes the test authority for travel documents once: its
// certificate and key, those of a document signer below it, and those of a
// stranger who calls himself the same. The keys are for tests alone and their
// names say so.
//
//	go run ./cardreader/sim/ca/generate cardreader/sim/ca
//
// With -chips it makes the keys of emulated chips instead, and leaves the
// authority as it is.
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

func main() {
	generate := run
	if len(os.Args) == 3 && os.Args[1] == "-chips" {
		generate, os.Args = chips, os.Args[1:]
	}
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate [-chips] FOLDER")
		os.Exit(2)
	}
	if err := generate(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	ca, caKey, err := issue("Jolly TEST Country Signer", 1, nil, nil)
	if err != nil {
		return err
	}
	other, otherKey, err := issue("Jolly TEST Country Signer", 2, nil, nil)
	if err != nil {
		return err
	}
	signer, signerKey, err := issue("Jolly TEST Document Signer", 3, ca, caKey)
	if err != nil {
		return err
	}
	strange, strangeKey, err := issue("Jolly TEST Document Signer", 4, other, otherKey)
	if err != nil {
		return err
	}
	for name, pair := range map[string]struct {
		cert *x509.Certificate
		key  *rsa.PrivateKey
	}{"csca": {ca, caKey}, "signer": {signer, signerKey}, "strange-signer": {strange, strangeKey}} {
		if err := write(folder, name, pair.cert, pair.key); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "roots", "csca", "csca.pem"), certificate(ca), 0o644)
}

// issue makes a certificate below a parent, or an authority without one.
func issue(name string, serial int64, parent *x509.Certificate, parentKey *rsa.PrivateKey) (*x509.Certificate, *rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{Country: []string{"IT"}, Organization: []string{"Jolly TEST"}, CommonName: name},
		NotBefore:    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2049, 1, 1, 0, 0, 0, 0, time.UTC),
		SignatureAlgorithm: x509.SHA512WithRSAPSS, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if parent == nil {
		t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, parentKey = t, key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}

func certificate(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func write(folder, name string, cert *x509.Certificate, key *rsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, name+".pem"), certificate(cert), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// chips makes keys for eight chips: generating one takes longer than reading a
// card does.
func chips(folder string) error {
	var all []byte
	for range 8 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		all = append(all, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Headers: map[string]string{"Of": "TEST chip"}, Bytes: der})...)
	}
	return os.WriteFile(filepath.Join(folder, "chips.key"), all, 0o600)
}

// Package ca holds the test authority of emulated travel documents. Its keys
// are in the repository and worth nothing: their names say TEST, and no shipped
// program trusts them. Command generate made them.
package ca

// The files, and the keys in them.

import (
	"crypto/rsa"
	"crypto/x509"
	_ "embed" // the files
	"encoding/pem"
	"errors"
	"fmt"
)

var (
	//go:embed signer.pem
	signerPEM []byte
	//go:embed signer.key
	signerKey []byte
	//go:embed strange-signer.pem
	strangePEM []byte
	//go:embed strange-signer.key
	strangeKey []byte
	//go:embed chips.key
	chipKeys []byte
)

// Signer is who signs the documents.
func Signer() (*x509.Certificate, *rsa.PrivateKey, error) { return parse(signerPEM, signerKey) }

// Stranger is a signer below another authority of the same name.
func Stranger() (*x509.Certificate, *rsa.PrivateKey, error) { return parse(strangePEM, strangeKey) }

// ChipKey is a key of an emulated chip; there are eight, and every card that is
// made takes some of them.
func ChipKey(number int) (*rsa.PrivateKey, error) {
	rest := chipKeys
	var block *pem.Block
	for range number%8 + 1 {
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("test chips: no such key")
		}
	}
	return private(block)
}

func private(block *pem.Block) (*rsa.PrivateKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("test authority: %w", err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("test authority: not an RSA key")
	}
	return private, nil
}

func parse(certPEM, keyPEM []byte) (*x509.Certificate, *rsa.PrivateKey, error) {
	c, _ := pem.Decode(certPEM)
	k, _ := pem.Decode(keyPEM)
	if c == nil || k == nil {
		return nil, nil, errors.New("test authority: no PEM")
	}
	cert, err := x509.ParseCertificate(c.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("test authority: %w", err)
	}
	key, err := private(k)
	return cert, key, err
}

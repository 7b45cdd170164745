package sim

// What the issuer writes on a contact card.

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed" // the test authority
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
)

var (
	//go:embed ca/cns-ca.pem
	caPEM []byte
	//go:embed ca/cns-ca.key
	caKeyPEM []byte
)

const personalLen = 400

// personalData is EF_DatiPersonali: a length and 16 fields.
func (c Card) personalData() ([]byte, error) {
	birth, err := day(c.BirthDate)
	if err != nil {
		return nil, fmt.Errorf("birth_date: %w", err)
	}
	expiry, err := day(c.Expiry)
	if err != nil {
		return nil, fmt.Errorf("expiry: %w", err)
	}
	sex := c.Sex
	if sex == "" {
		sex = "M"
	}
	texts := [16]string{
		"6030", "01022020", expiry, c.Surname, c.Name, birth, sex, "", c.FiscalCode, "", "G999", "", "", "G999", c.Address, "",
	}
	if c.identity() {
		texts[7], texts[9] = "175", "ITA"
	}
	var body strings.Builder
	for _, text := range texts {
		if len(text) > 255 {
			return nil, errors.New("a field of the personal data is too long")
		}
		fmt.Fprintf(&body, "%02X%s", len(text), text)
	}
	n := body.Len()
	if c.Header == "including" {
		n += 6
	}
	file := fmt.Appendf(make([]byte, 0, personalLen), "%06X%s", n, body.String())
	if len(file) > personalLen {
		return nil, errors.New("the personal data are too long")
	}
	return file[:personalLen], nil
}

// day writes YYYY-MM-DD as DDMMYYYY.
func day(text string) (string, error) {
	d, err := kiosk.ParseDate(text)
	if err != nil || d.IsZero() {
		return "", err
	}
	return fmt.Sprintf("%02d%02d%04d", d.Day, d.Month, d.Year), nil
}

// issue makes the card's key and the certificate over it, signed by the test
// authority. Its name is codice fiscale, number of the card and hash of the
// personal data.
func issue(c Card, holder []byte, bits int) (*rsa.PrivateKey, []byte, error) {
	block, _ := pem.Decode(caPEM)
	keyBlock, _ := pem.Decode(caKeyPEM)
	if block == nil || keyBlock == nil {
		return nil, nil, errors.New("test authority: no PEM")
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("test authority: %w", err)
	}
	caKey, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("test authority: %w", err)
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, nil, fmt.Errorf("bits: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, nil, err
	}
	hash := sha1.Sum(holder)
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial,
		Subject: pkix.Name{
			Country: []string{"IT"}, Organization: []string{"Jolly TEST"},
			CommonName: c.FiscalCode + "/" + c.CardNumber + "." + base64.StdEncoding.EncodeToString(hash[:]),
		},
		NotBefore: ca.NotBefore, NotAfter: time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sign the card's certificate: %w", err)
	}
	return key, cert, nil
}

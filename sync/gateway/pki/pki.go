package pki

// The authority: its root on disk, what it signs, what it reads.

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

const (
	rootLife = 15 * 365 * 24 * time.Hour
	// DeviceLife is how long a kiosk's certificate is good for.
	DeviceLife = 90 * 24 * time.Hour
	// ServerLife is how long a gateway's certificate is good for.
	ServerLife = 365 * 24 * time.Hour
	early      = time.Hour // before now: clocks of kiosks run behind
	certFile   = "ca.pem"
	keyFile    = "ca.key"
)

// Errors of requests and certificates.
var (
	ErrRequest = errors.New("not a usable certificate request")
	ErrKiosk   = errors.New("not a kiosk's certificate")
)

var kioskID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,34}$`)

// Authority signs. Its methods may be called from any goroutine.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Open reads the authority in a directory, and makes one where there is none.
// Half of one is an error: a new authority would unpair every kiosk.
func Open(dir string, now time.Time) (*Authority, error) {
	a, err := load(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, serr := os.Stat(filepath.Join(dir, certFile)); errors.Is(serr, fs.ErrNotExist) {
			return create(dir, now)
		}
		err = errors.New(certFile + " is there without its key: bring " + keyFile + " back from its copy; a new authority would be unknown to every kiosk")
	}
	if err != nil {
		return nil, fmt.Errorf("open authority %s: %w", dir, err)
	}
	return a, nil
}

func load(dir string) (*Authority, error) {
	text, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	key, err := readKey(text)
	if err != nil {
		return nil, err
	}
	text, err = os.ReadFile(filepath.Join(dir, certFile))
	if err != nil {
		return nil, fmt.Errorf("%s is there without %s: bring it back from its copy, or take the key away if no kiosk was ever enrolled: %w",
			keyFile, certFile, errors.New(err.Error()))
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no certificate in " + certFile)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, errors.New("key and certificate belong to different authorities")
	}
	return &Authority{cert: cert, key: key}, nil
}

func create(dir string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{Organization: []string{"T-Serve"}, CommonName: "T-Serve devices"},
		NotBefore: now.Add(-early), NotAfter: now.Add(rootLife), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	private, err := WriteKey(key)
	if err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	if err := writeNew(filepath.Join(dir, keyFile), private, 0o600); err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	if err := writeNew(filepath.Join(dir, certFile), encode("CERTIFICATE", der), 0o644); err != nil {
		return nil, fmt.Errorf("make authority: %w", err)
	}
	return load(dir)
}

// writeNew writes a file whole or not at all.
func writeNew(path string, text []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// WriteKey writes a private key as PKCS #8 PEM.
func WriteKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return encode("PRIVATE KEY", der), nil
}

func readKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no private key")
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := any.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("a key of type %T, want ECDSA", any)
	}
	return key, nil
}

func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	b[0] &= 0x7f    // positive, RFC 5280 4.1.2.2
	b[0] |= 0x40
	return new(big.Int).SetBytes(b[:])
}

// PEM is the authority's certificate, for those who have to trust it.
func (a *Authority) PEM() []byte { return encode("CERTIFICATE", a.cert.Raw) }

// Pool holds the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// Fingerprint is the SHA-256 of the authority's certificate in hex: a kiosk that
// is given it with its token needs to trust nobody else.
func (a *Authority) Fingerprint() string { return Fingerprint(a.cert) }

// Fingerprint is the SHA-256 of a certificate in hex.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// Device is a certificate that was signed for a kiosk.
type Device struct {
	PEM                 []byte
	Kiosk               string
	Serial              string // hex
	NotBefore, NotAfter time.Time
}

// RenewAt is when a certificate asks to be renewed: at two thirds of its life.
func RenewAt(notBefore, notAfter time.Time) time.Time {
	return notBefore.Add(notAfter.Sub(notBefore) * 2 / 3)
}

// Sign makes a kiosk's certificate of a request (PEM, PKCS #10). Of the request
// only the key counts; one that is weak, or not the requester's own, is
// [ErrRequest].
func (a *Authority) Sign(request []byte, kiosk string, now time.Time) (Device, error) {
	if !kioskID.MatchString(kiosk) {
		return Device{}, fmt.Errorf("sign: %q is no kiosk's id", kiosk)
	}
	key, err := requestKey(request)
	if err != nil {
		return Device{}, fmt.Errorf("sign for %s: %w", kiosk, err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{Organization: []string{"T-Serve"}, CommonName: kiosk},
		URIs:      []*url.URL{kioskURI(kiosk)},
		NotBefore: now.Add(-early).UTC().Truncate(time.Second), NotAfter: now.Add(DeviceLife).UTC().Truncate(time.Second),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
	if err != nil {
		return Device{}, fmt.Errorf("sign for %s: %w", kiosk, err)
	}
	return Device{
		PEM: encode("CERTIFICATE", der), Kiosk: kiosk, Serial: template.SerialNumber.Text(16), NotBefore: template.NotBefore, NotAfter: template.NotAfter,
	}, nil
}

func kioskURI(kiosk string) *url.URL { return &url.URL{Scheme: "urn", Opaque: "tserve:kiosk:" + kiosk} }

func requestKey(text []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE REQUEST" || len(rest) > 0 {
		return nil, fmt.Errorf("%w: not one PEM block CERTIFICATE REQUEST", ErrRequest)
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := r.CheckSignature(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	switch key := r.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() || key.Curve == elliptic.P384() {
			return key, nil
		}
	case *rsa.PublicKey:
		if key.Size() >= 256 && key.Size() <= 512 { // a TPM may know RSA alone
			return key, nil
		}
	}
	return nil, fmt.Errorf("%w: the key must be P-256, P-384 or RSA of 2048 to 4096 bits", ErrRequest)
}

// KioskOf tells whose certificate it is and its serial in hex. That it was
// signed by the authority and is of today is checked by TLS.
func KioskOf(c *x509.Certificate) (kiosk, serial string, err error) {
	const prefix = "tserve:kiosk:"
	if len(c.URIs) != 1 || c.URIs[0].Scheme != "urn" || len(c.URIs[0].Opaque) <= len(prefix) || c.URIs[0].Opaque[:len(prefix)] != prefix {
		return "", "", ErrKiosk
	}
	kiosk = c.URIs[0].Opaque[len(prefix):]
	if !kioskID.MatchString(kiosk) || c.Subject.CommonName != kiosk {
		return "", "", ErrKiosk
	}
	return kiosk, c.SerialNumber.Text(16), nil
}

// Server makes the gateway's own key and certificate for names and addresses.
func (a *Authority) Server(names []string, now time.Time) (cert, key []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make the gateway's certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{Organization: []string{"T-Serve"}, CommonName: "gateway"},
		NotBefore: now.Add(-early), NotAfter: now.Add(ServerLife), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &k.PublicKey, a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("make the gateway's certificate: %w", err)
	}
	key, err = WriteKey(k)
	if err != nil {
		return nil, nil, fmt.Errorf("make the gateway's certificate: %w", err)
	}
	return append(encode("CERTIFICATE", der), a.PEM()...), key, nil
}

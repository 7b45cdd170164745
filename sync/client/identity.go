package client

// Identity: the key and the certificate by which the gateway knows this kiosk,
// and the authority by which the kiosk knows the gateway. All three lie in one
// file, so that a power cut leaves the old ones or the new ones and never a mix.

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Errors of identities.
var (
	ErrNotEnrolled = errors.New("this kiosk is not enrolled: the operator makes a token (gateway enrol), here it is kioskctl enrol TOKEN")
	ErrIdentity    = errors.New("the identity is damaged: enrol this kiosk anew")
)

// kioskURN begins the name that a kiosk's certificate holds.
const kioskURN = "urn:tserve:kiosk:"

// maxIdentity bounds the file.
const maxIdentity = 64 << 10

// Identity is who this kiosk is. It is never changed.
type Identity struct {
	Kiosk       string
	Certificate *x509.Certificate
	Authority   *x509.Certificate

	pair  tls.Certificate
	roots *x509.CertPool
}

// ReadIdentity reads the file; [ErrNotEnrolled] when there is none, [ErrIdentity]
// when what it holds does not belong together.
func ReadIdentity(path string) (*Identity, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNotEnrolled
	case err != nil:
		return nil, fmt.Errorf("read identity: %w", err)
	}
	return parseIdentity(text)
}

// parseIdentity reads PEM: the key, the certificate, the authority's certificate.
func parseIdentity(text []byte) (*Identity, error) {
	var blocks []*pem.Block
	for rest := text; len(text) <= maxIdentity; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		blocks = append(blocks, b)
	}
	if len(blocks) != 3 || blocks[0].Type != "PRIVATE KEY" || blocks[1].Type != "CERTIFICATE" || blocks[2].Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%w: want a key and two certificates", ErrIdentity)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(blocks[0].Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: its key: %w", ErrIdentity, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: its key is of another kind", ErrIdentity)
	}
	cert, err := x509.ParseCertificate(blocks[1].Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: its certificate: %w", ErrIdentity, err)
	}
	authority, err := x509.ParseCertificate(blocks[2].Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: the authority's certificate: %w", ErrIdentity, err)
	}
	return newIdentity(key, cert, authority)
}

// newIdentity joins what belongs together, and refuses what does not.
func newIdentity(key *ecdsa.PrivateKey, cert, authority *x509.Certificate) (*Identity, error) {
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%w: key and certificate are of different makes", ErrIdentity)
	}
	if err := cert.CheckSignatureFrom(authority); err != nil {
		return nil, fmt.Errorf("%w: the authority did not sign the certificate", ErrIdentity)
	}
	if len(cert.URIs) != 1 || !strings.HasPrefix(cert.URIs[0].String(), kioskURN) {
		return nil, fmt.Errorf("%w: the certificate is not a kiosk's", ErrIdentity)
	}
	i := &Identity{
		Kiosk: strings.TrimPrefix(cert.URIs[0].String(), kioskURN), Certificate: cert, Authority: authority,
		pair: tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, roots: x509.NewCertPool(),
	}
	i.roots.AddCert(authority)
	return i, nil
}

// Serial is the certificate's number in hex, as the gateway lists it.
func (i *Identity) Serial() string { return i.Certificate.SerialNumber.Text(16) }

// Fingerprint is that of the authority, as tokens name it.
func (i *Identity) Fingerprint() string { return fingerprintOf(i.Authority) }

// RenewAt is when the certificate asks to be renewed: at two thirds of its life.
func (i *Identity) RenewAt() time.Time {
	return i.Certificate.NotBefore.Add(i.Certificate.NotAfter.Sub(i.Certificate.NotBefore) * 2 / 3)
}

// TLS is how this kiosk speaks with the gateway at host. A clock that stands
// before the certificate was made is behind: the certificate's own time is
// nearer to the truth.
func (i *Identity) TLS(host string) *tls.Config {
	return &tls.Config{
		ServerName: host, RootCAs: i.roots, Certificates: []tls.Certificate{i.pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		Time: func() time.Time {
			if now := time.Now(); now.After(i.Certificate.NotBefore) {
				return now
			}
			return i.Certificate.NotBefore.Add(time.Hour)
		},
	}
}

// write replaces the file: whole, readable to its owner alone, and owned by
// whoever owns its directory, so that the kiosk can read what root wrote.
func (i *Identity) write(path string) error {
	key, err := x509.MarshalPKCS8PrivateKey(i.pair.PrivateKey)
	if err != nil {
		return fmt.Errorf("write identity: %w", err)
	}
	var text bytes.Buffer
	for _, b := range []pem.Block{{Type: "PRIVATE KEY", Bytes: key}, {Type: "CERTIFICATE", Bytes: i.Certificate.Raw}, {Type: "CERTIFICATE", Bytes: i.Authority.Raw}} {
		if err := pem.Encode(&text, &b); err != nil {
			return fmt.Errorf("write identity: %w", err)
		}
	}
	if err := os.Remove(path + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write identity: %w", err)
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write identity: %w", err)
	}
	_, err = f.Write(text.Bytes())
	if err = errors.Join(err, giveToOwner(f, filepath.Dir(path)), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write identity: %w", errors.Join(err, ignoreGone(os.Remove(f.Name()))))
	}
	return syncDir(filepath.Dir(path))
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// newKey makes a key and the request for its certificate; of the request the
// gateway takes the key alone.
func newKey() (*ecdsa.PrivateKey, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, "", fmt.Errorf("make key: %w", err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, "", fmt.Errorf("make request: %w", err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), nil
}

// identityFile is the file while the kiosk runs: what is written there by
// kioskctl or by the renewal is taken with the next connection.
type identityFile struct {
	path string

	mu      sync.Mutex
	kept    *Identity
	changed time.Time // of the file that was read
	size    int64
}

// identity reads the file where it is another than the one that was read.
func (f *identityFile) identity() (*Identity, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.kept = nil
		return nil, ErrNotEnrolled
	case err != nil:
		return nil, fmt.Errorf("read identity: %w", err)
	case f.kept != nil && info.ModTime().Equal(f.changed) && info.Size() == f.size:
		return f.kept, nil
	}
	i, err := ReadIdentity(f.path)
	if err != nil {
		return nil, err
	}
	f.kept, f.changed, f.size = i, info.ModTime(), info.Size()
	return i, nil
}

// dialTLS connects as whoever the file says that we are.
func (f *identityFile) dialTLS(dial *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return dialWith(dial, func(host string) (*tls.Config, error) {
		i, err := f.identity()
		if err != nil {
			return nil, err
		}
		return i.TLS(host), nil
	})
}

// dialWith connects and shakes hands within the dialer's time limit.
func dialWith(dial *net.Dialer, config func(host string) (*tls.Config, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		cfg, err := config(host)
		if err != nil {
			return nil, err
		}
		plain, err := dial.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, dial.Timeout)
		defer cancel()
		conn := tls.Client(plain, cfg)
		if err := conn.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(clockDoubt(err), plain.Close())
		}
		return conn, nil
	}
}

// clockDoubt adds what a wrong clock looks like.
func clockDoubt(err error) error {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return fmt.Errorf("%w (is this machine's clock right? it shows %s)", err, time.Now().UTC().Format(time.RFC3339))
	}
	return err
}

// pinned trusts the authority of one fingerprint and nobody else: the gateway
// shows its authority's certificate behind its own.
func pinned(fingerprint, host string) *tls.Config {
	return &tls.Config{
		ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		InsecureSkipVerify: true, // VerifyConnection does it, with the one root that counts
		VerifyConnection: func(s tls.ConnectionState) error {
			roots := x509.NewCertPool()
			for _, c := range s.PeerCertificates {
				if c.IsCA && fingerprintOf(c) == fingerprint {
					roots.AddCert(c)
				}
			}
			_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, DNSName: host})
			var unknown x509.UnknownAuthorityError
			if errors.As(err, &unknown) {
				return fmt.Errorf("this is not the gateway of the token: %w", err)
			}
			return err
		},
	}
}

func fingerprintOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

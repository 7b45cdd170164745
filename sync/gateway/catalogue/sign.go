package catalogue

// Signing, the key's file, and the document that is served.

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// Canonical is the catalogue as the bytes that are signed.
func Canonical(c *kiosk.Catalogue) ([]byte, error) { return json.Marshal(c) }

// Sign checks a catalogue and signs it. One with flaws is not signed.
func Sign(c *kiosk.Catalogue, key ed25519.PrivateKey) ([]byte, error) {
	if flaws := Check(c); len(flaws) > 0 {
		return nil, fmt.Errorf("sign catalogue: %d flaws, the first: %w", len(flaws), flaws[0])
	}
	b, err := Canonical(c)
	if err != nil {
		return nil, fmt.Errorf("sign catalogue: %w", err)
	}
	return api.Seal(b, key)
}

// Served is a signed catalogue as the gateway holds it ready. It is never changed.
type Served struct {
	Catalogue *kiosk.Catalogue
	Document  []byte // what kiosks get
	ETag      string
	Key       string // id of the key that signed
}

// Open takes a signed document. With keys it must be signed with one of them;
// without, the signature is left to those who will hold it against their own.
func Open(doc []byte, keys ...ed25519.PublicKey) (*Served, error) {
	var content []byte
	var id string
	if len(keys) > 0 {
		var err error
		if content, id, err = api.Unseal(doc, keys); err != nil {
			return nil, fmt.Errorf("open catalogue: %w", err)
		}
	} else {
		var signed api.SignedCatalogue
		if err := json.Unmarshal(doc, &signed); err != nil {
			return nil, fmt.Errorf("open catalogue: %w", api.ErrNotSigned)
		}
		content, id = signed.Catalogue, signed.Key
	}
	c := new(kiosk.Catalogue)
	if err := json.Unmarshal(content, c); err != nil {
		return nil, fmt.Errorf("open catalogue: %w", err)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("open catalogue: %w", err)
	}
	sum := sha256.Sum256(doc)
	return &Served{Catalogue: c, Document: doc, ETag: `"` + hex.EncodeToString(sum[:16]) + `"`, Key: id}, nil
}

// NewServed signs a catalogue to be served.
func NewServed(c *kiosk.Catalogue, key ed25519.PrivateKey) (*Served, error) {
	doc, err := Sign(c, key)
	if err != nil {
		return nil, err
	}
	return Open(doc)
}

// NewKey makes a key.
func NewKey() (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return key, nil
}

// Public is the key that kiosks hold.
func Public(key ed25519.PrivateKey) ed25519.PublicKey {
	return ed25519.PublicKey(key[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
}

const pemKey = "PRIVATE KEY"

// WriteKey writes a private key to a new file that its owner alone can read. A
// file that is there is left alone: a lost key cannot be made again.
func WriteKey(path string, key ed25519.PrivateKey) (err error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write key: %w; no key is ever written over: give another name", err)
	}
	if err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pem.Encode(f, &pem.Block{Type: pemKey, Bytes: der}); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	return nil
}

// ReadKey reads a private key that [WriteKey] wrote.
func ReadKey(path string) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != pemKey {
		return nil, fmt.Errorf("read key: %s holds no %q in PEM", path, pemKey)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read key: %s: not a private key", path) // the cause could quote the key
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read key: %s is no Ed25519 key", path)
	}
	return key, nil
}

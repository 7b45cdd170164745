package api

// The seal of the catalogue: the one piece of work that both ends must do in
// exactly the same way.

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// MaxCatalogue is the largest signed catalogue in bytes.
const MaxCatalogue = 2 << 20

// Why a catalogue is not taken.
var (
	ErrNotSigned  = errors.New("not a signed catalogue")
	ErrUnknownKey = errors.New("signed with a key that is not trusted here")
	ErrSignature  = errors.New("the signature does not hold")
)

// sealLine begins what is signed, so that the key's signatures mean a catalogue
// of this form and nothing else.
const sealLine = "tserve catalogue 1\n"

// KeyID names a public key: the first 8 bytes of its SHA-256.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// ParseKey reads a public key in base64, as it stands in configurations.
func ParseKey(text string) (ed25519.PublicKey, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, errors.New("want an Ed25519 public key, 32 bytes in base64")
	}
	return b, nil
}

// FormatKey writes a public key as [ParseKey] reads it.
func FormatKey(key ed25519.PublicKey) string { return base64.StdEncoding.EncodeToString(key) }

// signed is what the signature is over. Marshalling a raw value takes out the
// blanks and escapes the signs that HTML knows; the order of the keys stays.
func signed(catalogue json.RawMessage, key string) ([]byte, error) {
	canonical, err := json.Marshal(catalogue)
	if err != nil {
		return nil, err
	}
	return append([]byte(sealLine+key+"\n"), canonical...), nil
}

// Seal signs a catalogue, and returns the document that is served.
func Seal(catalogue []byte, key ed25519.PrivateKey) ([]byte, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok || len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("seal catalogue: not an Ed25519 key")
	}
	id := KeyID(public)
	message, err := signed(catalogue, id)
	if err != nil {
		return nil, fmt.Errorf("seal catalogue: %w", err)
	}
	doc, err := json.Marshal(SignedCatalogue{
		Catalogue: catalogue, Key: id, Signature: base64.StdEncoding.EncodeToString(ed25519.Sign(key, message)),
	})
	if err != nil {
		return nil, fmt.Errorf("seal catalogue: %w", err)
	}
	if len(doc) > MaxCatalogue {
		return nil, fmt.Errorf("seal catalogue: %d bytes, %d can be taken", len(doc), MaxCatalogue)
	}
	return doc, nil
}

// Unseal returns the catalogue of a document that one of the keys has signed,
// and the key's id. Nothing of a document is looked at before its signature
// holds, but its three fields. Errors are [ErrNotSigned], [ErrUnknownKey] and
// [ErrSignature].
func Unseal(doc []byte, keys []ed25519.PublicKey) (catalogue []byte, key string, err error) {
	if len(doc) > MaxCatalogue {
		return nil, "", fmt.Errorf("%w: %d bytes", ErrNotSigned, len(doc))
	}
	var s SignedCatalogue
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil || dec.More() {
		return nil, "", ErrNotSigned
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(s.Signature)
	if err != nil || len(signature) != ed25519.SignatureSize || len(s.Catalogue) == 0 {
		return nil, "", ErrNotSigned
	}
	for _, k := range keys {
		if len(k) != ed25519.PublicKeySize || KeyID(k) != s.Key {
			continue
		}
		message, err := signed(s.Catalogue, s.Key)
		if err != nil {
			return nil, "", ErrNotSigned
		}
		if !ed25519.Verify(k, message, signature) {
			return nil, "", ErrSignature
		}
		return s.Catalogue, s.Key, nil
	}
	return nil, "", ErrUnknownKey
}

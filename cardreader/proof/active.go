package proof

// Active authentication (9303-11, 6.1): the chip signs eight bytes with a key
// that the issuer has signed in DG15.

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/tserve/jolly/cardreader/proof/lds"
)

// ActiveChallenge is what the chip is asked to sign for a verifier's
// challenge: INTERNAL AUTHENTICATE of a travel document takes eight bytes.
func ActiveChallenge(challenge []byte) []byte {
	digest := sha256.Sum256(challenge)
	return digest[:8]
}

// verifyActive checks the chip's signature over the challenge. DG14 names the
// hash of an ECDSA key.
func verifyActive(dg15, dg14, challenge, sig []byte) error {
	spki, err := lds.ParseDG15(dg15)
	if err != nil {
		return err
	}
	pub, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return fmt.Errorf("DG15: %w", err)
	}
	if len(sig) == 0 {
		return errors.New("the chip gave no signature")
	}
	message := ActiveChallenge(challenge)
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return verifyRecovery(key, message, sig)
	case *ecdsa.PublicKey:
		hash, err := activeHash(dg14)
		if err != nil {
			return err
		}
		return verifyPlainECDSA(key, sum(hash, message), sig)
	}
	return fmt.Errorf("DG15: a key of type %T", pub)
}

// trailers are the ends of a message that ISO 9796-2 recovers, by hash. SHA-1
// (trailer BC, or 33CC) is taken here: it hashes a challenge that the verifier
// chose and bytes that the chip chose, and a collision would help nobody who
// has not the chip's key.
var trailers = []struct {
	end  []byte
	hash crypto.Hash
}{
	{[]byte{0xBC}, crypto.SHA1}, {[]byte{0x33, 0xCC}, crypto.SHA1}, {[]byte{0x34, 0xCC}, crypto.SHA256},
	{[]byte{0x35, 0xCC}, crypto.SHA512}, {[]byte{0x36, 0xCC}, crypto.SHA384}, {[]byte{0x38, 0xCC}, crypto.SHA224},
}

var errRecovery = errors.New("the signature is not the chip's over this challenge")

// verifyRecovery checks an RSA signature with partial message recovery
// (ISO 9796-2, scheme 1): 6A, M1, the hash of M1 and the message, trailer.
func verifyRecovery(key *rsa.PublicKey, message, sig []byte) error {
	size := (key.N.BitLen() + 7) / 8
	if key.N.BitLen() < 1024 || key.E < 3 || len(sig) != size {
		return errRecovery
	}
	s := new(big.Int).SetBytes(sig)
	if s.Cmp(key.N) >= 0 {
		return errRecovery
	}
	m := new(big.Int).Exp(s, big.NewInt(int64(key.E)), key.N)
	for _, t := range trailers {
		if recovered(m.FillBytes(make([]byte, size)), t.end, t.hash, message) ||
			recovered(new(big.Int).Sub(key.N, m).FillBytes(make([]byte, size)), t.end, t.hash, message) {
			return nil
		}
	}
	return errRecovery
}

func recovered(f, end []byte, hash crypto.Hash, message []byte) bool {
	n := hash.Size()
	if len(f) < 2+n+len(end) || f[0] != 0x6A || string(f[len(f)-len(end):]) != string(end) {
		return false
	}
	f = f[:len(f)-len(end)]
	m1, digest := f[1:len(f)-n], f[len(f)-n:]
	// The trailer ends the whole block and M1 begins it: no byte is left over
	// for a forger to play with.
	if len(m1) == 0 {
		return false
	}
	return sameBytes(digest, sum(hash, append(append([]byte{}, m1...), message...)))
}

// activeHash is what DG14 says of the hash (9303-11, 9.2.8); SHA-256 where it
// says nothing.
func activeHash(dg14 []byte) (crypto.Hash, error) {
	if len(dg14) == 0 {
		return crypto.SHA256, nil
	}
	infos, err := lds.ParseDG14(dg14)
	if err != nil {
		return 0, err
	}
	for _, info := range infos {
		if !info.Protocol.Equal(oidActive) {
			continue
		}
		var alg asn1.ObjectIdentifier
		if err := unmarshal(info.Optional.FullBytes, &alg, "DG14: active authentication"); err != nil {
			return 0, err
		}
		for _, p := range plainECDSA {
			if alg.Equal(p.oid) {
				return p.hash, nil
			}
		}
		return 0, fmt.Errorf("DG14: active authentication by %v", alg)
	}
	return crypto.SHA256, nil
}

var oidActive = asn1.ObjectIdentifier{2, 23, 136, 1, 1, 5}

// plainECDSA are the algorithms of BSI TR-03111, 5.2.1.1.
var plainECDSA = []struct {
	oid  asn1.ObjectIdentifier
	hash crypto.Hash
}{
	{asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 1, 1, 4, 1, 2}, crypto.SHA224},
	{asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 1, 1, 4, 1, 3}, crypto.SHA256},
	{asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 1, 1, 4, 1, 4}, crypto.SHA384},
	{asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 1, 1, 4, 1, 5}, crypto.SHA512},
}

// verifyPlainECDSA checks a signature that is r and s side by side.
func verifyPlainECDSA(key *ecdsa.PublicKey, digest, sig []byte) error {
	size := (key.Params().N.BitLen() + 7) / 8
	if len(sig) != 2*size {
		return errRecovery
	}
	r, s := new(big.Int).SetBytes(sig[:size]), new(big.Int).SetBytes(sig[size:])
	if !ecdsa.Verify(key, digest, r, s) {
		return errRecovery
	}
	return nil
}

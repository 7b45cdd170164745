package proof

// Signatures: RSA PKCS #1 v1.5, RSA-PSS and ECDSA, with the hashes of SHA-2.

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // of old CNS certificates alone, see signedBy
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"
)

var (
	oidRSA    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
)

// scheme is how a signature algorithm's name is to be understood.
type scheme struct {
	oid   asn1.ObjectIdentifier
	hash  crypto.Hash
	ecdsa bool
}

var schemes = []scheme{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, crypto.SHA1, false},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 14}, crypto.SHA224, false},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, crypto.SHA256, false},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, crypto.SHA384, false},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, crypto.SHA512, false},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}, crypto.SHA1, true},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 1}, crypto.SHA224, true},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, crypto.SHA256, true},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, crypto.SHA384, true},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, crypto.SHA512, true},
}

var hashes = []struct {
	oid  asn1.ObjectIdentifier
	hash crypto.Hash
}{
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, crypto.SHA1},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 4}, crypto.SHA224},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, crypto.SHA256},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA384},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA512},
}

// errSHA1 is what SHA-1 gets wherever it is not allowed by name. The CIE 3.0
// began in 2016, when no document was signed over SHA-1 any more; CNS cards
// with such certificates are still carried.
var errSHA1 = errors.New("SHA-1 is not accepted here")

// hashOf names the hash, SHA-1 excepted.
func hashOf(alg pkix.AlgorithmIdentifier) (crypto.Hash, error) {
	for _, h := range hashes {
		if !alg.Algorithm.Equal(h.oid) {
			continue
		}
		if h.hash == crypto.SHA1 {
			return 0, errSHA1
		}
		return h.hash, nil
	}
	return 0, fmt.Errorf("no such hash: %v", alg.Algorithm)
}

func sum(h crypto.Hash, data []byte) []byte {
	d := h.New()
	d.Write(data)
	return d.Sum(nil)
}

// rsaWith is the name of RSA PKCS #1 v1.5 over h.
func rsaWith(h crypto.Hash) asn1.ObjectIdentifier {
	for _, s := range schemes {
		if s.hash == h && !s.ecdsa {
			return s.oid
		}
	}
	return nil
}

// verifySignature checks a signature by an algorithm's name as it stands in
// certificates and CMS. It refuses SHA-1.
func verifySignature(pub crypto.PublicKey, alg pkix.AlgorithmIdentifier, signed, sig []byte) error {
	return verify(pub, alg, signed, sig, false)
}

func verify(pub crypto.PublicKey, alg pkix.AlgorithmIdentifier, signed, sig []byte, sha1 bool) error {
	if alg.Algorithm.Equal(oidRSAPSS) {
		return verifyPSS(pub, alg, signed, sig)
	}
	for _, s := range schemes {
		if !alg.Algorithm.Equal(s.oid) {
			continue
		}
		if s.hash == crypto.SHA1 && !sha1 {
			return errSHA1
		}
		if s.ecdsa {
			return verifyECDSA(pub, sum(s.hash, signed), sig)
		}
		key, ok := pub.(*rsa.PublicKey)
		if !ok {
			return fmt.Errorf("an RSA signature, but a key of type %T", pub)
		}
		return rsa.VerifyPKCS1v15(key, s.hash, sum(s.hash, signed), sig)
	}
	return fmt.Errorf("no such signature algorithm: %v", alg.Algorithm)
}

func verifyECDSA(pub crypto.PublicKey, digest, sig []byte) error {
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok {
		return fmt.Errorf("an ECDSA signature, but a key of type %T", pub)
	}
	if !ecdsa.VerifyASN1(key, digest, sig) {
		return errors.New("ecdsa: verification error")
	}
	return nil
}

// pssParameters are RSASSA-PSS-params (RFC 4055); all defaults are SHA-1.
type pssParameters struct {
	Hash    pkix.AlgorithmIdentifier `asn1:"explicit,optional,tag:0"`
	MGF     pkix.AlgorithmIdentifier `asn1:"explicit,optional,tag:1"`
	Salt    int                      `asn1:"explicit,optional,tag:2,default:20"`
	Trailer int                      `asn1:"explicit,optional,tag:3,default:1"`
}

func verifyPSS(pub crypto.PublicKey, alg pkix.AlgorithmIdentifier, signed, sig []byte) error {
	key, ok := pub.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("an RSA-PSS signature, but a key of type %T", pub)
	}
	var p pssParameters
	if err := unmarshal(alg.Parameters.FullBytes, &p, "RSA-PSS parameters"); err != nil {
		return err
	}
	hash, err := hashOf(p.Hash)
	if err != nil {
		return fmt.Errorf("RSA-PSS: %w", err)
	}
	var inner pkix.AlgorithmIdentifier
	if !p.MGF.Algorithm.Equal(oidMGF1) {
		return errors.New("RSA-PSS: a mask that is not MGF1")
	}
	if err := unmarshal(p.MGF.Parameters.FullBytes, &inner, "MGF1"); err != nil {
		return err
	}
	if mask, err := hashOf(inner); err != nil || mask != hash {
		return errors.New("RSA-PSS: mask and message have different hashes")
	}
	if p.Trailer != 1 || p.Salt < 0 {
		return errors.New("RSA-PSS: bad parameters")
	}
	// A salt of 0 would mean "any" to crypto/rsa.
	if p.Salt == 0 {
		return errors.New("RSA-PSS: no salt")
	}
	return rsa.VerifyPSS(key, hash, sum(hash, signed), sig, &rsa.PSSOptions{SaltLength: p.Salt})
}

// outerCertificate is a certificate as its issuer signed it.
type outerCertificate struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

// signedBy checks that issuer, a trusted certificate, signed cert. sha1 allows
// the hash that crypto/x509 refuses.
func signedBy(cert, issuer *x509.Certificate, sha1 bool) error {
	if !issuer.IsCA || (issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCertSign == 0) {
		return errors.New("the issuer may not sign certificates")
	}
	var outer outerCertificate
	if err := unmarshal(cert.Raw, &outer, "certificate"); err != nil {
		return err
	}
	return verify(issuer.PublicKey, outer.Algorithm, outer.TBS.FullBytes, outer.Signature.RightAlign(), sha1)
}

// issuerOf finds the trusted certificate that signed cert. now lies in the
// validity of both.
func issuerOf(cert *x509.Certificate, roots []*x509.Certificate, now time.Time, sha1 bool) (*x509.Certificate, error) {
	if err := valid(cert, now); err != nil {
		return nil, err
	}
	err := errors.New("its issuer is not known here")
	for _, root := range roots {
		named := bytes.Equal(cert.RawIssuer, root.RawSubject)
		keyed := len(cert.AuthorityKeyId) > 0 && bytes.Equal(cert.AuthorityKeyId, root.SubjectKeyId)
		if !named && !keyed {
			continue
		}
		if err = signedBy(cert, root, sha1); err != nil {
			continue
		}
		if err = valid(root, now); err == nil {
			return root, nil
		}
	}
	return nil, err
}

func valid(cert *x509.Certificate, now time.Time) error {
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return errors.New("the certificate is not valid today")
	}
	return nil
}

package proof

// CMS SignedData (RFC 5652): the envelope of a SOD and of a master list.

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidLDSSecurity   = asn1.ObjectIdentifier{2, 23, 136, 1, 1, 1}
	oidMasterList    = asn1.ObjectIdentifier{2, 23, 136, 1, 1, 2}
)

// signedData is one envelope, taken apart and not yet believed.
type signedData struct {
	contentType asn1.ObjectIdentifier
	content     []byte
	certs       []asn1.RawValue
	signers     []signerInfo
}

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0"`
}

type encapsulated struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
}

type rawSignedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Encapsulated encapsulated
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	CRLs         asn1.RawValue `asn1:"optional,tag:1"`
	Signers      []signerInfo  `asn1:"set"`
}

type signerInfo struct {
	Version    int
	ID         asn1.RawValue // IssuerAndSerialNumber, or [0] SubjectKeyIdentifier
	Digest     pkix.AlgorithmIdentifier
	Attributes asn1.RawValue `asn1:"optional,tag:0"`
	Algorithm  pkix.AlgorithmIdentifier
	Signature  []byte
	Unsigned   asn1.RawValue `asn1:"optional,tag:1"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values asn1.RawValue `asn1:"set"`
}

// unmarshal reads exactly one DER value.
func unmarshal(der []byte, into any, what string) error {
	rest, err := asn1.Unmarshal(der, into)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if len(rest) != 0 {
		return fmt.Errorf("%s: %d bytes behind it", what, len(rest))
	}
	return nil
}

func parseSignedData(der []byte) (signedData, error) {
	var info contentInfo
	if err := unmarshal(der, &info, "content info"); err != nil {
		return signedData{}, err
	}
	if !info.Type.Equal(oidSignedData) {
		return signedData{}, errors.New("content info: no signed data")
	}
	var raw rawSignedData
	if err := unmarshal(info.Content.Bytes, &raw, "signed data"); err != nil {
		return signedData{}, err
	}
	var content asn1.RawValue
	if err := unmarshal(raw.Encapsulated.Content.Bytes, &content, "content"); err != nil {
		return signedData{}, err
	}
	if content.Class != asn1.ClassUniversal || content.Tag != asn1.TagOctetString || content.IsCompound {
		return signedData{}, errors.New("content: no octet string")
	}
	certs, err := elements(raw.Certificates.Bytes)
	if err != nil {
		return signedData{}, fmt.Errorf("certificates: %w", err)
	}
	return signedData{contentType: raw.Encapsulated.Type, content: content.Bytes, certs: certs, signers: raw.Signers}, nil
}

// elements splits the inside of a SET or SEQUENCE.
func elements(der []byte) ([]asn1.RawValue, error) {
	var all []asn1.RawValue
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			return nil, err
		}
		all, der = append(all, v), rest
	}
	return all, nil
}

// verify checks the one signature of the envelope and returns the certificate
// of its signer, which is the envelope's own word: whoever calls checks who
// issued it.
func (s signedData) verify() (*x509.Certificate, error) {
	if len(s.signers) != 1 {
		return nil, fmt.Errorf("%d signers, want one", len(s.signers))
	}
	signer := s.signers[0]
	cert, err := s.certificateOf(signer)
	if err != nil {
		return nil, err
	}
	digest, err := hashOf(signer.Digest)
	if err != nil {
		return nil, err
	}
	// Content of another type than plain data has attributes (RFC 5652, 5.3).
	// Without them the attributes of one signature could be the content of another.
	if len(signer.Attributes.FullBytes) == 0 {
		return nil, errors.New("no signed attributes")
	}
	signed, err := signer.signedAttributes(s.contentType, sum(digest, s.content))
	if err != nil {
		return nil, err
	}
	alg := signer.Algorithm
	if alg.Algorithm.Equal(oidRSA) { // the digest stands beside it
		alg = pkix.AlgorithmIdentifier{Algorithm: rsaWith(digest)}
	}
	if err := verifySignature(cert.PublicKey, alg, signed, signer.Signature); err != nil {
		return nil, fmt.Errorf("signature of the content: %w", err)
	}
	return cert, nil
}

// certificateOf finds the signer's certificate in the envelope.
func (s signedData) certificateOf(signer signerInfo) (*x509.Certificate, error) {
	byKey := signer.ID.Class == asn1.ClassContextSpecific && signer.ID.Tag == 0
	var id issuerAndSerial
	if !byKey {
		if err := unmarshal(signer.ID.FullBytes, &id, "signer"); err != nil {
			return nil, err
		}
	}
	var unreadable error
	for _, raw := range s.certs {
		cert, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil { // another kind of certificate, or of a curve that is not known here
			unreadable = err
			continue
		}
		if byKey && len(cert.SubjectKeyId) > 0 && bytes.Equal(cert.SubjectKeyId, signer.ID.Bytes) {
			return cert, nil
		}
		if !byKey && bytes.Equal(cert.RawIssuer, id.Issuer.FullBytes) && cert.SerialNumber.Cmp(id.Serial) == 0 {
			return cert, nil
		}
	}
	if unreadable != nil {
		return nil, fmt.Errorf("the signer's certificate cannot be read here: %w", unreadable)
	}
	return nil, errors.New("the signer's certificate is not in it")
}

// signedAttributes checks that the attributes speak of this content and
// returns what the signature is over.
func (s signerInfo) signedAttributes(contentType asn1.ObjectIdentifier, digest []byte) ([]byte, error) {
	list, err := elements(s.Attributes.Bytes)
	if err != nil {
		return nil, fmt.Errorf("signed attributes: %w", err)
	}
	var types, digests int
	for _, raw := range list {
		var a attribute
		if err := unmarshal(raw.FullBytes, &a, "signed attribute"); err != nil {
			return nil, err
		}
		switch {
		case a.Type.Equal(oidContentType):
			var oid asn1.ObjectIdentifier
			if err := unmarshal(a.Values.Bytes, &oid, "content type"); err != nil || !oid.Equal(contentType) {
				return nil, errors.New("signed attributes: another content type")
			}
			types++
		case a.Type.Equal(oidMessageDigest):
			var d []byte
			if err := unmarshal(a.Values.Bytes, &d, "message digest"); err != nil || !bytes.Equal(d, digest) {
				return nil, errors.New("signed attributes: the content was changed")
			}
			digests++
		}
	}
	if types != 1 || digests != 1 {
		return nil, errors.New("signed attributes: content type and digest must stand there once")
	}
	// They are signed as the SET that they are, not under the tag they travel with.
	set := bytes.Clone(s.Attributes.FullBytes)
	set[0] = 0x31
	return set, nil
}

// masterList is the content of a master list.
type masterList struct {
	Version int
	Certs   []asn1.RawValue `asn1:"set"`
}

// parseMasterList reads the certificates of a master list, as far as they can
// be read here.
func parseMasterList(der []byte) ([]*x509.Certificate, error) {
	s, err := parseSignedData(der)
	if err != nil {
		return nil, fmt.Errorf("neither PEM, nor a certificate, nor a master list: %w", err)
	}
	if !s.contentType.Equal(oidMasterList) {
		return nil, errors.New("signed data, but no master list")
	}
	var list masterList
	if err := unmarshal(s.content, &list, "master list"); err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for _, raw := range list.Certs {
		if c, err := x509.ParseCertificate(raw.FullBytes); err == nil {
			certs = append(certs, c)
		}
	}
	if len(certs) == 0 {
		return nil, errNoCertificate
	}
	return certs, nil
}

package proof

// The security object of a document (9303-10, 4.6.2): the hashes of its files,
// signed by a document signer.

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"

	"github.com/tserve/jolly/cardreader/proof/lds"
)

// securityObject is the content of a SOD whose signature holds.
type securityObject struct {
	hash   crypto.Hash
	hashes map[int][]byte
}

type rawSecurityObject struct {
	Version int
	Hash    pkix.AlgorithmIdentifier
	Groups  []groupHash
	LDS     ldsVersion `asn1:"optional"`
}

type groupHash struct {
	Number int
	Hash   []byte
}

type ldsVersion struct {
	LDS     string `asn1:"printable"`
	Unicode string `asn1:"printable"`
}

// openSOD checks the signature of a SOD and returns its hashes and the
// certificate of its signer, which comes from the SOD itself.
func openSOD(file []byte) (securityObject, *x509.Certificate, error) {
	cms, err := lds.ParseSOD(file)
	if err != nil {
		return securityObject{}, nil, err
	}
	return openSecurityObject(cms)
}

func openSecurityObject(cms []byte) (securityObject, *x509.Certificate, error) {
	s, err := parseSignedData(cms)
	if err != nil {
		return securityObject{}, nil, fmt.Errorf("SOD: %w", err)
	}
	if !s.contentType.Equal(oidLDSSecurity) {
		return securityObject{}, nil, errors.New("SOD: no security object in it")
	}
	signer, err := s.verify()
	if err != nil {
		return securityObject{}, nil, fmt.Errorf("SOD: %w", err)
	}
	var raw rawSecurityObject
	if err := unmarshal(s.content, &raw, "SOD: security object"); err != nil {
		return securityObject{}, nil, err
	}
	o := securityObject{hashes: make(map[int][]byte, len(raw.Groups))}
	if o.hash, err = hashOf(raw.Hash); err != nil {
		return securityObject{}, nil, fmt.Errorf("SOD: %w", err)
	}
	for _, g := range raw.Groups {
		if _, twice := o.hashes[g.Number]; twice {
			return securityObject{}, nil, fmt.Errorf("SOD: data group %d twice", g.Number)
		}
		o.hashes[g.Number] = g.Hash
	}
	return o, signer, nil
}

// lists says that the document has that data group.
func (o securityObject) lists(number int) bool {
	_, ok := o.hashes[number]
	return ok
}

// holds checks a file against its hash.
func (o securityObject) holds(number int, file []byte) error {
	want, ok := o.hashes[number]
	if !ok {
		return fmt.Errorf("data group %d is not in the security object", number)
	}
	if !sameBytes(want, sum(o.hash, file)) {
		return fmt.Errorf("data group %d was changed", number)
	}
	return nil
}

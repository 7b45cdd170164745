package proof

import (
	"encoding/asn1"
	"testing"
)

// Each of the two attributes must stand there once: a signature without the
// digest would be over no content at all.
func TestSignedAttributes(t *testing.T) {
	digest := []byte("thirty-two bytes that are a hash")
	one := func(kind asn1.ObjectIdentifier, value any) []byte {
		inner, err := asn1.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		der, err := asn1.Marshal(attribute{Type: kind, Values: asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true, Bytes: inner}})
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	kind, hash := one(oidContentType, oidLDSSecurity), one(oidMessageDigest, digest)
	for name, c := range map[string]struct {
		list  [][]byte
		taken bool
	}{
		"both":                 {[][]byte{kind, hash}, true},
		"and another":          {[][]byte{kind, one(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}, 7), hash}, true},
		"no digest":            {[][]byte{kind}, false},
		"no type":              {[][]byte{hash}, false},
		"none":                 {nil, false},
		"two digests":          {[][]byte{kind, hash, hash}, false},
		"two types":            {[][]byte{kind, kind, hash}, false},
		"another content type": {[][]byte{one(oidContentType, oidMasterList), hash}, false},
		"another digest":       {[][]byte{kind, one(oidMessageDigest, digest[1:])}, false},
	} {
		var all []byte
		for _, a := range c.list {
			all = append(all, a...)
		}
		full, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: all})
		if err != nil {
			t.Fatal(err)
		}
		signed, err := signerInfo{Attributes: asn1.RawValue{FullBytes: full, Bytes: all}}.signedAttributes(oidLDSSecurity, digest)
		if (err == nil) != c.taken || c.taken && signed[0] != 0x31 {
			t.Errorf("%s: %x, %v", name, signed, err)
		}
	}
}

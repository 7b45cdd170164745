package lds

// The data groups: DG1, DG11, DG14, DG15, and EF.COM.

import (
	"encoding/asn1"
	"fmt"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

// Tags of the files (9303-10, table 35).
const (
	TagCOM  = 0x60
	TagDG1  = 0x61
	TagDG11 = 0x6B
	TagDG14 = 0x6E
	TagDG15 = 0x6F
	TagSOD  = 0x77
)

// Tags within them.
const (
	tagMRZ        = 0x5F1F
	tagList       = 0x5C
	tagFullName   = 0x5F0E
	tagPersonal   = 0x5F10
	tagFullBirth  = 0x5F2B
	tagLDSVersion = 0x5F01
)

// ParseDG1 reads the machine readable zone out of DG1.
func ParseDG1(file []byte) (MRZ, error) {
	v, err := inside(file, TagDG1, "DG1")
	if err != nil {
		return MRZ{}, err
	}
	zone, ok := Find(v, tagMRZ)
	if !ok {
		return MRZ{}, fmt.Errorf("DG1: %w: not there", errMRZ)
	}
	m, err := ParseMRZ(string(zone))
	if err != nil {
		return MRZ{}, fmt.Errorf("DG1: %w", err)
	}
	return m, nil
}

// Details is what DG11 says, as far as it is there.
type Details struct {
	Surname    string
	Name       string
	FiscalCode string     // the personal number: on Italian cards the codice fiscale
	Birth      kiosk.Date // in full, where it is there
}

// ParseDG11 reads the additional personal details.
func ParseDG11(file []byte) (Details, error) {
	v, err := inside(file, TagDG11, "DG11")
	if err != nil {
		return Details{}, err
	}
	var d Details
	for len(v) > 0 {
		tag, value, rest, err := Next(v)
		if err != nil {
			return Details{}, fmt.Errorf("DG11: %w", err)
		}
		v = rest
		switch tag {
		case tagFullName:
			d.Surname, d.Name = fullName(string(value))
		case tagPersonal:
			d.FiscalCode = strings.TrimSpace(strings.Trim(string(value), "<"))
		case tagFullBirth:
			d.Birth = fullBirth(value)
		}
	}
	return d, nil
}

// fullName splits a name; it may hold letters beyond the machine readable
// ones. Control signs do not get on.
func fullName(s string) (surname, name string) {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	surname, name, _ = strings.Cut(s, "<<")
	return strings.Join(strings.Fields(trim(surname)), " "), strings.Join(strings.Fields(trim(name)), " ")
}

// fullBirth reads a day as eight digits or as eight packed digits.
func fullBirth(v []byte) kiosk.Date {
	s := string(v)
	if len(v) == 4 {
		s = fmt.Sprintf("%X", v)
	}
	d, _ := date(s)
	return d
}

// ParseCOM reads which files the chip says it has, by their tags.
func ParseCOM(file []byte) (tags []byte, err error) {
	v, err := inside(file, TagCOM, "COM")
	if err != nil {
		return nil, err
	}
	list, ok := Find(v, tagList)
	if !ok {
		return nil, fmt.Errorf("COM: %w: no list", errTLV)
	}
	return list, nil
}

// SecurityInfo is one entry of EF.CardAccess or DG14 (9303-11, 9.2).
type SecurityInfo struct {
	Protocol asn1.ObjectIdentifier
	Required asn1.RawValue
	Optional asn1.RawValue `asn1:"optional"`
}

// ParseSecurityInfos reads the SET of them.
func ParseSecurityInfos(der []byte) ([]SecurityInfo, error) {
	var set []asn1.RawValue
	if _, err := asn1.UnmarshalWithParams(der, &set, "set"); err != nil { // behind it: the file's padding
		return nil, fmt.Errorf("security infos: %w", err)
	}
	var all []SecurityInfo
	for _, raw := range set {
		var info SecurityInfo
		if _, err := asn1.Unmarshal(raw.FullBytes, &info); err != nil {
			return nil, fmt.Errorf("security info %d: %w", len(all)+1, err)
		}
		all = append(all, info)
	}
	return all, nil
}

// ParseDG14 reads the security infos that the issuer signed.
func ParseDG14(file []byte) ([]SecurityInfo, error) {
	v, err := inside(file, TagDG14, "DG14")
	if err != nil {
		return nil, err
	}
	infos, err := ParseSecurityInfos(v)
	if err != nil {
		return nil, fmt.Errorf("DG14: %w", err)
	}
	return infos, nil
}

// ParseDG15 gives the public key of active authentication, a
// SubjectPublicKeyInfo.
func ParseDG15(file []byte) (spki []byte, err error) { return inside(file, TagDG15, "DG15") }

// ParseSOD gives the CMS of the security object.
func ParseSOD(file []byte) (cms []byte, err error) { return inside(file, TagSOD, "SOD") }

// The protocols of DG14 that concern chip authentication.
var (
	oidChipKey = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 1}
	oidChip    = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 3}
)

// HasPrefix says that oid lies below parent.
func HasPrefix(oid, parent asn1.ObjectIdentifier) bool {
	return len(oid) > len(parent) && oid[:len(parent)].Equal(parent)
}

// IsChipKey says that the info holds a public key for chip authentication.
func (s SecurityInfo) IsChipKey() bool { return HasPrefix(s.Protocol, oidChipKey) }

// IsChipProtocol says that the info names a way of chip authentication.
func (s SecurityInfo) IsChipProtocol() bool { return HasPrefix(s.Protocol, oidChip) }

package lds

// The machine readable zone (ICAO 9303-3, 9303-4, 9303-5).

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

// MRZ is what the machine readable zone says, without its filling signs.
type MRZ struct {
	Document    string // "C", "CA", "P" ...
	Issuer      string // three letters
	Number      string
	Surname     string
	Name        string
	Nationality string
	Birth       string // YYMMDD; unknown parts are "<<"
	Sex         byte   // 'M', 'F' or '<'
	Expiry      string // YYMMDD
}

var (
	errMRZ        = errors.New("machine readable zone")
	errCheckDigit = fmt.Errorf("%w: a check digit is wrong", errMRZ)
)

// Lengths of the two zones that are read: three lines of an identity card, two
// of a passport.
const (
	lenTD1 = 90
	lenTD3 = 88
)

// ParseMRZ reads the zone of an identity card (TD1) or of a passport (TD3),
// without line ends, and checks all its check digits.
func ParseMRZ(zone string) (MRZ, error) {
	for i := range len(zone) {
		if _, ok := weight(zone[i]); !ok {
			return MRZ{}, fmt.Errorf("%w: a sign that cannot stand there", errMRZ)
		}
	}
	switch len(zone) {
	case lenTD1:
		return parseTD1(zone)
	case lenTD3:
		return parseTD3(zone)
	}
	return MRZ{}, fmt.Errorf("%w: %d signs", errMRZ, len(zone))
}

func parseTD1(z string) (MRZ, error) {
	m := MRZ{Document: trim(z[0:2]), Issuer: trim(z[2:5]), Number: trim(z[5:14]), Birth: z[30:36], Sex: z[37],
		Expiry: z[38:44], Nationality: trim(z[45:48])}
	m.Surname, m.Name = names(z[60:90])
	digit := z[14:15]
	numbered := z[5:14]
	if digit == "<" { // a longer number goes on in the optional field and ends with its check digit
		rest, _, _ := strings.Cut(z[15:30], "<")
		if len(rest) < 2 {
			return MRZ{}, errCheckDigit
		}
		numbered, digit = z[5:14]+rest[:len(rest)-1], rest[len(rest)-1:]
		m.Number = numbered
	}
	composite := z[5:30] + z[30:37] + z[38:45] + z[48:59]
	if !checked(numbered, digit) || !checked(m.Birth, z[36:37]) || !checked(m.Expiry, z[44:45]) || !checked(composite, z[59:60]) {
		return MRZ{}, errCheckDigit
	}
	return m, nil
}

func parseTD3(z string) (MRZ, error) {
	m := MRZ{Document: trim(z[0:2]), Issuer: trim(z[2:5]), Number: trim(z[44:53]), Nationality: trim(z[54:57]),
		Birth: z[57:63], Sex: z[64], Expiry: z[65:71]}
	m.Surname, m.Name = names(z[5:44])
	composite := z[44:54] + z[57:64] + z[65:87]
	if !checked(z[44:53], z[53:54]) || !checked(m.Birth, z[63:64]) || !checked(m.Expiry, z[71:72]) ||
		!checked(composite, z[87:88]) {
		return MRZ{}, errCheckDigit
	}
	return m, nil
}

// names splits "ROSSI<<MARIO<LUIGI<<<".
func names(field string) (surname, name string) {
	surname, name, _ = strings.Cut(field, "<<")
	return trim(surname), trim(name)
}

func trim(field string) string {
	return strings.TrimSpace(strings.ReplaceAll(field, "<", " "))
}

// weight is a sign's value in a check digit.
func weight(c byte) (int, bool) {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0'), true
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10, true
	case c == '<':
		return 0, true
	}
	return 0, false
}

// CheckDigit is the check digit of a field of digits, capital letters and "<":
// weights 7, 3, 1.
func CheckDigit[T ~string | ~[]byte](field T) byte {
	sum := 0
	for i := range len(field) {
		w, _ := weight(field[i])
		sum += w * [...]int{7, 3, 1}[i%3]
	}
	return byte('0' + sum%10)
}

// checked compares a field with its digit; "<" is the digit of an empty field.
func checked(field, digit string) bool {
	if digit == "<" {
		return strings.Trim(field, "<") == ""
	}
	return digit[0] == CheckDigit(field)
}

// KeyText is what opens a chip by its machine readable zone: number, birth date
// and expiry (YYMMDD), each with its check digit (9303-11, D.2). It is a secret
// of the card's holder: whoever asks wipes it.
func KeyText(number, birth, expiry []byte) ([]byte, error) {
	if len(number) == 0 || len(number) > 22 || len(birth) != 6 || len(expiry) != 6 {
		return nil, fmt.Errorf("%w: number, birth or expiry has not the right length", errMRZ)
	}
	out := make([]byte, 0, 40)
	for _, f := range [][]byte{number, birth, expiry} {
		start := len(out)
		for _, c := range f {
			if c >= 'a' && c <= 'z' {
				c -= 'a' - 'A'
			}
			if _, ok := weight(c); !ok {
				clear(out)
				return nil, fmt.Errorf("%w: a sign that cannot stand there", errMRZ)
			}
			out = append(out, c)
		}
		for len(out)-start < 9 && start == 0 { // only the number is filled up
			out = append(out, '<')
		}
		out = append(out, CheckDigit(out[start:]))
	}
	return out, nil
}

// BirthDate gives a YYMMDD of birth its century: the latest that is not after
// today. ok is false where a part of it is unknown or where no such day is.
func BirthDate(yymmdd string, today kiosk.Date) (d kiosk.Date, ok bool) {
	d, ok = date("20" + yymmdd)
	if ok && today.Before(d) {
		d.Year -= 100
	}
	return d, ok
}

// ExpiryDate gives a YYMMDD of expiry its century, which is this one.
func ExpiryDate(yymmdd string) (d kiosk.Date, ok bool) { return date("20" + yymmdd) }

// date reads CCYYMMDD.
func date(s string) (kiosk.Date, bool) {
	if len(s) != 8 {
		return kiosk.Date{}, false
	}
	d, err := kiosk.ParseDate(s[0:4] + "-" + s[4:6] + "-" + s[6:8])
	return d, err == nil
}

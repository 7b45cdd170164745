// Package personal reads EF_DatiPersonali, the file of the CNS, the TS-CNS and
// the CIE 1 and 2 that says who the holder is.
//
// The file is six hexadecimal digits, the length, and then 16 fields, each two
// hexadecimal digits of length and as many characters. On some cards the length
// counts its own six digits and on others it does not, so it is an upper bound
// here and no more. Empty fields are normal: a health card has no address. The
// codice fiscale is what everything else hangs on; a file without a good one is
// refused.
//
// Nothing here says that the file is genuine: package proof does. It is a pure
// function of bytes that strangers write: no state, no goroutine, no log.
package personal

// The parser.

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

// Record is what the file says. Empty fields were empty on the card.
type Record struct {
	Emitter    string
	Issued     kiosk.Date
	Expiry     kiosk.Date
	Surname    kiosk.PersonName
	Name       kiosk.PersonName
	Birth      kiosk.Date
	Sex        string
	FiscalCode kiosk.FiscalCode
	Used       int // bytes of the file up to the end of the last field
}

// The fields that are read, by their place.
const (
	emitter = iota
	issued
	expiry
	surname
	name
	birth
	sex
	height
	fiscalCode
	fields = 16
)

const headerLen = 6

// Error is why a file is refused. It quotes nothing of it.
var (
	errHeader = errors.New("personal data: no length in front")
	errFields = errors.New("personal data: the fields end before the codice fiscale")
	errText   = errors.New("personal data: a field holds control characters")
	errCode   = errors.New("personal data: no codice fiscale in its place")
)

// Length is how many bytes of the file its first six say that there are, at
// most: the reading that yields more.
func Length(head []byte) (int, error) {
	if len(head) < headerLen {
		return 0, errHeader
	}
	n, err := strconv.ParseUint(string(head[:headerLen]), 16, 32)
	if err != nil {
		return 0, errHeader
	}
	return headerLen + int(n), nil
}

// Parse reads the file.
func Parse(file []byte) (Record, error) {
	length, err := Length(file)
	if err != nil {
		return Record{}, err
	}
	texts, used, err := split(file[headerLen:min(length, len(file))])
	if err != nil {
		return Record{}, err
	}
	if len(texts) <= fiscalCode {
		return Record{}, errFields
	}
	code := texts[fiscalCode]
	if len(code) != 16 {
		return Record{}, errCode
	}
	if check, ok := notice.FiscalCheck(code[:15]); !ok || code[15] != check {
		return Record{}, errCode
	}
	r := Record{
		Emitter: texts[emitter], Surname: kiosk.PersonName(texts[surname]), Name: kiosk.PersonName(texts[name]),
		Sex: texts[sex], FiscalCode: kiosk.FiscalCode(code), Used: headerLen + used,
	}
	for _, d := range []struct {
		to *kiosk.Date
		at int
	}{{&r.Issued, issued}, {&r.Expiry, expiry}, {&r.Birth, birth}} {
		if *d.to, err = date(texts[d.at]); err != nil {
			return Record{}, fmt.Errorf("personal data: field %d: %w", d.at+1, err)
		}
	}
	return r, nil
}

// split cuts the fields apart. What follows the codice fiscale is not needed: a
// file that breaks off there is read as far as it goes.
func split(body []byte) (texts []string, used int, err error) {
	for len(texts) < fields {
		rest := body[used:]
		if len(rest) < 2 {
			break
		}
		n, err := strconv.ParseUint(string(rest[:2]), 16, 8)
		if err != nil || int(n) > len(rest)-2 {
			break
		}
		text, err := latin1(rest[2 : 2+n])
		if err != nil {
			return nil, 0, err
		}
		texts = append(texts, text)
		used += 2 + int(n)
	}
	return texts, used, nil
}

// latin1 reads ASCII. Which table the letters above it belong to is not written
// down anywhere; Latin 1 is what the issuers' systems had.
func latin1(b []byte) (string, error) {
	var s strings.Builder
	for _, c := range b {
		if c < ' ' || c >= 0x7F && c < 0xA0 {
			return "", errText
		}
		s.WriteRune(rune(c))
	}
	return strings.TrimSpace(s.String()), nil
}

// date reads DDMMYYYY; empty is no date.
func date(s string) (kiosk.Date, error) {
	if s == "" {
		return kiosk.Date{}, nil
	}
	if len(s) != 8 {
		return kiosk.Date{}, errors.New("not a date")
	}
	d, err := kiosk.ParseDate(s[4:] + "-" + s[2:4] + "-" + s[:2])
	if err != nil {
		return kiosk.Date{}, errors.New("not a date") // the text itself is nobody's business
	}
	return d, nil
}

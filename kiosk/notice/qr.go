package notice

// The pagoPA QR code, version 002 (docs.pagopa.it, allegato 2, codice QR).

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tserve/jolly/kiosk"
)

const (
	qrLiteral = "PAGOPA"
	qrVersion = "002"
	maxCents  = 11 // digits of an amount: the node's own limit is 999999999.99 euro
)

// QR writes the notice as the text of a pagoPA QR code, or "" when it names no
// creditor's code and so cannot stand in one. The amount has the two digits at
// least that the specification demands.
func QR(n kiosk.Notice) string {
	if len(n.Number) != numberLen || len(n.Creditor) != creditorLen || n.Amount < 0 || n.Amount > 999_999_999_99 {
		return ""
	}
	return fmt.Sprintf("%s|%s|%s|%s|%02d", qrLiteral, qrVersion, n.Number, n.Creditor, n.Amount.Cents())
}

// qrFields are the fields behind the literal: version, number, creditor,
// amount; the count of those that are there; what follows the fourth.
type qrFields struct {
	version, number, creditor, amount string
	count                             int
	tail                              string
}

func (r Reader) readQR(text string) (Reading, error) {
	rest := text[len(qrLiteral):]
	if rest == "" {
		return Reading{}, torn("QR ends after its first field")
	}
	if containsFold(rest, qrLiteral) || containsFold(rest, dmLiteral) {
		return Reading{}, torn("two codes in one")
	}
	_, size := utf8.DecodeRuneInString(rest)
	sep := rest[:size]
	if size == 1 && (isDigit(sep[0]) || isLetter(sep[0])) {
		return Reading{}, unreadable("QR without separator")
	}
	f := cutQR(rest[size:], sep)
	err := f.check()
	if sep != "|" {
		err = f.repaired()
	}
	if err != nil {
		return Reading{}, err
	}
	return r.accept(kiosk.NoticeQR, f.number, f.creditor, f.amount)
}

func cutQR(rest, sep string) qrFields {
	var f qrFields
	for _, field := range [...]*string{&f.version, &f.number, &f.creditor, &f.amount} {
		f.count++
		var more bool
		if *field, rest, more = strings.Cut(rest, sep); !more {
			return f
		}
	}
	f.tail = rest
	return f
}

// check judges the fields but the first digit of the number. The version comes
// first: what other versions hold behind it is not known.
func (f qrFields) check() error {
	if err := f.checkVersion(); err != nil {
		return err
	}
	return f.checkDigits()
}

// repaired is check for another separator than "|": that it is one must show in
// the whole text.
func (f qrFields) repaired() error {
	digits := f.checkDigits()
	if f.tail == "" && digits == nil {
		return f.checkVersion()
	}
	if f.version == qrVersion && f.tail == "" && kiosk.CodeOf(digits) == kiosk.CodeNoticeTorn {
		return digits
	}
	return unreadable("QR with another separator does not fit as a whole")
}

func (f qrFields) checkVersion() error {
	switch {
	case f.count == 1 && f.version != qrVersion && strings.HasPrefix(qrVersion, f.version):
		return torn("QR ends in its version")
	case len(f.version) != len(qrVersion) || !isDigits(f.version):
		return unreadable("QR version is not three digits")
	case f.version != qrVersion:
		return kiosk.Errorf(kiosk.CodeNoticeVersion, opRead, "QR version %s", f.version)
	}
	return nil
}

func (f qrFields) checkDigits() error {
	for _, d := range []struct {
		name, value string
		low, high   int
	}{
		{"notice number", f.number, numberLen, numberLen},
		{"creditor code", f.creditor, creditorLen, creditorLen},
		{"amount", f.amount, 1, maxCents},
	} {
		if d.value != "" && !isDigits(d.value) {
			return unreadable("QR %s is not digits", d.name)
		}
		if len(d.value) < d.low || len(d.value) > d.high {
			return torn("QR %s has %d digits, want %d to %d", d.name, len(d.value), d.low, d.high)
		}
	}
	return nil
}

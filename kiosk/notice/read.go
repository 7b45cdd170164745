package notice

// The front door: a scanned code in, a notice or a named refusal out.

import (
	"fmt"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

const opRead = "read notice"

// Reader reads codes. The zero value reads as production must.
type Reader struct {
	AnyAuxDigit bool // accept first digits 4 to 9, as numbers of test environments have
}

// Reading is all that one code holds. Notice is the question for the gateway;
// the rest stands on the postal slip only.
type Reading struct {
	Notice     kiosk.Notice
	Account    string           // postal current account, 12 digits
	DebtorCode kiosk.FiscalCode // of the person or firm who owes
	Debtor     kiosk.DebtorName
	Subject    Subject
}

// Subject is the free text on a slip; it may name persons and prints as redacted.
type Subject string

// Clear returns the text itself.
func (s Subject) Clear() string { return string(s) }

// Format prints the subject redacted under every verb.
func (s Subject) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// MarshalText writes the subject redacted, in JSON and in logs.
func (s Subject) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Read returns the notice that a scanned code names. Its errors are Problems.
func Read(code kiosk.ScannedCode) (kiosk.Notice, error) { return Reader{}.Read(code) }

// Read returns the notice that a scanned code names. Its errors are Problems.
func (r Reader) Read(code kiosk.ScannedCode) (kiosk.Notice, error) {
	got, err := r.Decode(code)
	return got.Notice, err
}

// Decode returns everything that a scanned code holds. Its errors are Problems.
func (r Reader) Decode(code kiosk.ScannedCode) (Reading, error) {
	sym, text := split(code)
	switch {
	case text == "":
		return Reading{}, kiosk.Errorf(kiosk.CodeNoticeUnreadable, opRead, "empty code")
	case sym.is("E"):
		return Reading{}, kiosk.Errorf(kiosk.CodeNoticeShop, opRead, "symbology EAN/UPC")
	case hasPrefixFold(text, qrLiteral):
		return r.readQR(text)
	case hasPrefixFold(text, dmLiteral):
		return r.readDataMatrix(text)
	case begins(text, "415"):
		return r.readGS1(sym, text)
	case len(text) >= codelineMarked && isDigits(text) && text[:2] == "18" && text[20:22] == "12":
		return r.readCodeline(text)
	}
	return Reading{}, refuse(sym, text)
}

// accept builds the reading of a code whose structure holds. Number and
// creditor are digits of the right length by now; creditor may be empty.
func (r Reader) accept(kind kiosk.NoticeKind, number, creditor, cents string) (Reading, error) {
	if err := r.aux(number); err != nil {
		return Reading{}, err
	}
	amount, err := kiosk.ParseCents(cents)
	if err != nil {
		return Reading{}, kiosk.Errorf(kiosk.CodeNoticeUnreadable, opRead, "amount: %w", err)
	}
	n := kiosk.Notice{Kind: kind, Number: kiosk.NoticeNumber(number), Creditor: kiosk.CreditorCode(creditor), Amount: amount}
	if !Mod93(number) {
		n.Warnings |= kiosk.WarnCheckDigits
	}
	if creditor != "" && !Luhn(creditor) {
		n.Warnings |= kiosk.WarnCreditorCheck
	}
	return Reading{Notice: n}, nil
}

func (r Reader) aux(number string) error {
	if number[0] > '3' && !r.AnyAuxDigit {
		return kiosk.Errorf(kiosk.CodeNoticeAuxDigit, opRead, "first digit of the notice number is not 0 to 3")
	}
	return nil
}

func torn(format string, args ...any) error {
	return kiosk.Errorf(kiosk.CodeNoticeTorn, opRead, format, args...)
}

func unreadable(format string, args ...any) error {
	return kiosk.Errorf(kiosk.CodeNoticeUnreadable, opRead, format, args...)
}

// symbol is an AIM symbology identifier without its "]", or "" where the reader sends none.
type symbol string

// is says that the identifier is known and of one of the families, letters of ISO/IEC 15424.
func (s symbol) is(families string) bool {
	return s != "" && strings.IndexByte(families, s[0]) >= 0
}

// may says that the code could be of one of the families: it is, or nobody said.
func (s symbol) may(families string) bool { return s == "" || s.is(families) }

// linear are the families of bars that are no EAN/UPC.
const linear = "ABCFGHIKRS"

// split takes apart identifier and text and strips what readers add around both.
func split(code kiosk.ScannedCode) (symbol, string) {
	text := strings.Trim(code.Text, "\x00\x02\x03 \t\r\n")
	text = strings.TrimPrefix(text, "\ufeff")
	sym := symbol(strings.TrimPrefix(code.AIM, "]"))
	if s, rest, ok := CutAIM(text); ok && (sym == "" || s == string(sym)) {
		sym, text = symbol(s), rest
	}
	if sym.is("Qdz") { // a reader in ECI mode sends the character set in front of the text
		text = cutECI(text)
	}
	return sym, strings.TrimLeft(text, " ")
}

// CutAIM takes an AIM symbology identifier, "]" letter sign, off the front of a text.
func CutAIM(text string) (aim, rest string, ok bool) {
	if len(text) < 3 || text[0] != ']' || !isLetter(text[1]) || !isLetter(text[2]) && !isDigit(text[2]) {
		return "", text, false
	}
	return text[1:3], text[3:], true
}

// cutECI takes one "\nnnnnn" off the front of a text.
func cutECI(text string) string {
	if len(text) >= 7 && text[0] == '\\' && isDigits(text[1:7]) {
		return text[7:]
	}
	return text
}

package notice

// What a citizen types from the paper: the notice number and the creditor's code.

import (
	"strings"
	"unicode"

	"github.com/tserve/jolly/kiosk"
)

const (
	numberLen   = 18
	creditorLen = 11
	glnLen      = 13
	opTyped     = "read typed notice"
)

// ReadTyped makes a notice of the two numbers as typed, blanks and dashes in
// them allowed. Wrong check digits are warnings, to be asked about once and
// then left to the gateway. Its errors are Problems.
func ReadTyped(number, creditor string) (kiosk.Notice, error) {
	return Reader{}.ReadTyped(number, creditor)
}

// ReadTyped is the function ReadTyped under the reader's rules.
func (r Reader) ReadTyped(number, creditor string) (kiosk.Notice, error) {
	n, doubt, err := r.CheckNumber(number)
	if err != nil {
		return kiosk.Notice{}, err
	}
	c, more, err := CheckCreditor(creditor)
	if err != nil {
		return kiosk.Notice{}, err
	}
	return kiosk.Notice{Kind: kiosk.NoticeTyped, Number: n, Creditor: c, Warnings: doubt | more}, nil
}

// CheckNumber reads a notice number as typed: 18 digits, the first of them 0 to 3.
func CheckNumber(text string) (kiosk.NoticeNumber, kiosk.Warning, error) {
	return Reader{}.CheckNumber(text)
}

// CheckNumber is the function CheckNumber under the reader's rules.
func (r Reader) CheckNumber(text string) (kiosk.NoticeNumber, kiosk.Warning, error) {
	number := squeeze(text)
	if len(number) != numberLen || !isDigits(number) {
		return "", 0, kiosk.Errorf(kiosk.CodeNoticeLength, opTyped, "notice number: %d characters, want %d digits", len(number), numberLen)
	}
	if err := r.aux(number); err != nil {
		return "", 0, err
	}
	var doubt kiosk.Warning
	if !Mod93(number) {
		doubt = kiosk.WarnCheckDigits
	}
	return kiosk.NoticeNumber(number), doubt, nil
}

// CheckCreditor reads a creditor's fiscal code as typed: 11 digits.
func CheckCreditor(text string) (kiosk.CreditorCode, kiosk.Warning, error) {
	code := cutCountry(squeeze(text))
	if len(code) != creditorLen || !isDigits(code) {
		return "", 0, kiosk.Errorf(kiosk.CodeNoticeCreditor, opTyped, "creditor code: %d characters, want %d digits", len(code), creditorLen)
	}
	var doubt kiosk.Warning
	if !Luhn(code) {
		doubt = kiosk.WarnCreditorCheck
	}
	return kiosk.CreditorCode(code), doubt, nil
}

// cutCountry takes the "IT" off the front of a VAT number.
func cutCountry(code string) string { return strings.TrimPrefix(code, "IT") }

// squeeze takes out blanks and dashes, which group the digits on paper, and
// writes the rest in upper case.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, text)
}

package notice

// The codice fiscale of persons, with omocodia, and the partita IVA.

import (
	"strings"

	"github.com/tserve/jolly/kiosk"
)

// Flaw is why a code or a plate is not right, as a word for machines.
type Flaw string

// The flaws.
const (
	FlawLength      Flaw = "length"
	FlawCharacters  Flaw = "characters" // a sign that cannot stand in its place
	FlawDate        Flaw = "date"       // no such day, or one to come
	FlawCheck       Flaw = "check-character"
	FlawCheckDigits Flaw = "check-digits"
	FlawPlate       Flaw = "plate" // fits no kind of plate
)

// Error makes a Flaw an error.
func (f Flaw) Error() string { return "flaw: " + string(f) }

// Person is what a codice fiscale says.
type Person struct {
	Code     kiosk.FiscalCode
	Base     kiosk.FiscalCode // the code before omocodia, equal to Code where there is none
	Birth    kiosk.Date
	Sex      byte   // 'M' or 'F'
	Place    string // Belfiore code, "G999": not looked up, new ones come and old ones go
	Omocodia bool
}

const (
	fiscalLen    = 16
	omocodia     = "LMNPQRSTUV" // in place of 0 to 9
	fiscalMonths = "ABCDEHLMPRST"
)

// fiscalDigits are the places of digits, where letters of omocodia may stand.
var fiscalDigits = [...]int{6, 7, 9, 10, 12, 13, 14}

// fiscalOdd are the values of 0 to 9, then of A to Z, at the first, third ... place.
var fiscalOdd = [...]int{
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21,
	1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
}

// CheckFiscalCode reads a person's codice fiscale of 16 characters, blanks,
// dashes and lower case allowed. The code has two digits of the year: of the
// birthdays that they can mean it takes the latest that is not after today.
// Its errors are Flaws.
func CheckFiscalCode(text string, today kiosk.Date) (Person, error) {
	code := squeeze(text)
	if len(code) != fiscalLen {
		return Person{}, FlawLength
	}
	base, err := undoOmocodia(code)
	if err != nil {
		return Person{}, err
	}
	if fiscalCheck(code[:15]) != code[15] {
		return Person{}, FlawCheck
	}
	p := Person{Code: kiosk.FiscalCode(code), Sex: 'M', Place: base[11:15], Omocodia: base[:15] != code[:15]}
	p.Base = kiosk.FiscalCode(base[:15] + string(fiscalCheck(base[:15])))
	day := number2(base[9:11])
	if day > 40 {
		day, p.Sex = day-40, 'F'
	}
	month := strings.IndexByte(fiscalMonths, base[8]) + 1
	var ok bool
	if p.Birth, ok = birthday(number2(base[6:8]), month, day, today); !ok {
		return Person{}, FlawDate
	}
	return p, nil
}

// FiscalCheck is the check character of the first 15 characters of a codice
// fiscale; ok is false where something else than letters and digits stands there.
func FiscalCheck(first15 string) (check byte, ok bool) {
	first15 = strings.ToUpper(first15)
	if len(first15) != fiscalLen-1 {
		return 0, false
	}
	for i := range len(first15) {
		if !isDigit(first15[i]) && !isLetter(first15[i]) {
			return 0, false
		}
	}
	return fiscalCheck(first15), true
}

// undoOmocodia gives the code with digits in the places of digits and tells
// whether every place holds what it may.
func undoOmocodia(code string) (string, error) {
	base := []byte(code)
	for _, i := range fiscalDigits {
		if d := strings.IndexByte(omocodia, base[i]); d >= 0 {
			base[i] = byte('0' + d)
		}
		if !isDigit(base[i]) {
			return "", FlawCharacters
		}
	}
	for _, i := range [...]int{0, 1, 2, 3, 4, 5, 8, 11, 15} {
		if base[i] < 'A' || base[i] > 'Z' {
			return "", FlawCharacters
		}
	}
	if strings.IndexByte(fiscalMonths, base[8]) < 0 {
		return "", FlawCharacters
	}
	return string(base), nil
}

// fiscalCheck wants 15 upper-case letters and digits.
func fiscalCheck(first15 string) byte {
	sum := 0
	for i := range len(first15) {
		b := first15[i]
		letter := !isDigit(b)
		switch {
		case i%2 == 0 && letter:
			sum += fiscalOdd[10+int(b-'A')]
		case i%2 == 0:
			sum += fiscalOdd[int(b-'0')]
		case letter:
			sum += int(b - 'A')
		default:
			sum += int(b - '0')
		}
	}
	return byte('A' + sum%26)
}

func number2(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

// birthday finds the latest day of that name which is not after today.
func birthday(yy, month, day int, today kiosk.Date) (kiosk.Date, bool) {
	for century := today.Year - today.Year%100; century >= today.Year-200; century -= 100 {
		d := kiosk.Date{Year: century + yy, Month: month, Day: day}
		if day >= 1 && day <= daysOf(d.Year, month) && !today.Before(d) {
			return d, true
		}
	}
	return kiosk.Date{}, false
}

func daysOf(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

// CheckVAT reads a partita IVA, or the numeric codice fiscale of a body, blanks
// and a leading "IT" allowed. Its errors are Flaws.
func CheckVAT(text string) (string, error) {
	code := cutCountry(squeeze(text))
	switch {
	case len(code) != creditorLen:
		return "", FlawLength
	case !isDigits(code):
		return "", FlawCharacters
	case !Luhn(code):
		return "", FlawCheckDigits
	}
	return code, nil
}

package notice

// Check digits of notice numbers, creditors, GLNs and EANs.

// Mod93 says that the check digits of a notice number hold (SACI 1.4.0, 2.2.2):
// the last two are the first sixteen modulo 93. Numbers of aux digit 1 have
// none and always hold. Anything but 18 digits does not hold.
func Mod93(number string) bool {
	if len(number) != numberLen || !isDigits(number) {
		return false
	}
	if number[0] == '1' {
		return true
	}
	var n uint64
	for i := range 16 {
		n = n*10 + uint64(number[i]-'0')
	}
	return n%93 == uint64(number[16]-'0')*10+uint64(number[17]-'0')
}

// Luhn says that the check digit of a partita IVA, or of the numeric codice
// fiscale of a body, holds. Anything but 11 digits does not hold.
func Luhn(code string) bool {
	if len(code) != creditorLen || !isDigits(code) {
		return false
	}
	sum := 0
	for i := range len(code) {
		d := int(code[i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// GS1Mod10 says that the last digit of a GLN, an EAN-8, EAN-13 or UPC-A is the
// GS1 check digit of the others.
func GS1Mod10(code string) bool {
	if !isDigits(code) {
		return false
	}
	sum := 0
	for i := range len(code) {
		d := int(code[len(code)-1-i] - '0')
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return sum%10 == 0
}

// mod97 is ISO 7064 MOD 97-10 of digits and letters, letters as 10 to 35; ok
// is false for other signs.
func mod97(s string) (rest int, ok bool) {
	for i := range len(s) {
		switch b := s[i]; {
		case isDigit(b):
			rest = (rest*10 + int(b-'0')) % 97
		case isLetter(b):
			rest = (rest*100 + int(lower(b)-'a') + 10) % 97
		default:
			return 0, false
		}
	}
	return rest, true
}

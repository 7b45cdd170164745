package notice

// ISO 11649 creditor references, "RF" and two check digits in front.

import "fmt"

// CheckRF reads a structured creditor reference, blanks and lower case allowed,
// and returns it in upper case without blanks. Its errors are Flaws.
func CheckRF(text string) (string, error) {
	ref := squeeze(text)
	if len(ref) < 5 || len(ref) > 25 {
		return "", FlawLength
	}
	if ref[:2] != "RF" || !isDigits(ref[2:4]) {
		return "", FlawCharacters
	}
	switch rest, ok := mod97(ref[4:] + ref[:4]); {
	case !ok:
		return "", FlawCharacters
	case rest != 1:
		return "", FlawCheckDigits
	}
	return ref, nil
}

// BuildRF puts "RF" and the check digits in front of 1 to 21 letters and digits.
func BuildRF(reference string) (string, error) {
	ref := squeeze(reference)
	if len(ref) < 1 || len(ref) > 21 {
		return "", FlawLength
	}
	rest, ok := mod97(ref + "RF00")
	if !ok {
		return "", FlawCharacters
	}
	return fmt.Sprintf("RF%02d%s", 98-rest, ref), nil
}

package notice

// Number plates of vehicles, by kind, as issued since 1994.

import "strings"

// PlateKind is the kind of vehicle that a plate belongs to.
type PlateKind string

// The kinds.
const (
	PlateCar       PlateKind = "car"
	PlateMotorbike PlateKind = "motorbike"
	PlateMoped     PlateKind = "moped"
	PlateTrailer   PlateKind = "trailer"
)

// plateForms are the kinds in order: a trailer's plate would fit a car too.
// L is a letter of plates, d a digit, m a sign of moped plates, others are
// themselves.
var plateForms = []struct {
	kind PlateKind
	form string
}{
	{PlateTrailer, "XLdddLL"},
	{PlateCar, "LLdddLL"},
	{PlateMotorbike, "LLddddd"},
	{PlateMoped, "mmmmmm"},
}

// CheckPlate reads a plate, blanks, dashes and lower case allowed, and returns
// it in upper case without them. "EE" in front is for foreigners passing through:
// another form of plate. Plates before 1994, of a province and digits,
// fit no form here. Its errors are Flaws.
func CheckPlate(text string) (string, PlateKind, error) {
	plate := squeeze(text)
	if len(plate) < 6 || len(plate) > 7 {
		return "", "", FlawLength
	}
	for _, f := range plateForms {
		if fitsPlate(plate, f.form) && plate[:2] != "EE" {
			return plate, f.kind, nil
		}
	}
	return "", "", FlawPlate
}

func fitsPlate(plate, form string) bool {
	if len(plate) != len(form) {
		return false
	}
	for i := range len(form) {
		if !plateSign(plate[i], form[i]) {
			return false
		}
	}
	return true
}

func plateSign(b, form byte) bool {
	switch form {
	case 'L':
		return 'A' <= b && b <= 'Z' && !strings.ContainsRune("IOQU", rune(b))
	case 'd':
		return isDigit(b)
	case 'm':
		return 'B' <= b && b <= 'Z' && !strings.ContainsRune("EIOQU", rune(b)) || '2' <= b && b <= '9'
	default:
		return b == form
	}
}

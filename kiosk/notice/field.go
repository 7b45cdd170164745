package notice

// What is typed into the fields of a service's form.

import (
	"strconv"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

// Further flaws, of forms.
const (
	FlawMissing Flaw = "missing" // nothing was typed
	FlawRange   Flaw = "range"   // an amount that is too small or too large
	FlawChoice  Flaw = "choice"  // none of the field's options
	FlawKind    Flaw = "kind"    // a kind of field that is not known here
	FlawVehicle Flaw = "vehicle" // the plate of another kind of vehicle
	FlawFields  Flaw = "fields"  // another number of fields than the service has
)

// someDay is later than every birthday: for whoever does not know today.
var someDay = kiosk.Date{Year: 2199, Month: 12, Day: 31}

// CheckField reads what was typed into a field and returns it as it is sent: in
// upper case, without the blanks and dashes that group it. Nothing is right only
// for an optional field. Today bounds birthdays; the zero date bounds nothing.
// Its errors are Flaws.
func CheckField(f kiosk.Field, text string, today kiosk.Date) (string, error) {
	value := squeeze(text)
	switch f.Kind {
	case kiosk.FieldLetters:
		value = strings.ToUpper(strings.Join(strings.Fields(text), " "))
	case kiosk.FieldChoice:
		value = text
	}
	if value == "" {
		if f.Optional {
			return "", nil
		}
		return "", FlawMissing
	}
	switch f.Kind {
	case kiosk.FieldPlate:
		plate, _, err := CheckPlate(value)
		return plate, err
	case kiosk.FieldFiscalCode:
		return checkPerson(value, today)
	case kiosk.FieldVAT:
		return CheckVAT(value)
	case kiosk.FieldDigits:
		return checkSigns(f, value, isDigit)
	case kiosk.FieldLetters:
		return checkSigns(f, value, func(b byte) bool { return isDigit(b) || isLetter(b) || b == ' ' })
	case kiosk.FieldDate:
		return checkDay(value)
	case kiosk.FieldAmount:
		return checkAmount(f, value)
	case kiosk.FieldChoice:
		for _, o := range f.Options {
			if o.Value == value {
				return value, nil
			}
		}
		return "", FlawChoice
	}
	return "", FlawKind
}

func checkPerson(value string, today kiosk.Date) (string, error) {
	if today.IsZero() {
		today = someDay
	}
	p, err := CheckFiscalCode(value, today)
	if err != nil {
		return "", err
	}
	return p.Code.Clear(), nil
}

func checkSigns(f kiosk.Field, value string, ok func(byte) bool) (string, error) {
	for i := range len(value) {
		if !ok(value[i]) {
			return "", FlawCharacters
		}
	}
	if len(value) < f.Min || f.Max > 0 && len(value) > f.Max {
		return "", FlawLength
	}
	return value, nil
}

// checkDay wants DDMMYYYY, slashes allowed.
func checkDay(value string) (string, error) {
	value = strings.ReplaceAll(value, "/", "")
	switch {
	case len(value) != 8:
		return "", FlawLength
	case !isDigits(value):
		return "", FlawCharacters
	}
	day, month, year := number2(value[:2]), number2(value[2:4]), number2(value[4:6])*100+number2(value[6:8])
	if year < 1900 || year > someDay.Year || month < 1 || month > 12 || day < 1 || day > daysOf(year, month) {
		return "", FlawDate
	}
	return value, nil
}

// checkAmount wants cents.
func checkAmount(f kiosk.Field, value string) (string, error) {
	if !isDigits(value) {
		return "", FlawCharacters
	}
	most := int64(kiosk.MaxCharge)
	if f.Max > 0 {
		most = min(most, int64(f.Max))
	}
	cents, err := strconv.ParseInt(value, 10, 64)
	if err != nil || cents < max(1, int64(f.Min)) || cents > most {
		return "", FlawRange
	}
	return strconv.FormatInt(cents, 10), nil
}

// CheckForm reads the values of a whole form, one for each field of the service
// in their order, and returns them as they are sent. A plate must be of the kind
// of vehicle that a choice of the same form names; bad is the index of the field
// that the Flaw is about.
func CheckForm(s kiosk.Service, values []kiosk.FormValue, today kiosk.Date) (out []kiosk.FormValue, bad int, err error) {
	if len(values) != len(s.Fields) || len(values) > kiosk.MaxFields {
		return nil, 0, FlawFields
	}
	vehicle := PlateKind("")
	for i, f := range s.Fields {
		if f.Kind == kiosk.FieldChoice && vehicleKind(values[i].Clear()) {
			vehicle = PlateKind(values[i].Clear())
		}
	}
	for i, f := range s.Fields {
		value, err := CheckField(f, values[i].Clear(), today)
		if err != nil {
			return nil, i, err
		}
		if f.Kind == kiosk.FieldPlate && value != "" && vehicle != "" {
			if _, kind, _ := CheckPlate(value); kind != vehicle {
				return nil, i, FlawVehicle
			}
		}
		out = append(out, kiosk.FormValue(value))
	}
	return out, 0, nil
}

func vehicleKind(s string) bool {
	switch PlateKind(s) {
	case PlateCar, PlateMotorbike, PlateMoped, PlateTrailer:
		return true
	}
	return false
}

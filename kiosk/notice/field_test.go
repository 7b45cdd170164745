package notice_test

// The fields of forms: what is taken, and as what it is sent.

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

func TestCheckField(t *testing.T) {
	check, _ := notice.FiscalCheck("RSSMRA80A01G999")
	person := "RSSMRA80A01G999" + string(check)
	digits := kiosk.Field{Kind: kiosk.FieldDigits, Min: 4, Max: 6}
	letters := kiosk.Field{Kind: kiosk.FieldLetters, Min: 2, Max: 10}
	amount := kiosk.Field{Kind: kiosk.FieldAmount, Min: 100, Max: 5000}
	choice := kiosk.Field{Kind: kiosk.FieldChoice, Options: []kiosk.Option{{Value: "car"}, {Value: "moped"}}}
	for _, c := range []struct {
		name  string
		field kiosk.Field
		text  string
		want  string
		err   error
	}{
		{"plate", kiosk.Field{Kind: kiosk.FieldPlate}, "ab-123 cd", "AB123CD", nil},
		{"plate of no form", kiosk.Field{Kind: kiosk.FieldPlate}, "AB12345X", "", notice.FlawLength},
		{"person", kiosk.Field{Kind: kiosk.FieldFiscalCode}, " " + person[:6] + " " + person[6:], person, nil},
		{"person's check letter", kiosk.Field{Kind: kiosk.FieldFiscalCode}, person[:15] + string('A'+(check-'A'+1)%26), "", notice.FlawCheck},
		{"vat", kiosk.Field{Kind: kiosk.FieldVAT}, "IT 00337360978", "00337360978", nil},
		{"vat's check digit", kiosk.Field{Kind: kiosk.FieldVAT}, "00337360979", "", notice.FlawCheckDigits},
		{"digits", digits, "12 34", "1234", nil},
		{"too few digits", digits, "123", "", notice.FlawLength},
		{"too many digits", digits, "1234567", "", notice.FlawLength},
		{"letters among digits", digits, "12O4", "", notice.FlawCharacters},
		{"letters", letters, "  via  a 2 ", "VIA A 2", nil},
		{"letters of no keypad", letters, "via è", "", notice.FlawCharacters},
		{"date", kiosk.Field{Kind: kiosk.FieldDate}, "29/02/2024", "29022024", nil},
		{"no such day", kiosk.Field{Kind: kiosk.FieldDate}, "29022025", "", notice.FlawDate},
		{"amount", amount, "0250", "250", nil},
		{"small amount", amount, "99", "", notice.FlawRange},
		{"large amount", amount, "5001", "", notice.FlawRange},
		{"larger than a number", amount, "99999999999999999999", "", notice.FlawRange},
		{"choice", choice, "moped", "moped", nil},
		{"no choice", choice, "MOPED", "", notice.FlawChoice},
		{"nothing", digits, " ", "", notice.FlawMissing},
		{"nothing, optional", kiosk.Field{Kind: kiosk.FieldPlate, Optional: true}, " ", "", nil},
		{"unknown kind", kiosk.Field{Kind: "colour"}, "red", "", notice.FlawKind},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := notice.CheckField(c.field, c.text, kiosk.Date{})
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

// A birthday to come is refused where today is known.
func TestCheckFieldKnowsToday(t *testing.T) {
	f := kiosk.Field{Kind: kiosk.FieldFiscalCode}
	check, _ := notice.FiscalCheck("RSSMRA80A01G999")
	text := "RSSMRA80A01G999" + string(check)
	if got, err := notice.CheckField(f, text, kiosk.Date{Year: 2026, Month: 11, Day: 22}); err != nil || got != text {
		t.Errorf("%q, %v", got, err)
	}
}

func TestCheckForm(t *testing.T) {
	service := kiosk.Service{Fields: []kiosk.Field{
		{ID: "vehicle", Kind: kiosk.FieldChoice, Options: []kiosk.Option{{Value: "car"}, {Value: "motorbike"}}},
		{ID: "plate", Kind: kiosk.FieldPlate},
	}}
	out, _, err := notice.CheckForm(service, []kiosk.FormValue{"car", "ab 123 cd"}, kiosk.Date{})
	if err != nil || len(out) != 2 || out[1].Clear() != "AB123CD" {
		t.Errorf("%v, %v", len(out), err)
	}
	if _, bad, err := notice.CheckForm(service, []kiosk.FormValue{"motorbike", "AB123CD"}, kiosk.Date{}); bad != 1 || !errors.Is(err, notice.FlawVehicle) {
		t.Errorf("a car's plate on a motorbike: field %d, %v", bad, err)
	}
	if _, bad, err := notice.CheckForm(service, []kiosk.FormValue{"boat", "AB123CD"}, kiosk.Date{}); bad != 0 || !errors.Is(err, notice.FlawChoice) {
		t.Errorf("a boat: field %d, %v", bad, err)
	}
	if _, _, err := notice.CheckForm(service, []kiosk.FormValue{"car"}, kiosk.Date{}); !errors.Is(err, notice.FlawFields) {
		t.Errorf("half a form: %v", err)
	}
}

// What a check gave back passes it again unchanged.
func TestCheckFieldIsIdempotent(t *testing.T) {
	kinds := []kiosk.FieldKind{kiosk.FieldPlate, kiosk.FieldFiscalCode, kiosk.FieldVAT, kiosk.FieldDigits, kiosk.FieldLetters,
		kiosk.FieldDate, kiosk.FieldAmount}
	rapid.Check(t, func(t *rapid.T) {
		f := kiosk.Field{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Optional: rapid.Bool().Draw(t, "optional")}
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9A-Za-z /.-]{0,20}`), rapid.StringMatching(`[0-3][0-9][01][0-9]20[0-9]{2}`)).Draw(t, "text")
		once, err := notice.CheckField(f, text, kiosk.Date{})
		if err != nil {
			if once != "" {
				t.Fatalf("a refused text came back")
			}
			return
		}
		if twice, err := notice.CheckField(f, once, kiosk.Date{}); err != nil || twice != once {
			t.Fatalf("%q, then %q, %v", once, twice, err)
		}
	})
}

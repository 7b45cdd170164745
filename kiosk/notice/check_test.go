package notice_test

// Check digits and the codes of persons, firms, references and vehicles.

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

func TestMod93(t *testing.T) {
	for number, want := range map[string]bool{
		"302032002700000251": true, "300715700000000032": true, "330161072745098448": true, "301730000000007517": true,
		"302032002700000252": false, "470000008800999051": false, "001000000000000199": false,
		"112345678901234567": true, "": false, "30203200270000025": false, "30203200270000025x": false,
	} {
		if got := notice.Mod93(number); got != want {
			t.Errorf("Mod93(%q) = %v, want %v", number, got, want)
		}
	}
}

func TestLuhn(t *testing.T) {
	for code, want := range map[string]bool{
		"03334231200": true, "00743110157": true, "00743110158": false, "12345678901": false, "77777777777": false,
		"": false, "0333423120": false, "0333423120x": false,
	} {
		if got := notice.Luhn(code); got != want {
			t.Errorf("Luhn(%q) = %v, want %v", code, got, want)
		}
	}
}

// One digit typed wrongly, or two neighbours in the wrong order, is what check
// digits are for.
func TestMod93CatchesMistypedDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.StringMatching(`[023][0-9]{15}`).Draw(t, "base")
		var n uint64
		for i := range len(base) {
			n = n*10 + uint64(base[i]-'0')
		}
		good := fmt.Sprintf("%s%02d", base, n%93)
		if !notice.Mod93(good) {
			t.Fatalf("%s does not hold", good)
		}
		at := rapid.IntRange(1, 15).Draw(t, "at")
		bad := []byte(good)
		if rapid.Bool().Draw(t, "swap") {
			bad[at-1], bad[at] = bad[at], bad[at-1]
		} else {
			bad[at] = '0' + (bad[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		}
		// A swap may bring "1" to the front: such numbers have no check digits.
		if string(bad) != good && bad[0] != '1' && notice.Mod93(string(bad)) {
			t.Fatalf("%s holds beside %s", bad, good)
		}
	})
}

func TestCheckFiscalCode(t *testing.T) {
	tests := []struct {
		text  string
		want  string // birth sex place omocodia
		flaw  error
		today kiosk.Date
	}{
		{text: "RSSMRA68A01H501Y", want: "1968-01-01 M H501 false"},
		{text: "rss mra 68a01 h501y", want: "1968-01-01 M H501 false"},
		{text: "CNTCHR83T41D969D", want: "1983-12-01 F D969 false"},
		{text: "CCCFBA85D03L21VE", want: "1985-04-03 M L219 true"},
		{text: "CCCFBA85D0PLNMVA", want: "1985-04-03 M L219 true"},
		{text: "FOXDRA26C24H872Y", want: "2026-03-24 M H872 false"},
		{text: "FOXDRA26C24H872Y", want: "1926-03-24 M H872 false", today: kiosk.Date{Year: 2026, Month: 3, Day: 23}},
		{text: withCheck("RSSMRA00B29H501"), want: "2000-02-29 M H501 false"},
		{text: withCheck("RSSMRA01B29H501"), flaw: notice.FlawDate},
		{text: withCheck("RSSMRA68A00H501"), flaw: notice.FlawDate},
		{text: withCheck("RSSMRA68A32H501"), flaw: notice.FlawDate},
		{text: withCheck("RSSMRA68D71H501"), flaw: notice.FlawDate},
		{text: "RSSMRA68A01H501Z", flaw: notice.FlawCheck},
		{text: "RSSMRA68A01H501", flaw: notice.FlawLength},
		{text: "", flaw: notice.FlawLength},
		{text: "RSSMRA68F01H501Y", flaw: notice.FlawCharacters},
		{text: "RSSMRA6XA01H501Y", flaw: notice.FlawCharacters},
		{text: "R5SMRA68A01H501Y", flaw: notice.FlawCharacters},
		{text: "RSSMRA68A01H501é", flaw: notice.FlawLength},
		{text: "RSSMRA68A01H50é", flaw: notice.FlawCharacters},
	}
	for _, tt := range tests {
		if tt.today.IsZero() {
			tt.today = today
		}
		p, err := notice.CheckFiscalCode(tt.text, tt.today)
		if tt.flaw != nil {
			if !errors.Is(err, tt.flaw) {
				t.Errorf("%s: %v, want %v", tt.text, err, tt.flaw)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := fmt.Sprintf("%s %c %s %v", p.Birth, p.Sex, p.Place, p.Omocodia); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.text, got, tt.want)
		}
	}
}

func withCheck(first15 string) string {
	c, _ := notice.FiscalCheck(first15)
	return first15 + string(c)
}

// Every omocode of a code is right and leads back to it.
func TestOmocodiaLeadsBack(t *testing.T) {
	const base = "CCCFBA85D03L219P"
	places := []int{6, 7, 9, 10, 12, 13, 14}
	for mask := range 1 << len(places) {
		code := []byte(base[:15])
		for i, at := range places {
			if mask>>i&1 == 1 {
				code[at] = "LMNPQRSTUV"[code[at]-'0']
			}
		}
		p, err := notice.CheckFiscalCode(withCheck(string(code)), today)
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		equal(t, "base", p.Base.Clear(), base)
		equal(t, "omocodia", p.Omocodia, mask != 0)
	}
}

func TestCheckVAT(t *testing.T) {
	for text, want := range map[string]error{
		"00743110157": nil, "IT 00743110157": nil, "it-00743110157": nil, "84006890481": nil,
		"00743110158": notice.FlawCheckDigits, "0074311015": notice.FlawLength, "0074311015A": notice.FlawCharacters,
	} {
		if _, err := notice.CheckVAT(text); !errors.Is(err, want) {
			t.Errorf("CheckVAT(%q) = %v, want %v", text, err, want)
		}
	}
}

func TestRF(t *testing.T) {
	for text, want := range map[string]error{
		"RF45w9": nil, "RF18 5390 0754 7034": nil, "RF97XX5ZIC": nil, "rf72yw": nil,
		"RF17539007547034": notice.FlawCheckDigits, "RF45": notice.FlawLength, "RFXXW9": notice.FlawCharacters,
		"AB45W9": notice.FlawCharacters, "RF45W_": notice.FlawCharacters, "RF45" + strings.Repeat("1", 22): notice.FlawLength,
	} {
		if _, err := notice.CheckRF(text); !errors.Is(err, want) {
			t.Errorf("CheckRF(%q) = %v, want %v", text, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		ref := rapid.StringMatching(`[0-9A-Z]{1,21}`).Draw(t, "reference")
		built, err := notice.BuildRF(ref)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := notice.CheckRF(built); err != nil || got != built {
			t.Fatalf("%s built of %s: %s, %v", built, ref, got, err)
		}
	})
	if got, err := notice.BuildRF("w9"); got != "RF45W9" || err != nil {
		t.Errorf("BuildRF(w9) = %s, %v, want the example of SACI, RF45W9", got, err)
	}
}

func TestCheckPlate(t *testing.T) {
	tests := []struct {
		text, plate string
		kind        notice.PlateKind
	}{
		{"AB123CD", "AB123CD", notice.PlateCar}, {"ab 123 cd", "AB123CD", notice.PlateCar}, {"XA999 EE", "XA999EE", notice.PlateTrailer},
		{"AB12345", "AB12345", notice.PlateMotorbike}, {"X2B3C4", "X2B3C4", notice.PlateMoped}, {"BCDF23", "BCDF23", notice.PlateMoped},
		{"EE123AA", "", ""}, {"EE12345", "", ""}, {"$$123EL", "", ""}, {"AA333IA", "", ""}, {"AB123C", "", ""}, {"", "", ""},
		{"AB1234567", "", ""}, {"A2B3C4", "", ""}, {"X1B3C4", "", ""}, {"AB123ÇD", "", ""},
	}
	for _, tt := range tests {
		plate, kind, err := notice.CheckPlate(tt.text)
		if plate != tt.plate || kind != tt.kind || (err == nil) != (tt.plate != "") {
			t.Errorf("CheckPlate(%q) = %q, %q, %v, want %q, %q", tt.text, plate, kind, err, tt.plate, tt.kind)
		}
	}
}

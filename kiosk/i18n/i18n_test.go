package i18n

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
)

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		lang kiosk.Language
		in   kiosk.Amount
		want string
	}{
		{kiosk.Italian, 8640, "86,40\u00a0€"},
		{kiosk.English, 8640, "€86.40"},
		{kiosk.Chinese, 8640, "86.40\u00a0欧元"},
		{kiosk.Italian, 99999999999, "999.999.999,99\u00a0€"},
		{kiosk.English, 100000, "€1,000.00"},
		{kiosk.Italian, 5, "0,05\u00a0€"},
		{kiosk.Italian, -240, "-2,40\u00a0€"},
	} {
		if got := Money(c.lang, c.in); got != c.want {
			t.Errorf("Money(%s, %v) = %q, want %q", c.lang, c.in, got, c.want)
		}
	}
}

func TestDate(t *testing.T) {
	d := kiosk.Date{Year: 2026, Month: 9, Day: 30}
	for lang, want := range map[kiosk.Language]string{
		kiosk.Italian: "30\u00a0settembre 2026", kiosk.English: "30\u00a0September 2026", kiosk.Chinese: "2026年9月30日",
	} {
		if got := Date(lang, d); got != want {
			t.Errorf("Date(%s) = %q, want %q", lang, got, want)
		}
	}
	if got := Date(kiosk.Italian, kiosk.Date{}); got != "" {
		t.Errorf("no date = %q", got)
	}
}

func TestDateTimeIsPratos(t *testing.T) {
	w := kiosk.Wall{UnixMilli: 1795359845000} // 2026-11-22 14:24:05 UTC
	w.UnixMilli = 1795357445000
	got := DateTime(kiosk.Italian, w)
	if !regexp.MustCompile(`^\d\d/\d\d/2026 \d\d:\d\d:\d\d$`).MatchString(got) {
		t.Errorf("DateTime = %q", got)
	}
	summer := kiosk.Wall{UnixMilli: 1784541600000} // 2026-07-20 10:00:00 UTC
	if got := DateTime(kiosk.Italian, summer); got != "20/07/2026 12:00:00" {
		t.Errorf("summer time: %q", got)
	}
}

var placeholder = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

func placeholders(s string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Every key stands in every language, with the same placeholders, and is not empty.
func TestCatalogueIsComplete(t *testing.T) {
	for _, lang := range kiosk.Languages() {
		for _, other := range kiosk.Languages() {
			for key, text := range Keys(lang) {
				otherText, ok := Keys(other)[key]
				if !ok {
					t.Errorf("%s: key %q of %s is missing", other, key, lang)
					continue
				}
				if a, b := placeholders(text), placeholders(otherText); !slices.Equal(a, b) {
					t.Errorf("key %q: placeholders %v in %s, %v in %s", key, a, lang, b, other)
				}
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s: key %q is empty", lang, key)
				}
			}
		}
	}
}

func TestMissingKeyYieldsItself(t *testing.T) {
	if got := T(kiosk.Italian, "no_such_key", nil); got != "no_such_key" {
		t.Errorf("got %q", got)
	}
}

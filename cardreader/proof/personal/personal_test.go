package personal

// Both readings of the header, empty fields, and files that lie.

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
)

// file puts fields together; extra is added to the length in front.
func file(extra int, texts ...string) []byte {
	var body strings.Builder
	for _, t := range texts {
		fmt.Fprintf(&body, "%02X%s", len(t), t)
	}
	f := fmt.Appendf(nil, "%06X%s", body.Len()+extra, body.String())
	return append(f, make([]byte, max(0, 400-len(f)))...)
}

var citizen = []string{"6030", "01022020", "01022030", "ROSSI", "MARIO", "01011980", "M", "", "RSSMRA80A01G999F", "", "G999", "", "", "G999", "", ""}

func TestParse(t *testing.T) {
	full := append([]string(nil), citizen...)
	full[7], full[9], full[12], full[14] = "180", "ITA", "1234 I A", "VIA DEL TEST 1"
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"length without its own digits", file(0, citizen...)},
		{"length with its own digits", file(6, citizen...)},
		{"every field filled", file(0, full...)},
		{"length of the whole file", file(200, citizen...)},
		{"length beyond the file", file(70000, citizen...)},
		{"breaks off behind the codice fiscale", file(0, citizen[:9]...)},
		{"no padding", bytes.TrimRight(file(0, citizen...), "\x00")},
		{"lower-case digits", bytes.ReplaceAll(file(0, citizen...), []byte("00006A"), []byte("00006a"))},
	} {
		r, err := Parse(c.file)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if r.FiscalCode != "RSSMRA80A01G999F" || r.Surname != "ROSSI" || r.Name != "MARIO" || r.Birth != (kiosk.Date{Year: 1980, Month: 1, Day: 1}) ||
			r.Expiry != (kiosk.Date{Year: 2030, Month: 2, Day: 1}) || r.Sex != "M" {
			t.Errorf("%s: read another holder", c.name)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	with := func(i int, s string) []byte {
		f := append([]string(nil), citizen...)
		f[i] = s
		return file(0, f...)
	}
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, errHeader},
		{"zeros", make([]byte, 400), errHeader},
		{"blank card", bytes.Repeat([]byte{0xFF}, 400), errHeader},
		{"eight fields", file(0, citizen[:8]...), errFields},
		{"length too short", file(-60, citizen...), errFields},
		{"check character", with(fiscalCode, "RSSMRA80A01G999A"), errCode},
		{"no codice fiscale", with(fiscalCode, ""), errCode},
		{"control character", with(surname, "RO\x1bSSI"), errText},
		{"no such month", with(birth, "01131980"), nil},
	} {
		_, err := Parse(c.file)
		if err == nil || c.want != nil && err != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestAccentsAreLatin1(t *testing.T) {
	f := append([]string(nil), citizen...)
	f[surname] = "NICCOL\xd2"
	r, err := Parse(file(0, f...))
	if err != nil || r.Surname.Clear() != "NICCOLÒ" {
		t.Errorf("%q %v", r.Surname.Clear(), err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(file(0, citizen...))
	f.Add(file(6, citizen...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err == nil && (len(r.FiscalCode.Clear()) != 16 || r.Used > len(b)) {
			t.Fatal("accepted a file without a codice fiscale, or read behind its end")
		}
	})
}

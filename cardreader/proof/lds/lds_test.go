package lds

import (
	"testing"

	"github.com/tserve/jolly/kiosk"
)

// The specimens of ICAO 9303-4 and 9303-5.
const (
	td3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"
	td1 = "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
)

func TestMRZ(t *testing.T) {
	for zone, number := range map[string]string{td3: "L898902C3", td1: "D23145890"} {
		m, err := ParseMRZ(zone)
		if err != nil || m.Number != number || m.Surname != "ERIKSSON" || m.Name != "ANNA MARIA" || m.Birth != "740812" ||
			m.Expiry != "120415" || m.Sex != 'F' || m.Nationality != "UTO" {
			t.Errorf("%+v, %v", m, err)
		}
	}
	for _, i := range []int{5, 14, 30, 36, 38, 44, 59} {
		bad := []byte(td1)
		bad[i] = '0' + (bad[i]+1)%10
		if _, err := ParseMRZ(string(bad)); err == nil {
			t.Errorf("sign %d changed, taken", i)
		}
	}
}

func TestBirthCentury(t *testing.T) {
	today := kiosk.Date{Year: 2026, Month: 11, Day: 22}
	for in, want := range map[string]string{"261122": "2026-11-22", "261123": "1926-11-23", "800101": "1980-01-01"} {
		if d, ok := BirthDate(in, today); !ok || d.String() != want {
			t.Errorf("%s: %v", in, d)
		}
	}
	if _, ok := BirthDate("80<<<<", today); ok {
		t.Error("an unknown day was read")
	}
}

func FuzzMRZ(f *testing.F) {
	f.Add(td1)
	f.Add(td3)
	f.Fuzz(func(t *testing.T, zone string) {
		if m, err := ParseMRZ(zone); err == nil && len(m.Birth) != 6 {
			t.Fatal("a birthday of another length")
		}
	})
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte{0x61, 0x05, 0x5F, 0x1F, 0x02, 'A', 'B'})
	f.Add([]byte{0x6B, 0x06, 0x5F, 0x0E, 0x03, 'A', '<', '<'})
	f.Add([]byte{0x60, 0x03, 0x5C, 0x01, 0x61})
	f.Add([]byte{0x6E, 0x02, 0x31, 0x00})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = ParseDG1(b)
		_, _ = ParseDG11(b)
		_, _ = ParseCOM(b)
		_, _ = ParseDG14(b)
		_, _ = ParseDG15(b)
		if tag, value, rest, err := Next(b); err == nil {
			if n, err := Size(b); err != nil || n != len(b)-len(rest) {
				t.Fatalf("tag %X of %d bytes: size %d, %v", tag, len(value), n, err)
			}
		}
	})
}

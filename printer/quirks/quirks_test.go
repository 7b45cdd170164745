package quirks

import (
	"bytes"
	"strings"
	"testing"
)

func TestEveryModelIsWhole(t *testing.T) {
	names := Names()
	if len(names) < 3 {
		t.Fatalf("models: %v", names)
	}
	for _, name := range names {
		m, err := Load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if two := 2 * (m.BandRows*m.HeadDots/8 + 8 + len(m.Confirm)); two > m.WindowBytes {
			t.Errorf("%s: two bands are %d bytes, more than the window of %d: the paper would stop and go", name, two, m.WindowBytes)
		}
	}
	if m, err := Load(""); err != nil || m.Name != "generic ESC/POS, 80 mm" {
		t.Errorf("the empty name is %q, %v", m.Name, err)
	}
}

// Every line of data says where it was taken from.
func TestEveryLineHasItsSource(t *testing.T) {
	for _, name := range Names() {
		data, err := files.ReadFile(name + ".conf")
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(data), "\n") {
			key, rest, isData := strings.Cut(line, " = ")
			if !isData || strings.HasPrefix(line, "#") || key == "name" {
				continue
			}
			if _, source, ok := strings.Cut(rest, "#"); !ok || len(strings.TrimSpace(source)) < 10 {
				t.Errorf("%s.conf:%d: %s has no source", name, i+1, key)
			}
		}
	}
}

func TestMistakesAreRefusedByName(t *testing.T) {
	good, err := files.ReadFile("generic.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"roll_mm = 80", "roll_mm = 70", "roll_mm"},
		{"band_rows = 24", "band_rows = 0", "band_rows"},
		{"head_dots = 576", "head_dots = 577", "head_dots"},
		{`cut = "1D 56 42 00"`, `cut = ""`, "cut: empty"},
		{`cut = "1D 56 42 00"`, `cut = "1D 5"`, "hexadecimal"},
		{"full_status = false", "", "full_status: missing"},
		{"full_status = false", "full_status = false\nretracts = 3", "unknown key"},
		{"roll_mm = 80", `roll_mm = "80"`, "read"},
	} {
		if !bytes.Contains(good, []byte(c.from)) {
			t.Fatalf("generic.conf has no %q", c.from)
		}
		_, err := Parse(bytes.Replace(good, []byte(c.from), []byte(c.to), 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q -> %q: error %v, want one with %q", c.from, c.to, err, c.want)
		}
	}
	if _, err := Load("../generic"); err == nil {
		t.Error("a path was taken for a model")
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		data, err := files.ReadFile(name + ".conf")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("cut = '10 04'"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err == nil && (m.BandRows < 1 || m.HeadDots%8 != 0 || len(m.Cut) == 0 || len(m.Confirm) == 0) {
			t.Errorf("accepted %+v", m)
		}
	})
}

package sim

// The emulated contact cards do what the protocols say, and what cards do besides.

import (
	"bytes"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"
)

// good is the sample CNS with a short file to read.
func good(t *testing.T, change func(*Card)) Emulated {
	t.Helper()
	c, err := ReadFile(filepath.Join("cards", "cns.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&c)
	}
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	e.Reset()
	return e
}

// ask sends commands in hexadecimal; the last answer comes back, long data as
// their number of bytes.
func ask(t *testing.T, e Emulated, commands ...string) string {
	t.Helper()
	var answer []byte
	for _, c := range commands {
		b, err := hex.DecodeString(strings.ReplaceAll(c, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		answer = e.Process(b)
	}
	return strings.ToUpper(hex.EncodeToString(answer))
}

func TestProtocols(t *testing.T) {
	t0 := func(c *Card) { c.Protocol = "t0" }
	quirk := func(q ...string) func(*Card) { return func(c *Card) { c.Quirks = q } }
	number := hex.EncodeToString([]byte("6030000000000019"))
	at1003 := "00A40800 04 1000 1003"
	fci := "6F0B800200108201018302" + "1003"
	for _, c := range []struct {
		name     string
		change   func(*Card)
		commands []string
		want     string
	}{
		{"T=1 selects without a description when none is asked for", nil, []string{at1003}, "9000"},
		{"T=1 describes the file", nil, []string{at1003 + "00"}, fci + "9000"},
		{"P2=0C describes nothing", nil, []string{"00A4080C 04 1000 1003 00"}, "9000"},
		{"T=0 lets the description wait", t0, []string{at1003}, "610D"},
		{"T=0 fetches it", t0, []string{at1003, "00C000000D"}, fci + "9000"},
		{"T=0 fetches a part", t0, []string{at1003, "00C0000004"}, "6F0B80026109"},
		{"T=0 is asked for too much", t0, []string{at1003, "00C0000000"}, "6C0D"},
		{"another command loses what waits", t0, []string{at1003, "0020001000", "00C000000D"}, "6985"},
		{"T=1 reads up to the end", nil, []string{at1003, "00B00000FF"}, number + "9000"},
		{"T=0 tells the length", t0, []string{at1003, "00B00000FF"}, "6C10"},
		{"and gives it", t0, []string{at1003, "00B0000010"}, number + "9000"},
		{"6282 at the end", quirk("6282"), []string{at1003, "00B00000FF"}, number + "6282"},
		{"6C on T=1", quirk("6C"), []string{at1003, "00B00000FF"}, "6C10"},
		{"6700 to all but FF", quirk("6700"), []string{at1003, "00B0000000"}, "6700"},
		{"61 on T=1", quirk("61"), []string{at1003 + "00"}, "610D"},
		{"behind the end", nil, []string{at1003, "00B0001010"}, "6B00"},
		{"no file chosen", nil, []string{"00B00000FF"}, "6986"},
		{"no such file", nil, []string{"00A40000021FFF"}, "6A82"},
		{"no such class", nil, []string{"80A40000023F00"}, "6E00"},
		{"no such instruction", nil, []string{"0084000008"}, "6D00"},
		{"counter", nil, []string{"00200010"}, "63C3"},
		{"PIN", nil, []string{"0020001008 3132333435363738"}, "9000"},
		{"wrong PIN", nil, []string{"0020001008 3032333435363738"}, "63C2"},
		{"no key without a PIN", nil, []string{"0022F1B803830101", "002A808681" + strings.Repeat("00", 129)}, "6982"},
		{"Tuscan: nothing without the application", quirk("by-application"), []string{"00A40800 04 1100 1102"}, "6A82"},
		{"Tuscan: behind it", quirk("by-application"), []string{"00A404000C A000000530000B104001021A 00", "00A40900 04 1100 1102"}, "9000"},
	} {
		if got := ask(t, good(t, c.change), c.commands...); got != strings.ToUpper(c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestResetForgetsThePINAndTheFile(t *testing.T) {
	e := good(t, nil)
	if ask(t, e, "0020001008 3132333435363738") != "9000" {
		t.Fatal("the PIN does not work")
	}
	e.Reset()
	if got := ask(t, e, "0022F1B803830101", "002A808681"+strings.Repeat("00", 129)); got != "6982" {
		t.Errorf("after a reset it signs: %s", got)
	}
}

func TestThreeWrongPINsBlock(t *testing.T) {
	e := good(t, nil)
	wrong := "0020001008 3032333435363738"
	for _, want := range []string{"63C2", "63C1", "63C0", "6983"} {
		if got := ask(t, e, wrong); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	e.Reset()
	if got := ask(t, e, "0020001008 3132333435363738"); got != "6983" {
		t.Errorf("the right PIN after all: %s", got)
	}
}

func TestATornCardStaysAway(t *testing.T) {
	e := good(t, func(c *Card) { c.Fault.TearAt = 2 })
	if ask(t, e, "00A40000023F00") != "9000" || ask(t, e, "00A40000023F00") != "" || ask(t, e, "00A40000023F00") != "" {
		t.Error("it is to go at its second command, for good")
	}
}

func TestPersonalDataHeaders(t *testing.T) {
	for header, want := range map[string]string{"excluding": "excluding", "including": "including"} {
		c := Card{FiscalCode: "RSSMRA80A01G999F", BirthDate: "1980-01-01", Expiry: "2035-01-01", Surname: "ROSSI", Name: "MARIO", Header: header}
		b, err := c.personalData()
		if err != nil || len(b) != 400 {
			t.Fatalf("%d bytes: %v", len(b), err)
		}
		used := len(bytes.TrimRight(b, "\x00"))
		n := map[string]int{"excluding": used - 6, "including": used}[want]
		if got := string(b[:6]); got != strings.ToUpper(hex.EncodeToString([]byte{0, byte(n >> 8), byte(n)})) {
			t.Errorf("%s: header %s, used %d", header, got, used)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]Card{
		"kind":      {Kind: "tessera"},
		"ATR":       {Kind: "cns", ATR: "zz"},
		"birthday":  {Kind: "cns", BirthDate: "1.1.1980"},
		"tear_ins":  {ATR: "3B00", Fault: Fault{TearINS: "B"}},
		"answer":    {ATR: "3B00", Fault: Fault{Answer: map[string]string{"00": "90"}}},
		"no kind":   {},
		"long name": {Kind: "cns", Surname: strings.Repeat("A", 256)},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: made a card of it", name)
		}
	}
}

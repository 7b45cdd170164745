package kiosk_test

// The catalogue: what holds together, and which version is newer.

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
)

func TestCompareVersions(t *testing.T) {
	rising := []string{"", "1", "2026", "2026-11-22", "2026-13-01.1", "2026-11-22.1", "2026-11-22.2", "2026-11-22.10", "2026-11-23.1", "2027-01-01.1"}
	for i, a := range rising {
		for j, b := range rising {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := kiosk.CompareVersions(a, b); got != want {
				t.Errorf("%q against %q: %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestCompareVersionsIsAnOrder(t *testing.T) {
	version := rapid.StringMatching(`(20[0-9]{2}-[01][0-9]-[0-3][0-9](\.[0-9]{1,3})?)?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := version.Draw(t, "a"), version.Draw(t, "b"), version.Draw(t, "c")
		if kiosk.CompareVersions(a, b) != -kiosk.CompareVersions(b, a) {
			t.Fatal("not antisymmetric")
		}
		if kiosk.CompareVersions(a, b) <= 0 && kiosk.CompareVersions(b, c) <= 0 && kiosk.CompareVersions(a, c) > 0 {
			t.Fatal("not transitive")
		}
	})
}

func smallCatalogue() *kiosk.Catalogue {
	text := func(s string) kiosk.Text { return kiosk.Text{kiosk.Italian: s} }
	return &kiosk.Catalogue{
		Version:   "2026-11-22.1",
		Creditors: []kiosk.Creditor{{Code: "84006890481", Name: "Comune di Prato"}},
		Groups:    []kiosk.Group{{ID: "auto", Name: text("Auto")}},
		Services: []kiosk.Service{{
			ID: "fines", Creditor: "84006890481", Group: "auto", Name: text("Multe"), Receipt: text("Multa"), Find: kiosk.FindByForm,
			Fields: []kiosk.Field{
				{ID: "plate", Kind: kiosk.FieldPlate, Name: text("Targa")},
				{ID: "kind", Kind: kiosk.FieldChoice, Name: text("Tipo"), Options: []kiosk.Option{{Value: "a", Name: text("A")}}},
				{ID: "person", Kind: kiosk.FieldFiscalCode, Name: text("Codice"), FromCard: kiosk.FromCardFiscalCode},
			},
		}},
	}
}

func TestCatalogueCheck(t *testing.T) {
	if err := smallCatalogue().Check(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(c *kiosk.Catalogue){
		"without a version":          func(c *kiosk.Catalogue) { c.Version = "" },
		"groups, a page holds":       func(c *kiosk.Catalogue) { c.Groups = make([]kiosk.Group, 8) },
		"creditor \"84006890481\"":   func(c *kiosk.Catalogue) { c.Creditors = append(c.Creditors, c.Creditors[0]) },
		"group \"auto\"":             func(c *kiosk.Catalogue) { c.Groups = append(c.Groups, c.Groups[0]) },
		"service \"fines\"":          func(c *kiosk.Catalogue) { c.Services = append(c.Services, c.Services[0]) },
		"no creditor":                func(c *kiosk.Catalogue) { c.Services[0].Creditor = "00104330493" },
		"no group":                   func(c *kiosk.Catalogue) { c.Services[0].Group = "casa" },
		"without a name":             func(c *kiosk.Catalogue) { c.Services[0].Name = nil },
		"found by":                   func(c *kiosk.Catalogue) { c.Services[0].Find = "luck" },
		"level":                      func(c *kiosk.Catalogue) { c.Services[0].Level = "certain" },
		"a form has fields":          func(c *kiosk.Catalogue) { c.Services[0].Fields = nil },
		"fields, a form holds":       func(c *kiosk.Catalogue) { c.Services[0].Fields = make([]kiosk.Field, 7) },
		"a fee":                      func(c *kiosk.Catalogue) { c.Services[0].Fee.Cents = -1 },
		"field \"plate\"":            func(c *kiosk.Catalogue) { c.Services[0].Fields[1].ID = "plate" },
		"kind \"colour\"":            func(c *kiosk.Catalogue) { c.Services[0].Fields[0].Kind = "colour" },
		"5 to 4":                     func(c *kiosk.Catalogue) { c.Services[0].Fields[0].Min, c.Services[0].Fields[0].Max = 5, 4 },
		"a choice has options":       func(c *kiosk.Catalogue) { c.Services[0].Fields[1].Options = nil },
		"options, a page holds":      func(c *kiosk.Catalogue) { c.Services[0].Fields[1].Options = make([]kiosk.Option, 8) },
		"option \"a\"":               func(c *kiosk.Catalogue) { f := &c.Services[0].Fields[1]; f.Options = append(f.Options, f.Options[0]) },
		"from the card into a field": func(c *kiosk.Catalogue) { c.Services[0].Fields[0].FromCard = kiosk.FromCardFiscalCode },
	} {
		c := smallCatalogue()
		spoil(c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	var none *kiosk.Catalogue
	if none.Check() == nil {
		t.Error("no catalogue is a good one")
	}
}

func TestFeeOf(t *testing.T) {
	c := &kiosk.Catalogue{
		Creditors: []kiosk.Creditor{
			{Code: "00341620508", Fee: kiosk.FeeRule{Cents: 130, Channels: map[string]kiosk.Amount{"till": 120, "web": 100}}}, {Code: "84006890481"},
		},
		Services: []kiosk.Service{
			{ID: "pisa-multe", Creditor: "00341620508", Fee: kiosk.FeeRule{Cents: 170, Channels: map[string]kiosk.Amount{"web": 150, "counter": 200}}},
			{ID: "pisa-ztl", Creditor: "00341620508"}, {ID: "prato-ztl", Creditor: "84006890481", Fee: kiosk.FeeRule{Channels: map[string]kiosk.Amount{"jolly": 110}}},
		},
	}
	for _, f := range []struct {
		code             kiosk.CreditorCode
		service, channel string
		want             kiosk.Amount
	}{
		{"00341620508", "pisa-multe", "jolly", 170}, {"00341620508", "pisa-ztl", "jolly", 130}, {"00341620508", "", "jolly", 130},
		{"84006890481", "", "jolly", 0}, {"84006890481", "nothing", "jolly", 0}, {"", "", "jolly", 0}, {"", "", "", 0},
		{"00341620508", "pisa-multe", "web", 150},     // the service's for the channel
		{"00341620508", "pisa-multe", "counter", 200}, //
		{"00341620508", "pisa-multe", "till", 120},    // the creditor's for it, before the service's for all
		{"00341620508", "pisa-ztl", "till", 120}, {"00341620508", "", "till", 120}, {"00341620508", "", "counter", 130},
		{"84006890481", "prato-ztl", "jolly", 110}, {"84006890481", "prato-ztl", "web", 0},
	} {
		if got := c.FeeOf(f.code, f.service, f.channel); got != f.want {
			t.Errorf("%q of %s in %q: %s, want %s", f.service, f.code, f.channel, got, f.want)
		}
	}
	if got := (*kiosk.Catalogue)(nil).FeeOf("84006890481", "x", "jolly"); got != 0 {
		t.Errorf("without a catalogue: %s", got)
	}
}

package catalogue_test

// The review: the embedded catalogue is good, and every mistake is found.

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

func TestTheEmbeddedCatalogueHasNoFlaw(t *testing.T) {
	for _, f := range catalogue.Check(load(t)) {
		t.Error(f)
	}
}

// find is a service of a fresh copy of the catalogue, to be spoilt.
func find(t *testing.T, c *kiosk.Catalogue, id string) *kiosk.Service {
	t.Helper()
	for i := range c.Services {
		if c.Services[i].ID == id {
			return &c.Services[i]
		}
	}
	t.Fatalf("no service %s", id)
	return nil
}

func TestCheckFindsEveryMistake(t *testing.T) {
	long := strings.Repeat("parole ", 30)
	for want, spoil := range map[string]func(c *kiosk.Catalogue){
		"service prato-multe, name: missing in 中文": func(c *kiosk.Catalogue) { delete(find(t, c, "prato-multe").Name, kiosk.Chinese) },
		"service prato-multe, help: missing in English": func(c *kiosk.Catalogue) {
			delete(find(t, c, "prato-multe").Help, kiosk.English)
		},
		"unknown language \"fr\"":   func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Name["fr"] = "Amendes" },
		"too long for the title of": func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Name[kiosk.Italian] = long[:60] + "x" },
		"too long for the words":    func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Help[kiosk.Italian] = long + "x" },
		"a word is wider": func(c *kiosk.Catalogue) {
			find(t, c, "prato-multe").Help[kiosk.Italian] = strings.Repeat("precipitevolissimevolmente", 3)
		},
		"columns, the paper has": func(c *kiosk.Catalogue) {
			find(t, c, "prato-multe").Receipt[kiosk.Italian] = "Multa per infrazione del codice della strada"
		},
		"no font has the sign":              func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Help[kiosk.Italian] = "Multe 🚗" },
		"signs that mean something":         func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Help[kiosk.Italian] = "**Multe**" },
		"half-width punctuation":            func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Help[kiosk.Chinese] = "罚单(Multe)" },
		"there is no pictogram \"unicorn\"": func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Icon = "unicorn" },
		"check digit of its code":           func(c *kiosk.Catalogue) { respell(c, "00104330493", "00104330494") },
		"check digit of GLN":                func(c *kiosk.Catalogue) { c.Creditors[0].GLN = "8088888800113" },
		"is another creditor's":             func(c *kiosk.Catalogue) { c.Creditors[0].GLN, c.Creditors[1].GLN = "8088888800112", "8088888800112" },
		"people need a number":              func(c *kiosk.Catalogue) { c.Creditors[0].Phone = "chiamaci" },
		"hours: missing":                    func(c *kiosk.Catalogue) { c.Creditors[0].Hours = nil },
		"8 of them: want 1 to 7":            func(c *kiosk.Catalogue) { g := c.Groups[0]; g.ID = "eighth"; c.Groups = append(c.Groups, g) },
		"group salute: without a service":   func(c *kiosk.Catalogue) { regroup(c, "salute", "auto") },
		"without a service": func(c *kiosk.Catalogue) {
			c.Creditors = append(c.Creditors, kiosk.Creditor{Code: "00337360978", Name: "x", Phone: "800 000000"})
		},
		"level \"maybe\"":                  func(c *kiosk.Catalogue) { find(t, c, "prato-mensa").Level = "maybe" },
		"a level is for what":              func(c *kiosk.Catalogue) { find(t, c, "prato-mensa").Level = kiosk.LevelNone },
		"its id is that of a service, too": func(c *kiosk.Catalogue) { find(t, c, "prato-mensa").ID = "prato-multe" },
		"its id is that of a group, too":   func(c *kiosk.Catalogue) { find(t, c, "prato-mensa").ID = "auto" },
		"want lower-case letters":          func(c *kiosk.Catalogue) { find(t, c, "prato-mensa").ID = "Mensa Prato" },
		"fee of 98 cents":                  func(c *kiosk.Catalogue) { c.Creditors[0].Fee.Cents = 98 },
		"fee of 222 cents":                 func(c *kiosk.Catalogue) { c.Creditors[0].Fee.Cents = 222 },
		"fee of 99 cents":                  func(c *kiosk.Catalogue) { find(t, c, "prato-mensa").Fee.Cents = 99 },
		"fee of 221 cents":                 func(c *kiosk.Catalogue) { find(t, c, "prato-mensa").Fee.Cents = 221 },
		"fees: there is no channel \"sportello\": want jolly, counter, till, web": func(c *kiosk.Catalogue) {
			c.Creditors[0].Fee.Channels = map[string]kiosk.Amount{"sportello": 150}
		},
		"fees, till: fee of 20 cents, the circuit takes 100 to 220": func(c *kiosk.Catalogue) {
			find(t, c, "prato-mensa").Fee.Channels = map[string]kiosk.Amount{"jolly": 100, "till": 20}
		},
		"version: \"2026\"":            func(c *kiosk.Catalogue) { c.Version = "2026" },
		"no key types it":              func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Words[0] = "罚单" },
		"\"multa\" stands there twice": func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Words[1] = "multa" },
		"there is no group \"sanita\"": func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Group = "sanita" },
		"find \"web\": want":           func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Find = "web" },
		"a form has fields, and only":  func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Fields = nil },
		"7 fields: a form holds 6": func(c *kiosk.Catalogue) {
			s := find(t, c, "prato-multe")
			s.Fields = slices.Repeat(s.Fields, 3)[:7]
		},
		"two fields have the id": func(c *kiosk.Catalogue) { s := find(t, c, "prato-multe"); s.Fields[1] = s.Fields[0] },
		"kind \"colour\": want":  func(c *kiosk.Catalogue) { find(t, c, "prato-cani").Fields[0].Kind = "colour" },
		"a card fills":           func(c *kiosk.Catalogue) { find(t, c, "prato-cani").Fields[0].FromCard = "microchip" },
		"field microchip, ask: missing in": func(c *kiosk.Catalogue) {
			delete(find(t, c, "prato-cani").Fields[0].Ask, kiosk.English)
		},
		"a choice has options":                 func(c *kiosk.Catalogue) { find(t, c, "prato-sosta").Fields[1].Options = nil },
		"another option has its value, too":    func(c *kiosk.Catalogue) { o := find(t, c, "prato-sosta").Fields[1].Options; o[1].Value = o[0].Value },
		"another creditor has its code, too":   func(c *kiosk.Catalogue) { respell(c, "00104330493", "84006890481") },
		"creditor 84006890481: without a name": func(c *kiosk.Catalogue) { rename(c, "84006890481", "") },
		"search word \"Multa\"":                func(c *kiosk.Catalogue) { find(t, c, "prato-multe").Words[0] = "Multa" },
		"options: a page holds 7": func(c *kiosk.Catalogue) {
			o := find(t, c, "toscana-bollo").Fields[0].Options
			find(t, c, "toscana-bollo").Fields[0].Options = slices.Repeat(o, 3)
		},
		"refuses the example: flaw: plate":      func(c *kiosk.Catalogue) { find(t, c, "toscana-bollo").Fields[1].Example = "AB12CDE" },
		"refuses the example: flaw: vehicle":    func(c *kiosk.Catalogue) { find(t, c, "toscana-bollo").Fields[1].Example = "XA123BC" },
		"refuses the example: flaw: check-char": func(c *kiosk.Catalogue) { find(t, c, "prato-musica").Fields[0].Example = "BNCLCU15T41G999F" },
		"refuses the example: flaw: length":     func(c *kiosk.Catalogue) { find(t, c, "prato-cani").Fields[0].Example = "123" },
		"an example, but for a choice":          func(c *kiosk.Catalogue) { find(t, c, "prato-cani").Fields[0].Example = "" },
		"0 to 15 signs":                         func(c *kiosk.Catalogue) { find(t, c, "prato-cani").Fields[0].Min = 0 },
		"15 to 99 signs":                        func(c *kiosk.Catalogue) { find(t, c, "prato-cani").Fields[0].Max = 99 },
		"has no min and max":                    func(c *kiosk.Catalogue) { find(t, c, "toscana-bollo").Fields[1].Max = 7 },
		"a form of optional fields":             func(c *kiosk.Catalogue) { find(t, c, "prato-cani").Fields[0].Optional = true },
		"want letters and digits":               func(c *kiosk.Catalogue) { find(t, c, "prato-cani").Fields[0].ID = "micro chip" },
		"value: want letters":                   func(c *kiosk.Catalogue) { find(t, c, "prato-sosta").Fields[1].Options[0].Value = "zona A" },
	} {
		c := load(t)
		spoil(c)
		flaws := catalogue.Check(c)
		if !slices.ContainsFunc(flaws, func(f catalogue.Flaw) bool { return strings.Contains(f.Error(), want) }) {
			t.Errorf("%s: found %v", want, flaws)
		}
		if key, err := catalogue.NewKey(); err != nil {
			t.Error(err)
		} else if _, err := catalogue.Sign(c, key); err == nil {
			t.Errorf("%s: signed all the same", want)
		}
	}
}

func respell(c *kiosk.Catalogue, from, to kiosk.CreditorCode) {
	for i := range c.Creditors {
		if c.Creditors[i].Code == from {
			c.Creditors[i].Code = to
		}
	}
	for i := range c.Services {
		if c.Services[i].Creditor == from {
			c.Services[i].Creditor = to
		}
	}
}

func rename(c *kiosk.Catalogue, code kiosk.CreditorCode, name string) {
	for i := range c.Creditors {
		if c.Creditors[i].Code == code {
			c.Creditors[i].Name = name
		}
	}
}

func regroup(c *kiosk.Catalogue, from, to string) {
	for i := range c.Services {
		if c.Services[i].Group == from {
			c.Services[i].Group = to
		}
	}
}

// What a kiosk gets over the wire is what was reviewed.
func TestTheCatalogueSurvivesTheWire(t *testing.T) {
	c := load(t)
	b, err := catalogue.Canonical(c)
	if err != nil {
		t.Fatal(err)
	}
	var back kiosk.Catalogue
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	again, err := catalogue.Canonical(&back)
	if err != nil || string(again) != string(b) {
		t.Errorf("the catalogue changed on its way: %v", err)
	}
	if len(b) > 256<<10 {
		t.Errorf("%d bytes for every kiosk", len(b))
	}
}

// The first-aid of a review: the facts of the task that the data must keep.
func TestWhatTheServicesAskFor(t *testing.T) {
	c := load(t)
	kinds := map[kiosk.FieldKind]bool{}
	fees := map[kiosk.Amount]bool{}
	for _, s := range c.Services {
		fees[s.Fee.Cents] = true
		for _, f := range s.Fields {
			kinds[f.Kind] = true
		}
	}
	for _, k := range []kiosk.FieldKind{
		kiosk.FieldPlate, kiosk.FieldFiscalCode, kiosk.FieldVAT, kiosk.FieldDigits, kiosk.FieldLetters, kiosk.FieldDate, kiosk.FieldChoice,
		kiosk.FieldAmount,
	} {
		if !kinds[k] {
			t.Errorf("no form asks for a %s", k)
		}
	}
	if !fees[100] || !fees[220] {
		t.Errorf("fees %v, want the whole span", fees)
	}
	bollo := find(t, c, "toscana-bollo")
	if bollo.Fields[0].Kind != kiosk.FieldChoice || bollo.Fields[1].Kind != kiosk.FieldPlate {
		t.Error("the car tax is found by kind of vehicle and plate")
	}
	for _, id := range []string{"prato-mensa", "prato-nido", "usl-ticket"} {
		if s := find(t, c, id); s.Find != kiosk.FindByCard || !s.Level.Reaches(kiosk.LevelPresent) {
			t.Errorf("%s can be listed with less than a card that is there", id)
		}
	}
}

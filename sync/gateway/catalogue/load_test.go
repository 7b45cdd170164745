package catalogue_test

// The embedded data, and what the reader refuses.

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

func load(t *testing.T) *kiosk.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoad(t *testing.T) {
	c := load(t)
	names, count := map[kiosk.CreditorCode]string{}, map[string]int{}
	for _, cr := range c.Creditors {
		names[cr.Code] = cr.Name
	}
	for _, s := range c.Services {
		count[names[s.Creditor]]++
	}
	if count["Comune di Prato"] < 30 {
		t.Errorf("Prato has %d services, want 30", count["Comune di Prato"])
	}
	for _, name := range []string{"Comune di Pisa", "Comune di Livorno", "Comune di Pistoia", "Azienda USL Toscana Centro", "Regione Toscana"} {
		if count[name] == 0 {
			t.Errorf("%s has no services: %v", name, count)
		}
	}
}

// The demonstration's papers are of creditors of the catalogue, by the same code
// and GLN.
func TestTheSamplesAgreeWithTheCatalogue(t *testing.T) {
	creditors := map[kiosk.CreditorCode]kiosk.Creditor{}
	for _, cr := range load(t).Creditors {
		creditors[cr.Code] = cr
	}
	for _, s := range gateway.Samples() {
		if s.GS1 == "" {
			continue
		}
		cr, ok := creditors[s.Creditor]
		if !ok || !strings.HasPrefix(s.GS1, "415"+cr.GLN) || cr.GLN == "" {
			t.Errorf("%s: creditor %s, GLN %q, code %s", s.Name, s.Creditor, cr.GLN, s.GS1)
		}
	}
}

// A tree of data files: common, and a creditor.
const (
	commonText = `version = "2026-11-22.1"
order = ["a"]
[[group]]
id = "g"
icon = "car"
name = { it = "G" }
[field.plate]
id = "plate"
kind = "plate"
name = { it = "Targa" }
example = "AB123CD"
`
	creditorText = `[creditor]
code = "84006890481"
name = "Comune di Prato"
[[service]]
id = "s"
group = "g"
icon = "car"
find = "form"
fee = 100
name = { it = "S" }
receipt = { it = "S" }
fields = [{ use = "plate" }]
`
)

func tree(common, creditor string) fs.FS {
	return fstest.MapFS{"common.toml": {Data: []byte(common)}, "data/a.toml": {Data: []byte(creditor)}}
}

func TestLoadFromRefuses(t *testing.T) {
	if c, _, err := catalogue.LoadFrom(tree(commonText, creditorText)); err != nil || c.Services[0].Fields[0].Example != "AB123CD" {
		t.Fatalf("the smallest tree: %v", err)
	}
	swap := strings.Replace
	for want, c := range map[string]struct{ common, creditor string }{
		"unknown keys":                   {commonText, swap(creditorText, "receipt", "reciept", 1)},
		"there is no shared field":       {commonText, swap(creditorText, `use = "plate"`, `use = "plates"`, 1)},
		"only \"optional\" may stand":    {commonText, swap(creditorText, `use = "plate"`, `use = "plate", kind = "vat"`, 1)},
		"no group":                       {commonText, swap(creditorText, `group = "g"`, `group = "h"`, 1)},
		"found by":                       {commonText, swap(creditorText, `find = "form"`, `find = "luck"`, 1)},
		"order names data/b.toml":        {swap(commonText, `["a"]`, `["b"]`, 1), creditorText},
		"order names , there are":        {swap(commonText, `["a"]`, `[]`, 1), creditorText},
		"order names data/a.toml data/a": {swap(commonText, `["a"]`, `["a", "a"]`, 1), creditorText},
		"read data/a.toml":               {commonText, "[creditor"},
		"read common.toml":               {`version = 3`, creditorText},
		"without a code or a name":       {commonText, swap(creditorText, `name = "Comune di Prato"`, "", 1)},
		"a form has fields, and only":    {commonText, swap(creditorText, `fields = [{ use = "plate" }]`, "", 1)},
		"a catalogue without a version":  {swap(commonText, `version = "2026-11-22.1"`, "", 1), creditorText},
		"from the card into a field of":  {swap(commonText, `example =`, "fromCard = \"fiscalCode\"\nexample =", 1), creditorText},
		"without an id, or twice there":  {commonText, creditorText + "\n" + creditorText[strings.Index(creditorText, "[[service]]"):]},
	} {
		if _, _, err := catalogue.LoadFrom(tree(c.common, c.creditor)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, _, err := catalogue.LoadFrom(fstest.MapFS{}); err == nil {
		t.Error("an empty tree was read")
	}
}

// Whatever stands in a data file, reading it ends in a catalogue that holds
// together or in an error.
func FuzzLoadFrom(f *testing.F) {
	f.Add(creditorText)
	f.Add(strings.Replace(creditorText, "100", "-1", 1))
	f.Fuzz(func(t *testing.T, creditor string) {
		c, _, err := catalogue.LoadFrom(tree(commonText, creditor))
		if err != nil {
			return
		}
		if err := c.Check(); err != nil {
			t.Fatalf("read, and does not hold together: %v", err)
		}
		catalogue.Check(c) // must not panic, whatever it finds
	})
}

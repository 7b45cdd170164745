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
		"unknown keys":                    {commonText, swap(creditorText, "receipt", "reciept", 1)},
		"there is no shared field":        {commonText, swap(creditorText, `use = "plate"`, `use = "plates"`, 1)},
		"only \"optional\" may stand":     {commonText, swap(creditorText, `use = "plate"`, `use = "plate", kind = "vat"`, 1)},
		"no group":                        {commonText, swap(creditorText, `group = "g"`, `group = "h"`, 1)},
		"found by":                        {commonText, swap(creditorText, `find = "form"`, `find = "luck"`, 1)},
		"it names \"b\", and there is no": {swap(commonText, `["a"]`, `["b"]`, 1), creditorText},
		"it does not name data/a.toml":    {swap(commonText, `["a"]`, `[]`, 1), creditorText},
		"\"a\" stands there twice":        {swap(commonText, `["a"]`, `["a", "a"]`, 1), creditorText},
		"data/a.toml: line 1:":            {commonText, "[creditor"},
		"common.toml: line 1:":            {`version = 3`, creditorText},
		"without a code or a name":        {commonText, swap(creditorText, `name = "Comune di Prato"`, "", 1)},
		"a form has fields, and only":     {commonText, swap(creditorText, `fields = [{ use = "plate" }]`, "", 1)},
		"a catalogue without a version":   {swap(commonText, `version = "2026-11-22.1"`, "", 1), creditorText},
		"from the card into a field of":   {swap(commonText, `example =`, "fromCard = \"fiscalCode\"\nexample =", 1), creditorText},
		"without an id, or twice there":   {commonText, creditorText + "\n" + creditorText[strings.Index(creditorText, "[[service]]"):]},
	} {
		if _, _, err := catalogue.LoadFrom(tree(c.common, c.creditor)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, _, err := catalogue.LoadFrom(fstest.MapFS{}); err == nil {
		t.Error("an empty tree was read")
	}
}

// Everything that is wrong is told in one go, each with the file that it stands in;
// what is shared is told once.
func TestReviewTellsEverything(t *testing.T) {
	files := fstest.MapFS{}
	err := fs.WalkDir(catalogue.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(catalogue.Files(), path)
		files[path] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, flaws := catalogue.Review(files); len(flaws) > 0 {
		t.Fatalf("the shipped files: %v", flaws)
	}
	spoil := func(path, from, to string) {
		b := string(files[path].Data)
		if !strings.Contains(b, from) {
			t.Fatalf("%s has no %q", path, from)
		}
		files[path] = &fstest.MapFile{Data: []byte(strings.Replace(b, from, to, 1))}
	}
	spoil("common.toml", `"pistoia"]`, `"pistoia", "lucca"]`)
	spoil("common.toml", "RSSMRA80A01G999F", "RSSMRA80A01G999X")
	spoil("data/pisa.toml", "fee = 170", "fee = 1,70")
	spoil("data/prato.toml", `find = "form"`, `find = "web"`)
	spoil("data/epp.toml", `icon = "key"`, `icon = "keyhole"`)
	spoil("data/livorno.toml", `use = "report"`, `use = "verbale"`)
	spoil("data/publiacqua.toml", "05040110487", "05040110488")
	spoil("data/usl-toscana-centro.toml", `group = "salute"`, `group = "sanita"`)
	spoil("data/usl-toscana-centro.toml", `group = "salute"`, `group = "sanita"`)
	delete(files, "data/pistoia.toml")
	files["data/siena.toml"] = &fstest.MapFile{Data: []byte("[creditor]\n")}

	c, _, flaws := catalogue.Review(files)
	if len(c.Services) < 40 {
		t.Errorf("%d services were read: a broken file hides the others", len(c.Services))
	}
	want := map[string]int{
		`common.toml: order: it names "lucca"`: 1, `common.toml: order: it names "pistoia"`: 1, "common.toml: order: it does not name data/siena.toml": 1,
		"common.toml: field person: its own check refuses the example": 1, "data/pisa.toml: line 22:": 1, `data/prato.toml: service prato-multe: find "web"`: 1,
		`data/epp.toml: service epp-affitto: there is no pictogram`: 1, `data/livorno.toml: service livorno-multe: there is no shared field "verbale"`: 1,
		`data/usl-toscana-centro.toml: service usl-ticket: there is no group "sanita"`: 1, `data/usl-toscana-centro.toml: service usl-pronto-soccorso: there is no group "sanita"`: 1,
		`data/publiacqua.toml: creditor 05040110488: code "05040110488": the check digit`: 1,
	}
	for _, f := range flaws {
		known := false
		for w := range want {
			if strings.HasPrefix(f.Error(), w) {
				want[w]--
				known = true
			}
		}
		if !known {
			t.Errorf("told besides: %v", f)
		}
	}
	for w, n := range want {
		if n != 0 {
			t.Errorf("%s: told %d times", w, 1-n)
		}
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

package catalogue

// Reading the data files.

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/tserve/jolly/kiosk"
)

//go:embed common.toml data/*.toml
var files embed.FS

// Files are the data files as they were embedded.
func Files() fs.FS { return files }

// Load reads the embedded catalogue.
func Load() (*kiosk.Catalogue, error) {
	c, _, err := LoadFrom(files)
	return c, err
}

// Unsure is something in a data file that nobody has confirmed yet.
type Unsure struct {
	Creditor kiosk.CreditorCode
	What     string // "code", "gln", "phone", "hours", "circuit", "fees"
}

// LoadFrom reads common.toml and data/*.toml of a tree. It demands that the files
// can be understood and hold together; whether they are good is [Review]'s.
func LoadFrom(tree fs.FS) (*kiosk.Catalogue, []Unsure, error) {
	r := read(tree)
	if len(r.flaws) > 0 {
		return nil, nil, r.flaws[0]
	}
	if err := r.catalogue.Check(); err != nil {
		return nil, nil, err
	}
	return r.catalogue, r.unsure, nil
}

// Review reads a tree and says everything that is wrong with it, each with its
// file. What could be read of the catalogue comes back beside the flaws.
func Review(tree fs.FS) (*kiosk.Catalogue, []Unsure, []Flaw) {
	r := read(tree)
	return r.catalogue, r.unsure, append(r.flaws, check(r.catalogue, r.origins)...)
}

// origins say in which file each thing stands, by its place in the catalogue.
type origins struct {
	creditors, services []string
	shared              map[[2]int]string // names of the fields of common.toml, by service and field
}

func (o origins) creditor(i int) string { return at(o.creditors, i) }
func (o origins) service(i int) string  { return at(o.services, i) }

func at(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return ""
}

// reading is a tree that is being read.
type reading struct {
	catalogue *kiosk.Catalogue
	unsure    []Unsure
	flaws     []Flaw // of what could not be understood
	origins
}

const commonName = "common.toml"

// read reads as much of a tree as can be understood.
func read(tree fs.FS) *reading {
	r := &reading{catalogue: &kiosk.Catalogue{}, origins: origins{shared: map[[2]int]string{}}}
	var common commonFile
	if err := readTOML(tree, commonName, &common); err != nil {
		r.flaws = append(r.flaws, Flaw{commonName, "", err.Error()})
		return r
	}
	r.sameFiles(tree, common.Order)
	r.catalogue.Version = common.Version
	for _, g := range common.Groups {
		r.catalogue.Groups = append(r.catalogue.Groups, kiosk.Group{ID: g.ID, Icon: g.Icon, Name: g.Name.text(), Help: g.Help.text()})
	}
	done := map[string]bool{}
	for _, name := range common.Order {
		if done[name] {
			continue
		}
		done[name] = true
		var f creditorFile
		err := readTOML(tree, dataFile(name), &f)
		switch {
		case errors.Is(err, fs.ErrNotExist): // told already: the order names it in vain
		case err != nil:
			r.flaws = append(r.flaws, Flaw{dataFile(name), "", err.Error()})
		default:
			r.add(dataFile(name), f, common.Fields)
		}
	}
	return r
}

func dataFile(name string) string { return "data/" + name + ".toml" }

// sameFiles demands that the order names each file once: a file that it left out
// would be lost without a word.
func (r *reading) sameFiles(tree fs.FS, order []string) {
	there, err := fs.Glob(tree, dataFile("*"))
	if err != nil {
		r.flaws = append(r.flaws, Flaw{"data", "", "list data files: " + err.Error()})
		return
	}
	named := map[string]int{}
	for _, name := range order {
		file := dataFile(name)
		if named[file]++; named[file] == 2 {
			r.flaws = append(r.flaws, Flaw{commonName, "order", fmt.Sprintf("%q stands there twice", name)})
		}
		if !slices.Contains(there, file) {
			r.flaws = append(r.flaws, Flaw{commonName, "order", fmt.Sprintf("it names %q, and there is no %s", name, file)})
		}
	}
	for _, file := range there {
		if named[file] == 0 {
			r.flaws = append(r.flaws, Flaw{commonName, "order", fmt.Sprintf("it does not name %s: its services would be lost", file)})
		}
	}
	if len(there) == 0 {
		r.flaws = append(r.flaws, Flaw{"data", "", "there are no data files"})
	}
}

// readTOML refuses keys that it does not know: a misspelt key is a lost text.
func readTOML(tree fs.FS, name string, into any) error {
	b, err := fs.ReadFile(tree, name)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	err = toml.NewDecoder(strings.NewReader(string(b))).DisallowUnknownFields().Decode(into)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		return fmt.Errorf("unknown keys:\n%s", strict.String())
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		return fmt.Errorf("line %d: %w\n%s", lineOf(decode), err, decode.String())
	}
	return err
}

func lineOf(err *toml.DecodeError) int {
	line, _ := err.Position()
	return line
}

// The files' form.
type (
	commonFile struct {
		Version string               `toml:"version"`
		Order   []string             `toml:"order"` // of the files under data
		Groups  []groupTable         `toml:"group"`
		Fields  map[string]fieldItem `toml:"field"`
	}
	groupTable struct {
		ID   string    `toml:"id"`
		Icon string    `toml:"icon"`
		Name textTable `toml:"name"`
		Help textTable `toml:"help"`
	}
	creditorFile struct {
		Creditor creditorTable  `toml:"creditor"`
		Services []serviceTable `toml:"service"`
	}
	creditorTable struct {
		Code    string    `toml:"code"`
		Name    string    `toml:"name"`
		City    string    `toml:"city"`
		GLN     string    `toml:"gln"`
		Phone   string    `toml:"phone"`
		Hours   textTable `toml:"hours"`
		Circuit int64     `toml:"circuit"` // cents for each payment, by the body's contract with the circuit
		Fee     int64     `toml:"fee"`     // cents of a paper that names none of the services below; without it what the circuit takes of any
		Fees    feeTable  `toml:"fees"`    // by channel, of all services below that have none of their own for it
		Confirm []string  `toml:"confirm"`
	}
	serviceTable struct {
		ID      string      `toml:"id"`
		Group   string      `toml:"group"`
		Icon    string      `toml:"icon"`
		Find    string      `toml:"find"`
		Level   string      `toml:"level"`
		Fee     int64       `toml:"fee"`
		Fees    feeTable    `toml:"fees"` // by channel
		Words   []string    `toml:"words"`
		Name    textTable   `toml:"name"`
		Help    textTable   `toml:"help"`
		Receipt textTable   `toml:"receipt"`
		Fields  []fieldItem `toml:"fields"`
	}
	feeTable  map[string]int64 // cents: jolly, counter, till, web
	fieldItem struct {
		Use      string       `toml:"use"` // a field of common.toml; besides it only "optional" may stand
		ID       string       `toml:"id"`
		Kind     string       `toml:"kind"`
		Min      int          `toml:"min"`
		Max      int          `toml:"max"`
		Ask      textTable    `toml:"ask"`
		Name     textTable    `toml:"name"`
		Help     textTable    `toml:"help"`
		Example  string       `toml:"example"`
		FromCard string       `toml:"fromCard"`
		Optional bool         `toml:"optional"`
		Options  []optionItem `toml:"options"`
	}
	optionItem struct {
		Value string    `toml:"value"`
		Icon  string    `toml:"icon"`
		Name  textTable `toml:"name"`
	}
	textTable struct {
		IT string `toml:"it"`
		EN string `toml:"en"`
		ZH string `toml:"zh"`
	}
)

func (t textTable) text() kiosk.Text {
	text := kiosk.Text{}
	for l, s := range map[kiosk.Language]string{kiosk.Italian: t.IT, kiosk.English: t.EN, kiosk.Chinese: t.ZH} {
		if s != "" {
			text[l] = s
		}
	}
	if len(text) == 0 {
		return nil
	}
	return text
}

// rule is what the citizen pays: in all channels, and where it is another fee.
func (t feeTable) rule(all int64) kiosk.FeeRule {
	r := kiosk.FeeRule{Cents: kiosk.Cents(all)}
	for channel, cents := range t {
		if r.Channels == nil {
			r.Channels = map[string]kiosk.Amount{}
		}
		r.Channels[channel] = kiosk.Cents(cents)
	}
	return r
}

// add puts a creditor and its services into the catalogue.
func (r *reading) add(file string, f creditorFile, shared map[string]fieldItem) {
	code := kiosk.CreditorCode(f.Creditor.Code)
	r.creditors = append(r.creditors, file)
	r.catalogue.Creditors = append(r.catalogue.Creditors, kiosk.Creditor{
		Code: code, Name: f.Creditor.Name, GLN: f.Creditor.GLN, City: f.Creditor.City, Phone: f.Creditor.Phone, Hours: f.Creditor.Hours.text(),
		Circuit: kiosk.Cents(f.Creditor.Circuit), Fee: f.Creditor.Fees.rule(f.Creditor.Fee),
	})
	for _, what := range f.Creditor.Confirm {
		r.unsure = append(r.unsure, Unsure{code, what})
	}
	for _, t := range f.Services {
		s := kiosk.Service{
			ID: t.ID, Creditor: code, Group: t.Group, Icon: t.Icon, Name: t.Name.text(), Help: t.Help.text(), Words: t.Words,
			Find: kiosk.Finding(t.Find), Level: kiosk.Level(t.Level), Fee: t.Fees.rule(t.Fee), Receipt: t.Receipt.text(),
		}
		for _, item := range t.Fields {
			field, err := item.resolve(shared)
			if err != nil {
				r.flaws = append(r.flaws, Flaw{file, "service " + t.ID, err.Error()})
				continue
			}
			if item.Use != "" {
				r.shared[[2]int{len(r.catalogue.Services), len(s.Fields)}] = item.Use
			}
			s.Fields = append(s.Fields, field)
		}
		r.services = append(r.services, file)
		r.catalogue.Services = append(r.catalogue.Services, s)
	}
}

// resolve makes the field, of a shared one where it uses one.
func (f fieldItem) resolve(shared map[string]fieldItem) (kiosk.Field, error) {
	if f.Use != "" {
		base, ok := shared[f.Use]
		if !ok || base.Use != "" {
			return kiosk.Field{}, fmt.Errorf("there is no shared field %q", f.Use)
		}
		if f.ID != "" || f.Kind != "" || f.Example != "" || f.Ask != (textTable{}) || f.Name != (textTable{}) || f.Help != (textTable{}) || len(f.Options) > 0 {
			return kiosk.Field{}, fmt.Errorf("field %q: beside \"use\" only \"optional\" may stand", f.Use)
		}
		base.Optional = f.Optional
		f = base
	}
	field := kiosk.Field{
		ID: f.ID, Kind: kiosk.FieldKind(f.Kind), Ask: f.Ask.text(), Name: f.Name.text(), Help: f.Help.text(), Example: f.Example, Min: f.Min, Max: f.Max,
		FromCard: f.FromCard, Optional: f.Optional,
	}
	for _, o := range f.Options {
		field.Options = append(field.Options, kiosk.Option{Value: o.Value, Name: o.Name.text(), Icon: o.Icon})
	}
	return field, nil
}

// Example is a filled form of a service, of the examples of its fields and the
// first options of its choices.
func Example(c *kiosk.Catalogue, s kiosk.Service) kiosk.Form {
	form := kiosk.Form{Catalogue: c.Version, Service: s.ID}
	for i, f := range s.Fields {
		value := f.Example
		if f.Kind == kiosk.FieldChoice && len(f.Options) > 0 {
			value = f.Options[0].Value
		}
		form.Values[i] = kiosk.FormValue(value)
	}
	return form
}

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
	What     string // "code", "gln", "phone", "hours", "circuit"
}

// LoadFrom reads common.toml and data/*.toml of a tree. It demands that the files
// can be understood and hold together; whether they are good is [Check]'s.
func LoadFrom(tree fs.FS) (*kiosk.Catalogue, []Unsure, error) {
	var common commonFile
	if err := readTOML(tree, "common.toml", &common); err != nil {
		return nil, nil, err
	}
	if err := sameFiles(tree, common.Order); err != nil {
		return nil, nil, err
	}
	c := &kiosk.Catalogue{Version: common.Version}
	for _, g := range common.Groups {
		c.Groups = append(c.Groups, kiosk.Group{ID: g.ID, Icon: g.Icon, Name: g.Name.text(), Help: g.Help.text()})
	}
	var unsure []Unsure
	for _, name := range common.Order {
		var f creditorFile
		if err := readTOML(tree, dataFile(name), &f); err != nil {
			return nil, nil, err
		}
		if err := f.addTo(c, common.Fields); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", dataFile(name), err)
		}
		for _, what := range f.Creditor.Confirm {
			unsure = append(unsure, Unsure{kiosk.CreditorCode(f.Creditor.Code), what})
		}
	}
	if err := c.Check(); err != nil {
		return nil, nil, err
	}
	return c, unsure, nil
}

func dataFile(name string) string { return "data/" + name + ".toml" }

// sameFiles demands that the order names each file once: a file that it left out
// would be lost without a word.
func sameFiles(tree fs.FS, order []string) error {
	there, err := fs.Glob(tree, dataFile("*"))
	if err != nil {
		return fmt.Errorf("list data files: %w", err)
	}
	var named []string
	for _, name := range order {
		named = append(named, dataFile(name))
	}
	slices.Sort(named)
	if !slices.Equal(named, there) || len(there) == 0 {
		return fmt.Errorf("common.toml: order names %s, there are %s", strings.Join(named, " "), strings.Join(there, " "))
	}
	return nil
}

// readTOML refuses keys that it does not know: a misspelt key is a lost text.
func readTOML(tree fs.FS, name string, into any) error {
	b, err := fs.ReadFile(tree, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	err = toml.NewDecoder(strings.NewReader(string(b))).DisallowUnknownFields().Decode(into)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		return fmt.Errorf("read %s: unknown keys:\n%s", name, strict.String())
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		return fmt.Errorf("read %s: %w\n%s", name, err, decode.String())
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
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
		Confirm []string  `toml:"confirm"`
	}
	serviceTable struct {
		ID      string      `toml:"id"`
		Group   string      `toml:"group"`
		Icon    string      `toml:"icon"`
		Find    string      `toml:"find"`
		Level   string      `toml:"level"`
		Fee     int64       `toml:"fee"`
		Words   []string    `toml:"words"`
		Name    textTable   `toml:"name"`
		Help    textTable   `toml:"help"`
		Receipt textTable   `toml:"receipt"`
		Fields  []fieldItem `toml:"fields"`
	}
	fieldItem struct {
		Use      string       `toml:"use"` // a field of common.toml; besides it only "optional" may stand
		ID       string       `toml:"id"`
		Kind     string       `toml:"kind"`
		Min      int          `toml:"min"`
		Max      int          `toml:"max"`
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

func (f creditorFile) addTo(c *kiosk.Catalogue, shared map[string]fieldItem) error {
	code := kiosk.CreditorCode(f.Creditor.Code)
	c.Creditors = append(c.Creditors, kiosk.Creditor{
		Code: code, Name: f.Creditor.Name, GLN: f.Creditor.GLN, City: f.Creditor.City, Phone: f.Creditor.Phone, Hours: f.Creditor.Hours.text(),
		Circuit: kiosk.Cents(f.Creditor.Circuit),
	})
	for _, t := range f.Services {
		s := kiosk.Service{
			ID: t.ID, Creditor: code, Group: t.Group, Icon: t.Icon, Name: t.Name.text(), Help: t.Help.text(), Words: t.Words,
			Find: kiosk.Finding(t.Find), Level: kiosk.Level(t.Level), Fee: kiosk.FeeRule{Cents: kiosk.Cents(t.Fee)}, Receipt: t.Receipt.text(),
		}
		for _, item := range t.Fields {
			field, err := item.resolve(shared)
			if err != nil {
				return fmt.Errorf("service %s: %w", t.ID, err)
			}
			s.Fields = append(s.Fields, field)
		}
		c.Services = append(c.Services, s)
	}
	return nil
}

// resolve makes the field, of a shared one where it uses one.
func (f fieldItem) resolve(shared map[string]fieldItem) (kiosk.Field, error) {
	if f.Use != "" {
		base, ok := shared[f.Use]
		if !ok || base.Use != "" {
			return kiosk.Field{}, fmt.Errorf("there is no shared field %q", f.Use)
		}
		if f.ID != "" || f.Kind != "" || f.Example != "" || f.Name != (textTable{}) || f.Help != (textTable{}) || len(f.Options) > 0 {
			return kiosk.Field{}, fmt.Errorf("field %q: beside \"use\" only \"optional\" may stand", f.Use)
		}
		base.Optional = f.Optional
		f = base
	}
	field := kiosk.Field{
		ID: f.ID, Kind: kiosk.FieldKind(f.Kind), Name: f.Name.text(), Help: f.Help.text(), Example: f.Example, Min: f.Min, Max: f.Max,
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

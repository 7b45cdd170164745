package catalogue

// The review that a machine can do.

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/tserve/jolly/assets"
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
	"github.com/tserve/jolly/sync/api"
)

// Flaw is something in a catalogue that must not reach a citizen.
type Flaw struct {
	File  string // "data/prato.toml"; "" where the catalogue is of no files
	Where string // "service prato-multe, field plate"; "" for the file as a whole
	What  string
}

// Error makes a Flaw an error.
func (f Flaw) Error() string {
	var parts []string
	for _, part := range []string{f.File, f.Where, f.What} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// The fees that the circuit may take of a citizen.
const (
	minFee kiosk.Amount = 100
	maxFee kiosk.Amount = 220
)

var (
	versionForm = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\.\d{1,4}$`)
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9-]{1,39}$`)
	fieldForm   = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,19}$`)
	optionForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,19}$`)
	phoneForm   = regexp.MustCompile(`^[0-9+][0-9 ]{5,19}$`)
	halfWidth   = regexp.MustCompile(`[(),;!?]|:\D`)
	wordSize    = 40
)

// Check holds a catalogue against everything that the kiosk and the reviewers
// expect of it. It is nil for a good one.
func Check(c *kiosk.Catalogue) []Flaw { return check(c, origins{}) }

func check(c *kiosk.Catalogue, from origins) []Flaw {
	r, err := newRuler()
	if err != nil {
		return []Flaw{{"", "fonts", err.Error()}}
	}
	k := &checker{ruler: r, ids: map[string]string{}, common: commonName}
	if from.shared == nil {
		k.common = ""
	}
	k.file = k.common
	if !versionForm.MatchString(c.Version) {
		k.add("version", "%q: want a day and a number, 2026-11-22.1", c.Version)
	}
	groups := k.groups(c)
	creditors := k.creditors(c, from)
	for i, s := range c.Services {
		k.file = from.service(i)
		k.service(s, i, from, groups)
		if groups[s.Group] > 0 { // one that is not there stays so for the next service, too
			groups[s.Group]++
		}
		creditors[s.Creditor]++
	}
	k.file = k.common
	for _, g := range c.Groups {
		if groups[g.ID] == 1 {
			k.add("group "+g.ID, "without a service")
		}
	}
	for i, cr := range c.Creditors {
		if k.file = from.creditor(i); creditors[cr.Code] == 1 {
			k.add("creditor "+string(cr.Code), "without a service")
		}
	}
	if err := c.Check(); err != nil && len(k.flaws) == 0 { // the kiosk's own check has the last word
		k.file = ""
		k.add("catalogue", "%v", err)
	}
	return k.sorted()
}

// checker gathers flaws.
type checker struct {
	ruler  *ruler
	common string            // name of the file of what is shared
	file   string            // of what is looked at
	ids    map[string]string // what an id names already
	flaws  []Flaw
}

func (k *checker) add(where, format string, args ...any) {
	k.flaws = append(k.flaws, Flaw{k.file, where, fmt.Sprintf(format, args...)})
}

// sorted are the flaws by file; what stands once in a file is told once, however
// many services use it.
func (k *checker) sorted() []Flaw {
	slices.SortStableFunc(k.flaws, func(a, b Flaw) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Where, b.Where)) })
	return slices.Compact(k.flaws)
}

// groups checks the groups; each that is there counts one.
func (k *checker) groups(c *kiosk.Catalogue) map[string]int {
	if n := len(c.Groups); n < 1 || n > kiosk.MaxGroups {
		k.add("groups", "%d of them: want 1 to %d, the choices of one page", n, kiosk.MaxGroups)
	}
	there := map[string]int{}
	for _, g := range c.Groups {
		k.id("group "+g.ID, g.ID)
		k.icon("group "+g.ID, g.Icon)
		k.text("group "+g.ID+", name", g.Name, onChoice)
		k.text("group "+g.ID+", help", g.Help, underChoice)
		there[g.ID] = 1
	}
	return there
}

// creditors checks the creditors; each that is there counts one.
func (k *checker) creditors(c *kiosk.Catalogue, from origins) map[kiosk.CreditorCode]int {
	there, glns := map[kiosk.CreditorCode]int{}, map[string]bool{}
	for i, cr := range c.Creditors {
		k.file = from.creditor(i)
		k.creditor(cr)
		if there[cr.Code] != 0 {
			k.add("creditor "+string(cr.Code), "another creditor has its code, too")
		}
		if cr.GLN != "" && glns[cr.GLN] {
			k.add("creditor "+string(cr.Code), "GLN %s is another creditor's, too", cr.GLN)
		}
		there[cr.Code], glns[cr.GLN] = 1, true
	}
	return there
}

// id demands a name of its own for each group and service.
func (k *checker) id(where, id string) {
	if !idForm.MatchString(id) {
		k.add(where, "id %q: want lower-case letters, digits and dashes", id)
	}
	if other, ok := k.ids[id]; ok {
		k.add(where, "its id is that of a %s, too", strings.Fields(other)[0])
	}
	k.ids[id] = where
}

func (k *checker) icon(where, name string) {
	if _, ok := assets.Pictogram(name); !ok {
		k.add(where, "there is no pictogram %q", name)
	}
}

// text demands every language, nothing but printable signs, and room.
func (k *checker) text(where string, t kiosk.Text, p place) {
	for _, l := range kiosk.Languages() {
		s := t[l]
		switch {
		case s == "":
			k.add(where, "missing in %s", l.OwnName())
			continue
		case s != strings.TrimSpace(s) || strings.ContainsAny(s, "\n\t*{}") || strings.Contains(s, "  "):
			k.add(where, "blanks, line ends or signs that mean something to the screen in %s", l.OwnName())
			continue
		case l == kiosk.Chinese && halfWidth.MatchString(s):
			k.add(where, "half-width punctuation in Chinese")
		}
		if err := k.ruler.fits(s, p); err != nil {
			k.add(where, "%s: %v", l.OwnName(), err)
		}
	}
	for l := range t {
		if langs := kiosk.Languages(); !slices.Contains(langs[:], l) {
			k.add(where, "unknown language %q", l)
		}
	}
}

func (k *checker) creditor(c kiosk.Creditor) {
	where := "creditor " + string(c.Code)
	if len(c.Code) != 11 || !notice.Luhn(string(c.Code)) {
		k.add(where, "code %q: the check digit of its code does not hold: want the body's fiscal code of 11 digits", c.Code)
	}
	if c.Name == "" {
		k.add(where, "without a name")
	}
	if c.GLN != "" && (len(c.GLN) != 13 || !notice.GS1Mod10(c.GLN)) {
		k.add(where, "the check digit of GLN %q does not hold", c.GLN)
	}
	if c.Circuit != 0 && (c.Circuit < 20 || c.Circuit > 30) {
		k.add(where, "%s to the circuit for each payment: contracts are from 0.20 to 0.30", c.Circuit)
	}
	if c.Fee.Cents != 0 {
		k.fee(where+", fee", c.Fee.Cents)
	}
	k.fees(where+", fees", c.Fee.Channels)
	if !phoneForm.MatchString(c.Phone) {
		k.add(where, "phone %q: people need a number to call", c.Phone)
	}
	if err := k.ruler.fits(c.Name, asCreditor); err != nil {
		k.add(where, "name: %v", err)
	}
	k.text(where+", hours", c.Hours, inNote)
}

// channels are where a payer can stand.
var channels = []string{string(api.ChannelJolly), string(api.ChannelCounter), string(api.ChannelTill), string(api.ChannelWeb)}

func (k *checker) fee(where string, fee kiosk.Amount) {
	if fee < minFee || fee > maxFee {
		k.add(where, "fee of %d cents, the circuit takes %d to %d", fee.Cents(), minFee.Cents(), maxFee.Cents())
	}
}

// fees are the rules for single channels.
func (k *checker) fees(where string, by map[string]kiosk.Amount) {
	for _, channel := range slices.Sorted(maps.Keys(by)) {
		if !slices.Contains(channels, channel) {
			k.add(where, "there is no channel %q: want %s", channel, strings.Join(channels, ", "))
			continue
		}
		k.fee(where+", "+channel, by[channel])
	}
}

func (k *checker) service(s kiosk.Service, at int, from origins, groups map[string]int) {
	where := "service " + s.ID
	k.id(where, s.ID)
	if groups[s.Group] == 0 {
		k.add(where, "there is no group %q", s.Group)
	}
	k.icon(where, s.Icon)
	k.text(where+", name", s.Name, onChoice)
	k.text(where+", help", s.Help, underChoice)
	k.text(where+", receipt", s.Receipt, asCreditor)
	for _, l := range kiosk.Languages() {
		if n := columns(s.Receipt[l], l); n > paperColumns {
			k.add(where+", receipt", "%s: %d columns, the paper has %d", l.OwnName(), n, paperColumns)
		}
	}
	k.fee(where+", fee", s.Fee.Cents)
	k.fees(where+", fees", s.Fee.Channels)
	k.words(where, s.Words)
	k.finding(where, s)
	k.form(where, s, at, from)
}

// finding checks how the debts of a service are found, and what the card has to
// prove for it.
func (k *checker) finding(where string, s kiosk.Service) {
	if ways := []kiosk.Finding{kiosk.FindByNotice, kiosk.FindByCard, kiosk.FindByForm}; !slices.Contains(ways, s.Find) {
		k.add(where, "find %q: want %q, %q or %q", s.Find, ways[0], ways[1], ways[2])
	} else if (s.Find == kiosk.FindByForm) != (len(s.Fields) > 0) {
		k.add(where, "a form has fields, and only a form")
	}
	levels := []kiosk.Level{kiosk.LevelClaim, kiosk.LevelSigned, kiosk.LevelPresent, kiosk.LevelProved}
	switch {
	case s.Level != kiosk.LevelNone && !slices.Contains(levels, s.Level):
		k.add(where, "level %q: want one of %q", s.Level, levels)
	case (s.Find == kiosk.FindByCard) != (s.Level != kiosk.LevelNone):
		k.add(where, "a level is for what is found by card, and only for that")
	}
}

// words checks the words that people search a service by: what no key of the
// kiosk types finds nothing.
func (k *checker) words(where string, words []string) {
	seen := map[string]bool{}
	for _, w := range words {
		switch {
		case w == "" || len(w) > wordSize || w != strings.ToLower(w):
			k.add(where, "search word %q: want lower case, at most %d bytes", w, wordSize)
		case strings.ContainsFunc(w, func(r rune) bool {
			return !unicode.In(r, unicode.Latin, unicode.Digit) && !strings.ContainsRune(" '’-/.", r)
		}):
			k.add(where, "search word %q: no key types it; Chinese is searched by its pinyin", w)
		case seen[w]:
			k.add(where, "search word %q stands there twice", w)
		}
		seen[w] = true
	}
}

// form checks each field, and that the examples together are a form that the
// gateway would take.
func (k *checker) form(where string, s kiosk.Service, at int, from origins) {
	if n := len(s.Fields); n > kiosk.MaxFields {
		k.add(where, "%d fields: a form holds %d", n, kiosk.MaxFields)
		return
	}
	if len(s.Fields) == 0 {
		return
	}
	file := k.file
	defer func() { k.file = file }()
	spot := func(i int) string {
		if name, shared := from.shared[[2]int{at, i}]; shared {
			k.file = k.common
			return "field " + name
		}
		k.file = file
		return where + ", field " + s.Fields[i].ID
	}
	ids, optional := map[string]bool{}, true
	for i, f := range s.Fields {
		k.field(spot(i), f)
		k.file = file
		if ids[f.ID] {
			k.add(where, "two fields have the id %q", f.ID)
		}
		ids[f.ID], optional = true, optional && f.Optional
	}
	example := Example(&kiosk.Catalogue{}, s)
	if _, bad, err := notice.CheckForm(s, example.Values[:len(s.Fields)], kiosk.Date{}); err != nil && bad >= 0 {
		k.add(spot(bad), "its own check refuses the example: %v", err)
		k.file = file
	}
	if optional {
		k.add(where, "a form of optional fields finds everything")
	}
}

// The longest that people type at a kiosk, and the keypad shows.
const (
	maxDigits  = 18
	maxLetters = 24
)

func (k *checker) field(where string, f kiosk.Field) {
	if !fieldForm.MatchString(f.ID) {
		k.add(where, "id %q: want letters and digits", f.ID)
	}
	k.text(where+", ask", f.Ask, asTitle)
	k.text(where+", name", f.Name, asTitle)
	k.text(where+", help", f.Help, underTitle)
	k.kind(where, f)
	most := map[kiosk.FieldKind]int{kiosk.FieldDigits: maxDigits, kiosk.FieldLetters: maxLetters}[f.Kind]
	switch {
	case most > 0 && (f.Min < 1 || f.Max < f.Min || f.Max > most):
		k.add(where, "%d to %d signs: want 1 to %d", f.Min, f.Max, most)
	case f.Kind == kiosk.FieldAmount && (f.Min < 1 || f.Max < f.Min || f.Max > int(kiosk.MaxCharge)):
		k.add(where, "%d to %d cents", f.Min, f.Max)
	case most == 0 && f.Kind != kiosk.FieldAmount && (f.Min != 0 || f.Max != 0):
		k.add(where, "a field of kind %s has no min and max", f.Kind)
	}
	if (f.Example == "") != (f.Kind == kiosk.FieldChoice) {
		k.add(where, "an example, but for a choice")
	}
	k.options(where, f)
}

// kind checks what a field takes, and where it may come from.
func (k *checker) kind(where string, f kiosk.Field) {
	if !slices.Contains(fieldKinds, f.Kind) {
		k.add(where, "kind %q: want one of %q", f.Kind, fieldKinds)
	}
	if f.FromCard != "" && (f.FromCard != kiosk.FromCardFiscalCode || f.Kind != kiosk.FieldFiscalCode) {
		k.add(where, "fromCard %q: a card fills %q into a field of kind %q, and nothing else", f.FromCard, kiosk.FromCardFiscalCode, kiosk.FieldFiscalCode)
	}
}

var fieldKinds = []kiosk.FieldKind{
	kiosk.FieldPlate, kiosk.FieldFiscalCode, kiosk.FieldVAT, kiosk.FieldDigits, kiosk.FieldLetters, kiosk.FieldDate, kiosk.FieldAmount, kiosk.FieldChoice,
}

func (k *checker) options(where string, f kiosk.Field) {
	if (f.Kind == kiosk.FieldChoice) != (len(f.Options) > 0) {
		k.add(where, "a choice has options, and only a choice")
	}
	if n := len(f.Options); n > kiosk.MaxOptions {
		k.add(where, "%d options: a page holds %d", n, kiosk.MaxOptions)
	}
	values := map[string]bool{}
	for _, o := range f.Options {
		at := where + ", option " + o.Value
		if !optionForm.MatchString(o.Value) {
			k.add(at, "value: want letters, digits and dashes")
		}
		if values[o.Value] {
			k.add(at, "another option has its value, too")
		}
		values[o.Value] = true
		if o.Icon != "" {
			k.icon(at, o.Icon)
		}
		k.text(at, o.Name, onChoice)
	}
}

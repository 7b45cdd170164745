package catalogue

// The review that a machine can do.

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tserve/jolly/assets"
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

// Flaw is something in a catalogue that must not reach a citizen.
type Flaw struct {
	Where string // "prato-multe, field plate"
	What  string
}

// Error makes a Flaw an error.
func (f Flaw) Error() string { return f.Where + ": " + f.What }

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
func Check(c *kiosk.Catalogue) []Flaw {
	if err := c.Check(); err != nil {
		return []Flaw{{"catalogue", err.Error()}}
	}
	r, err := newRuler()
	if err != nil {
		return []Flaw{{"fonts", err.Error()}}
	}
	k := &checker{ruler: r, ids: map[string]string{}}
	if !versionForm.MatchString(c.Version) {
		k.add("catalogue", "version %q: want a day and a number, 2026-11-22.1", c.Version)
	}
	glns := map[string]bool{}
	for _, cr := range c.Creditors {
		k.creditor(cr)
		if cr.GLN != "" && glns[cr.GLN] {
			k.add("creditor "+string(cr.Code), "GLN %s is another creditor's, too", cr.GLN)
		}
		glns[cr.GLN] = true
	}
	used := map[string]bool{}
	for _, s := range c.Services {
		used[s.Group] = true
		used[string(s.Creditor)] = true
		k.service(s)
	}
	for _, g := range c.Groups {
		k.id("group "+g.ID, g.ID)
		k.icon("group "+g.ID, g.Icon)
		k.text("group "+g.ID+", name", g.Name, onChoice)
		k.text("group "+g.ID+", help", g.Help, underChoice)
		if !used[g.ID] {
			k.add("group "+g.ID, "without a service")
		}
	}
	for _, cr := range c.Creditors {
		if !used[string(cr.Code)] {
			k.add("creditor "+string(cr.Code), "without a service")
		}
	}
	slices.SortStableFunc(k.flaws, func(a, b Flaw) int { return cmp.Compare(a.Where, b.Where) })
	return k.flaws
}

type checker struct {
	ruler *ruler
	ids   map[string]string // what an id names already
	flaws []Flaw
}

func (k *checker) add(where, format string, args ...any) {
	k.flaws = append(k.flaws, Flaw{where, fmt.Sprintf(format, args...)})
}

// id demands a name of its own for each group and service.
func (k *checker) id(where, id string) {
	if !idForm.MatchString(id) {
		k.add(where, "id %q: want lower-case letters, digits and dashes", id)
	}
	if other, ok := k.ids[id]; ok {
		k.add(where, "its id is that of %s", other)
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
	if !notice.Luhn(string(c.Code)) {
		k.add(where, "the check digit of its code does not hold")
	}
	if c.GLN != "" && (len(c.GLN) != 13 || !notice.GS1Mod10(c.GLN)) {
		k.add(where, "the check digit of GLN %q does not hold", c.GLN)
	}
	if c.Circuit != 0 && (c.Circuit < 20 || c.Circuit > 30) {
		k.add(where, "%s to the circuit for each payment: contracts are from 0.20 to 0.30", c.Circuit)
	}
	if !phoneForm.MatchString(c.Phone) {
		k.add(where, "phone %q: people need a number to call", c.Phone)
	}
	if err := k.ruler.fits(c.Name, asCreditor); err != nil {
		k.add(where, "name: %v", err)
	}
	k.text(where+", hours", c.Hours, inNote)
}

func (k *checker) service(s kiosk.Service) {
	where := "service " + s.ID
	k.id(where, s.ID)
	k.icon(where, s.Icon)
	k.text(where+", name", s.Name, onChoice)
	k.text(where+", help", s.Help, underChoice)
	k.text(where+", receipt", s.Receipt, asCreditor)
	for _, l := range kiosk.Languages() {
		if n := columns(s.Receipt[l], l); n > paperColumns {
			k.add(where+", receipt", "%s: %d columns, the paper has %d", l.OwnName(), n, paperColumns)
		}
	}
	if s.Fee.Cents < minFee || s.Fee.Cents > maxFee {
		k.add(where, "fee of %d cents, the circuit takes %d to %d", s.Fee.Cents.Cents(), minFee.Cents(), maxFee.Cents())
	}
	if (s.Find == kiosk.FindByCard) != (s.Level != kiosk.LevelNone) {
		k.add(where, "a level is for what is found by card, and only for that")
	}
	for _, w := range s.Words {
		if w == "" || len(w) > wordSize || w != strings.ToLower(w) {
			k.add(where, "search word %q: want lower case, at most %d bytes", w, wordSize)
		}
	}
	k.form(where, s)
}

// form checks each field, and that the examples together are a form that the
// gateway would take.
func (k *checker) form(where string, s kiosk.Service) {
	values := make([]kiosk.FormValue, 0, len(s.Fields))
	for i, f := range s.Fields {
		k.field(where+", field "+f.ID, f)
		values = append(values, Example(&kiosk.Catalogue{}, s).Values[i])
	}
	if len(s.Fields) == 0 {
		return
	}
	if _, bad, err := notice.CheckForm(s, values, kiosk.Date{}); err != nil {
		k.add(where+", field "+s.Fields[bad].ID, "its own check refuses the example: %v", err)
	}
	for _, f := range s.Fields {
		if !f.Optional {
			return
		}
	}
	k.add(where, "a form of optional fields finds everything")
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
	k.text(where+", name", f.Name, asTitle)
	k.text(where+", help", f.Help, underTitle)
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
	for _, o := range f.Options {
		at := where + ", option " + o.Value
		if !optionForm.MatchString(o.Value) {
			k.add(at, "value: want letters, digits and dashes")
		}
		if o.Icon != "" {
			k.icon(at, o.Icon)
		}
		k.text(at, o.Name, onChoice)
	}
}

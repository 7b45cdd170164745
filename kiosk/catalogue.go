package kiosk

// The catalogue: who can be paid for what, and how each debt is found. The
// gateway signs it; the kiosk keeps the last good one and pins it in a visit.

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

// Text is a text in every language.
type Text map[Language]string

// In returns the text in the language, or the Italian one.
func (t Text) In(l Language) string {
	if s := t[l]; s != "" {
		return s
	}
	return t[Italian]
}

// Catalogue is the whole list. It is never changed once made: whoever holds a
// pointer to it may compare pointers.
type Catalogue struct {
	Version   string     `json:"version"` // rises; "2026-11-22.1"
	Creditors []Creditor `json:"creditors"`
	Groups    []Group    `json:"groups"` // at most 7, as the pages show them
	Services  []Service  `json:"services"`
}

// Creditor is a body that is paid.
type Creditor struct {
	Code  CreditorCode `json:"code"`
	Name  string       `json:"name"`          // its own name, the same in every language
	GLN   string       `json:"gln,omitempty"` // 13 digits of its GS1-128 codes
	City  string       `json:"city,omitempty"`
	Phone string       `json:"phone,omitempty"` // the human help line
	Hours Text         `json:"hours,omitempty"` // when somebody answers it

	Circuit Amount  `json:"circuit,omitempty"` // owed to the circuit for each payment, by contract: 20 to 30; 0 is nothing
	Fee     FeeRule `json:"fee,omitzero"`      // of a paper that names none of its services; zero is what the circuit takes of any
}

// Group is one choice of the first services page.
type Group struct {
	ID   string `json:"id"`
	Icon string `json:"icon"` // pictogram
	Name Text   `json:"name"`
	Help Text   `json:"help,omitempty"` // what is in it, in a few words
}

// Finding is how the debts of a service are found.
type Finding string

// The ways to find a debt.
const (
	FindByNotice Finding = "notice" // the paper
	FindByCard   Finding = "card"   // the citizen's card
	FindByForm   Finding = "form"   // a form of typed fields
)

// Limits of a catalogue: what a page of choices and a form can hold.
const (
	MaxGroups  = 7
	MaxOptions = 7
	MaxFields  = 6
)

// Service is something that can be paid.
type Service struct {
	ID       string       `json:"id"` // "prato-mensa"
	Creditor CreditorCode `json:"creditor"`
	Group    string       `json:"group"`
	Icon     string       `json:"icon"`
	Name     Text         `json:"name"`
	Help     Text         `json:"help"`
	Words    []string     `json:"words,omitempty"` // other words people search it by, any language
	Find     Finding      `json:"find"`
	Level    Level        `json:"level,omitempty"` // of the card's reading that the service asks for
	Fields   []Field      `json:"fields,omitempty"`
	Fee      FeeRule      `json:"fee"`
	Receipt  Text         `json:"receipt"` // what the payment is called on the paper
}

// FeeRule is what the citizen pays for a payment of a service, or of a creditor.
type FeeRule struct {
	Cents    Amount            `json:"cents"`              // 100 to 220
	Channels map[string]Amount `json:"channels,omitempty"` // another fee where the payer stands: "jolly", "counter", "till", "web"
}

// In is the fee in a channel. A rule for the channel goes before a rule for all.
func (r FeeRule) In(channel string) (fee Amount, ofChannel bool) {
	if fee, ok := r.Channels[channel]; ok {
		return fee, true
	}
	return r.Cents, false
}

// FieldKind is what is typed into a field, and how it is checked.
type FieldKind string

// The kinds of fields.
const (
	FieldPlate      FieldKind = "plate"       // checked for the kind of vehicle
	FieldFiscalCode FieldKind = "fiscal-code" // 16 letters and digits with a check letter
	FieldVAT        FieldKind = "vat"         // 11 digits with a check digit
	FieldDigits     FieldKind = "digits"      // Min to Max digits
	FieldLetters    FieldKind = "letters"     // Min to Max letters, digits, blanks
	FieldDate       FieldKind = "date"        // DDMMYYYY, shown with slashes
	FieldAmount     FieldKind = "amount"      // cents
	FieldChoice     FieldKind = "choice"      // one of Options
)

// Field is one question of a form.
type Field struct {
	ID       string    `json:"id"`
	Kind     FieldKind `json:"kind"`
	Ask      Text      `json:"ask,omitempty"` // the question, the title of its page
	Name     Text      `json:"name"`          // of what is asked for, as it stands on the paper
	Help     Text      `json:"help,omitempty"`
	Example  string    `json:"example,omitempty"`
	Min      int       `json:"min,omitempty"`
	Max      int       `json:"max,omitempty"`
	Options  []Option  `json:"options,omitempty"`  // at most 7
	FromCard string    `json:"fromCard,omitempty"` // "fiscalCode": may be filled from the card's reading
	Optional bool      `json:"optional,omitempty"`
}

// FromCardFiscalCode is the one thing that a form takes from a card.
const FromCardFiscalCode = "fiscalCode"

// Option is one answer of a choice field.
type Option struct {
	Value string `json:"value"`
	Name  Text   `json:"name"`
	Icon  string `json:"icon,omitempty"`
}

// FormValue is what a citizen typed into a form. It never shows in a log.
type FormValue string

// Clear returns the value itself.
func (v FormValue) Clear() string { return string(v) }

// Format prints the value redacted under every verb.
func (v FormValue) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue logs the value redacted.
func (v FormValue) LogValue() slog.Value { return slog.StringValue(redacted) }

// Form is a filled form: the values in the order of the service's fields.
type Form struct {
	Catalogue string // the version that the form was shown from
	Service   string
	Values    [MaxFields]FormValue
}

// MaxFound is the number of bills that one search can answer with.
const MaxFound = 20

// Found are the bills of a search, the oldest due first. More says that there
// are others still; Withheld says that there are bills whose creditor asks for
// more proof than the card gave.
type Found struct {
	Quotes   [MaxFound]Quote
	Count    int
	More     bool
	Withheld bool
}

// Bills returns the quotes in use.
func (f Found) Bills() []Quote { return f.Quotes[:min(max(f.Count, 0), MaxFound)] }

// With returns the found bills with one added; a full list is marked instead.
func (f Found) With(q Quote) Found {
	if f.Count == MaxFound {
		f.More = true
		return f
	}
	f.Quotes[f.Count] = q
	f.Count++
	return f
}

// Service returns the service with the id.
func (c *Catalogue) Service(id string) (Service, bool) {
	if c == nil {
		return Service{}, false
	}
	for _, s := range c.Services {
		if s.ID == id {
			return s, true
		}
	}
	return Service{}, false
}

// Creditor returns the creditor with the code.
func (c *Catalogue) Creditor(code CreditorCode) (Creditor, bool) {
	if c == nil {
		return Creditor{}, false
	}
	for _, cr := range c.Creditors {
		if cr.Code == code {
			return cr, true
		}
	}
	return Creditor{}, false
}

// CircuitOf is what a body owes to the circuit for each payment, by its contract.
func (c *Catalogue) CircuitOf(code CreditorCode) Amount {
	cr, _ := c.Creditor(code)
	return cr.Circuit
}

// FeeOf is what the citizen pays for a bill of a creditor in a channel: by the
// service's rule for the channel, or else the creditor's for it, the service's for
// all, the creditor's for all; 0 where none has one.
func (c *Catalogue) FeeOf(code CreditorCode, service, channel string) Amount {
	s, _ := c.Service(service)
	cr, _ := c.Creditor(code)
	fee, ofChannel := s.Fee.In(channel)
	if ofChannel {
		return fee
	}
	own, ofChannel := cr.Fee.In(channel)
	if ofChannel || fee <= 0 {
		return own
	}
	return fee
}

// CompareVersions says whether version a of a catalogue is older than b (-1), the
// same (0) or newer (+1). A version is a day and a number within it,
// "2026-11-22.1"; what is not of that form is older than what is.
func CompareVersions(a, b string) int {
	dayA, numberA, okA := cutVersion(a)
	dayB, numberB, okB := cutVersion(b)
	switch {
	case okA != okB && okA:
		return 1
	case okA != okB:
		return -1
	case !okA:
		return strings.Compare(a, b)
	}
	return cmp.Or(strings.Compare(dayA, dayB), cmp.Compare(numberA, numberB))
}

func cutVersion(v string) (day string, number uint64, ok bool) {
	day, rest, ok := strings.Cut(v, ".")
	if !ok || len(day) != len("2026-11-22") {
		return "", 0, false
	}
	if _, err := ParseDate(day); err != nil {
		return "", 0, false
	}
	number, err := strconv.ParseUint(rest, 10, 32)
	return day, number, err == nil
}

// Check says why the kiosk could not work with the catalogue: something that it
// refers to is missing or twice there, a list is too long, a closed list does
// not hold a word. It does not judge texts beyond that there is an Italian one.
func (c *Catalogue) Check() error {
	if c == nil || c.Version == "" {
		return errors.New("a catalogue without a version")
	}
	if len(c.Groups) > MaxGroups {
		return fmt.Errorf("%d groups, a page holds %d", len(c.Groups), MaxGroups)
	}
	creditors, groups, services := map[CreditorCode]bool{}, map[string]bool{}, map[string]bool{}
	for _, cr := range c.Creditors {
		if cr.Code == "" || cr.Name == "" || creditors[cr.Code] {
			return fmt.Errorf("creditor %q: without a code or a name, or twice there", cr.Code)
		}
		creditors[cr.Code] = true
	}
	for _, g := range c.Groups {
		if g.ID == "" || g.Name[Italian] == "" || groups[g.ID] {
			return fmt.Errorf("group %q: without an id or a name, or twice there", g.ID)
		}
		groups[g.ID] = true
	}
	for _, s := range c.Services {
		switch {
		case s.ID == "" || services[s.ID]:
			return fmt.Errorf("service %q: without an id, or twice there", s.ID)
		case !creditors[s.Creditor]:
			return fmt.Errorf("service %s: no creditor %q", s.ID, s.Creditor)
		case !groups[s.Group]:
			return fmt.Errorf("service %s: no group %q", s.ID, s.Group)
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("service %s: %w", s.ID, err)
		}
		services[s.ID] = true
	}
	return nil
}

func (s Service) check() error {
	switch {
	case s.Name[Italian] == "" || s.Receipt[Italian] == "":
		return errors.New("without a name or its words for the paper")
	case s.Find != FindByNotice && s.Find != FindByCard && s.Find != FindByForm:
		return fmt.Errorf("found by %q", s.Find)
	case s.Level != LevelNone && s.Level.rank() == 0:
		return fmt.Errorf("level %q", s.Level)
	case (s.Find == FindByForm) != (len(s.Fields) > 0):
		return errors.New("a form has fields, and only a form")
	case len(s.Fields) > MaxFields:
		return fmt.Errorf("%d fields, a form holds %d", len(s.Fields), MaxFields)
	case s.Fee.Cents < 0 || s.Fee.Cents > MaxCharge:
		return errors.New("a fee that nobody can pay")
	}
	fields := map[string]bool{}
	for _, f := range s.Fields {
		if f.ID == "" || f.Name[Italian] == "" || fields[f.ID] {
			return fmt.Errorf("field %q: without an id or a name, or twice there", f.ID)
		}
		if err := f.check(); err != nil {
			return fmt.Errorf("field %s: %w", f.ID, err)
		}
		fields[f.ID] = true
	}
	return nil
}

func (f Field) check() error {
	switch f.Kind {
	case FieldPlate, FieldFiscalCode, FieldVAT, FieldDigits, FieldLetters, FieldDate, FieldAmount, FieldChoice:
	default:
		return fmt.Errorf("kind %q", f.Kind)
	}
	switch {
	case f.Min < 0 || f.Max < 0 || f.Max > 0 && f.Min > f.Max:
		return fmt.Errorf("%d to %d", f.Min, f.Max)
	case (f.Kind == FieldChoice) != (len(f.Options) > 0):
		return errors.New("a choice has options, and only a choice")
	case len(f.Options) > MaxOptions:
		return fmt.Errorf("%d options, a page holds %d", len(f.Options), MaxOptions)
	case f.FromCard != "" && (f.FromCard != FromCardFiscalCode || f.Kind != FieldFiscalCode):
		return fmt.Errorf("%q from the card into a field of kind %s", f.FromCard, f.Kind)
	}
	values := map[string]bool{}
	for _, o := range f.Options {
		if o.Value == "" || o.Name[Italian] == "" || values[o.Value] {
			return fmt.Errorf("option %q: without a value or a name, or twice there", o.Value)
		}
		values[o.Value] = true
	}
	return nil
}

package kiosk

// The catalogue: who can be paid for what, and how each debt is found. The
// gateway signs it; the kiosk keeps the last good one and pins it in a visit.

import (
	"fmt"
	"log/slog"
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
}

// Group is one choice of the first services page.
type Group struct {
	ID   string `json:"id"`
	Icon string `json:"icon"` // pictogram
	Name Text   `json:"name"`
}

// Finding is how the debts of a service are found.
type Finding string

// The ways to find a debt.
const (
	FindByNotice Finding = "notice" // the paper
	FindByCard   Finding = "card"   // the citizen's card
	FindByForm   Finding = "form"   // a form of typed fields
)

// MaxFields is the number of fields that a form can have.
const MaxFields = 6

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

// FeeRule is what the citizen pays for a payment of a service.
type FeeRule struct {
	Cents Amount `json:"cents"` // 100 to 220
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
	Name     Text      `json:"name"`
	Help     Text      `json:"help,omitempty"`
	Example  string    `json:"example,omitempty"`
	Min      int       `json:"min,omitempty"`
	Max      int       `json:"max,omitempty"`
	Options  []Option  `json:"options,omitempty"`  // at most 7
	FromCard string    `json:"fromCard,omitempty"` // "fiscalCode": may be filled from the card's reading
	Optional bool      `json:"optional,omitempty"`
}

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

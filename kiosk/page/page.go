package page

// The page: one screen as a value.

import "github.com/tserve/jolly/kiosk"

// Page is one screen. Parts that are empty are not there.
type Page struct {
	Name   string // stable, for tests and pictures: "bill"
	Serial uint64 // set by the runner; a touch of another serial is dropped
	Lang   kiosk.Language
	Modes  Modes

	Header  Header
	Steps   Steps
	Title   string
	Verdict Tone   // of a result page: pictogram before the title; "" for none
	Hero    bool   // the attract page's larger title
	Lead    string // one or two sentences under the title
	Amount  string // a single large amount, as on the terminal page
	Code    Labelled
	Card    []Row    // label and value in one card
	List    []Item   // bills of a cart
	Totals  []Row    // under the list
	Choices []Choice // at most 7 are shown at once, 4 in lower mode
	Picture Picture
	Sample  Labelled  // what the picture shows: the label on the paper, and an example
	Arrow   Direction // where the device stands that the page speaks of
	QR      string    // drawn large, with Lead as its words
	Field   Field
	Keys    []Key    // on-screen keypad
	KeyRows []KeyRow // how the keys stand; none: three in a row
	Notes   []Note
	Bar     Progress

	Back   Action // narrow and outlined; zero value: not there
	Second Action // outlined in blue, beside or above the main one
	Main   Action // wide and filled

	Turning Turning // words for a page that has to be shown in parts

	Help [6]Action // the help bar: six places that never move
	Box  *Box      // a question over the page; it holds the focus
}

// Turning are the words of the ui's own two actions on a page that does not fit
// and is shown in parts. In ReadOn "{part}" and "{parts}" stand for numbers. Keep
// says that the main action stands on every part, beside the way to read on; else
// it waits for the last.
type Turning struct {
	ReadOn, ReadBack string
	Keep             bool
}

// Modes are the aids that the citizen switched on; they end with the visit.
type Modes struct {
	Large    bool
	Contrast bool
	Lower    bool
}

// Header is the head of every page.
type Header struct {
	Body      string   // the body's name: "Comune di Prato"
	Service   string   // "Sportello Jolly"
	Arms      string   // pictogram or file of the arms
	Languages []Action // by their own names; Active marks the one in force
}

// Steps is the line of four bars on the paying path; Now 0 is none.
type Steps struct {
	Now   int
	Names []string
	Label string // "2 di 4 · Controlla"
}

// Row is a label and its value. Strong is the amount of a card, drawn large
// under a rule.
type Row struct {
	Label, Value string
	Strong       bool
}

// Labelled is a short code with its label: "Il tuo codice", "7K4P-22".
type Labelled struct{ Label, Value string }

// Item is one bill of a cart.
type Item struct {
	Icon, Title, Sub, Value string
	Remove                  Action
}

// Choice is one large way on.
type Choice struct {
	Icon        string // pictogram
	Title, Text string
	Value       string // an amount, at its right
	Tick        Tick   // a box to tick instead of a way on
	Act         Action
	Recommended bool // filled; at most one on a page
}

// Tick is the state of a choice that is a box to tick.
type Tick string

// The states of a box; none is a way on.
const (
	TickNone Tick = ""
	TickOff  Tick = "off"
	TickOn   Tick = "on"
)

// Tone is the meaning of a colour; it is never the only sign.
type Tone string

// The tones.
const (
	ToneInfo Tone = "info"
	ToneWarn Tone = "warn"
	ToneDone Tone = "done"
	ToneBad  Tone = "bad"
)

// Note is a bordered box with pictogram and words. Without a tone it is plain
// text in its place; without an icon it has its tone's.
type Note struct {
	Tone   Tone
	Icon   string
	Strong string // said first, in bold
	Text   string
}

// Picture is a drawing of the family.
type Picture string

// The pictures.
const (
	PictureScan     Picture = "scan"     // paper over the reader
	PicturePaper    Picture = "paper"    // where the notice number stands
	PictureCreditor Picture = "creditor" // where the creditor's code stands
	PictureLetter   Picture = "letter"   // where a code stands on a letter
	PicturePlate    Picture = "plate"    // the number plate of a vehicle
	PictureHealth   Picture = "health"   // where the codice fiscale stands on the health card
	PictureTerminal Picture = "terminal"
	PicturePrinter  Picture = "printer"
	PictureTake     Picture = "take" // take your paper
	PictureCard     Picture = "card" // which side of the card goes where
	PictureCAN      Picture = "can"  // where the card's number stands
	PicturePIN      Picture = "pin"  // a hand over the keys
	PictureTakeCard Picture = "takecard"
)

// Direction is where a device stands seen from the citizen.
type Direction string

// The directions.
const (
	Below Direction = "below"
	Above Direction = "above"
	Left  Direction = "left"
	Right Direction = "right"
)

// Field is what was typed so far and what is missing, already grouped: "3020
// 0001 2345 67" and "·· ··". Digits of a secret are dots.
type Field struct{ Typed, Missing string }

// Key is one key of an on-screen keypad.
type Key struct {
	Label string
	Wide  bool // words, not a digit
	Act   Action
}

// KeyRow is a row of so many keys in a grid of so many columns.
type KeyRow struct{ Keys, Columns int }

// Progress is a determinate bar; Of 0 is none.
type Progress struct{ Done, Of int }

// Style is how an action looks, by its meaning.
type Style string

// The styles of an action.
const (
	StylePlain   Style = ""        // the way back, the help bar
	StyleOutline Style = "outline" // another way on
	StylePrimary Style = "primary" // the way on: blue
	StylePay     Style = "pay"     // money leaves: green
)

// Action is something that a citizen can do on a page. The zero value is none.
// Event is opaque here: the runner switches on its type.
type Action struct {
	ID       string // stable within the page: "continue"
	Label    string
	Icon     string
	Style    Style
	Active   bool // a mode that is on, a language in force
	Disabled bool // Label then says what is missing
	Event    any
}

// Exists says that there is an action.
func (a Action) Exists() bool { return a.ID != "" }

// Box is a question over the page.
type Box struct {
	Name        string
	Title, Lead string
	Countdown   int // seconds left; 0 is none
	Back, Main  Action
}

// Touch is what the ui sends: the action that was released on, and the serial
// of the page that it stood on. Without an action it is a sign that somebody is
// there: a touch beside everything, a page turned, the focus moved.
type Touch struct {
	Serial uint64
	Action Action
}

// Actions returns all enabled actions in the focus order: choices, list, keys,
// main, second, back, languages, help bar. Where a box is open it alone counts.
func (p Page) Actions() []Action {
	var all []Action
	add := func(as ...Action) {
		for _, a := range as {
			if a.Exists() && !a.Disabled {
				all = append(all, a)
			}
		}
	}
	if p.Box != nil {
		add(p.Box.Main, p.Box.Back)
		return all
	}
	for _, c := range p.Choices {
		add(c.Act)
	}
	for _, i := range p.List {
		add(i.Remove)
	}
	for _, k := range p.Keys {
		add(k.Act)
	}
	add(p.Main, p.Second, p.Back)
	add(p.Header.Languages...)
	add(p.Help[:]...)
	return all
}

// Find returns the action with the given id, disabled ones too.
func (p Page) Find(id string) (Action, bool) {
	look := []Action{p.Main, p.Second, p.Back}
	if p.Box != nil {
		look = append(look, p.Box.Main, p.Box.Back)
	}
	for _, c := range p.Choices {
		look = append(look, c.Act)
	}
	for _, i := range p.List {
		look = append(look, i.Remove)
	}
	for _, k := range p.Keys {
		look = append(look, k.Act)
	}
	look = append(look, p.Header.Languages...)
	look = append(look, p.Help[:]...)
	for _, a := range look {
		if a.ID == id {
			return a, true
		}
	}
	return Action{}, false
}

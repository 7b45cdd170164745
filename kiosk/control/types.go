package control

// What goes over the socket.

import (
	"errors"
	"regexp"

	"github.com/tserve/jolly/kiosk"
)

// Screen is the page that is shown, with the places of its actions in pixels of
// the window.
type Screen struct {
	Page     string   `json:"page"`
	Box      string   `json:"box,omitempty"`
	Serial   uint64   `json:"serial"`
	Title    string   `json:"title"`
	Text     []string `json:"text"`
	Language string   `json:"language"`
	Painted  bool     `json:"painted"` // it stands on the glass
	Actions  []Action `json:"actions"`
}

// Action is one thing that can be touched.
type Action struct {
	ID       string  `json:"id"`
	Label    string  `json:"label"`
	Disabled bool    `json:"disabled"`
	Early    bool    `json:"early,omitempty"` // it came to stand just now: a touch does not count yet
	X        float32 `json:"x"`
	Y        float32 `json:"y"`
	W        float32 `json:"w"`
	H        float32 `json:"h"`
}

// Payment is one payment of the running process.
type Payment struct {
	ID       string   `json:"id"`
	Ref      string   `json:"ref"`
	Phase    string   `json:"phase"`
	Step     string   `json:"step"`
	Outcome  string   `json:"outcome"`
	Reason   string   `json:"reason,omitempty"`
	Total    int64    `json:"totalCents"`
	STAN     string   `json:"stan"`
	Closings []string `json:"closings"`
}

// Device is what is known of one device.
type Device struct {
	Device string `json:"device"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Health is the state of the kiosk.
type Health struct {
	CanCharge    bool     `json:"canCharge"`
	SalesStopped bool     `json:"salesStopped"`
	Devices      []Device `json:"devices"`
	// Problems are what a maintainer must see to, though every device works.
	Problems []Problem `json:"problems"`
	// Day is the last closing of the terminal's day; nil when there is none.
	Day *kiosk.DayClose `json:"day,omitempty"`
}

// Problem is one thing to see to.
type Problem struct {
	Code   string `json:"code"`
	Ref    string `json:"ref,omitempty"`
	Detail string `json:"detail"`
	Since  int64  `json:"since,omitempty"` // milliseconds since 1970 UTC
}

// TerminalStatus is the card terminal's word about itself.
type TerminalStatus struct {
	Health string `json:"health"`
	Detail string `json:"detail,omitempty"` // why it is not ready
}

// TerminalLast is the terminal's last saved result, and its slip where it sends one.
type TerminalLast struct {
	Known  bool   `json:"known"`
	Amount int64  `json:"amountCents"`
	Result string `json:"result,omitempty"`
	Reason string `json:"reason,omitempty"`
	STAN   string `json:"stan,omitempty"`
	Online string `json:"onlineId,omitempty"`
	Auth   string `json:"authCode,omitempty"`
	Slip   string `json:"slip,omitempty"`
}

// TerminalTotals is what the terminal took since its day was closed, beside the
// journal's own sum.
type TerminalTotals struct {
	TerminalID string `json:"terminalId"`
	Terminal   int64  `json:"terminalCents"`
	Journal    int64  `json:"journalCents"`
	Charges    int    `json:"charges"`
	Whole      bool   `json:"whole"` // the journal's sum begins at a closing: the two can be compared
}

// TerminalProbe is the reading of the check byte that the terminal speaks.
type TerminalProbe struct {
	LRC        string `json:"lrc"`
	Configured string `json:"configured"`
}

// Decision is a person's word on a charge that is unknown.
type Decision struct {
	Payment string `json:"payment"`
	Outcome string `json:"outcome"`        // "charged" or "refused"
	STAN    string `json:"stan,omitempty"` // of the terminal's slip; needed for "charged"
}

// Retry names a parked row that is to go out again.
type Retry struct {
	ID string `json:"id"`
}

// The papers that a maintainer can have printed.
const (
	PaperReadiness = "readiness" // what works now, and what does not
	PaperDay       = "day"       // the last closing of the terminal's day
	PaperTest      = "test"      // letters, edges and a code
)

// Paper names one of them.
type Paper struct {
	Paper string `json:"paper"`
}

// Check finds what is no paper's name.
func (p Paper) Check() error {
	switch p.Paper {
	case PaperReadiness, PaperDay, PaperTest:
		return nil
	}
	return errors.New("paper: want readiness, day or test")
}

// Printed is how printing a paper ended.
type Printed struct {
	Result string `json:"result"` // "printed", "failed" or "unknown"
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
}

// Done is the answer to what was done.
type Done struct {
	OK bool `json:"ok"`
}

var (
	paymentID = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)
	stanOf    = regexp.MustCompile(`^[0-9]{6}$`)
	rowID     = regexp.MustCompile(`^[!-~]{1,128}$`)
)

// Check finds what no decision can be.
func (d Decision) Check() error {
	switch {
	case !paymentID.MatchString(d.Payment):
		return errors.New("payment: want its whole id")
	case d.Outcome == string(kiosk.Charged) && !stanOf.MatchString(d.STAN):
		return errors.New("stan: want the six digits of the terminal's slip for a charge")
	case d.Outcome == string(kiosk.Refused) && d.STAN != "":
		return errors.New("stan: what was not charged has none")
	case d.Outcome != string(kiosk.Charged) && d.Outcome != string(kiosk.Refused):
		return errors.New("outcome: want charged or refused")
	}
	return nil
}

// Check finds what no row's id can be.
func (r Retry) Check() error {
	if !rowID.MatchString(r.ID) {
		return errors.New("id: want the whole id of a row")
	}
	return nil
}

package receipt

// The papers that are no receipts: what maintainers print.

import (
	"strconv"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
)

// Station is where and when a report is printed.
type Station struct {
	Language kiosk.Language
	Kiosk    string
	Place    string
	At       kiosk.Wall
}

// reporter gathers the lines of a report.
type reporter struct {
	writer
	s Station
}

func report(s Station, kind string) *reporter {
	w := &reporter{s: s}
	w.r.Language = s.Language
	w.add(Line{Kind: Text, Text: i18n.T(s.Language, "common_body_service", nil)})
	w.add(Line{Kind: Title, Text: w.t("title_" + kind)})
	w.add(Line{Kind: Text, Text: w.t("state_" + kind)})
	w.rule()
	w.pair("kiosk", s.Kiosk)
	w.pair("place", s.Place)
	w.pair("at", i18n.DateTime(s.Language, s.At))
	if !s.At.Trusted {
		w.add(Line{Kind: Text, Text: w.t("clock_untrusted")})
	}
	return w
}

// sample has what a receipt needs of the letters: accents, the euro, and Chinese.
const sample = "ÀÈÉÌÒÙ àèéìòù € 0123456789 付款收据 łşčñ"

// TestPage shows whether a printer prints what it should: letters, edges and a
// code. printer and paper say what it was told to be.
func TestPage(s Station, printer, paper string) []Line {
	w := report(s, "test")
	w.pair("printer", printer)
	w.pair("paper", paper)
	w.rule()
	w.field("test_letters", sample, false)
	w.add(Line{Kind: Total, Label: w.t("total"), Text: i18n.Money(s.Language, kiosk.Cents(123_456))})
	w.add(Line{Kind: Note, Text: w.t("test_edges")})
	w.rule()
	w.add(Line{Kind: QR, Text: "JOLLY TEST " + s.Kiosk, Label: w.t("test_code")})
	return w.lines
}

// Check is one thing that has to work before citizens are served.
type Check struct {
	Name   string
	OK     bool
	Detail string
}

// Readiness is the report that a kiosk prints when it was set up or mended.
func Readiness(s Station, checks []Check) []Line {
	ready := true
	for _, c := range checks {
		ready = ready && c.OK
	}
	w := report(s, "ready")
	w.add(Line{Kind: Note, Text: w.t(map[bool]string{true: "ready_yes", false: "ready_no"}[ready])})
	w.add(Line{Kind: Space})
	for _, c := range checks {
		w.add(Line{Kind: Pair, Label: c.Name, Text: w.t(map[bool]string{true: "check_ok", false: "check_ko"}[c.OK])})
		if c.Detail != "" {
			w.add(Line{Kind: Text, Text: c.Detail})
		}
	}
	return w.lines
}

// Day is what a kiosk did between two moments.
type Day struct {
	From, To kiosk.Wall
	Paid     int // charged, all bills closed
	Pending  int // charged, a closing not known yet
	Refunds  int // charged, money owed back
	Doubtful int // nobody knows whether charged
	Refused  int
	Amount   kiosk.Amount // of what was charged
	Fee      kiosk.Amount
	Total    kiosk.Amount
	Terminal kiosk.Amount       // what the card terminal says it took
	Told     bool               // it said so
	Closing  kiosk.CloseOutcome // how its day was closed; "" says nothing about that
	Bank     kiosk.Amount       // what the bank says, when it was closed
	Waiting  int                // rows that the gateway has not got yet
}

// EndOfDay is the report of a day; where terminal and journal differ it says so
// first.
func EndOfDay(s Station, d Day) []Line {
	w := report(s, "day")
	w.pair("day_from", i18n.DateTime(s.Language, d.From))
	w.pair("day_to", i18n.DateTime(s.Language, d.To))
	if d.Closing != "" {
		w.pair("day_closing", w.t("day_closing_"+string(d.Closing)))
	}
	if d.Closing == kiosk.CloseUnknown {
		w.add(Line{Kind: Note, Text: w.t("day_unknown")})
		w.add(Line{Kind: Text, Text: w.t("day_unknown_text")})
		w.add(Line{Kind: Space})
	}
	if (d.Told && d.Terminal != d.Total) || (d.Closing == kiosk.CloseDone && d.Bank != d.Total) {
		w.add(Line{Kind: Note, Text: w.t("day_differs")})
		w.add(Line{Kind: Space})
	}
	w.rule()
	w.pair("amount", w.money(d.Amount))
	w.pair("fee", w.money(d.Fee))
	w.add(Line{Kind: Total, Label: w.t("total_charged"), Text: w.money(d.Total)})
	if d.Told {
		w.pair("day_terminal", w.money(d.Terminal))
		if d.Closing == kiosk.CloseDone {
			w.pair("day_bank", w.money(d.Bank))
		}
	} else {
		w.add(Line{Kind: Text, Text: w.t("day_not_told")})
	}
	w.rule()
	for _, c := range []struct {
		key string
		n   int
	}{
		{"day_paid", d.Paid}, {"day_pending", d.Pending}, {"day_refunds", d.Refunds}, {"day_doubtful", d.Doubtful},
		{"day_refused", d.Refused}, {"day_waiting", d.Waiting},
	} {
		w.pair(c.key, strconv.Itoa(c.n))
	}
	if d.Pending+d.Refunds+d.Doubtful+d.Waiting > 0 {
		w.add(Line{Kind: Space})
		w.add(Line{Kind: Text, Text: w.t("day_open")})
	}
	return w.lines
}

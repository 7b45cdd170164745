package kiosk

// The card terminal's day: its totals, its closing, the charge taken back.

// Totals is what the terminal says it took since its day was closed last.
type Totals struct {
	TerminalID string `json:"terminalId"`
	Total      Amount `json:"total"`
}

// CloseOutcome is how asking the terminal to close its day ended.
type CloseOutcome string

// The ends of a closing. Like that of a charge it has an unknown end: a lost
// answer may mean closed or not, and the request is never sent again for it.
const (
	CloseDone    CloseOutcome = "closed"
	CloseRefused CloseOutcome = "refused" // the terminal said no, or surely was not asked: the day is open
	CloseUnknown CloseOutcome = "unknown"
	CloseEmpty   CloseOutcome = "empty" // nothing was taken, so nothing was asked of the terminal
)

// TerminalClose is the terminal's answer to a closing.
type TerminalClose struct {
	Outcome    CloseOutcome `json:"outcome"`
	TerminalID string       `json:"terminalId"`
	Total      Amount       `json:"total"`     // by the terminal's count; when closed
	HostTotal  Amount       `json:"hostTotal"` // by the bank's count; when closed
	ActionCode string       `json:"actionCode,omitempty"`
	Reason     string       `json:"reason,omitempty"`
}

// Reversal is how taking a charge back ended. Unknown is one of the three here, too.
type Reversal struct {
	Outcome    Outcome `json:"outcome"` // Charged: taken back; Refused: the charge stands; Unknown
	TerminalID string  `json:"terminalId"`
	STAN       string  `json:"stan"` // of the reversal itself
	Reason     string  `json:"reason,omitempty"`
}

// DayClose is one closing of the day as the journal keeps it and the gateway
// hears it: what the terminal took beside what the journal has since the last one.
type DayClose struct {
	Day      string        `json:"day"` // business day, 2006-01-02 in the kiosk's own time
	At       Wall          `json:"at"`
	Journal  Amount        `json:"journal"`  // charges of the journal since the closing before
	Charges  int           `json:"charges"`  // how many
	Whole    bool          `json:"whole"`    // the journal knows the closing before; otherwise the sum has no beginning
	Terminal Amount        `json:"terminal"` // the terminal's totals, asked just before
	Close    TerminalClose `json:"close,omitzero"`
	ByHand   bool          `json:"byHand,omitempty"`
}

// Agrees says that the terminal, the bank and the journal have the same sum.
// Where the journal's sum has no beginning nothing can be compared.
func (d DayClose) Agrees() bool {
	if d.Close.Outcome == CloseDone && (d.Close.Total != d.Terminal || d.Close.HostTotal != d.Close.Total) {
		return false
	}
	return !d.Whole || d.Journal == d.Terminal
}

// Takings is what the journal knows of the terminal's day.
type Takings struct {
	Last    DayClose // the newest closing that was begun; zero when there is none
	LastID  string   // of that closing, for its rows
	Begun   bool     // its end is not in the journal: the kiosk stopped in between
	Sum     Amount   // charged since
	Charges int      // how many
	Whole   bool     // the sum begins at a closing
}

package sim

// Ledger: what the terminal did, by its own account.

import (
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Entry is one transaction.
type Entry struct {
	Outcome    kiosk.Outcome   `json:"outcome"` // charged or refused: a terminal knows
	STAN       string          `json:"stan"`
	OnlineID   string          `json:"onlineId"`
	Asked      kiosk.Amount    `json:"asked"`
	Amount     kiosk.Amount    `json:"amount"` // charged; 0 when refused
	Text       string          `json:"text"`   // of the cash register: its reference
	Reason     string          `json:"reason,omitempty"`
	PAN        kiosk.MaskedPAN `json:"pan"`
	AuthCode   string          `json:"authCode,omitempty"`
	At         time.Time       `json:"at"`
	Sent       int             `json:"sent"`  // how often its result was sent
	Acked      bool            `json:"acked"` // the cash register acknowledged the result
	Reversed   bool            `json:"reversed,omitempty"`
	InSession  bool            `json:"inSession"`        // not closed yet
	ByHand     bool            `json:"byHand,omitempty"` // no cash register asked for it
	privatePAN string          // to know the card again in a reversal
}

// Ledger is the account of the terminal.
type Ledger struct {
	TerminalID string         `json:"terminalId"`
	Charges    []Entry        `json:"charges"`
	Refusals   []Entry        `json:"refusals"`
	Total      kiosk.Amount   `json:"total"`    // of charges that were not reversed
	Requests   map[string]int `json:"requests"` // requests read, by code, NAKed ones too
	Closings   int            `json:"closings"`
}

// Find returns the charges with a text.
func (l Ledger) Find(text string) []Entry {
	var found []Entry
	for _, e := range l.Charges {
		if e.Text == text {
			found = append(found, e)
		}
	}
	return found
}

// Snapshot returns the account as it stands now.
func (s *Sim) Snapshot() Ledger {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := Ledger{
		TerminalID: s.cfg.TerminalID, Closings: s.closings, Requests: make(map[string]int, len(s.requests)),
		Charges: []Entry{}, Refusals: []Entry{},
	}
	for code, n := range s.requests {
		l.Requests[string(rune(code))] = n
	}
	for _, e := range s.entries {
		e.privatePAN = ""
		if e.Outcome != kiosk.Charged {
			l.Refusals = append(l.Refusals, e)
			continue
		}
		l.Charges = append(l.Charges, e)
		if !e.Reversed {
			l.Total += e.Amount
		}
	}
	return l
}

// What is told in an [Event].
const (
	EventRequest  = "request"  // a request was read
	EventNak      = "nak"      // and answered NAK
	EventCard     = "card"     // the terminal asks for a card
	EventCharged  = "charged"  // the charge is counted
	EventRefused  = "refused"  // the transaction ended without a charge
	EventSent     = "sent"     // an answer left
	EventAcked    = "acked"    // the cash register acknowledged it
	EventDropped  = "dropped"  // the line was lost on purpose
	EventReversed = "reversed" // a charge was taken back
	EventClosed   = "closed"   // the session was closed
	EventLost     = "lost"     // an answer was never acknowledged
)

// Event is one thing that happened.
type Event struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	Code string    `json:"code"` // of the request that it belongs to
	STAN string    `json:"stan,omitempty"`
}

// tell reports an event; never with s.mu held.
func (s *Sim) tell(what string, code byte, stan string) {
	s.cfg.Log.Debug("terminal simulator", "what", what, "code", string(rune(code)), "stan", stan)
	s.cfg.Trace(Event{At: s.cfg.Now(), What: what, Code: string(rune(code)), STAN: stan})
}

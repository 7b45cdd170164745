package sim

// Behaviour: what goes wrong, as data.

import (
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Kind names one way to behave.
type Kind string

// The behaviours.
const (
	Approve      Kind = "approve"
	Decline      Kind = "decline"       // KO with Text
	Late         Kind = "late"          // approves, Delay later than it should
	DropAfter    Kind = "drop-after"    // approves and counts the charge, then the line is lost
	DropBefore   Kind = "drop-before"   // the line is lost when the card is in; nothing reaches the host, nothing is saved
	Never        Kind = "never"         // takes the request and forgets it
	Nak          Kind = "nak"           // answers NAK
	WrongLRC     Kind = "wrong-lrc"     // the answer's check byte is wrong, Repeat times in a row
	Halves       Kind = "halves"        // the answer comes in two pieces
	Joined       Kind = "joined"        // ACK and answer come in one write; no progress texts
	Duplicate    Kind = "duplicate"     // the answer comes again although it was acknowledged, Repeat times
	OtherAmount  Kind = "other-amount"  // the host authorises Amount instead of what was asked
	Busy         Kind = "busy"          // NAK to everything
	NotOperative Kind = "not-operative" // Status instead of 2; NAK to everything else
	NoAck        Kind = "no-ack"        // does not acknowledge the request, and works on it
	Deaf         Kind = "deaf"          // does not listen; after Delay, if set, it does again
)

// Kinds are all behaviours, for a menu.
func Kinds() []Kind {
	return []Kind{
		Approve, Decline, Late, DropAfter, DropBefore, Never, Nak, WrongLRC, Halves, Joined, Duplicate, OtherAmount, Busy, NotOperative, NoAck,
		Deaf,
	}
}

// Behaviour is one way to behave and its figures.
type Behaviour struct {
	Kind Kind `json:"kind"`
	// Times is for how many requests it holds; afterwards the standing
	// behaviour is back. 0 makes it the standing one.
	Times int `json:"times"`
	// On are the codes of the requests that it touches; "" stands for
	// payments, "PX", and for everything in Busy and NotOperative.
	On     string        `json:"on,omitempty"`
	Text   string        `json:"text,omitempty"`   // Decline: default "CARTA RIFIUTATA"
	Delay  time.Duration `json:"delay,omitempty"`  // Late, Deaf; nanoseconds in JSON
	Repeat int           `json:"repeat,omitempty"` // WrongLRC, Duplicate: default 1
	Amount kiosk.Amount  `json:"amount,omitempty"` // OtherAmount: default one cent more
	Status byte          `json:"status,omitempty"` // NotOperative: default '5'
	Quiet  bool          `json:"quiet,omitempty"`  // without progress texts
}

func (b Behaviour) covers(code byte) bool {
	switch {
	case b.On != "":
		return strings.IndexByte(b.On, code) >= 0
	case b.Kind == Busy, b.Kind == NotOperative:
		return true
	}
	return code == 'P' || code == 'X'
}

// copies is how often an answer comes again after its acknowledgement.
func (b Behaviour) copies() int {
	if b.Kind == Duplicate {
		return b.Repeat
	}
	return 0
}

func (b Behaviour) withDefaults() Behaviour {
	if b.Kind == "" {
		b.Kind = Approve
	}
	if b.Text == "" {
		b.Text = "CARTA RIFIUTATA"
	}
	if b.Repeat <= 0 {
		b.Repeat = 1
	}
	if b.Status == 0 {
		b.Status = '5'
	}
	return b
}

// Set makes the terminal behave. A behaviour with Times waits in a queue for
// its requests; one without becomes the standing one and empties the queue.
func (s *Sim) Set(b Behaviour) {
	b = b.withDefaults()
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.Times > 0 && b.Kind != Deaf {
		s.shots = append(s.shots, b)
		return
	}
	s.standing, s.shots = b, nil
	s.change()
}

// take returns the behaviour for a request and counts it.
func (s *Sim) take(code byte) Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, b := range s.shots {
		if !b.covers(code) {
			continue
		}
		if s.shots[i].Times--; s.shots[i].Times == 0 {
			s.shots = append(s.shots[:i], s.shots[i+1:]...)
		}
		return b
	}
	if s.standing.covers(code) {
		return s.standing
	}
	return Behaviour{}.withDefaults()
}

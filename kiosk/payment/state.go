package payment

// State: one payment as it stands, and as the journal keeps it.

import "github.com/tserve/jolly/kiosk"

// Phase is where a payment stands. The set is closed.
type Phase string

// The phases, in the order of a payment that goes well, then the others.
const (
	Preparing  Phase = "preparing"  // the intent is being saved
	Activating Phase = "activating" // prepared is saved; the gateway is asked
	Holding    Phase = "holding"    // the gateway's answer is being saved
	Consenting Phase = "consenting" // amount or fee changed: the citizen is asked again
	Baselining Phase = "baselining" // the terminal is asked for its last result
	Arming     Phase = "arming"     // charging is being saved
	Charging   Phase = "charging"   // the card is asked for
	Recording  Phase = "recording"  // the result is being saved; the terminal waits for its ACK
	Delivering Phase = "delivering" // charged; not every bill is closed yet
	Closed     Phase = "closed"     // charged; every bill is closed

	Dropping Phase = "dropping" // ending without a charge: being saved
	Dropped  Phase = "dropped"  // ended without a charge

	Doubtful   Phase = "doubtful"   // the charge is unknown; the terminal is asked when it can be
	Resolving  Phase = "resolving"  // the terminal is being asked
	Undecided  Phase = "undecided"  // the terminal cannot tell; a person decides
	Unrecorded Phase = "unrecorded" // our own book cannot be written: sales stop
)

// Phases are all of them.
func Phases() []Phase {
	return []Phase{
		Preparing, Activating, Holding, Consenting, Baselining, Arming, Charging, Recording, Delivering, Closed,
		Dropping, Dropped, Doubtful, Resolving, Undecided, Unrecorded,
	}
}

// Journal is a step of the journal.
type Journal string

// The steps.
const (
	StepNone      Journal = ""
	StepPrepared  Journal = "prepared"
	StepActivated Journal = "activated"
	StepCharging  Journal = "charging"
	StepResult    Journal = "result"
	StepDropped   Journal = "dropped"
	StepResolved  Journal = "resolved"
	StepClosed    Journal = "closed"
)

// Reason says why a payment ended without a charge. It goes to the gateway.
type Reason string

// The reasons.
const (
	ReasonNone        Reason = ""
	ReasonCancelled   Reason = "cancelled"
	ReasonWalkedAway  Reason = "walked-away"
	ReasonDeclined    Reason = "declined"
	ReasonTerminal    Reason = "terminal"
	ReasonActivation  Reason = "activation-refused"
	ReasonUnanswered  Reason = "activation-unanswered"
	ReasonStale       Reason = "activation-stale"
	ReasonTooLarge    Reason = "total-too-large"
	ReasonNotAgreed   Reason = "amount-not-agreed"
	ReasonRestart     Reason = "restart"
	ReasonJournal     Reason = "journal"
	ReasonWrongAnswer Reason = "activation-malformed"
)

// State is one payment. It is comparable and turns into JSON and back without
// loss, except for what is only good in this process (TokenUntil, NextTry, Alone).
type State struct {
	ID       kiosk.PaymentID `json:"id"`
	Previous kiosk.PaymentID `json:"previous,omitempty"` // the payment that this one tries again
	Ref      string          `json:"ref"`
	Kiosk    string          `json:"kiosk"`
	Language kiosk.Language  `json:"language"`
	Cart     kiosk.Cart      `json:"cart"`
	Agreed   kiosk.Amount    `json:"agreed"` // the total that the citizen said yes to
	Began    kiosk.Wall      `json:"began"`

	Phase Phase   `json:"phase"`
	Step  Journal `json:"step"` // the last step that is durable

	Activation kiosk.Activation   `json:"activation,omitzero"`
	Baseline   kiosk.Baseline     `json:"baseline,omitzero"`
	Result     kiosk.ChargeResult `json:"result,omitzero"`
	ResultAt   kiosk.Wall         `json:"resultAt,omitzero"`
	Doubted    bool               `json:"doubted,omitzero"` // a payment.doubtful row was written: a later decision is payment.resolved

	Closings [kiosk.MaxBills]kiosk.Closing `json:"closings,omitzero"`

	Quit    Reason     `json:"quit,omitzero"`    // the citizen left while something was under way
	Reason  Reason     `json:"reason,omitzero"`  // why it ended without a charge
	Problem kiosk.Code `json:"problem,omitzero"` // what the citizen is told about it

	TokenUntil kiosk.Mono `json:"-"`
	NextTry    kiosk.Mono `json:"-"`
	Tries      int        `json:"-"`

	// Alone is set by the journal that gives the state back at a start: no other
	// payment has asked for a card since this one began. Without it the
	// terminal's last result may be another payment's.
	Alone bool `json:"-"`
}

// Total is what the card is, or was, asked for.
func (s State) Total() kiosk.Amount {
	if s.Activation.Count > 0 {
		return s.Activation.Total()
	}
	return s.Cart.Total()
}

// Fee is the fee in force.
func (s State) Fee() kiosk.Amount {
	if s.Activation.Count > 0 {
		return s.Activation.Fee
	}
	return s.Cart.Fee()
}

// Finished says that nothing is left to do for this payment at the kiosk.
func (s State) Finished() bool {
	return s.Phase == Closed || s.Phase == Dropped
}

// HoldsCard says that the card was, or may be, asked for and no result is
// durable yet: no second charge may begin, and no one may cancel.
func (s State) HoldsCard() bool {
	switch s.Phase {
	case Arming, Charging, Recording:
		return true
	}
	return false
}

// StopsSales says that no further card may be charged while this payment
// stands so: its own charge is not decided with the terminal.
func (s State) StopsSales() bool {
	switch s.Phase {
	case Doubtful, Resolving, Unrecorded:
		return true
	}
	return s.HoldsCard()
}

// closed says that every bill has its end.
func (s State) allClosed() bool {
	for i := range s.Cart.Count {
		if s.Closings[i] == kiosk.ClosingOpen {
			return false
		}
	}
	return s.Cart.Count > 0
}

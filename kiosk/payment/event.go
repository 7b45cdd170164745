package payment

// Events, past tense, and effects, imperative.

import "github.com/tserve/jolly/kiosk"

// Head is in every event: which payment, and when.
type Head struct {
	ID kiosk.PaymentID
	At kiosk.Stamp
}

func (h Head) head() Head { return h }

// Event is something that happened to a payment.
type Event interface{ head() Head }

// The events.
type (
	// Begun starts a payment; the id was made by the runner.
	Begun struct {
		Head
		Previous kiosk.PaymentID
		Kiosk    string
		Language kiosk.Language
		Cart     kiosk.Cart
	}
	// Saved says that the step is durable.
	Saved struct {
		Head
		Step Journal
	}
	// SaveFailed says that the step is surely not durable, or that nobody can tell.
	SaveFailed struct {
		Head
		Step Journal
	}
	// Activated is the gateway's positive answer.
	Activated struct {
		Head
		Activation kiosk.Activation
	}
	// ActivationRefused is the gateway's definite no to the last attempt.
	ActivationRefused struct {
		Head
		Code kiosk.Code
	}
	// ActivationUnanswered says that no answer came: something may be held there.
	ActivationUnanswered struct {
		Head
		Code kiosk.Code
	}
	// Consented says that the citizen agreed to the changed amount.
	Consented struct{ Head }
	// Abandoned says that the citizen cancelled or walked away.
	Abandoned struct {
		Head
		Reason Reason
	}
	// BaselineRead is the terminal's last saved result before the charge.
	BaselineRead struct {
		Head
		Baseline kiosk.Baseline
	}
	// BaselineFailed says that the terminal is not ready.
	BaselineFailed struct {
		Head
		Code kiosk.Code
	}
	// ChargeNotStarted says that surely nothing was asked of the card.
	ChargeNotStarted struct {
		Head
		Code kiosk.Code
	}
	// ChargeResulted is the terminal's result, not acknowledged yet, or that
	// there is none (unknown).
	ChargeResulted struct {
		Head
		Result kiosk.ChargeResult
	}
	// BillsClosed is what the gateway says about bills.
	BillsClosed struct {
		Head
		Closings [kiosk.MaxBills]kiosk.BillClosing
		Count    int
	}
	// Resolved is the terminal's, or a person's, later word on an unknown charge.
	Resolved struct {
		Head
		Result kiosk.ChargeResult
		Person bool // an operator decided; final
	}
	// ResolveFailed says that the terminal could not be asked.
	ResolveFailed struct{ Head }
	// Recovered brings a payment back from the journal after a start.
	Recovered struct {
		Head
		State State
	}
	// Ticked is the passing of time.
	Ticked struct{ Head }
)

// Effect is something that must be done. Effects are comparable data.
type Effect interface{ effect() }

// The effects.
type (
	// Save makes the state durable at its step, and the row with it in one
	// transaction when Row.Kind is not empty. It answers Saved or SaveFailed.
	Save struct {
		State State
		Step  Journal
		Row   kiosk.OutboxRow
	}
	// Activate asks the gateway for tokens: Activated, ActivationRefused or ActivationUnanswered.
	Activate struct {
		ID       kiosk.PaymentID
		Previous kiosk.PaymentID
		Cart     kiosk.Cart
	}
	// ReadBaseline asks the terminal: BaselineRead or BaselineFailed.
	ReadBaseline struct{ ID kiosk.PaymentID }
	// Charge asks the terminal for the card: ChargeResulted or ChargeNotStarted.
	Charge struct{ Request kiosk.ChargeRequest }
	// Resolve asks the terminal what became of a charge: Resolved or ResolveFailed.
	Resolve struct {
		Request  kiosk.ChargeRequest
		Baseline kiosk.Baseline
	}
	// Push wakes the delivery of the outbox now.
	Push struct{ ID kiosk.PaymentID }
	// StopSales reports that the journal cannot be written.
	StopSales struct{ ID kiosk.PaymentID }
)

func (Save) effect()         {}
func (Activate) effect()     {}
func (ReadBaseline) effect() {}
func (Charge) effect()       {}
func (Resolve) effect()      {}
func (Push) effect()         {}
func (StopSales) effect()    {}

// HeadOf tells which payment an event is about, and when it happened.
func HeadOf(e Event) Head { return e.head() }

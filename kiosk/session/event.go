package session

// Events, past tense, and effects, imperative.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// Event is something that happened.
type Event interface{ event() }

// Ticked tells the time. The runner sends it before every other event.
type Ticked struct{ Now kiosk.Mono }

// What the citizen does.
type (
	// LanguageChosen changes the language and keeps everything else.
	LanguageChosen struct{ Language kiosk.Language }
	// ModeToggled switches an aid.
	ModeToggled struct{ Mode Mode }
	// NoticeWanted begins with a paper.
	NoticeWanted struct{}
	// TypingWanted begins with the keypad.
	TypingWanted struct{}
	// DigitTyped adds one digit.
	DigitTyped struct{ Digit byte }
	// DigitErased takes the last digit away.
	DigitErased struct{}
	// DigitsCleared takes all digits away.
	DigitsCleared struct{}
	// Continued is "Continua".
	Continued struct{}
	// WentBack is "Indietro", or "No, another".
	WentBack struct{}
	// PayPressed is the paying button; Total is what it showed.
	PayPressed struct{ Total kiosk.Amount }
	// BillRemoved takes a bill out of the cart.
	BillRemoved struct{ Index int }
	// ReceiptChosen is where the receipt shall go.
	ReceiptChosen struct{ Way Way }
	// RetryAsked tries again what failed.
	RetryAsked struct{}
	// ExitAsked is "Annulla ed esci".
	ExitAsked struct{}
	// ExitConfirmed is its yes.
	ExitConfirmed struct{}
	// BoxClosed is its no, the idle box's "Continua", and the end of the help.
	BoxClosed struct{}
	// HelpAsked opens the help of the page.
	HelpAsked struct{}
	// Stirred is any touch or key that does nothing else: somebody is there.
	Stirred struct{}
)

// Mode names an aid.
type Mode int

// The aids.
const (
	ModeLarge Mode = iota + 1
	ModeContrast
	ModeLower
)

// Way is where a receipt goes.
type Way int

// The ways of a receipt.
const (
	WayPaper Way = iota + 1
	WayPhone
	WayScreen
	WayNone
)

// What devices and the gateway say.
type (
	// CodeScanned is a paper under the reader.
	CodeScanned struct{ Code kiosk.ScannedCode }
	// DevicesChanged is the devices as they are now.
	DevicesChanged struct{ Devices Devices }
	// RecoveryEnded says that unfinished payments were looked at.
	RecoveryEnded struct{}
	// LookupAnswered is the bill.
	LookupAnswered struct {
		Visit uint64
		Quote kiosk.Quote
	}
	// LookupFailed says that there is no answer, or no.
	LookupFailed struct {
		Visit uint64
		Code  kiosk.Code
		Ref   string // finds the cause in the log
	}
	// PaymentMoved is the visit's payment as it stands now.
	PaymentMoved struct {
		Visit   uint64
		Payment payment.State
	}
	// TerminalSaid is a progress message of the card terminal.
	TerminalSaid struct {
		Visit uint64
		Text  string
	}
	// PrintEnded is the end of a print job.
	PrintEnded struct {
		Visit  uint64
		Report kiosk.PrintReport
	}
)

func (Ticked) event()         {}
func (LanguageChosen) event() {}
func (ModeToggled) event()    {}
func (NoticeWanted) event()   {}
func (TypingWanted) event()   {}
func (DigitTyped) event()     {}
func (DigitErased) event()    {}
func (DigitsCleared) event()  {}
func (Continued) event()      {}
func (WentBack) event()       {}
func (PayPressed) event()     {}
func (BillRemoved) event()    {}
func (ReceiptChosen) event()  {}
func (RetryAsked) event()     {}
func (ExitAsked) event()      {}
func (ExitConfirmed) event()  {}
func (BoxClosed) event()      {}
func (HelpAsked) event()      {}
func (Stirred) event()        {}
func (CodeScanned) event()    {}
func (DevicesChanged) event() {}
func (RecoveryEnded) event()  {}
func (LookupAnswered) event() {}
func (LookupFailed) event()   {}
func (PaymentMoved) event()   {}
func (TerminalSaid) event()   {}
func (PrintEnded) event()     {}

// Effect is something that the runner must do. Effects are comparable data.
type Effect interface{ effect() }

// The effects.
type (
	// Lookup asks the gateway: LookupAnswered or LookupFailed.
	Lookup struct {
		Visit  uint64
		Notice kiosk.Notice
	}
	// StartPayment makes an id and begins a payment: PaymentMoved follows.
	StartPayment struct {
		Visit    uint64
		Cart     kiosk.Cart
		Language kiosk.Language
		Previous kiosk.PaymentID
	}
	// Consent tells the payment that the changed amount is agreed to.
	Consent struct{ Payment kiosk.PaymentID }
	// Abandon tells the payment that the citizen left.
	Abandon struct {
		Payment kiosk.PaymentID
		Reason  payment.Reason
	}
	// Print prints one paper: PrintEnded follows.
	Print struct {
		Visit    uint64
		Payment  kiosk.PaymentID
		Kind     kiosk.PaperKind
		Language kiosk.Language
	}
	// Sound plays a short sound.
	Sound struct{ Name string }
	// Wipe forgets everything of a visit and powers its card down.
	Wipe struct{ Visit, Card uint64 }
)

func (Lookup) effect()       {}
func (StartPayment) effect() {}
func (Consent) effect()      {}
func (Abandon) effect()      {}
func (Print) effect()        {}
func (Sound) effect()        {}
func (Wipe) effect()         {}

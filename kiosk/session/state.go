package session

// State: the visit, its scene, what lies over it.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// State is one visit. It is comparable.
type State struct {
	Now      kiosk.Mono // the last Ticked
	Visit    uint64     // counts the citizens since the start
	Language kiosk.Language
	Modes    Modes
	Devices  Devices

	Catalogue *kiosk.Catalogue // pinned for this visit; nil: none yet
	Newest    *kiosk.Catalogue // for the next visit

	Scene   Scene
	Overlay Overlay // nil: none

	IdleAt kiosk.Mono // when the idle box opens; 0: never here
	Until  kiosk.Mono // the scene's own deadline; 0: none

	Cart      kiosk.Cart
	Payment   payment.State   // of this visit, as last told
	Previous  kiosk.PaymentID // the payment that the next one tries again
	PaperTold bool            // the citizen knows that there is no paper

	Card  kiosk.CardNews // what lies in the readers, whosever it is
	Owner uint64         // the insertion that this visit is about; 0: none
	Read  uint64         // the insertion whose reading lies in the vault; 0: none
	PINs  int            // that were wrong in this visit
}

// Modes are the aids that the citizen switched on. They end with the visit.
type Modes struct{ Large, Contrast, Lower bool }

// Devices is what the session must know of the devices.
type Devices struct {
	Scanner      bool
	Terminal     kiosk.TerminalHealth
	Printer      kiosk.PrinterState
	Gateway      bool
	SalesStopped bool // an earlier charge is not decided, or the journal cannot be written
	Closed       bool // by the operator's order
	Cards        Reader
}

// CanCharge says that a card could be asked for now.
func (d Devices) CanCharge() bool {
	return d.Gateway && !d.SalesStopped && !d.Closed && (d.Terminal == kiosk.TerminalReady || d.Terminal == kiosk.TerminalBusy)
}

// Scene is where a visit stands. The set is closed.
type Scene interface{ scene() }

// The scenes.
type (
	// Recovering is the start: unfinished payments are looked at before the first citizen.
	Recovering struct{}
	// Attract waits for a citizen.
	Attract struct{}
	// Scan asks for the paper under the reader; Service is what the citizen
	// looks for, if he said so.
	Scan struct{ Service string }
	// TypeNotice takes the 18 digits.
	TypeNotice struct{ Digits string }
	// TypeCreditor takes the creditor's 11 digits.
	TypeCreditor struct {
		Number  kiosk.NoticeNumber
		Digits  string
		Scanned bool // the number was read from a code that does not name the creditor
	}
	// TypedDoubt asks gently: check digits do not hold.
	TypedDoubt struct {
		Number   kiosk.NoticeNumber
		Creditor kiosk.CreditorCode // "": the doubt is about the number
	}
	// LookingUp waits for the gateway.
	LookingUp struct{ Notice kiosk.Notice }
	// Review asks: is this the notice to pay?
	Review struct {
		Quote  kiosk.Quote
		Notice kiosk.Notice
		Found  bool       // by a search, not by a paper
		Form   kiosk.Form // of that search, when it was by form
	}
	// Refused says why this paper, or this payment, cannot go on.
	Refused struct {
		Code   kiosk.Code
		Ref    string       // finds the cause in the log; "" when there is nothing to find
		Notice kiosk.Notice // to look up again, when that may help
		Form   kiosk.Form   // to correct or to send again, when it was a search by form
		Quote  kiosk.Quote  // of a bill that cannot be paid
		Paying bool         // it ended at activation: nothing was charged
	}
	// Confirm shows the total; the paying button carries it.
	Confirm struct{}
	// PrinterOut tells that there is no paper, before paying.
	PrinterOut struct{}
	// Preparing waits for the activation and the terminal.
	Preparing struct{}
	// Changed asks again: the amount is another one now.
	Changed struct{}
	// Terminal is the card terminal at work. Nothing can be cancelled here.
	Terminal struct{ Message string }
	// Concluding waits a few seconds for the closing.
	Concluding struct{}
	// Paid is the result and the choice of the receipt.
	Paid struct{}
	// Printing waits for the paper.
	Printing struct{ Kind kiosk.PaperKind }
	// PrintFailed says that the paper did not come, or perhaps not.
	PrintFailed struct {
		Kind   kiosk.PaperKind
		Report kiosk.PrintReport
	}
	// OnPhone shows the QR of the receipt.
	OnPhone struct{}
	// OnScreen shows the whole receipt.
	OnScreen struct{}
	// Thanks ends the visit.
	Thanks struct{ Paper bool }
	// Declined says that nothing was charged.
	Declined struct{ Code kiosk.Code }
	// Doubtful says that the charge is unknown.
	Doubtful struct{}
)

func (Recovering) scene()   {}
func (Attract) scene()      {}
func (Scan) scene()         {}
func (TypeNotice) scene()   {}
func (TypeCreditor) scene() {}
func (TypedDoubt) scene()   {}
func (LookingUp) scene()    {}
func (Review) scene()       {}
func (Refused) scene()      {}
func (Confirm) scene()      {}
func (PrinterOut) scene()   {}
func (Preparing) scene()    {}
func (Changed) scene()      {}
func (Terminal) scene()     {}
func (Concluding) scene()   {}
func (Paid) scene()         {}
func (Printing) scene()     {}
func (PrintFailed) scene()  {}
func (OnPhone) scene()      {}
func (OnScreen) scene()     {}
func (Thanks) scene()       {}
func (Declined) scene()     {}
func (Doubtful) scene()     {}

// Overlay lies over a scene and takes all touches.
type Overlay interface{ overlay() }

// The overlays.
type (
	// IdleBox asks whether anyone is there; at Until everything is wiped.
	IdleBox struct {
		Until  kiosk.Mono
		Halved bool // and it sounded again
	}
	// CancelBox asks whether to cancel.
	CancelBox struct{}
	// HelpPage explains the page.
	HelpPage struct{}
)

func (IdleBox) overlay()   {}
func (CancelBox) overlay() {}
func (HelpPage) overlay()  {}

// The waits.
const (
	readingIdle = 90 * kiosk.Second  // pages to read
	deviceIdle  = 120 * kiosk.Second // scan, card and print pages
	idleGrace   = 20 * kiosk.Second  // the idle box
	attractBack = 60 * kiosk.Second  // language and aids chosen on the attract page, then nobody

	lookupLimit   = 40 * kiosk.Second
	prepareLimit  = 120 * kiosk.Second
	terminalLimit = 330 * kiosk.Second // above the terminal's longest operation: the payment tells first
	closingLimit  = 5 * kiosk.Second   // design: money rule 9
	printLimit    = 150 * kiosk.Second
	thanksLimit   = 12 * kiosk.Second
	recoverLimit  = 180 * kiosk.Second
)

// limits are the deadlines of a scene: of silence, and its own. Zero is none.
func limits(sc Scene) (idle, own kiosk.Span) {
	switch sc.(type) {
	case Attract:
		return 0, 0
	case Recovering:
		return 0, recoverLimit
	case Scan, LayCard, Doubtful, Paid, PrintFailed, OnPhone:
		return deviceIdle, 0
	case ReadingCard:
		return 0, readLimit
	case Greeting:
		return 0, lookupLimit
	case TakeCard:
		return 0, takeRemind
	case LookingUp, FindingBills:
		return 0, lookupLimit
	case Preparing:
		return 0, prepareLimit
	case Terminal:
		return 0, terminalLimit
	case Concluding:
		return 0, closingLimit
	case Printing:
		return 0, printLimit
	case Thanks:
		return 0, thanksLimit
	default:
		return readingIdle, 0
	}
}

// Start is the state of a kiosk that has just started.
func Start(devices Devices) State {
	return enter(State{Visit: 1, Language: kiosk.Italian, Devices: devices}, Recovering{})
}

// NextTick says when the session wants to be told the time.
func NextTick(s State) (kiosk.Mono, bool) {
	if box, ok := s.Overlay.(IdleBox); ok {
		// The countdown moves every second of its own: however late each tick is, no
		// number is left out for that.
		left := s.Now.Until(box.Until).Seconds()
		return box.Until.Add(-kiosk.Second * kiosk.Span(max(0, left-1))), true
	}
	next := s.Until
	if s.IdleAt != 0 && (next == 0 || s.IdleAt < next) {
		next = s.IdleAt
	}
	return next, next != 0
}

// Package health knows which device does not work, since when, and whether a
// citizen should already see it. What a maintainer must see to though every
// device works is a [Problem]; the runner finds those.
//
// A blip shorter than a problem's time to visible is logged and not shown: a
// terminal that closes its line for a second does not put the kiosk out of
// service. Good news is shown at once. The package has no clock and no
// goroutine; the runner tells it what was observed and when.
package health

// The register of device problems.

import "github.com/tserve/jolly/kiosk"

// Device names a part that can fail.
type Device string

// The devices.
const (
	Scanner  Device = "scanner"
	Terminal Device = "terminal"
	Printer  Device = "printer"
	Gateway  Device = "gateway"
	// CardReader reads the citizens' cards.
	CardReader Device = "card-reader"
)

// TimeToVisible is how long a device must have failed before a citizen sees it.
func TimeToVisible(d Device) kiosk.Span {
	switch d {
	case Terminal:
		return 12 * kiosk.Second
	case Gateway:
		return 8 * kiosk.Second
	case Scanner, CardReader:
		return 3 * kiosk.Second
	default:
		return 0 // paper: the citizen must know before paying
	}
}

// Status is what is known of one device.
type Status struct {
	Device Device
	OK     bool
	Detail string     // for the maintainer: "ready", "paper-out", "dial tcp: refused"
	Since  kiosk.Mono // of the present OK or not OK
	At     kiosk.Mono // of the last observation
	Worked bool       // it worked at some time since the start
}

// Register keeps the last observation of each device. It is for one goroutine.
type Register struct{ of map[Device]Status }

// NewRegister makes an empty register: nothing was observed, nothing works.
func NewRegister() *Register { return &Register{of: map[Device]Status{}} }

// Observe notes one observation and reports whether OK or Detail changed.
func (r *Register) Observe(d Device, ok bool, detail string, now kiosk.Mono) bool {
	old, known := r.of[d]
	st := Status{Device: d, OK: ok, Detail: detail, Since: old.Since, At: now, Worked: ok || old.Worked}
	if !known || old.OK != ok {
		st.Since = now
	}
	r.of[d] = st
	return !known || old.OK != ok || old.Detail != detail
}

// Works says whether a citizen is told that the device works: it does, or it
// has failed for less than its time to visible. A device never observed does not.
func (r *Register) Works(d Device, now kiosk.Mono) bool {
	st, known := r.of[d]
	if !known {
		return false
	}
	return st.OK || (st.Worked && st.Since.Until(now) < TimeToVisible(d))
}

// All returns what is known, in a fixed order.
func (r *Register) All() []Status {
	var all []Status
	for _, d := range []Device{Scanner, Terminal, Printer, Gateway, CardReader} {
		if st, ok := r.of[d]; ok {
			all = append(all, st)
		}
	}
	return all
}

// Problem is something that a maintainer must see to, though every device works.
type Problem struct {
	Code   ProblemCode
	Ref    string     // of the payment, if it is about one
	Detail string     // in words, nothing personal
	Since  kiosk.Wall // zero when it has no beginning
}

// ProblemCode names a kind of problem.
type ProblemCode string

// The problems.
const (
	// ProblemUndecided: a charge is unknown for longer than it may be.
	ProblemUndecided ProblemCode = "charge-undecided"
	// ProblemAmount: the terminal took another amount than it was asked for.
	ProblemAmount ProblemCode = "charge-amount-differs"
	// ProblemJournal: the journal cannot be written, no card is taken.
	ProblemJournal ProblemCode = "journal"
	// ProblemUnheard: the journal is new or was put back, and the gateway has not
	// said yet which rows it holds: no card is taken.
	ProblemUnheard ProblemCode = "journal-unconfirmed"
	// ProblemDayUnknown: nobody knows whether the terminal closed its day.
	ProblemDayUnknown ProblemCode = "day-close-unknown"
	// ProblemDayRefused: the terminal would not close its day.
	ProblemDayRefused ProblemCode = "day-close-refused"
	// ProblemDayDiffers: journal, terminal and bank do not have the same sum.
	ProblemDayDiffers ProblemCode = "day-close-differs"
	// ProblemDayLate: the day should have been closed, and something holds it up.
	ProblemDayLate ProblemCode = "day-close-late"
	// ProblemRows: the gateway refused rows for good; a person must look.
	ProblemRows ProblemCode = "rows-parked"
	// ProblemDelivery: rows wait, and the gateway does not take them.
	ProblemDelivery ProblemCode = "rows-waiting"
	// ProblemDisk: the disk is nearly full, no payment may begin.
	ProblemDisk ProblemCode = "disk-full"
	// ProblemBook: archive, copy or log of the journal are not as they should be.
	ProblemBook ProblemCode = "journal-upkeep"
	// ProblemCardLeft: a citizen's card was left in the reader.
	ProblemCardLeft ProblemCode = "card-left"
	// ProblemClock: the machine's clock is not known to be right.
	ProblemClock ProblemCode = "clock"
	// ProblemClosed: the operator took the kiosk out of service.
	ProblemClosed ProblemCode = "closed"
	// ProblemIdentity: the gateway does not know this kiosk, or soon will not.
	ProblemIdentity ProblemCode = "identity"
	// ProblemCatalogue: the gateway's newest catalogue is not taken.
	ProblemCatalogue ProblemCode = "catalogue"
)

package scanner

// What every kind of reader tells: codes, and whether it is there.

import "github.com/tserve/jolly/kiosk"

// Event is what a reader reports: [Scanned] or [StateChanged].
type Event interface{ event() }

// Scanned says that a code was read, whole, with what surrounds it taken off.
type Scanned struct{ Code kiosk.ScannedCode }

// StateChanged says that the reader came or went. The first event of a Run is
// always one; after it they come on change only.
type StateChanged struct {
	State  State
	Reason Reason // why it is absent
}

func (Scanned) event()      {}
func (StateChanged) event() {}

// State says whether the reader can be used.
type State string

// The states of a reader.
const (
	Present State = "present"
	Absent  State = "absent"
)

// Reason is why a reader is absent.
type Reason string

// The reasons.
const (
	ReasonNone      Reason = ""
	ReasonMissing   Reason = "missing"   // nothing at its path
	ReasonUnplugged Reason = "unplugged" // it was there and went
	ReasonDenied    Reason = "denied"    // no permission: the kiosk's user is not in the group
	ReasonBusy      Reason = "busy"      // another program holds it
	ReasonFault     Reason = "fault"     // it is there and cannot be used, such as no serial line at all
)

package terminal

// Errors: what can go wrong between the kiosk and the terminal.

import (
	"errors"

	"github.com/tserve/jolly/kiosk"
)

// ErrNotRecorded says that a result stands, and that the caller could not
// record it: it was not acknowledged to the terminal. The result comes back
// beside the error. No further card may be taken until a person has looked.
var ErrNotRecorded = errors.New("result not recorded")

// ErrRejected says that the terminal answered NAK to a request each time.
var ErrRejected = errors.New("terminal answered NAK each time")

var (
	errNoAck       = errors.New("no acknowledgement in time")
	errNoAnswer    = errors.New("no answer in time")
	errLineLost    = errors.New("line lost")
	errDamaged     = errors.New("answer damaged each time")
	errInterrupted = errors.New("interrupted")
	errNotSent     = errors.New("nothing could be sent")
)

func offline(op string, err error) *kiosk.Problem {
	return &kiosk.Problem{Code: kiosk.CodeTerminalOffline, Op: op, Err: err}
}

func busy(op string, err error) *kiosk.Problem {
	return &kiosk.Problem{Code: kiosk.CodeTerminalBusy, Op: op, Err: err}
}

func fault(op string, err error) *kiosk.Problem {
	return &kiosk.Problem{Code: kiosk.CodeTerminalFault, Op: op, Err: err}
}

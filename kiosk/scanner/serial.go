package scanner

// The serial line: how it is opened and what its errors mean.

import (
	"errors"
	"io/fs"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

func openSerial(path string, baud int) (Port, error) {
	return serial.Open(path, &serial.Mode{BaudRate: baud, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit})
}

// reasonOf says why a port could not be opened.
func reasonOf(err error) Reason {
	var pe *serial.PortError
	code := serial.PortErrorCode(-1)
	if errors.As(err, &pe) {
		code = pe.Code()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV), code == serial.PortNotFound:
		return ReasonMissing
	case errors.Is(err, fs.ErrPermission), code == serial.PermissionDenied:
		return ReasonDenied
	case errors.Is(err, unix.EBUSY), code == serial.PortBusy:
		return ReasonBusy
	default:
		return ReasonFault
	}
}

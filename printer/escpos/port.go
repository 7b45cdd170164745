package escpos

// The ways without a network: the kernel's printer device, and a serial line.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// File is a printer behind a device file such as /dev/usb/lp0. CUPS must not
// use the same device: its backend takes it away from the kernel's driver.
type File struct{ Path string }

// Dial opens the device for both directions.
func (f File) Dial(context.Context) (Link, error) {
	return openPort(f.Path)
}

func openPort(path string) (*fileLink, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open printer: %w", err)
	}
	if err := f.SetDeadline(time.Time{}); err != nil { // a device that cannot be waited for in time is none
		return nil, fmt.Errorf("open printer: %w", errors.Join(err, f.Close()))
	}
	return &fileLink{File: f}, nil
}

// fileLink is an open device file.
type fileLink struct {
	*os.File
	readBy time.Time
}

// emptyRead is the pause after a read that brought nothing.
const emptyRead = 20 * time.Millisecond

// SetReadDeadline is noted for the pauses.
func (l *fileLink) SetReadDeadline(t time.Time) error {
	l.readBy = t
	return l.File.SetReadDeadline(t)
}

// Read reads. The USB driver gives no bytes and no error for a packet without
// data: that is no end of the file, which a device has not.
func (l *fileLink) Read(p []byte) (int, error) {
	for {
		n, err := l.File.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		left := time.Until(l.readBy)
		if left <= 0 {
			return 0, os.ErrDeadlineExceeded
		}
		pause := time.NewTimer(min(left, emptyRead))
		<-pause.C
	}
}

// The frames of a serial line.
var frames = map[string]uint32{"8N1": 0, "8E1": unix.PARENB, "8O1": unix.PARENB | unix.PARODD}

// The kinds of flow control.
const (
	FlowNone    = "none"
	FlowXonXoff = "xonxoff"
	FlowRTSCTS  = "rtscts"
)

var speeds = map[int]uint32{
	9600: unix.B9600, 19200: unix.B19200, 38400: unix.B38400, 57600: unix.B57600, 115200: unix.B115200, 230400: unix.B230400,
}

// Serial is a printer on a serial line. It is driven by termios itself: a write
// needs a deadline and a printer needs flow control, and package serial has neither.
type Serial struct {
	Path  string // by its stable name: /dev/serial/by-id/...
	Baud  int    // 0 is 115200
	Frame string // "8N1", "8E1" or "8O1"; "" is the first
	Flow  string // FlowNone, FlowXonXoff or FlowRTSCTS; "" is the first
}

// Check says what is wrong with the settings.
func (s Serial) Check() error {
	_, err := s.mode()
	return err
}

// mode is the line's setting: raw bytes, nothing interpreted but flow control.
func (s Serial) mode() (unix.Termios, error) {
	if s.Baud == 0 {
		s.Baud = 115200
	}
	if s.Frame == "" {
		s.Frame = "8N1"
	}
	speed, known := speeds[s.Baud]
	parity, framed := frames[s.Frame]
	if !known || !framed || !slices.Contains([]string{"", FlowNone, FlowXonXoff, FlowRTSCTS}, s.Flow) {
		return unix.Termios{}, fmt.Errorf("serial line: no %d %s with flow control %q", s.Baud, s.Frame, s.Flow)
	}
	t := unix.Termios{Cflag: unix.CREAD | unix.CLOCAL | unix.CS8 | parity | speed, Ispeed: speed, Ospeed: speed}
	t.Cc[unix.VMIN] = 1
	switch s.Flow {
	case FlowXonXoff:
		t.Iflag = unix.IXON | unix.IXOFF
		t.Cc[unix.VSTART], t.Cc[unix.VSTOP] = 0x11, 0x13
	case FlowRTSCTS:
		t.Cflag |= unix.CRTSCTS
	}
	return t, nil
}

// Dial opens the line and sets it up.
func (s Serial) Dial(context.Context) (Link, error) {
	mode, err := s.mode()
	if err != nil {
		return nil, err
	}
	l, err := openPort(s.Path)
	if err != nil {
		return nil, err
	}
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("set up the line: %w", errors.Join(err, l.Close()))
	}
	var set error
	err = raw.Control(func(fd uintptr) { set = unix.IoctlSetTermios(int(fd), unix.TCSETS, &mode) })
	if err := errors.Join(err, set); err != nil {
		if errors.Is(err, syscall.ENOTTY) {
			err = fmt.Errorf("%s is no serial line: %w", s.Path, err)
		}
		return nil, fmt.Errorf("set up the line: %w", errors.Join(err, l.Close()))
	}
	return l, nil
}

package scanner

// The reader that poses as a keyboard: its input device, grabbed, as a port.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// eviocgrab takes a device away from everybody else (linux/input.h, _IOW('E', 0x90, int)).
const eviocgrab = 0x40044590

// An input_event is a time, a type, a code and a value.
const (
	timeSize  = int(unsafe.Sizeof(unix.Timeval{}))
	eventSize = timeSize + 8
)

// The types of events that matter.
const (
	evSyn      = 0
	evKey      = 1
	synDropped = 3 // the kernel's buffer ran over: events are missing
)

// keyPort turns the events of an input device into the characters of a line.
type keyPort struct {
	file    *os.File
	keys    keyboard
	limit   time.Duration
	now     func() time.Time
	events  []byte // read and not yet looked at
	buf     [64 * eventSize]byte
	ready   []byte // characters not yet handed on
	skip    bool   // until the end of a code of which something is missing
	pending error  // said after what is ready
}

// openKeyboard opens an input device and grabs it, so that no other program
// sees its keys.
func openKeyboard(path string) (Port, error) { return openKeys(path, grab) }

func openKeys(path string, grab func(*os.File) error) (Port, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := grab(f); err != nil {
		return nil, fmt.Errorf("grab: %w", errors.Join(err, f.Close()))
	}
	return &keyPort{file: f, limit: Poll, now: time.Now}, nil
}

// grab asks the kernel for the device's events alone. Whoever closes the
// device, also by dying, gives it back.
func grab(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := conn.Control(func(fd uintptr) { inner = unix.IoctlSetInt(int(fd), eviocgrab, 1) }); err != nil {
		return err
	}
	return inner
}

// SetReadTimeout sets how long a Read waits.
func (p *keyPort) SetReadTimeout(d time.Duration) error {
	p.limit = d
	return nil
}

// settle is how long an opened device must be silent to count as read empty;
// settleReads is how many reads that may take.
const (
	settle      = time.Millisecond
	settleReads = 256
)

// ResetInputBuffer throws away what was typed before.
func (p *keyPort) ResetInputBuffer() error {
	for range settleReads {
		if err := p.file.SetReadDeadline(p.now().Add(settle)); err != nil {
			return fmt.Errorf("set deadline: %w", err)
		}
		_, err := p.read()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, io.EOF): // a lost device is told by the next Read
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// Read gives characters; 0 and no error when none came in time. A key that is
// no character, such as Shift, counts as life: then Read waits on.
func (p *keyPort) Read(b []byte) (int, error) {
	deadline := p.now().Add(p.limit)
	for p.take(); len(p.ready) == 0 && p.pending == nil; p.take() {
		if err := p.file.SetReadDeadline(deadline); err != nil {
			return 0, fmt.Errorf("set deadline: %w", err)
		}
		n, err := p.read()
		p.events = append(p.events, p.buf[:n]...)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			p.skip = false // after a silence the next key begins a code
			return 0, nil
		}
		p.pending = err
		deadline = p.now().Add(p.limit)
	}
	n := copy(b, p.ready)
	p.ready = p.ready[n:]
	if len(p.ready) > 0 {
		return n, nil
	}
	err := p.pending
	p.pending = nil
	return n, err
}

// read reads events until the deadline. A read whose deadline is over looks at nothing:
// what came while this process was held up lies in the kernel, and is neither silence
// nor gone.
func (p *keyPort) read() (int, error) {
	n, err := p.file.Read(p.buf[:])
	if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	raw, no := p.file.SyscallConn()
	if no != nil {
		return 0, err
	}
	// Not raw.Read, which heeds the deadline. The read does not wait.
	if raw.Control(func(fd uintptr) { n, _ = unix.Read(int(fd), p.buf[:]) }) != nil || n <= 0 {
		return 0, err
	}
	return n, nil
}

// take looks at the events that were read, up to one that ends in an error:
// what follows that belongs behind it.
func (p *keyPort) take() {
	for p.pending == nil && len(p.events) >= eventSize {
		e := p.events[timeSize:eventSize]
		kind, code := binary.NativeEndian.Uint16(e), binary.NativeEndian.Uint16(e[2:])
		value := int32(binary.NativeEndian.Uint32(e[4:]))
		p.events = p.events[eventSize:]
		p.event(kind, code, value)
	}
}

func (p *keyPort) event(kind, code uint16, value int32) {
	var b byte
	var ok bool
	switch {
	case kind == evSyn && code == synDropped:
		// What is ready belongs to codes before the gap; what has begun, and the rest of it, is lost.
		p.keys, p.skip, p.pending = keyboard{caps: p.keys.caps}, true, errLost
	case kind == evKey && value == 0:
		b, ok = p.keys.release(code)
	case kind == evKey:
		b, ok = p.keys.press(code)
	}
	switch {
	case ok && p.skip:
		p.skip = b != '\r' && b != '\n' && b != '\t'
	case ok:
		p.ready = append(p.ready, b)
	}
}

// Close gives the device back.
func (p *keyPort) Close() error { return p.file.Close() }

package terminal

// Serial: a serial line that looks like a connection.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"go.bug.st/serial"
)

// slice is how long one read of the port may block: how late an interruption
// may be noticed.
const slice = 20 * time.Millisecond

// wire is an open serial port as a [net.Conn]. Reads come from one goroutine;
// deadlines and Close may come from others.
type wire struct {
	path string
	port serial.Port

	mu       sync.Mutex
	deadline time.Time
	closed   bool
	reading  sync.Mutex // held by a read of the port: it is never closed under one
	late     int        // last looks; of whoever reads
}

// serialDialer opens the tty for one exchange. What lay in its buffer belongs
// to an exchange before and is thrown away: over TCP it would have gone with
// its connection.
func serialDialer(baud int) func(ctx context.Context, network, path string) (net.Conn, error) {
	return func(ctx context.Context, _, path string) (net.Conn, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		port, err := serial.Open(path, &serial.Mode{BaudRate: baud, DataBits: 8, Parity: serial.NoParity, StopBits: serial.OneStopBit})
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
		if err := port.ResetInputBuffer(); err != nil {
			_ = port.Close() // the first error is the one that tells
			return nil, fmt.Errorf("empty %s: %w", path, err)
		}
		return &wire{path: path, port: port}, nil
	}
}

// Read waits for bytes until the deadline. What lies there is read after it, too, up
// to [mostLate] times: it came while this process was held up.
func (w *wire) Read(p []byte) (int, error) {
	w.reading.Lock()
	defer w.reading.Unlock()
	for {
		wait, over := w.patience()
		if errors.Is(over, net.ErrClosed) || over != nil && w.late >= mostLate {
			return 0, over
		}
		if over != nil {
			w.late++
		}
		if err := w.port.SetReadTimeout(wait); err != nil {
			return 0, fmt.Errorf("read %s: %w", w.path, err)
		}
		n, err := w.port.Read(p)
		if err != nil {
			return n, fmt.Errorf("read %s: %w", w.path, err)
		}
		if n > 0 {
			return n, nil
		}
		if over != nil {
			return 0, over
		}
	}
}

// patience is how long the next read of the port may block; an error says that it is
// the last one, or none at all.
func (w *wire) patience() (time.Duration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, net.ErrClosed
	}
	if w.deadline.IsZero() {
		return slice, nil
	}
	left := time.Until(w.deadline)
	if left <= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return max(time.Millisecond, min(left, slice)), nil
}

// Write sends bytes. The longest frame is shorter than the kernel's buffer, and
// no flow control is used: it does not wait.
func (w *wire) Write(p []byte) (int, error) {
	n, err := w.port.Write(p)
	if err != nil {
		return n, fmt.Errorf("write %s: %w", w.path, err)
	}
	return n, nil
}

// Close gives the line up.
func (w *wire) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	w.mu.Unlock()
	w.reading.Lock()
	defer w.reading.Unlock()
	if err := w.port.Close(); err != nil {
		return fmt.Errorf("close %s: %w", w.path, err)
	}
	return nil
}

// SetReadDeadline ends reads at a moment, also one that waits now.
func (w *wire) SetReadDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return net.ErrClosed
	}
	w.deadline = t
	return nil
}

// SetDeadline is SetReadDeadline: writes do not wait.
func (w *wire) SetDeadline(t time.Time) error { return w.SetReadDeadline(t) }

// SetWriteDeadline changes nothing: writes do not wait.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr is the line.
func (w *wire) LocalAddr() net.Addr { return lineAddr(w.path) }

// RemoteAddr is the line.
func (w *wire) RemoteAddr() net.Addr { return lineAddr(w.path) }

// lineAddr is the address of a serial line.
type lineAddr string

// Network names the kind of the address.
func (lineAddr) Network() string { return "serial" }

func (a lineAddr) String() string { return string(a) }

package sim

// The serial line: a pseudo-terminal that is listened to like a port.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// TTY is a [Config.Listen] for a terminal on a serial line: a link to the tty
// that the cash register opens stands at path while the terminal listens.
//
// A serial line has no connections. What the simulator takes for one begins
// when the one before has ended, and hanging up is not to be noticed at the
// other end.
func TTY(path string) func(context.Context, string, string) (net.Listener, error) {
	return func(context.Context, string, string) (net.Listener, error) {
		master, slave, err := openLine()
		if err != nil {
			return nil, fmt.Errorf("open pseudo-terminal: %w", err)
		}
		l := &ttyListener{path: path, master: master, slave: slave, free: make(chan struct{}, 1), closed: make(chan struct{})}
		l.free <- struct{}{}
		if err := link(slave.Name(), path); err != nil {
			return nil, errors.Join(err, l.Close())
		}
		return l, nil
	}
}

// openLine opens both ends of a line that is raw from its first byte. It is
// done by hand: a library that asks for the file's descriptor makes it blocking,
// and then no deadline ends a read.
func openLine() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	name, err := setUp(master)
	if err == nil {
		slave, err = os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(err, master.Close())
	}
	return master, slave, nil
}

// setUp unlocks the other end, takes echo and line editing away, as a serial
// line has none, and returns the other end's path.
func setUp(master *os.File) (name string, err error) {
	conn, err := master.SyscallConn()
	if err != nil {
		return "", err
	}
	var inner error
	err = conn.Control(func(fd uintptr) {
		if inner = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); inner != nil {
			return
		}
		var n int
		if n, inner = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); inner != nil {
			return
		}
		name = fmt.Sprintf("/dev/pts/%d", n)
		inner = makeRaw(int(fd))
	})
	return name, errors.Join(err, inner)
}

func makeRaw(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag &^= unix.ICRNL | unix.INLCR | unix.IGNCR | unix.IXON | unix.IXOFF | unix.ISTRIP | unix.BRKINT | unix.PARMRK | unix.INPCK
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}

// link puts a link in place, also where an older one stands.
func link(to, path string) error {
	next := path + ".next"
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("link: %w", err)
	}
	if err := os.Symlink(to, next); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	return os.Rename(next, path)
}

// ttyListener gives one connection after the other on the same line.
type ttyListener struct {
	path   string
	master *os.File
	slave  *os.File      // kept open, so that the line outlives the cash register's use of it
	free   chan struct{} // holds one token while nobody has the line
	closed chan struct{}
	once   sync.Once
}

// Accept waits for the line to be free.
func (l *ttyListener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	default:
	}
	select {
	case <-l.free:
		return &ttyConn{l: l}, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close takes the line away.
func (l *ttyListener) Close() error {
	var err error
	l.once.Do(func() {
		close(l.closed)
		if rm := os.Remove(l.path); rm != nil && !errors.Is(rm, os.ErrNotExist) {
			err = rm
		}
		err = errors.Join(err, l.master.Close(), l.slave.Close())
	})
	return err
}

// Addr is the path of the tty.
func (l *ttyListener) Addr() net.Addr { return ttyAddr(l.path) }

type ttyAddr string

// Network names the kind of the address.
func (ttyAddr) Network() string { return "serial" }

func (a ttyAddr) String() string { return string(a) }

// ttyConn is one use of the line.
type ttyConn struct {
	l      *ttyListener
	mu     sync.Mutex
	closed bool
}

// Read reads what the cash register sends.
func (c *ttyConn) Read(p []byte) (int, error) {
	if c.isClosed() {
		return 0, net.ErrClosed
	}
	n, err := c.l.master.Read(p)
	if c.isClosed() {
		return n, net.ErrClosed
	}
	return n, err
}

// Write sends to the cash register.
func (c *ttyConn) Write(p []byte) (int, error) {
	if c.isClosed() {
		return 0, net.ErrClosed
	}
	return c.l.master.Write(p)
}

func (c *ttyConn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// Close lets the next use of the line begin.
func (c *ttyConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	err := c.l.master.SetReadDeadline(time.Unix(1, 0)) // wakes who reads
	c.l.free <- struct{}{}
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// SetReadDeadline sets the deadline of reads.
func (c *ttyConn) SetReadDeadline(t time.Time) error { return c.set(t, c.l.master.SetReadDeadline) }

// SetWriteDeadline sets the deadline of writes.
func (c *ttyConn) SetWriteDeadline(t time.Time) error { return c.set(t, c.l.master.SetWriteDeadline) }

// SetDeadline sets both.
func (c *ttyConn) SetDeadline(t time.Time) error { return c.set(t, c.l.master.SetDeadline) }

func (c *ttyConn) set(t time.Time, how func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	return how(t)
}

// LocalAddr is the path of the tty.
func (c *ttyConn) LocalAddr() net.Addr { return c.l.Addr() }

// RemoteAddr is the path of the tty.
func (c *ttyConn) RemoteAddr() net.Addr { return c.l.Addr() }

package terminal

// Exchange: one connection, its acknowledgements, its deadlines.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// patient reads a connection, and looks once more when the deadline is over: a read
// after it looks at nothing, and where this process was held up the answer came in
// time and lies in the kernel.
type patient struct {
	conn net.Conn
	late int // how often it looked
}

// mostLate is how often an exchange is worth a last look: a terminal that never
// stops talking does not keep us.
const mostLate = 64

func (r *patient) Read(p []byte) (int, error) {
	n, err := r.conn.Read(p)
	conn, ok := r.conn.(syscall.Conn)
	if n > 0 || !ok || r.late >= mostLate || !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	r.late++
	raw, no := conn.SyscallConn()
	if no != nil {
		return 0, err
	}
	// Not raw.Read, which heeds the deadline. The read does not wait.
	if raw.Control(func(fd uintptr) { n, _ = unix.Read(int(fd), p) }) != nil || n <= 0 {
		return 0, err
	}
	return n, nil
}

// link is one connection to the terminal, for one exchange.
type link struct {
	cfg  Config
	conn net.Conn
	in   *ecr17.Reader
	back []ecr17.Frame // read too far, to be read again

	mu          sync.Mutex
	interrupted bool
	release     func()
}

// open connects. When ctx ends, reading ends with errInterrupted; what was
// read before can still be recorded and acknowledged.
func open(ctx context.Context, cfg Config) (*link, error) {
	dialCtx, cancel := context.WithTimeout(ctx, cfg.DialTimeout)
	defer cancel()
	conn, err := cfg.Dial(dialCtx, "tcp", cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	l := &link{cfg: cfg, conn: conn, in: ecr17.NewReader(&patient{conn: conn})}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		l.interrupt()
	})
	l.release = func() {
		if !stop() {
			<-done
		}
	}
	return l, nil
}

// close ends the connection and waits for the watcher of the context.
func (l *link) close() {
	l.release()
	_ = l.conn.Close() // nothing hangs on it: all that matters was read or given up
}

// dropUnsent says whether the end of the connection is the end of what it
// carries. While a request that moves money is not acknowledged it must be so:
// else the kernel would go on sending it after the line was given up, after the
// death of the process even, and the terminal could take it after it had told
// that there was none. A serial line sends at once and keeps nothing.
func (l *link) dropUnsent(drop bool) {
	c, ok := l.conn.(interface{ SetLinger(seconds int) error })
	if !ok {
		return
	}
	seconds := -1
	if drop {
		seconds = 0
	}
	_ = c.SetLinger(seconds) // fails on a closed connection alone
}

func (l *link) interrupt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interrupted = true
	_ = l.conn.SetReadDeadline(time.Unix(1, 0)) // fails on a closed connection alone
}

// readUntil sets the deadline of the next reads, unless the context has ended.
func (l *link) readUntil(deadline time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.interrupted {
		return nil // the deadline in the past stays
	}
	return l.conn.SetReadDeadline(deadline)
}

func (l *link) wasInterrupted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.interrupted
}

// next returns the next frame; errors wrap errNoAnswer, errLineLost or errInterrupted.
func (l *link) next(deadline time.Time) (ecr17.Frame, error) {
	if n := len(l.back); n > 0 {
		f := l.back[n-1]
		l.back = l.back[:n-1]
		return f, nil
	}
	if err := l.readUntil(deadline); err != nil {
		return ecr17.Frame{}, fmt.Errorf("%w: %w", errLineLost, err)
	}
	f, err := l.in.Next()
	switch {
	case err == nil:
		return f, nil
	case l.wasInterrupted():
		return f, fmt.Errorf("%w: %w", errInterrupted, err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return f, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	return f, fmt.Errorf("%w: %w", errLineLost, err)
}

func (l *link) unread(f ecr17.Frame) { l.back = append(l.back, f) }

// send writes a frame and tells how much of it left this machine.
func (l *link) send(frame []byte) (int, error) {
	if err := l.conn.SetWriteDeadline(time.Now().Add(l.cfg.AckTimeout)); err != nil {
		return 0, fmt.Errorf("send: %w", err)
	}
	n, err := l.conn.Write(frame)
	if err != nil {
		return n, fmt.Errorf("send: %d of %d bytes: %w", n, len(frame), err)
	}
	return n, nil
}

func (l *link) ack() error { return l.control(ecr17.ACK) }
func (l *link) nak() error { return l.control(ecr17.NAK) }

func (l *link) control(lead byte) error {
	_, err := l.send(ecr17.Control(l.cfg.LRC, lead))
	return err
}

// deliver sends a request until the terminal takes it. A frame is sent again
// on an explicit NAK alone, at most three times. What shows that the terminal
// works on the request stands for a lost ACK: a progress text, and a message
// that early takes for the answer; both are read again afterwards.
//
// Errors that wrap errNotSent or [ErrRejected] mean that the terminal certainly
// did not take the request; after any other it may have.
func (l *link) deliver(frame []byte, early func(ecr17.Frame) bool) error {
	for range 1 + retransmissions {
		if l.wasInterrupted() {
			return fmt.Errorf("%w: %w", errNotSent, errInterrupted)
		}
		if n, err := l.send(frame); n == 0 {
			return fmt.Errorf("%w: %w", errNotSent, err)
		} else if err != nil {
			return fmt.Errorf("%w: %w", errLineLost, err)
		}
		taken, err := l.awaitAck(early)
		if err != nil || taken {
			return err
		}
	}
	return ErrRejected
}

// awaitAck says whether the terminal took the frame (true) or refused to read it (false).
func (l *link) awaitAck(early func(ecr17.Frame) bool) (bool, error) {
	deadline := time.Now().Add(l.cfg.AckTimeout)
	for {
		f, err := l.next(deadline)
		if errors.Is(err, errNoAnswer) {
			return false, fmt.Errorf("%w: %w", errNoAck, err)
		}
		if err != nil {
			return false, err
		}
		switch f.Kind {
		case ecr17.Ack:
			return true, nil
		case ecr17.Nak:
			return false, nil
		case ecr17.Progress:
			l.unread(f)
			return true, nil
		case ecr17.Message:
			if f.Sound(l.cfg.LRC) && early(f) {
				l.unread(f)
				return true, nil
			}
		case ecr17.Noise:
		}
	}
}

// message returns the next sound message. Damaged ones are answered NAK, at
// most three times; progress texts are passed on and do not move the deadline.
func (l *link) message(deadline time.Time, progress func(string)) (string, error) {
	damaged := 0
	for {
		f, err := l.next(deadline)
		if err != nil {
			return "", err
		}
		switch {
		case f.Kind == ecr17.Progress:
			progress(f.Body)
		case f.Kind == ecr17.Message && f.Sound(l.cfg.LRC):
			return f.Body, nil
		case f.Kind == ecr17.Message:
			if damaged++; damaged > retransmissions {
				return "", errDamaged
			}
			if err := l.nak(); err != nil {
				return "", fmt.Errorf("%w: %w", errLineLost, err)
			}
		}
	}
}

// linger hears the terminal out after its result was acknowledged: if the
// acknowledgement was lost the same result comes again, and tickets may follow:
// those go into the slip, if one is wanted. It ends at the terminal's hanging
// up, at the end of the slip, or after the time set for it.
func (l *link) linger(answered string, s *slip) {
	wait := l.cfg.Linger
	if s != nil {
		wait = max(wait, l.cfg.ReplyTimeout)
	}
	deadline := time.Now().Add(wait)
	piece := ""
	for s == nil || !s.ended {
		body, err := l.message(deadline, func(string) {})
		if err != nil {
			return
		}
		reply, err := ecr17.DecodeReply(body)
		ticket, isTicket := reply.(ecr17.Ticket)
		isTicket = isTicket && err == nil
		if body == answered || isTicket {
			_ = l.ack() // if this is lost too the terminal keeps the result for G
		}
		if isTicket && s != nil && body != piece {
			s.add(ticket.Text)
			piece = body
		}
	}
}

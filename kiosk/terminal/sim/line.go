package sim

// One connection of a cash register: frames, acknowledgements, whose turn it is.

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"time"

	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// resends is how often a result that is not acknowledged is sent again.
const resends = 3

// line is one connection.
type line struct {
	s    *Sim
	conn net.Conn
	in   *ecr17.Reader
}

// enter takes a new connection in, behind those that are there already.
func (s *Sim) enter(conn net.Conn) *line {
	l := &line{s: s, conn: conn, in: ecr17.NewReader(conn)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, l)
	return l
}

func (s *Sim) leave(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = slices.DeleteFunc(s.lines, func(x *line) bool { return x == l })
	s.change()
}

// turn waits until the line is the first one: true. While another line's
// transaction runs the answer is false: the request is to be refused.
func (s *Sim) turn(ctx context.Context, l *line) bool {
	for {
		s.mu.Lock()
		first, phase, changed := s.lines[0] == l, s.state.Phase, s.changed
		s.mu.Unlock()
		switch {
		case first:
			return true
		case phase != Idle:
			return false
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// serve answers requests until the line is closed, by either side.
func (l *line) serve(ctx context.Context) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = l.conn.Close()
	})
	defer func() {
		if !stop() {
			<-done
		}
	}()
	defer l.s.leave(l)
	defer l.conn.Close()
	for {
		f, err := l.next(l.s.cfg.IdleWait)
		if err != nil {
			return
		}
		if f.Kind == ecr17.Message && !l.request(ctx, f) {
			return
		}
	}
}

func (l *line) next(wait time.Duration) (ecr17.Frame, error) {
	if err := l.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return ecr17.Frame{}, err
	}
	return l.in.Next()
}

func (l *line) write(b []byte) error {
	if err := l.conn.SetWriteDeadline(time.Now().Add(max(l.s.cfg.AckWait, DefaultAckWait))); err != nil {
		return err
	}
	_, err := l.conn.Write(b)
	return err
}

func (l *line) control(lead byte) error { return l.write(ecr17.Control(l.s.cfg.LRC, lead)) }

func (l *line) nak(code byte) bool {
	l.s.tell(EventNak, code, "")
	return l.control(ecr17.NAK) == nil
}

// request answers one request; false when the line is to be closed.
func (l *line) request(ctx context.Context, f ecr17.Frame) bool {
	q, err := ecr17.DecodeRequest(f.Body)
	if err != nil || !f.Sound(l.s.cfg.LRC) {
		return l.nak('?')
	}
	code := q.Code()
	l.s.count(code)
	if !l.s.turn(ctx, l) {
		return l.nak(code)
	}
	b := l.s.take(code)
	switch {
	case b.Kind == Nak, b.Kind == Busy, b.Kind == NotOperative && code != ecr17.CodeStatus, !l.s.addressed(q):
		return l.nak(code)
	case b.Kind == Never:
		return l.forget()
	}
	return l.handle(ctx, q, b)
}

// forget acknowledges a request and says nothing more until the other side hangs up.
func (l *line) forget() bool {
	if l.control(ecr17.ACK) != nil || l.conn.SetReadDeadline(time.Time{}) != nil {
		return false
	}
	for {
		if _, err := l.in.Next(); err != nil {
			return false
		}
	}
}

func (s *Sim) count(code byte) {
	s.mu.Lock()
	s.requests[code]++
	s.mu.Unlock()
	s.tell(EventRequest, code, "")
}

// addressed says that a request names this terminal, or none.
func (s *Sim) addressed(q ecr17.Request) bool {
	body, err := q.Encode()
	return err == nil && (body[:8] == s.cfg.TerminalID || body[:8] == "00000000")
}

// accept acknowledges a request; it returns what is to be written before the answer instead.
func (l *line) accept(b Behaviour) ([]byte, error) {
	switch b.Kind {
	case NoAck:
		return nil, nil
	case Joined:
		return ecr17.Control(l.s.cfg.LRC, ecr17.ACK), nil
	}
	return nil, l.control(ecr17.ACK)
}

// progress shows a text on the display and sends it to the cash register. A
// lost line stops no transaction.
func (l *line) progress(b Behaviour, p Phase, text string) {
	l.s.show(p, text)
	if !b.Quiet && b.Kind != Joined {
		_ = l.write(ecr17.EncodeProgress(text))
	}
}

// answer sends an answer until it is acknowledged, and says whether it was;
// sent and acked are told as it goes.
func (l *line) answer(body string, b Behaviour, before []byte, sent, acked func()) bool {
	if !l.once(body, b, before, sent) {
		return false
	}
	acked()
	for range b.copies() {
		// As if the acknowledgement had been lost. A line that is closed by now loses nothing.
		if !l.once(body, Behaviour{}, nil, sent) {
			break
		}
	}
	return true
}

// once sends an answer, again where it is not acknowledged, and says whether it was in the end.
func (l *line) once(body string, b Behaviour, before []byte, sent func()) bool {
	for try := range 1 + resends {
		frame := ecr17.Encode(l.s.cfg.LRC, body)
		if b.Kind == WrongLRC && try < b.Repeat {
			frame[len(frame)-1] ^= 0x55
		}
		if l.push(append(before, frame...), b) != nil {
			return false
		}
		before = nil
		sent()
		if ok, err := l.heard(); ok || err != nil {
			return ok
		}
	}
	return false
}

// push writes an answer, in one piece or in two.
func (l *line) push(frame []byte, b Behaviour) error {
	if b.Kind != Halves {
		return l.write(frame)
	}
	if err := l.write(frame[:len(frame)/2]); err != nil {
		return err
	}
	timer := time.NewTimer(l.s.cfg.Gap)
	defer timer.Stop()
	<-timer.C
	return l.write(frame[len(frame)/2:])
}

// heard says whether the answer was acknowledged; NAK and silence say no.
func (l *line) heard() (bool, error) {
	start := time.Now()
	for {
		f, err := l.next(l.s.cfg.AckWait - time.Since(start))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		switch f.Kind {
		case ecr17.Ack:
			return true, nil
		case ecr17.Nak:
			return false, nil
		case ecr17.Message:
			_ = l.control(ecr17.NAK) // not now; a lost line shows at the next read
		case ecr17.Noise, ecr17.Progress:
		}
	}
}

package escpos

// One conversation with the printer: questions, answers, deadlines.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tserve/jolly/printer/quirks"
)

// errSilent says that an answer did not come in time.
var errSilent = errors.New("printer does not answer")

// conn is an open link with what was read from it.
type conn struct {
	link   Link
	model  quirks.Model
	t      Timing
	parser parser
	in     []byte // read and not yet parsed
	stale  bool   // an answer is overdue: what comes next may be an old one
	late   int    // last looks since something was sent
	queued []byte // answers to queued queries, in their order, not yet looked at
}

func newConn(l Link, m quirks.Model, t Timing) *conn {
	return &conn{link: l, model: m, t: t, parser: parser{full: m.FullStatus}}
}

// until is the moment after a time, but not after the context's end.
func until(ctx context.Context, within time.Duration) time.Time {
	at := time.Now().Add(within)
	if d, ok := ctx.Deadline(); ok && d.Before(at) {
		return d
	}
	return at
}

// over says that our own time is up. A deadline of the link that was the context's
// may come a moment before the context knows it.
func over(ctx context.Context) error {
	if d, ok := ctx.Deadline(); ok && !time.Now().Before(d) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// send writes all of p or says why not.
func (c *conn) send(ctx context.Context, p []byte) error {
	if err := over(ctx); err != nil {
		return err
	}
	if err := c.link.SetWriteDeadline(until(ctx, c.t.Write)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	c.late = 0
	n, err := c.link.Write(p)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded) && over(ctx) != nil:
		return fmt.Errorf("write %d of %d bytes: %w", n, len(p), over(ctx))
	}
	return fmt.Errorf("write %d of %d bytes: %w", n, len(p), err)
}

// next waits for one answer. That the time is up is the printer's silence only when
// it was not ours alone.
func (c *conn) next(ctx context.Context, deadline time.Time) (reply, error) {
	for {
		for len(c.in) > 0 {
			b := c.in[0]
			c.in = c.in[1:]
			if r, ok := c.parser.feed(b); ok {
				return r, nil
			}
		}
		if err := ctx.Err(); err != nil {
			return reply{}, err
		}
		if err := c.link.SetReadDeadline(deadline); err != nil {
			return reply{}, fmt.Errorf("set deadline: %w", err)
		}
		var buf [256]byte
		n, err := c.link.Read(buf[:])
		expired := errors.Is(err, os.ErrDeadlineExceeded)
		if n <= 0 && expired {
			n = c.lastLook(buf[:])
		}
		if n > 0 {
			c.in = append(c.in, buf[:n]...)
			continue
		}
		if expired && over(ctx) != nil {
			return reply{}, over(ctx)
		}
		if expired {
			return reply{}, errSilent
		}
		if err != nil {
			return reply{}, fmt.Errorf("read: %w", err)
		}
	}
}

// mostLate is how many last looks one thing that was sent is worth: a printer that
// never stops talking does not keep us.
const mostLate = 64

// lastLook reads what lies there already. A read whose deadline is over looks at
// nothing; if it was this process that was held up meanwhile, the answer came in time
// and waits in the kernel. Taken for silence, it would be taken for the answer to the
// next question, too.
func (c *conn) lastLook(buf []byte) (n int) {
	link, ok := c.link.(syscall.Conn)
	if !ok || c.late >= mostLate {
		return 0
	}
	c.late++
	raw, err := link.SyscallConn()
	if err != nil {
		return 0
	}
	// Not raw.Read, which heeds the deadline. The read does not wait, and its error
	// comes again with what is done next.
	if raw.Control(func(fd uintptr) { n, _ = unix.Read(int(fd), buf) }) != nil {
		return 0
	}
	return max(n, 0)
}

// wait waits for an answer of one kind; answers to queued queries that come
// meanwhile are kept.
func (c *conn) wait(ctx context.Context, kind replyKind, deadline time.Time) (reply, error) {
	for {
		r, err := c.next(ctx, deadline)
		if err != nil {
			return reply{}, err
		}
		if r.kind == kind {
			return r, nil
		}
		if r.kind == replyQueued {
			c.queued = append(c.queued, r.value)
		}
	}
}

// drain reads until nothing comes any more, so that no late answer is taken for
// that to the next question.
func (c *conn) drain(ctx context.Context) error {
	end := until(ctx, c.t.Answer)
	for time.Now().Before(end) {
		quiet := until(ctx, c.t.Answer/8)
		r, err := c.next(ctx, quiet)
		if errors.Is(err, errSilent) {
			break
		}
		if err != nil {
			return err
		}
		if r.kind == replyQueued {
			c.queued = append(c.queued, r.value)
		}
	}
	c.stale = false
	return nil
}

// ask puts one real-time question.
func (c *conn) ask(ctx context.Context, n byte, kind replyKind) (reply, error) {
	if err := c.send(ctx, []byte{dle, eot, n}); err != nil {
		return reply{}, err
	}
	r, err := c.wait(ctx, kind, until(ctx, c.t.Answer))
	if errors.Is(err, errSilent) {
		c.stale = true
	}
	return r, err
}

// status puts the four real-time questions, and the full one where it is known.
func (c *conn) status(ctx context.Context) (Status, error) {
	if c.stale {
		if err := c.drain(ctx); err != nil {
			return Status{}, fmt.Errorf("read status: %w", err)
		}
	}
	var answers [4]byte
	for i := range answers {
		r, err := c.ask(ctx, byte(i+1), replyRealTime)
		if err != nil {
			return Status{}, fmt.Errorf("read status %d: %w", i+1, err)
		}
		answers[i] = r.value
	}
	s := Status{Known: true, Printer: answers[0], Offline: answers[1], Error: answers[2], Paper: answers[3]}
	if c.model.FullStatus {
		r, err := c.ask(ctx, 20, replyFull)
		if err != nil {
			return Status{}, fmt.Errorf("read full status: %w", err)
		}
		s.Full = r.full
	}
	return s, nil
}

// clear makes the printer forget what it holds. An answer that does not come is
// no error: many models have none.
func (c *conn) clear(ctx context.Context) (done bool, err error) {
	if len(c.model.Clear) == 0 {
		return false, nil
	}
	if err := c.send(ctx, c.model.Clear); err != nil {
		return false, fmt.Errorf("clear buffer: %w", err)
	}
	if !c.model.ClearAnswers {
		return true, nil
	}
	_, err = c.wait(ctx, replyCleared, until(ctx, c.t.Answer))
	if errors.Is(err, errSilent) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("clear buffer: %w", err)
	}
	c.queued = nil // what was asked before is forgotten with the rest
	return true, nil
}

package terminal

// Till: last result, slip, totals, closing of the day, a charge taken back.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// Last tells the terminal's last saved result, and false when it has none. It
// says nothing of any payment: whose result it is only a baseline can tell.
func (t *Terminal) Last(ctx context.Context) (kiosk.ChargeResult, bool, error) {
	const op = "ask the terminal's last result"
	release, err := t.acquire(ctx, op)
	if err != nil {
		return kiosk.ChargeResult{}, false, err
	}
	defer release()
	if _, err := t.lastResult(ctx, op); err != nil || !t.hasLast {
		return kiosk.ChargeResult{}, false, err
	}
	r := resultOf(t.last)
	r.Reason = t.last.Text
	switch {
	case t.last.OK():
		r.Outcome = kiosk.Charged
	case notTaken(t.last):
		r.Outcome = kiosk.Refused
	default:
		r.Outcome = kiosk.Unknown
	}
	if t.last.Form == ecr17.Reversed {
		r.Outcome, r.Reason = kiosk.Unknown, "a reversal"
	}
	return r, true, nil
}

// Slip asks for the last ticket once more, to be sent here instead of printed:
// the text that the kiosk put on it ties it to its payment. Terminals that do
// not know the request answer NAK: an error that wraps [ErrRejected].
func (t *Terminal) Slip(ctx context.Context) (string, error) {
	const op = "ask the terminal's last ticket"
	release, err := t.acquire(ctx, op)
	if err != nil {
		return "", err
	}
	defer release()
	return t.lastTicket(ctx, op)
}

// lastTicket is Slip for who has the terminal's turn.
func (t *Terminal) lastTicket(ctx context.Context, op string) (string, error) {
	if _, err := t.operative(ctx, op); err != nil {
		return "", err
	}
	q := ecr17.ReprintRequest{Terminal: t.cfg.TerminalID, ToRegister: true, Ticket: '0'}
	l, err := t.begin(ctx, op, q, func(f ecr17.Frame) bool {
		reply, err := ecr17.DecodeReply(f.Body)
		_, ticket := reply.(ecr17.Ticket)
		return err == nil && ticket
	})
	if err != nil {
		return "", err
	}
	defer l.close()
	var s slip
	deadline := time.Now().Add(t.cfg.ReplyTimeout)
	for !s.ended {
		body, err := l.message(deadline, func(string) {})
		if err != nil {
			return "", offline(op, err)
		}
		reply, err := ecr17.DecodeReply(body)
		ticket, ok := reply.(ecr17.Ticket)
		if err != nil || !ok {
			continue // a left-over: not asked for here, not acknowledged here
		}
		if err := l.ack(); err != nil {
			return "", offline(op, fmt.Errorf("%w: %w", errLineLost, err))
		}
		s.add(ticket.Text)
	}
	return s.text(), nil
}

// Totals asks what the terminal took since its day was closed last.
func (t *Terminal) Totals(ctx context.Context) (kiosk.Totals, error) {
	const op = "ask the terminal's totals"
	release, err := t.acquire(ctx, op)
	if err != nil {
		return kiosk.Totals{}, err
	}
	defer release()
	if _, err := t.operative(ctx, op); err != nil {
		return kiosk.Totals{}, err
	}
	reply, err := t.ask(ctx, op, ecr17.TotalsRequest{Terminal: t.cfg.TerminalID, Register: t.cfg.RegisterID})
	if err != nil {
		return kiosk.Totals{}, err
	}
	totals, ok := reply.(ecr17.TotalsReply)
	if !ok || totals.Code != ecr17.ResultOK {
		return kiosk.Totals{}, fault(op, fmt.Errorf("the terminal has no totals: result %q", totals.Code))
	}
	return kiosk.Totals{TerminalID: totals.Terminal, Total: totals.Total}, nil
}

// Close asks the terminal to close its day with the bank. As with [Terminal.Charge],
// record is called once with what came of it before the terminal is told that
// its answer arrived; an error that does not wrap [ErrNotRecorded] means that
// surely nothing was asked. The request is sent again on an explicit NAK alone;
// a lost answer is [kiosk.CloseUnknown] and stays so: closing again would close
// the next day.
func (t *Terminal) Close(ctx context.Context, record func(kiosk.TerminalClose) error) (kiosk.TerminalClose, error) {
	const op = "close the terminal's day"
	release, err := t.acquire(ctx, op)
	if err != nil {
		return kiosk.TerminalClose{}, err
	}
	defer release()
	id, err := t.operative(ctx, op)
	if err != nil {
		return kiosk.TerminalClose{}, err
	}
	q := ecr17.CloseRequest{Terminal: t.cfg.TerminalID, Register: t.cfg.RegisterID}
	l, err := t.begin(ctx, op, q, func(f ecr17.Frame) bool { return answers(q, f) })
	var lost *lostError
	switch {
	case errors.As(err, &lost):
		return t.closed(nil, kiosk.TerminalClose{Outcome: kiosk.CloseUnknown, TerminalID: id, Reason: err.Error()}, record)
	case err != nil:
		return kiosk.TerminalClose{}, err
	}
	defer l.close()
	body, err := l.answerTo(q, func(string) {})
	if err != nil {
		return t.closed(nil, kiosk.TerminalClose{Outcome: kiosk.CloseUnknown, TerminalID: id, Reason: err.Error()}, record)
	}
	return t.closed(l, judgeClose(t.cfg.TerminalID, body), record)
}

// closed records how a closing ended and then acknowledges the message that told it.
func (t *Terminal) closed(l *link, c kiosk.TerminalClose, record func(kiosk.TerminalClose) error) (kiosk.TerminalClose, error) {
	log := t.log.With("outcome", string(c.Outcome), "total", c.Total.String(), "host", c.HostTotal.String(), "reason", c.Reason)
	if err := record(c); err != nil {
		log.Error("closing of the terminal's day not recorded, not acknowledged", "err", err)
		return c, fmt.Errorf("close the terminal's day: %w: %w", ErrNotRecorded, err)
	}
	if l == nil {
		log.Warn("no answer to the closing of the terminal's day")
		return c, nil
	}
	if err := l.ack(); err != nil {
		log.Warn("closing recorded, acknowledgement not sent", "err", err)
	}
	log.Info("terminal's day closed")
	return c, nil
}

// judgeClose says what the answer to a closing means.
func judgeClose(terminal, body string) kiosk.TerminalClose {
	reply, err := ecr17.DecodeReply(body)
	p, ok := reply.(ecr17.CloseReply)
	c := kiosk.TerminalClose{Outcome: kiosk.CloseUnknown, TerminalID: p.Terminal}
	switch {
	case err != nil || !ok:
		c.Reason = fmt.Sprintf("answer fits no table: %v", err)
	case !sameTerminal(terminal, p.Terminal):
		c.Reason = "another terminal answered"
	case p.Code == ecr17.ResultOK:
		c.Outcome, c.Total, c.HostTotal = kiosk.CloseDone, p.Total, p.HostTotal
	case p.Code == ecr17.ResultKO:
		c.Outcome, c.Reason, c.ActionCode = kiosk.CloseRefused, p.Text, p.ActionCode
	default:
		c.Reason = fmt.Sprintf("no such result code: %q", p.Code)
	}
	return c
}

// Reverse asks the terminal to take the charge with this STAN back: it must be
// the last one, and the same card must be presented again. What was said of
// record, acknowledgement and errors in [Terminal.Charge] holds here: a lost
// answer is unknown, and the request is never sent again for it. A charge is
// never taken back by STAN 000000, which would take back whatever was last.
func (t *Terminal) Reverse(ctx context.Context, stan string, progress func(string), record func(kiosk.Reversal) error) (kiosk.Reversal, error) {
	const op = "take a charge back"
	if len(stan) != 6 || zeros(stan) {
		return kiosk.Reversal{}, kiosk.Errorf(kiosk.CodeInternal, op, "STAN %q: want six digits, not all zero", stan)
	}
	release, err := t.acquire(ctx, op)
	if err != nil {
		return kiosk.Reversal{}, err
	}
	defer release()
	id, err := t.operative(ctx, op)
	if err != nil {
		return kiosk.Reversal{}, err
	}
	if progress == nil {
		progress = func(string) {}
	}
	q := ecr17.ReversalRequest{Terminal: t.cfg.TerminalID, Register: t.cfg.RegisterID, STAN: stan}
	l, err := t.begin(ctx, op, q, func(f ecr17.Frame) bool { return answers(q, f) })
	var lost *lostError
	switch {
	case errors.As(err, &lost):
		return t.reversed(nil, "", kiosk.Reversal{Outcome: kiosk.Unknown, TerminalID: id, Reason: err.Error()}, record)
	case err != nil:
		return kiosk.Reversal{}, err
	}
	defer l.close()
	body, err := l.answerTo(q, func(text string) { progress(shown(text)) })
	if err != nil {
		return t.reversed(nil, "", kiosk.Reversal{Outcome: kiosk.Unknown, TerminalID: id, Reason: err.Error()}, record)
	}
	return t.reversed(l, body, judgeReversal(t.cfg.TerminalID, body), record)
}

func (t *Terminal) reversed(l *link, body string, r kiosk.Reversal, record func(kiosk.Reversal) error) (kiosk.Reversal, error) {
	log := t.log.With("outcome", string(r.Outcome), "stan", r.STAN, "reason", r.Reason)
	if err := record(r); err != nil {
		log.Error("reversal not recorded, not acknowledged", "err", err)
		return r, fmt.Errorf("take a charge back: %w: %w", ErrNotRecorded, err)
	}
	if l == nil {
		log.Warn("no answer to the reversal")
		return r, nil
	}
	if err := l.ack(); err != nil {
		log.Warn("reversal recorded, acknowledgement not sent", "err", err)
		return r, nil
	}
	log.Info("reversal ended")
	l.linger(body, nil)
	return r, nil
}

// judgeReversal says what the answer to a reversal means.
func judgeReversal(terminal, body string) kiosk.Reversal {
	reply, err := ecr17.DecodeReply(body)
	p, ok := reply.(ecr17.Result)
	r := kiosk.Reversal{Outcome: kiosk.Unknown, TerminalID: p.Terminal, STAN: p.STAN}
	switch {
	case err != nil || !ok:
		r.Reason = fmt.Sprintf("answer fits no table: %v", err)
	case !sameTerminal(terminal, p.Terminal):
		r.Reason = "another terminal answered"
	case p.Form != ecr17.Reversed:
		r.Reason = "the result of something else"
	case p.OK():
		r.Outcome = kiosk.Charged
	case notTaken(p):
		r.Outcome, r.Reason = kiosk.Refused, p.Text
	default:
		r.Reason = fmt.Sprintf("no such result code: %q", p.Code)
	}
	return r
}

// lostError says that a request may have reached the terminal.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// begin opens a connection and delivers a request on it. An error that is no
// [lostError] means that the terminal certainly did not take it.
func (t *Terminal) begin(ctx context.Context, op string, q ecr17.Request, early func(ecr17.Frame) bool) (*link, error) {
	body, err := q.Encode()
	if err != nil {
		return nil, fault(op, err)
	}
	l, err := t.connect(ctx, t.cfg)
	if err != nil {
		return nil, offline(op, err)
	}
	err = l.deliver(ecr17.Encode(t.cfg.LRC, body), early)
	if err == nil {
		return l, nil
	}
	l.close()
	switch {
	case errors.Is(err, ErrRejected):
		return nil, busy(op, err)
	case errors.Is(err, errNotSent):
		return nil, offline(op, err)
	}
	return nil, offline(op, &lostError{err})
}

// answers says that a frame is an answer to a request of its own kind.
func answers(q ecr17.Request, f ecr17.Frame) bool {
	reply, err := ecr17.DecodeReply(f.Body)
	if err != nil {
		return false
	}
	if _, reversal := q.(ecr17.ReversalRequest); reversal {
		r, ok := reply.(ecr17.Result)
		return ok && r.Form == ecr17.Reversed
	}
	return fits(q, reply)
}

// answerTo waits for the message that answers a request which moves something
// at the bank, and does not acknowledge it: that is done when it is recorded.
// Tickets and left-overs are acknowledged, as in a charge.
func (l *link) answerTo(q ecr17.Request, progress func(string)) (string, error) {
	deadline := time.Now().Add(l.cfg.ResultTimeout)
	for {
		body, err := l.message(deadline, progress)
		if err != nil {
			return "", err
		}
		if answers(q, ecr17.Frame{Body: body}) {
			return body, nil
		}
		if claims(q, body) {
			return body, nil // it calls itself the answer and fits no table: for judging
		}
		_ = l.ack() // a ticket, or what we do not know: a lost ACK makes it come again
	}
}

// claims says that a message calls itself the answer to a request without
// fitting the answer's table.
func claims(q ecr17.Request, body string) bool {
	if _, err := ecr17.DecodeReply(body); err == nil || len(body) < 10 {
		return false
	}
	if _, reversal := q.(ecr17.ReversalRequest); reversal {
		return ecr17.IsResult(body)
	}
	return body[9] == q.Code()
}

// slip puts the pieces of a ticket together.
type slip struct {
	b     strings.Builder
	ended bool
}

// maxSlip is the longest ticket that is kept.
const maxSlip = 8 << 10

func (s *slip) add(piece string) {
	if s.b.Len()+len(piece) <= maxSlip {
		s.b.WriteString(piece)
	}
	s.ended = strings.HasSuffix(piece, "\x1b") || s.b.Len() >= maxSlip
}

// text is the ticket in lines, without what no screen shows.
func (s *slip) text() string {
	lines := strings.Split(strings.TrimRight(s.b.String(), "\x1b"), "\x7d")
	for i, l := range lines {
		lines[i] = strings.TrimRight(strings.Map(func(c rune) rune {
			if c < ' ' || c > '~' {
				return -1
			}
			return c
		}, l), " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

package terminal

// Charge: the one exchange that moves money.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// payment is one running charge.
type payment struct {
	t        *Terminal
	l        *link
	req      kiosk.ChargeRequest
	progress func(string)
	record   func(kiosk.ChargeResult) error
	slip     *slip // nil: no ticket is wanted, or the terminal does not send any
}

// Charge asks the terminal for a payment and returns what became of it. Take a
// [Terminal.Baseline] and journal it before.
//
// Each text that the terminal shows meanwhile is passed to progress, which may
// be nil and must not block.
//
// As soon as the result is certain, or certain to be unknown, record is called
// with it, once, before the terminal is told that the result arrived. If record
// fails the terminal is not told; the result comes back with an error that
// wraps [ErrNotRecorded].
//
// Any other error is a [kiosk.Problem] and means exactly this: nothing was
// asked of the terminal, record was not called, no money has moved. Its code
// tells a terminal that is not there (offline), that does not take requests
// (busy), or that is not fit for them (fault).
//
// ctx must live with the process and not with the visit: a citizen who walks
// away ends nothing here. If it ends after the request was sent, because the
// process does, the result is Unknown and is recorded as such.
func (t *Terminal) Charge(ctx context.Context, req kiosk.ChargeRequest, progress func(text string), record func(kiosk.ChargeResult) error) (kiosk.ChargeResult, error) {
	const op = "charge the card"
	release, err := t.acquire(ctx, op)
	if err != nil {
		return kiosk.ChargeResult{}, err
	}
	defer release()
	frame, err := t.paymentFrame(op, req)
	if err != nil {
		return kiosk.ChargeResult{}, err
	}
	if _, err := t.operative(ctx, op); err != nil {
		return kiosk.ChargeResult{}, err
	}
	slip := t.wantTicket(ctx, op)
	l, err := t.connect(ctx, t.cfg)
	if err != nil {
		return kiosk.ChargeResult{}, offline(op, err)
	}
	defer l.close()
	if progress == nil {
		progress = func(string) {}
	}
	p := &payment{t: t, l: l, req: req, progress: progress, record: record, slip: slip}
	t.log.Info("terminal asked for a payment", "payment", string(req.Payment), "amount", req.Amount.String())
	l.dropUnsent(true)
	err = l.deliver(frame, p.early)
	switch {
	case errors.Is(err, ErrRejected):
		return kiosk.ChargeResult{}, busy(op, err)
	case errors.Is(err, errNotSent):
		return kiosk.ChargeResult{}, offline(op, err)
	case err != nil:
		_ = l.conn.Close() // now: what was not sent must not leave while the result is recorded
		return p.conclude(p.unknown(err), "")
	}
	l.dropUnsent(false)
	return p.conclude(p.await())
}

// wantTicket asks the terminal to send the next ticket here, if the caller wants
// it. A terminal that refuses prints it, and the payment goes on.
func (t *Terminal) wantTicket(ctx context.Context, op string) *slip {
	if t.cfg.Slip == nil {
		return nil
	}
	l, err := t.begin(ctx, op, ecr17.PrintRequest{Terminal: t.cfg.TerminalID, Mode: '1'}, func(ecr17.Frame) bool { return false })
	if err != nil {
		t.log.Warn("terminal does not send tickets", "err", err)
		return nil
	}
	l.close()
	return new(slip)
}

// paymentFrame checks the request and writes it.
func (t *Terminal) paymentFrame(op string, req kiosk.ChargeRequest) ([]byte, error) {
	switch {
	case req.Amount > kiosk.MaxCharge:
		return nil, kiosk.Errorf(kiosk.CodeTotalTooLarge, op, "%s is more than the protocol can carry", req.Amount)
	case req.Amount <= 0:
		return nil, kiosk.Errorf(kiosk.CodeInternal, op, "%s is nothing to charge", req.Amount)
	}
	body, err := ecr17.PaymentRequest{
		Terminal: t.cfg.TerminalID, Register: t.cfg.RegisterID, Extended: !t.cfg.Basic, Amount: req.Amount, Text: textOf(req),
	}.Encode()
	if err != nil {
		return nil, kiosk.Errorf(kiosk.CodeInternal, op, "write the request: %w", err)
	}
	return ecr17.Encode(t.cfg.LRC, body), nil
}

// textOf is what is printed on the payment's ticket.
func textOf(req kiosk.ChargeRequest) string {
	if req.Text == "" {
		return string(req.Payment)
	}
	return req.Text
}

// early says that a result that came before the ACK answers this request: only
// if it is certainly none from before it.
func (p *payment) early(f ecr17.Frame) bool {
	reply, err := ecr17.DecodeReply(f.Body)
	result, ok := reply.(ecr17.Result)
	return err == nil && ok && p.t.hasLast && !same(result, p.t.last)
}

// await waits for the result: what it means, and the message that is to be acknowledged, if any.
func (p *payment) await() (kiosk.ChargeResult, string) {
	deadline := time.Now().Add(p.l.cfg.ResultTimeout)
	for {
		body, err := p.l.message(deadline, func(text string) { p.progress(shown(text)) })
		if err != nil {
			return p.unknown(err), ""
		}
		reply, err := ecr17.DecodeReply(body)
		result, ok := reply.(ecr17.Result)
		switch {
		case err != nil && ecr17.IsResult(body):
			return p.unknown(err), body
		case !ok:
			_ = p.l.ack() // a ticket, or what we do not know: it moves no money, and a lost ACK makes it come again
		case p.t.hasLast && result.OK() && same(result, p.t.last):
			_ = p.l.ack() // the payment before this one, whose ACK was lost: recorded long ago
		default:
			p.t.remember(result)
			return Judge(Answer{Asked: p.req.Amount, Terminal: p.l.cfg.TerminalID, Result: result}), body
		}
	}
}

// shown is a progress text without what no screen shows.
func shown(text string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return ' '
		}
		return c
	}, text))
}

// conclude records the result and then acknowledges the message that told it.
func (p *payment) conclude(r kiosk.ChargeResult, message string) (kiosk.ChargeResult, error) {
	log := p.t.log.With("payment", string(p.req.Payment), "outcome", string(r.Outcome), "stan", r.STAN, "reason", r.Reason)
	if err := p.record(r); err != nil {
		log.Error("result of the terminal not recorded, not acknowledged", "err", err)
		return r, fmt.Errorf("charge the card: %w: %w", ErrNotRecorded, err)
	}
	if message == "" {
		log.Warn("no result from the terminal")
		return r, nil
	}
	if err := p.l.ack(); err != nil {
		log.Warn("result recorded, acknowledgement not sent", "err", err)
		return r, nil
	}
	log.Info("result recorded and acknowledged")
	p.l.linger(message, p.slip)
	if p.slip != nil && p.slip.b.Len() > 0 {
		p.t.cfg.Slip(p.req.Payment, p.slip.text())
	}
	return r, nil
}

func (p *payment) unknown(err error) kiosk.ChargeResult {
	return kiosk.ChargeResult{Outcome: kiosk.Unknown, TerminalID: p.l.cfg.TerminalID, Reason: err.Error()}
}

// same says that two results tell of one transaction: they have its STAN and
// online id in common, or, where there is no STAN, everything.
func same(a, b ecr17.Result) bool {
	a.PAN, b.PAN = maskPAN(a.PAN), maskPAN(b.PAN) // as they are remembered
	return a == b || (!zeros(a.STAN) && a.STAN == b.STAN && a.OnlineID == b.OnlineID)
}

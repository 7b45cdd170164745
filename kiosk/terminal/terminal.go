package terminal

// Terminal: status, last result, probe; one exchange at a time.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// Terminal is a card terminal on the network. Its methods may be called from
// any goroutine.
type Terminal struct {
	turn chan struct{} // holds one token while an exchange runs: it guards the fields below
	log  *slog.Logger
	cfg  Config // LRC changes when Probe learns it
	// last is the last result that the terminal told, to know it again when
	// it comes a second time.
	last    ecr17.Result
	hasLast bool
	away    time.Time // since when it cannot be reached; zero when it can
	gone    bool      // it was away since the last baseline for as long as a restart takes
}

// New makes a Terminal; nothing is sent before the first call. A configuration
// with a mistake (see [Config.Check]) makes every call fail.
func New(cfg Config, log *slog.Logger) *Terminal {
	return &Terminal{turn: make(chan struct{}, 1), log: log, cfg: cfg.withDefaults()}
}

// acquire waits for the terminal to be free of other calls.
func (t *Terminal) acquire(ctx context.Context, op string) (release func(), err error) {
	if ctx.Err() != nil {
		return nil, busy(op, ctx.Err())
	}
	select {
	case t.turn <- struct{}{}:
		return func() { <-t.turn }, nil
	case <-ctx.Done():
		return nil, busy(op, fmt.Errorf("wait for the exchange before: %w", ctx.Err()))
	}
}

// Status asks the terminal how it is. The health is meaningful with an error
// beside it too; the error says why it is not ready.
func (t *Terminal) Status(ctx context.Context) (kiosk.TerminalHealth, error) {
	const op = "ask the terminal's status"
	release, err := t.acquire(ctx, op)
	if err != nil {
		return kiosk.TerminalBusy, err
	}
	defer release()
	_, err = t.operative(ctx, op)
	return healthOf(err), err
}

func healthOf(err error) kiosk.TerminalHealth {
	if err == nil {
		return kiosk.TerminalReady
	}
	switch kiosk.CodeOf(err) {
	case kiosk.CodeTerminalBusy:
		return kiosk.TerminalBusy
	case kiosk.CodeTerminalOffline:
		return kiosk.TerminalOffline
	default:
		return kiosk.TerminalFault
	}
}

// Baseline asks for the last saved result, to be journalled before a charge.
// The terminal must be operative. One that is, and that has no saved result,
// gives a Baseline that is not Known and names the terminal alone.
func (t *Terminal) Baseline(ctx context.Context) (kiosk.Baseline, error) {
	const op = "ask the terminal's last result"
	release, err := t.acquire(ctx, op)
	if err != nil {
		return kiosk.Baseline{}, err
	}
	defer release()
	terminal, err := t.lastResult(ctx, op)
	if err != nil {
		return kiosk.Baseline{}, err
	}
	t.gone = false
	b := baselineOf(terminal, t.hasLast, t.last)
	b.Boot = t.cfg.Boot
	return b, nil
}

// restart is the shortest time in which a terminal can have been started again.
const restart = 5 * time.Second

// connect opens a connection, and notes for how long there was nobody to connect to.
func (t *Terminal) connect(ctx context.Context, cfg Config) (*link, error) {
	l, err := open(ctx, cfg)
	now := time.Now()
	switch {
	case err == nil && !t.away.IsZero():
		t.gone = t.gone || now.Sub(t.away) >= restart
		t.away = time.Time{}
	case err != nil && ctx.Err() == nil && t.away.IsZero():
		t.away = now
	}
	return l, err
}

// operative asks 's' and returns the ID of a terminal that is operative.
func (t *Terminal) operative(ctx context.Context, op string) (string, error) {
	reply, err := t.ask(ctx, op, ecr17.StatusRequest{Terminal: t.cfg.TerminalID})
	if err != nil {
		return "", err
	}
	status, ok := reply.(ecr17.StatusReply)
	if !ok {
		return "", fault(op, fmt.Errorf("%T in answer to a status request", reply))
	}
	if status.Status != ecr17.Operative {
		return "", fault(op, fmt.Errorf("terminal is not operative: %s", ecr17.StatusText(status.Status)))
	}
	return status.Terminal, nil
}

// lastResult asks 's' until operative, once, and then 'G'; the answer is left
// in t.last. A NAK to 'G' between two good answers to 's' means that there is
// none: a terminal that was merely busy would have refused 's' too.
func (t *Terminal) lastResult(ctx context.Context, op string) (string, error) {
	terminal, err := t.operative(ctx, op)
	if err != nil {
		return "", err
	}
	reply, err := t.ask(ctx, op, ecr17.LastResultRequest{Terminal: t.cfg.TerminalID, Register: t.cfg.RegisterID})
	if errors.Is(err, ErrRejected) {
		if _, err := t.operative(ctx, op); err != nil {
			return "", err
		}
		t.last, t.hasLast = ecr17.Result{}, false
		return terminal, nil
	}
	if err != nil {
		return "", err
	}
	result, ok := reply.(ecr17.Result)
	if !ok {
		return "", fault(op, fmt.Errorf("%T in answer to a last result request", reply))
	}
	t.remember(result)
	return result.Terminal, nil
}

// remember keeps a result to know it again. Of the card's number no more is kept
// than a paper shows, whatever the terminal tells.
func (t *Terminal) remember(r ecr17.Result) {
	r.PAN = maskPAN(r.PAN)
	t.last, t.hasLast = r, true
}

// ask runs a request that moves no money, on a connection of its own.
func (t *Terminal) ask(ctx context.Context, op string, q ecr17.Request) (ecr17.Reply, error) {
	body, err := q.Encode()
	if err != nil {
		return nil, fault(op, err)
	}
	l, err := t.connect(ctx, t.cfg)
	if err != nil {
		return nil, offline(op, err)
	}
	defer l.close()
	answers := func(f ecr17.Frame) bool {
		reply, err := ecr17.DecodeReply(f.Body)
		return err == nil && fits(q, reply)
	}
	if err := l.deliver(ecr17.Encode(t.cfg.LRC, body), answers); errors.Is(err, ErrRejected) {
		return nil, busy(op, err)
	} else if err != nil {
		return nil, offline(op, err)
	}
	reply, err := awaitReply(l, q)
	switch {
	case errors.Is(err, ecr17.ErrLayout):
		return nil, fault(op, err)
	case err != nil:
		return nil, offline(op, err)
	}
	if id := terminalOf(reply); !sameTerminal(t.cfg.TerminalID, id) {
		return nil, fault(op, fmt.Errorf("terminal %s answered, want %s", id, t.cfg.TerminalID))
	}
	return reply, nil
}

func awaitReply(l *link, q ecr17.Request) (ecr17.Reply, error) {
	deadline := time.Now().Add(l.cfg.ReplyTimeout)
	for {
		body, err := l.message(deadline, func(string) {})
		if err != nil {
			return nil, err
		}
		reply, err := ecr17.DecodeReply(body)
		if err != nil {
			return nil, err
		}
		if !fits(q, reply) {
			continue // a left-over: it was not asked for here, so it is not acknowledged here
		}
		if err := l.ack(); err != nil {
			return nil, fmt.Errorf("%w: %w", errLineLost, err)
		}
		return reply, nil
	}
}

// fits says that a reply is of the kind that a request asks for.
func fits(q ecr17.Request, p ecr17.Reply) bool {
	switch q.(type) {
	case ecr17.StatusRequest:
		_, ok := p.(ecr17.StatusReply)
		return ok
	case ecr17.TotalsRequest:
		_, ok := p.(ecr17.TotalsReply)
		return ok
	case ecr17.CloseRequest:
		_, ok := p.(ecr17.CloseReply)
		return ok
	default:
		_, ok := p.(ecr17.Result)
		return ok
	}
}

func terminalOf(p ecr17.Reply) string {
	switch p := p.(type) {
	case ecr17.StatusReply:
		return p.Terminal
	case ecr17.Result:
		return p.Terminal
	case ecr17.TotalsReply:
		return p.Terminal
	case ecr17.CloseReply:
		return p.Terminal
	case ecr17.Ticket:
		return p.Terminal
	}
	return ""
}

// Probe finds which reading of the check byte the terminal speaks: it asks for
// the status, which is safe, in each reading until the terminal takes one, and
// learns the reading from the terminal's own bytes. It is used from then on.
// An error wraps [ErrRejected] when the terminal answered but took no reading.
func (t *Terminal) Probe(ctx context.Context) (ecr17.LRC, error) {
	const op = "probe the terminal's check byte"
	release, err := t.acquire(ctx, op)
	if err != nil {
		return "", err
	}
	defer release()
	body, err := ecr17.StatusRequest{Terminal: t.cfg.TerminalID}.Encode()
	if err != nil {
		return "", fault(op, err)
	}
	refused := false
	for _, reading := range ecr17.Readings() {
		if reading == ecr17.EtxControl {
			continue // asks with the same bytes as noext; the terminal's ACK tells the two apart
		}
		found, err := t.probe(ctx, reading, body)
		switch {
		case err == nil:
			t.cfg.LRC = found
			t.log.Info("terminal probed", "lrc", string(found))
			return found, nil
		case errors.Is(err, ErrRejected):
			refused = true
		case errors.Is(err, errNoAck): // a terminal may be silent to what it cannot read
		default:
			return "", offline(op, err)
		}
	}
	if refused {
		return "", busy(op, ErrRejected)
	}
	return "", offline(op, errNoAck)
}

// probe tries one reading with one frame.
func (t *Terminal) probe(ctx context.Context, reading ecr17.LRC, body string) (ecr17.LRC, error) {
	cfg := t.cfg
	cfg.LRC = reading
	l, err := t.connect(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer l.close()
	if _, err := l.send(ecr17.Encode(reading, body)); err != nil {
		return "", err
	}
	deadline := time.Now().Add(cfg.AckTimeout)
	var fit []ecr17.LRC
	for {
		f, err := l.next(deadline)
		switch {
		case errors.Is(err, errNoAnswer) && fit == nil:
			return "", errNoAck
		case err != nil:
			return "", err
		case f.Kind == ecr17.Nak:
			return "", ErrRejected
		case f.Kind == ecr17.Ack:
			fit = ecr17.Fitting(f)
			deadline = time.Now().Add(cfg.ReplyTimeout)
		case f.Kind == ecr17.Message:
			l.cfg.LRC = learn(reading, fit, ecr17.Fitting(f))
			return l.cfg.LRC, l.ack()
		}
	}
}

// learn picks the reading that explains the reply, and the ACK too if one does.
func learn(sent ecr17.LRC, ack, reply []ecr17.LRC) ecr17.LRC {
	for _, m := range reply {
		if slices.Contains(ack, m) {
			return m
		}
	}
	if len(reply) > 0 {
		return reply[0]
	}
	return sent
}

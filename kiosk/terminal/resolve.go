package terminal

// Resolve: asking the terminal what became of a payment whose answer was lost.

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Resolve asks the terminal for its last result and decides what became of a
// payment, see [Decide]. base is the baseline journalled before it. It sends
// nothing that moves money, and may be called as often as one likes. Where the
// last result looks like the payment's, the terminal is asked for its ticket,
// too: a technician may have taken the same amount by hand since. A terminal that
// sends no tickets is believed without.
//
// The caller answers for what the terminal cannot tell: that no close, no
// reversal and no payment of a technician lies between the baseline and now;
// otherwise the payment stays unknown without asking. A restart of the terminal
// cannot be told either: it may be one wherever the machine itself was started
// again or nobody answered at the terminal's address for some seconds.
//
// An error means that the terminal could not be asked, after several tries:
// the payment is as unknown as before, try again later.
func (t *Terminal) Resolve(ctx context.Context, req kiosk.ChargeRequest, base kiosk.Baseline) (kiosk.ChargeResult, error) {
	const op = "ask what became of a payment"
	release, err := t.acquire(ctx, op)
	if err != nil {
		return kiosk.ChargeResult{}, err
	}
	defer release()
	var terminal string
	for try := range t.cfg.ResolveTries {
		if try > 0 && !t.pause(ctx) {
			break
		}
		if terminal, err = t.lastResult(ctx, op); err == nil {
			seen := Evidence{
				Asked: req.Amount, Base: base, Idle: true, Terminal: terminal, HasLast: t.hasLast, Last: t.last, SavesRefused: t.cfg.SavesRefused,
				Text: textOf(req), Restarted: t.gone || base.Boot != t.cfg.Boot,
			}
			r := Decide(seen)
			if r.Outcome == kiosk.Charged {
				seen.Ticket = t.ticket(ctx, op)
				r = Decide(seen)
			}
			t.log.Info("payment resolved", "payment", string(req.Payment), "outcome", string(r.Outcome), "stan", r.STAN, "reason", r.Reason)
			return r, nil
		}
	}
	return kiosk.ChargeResult{}, err
}

// ticket is the terminal's last ticket, "" when it does not send it.
func (t *Terminal) ticket(ctx context.Context, op string) string {
	text, err := t.lastTicket(ctx, op)
	if err != nil {
		t.log.Warn("terminal does not tell its last ticket", "err", err)
		return ""
	}
	return text
}

// pause waits between two tries; false when ctx ended.
func (t *Terminal) pause(ctx context.Context) bool {
	quarter := t.cfg.ResolvePause / 4
	timer := time.NewTimer(t.cfg.ResolvePause - quarter + rand.N(2*quarter+1))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

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
// nothing that moves money, and may be called as often as one likes.
//
// The caller answers for what the terminal cannot tell: that no close, no
// reversal and no payment of a technician lies between the baseline and now;
// otherwise the payment stays unknown without asking.
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
			r := Decide(Evidence{
				Asked: req.Amount, Base: base, Idle: true, Terminal: terminal, HasLast: t.hasLast, Last: t.last, SavesRefused: t.cfg.SavesRefused,
			})
			t.log.Info("payment resolved", "payment", string(req.Payment), "outcome", string(r.Outcome), "stan", r.STAN, "reason", r.Reason)
			return r, nil
		}
	}
	return kiosk.ChargeResult{}, err
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

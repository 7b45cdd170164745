package gateway

// Decide: the operator's word on a charge of unknown result. The kiosk asks for
// it and says it again through its outbox.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// ErrNotInDoubt says that there is nothing to decide about a payment.
var ErrNotInDoubt = errors.New("the charge of this payment is not in doubt")

// stanOf is the number of a charge on the terminal's slip.
var stanOf = regexp.MustCompile(`^[0-9]{6}$`)

// Decision is the operator's word: charged, with the STAN of the terminal's
// slip or of the bank's list, or refused.
type Decision struct {
	Outcome kiosk.Outcome
	STAN    string
	By      string // who decided, kept with the charge
}

func (d Decision) check() error {
	switch {
	case d.By == "" || len(d.By) > maxKept:
		return errors.New("decide: say who decides, in 64 letters at most")
	case d.Outcome == kiosk.Charged && !stanOf.MatchString(d.STAN):
		return fmt.Errorf("decide: STAN %q: want six digits for a charge", d.STAN)
	case d.Outcome == kiosk.Refused && d.STAN != "":
		return errors.New("decide: what was not charged has no STAN")
	case d.Outcome != kiosk.Charged && d.Outcome != kiosk.Refused:
		return fmt.Errorf("decide: outcome %q: want charged or refused", d.Outcome)
	}
	return nil
}

// Decide ends the doubt about a payment's charge, for ever. It does what the
// kiosk's own row payment.resolved would do.
func (s *Store) Decide(ctx context.Context, id string, d Decision) error {
	if err := d.check(); err != nil {
		return err
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		g, err := s.open(ctx, tx, []string{id})
		if err != nil {
			return err
		}
		facts := g.facts(id)
		switch {
		case facts == nil:
			return refuse(api.ProblemCodePaymentUnknown, "")
		case facts.State != outcome.Doubtful:
			return ErrNotInDoubt
		}
		body := d.body(g.payments[id].payment, facts)
		change := outcome.Row{Kiosk: facts.Kiosk, Kind: kiosk.RowResolved, Body: body}.Apply(facts)
		if change.Code != kiosk.VerdictAccepted {
			return fmt.Errorf("the book does not take it: %s", change.Reason)
		}
		if err := g.apply(facts.Kiosk, api.Row{Kind: string(kiosk.RowResolved)}, body, change); err != nil {
			return err
		}
		return g.write(ctx)
	})
	if err != nil {
		return fmt.Errorf("decide payment %s: %w", id, err)
	}
	s.fresh.ring()
	s.log.Warn("the operator decided a charge", "payment", id, "outcome", string(d.Outcome), "stan", d.STAN, "by", d.By)
	return nil
}

// body is what the kiosk's row would say.
func (d Decision) body(p payment, facts *outcome.Payment) outcome.Body {
	b := outcome.Body{
		Payment: p.id, Outcome: d.Outcome, Fee: p.fee, Total: p.total, Ref: p.ref,
		Charge: kiosk.ChargeResult{Outcome: d.Outcome, TerminalID: p.charge().TerminalID, STAN: d.STAN, Reason: "decided by " + d.By},
	}
	if d.Outcome == kiosk.Charged {
		b.Charge.Amount = p.total
	}
	for _, bill := range facts.Bills {
		b.Bills = append(b.Bills, outcome.BodyBill{BillID: bill.Debt, Token: bill.Token, Amount: bill.Amount, Fee: bill.Fee})
	}
	return b
}

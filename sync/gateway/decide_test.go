package gateway

// The operator's decision.

import (
	"errors"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

func TestTheOperatorDecides(t *testing.T) {
	for _, c := range []struct {
		d       Decision
		state   api.PaymentState
		closing api.Closing
		bill    api.BillStatus
		money   kiosk.Amount
	}{
		{Decision{Outcome: kiosk.Charged, STAN: "000042", By: "Rossi"}, api.PaymentStatePaid, api.ClosingOk, api.BillStatusPaid, 6350},
		{Decision{Outcome: kiosk.Refused, By: "Rossi"}, api.PaymentStateNotPaid, api.ClosingKo, api.BillStatusPayable, 0},
	} {
		s, _ := newBook(t)
		p := sample(t, "meals")
		a := mustActivate(t, s, p)
		w := &writer{at: s.now()}
		if err := s.Decide(t.Context(), a.Payment, c.d); !errors.Is(err, ErrNotInDoubt) {
			t.Errorf("before there is a doubt: %v", err)
		}
		push(t, s, w.outcome(t, kiosk.RowDoubtful, a, kiosk.Unknown))
		if err := s.Decide(t.Context(), a.Payment, c.d); err != nil {
			t.Fatal(err)
		}
		got, err := s.Payment(t.Context(), a.Payment)
		if err != nil || got.State != c.state || got.Outcome != api.Outcome(c.d.Outcome) || got.Stan != c.d.STAN || got.Bills[0].Closing != c.closing {
			t.Errorf("%+v, %v", got, err)
		}
		if b := status(t, s, p); b != c.bill {
			t.Errorf("bill is %s, want %s", b, c.bill)
		}
		balance := balances(t, s)
		if balance[outcome.AccountClearing] != c.money || balance[outcome.AccountClaim] != 0 || balance[outcome.AccountHeld] != 0 {
			t.Errorf("balances %v", balance)
		}
		if err := s.Decide(t.Context(), a.Payment, c.d); !errors.Is(err, ErrNotInDoubt) {
			t.Errorf("twice: %v", err)
		}
		// The kiosk says it again, without a number of its own.
		echo := outcomeBody(kiosk.RowResolved, a, c.d.Outcome)
		echo.Charge.STAN = ""
		if v := push(t, s, w.row(t, kiosk.RowResolved, echo))[0]; v.Verdict != api.VerdictCodeAccepted || closing(v.Closings) != c.closing {
			t.Errorf("echo: %+v", v)
		}
	}
}

// The terminal comes back and tells another story: a person must look, and the
// money is not lost from sight.
func TestTheTerminalContradictsTheOperator(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	push(t, s, w.outcome(t, kiosk.RowDoubtful, a, kiosk.Unknown))
	if err := s.Decide(t.Context(), a.Payment, Decision{Outcome: kiosk.Refused, By: "Rossi"}); err != nil {
		t.Fatal(err)
	}
	if v := push(t, s, w.outcome(t, kiosk.RowResolved, a, kiosk.Charged))[0]; v.Verdict != api.VerdictCodeParked {
		t.Errorf("%+v", v)
	}
	if got := balances(t, s)[outcome.AccountClearing]; got != 6350 {
		t.Errorf("clearing %s: the charge is out of sight", got)
	}
}

func TestDecisionsThatAreNone(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	for name, d := range map[string]Decision{
		"nobody":         {Outcome: kiosk.Refused},
		"no STAN":        {Outcome: kiosk.Charged, By: "Rossi"},
		"STAN too short": {Outcome: kiosk.Charged, STAN: "42", By: "Rossi"},
		"STAN of none":   {Outcome: kiosk.Refused, STAN: "000042", By: "Rossi"},
		"unknown":        {Outcome: kiosk.Unknown, By: "Rossi"},
	} {
		if err := s.Decide(t.Context(), a.Payment, d); err == nil || errors.Is(err, ErrNotInDoubt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var r *Refusal
	if err := s.Decide(t.Context(), newID(t), Decision{Outcome: kiosk.Refused, By: "Rossi"}); !errors.As(err, &r) || r.Code != api.ProblemCodePaymentUnknown {
		t.Errorf("no such payment: %v", err)
	}
}

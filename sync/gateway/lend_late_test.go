package gateway

// The same activation twice at once, one of them late: what it does not get any
// more takes nothing from the one that succeeded.

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// twoBillsOneLate activates two bills of a source by a call that hangs at the
// second bill, and by the same call again, which succeeds. late lets the first
// one fail then, and returns its error.
func twoBillsOneLate(t *testing.T, s *Store, node *fakeNode) (a api.Activation, late func() error) {
	t.Helper()
	first, _ := foreignBill(1)
	second, _ := foreignBill(2)
	id, req := newID(t), cartOf(first, second)
	stuck, fail, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var hung atomic.Bool
	node.lend = func(r LoanRequest) (Loan, error) {
		if r.Debt.ID == second.BillID && hung.CompareAndSwap(false, true) {
			node.mu.Unlock() // held by the caller
			defer node.mu.Lock()
			close(stuck)
			<-fail
			return Loan{}, errors.New("the line was lost")
		}
		return Loan{Token: "tok-" + r.Debt.ID, Amount: r.Debt.Amount, Expires: s.now().Add(life)}, nil
	}
	go func() {
		_, err := s.Activate(t.Context(), id, req)
		ended <- err
	}()
	<-stuck
	a, err := s.Activate(t.Context(), id, req)
	if err != nil {
		t.Fatal(err)
	}
	return a, func() error {
		close(fail)
		return <-ended
	}
}

func TestALateCallGivesNothingBackThatIsPaidFor(t *testing.T) {
	for _, c := range []struct {
		kind   kiosk.RowKind
		charge kiosk.Outcome
		told   int // the two bills, once each
	}{
		{kiosk.RowPaid, kiosk.Charged, 2}, {kiosk.RowDoubtful, kiosk.Unknown, 0}, {kiosk.RowNotPaid, "", 2},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			s, clk, node := newLent(t)
			a, late := twoBillsOneLate(t, s, node)
			push(t, s, (&writer{at: s.now()}).outcome(t, c.kind, a, c.charge))
			wantRefusal(t, late(), api.ProblemCodeActivationClosed)
			tellAll(t, s, clk)
			paid := c.kind == kiosk.RowPaid
			for _, told := range node.told {
				if strings.HasSuffix(told, "paid true") != paid {
					t.Errorf("after %s the owner was told %v", c.kind, node.told)
				}
			}
			told := slices.Compact(slices.Sorted(slices.Values(node.told)))
			if len(told) != c.told {
				t.Errorf("after %s the owner was told %v, want %d different outcomes", c.kind, node.told, c.told)
			}
			if got := alarms(t, s); len(got) != 0 {
				t.Errorf("alarms %v", got)
			}
			invariants(t, s)
		})
	}
}

func TestALateCallGetsWhatTheOtherOneGot(t *testing.T) {
	s, clk, node := newLent(t)
	a, late := twoBillsOneLate(t, s, node)
	if err := late(); err != nil {
		t.Errorf("while the activation lives: %v", err)
	}
	tellAll(t, s, clk)
	if len(node.told) != 0 {
		t.Errorf("the owner was told %v of a payment that lives", node.told)
	}
	if got, err := s.Payment(t.Context(), a.Payment); err != nil || got.State != api.PaymentStateActive {
		t.Errorf("%+v, %v", got, err)
	}
}

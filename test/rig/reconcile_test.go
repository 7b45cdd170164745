package rig

// Each invariant against books that break it, and it alone where that can be.

import (
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/node/sim"
	"github.com/tserve/jolly/sync/outbox"
)

const (
	one = "0197b0e6-0000-7000-8000-000000000001"
	two = "0197b0e6-0000-7000-8000-000000000002"
)

// agreeing are books of one closed and one dropped payment.
func agreeing() Books {
	cart := kiosk.Cart{Count: 1}
	cart.Lines[0].Bill.ID = "debt"
	closed := payment.State{ID: one, Cart: cart, Agreed: 3040, Step: payment.StepClosed, Phase: payment.Closed}
	closed.Closings[0] = kiosk.ClosingOK
	return Books{
		Terminal: []Charge{
			{STAN: "000417", Amount: 3040, Outcome: Approved, Payment: one},
			{STAN: "000418", Outcome: string(kiosk.Refused), Payment: two},
		},
		Kiosk: Book{
			Payments: []Entry{
				{ID: one, Step: payment.StepClosed, State: closed, Outcome: kiosk.Charged, Total: 3040, STAN: "000417"},
				{ID: two, Step: payment.StepResult, State: payment.State{ID: two}, Outcome: kiosk.Refused},
			},
			Rows: []outbox.Row{
				{OutboxRow: kiosk.OutboxRow{ID: one + "/payment.paid", Kind: kiosk.RowPaid}, State: outbox.RowDelivered},
				{OutboxRow: kiosk.OutboxRow{ID: two + "/payment.not-paid", Kind: kiosk.RowNotPaid}, State: outbox.RowDelivered},
			},
		},
		Gateway: map[string]gateway.Evidence{
			one: {
				State: api.PaymentStatePaid, Total: 3040, Charge: gateway.EvidenceCharge{Outcome: kiosk.Charged, Amount: 3040, STAN: "000417"},
				Bills: []gateway.EvidenceBill{{BillID: "debt", Closing: kiosk.ClosingOK}},
				Rows:  []gateway.EvidenceRow{{ID: one + "/payment.paid", Kind: string(kiosk.RowPaid), Verdict: kiosk.VerdictAccepted}},
			},
			two: {State: api.PaymentStateNotPaid},
		},
		Node:     &sim.Counts{Money: 0},
		Balances: []gateway.Balance{{Account: accountClearing, Balance: 3040}, {Account: "creditor:1", Balance: -2940}, {Account: "fee-revenue", Balance: -100}},
	}
}

func TestCompareAgreeingBooks(t *testing.T) {
	if err := agreeing().Compare(); err != nil {
		t.Error(err)
	}
	if err := (Books{}).Compare(); err != nil {
		t.Errorf("empty books: %v", err)
	}
}

func TestCompareFindsWhatIsBroken(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(b *Books)
		want  Invariant
	}{
		{"charged twice", func(b *Books) {
			b.Terminal = append(b.Terminal, Charge{STAN: "000419", Amount: 3040, Outcome: Approved, Payment: one})
		}, ChargedOnce},
		{"charged and forgotten", func(b *Books) { b.Kiosk.Payments = b.Kiosk.Payments[1:] }, ChargeKnown},
		{"charged and called refused", func(b *Books) { b.Kiosk.Payments[0].Outcome = kiosk.Refused }, ChargeKnown},
		{"charged and dropped", func(b *Books) { b.Kiosk.Payments[0].Step = payment.StepDropped }, ChargeKnown},
		{"called charged and not charged", func(b *Books) { b.Terminal[0].Outcome = string(kiosk.Refused) }, ChargeReal},
		{"another STAN", func(b *Books) { b.Kiosk.Payments[0].STAN = "000001" }, ChargeReal},
		{"another amount than agreed", func(b *Books) { b.Kiosk.Payments[0].State.Agreed = 3000 }, AmountAgreed},
		{"a payment without an end", func(b *Books) {
			b.Kiosk.Payments[1].Outcome, b.Kiosk.Payments[1].Step = "", payment.StepCharging
		}, Ended},
		{"a row that waits", func(b *Books) { b.Kiosk.Rows[0].State = outbox.RowPending }, OutboxDrained},
		{"a row that is parked", func(b *Books) { b.Kiosk.Rows[0].State = outbox.RowParked }, RowsWhole},
		{"a row twice", func(b *Books) { b.Kiosk.Rows[1].ID = b.Kiosk.Rows[0].ID }, RowsWhole},
		{"a verdict of conflict", func(b *Books) { b.Gateway[one].Rows[0].Verdict = kiosk.VerdictConflict }, RowsWhole},
		{"the gateway has not heard of it", func(b *Books) { delete(b.Gateway, one) }, OutcomeBooked},
		{"the gateway has another amount", func(b *Books) {
			e := b.Gateway[one]
			e.Total = 3000
			b.Gateway[one] = e
		}, OutcomeBooked},
		{"unknown here, paid there", func(b *Books) {
			b.Kiosk.Payments[0].Outcome, b.Kiosk.Payments[0].Step = kiosk.Unknown, payment.StepResult
			b.Kiosk.Payments[0].State.Closings[0] = kiosk.ClosingOpen
		}, OutcomeBooked},
		{"a lock that stands", func(b *Books) { b.Gateway[two] = gateway.Evidence{State: api.PaymentStateActive} }, NothingHeld},
		{"one bill paid by two", func(b *Books) {
			b.Gateway[two] = gateway.Evidence{State: api.PaymentStateNotPaid, Bills: b.Gateway[one].Bills}
		}, DebtPaidOnce},
		{"accounts that do not sum", func(b *Books) { b.Balances[1].Balance++ }, LedgerBalanced},
		{"money that the node does not have", func(b *Books) { b.Node.Money -= 100 }, NodeAgrees},
		{"a tax that nobody owes to the node", func(b *Books) { b.Balances[1].Account = "creditor:01386030488" }, NodeAgrees},
		{"money that nobody booked", func(b *Books) { b.Balances = nil }, MoneyAccounted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := agreeing()
			tt.spoil(&b)
			if err := b.Compare(); !Broken(err, tt.want) {
				t.Errorf("want %s, got %v", tt.want, err)
			}
		})
	}
}

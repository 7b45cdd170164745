package outcome

// What lives elsewhere: told to its owner, closed by his word, and what the
// circuit earns for it.

import (
	"reflect"
	"testing"

	"github.com/tserve/jolly/kiosk"
)

// remote is a payment of one debt here and one at the node.
func remote(s State) *Payment {
	p := held(s)
	p.Bills[1].Settled, p.Bills[1].Remote, p.Bills[1].Closing = false, true, kiosk.ClosingOpen
	p.Bills[1].Circuit = []Due{{"creditor:00337490973", 25}, {"channel:counter", 10}}
	return p
}

func TestAPaidRemoteBillStaysOpenAndIsTold(t *testing.T) {
	c := rowOf(kiosk.RowPaid, kiosk.Charged).Apply(remote(Active))
	if c.To != Paid || c.Bills[0].Closing != kiosk.ClosingOK || c.Bills[1].Closing != kiosk.ClosingOpen || len(c.Closings) != 1 {
		t.Errorf("%+v", c)
	}
	if !reflect.DeepEqual(c.Tell, []Telling{{Debt: "d2", Token: "t2", Paid: true}}) {
		t.Errorf("told %+v", c.Tell)
	}
	want := []Entry{
		{AccountClearing, 1200}, {CreditorAccount("84006890481"), -600}, {AccountFees, -100}, {CreditorAccount("00337490973"), -400}, {AccountFees, -100},
		{"circuit-due:creditor:00337490973", 25}, {AccountCircuit, -25}, {"circuit-due:channel:counter", 10}, {AccountCircuit, -10},
	}
	if !reflect.DeepEqual(c.Transactions[0].Entries, want) {
		t.Errorf("%+v", c.Transactions[0].Entries)
	}
}

func TestARemoteBillThatIsNotPaidIsGivenBack(t *testing.T) {
	for _, r := range []Row{rowOf(kiosk.RowNotPaid, ""), rowOf(kiosk.RowResolved, kiosk.Refused)} {
		c := r.Apply(remote(Active))
		if c.Bills[1].Closing != kiosk.ClosingKO || !reflect.DeepEqual(c.Tell, []Telling{{Debt: "d2", Token: "t2"}}) {
			t.Errorf("%s: %+v told %+v", r.Kind, c.Bills[1], c.Tell)
		}
	}
	if c := rowOf(kiosk.RowDoubtful, kiosk.Unknown).Apply(remote(Active)); len(c.Tell) != 0 {
		t.Errorf("a doubtful charge was told: %+v", c.Tell)
	}
	again := remote(Paid)
	again.Bills[1].Closing = kiosk.ClosingOK
	if c := rowOf(kiosk.RowPaid, kiosk.Charged).Apply(again); len(c.Tell) != 0 {
		t.Errorf("told twice: %+v", c.Tell)
	}
}

func TestTheOwnersWord(t *testing.T) {
	open := *remote(Paid)
	if c := Owned(open, "d2", kiosk.ClosingOK); !c.Close || c.Bills[1].Closing != kiosk.ClosingOK || len(c.Transactions) != 0 || c.Code != kiosk.VerdictAccepted {
		t.Errorf("ok: %+v", c)
	}
	c := Owned(open, "d2", kiosk.ClosingDuplicate)
	want := []Entry{
		{CreditorAccount("00337490973"), 400}, {AccountFees, 100}, {AccountRefunds, -500},
		{AccountCircuit, 25}, {"circuit-due:creditor:00337490973", -25}, {AccountCircuit, 10}, {"circuit-due:channel:counter", -10},
	}
	if c.Bills[1].Closing != kiosk.ClosingDuplicate || len(c.Transactions) != 1 || !reflect.DeepEqual(c.Transactions[0].Entries, want) {
		t.Errorf("duplicate: %+v", c)
	}
	if open.Bills[1].Closing != kiosk.ClosingOpen {
		t.Error("the facts were changed")
	}
	closed := *remote(Paid)
	closed.Bills[1].Closing = kiosk.ClosingOK
	if c := Owned(closed, "d2", kiosk.ClosingOK); c.Close || len(c.Transactions) != 0 || c.Code != kiosk.VerdictAccepted {
		t.Errorf("the same word again: %+v", c)
	}
	for name, c := range map[string]Change{
		"another word":         Owned(closed, "d2", kiosk.ClosingDuplicate),
		"a debt of ours":       Owned(open, "d1", kiosk.ClosingOK),
		"an unknown debt":      Owned(open, "d9", kiosk.ClosingOK),
		"no word":              Owned(open, "d2", kiosk.ClosingOpen),
		"a payment not paid":   Owned(*remote(Active), "d2", kiosk.ClosingOK),
		"given back by itself": Owned(open, "d2", kiosk.ClosingKO),
	} {
		if c.Code != kiosk.VerdictParked || c.Reason != ReasonOwner || c.Close || !c.Alarm {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestADebtThatWasTakenIsPaid(t *testing.T) {
	if got := (Debt{State: "open", Taken: true}).Status(); got != kiosk.BillPaid {
		t.Error(got)
	}
}

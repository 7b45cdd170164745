package outcome

// What is presumed when nobody says anything, and how a late word undoes it.

import (
	"reflect"
	"testing"

	"github.com/tserve/jolly/kiosk"
)

// expired is a payment of a local and of a remote bill that was closed by time.
func expired(t *testing.T) *Payment {
	t.Helper()
	p := remote(Active)
	c, ok := Expire(*p)
	if !ok || c.To != Expired || !c.Close || len(c.Transactions) != 0 || c.Bills[0].Closing != kiosk.ClosingKO || c.Bills[1].Closing != kiosk.ClosingKO {
		t.Fatalf("%v %+v", ok, c)
	}
	if want := []Telling{{Debt: "d2", Token: "t2", Presumed: true}}; !reflect.DeepEqual(c.Tell, want) {
		t.Errorf("told %+v, want %+v", c.Tell, want)
	}
	p.State, p.Bills = c.To, c.Bills
	return p
}

func TestALateWordUndoesWhatWasPresumed(t *testing.T) {
	bad := rowOf(kiosk.RowPaid, kiosk.Charged)
	bad.Body.Total++
	open, settled := []kiosk.Closing{"", ""}, []kiosk.Closing{kiosk.ClosingOK, ""}
	elsewhere := []kiosk.Closing{kiosk.ClosingOK, kiosk.ClosingDuplicate}
	for name, c := range map[string]struct {
		row      Row
		elsewise bool // the remote bill's debt was paid meanwhile
		code     kiosk.VerdictCode
		to       State
		closings []kiosk.Closing
		tell     []Telling
		withdraw bool
	}{
		"paid":                {rowOf(kiosk.RowPaid, kiosk.Charged), false, kiosk.VerdictAccepted, Paid, settled, []Telling{{Debt: "d2", Token: "t2", Paid: true}}, false},
		"paid, by others too": {rowOf(kiosk.RowPaid, kiosk.Charged), true, kiosk.VerdictAccepted, Paid, elsewhere, []Telling{{Debt: "d2", Token: "t2"}}, false},
		"decided":             {rowOf(kiosk.RowResolved, kiosk.Charged), false, kiosk.VerdictAccepted, Paid, settled, []Telling{{Debt: "d2", Token: "t2", Paid: true}}, false},
		"in doubt":            {rowOf(kiosk.RowDoubtful, kiosk.Unknown), false, kiosk.VerdictAccepted, Doubtful, open, nil, true},
		"contradictory":       {bad, false, kiosk.VerdictParked, Doubtful, open, nil, true},
		"not paid":            {rowOf(kiosk.RowNotPaid, ""), false, kiosk.VerdictAccepted, NotPaid, []kiosk.Closing{kiosk.ClosingKO, kiosk.ClosingKO}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := expired(t)
			p.Bills[1].Settled = c.elsewise
			got := c.row.Apply(p)
			if got.Code != c.code || got.To != c.to || !reflect.DeepEqual(got.Tell, c.tell) || got.Withdraw != c.withdraw {
				t.Errorf("%+v", got)
			}
			for i, b := range got.Bills {
				if b.Closing != c.closings[i] || (b.Closing != p.Bills[i].Closing) && !got.Close {
					t.Errorf("bill %d is %q, want %q", i, b.Closing, c.closings[i])
				}
			}
		})
	}
}

func TestWhenAKioskHasNothingMoreToSay(t *testing.T) {
	for name, c := range map[string]struct {
		says Certificate
		have [][2]uint64
		want bool
	}{
		"all is here":                     {Certificate{Last: 41}, [][2]uint64{{1, 41}}, true},
		"a payment is open":               {Certificate{Open: 1, Last: 41}, [][2]uint64{{1, 41}}, false},
		"a row waits":                     {Certificate{Waiting: 1, Last: 41}, [][2]uint64{{1, 41}}, false},
		"a gap":                           {Certificate{Last: 41}, [][2]uint64{{1, 12}, {14, 41}}, false},
		"the first is gone":               {Certificate{Last: 41}, [][2]uint64{{2, 41}}, false},
		"the book was put back to before": {Certificate{Last: 41}, [][2]uint64{{1, 30}}, false},
		"another disk":                    {Certificate{Last: 3}, [][2]uint64{{1, 41}}, false},
		"nothing was written":             {Certificate{}, nil, false},
		"a new disk":                      {Certificate{}, [][2]uint64{{1, 41}}, false},
	} {
		if got := c.says.Complete(c.have...); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

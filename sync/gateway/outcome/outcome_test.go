package outcome

// The table of apply.go as a test, and what holds of every change.

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
)

const testID = "01a20109-75a7-7ae5-8850-5a3a8b33efd7"

func held(s State) *Payment {
	p := &Payment{ID: testID, Kiosk: "k1", State: s, Fee: 200, Total: 1200, Bills: []Bill{
		{Debt: "d1", Creditor: "84006890481", Token: "t1", Amount: 600, Fee: 100},
		{Debt: "d2", Creditor: "00337490973", Token: "t2", Amount: 400, Fee: 100, Settled: true},
	}}
	switch s {
	case Paid:
		p.STAN = "000042"
		p.Bills[0].Closing, p.Bills[1].Closing = kiosk.ClosingOK, kiosk.ClosingDuplicate
	case NotPaid, Expired:
		p.Bills[0].Closing, p.Bills[1].Closing = kiosk.ClosingKO, kiosk.ClosingKO
	}
	return p
}

func rowOf(kind kiosk.RowKind, charge kiosk.Outcome) Row {
	b := Body{Payment: testID, Outcome: charge, Fee: 200, Total: 1200, Ref: "7K4P-22", Bills: []BodyBill{
		{BillID: "d1", Token: "t1", Amount: 600, Fee: 100}, {BillID: "d2", Token: "t2", Amount: 400, Fee: 100},
	}}
	b.Charge.Outcome = charge
	if charge == kiosk.Charged {
		b.Charge.Amount, b.Charge.STAN = 1200, "000042"
	}
	return Row{Kiosk: "k1", Kind: kind, Body: b}
}

func kinds(c Change) (out []string) {
	for _, t := range c.Transactions {
		out = append(out, t.Kind)
	}
	return out
}

func TestApplyKeepsTheTable(t *testing.T) {
	yes, no := rowOf(kiosk.RowResolved, kiosk.Charged), rowOf(kiosk.RowResolved, kiosk.Refused)
	paid, notPaid, doubtful := rowOf(kiosk.RowPaid, kiosk.Charged), rowOf(kiosk.RowNotPaid, ""), rowOf(kiosk.RowDoubtful, kiosk.Unknown)
	for _, c := range []struct {
		state State // "": the book does not know the payment
		row   Row
		code  kiosk.VerdictCode
		to    State
		posts []string
	}{
		{"", paid, kiosk.VerdictParked, "", nil},
		{"", notPaid, kiosk.VerdictAccepted, NotPaid, nil},
		{"", doubtful, kiosk.VerdictParked, "", nil},
		{"", yes, kiosk.VerdictParked, "", nil},
		{"", no, kiosk.VerdictParked, "", nil},
		{Active, paid, kiosk.VerdictAccepted, Paid, []string{KindPaid}},
		{Active, notPaid, kiosk.VerdictAccepted, NotPaid, nil},
		{Active, doubtful, kiosk.VerdictAccepted, Doubtful, []string{KindDoubtful}},
		{Active, yes, kiosk.VerdictAccepted, Paid, []string{KindPaid}},
		{Active, no, kiosk.VerdictAccepted, NotPaid, nil},
		{Doubtful, paid, kiosk.VerdictAccepted, Paid, []string{KindDoubtfulEnded, KindPaid}},
		{Doubtful, notPaid, kiosk.VerdictParked, "", nil},
		{Doubtful, doubtful, kiosk.VerdictAccepted, "", nil},
		{Doubtful, yes, kiosk.VerdictAccepted, Paid, []string{KindDoubtfulEnded, KindPaid}},
		{Doubtful, no, kiosk.VerdictAccepted, NotPaid, []string{KindDoubtfulEnded}},
		{Paid, paid, kiosk.VerdictAccepted, "", nil},
		{Paid, notPaid, kiosk.VerdictParked, "", nil},
		{Paid, doubtful, kiosk.VerdictParked, "", nil},
		{Paid, yes, kiosk.VerdictAccepted, "", nil},
		{Paid, no, kiosk.VerdictParked, "", nil},
		{NotPaid, paid, kiosk.VerdictParked, "", []string{KindUnassigned}},
		{NotPaid, notPaid, kiosk.VerdictAccepted, "", nil},
		{NotPaid, doubtful, kiosk.VerdictParked, "", nil},
		{NotPaid, yes, kiosk.VerdictParked, "", []string{KindUnassigned}},
		{NotPaid, no, kiosk.VerdictAccepted, "", nil},
		{Expired, paid, kiosk.VerdictAccepted, Paid, []string{KindPaid}},
		{Expired, notPaid, kiosk.VerdictAccepted, NotPaid, nil},
		{Expired, doubtful, kiosk.VerdictAccepted, Doubtful, []string{KindDoubtful}},
		{Expired, yes, kiosk.VerdictAccepted, Paid, []string{KindPaid}},
		{Expired, no, kiosk.VerdictAccepted, NotPaid, nil},
	} {
		var p *Payment
		if c.state != "" {
			p = held(c.state)
		}
		got := c.row.Apply(p)
		if got.Code != c.code || got.To != c.to || !slices.Equal(kinds(got), c.posts) {
			t.Errorf("%q, %s %s: %s to %q posts %v; want %s to %q posts %v",
				c.state, c.row.Kind, c.row.Body.Outcome, got.Code, got.To, kinds(got), c.code, c.to, c.posts)
		}
	}
}

func TestBillThatSomebodyElsePaidIsARefund(t *testing.T) {
	c := rowOf(kiosk.RowPaid, kiosk.Charged).Apply(held(Active))
	if c.Bills[0].Closing != kiosk.ClosingOK || c.Bills[1].Closing != kiosk.ClosingDuplicate {
		t.Errorf("closings %+v", c.Closings)
	}
	want := []Entry{{AccountClearing, 1200}, {CreditorAccount("84006890481"), -600}, {AccountFees, -100}, {AccountRefunds, -500}}
	if !reflect.DeepEqual(c.Transactions[0].Entries, want) {
		t.Errorf("%+v, want %+v", c.Transactions[0].Entries, want)
	}
}

// TestWhatHoldsOfEveryChange draws payments and rows that need not fit.
func TestWhatHoldsOfEveryChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := rapid.SampledFrom([]State{Active, Doubtful, Paid, NotPaid, Expired}).Draw(t, "state")
		p := held(state)
		p.Unassigned = rapid.Bool().Draw(t, "unassigned")
		p.Bills = p.Bills[:rapid.IntRange(0, 2).Draw(t, "bills")]
		r := rowOf(rapid.SampledFrom([]kiosk.RowKind{
			kiosk.RowPaid, kiosk.RowNotPaid, kiosk.RowDoubtful, kiosk.RowResolved, kiosk.RowReceiptDone, "nonsense",
		}).Draw(t, "kind"), rapid.SampledFrom([]kiosk.Outcome{"", kiosk.Charged, kiosk.Refused, kiosk.Unknown}).Draw(t, "outcome"))
		r.Body.Total += kiosk.Amount(rapid.IntRange(-1, 1).Draw(t, "total"))
		r.Body.Charge.STAN = rapid.SampledFrom([]string{"", "000042", "000043"}).Draw(t, "stan")
		before := *p
		before.Bills = slices.Clone(p.Bills)
		c := r.Apply(p)
		if !reflect.DeepEqual(before, *p) {
			t.Fatalf("the facts were changed")
		}
		for _, tx := range c.Transactions {
			var sum kiosk.Amount
			for _, e := range tx.Entries {
				sum += e.Amount
			}
			if sum != 0 {
				t.Fatalf("%s sums to %s", tx.Kind, sum)
			}
		}
		if (state == Paid || state == NotPaid) && c.To != "" {
			t.Fatalf("%s was undone to %s", state, c.To)
		}
		if x, ok := Expire(*p); ok != (state == Active) || ok && (x.To != Expired || len(x.Transactions) > 0) || !reflect.DeepEqual(before, *p) {
			t.Fatalf("%s expires: %v %+v", state, ok, x)
		}
		for i, b := range p.Bills {
			if b.Closing != kiosk.ClosingOpen && c.Close && c.Bills[i].Closing != b.Closing && state != Expired {
				t.Fatalf("closing %s became %s", b.Closing, c.Bills[i].Closing)
			}
		}
		if c.Code == "" || c.Alarm != (c.Code != kiosk.VerdictAccepted) {
			t.Fatalf("verdict %+v", c.Verdict)
		}
	})
}

func TestAgainGivesTheStoredAnswer(t *testing.T) {
	k := Kept{Hash: "h", Kind: kiosk.RowPaid, Code: kiosk.VerdictAccepted, Closings: []kiosk.BillClosing{{BillID: "d1", Closing: kiosk.ClosingOK}}}
	if v := Again(k, "h", kiosk.RowPaid); v.Code != kiosk.VerdictDuplicate || !reflect.DeepEqual(v.Closings, k.Closings) || v.Alarm {
		t.Errorf("%+v", v)
	}
	for _, v := range []Verdict{Again(k, "other", kiosk.RowPaid), Again(k, "h", kiosk.RowNotPaid)} {
		if v.Code != kiosk.VerdictConflict || v.Reason != ReasonIDReused || !v.Alarm {
			t.Errorf("%+v", v)
		}
	}
	k.Code, k.Reason = kiosk.VerdictParked, ReasonBills
	if v := Again(k, "h", kiosk.RowPaid); v.Code != kiosk.VerdictParked || v.Reason != ReasonBills {
		t.Errorf("a parked row became %+v", v)
	}
}

func TestWhoMayLock(t *testing.T) {
	for want, d := range map[kiosk.BillStatus]Debt{
		kiosk.BillPayable: {State: "open"}, kiosk.BillPaid: {State: "paid", Doubtful: true, Held: true}, kiosk.BillRevoked: {State: "revoked", Held: true},
		kiosk.BillInVerification: {State: "open", Doubtful: true, Held: true}, kiosk.BillInPayment: {State: "open", Held: true},
		kiosk.BillExpired: {State: "expired"},
	} {
		if got := d.Status(); got != want {
			t.Errorf("%+v is %s, want %s", d, got, want)
		}
	}
	now := time.Unix(1000, 0)
	for want, got := range map[Repetition]Repetition{
		RepeatSame: Repeat("h", "h", Active, now.Add(1), now), RepeatConflict: Repeat("h", "other", Active, now.Add(1), now),
		RepeatClosed: Repeat("", "h", NotPaid, now.Add(1), now), RepeatExpired: Repeat("h", "h", Active, now, now),
	} {
		if got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	if got := Repeat("h", "h", Expired, now.Add(1), now); got != RepeatExpired { // a clock that was put back gives no token out
		t.Errorf("closed: got %d, want %d", got, RepeatExpired)
	}
}

func FuzzRead(f *testing.F) {
	good, err := json.Marshal(rowOf(kiosk.RowPaid, kiosk.Charged).Body)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("payment.paid", testID, string(good))
	f.Add("payment.not-paid", "", `{"payment":"`+testID+`","bills":[{"billId":"\u0000"}]}`)
	f.Add("day.closed", "", `{}`)
	f.Fuzz(func(t *testing.T, kind, payment, body string) {
		row, refused, ok := Read("k1", kiosk.OutboxRow{Kind: kiosk.RowKind(kind), Payment: kiosk.PaymentID(payment), Body: body})
		if !ok {
			if refused.Code == "" {
				t.Error("refused without a verdict")
			}
			return
		}
		for _, p := range []*Payment{nil, held(Active), held(Doubtful), held(Paid), held(NotPaid), held(Expired)} {
			if c := row.Apply(p); c.Code == "" {
				t.Errorf("no verdict for %q", body)
			}
		}
	})
}

package gateway

// Cases that wait for a person, and how they end.

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// paidTwice pays a bill by two activations that did not know of each other: the
// first expired, its charge came late.
func paidTwice(t testing.TB, s *Store, c *clock, w *writer) (late api.Activation) {
	t.Helper()
	meals := sample(t, "meals")
	late = mustActivate(t, s, meals)
	c.add(24 * time.Hour)
	w.at = s.now()
	again := mustActivate(t, s, meals)
	push(t, s, w.outcome(t, kiosk.RowPaid, again, kiosk.Charged))
	if v := push(t, s, w.outcome(t, kiosk.RowPaid, late, kiosk.Charged))[0]; closing(v.Closings) != api.ClosingDuplicate {
		t.Fatalf("not a refund case: %+v", v)
	}
	return late
}

func settleRefund(t testing.TB, s *Store, payment, bill, reference string) error {
	t.Helper()
	return s.SettleRefund(t.Context(), Settlement{Payment: payment, Bill: bill, Reference: reference, By: "rossi"},
		Action{Operator: "rossi", Action: "refund.settle", Object: payment})
}

func TestARefundIsSettledOnce(t *testing.T) {
	s, c := newBook(t)
	w := &writer{at: s.now()}
	late := paidTwice(t, s, c, w)
	bill := late.Bills[0].BillID
	open, err := s.RefundCases(t.Context(), false, 10)
	if err != nil || len(open) != 1 || open[0].Payment != late.Payment || open[0].Bill != bill || open[0].Amount != 6350 || open[0].Ref != "7K4P-22" {
		t.Fatalf("%+v %v", open, err)
	}
	if got := balances(t, s)[outcome.AccountRefunds]; got != -6350 {
		t.Fatalf("owed back: %s", got)
	}
	for name, try := range map[string]error{
		"no reference": settleRefund(t, s, late.Payment, bill, " "), "short reference": settleRefund(t, s, late.Payment, bill, "12"),
		"another bill": settleRefund(t, s, late.Payment, "debt-tari-late", "CRO 123456789"), "another payment": settleRefund(t, s, newID(t), bill, "CRO 123456789"),
	} {
		if try == nil {
			t.Errorf("%s: settled", name)
		}
	}
	if err := settleRefund(t, s, late.Payment, bill, "CRO 123456789"); err != nil {
		t.Fatal(err)
	}
	if err := settleRefund(t, s, late.Payment, bill, "CRO 123456789"); !errors.Is(err, ErrRefunded) {
		t.Errorf("twice: %v", err)
	}
	got := balances(t, s)
	if got[outcome.AccountRefunds] != 0 || got[outcome.AccountTransfers] != -6350 || got[outcome.AccountClearing] != 12700 {
		t.Errorf("balances %v", got)
	}
	settled, err := s.RefundCases(t.Context(), true, 10)
	if err != nil || len(settled) != 1 || settled[0].Transfer != "CRO 123456789" || settled[0].By != "rossi" || settled[0].Settled.IsZero() {
		t.Errorf("%+v %v", settled, err)
	}
	counts, err := s.OpenCases(t.Context())
	if err != nil || counts.Refunds != 0 {
		t.Errorf("%+v %v", counts, err)
	}
	for _, change := range []string{"UPDATE refund_settlements SET amount = 1", "DELETE FROM refund_settlements"} {
		if _, err := s.write.ExecContext(t.Context(), change); err == nil {
			t.Errorf("%s went well", change)
		}
	}
	findings, err := s.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if !f.OK && f.Name != "fsync" && f.Name != "synchronous_commit" { // switched off for the tests' speed
			t.Errorf("the doctor: %+v", f)
		}
	}
}

// Money that came for a payment which a person had closed unpaid goes back, too.
func TestUnassignedMoneyIsSettled(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	push(t, s, w.outcome(t, kiosk.RowNotPaid, a, kiosk.Refused), w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	open, err := s.RefundCasesOf(t.Context(), a.Payment)
	if err != nil || len(open) != 1 || open[0].Bill != "" || open[0].Amount != 6350 {
		t.Fatalf("%+v %v", open, err)
	}
	if err := settleRefund(t, s, a.Payment, "", "CRO-987654321"); err != nil {
		t.Fatal(err)
	}
	if got := balances(t, s); got[outcome.AccountHeld] != 0 || got[outcome.AccountTransfers] != -6350 {
		t.Errorf("balances %v", got)
	}
	if err := settleRefund(t, s, a.Payment, "", "CRO-987654321"); !errors.Is(err, ErrRefunded) {
		t.Errorf("twice: %v", err)
	}
}

func TestParkedRowsAndAlarmsAreAcknowledged(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	first := w.outcome(t, kiosk.RowNotPaid, a, kiosk.Refused)
	push(t, s, first, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged)) // the second is parked
	changed := first
	changed.Body = strings.Replace(first.Body, "declined", "cancelled", 1)
	push(t, s, sealed(changed)) // same id, another body: an alarm
	open, err := s.Notices(t.Context(), false, 10)
	if err != nil || len(open) != 2 {
		t.Fatalf("%+v %v", open, err)
	}
	parked := 0
	for _, n := range open {
		if n.Kiosk != testKiosk || n.Reason == "" || n.Payment != a.Payment {
			t.Errorf("%+v", n)
		}
		if n.Parked == string(kiosk.RowPaid) {
			parked++
		}
		act := Action{Operator: "rossi", Action: "notice.seen", Object: n.ID}
		if err := s.Acknowledge(t.Context(), n.ID, "sentito il chiosco", act); err != nil {
			t.Fatal(err)
		}
		if err := s.Acknowledge(t.Context(), n.ID, "", act); !errors.Is(err, ErrNoNotice) {
			t.Errorf("twice: %v", err)
		}
	}
	if parked != 1 {
		t.Errorf("%d parked rows among %+v", parked, open)
	}
	if err := s.Acknowledge(t.Context(), "none", "", Action{}); !errors.Is(err, ErrNoNotice) {
		t.Errorf("no such alarm: %v", err)
	}
	seen, err := s.Notices(t.Context(), true, 10)
	if err != nil || len(seen) != 2 || seen[0].By != "rossi" || seen[0].Note != "sentito il chiosco" {
		t.Errorf("%+v %v", seen, err)
	}
	if counts, err := s.OpenCases(t.Context()); err != nil || counts.Notices != 0 || counts.Refunds != 1 {
		t.Errorf("%+v %v", counts, err)
	}
}

func TestPaymentsAreFound(t *testing.T) {
	s, c := newBook(t)
	w := &writer{at: s.now()}
	meals := sample(t, "meals")
	paid := mustActivate(t, s, meals)
	push(t, s, w.outcome(t, kiosk.RowPaid, paid, kiosk.Charged))
	c.add(time.Second)
	doubtful := mustActivate(t, s, sample(t, "tia"))
	push(t, s, w.outcome(t, kiosk.RowDoubtful, doubtful, kiosk.Unknown))
	c.add(24 * time.Hour)
	active := mustActivate(t, s, sample(t, "fine-reduced"))
	day := s.now().Add(-12 * time.Hour)
	for name, x := range map[string]struct {
		p    PaymentSearch
		want []string
	}{
		"by id":            {PaymentSearch{Text: strings.ToUpper(paid.Payment)}, []string{paid.Payment}},
		"by notice":        {PaymentSearch{Text: string(meals.Notice[:4] + " " + meals.Notice[4:])}, []string{paid.Payment}},
		"by reference":     {PaymentSearch{Text: " 7k4p-22 "}, []string{doubtful.Payment, paid.Payment}},
		"by state":         {PaymentSearch{State: api.PaymentStateInVerification, Kiosk: testKiosk}, []string{doubtful.Payment}},
		"active":           {PaymentSearch{State: api.PaymentStateActive, Kiosk: testKiosk}, []string{active.Payment}},
		"of a day":         {PaymentSearch{From: day, Kiosk: testKiosk}, []string{active.Payment}},
		"before it":        {PaymentSearch{To: day, Kiosk: testKiosk}, []string{doubtful.Payment, paid.Payment}},
		"another kiosk":    {PaymentSearch{Kiosk: "pisa-001"}, nil},
		"nothing like it":  {PaymentSearch{Text: "%' OR 1=1 --"}, nil},
		"the next page":    {PaymentSearch{Kiosk: testKiosk, Before: PaymentLine{ID: active.Payment, Activated: s.now()}.Key()}, []string{doubtful.Payment, paid.Payment}},
		"by half an id":    {PaymentSearch{Text: active.Payment[:35]}, []string{active.Payment}},
		"a page's end cut": {PaymentSearch{Kiosk: testKiosk, Before: "x_y"}, []string{active.Payment, doubtful.Payment, paid.Payment}},
	} {
		got, more, err := s.SearchPayments(t.Context(), x.p)
		var ids []string
		for _, l := range got {
			ids = append(ids, l.ID)
		}
		if err != nil || more || strings.Join(ids, " ") != strings.Join(x.want, " ") {
			t.Errorf("%s: %v, want %v; %v %v", name, ids, x.want, more, err)
		}
	}
	got, more, err := s.SearchPayments(t.Context(), PaymentSearch{Most: 1})
	if err != nil || !more || len(got) != 1 || got[0].Total != 3040 || got[0].Bills != 1 {
		t.Errorf("%+v %v %v", got, more, err)
	}
}

func TestKiosksAreSeenByTheirRows(t *testing.T) {
	s, _ := newBook(t)
	w := &writer{at: s.now()}
	a := mustActivate(t, s, sample(t, "meals"))
	push(t, s, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	w.sequence += 3 // lost on the way
	push(t, s, w.outcome(t, kiosk.RowReceiptDone, a, kiosk.Charged))
	if _, _, err := s.NewToken(t.Context(), "pisa-001"); err != nil {
		t.Fatal(err)
	}
	all, err := s.Kiosks(t.Context(), s.now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]KioskView{}
	for _, k := range all {
		by[k.Kiosk] = k
	}
	k := by[testKiosk]
	if k.Rows != 2 || k.Last != 5 || k.Gaps != 1 || k.Word.IsZero() || k.LastKind != string(kiosk.RowReceiptDone) || k.Paid != 1 || k.Taken != 6350 || k.Enrolled != nil {
		t.Errorf("%+v", k)
	}
	if p := by["pisa-001"]; p.Enrolled == nil || p.Enrolled.How != "waiting" || p.Rows != 0 {
		t.Errorf("%+v", p)
	}
	rows, err := s.KioskRows(t.Context(), testKiosk, 0, 10)
	if err != nil || len(rows) != 2 || rows[0].Sequence != 5 || rows[1].Payment != a.Payment || !rows[0].ClockTrusted {
		t.Errorf("%+v %v", rows, err)
	}
	runs, err := s.KioskRuns(t.Context(), testKiosk)
	if err != nil || len(runs) != 2 || runs[1] != (api.Range{From: 5, To: 5}) {
		t.Errorf("%+v %v", runs, err)
	}
}

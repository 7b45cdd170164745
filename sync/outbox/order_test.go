package outbox_test

// Order: it comes from the sequence, never from a clock.

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// A clock that jumps to 2099 and back to 1970 changes no order: neither of what
// waits, nor of the journal, nor of the payments that a start must see to.
func TestOrderIsNoMatterOfTheClock(t *testing.T) {
	times := []int64{1_790_000_000_000, 4_070_908_800_000, 0, -5, 1_790_000_000_001}
	cfg := config(t)
	now := 0
	cfg.Now = func() kiosk.Wall { return kiosk.Wall{UnixMilli: times[now]} }
	s, ctx := open(t, cfg), t.Context()
	var want []string
	var began []kiosk.PaymentID
	for i, at := range times {
		now = i
		id := kiosk.PaymentID(fmt.Sprintf("p%d", len(times)-i)) // the names run backwards, too
		h := payment.Head{ID: id, At: kiosk.Stamp{Wall: kiosk.Wall{UnixMilli: at}}}
		_, effects := payment.Step(payment.State{}, payment.Begun{Head: h, Kiosk: "prato-01", Language: "it", Cart: cart()})
		saveAll(t, s, []payment.Save{effects[0].(payment.Save)})
		row := payment.NewRow(id, kiosk.RowReceiptDone, fmt.Sprintf("r%d", len(times)-i), struct{}{}, kiosk.Wall{UnixMilli: at})
		if err := s.Append(ctx, row); err != nil {
			t.Fatal(err)
		}
		want, began = append(want, row.ID), append(began, id)
	}
	pending, err := s.Pending(ctx, 100)
	if got := ids(pending); err != nil || !slices.Equal(got, want) {
		t.Errorf("pending %v, %v; want %v", got, err, want)
	}
	latest, err := s.Latest(ctx, 2)
	if got := ids(latest); err != nil || !slices.Equal(got, want[3:]) {
		t.Errorf("latest %v, %v; want %v", got, err, want[3:])
	}
	rows, err := s.Rows(ctx, "", 100)
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, r := range rows { // the newest first
		if n := len(want) - i; r.ID != want[n-1] || r.Sequence != uint64(n) || r.OccurredAt.UnixMilli != times[n-1] {
			t.Errorf("row %d is %s of %d", n, r.ID, r.OccurredAt.UnixMilli)
		}
	}
	open, err := s.Unfinished(ctx)
	var found []kiosk.PaymentID
	for _, p := range open {
		found = append(found, p.ID)
	}
	if err != nil || !slices.Equal(found, began) {
		t.Errorf("unfinished %v, %v; want %v", found, err, began)
	}
	list, err := s.List(ctx, 100)
	if err != nil || len(list) != len(began) || list[0].ID != began[len(began)-1] || list[len(list)-1].ID != began[0] {
		t.Errorf("list %v, %v", list, err)
	}
	verify(t, s)
}

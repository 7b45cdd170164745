package machine

// What the day's paper and the readiness paper count.

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/printer/receipt"
	"github.com/tserve/jolly/sync/outbox"
)

// paid writes the row of a payment whose bills ended so, with a fee of 1.00.
func (b *book) paid(states map[kiosk.PaymentID]payment.State, id string, kind kiosk.RowKind, outcome kiosk.Outcome, total kiosk.Amount, ends ...kiosk.Closing) {
	b.t.Helper()
	s := payment.State{ID: kiosk.PaymentID(id), Result: kiosk.ChargeResult{Outcome: outcome}}
	s.Cart.Count = len(ends)
	copy(s.Closings[:], ends)
	states[s.ID] = s
	body := dayRow{charge{Total: total, Outcome: outcome, Charge: kiosk.ChargeResult{Outcome: outcome}}, 100}
	if err := b.Append(b.t.Context(), payment.NewRow(s.ID, kind, id+"/"+string(kind), body, kiosk.Wall{UnixMilli: 2000})); err != nil {
		b.t.Fatal(err)
	}
}

func TestTheDaysPaper(t *testing.T) {
	b, states := newBook(t), map[kiosk.PaymentID]payment.State{}
	b.paid(states, "before", kiosk.RowPaid, kiosk.Charged, 99_00, kiosk.ClosingOK)
	earlier := kiosk.DayClose{Day: "2026-11-21", Close: kiosk.TerminalClose{Outcome: kiosk.CloseDone}}
	if err := b.Append(t.Context(), payment.NewRow("", kiosk.RowDayClosed, "day/w/closed", earlier, kiosk.Wall{UnixMilli: 1000})); err != nil {
		t.Fatal(err)
	}
	b.paid(states, "p1", kiosk.RowPaid, kiosk.Charged, 11_00, kiosk.ClosingOK)
	b.paid(states, "p2", kiosk.RowPaid, kiosk.Charged, 21_00, kiosk.ClosingOK, kiosk.ClosingDuplicate)
	b.paid(states, "p3", kiosk.RowPaid, kiosk.Charged, 31_00, kiosk.ClosingOpen)
	b.paid(states, "p4", kiosk.RowNotPaid, kiosk.Refused, 41_00)
	b.paid(states, "p5", kiosk.RowNotPaid, "", 51_00) // walked away
	b.paid(states, "p6", kiosk.RowDoubtful, kiosk.Unknown, 61_00, kiosk.ClosingOpen)
	b.paid(states, "p7", kiosk.RowDoubtful, kiosk.Unknown, 71_00)
	b.paid(states, "p7", kiosk.RowResolved, kiosk.Charged, 71_00, kiosk.ClosingOK)
	b.closed("2026-11-22", kiosk.CloseRefused) // closed nothing
	close := kiosk.DayClose{Day: "2026-11-22", At: kiosk.Wall{UnixMilli: 9000}, Terminal: 134_00, Close: kiosk.TerminalClose{Outcome: kiosk.CloseDone, HostTotal: 134_00}}
	b.row(kiosk.RowDayClosed, "day/x/closed", close)
	b.paid(states, "after", kiosk.RowPaid, kiosk.Charged, 88_00, kiosk.ClosingOK)

	find := func(_ context.Context, id kiosk.PaymentID) (payment.State, error) {
		s, ok := states[id]
		if !ok {
			return s, outbox.ErrNotFound
		}
		return s, nil
	}
	got, err := dayBook{b.Rows, find}.read(t.Context(), close)
	want := receipt.Day{
		From: kiosk.Wall{UnixMilli: 1000}, To: close.At, Paid: 2, Pending: 1, Refunds: 1, Doubtful: 1, Refused: 1, Amount: 130_00, Fee: 4_00, Total: 134_00,
		Terminal: 134_00, Told: true, Closing: kiosk.CloseDone, Bank: 134_00, Waiting: 10,
	}
	if err != nil || got != want {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
	broken := errors.New("disk")
	if _, err := (dayBook{b.Rows, func(context.Context, kiosk.PaymentID) (payment.State, error) { return payment.State{}, broken }}).read(t.Context(), close); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// The readiness paper names every device, also one that nobody heard of yet, and
// whatever else is to be seen to.
func TestReadinessChecks(t *testing.T) {
	m := &Machine{cfg: config.Config{}}
	m.cfg.Scanner.Path, m.cfg.Gateway.URL = "/dev/reader", "https://gateway"
	all := m.checks(control.Health{
		Devices: []control.Device{
			{Device: "scanner", Detail: "no such file"}, {Device: "terminal", OK: true, Detail: "ready"}, {Device: "printer", OK: true, Detail: "near-end"},
		},
		Problems: []control.Problem{{Code: "clock", Detail: "not sure"}},
	})
	var said []string
	for _, c := range all {
		said = append(said, map[bool]string{true: "+", false: "-"}[c.OK]+c.Name+" "+c.Detail)
	}
	want := []string{"-Lettore di codici /dev/reader: no such file", "+Lettore di carte", "+Stampante", "-Collegamento https://gateway", "-Da vedere clock: not sure"}
	if len(said) != len(want) {
		t.Fatalf("%q", said)
	}
	for i := range want {
		if !strings.HasPrefix(said[i], want[i]) {
			t.Errorf("%q, want %q", said[i], want[i])
		}
	}
}

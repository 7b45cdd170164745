package machine

// The takings since the last closing, over the real outbox.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
)

// book is an outbox that a test writes rows into.
type book struct {
	*outbox.Store
	t *testing.T
	n int
}

func newBook(t *testing.T) *book {
	t.Helper()
	s, err := outbox.Open(t.Context(), outbox.Config{Path: filepath.Join(t.TempDir(), "outbox.db"), Kiosk: "PO-001"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &book{Store: s, t: t}
}

func (b *book) row(kind kiosk.RowKind, id string, body any) {
	b.t.Helper()
	if err := b.Append(b.t.Context(), payment.NewRow("", kind, id, body, kiosk.Wall{})); err != nil {
		b.t.Fatal(err)
	}
}

func (b *book) charged(kind kiosk.RowKind, outcome kiosk.Outcome, total kiosk.Amount) {
	b.n++
	b.row(kind, fmt.Sprintf("p%d/%s", b.n, kind), charge{Total: total, Outcome: outcome, Charge: kiosk.ChargeResult{Outcome: outcome}})
}

func (b *book) closing(day string) {
	b.row(kiosk.RowDayClosing, "day/"+day+"/closing", kiosk.DayClose{Day: day})
}

func (b *book) closed(day string, o kiosk.CloseOutcome) {
	b.row(kiosk.RowDayClosed, "day/"+day+"/closed", kiosk.DayClose{Day: day, Close: kiosk.TerminalClose{Outcome: o}})
}

func TestTakings(t *testing.T) {
	for _, c := range []struct {
		name string
		rows func(*book)
		want kiosk.Takings
	}{
		{"nothing", func(*book) {}, kiosk.Takings{}},
		{"never closed", func(b *book) { b.charged(kiosk.RowPaid, kiosk.Charged, 100) }, kiosk.Takings{Sum: 100, Charges: 1}},
		{"charges, refusals, doubts, decisions", func(b *book) {
			b.charged(kiosk.RowPaid, kiosk.Charged, 1)
			b.closing("a")
			b.closed("a", kiosk.CloseDone)
			b.charged(kiosk.RowPaid, kiosk.Charged, 100)
			b.charged(kiosk.RowNotPaid, kiosk.Refused, 1)
			b.charged(kiosk.RowDoubtful, kiosk.Unknown, 1)
			b.charged(kiosk.RowResolved, kiosk.Charged, 1000)
			b.charged(kiosk.RowResolved, kiosk.Refused, 1)
			b.row(kiosk.RowReceiptDone, "r", struct{}{})
		}, kiosk.Takings{Last: kiosk.DayClose{Day: "a", Close: kiosk.TerminalClose{Outcome: kiosk.CloseDone}}, LastID: "day/a", Sum: 1100, Charges: 2, Whole: true}},
		{"refused: the day went on", func(b *book) {
			b.closed("a", kiosk.CloseEmpty)
			b.charged(kiosk.RowPaid, kiosk.Charged, 100)
			b.closing("b")
			b.closed("b", kiosk.CloseRefused)
			b.charged(kiosk.RowPaid, kiosk.Charged, 10)
		}, kiosk.Takings{Last: kiosk.DayClose{Day: "b", Close: kiosk.TerminalClose{Outcome: kiosk.CloseRefused}}, LastID: "day/b", Sum: 110, Charges: 2, Whole: true}},
		{"unknown: the sum has no beginning", func(b *book) {
			b.closed("a", kiosk.CloseDone)
			b.closing("b")
			b.closed("b", kiosk.CloseUnknown)
			b.charged(kiosk.RowPaid, kiosk.Charged, 10)
		}, kiosk.Takings{Last: kiosk.DayClose{Day: "b", Close: kiosk.TerminalClose{Outcome: kiosk.CloseUnknown}}, LastID: "day/b", Sum: 10, Charges: 1}},
		{"begun, no end", func(b *book) {
			b.closed("a", kiosk.CloseDone)
			b.closing("b")
		}, kiosk.Takings{Last: kiosk.DayClose{Day: "b"}, LastID: "day/b", Begun: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBook(t)
			c.rows(b)
			got, err := days{b.Rows}.Takings(t.Context())
			if err != nil || got != c.want {
				t.Errorf("%+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

// A body that is none is no charge of zero.
func TestTakingsOfADamagedRow(t *testing.T) {
	b := newBook(t)
	b.row(kiosk.RowPaid, "p1/payment.paid", []int{1})
	if _, err := (days{b.Rows}).Takings(t.Context()); err == nil {
		t.Error("no complaint")
	}
	broken := errors.New("disk")
	if _, err := (days{func(context.Context, outbox.RowState, int) ([]outbox.Row, error) { return nil, broken }}).Takings(t.Context()); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

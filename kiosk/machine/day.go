package machine

// The journal's side of the terminal's day: what was charged since the last
// closing, in the order of the sequence and not of any clock.

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/runner"
	"github.com/tserve/jolly/sync/outbox"
)

var _ runner.Days = days{}

// days reads the takings from the outbox.
type days struct {
	rows func(ctx context.Context, state outbox.RowState, limit int) ([]outbox.Row, error)
}

// dayRows is how many rows are read at first: more than a kiosk writes in a
// day. When the closing before is not among them, all are read.
const (
	dayRows = 2_000
	allRows = 1_000_000
)

// Takings reads back until the last closing.
func (d days) Takings(ctx context.Context) (kiosk.Takings, error) {
	for _, limit := range []int{dayRows, allRows} {
		rows, err := d.rows(ctx, "", limit)
		if err != nil {
			return kiosk.Takings{}, fmt.Errorf("read the takings: %w", err)
		}
		t, err := takings(rows)
		if err != nil || t.Whole || len(rows) < limit {
			return t, err
		}
	}
	return kiosk.Takings{}, fmt.Errorf("read the takings: more than %d rows", allRows)
}

// charge is what of a payment's row counts for the takings.
type charge struct {
	Total   kiosk.Amount       `json:"total"`
	Outcome kiosk.Outcome      `json:"outcome"`
	Charge  kiosk.ChargeResult `json:"charge"`
}

// takings sums the charges behind the last closing; rows are newest first. A
// closing that the terminal refused closed nothing: the sum goes on beyond it.
// One of which nobody knows ends the sum, which then has no sure beginning.
func takings(rows []outbox.Row) (kiosk.Takings, error) {
	var t kiosk.Takings
	ended := map[string]bool{} // closings whose end was met
	for _, row := range rows {
		switch row.Kind {
		case kiosk.RowPaid, kiosk.RowResolved:
			var c charge
			if err := json.Unmarshal([]byte(row.Body), &c); err != nil {
				return t, fmt.Errorf("takings: row %d: %w", row.Sequence, err)
			}
			if c.Charge.Outcome == kiosk.Charged {
				t.Sum += c.Total
				t.Charges++
			}
		case kiosk.RowDayClosing, kiosk.RowDayClosed:
			id, _, _ := strings.Cut(row.ID, "/clos")
			if ended[id] {
				continue // the beginning of one whose end was met
			}
			ended[id] = true
			var c kiosk.DayClose
			if err := json.Unmarshal([]byte(row.Body), &c); err != nil {
				return t, fmt.Errorf("takings: row %d: %w", row.Sequence, err)
			}
			begun := row.Kind == kiosk.RowDayClosing
			if t.LastID == "" {
				t.Last, t.LastID, t.Begun = c, id, begun
			}
			switch {
			case begun || c.Close.Outcome == kiosk.CloseUnknown:
				return t, nil
			case c.Close.Outcome != kiosk.CloseRefused:
				t.Whole = true
				return t, nil
			}
		}
	}
	return t, nil
}

package report

// The table, and the sources that it is made of.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
)

// Book is what reports are made of; *gateway.Store is one.
type Book interface {
	EachPosting(ctx context.Context, from, to time.Time, f func(gateway.Posting) error) error
	EachStray(ctx context.Context, f func(gateway.Posting) error) error
	EachCharge(ctx context.Context, from, to time.Time, f func(gateway.Charge) error) error
	CreditorNames(ctx context.Context) (map[string]string, error)
	Zone() *time.Location
}

var _ Book = (*gateway.Store)(nil)

// Period is from the beginning of the first day to the end of the last.
type Period struct{ From, To kiosk.Date }

// Check refuses a period that ends before it begins.
func (p Period) Check() error {
	if p.From.IsZero() || p.To.IsZero() || p.To.Before(p.From) {
		return fmt.Errorf("period %s to %s: give the first and the last day", p.From, p.To)
	}
	return nil
}

// span is the period as moments: the last day is in it.
func (p Period) span(zone *time.Location) (from, to time.Time) {
	day := func(d kiosk.Date, more int) time.Time {
		return time.Date(d.Year, time.Month(d.Month), d.Day+more, 0, 0, 0, 0, zone)
	}
	return day(p.From, 0), day(p.To, 1)
}

// Kind is how a column's values are written.
type Kind int

// The kinds of columns.
const (
	Text  Kind = iota
	Count      // a number
	Money      // cents
)

// Column is one column. Key is for machines and never changes.
type Column struct {
	Key, Title string
	Kind       Kind
}

// Cell is one value: a text, or a number of the column's kind.
type Cell struct {
	Text   string
	Number int64
}

// Row is one line of a report, and the payments that it was made of.
type Row struct {
	Cells    []Cell
	Payments []string
}

// Report is a table with its sums.
type Report struct {
	Name    string // "settlement"
	Title   string
	Period  Period
	Columns []Column
	Rows    []Row
	Sums    []Cell   // one for each column; texts are empty
	Notes   []string // what the reader must know: differences, parked rows
	Failed  bool     // the proof did not hold
}

func text(s string) Cell        { return Cell{Text: s} }
func count(n int) Cell          { return Cell{Number: int64(n)} }
func money(a kiosk.Amount) Cell { return Cell{Number: a.Cents()} }
func (c Cell) String(k Kind) string {
	switch k {
	case Count:
		return strconv.FormatInt(c.Number, 10)
	case Money:
		return kiosk.Cents(c.Number).String()
	default:
		return c.Text
	}
}

// sum fills the sums from the rows.
func (r *Report) sum() {
	r.Sums = make([]Cell, len(r.Columns))
	for _, row := range r.Rows {
		for i, c := range row.Cells {
			if r.Columns[i].Kind != Text {
				r.Sums[i].Number += c.Number
			}
		}
	}
}

// sorted puts the rows into the order of their texts.
func (r *Report) sorted() {
	slices.SortFunc(r.Rows, func(a, b Row) int {
		for i := range a.Cells {
			if c := cmp.Compare(a.Cells[i].Text, b.Cells[i].Text); c != 0 {
				return c
			}
		}
		return 0
	})
	for i := range r.Rows {
		slices.Sort(r.Rows[i].Payments)
		r.Rows[i].Payments = slices.Compact(r.Rows[i].Payments)
	}
}

func dayOf(at time.Time, zone *time.Location) string { return at.In(zone).Format(time.DateOnly) }

package main

// What is found after a power cut, against what the book had answered for.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tserve/jolly/sync/outbox"
)

// content is all that a book and its archive hold.
type content struct {
	steps [][]byte // as exported: they never change
	rows  []row
	fates string // and the holes, where they are
}

// row is what never changes of an outbox row.
type row struct {
	Sequence int
	ID       string
	Hash     string
	Chain    string
	Kind     string
	Payment  string
}

func read(ctx context.Context, book *outbox.Reader) (content, error) {
	var out bytes.Buffer
	if err := book.Export(ctx, &out); err != nil {
		return content{}, err
	}
	var c content
	for line := range bytes.Lines(out.Bytes()) {
		switch {
		case bytes.HasPrefix(line, []byte(`{"type":"step"`)):
			c.steps = append(c.steps, line)
			if want := fmt.Sprintf(`{"type":"step","n":%d,`, len(c.steps)); !bytes.HasPrefix(line, []byte(want)) {
				return c, violated("sequence-gap", "step %d is %.40s", len(c.steps), line)
			}
		case bytes.HasPrefix(line, []byte(`{"type":"row"`)):
			var r struct {
				row
				State outbox.RowState
			}
			if err := json.Unmarshal(line, &r); err != nil {
				return c, err
			}
			c.rows = append(c.rows, r.row)
			if r.Sequence != len(c.fates)+1 {
				return c, violated("sequence-gap", "row %d follows %d", r.Sequence, len(c.fates))
			}
			c.fates += map[outbox.RowState]string{outbox.RowPending: string(waits), outbox.RowDelivered: string(delivered), outbox.RowParked: string(parked)}[r.State]
		case bytes.HasPrefix(line, []byte(`{"type":"hole"`)):
			var hole struct{ From, To int }
			if err := json.Unmarshal(line, &hole); err != nil {
				return c, err
			}
			if hole.From != len(c.fates)+1 || hole.To < hole.From {
				return c, violated("sequence-gap", "a hole from %d to %d follows %d", hole.From, hole.To, len(c.fates))
			}
			c.fates += strings.Repeat(string(missing), hole.To-hole.From+1)
		}
	}
	return c, nil
}

// past is what was recorded of a run.
type past struct {
	moments []moment
	content content // at its end
}

// compare looks at a book after a cut: acked actions were answered, begun ones
// were begun. It returns what it found.
func compare(ctx context.Context, book *outbox.Store, path string, p past, acked, begun int) (moment, error) {
	if err := book.Verify(ctx); err != nil {
		return moment{}, violated("chain-broken", "%v", err)
	}
	c, err := read(ctx, book.Reader)
	if err != nil {
		return moment{}, err
	}
	a, b := p.moments[acked], p.moments[begun]
	found := moment{steps: len(c.steps), rows: len(c.rows), fates: c.fates, copied: a.copied}
	switch {
	case found.steps < a.steps:
		return found, violated("acked-step-lost", "%d of %d steps that were answered for are there", found.steps, a.steps)
	case found.steps > b.steps || found.rows > b.rows:
		return found, violated("step-from-nowhere", "%d steps and %d rows, begun were %d and %d", found.steps, found.rows, b.steps, b.rows)
	case found.rows < a.rows:
		return found, violated("acked-row-lost", "%d of %d rows that were answered for are there", found.rows, a.rows)
	}
	if err := unchanged(c, p.content); err != nil {
		return found, err
	}
	if found.open, err = openNow(ctx, book); err != nil {
		return found, err
	}
	if err := oneOf(found, p.moments[acked:begun+1]); err != nil {
		return found, err
	}
	return found, compareCopy(ctx, outbox.CopyPath(path), p, a, found)
}

// oneOf fails unless a book is as it was at one of the moments.
func oneOf(found moment, all []moment) error {
	like := func(name string, same func(m moment) bool) error {
		all = slices.DeleteFunc(slices.Clone(all), func(m moment) bool { return !same(m) })
		if len(all) == 0 {
			return violated(name, "the book is as it never was: %+v", found)
		}
		return nil
	}
	if err := like("row-without-step", func(m moment) bool { return m.steps == found.steps && m.rows == found.rows }); err != nil {
		return err
	}
	if err := like("verdict-lost", func(m moment) bool { return m.fates == found.fates }); err != nil {
		return err
	}
	return like("unfinished-differs", func(m moment) bool { return slices.Equal(m.open, found.open) })
}

func unchanged(c, original content) error {
	for i, line := range c.steps {
		if !bytes.Equal(line, original.steps[i]) {
			return violated("step-changed", "step %d is %s, was %s", i+1, line, original.steps[i])
		}
	}
	for i, r := range c.rows {
		if r != original.rows[i] {
			return violated("step-changed", "row %d is %+v, was %+v", i+1, r, original.rows[i])
		}
	}
	return nil
}

func openNow(ctx context.Context, book *outbox.Store) ([]string, error) {
	states, err := book.Unfinished(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, s := range states {
		ids = append(ids, string(s.ID))
	}
	slices.Sort(ids)
	return ids, nil
}

// newReceipt compares a number that was given out after a cut with those before.
func newReceipt(number uint64, p past, acked, begun int) error {
	if before := p.moments[acked].receipts; number <= before {
		return violated("receipt-number-twice", "%d, and %d were given out", number, before)
	}
	if most := p.moments[begun].receipts + 1; number > most {
		return violated("receipt-number-twice", "%d, and at most %d can be next", number, most)
	}
	return nil
}

// compareCopy looks at the copy: one that is there is whole, and one that was
// answered for is there.
func compareCopy(ctx context.Context, path string, p past, acked, found moment) error {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if acked.copied > 0 {
			return violated("copy-lost", "a copy of %d steps was made", acked.copied)
		}
		return nil
	}
	r, err := outbox.OpenReader(ctx, path)
	if err != nil {
		return violated("copy-damaged", "%v", err)
	}
	defer r.Close()
	if err := r.Verify(ctx); err != nil {
		return violated("copy-damaged", "%v", err)
	}
	c, err := read(ctx, r)
	if err != nil {
		return violated("copy-damaged", "%v", err)
	}
	if len(c.steps) < acked.copied || len(c.steps) > found.steps {
		return violated("copy-lost", "it has %d steps, was made of %d", len(c.steps), acked.copied)
	}
	return unchanged(c, p.content)
}

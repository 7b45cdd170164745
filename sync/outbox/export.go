package outbox

// Export: all that the book and its archive hold, as lines of JSON.

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"

	"github.com/tserve/jolly/kiosk"
)

// The lines of an export. The last one counts the others and carries the
// SHA-256 of all bytes before it.
type (
	stepLine struct {
		Type    string     `json:"type"` // "step"
		Number  uint64     `json:"n"`
		Payment string     `json:"payment"`
		Step    string     `json:"step"`
		At      kiosk.Wall `json:"at"`
		State   string     `json:"state"` // as text, and so is body below: the hashes are of these very bytes
		Chain   string     `json:"chain"`
	}
	rowLine struct {
		Type      string     `json:"type"` // "row"
		Sequence  uint64     `json:"sequence"`
		ID        string     `json:"id"`
		Payment   string     `json:"payment,omitempty"`
		Kind      string     `json:"kind"`
		At        kiosk.Wall `json:"at"`
		Body      string     `json:"body"`
		Hash      string     `json:"hash"`
		Chain     string     `json:"chain"`
		State     RowState   `json:"state"`
		Reason    string     `json:"reason,omitempty"`
		SettledAt int64      `json:"settledAt,omitempty"`
	}
	holeLine struct {
		Type string `json:"type"` // "hole": numbers that the gateway holds of a book that is no more
		From uint64 `json:"from"`
		To   uint64 `json:"to"`
	}
	endLine struct {
		Type   string `json:"type"` // "end"
		Steps  int    `json:"steps"`
		Rows   int    `json:"rows"`
		SHA256 string `json:"sha256"`
	}
)

// Export writes all steps and all rows, the archive's first, each in its order,
// with the holes where rows are missing, and a last line that proves that nothing is missing.
func (r *Reader) Export(ctx context.Context, to io.Writer) error {
	x := &exporter{sum: sha256.New()}
	out := bufio.NewWriter(to)
	x.out = io.MultiWriter(out, x.sum)
	err := r.view(ctx, "export", func(q querier) error {
		tails, err := readTails(ctx, q)
		if err != nil {
			return err
		}
		if x.holes, err = readHoles(ctx, q, 0); err != nil {
			return err
		}
		err = r.archived(ctx, "export", tails, func(a querier) error {
			return x.all(ctx, a, "'delivered', '', settled_ms", "n <= ?", "sequence <= ?", tails)
		})
		if err != nil {
			return err
		}
		if err := x.all(ctx, q, "state, reason, settled_ms", "n > ?", "sequence > ?", tails); err != nil {
			return err
		}
		return x.holesBefore(1 << 62)
	})
	if err != nil {
		return err
	}
	end := endLine{Type: "end", Steps: x.steps, Rows: x.rows, SHA256: hex.EncodeToString(x.sum.Sum(nil))}
	if err := json.NewEncoder(out).Encode(end); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

type exporter struct {
	out         io.Writer
	sum         hash.Hash
	steps, rows int
	holes       holes // that were not written yet
}

// holesBefore writes the holes that come before a row.
func (x *exporter) holesBefore(sequence uint64) error {
	for _, after := range slices.Sorted(maps.Keys(x.holes)) {
		if after >= sequence {
			return nil
		}
		if err := json.NewEncoder(x.out).Encode(holeLine{Type: "hole", From: after + 1, To: x.holes[after]}); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		delete(x.holes, after)
	}
	return nil
}

func (x *exporter) all(ctx context.Context, q querier, fate, steps, rows string, tails heads) error {
	if err := x.allSteps(ctx, q, steps, tails.steps.n); err != nil {
		return err
	}
	return x.allRows(ctx, q, fate, rows, tails.outbox.n)
}

func (x *exporter) allSteps(ctx context.Context, q querier, where string, tail uint64) error {
	rows, err := q.QueryContext(ctx, "select "+stepColumns+" from steps where "+where+" order by n", tail)
	if err != nil {
		return err
	}
	defer rows.Close()
	to := json.NewEncoder(x.out)
	for rows.Next() {
		line := stepLine{Type: "step"}
		if err := rows.Scan(&line.Number, &line.Payment, &line.Step, &line.State, &line.At.UnixMilli, &line.At.Trusted, &line.Chain); err != nil {
			return err
		}
		if err := to.Encode(line); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		x.steps++
	}
	return rows.Err()
}

func (x *exporter) allRows(ctx context.Context, q querier, fate, where string, tail uint64) error {
	rows, err := q.QueryContext(ctx, "select "+rowColumns+", chain, "+fate+" from outbox where "+where+" order by sequence", tail)
	if err != nil {
		return err
	}
	defer rows.Close()
	to := json.NewEncoder(x.out)
	for rows.Next() {
		l := rowLine{Type: "row"}
		err := rows.Scan(&l.Sequence, &l.ID, &l.Payment, &l.Kind, &l.At.UnixMilli, &l.At.Trusted, &l.Body, &l.Hash, &l.Chain, &l.State, &l.Reason, &l.SettledAt)
		if err != nil {
			return err
		}
		if err := x.holesBefore(l.Sequence); err != nil {
			return err
		}
		if err := to.Encode(l); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		x.rows++
	}
	return rows.Err()
}

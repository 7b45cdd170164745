package main

// The measure: the very statements that the gateway sends for a batch, run raw.

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tserve/jolly/sync/gateway"
)

// rehearsal is a batch as statements.
type rehearsal struct {
	rows       int
	statements []gateway.Statement
}

// rehearse records so many batches of kiosks that deliver nothing themselves.
func (w world) rehearse(ctx context.Context, b book, batches, batchRows int) (all []rehearsal, err error) {
	store, err := gateway.Open(ctx, b.url, gateway.StoreConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := store.Close(); err == nil {
			err = closed
		}
	}()
	for k := w.kiosks; len(all) < batches; k++ {
		for from := int64(1); from <= int64(w.rows) && len(all) < batches; from += int64(batchRows) {
			rows := w.batch(k, from, batchRows)
			statements, err := store.Rehearse(ctx, kioskName(k), rows)
			if err != nil {
				return nil, fmt.Errorf("rehearse: %w", err)
			}
			all = append(all, rehearsal{len(rows), statements})
		}
	}
	return all, nil
}

// rawKiosks is how many kiosks so many batches take.
func (w world) rawKiosks(batches, batchRows int) int {
	perKiosk := (w.rows + batchRows - 1) / batchRows
	return (batches + perKiosk - 1) / perKiosk
}

// runRaw runs the batches, each in a transaction of its own, and tells the rows
// in a second.
func runRaw(ctx context.Context, b book, connections int, batches []rehearsal) (perSecond float64, err error) {
	db, err := b.raw(connections, true)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closed := db.Close(); err == nil {
			err = closed
		}
	}()
	if err := db.PingContext(ctx); err != nil {
		return 0, err
	}
	var next atomic.Int64
	var rows int
	for _, r := range batches {
		rows += r.rows
	}
	failed := make([]error, connections)
	begun := time.Now()
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() {
			for failed[c] == nil {
				n := int(next.Add(1)) - 1
				if n >= len(batches) {
					return
				}
				failed[c] = runOne(ctx, db, batches[n])
			}
		})
	}
	wg.Wait()
	for _, err := range failed {
		if err != nil {
			return 0, fmt.Errorf("raw statements: %w", err)
		}
	}
	return float64(rows) / time.Since(begun).Seconds(), nil
}

func runOne(ctx context.Context, db *sql.DB, r rehearsal) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, s := range r.statements {
		rows, err := tx.QueryContext(ctx, s.Text, s.Args...)
		if err != nil {
			return fmt.Errorf("%w in %.60s", err, s.Text)
		}
		for rows.Next() {
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("%w in %.60s", err, s.Text)
		}
		if err := rows.Close(); err != nil {
			return err
		}
	}
	return tx.Commit()
}

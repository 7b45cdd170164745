package main

// The audit: what the book itself says, past the gateway.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// tally is what one kiosk must have in the book.
type tally struct {
	rows, paid, cents int64
}

// expected is what the fleet and the streets sent.
func (f *fleet) expected(streets []*street) map[string]tally {
	all := map[string]tally{}
	for k := range f.kiosks {
		t := tally{rows: int64(f.rows)}
		for n := range f.rows / 2 {
			if p := (payment{k, n}); p.end() != endNotPaid {
				t.paid++
				t.cents += p.total()
			}
		}
		all[kioskName(k)] = t
	}
	for _, s := range streets {
		all[s.name] = tally{rows: s.sequence, paid: int64(s.paid), cents: s.cents}
	}
	return all
}

// audit is what was found.
type audit struct {
	rows, lost, doubled int64
	first               string // what was found first, in words
}

func (a *audit) add(lost, doubled int64, format string, args ...any) {
	if lost == 0 && doubled == 0 {
		return
	}
	a.lost += lost
	a.doubled += doubled
	if a.first == "" {
		a.first = fmt.Sprintf(format, args...)
	}
}

// check reads the book and compares.
func check(ctx context.Context, b book, want map[string]tally) (a audit, err error) {
	db, err := b.raw(1, false)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := a.rowsOf(ctx, db, want); err != nil {
		return a, fmt.Errorf("check rows: %w", err)
	}
	if err := a.moneyOf(ctx, db, want); err != nil {
		return a, fmt.Errorf("check money: %w", err)
	}
	return a, zeroProofs(ctx, db)
}

// rowsOf: each kiosk's rows are there, without a gap, each once.
func (a *audit) rowsOf(ctx context.Context, db *sql.DB, want map[string]tally) error {
	seen := map[string]bool{}
	err := each(ctx, db, `SELECT r.kiosk, count(*), count(DISTINCT r.id), max(r.sequence), sum(CASE r.verdict WHEN 'accepted' THEN 0 ELSE 1 END),
			(SELECT count(*) FROM kiosk_runs u WHERE u.kiosk = r.kiosk AND u.first = 1 AND u.last = max(r.sequence))
		FROM kiosk_rows r GROUP BY r.kiosk`, func(rows *sql.Rows) error {
		var name string
		var n, ids, last, parked, runs int64
		if err := rows.Scan(&name, &n, &ids, &last, &parked, &runs); err != nil {
			return err
		}
		t, known := want[name]
		if !known {
			return nil // of the raw statements
		}
		seen[name] = true
		a.rows += n
		a.add(max(0, t.rows-ids)+parked, max(0, n-t.rows), "%s has %d rows, %d of them different, %d parked; want %d", name, n, ids, parked, t.rows)
		if runs != 1 || last != t.rows {
			a.add(1, 0, "%s ends at %d, in %d runs; want one to %d", name, last, runs, t.rows)
		}
		return nil
	})
	for name, t := range want {
		if !seen[name] {
			a.add(t.rows, 0, "%s has no row", name)
		}
	}
	return err
}

// moneyOf: each kiosk's payments were settled, each once, for what the cards paid.
func (a *audit) moneyOf(ctx context.Context, db *sql.DB, want map[string]tally) error {
	left := map[string]tally{}
	for name, t := range want {
		if t.paid > 0 {
			left[name] = t
		}
	}
	err := each(ctx, db, `SELECT p.kiosk, count(*), count(DISTINCT p.id), sum(g.amount) FROM payments p
			JOIN ledger_transactions t ON t.payment = p.id AND t.kind = 'paid'
			JOIN ledger_postings g ON g.transaction_id = t.id AND g.account = 'acquirer-clearing'
		GROUP BY p.kiosk`, func(rows *sql.Rows) error {
		var name string
		var n, payments, cents int64
		if err := rows.Scan(&name, &n, &payments, &cents); err != nil {
			return err
		}
		t, known := left[name]
		if !known {
			return nil
		}
		delete(left, name)
		a.add(max(0, t.paid-payments), max(0, n-payments), "%s was settled %d times for %d payments; want %d", name, n, payments, t.paid)
		if cents != t.cents && n == t.paid && payments == n {
			a.add(1, 0, "%s was settled for %d cents, want %d", name, cents, t.cents)
		}
		return nil
	})
	for name, t := range left {
		a.add(t.paid, 0, "%s was never settled", name)
	}
	return err
}

// zeroProofs are true of the whole book.
func zeroProofs(ctx context.Context, db *sql.DB) error {
	for name, query := range map[string]string{
		"ledger-not-zero":    "SELECT coalesce(sum(amount), 0) FROM ledger_postings",
		"unbalanced":         "SELECT count(*) FROM (SELECT transaction_id FROM ledger_postings GROUP BY transaction_id HAVING sum(amount) <> 0) AS x",
		"headless":           "SELECT count(*) FROM ledger_postings g LEFT JOIN ledger_transactions t ON t.id = g.transaction_id WHERE t.id IS NULL",
		"debt-settled-twice": "SELECT count(*) FROM (SELECT debt FROM payment_bills WHERE closing = 'ok' GROUP BY debt HAVING count(*) > 1) AS x",
		"paid-by-another":    "SELECT count(*) FROM payment_bills b JOIN debts d ON d.id = b.debt WHERE b.closing = 'ok' AND (d.state <> 'paid' OR d.paid_by <> b.payment)",
	} {
		var n int64
		if err := db.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return fmt.Errorf("check %s: %w", name, err)
		}
		if n != 0 {
			return violated(name, "%d", n)
		}
	}
	return nil
}

func each(ctx context.Context, db *sql.DB, query string, scan func(*sql.Rows) error) (err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

package outbox

// What is read: payments, their steps, rows, figures.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// Reader reads the book and cannot change it.
type Reader struct {
	path, vfs string

	mu sync.RWMutex // held for writing while the handle is exchanged
	db *sql.DB
}

// OpenReader opens the book for reading beside, or without, the process that
// writes it.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open book for reading: %w", err)
	}
	r := &Reader{path: abs}
	if err := r.open(ctx); err != nil {
		r.shut()
		return nil, fmt.Errorf("open book %s for reading: %w", abs, err)
	}
	return r, nil
}

func (r *Reader) open(ctx context.Context) error {
	db, err := sql.Open(databaseKind, readerDSN(r.path, r.vfs))
	if err != nil {
		return fmt.Errorf("open reader: %w", err)
	}
	db.SetMaxOpenConns(readerCount)
	r.mu.Lock()
	r.db = db
	r.mu.Unlock()
	_, err = readHeads(ctx, db)
	return err
}

func (r *Reader) shut() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.db == nil {
		return nil
	}
	err := r.db.Close()
	r.db = nil
	return err
}

// Close gives the file up.
func (r *Reader) Close() error {
	if err := r.shut(); err != nil {
		return fmt.Errorf("close book: %w", err)
	}
	return nil
}

// view runs a read on the current handle, in one snapshot.
func (r *Reader) view(ctx context.Context, op string, do func(querier) error) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.db == nil {
		return fmt.Errorf("%s: %w", op, ErrClosed)
	}
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Unfinished returns the payments that start-up recovery must see to, oldest
// first, as they were at their last durable step: neither closed nor dropped
// nor refused. Those after whose beginning no other payment asked for a card are
// marked as alone; what comes after an unfinished payment is never archived.
func (r *Reader) Unfinished(ctx context.Context) (all []payment.State, err error) {
	err = r.view(ctx, "unfinished payments", func(q querier) error {
		all, err = collect(ctx, q, scanUnfinished, `select s.state, not exists (
				select 1 from steps c where c.n > p.first_n and c.step = 'charging' and c.payment <> p.id)
			from payments p join steps s on s.n = p.last_n where p.open = 1 order by p.first_n`)
		return err
	})
	return all, err
}

// Payment returns a payment as it was at its last durable step.
func (r *Reader) Payment(ctx context.Context, id kiosk.PaymentID) (s payment.State, err error) {
	err = r.view(ctx, "payment "+string(id), func(q querier) error {
		all, err := collect(ctx, q, scanState, "select s.state from payments p join steps s on s.n = p.last_n where p.id = ?", string(id))
		if err == nil && len(all) == 0 {
			err = ErrNotFound
		}
		if err == nil {
			s = all[0]
		}
		return err
	})
	return s, err
}

func scanState(rows *sql.Rows) (payment.State, error) {
	var text string
	if err := rows.Scan(&text); err != nil {
		return payment.State{}, err
	}
	return parseState(text)
}

func scanUnfinished(rows *sql.Rows) (payment.State, error) {
	var text string
	var alone bool
	if err := rows.Scan(&text, &alone); err != nil {
		return payment.State{}, err
	}
	s, err := parseState(text)
	s.Alone = alone
	return s, err
}

func parseState(text string) (payment.State, error) {
	var s payment.State
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("%w: state: %w", ErrCorrupt, err)
	}
	if s.Cart.Count < 0 || s.Cart.Count > kiosk.MaxBills || s.Activation.Count < 0 || s.Activation.Count > kiosk.MaxBills {
		return s, fmt.Errorf("%w: state of %s: bills out of range", ErrCorrupt, s.ID)
	}
	return s, nil
}

// Step is one entry of the journal.
type Step struct {
	Number uint64 // in the whole journal, without gaps
	Step   payment.Journal
	At     kiosk.Wall
	State  payment.State
}

// Steps returns the journal of one payment in order.
func (r *Reader) Steps(ctx context.Context, id kiosk.PaymentID) (all []Step, err error) {
	err = r.view(ctx, "steps of "+string(id), func(q querier) error {
		all, err = collect(ctx, q, func(rows *sql.Rows) (s Step, err error) {
			var text string
			if err := rows.Scan(&s.Number, &s.Step, &s.At.UnixMilli, &s.At.Trusted, &text); err != nil {
				return s, err
			}
			s.State, err = parseState(text)
			return s, err
		}, `select n, step, at_ms, at_sure, state from steps where payment = ?1
			and n between (select first_n from payments where id = ?1) and (select last_n from payments where id = ?1) order by n`, string(id))
		if err == nil && len(all) == 0 {
			err = ErrNotFound
		}
		return err
	})
	return all, err
}

// Summary is one payment in a list.
type Summary struct {
	ID         kiosk.PaymentID
	Ref        string
	Step       payment.Journal
	Open       bool // not closed, dropped or refused
	Outcome    kiosk.Outcome
	Amount     kiosk.Amount // of the bills
	Fee        kiosk.Amount
	Total      kiosk.Amount
	TerminalID string
	STAN       string
	AuthCode   string
	Began      int64 // milliseconds since 1970 UTC
}

// List returns the newest payments first, at most limit.
func (r *Reader) List(ctx context.Context, limit int) (all []Summary, err error) {
	err = r.view(ctx, "list payments", func(q querier) error {
		all, err = collect(ctx, q, func(rows *sql.Rows) (s Summary, err error) {
			err = rows.Scan(&s.ID, &s.Ref, &s.Step, &s.Open, &s.Outcome, &s.Amount, &s.Fee, &s.Total, &s.TerminalID, &s.STAN, &s.AuthCode, &s.Began)
			return s, err
		}, `select id, ref, step, open, outcome, amount, fee, total, terminal, stan, auth, began_ms from payments
			order by first_n desc limit ?`, limit)
		return err
	})
	return all, err
}

// RowState is what became of an outbox row.
type RowState string

// The states of a row.
const (
	RowPending   RowState = "pending"
	RowDelivered RowState = "delivered"
	RowParked    RowState = "parked" // refused for good: for a person to look at
)

// Row is an outbox row and what became of it.
type Row struct {
	kiosk.OutboxRow
	State     RowState
	Reason    string // why it is parked
	SettledAt int64  // milliseconds since 1970 UTC, 0 while pending
}

const rowColumns = "sequence, id, payment, kind, occurred_ms, occurred_sure, body, hash"

func rowFields(r *kiosk.OutboxRow) []any {
	return []any{&r.Sequence, &r.ID, &r.Payment, &r.Kind, &r.OccurredAt.UnixMilli, &r.OccurredAt.Trusted, &r.Body, &r.Hash}
}

func scanRow(rows *sql.Rows) (r kiosk.OutboxRow, err error) {
	err = rows.Scan(rowFields(&r)...)
	return r, err
}

func scanFullRow(rows *sql.Rows) (r Row, err error) {
	err = rows.Scan(append(rowFields(&r.OutboxRow), &r.State, &r.Reason, &r.SettledAt)...)
	return r, err
}

// Pending returns the first rows that wait for delivery, in the order of their
// sequence.
func (r *Reader) Pending(ctx context.Context, limit int) (all []kiosk.OutboxRow, err error) {
	err = r.view(ctx, "pending rows", func(q querier) error {
		all, err = collect(ctx, q, scanRow,
			"select "+rowColumns+" from outbox where state = 'pending' order by sequence limit ?", limit)
		return err
	})
	return all, err
}

// Latest returns all that waits for the payments of the newest limit rows, in
// the order of the sequence: a payment's rows never overtake one another.
func (r *Reader) Latest(ctx context.Context, limit int) (all []kiosk.OutboxRow, err error) {
	err = r.view(ctx, "latest rows", func(q querier) error {
		all, err = collect(ctx, q, scanRow, `with newest as (select sequence, payment from outbox where state = 'pending' order by sequence desc limit ?)
			select `+rowColumns+` from outbox where state = 'pending' and (sequence in (select sequence from newest)
			or (payment <> '' and payment in (select payment from newest))) order by sequence`, limit)
		return err
	})
	return all, err
}

// Rows returns the newest rows first, at most limit, of one state or, with "",
// of all.
func (r *Reader) Rows(ctx context.Context, state RowState, limit int) (all []Row, err error) {
	err = r.view(ctx, "rows", func(q querier) error {
		all, err = collect(ctx, q, scanFullRow, "select "+rowColumns+", state, reason, settled_ms from outbox where ?1 = '' or state = ?1 order by sequence desc limit ?2",
			string(state), limit)
		return err
	})
	return all, err
}

// Row returns one row by its id.
func (r *Reader) Row(ctx context.Context, id string) (one Row, err error) {
	err = r.view(ctx, "row "+id, func(q querier) error {
		all, err := collect(ctx, q, scanFullRow, "select "+rowColumns+", state, reason, settled_ms from outbox where id = ?", id)
		if err == nil && len(all) == 0 {
			err = ErrNotFound
		}
		if err == nil {
			one = all[0]
		}
		return err
	})
	return one, err
}

// Depth is how much waits.
type Depth struct {
	Pending int
	Parked  int
	Oldest  kiosk.Wall // when the first pending row occurred; zero when none waits
	Open    int        // payments that have not ended
	Last    uint64     // sequence of the last row that was ever written
	Since   int64      // when the gateway was first heard after the book was made or put back, by its clock; 0: not yet, of a new kiosk, or before that was noted
	Log     int64      // bytes of the -wal file: it grows when a reader stays too long
}

// Depth counts what waits, as of one moment: what is open and what was written
// belong together.
func (r *Reader) Depth(ctx context.Context) (d Depth, err error) {
	err = r.view(ctx, "depth", func(q querier) error {
		err := q.QueryRowContext(ctx, `select (select count(*) from outbox where state = 'pending'),
			(select count(*) from outbox where state = 'parked'), (select count(*) from payments where open = 1),
			(select n from heads where chain = 'outbox'), coalesce((select value from facts where name = ?), 0)`, factConfirmed).
			Scan(&d.Pending, &d.Parked, &d.Open, &d.Last, &d.Since)
		if err != nil || d.Pending == 0 {
			return err
		}
		return q.QueryRowContext(ctx, "select occurred_ms, occurred_sure from outbox where state = 'pending' order by sequence limit 1").
			Scan(&d.Oldest.UnixMilli, &d.Oldest.Trusted)
	})
	if err != nil {
		return Depth{}, err
	}
	info, err := os.Stat(r.path + "-wal")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Depth{}, fmt.Errorf("depth: %w", err)
	}
	if err == nil {
		d.Log = info.Size()
	}
	return d, nil
}

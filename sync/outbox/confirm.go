package outbox

// Confirming: a book that is new, or a copy that was put back, hears from the
// gateway which numbers are used up, and goes on behind them.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const (
	factConfirmed = "confirmed" // its value is when, by the gateway's clock; 0: of a new kiosk, or before that was noted
	factReceipt   = "receipt"

	// maxSequence is the highest number that the contract can carry.
	maxSequence = 1<<53 - 1
	// unheard is how many receipts a lost book may have given out of which no row
	// reached the gateway. Only a new book after several losses may begin too low.
	unheard = 1000
)

// Confirm tells the book the highest sequence of this kiosk that the gateway
// holds, at a moment of the gateway's clock (milliseconds since 1970 UTC). Where
// the book is behind it notes the hole and goes on after it, and no receipt number
// that the lost book gave out comes again. What the book knew already changes
// nothing and costs no commit.
func (s *Store) Confirm(ctx context.Context, last uint64, now int64) error {
	if last > maxSequence {
		return fmt.Errorf("confirm: the gateway says that it holds row %d", last)
	}
	if s.Confirmed() {
		var there head
		err := s.view(ctx, "confirm", func(q querier) error {
			h, err := readHeads(ctx, q)
			there = h.outbox
			return err
		})
		if err != nil || last <= there.n {
			return err
		}
	}
	var behind uint64 // how far
	err := s.apply(ctx, func(ctx context.Context, b *batch) (err error) {
		behind, err = confirm(ctx, b, last, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("confirm: %w", err)
	}
	s.confirmed.Store(true)
	if behind > 0 {
		s.log.Warn("the gateway holds rows that this book does not: it was put back, or is new", "last", last, "missing", behind)
	}
	return nil
}

// Confirmed says that the gateway was heard since the book was made or put back.
// Until then the numbers of new rows may be used up, and no payment should begin.
func (s *Store) Confirmed() bool { return s.confirmed.Load() }

// confirm notes the hole, if there is one, and that the book was confirmed.
func confirm(ctx context.Context, b *batch, last uint64, now int64) (behind uint64, err error) {
	at := b.heads.outbox
	known, err := readConfirmed(ctx, b.conn)
	if err != nil || (known && last <= at.n) {
		return 0, err
	}
	b.wrote = true
	put := func(what, text string, args ...any) {
		if err == nil {
			if _, err = b.conn.ExecContext(ctx, text, args...); err != nil {
				err = fmt.Errorf("note the %s: %w", what, err)
			}
		}
	}
	if last > at.n {
		behind = last - at.n
		put("hole", "insert into skips (after, upto) values (?, ?)", int64(at.n), int64(last))
		b.heads.outbox.n = last
	}
	if last == 0 && at.n == 0 {
		now = 0 // the kiosk is new, too: no book was before this one
	} else {
		put("receipts", `insert into facts (name, value) values (?1, ?2) on conflict (name) do update set value = value + excluded.value`,
			factReceipt, int64(behind+unheard))
	}
	put("word of the gateway", `insert into facts (name, value) values (?1, ?2) on conflict (name) do update set value = excluded.value`, factConfirmed, now)
	return behind, err
}

func readConfirmed(ctx context.Context, q querier) (bool, error) {
	var at int64
	err := q.QueryRowContext(ctx, "select value from facts where name = ?", factConfirmed).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read whether the gateway was heard: %w", err)
	}
	return true, nil
}

// holes are the noted ones: by the number before, the last that is missing.
type holes map[uint64]uint64

// readHoles reads the holes of a book or of an archive that lie behind a number;
// older files have none.
func readHoles(ctx context.Context, q querier, behind uint64) (holes, error) {
	var there bool
	if err := q.QueryRowContext(ctx, "select exists (select 1 from sqlite_schema where type = 'table' and name = 'skips')").Scan(&there); err != nil || !there {
		return nil, err
	}
	all := holes{}
	_, err := collect(ctx, q, func(rows *sql.Rows) (_ struct{}, err error) {
		var after, upto uint64
		err = rows.Scan(&after, &upto)
		all[after] = upto
		return struct{}{}, err
	}, "select after, upto from skips where after >= ? order by after", behind)
	if err != nil {
		return nil, fmt.Errorf("read holes: %w", err)
	}
	return all, nil
}

// pass is the last number that is used up where the chain stands at n. A hole is
// passed once.
func (h holes) pass(n uint64) uint64 {
	for upto, ok := h[n]; ok && upto > n; upto, ok = h[n] {
		delete(h, n)
		n = upto
	}
	return n
}

package outbox

// The proof that the book holds together.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// Verify walks the whole book: SQLite's own check, sequences without gaps, the
// hash of every body, both chains up to their heads, and the list of payments
// against their last steps; then the archive in the same way, up to where the
// book begins. The error wraps [ErrCorrupt] and names the place.
func (r *Reader) Verify(ctx context.Context) error {
	var tails heads
	err := r.view(ctx, "verify", func(q querier) (err error) {
		if err = verifyBook(ctx, q); err == nil {
			tails, err = readTails(ctx, q)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.archived(ctx, "verify", tails, func(q querier) error { return verifyArchive(ctx, q, tails) })
}

// archived runs a read on the archive. There must be one once the book does not
// begin with its first entry; a copy has the same archive.
func (r *Reader) archived(ctx context.Context, op string, tails heads, do func(querier) error) error {
	path := ArchivePath(original(r.path))
	info, err := os.Stat(path)
	if (err != nil && errors.Is(err, fs.ErrNotExist)) || (err == nil && info.Size() == 0) {
		if tails == (heads{}) {
			return nil
		}
		return fmt.Errorf("%s: %w: %s is gone, which holds what comes before the book", op, ErrCorrupt, filepath.Base(path))
	}
	db, err := sql.Open(databaseKind, readerDSN(path, r.vfs))
	if err != nil {
		return fmt.Errorf("%s: open archive: %w", op, err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var tables int
	if err := db.QueryRowContext(ctx, "select count(*) from sqlite_schema").Scan(&tables); err != nil {
		return fmt.Errorf("%s: %w: archive: %w", op, ErrCorrupt, err)
	}
	if tables == 0 && tails == (heads{}) {
		return nil // cut short before its first commit
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("%s: archive: %w", op, err)
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return fmt.Errorf("%s: archive: %w", op, err)
	}
	return nil
}

func verifyBook(ctx context.Context, q querier) error {
	if err := integrity(ctx, q); err != nil {
		return err
	}
	from, err := readTails(ctx, q)
	if err != nil {
		return err
	}
	to, err := readHeads(ctx, q)
	if err != nil {
		return err
	}
	if err := verifySteps(ctx, q, from.steps, &to.steps); err != nil {
		return err
	}
	if err := verifyRows(ctx, q, from.outbox, &to.outbox); err != nil {
		return err
	}
	return verifyPayments(ctx, q)
}

func verifyArchive(ctx context.Context, q querier, tails heads) error {
	if err := integrity(ctx, q); err != nil {
		return err
	}
	base, err := readLinks(ctx, q, "base")
	if err != nil {
		return err
	}
	if err := verifySteps(ctx, q, base.steps, nil); err != nil {
		return err
	}
	if err := verifyRows(ctx, q, base.outbox, nil); err != nil {
		return err
	}
	return reaches(ctx, q, tails)
}

func integrity(ctx context.Context, q querier) error {
	var result string
	if err := q.QueryRowContext(ctx, "pragma integrity_check(1)").Scan(&result); err != nil {
		return fmt.Errorf("%w: integrity check: %w", ErrCorrupt, err)
	}
	if result != "ok" {
		return fmt.Errorf("%w: integrity check: %s", ErrCorrupt, result)
	}
	return nil
}

// walk follows a chain.
type walk struct {
	name  string
	at    head
	holes holes // where numbers may be missing, and must: those passed are taken out
}

func (w *walk) next(n uint64, hash, computed string) error {
	if n != w.holes.pass(w.at.n)+1 {
		return fmt.Errorf("%w: %s: %d follows %d", ErrCorrupt, w.name, n, w.at.n)
	}
	if hash != computed {
		return fmt.Errorf("%w: %s: chain breaks at %d", ErrCorrupt, w.name, n)
	}
	w.at = head{n: n, hash: hash}
	return nil
}

// end compares with the head, where there is one.
func (w *walk) end(want *head) error {
	if want != nil {
		w.at.n = w.holes.pass(w.at.n)
	}
	for after, upto := range w.holes {
		return fmt.Errorf("%w: %s: there is no hole from %d to %d", ErrCorrupt, w.name, after+1, upto)
	}
	if want != nil && w.at != *want {
		return fmt.Errorf("%w: %s: ends at %d, the head is at %d", ErrCorrupt, w.name, w.at.n, want.n)
	}
	return nil
}

func verifySteps(ctx context.Context, q querier, from head, want *head) error {
	rows, err := q.QueryContext(ctx, "select n, payment, step, state, at_ms, at_sure, chain from steps order by n")
	if err != nil {
		return err
	}
	defer rows.Close()
	w := walk{name: chainSteps, at: from}
	last := map[string]payment.Journal{}
	for rows.Next() {
		var (
			n                     uint64
			id, step, text, chain string
			at                    kiosk.Wall
		)
		if err := rows.Scan(&n, &id, &step, &text, &at.UnixMilli, &at.Trusted, &chain); err != nil {
			return err
		}
		if err := w.next(n, chain, stepLink(w.at.hash, n, id, step, digest([]byte(text)), at)); err != nil {
			return err
		}
		s, err := parseState(text)
		if err != nil {
			return err
		}
		if string(s.ID) != id || string(s.Step) != step {
			return fmt.Errorf("%w: steps: %d is of %s %s, its state of %s %s", ErrCorrupt, n, id, step, s.ID, s.Step)
		}
		if !mayFollow(last[id], s.Step) {
			return fmt.Errorf("%w: steps: %d: %s after %q", ErrCorrupt, n, step, last[id])
		}
		last[id] = s.Step
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return w.end(want)
}

func verifyRows(ctx context.Context, q querier, from head, want *head) error {
	noted, err := readHoles(ctx, q, from.n)
	if err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, "select "+rowColumns+", chain from outbox order by sequence")
	if err != nil {
		return err
	}
	defer rows.Close()
	w := walk{name: chainOutbox, at: from, holes: noted}
	for rows.Next() {
		var (
			row   kiosk.OutboxRow
			chain string
		)
		if err := rows.Scan(append(rowFields(&row), &chain)...); err != nil {
			return err
		}
		if digest([]byte(row.Body)) != row.Hash {
			return fmt.Errorf("%w: outbox: body of %d was changed", ErrCorrupt, row.Sequence)
		}
		if err := w.next(row.Sequence, chain, rowLink(w.at.hash, row)); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return w.end(want)
}

// verifyPayments compares the list, which no chain covers, with the journal.
func verifyPayments(ctx context.Context, q querier) error {
	rows, err := q.QueryContext(ctx, `select l.payment, l.n, l.state, p.last_n, p.step, p.open, p.outcome, p.total, p.stan
		from (select payment, max(n) as n, state from steps group by payment) l left join payments p on p.id = l.payment
		union all select p.id, 0, '', p.last_n, p.step, p.open, p.outcome, p.total, p.stan
		from payments p where p.id not in (select payment from steps)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			id, text            string
			n                   uint64
			last, total         *int64
			step, outcome, stan *string
			isOpen              *bool
		)
		if err := rows.Scan(&id, &n, &text, &last, &step, &isOpen, &outcome, &total, &stan); err != nil {
			return err
		}
		if n == 0 || last == nil {
			return fmt.Errorf("%w: payments: %s is in the list or in the journal alone", ErrCorrupt, id)
		}
		s, err := parseState(text)
		if err != nil {
			return err
		}
		if uint64(*last) != n || *step != string(s.Step) || *isOpen != open(&s) || *outcome != string(s.Result.Outcome) ||
			*total != s.Total().Cents() || *stan != s.Result.STAN {
			return fmt.Errorf("%w: payments: %s differs from the journal", ErrCorrupt, id)
		}
	}
	return rows.Err()
}

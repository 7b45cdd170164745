package outbox

// The archive: what is settled for long moves to a second file. The book then
// begins where the archive ends, and both chains go on from there.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ArchivePath is where the archive of a book lies.
func ArchivePath(path string) string { return beside(path, "archive") }

// archiveSchema: the rows as they were in the book, links included. base is
// where the archive itself begins: an older one may have been taken away.
const archiveSchema = `
create table if not exists base (chain text primary key, n integer not null, hash text not null) strict, without rowid;
create table if not exists steps (n integer primary key, payment text not null, step text not null, state text not null,
	at_ms integer not null, at_sure integer not null, chain text not null) strict;
create table if not exists outbox (sequence integer primary key, id text not null, payment text not null, kind text not null,
	occurred_ms integer not null, occurred_sure integer not null, body text not null, hash text not null, chain text not null,
	settled_ms integer not null) strict;
create table if not exists skips (after integer primary key, upto integer not null) strict;
create index if not exists steps_payment on steps (payment);
create index if not exists outbox_id on outbox (id);`

const (
	stepColumns    = "n, payment, step, state, at_ms, at_sure, chain"
	archiveColumns = rowColumns + ", chain, settled_ms"
)

// Archived is what one call of Archive moved.
type Archived struct{ Steps, Rows int }

// Archive moves what is over: payments that ended, all of whose rows the
// gateway took before the moment given (milliseconds since 1970 UTC), and these
// rows. It goes in the order of the chains and stops at the first entry that
// must stay: a row that waits or is parked is never moved. Cut short at any
// point it loses nothing and goes on at the next call.
func (s *Store) Archive(ctx context.Context, before int64) (Archived, error) {
	moved, err := s.archive(ctx, before)
	if err != nil {
		return Archived{}, fmt.Errorf("archive: %w", err)
	}
	return moved, nil
}

func (s *Store) archive(ctx context.Context, before int64) (moved Archived, err error) {
	var tails, to heads
	var rows int
	err = s.view(ctx, "look", func(q querier) error {
		if tails, err = readTails(ctx, q); err != nil {
			return err
		}
		if to, err = archivable(ctx, q, tails, before); err != nil {
			return err
		}
		return q.QueryRowContext(ctx, "select count(*) from outbox where sequence <= ?", to.outbox.n).Scan(&rows)
	})
	if err != nil || to == tails {
		return Archived{}, err
	}
	if err := s.putAway(ctx, tails, to); err != nil {
		return Archived{}, err
	}
	err = s.apply(ctx, func(ctx context.Context, b *batch) error { return cut(ctx, b, to) })
	if err != nil {
		return Archived{}, fmt.Errorf("cut book: %w", err)
	}
	return Archived{Steps: int(to.steps.n - tails.steps.n), Rows: rows}, nil
}

// mendArchive lets SQLite undo what a power cut left half done in the archive:
// readers cannot.
func (s *Store) mendArchive(ctx context.Context) error {
	path := ArchivePath(s.cfg.Path)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := sql.Open(databaseKind, s.cfg.archiveDSN(path))
	if err != nil {
		return fmt.Errorf("open archive: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := quickCheck(ctx, db); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return db.Close()
}

func readTails(ctx context.Context, q querier) (heads, error) { return readLinks(ctx, q, "tails") }

const atOnce = 1000 // entries of each chain moved by one transaction

// archivable finds how far both chains can be cut off.
func archivable(ctx context.Context, q querier, tails heads, before int64) (heads, error) {
	to := tails
	steps, err := settledSteps(ctx, q, tails.steps.n, before)
	if err != nil {
		return to, err
	}
	if steps > tails.steps.n {
		to.steps.n = steps
		if err := q.QueryRowContext(ctx, "select chain from steps where n = ?", steps).Scan(&to.steps.hash); err != nil {
			return to, fmt.Errorf("read link: %w", err)
		}
	}
	err = q.QueryRowContext(ctx, `select sequence, chain from (select sequence, chain from outbox where sequence <
			coalesce((select min(sequence) from outbox where state <> 'delivered' or settled_ms >= ?1), 1 << 62)
			order by sequence limit ?2) order by sequence desc limit 1`, before, atOnce).Scan(&to.outbox.n, &to.outbox.hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return to, fmt.Errorf("read link: %w", err)
	}
	return to, nil
}

// settledSteps returns the last step such that it and all before it are of
// payments that are over, and no payment has steps on both sides.
func settledSteps(ctx context.Context, q querier, tail uint64, before int64) (uint64, error) {
	rows, err := q.QueryContext(ctx, `select p.first_n, p.last_n, p.open = 0 and s.at_ms < ?2
		and p.id not in (select payment from outbox where state <> 'delivered' or settled_ms >= ?2)
		from payments p join steps s on s.n = p.last_n where p.first_n > ?1 order by p.first_n limit ?3`, tail, before, atOnce)
	if err != nil {
		return 0, fmt.Errorf("look for ended payments: %w", err)
	}
	defer rows.Close()
	cut, reach, seen := tail, tail, tail // up to cut all may go; reach is the last step of the payments seen, seen the last one's first
	for rows.Next() {
		var (
			first, last uint64
			over        bool
		)
		if err := rows.Scan(&first, &last, &over); err != nil {
			return 0, err
		}
		if first == reach+1 {
			cut = reach
		}
		if !over {
			return cut, rows.Err()
		}
		reach, seen = max(reach, last), first
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	// One that was not seen any more, because of the limit, may begin in between.
	var between bool
	err = q.QueryRowContext(ctx, "select exists (select 1 from payments where first_n > ? and first_n <= ?)", seen, reach).Scan(&between)
	if err == nil && !between {
		cut = reach
	}
	return cut, err
}

// putAway writes the entries up to to into the archive; those that lie there
// already must be the same.
func (s *Store) putAway(ctx context.Context, tails, to heads) error {
	path := ArchivePath(s.cfg.Path)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := s.cfg.Disk.Touch(path); err != nil {
			return err
		}
	}
	db, err := sql.Open(databaseKind, s.cfg.archiveDSN(path))
	if err != nil {
		return fmt.Errorf("open archive: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := provePragmas(ctx, db, s.cfg.archiveWant()); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	if err := s.cfg.Disk.Sync(filepath.Dir(path)); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer tx.Rollback()
	if err := prepareArchive(ctx, tx, tails); err != nil {
		return err
	}
	err = s.view(ctx, "read book", func(q querier) error {
		if err := fill(ctx, q, tx, chainSteps, "n", stepColumns, to.steps.n); err != nil {
			return err
		}
		if err := fill(ctx, q, tx, chainOutbox, "sequence", archiveColumns, to.outbox.n); err != nil {
			return err
		}
		return fillHoles(ctx, q, tx, to.outbox.n)
	})
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return db.Close()
}

// prepareArchive makes the tables of a new archive, which begins where the book
// does, and proves that an old one reaches as far as the book begins.
func prepareArchive(ctx context.Context, tx *sql.Tx, tails heads) error {
	if _, err := tx.ExecContext(ctx, archiveSchema); err != nil {
		return fmt.Errorf("make archive: %w", err)
	}
	for chain, at := range map[string]head{chainSteps: tails.steps, chainOutbox: tails.outbox} {
		_, err := tx.ExecContext(ctx, "insert into base (chain, n, hash) values (?, ?, ?) on conflict do nothing", chain, at.n, at.hash)
		if err != nil {
			return fmt.Errorf("make archive: %w", err)
		}
	}
	return reaches(ctx, tx, tails)
}

// reaches fails unless the archive holds the entry before the book's first.
func reaches(ctx context.Context, archive querier, tails heads) error {
	for _, c := range []struct {
		chain, key string
		want       head
	}{{chainSteps, "n", tails.steps}, {chainOutbox, "sequence", tails.outbox}} {
		var hash string
		err := archive.QueryRowContext(ctx, "select chain from "+c.chain+" where "+c.key+" = ?1 union all select hash from base where chain = ?2 and n = ?1",
			c.want.n, c.chain).Scan(&hash)
		if errors.Is(err, sql.ErrNoRows) || (err == nil && hash != c.want.hash) {
			return fmt.Errorf("%w: archive does not hold %d of %s, after which the book begins", ErrCorrupt, c.want.n, c.chain)
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
	}
	return nil
}

// fill copies the entries that the archive does not have yet. The last that it
// has must be the book's own.
func fill(ctx context.Context, book querier, archive *sql.Tx, chain, key, columns string, to uint64) error {
	var have head
	err := archive.QueryRowContext(ctx, fmt.Sprintf("select %s, chain from %s union all select n, hash from base where chain = ? order by 1 desc limit 1", key, chain),
		chain).Scan(&have.n, &have.hash)
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	var own string
	err = book.QueryRowContext(ctx, fmt.Sprintf("select chain from %s where %s = ?1 union all select hash from tails where chain = ?2 and n = ?1", chain, key),
		have.n, chain).Scan(&own)
	if err != nil || own != have.hash {
		return errors.Join(fmt.Errorf("%w: archive and book differ at %d of %s", ErrCorrupt, have.n, chain), err)
	}
	rows, err := book.QueryContext(ctx, fmt.Sprintf("select %s from %s where %s > ? and %s <= ? order by %s", columns, chain, key, key, key), have.n, to)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := strings.Count(columns, ",") + 1
	put, err := archive.PrepareContext(ctx, fmt.Sprintf("insert into %s (%s) values (?%s)", chain, columns, strings.Repeat(", ?", n-1)))
	if err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	defer put.Close()
	values, at := make([]any, n), make([]any, n)
	for i := range values {
		at[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(at...); err != nil {
			return err
		}
		if _, err := put.ExecContext(ctx, values...); err != nil {
			return fmt.Errorf("write archive: %w", err)
		}
	}
	return rows.Err()
}

// fillHoles notes the holes before a row in the archive, too. The book keeps them.
func fillHoles(ctx context.Context, book querier, archive *sql.Tx, to uint64) error {
	all, err := readHoles(ctx, book, 0)
	if err != nil {
		return err
	}
	for after, upto := range all {
		if upto >= to {
			continue
		}
		if _, err := archive.ExecContext(ctx, "insert into skips (after, upto) values (?, ?) on conflict do nothing", int64(after), int64(upto)); err != nil {
			return fmt.Errorf("write archive: %w", err)
		}
	}
	return nil
}

// cut takes out of the book what the archive holds. The triggers let nothing
// go that is beyond the tails or was not delivered.
func cut(ctx context.Context, b *batch, to heads) error {
	b.wrote = true
	for _, c := range []struct {
		text string
		args []any
	}{
		{"update tails set n = ?1, hash = ?2 where chain = 'steps' and n < ?1", []any{to.steps.n, to.steps.hash}},
		{"update tails set n = ?1, hash = ?2 where chain = 'outbox' and n < ?1", []any{to.outbox.n, to.outbox.hash}},
		{"delete from payments where last_n <= ?", []any{to.steps.n}},
		{"delete from steps where n <= ?", []any{to.steps.n}},
		{"delete from outbox where sequence <= ?", []any{to.outbox.n}},
	} {
		if _, err := b.conn.ExecContext(ctx, c.text, c.args...); err != nil {
			return err
		}
	}
	return nil
}

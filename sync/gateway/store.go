package gateway

// The book: one SQLite file, one connection that writes, several that read.

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"
	_ "time/tzdata" // due days are days in Italy, also on a machine without zone files

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrBroken says that a COMMIT failed: what the disk holds is known only after
// a new start.
var ErrBroken = errors.New("the book is broken: a commit failed")

// StoreConfig says how the book is kept. The zero value of each field is its default.
type StoreConfig struct {
	Now      func() time.Time // time.Now
	ReadOnly bool             // open for reading only; the file must exist

	testOnlyNoSync bool // property tests that need no durability
}

// Store is the gateway's book.
type Store struct {
	write  *sql.DB // one connection; nil when read-only
	read   *sql.DB
	now    func() time.Time
	rome   *time.Location
	log    *slog.Logger
	broken atomic.Bool
	died   chan struct{} // closed when broken becomes true
}

// Open opens the book at path, makes it if needed and brings it to the newest form.
func Open(ctx context.Context, path string, cfg StoreConfig, log *slog.Logger) (*Store, error) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("open book: %w", err)
	}
	s := &Store{now: cfg.Now, rome: rome, log: log, died: make(chan struct{})}
	if s.now == nil {
		s.now = time.Now
	}
	if !cfg.ReadOnly {
		if err := s.openWriter(ctx, path, cfg); err != nil {
			return nil, errors.Join(fmt.Errorf("open book: %w", err), s.Close())
		}
	}
	s.read, err = sql.Open("sqlite", dsn(path, url.Values{"mode": {"ro"}}))
	if err == nil {
		s.read.SetMaxOpenConns(4)
		err = s.read.PingContext(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open book: %w", err), s.Close())
	}
	return s, nil
}

func dsn(path string, more url.Values) string {
	q := url.Values{"_busy_timeout": {"5000"}, "_foreign_keys": {"1"}}
	for k, v := range more {
		q[k] = v
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func (s *Store) openWriter(ctx context.Context, path string, cfg StoreConfig) error {
	sync := "FULL"
	if cfg.testOnlyNoSync {
		sync = "OFF"
	}
	db, err := sql.Open("sqlite", dsn(path, url.Values{"_txlock": {"immediate"}, "_journal_mode": {"WAL"}, "_synchronous": {sync}}))
	if err != nil {
		return err
	}
	s.write = db
	db.SetMaxOpenConns(1)
	if err := checkPragmas(ctx, db, cfg); err != nil {
		return err
	}
	return migrate(ctx, db)
}

// checkPragmas reads back what the DSN asked for: a driver that did not
// understand a word of it would say nothing.
func checkPragmas(ctx context.Context, db *sql.DB, cfg StoreConfig) error {
	want := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"}
	if cfg.testOnlyNoSync {
		want["synchronous"] = "0"
	}
	for name, value := range want {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+name).Scan(&got); err != nil {
			return fmt.Errorf("read pragma %s: %w", name, err)
		}
		if got != value {
			return fmt.Errorf("pragma %s is %s, want %s", name, got, value)
		}
	}
	return nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Close closes the book.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Died is closed when the book broke: the process must be started anew.
func (s *Store) Died() <-chan struct{} { return s.died }

// Ping says whether the book can be read.
func (s *Store) Ping(ctx context.Context) error {
	if s.broken.Load() {
		return ErrBroken
	}
	var one int
	return s.read.QueryRowContext(ctx, "SELECT 1 FROM creditors UNION SELECT 1 LIMIT 1").Scan(&one)
}

// inTx runs f in one write transaction. An error of f rolls back; a failed
// COMMIT breaks the store unless it merely found the file locked.
func (s *Store) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	if s.broken.Load() {
		return ErrBroken
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, rolledBack(tx.Rollback()))
	}
	err = tx.Commit()
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, sql.ErrTxDone):
		return err
	case sqliteCode(err) == codeBusy, sqliteCode(err) == codeConstraint:
		return fmt.Errorf("commit: %w", err) // the driver rolled back
	}
	if s.broken.CompareAndSwap(false, true) {
		s.log.Error("alarm", "reason", "commit-failed", "error", err.Error())
		close(s.died)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// rolledBack drops the error of a rollback that the driver had done already.
func rolledBack(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// Primary result codes of SQLite.
const (
	codeBusy       = 5
	codeConstraint = 19
)

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// queryer is what *sql.DB and *sql.Tx share.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// each runs a query and hands every row to scan.
func each(ctx context.Context, q queryer, scan func(*sql.Rows) error, query string, args ...any) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
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

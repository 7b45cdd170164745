package gateway

// SQLite: one file, one connection that writes, several that read.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// sqliteFile is a book in a file of our own, served by one process.
type sqliteFile string

func (f sqliteFile) dialect() (string, goose.Dialect) { return "sqlite", goose.DialectSQLite3 }

func (f sqliteFile) open(ctx context.Context, cfg StoreConfig) (write, read *sql.DB, err error) {
	if err := f.there(cfg.ReadOnly); err != nil {
		return nil, nil, err
	}
	if !cfg.ReadOnly {
		write, err = f.openWriter(ctx, cfg)
		if err != nil {
			return write, nil, err
		}
	}
	read, err = sql.Open("sqlite", f.dsn(url.Values{"mode": {"ro"}}))
	if err != nil {
		return write, nil, err
	}
	read.SetMaxOpenConns(4)
	return write, read, read.PingContext(ctx)
}

// there makes the file, which nobody else reads: SQLite gives the files beside it
// the same rights. Who only reads makes none.
func (f sqliteFile) there(readOnly bool) error {
	if readOnly {
		if _, err := os.Stat(string(f)); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("there is no book at %s (gateway migrate makes one): %w", f, err)
			}
			return err
		}
		return nil
	}
	file, err := os.OpenFile(string(f), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

func (f sqliteFile) dsn(more url.Values) string {
	q := url.Values{"_busy_timeout": {"5000"}, "_foreign_keys": {"1"}}
	for k, v := range more {
		q[k] = v
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: string(f)}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func (f sqliteFile) openWriter(ctx context.Context, cfg StoreConfig) (*sql.DB, error) {
	sync := "FULL"
	if cfg.testOnlyNoSync {
		sync = "OFF"
	}
	db, err := sql.Open("sqlite", f.dsn(url.Values{"_txlock": {"immediate"}, "_journal_mode": {"WAL"}, "_synchronous": {sync}}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, checkPragmas(ctx, db, cfg)
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

func (f sqliteFile) kind(err error) fault {
	switch sqliteCode(err) {
	case codeBusy:
		return faultBusy
	case codeConstraint:
		return faultRefused
	}
	return faultOther
}

func (f sqliteFile) groups() int { return 1 } // there is one writer

func (f sqliteFile) mark(context.Context, *sql.Tx) string { return "" }

// rolledBack: the driver rolls back what merely found the file locked or broke
// a deferred rule.
func (f sqliteFile) rolledBack(err error) bool {
	code := sqliteCode(err)
	return code == codeBusy || code == codeConstraint
}

// committed: after a COMMIT that failed on its disk, no handle of this process
// can be trusted to tell what the disk holds.
func (f sqliteFile) committed(context.Context, *sql.DB, string) (bool, error) {
	return false, ErrBroken
}

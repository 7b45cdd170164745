package gateway

// Engines: the databases that can carry the book, and what differs between them.

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// engine is one database. Statements are the same on all: plain SQL with
// numbered parameters, booleans as 0 or 1, moments as milliseconds.
type engine interface {
	// open connects and checks that what is promised durable will be. write is
	// nil when only reading was asked for.
	open(ctx context.Context, cfg StoreConfig) (write, read *sql.DB, err error)
	// dialect names the folder of migrations and goose's name of the language.
	dialect() (string, goose.Dialect)
	// kind sorts the database's errors.
	kind(err error) fault
	// mark notes, before its COMMIT, by what a transaction can be found again.
	mark(ctx context.Context, tx *sql.Tx) string
	// rolledBack says that the failed COMMIT surely left nothing.
	rolledBack(err error) bool
	// committed looks up what became of a transaction whose COMMIT had no
	// answer; ErrBroken when only a new start can tell.
	committed(ctx context.Context, db *sql.DB, mark string) (bool, error)
	// most is how many rows of so many columns one statement takes, expand the
	// text of a statement about so many rows, and args their values.
	most(columns int) int
	expand(m many, rows int) string
	args(rows handed) []any
	// dump writes a copy of the book to a new file; load makes a book of it where
	// there is none.
	dump(ctx context.Context, db *sql.DB, path string) error
	load(ctx context.Context, path string) error
	// examine asks the database about itself.
	examine(ctx context.Context, db *sql.DB) ([]Finding, error)
	// wiping runs what drops secrets, so that the database keeps no copy of them
	// where it can help it.
	wiping(ctx context.Context, db *sql.DB, do func() error) error
	// groups is how many groups of pushed rows are best written at the same time.
	groups() int
}

// fault is what an error of the database means to us.
type fault int

const (
	faultOther   fault = iota // a mistake of ours, or no error of the database at all
	faultRefused              // a rule of the book refused it; nothing but the transaction is hurt
	faultLost                 // given up for the sake of another transaction: to be run again
	faultBusy                 // nothing happened; come back later
	faultAway                 // the database is not there at this moment
)

// passing says that the same request may well be answered a little later.
func (s *Store) passing(err error) bool {
	switch s.engine.kind(err) {
	case faultLost, faultBusy, faultAway:
		return true
	}
	return errors.Is(err, ErrUnavailable)
}

// engineOf chooses by the URL.
func engineOf(url string) engine {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return &postgres{url: url}
	}
	return sqliteFile(strings.TrimPrefix(url, "sqlite:"))
}

// migrateTries bounds how often migrating is tried: of two gateways that start
// on one new database, one finds the other at work.
const migrateTries = 5

// migrate brings the book to the newest form.
func (s *Store) migrate(ctx context.Context) error {
	for try := 1; ; try++ {
		err := s.migrateOnce(ctx)
		if err == nil || try == migrateTries || ctx.Err() != nil || errors.Is(err, ErrNewerBook) {
			return err
		}
		if pause(ctx, 6+try) != nil {
			return err
		}
	}
}

func (s *Store) migrateOnce(ctx context.Context) error {
	provider, err := s.provider(s.write)
	if err != nil {
		return err
	}
	if err := s.notNewer(ctx); err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// ErrNewerBook says that a newer program has changed the book: what this one would
// write might break a rule that it does not know.
var ErrNewerBook = errors.New("the book was changed by a newer gateway")

// newerCure is what to do about it.
const newerCure = "install that gateway's version, or a later one; to go back to this one, restore the backup that was made before the change"

// notNewer refuses a book of a newer program. A book without a version is new.
func (s *Store) notNewer(ctx context.Context) error {
	have, want, err := s.versions(ctx, s.write)
	if errors.Is(err, errNoVersion) || err == nil && have <= want {
		return nil
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return fmt.Errorf("%w: version %d, this program's is %d: %s", ErrNewerBook, have, want, newerCure)
}

// ErrOtherBook says that the book's tables are not those of this program.
var ErrOtherBook = errors.New("the book has another form than this program's")

// Fits demands that the book has this program's form: of another one, what is read
// may be wrong.
func (s *Store) Fits(ctx context.Context) error {
	have, want, err := s.versions(ctx, s.read)
	switch {
	case err != nil:
		return err
	case have > want:
		return fmt.Errorf("%w: version %d, this program's is %d: %s", ErrNewerBook, have, want, newerCure)
	case have < want:
		return fmt.Errorf("%w: version %d, this program's is %d: %s", ErrOtherBook, have, want, cures["schema"])
	}
	return nil
}

// errNoVersion says that there are no tables of ours.
var errNoVersion = errors.New("there is a database, and no book in it; gateway migrate makes one there")

// versions are the book's and this program's.
func (s *Store) versions(ctx context.Context, db *sql.DB) (have, want int64, err error) {
	provider, err := s.provider(db)
	if err != nil {
		return 0, 0, err
	}
	sources := provider.ListSources()
	want = sources[len(sources)-1].Version
	folder, _ := s.engine.dialect()
	there := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'"
	if folder == "postgres" {
		// Another program may have one in a schema of its own.
		there = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname = 'goose_db_version' AND pg_table_is_visible(oid)"
	}
	var n int
	if err := db.QueryRowContext(ctx, there).Scan(&n); err != nil {
		return 0, want, fmt.Errorf("read version: %w", err)
	}
	if n == 0 {
		return 0, want, errNoVersion
	}
	if err := db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&have); err != nil {
		return 0, want, fmt.Errorf("read version: %w", err)
	}
	return have, want, nil
}

func (s *Store) provider(db *sql.DB) (*goose.Provider, error) {
	folder, dialect := s.engine.dialect()
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	if p, ok := s.engine.(*postgres); ok && p.plain {
		files = plainFiles{files}
	}
	provider, err := goose.NewProvider(dialect, db, files)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return provider, nil
}

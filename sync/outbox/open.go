package outbox

// Opening: the lock, the settings and their proof, the check, the migrations.

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config says where the book is and whose.
type Config struct {
	Path  string            // the database file; its directory must exist. Beside it: -wal, -shm, .lock
	Kiosk string            // the kiosk's id; a file belongs to one kiosk for ever
	Now   func() kiosk.Wall // the times of the journal, asked from any goroutine; default: the wall clock, not trusted
	VFS   string            // SQLite's VFS by name; default: the system's
	Disk  Disk              // whole files; default: the system's

	Keep    time.Duration // how long settled payments stay in the book before they are archived; default 90 days
	Copies  time.Duration // between copies of the book; default 24 h
	Rest    time.Duration // without a payment before the book is copied or archived; default 2 min
	Reserve int64         // bytes that must be free, besides the ballast, for a new payment to begin; default 32 MiB
	Ballast int64         // bytes of the file that gives way when the disk is full; default 8 MiB

	// TestOnlySynchronous weakens the durability ("NORMAL", "OFF") so that a
	// crash test can prove that it would notice. Default: FULL.
	TestOnlySynchronous string
	// TestOnlyAfterCommit is told of each step after it became durable, before
	// Save returns. Default: nobody is told.
	TestOnlyAfterCommit func(payment.Journal, kiosk.PaymentID)
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = func() kiosk.Wall { return kiosk.Wall{UnixMilli: time.Now().UnixMilli()} }
	}
	if c.Disk == nil {
		c.Disk = files{}
	}
	span := func(at *time.Duration, d time.Duration) {
		if *at <= 0 {
			*at = d
		}
	}
	span(&c.Keep, 90*24*time.Hour)
	span(&c.Copies, 24*time.Hour)
	span(&c.Rest, 2*time.Minute)
	if c.Reserve <= 0 {
		c.Reserve = 32 << 20
	}
	if c.Ballast <= 0 {
		c.Ballast = 8 << 20
	}
	if c.TestOnlySynchronous == "" {
		c.TestOnlySynchronous = "FULL"
	}
	return c
}

const (
	busyTimeout  = 5000    // ms; only a reader's checkpoint lock can make the writer wait
	walLimit     = 4 << 20 // bytes that the -wal file is cut back to
	walPages     = 1000    // pages in the -wal before SQLite copies them into the database
	readerCount  = 2       // connections for reading inside the process
	fileMode     = 0o640   // the group may read: maintenance
	databaseKind = "sqlite"
)

var syncLevels = map[string]string{"OFF": "0", "NORMAL": "1", "FULL": "2", "EXTRA": "3"}

// want are the settings that the writer must have; they are read back at start.
func (c Config) want() map[string]string {
	return map[string]string{
		"journal_mode":       "wal",
		"synchronous":        syncLevels[c.TestOnlySynchronous],
		"busy_timeout":       strconv.Itoa(busyTimeout),
		"journal_size_limit": strconv.Itoa(walLimit),
		"wal_autocheckpoint": strconv.Itoa(walPages),
		"foreign_keys":       "1",
		"trusted_schema":     "0",
		"cell_size_check":    "1",
	}
}

func (c Config) writerDSN() string {
	q := url.Values{
		"_txlock":       {"immediate"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {c.TestOnlySynchronous},
		"_busy_timeout": {strconv.Itoa(busyTimeout)},
		"_foreign_keys": {"on"},
		"_defensive":    {"1"},
		"_dqs":          {"0"},
		"_pragma": {
			fmt.Sprintf("journal_size_limit(%d)", walLimit), fmt.Sprintf("wal_autocheckpoint(%d)", walPages),
			"trusted_schema(0)", "cell_size_check(1)",
		},
	}
	return dsn(c.Path, c.VFS, q)
}

// archiveDSN has no log: the archive is written seldom and must lie there as one
// file. Without a log only EXTRA makes the last commit survive.
func (c Config) archiveDSN(path string) string {
	return dsn(path, c.VFS, url.Values{
		"_txlock": {"immediate"}, "_journal_mode": {"DELETE"}, "_synchronous": {c.archiveSync()}, "_busy_timeout": {strconv.Itoa(busyTimeout)},
		"_dqs": {"0"}, "_pragma": {"trusted_schema(0)", "cell_size_check(1)"},
	})
}

func (c Config) archiveSync() string {
	if c.TestOnlySynchronous == "FULL" {
		return "EXTRA"
	}
	return c.TestOnlySynchronous
}

func (c Config) archiveWant() map[string]string {
	return map[string]string{"journal_mode": "delete", "synchronous": syncLevels[c.archiveSync()]}
}

func readerDSN(path, vfs string) string {
	return dsn(path, vfs, url.Values{
		"mode":          {"ro"},
		"_query_only":   {"on"},
		"_busy_timeout": {strconv.Itoa(busyTimeout)},
		"_dqs":          {"0"},
		"_pragma":       {"trusted_schema(0)", "cell_size_check(1)"},
	})
}

func dsn(path, vfs string, q url.Values) string {
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

// Open opens the book for writing, and makes it if it is not there. It fails
// with [ErrLocked], [ErrOtherKiosk] or [ErrCorrupt] rather than open a book
// that it cannot answer for.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Store, error) {
	cfg = cfg.withDefaults()
	if cfg.Path == "" || cfg.Kiosk == "" {
		return nil, errors.New("open book: path and kiosk must be given")
	}
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("open book: %w", err)
	}
	cfg.Path = path
	lock, err := takeLock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open book %s: %w", path, err)
	}
	s := &Store{cfg: cfg, log: log, lock: lock, wrote: time.Now(), Reader: &Reader{path: path, vfs: cfg.VFS}}
	if err := s.start(ctx); err != nil {
		s.disconnect()
		lock.Close()
		return nil, fmt.Errorf("open book %s: %w", path, err)
	}
	return s, nil
}

func (s *Store) start(ctx context.Context) error {
	// Made by us and not by SQLite: -wal and -shm take their permissions from it.
	if err := s.cfg.Disk.Touch(s.cfg.Path); err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	if err := quickCheck(ctx, s.db); err != nil {
		return err
	}
	if err := migrate(ctx, s.db); err != nil {
		return err
	}
	if err := s.claim(ctx); err != nil {
		return err
	}
	if err := s.cfg.Disk.Sync(filepath.Dir(s.cfg.Path)); err != nil {
		return err
	}
	if err := s.mendArchive(ctx); err != nil { // the book goes on without it; Verify tells
		s.log.Error("archive of the book", "error", err)
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	return s.Reader.open(ctx)
}

// takeLock keeps a second writing process out, for as long as the file is open.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock file: %w", err)
	}
	return f, nil
}

// connect opens the one writing connection and proves its settings.
func (s *Store) connect(ctx context.Context) error {
	db, err := sql.Open(databaseKind, s.cfg.writerDSN())
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	db.SetMaxOpenConns(1)
	s.db = db
	return provePragmas(ctx, db, s.cfg.want())
}

func provePragmas(ctx context.Context, db *sql.DB, settings map[string]string) error {
	for name, want := range settings {
		var got string
		if err := db.QueryRowContext(ctx, "pragma "+name).Scan(&got); err != nil {
			return fmt.Errorf("read back %s: %w", name, err)
		}
		if got != want {
			return fmt.Errorf("setting %s is %s, must be %s", name, got, want)
		}
	}
	return nil
}

func quickCheck(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "pragma quick_check(5)")
	if err != nil {
		return fmt.Errorf("%w: quick check: %w", ErrCorrupt, err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return fmt.Errorf("%w: quick check: %w", ErrCorrupt, err)
		}
		found = append(found, line)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%w: quick check: %w", ErrCorrupt, err)
	}
	if len(found) != 1 || found[0] != "ok" {
		return fmt.Errorf("%w: quick check: %s", ErrCorrupt, strings.Join(found, "; "))
	}
	return nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	have, newest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if have > newest {
		return fmt.Errorf("migrate: file has version %d, this program knows up to %d: install the program that wrote it, or a newer one", have, newest)
	}
	return nil
}

// claim writes the kiosk's id into a new file, and compares it in an old one.
func (s *Store) claim(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "insert into facts (name, text) values ('kiosk', ?) on conflict do nothing", s.cfg.Kiosk)
	if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	var owner string
	if err := s.db.QueryRowContext(ctx, "select text from facts where name = 'kiosk'").Scan(&owner); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	if owner != s.cfg.Kiosk {
		return fmt.Errorf("%w: %s", ErrOtherKiosk, owner)
	}
	return nil
}

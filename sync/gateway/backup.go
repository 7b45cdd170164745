package gateway

// Backup and restore: a copy of the book as of one moment, made beside a serving
// gateway, and a book made of such a copy.

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Backup writes a copy of the book to a new file: for a book in a file a book in
// a file, for PostgreSQL the archive of its own pg_dump. The file appears whole
// or not at all.
func (s *Store) Backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("back up to %s: there is something already", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("back up to %s: the folder must be there: %w", path, err)
	}
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("back up: %w", err)
	}
	err := s.engine.dump(ctx, s.read, part)
	if err == nil {
		err = settle(part, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("back up to %s: %w", path, err), ignoreMissing(os.Remove(part)))
	}
	return nil
}

// Restore makes a book of a backup, where there is none yet, brings it to the
// newest form and examines it. The book of a restore that ends with an error is
// not to be served.
func Restore(ctx context.Context, url, path string, log *slog.Logger) ([]Finding, error) {
	if err := namesBook(url); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("restore: the backup cannot be read: %w", err)
	}
	if err := engineOf(url).load(ctx, path); err != nil {
		if notADatabase(err) {
			err = fmt.Errorf("%w; it is no backup of a book in a file: what gateway backup made of a book on PostgreSQL goes back with --db postgres://", err)
		}
		return nil, fmt.Errorf("restore %s: %w", path, err)
	}
	s, err := Open(ctx, url, StoreConfig{}, log)
	if err != nil {
		return nil, fmt.Errorf("restore %s: %w", path, err)
	}
	findings, err := s.Examine(ctx)
	return findings, errors.Join(err, s.Close())
}

// settle gives a finished file its name and puts both on the disk.
func settle(part, path string) error {
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// dump copies page by page, without a word of the log beside it, and has the copy checked.
func (f sqliteFile) dump(ctx context.Context, db *sql.DB, path string) error {
	if _, err := db.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	return checkFile(ctx, path)
}

// checkFile has SQLite check a file that nobody serves.
func checkFile(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", sqliteFile(path).dsn(url.Values{"mode": {"ro"}, "immutable": {"1"}}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var check string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&check); err != nil {
		return err
	}
	if check != "ok" {
		return fmt.Errorf("quick_check: %s", check)
	}
	return nil
}

func (f sqliteFile) load(ctx context.Context, path string) error {
	for _, name := range []string{string(f), string(f) + "-wal", string(f) + "-journal"} {
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("there is a book already: %s", name)
		}
	}
	if err := checkFile(ctx, path); err != nil {
		return err
	}
	part := string(f) + ".part"
	err := copyFile(part, path)
	if err == nil {
		err = settle(part, string(f))
	}
	return err
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Join(err, src.Close())
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, src.Close(), dst.Close())
}

// dump is PostgreSQL's own pg_dump: it reads one snapshot.
func (p *postgres) dump(ctx context.Context, _ *sql.DB, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600) // what lies in it is nobody else's business
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return p.program(ctx, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file="+path)
}

// load fills an empty database, all or nothing.
func (p *postgres) load(ctx context.Context, path string) (err error) {
	db, err := p.connect(StoreConfig{}, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables); err != nil {
		return err
	}
	if tables > 0 {
		return errors.New("there is a book already: the database is not empty")
	}
	return p.program(ctx, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", path)
}

// program runs one of PostgreSQL's own. The password goes by its environment,
// where other users cannot see it.
func (p *postgres) program(ctx context.Context, name string, args ...string) error {
	u, err := url.Parse(p.url)
	if err != nil {
		return errors.New("the database's URL cannot be parsed")
	}
	env := os.Environ()
	if password, ok := u.User.Password(); ok {
		env = append(env, "PGPASSWORD="+password)
		u.User = url.User(u.User.Username())
	}
	cmd := exec.CommandContext(ctx, name, append(args, "--dbname="+u.String())...)
	cmd.Env = env
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(said.String()))
	}
	return nil
}

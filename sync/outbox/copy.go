package outbox

// The copy: a second book beside the first, replaced only by one that was
// proven whole.

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// beside names a file of the book: outbox.db -> outbox.copy.db.
func beside(path, what string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + "." + what + ext
}

// CopyPath is where the copy of a book lies.
func CopyPath(path string) string { return beside(path, "copy") }

// original is the book that a path is, or is the copy of.
func original(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(strings.TrimSuffix(path, ext), ".copy") + ext
}

// Copy makes a copy of the book, proves it and only then puts it in the place
// of the last one. Others may write meanwhile.
func (s *Store) Copy(ctx context.Context) error {
	if err := s.copyBook(ctx); err != nil {
		return fmt.Errorf("copy book: %w", err)
	}
	return nil
}

func (s *Store) copyBook(ctx context.Context) error {
	final, disk := CopyPath(s.cfg.Path), s.cfg.Disk
	fresh := final + ".new"
	for _, leftover := range []string{fresh, fresh + "-journal"} { // of a copy that was cut short
		if err := disk.Remove(leftover); err != nil {
			return err
		}
	}
	if err := s.vacuumInto(ctx, fresh); err != nil {
		return err
	}
	if err := s.unconfirm(ctx, fresh); err != nil {
		return err
	}
	if err := disk.Sync(fresh); err != nil {
		return err
	}
	if err := proveCopy(ctx, fresh, s.cfg.VFS); err != nil {
		return err
	}
	if err := disk.Rename(fresh, final); err != nil {
		return err
	}
	return disk.Sync(filepath.Dir(final))
}

func (s *Store) vacuumInto(ctx context.Context, fresh string) error {
	db, err := sql.Open(databaseKind, dsn(s.cfg.Path, s.cfg.VFS, url.Values{
		"mode": {"ro"}, "_busy_timeout": {strconv.Itoa(busyTimeout)},
	}))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "vacuum into ?", fresh); err != nil {
		return fmt.Errorf("write it: %w", err)
	}
	return db.Close()
}

// unconfirm takes out of the copy that the gateway was heard: when it is put back,
// the gateway may hold more than it does.
func (s *Store) unconfirm(ctx context.Context, fresh string) error {
	db, err := sql.Open(databaseKind, s.cfg.archiveDSN(fresh))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "delete from facts where name = ?", factConfirmed); err != nil {
		return fmt.Errorf("mark it as a copy: %w", err)
	}
	return db.Close()
}

func proveCopy(ctx context.Context, path, vfs string) error {
	r := &Reader{path: path, vfs: vfs}
	defer r.shut()
	if err := r.open(ctx); err != nil {
		return fmt.Errorf("prove it: %w", err)
	}
	if err := r.view(ctx, "prove it", func(q querier) error { return verifyBook(ctx, q) }); err != nil {
		return err
	}
	return r.shut()
}

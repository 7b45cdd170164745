package booktest

// The book that is copied.

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tserve/jolly/sync/gateway"
)

// empty is an empty book of the newest form, byte by byte, once somebody wanted it.
var empty struct {
	once sync.Once
	book []byte
	err  error
}

// File is an empty book of this test alone.
func File(t testing.TB) string {
	t.Helper()
	empty.once.Do(func() { empty.book, empty.err = made(t.Context()) })
	if empty.err != nil {
		t.Fatal(empty.err)
	}
	path := filepath.Join(t.TempDir(), "book.db")
	if err := os.WriteFile(path, empty.book, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func made(ctx context.Context) (book []byte, err error) {
	dir, err := os.MkdirTemp("", "book-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "book.db")
	s, err := gateway.Open(ctx, path, gateway.StoreConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil { // all that was written is in the file now
		return nil, err
	}
	return os.ReadFile(path)
}

package pgtest

// The server that the other tests lean on: it keeps what it promised.

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestServerKeepsWhatItPromisedWhenKilled(t *testing.T) {
	ctx := t.Context()
	s, err := New(ctx)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	t.Cleanup(func() {
		if !closed {
			t.Error(s.Close())
		}
	})
	if err := s.Create(ctx, "book", ""); err != nil {
		t.Fatal(err)
	}
	do := func(database, statement string) {
		t.Helper()
		conn, err := pgx.Connect(ctx, s.URL(database))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	do("book", "CREATE TABLE kept (n bigint); INSERT INTO kept VALUES (42)")
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.Connect(ctx, s.URL("book")); err == nil {
		t.Fatal("the killed server answers")
	}
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Memory(); err != nil || m < 1<<20 {
		t.Errorf("memory %d, %v", m, err)
	}
	if err := s.Create(ctx, "copy", "book"); err != nil {
		t.Fatal(err)
	}
	do("copy", "DO $$ BEGIN ASSERT (SELECT n FROM kept) = 42; END $$")
	if err := s.Drop(ctx, "copy"); err != nil {
		t.Fatal(err)
	}
	closed = true
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}

package main

// The key that hides citizens: made once, kept, refused when it is cut.

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

func TestThePeopleKeyIsMadeOnceAndKept(t *testing.T) {
	log, book := slog.New(slog.DiscardHandler), filepath.Join(t.TempDir(), "book.db")
	first, err := peopleKey("", "sqlite:"+book, log)
	if err != nil || len(first) != 32 {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	again, err := peopleKey("", book, log)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("another key after a restart: %v", err)
	}
	named := filepath.Join(t.TempDir(), "key")
	other, err := peopleKey(named, book, log)
	if err != nil || bytes.Equal(first, other) {
		t.Errorf("the same key for another gateway: %v", err)
	}
	if info, err := os.Stat(named); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(named, other[:31], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := peopleKey(named, book, log); err == nil {
		t.Error("half a key was taken")
	}
	if key, err := peopleKey("", "postgres://localhost/x", log); key != nil || err != nil {
		t.Errorf("a server's book got %v, %v", key, err)
	}
}

func TestTheOperatorsKeyLiesBesideTheBook(t *testing.T) {
	log, book := slog.New(slog.DiscardHandler), filepath.Join(t.TempDir(), "book.db")
	first, err := operatorsKey("", "sqlite:"+book, log)
	if err != nil || len(first) != 32 {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	if people, err := peopleKey("", book, log); err != nil || bytes.Equal(first, people) {
		t.Errorf("one key for both: %v", err)
	}
	if again, err := operatorsKey(book+".operators-key", book, log); err != nil || !bytes.Equal(first, again) {
		t.Errorf("another key: %v", err)
	}
	if key, err := operatorsKey("", "postgres://localhost/x", log); key != nil || err != nil {
		t.Errorf("a server's book got %v, %v", key, err)
	}
}

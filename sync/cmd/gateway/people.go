package main

// The keys that are not in the book: what hides citizens in it, and what seals the
// operators' secrets. And the issuers of citizens' cards.

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/sync/gateway"
)

// cardCheck checks cards by the issuers' certificates at path; nil without them.
func cardCheck(path string, log *slog.Logger) (gateway.CardCheck, error) {
	if path == "" {
		log.Debug("no --csca: no card finds anything")
		return nil, nil
	}
	roots, err := proof.LoadRoots(path)
	if err != nil {
		return nil, fmt.Errorf("issuers of cards: %w", err)
	}
	csca, cns := roots.Len()
	log.Debug("issuers of cards", "documents", csca, "cns", cns)
	return gateway.CardsOf(roots), nil
}

// keySize is the size of a key in bytes.
const keySize = 32

// peopleKey is the key that hides citizens. A book on a server has no place for
// one beside it: without a path a random key lives as long as the process.
func peopleKey(path, book string, log *slog.Logger) ([]byte, error) {
	if path = keyPath(path, book, ".people-key"); path == "" {
		log.Warn("no --people-key: debts that are written now are not found by card or form after a restart")
		return nil, nil
	}
	key, err := keyFile(path)
	if err != nil {
		return nil, fmt.Errorf("people key: %w", err)
	}
	return key, nil
}

// operatorsKey is the key that seals what operators make their codes of. A book
// on a server has none unless a path is given.
func operatorsKey(path, book string, log *slog.Logger) ([]byte, error) {
	if path = keyPath(path, book, ".operators-key"); path == "" {
		log.Warn("no --operators-key: whoever reads the book, or a backup, can make the codes of its operators")
		return nil, nil
	}
	key, err := keyFile(path)
	if err != nil {
		return nil, fmt.Errorf("operators' key: %w", err)
	}
	return key, nil
}

// keyPath is where a key is; without a path beside a book in a file.
func keyPath(path, book, suffix string) string {
	if path != "" || strings.HasPrefix(book, "postgres://") || strings.HasPrefix(book, "postgresql://") {
		return path
	}
	return strings.TrimPrefix(book, "sqlite:") + suffix
}

// keyFile reads the key at path, and makes one where there is none yet.
func keyFile(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newKey(path)
	}
	if err != nil {
		return nil, err
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("%s: %d bytes, want %d", path, len(key), keySize)
	}
	return key, nil
}

// newKey writes a new key that nobody else may read; one that appeared meanwhile
// is left alone. It belongs to whom its folder belongs to: root may make it for
// the gateway's user.
func newKey(path string) ([]byte, error) {
	key := make([]byte, keySize)
	rand.Read(key) // never fails: crypto/rand ends the process instead
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(key)
	if err := errors.Join(err, f.Sync(), handOver(f), f.Close()); err != nil {
		return nil, err
	}
	return key, nil
}

// handOver gives a file to the owner of its folder, where we may.
func handOver(f *os.File) error {
	if os.Getuid() != 0 {
		return nil
	}
	info, err := os.Stat(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

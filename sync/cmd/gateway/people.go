package main

// Citizens: the key that hides them in the book, and the issuers of their cards.

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

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

// peopleKeySize is the size of a key in bytes.
const peopleKeySize = 32

// peopleKey reads the key at path, and makes one where there is none yet.
// Without a path it lies beside a book in a file; a book on a server has no such
// place, and then a random key lives as long as the process.
func peopleKey(path, book string, log *slog.Logger) ([]byte, error) {
	if path == "" {
		if strings.HasPrefix(book, "postgres://") || strings.HasPrefix(book, "postgresql://") {
			log.Warn("no --people-key: debts that are written now are not found by card or form after a restart")
			return nil, nil
		}
		path = strings.TrimPrefix(book, "sqlite:") + ".people-key"
	}
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newPeopleKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("people key: %w", err)
	}
	if len(key) != peopleKeySize {
		return nil, fmt.Errorf("people key %s: %d bytes, want %d", path, len(key), peopleKeySize)
	}
	return key, nil
}

// newPeopleKey writes a new key that nobody else may read; one that appeared
// meanwhile is left alone.
func newPeopleKey(path string) ([]byte, error) {
	key := make([]byte, peopleKeySize)
	rand.Read(key) // never fails: crypto/rand ends the process instead
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make people key: %w", err)
	}
	_, err = f.Write(key)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("make people key: %w", err)
	}
	return key, nil
}

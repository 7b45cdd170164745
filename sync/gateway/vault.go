package gateway

// The vault: what lets an operator make codes is hidden in the book, under a key
// that is not in it. Who reads a stolen book, or a backup, cannot log in by it.

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// OperatorsKeySize is the size of the key of [StoreConfig.OperatorsKey].
const OperatorsKeySize = 32

// ErrSealed says that a secret of an operator is in the book and cannot be read:
// there is no key, or another one.
var ErrSealed = errors.New("the operator's TOTP secret cannot be read")

// vault seals and opens. The zero vault has no key: it seals nothing.
type vault struct {
	aead cipher.AEAD
	id   string // of the key, to tell another one in words
}

// sealedMark begins what was sealed; no base32 does.
const sealedMark = "k1:"

func newVault(key []byte) (vault, error) {
	if len(key) == 0 {
		return vault{}, nil
	}
	if len(key) != OperatorsKeySize {
		return vault{}, fmt.Errorf("operators' key: %d bytes, want %d", len(key), OperatorsKeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return vault{}, fmt.Errorf("operators' key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	sum := sha256.Sum256(append([]byte("operators' key "), key...))
	return vault{aead, hex.EncodeToString(sum[:4])}, err
}

// bound is what a sealed secret belongs to: moved to another account it does not open.
func bound(name string) []byte { return []byte("totp of " + name) }

// seal is a secret as the book keeps it.
func (v vault) seal(name, secret string) string {
	if v.aead == nil {
		return secret
	}
	nonce := make([]byte, v.aead.NonceSize())
	rand.Read(nonce) // never fails: crypto/rand ends the process instead
	return sealedMark + v.id + ":" + base64.RawStdEncoding.EncodeToString(v.aead.Seal(nonce, nonce, []byte(secret), bound(name)))
}

// open reads what the book keeps.
func (v vault) open(name, kept string) (string, error) {
	rest, sealed := strings.CutPrefix(kept, sealedMark)
	id, text, _ := strings.Cut(rest, ":")
	switch {
	case !sealed:
		return kept, nil // from before there was a key
	case v.aead == nil:
		return "", fmt.Errorf("%w: it was sealed with key %s, and there is none; give --operators-key, or reset the account", ErrSealed, clip(id))
	case id != v.id:
		return "", fmt.Errorf("%w: it was sealed with key %s, and this one is %s; give the right --operators-key, or reset the account", ErrSealed, clip(id), v.id)
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(b) < v.aead.NonceSize() {
		return "", fmt.Errorf("%w: it is damaged", ErrSealed)
	}
	secret, err := v.aead.Open(nil, b[:v.aead.NonceSize()], b[v.aead.NonceSize():], bound(name))
	if err != nil {
		return "", fmt.Errorf("%w: it is damaged, or another account's", ErrSealed)
	}
	return string(secret), nil
}

// sealOperators seals what an earlier gateway kept readable.
func (s *Store) sealOperators(ctx context.Context) error {
	open, err := s.readable(ctx, s.write)
	if err != nil || open == 0 || s.vault.aead == nil {
		return err
	}
	err = s.engine.wiping(ctx, s.write, func() error {
		return s.inTx(ctx, func(tx *sql.Tx) error {
			plain := map[string]string{}
			err := each(ctx, tx, func(rows *sql.Rows) error {
				var name, secret string
				err := rows.Scan(&name, &secret)
				plain[name] = secret
				return err
			}, "SELECT name, totp FROM operators WHERE totp NOT LIKE '"+sealedMark+"%'")
			for name, secret := range plain {
				if err == nil {
					_, err = tx.ExecContext(ctx, "UPDATE operators SET totp = $1 WHERE name = $2", s.vault.seal(name, secret), name)
				}
			}
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("seal operators' secrets: %w", err)
	}
	s.log.Info("operators' secrets sealed", "accounts", open)
	return nil
}

// readable counts the secrets that lie in the book for everybody to read.
func (s *Store) readable(ctx context.Context, q queryer) (n int, err error) {
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM operators WHERE totp NOT LIKE '"+sealedMark+"%'").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("read operators: %w", err)
	}
	return n, nil
}

// examineOperators finds secrets that a stolen book would give away.
func (s *Store) examineOperators(ctx context.Context) ([]Finding, error) {
	n, err := s.readable(ctx, s.read)
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return []Finding{found("operator-secrets", false, fmt.Sprintf("%d TOTP secrets can be read in the book: serve with --operators-key", n))}, nil
	}
	return []Finding{found("operator-secrets", true, "no TOTP secret can be read in the book")}, nil
}

// wiping overwrites what f drops from the file, also in the log beside it.
func (f sqliteFile) wiping(ctx context.Context, db *sql.DB, do func() error) error {
	if _, err := db.ExecContext(ctx, "PRAGMA secure_delete = ON"); err != nil {
		return err
	}
	err := do()
	for _, after := range []string{"PRAGMA secure_delete = OFF", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		_, failed := db.ExecContext(ctx, after)
		err = errors.Join(err, failed)
	}
	return err
}

// wiping: what was overwritten is gone from the server's disk when it cleans up
// after itself (VACUUM), and its log is recycled.
func (p *postgres) wiping(_ context.Context, _ *sql.DB, do func() error) error { return do() }

package gateway

// Challenges: random bytes that a citizen's card signs, each good for one lookup.

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/sync/api"
)

const (
	challengeBytes = 32
	challengeLife  = 3 * time.Minute // a card is read and signs within seconds; a PIN is typed before
)

// Challenge makes a challenge for one visit at one kiosk. The book keeps its
// hash alone, and forgets those whose time is over.
func (s *Store) Challenge(ctx context.Context, req api.ChallengeRequest) (api.Challenge, error) {
	var b [challengeBytes]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	c := api.Challenge{ID: uuid.NewString(), Bytes: b[:], LifeSeconds: int(challengeLife / time.Second)}
	now := s.now()
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM challenges WHERE expires_at <= $1", now.UnixMilli()); err != nil {
			return fmt.Errorf("forget old ones: %w", err)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO challenges (id, kiosk, visit, hash, expires_at) VALUES ($1, $2, $3, $4, $5)",
			c.ID, req.Kiosk, req.Visit, challengeHash(c.Bytes), now.Add(challengeLife).UnixMilli())
		return err
	})
	if err != nil {
		return api.Challenge{}, fmt.Errorf("make challenge: %w", err)
	}
	return c, nil
}

func challengeHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// useChallenge uses a challenge up and says whether it was good: issued to this
// kiosk for this visit, not used, not expired, and the same bytes. Whatever it
// says, the challenge is not good a second time; only one of another kiosk or
// visit stays as it was, for whom it was made.
func (s *Store) useChallenge(ctx context.Context, tx *sql.Tx, kioskID string, c api.CitizenSearch) (bool, error) {
	var hash string
	err := tx.QueryRowContext(ctx, "SELECT hash FROM challenges WHERE id = $1 AND kiosk = $2 AND visit = $3 AND expires_at > $4",
		c.Challenge, kioskID, c.Visit, s.now().UnixMilli()).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find challenge: %w", err)
	}
	res, err := tx.ExecContext(ctx, "DELETE FROM challenges WHERE id = $1", c.Challenge)
	if err != nil {
		return false, fmt.Errorf("use challenge: %w", err)
	}
	n, err := res.RowsAffected()
	same := subtle.ConstantTimeCompare([]byte(hash), []byte(challengeHash(c.Card.Challenge))) == 1
	return n == 1 && same, err
}

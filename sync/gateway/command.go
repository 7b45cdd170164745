package gateway

// Commands to kiosks: kept until the kiosk tells what became of them, sent with
// each answer to a heartbeat until then. The kiosk carries each out once.

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tserve/jolly/sync/api"
)

// CommandLife is how long a command may wait for a kiosk at rest.
const CommandLife = 4 * time.Hour

// most is how many commands one answer carries.
const mostCommands = 20

// Order signs a command and keeps it for its kiosk.
func (s *Store) Order(ctx context.Context, kioskID string, action api.CommandAction, by string, key ed25519.PrivateKey) (api.Command, error) {
	now := s.now()
	c := api.Command{ID: newOrderedID(), Kiosk: kioskID, Action: action, By: by, Made: now.UnixMilli(), Expires: now.Add(CommandLife).UnixMilli()}
	signed, err := api.SealCommand(c, key)
	if err != nil {
		return c, fmt.Errorf("order: %w", err)
	}
	document, err := json.Marshal(signed)
	if err != nil {
		return c, fmt.Errorf("order: %w", err)
	}
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO kiosk_commands (id, kiosk, action, who, document, made_at, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			c.ID, c.Kiosk, string(c.Action), c.By, string(document), c.Made, c.Expires)
		if err != nil {
			return err
		}
		return s.note(ctx, tx, Action{Operator: "console", Action: "kiosk.command", Object: c.Kiosk, Detail: string(c.Action) + " " + c.ID + ", " + c.By})
	})
	if err != nil {
		return c, fmt.Errorf("order: %w", err)
	}
	s.log.Warn("ordered", "kiosk", c.Kiosk, "action", string(c.Action), "command", c.ID, "by", c.By)
	return c, nil
}

// waitingCommands are those of a kiosk that have not ended and not expired.
func waitingCommands(ctx context.Context, tx *sql.Tx, kioskID string, now time.Time) ([]api.SignedCommand, error) {
	all := []api.SignedCommand{}
	var ids []string
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var id, document string
		if err := rows.Scan(&id, &document); err != nil {
			return err
		}
		var c api.SignedCommand
		ids, all = append(ids, id), append(all, c)
		return json.Unmarshal([]byte(document), &all[len(all)-1])
	}, "SELECT id, document FROM kiosk_commands WHERE kiosk = $1 AND ended_at = 0 AND expires > $2 ORDER BY made_at, id LIMIT $3", kioskID, now.UnixMilli(), mostCommands)
	if err != nil {
		return nil, fmt.Errorf("find commands: %w", err)
	}
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx, "UPDATE kiosk_commands SET sent_at = $1 WHERE id = $2 AND sent_at = 0", now.UnixMilli(), id); err != nil {
			return nil, fmt.Errorf("mark command: %w", err)
		}
	}
	return all, nil
}

// commandEnded keeps what a kiosk did with one of its commands: once, for ever.
func (s *Store) commandEnded(ctx context.Context, tx *sql.Tx, kioskID string, r api.CommandResult) error {
	res, err := tx.ExecContext(ctx, "UPDATE kiosk_commands SET ended_at = $1, result = $2, detail = $3 WHERE id = $4 AND kiosk = $5 AND ended_at = 0",
		s.now().UnixMilli(), string(r.Result), r.Detail, r.ID, kioskID)
	if err != nil {
		return fmt.Errorf("end command: %w", err)
	}
	n, err := res.RowsAffected()
	if err == nil && n == 1 {
		s.log.Info("command ended", "kiosk", kioskID, "command", r.ID, "result", string(r.Result), "detail", r.Detail)
	}
	return err
}

// Ordered is a command and what became of it.
type Ordered struct {
	ID      string    `json:"id"`
	Kiosk   string    `json:"kiosk"`
	Action  string    `json:"action"`
	By      string    `json:"by"`
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires"`
	Sent    time.Time `json:"sent,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Result  string    `json:"result"` // waiting, expired, done, failed, refused
	Detail  string    `json:"detail,omitempty"`
}

// Orders are the last commands of a kiosk, or of all, the newest first.
func (s *Store) Orders(ctx context.Context, kioskID string, limit int) ([]Ordered, error) {
	all := []Ordered{}
	moment := func(ms int64) time.Time {
		if ms == 0 {
			return time.Time{}
		}
		return time.UnixMilli(ms).UTC()
	}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var o Ordered
		var made, expires, sent, ended int64
		if err := rows.Scan(&o.ID, &o.Kiosk, &o.Action, &o.By, &made, &expires, &sent, &ended, &o.Result, &o.Detail); err != nil {
			return err
		}
		o.Made, o.Expires, o.Sent, o.Ended = moment(made), moment(expires), moment(sent), moment(ended)
		if o.Result == "" {
			if o.Result = "waiting"; !s.now().Before(o.Expires) {
				o.Result = "expired"
			}
		}
		all = append(all, o)
		return nil
	}, `SELECT id, kiosk, action, who, made_at, expires, sent_at, ended_at, result, detail FROM kiosk_commands
		WHERE kiosk = $1 OR $1 = '' ORDER BY made_at DESC, id DESC LIMIT $2`, kioskID, limit)
	if err != nil {
		return nil, fmt.Errorf("list commands: %w", err)
	}
	return all, nil
}

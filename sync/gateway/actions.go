package gateway

// What operators did: append-only, who, when, what, from where.

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Action is one act of an operator. It is written before the act is done, or in
// its transaction; an act that was refused has one that says so.
type Action struct {
	ID       string
	At       time.Time // the book's own, when it is written
	Operator string    // "" where nobody was let in
	Action   string    // "login", "payment.decide"
	Object   string    // the payment, the kiosk, the operator
	Detail   string
	Address  string
	Refused  bool
}

const maxDetail = 300

// note writes an action within a transaction.
func (s *Store) note(ctx context.Context, tx *sql.Tx, a Action) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO operator_actions (id, at, operator, action, object, detail, address, refused)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		newOrderedID(), s.now().UnixMilli(), clip(a.Operator), clip(a.Action), clip(a.Object), kept(a.Detail, maxDetail), clip(a.Address), asFlag(a.Refused))
	if err != nil {
		return fmt.Errorf("note the action: %w", err)
	}
	return nil
}

// kept is a text as the book can keep it.
func kept(s string, most int) string {
	s = strings.ReplaceAll(s, "\x00", "")
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}

func asFlag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Note writes an action that changes nothing in the book itself.
func (s *Store) Note(ctx context.Context, a Action) error {
	return s.inTx(ctx, func(tx *sql.Tx) error { return s.note(ctx, tx, a) })
}

// ActionsOn are the actions on one payment, kiosk or operator, the newest first.
func (s *Store) ActionsOn(ctx context.Context, object string, most int) ([]Action, error) {
	var q conditions
	q.add("object = ?", object)
	return s.actions(ctx, q, most)
}

// Actions are the newest actions; of one operator, or of all; before says where
// the page before ended.
func (s *Store) Actions(ctx context.Context, operator, before string, most int) ([]Action, error) {
	var q conditions
	if operator != "" {
		q.add("operator = ?", operator)
	}
	if before != "" {
		q.add("id < ?", before)
	}
	return s.actions(ctx, q, most)
}

func (s *Store) actions(ctx context.Context, q conditions, most int) ([]Action, error) {
	limit := q.arg(most)
	all := []Action{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var a Action
		var at int64
		err := rows.Scan(&a.ID, &at, &a.Operator, &a.Action, &a.Object, &a.Detail, &a.Address, &a.Refused)
		a.At = moment(at)
		all = append(all, a)
		return err
	}, "SELECT id, at, operator, action, object, detail, address, refused FROM operator_actions"+q.where()+
		" ORDER BY id DESC LIMIT "+limit, q.args...)
	if err != nil {
		return nil, fmt.Errorf("read actions: %w", err)
	}
	return all, nil
}

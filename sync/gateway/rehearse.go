package gateway

// Rehearsing a push: its statements, for whoever wants to know what they cost alone.

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tserve/jolly/sync/api"
)

// Statement is one that a push sends to the database, with its values.
type Statement struct {
	Text string
	Args []any
}

// tape is the key of the list that statements are written on.
type tape struct{}

func record(ctx context.Context, text string, args []any) {
	if list, ok := ctx.Value(tape{}).(*[]Statement); ok {
		*list = append(*list, Statement{text, args})
	}
}

// errRehearsed ends a rehearsal.
var errRehearsed = errors.New("this was a rehearsal")

// Rehearse does all of [Store.Push] but the COMMIT, and tells the statements
// between BEGIN and COMMIT. Run again they do the same as the push would have
// done, once. It is for measuring.
func (s *Store) Rehearse(ctx context.Context, kioskID string, rows []api.Row) ([]Statement, error) {
	p := &pushing{kiosk: kioskID}
	for _, row := range rows {
		p.rows = append(p.rows, p.read(row))
	}
	var list []Statement
	err := s.transact(ctx, pushOptions(), func(tx *sql.Tx) error {
		list = nil
		if err := s.take(context.WithValue(ctx, tape{}, &list), tx, p.rows); err != nil {
			return err
		}
		return errRehearsed
	})
	if !errors.Is(err, errRehearsed) {
		return nil, err
	}
	return list, nil
}

package gateway

// What owners have not been told yet, and the operator's word where telling does
// not help.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Untold is an outcome that the owner of a debt does not have yet.
type Untold struct {
	Payment string       `json:"payment"`
	Bill    string       `json:"bill"`
	Paid    bool         `json:"paid"`
	Amount  kiosk.Amount `json:"amount"`
	Since   time.Time    `json:"since"`
	Tries   int          `json:"tries"`
	State   string       `json:"state"` // due, or alarm: a person decides
	Meaning string       `json:"meaning"`
}

// Untold lists them, those that want a person first.
func (s *Store) Untold(ctx context.Context) ([]Untold, error) {
	all := []Untold{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var u Untold
		var at int64
		err := rows.Scan(&u.Payment, &u.Bill, &u.Paid, &u.Amount, &at, &u.Tries, &u.State, &u.Meaning)
		u.Since = time.UnixMilli(at)
		all = append(all, u)
		return err
	}, "SELECT payment, debt, paid, amount, at, tries, state, meaning FROM tellings WHERE state <> 'done' ORDER BY state, at, payment, debt")
	if err != nil {
		return nil, fmt.Errorf("read what is untold: %w", err)
	}
	return all, nil
}

// ErrNotUntold says that no owner waits for a word about a bill.
var ErrNotUntold = errors.New("nothing is left to be told about this bill: gateway node queue lists what is")

// TellAgain puts an outcome back into the queue, at its beginning.
func (s *Store) TellAgain(ctx context.Context, payment, bill string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "UPDATE tellings SET state = 'due', tries = 0, next_at = $1 WHERE payment = $2 AND debt = $3 AND state <> 'done'",
			s.now().UnixMilli(), payment, bill)
		if err != nil {
			return err
		}
		return oneRow(r)
	})
	if err != nil {
		return fmt.Errorf("tell again: %w", err)
	}
	return nil
}

func oneRow(r sql.Result) error {
	n, err := r.RowsAffected()
	if err == nil && n != 1 {
		return ErrNotUntold
	}
	return err
}

// SettleFor says an owner's last word in his place, after an alarm: ok, or
// duplicate, which makes bill and fee a refund case; ko of a bill that was not
// paid. It is final.
func (s *Store) SettleFor(ctx context.Context, payment, bill string, closing kiosk.Closing, by string) error {
	if by == "" || len(by) > maxKept {
		return errors.New("settle: say who decides, in 64 letters at most")
	}
	var found []telling
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		found = nil
		err := each(ctx, tx, func(rows *sql.Rows) error {
			t, err := s.scanTelling(rows)
			found = append(found, t)
			return err
		}, "SELECT "+tellingColumns+" FROM "+tellingRows+`
			WHERE t.payment = $1 AND t.debt = $2 AND t.state = 'alarm' AND t.paid = $3`, payment, bill, digit(closing != kiosk.ClosingKO))
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return ErrNotUntold
		}
		if found[0].outcome.Paid {
			if err := s.closeOwned(ctx, tx, found[0], closing); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "UPDATE tellings SET state = 'done', meaning = $1 WHERE payment = $2 AND debt = $3",
			clip(string(closing)+" by "+by), payment, bill)
		return err
	})
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	s.closed.ring()
	s.log.Warn("the operator spoke for an owner", "payment", payment, "bill", bill, "closing", string(closing), "by", by)
	return nil
}

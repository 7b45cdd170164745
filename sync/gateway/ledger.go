package gateway

// The ledger: double entry, append-only; the database refuses what does not sum to zero.

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// post writes one balanced transaction: the postings first, then the head that
// checks them.
func (w *writing) post(ctx context.Context, t outcome.Transaction) error {
	id := uuid.NewString()
	for position, e := range t.Entries {
		_, err := w.tx.ExecContext(ctx, "INSERT INTO ledger_postings (transaction_id, position, account, amount) VALUES ($1, $2, $3, $4)",
			id, position, e.Account, e.Amount)
		if err != nil {
			return fmt.Errorf("post %s: %w", e.Account, err)
		}
	}
	_, err := w.tx.ExecContext(ctx, "INSERT INTO ledger_transactions (id, payment, kind, row_id, at) VALUES ($1, $2, $3, $4, $5)",
		id, w.p.id, t.Kind, w.row.ID, w.now.UnixMilli())
	if err != nil {
		return fmt.Errorf("post %s: %w", t.Kind, err)
	}
	return nil
}

// Balance is what stands on one account: debit above zero, credit below.
type Balance struct {
	Account  string       `json:"account"`
	Balance  kiosk.Amount `json:"balance"`
	Postings int          `json:"postings"`
}

// Balances derives the balance of every account that was ever posted to. Their
// sum is zero; anything else is an error.
func (s *Store) Balances(ctx context.Context) ([]Balance, error) {
	all := []Balance{}
	var sum kiosk.Amount
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var b Balance
		err := rows.Scan(&b.Account, &b.Balance, &b.Postings)
		all = append(all, b)
		sum += b.Balance
		return err
	}, "SELECT account, balance, postings FROM ledger_balances ORDER BY account")
	if err != nil {
		return nil, fmt.Errorf("read balances: %w", err)
	}
	if sum != 0 {
		return all, fmt.Errorf("the ledger does not sum to zero but to %s", sum)
	}
	return all, nil
}

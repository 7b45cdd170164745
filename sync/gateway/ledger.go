package gateway

// The ledger: double entry, append-only; the database refuses what does not sum to zero.

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/tserve/jolly/kiosk"
)

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
		return all, fmt.Errorf("the ledger does not sum to zero but to %s: gateway doctor names the transactions", sum)
	}
	return all, nil
}

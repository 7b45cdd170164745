package gateway

// The ledger: double entry, append-only; the database refuses what does not sum to zero.

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
)

// The accounts; each creditor has one of its own, see [creditorAccount].
const (
	accountClearing = "acquirer-clearing" // money to come from the card scheme
	accountFees     = "fee-revenue"
	accountRefunds  = "refunds"        // owed back to citizens
	accountClaim    = "suspense:claim" // charges of unknown result, what they would bring
	accountHeld     = "suspense:held"  // and their other side; also money that fits nowhere
)

// creditorAccount is what is owed to a creditor.
func creditorAccount(code string) string { return "creditor:" + code }

// entry is one posting: debit above zero, credit below.
type entry struct {
	account string
	amount  kiosk.Amount
}

// entries moves the row's whole total from one account to another.
func (o *outcome) entries(debit, credit string) []entry {
	total := o.p.total
	return []entry{{debit, total}, {credit, -total}}
}

// settlement divides a paid total: each creditor its due and the fee to us, or
// bill and fee to the refunds where the debt was paid already.
func (o *outcome) settlement() []entry {
	all := []entry{{accountClearing, o.p.total}}
	for _, b := range o.bills {
		if b.closing == kiosk.ClosingDuplicate {
			all = append(all, entry{accountRefunds, -(b.amount + b.fee)})
			continue
		}
		all = append(all, entry{creditorAccount(b.creditor), -b.amount}, entry{accountFees, -b.fee})
	}
	return all
}

// post writes one balanced transaction: the postings first, then the head that
// checks them. Postings of nothing are left out.
func (o *outcome) post(ctx context.Context, kind string, entries []entry) error {
	id, position := uuid.NewString(), 0
	for _, e := range entries {
		if e.amount == 0 {
			continue
		}
		_, err := o.tx.ExecContext(ctx, "INSERT INTO ledger_postings (transaction_id, position, account, amount) VALUES ($1, $2, $3, $4)",
			id, position, e.account, e.amount)
		if err != nil {
			return fmt.Errorf("post %s: %w", e.account, err)
		}
		position++
	}
	if position == 0 {
		return nil
	}
	_, err := o.tx.ExecContext(ctx, "INSERT INTO ledger_transactions (id, payment, kind, row_id, at) VALUES ($1, $2, $3, $4, $5)",
		id, o.p.id, kind, o.row.ID, o.now.UnixMilli())
	if err != nil {
		return fmt.Errorf("post %s: %w", kind, err)
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

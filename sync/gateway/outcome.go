package gateway

// Outcomes: rows of payments. What a row does is decided by package outcome;
// here its facts are read and its change is written, in the request's transaction.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// applyOutcome reads the row's body and lets it act on its payment.
func (s *Store) applyOutcome(ctx context.Context, tx *sql.Tx, kioskID string, row api.Row) (outcome.Verdict, error) {
	r, refused, ok := outcome.Read(kioskID, outboxRow(row))
	if !ok {
		return refused, nil
	}
	w := writing{tx: tx, now: s.now(), row: row, body: r.Body}
	facts, err := w.facts(ctx)
	if err != nil {
		return outcome.Verdict{}, err
	}
	change := r.Apply(facts)
	if change.Ahead {
		return change.Verdict, w.closeAhead(ctx, kioskID)
	}
	return change.Verdict, w.write(ctx, change)
}

func outboxRow(r api.Row) kiosk.OutboxRow {
	return kiosk.OutboxRow{
		Sequence: uint64(r.Sequence), ID: r.ID, Payment: kiosk.PaymentID(r.Payment), Kind: kiosk.RowKind(r.Kind), Body: r.Body, Hash: r.Hash,
		OccurredAt: kiosk.Wall{UnixMilli: r.OccurredAt, Trusted: r.ClockTrusted},
	}
}

// writing is one row on its way into the book.
type writing struct {
	tx   *sql.Tx
	now  time.Time
	row  api.Row
	body outcome.Body
	p    payment
}

// facts reads what the book holds of the row's payment; nil when nothing.
func (w *writing) facts(ctx context.Context) (*outcome.Payment, error) {
	var err error
	w.p, err = loadPayment(ctx, w.tx, w.body.Payment)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := &outcome.Payment{ID: w.p.id, Kiosk: w.p.kiosk, State: w.p.state, Fee: w.p.fee, Total: w.p.total, STAN: w.p.charge().STAN}
	err = w.tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM ledger_transactions WHERE payment = $1 AND kind = 'unassigned')", w.p.id).Scan(&f.Unassigned)
	if err != nil {
		return nil, fmt.Errorf("look for money in suspense: %w", err)
	}
	bills, err := loadBills(ctx, w.tx, w.p.id)
	if err != nil {
		return nil, err
	}
	for _, b := range bills {
		f.Bills = append(f.Bills, outcome.Bill{
			Debt: b.debt, Creditor: b.creditor, Token: b.token, Amount: b.amount, Fee: b.fee, Closing: b.closing, Settled: b.settled,
		})
	}
	return f, nil
}

// closeAhead writes a payment that was not paid before it was ever activated.
func (w *writing) closeAhead(ctx context.Context, kioskID string) error {
	return insertPayment(ctx, w.tx, &payment{
		id: w.body.Payment, channel: channelJolly, kiosk: kioskID, state: outcome.NotPaid,
		activatedAt: w.now, expiresAt: w.now, closedAt: w.now,
	})
}

// write makes the change in the book: debts, bills, ledger, payment.
func (w *writing) write(ctx context.Context, c outcome.Change) error {
	if c.Close {
		for _, b := range c.Bills {
			if err := w.closeBill(ctx, b); err != nil {
				return err
			}
		}
	}
	for _, t := range c.Transactions {
		if err := w.post(ctx, t); err != nil {
			return err
		}
	}
	if c.To == "" {
		return nil
	}
	return w.close(ctx, c)
}

// closeBill writes one closing; an ok one marks its debt as paid.
func (w *writing) closeBill(ctx context.Context, b outcome.Bill) error {
	if b.Closing == kiosk.ClosingOK {
		_, err := w.tx.ExecContext(ctx, "UPDATE debts SET state = 'paid', paid_by = $1 WHERE id = $2 AND state <> 'paid'", w.p.id, b.Debt)
		if err != nil {
			return fmt.Errorf("settle debt: %w", err)
		}
	}
	_, err := w.tx.ExecContext(ctx, "UPDATE payment_bills SET closing = $1 WHERE payment = $2 AND debt = $3", b.Closing, w.p.id, b.Debt)
	if err != nil {
		return fmt.Errorf("close bill: %w", err)
	}
	return nil
}

// close writes the payment's new state and what the terminal said.
func (w *writing) close(ctx context.Context, c outcome.Change) error {
	charge := ""
	if c.Charge.Outcome != "" {
		b, err := json.Marshal(c.Charge)
		if err != nil {
			return err
		}
		charge = string(b)
	}
	taken := kiosk.Amount(0) // the terminal may not have told it
	if c.To == outcome.Paid {
		taken = w.p.total
	}
	_, err := w.tx.ExecContext(ctx, `UPDATE payments SET state = $1, closed_at = $2, ref = $3, charge_outcome = $4, charge_amount = $5, charge_json = $6
		WHERE id = $7`, c.To, sql.NullInt64{Int64: w.happened().UnixMilli(), Valid: c.To != outcome.Doubtful}, clip(w.body.Ref),
		string(c.Charge.Outcome), taken, charge, w.p.id)
	if err != nil {
		return fmt.Errorf("close payment: %w", err)
	}
	return nil
}

// happened is the moment of the row: by the kiosk's clock if that can be
// trusted and is not ahead of ours, else now.
func (w *writing) happened() time.Time {
	at := time.UnixMilli(w.row.OccurredAt)
	if w.row.ClockTrusted && at.Before(w.now) && at.After(w.p.activatedAt) {
		return at
	}
	return w.now
}

// charge is what the terminal said; zero when nothing was said.
func (p payment) charge() kiosk.ChargeResult {
	var c kiosk.ChargeResult
	if json.Unmarshal([]byte(p.chargeJSON), &c) != nil {
		return kiosk.ChargeResult{}
	}
	return c
}

package gateway

// Payments and their bills as rows of the book.

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

// payment is a row of the book.
type payment struct {
	id, channel, kiosk, requestHash, previous, receiptToken, ref string

	state       outcome.State
	fee, total  kiosk.Amount
	activatedAt time.Time
	expiresAt   time.Time
	closedAt    time.Time // zero while open

	result       kiosk.Outcome // of the charge
	chargeAmount kiosk.Amount
	chargeJSON   string
}

// alive says that the tokens can still be used for a charge.
func (p payment) alive(now time.Time) bool { return outcome.Alive(p.state, p.expiresAt, now) }

// paymentBill is one bill of a payment.
type paymentBill struct {
	debt, iuv, creditor, token string

	expected, amount, fee kiosk.Amount
	closing               kiosk.Closing
	settled               bool // the debt is paid, by whomever
	remote                bool // its owner has the last word, see [Source]
}

const paymentColumns = `id, channel, kiosk, request_hash, previous, receipt_token, ref, state, fee, total, activated_at, expires_at,
	coalesce(closed_at, 0), charge_outcome, charge_amount, charge_json`

// loadPayment reads a payment; [sql.ErrNoRows] when there is none.
func loadPayment(ctx context.Context, q queryer, id string) (payment, error) {
	return scanPayment(q.QueryRowContext(ctx, "SELECT "+paymentColumns+" FROM payments WHERE id = $1", id))
}

func loadByReceipt(ctx context.Context, q queryer, token string) (payment, error) {
	return scanPayment(q.QueryRowContext(ctx, "SELECT "+paymentColumns+" FROM payments WHERE receipt_token = $1", token))
}

func scanPayment(row interface{ Scan(...any) error }) (payment, error) {
	var p payment
	var activated, expires, closed int64
	err := row.Scan(&p.id, &p.channel, &p.kiosk, &p.requestHash, &p.previous, &p.receiptToken, &p.ref, &p.state, &p.fee, &p.total,
		&activated, &expires, &closed, &p.result, &p.chargeAmount, &p.chargeJSON)
	if err != nil {
		return p, err
	}
	p.activatedAt, p.expiresAt = time.UnixMilli(activated), time.UnixMilli(expires)
	if closed != 0 {
		p.closedAt = time.UnixMilli(closed)
	}
	return p, nil
}

// insertPayment writes a new payment and gives it its receipt token.
func insertPayment(ctx context.Context, tx *sql.Tx, p *payment) error {
	p.receiptToken = newReceiptToken()
	_, err := tx.ExecContext(ctx, `INSERT INTO payments
		(id, channel, kiosk, request_hash, previous, state, fee, total, receipt_token, activated_at, expires_at, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		p.id, p.channel, p.kiosk, p.requestHash, p.previous, p.state, p.fee, p.total, p.receiptToken,
		p.activatedAt.UnixMilli(), p.expiresAt.UnixMilli(), sql.NullInt64{Int64: p.closedAt.UnixMilli(), Valid: !p.closedAt.IsZero()})
	if err != nil {
		return fmt.Errorf("write payment: %w", err)
	}
	return nil
}

func insertBill(ctx context.Context, tx *sql.Tx, payment string, position int, b paymentBill) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO payment_bills (payment, position, debt, expected, amount, fee, token, remote)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, payment, position, b.debt, b.expected, b.amount, b.fee, b.token, digit(b.remote))
	if err != nil {
		return fmt.Errorf("write bill of payment: %w", err)
	}
	return nil
}

// digit is a yes or no as the book keeps it.
func digit(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// loadBills reads the bills of a payment in the order of the cart.
func loadBills(ctx context.Context, q queryer, payment string) ([]paymentBill, error) {
	var bills []paymentBill
	err := each(ctx, q, func(rows *sql.Rows) error {
		var b paymentBill
		err := rows.Scan(&b.debt, &b.iuv, &b.creditor, &b.token, &b.expected, &b.amount, &b.fee, &b.closing, &b.settled, &b.remote)
		bills = append(bills, b)
		return err
	}, `SELECT b.debt, d.iuv, d.creditor, b.token, b.expected, b.amount, b.fee, b.closing, d.state = 'paid', b.remote
		FROM payment_bills b JOIN debts d ON d.id = b.debt WHERE b.payment = $1 ORDER BY b.position`, payment)
	if err != nil {
		return nil, fmt.Errorf("read bills of payment: %w", err)
	}
	return bills, nil
}

// Payment is how a payment stands.
func (s *Store) Payment(ctx context.Context, id string) (api.Payment, error) {
	p, bills, err := s.snapshot(ctx, func(q queryer) (payment, error) { return loadPayment(ctx, q, id) })
	if errors.Is(err, sql.ErrNoRows) {
		return api.Payment{}, refuse(api.ProblemCodePaymentUnknown, "")
	}
	if err != nil {
		return api.Payment{}, fmt.Errorf("read payment: %w", err)
	}
	answer := api.Payment{
		Payment: p.id, Kiosk: p.kiosk, State: s.publicState(p), Outcome: api.Outcome(p.result), Fee: int64(p.fee), Total: int64(p.total),
		Bills: []api.PaymentBill{},
	}
	if p.state == outcome.Paid {
		answer.Stan = p.charge().STAN
	}
	for _, b := range bills {
		if p.state == outcome.Expired {
			b.closing = kiosk.ClosingOpen // presumed here; a kiosk that asks knows better, and its word will count
		}
		answer.Bills = append(answer.Bills, api.PaymentBill{
			BillID: b.debt, Amount: int64(b.amount), Fee: int64(b.fee), Closing: api.Closing(b.closing),
		})
	}
	return answer, nil
}

func (s *Store) publicState(p payment) api.PaymentState {
	switch {
	case p.state == outcome.Paid:
		return api.PaymentStatePaid
	case p.state == outcome.NotPaid:
		return api.PaymentStateNotPaid
	case p.state == outcome.Doubtful:
		return api.PaymentStateInVerification
	case p.alive(s.now()):
		return api.PaymentStateActive
	default:
		return api.PaymentStateExpired
	}
}

// snapshot reads a payment and its bills as of one moment.
func (s *Store) snapshot(ctx context.Context, load func(queryer) (payment, error)) (payment, []paymentBill, error) {
	if s.broken.Load() {
		return payment{}, nil, ErrBroken
	}
	tx, err := s.read.BeginTx(ctx, asOfOneMoment())
	if err != nil {
		return payment{}, nil, err
	}
	p, err := load(tx)
	if err != nil {
		return p, nil, errors.Join(err, rolledBack(tx.Rollback()))
	}
	bills, err := loadBills(ctx, tx, p.id)
	return p, bills, errors.Join(err, rolledBack(tx.Rollback()))
}

// charge is what the terminal said; zero when nothing was said.
func (p payment) charge() kiosk.ChargeResult {
	var c kiosk.ChargeResult
	if json.Unmarshal([]byte(p.chargeJSON), &c) != nil {
		return kiosk.ChargeResult{}
	}
	return c
}

package gateway

// Lookup: what is owed under a notice, and how the debt stands at this moment.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// feePerNotice is what the citizen pays for each notice.
const feePerNotice kiosk.Amount = 100

// Lookup answers what is owed under a notice. It changes nothing. A number that the creditor
// does not know is an answer (status unknown); an unknown or silent creditor is
// a [Refusal].
func (s *Store) Lookup(ctx context.Context, req api.NoticeSearch) (api.Quote, error) {
	if s.broken.Load() {
		return api.Quote{}, ErrBroken
	}
	c, err := findCreditor(ctx, s.read, req)
	if err != nil {
		return api.Quote{}, err
	}
	d, err := s.findDebt(ctx, s.read, c.code, req.Number)
	if errors.Is(err, sql.ErrNoRows) {
		return api.Quote{Bill: unknownBill(c, req.Number)}, nil
	}
	if err != nil {
		return api.Quote{}, fmt.Errorf("lookup: %w", err)
	}
	return api.Quote{Bill: s.bill(c, d), Fee: int64(feePerNotice)}, nil
}

type creditor struct {
	code, name string
}

func findCreditor(ctx context.Context, q queryer, req api.NoticeSearch) (creditor, error) {
	var c creditor
	var silent bool
	err := q.QueryRowContext(ctx, "SELECT code, name, silent FROM creditors WHERE code = $1 OR gln = $2 ORDER BY code = $1 DESC LIMIT 1",
		req.Creditor, nullable(req.Gln)).Scan(&c.code, &c.name, &silent)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return c, refuse(api.ProblemCodeCreditorUnknown, "")
	case err != nil:
		return c, fmt.Errorf("find creditor: %w", err)
	case silent:
		return c, refuse(api.ProblemCodeCreditorSilent, "")
	}
	return c, nil
}

func nullable(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// debt is a row of the book with what stands on it.
type debt struct {
	id, creditor, notice, iuv, subject, instalment, due, state string

	amount     kiosk.Amount  // as looked up
	activation sql.NullInt64 // as asked for at activation, when it differs
	standIn    bool
	doubtful   bool // a charge of unknown result stands on it
	held       bool // an activation of it lives
}

const debtQuery = `
SELECT d.id, d.creditor, d.notice, d.iuv, d.subject, d.instalment, d.due, d.state, d.amount, d.activation_amount, d.stand_in,
       EXISTS (SELECT 1 FROM payment_bills b JOIN payments p ON p.id = b.payment
               WHERE b.debt = d.id AND b.closing = '' AND p.state = 'doubtful'),
       EXISTS (SELECT 1 FROM payment_bills b JOIN payments p ON p.id = b.payment
               WHERE b.debt = d.id AND b.closing = '' AND p.state = 'active' AND p.expires_at > $1)
FROM debts d WHERE d.creditor = $2 AND d.notice = $3`

func (s *Store) findDebt(ctx context.Context, q queryer, creditor, notice string) (debt, error) {
	var d debt
	err := q.QueryRowContext(ctx, debtQuery, s.now().UnixMilli(), creditor, notice).Scan(&d.id, &d.creditor, &d.notice, &d.iuv,
		&d.subject, &d.instalment, &d.due, &d.state, &d.amount, &d.activation, &d.standIn, &d.doubtful, &d.held)
	return d, err
}

// status is how the debt stands at this moment.
func (d debt) status() api.BillStatus {
	return api.BillStatus(outcome.Debt{State: d.state, Doubtful: d.doubtful, Held: d.held}.Status())
}

// asked is the amount that an activation asks for.
func (d debt) asked() kiosk.Amount {
	if d.activation.Valid {
		return kiosk.Cents(d.activation.Int64)
	}
	return d.amount
}

func (s *Store) bill(c creditor, d debt) api.Bill {
	return api.Bill{
		ID: d.id, Creditor: d.creditor, CreditorName: c.name, Notice: d.notice, Iuv: d.iuv, Subject: d.subject,
		Instalment: d.instalment, Amount: int64(d.amount), Due: d.due, Late: s.late(d.due), Status: d.status(), StandIn: d.standIn,
	}
}

// late says that the due day is over in Italy.
func (s *Store) late(due string) bool {
	return due != "" && due < s.now().In(s.rome).Format("2006-01-02")
}

func unknownBill(c creditor, notice string) api.Bill {
	return api.Bill{
		Creditor: c.code, CreditorName: c.name, Notice: notice, Iuv: kiosk.NoticeNumber(notice).IUV(), Status: api.BillStatusUnknown,
	}
}

package gateway

// Lookup: what is owed under a notice, and how the debt stands at this moment.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// feePerNotice is what the citizen pays where the catalogue has no rule: neither
// of the bill's service nor of its creditor.
const feePerNotice kiosk.Amount = 100

// fee is what the citizen pays for a bill in a channel.
func (s *Store) fee(channel, creditor, service string) kiosk.Amount {
	if cents := s.catalogues.current().FeeOf(kiosk.CreditorCode(creditor), service, channel); cents > 0 {
		return cents
	}
	return feePerNotice
}

// quoteIn changes the fees of an answer, which are those of a kiosk, to those of
// the channel in which the payer stands.
func (s *Store) quoteIn(channel string, found api.Found) {
	for i, q := range found.Bills {
		if q.Fee > 0 {
			found.Bills[i].Fee = int64(s.fee(channel, q.Bill.Creditor, q.Bill.Service))
		}
	}
}

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
	if src := s.source(c.code); src != nil {
		return s.lookupAt(ctx, src, c, req.Number)
	}
	d, err := findDebt(ctx, s.read, s.now(), c.code, req.Number)
	if errors.Is(err, sql.ErrNoRows) {
		return api.Quote{Bill: unknownBill(c, req.Number)}, nil
	}
	if err != nil {
		return api.Quote{}, fmt.Errorf("lookup: %w", err)
	}
	return api.Quote{Bill: s.bill(c, d), Fee: int64(s.fee(channelJolly, d.creditor, d.service))}, nil
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
	id, creditor, notice, iuv, service, subject, instalment, due, state string

	amount     kiosk.Amount  // as looked up
	activation sql.NullInt64 // as asked for at activation, when it differs
	standIn    bool
	doubtful   bool // a charge of unknown result stands on it
	held       bool // an activation of it lives
	taken      bool // paid for, and its owner has not said yet that he has it
}

const debtQuery = `
SELECT d.id, d.creditor, d.notice, d.iuv, d.service, d.subject, d.instalment, d.due, d.state, d.amount, d.activation_amount, d.stand_in,
       EXISTS (SELECT 1 FROM payment_bills b JOIN payments p ON p.id = b.payment
               WHERE b.debt = d.id AND b.closing = '' AND p.state = 'doubtful'),
       EXISTS (SELECT 1 FROM payment_bills b JOIN payments p ON p.id = b.payment
               WHERE b.debt = d.id AND b.closing = '' AND p.state = 'active' AND p.expires_at > $1),
       EXISTS (SELECT 1 FROM payment_bills b JOIN payments p ON p.id = b.payment
               WHERE b.debt = d.id AND b.closing = '' AND p.state = 'paid')
FROM debts d WHERE `

// findDebt reads a debt and how it is held at a moment.
func findDebt(ctx context.Context, q queryer, at time.Time, creditor, notice string) (debt, error) {
	return scanDebt(q.QueryRowContext(ctx, debtQuery+"d.creditor = $2 AND d.notice = $3", at.UnixMilli(), creditor, notice))
}

func findDebtByID(ctx context.Context, q queryer, at time.Time, id string) (debt, error) {
	return scanDebt(q.QueryRowContext(ctx, debtQuery+"d.id = $2", at.UnixMilli(), id))
}

func scanDebt(row interface{ Scan(...any) error }) (debt, error) {
	var d debt
	err := row.Scan(&d.id, &d.creditor, &d.notice, &d.iuv, &d.service, &d.subject, &d.instalment, &d.due, &d.state, &d.amount,
		&d.activation, &d.standIn, &d.doubtful, &d.held, &d.taken)
	return d, err
}

// maxRead bounds what one search reads: more than one answer can hold, since
// some may have to be left out.
const maxRead = 10 * kiosk.MaxFound

// findDebts finds the debts that fit a condition, the oldest due first. Its
// arguments begin at $2.
func (s *Store) findDebts(ctx context.Context, condition string, args ...any) ([]debt, error) {
	if s.broken.Load() {
		return nil, ErrBroken
	}
	var all []debt
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		d, err := scanDebt(rows)
		all = append(all, d)
		return err
	}, fmt.Sprintf("%s%s ORDER BY CASE WHEN d.due = '' THEN 1 ELSE 0 END, d.due, d.id LIMIT %d", debtQuery, condition, maxRead),
		append([]any{s.now().UnixMilli()}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("find debts: %w", err)
	}
	return all, nil
}

// found makes an answer of debts, as many as it can hold.
func (s *Store) found(ctx context.Context, debts []debt) (api.Found, error) {
	answer := api.Found{Bills: []api.Quote{}}
	if len(debts) == 0 {
		return answer, nil
	}
	names, err := s.creditorNames(ctx)
	if err != nil {
		return answer, err
	}
	for _, d := range debts {
		if len(answer.Bills) == kiosk.MaxFound {
			answer.More = true
			break
		}
		c := creditor{code: d.creditor, name: names[d.creditor]}
		answer.Bills = append(answer.Bills, api.Quote{Bill: s.bill(c, d), Fee: int64(s.fee(channelJolly, d.creditor, d.service))})
	}
	return answer, nil
}

// status is how the debt stands at this moment.
func (d debt) status() api.BillStatus {
	return api.BillStatus(outcome.Debt{State: d.state, Doubtful: d.doubtful, Held: d.held, Taken: d.taken}.Status())
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
		Instalment: d.instalment, Amount: int64(d.amount), Due: d.due, Late: s.late(d.due), Status: d.status(), StandIn: d.standIn, Service: d.service,
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

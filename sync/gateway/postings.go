package gateway

// What reports are made of: the postings of the ledger with what they belong to,
// and the charges as the kiosks told them.

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// Posting is one posting of the ledger and the payment that it belongs to.
type Posting struct {
	Transaction string
	Kind        string
	At          time.Time
	Account     string
	Amount      kiosk.Amount // debit above zero, credit below
	Payment     string
	Channel     string
	Kiosk       string
}

// EachPosting hands over the postings of [from, to) in the order of their
// transactions, as of one moment.
func (s *Store) EachPosting(ctx context.Context, from, to time.Time, f func(Posting) error) error {
	err := s.view(ctx, func(q queryer) error {
		return each(ctx, q, func(rows *sql.Rows) error {
			var p Posting
			var at int64
			if err := rows.Scan(&p.Transaction, &p.Kind, &at, &p.Account, &p.Amount, &p.Payment, &p.Channel, &p.Kiosk); err != nil {
				return err
			}
			p.At = time.UnixMilli(at)
			return f(p)
		}, `SELECT t.id, t.kind, t.at, l.account, l.amount, p.id, p.channel, p.kiosk
			FROM ledger_transactions t JOIN ledger_postings l ON l.transaction_id = t.id JOIN payments p ON p.id = t.payment
			WHERE t.at >= $1 AND t.at < $2 ORDER BY t.at, t.id, l.position`, from.UnixMilli(), to.UnixMilli())
	})
	if err != nil {
		return fmt.Errorf("read postings: %w", err)
	}
	return nil
}

// Charge is one charge as a kiosk's own journal told it.
type Charge struct {
	Kiosk    string
	Payment  string
	At       time.Time // when the row was received: kiosks' clocks may be wrong
	Terminal string
	STAN     string
	Total    kiosk.Amount
	Accepted bool // the row did its work; otherwise it is parked
}

// EachCharge hands over the charges that kiosks told in [from, to).
func (s *Store) EachCharge(ctx context.Context, from, to time.Time, f func(Charge) error) error {
	err := s.view(ctx, func(q queryer) error {
		return each(ctx, q, func(rows *sql.Rows) error {
			var c Charge
			var at int64
			var row api.Row
			var verdict kiosk.VerdictCode
			if err := rows.Scan(&c.Kiosk, &row.Payment, &row.Kind, &at, &row.Body, &verdict); err != nil {
				return err
			}
			r, _, ok := outcome.Read(c.Kiosk, outboxRow(row))
			if !ok || r.Body.Charge.Outcome != kiosk.Charged {
				return nil
			}
			c.Payment, c.At, c.Accepted = r.Body.Payment, time.UnixMilli(at), verdict == kiosk.VerdictAccepted
			c.Terminal, c.STAN, c.Total = r.Body.Charge.TerminalID, r.Body.Charge.STAN, r.Body.Total
			return f(c)
		}, `SELECT kiosk, payment, kind, received_at, body, verdict FROM kiosk_rows
			WHERE received_at >= $1 AND received_at < $2 AND kind IN ('payment.paid', 'payment.resolved') ORDER BY received_at, kiosk, sequence`,
			from.UnixMilli(), to.UnixMilli())
	})
	if err != nil {
		return fmt.Errorf("read charges: %w", err)
	}
	return nil
}

// view reads as of one moment.
func (s *Store) view(ctx context.Context, f func(queryer) error) error {
	if s.broken.Load() {
		return ErrBroken
	}
	tx, err := s.read.BeginTx(ctx, asOfOneMoment())
	if err != nil {
		return err
	}
	err = f(tx)
	if rerr := rolledBack(tx.Rollback()); err == nil {
		err = rerr
	}
	return err
}

// Zone is the time of the reports' days.
func (s *Store) Zone() *time.Location { return s.rome }

// CreditorNames are the names by code.
func (s *Store) CreditorNames(ctx context.Context) (map[string]string, error) {
	return s.creditorNames(ctx)
}

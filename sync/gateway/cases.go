package gateway

// Cases that wait for a person: charges in doubt, money to be given back, alarms.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// RefundCase is money that is owed back to a citizen.
type RefundCase struct {
	Payment  string
	Bill     string // "": money that came for a payment that had been closed unpaid
	Creditor string
	Kiosk    string
	Ref      string
	Amount   kiosk.Amount // the bill and its fee
	Since    time.Time
	Settled  time.Time // zero: it is not
	By       string
	Transfer string // the reference of the transfer that settled it
}

const refundQuery = `SELECT c.payment, c.debt, c.creditor, c.kiosk, c.ref, c.amount, c.since, coalesce(r.at, 0), coalesce(r.operator, ''), coalesce(r.reference, '')
	FROM (SELECT b.payment, b.debt, d.creditor, p.kiosk, p.ref, b.amount + b.fee AS amount, coalesce(p.closed_at, p.activated_at) AS since
			FROM payment_bills b JOIN payments p ON p.id = b.payment JOIN debts d ON d.id = b.debt WHERE b.closing = 'duplicate'
		UNION ALL
		SELECT t.payment, '', '', p.kiosk, p.ref, l.amount, t.at
			FROM ledger_transactions t JOIN payments p ON p.id = t.payment JOIN ledger_postings l ON l.transaction_id = t.id AND l.account = 'acquirer-clearing'
			WHERE t.kind = 'unassigned') c
	LEFT JOIN refund_settlements r ON r.payment = c.payment AND r.debt = c.debt`

func scanRefund(row interface{ Scan(...any) error }) (c RefundCase, err error) {
	var since, settled int64
	err = row.Scan(&c.Payment, &c.Bill, &c.Creditor, &c.Kiosk, &c.Ref, &c.Amount, &since, &settled, &c.By, &c.Transfer)
	c.Since, c.Settled = moment(since), moment(settled)
	return c, err
}

// RefundCases are the open cases, the oldest first; or the settled ones, the
// newest first.
func (s *Store) RefundCases(ctx context.Context, settled bool, most int) ([]RefundCase, error) {
	which := " WHERE r.payment IS NULL ORDER BY c.since, c.payment, c.debt LIMIT $1"
	if settled {
		which = " WHERE r.payment IS NOT NULL ORDER BY r.at DESC, c.payment, c.debt LIMIT $1"
	}
	return s.refunds(ctx, which, most)
}

// RefundCasesOf are those of one payment.
func (s *Store) RefundCasesOf(ctx context.Context, payment string) ([]RefundCase, error) {
	return s.refunds(ctx, " WHERE c.payment = $1 ORDER BY c.debt", payment)
}

func (s *Store) refunds(ctx context.Context, which string, arg any) ([]RefundCase, error) {
	all := []RefundCase{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		c, err := scanRefund(rows)
		all = append(all, c)
		return err
	}, refundQuery+which, arg)
	if err != nil {
		return nil, fmt.Errorf("read refund cases: %w", err)
	}
	return all, nil
}

// What can be wrong with a settlement.
var (
	ErrNoRefund   = errors.New("nothing is owed back for this bill")
	ErrRefunded   = errors.New("this was given back already")
	ErrReference  = errors.New("the reference of a transfer is wanted: 6 to 35 letters, digits and signs")
	transferRefer = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ./:_-]{4,33}[A-Za-z0-9]$`)
)

// Settlement says that money was given back by a transfer.
type Settlement struct {
	Payment, Bill string
	Reference     string // the bank's own, of the transfer
	By            string
}

// SettleRefund ends a refund case: what was owed back has left by a transfer. It
// is done once, for ever; the ledger gets one transaction that empties the case.
func (s *Store) SettleRefund(ctx context.Context, x Settlement, a Action) error {
	x.Reference = strings.TrimSpace(x.Reference)
	if !transferRefer.MatchString(x.Reference) {
		return fmt.Errorf("settle refund: %w", ErrReference)
	}
	if x.By == "" || len(x.By) > maxKept {
		return errors.New("settle refund: say who settles, in 64 letters at most")
	}
	var c RefundCase
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		var err error
		c, err = scanRefund(tx.QueryRowContext(ctx, refundQuery+" WHERE c.payment = $1 AND c.debt = $2", x.Payment, x.Bill))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrNoRefund
		case err != nil:
			return fmt.Errorf("read case: %w", err)
		case !c.Settled.IsZero():
			return ErrRefunded
		}
		if err := s.postRefund(ctx, tx, c, x); err != nil {
			return err
		}
		return s.note(ctx, tx, a)
	})
	if err != nil {
		return fmt.Errorf("settle refund of %s: %w", clip(x.Payment), err)
	}
	s.log.Warn("a refund was settled", "payment", x.Payment, "bill", x.Bill, "amount", c.Amount.String(), "by", x.By)
	return nil
}

// postRefund takes the money from where it waits to the transfers.
func (s *Store) postRefund(ctx context.Context, tx *sql.Tx, c RefundCase, x Settlement) error {
	from := outcome.AccountRefunds
	if c.Bill == "" {
		from = outcome.AccountHeld
	}
	id, now := newOrderedID(), s.now().UnixMilli()
	entries := []outcome.Entry{{Account: from, Amount: c.Amount}, {Account: outcome.AccountTransfers, Amount: -c.Amount}}
	for i, e := range entries {
		_, err := tx.ExecContext(ctx, "INSERT INTO ledger_postings (transaction_id, position, legs, account, amount) VALUES ($1, $2, $3, $4, $5)",
			id, int64(i), int64(len(entries)), e.Account, int64(e.Amount))
		if err != nil {
			return fmt.Errorf("post: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO ledger_transactions (id, legs, payment, kind, row_id, at) VALUES ($1, $2, $3, $4, '', $5)",
		id, int64(len(entries)), c.Payment, outcome.KindRefunded, now)
	if err != nil {
		return fmt.Errorf("post: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO refund_settlements (payment, debt, amount, reference, operator, at, transaction_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, c.Payment, c.Bill, int64(c.Amount), x.Reference, x.By, now, id)
	if err != nil {
		return fmt.Errorf("write settlement: %w", err)
	}
	return nil
}

// Notice is an alarm: a row that was parked or that contradicts one that is kept.
type Notice struct {
	ID       string
	At       time.Time
	Reason   string
	Kiosk    string
	Sequence int64
	Parked   string // the kind of the row that is kept and did nothing; "" where no row is kept
	Payment  string
	Seen     time.Time // zero: nobody acknowledged it
	By       string
	Note     string
}

const noticeQuery = `SELECT a.id, a.at, a.reason, a.kiosk, a.sequence, coalesce(r.kind, '') AS parked, a.payment,
		coalesce(k.at, 0) AS seen, coalesce(k.operator, '') AS operator, coalesce(k.note, '') AS note
	FROM alarms a LEFT JOIN acknowledgements k ON k.alarm = a.id
	LEFT JOIN kiosk_rows r ON r.kiosk = a.kiosk AND r.sequence = a.sequence AND r.id = a.row_id AND r.verdict = 'parked'`

// Notices are the alarms that nobody acknowledged, or those that somebody did;
// the newest first.
func (s *Store) Notices(ctx context.Context, seen bool, most int) ([]Notice, error) {
	which := " WHERE k.at IS NULL"
	if seen {
		which = " WHERE k.at IS NOT NULL"
	}
	all := []Notice{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var n Notice
		var at, ack int64
		err := rows.Scan(&n.ID, &at, &n.Reason, &n.Kiosk, &n.Sequence, &n.Parked, &n.Payment, &ack, &n.By, &n.Note)
		n.At, n.Seen = moment(at), moment(ack)
		all = append(all, n)
		return err
	}, noticeQuery+which+" ORDER BY a.at DESC, a.id LIMIT $1", most)
	if err != nil {
		return nil, fmt.Errorf("read alarms: %w", err)
	}
	return all, nil
}

// ErrNoNotice says that there is no such alarm, or that it was acknowledged already.
var ErrNoNotice = errors.New("no such alarm waits")

// Acknowledge notes that a person looked at an alarm, and what he found. The
// alarm and its row stay as they are.
func (s *Store) Acknowledge(ctx context.Context, alarm, note string, a Action) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO acknowledgements (alarm, operator, note, at)
			SELECT id, $1, $2, $3 FROM alarms WHERE id = $4 ON CONFLICT (alarm) DO NOTHING`,
			clip(a.Operator), kept(note, maxDetail), s.now().UnixMilli(), alarm)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrNoNotice, err)
		}
		return s.note(ctx, tx, a)
	})
	if err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// CaseCounts counts what waits for a person.
type CaseCounts struct{ Doubtful, Refunds, Notices int }

// OpenCases counts what waits for a person.
func (s *Store) OpenCases(ctx context.Context) (w CaseCounts, err error) {
	if s.broken.Load() {
		return w, ErrBroken
	}
	err = s.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM payments WHERE state = 'doubtful'),
		(SELECT count(*) FROM payment_bills WHERE closing = 'duplicate') + (SELECT count(*) FROM ledger_transactions WHERE kind = 'unassigned')
			- (SELECT count(*) FROM refund_settlements),
		(SELECT count(*) FROM alarms) - (SELECT count(*) FROM acknowledgements)`).
		Scan(&w.Doubtful, &w.Refunds, &w.Notices)
	if err != nil {
		return w, fmt.Errorf("count cases: %w", err)
	}
	return w, nil
}

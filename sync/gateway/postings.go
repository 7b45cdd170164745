package gateway

// What reports are made of: the postings of the ledger with what they belong to,
// and the charges as the kiosks told them.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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

// Settled is one bill that a payment of ours paid.
type Settled struct {
	Creditor string
	Payment  string
	At       time.Time // when it was posted
	IUV      string
	Token    string // the owner's, where the debt lives elsewhere
	Amount   kiosk.Amount
	StandIn  bool // an archive answered in place of the creditor
	Open     bool // its owner has not said yet that he has it
}

// ErrNotAsPosted says that bills and ledger tell different sums.
var ErrNotAsPosted = errors.New("the bills are not what was posted")

// EachSettled hands over the bills that are due to their creditors of payments
// posted in [from, to), in their order, as of one moment; those that went back
// since, because somebody else had paid them, are left out. Each payment's bills
// are held against its postings; where they differ it is [ErrNotAsPosted].
func (s *Store) EachSettled(ctx context.Context, from, to time.Time, f func(Settled) error) error {
	type sum struct{ payment, account string }
	err := s.view(ctx, func(q queryer) error {
		left := map[sum]kiosk.Amount{} // of the credit after all that went back
		err := each(ctx, q, func(rows *sql.Rows) error {
			var k sum
			var amount kiosk.Amount
			err := rows.Scan(&k.payment, &k.account, &amount)
			left[k] -= amount
			return err
		}, `SELECT t.payment, l.account, l.amount FROM ledger_transactions t JOIN ledger_postings l ON l.transaction_id = t.id
			WHERE l.account LIKE 'creditor:%' AND t.payment IN (SELECT x.payment FROM ledger_transactions x WHERE x.kind = 'paid' AND x.at >= $1 AND x.at < $2)`,
			from.UnixMilli(), to.UnixMilli())
		if err != nil {
			return err
		}
		err = each(ctx, q, func(rows *sql.Rows) error {
			var b Settled
			var at int64
			if err := rows.Scan(&b.Creditor, &b.Payment, &at, &b.IUV, &b.Token, &b.Amount, &b.StandIn, &b.Open); err != nil {
				return err
			}
			b.At = time.UnixMilli(at)
			left[sum{b.Payment, outcome.CreditorAccount(b.Creditor)}] -= b.Amount
			return f(b)
		}, `SELECT d.creditor, b.payment, t.at, d.iuv, b.token, b.amount, d.stand_in, CASE b.closing WHEN '' THEN 1 ELSE 0 END
			FROM ledger_transactions t JOIN payment_bills b ON b.payment = t.payment JOIN debts d ON d.id = b.debt
			WHERE t.kind = 'paid' AND t.at >= $1 AND t.at < $2 AND b.closing <> 'duplicate' ORDER BY t.at, t.id, b.position`,
			from.UnixMilli(), to.UnixMilli())
		if err != nil {
			return err
		}
		for k, amount := range left {
			if amount != 0 {
				return fmt.Errorf("%w: payment %s, %s: %s apart", ErrNotAsPosted, k.payment, k.account, amount)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read settled bills: %w", err)
	}
	return nil
}

// EachStray hands over the postings that belong to nothing: without the head of
// their transaction, or without its payment. There are none unless somebody went
// around the book's own guards; no period holds them.
func (s *Store) EachStray(ctx context.Context, f func(Posting) error) error {
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var p Posting
		if err := rows.Scan(&p.Transaction, &p.Payment, &p.Account, &p.Amount); err != nil {
			return err
		}
		return f(p)
	}, `SELECT l.transaction_id, coalesce(t.payment, ''), l.account, l.amount
		FROM ledger_postings l LEFT JOIN ledger_transactions t ON t.id = l.transaction_id LEFT JOIN payments p ON p.id = t.payment
		WHERE t.id IS NULL OR p.id IS NULL ORDER BY l.transaction_id, l.position`)
	if err != nil {
		return fmt.Errorf("look for stray postings: %w", err)
	}
	return nil
}

// Charge is one charge as the kiosk told it and as the ledger holds it.
type Charge struct {
	Kiosk    string
	Payment  string
	At       time.Time // when the card was charged, by the kiosk's clock where that could be trusted
	Terminal string
	STAN     string

	Told   bool // by the kiosk's own journal
	Total  kiosk.Amount
	Posted bool // to the account of what the acquirer owes
	Booked kiosk.Amount
}

// apart is what may lie between the moments that a row and its postings have of
// one transaction.
const apart = time.Minute

// EachCharge hands over the charges of [from, to), of which kiosks or ledger know,
// as of one moment. A charge belongs to the day on which the card was charged,
// however late its row came or a doubt ended: that is the day that the bank has.
func (s *Store) EachCharge(ctx context.Context, from, to time.Time, f func(Charge) error) error {
	err := s.view(ctx, func(q queryer) error {
		told, known, err := readTold(ctx, q, from, to)
		if err != nil {
			return err
		}
		booked := map[string]*Charge{}
		if err := readBooked(ctx, q, booked, " AND t.at >= $1", from.Add(-apart).UnixMilli()); err != nil {
			return err
		}
		for _, c := range told {
			if booked[c.Payment] == nil { // decided before it was told
				if err := readBooked(ctx, q, booked, " AND t.payment = $1", c.Payment); err != nil {
					return err
				}
			}
			if err := f(c.with(booked[c.Payment])); err != nil {
				return err
			}
		}
		for _, id := range slices.Sorted(maps.Keys(booked)) {
			if b := booked[id]; !known[id] && !b.At.Before(from) && b.At.Before(to) {
				b.Posted = true
				if err := f(*b); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read charges: %w", err)
	}
	return nil
}

// with adds what the ledger has to the charge that was posted: a second one of the
// same payment is posted nowhere.
func (c Charge) with(b *Charge) Charge {
	if b == nil || b.Posted || c.Kiosk != b.Kiosk || c.STAN != "" && b.STAN != "" && c.STAN != b.STAN {
		return c
	}
	c.Posted, c.Booked, b.Posted = true, b.Booked, true
	if c.STAN == "" { // an operator's decision, said again by the kiosk
		c.Terminal, c.STAN = b.Terminal, b.STAN
	}
	return c
}

// momentOf is, in SQL, when a row's thing happened: see [happened].
func momentOf(row string) string {
	return strings.ReplaceAll(`CASE WHEN r.clock_trusted = 1 AND r.occurred_at < r.received_at AND r.occurred_at > coalesce(p.activated_at, 0)
		THEN r.occurred_at ELSE r.received_at END`, "r.", row+".")
}

// doubted is, in SQL, when the card was asked for a payment whose charge was in doubt.
var doubted = "(SELECT min(" + momentOf("d") + ") FROM kiosk_rows d WHERE d.payment = p.id AND d.kiosk = p.kiosk AND d.kind = 'payment.doubtful')"

// readTold reads the charges that kiosks told: those of [from, to) in the order of
// their arrival, and which payments have one at all since then.
func readTold(ctx context.Context, q queryer, from, to time.Time) (told []Charge, known map[string]bool, err error) {
	known = map[string]bool{}
	numbers := map[[4]string]bool{}
	err = each(ctx, q, func(rows *sql.Rows) error {
		c := Charge{Told: true}
		var at int64
		var row api.Row
		var owner string // of the payment: another kiosk's word about it counts for nothing
		if err := rows.Scan(&c.Kiosk, &row.Payment, &row.Kind, &at, &row.Body, &owner); err != nil {
			return err
		}
		r, _, ok := outcome.Read(c.Kiosk, outboxRow(row))
		if !ok || r.Body.Charge.Outcome != kiosk.Charged {
			return nil
		}
		c.Payment, c.At = r.Body.Payment, time.UnixMilli(at)
		c.Terminal, c.STAN, c.Total = r.Body.Charge.TerminalID, r.Body.Charge.STAN, r.Body.Total
		number := [4]string{c.Kiosk, c.Payment, c.Terminal, c.STAN}
		again := numbers[number] || c.STAN == "" && known[c.Payment]
		numbers[number] = true
		if owner == "" || owner == c.Kiosk {
			known[c.Payment] = true
		}
		if !again && !c.At.Before(from) && c.At.Before(to) {
			told = append(told, c)
		}
		return nil
	}, "SELECT r.kiosk, r.payment, r.kind, coalesce(CASE WHEN r.kiosk = p.kiosk THEN "+doubted+" END, "+momentOf("r")+`) AS moment, r.body, coalesce(p.kiosk, '')
		FROM kiosk_rows r LEFT JOIN payments p ON p.id = r.payment
		WHERE r.received_at >= $1 AND r.kind IN ('payment.paid', 'payment.resolved') ORDER BY r.received_at, r.kiosk, r.sequence`,
		from.UnixMilli())
	return told, known, err
}

// readBooked adds, by payment, what the ledger has of charges.
func readBooked(ctx context.Context, q queryer, booked map[string]*Charge, which string, arg any) error {
	return each(ctx, q, func(rows *sql.Rows) error {
		c := &Charge{}
		var at int64
		p := payment{}
		if err := rows.Scan(&c.Payment, &c.Kiosk, &at, &c.Booked, &p.chargeJSON); err != nil {
			return err
		}
		if b := booked[c.Payment]; b != nil {
			b.Booked += c.Booked
			return nil
		}
		c.At, c.Terminal, c.STAN = time.UnixMilli(at), p.charge().TerminalID, p.charge().STAN
		booked[c.Payment] = c
		return nil
	}, "SELECT t.payment, p.kiosk, coalesce("+doubted+`, t.at) AS moment, l.amount, p.charge_json
		FROM ledger_postings l JOIN ledger_transactions t ON t.id = l.transaction_id JOIN payments p ON p.id = t.payment
		WHERE l.account = 'acquirer-clearing'`+which+" ORDER BY t.at, t.id", arg)
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

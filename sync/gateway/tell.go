package gateway

// What the owners of debts have to hear: the durable queue, and what becomes of
// a payment when an owner has spoken.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// counterDue is what the authorised counters owe to the circuit for each payment
// that they take (T-Serve's contracts).
const counterDue kiosk.Amount = 10

// circuit is what others owe for a bill that is paid in a channel.
func (s *Store) circuit(channel, creditor string) []outcome.Due {
	var due []outcome.Due
	if channel == string(api.ChannelCounter) || channel == string(api.ChannelTill) {
		due = append(due, outcome.Due{By: "channel:" + channel, Amount: counterDue})
	}
	if amount := s.catalogues.current().CircuitOf(kiosk.CreditorCode(creditor)); amount > 0 {
		due = append(due, outcome.Due{By: "creditor:" + creditor, Amount: amount})
	}
	return due
}

// States of a row of the queue.
const (
	tellDue   = "due"
	tellDone  = "done"  // the owner has it
	tellAlarm = "alarm" // telling it again will not help: a person decides
)

// telling is one row of the queue, and the debt that it is about.
type telling struct {
	outcome LoanOutcome
	circuit []outcome.Due
	tries   int
	nextAt  int64
}

func (t telling) payment() string  { return string(t.outcome.Payment) }
func (t telling) creditor() string { return string(t.outcome.Debt.Creditor) }

const tellingColumns = `t.payment, t.debt, t.key, t.token, t.paid, t.amount, t.fee, t.circuit, t.at, t.tries, t.next_at,
	d.creditor, d.notice, d.iuv, d.service, d.subject, d.instalment, d.due, d.stand_in, p.expires_at`

// tellingRows are the rows that [tellingColumns] are of.
const tellingRows = "tellings t JOIN debts d ON d.id = t.debt JOIN payments p ON p.id = t.payment"

// dueTellings are those that may be told now, the fresh ones first: what is
// tried for the first time is not held up by an owner who has been away for long.
func (s *Store) dueTellings(ctx context.Context, now time.Time, most int) ([]telling, error) {
	var all []telling
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		t, err := s.scanTelling(rows)
		all = append(all, t)
		return err
	}, fmt.Sprintf(`SELECT %s FROM %s
		WHERE t.state = 'due' AND t.next_at <= $1 ORDER BY t.tries, t.next_at, t.payment, t.debt LIMIT %d`, tellingColumns, tellingRows, most), now.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read what is to be told: %w", err)
	}
	return all, nil
}

func (s *Store) scanTelling(rows *sql.Rows) (telling, error) {
	var t telling
	var circuit, due string
	var at, expires int64
	o, d := &t.outcome, &t.outcome.Debt
	err := rows.Scan(&o.Payment, &d.ID, &o.Key, &o.Token, &o.Paid, &o.Amount, &o.Fee, &circuit, &at, &t.tries, &t.nextAt,
		&d.Creditor, &d.Notice, &d.IUV, &d.Service, &d.Subject, &d.Instalment, &due, &d.StandIn, &expires)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal([]byte(circuit), &t.circuit); err != nil {
		return t, fmt.Errorf("circuit: %w", err)
	}
	if d.Due, err = kiosk.ParseDate(due); err != nil {
		return t, fmt.Errorf("due: %w", err)
	}
	// Whoever repeats it writes the same: the amount is the bill's and not what the
	// debt's row says since, the day is the Italian one on every machine.
	d.Amount, d.Status, o.At = o.Amount, kiosk.BillPayable, time.UnixMilli(at).In(s.rome)
	o.Expires = time.UnixMilli(expires)
	return t, nil
}

// claim takes rows off the queue until the end of their lease: another gateway on
// the same book leaves them alone. One that dies meanwhile leaves them to whoever
// looks after the lease, and telling twice does no harm.
func (s *Store) claim(ctx context.Context, found []telling, lease time.Time) ([]telling, error) {
	if len(found) == 0 {
		return nil, nil
	}
	var ours []telling
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		ours = nil
		for _, t := range found {
			r, err := tx.ExecContext(ctx, `UPDATE tellings SET tries = tries + 1, next_at = $1
				WHERE payment = $2 AND debt = $3 AND state = 'due' AND next_at = $4 AND key = $5`,
				lease.UnixMilli(), t.payment(), t.outcome.Debt.ID, t.nextAt, t.outcome.Key)
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			if n == 1 {
				t.tries++
				ours = append(ours, t)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("take what is to be told: %w", err)
	}
	return ours, nil
}

// found keeps the token that an owner gave for a bill whose loan had no answer.
func (s *Store) foundToken(ctx context.Context, t telling) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE tellings SET token = $1 WHERE payment = $2 AND debt = $3 AND state = 'due'",
			t.outcome.Token, t.payment(), t.outcome.Debt.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep token: %w", err)
	}
	return nil
}

// later leaves a row in the queue; an alarm is written with it.
func (s *Store) later(ctx context.Context, t telling, state string, next time.Time, meaning string, alarm bool) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		ours, err := endTelling(ctx, tx, t, state, meaning, next)
		if alarm = alarm && ours; err != nil || !alarm {
			return err
		}
		return s.alarm(ctx, tx, alarmOf{reason: "owner-" + clip(meaning), payment: t.payment(), about: t.outcome.Debt.ID})
	})
	if err != nil {
		return fmt.Errorf("put off: %w", err)
	}
	if alarm {
		s.log.Error("alarm", "reason", "owner-"+clip(meaning), "payment", t.payment(), "bill", t.outcome.Debt.ID, "paid", t.outcome.Paid, "state", state)
	}
	return nil
}

// endTelling writes what came of a row; ours is false where the row says something
// else since. What was told meanwhile was told: that it was not the last word is for
// the owner to say, when he hears that one.
func endTelling(ctx context.Context, tx *sql.Tx, t telling, state, meaning string, next time.Time) (ours bool, err error) {
	r, err := tx.ExecContext(ctx, "UPDATE tellings SET state = $1, meaning = $2, next_at = $3 WHERE payment = $4 AND debt = $5 AND state = 'due' AND key = $6",
		state, clip(meaning), next.UnixMilli(), t.payment(), t.outcome.Debt.ID, t.outcome.Key)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n == 1, err
}

// errOwnerDiffers says that an owner's word does not fit what the book holds.
var errOwnerDiffers = errors.New("the owner's word does not fit the bill")

// owned lets an owner's last word close a bill: with it go the debt, the ledger
// and the row of the queue, in one transaction.
func (s *Store) owned(ctx context.Context, t telling, closing kiosk.Closing) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if t.outcome.Paid {
			if err := s.closeOwned(ctx, tx, t, closing); err != nil {
				return err
			}
		}
		_, err := endTelling(ctx, tx, t, tellDone, string(closing), s.now())
		return err
	})
	if err != nil {
		return fmt.Errorf("close as its owner says: %w", err)
	}
	s.log.Info("its owner has it", "payment", t.payment(), "bill", t.outcome.Debt.ID, "paid", t.outcome.Paid, "closing", string(closing), "tries", t.tries)
	s.closed.ring()
	return nil
}

func (s *Store) closeOwned(ctx context.Context, tx *sql.Tx, t telling, closing kiosk.Closing) error {
	g, err := s.open(ctx, tx, []string{t.payment()})
	if err != nil {
		return err
	}
	facts := g.facts(t.payment())
	if facts == nil {
		return errOwnerDiffers
	}
	at := slices.IndexFunc(facts.Bills, func(b outcome.Bill) bool { return b.Debt == t.outcome.Debt.ID })
	if at < 0 || facts.Bills[at].Settled && facts.Bills[at].Closing == kiosk.ClosingOpen && closing == kiosk.ClosingOK {
		return errOwnerDiffers // another payment settled it: no debt is paid twice, whoever says so
	}
	facts.Bills[at].Circuit = t.circuit // what was posted, whatever the catalogue says today
	change := outcome.Owned(*facts, t.outcome.Debt.ID, closing)
	if change.Code != kiosk.VerdictAccepted {
		return fmt.Errorf("%w: %s", errOwnerDiffers, change.Reason)
	}
	row := api.Row{ID: "owner:" + t.outcome.Debt.ID}
	if err := g.apply(facts.Kiosk, row, outcome.Body{Payment: t.payment()}, change); err != nil {
		return err
	}
	return g.write(ctx)
}

// alarmOf is something about a payment that a person has to look at.
type alarmOf struct{ reason, payment, about, kiosk string }

// alarm writes one; the same again is one alarm.
func (s *Store) alarm(ctx context.Context, tx *sql.Tx, a alarmOf) error {
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(a.reason+" "+a.payment+" "+a.about)).String()
	_, err := tx.ExecContext(ctx, `INSERT INTO alarms (id, at, reason, kiosk, sequence, row_id, payment, body, hash)
		SELECT $1, $2, $3, p.kiosk, 0, $4, p.id, '', '' FROM payments p WHERE p.id = $5 ON CONFLICT DO NOTHING`,
		id, s.now().UnixMilli(), clip(a.reason), clip(a.about), a.payment)
	if err != nil {
		return fmt.Errorf("write alarm: %w", err)
	}
	return nil
}

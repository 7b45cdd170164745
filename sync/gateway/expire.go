package gateway

// Expiry: every activation gets its outcome, also one of which nobody says anything.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// maxExpiries bounds one look: what is left is found by the next.
const maxExpiries = 500

// ExpiryConfig says when an activation that has no outcome is closed KO. The zero
// value of each field is its default.
type ExpiryConfig struct {
	Margin time.Duration // between its end and the word of its kiosk that nothing is left to be said: 5 min
	After  time.Duration // past its end, whatever its kiosk says or does not say: 72 h, a kiosk without power over a long week-end
}

// DefaultExpiry are the deadlines that count when nothing else is said.
func DefaultExpiry() ExpiryConfig {
	return ExpiryConfig{Margin: 5 * time.Minute, After: 72 * time.Hour}
}

func (c ExpiryConfig) filled() ExpiryConfig {
	if c.Margin <= 0 {
		c.Margin = DefaultExpiry().Margin
	}
	if c.After <= 0 {
		c.After = DefaultExpiry().After
	}
	return c
}

// expiring is an activation whose time has come.
type expiring struct {
	id, kiosk string
	unheard   bool // by the deadline alone: its kiosk has not said that nothing is left
}

// Expire closes activations KO that are over and have no outcome, and has the
// owners of their debts told: at once where the kiosk has said since that no
// payment is open in its journal and all of its rows are here, else after the
// deadline, with an alarm. A word of the kiosk that comes even later still wins, see
// [outcome.Expire]; what an owner was told meanwhile cannot be taken back, which is
// why the deadline is long. Charges in doubt are never ended by time.
//
// Each payment has its own transaction, and each of several gateways on one book
// may look: the first one closes it. The error joins those of payments that could
// not be closed; they are found again by the next look.
func (s *Store) Expire(ctx context.Context, cfg ExpiryConfig) (closed int, err error) {
	all, err := s.expiring(ctx, cfg.filled())
	if err != nil {
		return 0, fmt.Errorf("look for expired activations: %w", err)
	}
	var errs []error
	for _, x := range all {
		done, err := s.expire(ctx, x)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("expire payment %s: %w", x.id, err))
		case done:
			closed++
		}
		if ctx.Err() != nil {
			break
		}
	}
	return closed, errors.Join(errs...)
}

func (s *Store) expiring(ctx context.Context, cfg ExpiryConfig) ([]expiring, error) {
	now := s.now()
	var all []expiring
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var x expiring
		err := rows.Scan(&x.id, &x.kiosk, &x.unheard)
		all = append(all, x)
		return err
	}, fmt.Sprintf(`SELECT p.id, p.kiosk, CASE WHEN p.expires_at + $1 < coalesce(h.complete_at, 0) THEN 0 ELSE 1 END
		FROM payments p LEFT JOIN heartbeats h ON h.kiosk = p.kiosk
		WHERE p.state = 'active' AND p.expires_at < $2 AND p.request_hash <> 'seed'
		  AND (p.expires_at < $3 OR p.expires_at + $1 < h.complete_at)
		ORDER BY p.expires_at, p.id LIMIT %d`, maxExpiries),
		cfg.Margin.Milliseconds(), now.Add(-cfg.Margin).UnixMilli(), now.Add(-cfg.After).UnixMilli())
	return all, err
}

// expire closes one; done is false when somebody was faster.
func (s *Store) expire(ctx context.Context, x expiring) (done bool, err error) {
	tells := false
	err = s.transact(ctx, pushOptions(), func(tx *sql.Tx) error {
		done, tells = false, false
		g, err := s.open(ctx, tx, []string{x.id})
		if err != nil {
			return err
		}
		facts := g.facts(x.id)
		if facts == nil || g.now.Before(g.payments[x.id].expiresAt) {
			return nil
		}
		change, ok := outcome.Expire(*facts)
		if !ok {
			return nil
		}
		if err := g.apply(facts.Kiosk, api.Row{}, outcome.Body{Payment: x.id}, change); err != nil {
			return err
		}
		if err := g.write(ctx); err != nil {
			return err
		}
		done, tells = true, len(change.Tell) > 0
		if x.unheard {
			return s.alarm(ctx, tx, alarmOf{reason: reasonExpired, payment: x.id})
		}
		return nil
	})
	if err != nil || !done {
		return false, err
	}
	if tells {
		s.fresh.ring()
	}
	why := "vouched"
	if x.unheard {
		why = "deadline"
		s.log.Error("alarm", "reason", reasonExpired, "payment", x.id, "kiosk", x.kiosk)
	}
	s.meter.Expired(why)
	s.log.Warn("an activation without an outcome was closed KO", "payment", x.id, "kiosk", x.kiosk, "why", why)
	return true, nil
}

// Alarms about payments of which nobody says anything.
const (
	reasonSilent  = "activation-without-outcome" // its kiosk may still say something
	reasonExpired = "activation-expired"         // closed KO without a word of its kiosk
	reasonDoubt   = "doubt-without-decision"
)

// complete is the moment before which a kiosk has nothing more to say: that of its
// last heartbeat that vouches, or the one before. It is a moment of our own clock that
// the kiosk heard before it read its journal, so that a heartbeat that comes late, or
// again, says nothing about what was activated meanwhile.
func complete(ctx context.Context, tx *sql.Tx, b beat) (time.Time, error) {
	j := b.body.Journal
	asOf := min(j.AsOf, b.at.UnixMilli())
	if asOf <= milli(b.complete) {
		return b.complete, nil // it does not vouch, or for no more than before
	}
	c := outcome.Certificate{Open: j.OpenPayments, Waiting: b.body.Backlog.Rows + b.body.Backlog.Parked, Last: uint64(j.LastSequence)}
	var runs []api.Range
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var run api.Range
		err := rows.Scan(&run.From, &run.To)
		runs = join(runs, run)
		return err
	}, "SELECT first, last FROM kiosk_runs WHERE kiosk = $1 ORDER BY first", b.body.Kiosk)
	if err != nil {
		return b.complete, fmt.Errorf("read runs: %w", err)
	}
	have := make([][2]uint64, 0, len(runs))
	for _, run := range runs {
		have = append(have, [2]uint64{uint64(run.From), uint64(run.To)})
	}
	if !c.Complete(have...) {
		return b.complete, nil
	}
	return moment(asOf), nil
}

package gateway

// The teller: it tells the owners of debts how payments ended, until they have
// it, and watches for payments of which nobody says anything.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// TellerConfig says how patient the teller is. The zero value of each field is its default.
type TellerConfig struct {
	Parallel int           // owners told at the same time: 8
	Poll     time.Duration // between looks at the queue when nobody calls: 1 s
	Try      time.Duration // for one try, and until another gateway may take the row over: 45 s
	First    time.Duration // the longest wait after the first failure, doubling from there: 2 s
	Cap      time.Duration // the longest wait of all: 5 min
	Silence  time.Duration // after which an activation without an outcome, or a doubt without a decision, is an alarm: 24 h
	Watch    time.Duration // between looks for such silence, and for activations to be closed: 1 min
	Expiry   ExpiryConfig  // when an activation without an outcome is closed KO

	testOnlyStep func(step string) error // dies here
}

func (c TellerConfig) filled() TellerConfig {
	if c.Parallel <= 0 {
		c.Parallel = 8
	}
	for d, def := range map[*time.Duration]time.Duration{
		&c.Poll: time.Second, &c.Try: 45 * time.Second, &c.First: 2 * time.Second, &c.Cap: 5 * time.Minute,
		&c.Silence: 24 * time.Hour, &c.Watch: time.Minute,
	} {
		if *d <= 0 {
			*d = def
		}
	}
	c.Expiry = c.Expiry.filled()
	return c
}

// Teller empties the queue of what owners have to hear. Several on one book, in
// several processes, do no harm: a row is leased to one of them.
//
// What is known of a payment is never dropped and never changes its mind: the same
// key and the same body go out until the owner has answered. What happens between
// two steps is found in the book: the row is due until the transaction that closes
// the bill, books the refund case and ends the row, all at once.
//
// An activation that expired without a word of its kiosk is closed KO when the kiosk
// vouches that nothing is left to be said, see [Store.Expire]. Without that, a kiosk
// may have charged the card and be cut off: it is an alarm after a day, and closed
// after three. A KO that was told cannot be taken back: when the kiosk's row comes
// after all, the owner is told OK under another key, and where he refuses it a person
// decides with him whether the money stays or goes back.
type Teller struct {
	store *Store
	cfg   TellerConfig
	log   *slog.Logger
}

// NewTeller makes a teller; nothing happens before [Teller.Run] or [Teller.Once].
func NewTeller(store *Store, cfg TellerConfig, log *slog.Logger) *Teller {
	return &Teller{store: store, cfg: cfg.filled(), log: log}
}

// Run tells until ctx ends, and returns when nothing runs any more.
func (t *Teller) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	t.store.tellers.Add(1)
	defer t.store.tellers.Add(-1)
	wg.Go(func() { t.watch(ctx) })
	slots := make(chan struct{}, t.cfg.Parallel)
	done := make(chan struct{}, t.cfg.Parallel)
	for {
		fresh := t.store.fresh.next()
		due, err := t.claim(ctx, cap(slots)-len(slots))
		if err != nil && ctx.Err() == nil {
			t.log.Warn("what is to be told cannot be read", "error", err.Error())
		}
		for _, row := range due {
			slots <- struct{}{}
			wg.Go(func() {
				t.tell(ctx, row)
				<-slots
				select {
				case done <- struct{}{}:
				default:
				}
			})
		}
		poll := time.NewTimer(t.cfg.Poll/2 + rand.N(t.cfg.Poll/2+1))
		select {
		case <-ctx.Done():
			poll.Stop()
			return nil
		case <-fresh:
		case <-done:
		case <-poll.C:
		}
		poll.Stop()
	}
}

// Once tells what is due now, one after another, and says how many rows it tried.
func (t *Teller) Once(ctx context.Context) (int, error) {
	tried := 0
	for {
		due, err := t.claim(ctx, t.cfg.Parallel)
		if err != nil || len(due) == 0 {
			return tried, err
		}
		for _, row := range due {
			t.tell(ctx, row)
			tried++
		}
	}
}

func (t *Teller) claim(ctx context.Context, most int) ([]telling, error) {
	if most <= 0 {
		return nil, nil
	}
	now := t.store.now()
	found, err := t.store.dueTellings(ctx, now, most)
	if err != nil {
		return nil, err
	}
	return t.store.claim(ctx, found, now.Add(t.cfg.Try))
}

// step is a place where a test lets the process die.
func (t *Teller) step(name string) error {
	if t.cfg.testOnlyStep == nil {
		return nil
	}
	return t.cfg.testOnlyStep(name)
}

// errDied ends a try as if the process had ended.
var errDied = errors.New("died")

// tell makes one try, and writes what came of it. What came is written also when
// ctx ends meanwhile.
func (t *Teller) tell(ctx context.Context, row telling) {
	try, cancel := context.WithTimeout(ctx, t.cfg.Try)
	defer cancel()
	said := t.ask(try, &row)
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	err := t.step("answered")
	if err == nil && !errors.Is(said.err, errDied) {
		err = t.keep(keep, row, said)
	}
	if err != nil {
		// The row stays leased and due: it is told again.
		t.log.Error("what an owner said could not be kept", "payment", row.payment(), "bill", row.outcome.Debt.ID, "error", err.Error())
	}
}

// word is what an owner answered.
type word struct {
	closing kiosk.Closing // its last word; open: none
	meaning string        // why there is none
	alarm   bool
	final   bool
	err     error
}

// alarming is an answer that a person must look at; final says that telling it
// again will not help.
type alarming interface {
	error
	Alarm() (meaning string, final bool)
}

// ask tells the owner. A bill without a token is asked for again first, with the
// same key: what was lent is found again.
func (t *Teller) ask(ctx context.Context, row *telling) word {
	src := t.store.source(row.creditor())
	if src == nil {
		return word{meaning: "no-source", alarm: true}
	}
	if err := t.step("claimed"); err != nil {
		return word{err: err}
	}
	if pending(row.outcome.Token) {
		if s, ok := t.find(ctx, src, row); !ok {
			return s
		}
	}
	closing, err := src.Outcome(ctx, row.outcome)
	if err == nil && closing != kiosk.ClosingOpen {
		return word{closing: closing}
	}
	return t.failed(err)
}

func (t *Teller) failed(err error) word {
	var a alarming
	switch {
	case errors.As(err, &a):
		meaning, final := a.Alarm()
		return word{meaning: meaning, alarm: true, final: final, err: err}
	case err == nil:
		return word{meaning: "no-word"}
	}
	return word{meaning: "no-answer", err: err}
}

// find asks for the token of a loan whose answer was lost. What surely was not
// lent needs no outcome, unless a card was charged for it.
func (t *Teller) find(ctx context.Context, src Source, row *telling) (word, bool) {
	loan, err := src.Activate(ctx, loanOf(row.payment(), row.outcome.Debt))
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return t.notLent(refusal, row.outcome.Paid), false
	case err != nil:
		return t.failed(err), false
	}
	row.outcome.Token = loan.Token
	if err := t.step("found"); err != nil {
		return word{err: err}, false
	}
	if err := t.store.foundToken(ctx, *row); err != nil {
		return word{meaning: "no-book", err: err}, false
	}
	if row.outcome.Paid && loan.Amount != row.outcome.Amount {
		return word{meaning: "amount-differs", alarm: true, final: true}, false
	}
	return word{}, true
}

func (t *Teller) notLent(r *Refusal, paid bool) word {
	switch {
	case r.Code == api.ProblemCodeCreditorSilent:
		return word{meaning: "no-answer", err: r}
	case !paid:
		return word{closing: kiosk.ClosingKO}
	case r.Code == api.ProblemCodeBillPaid:
		return word{closing: kiosk.ClosingDuplicate} // somebody else was faster
	}
	return word{meaning: "not-lent-" + string(r.Code), alarm: true, err: r}
}

// keep writes what was said.
func (t *Teller) keep(ctx context.Context, row telling, s word) error {
	if s.closing != kiosk.ClosingOpen {
		err := t.store.owned(ctx, row, s.closing)
		if !errors.Is(err, errOwnerDiffers) {
			return err
		}
		s = word{meaning: "differs-" + string(s.closing), alarm: true, final: true, err: err}
	}
	state, next := tellDue, t.store.now().Add(t.backoff(row.tries))
	if s.final {
		state = tellAlarm
	}
	if s.err != nil {
		t.log.Warn("an owner did not take an outcome", "payment", row.payment(), "bill", row.outcome.Debt.ID, "tries", row.tries, "meaning", s.meaning,
			"error", s.err.Error())
	}
	return t.store.later(ctx, row, state, next, s.meaning, s.alarm)
}

// backoff is a random part of a time that doubles with each try, up to the cap.
func (t *Teller) backoff(tries int) time.Duration {
	most := t.cfg.Cap
	if doublings := max(tries-1, 0); doublings < 20 {
		most = min(most, t.cfg.First<<doublings)
	}
	return rand.N(most) + time.Millisecond
}

// Look looks once for payments of which nobody says anything: it closes those
// whose time has come, and raises alarms.
func (t *Teller) Look(ctx context.Context) error {
	_, err := t.store.Expire(ctx, t.cfg.Expiry)
	return errors.Join(err, t.store.Silences(ctx, t.cfg.Silence))
}

// watch looks now and then.
func (t *Teller) watch(ctx context.Context) {
	for {
		if err := t.Look(ctx); err != nil && ctx.Err() == nil {
			t.log.Warn("payments without an end were not all looked after", "error", err.Error())
		}
		wait := time.NewTimer(t.cfg.Watch + rand.N(t.cfg.Watch/4+1))
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
	}
}

// maxSilences bounds the alarms of one look.
const maxSilences = 500

// Silences raises an alarm for every activation that has been over for so long
// without an outcome, and for every charge that has been in doubt for so long. It
// ends none of them: the early warning, while the kiosk can still be looked after.
func (s *Store) Silences(ctx context.Context, after time.Duration) error {
	before := s.now().Add(-after).UnixMilli()
	var found []alarmOf
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var a alarmOf
		var state string
		err := rows.Scan(&a.payment, &a.kiosk, &state)
		if a.reason = reasonSilent; state == string(outcome.Doubtful) {
			a.reason = reasonDoubt
		}
		found = append(found, a)
		return err
	}, fmt.Sprintf(`SELECT p.id, p.kiosk, p.state FROM payments p
		WHERE ((p.state = 'active' AND p.expires_at < $1) OR (p.state = 'doubtful' AND p.activated_at < $1)) AND p.request_hash <> 'seed'
		  AND NOT EXISTS (SELECT 1 FROM alarms a WHERE a.payment = p.id AND a.reason IN ('%s', '%s'))
		ORDER BY p.activated_at LIMIT %d`, reasonSilent, reasonDoubt, maxSilences), before)
	if err != nil || len(found) == 0 {
		return err
	}
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		for _, a := range found {
			if err := s.alarm(ctx, tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range found {
		s.log.Error("alarm", "reason", a.reason, "payment", a.payment, "kiosk", a.kiosk)
	}
	return nil
}

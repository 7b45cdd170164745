package gateway

// The book: what is the same on every database that can carry it.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"
	_ "time/tzdata" // due days are days in Italy, also on a machine without zone files

	"github.com/tserve/jolly/sync/gateway/meter"
)

// ErrBroken says that a COMMIT failed: what the disk holds is known only after
// a new start. Only a book in a file of our own can break.
var ErrBroken = errors.New("the book is broken: a commit failed")

// ErrUnavailable says that the database cannot be asked at this moment, or did
// not tell whether it took a COMMIT. Whoever asks the same again, with the same
// ids, gets the answer.
var ErrUnavailable = errors.New("the book cannot be reached")

// StoreConfig says how the book is kept. The zero value of each field is its default.
type StoreConfig struct {
	Now      func() time.Time // time.Now
	ReadOnly bool             // open for reading only; the book must exist
	Writers  int              // connections that write at the same time, where the database allows more than one: 8

	OperatorsKey []byte // seals the operators' TOTP secrets, 32 bytes; nil: they lie in the book as they are

	PeopleKey []byte    // hides citizens and what they type; a random one that ends with the process
	Cards     CardCheck // judges the citizens' cards; nil: nothing is found by card

	testOnlyNoSync bool // property tests that need no durability
	testOnlyPlain  bool // PostgreSQL with the guards of engines that know fewer
}

// Store is the gateway's book.
type Store struct {
	engine engine
	write  *sql.DB // nil when read-only
	read   *sql.DB
	now    func() time.Time
	rome   *time.Location
	log    *slog.Logger
	broken atomic.Bool
	died   chan struct{} // closed when broken becomes true
	pushes pushQueue

	meter *meter.Meter

	catalogues catalogues
	sources    sources
	tellers    atomic.Int32 // that run in this process
	fresh      bell         // something is to be told
	closed     bell         // an owner has spoken
	people     peopleKey
	cards      CardCheck
	vault      vault
}

// Open opens the book, makes it if needed and brings it to the newest form. One
// URL chooses the database: postgres://... is a server, sqlite:PATH or a plain
// path is a file of our own.
func Open(ctx context.Context, url string, cfg StoreConfig, log *slog.Logger) (*Store, error) {
	if err := namesBook(url); err != nil {
		return nil, fmt.Errorf("open book: %w", err)
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("open book: %w", err)
	}
	if cfg.Writers <= 0 {
		cfg.Writers = 8
	}
	s := &Store{engine: engineOf(url), now: cfg.Now, rome: rome, log: log, died: make(chan struct{}), people: newPeopleKey(cfg.PeopleKey), cards: cfg.Cards}
	if s.now == nil {
		s.now = time.Now
	}
	s.pushes.take, s.pushes.leaders = s.takeSome, s.engine.groups()
	if s.vault, err = newVault(cfg.OperatorsKey); err != nil {
		return nil, fmt.Errorf("open book: %w", err)
	}
	s.write, s.read, err = s.engine.open(ctx, cfg)
	s.newMeter()
	if err == nil && s.write != nil {
		if err = s.migrate(ctx); err == nil {
			err = s.sealOperators(ctx)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open book: %w", whyNot(url, err)), s.Close())
	}
	return s, nil
}

// Close closes the book.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Died is closed when the book broke: the process must be started anew.
func (s *Store) Died() <-chan struct{} { return s.died }

// Ping says whether the book can be read.
func (s *Store) Ping(ctx context.Context) error {
	if s.broken.Load() {
		return ErrBroken
	}
	var one int
	return s.read.QueryRowContext(ctx, "SELECT 1 FROM creditors UNION SELECT 1 LIMIT 1").Scan(&one)
}

// How often a transaction that lost against another is tried, and the longest
// wait between two tries.
const (
	txTries   = 12
	txMaxWait = 250 * time.Millisecond
)

// inTx runs f in one write transaction, as if no other ran meanwhile. An error
// of f rolls back. A transaction that the database gave up for the sake of
// another is run again: f must have no effect outside of the transaction but to
// set what it answers.
func (s *Store) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	return s.transact(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable}, f)
}

func (s *Store) transact(ctx context.Context, opts *sql.TxOptions, f func(*sql.Tx) error) error {
	for try := 1; ; try++ {
		if s.broken.Load() {
			return ErrBroken
		}
		err := s.try(ctx, opts, f)
		if err == nil {
			return nil
		}
		kind := s.engine.kind(err)
		s.troubled(kind)
		if kind != faultLost || try == txTries {
			return err
		}
		s.meter.BookRetry()
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// pause waits a random part of a time that doubles with each try, up to [txMaxWait].
func pause(ctx context.Context, try int) error {
	wait := time.NewTimer(rand.N(min(txMaxWait, time.Millisecond<<try)))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return nil
	}
}

func (s *Store) try(ctx context.Context, opts *sql.TxOptions, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, opts)
	if err != nil {
		return s.told(fmt.Errorf("begin: %w", err))
	}
	if err := f(tx); err != nil {
		return s.told(errors.Join(err, rolledBack(tx.Rollback())))
	}
	return s.told(s.commit(ctx, tx))
}

// told marks the errors of a database that cannot be reached.
func (s *Store) told(err error) error {
	if err != nil && s.engine.kind(err) == faultAway {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// commit ends a transaction. Where its COMMIT failed without a word, what the
// database holds is looked up; where that is not possible, the book is broken.
func (s *Store) commit(ctx context.Context, tx *sql.Tx) error {
	mark := s.engine.mark(ctx, tx)
	err := tx.Commit()
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, sql.ErrTxDone):
		return err
	case s.engine.rolledBack(err):
		return fmt.Errorf("commit: %w", err)
	}
	s.log.Warn("a commit has no answer", "error", err.Error())
	known, lookErr := s.engine.committed(ctx, s.write, mark)
	switch {
	case lookErr == nil && known:
		return nil
	case lookErr == nil:
		return fmt.Errorf("%w: commit: %w", ErrUnavailable, err)
	case !errors.Is(lookErr, ErrBroken):
		return fmt.Errorf("%w: commit: %w; look up: %w", ErrUnavailable, err, lookErr)
	}
	if s.broken.CompareAndSwap(false, true) {
		s.log.Error("alarm", "reason", "commit-failed", "error", err.Error())
		close(s.died)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// rolledBack drops the error of a rollback that the driver had done already.
func rolledBack(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// asOfOneMoment is for reading several times what was true at one moment.
func asOfOneMoment() *sql.TxOptions {
	return &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
}

// queryer is what *sql.DB and *sql.Tx share.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// each runs a query and hands every row to scan.
func each(ctx context.Context, q queryer, scan func(*sql.Rows) error, query string, args ...any) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

package outbox

// The writer: its connection, its statements, and its end.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Store is the book, open for writing. What it can read is in [Reader].
type Store struct {
	*Reader

	cfg  Config
	log  *slog.Logger
	lock *os.File

	turn    sync.Mutex // guards the queue, the leader's place and the state below
	queue   []*write   // who waits, in order
	leading bool       // somebody runs a batch
	closed  bool
	broken  error     // why no more writes are taken
	wrote   time.Time // when a step was last asked to be written, or the book opened
	upkeep  Upkeep

	// Only the leader, or who holds no queue yet, touches these.
	db     *sql.DB
	conn   *sql.Conn
	stmts  statements
	heads  heads // of the chains, as they are durable
	places places

	confirmed atomic.Bool  // as it is durable
	inside    atomic.Int32 // saves that were asked for and not answered
	rooms     sync.Pool    // of *payment.State, empty
}

// statements are prepared once on the writing connection.
type statements struct {
	begin, commit, rollback     prepared
	addStep, putPayment, addRow prepared
	movePayment, passStep       prepared
	moveHead                    prepared

	lastStep, stepState, rowHash *sql.Stmt
	settle, retry, bump          *sql.Stmt
	changes                      *sql.Stmt
}

// direct are the statements of every step.
func (s *statements) direct() map[*prepared]string {
	return map[*prepared]string{
		&s.begin:    "begin immediate",
		&s.commit:   "commit",
		&s.rollback: "rollback",
		&s.addStep:  "insert into steps (n, payment, step, state, at_ms, at_sure, chain) values (?, ?, ?, ?, ?, ?, ?)",
		&s.putPayment: `insert into payments (first_n, last_n, id, ref, step, open, outcome, amount, fee, total, terminal, stan, auth, began_ms)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		&s.movePayment: `update payments set last_n = ?, step = ?, open = ?, outcome = ?, amount = ?, fee = ?, total = ?, terminal = ?, stan = ?, auth = ?
			where first_n = ?`,
		&s.passStep: "update payments set last_n = ?, step = ? where first_n = ?", // nothing else of it changes
		&s.addRow:   `insert into outbox (sequence, id, payment, kind, occurred_ms, occurred_sure, body, hash, chain) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		&s.moveHead: "update heads set n = ?, hash = ? where chain = ?",
	}
}

func (s *statements) table() map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&s.lastStep:  "select step, first_n, last_n from payments where id = ?",
		&s.stepState: "select state from steps where n between ? and ? and payment = ? and step = ?",
		&s.rowHash:   "select hash from outbox where id = ?",
		&s.settle: `update outbox set state = ?1, reason = ?2, settled_ms = ?3
			where id = ?4 and (?5 = 0 or sequence = ?5) and (state = 'pending' or (state = 'parked' and ?1 = 'delivered'))`,
		&s.retry:   "update outbox set state = 'pending', reason = '', settled_ms = 0 where id = ? and state = 'parked'",
		&s.bump:    "insert into facts (name, value) values (?, 1) on conflict (name) do update set value = value + 1 returning value",
		&s.changes: "select total_changes()",
	}
}

// prepare takes the writing connection for good, prepares the statements and
// reads the heads of the chains.
func (s *Store) prepare(ctx context.Context) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("take connection: %w", err)
	}
	s.conn = conn
	for at, text := range s.stmts.table() {
		if *at, err = conn.PrepareContext(ctx, text); err != nil {
			return fmt.Errorf("prepare %q: %w", text, err)
		}
	}
	for at, text := range s.stmts.direct() {
		if err = at.prepare(ctx, conn, text); err != nil {
			return fmt.Errorf("prepare %q: %w", text, err)
		}
	}
	s.places = places{}
	if s.heads, err = readHeads(ctx, conn); err != nil {
		return err
	}
	confirmed, err := readConfirmed(ctx, conn)
	s.confirmed.Store(confirmed)
	return err
}

// disconnect gives up the connections; errors of a handle that is given up
// decide nothing.
func (s *Store) disconnect() error {
	// The readers first: the last to leave cleans the log up, and they cannot.
	errs := []error{s.Reader.shut()}
	for at := range s.stmts.table() {
		if *at != nil {
			errs = append(errs, (*at).Close())
			*at = nil
		}
	}
	for at := range s.stmts.direct() {
		errs = append(errs, at.close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
		s.conn = nil
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
		s.db = nil
	}
	return errors.Join(errs...)
}

// Close waits for the writes under way and closes the file. Writes that come
// later get [ErrClosed].
func (s *Store) Close() error {
	s.turn.Lock()
	if s.closed {
		s.turn.Unlock()
		return nil
	}
	s.closed = true
	if s.leading || len(s.queue) > 0 {
		last := &write{done: make(chan struct{}), lead: make(chan struct{}), last: true}
		s.queue = append(s.queue, last)
		s.turn.Unlock()
		<-last.lead // nobody is behind it: it is promoted, never served
	} else {
		s.turn.Unlock()
	}
	err := s.disconnect()
	if cerr := s.lock.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("close book: %w", err)
	}
	return nil
}

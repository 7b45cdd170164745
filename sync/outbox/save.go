package outbox

// What is written: steps with their rows, single rows, verdicts, the counter.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// follows says which steps may come after which: the order in which money is
// moved (design: money rule 2).
var follows = map[payment.Journal][]payment.Journal{
	payment.StepNone:      {payment.StepPrepared},
	payment.StepPrepared:  {payment.StepActivated, payment.StepDropped},
	payment.StepActivated: {payment.StepCharging, payment.StepDropped},
	payment.StepCharging:  {payment.StepResult, payment.StepDropped},
	payment.StepResult:    {payment.StepResolved, payment.StepClosed},
	payment.StepResolved:  {payment.StepClosed},
}

func mayFollow(last, next payment.Journal) bool {
	return slices.Contains(follows[last], next)
}

// Save makes a step of a payment durable, and its outbox row with it. The same
// save again changes nothing; the same step with another state is
// [ErrConflict], a step that cannot follow the last one is [ErrOrder]. Any error
// but [ErrAmbiguous] means that nothing was saved.
func (s *Store) Save(ctx context.Context, save payment.Save) error {
	s.inside.Add(1)
	defer s.inside.Add(-1)
	if err := s.save(ctx, save); err != nil {
		return fmt.Errorf("save %s %s: %w", save.Step, save.State.ID, err)
	}
	return nil
}

func (s *Store) save(ctx context.Context, save payment.Save) error {
	save.State.Step = save.Step // the step is durable with the commit that carries it
	e, err := s.entry(save)
	if err != nil {
		return err
	}
	s.turn.Lock()
	s.wrote = time.Now()
	s.turn.Unlock()
	if e.step == payment.StepPrepared {
		if err := s.mayBegin(); err != nil {
			return err
		}
	}
	if err := s.apply(ctx, e.write); err != nil {
		return err
	}
	if s.cfg.TestOnlyAfterCommit != nil {
		s.cfg.TestOnlyAfterCommit(e.step, e.id)
	}
	return nil
}

// entry is a step on its way into the journal. It keeps what the columns need: a
// whole state for each of many writers would keep the garbage collector busy.
type entry struct {
	id     kiosk.PaymentID
	ref    string
	step   payment.Journal
	began  int64 // ms
	brief  brief
	text   string // the state as JSON
	digest string // of text
	row    kiosk.OutboxRow
	at     kiosk.Wall
}

func (s *Store) entry(save payment.Save) (*entry, error) {
	encoded, err := s.encode(save.State)
	if err != nil {
		return nil, err
	}
	e := &entry{
		id: save.State.ID, ref: save.State.Ref, step: save.Step, began: save.State.Began.UnixMilli, brief: briefOf(&save.State),
		text: string(encoded), digest: digest(encoded), row: save.Row, at: s.cfg.Now(),
	}
	return e, e.check()
}

// encode returns the state as JSON. The encoder wants it on the heap: one room
// serves all, and nothing of a citizen stays in it.
func (s *Store) encode(st payment.State) ([]byte, error) {
	room, ok := s.rooms.Get().(*payment.State)
	if !ok {
		room = new(payment.State)
	}
	defer func() {
		*room = payment.State{}
		s.rooms.Put(room)
	}()
	*room = st
	return json.Marshal(room)
}

func (e *entry) check() error {
	switch {
	case e.id == "":
		return errors.New("payment without id")
	case e.row.Kind != "" && e.row.Payment != e.id:
		return errors.New("row of another payment")
	case e.row.Kind != "":
		return checkRow(e.row)
	}
	return nil
}

func checkRow(r kiosk.OutboxRow) error {
	switch {
	case r.ID == "" || r.Kind == "":
		return errors.New("row without id or kind")
	case !json.Valid([]byte(r.Body)):
		return fmt.Errorf("row %s: body is not JSON", r.ID)
	case digest([]byte(r.Body)) != r.Hash:
		return fmt.Errorf("row %s: hash is not the body's", r.ID)
	}
	return nil
}

func (e *entry) write(ctx context.Context, b *batch) error {
	if e.step == payment.StepPrepared && !b.remembers(e.id) {
		// Nearly always a new payment: the book says so while it takes it.
		if err := e.enter(ctx, b, place{}); !taken(err) {
			return err
		}
		b.wrote = false
	}
	at, err := b.where(ctx, e.id)
	if err != nil {
		return err
	}
	there, err := e.repeated(ctx, b, at)
	switch {
	case err != nil:
		return err
	case !there:
		return e.enter(ctx, b, at)
	case e.row.Kind == "":
		return nil
	}
	return rowThere(ctx, b, e.row)
}

// enter writes the step, where its payment stands then, and its row.
func (e *entry) enter(ctx context.Context, b *batch, before place) error {
	h := head{n: b.heads.steps.n + 1}
	h.hash = stepLink(b.heads.steps.hash, h.n, string(e.id), string(e.step), e.digest, e.at)
	b.wrote = true
	if err := b.put(ctx, e, before, h.n); err != nil {
		return fmt.Errorf("write payment: %w", err)
	}
	err := b.addStep.exec(ctx, int64(h.n), string(e.id), string(e.step), e.text, e.at.UnixMilli, e.at.Trusted, h.hash)
	if err != nil {
		return fmt.Errorf("write step: %w", err)
	}
	b.heads.steps = h
	if e.row.Kind == "" {
		return nil
	}
	if err := addRow(ctx, b, e.row); !taken(err) {
		return err
	}
	return fmt.Errorf("%w: row %s without its step", ErrConflict, e.row.ID)
}

// put writes where the payment stands after the step with the number n; before
// is where it stood.
func (b *batch) put(ctx context.Context, e *entry, before place, n uint64) error {
	now := place{step: e.step, first: before.first, last: n, known: true, brief: e.brief}
	last, step, is := int64(n), string(e.step), e.brief
	amount, fee, total := is.amount.Cents(), is.fee.Cents(), is.total.Cents()
	var err error
	switch {
	case before.first == 0:
		now.first = n
		err = b.putPayment.exec(ctx, last, last, string(e.id), e.ref, step, is.open, string(is.outcome), amount, fee, total,
			is.terminal, is.stan, is.auth, e.began)
	case before.known && is == before.brief:
		err = b.passStep.exec(ctx, last, step, int64(now.first))
	default:
		err = b.movePayment.exec(ctx, last, step, is.open, string(is.outcome), amount, fee, total, is.terminal, is.stan, is.auth, int64(now.first))
	}
	if err == nil {
		b.places[e.id] = now
	}
	return err
}

// taken says that a row with the id is there already: the id is unique.
func taken(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

// repeated says that the step is in the journal with this very state.
func (e *entry) repeated(ctx context.Context, b *batch, at place) (bool, error) {
	if mayFollow(at.step, e.step) {
		return false, nil
	}
	var text string
	err := b.stepState.QueryRowContext(ctx, at.first, at.last, string(e.id), string(e.step)).Scan(&text)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, fmt.Errorf("%w: %s after %q", ErrOrder, e.step, at.step)
	case err != nil:
		return false, fmt.Errorf("read step: %w", err)
	case text != e.text:
		return false, ErrConflict
	}
	return true, nil
}

// open says that start-up recovery must see the payment.
func open(s *payment.State) bool {
	switch s.Step {
	case payment.StepClosed, payment.StepDropped:
		return false
	case payment.StepResult, payment.StepResolved:
		return s.Result.Outcome != kiosk.Refused
	}
	return true
}

// Append makes a row durable that belongs to no step, such as
// receipt.printed. The same row again changes nothing; the same id with another
// body is [ErrConflict].
func (s *Store) Append(ctx context.Context, r kiosk.OutboxRow) error {
	if err := checkRow(r); err != nil {
		return fmt.Errorf("append: %w", err)
	}
	err := s.apply(ctx, func(ctx context.Context, b *batch) error {
		err := rowThere(ctx, b, r)
		if errors.Is(err, ErrNotFound) {
			return addRow(ctx, b, r)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("append %s: %w", r.ID, err)
	}
	return nil
}

// rowThere returns nil when the row is in the outbox with this body,
// [ErrConflict] when with another, [ErrNotFound] when it is not.
func rowThere(ctx context.Context, b *batch, r kiosk.OutboxRow) error {
	var hash string
	err := b.rowHash.QueryRowContext(ctx, r.ID).Scan(&hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("row %s: %w", r.ID, ErrNotFound)
	case err != nil:
		return fmt.Errorf("read row: %w", err)
	case hash != r.Hash:
		return fmt.Errorf("row %s: %w", r.ID, ErrConflict)
	}
	return nil
}

// addRow gives a new row the next sequence number.
func addRow(ctx context.Context, b *batch, r kiosk.OutboxRow) error {
	r, c := Chain{Sequence: b.heads.outbox.n, Hash: b.heads.outbox.hash}.Next(r)
	h := head{n: c.Sequence, hash: c.Hash}
	b.wrote = true
	err := b.statements.addRow.exec(ctx, int64(r.Sequence), r.ID, string(r.Payment), string(r.Kind), r.OccurredAt.UnixMilli,
		r.OccurredAt.Trusted, r.Body, r.Hash, h.hash)
	if err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	b.heads.outbox = h
	return nil
}

// Settle writes down the gateway's verdicts: accepted and duplicate rows are
// delivered; conflict and parked ones are parked with the reason, and stay.
// Verdicts for rows that are not ours, with a sequence that is not the row's, or
// with a word that we do not know change nothing: their rows go out again.
func (s *Store) Settle(ctx context.Context, verdicts []kiosk.Verdict) error {
	if len(verdicts) == 0 {
		return nil
	}
	now := s.cfg.Now().UnixMilli
	err := s.apply(ctx, func(ctx context.Context, b *batch) error {
		for _, v := range verdicts {
			state, reason := settled(v)
			if state == "" {
				continue
			}
			b.wrote = true
			if _, err := b.settle.ExecContext(ctx, string(state), reason, now, v.ID, v.Sequence); err != nil {
				return fmt.Errorf("row %s: %w", v.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}

func settled(v kiosk.Verdict) (state RowState, reason string) {
	switch v.Code {
	case kiosk.VerdictAccepted, kiosk.VerdictDuplicate:
		return RowDelivered, ""
	case kiosk.VerdictConflict:
		return RowParked, "conflict: " + v.Reason
	case kiosk.VerdictParked:
		return RowParked, v.Reason
	}
	return "", ""
}

// Retry sends a parked row again: a person decided so.
func (s *Store) Retry(ctx context.Context, id string) error {
	err := s.apply(ctx, func(ctx context.Context, b *batch) error {
		b.wrote = true
		_, err := b.retry.ExecContext(ctx, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("retry row %s: %w", id, err)
	}
	return nil
}

// NextReceipt counts the kiosk's receipts, from 1. A number is given out once;
// one whose receipt was never printed is missing.
func (s *Store) NextReceipt(ctx context.Context) (uint64, error) {
	var n uint64
	err := s.apply(ctx, func(ctx context.Context, b *batch) error {
		b.wrote = true
		return b.bump.QueryRowContext(ctx, factReceipt).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count receipt: %w", err)
	}
	return n, nil
}

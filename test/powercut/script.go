package main

// What the book lives through, and what it has then answered for.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
	"github.com/tserve/jolly/sync/outbox/crashtest"
)

const bookName = "outbox.db"

// moment is what the book must hold after an action.
type moment struct {
	steps, rows int
	fates       string   // of the numbers of rows, a letter each
	receipts    uint64   // numbers given out
	open        []string // payments for start-up recovery, sorted
	copied      int      // steps that the copy must have at least
}

// The letters.
const (
	waits     = 'w'
	delivered = 'd'
	parked    = 'p'
	missing   = '-' // in a hole
)

// script runs actions on a book and takes note.
type script struct {
	book    *outbox.Store
	tape    *crashtest.Tape
	cfg     outbox.Config
	now     atomic.Int64 // the book's clock
	writers int          // that save at the same time; 1: the same seed does the same
	moments []moment
	plan    moment // being changed by the action at work
}

// openBook opens a book in dir, recorded on a tape.
func openBook(ctx context.Context, dir, synchronous string, now int64) (*script, error) {
	tape, err := crashtest.Record(dir)
	if err != nil {
		return nil, err
	}
	s := &script{tape: tape}
	s.now.Store(now)
	s.cfg = outbox.Config{
		Path: filepath.Join(dir, bookName), Kiosk: "powercut", VFS: crashtest.Name, Disk: tape.Disk(), Ballast: 64 << 10,
		TestOnlySynchronous: synchronous,
		Now: func() kiosk.Wall {
			return kiosk.Wall{UnixMilli: s.now.Add(1), Trusted: true}
		},
	}
	s.tape.Mark("begin open")
	if err := s.open(ctx); err != nil {
		s.tape.Stop()
		return nil, err
	}
	return s, nil
}

func (s *script) open(ctx context.Context) (err error) {
	s.book, err = outbox.Open(ctx, s.cfg, slog.New(slog.DiscardHandler))
	return err
}

// do runs one action: the marks say when it was begun and when answered.
func (s *script) do(label string, act func() error) error {
	if len(s.moments) == 0 {
		s.moments = append(s.moments, s.plan)
	}
	s.plan.open = slices.Clone(s.plan.open)
	s.tape.Mark("begin " + label)
	if err := act(); err != nil {
		return fmt.Errorf("%s: %w", label, err)
	}
	s.moments = append(s.moments, s.plan)
	s.tape.Mark("ack " + strconv.Itoa(len(s.moments)-1))
	return nil
}

// save is a step of the journal.
func (s *script) save(ctx context.Context, v payment.Save) error {
	return s.do(string(v.Step), func() error {
		s.plan.saved(v)
		return s.book.Save(ctx, v)
	})
}

// saved is what a step changes.
func (m *moment) saved(v payment.Save) {
	m.steps++
	if v.Row.Kind != "" {
		m.rows++
		m.fates += string(waits)
	}
	id := string(v.State.ID)
	m.open = slices.DeleteFunc(slices.Clone(m.open), func(o string) bool { return o == id })
	if stillOpen(v) {
		m.open = append(m.open, id)
		slices.Sort(m.open)
	}
}

// group has writers save the next step of as many payments at the same time, so
// that they share commits. Which comes first is only known afterwards.
func (s *script) group(ctx context.Context, all []payment.Save) error {
	s.tape.Mark("begin group " + strconv.Itoa(len(all)))
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, v := range all {
		wg.Go(func() {
			errs[i] = s.book.Save(ctx, v)
			s.tape.Mark("ack " + string(v.State.ID))
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("group: %w", err)
	}
	number := map[kiosk.PaymentID]uint64{}
	for _, v := range all {
		steps, err := s.book.Steps(ctx, v.State.ID)
		if err != nil {
			return err
		}
		number[v.State.ID] = steps[len(steps)-1].Number
	}
	slices.SortFunc(all, func(a, b payment.Save) int { return cmp.Compare(number[a.State.ID], number[b.State.ID]) })
	for _, v := range all {
		s.plan.saved(v)
		s.moments = append(s.moments, s.plan)
		s.tape.Reword("ack "+string(v.State.ID), "ack "+strconv.Itoa(len(s.moments)-1))
	}
	return nil
}

func stillOpen(v payment.Save) bool {
	switch v.Step {
	case payment.StepClosed, payment.StepDropped:
		return false
	case payment.StepResult, payment.StepResolved:
		return v.State.Result.Outcome != kiosk.Refused
	}
	return true
}

// settle is the gateway's word on the next rows that wait.
func (s *script) settle(ctx context.Context, limit int, code kiosk.VerdictCode) error {
	rows, err := s.book.Pending(ctx, limit)
	if err != nil {
		return err
	}
	fate := byte(delivered)
	if code == kiosk.VerdictParked {
		fate = parked
	}
	return s.do("settle", func() error {
		fates := []byte(s.plan.fates)
		var all []kiosk.Verdict
		for _, r := range rows {
			fates[r.Sequence-1] = fate
			all = append(all, kiosk.Verdict{Sequence: r.Sequence, ID: r.ID, Code: code, Reason: "why not"})
		}
		s.plan.fates = string(fates)
		return s.book.Settle(ctx, all)
	})
}

// retryParked sends a parked row again.
func (s *script) retryParked(ctx context.Context) error {
	rows, err := s.book.Rows(ctx, outbox.RowParked, 1)
	if err != nil || len(rows) == 0 {
		return err
	}
	return s.do("retry", func() error {
		fates := []byte(s.plan.fates)
		fates[rows[0].Sequence-1] = waits
		s.plan.fates = string(fates)
		return s.book.Retry(ctx, rows[0].ID)
	})
}

func (s *script) printed(ctx context.Context, id string) error {
	err := s.do("receipt", func() error {
		s.plan.receipts++
		_, err := s.book.NextReceipt(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return s.do("append", func() error {
		s.plan.rows++
		s.plan.fates += string(waits)
		row := payment.NewRow("", kiosk.RowReceiptDone, id, map[string]string{"receipt": id}, kiosk.Wall{UnixMilli: s.now.Load(), Trusted: true})
		return s.book.Append(ctx, row)
	})
}

// confirm is the word of a gateway that holds rows of which the book knows nothing.
func (s *script) confirm(ctx context.Context, behind int) error {
	return s.do("confirm", func() error {
		last := uint64(len(s.plan.fates) + behind)
		s.plan.fates += strings.Repeat(string(missing), behind)
		s.plan.receipts += uint64(behind) + unheard
		return s.book.Confirm(ctx, last, s.now.Load())
	})
}

// unheard is how many receipt numbers the book leaves out besides.
const unheard = 1000

func (s *script) archive(ctx context.Context, before int64) error {
	return s.do("archive", func() error {
		_, err := s.book.Archive(ctx, before)
		return err
	})
}

func (s *script) copy(ctx context.Context) error {
	return s.do("copy", func() error {
		s.plan.copied = s.plan.steps
		return s.book.Copy(ctx)
	})
}

func (s *script) restart(ctx context.Context) error {
	return s.do("restart", func() error {
		if err := s.book.Close(); err != nil {
			return err
		}
		return s.open(ctx)
	})
}

// life is the whole story of the seed: n payments, some of them side by side.
func (s *script) life(ctx context.Context, n int, random *rand.Rand) error {
	var under [][]payment.Save // payments under way
	for next := 0; next < n || len(under) > 0; {
		if next < n && (len(under) < s.writers || random.IntN(4) == 0) {
			under = append(under, story(fmt.Sprintf("0198c0de-0000-7000-8000-%012d", next), random))
			next++
		}
		if s.writers > 1 && len(under) > 1 && random.IntN(3) == 0 {
			var all []payment.Save
			for i := range min(s.writers, len(under)) {
				all = append(all, under[i][0])
				under[i] = under[i][1:]
			}
			if err := s.group(ctx, all); err != nil {
				return err
			}
			under = slices.DeleteFunc(under, func(left []payment.Save) bool { return len(left) == 0 })
			continue
		}
		which := random.IntN(len(under))
		if err := s.save(ctx, under[which][0]); err != nil {
			return err
		}
		if under[which] = under[which][1:]; len(under[which]) == 0 {
			under = slices.Delete(under, which, which+1)
		}
		if err := s.between(ctx, random); err != nil {
			return err
		}
	}
	return nil
}

// between is what happens beside the payments.
func (s *script) between(ctx context.Context, random *rand.Rand) error {
	switch at := random.IntN(100); {
	case at < 12:
		return s.settle(ctx, 1+random.IntN(8), kiosk.VerdictAccepted)
	case at < 14:
		return s.settle(ctx, 1, kiosk.VerdictParked)
	case at < 17:
		return s.retryParked(ctx)
	case at < 22:
		return s.printed(ctx, "receipt-"+strconv.Itoa(s.plan.rows))
	case at < 27:
		return s.archive(ctx, s.now.Load()-int64(random.IntN(30)))
	case at < 29:
		return s.copy(ctx)
	case at < 30:
		return s.restart(ctx)
	case at < 32:
		return s.confirm(ctx, 1+random.IntN(5))
	case at < 33:
		return s.do("ballast", func() error { return s.book.Maintain(ctx) })
	}
	return nil
}

// story walks one payment through the real machine and returns what it asks to
// be saved.
func story(id string, random *rand.Rand) []payment.Save {
	var (
		state payment.State
		all   []payment.Save
	)
	tell := func(e payment.Event) {
		for e != nil {
			var effects []payment.Effect
			state, effects = payment.Step(state, e)
			e = nil
			for _, f := range effects {
				if save, ok := f.(payment.Save); ok {
					all = append(all, save)
					e = payment.Saved{Head: payment.Head{ID: kiosk.PaymentID(id)}, Step: save.Step}
				}
			}
		}
	}
	h := payment.Head{ID: kiosk.PaymentID(id), At: kiosk.Stamp{Wall: kiosk.Wall{UnixMilli: 1_700_000_000_000, Trusted: true}}}
	bill := kiosk.Bill{ID: "bill-1", Amount: kiosk.Amount(100 + random.IntN(100_000)), Notice: "301000000000000001", Subject: strings.Repeat("TARI ", 1+random.IntN(60))}
	tell(payment.Begun{Head: h, Kiosk: "powercut", Language: "it", Cart: kiosk.Cart{}.With(kiosk.Quote{Bill: bill, Fee: 140})})
	if random.IntN(10) == 0 {
		tell(payment.Abandoned{Head: h, Reason: payment.ReasonCancelled})
		tell(payment.ActivationRefused{Head: h, Code: kiosk.CodeBillPaid})
		return all
	}
	tell(payment.Activated{Head: h, Activation: kiosk.Activation{
		Bills: [kiosk.MaxBills]kiosk.ActivatedBill{{BillID: bill.ID, Amount: bill.Amount, Fee: 140, Token: "token"}}, Count: 1, Fee: 140, Life: 30 * kiosk.Minute,
	}})
	tell(payment.BaselineRead{Head: h})
	outcome := []kiosk.Outcome{kiosk.Charged, kiosk.Charged, kiosk.Refused, kiosk.Unknown}[random.IntN(4)]
	result := kiosk.ChargeResult{Outcome: outcome, TerminalID: "00000001", STAN: "000123", AuthCode: "A1"}
	tell(payment.ChargeResulted{Head: h, Result: result})
	if outcome == kiosk.Unknown {
		tell(payment.Ticked{Head: h})
		result.Outcome = []kiosk.Outcome{kiosk.Charged, kiosk.Refused}[random.IntN(2)]
		tell(payment.Resolved{Head: h, Result: result})
	}
	if state.Phase == payment.Delivering {
		tell(payment.BillsClosed{Head: h, Closings: [kiosk.MaxBills]kiosk.BillClosing{{BillID: bill.ID, Closing: kiosk.ClosingOK}}, Count: 1})
	}
	return all
}

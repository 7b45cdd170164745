package main

// Book: the kiosk's disk. Steps and rows change in one write; what is not synced
// when the power goes is lost or not, as a whole. The order of steps, sequences,
// chain and settling are sync/outbox's rules.

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
)

var (
	errOrder = errors.New("step out of order")
	errDisk  = errors.New("disk")
)

type entry struct {
	step    payment.Journal
	outcome kiosk.Outcome
	state   *payment.State // of an unfinished payment
	first   int            // number of its first step
}

// asked is a step after which a card was asked for.
type asked struct {
	n  int
	id kiosk.PaymentID
}

type line struct {
	row   kiosk.OutboxRow
	state outbox.RowState
}

// write is one change. do changes the book and returns how to undo it.
type write struct {
	do  func() (undo func(), err error)
	ack func(error)
}

type book struct {
	b       *box
	pays    map[kiosk.PaymentID]*entry
	open    []kiosk.PaymentID // unfinished, oldest first
	rows    []line
	byID    map[string]int
	chain   outbox.Chain
	steps   int
	asked   []asked // charging steps, in order
	first   int     // no row before it is pending
	pending int

	queue  []write
	group  int // of the queue, in the commit under way
	boots  int // a commit of before a power cut never ends
	broken bool
	undo   []func() // not synced yet; only with a planted mistake
}

func newBook(b *box) *book {
	return &book{b: b, pays: map[kiosk.PaymentID]*entry{}, byID: map[string]int{}}
}

// submit queues a change; ack is called once it is durable, or surely or perhaps not.
func (k *book) submit(do func() (func(), error), ack func(error)) {
	w := k.b.w
	if k.broken {
		w.after(ms, func() { ack(errDisk) })
		return
	}
	if w.bug == bugAckBeforeFsync {
		undo, err := do()
		k.undo = append(k.undo, undo)
		boot := k.boots
		w.after(w.between(ms, 4*second), func() {
			if k.boots == boot && len(k.undo) > 0 {
				k.undo = k.undo[1:]
			}
		})
		w.after(ms, func() { ack(err) })
		if w.fault(w.par.CrashAtStep) {
			w.after(w.between(0, 4*second), k.b.crash)
		}
		return
	}
	k.queue = append(k.queue, write{do, ack})
	if w.fault(w.par.CrashAtStep) {
		w.after(w.between(0, 2*w.par.FsyncMax), k.b.crash)
	}
	if k.group == 0 {
		k.commit()
	}
}

// commit syncs all that waits, as one.
func (k *book) commit() {
	w := k.b.w
	k.group = len(k.queue)
	boot := k.boots
	w.after(w.between(ms/2, w.par.FsyncMax), func() {
		if k.boots != boot {
			return
		}
		group := slices.Clone(k.queue[:k.group])
		k.queue = slices.Delete(k.queue, 0, k.group)
		k.group = 0
		if w.fault(w.par.CommitFails) {
			k.fails(group)
			return
		}
		errs := make([]error, len(group))
		for i, x := range group {
			_, errs[i] = x.do()
		}
		for i, x := range group {
			x.ack(errs[i])
		}
		if len(k.queue) > 0 && k.group == 0 {
			k.commit()
		}
	})
}

// fails is a commit that nobody can tell the outcome of: the book takes no more.
func (k *book) fails(group []write) {
	behind := k.queue
	k.broken, k.queue = true, nil
	landed := k.b.w.chance(500)
	for _, x := range group {
		if landed {
			_, _ = x.do()
		}
	}
	for _, x := range append(group, behind...) {
		x.ack(errDisk)
	}
}

// powerCut keeps or loses the commit under way and loses what waits behind it.
func (k *book) powerCut() {
	k.boots++
	k.broken = false
	for i := len(k.undo) - 1; i >= 0; i-- {
		k.undo[i]()
	}
	k.undo = nil
	if k.group > 0 {
		k.b.w.count.torn++
		if k.b.w.chance(500) {
			for _, x := range k.queue[:k.group] {
				_, _ = x.do()
			}
			k.queue = k.queue[k.group:]
		}
	}
	if k.b.w.bug == bugSequenceByMemory {
		k.chain.Sequence += uint64(len(k.queue))
	}
	k.queue, k.group = nil, 0
}

// save is a step of a payment and its row.
func (k *book) save(s payment.Save, ack func(error)) {
	if k.b.w.bug == bugLostKO && s.Row.Kind == kiosk.RowNotPaid && leftEarly(s.State.Reason) {
		s.Row = kiosk.OutboxRow{}
	}
	k.submit(func() (func(), error) { return k.apply(s) }, ack)
}

func (k *book) apply(s payment.Save) (func(), error) {
	id := s.State.ID
	last := k.pays[id]
	step := payment.StepNone
	if last != nil {
		step = last.step
	}
	if !outbox.MayFollow(step, s.Step) {
		k.b.w.fail("journal-order", "payment %s: step %s after %q", id, s.Step, step)
		return func() {}, errOrder
	}
	state := s.State
	state.Step = s.Step
	k.steps++
	e := &entry{step: s.Step, outcome: state.Result.Outcome, first: k.steps}
	if last != nil {
		e.first = last.first
	}
	if s.Step == payment.StepCharging {
		k.asked = append(k.asked, asked{k.steps, id})
	}
	wasOpen := slices.Contains(k.open, id)
	if outbox.Unfinished(state) {
		e.state = &state
		if !wasOpen {
			k.open = append(k.open, id)
		}
	} else if wasOpen {
		k.open = slices.DeleteFunc(k.open, func(o kiosk.PaymentID) bool { return o == id })
	}
	k.pays[id] = e
	k.b.w.tell(id, "%s: step %s is in the journal", k.b.name, s.Step)
	k.b.w.note(7, uint64(len(s.Step)), uint64(k.b.n))
	unrow := func() {}
	if s.Row.Kind != "" {
		unrow = k.add(s.Row)
	}
	return func() {
		unrow()
		if s.Step == payment.StepCharging {
			k.asked = k.asked[:len(k.asked)-1]
		}
		k.open = slices.DeleteFunc(k.open, func(o kiosk.PaymentID) bool { return o == id })
		if last == nil {
			delete(k.pays, id)
			return
		}
		k.pays[id] = last
		if last.state != nil {
			k.open = append(k.open, id)
		}
	}, nil
}

// leftEarly says that the citizen ended the payment.
func leftEarly(r payment.Reason) bool {
	switch r {
	case payment.ReasonCancelled, payment.ReasonWalkedAway, payment.ReasonNotAgreed:
		return true
	}
	return false
}

// add gives a row the next sequence.
func (k *book) add(r kiosk.OutboxRow) func() {
	before := k.chain
	r, k.chain = k.chain.Next(r)
	k.byID[r.ID] = len(k.rows)
	k.rows = append(k.rows, line{r, outbox.RowPending})
	k.pending++
	return func() {
		k.chain = before
		delete(k.byID, r.ID)
		if k.rows[len(k.rows)-1].state == outbox.RowPending {
			k.pending--
		}
		k.rows = k.rows[:len(k.rows)-1]
		k.first = min(k.first, len(k.rows))
	}
}

// append is a row of no step.
func (k *book) append(r kiosk.OutboxRow, ack func(error)) {
	k.submit(func() (func(), error) {
		if _, there := k.byID[r.ID]; there {
			return func() {}, nil
		}
		return k.add(r), nil
	}, ack)
}

// settle writes verdicts down.
func (k *book) settle(verdicts []kiosk.Verdict, ack func(error)) {
	k.submit(func() (func(), error) {
		for _, v := range verdicts {
			at, ours := k.byID[v.ID]
			if !ours {
				continue
			}
			to, changes := outbox.Settled(k.rows[at].state, k.rows[at].row, v)
			if changes {
				if k.rows[at].state == outbox.RowPending {
					k.pending--
				}
				k.rows[at].state, k.rows[at].row.Body = to, ""
			}
		}
		for k.first < len(k.rows) && k.rows[k.first].state != outbox.RowPending {
			k.first++
		}
		return func() {}, nil
	}, ack)
}

// waiting are the first rows that wait, in order of their sequence.
func (k *book) waiting(limit int) []kiosk.OutboxRow {
	var out []kiosk.OutboxRow
	for _, l := range k.rows[k.first:] {
		if len(out) == limit && k.b.w.bug != bugClockOrder {
			break
		}
		if l.state == outbox.RowPending {
			out = append(out, l.row)
		}
	}
	if k.b.w.bug == bugClockOrder {
		slices.SortStableFunc(out, func(a, b kiosk.OutboxRow) int { return cmp.Compare(a.OccurredAt.UnixMilli, b.OccurredAt.UnixMilli) })
		now := k.b.wall().UnixMilli
		out = slices.DeleteFunc(out, func(r kiosk.OutboxRow) bool { return r.OccurredAt.UnixMilli > now })
		out = out[:min(len(out), limit)]
	}
	return out
}

// latest is all that waits for the payments of the newest rows, in order.
func (k *book) latest(limit int) []kiosk.OutboxRow {
	wanted := map[kiosk.PaymentID]bool{}
	for i := len(k.rows) - 1; i >= k.first && limit > 0; i-- {
		if k.rows[i].state == outbox.RowPending {
			wanted[k.rows[i].row.Payment] = true
			limit--
		}
	}
	var out []kiosk.OutboxRow
	for _, l := range k.rows[k.first:] {
		if l.state == outbox.RowPending && wanted[l.row.Payment] {
			out = append(out, l.row)
		}
	}
	return out
}

// unfinished reads the journal after a start: what was not written is not there.
func (k *book) unfinished() []payment.State {
	var out []payment.State
	for _, id := range k.open {
		text, err := json.Marshal(k.pays[id].state)
		if err != nil {
			panic(err)
		}
		var s payment.State
		if err := json.Unmarshal(text, &s); err != nil {
			panic(err)
		}
		s.Alone = k.alone(id)
		out = append(out, s)
	}
	return out
}

// alone says that no other payment asked for a card since this one began.
func (k *book) alone(id kiosk.PaymentID) bool {
	for i := len(k.asked) - 1; i >= 0 && k.asked[i].n > k.pays[id].first; i-- {
		if k.asked[i].id != id {
			return k.b.w.bug == bugStaleEvidence
		}
	}
	return true
}

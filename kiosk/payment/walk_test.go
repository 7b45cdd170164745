package payment_test

// Random walks: a world of gateway, terminal, journal and crashes around Step.

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	. "github.com/tserve/jolly/kiosk/payment"
)

// world is what really happened around one payment.
type world struct {
	t    *rapid.T
	s    State
	now  int
	todo []Effect // asked for, not answered yet
	sent []Event  // told so far: any may come again

	journal  []State                    // durable steps in order
	rows     map[string]kiosk.OutboxRow // durable rows
	charges  int                        // how often the card was asked for
	took     kiosk.Outcome              // what the terminal really did
	mayHold  bool                       // the gateway may hold an activation
	left     bool                       // the citizen left before the card was asked for
	disk     bool                       // saves work
	failed   Save                       // the last that did not: it is tried again as it was
	restarts int
}

func (w *world) head() Head { w.now++; return at(w.now) }

// tell steps the machine and asserts what must hold at every moment.
func (w *world) tell(e Event) {
	before := w.s
	after, effects := Step(before, e)
	check(w.t, before, e, after, effects)
	if _, left := e.(Abandoned); left && w.charges > 0 && (after != before || len(effects) > 0) {
		w.t.Fatalf("leaving changed a payment whose card was asked for: %s to %s", before.Phase, after.Phase)
	}
	if _, left := e.(Abandoned); left && w.charges == 0 {
		w.left = true
	}
	w.s = after
	if after.Step != StepNone {
		w.need(after.Step)
	}
	for _, f := range effects {
		switch f := f.(type) {
		case Activate:
			w.need(StepPrepared)
			w.mayHold = true
		case Charge:
			w.need(StepCharging)
			w.charged(f)
		case Resolve:
			if f.Request.Payment != testID || f.Request.Amount != after.Total() {
				w.t.Fatalf("asks about another charge: %+v", f.Request)
			}
		}
		w.todo = append(w.todo, f)
	}
	w.sent = append(w.sent, e)
}

func (w *world) charged(c Charge) {
	w.charges++
	last := w.journal[len(w.journal)-1]
	a := c.Request.Amount
	if w.charges > 1 || last.Step != StepCharging || a != last.Total() || a != last.Agreed || a <= 0 || a > kiosk.MaxCharge {
		w.t.Fatalf("charge %d of %s, agreed %s, journal at %s", w.charges, a, last.Agreed, last.Step)
	}
	if w.left {
		w.t.Fatalf("charge after the citizen left")
	}
	if at(w.now).At.Mono.Until(w.s.TokenUntil) <= TokenReserve {
		w.t.Fatalf("charge with tokens too old")
	}
}

// need says that a step must be durable before this.
func (w *world) need(step Journal) {
	for _, s := range w.journal {
		if s.Step == step {
			return
		}
	}
	w.t.Fatalf("acts before %s is durable", step)
}

func (w *world) commit(save Save) {
	s := durable(w.t, save)
	for _, old := range w.journal {
		if old.Step == s.Step {
			w.t.Fatalf("step %s saved twice", s.Step)
		}
	}
	w.journal = append(w.journal, s)
	if save.Row.Kind == "" {
		return
	}
	if r := s.Result; r.Outcome == kiosk.Charged && r.Amount != 0 && r.Amount != s.Total() {
		w.t.Fatalf("charged %s of %s and takes it as paid", r.Amount, s.Total())
	}
	if _, there := w.rows[save.Row.ID]; there {
		w.t.Fatalf("row %s written twice", save.Row.ID)
	}
	w.rows[save.Row.ID] = save.Row
}

func (w *world) has(k kiosk.RowKind) int {
	if _, there := w.rows[string(testID)+"/"+string(k)]; there {
		return 1
	}
	return 0
}

// crash forgets everything that is not durable and starts again.
func (w *world) crash() {
	w.s, w.todo, w.sent = State{}, nil, nil
	w.restarts++
	w.disk = true
	if len(w.journal) > 0 {
		w.tell(Recovered{w.head(), w.journal[len(w.journal)-1]})
	}
}

// answer does the first thing that was asked for; kind is how it goes, 0 well.
func (w *world) answer(kind int) {
	f := w.todo[0]
	w.todo = w.todo[1:]
	switch f := f.(type) {
	case Save:
		w.save(f, kind)
	case Activate:
		w.activate(kind)
	case ReadBaseline:
		if kind == 1 {
			w.tell(BaselineFailed{w.head(), kiosk.CodeTerminalOffline})
		} else {
			w.tell(BaselineRead{w.head(), kiosk.Baseline{Known: true, STAN: "000122"}})
		}
	case Charge:
		w.charge(f, kind)
	case Resolve:
		switch {
		case kind == 1:
			w.tell(ResolveFailed{w.head()})
		case kind == 2 || w.took == "":
			w.tell(Resolved{w.head(), kiosk.ChargeResult{Outcome: kiosk.Unknown}, false})
		default:
			w.tell(Resolved{w.head(), w.word(w.took), false})
		}
	}
}

func (w *world) word(o kiosk.Outcome) kiosk.ChargeResult {
	r := result(o)
	if o == kiosk.Charged {
		r.Amount = w.journal[len(w.journal)-1].Total()
	}
	return r
}

func (w *world) save(f Save, kind int) {
	switch {
	case !w.disk || kind == 1:
		w.disk, w.failed = false, f
		w.tell(SaveFailed{w.head(), f.Step})
	case kind == 2: // the commit failed and happened
		w.disk, w.failed = false, f
		w.commit(f)
		w.tell(SaveFailed{w.head(), f.Step})
	default:
		w.commit(f)
		w.tell(Saved{w.head(), f.Step})
	}
}

// saveAgain: there is room again. A step that is in the journal already is the
// same save, and changes nothing.
func (w *world) saveAgain() {
	w.disk = true
	if !slices.ContainsFunc(w.journal, func(s State) bool { return s.Step == w.failed.Step }) {
		w.commit(w.failed)
	} else if last := w.journal[len(w.journal)-1]; last != durable(w.t, w.failed) {
		w.t.Fatalf("saves %s again with another state", w.failed.Step)
	}
	w.tell(Saved{w.head(), w.failed.Step})
	if w.s.Phase == Unrecorded {
		w.t.Fatalf("%s is durable, and the payment does not go on", w.failed.Step)
	}
}

func (w *world) activate(kind int) {
	a := activation()
	switch kind {
	case 1:
		w.mayHold = false
		w.tell(ActivationRefused{w.head(), kiosk.CodeBillPaid})
		return
	case 2:
		w.tell(ActivationUnanswered{w.head(), kiosk.CodeGatewayOffline})
		return
	case 3:
		a.Bills[0].Amount = 100
	case 4:
		a.Fee, a.Bills[0].Amount = 140, 8600
	case 5:
		a.Bills[0].Amount = kiosk.MaxCharge
	case 6:
		a.Life = TokenReserve + 4*kiosk.Second
	case 7:
		a.Count = 1
	}
	w.tell(Activated{w.head(), a})
}

func (w *world) charge(f Charge, kind int) {
	if kind == 1 {
		w.took = kiosk.Refused
		w.tell(ChargeNotStarted{w.head(), kiosk.CodeTerminalOffline})
		return
	}
	w.took = kiosk.Charged
	if kind == 2 || kind == 3 {
		w.took = kiosk.Refused
	}
	r := w.word(w.took)
	switch kind {
	case 3, 4:
		r = kiosk.ChargeResult{Outcome: kiosk.Unknown, Reason: "line lost"}
	case 5:
		r.Amount = f.Request.Amount - 1 // and the truth is another
	case 6:
		r = kiosk.ChargeResult{}
	}
	w.tell(ChargeResulted{w.head(), r})
}

// wander does one thing at random: an answer, the citizen, time, a repeat, a crash.
func (w *world) wander() {
	switch n := rapid.IntRange(0, 39).Draw(w.t, "what"); {
	case n < 8 && w.s.Phase == Unrecorded:
		w.saveAgain()
	case n < 31 && len(w.todo) > 0:
		w.answer(max(0, rapid.IntRange(-25, 7).Draw(w.t, "how")))
	case n < 33:
		w.tell(Ticked{w.head()})
	case n == 33:
		w.tell(Abandoned{w.head(), rapid.SampledFrom([]Reason{ReasonNone, ReasonCancelled, ReasonWalkedAway}).Draw(w.t, "why")})
	case n == 34:
		w.tell(Consented{w.head()})
	case n == 35 && w.s.Phase == Delivering:
		w.tell(BillsClosed{w.head(), closings(kiosk.ClosingOK, ""), 2})
	case n < 39 && len(w.sent) > 0:
		w.tell(rapid.SampledFrom(w.sent).Draw(w.t, "repeat"))
	case n == 39:
		w.crash()
	}
}

// end lets everything go well from here: the payment must come to its end.
func (w *world) end() {
	w.disk = true
	for range 60 {
		switch {
		case w.s.Finished() && len(w.todo) == 0:
			return
		case len(w.todo) > 0:
			w.answer(0)
		case w.s.Phase == Unrecorded && w.restarts%2 == 0:
			w.saveAgain()
		case w.s.Phase == Unrecorded:
			w.crash()
		case w.s.Phase == Consenting:
			w.tell(Consented{w.head()})
		case w.s.Phase == Delivering:
			w.tell(BillsClosed{w.head(), closings(kiosk.ClosingOK, kiosk.ClosingDuplicate), 2})
		case w.s.Phase == Undecided:
			word := w.took
			if word == "" {
				word = kiosk.Refused
			}
			w.tell(Resolved{w.head(), w.word(word), true})
		case w.s.ID == "": // nothing of it was ever durable
			return
		default:
			w.now += 120
			w.tell(Ticked{w.head()})
		}
	}
	w.t.Fatalf("does not end: %s", w.s.Phase)
}

// ended asserts what must be true of a payment that ended.
func (w *world) ended() {
	first := w.has(kiosk.RowPaid) + w.has(kiosk.RowNotPaid) + w.has(kiosk.RowDoubtful)
	if first > 1 || w.has(kiosk.RowResolved) > w.has(kiosk.RowDoubtful) {
		w.t.Fatalf("rows %v", w.rows)
	}
	if w.s.ID == "" {
		if len(w.rows) > 0 || w.charges > 0 {
			w.t.Fatalf("forgot a payment that acted: %v", w.rows)
		}
		return
	}
	if w.mayHold && first != 1 {
		w.t.Fatalf("an activation without its outcome: %s, %s", w.s.Phase, w.s.Reason)
	}
	if w.has(kiosk.RowResolved) != w.has(kiosk.RowDoubtful) {
		w.t.Fatalf("a doubt without its end")
	}
	// What the terminal did is what we say, whatever happened in between.
	if (w.took == kiosk.Charged) != (w.s.Phase == Closed) {
		w.t.Fatalf("the terminal says %q, the payment ends %s", w.took, w.s.Phase)
	}
	if w.has(kiosk.RowPaid) == 1 && w.took != kiosk.Charged || w.has(kiosk.RowNotPaid) == 1 && w.took == kiosk.Charged {
		w.t.Fatalf("the row tells a lie: %v", w.rows)
	}
}

func TestRandomWalks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			w := &world{t: t, rows: map[string]kiosk.OutboxRow{}, disk: true}
			w.tell(Begun{Head: w.head(), Kiosk: "prato-01", Language: "it", Cart: testCart()})
			for range rapid.IntRange(0, 60).Draw(t, "steps") {
				w.wander()
			}
			w.end()
			w.ended()
		}
	})
}

// FuzzStep throws any events, in any order and with any content, at the
// machine: it never panics, never saves and acts at once, never charges twice.
func FuzzStep(f *testing.F) {
	f.Add([]byte{0, 1, 15, 3, 20, 5})
	f.Add([]byte{0, 1, 15, 3, 20, 5, 23, 7, 27, 13})
	f.Add([]byte{200, 0, 77, 1, 15, 3, 20, 255, 5, 25, 7, 34, 32, 11})
	f.Fuzz(func(t *testing.T, script []byte) {
		events := append(eventExamples(), []example{
			{"", Begun{Head: Head{}, Cart: kiosk.Cart{Count: 7}}}, {"", Begun{Head: at(1), Cart: kiosk.Cart{Count: -1}}},
			{"", BillsClosed{Head: at(1), Count: -3}}, {"", BillsClosed{Head: at(1), Count: 77}},
			{"", Activated{at(1), kiosk.Activation{Count: 99}}}, {"", Activated{at(1), kiosk.Activation{Count: -1, Life: -1}}},
			{"", Recovered{at(1), State{ID: testID, Step: StepActivated, Cart: kiosk.Cart{Count: 50}}}},
			{"", Recovered{at(1), State{ID: testID, Step: StepCharging, Cart: testCart(), Activation: kiosk.Activation{Count: 6}}}},
			{"", ChargeResulted{at(1), kiosk.ChargeResult{Outcome: "perhaps", Amount: -5}}}, {"", Resolved{at(1), kiosk.ChargeResult{Outcome: "?"}, true}},
			{"", Saved{at(1), "unheard"}}, {"", SaveFailed{at(1), StepNone}},
		}...)
		var s State
		charges := 0
		for _, b := range script {
			e := events[int(b)%len(events)].event
			after, effects := Step(s, e)
			check(t, s, e, after, effects)
			for _, x := range effects {
				if _, ok := x.(Charge); ok {
					charges++
				}
			}
			s = after
		}
		if charges > 1 {
			t.Fatalf("%d charges", charges)
		}
	})
}

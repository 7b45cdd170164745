package payment_test

// Example walks: the stories behind the money rules.

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	. "github.com/tserve/jolly/kiosk/payment"
)

func TestWalks(t *testing.T) {
	cheaper := altered(func(a *kiosk.Activation) { a.Bills[0].Amount = 8000 })
	swapped := altered(func(a *kiosk.Activation) { a.Bills[0].Amount = 8600; a.Fee = 140 })
	shifted := altered(func(a *kiosk.Activation) { a.Bills[0].Amount, a.Bills[1].Amount = 8400, 1300 })
	dear := altered(func(a *kiosk.Activation) { a.Bills[0].Amount = kiosk.MaxCharge })
	huge := altered(func(a *kiosk.Activation) { a.Bills[0].Amount = 1 << 62; a.Bills[1].Amount = 1 << 62 })
	brief := altered(func(a *kiosk.Activation) { a.Life = 8 * kiosk.Minute })
	wrong := result(kiosk.Charged)
	wrong.Amount = 9900
	for _, c := range []struct {
		name   string
		events []Event
		phase  Phase
		last   string
		reason Reason
	}{
		{"a payment that goes well", append(toRecorded(kiosk.Charged), BillsClosed{at(32), closings(kiosk.ClosingOK, kiosk.ClosingOK), 2}, Saved{at(33), StepClosed}), Closed, "", ReasonNone},
		{"one bill closes after the other", append(toRecorded(kiosk.Charged), BillsClosed{at(32), closings(kiosk.ClosingOK, ""), 2}, BillsClosed{at(40), closings("", kiosk.ClosingDuplicate), 2}), Closed, "save closed", ReasonNone},
		{"declined", toRecorded(kiosk.Refused), Dropped, "push", ReasonDeclined},
		{"leaves while the card is asked for", append(toCharging(), Abandoned{at(6), ReasonWalkedAway}, ChargeResulted{at(30), result(kiosk.Charged)}, Saved{at(31), StepResult}), Delivering, "push", ReasonNone},
		{"leaves while charging is being saved", append(toArming(), Abandoned{at(5), ReasonWalkedAway}, Saved{at(6), StepCharging}), Dropping, "save dropped with row payment.not-paid", ReasonWalkedAway},
		{"leaves without a word", append(toBaselining(), Abandoned{Head: at(4)}, BaselineRead{Head: at(5)}), Dropping, "save dropped with row payment.not-paid", ReasonCancelled},
		{"leaves before anything", append(toActivating()[:1], Abandoned{at(1), ReasonCancelled}, Saved{at(2), StepPrepared}), Dropping, "save dropped", ReasonCancelled},
		{"leaves while the gateway answers", append(toActivating(), Abandoned{at(2), ReasonCancelled}, Activated{at(3), activation()}, Saved{at(4), StepActivated}), Dropping, "save dropped with row payment.not-paid", ReasonCancelled},
		{"amount changed: asked again", append(toActivating(), Activated{at(2), cheaper}, Saved{at(3), StepActivated}), Consenting, "", ReasonNone},
		{"amount changed and agreed", append(toActivating(), Activated{at(2), cheaper}, Saved{at(3), StepActivated}, Consented{at(9)}, BaselineRead{Head: at(10)}, Saved{at(11), StepCharging}), Charging, "CHARGE 94.40", ReasonNone},
		{"amount up, fee down, same total: asked again", append(toActivating(), Activated{at(2), swapped}, Saved{at(3), StepActivated}), Consenting, "", ReasonNone},
		{"one bill up, the other down, same total: asked again", append(toActivating(), Activated{at(2), shifted}, Saved{at(3), StepActivated}), Consenting, "", ReasonNone},
		{"amount changed and not agreed", append(toActivating(), Activated{at(2), cheaper}, Saved{at(3), StepActivated}, Abandoned{Head: at(9)}), Dropping, "save dropped with row payment.not-paid", ReasonNotAgreed},
		{"more than a card can carry", append(toActivating(), Activated{at(2), dear}, Saved{at(3), StepActivated}), Dropping, "save dropped with row payment.not-paid", ReasonTooLarge},
		{"amounts that run over", append(toActivating(), Activated{at(2), huge}), Dropping, "save dropped with row payment.not-paid", ReasonWrongAnswer},
		{"a bill of less than nothing", append(toActivating(), Activated{at(2), altered(func(a *kiosk.Activation) { a.Bills[1].Amount = -1200 })}), Dropping, "save dropped with row payment.not-paid", ReasonWrongAnswer},
		{"a bill of nothing", append(toActivating(), Activated{at(2), altered(func(a *kiosk.Activation) { a.Bills[1].Amount = 0 })}), Dropping, "save dropped with row payment.not-paid", ReasonWrongAnswer},
		{"a fee of less than nothing", append(toActivating(), Activated{at(2), altered(func(a *kiosk.Activation) { a.Fee = -240 })}), Dropping, "save dropped with row payment.not-paid", ReasonWrongAnswer},
		{"a bill's fee of less than nothing", append(toActivating(), Activated{at(2), altered(func(a *kiosk.Activation) { a.Bills[0].Fee = -140 })}), Dropping, "save dropped with row payment.not-paid", ReasonWrongAnswer},
		{"a bill without a token", append(toActivating(), Activated{at(2), altered(func(a *kiosk.Activation) { a.Bills[0].Token = "" })}), Dropping, "save dropped with row payment.not-paid", ReasonWrongAnswer},
		{"tokens too old for the card", append(toActivating(), Activated{at(2), brief}, Saved{at(3), StepActivated}, BaselineRead{Head: at(4)}, Saved{at(5), StepCharging}), Dropping, "save dropped with row payment.not-paid", ReasonStale},
		{"charged another amount", append(toCharging(), ChargeResulted{at(30), wrong}), Recording, "save result with row payment.doubtful", ReasonNone},
		{"a result without an outcome", append(toCharging(), ChargeResulted{at(30), kiosk.ChargeResult{}}), Recording, "save result with row payment.doubtful", ReasonNone},
		{"a stale word about an older save", append(toRecorded(kiosk.Unknown), Ticked{at(40)}, Resolved{at(41), result(kiosk.Charged), false}, Saved{at(42), StepResult}), Recording, "", ReasonNone},
		{"a stale word about an older failure", append(toRecorded(kiosk.Charged), SaveFailed{at(42), StepActivated}), Delivering, "", ReasonNone},
		{"a result recorded after all", append(toCharging(), ChargeResulted{at(30), result(kiosk.Charged)}, SaveFailed{at(31), StepResult}, Saved{at(40), StepResult}), Delivering, "push", ReasonNone},
		{"a refusal recorded after all", append(toCharging(), ChargeResulted{at(30), result(kiosk.Refused)}, SaveFailed{at(31), StepResult}, Saved{at(40), StepResult}), Dropped, "push", ReasonDeclined},
		{"a decision recorded after all", append(toRecorded(kiosk.Unknown), Ticked{at(40)}, Resolved{at(41), result(kiosk.Charged), false}, SaveFailed{at(42), StepResolved}, Saved{at(50), StepResolved}), Delivering, "push", ReasonNone},
		{"room again for a payment that had none to begin", []Event{toActivating()[0], SaveFailed{at(1), StepPrepared}, Saved{at(9), StepPrepared}}, Dropping, "save dropped", ReasonJournal},
		{"room again after the activation", append(toActivating(), Activated{at(2), activation()}, SaveFailed{at(3), StepActivated}, Saved{at(9), StepActivated}), Dropping, "save dropped with row payment.not-paid", ReasonJournal},
		{"room again before the card: it is not asked for any more", append(toArming(), SaveFailed{at(5), StepCharging}, Saved{at(9), StepCharging}), Dropping, "save dropped with row payment.not-paid", ReasonJournal},
		{"room again for what was dropped", append(toBaselining(), BaselineFailed{Head: at(4)}, SaveFailed{at(5), StepDropped}, Saved{at(9), StepDropped}), Dropped, "push", ReasonJournal},
		{"a stale word while the result cannot be saved", append(toCharging(), ChargeResulted{at(30), result(kiosk.Charged)}, SaveFailed{at(31), StepResult}, Saved{at(40), StepCharging}), Unrecorded, "", ReasonNone},
		{"an answer for another payment", append(toCharging(), ChargeResulted{Head{ID: "another"}, result(kiosk.Charged)}), Charging, "", ReasonNone},
		{"an end that nobody knows is none", append(toRecorded(kiosk.Charged), BillsClosed{at(32), closings("pending", kiosk.ClosingOK), 2}), Delivering, "", ReasonNone},
		{"and the true one still counts", append(toRecorded(kiosk.Charged), BillsClosed{at(32), closings("pending", kiosk.ClosingOK), 2}, BillsClosed{at(33), closings(kiosk.ClosingDuplicate, ""), 2}), Closed, "save closed", ReasonNone},
		{"more bills than there can be", append(toRecorded(kiosk.Charged), BillsClosed{at(32), closings(kiosk.ClosingOK, kiosk.ClosingOK), 99}), Closed, "save closed", ReasonNone},
		{"a cart that cannot be", []Event{Begun{Head: at(0), Cart: kiosk.Cart{Count: 9}}}, "", "", ReasonNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, effects := run(t, c.events...)
			if s.Phase != c.phase || words(effects) != c.last || s.Reason != c.reason {
				t.Errorf("ends %s, %q, %q; want %s, %q, %q", s.Phase, words(effects), s.Reason, c.phase, c.last, c.reason)
			}
		})
	}
}

// TestRecovered starts from each durable step, as the journal rules.
func TestRecovered(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []Event // the last one asks for the save that became durable
		phase  Phase
		asks   string
	}{
		{"prepared", toActivating()[:1], Dropping, "save dropped with row payment.not-paid"},
		{"activated", append(toActivating(), Activated{at(2), activation()}), Dropping, "save dropped with row payment.not-paid"},
		{"charging", toArming(), Doubtful, ""}, // with the baseline whole, see below
		{"charged", append(toCharging(), ChargeResulted{at(30), result(kiosk.Charged)}), Delivering, "push"},
		{"refused", append(toCharging(), ChargeResulted{at(30), result(kiosk.Refused)}), Dropped, "push"},
		// Other cards may have been charged since: the terminal's last word is not about this one.
		{"unknown", append(toCharging(), ChargeResulted{at(30), result(kiosk.Unknown)}), Undecided, "push"},
		{"resolved charged", append(toRecorded(kiosk.Unknown), Ticked{at(40)}, Resolved{at(41), result(kiosk.Charged), false}), Delivering, "push"},
		{"resolved refused", append(toRecorded(kiosk.Unknown), Ticked{at(40)}, Resolved{at(41), result(kiosk.Refused), false}), Dropped, "push"},
		{"dropped", append(toBaselining(), BaselineFailed{Head: at(4)}), Dropped, ""},
		{"closed", append(toRecorded(kiosk.Charged), BillsClosed{at(32), closings(kiosk.ClosingOK, kiosk.ClosingOK), 2}), Closed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, effects := run(t, c.events...)
			save, ok := effects[0].(Save)
			if !ok {
				t.Fatalf("no save: %s", words(effects))
			}
			s, effects := Step(State{}, Recovered{at(3), durable(t, save)})
			check(t, State{}, Recovered{at(3), durable(t, save)}, s, effects)
			if s.Baseline != save.State.Baseline {
				t.Errorf("baseline %+v, was %+v", s.Baseline, save.State.Baseline)
			}
			if s.Phase != c.phase || words(effects) != c.asks {
				t.Errorf("recovered as %s, %q; want %s, %q", s.Phase, words(effects), c.phase, c.asks)
			}
		})
	}
}

// durable is what the journal gives back for a save.
func durable(t fataler, save Save) State {
	s := save.State
	s.Step = save.Step
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	var back State
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatalf("%v", err)
	}
	return back
}

// TestRecoveredChargeIsDecidedByTheTerminal: after a crash while the card was
// asked for, the terminal's last word becomes the result.
func TestRecoveredChargeIsDecidedByTheTerminal(t *testing.T) {
	_, effects := run(t, toArming()...)
	state := durable(t, effects[0].(Save))
	for _, c := range []struct {
		word kiosk.Outcome
		asks string
	}{
		{kiosk.Charged, "save result with row payment.paid"},
		{kiosk.Refused, "save result with row payment.not-paid"},
		{kiosk.Unknown, "save result with row payment.doubtful"},
	} {
		s, effects := run(t, Recovered{at(1), state}, Ticked{at(1)})
		if words(effects) != "resolve" {
			t.Fatalf("asks %q", words(effects))
		}
		ask := effects[0].(Resolve)
		if ask.Request.Amount != 9940 || ask.Baseline.STAN != "000122" || ask.Request != s.Request() {
			t.Errorf("asks with %+v", ask)
		}
		if _, effects = Step(s, Resolved{at(2), result(c.word), false}); words(effects) != c.asks {
			t.Errorf("%s: asks %q, want %q", c.word, words(effects), c.asks)
		}
	}
}

func TestTerminalIsAskedAgainWithPatience(t *testing.T) {
	s, _ := run(t, toRecorded(kiosk.Unknown)...)
	waits, now := []kiosk.Span{}, at(31)
	for range 6 {
		next, ok := NextTick(s)
		if !ok {
			t.Fatal("does not want to know the time")
		}
		waits = append(waits, now.At.Mono.Until(next))
		if early, effects := Step(s, Ticked{Head{ID: testID, At: kiosk.Stamp{Mono: next - 1}}}); early != s || effects != nil {
			t.Fatal("asked too early")
		}
		now.At.Mono = next
		s, _ = Step(s, Ticked{now})
		s, _ = Step(s, ResolveFailed{now})
	}
	want := []kiosk.Span{0, 5 * kiosk.Second, 10 * kiosk.Second, 20 * kiosk.Second, 40 * kiosk.Second, 60 * kiosk.Second}
	for i := range want {
		if waits[i] != want[i] {
			t.Errorf("waits %v, want %v", waits, want)
			break
		}
	}
}

func TestRequestFitsTheTerminal(t *testing.T) {
	s, _ := run(t, toCharging()...)
	r := s.Request()
	if len(r.Text) > 128 || r.Amount != s.Agreed || r.Payment != testID {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(r.Text, string(testID)) || !strings.Contains(r.Text, Ref(testID)) {
		t.Errorf("text %q does not name the payment: it alone ties the terminal's slip to it", r.Text)
	}
	for _, c := range r.Text {
		if c < ' ' || c > '~' {
			t.Errorf("text %q is not plain ASCII", r.Text)
		}
	}
}

func TestRefIsStable(t *testing.T) {
	if got := Ref(testID); len(got) != 7 || got[4] != '-' || got != Ref(testID) {
		t.Errorf("ref %q", got)
	}
}

// TestRefusedActivationIsToldAllTheSame: an attempt that got no answer may still
// be on its way when a later one is refused, and lock the bills when it arrives.
func TestRefusedActivationIsToldAllTheSame(t *testing.T) {
	s, effects := run(t, append(toActivating(), ActivationRefused{at(2), kiosk.CodeBillInPayment})...)
	if s.Phase != Dropping || words(effects) != "save dropped with row payment.not-paid" {
		t.Errorf("%s, %q: a late activation would have no outcome", s.Phase, words(effects))
	}
}

// TestRecordedDoubtIsNotAskedAgainAfterAStart: sales went on while the charge
// was undecided, so the terminal's last result may be another payment's.
func TestRecordedDoubtIsNotAskedAgainAfterAStart(t *testing.T) {
	_, effects := run(t, append(toCharging(), ChargeResulted{at(30), result(kiosk.Unknown)})...)
	save, ok := effects[0].(Save)
	if !ok {
		t.Fatalf("no save: %s", words(effects))
	}
	alone := durable(t, save)
	alone.Alone = true
	s, _ := Step(State{}, Recovered{at(3), alone})
	if _, effects = Step(s, Ticked{at(100)}); s.Phase != Doubtful || words(effects) != "resolve" || s.Alone {
		t.Errorf("alone: %s, %q; the terminal can tell", s.Phase, words(effects))
	}
	s, _ = Step(State{}, Recovered{at(3), durable(t, save)})
	s, effects = Step(s, Ticked{at(100)})
	if s.Phase != Undecided || len(effects) != 0 || s.StopsSales() {
		t.Errorf("%s, %q", s.Phase, words(effects))
	}
	s, effects = Step(s, Resolved{at(101), result(kiosk.Charged), true})
	if s.Phase != Recording || words(effects) != "save resolved with row payment.resolved" {
		t.Errorf("a person's word: %s, %q", s.Phase, words(effects))
	}
}

// TestADoubtIsToldThoughTheTerminalIsGone: a charge that was under way when the
// kiosk died, and a terminal that cannot be asked. The gateway must know of the
// doubt, or it frees the bills when their tokens are too old; and how long the
// doubt lasts must be known beyond the next start.
func TestADoubtIsToldThoughTheTerminalIsGone(t *testing.T) {
	_, effects := run(t, toArming()...)
	state := durable(t, effects[0].(Save))
	s, effects := run(t, Recovered{at(1), state}, Ticked{at(1)}, ResolveFailed{at(9)})
	if s.Phase != Recording || words(effects) != "save result with row payment.doubtful" || s.ResultAt != at(9).At.Wall {
		t.Fatalf("%s, %q, at %v", s.Phase, words(effects), s.ResultAt)
	}
	doubt := effects[0].(Save)
	s, effects = Step(s, Saved{at(9), StepResult})
	if next, _ := NextTick(s); s.Phase != Doubtful || words(effects) != "push" || next <= at(9).At.Mono || !s.StopsSales() || s.Tries == 0 {
		t.Fatalf("%s, %q, asks again at %d", s.Phase, words(effects), next)
	}
	// It is told once, and the terminal decides when it is back.
	s, _ = Step(s, Ticked{at(100)})
	if s, effects = Step(s, ResolveFailed{at(109)}); s.Phase != Doubtful || len(effects) != 0 {
		t.Fatalf("again: %s, %q", s.Phase, words(effects))
	}
	s, _ = Step(s, Ticked{at(200)})
	if s, effects = Step(s, Resolved{at(201), result(kiosk.Charged), false}); words(effects) != "save resolved with row payment.resolved" {
		t.Fatalf("%s, %q", s.Phase, words(effects))
	}
	// Another start asks the terminal again: no other card was asked for.
	again := durable(t, doubt)
	again.Alone = true
	if s, effects = run(t, Recovered{at(1), again}, Ticked{at(1)}); words(effects) != "resolve" {
		t.Fatalf("after a second start: %s, %q", s.Phase, words(effects))
	}
}

// TestWhatStopsSales: while a charge is not decided with the terminal, or the
// book cannot be written, no further card may be asked for; once the terminal has
// told all that it can, cards are taken again.
func TestWhatStopsSales(t *testing.T) {
	stops := []Phase{Arming, Charging, Recording, Doubtful, Resolving, Unrecorded}
	for _, p := range Phases() {
		if got, want := (State{Phase: p}).StopsSales(), slices.Contains(stops, p); got != want {
			t.Errorf("%s: stops sales %t, want %t", p, got, want)
		}
	}
}

package payment_test

// Payments, events and effects as the tests need them.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	. "github.com/tserve/jolly/kiosk/payment"
)

var update = flag.Bool("update", false, "write the golden files anew")

const testID kiosk.PaymentID = "0198c0de-0000-7000-8000-000000000001"

func at(seconds int) Head {
	return Head{ID: testID, At: kiosk.Stamp{
		Mono: kiosk.Mono(0).Add(kiosk.Span(seconds) * kiosk.Second),
		Wall: kiosk.Wall{UnixMilli: 1_790_000_000_000 + int64(seconds)*1000, Trusted: true},
	}}
}

func testCart() kiosk.Cart {
	return kiosk.Cart{}.
		With(kiosk.Quote{Bill: kiosk.Bill{ID: "b1", Creditor: "84006890481", Notice: "301000000000000001", Amount: 8500}, Fee: 140}).
		With(kiosk.Quote{Bill: kiosk.Bill{ID: "b2", Creditor: "84006890481", Notice: "301000000000000002", Amount: 1200}, Fee: 100})
}

func activation() kiosk.Activation {
	return kiosk.Activation{
		Bills: [kiosk.MaxBills]kiosk.ActivatedBill{
			{BillID: "b1", Amount: 8500, Fee: 140, Token: "t1", IUV: "1"}, {BillID: "b2", Amount: 1200, Fee: 100, Token: "t2", IUV: "2"},
		},
		Count: 2, Fee: 240, Life: 30 * kiosk.Minute, Token: "page",
	}
}

func altered(change func(*kiosk.Activation)) kiosk.Activation {
	a := activation()
	change(&a)
	return a
}

func result(o kiosk.Outcome) kiosk.ChargeResult {
	r := kiosk.ChargeResult{Outcome: o, TerminalID: "00000001", STAN: "000123"}
	if o == kiosk.Charged {
		r.Amount, r.AuthCode, r.PAN = 9940, "A00001", "************1234"
	}
	return r
}

func closings(first, second kiosk.Closing) [kiosk.MaxBills]kiosk.BillClosing {
	return [kiosk.MaxBills]kiosk.BillClosing{{BillID: "b1", Closing: first}, {BillID: "b2", Closing: second}}
}

// words says what a step asks for, in a line.
func words(effects []Effect) string {
	if len(effects) == 0 {
		return ""
	}
	var all []string
	for _, e := range effects {
		switch e := e.(type) {
		case Save:
			text := "save " + string(e.Step)
			if e.Row.Kind != "" {
				text += " with row " + string(e.Row.Kind)
			}
			all = append(all, text)
		case Activate:
			all = append(all, "activate")
		case ReadBaseline:
			all = append(all, "read baseline")
		case Charge:
			all = append(all, "CHARGE "+e.Request.Amount.String())
		case Resolve:
			all = append(all, "resolve")
		case Push:
			all = append(all, "push")
		case StopSales:
			all = append(all, "stop sales")
		default:
			all = append(all, fmt.Sprintf("%T", e))
		}
	}
	return strings.Join(all, ", ")
}

func acts(e Effect) bool {
	switch e.(type) {
	case Activate, ReadBaseline, Charge, Resolve:
		return true
	}
	return false
}

// fataler is what rapid and testing have in common.
type fataler interface {
	Fatalf(string, ...any)
	Helper()
}

// check asserts what holds for every single step.
func check(t fataler, before State, e Event, after State, effects []Effect) {
	t.Helper()
	again, effectsAgain := Step(before, e)
	if again != after || fmt.Sprint(effectsAgain) != fmt.Sprint(effects) {
		t.Fatalf("%T in %s: two answers", e, before.Phase)
	}
	saves, acting := 0, 0
	for _, f := range effects {
		if acts(f) {
			acting++
		}
		save, ok := f.(Save)
		if !ok {
			continue
		}
		saves++
		if save.State.ID != after.ID || save.Step == StepNone {
			t.Fatalf("%T in %s: saves %q of %q", e, before.Phase, save.Step, save.State.ID)
		}
		checkRow(t, save.Row)
	}
	if saves > 1 || acting > 1 || (saves > 0 && acting > 0) {
		t.Fatalf("%T in %s: %s in one step", e, before.Phase, words(effects))
	}
	text, err := json.Marshal(after)
	if err != nil {
		t.Fatalf("state to JSON: %v", err)
	}
	var back State
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatalf("state from JSON: %v", err)
	}
	kept := after
	kept.TokenUntil, kept.NextTry, kept.Tries = 0, 0, 0
	if back != kept {
		t.Fatalf("state does not survive JSON:\n%s", text)
	}
}

func checkRow(t fataler, r kiosk.OutboxRow) {
	t.Helper()
	if r.Kind == "" {
		if r != (kiosk.OutboxRow{}) {
			t.Fatalf("half a row: %+v", r)
		}
		return
	}
	sum := sha256.Sum256([]byte(r.Body))
	if r.Hash != hex.EncodeToString(sum[:]) {
		t.Fatalf("hash of %s is not the body's", r.ID)
	}
	if r.ID != string(r.Payment)+"/"+string(r.Kind) || !json.Valid([]byte(r.Body)) {
		t.Fatalf("row %+v", r)
	}
}

// run makes the steps and returns the last state and its effects.
func run(t *testing.T, events ...Event) (State, []Effect) {
	t.Helper()
	var (
		s       State
		effects []Effect
	)
	for _, e := range events {
		before := s
		s, effects = Step(s, e)
		check(t, before, e, s, effects)
	}
	return s, effects
}

// The beginning of a payment, up to each step.
func toActivating() []Event {
	return []Event{Begun{Head: at(0), Kiosk: "prato-01", Language: "it", Cart: testCart()}, Saved{at(1), StepPrepared}}
}

func toBaselining() []Event {
	return append(toActivating(), Activated{at(2), activation()}, Saved{at(3), StepActivated})
}

func toArming() []Event {
	return append(toBaselining(), BaselineRead{at(4), kiosk.Baseline{Known: true, TerminalID: "12345678", STAN: "000122", OnlineID: "000007", Amount: 100, Outcome: kiosk.Charged, Boot: "4bc1"}})
}

func toCharging() []Event { return append(toArming(), Saved{at(5), StepCharging}) }

func toRecorded(o kiosk.Outcome) []Event {
	return append(toCharging(), ChargeResulted{at(30), result(o)}, Saved{at(31), StepResult})
}

package main

// The plan, the comparison and the last line; the rounds themselves need the
// built programs and are run by the program.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/outbox"
	"github.com/tserve/jolly/test/rig"
)

func TestSameSeedSamePlan(t *testing.T) {
	if a, b := draw(7, 80, "", true), draw(7, 80, "", true); !reflect.DeepEqual(a, b) {
		t.Error("the same seed draws two plans")
	}
	if a, b := draw(7, 80, "", true), draw(8, 80, "", true); reflect.DeepEqual(a, b) {
		t.Error("two seeds draw the same plan")
	}
}

func TestPlanHoldsEachCaseOnce(t *testing.T) {
	for seed := range uint64(20) {
		times, number := map[string]int{}, 0
		for _, s := range draw(seed, 0, "", true) {
			papers := map[string]bool{}
			if len(s) > longest {
				t.Errorf("seed %d: %d rounds in one rig", seed, len(s))
			}
			for _, r := range s {
				number++
				if r.Number != number {
					t.Errorf("seed %d: round %d is numbered %d", seed, number, r.Number)
				}
				if times[r.Case]++; times[r.Case] > 1 {
					t.Errorf("seed %d: case %s twice", seed, r.Case)
				}
				if papers[r.Paper] && find(r.Case).paper == "" {
					t.Errorf("seed %d: paper %s twice in one rig", seed, r.Paper)
				}
				papers[r.Paper] = true
				if r.Extra.Kind != ExtraNone && !find(r.Case).kills {
					t.Errorf("seed %d: %s has a fault of its own and %s", seed, r.Case, r.Extra.Kind)
				}
			}
		}
		if len(times) != len(cases()) {
			t.Errorf("seed %d: %d of %d cases", seed, len(times), len(cases()))
		}
	}
}

func TestEachStepIsThere(t *testing.T) {
	names := deck("", false)
	for _, when := range []string{"before", "after"} {
		for _, step := range []string{"prepared", "activated", "charging", "result", "dropped", "resolved", "closed", "print", "push"} {
			if name := "kill-" + when + "-" + step; !slices.Contains(names, name) {
				t.Errorf("no case %s", name)
			}
		}
	}
	for _, s := range draw(1, 200, "", false) {
		if s.needsDisk() {
			t.Error("a case of a full disk without a disk")
		}
	}
	if got := deck("net-", true); len(got) == 0 || !strings.HasPrefix(got[0], "net-") {
		t.Errorf("-only net- draws from %v", got)
	}
}

// What a terminal can tell that is not so, and a gateway that dies with rows in
// its hand, are among the cases.
func TestWhatMustBeTriedIsThere(t *testing.T) {
	names := deck("", false)
	for _, name := range []string{
		"terminal-forgets-charged", "terminal-forgets-not-charged", "terminal-exchanged-charged", "terminal-exchanged-not-charged",
		"terminal-other-sum-by-hand-charged", "terminal-same-sum-by-hand-charged", "terminal-same-sum-by-hand-not-charged",
		"gateway-killed-in-delivery", "gateway-killed-with-rows", "gateway-killed-answering",
	} {
		if !slices.Contains(names, name) {
			t.Errorf("no case %s", name)
		}
	}
}

func TestPapersCanBePaid(t *testing.T) {
	for _, name := range append(payable(), "amount-changes") {
		i := slices.IndexFunc(gateway.Samples(), func(s gateway.Sample) bool { return s.Name == name })
		if i < 0 || gateway.Samples()[i].Refusal != "" {
			t.Errorf("paper %s cannot be paid", name)
		}
	}
}

// agreeing are books of one payment that went well.
func agreeing() rig.Books {
	const id = "0197b0e6-0000-7000-8000-000000000001"
	state := payment.State{ID: id, Cart: kiosk.Cart{Count: 1}, Agreed: 3040, Step: payment.StepClosed, Phase: payment.Closed}
	state.Closings[0] = kiosk.ClosingOK
	return rig.Books{
		Terminal: []rig.Charge{{STAN: "000417", Amount: 3040, Asked: 3040, Outcome: rig.Approved, Payment: id}},
		Kiosk: rig.Book{
			Payments: []rig.Entry{{ID: id, Step: payment.StepClosed, State: state, Outcome: kiosk.Charged, Total: 3040, STAN: "000417"}},
			Rows:     []outbox.Row{{OutboxRow: kiosk.OutboxRow{ID: id + "/payment.paid", Kind: kiosk.RowPaid}, State: outbox.RowDelivered}},
		},
		Gateway: map[string]gateway.Evidence{id: {
			State: api.PaymentStatePaid, Total: 3040, Charge: gateway.EvidenceCharge{Outcome: kiosk.Charged, Amount: 3040, STAN: "000417"},
		}},
		Balances: []gateway.Balance{{Account: "acquirer-clearing", Balance: 3040}, {Account: "creditor:1", Balance: -3040}},
	}
}

// settles lets a performer compare what read gives it, and nothing else.
func settles(read func() (rig.Books, error)) performer {
	return func(ctx context.Context, _ options, _ []Shift, _ io.Writer) (tally, error) {
		err := settle(ctx, time.Second, func(context.Context) (rig.Books, error) { return read() }, nil)
		return tally{held: []string{booksAgree}, kills: 1, faults: 2, charges: 1}, err
	}
}

func TestPlantedMistakesAreFound(t *testing.T) {
	want := map[string]rig.Invariant{"charged-twice": rig.ChargedOnce, "charge-forgotten": rig.ChargeKnown, "cent-lost": rig.LedgerBalanced}
	for _, name := range plants() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out, errs strings.Builder
				code := command(t.Context(), []string{"-seed", "3", "-rounds", "1"}, &out, &errs, settles(func() (rig.Books, error) {
					b := agreeing()
					spoilers()[name](&b)
					return b, nil
				}))
				last := lastLine(out.String())
				if code != exitViolated || !strings.HasPrefix(last, "violated "+string(want[name])+" ") {
					t.Errorf("status %d, %q, want a violation of %s", code, last, want[name])
				}
			})
		})
	}
}

func TestTheLastLine(t *testing.T) {
	run := func(perform performer, args ...string) (int, string) {
		var out strings.Builder
		code := command(t.Context(), args, &out, io.Discard, perform)
		if !strings.HasPrefix(out.String(), "faults seed ") && code != exitFailed {
			t.Errorf("it begins with %q", out.String())
		}
		return code, lastLine(out.String())
	}
	good := settles(func() (rig.Books, error) { return agreeing(), nil })
	code, first := run(good, "-seed", "3", "-rounds", "5")
	if code != 0 || !strings.HasPrefix(first, "ok rounds 1 kills 1 faults 2 charges 1 hash ") {
		t.Errorf("status %d, %q", code, first)
	}
	if _, again := run(good, "-seed", "3", "-rounds", "5"); again != first {
		t.Errorf("the same seed ends with %q and %q", first, again)
	}
	if _, other := run(good, "-seed", "4", "-rounds", "5"); other == first {
		t.Errorf("another seed has the same hash: %q", other)
	}
	broken := func(context.Context, options, []Shift, io.Writer) (tally, error) {
		return tally{}, errors.New("no Xvfb")
	}
	for name, args := range map[string][]string{"its own failure": {"-rounds", "1"}, "an unknown case": {"-only", "nothing"}, "an unknown plant": {"-plant", "tree"}} {
		if code, last := run(broken, args...); code == 0 || code == exitViolated || strings.HasPrefix(last, "ok") {
			t.Errorf("%s: status %d, %q", name, code, last)
		}
	}
	wrapped := func(context.Context, options, []Shift, io.Writer) (tally, error) {
		return tally{}, fmt.Errorf("round 1: %w", violated(kioskLives, "two\nlines"))
	}
	if code, last := run(wrapped, "-seed", "1", "-rounds", "1"); code != exitViolated || last != "violated kiosk-lives two lines; seed 1" {
		t.Errorf("status %d, %q", code, last)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// Where the terminal took another amount by itself, the amount alone is excused.
func TestOtherAmountIsExcusedAlone(t *testing.T) {
	b := agreeing()
	id := b.Kiosk.Payments[0].ID
	b.Terminal[0].Amount++
	b.Kiosk.Payments[0].Outcome, b.Kiosk.Payments[0].Step = kiosk.Unknown, payment.StepResult
	b.Kiosk.Payments[0].State.Closings[0] = kiosk.ClosingOpen
	b.Gateway[id] = gateway.Evidence{State: api.PaymentStateInVerification}
	b.Balances = nil
	if err := first(b.Compare(), map[string]bool{id: true}); err != nil {
		t.Error(err)
	}
	if err := undecided(b, map[string]bool{id: true}); err != nil {
		t.Error(err)
	}
	var v *violation
	if err := undecided(b, nil); !errors.As(err, &v) || v.name != doubtDecided {
		t.Errorf("nobody decided it: %v", err)
	}
	if err := first(b.Compare(), nil); !errors.As(err, &v) || v.name != string(rig.AmountAgreed) {
		t.Errorf("not excused: %v", err)
	}
	b.Kiosk.Payments[0].Outcome = kiosk.Refused
	if err := first(b.Compare(), map[string]bool{id: true}); !errors.As(err, &v) || v.name != string(rig.ChargeKnown) {
		t.Errorf("called refused: %v", err)
	}
}

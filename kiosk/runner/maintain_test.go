package runner

// A maintainer at the running kiosk, and charges that people decide.

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/payment"
)

// undecided runs a payment of which the terminal cannot tell what became.
func undecided(t *testing.T, h *house) *kioskOf {
	t.Helper()
	h.result = kiosk.ChargeResult{Outcome: kiosk.Unknown, TerminalID: "12345678", Reason: "line lost"}
	h.resolve = func() (kiosk.ChargeResult, error) { return kiosk.ChargeResult{Outcome: kiosk.Unknown}, nil }
	k := run(t, h)
	k.toPay()
	pass(time.Minute)
	k.wantPhase("undecided")
	return k
}

func (k *kioskOf) wantPhase(want string) {
	k.t.Helper()
	var got []string
	k.r.Ask(k.t.Context(), func(v View) {
		for _, p := range v.Payments {
			got = append(got, string(p.Phase))
		}
	})
	if len(got) != 1 || got[0] != want {
		k.t.Errorf("phases %v, want %s", got, want)
	}
}

func TestAPersonDecides(t *testing.T) {
	for _, c := range []struct {
		outcome kiosk.Outcome
		stan    string
		phase   string
	}{{kiosk.Charged, "000042", "closed"}, {kiosk.Refused, "", "dropped"}} {
		synctest.Test(t, func(t *testing.T) {
			k := undecided(t, newHouse(t))
			if err := k.r.Decide(t.Context(), "pay-1", c.outcome, c.stan); err != nil {
				t.Fatal(err)
			}
			inOrder(t, k.done(), []string{"save result with payment.doubtful", "save resolved with payment.resolved"})
			synctest.Wait()
			k.wantPhase(c.phase)
			last := k.saved[slices.IndexFunc(k.saved, func(s payment.Save) bool { return s.Step == "resolved" })]
			if r := last.State.Result; r.Outcome != c.outcome || r.STAN != c.stan {
				t.Errorf("%+v", r)
			}
			if err := k.r.Decide(t.Context(), "pay-1", kiosk.Refused, ""); !errors.Is(err, ErrDecided) {
				t.Errorf("twice: %v", err)
			}
			if err := k.r.Decide(t.Context(), "pay-9", kiosk.Refused, ""); !errors.Is(err, ErrNoSuchPayment) {
				t.Errorf("no such: %v", err)
			}
			if err := k.r.Decide(t.Context(), "pay-1", kiosk.Unknown, ""); err == nil {
				t.Error("unknown is no decision")
			}
			k.end()
		})
	}
}

func TestADecisionThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		k := undecided(t, h)
		h.saveErr["resolved"] = errDisk
		if err := k.r.Decide(t.Context(), "pay-1", kiosk.Charged, "000042"); err == nil {
			t.Error("said to be durable")
		}
		k.end()
	})
}

// The operator decides at the gateway; the kiosk asks seldom and hears of it.
func TestTheOperatorDecides(t *testing.T) {
	for outcome, phase := range map[kiosk.Outcome]string{kiosk.Charged: "closed", kiosk.Refused: "dropped"} {
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			h.closings = kiosk.PaymentStatus{Outcome: kiosk.Unknown}
			k := undecided(t, h)
			pass(5 * time.Hour)
			if n := count(k.done(), "poll"); n < 25 || n > 50 {
				t.Errorf("asked %d times in five hours", n)
			}
			k.wantPhase("undecided")
			h.mu.Lock()
			h.closings.Outcome, h.closings.STAN = outcome, "000042"
			h.mu.Unlock()
			pass(15 * time.Minute)
			inOrder(t, k.done(), []string{"save resolved with payment.resolved", "push payment.resolved"})
			i := slices.IndexFunc(k.saved, func(s payment.Save) bool { return s.Step == payment.StepResolved })
			if r := k.saved[i].State.Result; r.Outcome != outcome || r.STAN != "000042" {
				t.Errorf("%+v", r)
			}
			k.wantPhase(phase)
			k.end()
		})
	}
}

// Nobody decides: the maintainer sees it when the time is over, and not before.
func TestAnUndecidedChargeIsShownWhenItIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := undecided(t, newHouse(t))
		pass(23 * time.Hour)
		k.r.Ask(t.Context(), func(v View) {
			if len(v.Problems) != 0 {
				t.Errorf("too early: %+v", v.Problems)
			}
			if v.Devices.SalesStopped {
				t.Error("card sales are stopped although the terminal has told all that it can")
			}
		})
		pass(time.Hour)
		k.wantProblem(health.ProblemUndecided, "pay-1")
		k.end()
	})
}

// The terminal took another amount than was asked: nobody waits a day for that.
func TestAnotherAmountIsShownAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.result = kiosk.ChargeResult{Outcome: kiosk.Unknown, Amount: 4370, STAN: "000042", TerminalID: "12345678", Reason: "00, another amount"}
		h.resolve = func() (kiosk.ChargeResult, error) { return kiosk.ChargeResult{Outcome: kiosk.Unknown}, nil }
		k := run(t, h)
		k.toPay()
		k.wantPage("doubtful")
		k.wantProblem(health.ProblemAmount, "43.70 of 87.40")
		if err := k.r.Decide(t.Context(), "pay-1", kiosk.Refused, ""); err != nil {
			t.Fatal(err)
		}
		k.hasProblem(health.ProblemAmount, false)
		k.end()
	})
}

// The terminal is not there for hours: card sales are stopped, and the operator may decide meanwhile.
func TestTheOperatorDecidesForATerminalThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.result = kiosk.ChargeResult{Outcome: kiosk.Unknown}
		h.resolve = func() (kiosk.ChargeResult, error) {
			return kiosk.ChargeResult{}, kiosk.Errorf(kiosk.CodeTerminalOffline, "ask", "no route")
		}
		k := run(t, h)
		k.toPay()
		pass(10 * time.Minute)
		k.r.Ask(t.Context(), func(v View) {
			if !v.Devices.SalesStopped {
				t.Error("cards are taken beside an unknown charge")
			}
		})
		h.mu.Lock()
		h.closings.Outcome = kiosk.Refused
		h.mu.Unlock()
		pass(15 * time.Minute)
		k.wantPhase("dropped")
		k.r.Ask(t.Context(), func(v View) {
			if v.Devices.SalesStopped {
				t.Error("still stopped")
			}
		})
		k.end()
	})
}

func TestMaintain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.charging = make(chan struct{})
		k := run(t, h)
		err := k.r.Maintain(t.Context(), func(context.Context) error {
			k.wantPage("out-of-service")
			if err := k.r.Maintain(t.Context(), func(context.Context) error { return nil }); !errors.Is(err, ErrInUse) {
				t.Errorf("two at once: %v", err)
			}
			return errDisk
		})
		if !errors.Is(err, errDisk) {
			t.Errorf("%v", err)
		}
		synctest.Wait()
		k.toPay()
		k.wantPage("terminal")
		err = k.r.Maintain(t.Context(), func(context.Context) error { t.Error("beside a card"); return nil })
		if !errors.Is(err, ErrInUse) {
			t.Errorf("while a card is charged: %v", err)
		}
		close(h.charging)
		synctest.Wait()
		if err := k.r.Maintain(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		k.end()
		if err := k.r.Maintain(t.Context(), func(context.Context) error { return nil }); !errors.Is(err, ErrEnded) {
			t.Errorf("at the end: %v", err)
		}
	})
}

func TestAClockThatIsNotSureIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.untrust = true
		k := run(t, h)
		k.wantProblem(health.ProblemClock, "papers say so")
		k.end()
	})
}

// A journal that is new, or was put back: nobody pays before the gateway was heard.
func TestNobodyPaysBeforeTheGatewayWasHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard atomic.Bool
		k := runHeard(t, newHouse(t), heard.Load)
		k.wantPage("out-of-service")
		k.wantProblem(health.ProblemUnheard, "which rows it holds")
		if _, err := k.r.CloseDay(t.Context()); err == nil {
			t.Error("the day was closed: its row has no number yet")
		}
		pass(time.Hour)
		k.wantPage("out-of-service")
		heard.Store(true)
		if err := k.r.GatewayHeard(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		k.wantPage("attract")
		k.hasProblem(health.ProblemUnheard, false)
		k.end()
	})
}

// Out of service by order: the next citizen is told so; it ends by order alone.
func TestOutOfServiceByOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := runClosing(t, newHouse(t), CloseTime{})
		k.wantPage("attract")
		if err := k.r.SetClosed(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		k.wantPage("out-of-service")
		k.r.Ask(t.Context(), func(v View) {
			if !v.Devices.Closed || v.Devices.SalesStopped || v.Devices.CanCharge() {
				t.Errorf("%+v: the citizen hears of a doubt, or may pay", v.Devices)
			}
		})
		k.wantProblem(health.ProblemClosed, "operator's order")
		if err := k.r.AtRest(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Errorf("nothing more can be ordered: %v", err)
		}
		if err := k.r.SetClosed(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		k.wantPage("attract")
		k.end()
	})
}

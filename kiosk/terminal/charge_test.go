package terminal_test

// Conformance: the adapter against the simulator, one case for each behaviour.

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
	"github.com/tserve/jolly/kiosk/terminal/sim"
)

// promise is what a behaviour must lead to: an outcome, or a code and nothing
// asked; and what asking afterwards makes of an unknown one.
type promise struct {
	name     string
	b        sim.Behaviour
	want     kiosk.Outcome
	code     kiosk.Code
	reason   string
	resolved kiosk.Outcome // by a model that saves refused results
}

// conformance has a promise for each behaviour.
var conformance = []promise{
	{name: "approve", b: sim.Behaviour{Kind: sim.Approve}, want: kiosk.Charged},
	{name: "decline", b: sim.Behaviour{Kind: sim.Decline, Text: "FONDI INSUFFICIENTI"}, want: kiosk.Refused, reason: "FONDI INSUFFICIENTI"},
	{name: "late, in time", b: sim.Behaviour{Kind: sim.Late, Delay: 140 * time.Second}, want: kiosk.Charged},
	{name: "too late", b: sim.Behaviour{Kind: sim.Late, Delay: 155 * time.Second}, want: kiosk.Unknown, reason: "no answer in time", resolved: kiosk.Charged},
	{name: "line lost after approval", b: sim.Behaviour{Kind: sim.DropAfter}, want: kiosk.Unknown, reason: "line lost", resolved: kiosk.Charged},
	{name: "line lost before approval", b: sim.Behaviour{Kind: sim.DropBefore}, want: kiosk.Unknown, reason: "line lost", resolved: kiosk.Refused},
	{name: "never", b: sim.Behaviour{Kind: sim.Never}, want: kiosk.Unknown, reason: "no answer in time", resolved: kiosk.Refused},
	{name: "NAK, then taken", b: sim.Behaviour{Kind: sim.Nak, Times: 3}, want: kiosk.Charged},
	{name: "NAK each time", b: sim.Behaviour{Kind: sim.Nak, Times: 4}, code: kiosk.CodeTerminalBusy},
	{name: "wrong LRC once", b: sim.Behaviour{Kind: sim.WrongLRC}, want: kiosk.Charged},
	{name: "wrong LRC three times", b: sim.Behaviour{Kind: sim.WrongLRC, Repeat: 3}, want: kiosk.Charged},
	{name: "wrong LRC each time", b: sim.Behaviour{Kind: sim.WrongLRC, Repeat: 9}, want: kiosk.Unknown, reason: "damaged", resolved: kiosk.Charged},
	{name: "two halves", b: sim.Behaviour{Kind: sim.Halves}, want: kiosk.Charged},
	{name: "ACK and result in one write", b: sim.Behaviour{Kind: sim.Joined}, want: kiosk.Charged},
	{name: "duplicate", b: sim.Behaviour{Kind: sim.Duplicate, Repeat: 2}, want: kiosk.Charged},
	{name: "another amount", b: sim.Behaviour{Kind: sim.OtherAmount, Amount: 9999}, want: kiosk.Unknown, reason: "another amount", resolved: kiosk.Unknown},
	{name: "busy", b: sim.Behaviour{Kind: sim.Busy}, code: kiosk.CodeTerminalBusy},
	{name: "not operative", b: sim.Behaviour{Kind: sim.NotOperative}, code: kiosk.CodeTerminalFault},
	{name: "no ACK, but progress", b: sim.Behaviour{Kind: sim.NoAck}, want: kiosk.Charged},
	{name: "no ACK, nothing else", b: sim.Behaviour{Kind: sim.NoAck, Quiet: true}, want: kiosk.Unknown, reason: "no acknowledgement in time", resolved: kiosk.Charged},
	{name: "deaf", b: sim.Behaviour{Kind: sim.Deaf}, code: kiosk.CodeTerminalOffline},
}

func TestConformanceCoversAllBehaviours(t *testing.T) {
	for _, k := range sim.Kinds() {
		found := false
		for _, c := range conformance {
			found = found || c.b.Kind == k
		}
		if !found {
			t.Errorf("no case for %q", k)
		}
	}
}

func TestConformance(t *testing.T) {
	for _, c := range conformance {
		t.Run(c.name, func(t *testing.T) {
			// A card after 5 seconds: later than an ACK may be, so that nothing rests on a quick card.
			card := 5 * time.Second
			if c.b.Kind == sim.Joined {
				card = time.Second
			}
			run(t, terminal.Config{SavesRefused: true}, sim.Config{AutoCard: card, SavesRefused: true, Used: true, FirstSTAN: 42}, func(t *testing.T, b *bench) {
				base := b.baseline(t)
				b.sim.Set(c.b)
				synctest.Wait()
				r, err := b.charge()
				checkCharge(t, b, r, err, c.want, c.code, c.reason)
				b.recordedBeforeAck(t)
				if c.code != "" {
					return
				}
				b.rest(t)
				consistentUnlessOtherAmount(t, r, b.sim.Snapshot(), c.b.Kind)
				if c.want != kiosk.Unknown {
					return
				}
				b.sim.Set(sim.Behaviour{})
				got, err := b.term.Resolve(b.ctx, request, base)
				if err != nil || got.Outcome != c.resolved {
					t.Errorf("resolved %+v, %v; want %s", got, err, c.resolved)
				}
				consistentUnlessOtherAmount(t, got, b.sim.Snapshot(), c.b.Kind)
			})
		})
	}
}

// consistentUnlessOtherAmount: where the host authorised another amount, all that is right is unknown.
func consistentUnlessOtherAmount(t *testing.T, r kiosk.ChargeResult, l sim.Ledger, k sim.Kind) {
	t.Helper()
	if k != sim.OtherAmount {
		consistent(t, r, l)
	} else if r.Outcome != kiosk.Unknown {
		t.Errorf("%+v, want unknown", r)
	}
}

func checkCharge(t *testing.T, b *bench, r kiosk.ChargeResult, err error, want kiosk.Outcome, code kiosk.Code, reason string) {
	t.Helper()
	ledger := b.sim.Snapshot()
	if code != "" {
		var p *kiosk.Problem
		if !errors.As(err, &p) || p.Code != code || r != (kiosk.ChargeResult{}) {
			t.Errorf("%+v, %v; want problem %s", r, err, code)
		}
		if len(b.recorded) != 0 || len(ledger.Charges)+len(ledger.Refusals) != 0 {
			t.Errorf("nothing was asked, yet recorded %+v, terminal %+v", b.recorded, ledger)
		}
		return
	}
	if err != nil || r.Outcome != want || !strings.Contains(r.Reason, reason) {
		t.Fatalf("%+v, %v; want %s with %q", r, err, want, reason)
	}
	if len(b.recorded) != 1 || b.recorded[0] != r {
		t.Errorf("recorded %+v, want once %+v", b.recorded, r)
	}
	if n := ledger.Requests["X"]; n > 1 && !slices.Contains(b.events(), sim.EventNak) {
		t.Errorf("asked %d times without a NAK", n)
	}
}

func TestChargeTellsEverything(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{FirstSTAN: 42}, func(t *testing.T, b *bench) {
		b.hook = func(e sim.Event) {
			if e.What == sim.EventCard && !b.sim.PresentCard(sim.Card{PAN: "5100000000004321", Kind: "credit", Entry: "ICC"}) {
				t.Error("the terminal did not take the card")
			}
		}
		b.baseline(t)
		r, err := b.charge()
		want := kiosk.ChargeResult{
			Outcome: kiosk.Charged, Amount: amount, TerminalID: tid, STAN: "000042", OnlineID: "000001", AuthCode: "A00042",
			Acquirer: "00000000001", ActionCode: "000", PAN: "************4321", CardKind: "credit", Entry: "ICC", HostTime: r.HostTime,
		}
		if err != nil || r != want || len(r.HostTime) != 7 {
			t.Errorf("%+v, %v\nwant %+v", r, err, want)
		}
		if want := []string{"INSERIRE CARTA", "CARTA INSERITA", "ELABORAZIONE..."}; !slices.Equal(b.shown, want) {
			t.Errorf("progress %q, want %q", b.shown, want)
		}
		if want := []string{"request", "card", "charged", "recorded", "sent", "acked"}; !slices.Equal(sortSent(b.events()), want) {
			t.Errorf("order %v, want %v", b.events(), want)
		}
		l := b.sim.Snapshot()
		if e := l.Charges[0]; e.Text != request.Text || e.Asked != amount || !e.Acked || e.Sent != 1 || e.PAN.Clear() != "************4321" {
			t.Errorf("the terminal wrote %+v", e)
		}
		if l.Total != amount {
			t.Errorf("total %s", l.Total)
		}
	})
}

// sortSent: "sent" is told when the write returns, which races with our record.
func sortSent(order []string) []string {
	i, j := slices.Index(order, "sent"), slices.Index(order, "recorded")
	if i >= 0 && j == i+1 {
		order[i], order[j] = order[j], order[i]
	}
	return order
}

func TestChargeForeignCard(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{AutoCard: time.Second, DefaultCard: sim.Card{Currency: "USD"}}, func(t *testing.T, b *bench) {
		b.baseline(t)
		r, err := b.charge()
		if err != nil || r.Outcome != kiosk.Charged || r.Amount != amount {
			t.Errorf("DCC result: %+v, %v", r, err)
		}
	})
}

func TestChargeBasic(t *testing.T) {
	run(t, terminal.Config{Basic: true}, sim.Config{AutoCard: time.Second}, func(t *testing.T, b *bench) {
		base := b.baseline(t)
		r, err := b.charge()
		if err != nil || r.Outcome != kiosk.Charged || r.Amount != 0 || b.sim.Snapshot().Requests["P"] != 1 {
			t.Errorf("result of P: %+v, %v", r, err)
		}
		// Without the host's amount nothing proves afterwards that it was this payment.
		if got, err := b.term.Resolve(b.ctx, request, base); err != nil || got.Outcome != kiosk.Unknown {
			t.Errorf("resolved %+v, %v", got, err)
		}
	})
}

func TestChargeInAllReadings(t *testing.T) {
	for _, m := range ecr17.Readings() {
		t.Run(string(m), func(t *testing.T) {
			run(t, terminal.Config{LRC: m}, sim.Config{AutoCard: time.Second}, func(t *testing.T, b *bench) {
				b.sim.Set(sim.Behaviour{Kind: sim.WrongLRC, Times: 1})
				b.baseline(t)
				if r, err := b.charge(); err != nil || r.Outcome != kiosk.Charged {
					t.Errorf("%+v, %v", r, err)
				}
			})
		})
	}
}

func TestRedKeyAndNoCard(t *testing.T) {
	for name, c := range map[string]struct {
		hook func(*bench) func(sim.Event)
		want string
	}{
		"red key": {func(b *bench) func(sim.Event) {
			return func(e sim.Event) {
				if e.What == sim.EventCard {
					b.sim.PressRed()
				}
			}
		}, "OPERAZIONE ANNULLATA"},
		"no card": {func(*bench) func(sim.Event) { return nil }, "TEMPO SCADUTO"},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, terminal.Config{}, sim.Config{}, func(t *testing.T, b *bench) {
				b.hook = c.hook(b)
				b.baseline(t)
				r, err := b.charge()
				checkCharge(t, b, r, err, kiosk.Refused, "", c.want)
				b.rest(t)
				consistent(t, r, b.sim.Snapshot())
			})
		})
	}
}

var errDisk = errors.New("disk full")

func TestNotRecordedIsNotAcknowledged(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{AutoCard: time.Second}, func(t *testing.T, b *bench) {
		base := b.baseline(t)
		b.fail = errDisk
		r, err := b.charge()
		if !errors.Is(err, terminal.ErrNotRecorded) || !errors.Is(err, errDisk) || r.Outcome != kiosk.Charged {
			t.Errorf("%+v, %v", r, err)
		}
		b.rest(t)
		e := b.sim.Snapshot().Charges[0]
		if e.Acked || !slices.Contains(b.events(), sim.EventLost) {
			t.Errorf("the terminal got its acknowledgement: %+v, %v", e, b.events())
		}
		if got, err := b.term.Resolve(b.ctx, request, base); err != nil || got.Outcome != kiosk.Charged || got.STAN != e.STAN {
			t.Errorf("resolved %+v, %v", got, err)
		}
	})
}

func TestUnknownNotRecorded(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{AutoCard: time.Second}, func(t *testing.T, b *bench) {
		b.baseline(t)
		b.fail = errDisk
		b.sim.Set(sim.Behaviour{Kind: sim.DropAfter})
		if r, err := b.charge(); !errors.Is(err, terminal.ErrNotRecorded) || r.Outcome != kiosk.Unknown {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// A process that ends while the terminal asks for the card: unknown, and recorded as that.
func TestInterruptedChargeIsUnknown(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{AutoCard: 20 * time.Second}, func(t *testing.T, b *bench) {
		base := b.baseline(t)
		ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
		defer cancel()
		r, err := b.term.Charge(ctx, request, b.progress, b.record)
		checkCharge(t, b, r, err, kiosk.Unknown, "", "interrupted")
		// The terminal goes on, and is asked once it is free again.
		got, err := b.term.Resolve(b.ctx, request, base)
		if kiosk.CodeOf(err) != kiosk.CodeTerminalBusy && got.Outcome != kiosk.Charged {
			t.Errorf("while it works: %+v, %v", got, err)
		}
		b.rest(t)
		if got, err = b.term.Resolve(b.ctx, request, base); err != nil || got.Outcome != kiosk.Charged {
			t.Errorf("resolved %+v, %v", got, err)
		}
	})
}

func TestEndedContextAsksNothing(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{}, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithCancel(b.ctx)
		cancel()
		r, err := b.term.Charge(ctx, request, b.progress, b.record)
		checkCharge(t, b, r, err, "", kiosk.CodeTerminalBusy, "")
		if b.wire.dials != 0 {
			t.Errorf("%d connections", b.wire.dials)
		}
	})
}

func TestBadRequestsAskNothing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*kiosk.ChargeRequest)
		code   kiosk.Code
	}{
		"too much":       {func(r *kiosk.ChargeRequest) { r.Amount = kiosk.MaxCharge + 1 }, kiosk.CodeTotalTooLarge},
		"nothing":        {func(r *kiosk.ChargeRequest) { r.Amount = 0 }, kiosk.CodeInternal},
		"less":           {func(r *kiosk.ChargeRequest) { r.Amount = -1 }, kiosk.CodeInternal},
		"text too long":  {func(r *kiosk.ChargeRequest) { r.Text = strings.Repeat("x", 129) }, kiosk.CodeInternal},
		"text not ASCII": {func(r *kiosk.ChargeRequest) { r.Text = "Città" }, kiosk.CodeInternal},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, terminal.Config{}, sim.Config{}, func(t *testing.T, b *bench) {
				req := request
				c.change(&req)
				r, err := b.term.Charge(b.ctx, req, nil, b.record)
				checkCharge(t, b, r, err, "", c.code, "")
				if b.wire.dials != 0 {
					t.Errorf("%d connections", b.wire.dials)
				}
			})
		})
	}
}

// Two charges at once: one after the other, each with its own result.
func TestOneExchangeAtATime(t *testing.T) {
	run(t, terminal.Config{}, sim.Config{AutoCard: 3 * time.Second}, func(t *testing.T, b *bench) {
		b.baseline(t)
		results := make(chan kiosk.ChargeResult, 2)
		for range 2 {
			go func() {
				r, err := b.term.Charge(b.ctx, request, nil, func(kiosk.ChargeResult) error { return nil })
				if err != nil {
					t.Error(err)
				}
				results <- r
			}()
		}
		// Asking for the status meanwhile waits for its turn, and not longer than it is let.
		ctx, cancel := context.WithTimeout(b.ctx, time.Second)
		defer cancel()
		synctest.Wait()
		if h, err := b.term.Status(ctx); h != kiosk.TerminalBusy || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("status meanwhile: %s, %v", h, err)
		}
		if x, y := <-results, <-results; x.Outcome != kiosk.Charged || y.Outcome != kiosk.Charged || x.STAN == y.STAN {
			t.Errorf("%+v\n%+v", x, y)
		}
		if l := b.sim.Snapshot(); len(l.Charges) != 2 || slices.Contains(b.events(), sim.EventNak) {
			t.Errorf("%+v, %v", l, b.events())
		}
	})
}

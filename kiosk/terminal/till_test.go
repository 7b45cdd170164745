package terminal_test

// The terminal's day: last result, slip, totals, closing, a charge taken back.

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal"
	"github.com/tserve/jolly/kiosk/terminal/sim"
)

var discard = slog.New(slog.DiscardHandler)

func quick() sim.Config { return sim.Config{AutoCard: time.Second, FirstSTAN: 42} }

// charged makes one charge.
func (b *bench) charged(t *testing.T) kiosk.ChargeResult {
	t.Helper()
	b.baseline(t)
	r, err := b.charge()
	if err != nil || r.Outcome != kiosk.Charged {
		t.Fatalf("%+v, %v", r, err)
	}
	return r
}

func TestLast(t *testing.T) {
	run(t, terminal.Config{}, quick(), func(t *testing.T, b *bench) {
		if r, has, err := b.term.Last(b.ctx); err != nil || has {
			t.Errorf("nothing saved: %+v, %t, %v", r, has, err)
		}
		want := b.charged(t)
		if r, has, err := b.term.Last(b.ctx); err != nil || !has || r != want {
			t.Errorf("%+v, %t, %v; want %+v", r, has, err, want)
		}
		if _, err := b.reverse(want.STAN, nil); err != nil {
			t.Fatal(err)
		}
		if r, _, err := b.term.Last(b.ctx); err != nil || r.Outcome == kiosk.Charged {
			t.Errorf("a reversal passes for a charge: %+v, %v", r, err)
		}
	})
}

func TestSlip(t *testing.T) {
	run(t, terminal.Config{}, quick(), func(t *testing.T, b *bench) {
		if _, err := b.term.Slip(b.ctx); !errors.Is(err, terminal.ErrRejected) {
			t.Errorf("no ticket yet: %v", err)
		}
		b.charged(t)
		text, err := b.term.Slip(b.ctx)
		if err != nil || !strings.Contains(text, request.Text) || !strings.HasPrefix(text, "PAGAMENTO\n") || strings.ContainsAny(text, "\x7d\x1b") {
			t.Errorf("%q, %v", text, err)
		}
		b.sim.Set(sim.Behaviour{Kind: sim.DropAfter, On: "R", Times: 1})
		if _, err := b.term.Slip(b.ctx); kiosk.CodeOf(err) != kiosk.CodeTerminalOffline {
			t.Errorf("line lost: %v", err)
		}
	})
}

// The ticket comes to the caller behind the result, and its absence holds nothing up.
func TestTicketOfACharge(t *testing.T) {
	for _, refuses := range []bool{false, true} {
		slips := map[kiosk.PaymentID]string{}
		cfg := terminal.Config{Slip: func(id kiosk.PaymentID, text string) { slips[id] = text }}
		run(t, cfg, quick(), func(t *testing.T, b *bench) {
			if refuses {
				b.sim.Set(sim.Behaviour{Kind: sim.Nak, On: "E"})
			}
			b.charged(t)
			if got := strings.Contains(slips[request.Payment], request.Text); got == refuses {
				t.Errorf("terminal refuses %t: slips %q", refuses, slips)
			}
		})
	}
}

func TestTotals(t *testing.T) {
	run(t, terminal.Config{}, quick(), func(t *testing.T, b *bench) {
		for n := range 3 {
			if got, err := b.term.Totals(b.ctx); err != nil || got.Total != kiosk.Amount(n)*amount || got.TerminalID != tid {
				t.Errorf("%+v, %v", got, err)
			}
			b.charged(t)
		}
		b.sim.Set(sim.Behaviour{Kind: sim.NotOperative})
		if _, err := b.term.Totals(b.ctx); kiosk.CodeOf(err) != kiosk.CodeTerminalFault {
			t.Errorf("not operative: %v", err)
		}
	})
}

func TestClose(t *testing.T) {
	for _, c := range []struct {
		name   string
		b      sim.Behaviour
		want   kiosk.CloseOutcome
		code   kiosk.Code
		reason string
		closed int // by the terminal's count
		asked  int
	}{
		{name: "closed", want: kiosk.CloseDone, closed: 1, asked: 1},
		{name: "refused", b: sim.Behaviour{Kind: sim.Decline, On: "C"}, want: kiosk.CloseRefused, reason: "HOST NON RISPONDE", asked: 1},
		{name: "answer lost", b: sim.Behaviour{Kind: sim.DropAfter, On: "C"}, want: kiosk.CloseUnknown, reason: "line lost", closed: 1, asked: 1},
		{name: "request lost", b: sim.Behaviour{Kind: sim.DropBefore, On: "C"}, want: kiosk.CloseUnknown, reason: "line lost", asked: 1},
		{name: "forgotten", b: sim.Behaviour{Kind: sim.Never, On: "C"}, want: kiosk.CloseUnknown, reason: "no answer", asked: 1},
		{name: "no ACK, an answer", b: sim.Behaviour{Kind: sim.NoAck, On: "C"}, want: kiosk.CloseDone, closed: 1, asked: 1},
		{name: "damaged each time", b: sim.Behaviour{Kind: sim.WrongLRC, On: "C", Repeat: 9}, want: kiosk.CloseUnknown, reason: "damaged", closed: 1, asked: 1},
		{name: "damaged once", b: sim.Behaviour{Kind: sim.WrongLRC, On: "C"}, want: kiosk.CloseDone, closed: 1, asked: 1},
		{name: "NAK, then taken", b: sim.Behaviour{Kind: sim.Nak, On: "C", Times: 3}, want: kiosk.CloseDone, closed: 1, asked: 4},
		{name: "NAK each time", b: sim.Behaviour{Kind: sim.Nak, On: "C"}, code: kiosk.CodeTerminalBusy, asked: 4},
		{name: "not operative", b: sim.Behaviour{Kind: sim.NotOperative}, code: kiosk.CodeTerminalFault},
		{name: "deaf", b: sim.Behaviour{Kind: sim.Deaf}, code: kiosk.CodeTerminalOffline},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, terminal.Config{}, quick(), func(t *testing.T, b *bench) {
				b.charged(t)
				b.sim.Set(c.b)
				synctest.Wait()
				var recorded []kiosk.TerminalClose
				got, err := b.term.Close(b.ctx, func(r kiosk.TerminalClose) error { recorded = append(recorded, r); return nil })
				l := b.sim.Snapshot()
				if l.Closings != c.closed || l.Requests["C"] != c.asked {
					t.Errorf("closed %d times, asked %d", l.Closings, l.Requests["C"])
				}
				if c.code != "" {
					if kiosk.CodeOf(err) != c.code || len(recorded) != 0 || errors.Is(err, terminal.ErrNotRecorded) {
						t.Errorf("%+v, %v, recorded %v; want %s", got, err, recorded, c.code)
					}
					return
				}
				if err != nil || got.Outcome != c.want || !strings.Contains(got.Reason, c.reason) || len(recorded) != 1 || recorded[0] != got {
					t.Errorf("%+v, %v, recorded %v; want %s", got, err, recorded, c.want)
				}
				if c.want == kiosk.CloseDone && (got.Total != amount || got.HostTotal != amount) {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// What cannot be recorded is not acknowledged.
func TestCloseNotRecorded(t *testing.T) {
	run(t, terminal.Config{}, quick(), func(t *testing.T, b *bench) {
		b.charged(t)
		full := errors.New("disk full")
		got, err := b.term.Close(b.ctx, func(kiosk.TerminalClose) error { return full })
		if got.Outcome != kiosk.CloseDone || !errors.Is(err, terminal.ErrNotRecorded) || !errors.Is(err, full) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func (b *bench) reverse(stan string, record func(kiosk.Reversal) error) (kiosk.Reversal, error) {
	if record == nil {
		record = func(kiosk.Reversal) error { return nil }
	}
	return b.term.Reverse(b.ctx, stan, nil, record)
}

func TestReverse(t *testing.T) {
	for _, c := range []struct {
		name   string
		stan   string
		b      sim.Behaviour
		card   sim.Card // that was charged; the one presented again is always the same
		want   kiosk.Outcome
		code   kiosk.Code
		reason string
		back   bool
	}{
		{name: "taken back", want: kiosk.Charged, back: true},
		{name: "another STAN", stan: "000041", want: kiosk.Refused, reason: "NESSUNA OPERAZIONE"},
		{name: "another card", card: sim.Card{PAN: "6001230000002222"}, want: kiosk.Refused, reason: "CARTA DIVERSA"},
		{name: "answer lost", b: sim.Behaviour{Kind: sim.DropAfter, On: "S"}, want: kiosk.Unknown, reason: "line lost", back: true},
		{name: "forgotten", b: sim.Behaviour{Kind: sim.Never, On: "S"}, want: kiosk.Unknown, reason: "no answer"},
		{name: "NAK each time", b: sim.Behaviour{Kind: sim.Nak, On: "S"}, code: kiosk.CodeTerminalBusy},
		{name: "whatever was last", stan: "000000", code: kiosk.CodeInternal},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, terminal.Config{}, quick(), func(t *testing.T, b *bench) {
				if c.card != (sim.Card{}) {
					b.hook = func(e sim.Event) {
						if e.What == sim.EventCard {
							b.sim.PresentCard(c.card)
						}
					}
				}
				charge := b.charged(t)
				b.sim.Set(c.b)
				if c.stan == "" {
					c.stan = charge.STAN
				}
				records := 0
				got, err := b.reverse(c.stan, func(kiosk.Reversal) error { records++; return nil })
				l := b.sim.Snapshot()
				if len(l.Charges) != 1 || l.Charges[0].Reversed != c.back {
					t.Errorf("the terminal has %+v", l.Charges)
				}
				if c.code != "" {
					if kiosk.CodeOf(err) != c.code || records != 0 {
						t.Errorf("%+v, %v, recorded %d times; want %s", got, err, records, c.code)
					}
					return
				}
				if err != nil || got.Outcome != c.want || !strings.Contains(got.Reason, c.reason) || records != 1 || l.Requests["S"] != 1 {
					t.Errorf("%+v, %v, recorded %d, asked %d; want %s", got, err, records, l.Requests["S"], c.want)
				}
			})
		})
	}
}

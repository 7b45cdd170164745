package terminal

// Decision tables, read against the protocol's page line by line.

import (
	"log/slog"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
	"pgregory.net/rapid"
)

const (
	ours  = "12345678"
	asked = kiosk.Amount(8640)
)

func result(form ecr17.Form, code, stan string, amount kiosk.Amount) ecr17.Result {
	r := ecr17.Result{Terminal: ours, Form: form, Code: code, STAN: stan, OnlineID: "0" + stan[1:], PAN: "6001230000001111", CardType: '1'}
	if r.TellsAmount() {
		r.Amount = amount
	}
	if code != "00" {
		r.PAN, r.Amount, r.Text = "", 0, "CARTA RIFIUTATA"
	}
	return r
}

func TestJudge(t *testing.T) {
	foreign := result(ecr17.Extended, "00", "000042", asked)
	foreign.Terminal = "99999999"
	cases := []struct {
		name   string
		answer ecr17.Result
		want   kiosk.Outcome
	}{
		{"X, 00, the amount asked", result(ecr17.Extended, "00", "000042", asked), kiosk.Charged},
		{"X, 00, a cent more", result(ecr17.Extended, "00", "000042", asked+1), kiosk.Unknown},
		{"X, 00, no amount", result(ecr17.Extended, "00", "000042", 0), kiosk.Unknown},
		{"P, 00, the amount is not told", result(ecr17.Plain, "00", "000042", 0), kiosk.Charged},
		{"DCC, 00, the amount asked", result(ecr17.DCC, "00", "000042", asked), kiosk.Charged},
		{"DCC, 00, another amount", result(ecr17.DCC, "00", "000042", asked-1), kiosk.Unknown},
		{"01 KO", result(ecr17.Extended, "01", "000042", 0), kiosk.Refused},
		{"05 card not present", result(ecr17.Extended, "05", "000000", 0), kiosk.Refused},
		{"09 unknown tag", result(ecr17.Plain, "09", "000000", 0), kiosk.Refused},
		{"91 is in no table", result(ecr17.Extended, "91", "000042", 0), kiosk.Unknown},
		{"the result of a reversal", result(ecr17.Reversed, "00", "000042", 0), kiosk.Unknown},
		{"another terminal", foreign, kiosk.Unknown},
	}
	for _, c := range cases {
		got := Judge(Answer{Asked: asked, Terminal: ours, Result: c.answer})
		if got.Outcome != c.want || got.STAN != c.answer.STAN {
			t.Errorf("%s: %s (%s), want %s", c.name, got.Outcome, got.Reason, c.want)
		}
		if got.Outcome != kiosk.Charged && got.Reason == "" {
			t.Errorf("%s: no reason", c.name)
		}
	}
	if got := Judge(Answer{Asked: asked, Terminal: AnyTerminal, Result: foreign}); got.Outcome != kiosk.Charged {
		t.Errorf("any terminal may answer: %+v", got)
	}
}

func TestJudgeKeepsLastFourDigitsAlone(t *testing.T) {
	for in, want := range map[kiosk.MaskedPAN]string{
		"0006001230000001111": "************1111", "000************1111": "************1111", "0000000000000000000": "", "": "", "***": "",
	} {
		r := result(ecr17.Extended, "00", "000042", asked)
		r.PAN = in
		if got := Judge(Answer{Asked: asked, Terminal: ours, Result: r}).PAN.Clear(); got != want {
			t.Errorf("%s: %s, want %s", in.Clear(), got, want)
		}
	}
}

func TestDecide(t *testing.T) {
	before := result(ecr17.Extended, "00", "000041", 1234)
	good := Evidence{
		Asked: asked, Base: baselineOf(ours, true, before), Idle: true, Terminal: ours, HasLast: true,
		Last: result(ecr17.Extended, "00", "000042", asked), SavesRefused: true,
	}
	with := func(f func(*Evidence)) Evidence { e := good; f(&e); return e }
	cases := []struct {
		name string
		e    Evidence
		want kiosk.Outcome
	}{
		{"new STAN, same amount, 00", good, kiosk.Charged},
		{"new STAN, same amount, 00, DCC", with(func(e *Evidence) { e.Last = result(ecr17.DCC, "00", "000042", asked) }), kiosk.Charged},
		{"nothing saved before, now same amount, 00", with(func(e *Evidence) { e.Base = baselineOf(ours, false, ecr17.Result{}) }), kiosk.Charged},
		{"model that saves charges alone: new STAN, same amount, 00", with(func(e *Evidence) { e.SavesRefused = false }), kiosk.Charged},

		{"equals the baseline", with(func(e *Evidence) { e.Last = before }), kiosk.Refused},
		{"equals a refused baseline", with(func(e *Evidence) {
			e.Last = result(ecr17.Extended, "01", "000041", 0)
			e.Base = baselineOf(ours, true, e.Last)
		}), kiosk.Refused},
		{"nothing saved before, nothing now: it may have forgotten", with(func(e *Evidence) { e.Base, e.HasLast = baselineOf(ours, false, ecr17.Result{}), false }), kiosk.Unknown},

		{"our ticket", with(func(e *Evidence) {
			e.Text, e.Ticket = "JOLLY 7K4P-22 0197b0e6", "PAGAMENTO\nJOLLY 7K4P-22 01\n97B0E6\nGRAZIE"
		}), kiosk.Charged},
		{"the ticket of another payment", with(func(e *Evidence) { e.Text, e.Ticket = "JOLLY 7K4P-22 0197b0e6", "PAGAMENTO\nEURO 86.40" }), kiosk.Unknown},
		{"a ticket, and no text of ours to find", with(func(e *Evidence) { e.Ticket = "PAGAMENTO\nEURO 86.40" }), kiosk.Unknown},

		{"equals the baseline, refused ones may not be saved", with(func(e *Evidence) { e.Last, e.SavesRefused = before, false }), kiosk.Unknown},
		{"equals the baseline, not idle", with(func(e *Evidence) { e.Last, e.Idle = before, false }), kiosk.Unknown},
		{"equals the baseline, another terminal", with(func(e *Evidence) { e.Last, e.Terminal = before, "99999999" }), kiosk.Unknown},
		{"new STAN, same amount, 00, not idle", with(func(e *Evidence) { e.Idle = false }), kiosk.Unknown},
		{"new STAN, same amount, 00, another terminal", with(func(e *Evidence) { e.Terminal = "99999999" }), kiosk.Unknown},
		{"new STAN, another amount, 00", with(func(e *Evidence) { e.Last.Amount++ }), kiosk.Unknown},
		{"new STAN, amount not told, 00", with(func(e *Evidence) { e.Last = result(ecr17.Plain, "00", "000042", 0) }), kiosk.Unknown},
		{"new STAN, refused", with(func(e *Evidence) { e.Last = result(ecr17.Extended, "01", "000042", 0) }), kiosk.Unknown},
		{"new STAN, no such code", with(func(e *Evidence) { e.Last.Code = "91" }), kiosk.Unknown},
		{"old STAN, same amount, 00, other online id", with(func(e *Evidence) { e.Last.STAN = "000041" }), kiosk.Unknown},
		{"STAN of zeros, same amount, 00", with(func(e *Evidence) { e.Last.STAN = "000000" }), kiosk.Unknown},
		{"no STAN, same amount, 00", with(func(e *Evidence) { e.Last.STAN = "" }), kiosk.Unknown},
		{"a reversal lies between", with(func(e *Evidence) { e.Last.Form = ecr17.Reversed }), kiosk.Unknown},
		{"the last result is gone", with(func(e *Evidence) { e.HasLast, e.Last = false, ecr17.Result{} }), kiosk.Unknown},
		{"no baseline was taken", with(func(e *Evidence) { e.Base = kiosk.Baseline{} }), kiosk.Unknown},
	}
	for _, c := range cases {
		got := Decide(c.e)
		if got.Outcome != c.want || got.Reason == "" || got.TerminalID != c.e.Terminal && c.want == kiosk.Unknown {
			t.Errorf("%s: %s (%s), want %s", c.name, got.Outcome, got.Reason, c.want)
		}
		if charged := got.Outcome == kiosk.Charged; charged != (got.STAN == c.e.Last.STAN && got.STAN != "") || charged != (got.Amount == asked) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Whatever the evidence: charged needs a new result of the amount asked, and
// refused needs an unchanged one of a model that saves them all.
func TestDecideIsNeverBold(t *testing.T) {
	stans := rapid.SampledFrom([]string{"000000", "000041", "000042", ""})
	results := rapid.Custom(func(t *rapid.T) ecr17.Result {
		return ecr17.Result{
			Terminal: rapid.SampledFrom([]string{ours, "99999999"}).Draw(t, "terminal"),
			Form:     rapid.SampledFrom([]ecr17.Form{ecr17.Plain, ecr17.Reversed, ecr17.Extended, ecr17.DCC}).Draw(t, "form"),
			Code:     rapid.SampledFrom([]string{"00", "01", "05", "91"}).Draw(t, "code"), STAN: stans.Draw(t, "stan"), OnlineID: stans.Draw(t, "online"),
			Amount: rapid.SampledFrom([]kiosk.Amount{0, asked, asked + 1}).Draw(t, "amount"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		e := Evidence{
			Asked: asked, Base: baselineOf(ours, rapid.Bool().Draw(t, "known"), results.Draw(t, "before")), Idle: rapid.Bool().Draw(t, "idle"),
			HasLast: rapid.Bool().Draw(t, "has"), Last: results.Draw(t, "last"), SavesRefused: rapid.Bool().Draw(t, "saves"),
			Text: "ours", Ticket: rapid.SampledFrom([]string{"", "ours", "another's"}).Draw(t, "ticket"),
		}
		e.Terminal = e.Last.Terminal
		switch got := Decide(e); got.Outcome {
		case kiosk.Charged:
			isNew := !e.Base.Known || e.Last.STAN != e.Base.STAN
			if !e.Idle || !e.HasLast || !e.Last.OK() || e.Last.Amount != asked || !e.Last.TellsAmount() || !isNew || e.Terminal != ours || e.Ticket == "another's" {
				t.Fatalf("charged by %+v", e)
			}
		case kiosk.Refused:
			if !e.Idle || !e.SavesRefused || e.Terminal != ours || !e.HasLast || !e.Base.Known || e.Last.STAN != e.Base.STAN {
				t.Fatalf("refused by %+v", e)
			}
		case kiosk.Unknown:
		default:
			t.Fatalf("outcome %q", got.Outcome)
		}
	})
}

// Whatever a terminal tells of a card's number, no more than the last four digits
// stay in memory, and the result is known again all the same.
func TestRememberedResultHoldsNoCardNumber(t *testing.T) {
	told := result(ecr17.Extended, "00", "000042", asked)
	term := New(Config{}, slog.New(slog.DiscardHandler))
	term.remember(told)
	if got := term.last.PAN.Clear(); !term.hasLast || got != "************1111" {
		t.Errorf("remembers %q", got)
	}
	if !same(told, term.last) || !same(term.last, told) {
		t.Error("does not know the result again")
	}
	told.STAN, told.OnlineID = "000000", "000000" // then all of it is compared
	term.remember(told)
	if !same(told, term.last) {
		t.Error("does not know the result without a number again")
	}
}

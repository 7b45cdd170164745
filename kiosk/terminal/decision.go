package terminal

// Decision: what an answer means for the money, as tables. No I/O, no clock.

import (
	"fmt"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// Answer is a terminal's answer to the payment that was just asked, in the same exchange.
type Answer struct {
	Asked    kiosk.Amount
	Terminal string // the ID that must answer
	Result   ecr17.Result
}

// Evidence is all that is known of a payment whose answer was lost.
type Evidence struct {
	Asked        kiosk.Amount
	Base         kiosk.Baseline // the last result before the payment
	Idle         bool           // the terminal answered, operative, and is in no transaction
	Terminal     string         // the ID that answered
	HasLast      bool           // it holds a last result
	Last         ecr17.Result   // that result
	SavesRefused bool           // it is known to save refused results too
	Restarted    bool           // it may have been, since the baseline was taken
	Text         string         // that was printed on the payment's ticket
	Ticket       string         // the terminal's last one; "" when it does not send it
}

// rule is one line of a table: the first that holds decides.
type rule[T any] struct {
	when string
	is   func(T) bool
	then kiosk.Outcome
}

var answerTable = []rule[Answer]{
	{"another terminal answered", func(a Answer) bool { return !sameTerminal(a.Terminal, a.Result.Terminal) }, kiosk.Unknown},
	{"the result of a reversal", func(a Answer) bool { return a.Result.Form == ecr17.Reversed }, kiosk.Unknown},
	{"00, another amount", func(a Answer) bool { return a.Result.OK() && otherAmount(a.Result, a.Asked) }, kiosk.Unknown},
	{"00", func(a Answer) bool { return a.Result.OK() }, kiosk.Charged},
	{"01, 05 or 09", func(a Answer) bool { return notTaken(a.Result) }, kiosk.Refused},
	{"no such result code", func(Answer) bool { return true }, kiosk.Unknown},
}

var evidenceTable = []rule[Evidence]{
	{"the terminal is not idle", func(e Evidence) bool { return !e.Idle }, kiosk.Unknown},
	{"no baseline", func(e Evidence) bool { return e.Base.TerminalID == "" }, kiosk.Unknown},
	{"another terminal answered", func(e Evidence) bool { return e.Terminal != e.Base.TerminalID }, kiosk.Unknown},
	// A terminal that forgets, and one that never had any, look the same.
	{"no last result, neither before nor now", func(e Evidence) bool { return !e.HasLast && !e.Base.Known }, kiosk.Unknown},
	{"last result equals the baseline, the terminal may have been restarted", func(e Evidence) bool { return e.unchanged() && e.Restarted }, kiosk.Unknown},
	{"last result equals the baseline", func(e Evidence) bool { return e.unchanged() && e.SavesRefused }, kiosk.Refused},
	{"last result equals the baseline, refused ones may not be saved", Evidence.unchanged, kiosk.Unknown},
	{"the last result is gone", func(e Evidence) bool { return !e.HasLast }, kiosk.Unknown},
	{"last result is a reversal", func(e Evidence) bool { return e.Last.Form == ecr17.Reversed }, kiosk.Unknown},
	{"last result has no new STAN", func(e Evidence) bool { return !e.newSTAN() }, kiosk.Unknown},
	{"new STAN, not 00", func(e Evidence) bool { return !e.Last.OK() }, kiosk.Unknown},
	{"new STAN, 00, amount not told", func(e Evidence) bool { return !e.Last.TellsAmount() }, kiosk.Unknown},
	{"new STAN, 00, another amount", func(e Evidence) bool { return e.Last.Amount != e.Asked }, kiosk.Unknown},
	{"new STAN, 00, same amount, the ticket of another payment", func(e Evidence) bool { return e.Ticket != "" && !e.ticketIsOurs() }, kiosk.Unknown},
	{"new STAN, 00, same amount", func(Evidence) bool { return true }, kiosk.Charged},
}

// Judge says what the answer to a payment means.
func Judge(a Answer) kiosk.ChargeResult {
	outcome, when := decide(answerTable, a)
	r := resultOf(a.Result)
	r.Outcome = outcome
	switch outcome {
	case kiosk.Charged:
	case kiosk.Refused:
		r.Reason = a.Result.Text
	case kiosk.Unknown:
		r.Reason = fmt.Sprintf("%s: result %s, asked %s, told %s", when, a.Result.Code, a.Asked, a.Result.Amount)
	}
	return r
}

// Decide says what became of a payment whose answer was lost.
func Decide(e Evidence) kiosk.ChargeResult {
	outcome, when := decide(evidenceTable, e)
	if outcome == kiosk.Charged {
		r := resultOf(e.Last)
		r.Outcome, r.Reason = outcome, when
		return r
	}
	// Whose the last result is, is not known: none of it goes into ours.
	return kiosk.ChargeResult{Outcome: outcome, TerminalID: e.Terminal, Reason: when}
}

func decide[T any](table []rule[T], fact T) (kiosk.Outcome, string) {
	for _, r := range table {
		if r.is(fact) {
			return r.then, r.when
		}
	}
	return kiosk.Unknown, "no rule holds"
}

func (e Evidence) unchanged() bool {
	before := e.Base
	before.Boot = ""
	return baselineOf(e.Terminal, e.HasLast, e.Last) == before
}

// newSTAN: a terminal without a last result before has a new STAN in any it
// saved since. All zeros is no number of a transaction.
func (e Evidence) newSTAN() bool {
	return !zeros(e.Last.STAN) && (!e.Base.Known || e.Last.STAN != e.Base.STAN)
}

// ticketIsOurs says that the payment's text stands on the ticket, however its
// lines are broken there.
func (e Evidence) ticketIsOurs() bool {
	squeezed := func(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), "")) }
	return e.Text != "" && strings.Contains(squeezed(e.Ticket), squeezed(e.Text))
}

func sameTerminal(want, got string) bool {
	return want == got || want == AnyTerminal || got == AnyTerminal
}

func otherAmount(r ecr17.Result, asked kiosk.Amount) bool {
	return r.TellsAmount() && r.Amount != asked
}

func notTaken(r ecr17.Result) bool {
	switch r.Code {
	case ecr17.ResultKO, ecr17.ResultNoCard, ecr17.ResultUnknownTag:
		return true
	}
	return false
}

func zeros(s string) bool {
	for i := range len(s) {
		if s[i] != '0' {
			return false
		}
	}
	return true
}

// baselineOf is what is kept of a last result to compare a later one with.
func baselineOf(terminal string, has bool, last ecr17.Result) kiosk.Baseline {
	b := kiosk.Baseline{Known: has, TerminalID: terminal}
	if !has {
		return b
	}
	b.STAN, b.OnlineID, b.Amount, b.Outcome = last.STAN, last.OnlineID, last.Amount, kiosk.Unknown
	switch {
	case last.OK():
		b.Outcome = kiosk.Charged
	case notTaken(last):
		b.Outcome = kiosk.Refused
	}
	return b
}

// resultOf puts a message into the words of the domain, without its outcome.
func resultOf(p ecr17.Result) kiosk.ChargeResult {
	r := kiosk.ChargeResult{
		TerminalID: p.Terminal, STAN: p.STAN, OnlineID: p.OnlineID, AuthCode: p.AuthCode, Acquirer: p.Acquirer,
		ActionCode: p.ActionCode, PAN: maskPAN(p.PAN), Entry: p.Entry, HostTime: p.HostTime,
	}
	if p.OK() {
		r.Amount = p.Amount
		r.CardKind = cardKind(p.CardType)
	}
	return r
}

func cardKind(c byte) string {
	switch c {
	case '1':
		return "bancomat"
	case '2':
		return "credit"
	case '3':
		return "other"
	}
	return ""
}

// maskPAN keeps the last four digits, whatever the terminal shows of the rest.
func maskPAN(p kiosk.MaskedPAN) kiosk.MaskedPAN {
	if last := p.Last4(); last != "" && !zeros(last) {
		return kiosk.MaskedPAN("************" + last)
	}
	return ""
}

package payment

// Step: the life of a payment.

import "github.com/tserve/jolly/kiosk"

// Limits of a payment.
const (
	// TokenReserve is the life that the tokens must have left when the card is
	// asked for: the terminal's longest operation (no longer than the loop waits
	// for it, 240 s), the recovery after it (60 s) and a margin of five minutes
	// (design: money rule 3).
	TokenReserve = 240*kiosk.Second + 60*kiosk.Second + 5*kiosk.Minute

	// retryFirst and retryCap bound the waits between questions to a terminal
	// that holds an unknown charge.
	retryFirst = 5 * kiosk.Second
	retryCap   = 60 * kiosk.Second

	// maxAmount is the largest amount that a notice can carry (eleven digits of
	// cents): sums of what is larger could run over.
	maxAmount kiosk.Amount = 999_999_999_99
)

// Step moves a payment. An event that does not fit the phase changes nothing:
// late and repeated answers are harmless.
func Step(s State, e Event) (State, []Effect) {
	if h := e.head(); s.ID != "" && h.ID != s.ID {
		return s, nil
	}
	switch e := e.(type) {
	case Begun:
		return begin(s, e)
	case Recovered:
		return recovered(s, e)
	case Saved:
		return saved(s, e)
	case SaveFailed:
		return saveFailed(s, e)
	case Activated:
		return activated(s, e)
	case ActivationRefused:
		return when(s, Activating, func() (State, []Effect) {
			// An earlier attempt may still be on its way and lock the bills when it
			// arrives: the gateway is told all the same.
			s.Problem = e.Code
			return drop(s, ReasonActivation, e.At, true)
		})
	case ActivationUnanswered:
		return when(s, Activating, func() (State, []Effect) {
			s.Problem = e.Code
			return drop(s, ReasonUnanswered, e.At, true)
		})
	case Consented:
		return when(s, Consenting, func() (State, []Effect) {
			s.Agreed = s.Total()
			return askBaseline(s)
		})
	case Abandoned:
		return abandoned(s, e)
	case BaselineRead:
		return baselineRead(s, e)
	case BaselineFailed:
		return when(s, Baselining, func() (State, []Effect) {
			s.Problem = e.Code
			return drop(s, ReasonTerminal, e.At, true)
		})
	case ChargeNotStarted:
		return when(s, Charging, func() (State, []Effect) {
			s.Problem = e.Code
			return drop(s, ReasonTerminal, e.At, true)
		})
	case ChargeResulted:
		return resulted(s, e)
	case BillsClosed:
		return billsClosed(s, e)
	case Resolved:
		return resolved(s, e)
	case ResolveFailed:
		return when(s, Resolving, func() (State, []Effect) { return unanswered(s, e.At) })
	case Ticked:
		return ticked(s, e)
	}
	return s, nil
}

func when(s State, p Phase, do func() (State, []Effect)) (State, []Effect) {
	if s.Phase != p {
		return s, nil
	}
	return do()
}

func begin(s State, e Begun) (State, []Effect) {
	if s.ID != "" || e.ID == "" || e.Cart.Count < 1 || e.Cart.Count > kiosk.MaxBills {
		return s, nil
	}
	s = State{
		ID: e.ID, Previous: e.Previous, Ref: Ref(e.ID), Kiosk: e.Kiosk, Language: e.Language, Cart: e.Cart,
		Agreed: e.Cart.Total(), Began: e.At.Wall, Phase: Preparing,
	}
	return s, []Effect{Save{State: s, Step: StepPrepared}}
}

// saved goes on from a step that is durable now. This is the only place where
// an act begins.
func saved(s State, e Saved) (State, []Effect) {
	switch {
	case s.Phase == Preparing && e.Step == StepPrepared:
		s.Step = StepPrepared
		if s.Quit != ReasonNone {
			return drop(s, s.Quit, e.At, false)
		}
		s.Phase = Activating
		return s, []Effect{Activate{ID: s.ID, Previous: s.Previous, Cart: s.Cart}}
	case s.Phase == Holding && e.Step == StepActivated:
		s.Step = StepActivated
		return held(s, e.At)
	case s.Phase == Arming && e.Step == StepCharging:
		s.Step = StepCharging
		return armed(s, e.At)
	case s.Phase == Recording && e.Step == awaited(s):
		s.Step = e.Step
		return recorded(s, e.At)
	case s.Phase == Dropping && e.Step == StepDropped:
		s.Step, s.Phase = StepDropped, Dropped
		return s, []Effect{Push{ID: s.ID}}
	case s.Phase == Closed && e.Step == StepClosed:
		s.Step = StepClosed
	case s.Phase == Unrecorded && e.Step == unrecorded(s):
		s.Step = e.Step
		return mended(s, e.At)
	}
	return s, nil
}

// awaited is the step that is being saved, if any.
func awaited(s State) Journal {
	switch s.Phase {
	case Preparing:
		return StepPrepared
	case Holding:
		return StepActivated
	case Arming:
		return StepCharging
	case Recording:
		if s.Step == StepResult { // the doubt is durable: this decides it
			return StepResolved
		}
		return StepResult
	case Dropping:
		return StepDropped
	case Closed:
		return StepClosed
	}
	return StepNone
}

// held decides what follows an activation that is durable.
func held(s State, at kiosk.Stamp) (State, []Effect) {
	switch {
	case s.Quit != ReasonNone:
		return drop(s, s.Quit, at, true)
	case s.Activation.Total() > kiosk.MaxCharge:
		s.Problem = kiosk.CodeTotalTooLarge
		return drop(s, ReasonTooLarge, at, true)
	case changed(s):
		s.Phase = Consenting
		return s, nil
	default:
		return askBaseline(s)
	}
}

// changed says that the gateway's amounts are not those that the citizen saw:
// also when one went up by what another went down.
func changed(s State) bool {
	for i, l := range s.Cart.Bills() {
		if s.Activation.Bills[i].Amount != l.Bill.Amount {
			return true
		}
	}
	return s.Activation.Fee != s.Cart.Fee() || s.Activation.Total() != s.Agreed
}

func askBaseline(s State) (State, []Effect) {
	s.Phase = Baselining
	return s, []Effect{ReadBaseline{ID: s.ID}}
}

// armed asks for the card, unless the citizen left while charging was being
// saved or the tokens would not live long enough: nothing was asked of the
// terminal yet, so the payment can still be dropped.
func armed(s State, at kiosk.Stamp) (State, []Effect) {
	if s.Quit != ReasonNone {
		return drop(s, s.Quit, at, true)
	}
	if at.Mono.Until(s.TokenUntil) <= TokenReserve {
		s.Problem = kiosk.CodeActivationStale
		return drop(s, ReasonStale, at, true)
	}
	s.Phase = Charging
	return s, []Effect{Charge{Request: s.Request()}}
}

// Request is what the terminal is asked to take for this payment. The text
// prints on its slip and is the only thing that ties the slip to the payment
// (spec: ECR17 3.5, rule 2).
func (s State) Request() kiosk.ChargeRequest {
	return kiosk.ChargeRequest{Payment: s.ID, Amount: s.Total(), Text: "JOLLY " + s.Ref + " " + string(s.ID)}
}

func activated(s State, e Activated) (State, []Effect) {
	if s.Phase != Activating {
		return s, nil
	}
	if !fits(s.Cart, e.Activation) {
		s.Problem = kiosk.CodeInternal
		return drop(s, ReasonWrongAnswer, e.At, true)
	}
	s.Activation = e.Activation
	s.TokenUntil = e.At.Mono.Add(e.Activation.Life)
	s.Phase = Holding
	return s, []Effect{Save{State: s, Step: StepActivated}}
}

// fits says that an activation answers for exactly the bills of the cart.
func fits(c kiosk.Cart, a kiosk.Activation) bool {
	if a.Count != c.Count || a.Fee < 0 || a.Fee > maxAmount || a.Life <= 0 {
		return false
	}
	for i, l := range c.Bills() {
		b := a.Bills[i]
		if b.BillID != l.Bill.ID || b.Token == "" || b.Amount <= 0 || b.Amount > maxAmount || b.Fee < 0 {
			return false
		}
	}
	return true
}

func baselineRead(s State, e BaselineRead) (State, []Effect) {
	if s.Phase != Baselining {
		return s, nil
	}
	s.Baseline = e.Baseline
	if s.Quit != ReasonNone {
		return drop(s, s.Quit, e.At, true)
	}
	s.Phase = Arming
	return s, []Effect{Save{State: s, Step: StepCharging}}
}

// abandoned drops the payment where nothing is under way, remembers it where an
// answer is awaited, and is ignored once the card was asked for.
func abandoned(s State, e Abandoned) (State, []Effect) {
	switch s.Phase {
	case Consenting:
		r := e.Reason
		if r == ReasonNone {
			r = ReasonNotAgreed
		}
		return drop(s, r, e.At, true)
	case Preparing, Activating, Holding, Baselining, Arming:
		s.Quit = e.Reason
		if s.Quit == ReasonNone { // leaving without a word is leaving
			s.Quit = ReasonCancelled
		}
	}
	return s, nil
}

// drop ends a payment without a charge. The row tells the gateway to free what
// it holds, or will hold; tell is false only where it was never asked.
func drop(s State, r Reason, at kiosk.Stamp, tell bool) (State, []Effect) {
	s.Reason = r
	s.Phase = Dropping
	for i := range s.Cart.Count {
		s.Closings[i] = kiosk.ClosingKO
	}
	save := Save{State: s, Step: StepDropped}
	if tell {
		save.Row = row(s, kiosk.RowNotPaid, at.Wall)
	}
	return s, []Effect{save}
}

// resulted takes the terminal's result while it waits for its ACK.
func resulted(s State, e ChargeResulted) (State, []Effect) {
	if s.Phase != Charging {
		return s, nil
	}
	return record(s, judged(s, e.Result), e.At, StepResult)
}

// judged takes the terminal's word as one of the three results. What is neither
// charged nor refused is unknown, and so is a charge of another amount than
// asked (design: money rule 1; spec: ECR17).
func judged(s State, r kiosk.ChargeResult) kiosk.ChargeResult {
	switch {
	case r.Outcome == kiosk.Charged && r.Amount != 0 && r.Amount != s.Total():
		r.Outcome, r.Reason = kiosk.Unknown, "amount differs from what was asked"
	case r.Outcome != kiosk.Charged && r.Outcome != kiosk.Refused:
		r.Outcome = kiosk.Unknown
	}
	return r
}

// record makes the save of a result: the step, and the row that says it.
func record(s State, r kiosk.ChargeResult, at kiosk.Stamp, step Journal) (State, []Effect) {
	s.Result, s.ResultAt, s.Phase = r, at.Wall, Recording
	kind := kiosk.RowResolved
	switch {
	case s.Doubted: // the gateway knows the doubt: this decides it
	case r.Outcome == kiosk.Charged:
		kind = kiosk.RowPaid
	case r.Outcome == kiosk.Refused:
		kind = kiosk.RowNotPaid
	default:
		kind = kiosk.RowDoubtful
	}
	s.Problem = problemOf(r.Outcome)
	if r.Outcome == kiosk.Refused {
		s.Reason = ReasonDeclined
		for i := range s.Cart.Count {
			s.Closings[i] = kiosk.ClosingKO
		}
	}
	rw := row(s, kind, at.Wall)
	if r.Outcome == kiosk.Unknown {
		s.Doubted = true
	}
	return s, []Effect{Save{State: s, Step: step, Row: rw}}
}

// problemOf is what the citizen is told of a result.
func problemOf(o kiosk.Outcome) kiosk.Code {
	switch o {
	case kiosk.Refused:
		return kiosk.CodeChargeRefused
	case kiosk.Unknown:
		return kiosk.CodeChargeUnknown
	}
	return ""
}

// recorded goes on from a result that is durable.
func recorded(s State, at kiosk.Stamp) (State, []Effect) {
	switch s.Result.Outcome {
	case kiosk.Charged:
		s.Problem = ""
		s.Phase = Delivering
		return s, []Effect{Push{ID: s.ID}}
	case kiosk.Refused:
		s.Phase = Dropped
		return s, []Effect{Push{ID: s.ID}}
	default:
		s.Phase = Doubtful
		s.NextTry = max(s.NextTry, at.Mono)
		return s, []Effect{Push{ID: s.ID}}
	}
}

func billsClosed(s State, e BillsClosed) (State, []Effect) {
	if s.Phase != Delivering {
		return s, nil
	}
	for _, c := range e.Closings[:min(max(e.Count, 0), kiosk.MaxBills)] {
		for i, l := range s.Cart.Bills() {
			if l.Bill.ID == c.BillID && s.Closings[i] == kiosk.ClosingOpen && ends(c.Closing) {
				s.Closings[i] = c.Closing
			}
		}
	}
	if !s.allClosed() {
		return s, nil
	}
	s.Phase = Closed
	return s, []Effect{Save{State: s, Step: StepClosed}}
}

// ends says that a bill has come to its end: a word that we do not know is none.
func ends(c kiosk.Closing) bool {
	switch c {
	case kiosk.ClosingOK, kiosk.ClosingKO, kiosk.ClosingDuplicate, kiosk.ClosingRefundDue:
		return true
	}
	return false
}

// resolved takes a later word on an unknown charge. The terminal's own
// "unknown" means that it cannot tell: then a person decides.
func resolved(s State, e Resolved) (State, []Effect) {
	asked := s.Phase == Resolving || (e.Person && (s.Phase == Undecided || s.Phase == Doubtful))
	if !asked {
		return s, nil
	}
	r := judged(s, e.Result)
	switch {
	case !s.Doubted:
		return record(s, r, e.At, StepResult)
	case r.Outcome == kiosk.Unknown:
		s.Phase = Undecided
		return s, nil
	default:
		return record(s, r, e.At, StepResolved)
	}
}

// unanswered: the terminal could not be asked. A doubt of which the gateway has
// not heard is told now: nobody knows when the terminal is back, and until it
// knows of the doubt the gateway frees the bills when their tokens are too old.
func unanswered(s State, at kiosk.Stamp) (State, []Effect) {
	s = askLater(s, at)
	if s.Doubted {
		return s, nil
	}
	return record(s, kiosk.ChargeResult{
		Outcome: kiosk.Unknown, TerminalID: s.Baseline.TerminalID, Reason: "the kiosk stopped while the card was asked for, and the terminal cannot be asked",
	}, at, StepResult)
}

// askLater lets a terminal rest that could not be asked.
func askLater(s State, at kiosk.Stamp) State {
	s.Phase = Doubtful
	s.NextTry = at.Mono.Add(backoff(s.Tries))
	s.Tries++
	return s
}

// ticked asks the terminal about an unknown charge when it is time.
func ticked(s State, e Ticked) (State, []Effect) {
	if s.Phase != Doubtful || e.At.Mono < s.NextTry {
		return s, nil
	}
	s.Phase = Resolving
	return s, []Effect{Resolve{Request: s.Request(), Baseline: s.Baseline}}
}

// saveFailed: before the charge the payment goes no further; a result that
// cannot be recorded leaves the terminal without its ACK. Card sales stop until
// the step is durable after all: the very same save is tried again (mended), and
// what that does not bring about the start-up recovery sees to.
func saveFailed(s State, e SaveFailed) (State, []Effect) {
	if step := awaited(s); step == StepNone || e.Step != step || s.Step == step {
		return s, nil
	}
	s.Problem = kiosk.CodeJournal
	switch s.Phase {
	case Closed: // the closing is known to the gateway: the next start asks again
		return s, nil
	case Recording:
	default:
		s.Reason = ReasonJournal
	}
	s.Phase = Unrecorded
	return s, []Effect{StopSales{ID: s.ID}}
}

// unrecorded is the step that could not be saved.
func unrecorded(s State) Journal {
	switch {
	case s.Result.Outcome != "" && s.Step == StepResult:
		return StepResolved
	case s.Result.Outcome != "":
		return StepResult
	case s.Closings[0] == kiosk.ClosingKO:
		return StepDropped
	case s.Step == StepNone:
		return StepPrepared
	case s.Step == StepPrepared:
		return StepActivated
	case s.Step == StepActivated:
		return StepCharging
	}
	return StepNone
}

// mended goes on from a step that could not be saved and is durable now. No card
// is asked for any more: whoever stood there was told that it did not work.
func mended(s State, at kiosk.Stamp) (State, []Effect) {
	switch s.Step {
	case StepResult, StepResolved:
		s.Problem = problemOf(s.Result.Outcome)
		return recorded(s, at)
	case StepDropped:
		s.Phase = Dropped
		return s, []Effect{Push{ID: s.ID}}
	}
	return drop(s, ReasonJournal, at, s.Step != StepPrepared) // prepared alone: the gateway was never asked
}

// recovered takes a payment out of the journal at start-up, before the first
// citizen. Before charging nothing was taken: the gateway is told. At charging
// the terminal is asked: nothing else was asked of it since. A doubt that is
// recorded is asked again only if no other card was asked for since; else it is
// left to a person.
func recovered(s State, e Recovered) (State, []Effect) {
	if s.ID != "" || !sound(e.State) {
		return s, nil
	}
	s = e.State
	alone := s.Alone
	s.Alone = false // it holds now and not for long
	switch s.Step {
	case StepPrepared, StepActivated:
		return drop(s, ReasonRestart, e.At, true)
	case StepCharging:
		s.Phase, s.NextTry = Doubtful, e.At.Mono
		return s, nil
	case StepResult, StepResolved:
		if s.Result.Outcome == kiosk.Unknown && !alone {
			// Sales went on while it was undecided: the terminal's last result may be
			// that of another charge.
			s.Phase = Undecided
			return s, []Effect{Push{ID: s.ID}}
		}
		return recorded(s, e.At)
	case StepDropped:
		s.Phase = Dropped
	case StepClosed:
		s.Phase = Closed
	}
	return s, nil
}

// sound says that a state can be one of ours.
func sound(s State) bool {
	return s.ID != "" && s.Cart.Count >= 1 && s.Cart.Count <= kiosk.MaxBills &&
		(s.Activation.Count == 0 || s.Activation.Count == s.Cart.Count)
}

// NextTick says when the payment wants to be told the time, if at all.
func NextTick(s State) (kiosk.Mono, bool) {
	return s.NextTry, s.Phase == Doubtful
}

func backoff(tries int) kiosk.Span {
	d := retryFirst
	for range tries {
		if d *= 2; d >= retryCap {
			return retryCap
		}
	}
	return d
}

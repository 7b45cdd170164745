package session

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

// walk steps through events and collects all effects.
func walk(t *testing.T, s State, events ...Event) (State, []Effect) {
	t.Helper()
	var all []Effect
	for _, e := range events {
		var out []Effect
		s, out = Step(s, e)
		all = append(all, out...)
	}
	return s, all
}

func has(effects []Effect, want Effect) bool {
	for _, e := range effects {
		if e == want {
			return true
		}
	}
	return false
}

func fresh() State { return rest(State{Devices: devices(), Now: 1}) }

// Scan, look, pay: two touches before the card.
func TestTheCommonCase(t *testing.T) {
	s, out := walk(t, fresh(),
		CodeScanned{kiosk.ScannedCode{AIM: "Q1", Text: paperQR}},
		LookupAnswered{Visit: 1, Quote: quote()},
		Continued{},
		PayPressed{Total: 8740})
	if _, ok := s.Scene.(Preparing); !ok {
		t.Fatalf("scene %T", s.Scene)
	}
	want := StartPayment{Visit: 1, Cart: s.Cart, Language: kiosk.Italian}
	if !has(out, want) {
		t.Errorf("effects %v lack %v", out, want)
	}
	s, out = walk(t, s,
		PaymentMoved{1, paymentIn(payment.Charging)}, TerminalSaid{1, "INSERIRE CARTA"}, PaymentMoved{1, paymentIn(payment.Recording)},
		PaymentMoved{1, paymentIn(payment.Delivering)}, PaymentMoved{1, paymentIn(payment.Closed)}, ReceiptChosen{WayPaper})
	if !has(out, Print{Visit: 1, Payment: "p1", Kind: kiosk.PaperReceipt, Language: kiosk.Italian}) {
		t.Errorf("no receipt: %v", out)
	}
	s, _ = walk(t, s, PrintEnded{1, kiosk.PrintReport{Result: kiosk.PrintDone}}, Ticked{s.Now.Add(thanksLimit)})
	if _, ok := s.Scene.(Attract); !ok || s.Cart.Count != 0 || s.Payment.ID != "" || s.Visit != 2 {
		t.Errorf("after the visit: %+v", s)
	}
}

// The consent is to the amount on the button, and only where a card can be asked for.
func TestPayNeedsTheShownTotal(t *testing.T) {
	s := enter(State{Visit: 1, Devices: devices(), Cart: kiosk.Cart{}.With(quote())}, Confirm{})
	if _, out := Step(s, PayPressed{Total: 8639}); len(out) != 0 {
		t.Errorf("another total was paid: %v", out)
	}
	s.Devices.SalesStopped = true
	if _, out := Step(s, PayPressed{Total: 8740}); len(out) != 0 {
		t.Errorf("paid while sales are stopped: %v", out)
	}
	s.Devices.SalesStopped, s.Devices.Closed = false, true
	if _, out := Step(s, PayPressed{Total: 8740}); len(out) != 0 {
		t.Errorf("paid at a kiosk that is closed: %v", out)
	}
}

// While the card terminal works nothing ends the visit.
func TestTheTerminalPageCannotBeLeft(t *testing.T) {
	s := enter(State{Now: 1, Visit: 1, Devices: devices()}, Terminal{})
	s.Payment = paymentIn(payment.Charging)
	s, out := walk(t, s, ExitAsked{}, ExitConfirmed{}, WentBack{}, Ticked{s.Now.Add(300 * kiosk.Second)}, CodeScanned{kiosk.ScannedCode{Text: paperTwo}})
	if _, ok := s.Scene.(Terminal); !ok || s.Overlay != nil || len(out) != 0 {
		t.Errorf("scene %T overlay %v effects %v", s.Scene, s.Overlay, out)
	}
}

// The citizen who walks away on each reading page is asked, then forgotten.
func TestWalkingAway(t *testing.T) {
	for _, s := range situations() {
		idle, _ := limits(s.Scene)
		if idle == 0 || s.Overlay != nil {
			continue
		}
		asked, _ := Step(s, Ticked{s.Now.Add(idle)})
		if _, ok := asked.Overlay.(IdleBox); !ok {
			t.Errorf("%T: nobody is asked after %ds", s.Scene, idle.Seconds())
			continue
		}
		back, _ := Step(asked, BoxClosed{})
		if back.Overlay != nil || back.Scene != s.Scene || back.Cart != s.Cart {
			t.Errorf("%T: coming back lost something", s.Scene)
		}
		gone, out := Step(asked, Ticked{asked.Now.Add(idleGrace)})
		rests := gone.Scene == Attract{}
		if s.Card.Present {
			rests = gone.Scene == TakeCard{Card: 7, Since: gone.Now}
		}
		if !rests || !has(out, Wipe{Visit: s.Visit, Card: s.Owner}) {
			t.Errorf("%T: not wiped: %v", s.Scene, out)
		}
		if p := s.Payment; p.ID != "" && !p.Finished() && !has(out, Abandon{Payment: p.ID, Reason: payment.ReasonWalkedAway}) {
			t.Errorf("%T: the payment was not told", s.Scene)
		}
	}
}

// The idle box can be answered at least ten times (EN 301 549, WCAG 2.2.1).
func TestTheIdleBoxCanBeAnsweredTenTimes(t *testing.T) {
	s := enter(State{Now: 1, Visit: 1, Devices: devices(), Cart: kiosk.Cart{}.With(quote())}, Confirm{})
	for i := range 12 {
		s, _ = Step(s, Ticked{s.IdleAt})
		if _, ok := s.Overlay.(IdleBox); !ok {
			t.Fatalf("round %d: no box", i)
		}
		s, _ = Step(s, Ticked{s.Now.Add(19 * kiosk.Second)})
		s, _ = Step(s, BoxClosed{})
	}
	if s.Cart.Count != 1 {
		t.Error("the cart is gone")
	}
}

// On a machine that is late with each tick the countdown leaves no number out, and
// it sounds twice: when it appears and half way.
func TestTheCountdownOfAMachineThatIsLate(t *testing.T) {
	for _, late := range []kiosk.Span{0, kiosk.Millisecond, 300 * kiosk.Millisecond, 990 * kiosk.Millisecond, 1700 * kiosk.Millisecond} {
		s := enter(State{Now: 1, Visit: 1, Devices: devices(), Cart: kiosk.Cart{}.With(quote())}, Confirm{})
		sounds, shown := 0, 0
		for visit := s.Visit; s.Visit == visit; {
			at, ok := NextTick(s)
			if !ok || at <= s.Now {
				t.Fatalf("%v late: at %v the next tick is at %v", late, s.Now, at)
			}
			var out []Effect
			s, out = Step(s, Ticked{at.Add(late)})
			if has(out, Sound{Name: "idle"}) {
				sounds++
			}
			s, out = Step(s, Ticked{s.Now}) // as before every other event
			if has(out, Sound{Name: "idle"}) {
				t.Errorf("%v late: it sounds again at each event", late)
			}
			box, there := s.Overlay.(IdleBox)
			if !there {
				break
			}
			left := s.Now.Until(box.Until).Seconds()
			if shown != 0 && late < kiosk.Second && left != shown-1 {
				t.Errorf("%v late: after %d comes %d", late, shown, left)
			}
			shown = left
		}
		if sounds != 2 {
			t.Errorf("%v late: it sounds %d times", late, sounds)
		}
	}
}

// Whoever chose a language and went away leaves an Italian page behind.
func TestTheAttractPageForgetsTheLanguage(t *testing.T) {
	s, _ := walk(t, fresh(), LanguageChosen{kiosk.Chinese}, ModeToggled{ModeLarge}, NoticeWanted{}, WentBack{})
	if _, ok := s.Scene.(Attract); !ok || s.Language != kiosk.Chinese {
		t.Fatalf("%T %s", s.Scene, s.Language)
	}
	s, _ = Step(s, Ticked{s.Now.Add(attractBack)})
	if s.Language != kiosk.Italian || s.Modes != (Modes{}) {
		t.Errorf("left behind: %s %+v", s.Language, s.Modes)
	}
}

func TestTypedDigits(t *testing.T) {
	s, _ := walk(t, fresh(), TypingWanted{})
	for _, d := range "302000000000004200" { // wrong check digits
		s, _ = Step(s, DigitTyped{byte(d)})
	}
	s, _ = Step(s, Continued{})
	if sc, ok := s.Scene.(TypedDoubt); !ok || sc.Creditor != "" {
		t.Fatalf("no gentle question: %#v", s.Scene)
	}
	kept, _ := Step(s, Continued{})
	if _, ok := kept.Scene.(TypeCreditor); !ok {
		t.Errorf("the citizen's word is not taken: %#v", kept.Scene)
	}
	s, _ = walk(t, s, WentBack{}, DigitErased{}, DigitErased{}, DigitTyped{'3'}, DigitTyped{'2'}, Continued{})
	if sc, ok := s.Scene.(TypeCreditor); !ok || sc.Number != "302000000000004232" {
		t.Fatalf("after correcting: %#v", s.Scene)
	}
	for _, d := range "84006890481" {
		s, _ = Step(s, DigitTyped{byte(d)})
	}
	s, out := Step(s, Continued{})
	if _, ok := s.Scene.(LookingUp); !ok || len(out) != 1 {
		t.Errorf("no lookup: %#v %v", s.Scene, out)
	}
}

// Without a reader nobody is asked to hold a paper under it.
func TestWithoutScanner(t *testing.T) {
	s := fresh()
	s.Devices.Scanner = false
	s, _ = walk(t, s, NoticeWanted{})
	if _, ok := s.Scene.(TypeNotice); !ok {
		t.Fatalf("%T", s.Scene)
	}
	if s, _ = walk(t, s, WentBack{}); s.Scene != (Attract{}) {
		t.Errorf("back leads to %T", s.Scene)
	}
}

func TestTheSamePaperTwiceIsOneBill(t *testing.T) {
	s := enter(State{Now: 1, Visit: 1, Devices: devices(), Cart: kiosk.Cart{}.With(quote())}, Confirm{})
	s, _ = Step(s, CodeScanned{kiosk.ScannedCode{AIM: "Q1", Text: paperQR}})
	if _, ok := s.Scene.(Confirm); !ok || s.Cart.Count != 1 {
		t.Errorf("scene %T, cart %d", s.Scene, s.Cart.Count)
	}
}

// Trying again is a new payment that is linked to the old one, also when the old
// one has not come to its end yet, or could not be written.
func TestTryingAgainIsLinked(t *testing.T) {
	for name, way := range map[string]func(s State) State{
		"no answer in time": func(s State) State {
			s, out := Step(s, Ticked{s.Until})
			if len(out) != 1 || out[0].(Abandon).Payment != "p1" {
				t.Fatalf("effects %v", out)
			}
			return s
		},
		"the journal could not be written": func(s State) State {
			s, _ = Step(s, PaymentMoved{1, payment.State{ID: "p1", Phase: payment.Unrecorded, Problem: kiosk.CodeJournal}})
			return s
		},
	} {
		s := enter(State{Now: 1, Visit: 1, Devices: devices(), Cart: kiosk.Cart{}.With(quote())}, Preparing{})
		s, _ = Step(s, PaymentMoved{1, payment.State{ID: "p1", Phase: payment.Activating}})
		s = way(s)
		if r, ok := s.Scene.(Refused); !ok || !r.Paying {
			t.Fatalf("%s: %T", name, s.Scene)
		}
		s, _ = Step(s, RetryAsked{})
		_, out := Step(s, PayPressed{Total: s.Cart.Total()})
		if len(out) != 1 {
			t.Fatalf("%s: effects %v", name, out)
		}
		if got := out[0].(StartPayment).Previous; got != "p1" {
			t.Errorf("%s: linked to %q", name, got)
		}
	}
}

// A late word of the payment before must not move the next one.
func TestAFormerPaymentDoesNotSpeakForTheNext(t *testing.T) {
	s := enter(State{Now: 1, Visit: 1, Devices: devices(), Cart: kiosk.Cart{}.With(quote()), Payment: paymentIn(payment.Consenting)}, Changed{})
	s, _ = walk(t, s, WentBack{}, CodeScanned{kiosk.ScannedCode{AIM: "Q1", Text: paperQR}}, LookupAnswered{1, quote()}, Continued{}, PayPressed{Total: 8740})
	if _, ok := s.Scene.(Preparing); !ok {
		t.Fatalf("scene %T", s.Scene)
	}
	s, _ = Step(s, PaymentMoved{1, paymentIn(payment.Dropped)})
	if _, ok := s.Scene.(Preparing); !ok || s.Payment.ID == "p1" {
		t.Errorf("the former payment moved the page: %T", s.Scene)
	}
}

func TestNoPaperIsToldBeforePaying(t *testing.T) {
	d := devices()
	d.Printer = kiosk.PrinterPaperOut
	s := enter(State{Now: 1, Visit: 1, Devices: d, Cart: kiosk.Cart{}.With(quote())}, Confirm{})
	s, out := Step(s, PayPressed{Total: 8740})
	if _, ok := s.Scene.(PrinterOut); !ok || len(out) != 0 {
		t.Fatalf("scene %T effects %v", s.Scene, out)
	}
	if s, out = Step(s, PayPressed{Total: 8740}); len(out) != 1 {
		t.Errorf("the citizen's choice is not taken: %T %v", s.Scene, out)
	}
}

// A charge of unknown result is decided later: the page tells it.
func TestRecoveredWhileTheCitizenStandsThere(t *testing.T) {
	s := enter(State{Now: 1, Visit: 1, Devices: devices(), Payment: paymentIn(payment.Doubtful)}, Doubtful{})
	recording, _ := Step(s, PaymentMoved{1, paymentIn(payment.Recording)})
	if recording.Scene != (Doubtful{}) {
		t.Errorf("the page flips to %T while the answer is written down", recording.Scene)
	}
	paid, _ := walk(t, s, PaymentMoved{1, paymentIn(payment.Delivering)}, PaymentMoved{1, paymentIn(payment.Closed)})
	if _, ok := paid.Scene.(Paid); !ok {
		t.Errorf("charged after all: %T", paid.Scene)
	}
	refused, _ := Step(s, PaymentMoved{1, paymentIn(payment.Dropped)})
	if _, ok := refused.Scene.(Declined); !ok {
		t.Errorf("refused after all: %T", refused.Scene)
	}
}

func TestPaperTellsTheTruth(t *testing.T) {
	for ph, want := range map[payment.Phase]kiosk.PaperKind{
		payment.Delivering: kiosk.PaperPending, payment.Closed: kiosk.PaperReceipt, payment.Doubtful: kiosk.PaperDoubtful,
		payment.Undecided: kiosk.PaperDoubtful, payment.Unrecorded: kiosk.PaperDoubtful,
	} {
		if got := Paper(paymentIn(ph)); got != want {
			t.Errorf("%s: %s, want %s", ph, got, want)
		}
	}
	p := paymentIn(payment.Closed)
	p.Closings[0] = kiosk.ClosingDuplicate
	if got := Paper(p); got != kiosk.PaperRefund {
		t.Errorf("duplicate: %s", got)
	}
}

// Random walks keep what must always hold.
func TestInvariants(t *testing.T) {
	events := happenings()
	for _, code := range []string{paperTwo, "https://cittadini.notifichedigitali.it/?aar=x", "PAGOPA|003|1|2|3"} {
		events = append(events, CodeScanned{kiosk.ScannedCode{Text: code}})
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(situations()).Draw(t, "from")
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			e := rapid.SampledFrom(events).Draw(t, "event")
			if tick, ok := e.(Ticked); ok {
				e = Ticked{Now: s.Now + tick.Now}
			}
			before := s
			var out []Effect
			s, out = Step(s, e)
			checkStep(t, before, e, s, out)
		}
	})
}

func checkStep(t *rapid.T, before State, e Event, s State, out []Effect) {
	if _, ok := s.Scene.(Attract); !ok && s.IdleAt == 0 && s.Until == 0 && s.Overlay == nil {
		t.Fatalf("%T after %T has no deadline", s.Scene, e)
	}
	if sc, ok := s.Scene.(TakeCard); ok && s.Modes == before.Modes {
		if sc.Card == s.Owner {
			t.Fatalf("the next visit owns the former card: %+v", s)
		}
		s.Modes = Modes{} // they are the former citizen's until the card is out
	}
	if s.Visit != before.Visit && (s.Cart.Count != 0 || s.Payment.ID != "" || s.Modes != Modes{} && kind(e) != "ModeToggled") {
		t.Fatalf("something of visit %d is left after %T: %+v", before.Visit, e, s)
	}
	for _, eff := range out {
		switch eff := eff.(type) {
		case StartPayment:
			p, ok := e.(PayPressed)
			if !ok || p.Total != eff.Cart.Total() || !before.Devices.CanCharge() {
				t.Fatalf("a payment began by %#v", e)
			}
		case Abandon:
			if before.Payment.HoldsCard() && kind(before.Scene) == "Terminal" {
				t.Fatalf("%T abandons a charge", e)
			}
		case Print:
			if eff.Kind != Paper(before.Payment) {
				t.Fatalf("prints %s of a payment that is %s", eff.Kind, before.Payment.Phase)
			}
		}
	}
	if next, ok := NextTick(s); ok && next <= 0 {
		t.Fatalf("NextTick %d", next)
	}
}

func FuzzStep(f *testing.F) {
	f.Add([]byte{1, 2, 3, 40, 25, 29, 11, 13})
	f.Fuzz(func(t *testing.T, choices []byte) {
		events := happenings()
		s := fresh()
		for _, c := range choices {
			s, _ = Step(s, events[int(c)%len(events)])
			if s.Scene == nil {
				t.Fatal("no scene")
			}
		}
	})
}

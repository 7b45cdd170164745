package session

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Invented papers with right check digits.
const (
	paperQR  = "PAGOPA|002|302000000000004232|84006890481|8640"
	paperTwo = "PAGOPA|002|302000000000004333|84006890481|1250"
)

func devices() Devices {
	return Devices{Scanner: true, Terminal: kiosk.TerminalReady, Printer: kiosk.PrinterReady, Gateway: true, Cards: ReaderReady}
}

func quote() kiosk.Quote {
	return kiosk.Quote{
		Bill: kiosk.Bill{
			ID: "d1", Creditor: "84006890481", CreditorName: "Comune di Prato", Notice: "302000000000004232", IUV: "02000000000004232",
			Subject: "TARI 2026", Amount: 8640, Status: kiosk.BillPayable,
		},
		Fee: 100,
	}
}

// filled is a filled form of a search.
func filled() kiosk.Form {
	f := kiosk.Form{Catalogue: "1", Service: "bollo"}
	f.Values[0], f.Values[1] = "car", "AB123CD"
	return f
}

// twoFound are the bill of the cart and another one.
func twoFound() kiosk.Found {
	q := quote()
	q.Bill.ID, q.Bill.Notice, q.Bill.Subject, q.Bill.Amount = "d2", "302000000000004333", "Mensa", 1250
	return kiosk.Found{}.With(quote()).With(q)
}

func paymentIn(ph payment.Phase) payment.State {
	cart := kiosk.Cart{}.With(quote())
	s := payment.State{ID: "p1", Ref: "7K4P-22", Cart: cart, Agreed: cart.Total(), Phase: ph}
	s.Activation = kiosk.Activation{Count: 1, Fee: 100, Token: "t"}
	s.Activation.Bills[0] = kiosk.ActivatedBill{BillID: "d1", Amount: 8640, Fee: 100, Token: "tok"}
	switch ph {
	case payment.Consenting:
		s.Activation.Bills[0].Amount = 8700
	case payment.Delivering, payment.Closed:
		s.Result = kiosk.ChargeResult{Outcome: kiosk.Charged, Amount: 8740, STAN: "000042"}
	case payment.Dropped:
		s.Reason, s.Problem, s.Result.Outcome = payment.ReasonDeclined, kiosk.CodeChargeRefused, kiosk.Refused
	case payment.Doubtful:
		s.Result.Outcome = kiosk.Unknown
	}
	if ph == payment.Closed {
		s.Closings[0] = kiosk.ClosingOK
	}
	return s
}

// situations are one state for each scene and overlay.
func situations() []State {
	base := State{Now: 1, Visit: 5, Language: kiosk.English, Devices: devices(), Catalogue: services5, Newest: services5}
	at := func(sc Scene) State { return enter(base, sc) }
	with := func(s State) State { s.Cart = s.Cart.With(quote()); return s }
	pay := func(s State, ph payment.Phase) State { s = with(s); s.Payment = paymentIn(ph); return s }
	over := func(s State, o Overlay) State { s.Overlay = o; return s }
	n := kiosk.Notice{Kind: kiosk.NoticeQR, Number: "302000000000004232", Creditor: "84006890481", Amount: 8640}
	lies := func(s State, owner uint64) State { s.Card, s.Owner = card(7), owner; return s }
	typed := Typed{Kind: kiosk.CardCIE3, Secret: kiosk.SecretCAN, Count: 6, Tries: -1, Sent: true}
	return []State{
		at(LayCard{}), at(LayCard{Typed: typed, Again: true}), lies(at(CardSecret{Typed: typed}), 7), lies(at(ReadingCard{Typed: typed}), 7),
		lies(at(Greeting{Typed: typed}), 7), lies(at(CardTrouble{Code: kiosk.CodeCardWrongCAN}), 7), lies(at(TakeCard{Card: 7, Since: 1}), 0),
		lies(with(at(Confirm{})), 7), lies(pay(at(Terminal{}), payment.Charging), 7), lies(pay(at(Paid{}), payment.Closed), 7),
		at(Recovering{}), at(Attract{}), at(Scan{}), with(at(Scan{})),
		at(TypeNotice{Digits: "30200000000000422"}), at(TypeNotice{Digits: "302000000000004232"}),
		at(TypeCreditor{Number: n.Number, Digits: "84006890481"}), at(TypedDoubt{Number: "302000000000004200"}),
		at(LookingUp{Notice: n}), at(Review{Quote: quote(), Notice: n}),
		at(Services{}), at(Services{Group: "cars"}), at(SearchService{Text: "BOL"}), at(ServiceHits{Text: "BOL"}),
		at(carTax(0, "")), at(carTax(1, "AB123C")), at(carTax(1, "AA12345")), at(FormDoubt{Form: carTax(1, "AA12345"), Flaw: "vehicle"}),
		at(Form{Service: "meals"}), at(FindingBills{Form: filled()}), with(at(Choose{Found: twoFound(), Form: filled()})), at(Choose{Found: twoFound(), Picked: 3, Form: filled()}),
		at(Refused{Code: kiosk.CodeGatewayOffline, Form: filled()}),
		at(Refused{Code: kiosk.CodeGatewayOffline, Notice: n}), pay(at(Refused{Code: kiosk.CodeTerminalOffline, Paying: true}), payment.Dropped),
		with(at(Confirm{})), with(at(PrinterOut{})), pay(at(Preparing{}), payment.Activating), pay(at(Changed{}), payment.Consenting),
		pay(at(Terminal{}), payment.Charging), pay(at(Concluding{}), payment.Delivering), pay(at(Paid{}), payment.Closed),
		pay(at(Printing{Kind: kiosk.PaperReceipt}), payment.Closed),
		pay(at(PrintFailed{Kind: kiosk.PaperReceipt, Report: kiosk.PrintReport{Result: kiosk.PrintFailed, State: kiosk.PrinterPaperOut}}), payment.Closed),
		pay(at(OnPhone{}), payment.Closed), pay(at(OnScreen{}), payment.Closed), pay(at(Thanks{Paper: true}), payment.Closed),
		pay(at(Declined{Code: kiosk.CodeChargeRefused}), payment.Dropped), pay(at(Doubtful{}), payment.Doubtful),
		over(with(at(Confirm{})), IdleBox{Until: 1 + kiosk.Mono(idleGrace)}), over(with(at(Confirm{})), CancelBox{}), over(with(at(Confirm{})), HelpPage{}),
	}
}

// happenings are one event of each kind, some in more than one form.
func happenings() []Event {
	later := func(s kiosk.Span) Event { return Ticked{Now: kiosk.Mono(1).Add(s)} }
	return []Event{
		later(4 * kiosk.Second), later(21 * kiosk.Second), later(121 * kiosk.Second), later(400 * kiosk.Second),
		LanguageChosen{kiosk.Chinese}, ModeToggled{ModeLarge}, NoticeWanted{}, TypingWanted{}, DigitTyped{'7'}, DigitErased{}, DigitsCleared{},
		Continued{}, WentBack{}, PayPressed{Total: 8740}, PayPressed{Total: 1}, BillRemoved{Index: 0},
		ReceiptChosen{WayPaper}, ReceiptChosen{WayPhone}, ReceiptChosen{WayNone}, RetryAsked{},
		ExitAsked{}, ExitConfirmed{}, BoxClosed{}, HelpAsked{}, Stirred{},
		CodeScanned{kiosk.ScannedCode{Text: paperQR, AIM: "Q1"}}, CodeScanned{kiosk.ScannedCode{Text: "8001234567890"}},
		DevicesChanged{Devices{}}, RecoveryEnded{},
		LookupAnswered{Visit: 5, Quote: quote()}, LookupAnswered{Visit: 4, Quote: quote()}, LookupFailed{Visit: 5, Code: kiosk.CodeGatewayOffline},
		CatalogueChanged{}, ServicesWanted{}, GroupChosen{"cars"}, SearchWanted{}, ServiceChosen{"bollo"}, ServiceChosen{"meals"}, ServiceChosen{"fine"},
		ServiceChosen{"debts"}, OptionChosen{1}, LetterTyped{'D'},
		CardWanted{}, CardMoved{card(8)}, CardMoved{kiosk.CardNews{Card: 7}}, CardRead{Visit: 5, Card: 7}, CardRead{Visit: 4, Card: 7},
		CardFailed{Visit: 5, Card: 7, Code: kiosk.CodeCardWrongCAN}, CardFailed{Visit: 5, Card: 7, Code: kiosk.CodeGatewayOffline},
		CardFailed{Visit: 5, Card: 6, Code: kiosk.CodeCardWrongCAN},
		BillsFound{Visit: 5}, BillsFound{Visit: 5, Found: kiosk.Found{}.With(quote())}, BillsFound{Visit: 5, Found: twoFound()},
		BillsFound{Visit: 4, Found: twoFound()}, BillTicked{Index: 0}, BillTicked{Index: 1},
		PaymentMoved{Visit: 5, Payment: paymentIn(payment.Charging)}, PaymentMoved{Visit: 5, Payment: paymentIn(payment.Consenting)},
		PaymentMoved{Visit: 5, Payment: paymentIn(payment.Delivering)}, PaymentMoved{Visit: 5, Payment: paymentIn(payment.Closed)},
		PaymentMoved{Visit: 5, Payment: paymentIn(payment.Dropped)}, PaymentMoved{Visit: 5, Payment: paymentIn(payment.Doubtful)},
		PaymentMoved{Visit: 4, Payment: paymentIn(payment.Charging)},
		TerminalSaid{Visit: 5, Text: "INSERIRE CARTA"}, TerminalSaid{Visit: 4, Text: "INSERIRE CARTA"},
		PrintEnded{Visit: 5, Report: kiosk.PrintReport{Result: kiosk.PrintDone}}, PrintEnded{Visit: 5, Report: kiosk.PrintReport{Result: kiosk.PrintUnknown}},
		PrintEnded{Visit: 4, Report: kiosk.PrintReport{Result: kiosk.PrintDone}},
	}
}

// card is a CIE 3.0 that was just laid down.
func card(n uint64) kiosk.CardNews {
	return kiosk.CardNews{Card: n, Present: true, Kind: kiosk.CardCIE3, Wants: kiosk.SecretCAN, Tries: -1}
}

func kind(v any) string {
	if v == nil {
		return "-"
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", v), "session.")
}

// describe says in one line how a state differs from the one before.
func describe(before, after State, effects []Effect) string {
	var parts []string
	if kind(before.Scene) != kind(after.Scene) {
		parts = append(parts, "-> "+kind(after.Scene))
	} else if before.Scene != after.Scene {
		parts = append(parts, "same scene, moved on")
	}
	if kind(before.Overlay) != kind(after.Overlay) {
		parts = append(parts, "over it "+kind(after.Overlay))
	}
	if before.Visit != after.Visit {
		parts = append(parts, "next visit")
	}
	if before.Cart.Count != after.Cart.Count {
		parts = append(parts, fmt.Sprintf("cart %d", after.Cart.Count))
	}
	if before.Language != after.Language {
		parts = append(parts, "language "+string(after.Language))
	}
	if before.Modes != after.Modes {
		parts = append(parts, "aids changed")
	}
	for _, e := range effects {
		switch e := e.(type) {
		case Abandon:
			parts = append(parts, "! Abandon "+string(e.Reason))
		case Print:
			parts = append(parts, "! Print "+string(e.Kind))
		case Sound:
			parts = append(parts, "! Sound "+e.Name)
		default:
			parts = append(parts, "! "+kind(e))
		}
	}
	return strings.Join(parts, ", ")
}

func eventName(e Event) string {
	switch e := e.(type) {
	case Ticked:
		return fmt.Sprintf("Ticked +%ds", kiosk.Mono(1).Until(e.Now).Seconds())
	case PaymentMoved:
		return fmt.Sprintf("PaymentMoved %s visit %d", e.Payment.Phase, e.Visit)
	case PrintEnded:
		return fmt.Sprintf("PrintEnded %s visit %d", e.Report.Result, e.Visit)
	case CodeScanned:
		if e.Code.Text == paperQR {
			return "CodeScanned notice"
		}
		return "CodeScanned shop"
	case LookupAnswered:
		return fmt.Sprintf("LookupAnswered visit %d", e.Visit)
	case BillsFound:
		return fmt.Sprintf("BillsFound %d visit %d", e.Found.Count, e.Visit)
	case TerminalSaid:
		return fmt.Sprintf("TerminalSaid visit %d", e.Visit)
	case CardMoved:
		if e.News.Present {
			return fmt.Sprintf("CardMoved card %d laid down", e.News.Card)
		}
		return fmt.Sprintf("CardMoved card %d taken away", e.News.Card)
	case DevicesChanged:
		return "DevicesChanged none works"
	}
	return kind(e) + strings.TrimPrefix(fmt.Sprintf("%+v", e), "{}")
}

// The whole table, for the eye of a reviewer: what is not listed changes nothing.
func TestTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("# session: scene x event. What is not listed changes nothing but the idle clock.\n")
	for _, s := range situations() {
		fmt.Fprintf(&b, "\n%s", kind(s.Scene))
		if s.Overlay != nil {
			fmt.Fprintf(&b, " under %s", kind(s.Overlay))
		}
		fmt.Fprintf(&b, " (cart %d)\n", s.Cart.Count)
		for _, e := range happenings() {
			after, effects := Step(s, e)
			if line := describe(s, after, effects); line != "" {
				fmt.Fprintf(&b, "  %-38s %s\n", eventName(e), line)
			}
		}
	}
	const path = "testdata/table.golden"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != b.String() {
		t.Errorf("the table changed: run go test -update and read the difference\n%s", b.String())
	}
}

// Package pages holds one situation of every scene of a visit, for tests that
// draw all pages: the rules of package screen, the fit of package ui, and the
// gallery of pictures.
package pages

// The situations.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
)

// Cart is a cart of one late bill.
func Cart() kiosk.Cart {
	return kiosk.Cart{}.With(kiosk.Quote{Fee: 100, Bill: kiosk.Bill{
		ID: "d1", Creditor: "84006890481", CreditorName: "Comune di Prato", Notice: "302000000000004232", Subject: "TARI 2026", Amount: 8640,
		Due: kiosk.Date{Year: 2026, Month: 9, Day: 30}, Late: true, Status: kiosk.BillPayable, Instalment: "2/4",
	}})
}

// Paid is a payment of that cart in a phase.
func Paid(ph payment.Phase, outcome kiosk.Outcome) payment.State {
	c := Cart()
	s := payment.State{ID: "01890000-0000-7000-8000-000000000001", Ref: "7K4P-22", Cart: c, Agreed: c.Total(), Phase: ph}
	s.Activation = kiosk.Activation{Count: 1, Fee: 100, Token: "0123456789abcdef"}
	s.Activation.Bills[0] = kiosk.ActivatedBill{BillID: "d1", Amount: 8700, Fee: 100, Token: "tok"}
	s.Result = kiosk.ChargeResult{Outcome: outcome, PAN: "************4471", AuthCode: "A1B2C3", Reason: "CARTA RIFIUTATA"}
	if ph == payment.Closed {
		s.Closings[0] = kiosk.ClosingOK
	}
	return s
}

// Cards are the scenes of the citizen's card.
func Cards() []session.Scene {
	can := session.Typed{Kind: kiosk.CardCIE3, Secret: kiosk.SecretCAN, Count: 4, Tries: -1}
	pin := session.Typed{Kind: kiosk.CardTSCNS, Secret: kiosk.SecretPIN, Count: 5, Tries: 2}
	none := can
	none.Count = 0
	out := []session.Scene{
		session.LayCard{}, session.LayCard{Again: true}, session.LayCard{Again: true, Typed: can}, session.LayCard{Typed: can}, session.LayCard{Several: true},
		session.CardSecret{Typed: none}, session.CardSecret{Typed: can}, session.CardSecret{Typed: pin},
		session.ReadingCard{Typed: can}, session.Greeting{}, session.TakeCard{Card: 7}, session.TakeCard{Card: 7, Told: true},
	}
	for _, c := range []kiosk.Code{
		kiosk.CodeCardUnknown, kiosk.CodeCardWrongPIN, kiosk.CodeCardPINLast, kiosk.CodeCardNotGenuine, kiosk.CodeCardLevel, kiosk.CodeNothingOwed, kiosk.CodeGatewayOffline,
	} {
		out = append(out, session.CardTrouble{Code: c, Ref: "QRTZ-22"})
	}
	return out
}

// All are states of every scene, with the devices as they can be.
func All(lang kiosk.Language) []session.State {
	works := session.Devices{Scanner: true, Terminal: kiosk.TerminalReady, Printer: kiosk.PrinterReady, Gateway: true, Cards: session.ReaderReady}
	noPaper := works
	noPaper.Printer, noPaper.Scanner, noPaper.Cards = kiosk.PrinterPaperOut, false, session.ReaderGone
	q := kiosk.Quote{Bill: Cart().Lines[0].Bill, Fee: 100}
	n := kiosk.Notice{Number: q.Bill.Notice, Creditor: q.Bill.Creditor, Amount: 8400}
	refund := Paid(payment.Closed, kiosk.Charged)
	refund.Closings[0] = kiosk.ClosingDuplicate
	type sp struct {
		sc session.Scene
		p  payment.State
	}
	scenes := []sp{
		{sc: session.Recovering{}}, {sc: session.Attract{}}, {sc: session.Scan{}}, {sc: session.TypeNotice{Digits: "30200001234567"}},
		{sc: session.TypeNotice{Digits: "302000000000004232"}}, {sc: session.TypeCreditor{Number: n.Number, Digits: "840"}},
		{sc: session.TypedDoubt{Number: n.Number}}, {sc: session.TypedDoubt{Number: n.Number, Creditor: n.Creditor}}, {sc: session.LookingUp{Notice: n}},
		{sc: session.Review{Quote: q, Notice: n}}, {sc: session.Refused{Code: kiosk.CodeGatewayOffline, Ref: "QRTZ-22", Notice: n}},
		{sc: session.Refused{Code: kiosk.CodeBillPaid, Quote: q}}, {sc: session.Confirm{}}, {sc: session.PrinterOut{}}, {sc: session.Preparing{}},
		{session.Changed{}, Paid(payment.Consenting, "")}, {session.Terminal{Message: "INSERIRE CARTA"}, Paid(payment.Charging, "")},
		{session.Concluding{}, Paid(payment.Delivering, kiosk.Charged)}, {session.Paid{}, Paid(payment.Closed, kiosk.Charged)},
		{session.Paid{}, Paid(payment.Delivering, kiosk.Charged)}, {session.Paid{}, refund}, {session.Printing{Kind: kiosk.PaperReceipt}, Paid(payment.Closed, kiosk.Charged)},
		{session.Printing{Kind: kiosk.PaperDoubtful}, Paid(payment.Doubtful, kiosk.Unknown)},
		{session.PrintFailed{Kind: kiosk.PaperReceipt, Report: kiosk.PrintReport{Result: kiosk.PrintFailed}}, Paid(payment.Closed, kiosk.Charged)},
		{session.PrintFailed{Kind: kiosk.PaperReceipt, Report: kiosk.PrintReport{Result: kiosk.PrintUnknown}}, Paid(payment.Closed, kiosk.Charged)},
		{session.OnPhone{}, Paid(payment.Closed, kiosk.Charged)}, {session.OnScreen{}, Paid(payment.Closed, kiosk.Charged)},
		{session.Thanks{Paper: true}, Paid(payment.Closed, kiosk.Charged)}, {session.Thanks{}, Paid(payment.Closed, kiosk.Charged)},
		{session.Declined{Code: kiosk.CodeChargeRefused}, Paid(payment.Dropped, kiosk.Refused)}, {session.Doubtful{}, Paid(payment.Doubtful, kiosk.Unknown)},
	}
	for _, sc := range append(Services(), Cards()...) {
		scenes = append(scenes, sp{sc: sc})
	}
	var out []session.State
	services := Catalogue()
	for _, sc := range scenes {
		for _, d := range []session.Devices{works, noPaper, {}} {
			s := session.State{Now: 1, Visit: 3, Language: lang, Devices: d, Scene: sc.sc, Cart: Cart(), Payment: sc.p, Catalogue: services}
			if d == works { // the card lies there, and its PIN has two tries left
				s.Card, s.Owner = kiosk.CardNews{Card: 7, Present: true, Tries: 2}, 7
			}
			out = append(out, s)
			s.Overlay = session.HelpPage{}
			out = append(out, s)
			s.Overlay = session.IdleBox{Until: kiosk.Mono(1).Add(18 * kiosk.Second)}
			out = append(out, s)
		}
	}
	stopped, closed := works, works
	stopped.SalesStopped, closed.Closed = true, true
	for _, d := range []session.Devices{stopped, closed} {
		out = append(out, session.State{Now: 1, Visit: 3, Language: lang, Devices: d, Scene: session.Attract{}, Catalogue: services})
	}
	return out
}

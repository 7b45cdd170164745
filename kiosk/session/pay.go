package session

// From the cart to the paper.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
)

func paying(s State, e Event) (State, []Effect) {
	switch sc := s.Scene.(type) {
	case Confirm:
		return confirm(s, e)
	case PrinterOut:
		return printerOut(s, e)
	case Changed:
		return changed(s, e)
	case Paid:
		return receipt(s, e)
	case OnPhone, OnScreen:
		return afterReceipt(s, e)
	case PrintFailed:
		return printFailed(s, sc, e)
	case Declined:
		return declined(s, e)
	case Doubtful:
		return doubtful(s, e)
	case Thanks:
		if _, ok := e.(Continued); ok {
			return leave(s, payment.ReasonWalkedAway)
		}
	}
	return s, nil
}

func confirm(s State, e Event) (State, []Effect) {
	switch e := e.(type) {
	case WentBack, NoticeWanted:
		return enter(s, Scan{}), nil
	case BillRemoved:
		s.Cart = s.Cart.Without(e.Index)
		if s.Cart.Count == 0 {
			return enter(s, Scan{}), nil
		}
		return s, nil
	case PayPressed:
		// The consent is to the amount that stood on the button.
		if e.Total != s.Cart.Total() || !s.Devices.CanCharge() {
			return s, nil
		}
		if !s.Devices.Printer.CanPrint() && !s.PaperTold {
			return enter(s, PrinterOut{}), nil
		}
		return start(s)
	}
	return s, nil
}

// start begins a payment. The one before it, if any, is what it tries again, also
// when that has not come to its end: from now on it moves no page.
func start(s State) (State, []Effect) {
	if s.Payment.ID != "" {
		s.Previous = s.Payment.ID
	}
	s.Payment = payment.State{}
	s = enter(s, Preparing{})
	return s, []Effect{StartPayment{Visit: s.Visit, Cart: s.Cart, Language: s.Language, Previous: s.Previous}}
}

func printerOut(s State, e Event) (State, []Effect) {
	switch e := e.(type) {
	case WentBack:
		return enter(s, Confirm{}), nil
	case PayPressed:
		if e.Total != s.Cart.Total() || !s.Devices.CanCharge() {
			return s, nil
		}
		s.PaperTold = true
		return start(s)
	}
	return s, nil
}

func changed(s State, e Event) (State, []Effect) {
	switch e := e.(type) {
	case PayPressed:
		if e.Total != s.Payment.Total() {
			return s, nil
		}
		return enter(s, Preparing{}), []Effect{Consent{Payment: s.Payment.ID}}
	case WentBack:
		// The bills with the amounts of before are not owed any more: begin with the paper.
		out := []Effect{Abandon{Payment: s.Payment.ID, Reason: payment.ReasonNotAgreed}}
		s.Previous, s.Payment, s.Cart = s.Payment.ID, payment.State{}, kiosk.Cart{}
		return enter(s, Scan{}), out
	}
	return s, nil
}

// moved follows the payment. Which scene shows it depends on its phase alone.
func moved(s State, p payment.State) (State, []Effect) {
	// A payment that ended before this one may still have something to say.
	if (s.Payment.ID != "" && s.Payment.ID != p.ID) || p.ID == s.Previous {
		return s, nil
	}
	if !follows(s.Scene) {
		return s, nil
	}
	s.Payment = p
	switch p.Phase {
	case payment.Consenting:
		return at(s, Changed{}), nil
	case payment.Charging, payment.Recording:
		switch s.Scene.(type) {
		case Terminal, Doubtful: // a doubt that is being decided keeps its page until it is
			return s, nil
		}
		return enter(s, Terminal{}), nil
	case payment.Delivering:
		return concluding(s)
	case payment.Closed:
		return closed(s)
	case payment.Dropped:
		return dropped(s, p)
	case payment.Doubtful, payment.Resolving, payment.Undecided, payment.Unrecorded:
		return inDoubt(s, p)
	}
	return s, nil
}

// follows says that the scene shows a payment's progress.
func follows(sc Scene) bool {
	switch sc.(type) {
	case Preparing, Changed, Terminal, Concluding, Paid, Printing, PrintFailed, OnPhone, OnScreen, Doubtful, Refused, Thanks:
		return true
	}
	return false
}

// at enters a scene unless the visit stands there already.
func at(s State, sc Scene) State {
	if s.Scene == sc {
		return s
	}
	return enter(s, sc)
}

func concluding(s State) (State, []Effect) {
	switch s.Scene.(type) {
	case Preparing, Terminal, Doubtful:
		return enter(s, Concluding{}), []Effect{Sound{Name: "done"}}
	}
	return s, nil
}

func closed(s State) (State, []Effect) {
	switch s.Scene.(type) {
	case Preparing, Terminal, Concluding, Doubtful:
		return enter(s, Paid{}), nil
	}
	return s, nil // the result page, if it still stands, says "closed" by itself
}

func dropped(s State, p payment.State) (State, []Effect) {
	switch s.Scene.(type) {
	case Preparing, Changed, Terminal, Doubtful:
	default:
		return s, nil
	}
	s.Previous = p.ID
	if p.Reason == payment.ReasonDeclined {
		return enter(s, Declined{Code: p.Problem}), []Effect{Sound{Name: "refused"}}
	}
	code := p.Problem
	if code == "" {
		code = kiosk.CodeInternal
	}
	return enter(s, Refused{Code: code, Ref: p.Ref, Paying: true}), []Effect{Sound{Name: "refused"}}
}

// inDoubt shows the doubtful page only where the card was asked for; a journal
// that cannot be written before that is a plain refusal.
func inDoubt(s State, p payment.State) (State, []Effect) {
	if p.Phase == payment.Unrecorded && p.Result.Outcome == "" {
		if _, ok := s.Scene.(Preparing); ok {
			return enter(s, Refused{Code: kiosk.CodeJournal, Ref: p.Ref, Paying: true}), nil
		}
	}
	switch s.Scene.(type) {
	case Preparing, Terminal:
		return enter(s, Doubtful{}), []Effect{Sound{Name: "refused"}}
	}
	return s, nil
}

func terminalSaid(s State, text string) (State, []Effect) {
	if _, ok := s.Scene.(Terminal); ok {
		s.Scene = Terminal{Message: text}
	}
	return s, nil
}

// Paper says which paper a payment has now.
func Paper(p payment.State) kiosk.PaperKind {
	switch p.Phase {
	case payment.Doubtful, payment.Resolving, payment.Undecided, payment.Unrecorded, payment.Charging, payment.Recording:
		return kiosk.PaperDoubtful
	case payment.Closed:
		for i := range p.Cart.Count {
			if c := p.Closings[i]; c == kiosk.ClosingDuplicate || c == kiosk.ClosingRefundDue || c == kiosk.ClosingKO {
				return kiosk.PaperRefund
			}
		}
		return kiosk.PaperReceipt
	default:
		return kiosk.PaperPending
	}
}

func receipt(s State, e Event) (State, []Effect) {
	c, ok := e.(ReceiptChosen)
	if !ok {
		return s, nil
	}
	switch c.Way {
	case WayPaper:
		return printPaper(s)
	case WayPhone:
		return enter(s, OnPhone{}), nil
	case WayScreen:
		return enter(s, OnScreen{}), nil
	case WayNone:
		return enter(s, Thanks{}), nil
	}
	return s, nil
}

func printPaper(s State) (State, []Effect) {
	kind := Paper(s.Payment)
	return enter(s, Printing{Kind: kind}),
		[]Effect{Print{Visit: s.Visit, Payment: s.Payment.ID, Kind: kind, Language: s.Language}}
}

func afterReceipt(s State, e Event) (State, []Effect) {
	switch e := e.(type) {
	case Continued:
		return enter(s, Thanks{}), nil
	case WentBack:
		return enter(s, result(s)), nil
	case ReceiptChosen:
		return receipt(s, e)
	}
	return s, nil
}

// result is the scene of the payment's result.
func result(s State) Scene {
	if Paper(s.Payment) == kiosk.PaperDoubtful {
		return Doubtful{}
	}
	return Paid{}
}

func printEnded(s State, r kiosk.PrintReport) (State, []Effect) {
	sc, ok := s.Scene.(Printing)
	if !ok {
		return s, nil
	}
	if r.Result == kiosk.PrintDone {
		return enter(s, Thanks{Paper: true}), []Effect{Sound{Name: "paper"}}
	}
	return enter(s, PrintFailed{Kind: sc.Kind, Report: r}), []Effect{Sound{Name: "refused"}}
}

// printFailed offers the paper again from the start, the phone and the screen;
// where the confirmation was lost the citizen may have the paper in hand.
func printFailed(s State, sc PrintFailed, e Event) (State, []Effect) {
	switch e := e.(type) {
	case Continued:
		return enter(s, Thanks{Paper: sc.Report.Result == kiosk.PrintUnknown}), nil
	case RetryAsked:
		if !s.Devices.Printer.CanPrint() {
			return s, nil
		}
		return printPaper(s)
	case ReceiptChosen:
		return receipt(s, e)
	}
	return s, nil
}

func declined(s State, e Event) (State, []Effect) {
	switch e.(type) {
	case RetryAsked, Continued:
		s.Payment = payment.State{}
		return enter(s, Confirm{}), nil
	case WentBack:
		return leave(s, payment.ReasonCancelled)
	}
	return s, nil
}

func doubtful(s State, e Event) (State, []Effect) {
	switch e := e.(type) {
	case ReceiptChosen:
		return receipt(s, e)
	case Continued:
		return enter(s, Thanks{}), nil
	}
	return s, nil
}

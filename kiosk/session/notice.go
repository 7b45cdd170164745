package session

// From the paper, or the typed digits, to the cart.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

// Lengths of what is typed.
const (
	NumberDigits   = 18
	CreditorDigits = 11
)

// inScene handles what only this scene offers.
func inScene(s State, e Event) (State, []Effect) {
	switch sc := s.Scene.(type) {
	case Attract, Scan:
		return beginning(s, e)
	case Services, SearchService, ServiceHits, Form, FormDoubt:
		return finding(s, e)
	case TypeNotice:
		return typeNotice(s, sc, e)
	case TypeCreditor:
		return typeCreditor(s, sc, e)
	case TypedDoubt:
		return typedDoubt(s, sc, e)
	case Review:
		return review(s, sc, e)
	case Choose:
		return choose(s, sc, e)
	case Refused:
		return refused(s, sc, e)
	case LayCard, CardSecret, CardTrouble:
		return onCard(s, e)
	}
	return paying(s, e)
}

func beginning(s State, e Event) (State, []Effect) {
	switch e.(type) {
	case NoticeWanted:
		if !s.Devices.Scanner { // nothing to hold the paper under
			return enter(s, TypeNotice{}), nil
		}
		return enter(s, Scan{}), nil
	case TypingWanted:
		return enter(s, TypeNotice{}), nil
	case CardWanted:
		return cardWanted(s, Errand{})
	case ServicesWanted:
		return wantServices(s)
	case WentBack:
		switch sc := s.Scene.(type) {
		case Attract:
			return s, nil
		case Scan:
			if svc, ok := s.Catalogue.Service(sc.Service); ok {
				return enter(s, Services{Group: svc.Group}), nil
			}
		}
		return backFromScan(s)
	}
	return s, nil
}

// backFromScan goes to the cart when there is one, else out.
func backFromScan(s State) (State, []Effect) {
	if s.Cart.Count > 0 {
		return enter(s, Confirm{}), nil
	}
	return enter(s, Attract{}), nil
}

// scanned reads a code wherever a paper makes sense, and ignores it elsewhere.
func scanned(s State, code kiosk.ScannedCode) (State, []Effect) {
	switch sc := s.Scene.(type) {
	case Thanks: // the next citizen is in a hurry, or the same one has another paper
		var out []Effect
		s, out = leave(s, "")
		s, more := read(s, code)
		return s, append(out, more...)
	case Review:
		if n, err := notice.Read(code); err == nil && n.SamePaper(sc.Notice) {
			s.Overlay = nil
			return s, nil
		}
		return read(s, code)
	case Choose: // what is ticked is kept
		s.Cart = sc.Cart(s.Cart)
		return read(s, code)
	case LayCard:
		s, out := read(s, code)
		return s, append(wiping(sc.Typed), out...)
	case CardTrouble:
		s, out := read(s, code)
		return s, append(wiping(sc.Typed), out...)
	case Attract, Scan, TypeNotice, TypeCreditor, TypedDoubt, Services, SearchService, ServiceHits, Form, FormDoubt, Confirm:
		return read(s, code)
	case Refused:
		if !sc.Paying {
			return read(s, code)
		}
	}
	return s, nil
}

func read(s State, code kiosk.ScannedCode) (State, []Effect) {
	n, err := notice.Read(code)
	if err != nil {
		return enter(s, Refused{Code: kiosk.CodeOf(err)}), []Effect{Sound{Name: "refused"}}
	}
	if n.Creditor == "" && n.GLN == "" {
		return enter(s, TypeCreditor{Number: n.Number, Scanned: true}), []Effect{Sound{Name: "scan"}}
	}
	s, out := ask(s, n)
	return s, append([]Effect{Sound{Name: "scan"}}, out...)
}

// ask looks a notice up; a paper that is in the cart already just shows the cart.
func ask(s State, n kiosk.Notice) (State, []Effect) {
	if s.Cart.Has(n.Creditor, n.Number) {
		return enter(s, Confirm{}), nil
	}
	if s.Cart.Full() {
		return enter(s, Confirm{}), []Effect{Sound{Name: "refused"}}
	}
	return enter(s, LookingUp{Notice: n}), []Effect{Lookup{Visit: s.Visit, Notice: n}}
}

func typeDigits(digits string, most int, e Event) (string, bool) {
	switch e := e.(type) {
	case DigitTyped:
		if len(digits) < most && e.Digit >= '0' && e.Digit <= '9' {
			return digits + string(e.Digit), true
		}
		return digits, true
	case DigitErased:
		if digits != "" {
			return digits[:len(digits)-1], true
		}
		return digits, true
	case DigitsCleared:
		return "", true
	}
	return digits, false
}

func typeNotice(s State, sc TypeNotice, e Event) (State, []Effect) {
	if digits, ok := typeDigits(sc.Digits, NumberDigits, e); ok {
		s.Scene = TypeNotice{Digits: digits}
		return s, nil
	}
	switch e.(type) {
	case WentBack:
		if !s.Devices.Scanner {
			return backFromScan(s)
		}
		return enter(s, Scan{}), nil
	case Continued:
		if len(sc.Digits) < NumberDigits {
			return s, nil
		}
		number := kiosk.NoticeNumber(sc.Digits)
		_, w, err := notice.CheckNumber(sc.Digits)
		switch {
		case err != nil:
			return enter(s, Refused{Code: kiosk.CodeOf(err)}), nil
		case w.Has(kiosk.WarnCheckDigits):
			return enter(s, TypedDoubt{Number: number}), nil
		}
		return enter(s, TypeCreditor{Number: number}), nil
	}
	return s, nil
}

func typeCreditor(s State, sc TypeCreditor, e Event) (State, []Effect) {
	if digits, ok := typeDigits(sc.Digits, CreditorDigits, e); ok {
		sc.Digits = digits
		s.Scene = sc
		return s, nil
	}
	switch e.(type) {
	case WentBack:
		if sc.Scanned {
			return enter(s, Scan{}), nil
		}
		return enter(s, TypeNotice{Digits: string(sc.Number)}), nil
	case Continued:
		if len(sc.Digits) < CreditorDigits {
			return s, nil
		}
		n, err := notice.ReadTyped(string(sc.Number), sc.Digits)
		switch {
		case err != nil:
			return enter(s, Refused{Code: kiosk.CodeOf(err)}), nil
		case n.Warnings.Has(kiosk.WarnCreditorCheck):
			return enter(s, TypedDoubt{Number: sc.Number, Creditor: kiosk.CreditorCode(sc.Digits)}), nil
		}
		return ask(s, n)
	}
	return s, nil
}

// typedDoubt: back corrects what was typed; going on says "the paper really
// says so", and then the gateway decides.
func typedDoubt(s State, sc TypedDoubt, e Event) (State, []Effect) {
	switch e.(type) {
	case WentBack:
		if sc.Creditor == "" {
			return enter(s, TypeNotice{Digits: string(sc.Number)}), nil
		}
		return enter(s, TypeCreditor{Number: sc.Number, Digits: string(sc.Creditor)}), nil
	case Continued:
		if sc.Creditor == "" {
			return enter(s, TypeCreditor{Number: sc.Number}), nil
		}
		n, err := notice.ReadTyped(string(sc.Number), string(sc.Creditor))
		if err != nil {
			return enter(s, Refused{Code: kiosk.CodeOf(err)}), nil
		}
		return ask(s, n)
	}
	return s, nil
}

func lookedUp(s State, q kiosk.Quote) (State, []Effect) {
	sc, ok := s.Scene.(LookingUp)
	if !ok {
		return s, nil
	}
	if code := Unpayable(q.Bill.Status); code != "" {
		return enter(s, Refused{Code: code, Quote: q}), nil
	}
	return enter(s, Review{Quote: q, Notice: sc.Notice}), nil
}

// Unpayable turns a status into the words for it; payable is none.
func Unpayable(st kiosk.BillStatus) kiosk.Code {
	switch st {
	case kiosk.BillPayable:
		return ""
	case kiosk.BillPaid:
		return kiosk.CodeBillPaid
	case kiosk.BillInPayment:
		return kiosk.CodeBillInPayment
	case kiosk.BillInVerification:
		return kiosk.CodeBillInVerification
	case kiosk.BillExpired:
		return kiosk.CodeBillExpired
	case kiosk.BillRevoked:
		return kiosk.CodeBillRevoked
	default:
		return kiosk.CodeBillUnknown
	}
}

func lookupFailed(s State, e LookupFailed) (State, []Effect) {
	switch sc := s.Scene.(type) {
	case LookingUp:
		return enter(s, Refused{Code: e.Code, Ref: e.Ref, Notice: sc.Notice}), nil
	case FindingBills:
		return enter(s, Refused{Code: e.Code, Ref: e.Ref, Form: sc.Form}), nil
	}
	return s, nil
}

func review(s State, sc Review, e Event) (State, []Effect) {
	switch e.(type) {
	case WentBack:
		if sc.Found {
			return backFromFound(s, sc.Form)
		}
		return backToPaper(s)
	case Continued:
		if s.Cart.Total()+sc.Quote.Bill.Amount+sc.Quote.Fee > kiosk.MaxCharge {
			return enter(s, Refused{Code: kiosk.CodeTotalTooLarge, Quote: sc.Quote}), nil
		}
		s.Cart = s.Cart.With(sc.Quote)
		return enter(s, Confirm{}), nil
	}
	return s, nil
}

func backToPaper(s State) (State, []Effect) {
	if s.Cart.Count > 0 {
		return enter(s, Confirm{}), nil
	}
	return enter(s, Scan{}), nil
}

// refused offers to try again where that may help, another paper elsewhere.
func refused(s State, sc Refused, e Event) (State, []Effect) {
	switch e.(type) {
	case RetryAsked:
		if sc.Paying {
			return enter(s, Confirm{}), nil
		}
		switch {
		case sc.Notice.Number != "":
			return ask(s, sc.Notice)
		case sc.Form.Service != "":
			return findBills(s, sc.Form)
		}
		return enter(s, Scan{}), nil
	case WentBack, Continued:
		if sc.Paying {
			s.Cart = kiosk.Cart{}
		}
		if sc.Form.Service != "" {
			return backFromFound(s, sc.Form)
		}
		return backToPaper(s)
	case TypingWanted:
		return enter(s, TypeNotice{}), nil
	case ServicesWanted:
		if !sc.Paying {
			return wantServices(s)
		}
	}
	return s, nil
}

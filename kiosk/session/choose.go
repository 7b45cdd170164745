package session

// What a search found: tick boxes, up to five bills into the cart.

import "github.com/tserve/jolly/kiosk"

type (
	// FindingBills waits for the gateway to search by a filled form.
	FindingBills struct{ Form kiosk.Form }
	// Choose asks which of the found bills shall be paid. Picked has a bit for
	// each. Form is the search by a form that found them; without a service it was
	// the citizen's card.
	Choose struct {
		Found  kiosk.Found
		Picked uint32
		Form   kiosk.Form
	}
	// BillTicked ticks a found bill, or takes the tick away.
	BillTicked struct{ Index int }
	// BillsFound are the bills of a search by form or by card.
	BillsFound struct {
		Visit uint64
		Found kiosk.Found
	}
)

// LookupForm asks the gateway for the bills of a filled form: BillsFound or
// LookupFailed. A value that is FromCard stands for what the card said.
type LookupForm struct {
	Visit uint64
	Form  kiosk.Form
}

// FromCard is a form's value that the runner fills in from the card's reading:
// what a card said never lies in a state.
const FromCard kiosk.FormValue = "\x00card"

func (FindingBills) scene() {}
func (Choose) scene()       {}
func (BillTicked) event()   {}
func (BillsFound) event()   {}
func (LookupForm) effect()  {}

// Has says that the bill is ticked.
func (c Choose) Has(i int) bool { return i >= 0 && i < c.Found.Count && c.Picked&(1<<i) != 0 }

// Count is the number of ticked bills.
func (c Choose) Count() int {
	n := 0
	for i := range c.Found.Bills() {
		if c.Has(i) {
			n++
		}
	}
	return n
}

// Cart is the cart with the ticked bills added.
func (c Choose) Cart(cart kiosk.Cart) kiosk.Cart {
	for i, q := range c.Found.Bills() {
		if c.Has(i) {
			cart = cart.With(q)
		}
	}
	return cart
}

// CanPick says that the bill may be ticked: it is owed, not in the cart
// already, there is room, and the card can be charged so much.
func CanPick(s State, c Choose, i int) bool {
	if i < 0 || i >= c.Found.Count {
		return false
	}
	q := c.Found.Quotes[i]
	if Unpayable(q.Bill.Status) != "" || s.Cart.Has(q.Bill.Creditor, q.Bill.Notice) {
		return false
	}
	cart := c.Cart(s.Cart)
	return c.Has(i) || !cart.Full() && cart.Total()+q.Bill.Amount+q.Fee <= kiosk.MaxCharge
}

// billsFound takes the answer where it is waited for.
func billsFound(s State, f kiosk.Found) (State, []Effect) {
	switch sc := s.Scene.(type) {
	case FindingBills:
		return found(s, f, sc.Form)
	case Greeting:
		return cardBills(s, sc, f)
	}
	return s, nil
}

// findBills sends a filled form.
func findBills(s State, form kiosk.Form) (State, []Effect) {
	return enter(s, FindingBills{Form: form}), []Effect{LookupForm{Visit: s.Visit, Form: form}}
}

// found shows the bills of a search; a single one is asked about at once.
func found(s State, f kiosk.Found, form kiosk.Form) (State, []Effect) {
	switch f.Count {
	case 0:
		return enter(s, Refused{Code: kiosk.CodeNothingOwed, Form: form}), nil
	case 1:
		q := f.Quotes[0]
		if code := Unpayable(q.Bill.Status); code != "" {
			return enter(s, Refused{Code: code, Quote: q, Form: form}), nil
		}
		if s.Cart.Has(q.Bill.Creditor, q.Bill.Notice) || s.Cart.Full() {
			return enter(s, Confirm{}), nil
		}
		return enter(s, Review{Quote: q, Form: form, Found: true}), nil
	}
	return enter(s, Choose{Found: f, Form: form}), nil
}

func choose(s State, sc Choose, e Event) (State, []Effect) {
	switch e := e.(type) {
	case BillTicked:
		if CanPick(s, sc, e.Index) {
			sc.Picked ^= 1 << e.Index
			s.Scene = sc
		}
	case Continued:
		if sc.Count() == 0 {
			return s, nil
		}
		s.Cart = sc.Cart(s.Cart)
		return enter(s, Confirm{}), nil
	case WentBack:
		return backFromFound(s, sc.Form)
	}
	return s, nil
}

// backFromFound goes back to the last question of the form that was searched
// with; from the card's bills to the cart, or out.
func backFromFound(s State, filled kiosk.Form) (State, []Effect) {
	svc, ok := s.Catalogue.Service(filled.Service)
	if !ok {
		return backFromScan(s)
	}
	return enter(s, Form{Service: svc.ID, At: min(len(svc.Fields), kiosk.MaxFields) - 1, Values: filled.Values}), nil
}

package kiosk

// Bills as the gateway tells them, and the cart that is paid in one go.

// BillStatus is what the gateway knows of a debt.
type BillStatus string

// The states of a debt, the same words as in sync/api/openapi.yaml.
const (
	BillPayable        BillStatus = "payable"
	BillPaid           BillStatus = "paid"
	BillInPayment      BillStatus = "in-payment"      // another channel holds it
	BillInVerification BillStatus = "in-verification" // a charge of unknown result stands on it
	BillExpired        BillStatus = "expired"
	BillRevoked        BillStatus = "revoked"
	BillUnknown        BillStatus = "unknown"
)

// Bill is one debt as the gateway showed it.
type Bill struct {
	ID           string       `json:"id"` // the gateway's name of the debt
	Creditor     CreditorCode `json:"creditor"`
	CreditorName string       `json:"creditorName"`
	Notice       NoticeNumber `json:"notice"`
	IUV          string       `json:"iuv"`
	Subject      string       `json:"subject"`
	Instalment   string       `json:"instalment,omitempty"`
	Amount       Amount       `json:"amount"`
	Due          Date         `json:"due"`
	Late         bool         `json:"late,omitempty"` // the due date has passed; the gateway decides, not our clock
	Status       BillStatus   `json:"status"`
	StandIn      bool         `json:"standIn,omitempty"`
	Service      string       `json:"service,omitempty"` // of the catalogue; "" when none is known
}

// Quote is the answer to a lookup: the bill, and what paying it would cost.
type Quote struct {
	Bill Bill
	Fee  Amount // of this bill alone; the fee of a cart is the sum
}

// MaxBills is the number of bills that one payment can carry.
const MaxBills = 5

// Line is one bill of a cart with its quoted fee.
type Line struct {
	Bill Bill   `json:"bill"`
	Fee  Amount `json:"fee"`
}

// Cart is what a citizen is about to pay, up to [MaxBills] bills. It is a value:
// With and Without return another cart.
type Cart struct {
	Lines [MaxBills]Line `json:"lines"`
	Count int            `json:"count"`
}

// Bills returns the lines in use.
func (c Cart) Bills() []Line { return c.Lines[:min(max(c.Count, 0), MaxBills)] }

// Full says that no further bill fits.
func (c Cart) Full() bool { return c.Count == MaxBills }

// Has says that the debt is in the cart already.
func (c Cart) Has(creditor CreditorCode, number NoticeNumber) bool {
	for _, l := range c.Bills() {
		if l.Bill.Creditor == creditor && l.Bill.Notice == number {
			return true
		}
	}
	return false
}

// With returns the cart with the quote added; a full cart, or one that holds
// the bill already, is returned unchanged.
func (c Cart) With(q Quote) Cart {
	if c.Full() || c.Has(q.Bill.Creditor, q.Bill.Notice) {
		return c
	}
	c.Lines[c.Count] = Line(q)
	c.Count++
	return c
}

// Without returns the cart without the line at index i.
func (c Cart) Without(i int) Cart {
	if i < 0 || i >= c.Count {
		return c
	}
	copy(c.Lines[i:], c.Lines[i+1:c.Count])
	c.Count--
	c.Lines[c.Count] = Line{}
	return c
}

// Amount is the sum of the bills without fees.
func (c Cart) Amount() Amount {
	var sum Amount
	for _, l := range c.Bills() {
		sum += l.Bill.Amount
	}
	return sum
}

// Fee is the sum of the quoted fees.
func (c Cart) Fee() Amount {
	var sum Amount
	for _, l := range c.Bills() {
		sum += l.Fee
	}
	return sum
}

// Total is what the card would be charged.
func (c Cart) Total() Amount { return c.Amount() + c.Fee() }

package outcome

// Apply: what the rows of a payment do to it, to its bills and to the ledger.
//
// The table, state of the payment against kind of row:
//
//	               unknown      active        expired       doubtful      paid              not-paid
//	paid           parked       settle        settle        settle        same charge: ok   parked, money in suspense
//	not-paid       closed ahead close ko      ok, not-paid  parked        parked            ok
//	doubtful       parked       lock          lock again    ok            parked            parked
//	resolved yes   parked       settle        settle        settle        same charge: ok   parked, money in suspense
//	resolved no    parked       close ko      ok, not-paid  close ko      parked            ok
//
// Expired is what [Expire] closed: the gateway's own presumption that nothing was
// charged, which a row of the kiosk undoes whenever it comes. Its bills are KO
// until then, and their owners are told so; settled, each is OK unless somebody
// else paid its debt meanwhile, and its owner hears so under another key.
//
// A paid row that does not fit the activation (bills, amounts, charge) is
// parked and its bills are locked: money may have been taken.

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/tserve/jolly/kiosk"
)

// maxKept is the longest text of a row, beside its body, that is kept.
const maxKept = 64

var paymentID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Body is what the bodies of all kinds of rows hold.
type Body struct {
	Payment string             `json:"payment"`
	Outcome kiosk.Outcome      `json:"outcome"` // payment.resolved only
	Bills   []BodyBill         `json:"bills"`
	Fee     kiosk.Amount       `json:"fee"`
	Total   kiosk.Amount       `json:"total"`
	Charge  kiosk.ChargeResult `json:"charge"`
	Ref     string             `json:"ref"`
}

// BodyBill is one bill of a body.
type BodyBill struct {
	BillID string       `json:"billId"`
	Token  string       `json:"token"`
	Amount kiosk.Amount `json:"amount"`
	Fee    kiosk.Amount `json:"fee"`
}

// Row is a row that was read.
type Row struct {
	Kiosk string // that sent it
	Kind  kiosk.RowKind
	Body  Body
}

// Read reads a row of a kiosk. ok is false when it can act on no payment; the
// verdict says why.
func Read(kioskID string, r kiosk.OutboxRow) (row Row, v Verdict, ok bool) {
	row = Row{Kiosk: kioskID, Kind: r.Kind}
	if r.Kind == kiosk.RowDayClosing || r.Kind == kiosk.RowDayClosed {
		return row, day(r), false
	}
	if err := json.Unmarshal([]byte(r.Body), &row.Body); err != nil || !paymentID.MatchString(row.Body.Payment) {
		return row, Parked(ReasonBody), false
	}
	if r.Payment != "" && string(r.Payment) != row.Body.Payment {
		return row, Parked(ReasonPaymentDiffers), false
	}
	return row, Verdict{}, true
}

// day takes a row about the terminal's day: it belongs to no payment and is
// itself the record.
func day(r kiosk.OutboxRow) Verdict {
	var d kiosk.DayClose
	if err := json.Unmarshal([]byte(r.Body), &d); err != nil || d.Day == "" || r.Payment != "" {
		return Parked(ReasonBody)
	}
	return Accepted(nil)
}

// Accepted is the verdict on a row that did its work.
func Accepted(closings []kiosk.BillClosing) Verdict {
	return Verdict{Code: kiosk.VerdictAccepted, Closings: closings}
}

// Parked refuses a row for good and calls for a person.
func Parked(reason string, closings ...kiosk.BillClosing) Verdict {
	return Verdict{Code: kiosk.VerdictParked, Reason: reason, Closings: closings, Alarm: true}
}

// Conflict refuses a row that contradicts one that is kept.
func Conflict(reason string) Verdict {
	return Verdict{Code: kiosk.VerdictConflict, Reason: reason, Alarm: true}
}

// Kept is a row that is in the book.
type Kept struct {
	Hash     string
	Kind     kiosk.RowKind
	Code     kiosk.VerdictCode
	Reason   string
	Closings []kiosk.BillClosing // of the answer that was given
}

// Again answers a row whose id is known: the stored answer, or a conflict.
func Again(k Kept, hash string, kind kiosk.RowKind) Verdict {
	if k.Hash != hash || k.Kind != kind {
		return Conflict(ReasonIDReused)
	}
	v := Verdict{Code: kiosk.VerdictDuplicate, Reason: k.Reason, Closings: k.Closings}
	if k.Code == kiosk.VerdictParked {
		v.Code = kiosk.VerdictParked // never called a duplicate: that would end it in the outbox as delivered
	}
	return v
}

// Apply lets the row act on its payment, nil when the book does not know it.
// The payment is not changed: the change has bills of its own.
func (r Row) Apply(p *Payment) Change {
	if p == nil {
		return r.unknown()
	}
	if p.Kiosk != r.Kiosk {
		return Change{Verdict: Parked(ReasonKiosk)}
	}
	a := &act{row: r, p: *p}
	a.p.Bills = slices.Clone(p.Bills)
	a.out.Charge = r.Body.Charge
	a.out.Verdict = a.dispatch()
	a.out.Bills = a.p.Bills
	return a.out
}

// unknown: the kiosk may never have reached us, or its call may still be on its
// way. A payment that was not paid is closed ahead, so that a late activation
// finds it closed; anything else needs a person.
func (r Row) unknown() Change {
	if r.Kind != kiosk.RowNotPaid {
		return Change{Verdict: Parked(ReasonPayment)}
	}
	var closings []kiosk.BillClosing
	for _, b := range r.Body.Bills {
		closings = append(closings, kiosk.BillClosing{BillID: b.BillID[:min(len(b.BillID), maxKept)], Closing: kiosk.ClosingKO})
	}
	return Change{Verdict: Accepted(closings[:min(len(closings), kiosk.MaxBills)]), Ahead: true, To: NotPaid}
}

// act is one row acting on one payment.
type act struct {
	row Row
	p   Payment
	out Change
}

func (a *act) dispatch() Verdict {
	switch a.row.Kind {
	case kiosk.RowPaid:
		return a.paid()
	case kiosk.RowNotPaid:
		return a.notPaid()
	case kiosk.RowDoubtful:
		return a.doubtful()
	case kiosk.RowResolved:
		switch a.row.Body.Outcome {
		case kiosk.Charged:
			return a.paid()
		case kiosk.Refused:
			return a.refused()
		default:
			return Parked(ReasonOutcome)
		}
	case kiosk.RowReceiptDone, kiosk.RowReceiptFailed:
		return Accepted(nil) // the row itself is the record
	default:
		return Parked(ReasonKind)
	}
}

// paid settles every bill that nobody else settled; the others are refund cases.
func (a *act) paid() Verdict {
	if reason := a.misfit(); reason != "" {
		return a.lockAndPark(reason)
	}
	switch a.p.State {
	case Paid:
		// A decision that was made here comes back from the kiosk without a number of its own.
		echo := a.row.Kind == kiosk.RowResolved && a.row.Body.Charge.STAN == ""
		if !echo && a.row.Body.Charge.STAN != a.p.STAN {
			return Parked(ReasonCharge, a.closings()...)
		}
		return Accepted(a.closings())
	case NotPaid:
		if !a.p.Unassigned {
			a.post(KindUnassigned, a.whole(AccountClearing, AccountHeld))
		}
		return Parked(ReasonClosed, a.closings()...)
	case Doubtful:
		a.post(KindDoubtfulEnded, a.whole(AccountHeld, AccountClaim))
	}
	for i := range a.p.Bills {
		b := &a.p.Bills[i]
		switch {
		case b.Settled:
			b.Closing = kiosk.ClosingDuplicate
		case !b.Remote:
			b.Closing = kiosk.ClosingOK
		default:
			b.Closing = kiosk.ClosingOpen
		}
		a.tell(*b, !b.Settled)
	}
	a.out.Close, a.out.To = true, Paid
	a.post(KindPaid, a.settlement())
	return Accepted(a.closings())
}

// misfit compares a paid row with the activation.
func (a *act) misfit() string {
	body := a.row.Body
	switch {
	case body.Charge.Outcome != kiosk.Charged:
		return ReasonOutcome
	case len(body.Bills) != len(a.p.Bills) || !a.billsMatch():
		if a.p.State == NotPaid && len(a.p.Bills) == 0 {
			return ReasonClosed // closed ahead: there is nothing to compare with
		}
		return ReasonBills
	case body.Total != a.p.Total, body.Fee != a.p.Fee,
		body.Charge.Amount != a.p.Total && body.Charge.Amount != 0:
		return ReasonAmount
	}
	return ""
}

// billsMatch says that every bill of the row is one of the payment's, once,
// with its token, amount and fee.
func (a *act) billsMatch() bool {
	for i, b := range a.row.Body.Bills {
		h, ok := a.held(b.BillID)
		if !ok || h.Token != b.Token || h.Amount != b.Amount || h.Fee != b.Fee {
			return false
		}
		for _, other := range a.row.Body.Bills[:i] {
			if other.BillID == b.BillID {
				return false
			}
		}
	}
	return true
}

func (a *act) held(bill string) (Bill, bool) {
	for _, b := range a.p.Bills {
		if b.Debt == bill {
			return b, true
		}
	}
	return Bill{}, false
}

// lockAndPark keeps a contradictory payment's bills for a person to decide.
func (a *act) lockAndPark(reason string) Verdict {
	if a.p.State == Active || a.p.State == Expired {
		a.doubtful()
	}
	return Parked(reason, a.closings()...)
}

// notPaid closes what the payment holds.
func (a *act) notPaid() Verdict {
	for _, b := range a.row.Body.Bills {
		h, ok := a.held(b.BillID)
		if len(a.p.Bills) > 0 && (!ok || b.Token != "" && b.Token != h.Token) {
			return Parked(ReasonBills, a.closings()...)
		}
	}
	switch a.p.State {
	case Paid:
		return Parked(ReasonClosed, a.closings()...) // paid is never undone
	case Doubtful:
		return Parked(ReasonDoubtful)
	case NotPaid:
		return Accepted(a.closings())
	case Expired:
		return a.confirmed()
	}
	return a.closeKO()
}

// refused ends a doubtful payment: the terminal says that nothing was charged.
func (a *act) refused() Verdict {
	switch a.p.State {
	case Paid:
		return Parked(ReasonClosed, a.closings()...)
	case NotPaid:
		return Accepted(a.closings())
	case Expired:
		return a.confirmed()
	case Doubtful:
		a.post(KindDoubtfulEnded, a.whole(AccountHeld, AccountClaim))
	}
	return a.closeKO()
}

// confirmed: the kiosk says what the gateway had presumed. The bills are KO and
// their owners are being told already.
func (a *act) confirmed() Verdict {
	a.out.To = NotPaid
	return Accepted(a.closings())
}

func (a *act) closeKO() Verdict {
	for i := range a.p.Bills {
		a.p.Bills[i].Closing = kiosk.ClosingKO
		a.tell(a.p.Bills[i], false)
	}
	a.out.Close, a.out.To = true, NotPaid
	return Accepted(a.closings())
}

// doubtful locks the bills past the expiry, until the charge's result is known.
func (a *act) doubtful() Verdict {
	switch a.p.State {
	case Paid, NotPaid:
		return Parked(ReasonClosed, a.closings()...)
	case Doubtful:
		return Accepted(nil)
	case Expired:
		a.reopen()
	}
	a.post(KindDoubtful, a.whole(AccountClaim, AccountHeld))
	a.out.To = Doubtful
	a.out.Charge.Outcome = kiosk.Unknown
	return Accepted(nil)
}

// reopen takes back what was presumed. Owners that have not heard of it yet are
// told nothing until somebody knows.
func (a *act) reopen() {
	for i := range a.p.Bills {
		a.p.Bills[i].Closing = kiosk.ClosingOpen
	}
	a.out.Close, a.out.Withdraw = true, true
}

// closings are those of the bills that are closed.
func (a *act) closings() []kiosk.BillClosing {
	var all []kiosk.BillClosing
	for _, b := range a.p.Bills {
		if b.Closing != kiosk.ClosingOpen {
			all = append(all, kiosk.BillClosing{BillID: b.Debt, Closing: b.Closing})
		}
	}
	return all
}

// whole moves the payment's whole total from one account to another.
func (a *act) whole(debit, credit string) []Entry {
	return []Entry{{debit, a.p.Total}, {credit, -a.p.Total}}
}

// settlement divides a paid total: each creditor its due and the fee to us, or
// bill and fee to the refunds where the debt was paid already.
func (a *act) settlement() []Entry {
	all := []Entry{{AccountClearing, a.p.Total}}
	for _, b := range a.p.Bills {
		if b.Closing == kiosk.ClosingDuplicate {
			all = append(all, Entry{AccountRefunds, -(b.Amount + b.Fee)})
			continue
		}
		all = append(all, Entry{CreditorAccount(b.Creditor), -b.Amount}, Entry{AccountFees, -b.Fee})
		for _, d := range b.Circuit {
			all = append(all, Entry{DueAccount(d.By), d.Amount}, Entry{AccountCircuit, -d.Amount})
		}
	}
	return all
}

// tell has the owner of a remote debt told. What was never lent has no token.
func (a *act) tell(b Bill, paid bool) {
	if b.Remote {
		a.out.Tell = append(a.out.Tell, Telling{Debt: b.Debt, Token: b.Token, Paid: paid})
	}
}

// post notes a transaction of the ledger. Postings of nothing are left out.
func (a *act) post(kind string, entries []Entry) {
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Amount == 0 })
	if len(entries) > 0 {
		a.out.Transactions = append(a.out.Transactions, Transaction{Kind: kind, Entries: entries})
	}
}

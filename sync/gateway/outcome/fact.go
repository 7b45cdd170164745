package outcome

// Facts: what the book holds of a payment, and the changes that it can take.

import (
	"time"

	"github.com/tserve/jolly/kiosk"
)

// State is what is stored of a payment. That the tokens of an active one are too
// old is derived; Expired is the end that this came to.
type State string

// The states.
const (
	Active   State = "active"   // activated, no outcome yet
	Doubtful State = "doubtful" // the charge's result is unknown: its bills stay locked
	Paid     State = "paid"
	NotPaid  State = "not-paid"
	Expired  State = "expired" // over without a word of its kiosk, and closed KO by [Expire]
)

// Payment is what the book holds of a payment when a row comes for it.
type Payment struct {
	ID         string
	Kiosk      string
	State      State
	Fee, Total kiosk.Amount
	STAN       string // the terminal's number of the charge that paid
	Unassigned bool   // its money was put into suspense already
	Bills      []Bill
}

// Bill is one bill of a payment.
type Bill struct {
	Debt, Creditor, Token string

	Amount, Fee kiosk.Amount
	Closing     kiosk.Closing
	Settled     bool // its debt is paid, by whomever

	// Remote: the debt lives with another owner, the national node, who has the
	// last word on a payment. Paid, the bill stays open until he has said it.
	Remote bool
	// Circuit is what others owe to the circuit for this payment of the bill.
	Circuit []Due
}

// Due is what somebody owes to the circuit for a payment that was carried out:
// the counter that took it, the body whose bill it was (T-Serve's contracts:
// 0.10 euro from counters, 0.20 to 0.30 from other bodies).
type Due struct {
	By     string // "channel:counter", "creditor:00339370508"
	Amount kiosk.Amount
}

// Telling is what the owner of a remote debt has to hear.
type Telling struct {
	Debt, Token string
	Paid        bool
	// Presumed: nobody knows it, see [Expire]. It goes out under a key of its own, so
	// that the truth can follow.
	Presumed bool
}

// Change is what a row does. The zero value but for the verdict is: nothing.
type Change struct {
	Verdict
	Ahead        bool   // the payment is not known: write it as closed, so that a late activation finds it so
	Close        bool   // the bills have the closings of Bills now
	Bills        []Bill // after the change
	Tell         []Telling
	Withdraw     bool  // the payment's owners who have not heard of a KO yet are not told
	To           State // the payment's new state; "" as it was
	Charge       kiosk.ChargeResult
	Transactions []Transaction // of the ledger, each of them summing to zero
}

// Verdict is what is answered to one row.
type Verdict struct {
	Code     kiosk.VerdictCode
	Reason   string // for maintainers and alarms
	Closings []kiosk.BillClosing
	Alarm    bool
}

// Transaction is one balanced entry of the ledger.
type Transaction struct {
	Kind    string
	Entries []Entry
}

// Entry is one posting: debit above zero, credit below.
type Entry struct {
	Account string
	Amount  kiosk.Amount
}

// The accounts; each creditor has one of its own, see [CreditorAccount].
const (
	AccountClearing  = "acquirer-clearing" // money to come from the card scheme
	AccountFees      = "fee-revenue"
	AccountRefunds   = "refunds"        // owed back to citizens
	AccountClaim     = "suspense:claim" // charges of unknown result, what they would bring
	AccountHeld      = "suspense:held"  // and their other side; also money that fits nowhere
	AccountCircuit   = "circuit-revenue"
	AccountTransfers = "refund-transfers" // what went back to citizens by bank transfer
)

// DueAccount is what somebody owes to the circuit; by is a [Due]'s.
func DueAccount(by string) string { return "circuit-due:" + by }

// CreditorAccount is what is owed to a creditor.
func CreditorAccount(code string) string { return "creditor:" + code }

// The kinds of transactions.
const (
	KindPaid          = "paid"
	KindDoubtful      = "doubtful"
	KindDoubtfulEnded = "doubtful-ended"
	KindUnassigned    = "unassigned"
	KindRefunded      = "refunded" // given back to the citizen
	KindReturned      = "returned" // the owner of a debt says that it was paid elsewhere
)

// Reasons of parked rows and conflicts.
const (
	ReasonHash           = "hash-mismatch"   // the body is not what was hashed: damaged on the way
	ReasonIDReused       = "id-reused"       // the id is known with another body
	ReasonSequenceReused = "sequence-reused" // the sequence is known with another id
	ReasonBody           = "body-invalid"
	ReasonKind           = "kind-unknown"
	ReasonPayment        = "payment-unknown"
	ReasonPaymentDiffers = "payment-differs" // row and body name different payments
	ReasonKiosk          = "other-kiosk"     // the payment is another kiosk's
	ReasonBills          = "bills-differ"
	ReasonAmount         = "amount-differs"
	ReasonOutcome        = "outcome-differs" // the charge's outcome does not fit the row's kind
	ReasonCharge         = "other-charge"    // paid again by another charge
	ReasonClosed         = "already-closed"
	ReasonDoubtful       = "in-verification" // only payment.resolved can decide
	ReasonOwner          = "owner-differs"   // the owner's word does not fit the bill
)

// Alive says that the tokens of a payment can still be used for a charge.
func Alive(s State, expires, now time.Time) bool { return s == Active && now.Before(expires) }

// Debt is how a debt stands in the book, and what stands on it.
type Debt struct {
	State    string // "open", "paid", "expired" or "revoked"
	Doubtful bool   // a charge of unknown result stands on it
	Held     bool   // an activation of it lives
	Taken    bool   // paid for, and its owner has not said yet that he has it
}

// Status derives how the debt stands; only a payable one can be locked. What is
// final comes first; a doubtful charge weighs more than a living activation,
// because it outlives it.
func (d Debt) Status() kiosk.BillStatus {
	switch {
	case d.State == "paid", d.Taken:
		return kiosk.BillPaid
	case d.Doubtful:
		return kiosk.BillInVerification
	case d.State == "revoked":
		return kiosk.BillRevoked
	case d.State == "expired":
		return kiosk.BillExpired
	case d.Held:
		return kiosk.BillInPayment
	default:
		return kiosk.BillPayable
	}
}

// Repetition is what a repeated call of an activation gets.
type Repetition int

// The repetitions.
const (
	RepeatSame     Repetition = iota + 1 // the same tokens again
	RepeatConflict                       // another request under the same id
	RepeatClosed                         // the payment has its outcome
	RepeatExpired                        // its tokens are too old
)

// Repeat decides about an activation whose payment is known. A payment that was
// closed ahead has no hash.
func Repeat(known, hash string, s State, expires, now time.Time) Repetition {
	switch {
	case known != "" && known != hash:
		return RepeatConflict
	case s == Expired:
		return RepeatExpired
	case s != Active:
		return RepeatClosed
	case !Alive(s, expires, now):
		return RepeatExpired
	}
	return RepeatSame
}

package gateway

// Where debts live: the one interface behind lookup, activation and outcome.

import (
	"context"
	"errors"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// ErrNoDebt says that the creditor does not know the number.
var ErrNoDebt = errors.New("no such debt")

// ErrNotByForm says that a source does not find debts by the form of that service.
var ErrNotByForm = errors.New("not found by this form")

// Source is where the debts of some creditors live: the gateway's own table, or
// a network like the national node. The gateway's own lock comes first for every
// debt, whatever its source, and is durable before a source is asked to lend; a
// source never decides between two channels of ours.
//
// All methods may be called from any goroutine and end with ctx. None is called
// inside a transaction of the book. A definite no is a [*Refusal]; every other
// error means that the thing may have happened all the same.
type Source interface {
	// Lookup tells how one debt stands at this moment. It changes nothing and may
	// be repeated. A number that the creditor does not know is [ErrNoDebt], a
	// creditor that does not answer the refusal creditor-silent.
	Lookup(ctx context.Context, creditor kiosk.CreditorCode, number kiosk.NoticeNumber) (Debt, error)
	// Activate has the owner lend the debt to a payment. Called again with the
	// same key it gives the same loan, as long as that lives.
	Activate(ctx context.Context, loan LoanRequest) (Loan, error)
	// Outcome tells the owner how the payment ended, once or more often with the
	// same key, until it returns without an error. What it returns is final:
	// ClosingOK and ClosingKO as told, ClosingDuplicate where somebody else has
	// paid the debt meanwhile: a refund case.
	Outcome(ctx context.Context, o LoanOutcome) (kiosk.Closing, error)
}

// FormSource is a source that finds debts by the forms of its creditors'
// services, too: the node makes a notice for the car tax of a plate. Where a
// source is none, forms are searched in the book.
type FormSource interface {
	Source
	// LookupForm finds what is owed under a filled form, no debts where nothing
	// is. The values fit the service's fields and stand in their order. With
	// [ErrNotByForm] the book is searched instead.
	LookupForm(ctx context.Context, service kiosk.Service, values []kiosk.FormValue) ([]Debt, error)
}

// Debt is how a source tells a debt. Status is the source's own: locks of the
// gateway are added by whoever asked.
type Debt struct {
	ID         string // the gateway's name of it: the same for ever
	Creditor   kiosk.CreditorCode
	Notice     kiosk.NoticeNumber
	IUV        string
	Service    string // of the catalogue, "" where the source does not tell
	Subject    string
	Instalment string
	Amount     kiosk.Amount // now owed
	Due        kiosk.Date
	Status     kiosk.BillStatus
	StandIn    bool // answered by an archive in place of the creditor
}

// LoanRequest asks for a debt in the name of a payment.
type LoanRequest struct {
	Key     string // idempotency key: payment and debt
	Payment kiosk.PaymentID
	Debt    Debt
	Life    time.Duration // asked for
}

// Loan is a debt that is lent.
type Loan struct {
	Token   string
	Amount  kiosk.Amount // now in force: the citizen is asked again where it differs
	Expires time.Time
}

// LoanOutcome is how the payment of a lent debt ended.
type LoanOutcome struct {
	Key     string
	Payment kiosk.PaymentID
	Debt    Debt
	Token   string
	Paid    bool
	Amount  kiosk.Amount // of the debt, without fee
	Fee     kiosk.Amount
	At      time.Time // when the card was charged
	Expires time.Time // when the loan ended, or ends; zero where nobody knows
}

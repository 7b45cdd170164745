package kiosk

// What the outbox carries to the gateway, and what comes back.

// OutboxRow is one row on its way to the gateway. Body is canonical JSON and
// Hash its SHA-256 in lower-case hex; both are fixed when the row is written.
type OutboxRow struct {
	Sequence   uint64
	ID         string // idempotency key of the row: never reused, never expires
	Payment    PaymentID
	Kind       RowKind
	OccurredAt Wall
	Body       string
	Hash       string
}

// RowKind is the kind of an outbox row, the same words as in sync/api/openapi.yaml.
type RowKind string

// The kinds of rows.
const (
	RowPaid          RowKind = "payment.paid"
	RowNotPaid       RowKind = "payment.not-paid"
	RowDoubtful      RowKind = "payment.doubtful"
	RowResolved      RowKind = "payment.resolved"
	RowReceiptDone   RowKind = "receipt.printed"
	RowReceiptFailed RowKind = "receipt.failed"
	RowDayClosing    RowKind = "day.closing" // the terminal is about to be asked to close its day
	RowDayClosed     RowKind = "day.closed"  // how that ended
)

// VerdictCode is what the gateway did with one row.
type VerdictCode string

// The verdicts.
const (
	VerdictAccepted  VerdictCode = "accepted"
	VerdictDuplicate VerdictCode = "duplicate" // same id, same body: the stored answer again
	VerdictConflict  VerdictCode = "conflict"  // same id, another body: an alarm
	VerdictParked    VerdictCode = "parked"    // refused for good: for a person to look at
)

// Verdict is the gateway's answer to one row.
type Verdict struct {
	Sequence uint64
	ID       string
	Code     VerdictCode
	Reason   string
	Closings []BillClosing // for rows of payments, where known already
}

// BillClosing is how one bill of a payment ended.
type BillClosing struct {
	BillID  string  `json:"billId"`
	Closing Closing `json:"closing"`
}

// PaymentStatus is the gateway's view of a payment, GET /v1/payments/{id}.
type PaymentStatus struct {
	ID       PaymentID
	Outcome  Outcome
	STAN     string // of the charge, where the gateway knows it
	Closings []BillClosing
}

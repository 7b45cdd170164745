package kiosk

// The card charge: request, baseline, and its three results.

// PaymentID names one payment for ever: a UUIDv7 that the kiosk makes and
// stores before anything happens. It travels to the terminal, the paper, the
// gateway and the log.
type PaymentID string

// Outcome is the result of a charge. There are three, and the third is not an
// error: an unknown charge is never shown as failed and never charged again.
type Outcome string

// The results of a charge; the zero value is "no result yet".
const (
	Charged Outcome = "charged"
	Refused Outcome = "refused"
	Unknown Outcome = "unknown"
)

// ChargeRequest is what the card terminal is asked to take.
type ChargeRequest struct {
	Payment PaymentID
	Amount  Amount
	Text    string // at most 128 ASCII characters, printed on the terminal's slip
}

// Baseline is the terminal's last saved result before a charge: what a later
// "last result" is compared with (spec: ECR17, command G). Known is false when
// the terminal has none.
type Baseline struct {
	Known      bool    `json:"known"`
	TerminalID string  `json:"terminalId"`
	STAN       string  `json:"stan"`
	OnlineID   string  `json:"onlineId"`
	Amount     Amount  `json:"amount"` // 0 when the saved result carries none
	Outcome    Outcome `json:"outcome"`
	Boot       string  `json:"boot,omitempty"` // the machine's start in which it was taken
}

// ChargeResult is what the terminal answered, or that it did not.
type ChargeResult struct {
	Outcome    Outcome   `json:"outcome"`
	Amount     Amount    `json:"amount"` // authorised by the host; 0 when not charged or not told
	TerminalID string    `json:"terminalId"`
	STAN       string    `json:"stan"`
	OnlineID   string    `json:"onlineId"`
	AuthCode   string    `json:"authCode"`
	Acquirer   string    `json:"acquirer"`
	ActionCode string    `json:"actionCode"`
	PAN        MaskedPAN `json:"pan"`
	CardKind   string    `json:"cardKind"` // "bancomat", "credit", "other" or ""
	Entry      string    `json:"entry"`    // "ICC", "MAG", "MAN", "CLM", "CLI" or ""
	HostTime   string    `json:"hostTime"` // DDDHHMM as the terminal sent it
	Reason     string    `json:"reason"`   // why: a word of ours or the terminal's own text
}

// TerminalHealth is what is known of the card terminal.
type TerminalHealth string

// The states of the card terminal.
const (
	TerminalUnknown TerminalHealth = ""
	TerminalReady   TerminalHealth = "ready"
	TerminalBusy    TerminalHealth = "busy"
	TerminalOffline TerminalHealth = "offline"
	TerminalFault   TerminalHealth = "fault" // answers, but is not operative
)

// Activation is the gateway's answer to PUT /v1/payments/{id}: amounts now in
// force, one token per bill, the time that they live.
type Activation struct {
	Bills [MaxBills]ActivatedBill `json:"bills"`
	Count int                     `json:"count"`
	Fee   Amount                  `json:"fee"`
	Life  Span                    `json:"life"`  // of the tokens, from the moment of the answer
	Token string                  `json:"token"` // of the citizen's page /r/{token}, 128 random bits
}

// ActivatedBill is one bill of an activation.
type ActivatedBill struct {
	BillID string `json:"billId"`
	Amount Amount `json:"amount"`
	Fee    Amount `json:"fee"`
	Token  string `json:"token"` // paymentToken
	IUV    string `json:"iuv"`
}

// Amount is the sum of the activated bills without the fee.
func (a Activation) Amount() Amount {
	var sum Amount
	for _, b := range a.Bills[:a.Count] {
		sum += b.Amount
	}
	return sum
}

// Total is what the card will be charged.
func (a Activation) Total() Amount { return a.Amount() + a.Fee }

// Closing is how one bill ended.
type Closing string

// The ends of a bill; the zero value is open.
const (
	ClosingOpen      Closing = ""
	ClosingOK        Closing = "ok"
	ClosingKO        Closing = "ko"
	ClosingDuplicate Closing = "duplicate"
	ClosingRefundDue Closing = "refund-due"
)

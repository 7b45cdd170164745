package payment

// The outbox rows of a payment: canonical JSON bodies as sync/api/openapi.yaml
// has them.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/tserve/jolly/kiosk"
)

type bodyBill struct {
	BillID string       `json:"billId"`
	Token  string       `json:"token"`
	Amount kiosk.Amount `json:"amount"`
	Fee    kiosk.Amount `json:"fee"`
}

type body struct {
	Payment  kiosk.PaymentID     `json:"payment"`
	Bills    []bodyBill          `json:"bills"`
	Fee      kiosk.Amount        `json:"fee"`
	Total    kiosk.Amount        `json:"total"`
	Outcome  kiosk.Outcome       `json:"outcome,omitempty"`
	Reason   Reason              `json:"reason,omitempty"`
	Charge   *kiosk.ChargeResult `json:"charge,omitempty"`
	Language kiosk.Language      `json:"language"`
	Kiosk    string              `json:"kiosk"`
	Ref      string              `json:"ref"`
}

// row writes the outbox row of a payment. Its id is the payment and the kind:
// a payment has at most one row of a kind, so that writing it twice is the
// same row.
func row(s State, kind kiosk.RowKind, at kiosk.Wall) kiosk.OutboxRow {
	b := body{
		Payment: s.ID, Fee: s.Fee(), Total: s.Total(), Language: s.Language, Kiosk: s.Kiosk, Ref: s.Ref, Reason: s.Reason,
		Bills: make([]bodyBill, s.Cart.Count),
	}
	for i, l := range s.Cart.Bills() {
		b.Bills[i] = bodyBill{BillID: l.Bill.ID, Amount: l.Bill.Amount, Fee: l.Fee}
		if s.Activation.Count == s.Cart.Count {
			a := s.Activation.Bills[i]
			b.Bills[i] = bodyBill{BillID: a.BillID, Token: a.Token, Amount: a.Amount, Fee: a.Fee}
		}
	}
	if s.Result.Outcome != "" {
		r := s.Result
		b.Charge, b.Outcome = &r, r.Outcome
	}
	return NewRow(s.ID, kind, string(s.ID)+"/"+string(kind), b, at)
}

// NewRow makes an outbox row about a payment out of any body: JSON with the
// fields in the order of the struct, hashed with SHA-256.
func NewRow(id kiosk.PaymentID, kind kiosk.RowKind, rowID string, content any, at kiosk.Wall) kiosk.OutboxRow {
	text, err := json.Marshal(content)
	if err != nil { // only structs of plain fields come here
		panic("payment: body of " + string(kind) + ": " + err.Error())
	}
	sum := sha256.Sum256(text)
	return kiosk.OutboxRow{
		ID: rowID, Payment: id, Kind: kind, OccurredAt: at,
		Body: string(text), Hash: hex.EncodeToString(sum[:]),
	}
}

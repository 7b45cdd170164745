package kiosk

// Carts and activations in the journal: only the lines in use are written,
// because every byte of a step is synced to the disk before the next thing may
// begin.

import (
	"encoding/json"
	"fmt"
)

type wireCart struct {
	Lines []Line `json:"lines"`
}

// MarshalJSON writes the lines in use. They are copied so that the rest of the cart
// need not go to the heap.
func (c Cart) MarshalJSON() ([]byte, error) {
	return json.Marshal(&wireCart{Lines: append([]Line{}, c.Bills()...)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Cart) UnmarshalJSON(text []byte) error {
	var w wireCart
	if err := json.Unmarshal(text, &w); err != nil {
		return fmt.Errorf("cart: %w", err)
	}
	if len(w.Lines) > MaxBills {
		return fmt.Errorf("cart: %d lines, at most %d", len(w.Lines), MaxBills)
	}
	*c = Cart{Count: len(w.Lines)}
	copy(c.Lines[:], w.Lines)
	return nil
}

type wireActivation struct {
	Bills []ActivatedBill `json:"bills,omitempty"`
	Fee   Amount          `json:"fee,omitempty"`
	Life  Span            `json:"life,omitempty"`
	Token string          `json:"token,omitempty"`
}

// MarshalJSON writes the bills in use.
func (a Activation) MarshalJSON() ([]byte, error) {
	used := a.Bills[:min(max(a.Count, 0), MaxBills)]
	return json.Marshal(&wireActivation{Bills: append([]ActivatedBill{}, used...), Fee: a.Fee, Life: a.Life, Token: a.Token})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *Activation) UnmarshalJSON(text []byte) error {
	var w wireActivation
	if err := json.Unmarshal(text, &w); err != nil {
		return fmt.Errorf("activation: %w", err)
	}
	if len(w.Bills) > MaxBills {
		return fmt.Errorf("activation: %d bills, at most %d", len(w.Bills), MaxBills)
	}
	*a = Activation{Count: len(w.Bills), Fee: w.Fee, Life: w.Life, Token: w.Token}
	copy(a.Bills[:], w.Bills)
	return nil
}

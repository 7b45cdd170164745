package rig

// Pages that stand for seconds only.

import "testing"

// A page that goes by itself is left by a touch, or by itself.
func TestHandLeavesAPageThatGoes(t *testing.T) {
	k, h := fake(t)
	if _, err := h.Leave(t.Context(), "continue", "confirm"); err != nil || k.taps != 1 || k.early != 0 {
		t.Errorf("%d touches, %d too early: %v", k.taps, k.early, err)
	}
	if _, err := h.Leave(t.Context(), "continue", "confirm"); err != nil || k.taps != 1 {
		t.Errorf("it had gone, and was touched: %v", err)
	}
}

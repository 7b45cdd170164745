package ui

import (
	"testing"

	"fyne.io/fyne/v2"
)

// A touch beside everything and a walk of the focus say that somebody is there,
// and ask for nothing.
func TestSignsOfLife(t *testing.T) {
	b := newBench(t, 1080, 1920)
	b.Show(words("it").bill())
	b.wait(2e9)
	b.down(540, 1200) // the empty middle of the page
	b.up(540, 1200)
	b.Key(fyne.KeyDown)
	if b.stirs != 2 || len(b.touches) != 0 {
		t.Errorf("%d signs, %d actions", b.stirs, len(b.touches))
	}
}

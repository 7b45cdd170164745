package dock

// Every word of the API has a label on the page, and no label is for a word that is not there.

import (
	"testing"

	"github.com/tserve/jolly/test/rig"
)

func TestLabels(t *testing.T) {
	left := labels()
	words := append(append(rig.Behaviours(), rig.Cards()...), rig.PrinterDeeds()...)
	for _, n := range rig.Networks() {
		words = append(words, string(n))
	}
	for _, w := range words {
		if _, ok := left[w]; !ok {
			t.Errorf("no label for %q", w)
		}
		delete(left, w)
	}
	for w := range left {
		t.Errorf("label for %q, which nothing is called", w)
	}
}

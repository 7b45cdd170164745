//go:build e2e

package e2e

// Nobody there any more. The kiosk is patient, so that this is the longest of the
// tests: it stands in the first file to be the first that starts.

import (
	"testing"

	"github.com/tserve/jolly/test/rig"
)

// TestWalkAway leaves the kiosk alone while the terminal works: the charge goes
// on, its answer counts, the idle box says what happened to the money, and the
// next citizen finds nothing of it.
func TestWalkAway(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.toCard("large")
	s.ok(s.InsertCard("bancomat"))
	s.page("paid")
	book := s.settled()
	s.wantApproved(1)
	box, err := s.Hand.AwaitBox(s.ctx, "idle")
	s.ok(err)
	s.says(box, words("idle_money_paid"))
	rest := s.page("attract")
	if rest.Says(book.Payments[0].Ref) {
		s.Errorf("the next citizen reads the last one's reference: %q", rest.Text)
	}
	s.ok(rig.Reconcile(s.ctx, s.Rig))
}

//go:build e2e

package e2e

// The kiosk and those who look after it from afar: what it says of itself, what
// it can be ordered, and that only an order takes it out.

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/fleet"
	"github.com/tserve/jolly/test/rig"
)

// ended says how an order ended.
func (s *site) ended(id string) string {
	all, err := s.Orders(s.ctx)
	s.ok(err)
	i := slices.IndexFunc(all, func(o gateway.Ordered) bool { return o.ID == id })
	if i < 0 {
		s.Fatalf("no order %s in %+v", id, all)
	}
	return all[i].Result + " " + all[i].Detail
}

func TestOrdersFromAfar(t *testing.T) {
	t.Parallel()
	s := open(t, rig.Options{})
	page, err := s.Order(s.ctx, "test-page", true)
	s.ok(err)
	forged, err := s.Order(s.ctx, "restart", false)
	s.ok(err)
	s.start()
	s.until("the test page is printed", func() bool { return strings.HasPrefix(s.ended(page), "done printed") })
	s.until("the stranger's order is refused", func() bool {
		return strings.HasPrefix(s.ended(forged), "refused signed with a key that is not trusted")
	})
	s.wantPapers(true)
	s.until("it reports that all is well", func() bool { // the first report may be older than what it says of its devices
		all, err := s.Fleet(s.ctx)
		s.ok(err)
		if len(all) != 1 || all[0].ID != rig.KioskID || len(all[0].Alarms) != 0 {
			t.Fatalf("%+v", all)
		}
		printer := func(d fleet.Device) bool { return d.Name == "printer" && d.Status == fleet.OK }
		return len(all[0].Devices) >= 4 && all[0].Painted <= 5*time.Second && slices.ContainsFunc(all[0].Devices, printer)
	})
}

// Revoked, the kiosk takes no money and says why; enrolled anew, it does, without
// a new start.
func TestRevokedAndEnrolledAnew(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok(s.Revoke(s.ctx))
	s.page("out-of-service")
	if out, complaint := s.kioskctl("status"); !strings.Contains(out, "revoked") {
		t.Errorf("status says nothing of it: %s%s", out, complaint)
	}
	s.ok(s.Enrol(s.ctx))
	s.page("attract")
	s.pay("small", "paid")
}

// A kiosk whose payments have ended and whose rows are all delivered vouches that
// nothing is left to be said: what expired without its word can be closed by that.
func TestAKioskVouchesForWhatItDid(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.pay("small", "paid")
	s.settled()
	paid := time.Now()
	s.until("it vouches", func() bool { // two heartbeats: as of the answer to the one before
		all, err := s.Fleet(s.ctx)
		s.ok(err)
		s.pass(time.Second)
		return len(all) == 1 && all[0].Vouched != nil && all[0].Vouched.After(paid)
	})
}

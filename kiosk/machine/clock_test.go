package machine

// When the clock is believed.

import (
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// handClock is a clock that a test moves by hand.
type handClock struct{ at time.Time }

func (h *handClock) pass(d time.Duration) { h.at = h.at.Add(d) }

func TestTheClockIsBelieved(t *testing.T) {
	for _, c := range []struct {
		name   string
		kernel bool
		does   func(c *clock, h *handClock)
		want   bool
	}{
		{"nobody has said anything", false, func(*clock, *handClock) {}, false},
		{"the kernel is synchronised", true, func(*clock, *handClock) {}, true},
		{"the gateway agrees", false, func(c *clock, h *handClock) { c.dated(h.at.Add(time.Minute)) }, true},
		{"the gateway agrees, the other way", false, func(c *clock, h *handClock) { c.dated(h.at.Add(-time.Minute)) }, true},
		{"the gateway does not agree", false, func(c *clock, h *handClock) { c.dated(h.at.Add(3 * time.Minute)) }, false},
		{"1970", false, func(c *clock, h *handClock) { c.dated(h.at.AddDate(56, 0, 0)) }, false},
		{"the gateway does not agree any more", false, func(c *clock, h *handClock) { c.dated(h.at); c.dated(h.at.Add(time.Hour)) }, false},
		{"it agrees again", false, func(c *clock, h *handClock) { c.dated(h.at.Add(time.Hour)); c.dated(h.at) }, true},
		{"the gateway does not agree, the kernel is sure", true, func(c *clock, h *handClock) { c.dated(h.at.Add(time.Hour)) }, true},
		{"the gateway agreed an hour ago", false, func(c *clock, h *handClock) { c.dated(h.at); h.pass(time.Hour) }, true},
		{"the gateway agreed two days ago", false, func(c *clock, h *handClock) { c.dated(h.at); h.pass(48 * time.Hour) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &handClock{at: time.Now()}
			clk := &clock{now: func() time.Time { return h.at }, synced: func() bool { return c.kernel }, start: h.at}
			c.does(clk, h)
			if got := clk.Now().Wall.Trusted; got != c.want {
				t.Errorf("trusted %t, want %t", got, c.want)
			}
		})
	}
}

// A jump of the wall clock after the agreement: its two ages part.
func TestAJumpAfterTheAgreementIsSeen(t *testing.T) {
	for _, c := range []struct {
		passed, shown time.Duration
		want          bool
	}{
		{time.Hour, time.Hour, true},
		{time.Hour, time.Hour + time.Minute, true}, // slewed by a time service
		{time.Hour, 2 * time.Hour, false},
		{time.Hour, -time.Hour, false},
		{time.Hour, -56 * 365 * 24 * time.Hour, false},
		{23 * time.Hour, 23 * time.Hour, true},
		{25 * time.Hour, 25 * time.Hour, false},
		{25 * time.Hour, time.Hour, false},
	} {
		if got := holds(c.passed, c.shown); got != c.want {
			t.Errorf("%s by the monotonic clock, %s by the wall: %t, want %t", c.passed, c.shown, got, c.want)
		}
	}
}

func TestTimesOnlyGoForward(t *testing.T) {
	clk := newClock()
	var last kiosk.Mono
	for range 100 {
		now := clk.Now().Mono
		if now < last || now <= 0 {
			t.Fatalf("%d after %d", now, last)
		}
		last = now
	}
}

package machine

// The machine's clock, and whether it can be believed.
//
// The wall clock counts as right when one of two witnesses says so: the kernel,
// whose clock a time service keeps (adjtimex), or the gateway, whose own time
// differed from ours by two minutes at most within the last day, with no jump
// of ours since. A machine without battery wakes up in 1970, has neither, and
// its papers say so. Order and waiting never hang on this clock.

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tserve/jolly/kiosk"
)

const (
	// clockTolerance is how far the gateway's time may be from ours.
	clockTolerance = 2 * time.Minute
	// clockMemory is how long its word holds.
	clockMemory = 24 * time.Hour
)

// clock tells the time. Its methods may be called from any goroutine.
type clock struct {
	now    func() time.Time // with the monotonic reading
	synced func() bool      // the kernel's word
	start  time.Time

	mu     sync.Mutex
	agreed time.Time // ours, when the gateway's was the same; zero when it was not
}

func newClock() *clock { return &clock{now: time.Now, synced: kernelSynced, start: time.Now()} }

// Now tells both times.
func (c *clock) Now() kiosk.Stamp {
	now := c.now()
	return kiosk.Stamp{
		Mono: kiosk.Mono(now.Sub(c.start)) + 1, // 0 is "never"
		Wall: kiosk.Wall{UnixMilli: now.UnixMilli(), Trusted: c.trusted(now)},
	}
}

func (c *clock) trusted(now time.Time) bool {
	c.mu.Lock()
	agreed := c.agreed
	c.mu.Unlock()
	if !agreed.IsZero() {
		if holds(now.Sub(agreed), now.Round(0).Sub(agreed.Round(0))) {
			return true
		}
	}
	return c.synced()
}

// holds says that an agreement still counts: passed is its age by the monotonic
// clock, shown by the wall clock. Where they part, the wall clock has jumped.
func holds(passed, shown time.Duration) bool {
	return passed <= clockMemory && (shown-passed).Abs() <= clockTolerance
}

// dated is told what time it is at the gateway.
func (c *clock) dated(at time.Time) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agreed = time.Time{}
	if now.Round(0).Sub(at).Abs() <= clockTolerance {
		c.agreed = now
	}
}

// kernelSynced says that a time service keeps the kernel's clock.
func kernelSynced() bool {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil && state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0
}

package gateway

// Two lanes: a citizen who stands before a kiosk never waits behind the backlog
// of the kiosks that were cut off, and whoever is sent away comes back at a
// moment of his own.

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/tserve/jolly/sync/gateway/meter"
)

// freshBody is the largest body of rows that counts as fresh: the two or three
// rows of a payment that was made just now.
const freshBody = 4 << 10

// lanes bound the requests that are worked on at the same time.
type lanes struct{ payments, backlog lane }

// lane has so many places.
type lane struct {
	name, full string // in the metrics
	places     chan struct{}
}

func newLanes(cfg HandlerConfig, m *meter.Meter) lanes {
	l := lanes{
		payments: lane{"payments", earlyPayments, make(chan struct{}, cfg.InFlight)},
		backlog:  lane{"backlog", earlyBacklog, make(chan struct{}, cfg.Backlog)},
	}
	if cfg.PagesOnly {
		l.payments.name = "pages"
	}
	for _, one := range []lane{l.payments, l.backlog} {
		m.Lane(one.name, cap(one.places))
	}
	return l
}

// of is the lane that a request takes.
func (l lanes) of(r *http.Request) lane {
	if r.URL.Path == "/v1/heartbeats" {
		return l.backlog // no citizen waits for it
	}
	if r.URL.Path == "/v1/transactions" && (r.ContentLength < 0 || r.ContentLength > freshBody) {
		return l.backlog
	}
	return l.payments
}

// Of those who are sent away, so many come back in a second, and none is kept
// away for longer than two minutes.
const (
	crowdWindow = 10 * time.Second
	crowdPerOne = 5 * time.Millisecond
	crowdLeast  = 2 * time.Second
	crowdMost   = 2 * time.Minute
)

// crowd counts those who were sent away lately, to spread their return.
type crowd struct {
	now func() time.Time

	mu           sync.Mutex
	since        time.Time
	before, last int // in the window before, and in this one
}

// comeBack is when one more is told to come back: a random moment within a time
// that grows with the crowd, not before what it waits for can be over.
func (c *crowd) comeBack(notBefore time.Duration) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch past := c.now().Sub(c.since); {
	case past < 0 || past >= 2*crowdWindow:
		c.since, c.before, c.last = c.now(), 0, 0
	case past >= crowdWindow:
		c.since, c.before, c.last = c.since.Add(crowdWindow), c.last, 0
	}
	c.last++
	spread := min(max(time.Duration(c.before+c.last)*crowdPerOne, crowdLeast), crowdMost)
	return min(notBefore, crowdMost) + rand.N(spread)
}

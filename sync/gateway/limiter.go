package gateway

// The limiter: so many requests from one address, or of one kiosk, in a window.

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/tserve/jolly/sync/api"
)

// maxSeen bounds the memory of a limiter; when it is full, those not seen in
// this window share one count.
const maxSeen = 10_000

type limiter struct {
	limit  int
	window time.Duration
	now    func() time.Time

	mu    sync.Mutex
	since time.Time
	count map[string]int
}

func newLimiter(limit int, window time.Duration, now func() time.Time) *limiter {
	return &limiter{limit: limit, window: window, now: now, count: map[string]int{}}
}

// address is where a request comes from.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// allow counts a request of somebody and says whether it is within the limit.
func (l *limiter) allow(who string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); now.Sub(l.since) >= l.window || now.Before(l.since) {
		l.since = now
		clear(l.count)
	}
	if _, seen := l.count[who]; !seen && len(l.count) >= maxSeen {
		who = ""
	}
	l.count[who]++
	return l.count[who] <= l.limit
}

// left is how long the window lasts.
func (l *limiter) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.since.Add(l.window).Sub(l.now())
}

// tooOften is the refusal for somebody who is over the limit, nil while he is not.
func (l *limiter) tooOften(who string) *Refusal {
	if l.allow(who) {
		return nil
	}
	return &Refusal{Code: api.ProblemCodeTooManyRequests, After: l.left()}
}

package gateway

// The limiter of the public page: so many requests from one address in a window.

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// maxAddresses bounds the memory of a limiter; when it is full, addresses not
// seen in this window share one count.
const maxAddresses = 10_000

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

// allow counts a request and says whether it is within the limit.
func (l *limiter) allow(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); now.Sub(l.since) >= l.window || now.Before(l.since) {
		l.since = now
		clear(l.count)
	}
	if _, seen := l.count[host]; !seen && len(l.count) >= maxAddresses {
		host = ""
	}
	l.count[host]++
	return l.count[host] <= l.limit
}

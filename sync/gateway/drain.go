package gateway

// The stop: who is being served is served to the end, who comes now is told to
// come back.

import (
	"context"
	"net/http"
	"sync"

	"github.com/tserve/jolly/sync/api"
)

// drain counts the requests that are worked on, so that the last one can be waited for.
type drain struct {
	mu       sync.Mutex
	stopping bool
	running  int
	empty    chan struct{} // closed when the last one left; nil: nobody waits
}

// enter is false when nobody else is let in.
func (d *drain) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return false
	}
	d.running++
	return true
}

func (d *drain) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running--
	if d.running == 0 && d.empty != nil {
		close(d.empty)
		d.empty = nil
	}
}

// stop lets nobody in any more, and waits until those who are in have left or
// ctx ends. It is called once.
func (d *drain) stop(ctx context.Context) {
	d.mu.Lock()
	d.stopping = true
	empty := make(chan struct{})
	if d.running == 0 {
		close(empty)
	} else {
		d.empty = empty
	}
	d.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
	}
}

// drained sends those away who come while the server stops.
func (h *handler) drained(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.drain.enter() {
			because(w, earlyStop)
			w.Header().Set("Connection", "close")
			h.problem(w, refuse(api.ProblemCodeGatewayBusy, "the gateway stops"))
			return
		}
		defer h.drain.leave()
		next.ServeHTTP(w, r)
	})
}

// count is how many requests are worked on.
func (d *drain) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running
}

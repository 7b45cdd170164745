package node_test

// The kiosk gives up while its activation is still on its way to the node, and its
// word overtakes it: whatever the node lends afterwards is given back.

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/node/wire"
)

// slowLine keeps the first activation until it is let go, and then loses answers.
type slowLine struct {
	http.Handler
	reached, let chan struct{}
	outcome      func() // when the node has the first outcome, and its answer is on the way
	mu           sync.Mutex
	held         bool
	lose         map[string]int // answers of an operation that are still to be lost, once it was let go
}

func (l *slowLine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := strings.Trim(r.Header.Get("SOAPAction"), `"`)
	if action == wire.ActionActivate && l.first() {
		close(l.reached)
		<-l.let
	}
	answer := httptest.NewRecorder()
	l.Handler.ServeHTTP(answer, r)
	if action == wire.ActionOutcome && l.outcome != nil {
		meanwhile := l.outcome
		l.outcome = nil
		meanwhile()
	}
	if l.loses(action) {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (l *slowLine) first() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.held
	l.held = true
	return !before
}

func (l *slowLine) loses(action string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.let:
	default:
		return false
	}
	l.lose[action]--
	return l.lose[action] >= 0
}

// overtaken is an activation that is on its way to the node.
type overtaken struct {
	*till
	line  *slowLine
	id    string
	bills []api.WantedBill
	ended chan error // how it ends
}

// overtake begins one, and returns when it is on the line.
func overtake(t *testing.T, lose map[string]int) *overtaken {
	t.Helper()
	o := &overtaken{line: &slowLine{reached: make(chan struct{}), let: make(chan struct{}), lose: lose}, ended: make(chan error, 1)}
	o.till = newTillBehind(t, time.Minute, func(h http.Handler) http.Handler { o.line.Handler = h; return o.line })
	o.steady = true
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	o.id, o.bills = id.String(), o.till.bills(1)
	go func() {
		_, err := o.store.Activate(t.Context(), o.id, api.ActivationRequest{Kiosk: "k1", Bills: o.bills})
		o.ended <- err
	}()
	<-o.line.reached
	return o
}

func TestALoanAfterTheKOIsGivenBack(t *testing.T) {
	const tries = 3 // of one activation
	for name, lose := range map[string]map[string]int{
		"the answer comes":                          {},
		"the answer is lost":                        {wire.ActionActivate: 1},
		"all answers are lost":                      {wire.ActionActivate: tries},
		"the KO's answer is lost":                   {wire.ActionOutcome: 1},
		"all answers and the first KO's are lost":   {wire.ActionActivate: tries, wire.ActionOutcome: 1},
		"the answers to the queue's calls are lost": {wire.ActionActivate: 3 * tries, wire.ActionOutcome: 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := overtake(t, lose)
			w, line := o.till, o.line
			w.end(o.id, api.Activation{}, kiosk.RowNotPaid)
			w.tell()
			if c := w.Counts(); c.Activated != 1 || c.KO != 1 {
				t.Fatalf("the KO did not overtake the activation: %+v", c)
			}
			close(line.let)
			if err := <-o.ended; err == nil {
				t.Error("a payment that was given up got its tokens")
			}
			w.tell()
			if c := w.Counts(); c.Activated < 2 || c.KO != c.Activated {
				t.Errorf("%+v: a loan is left at the node", c)
			}
			if untold, err := w.store.Untold(t.Context()); err != nil || len(untold) != 0 {
				t.Errorf("untold %+v, %v", untold, err)
			}
			if open, err := w.store.OpenCases(t.Context()); err != nil || open.Notices != 0 {
				t.Errorf("%+v, %v", open, err)
			}
			w.agree()
			if _, _, ok := w.activate(o.bills); !ok {
				t.Error("nobody can have the bill")
			}
		})
	}
}

// The late answer comes while the owner's answer to the KO is on its way: the row of
// the queue is due still, and its loan is over.
func TestALoanWhileTheKOIsToldIsGivenBack(t *testing.T) {
	const tries = 3 // of one activation
	for name, lose := range map[string]map[string]int{
		"the answer comes":                        {},
		"the KO's answer is lost":                 {wire.ActionOutcome: 1},
		"all answers are lost":                    {wire.ActionActivate: tries},
		"all answers and the first KO's are lost": {wire.ActionActivate: tries, wire.ActionOutcome: 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := overtake(t, lose)
			w, line := o.till, o.line
			var late error
			line.outcome = func() {
				close(line.let)
				late = <-o.ended
			}
			w.end(o.id, api.Activation{}, kiosk.RowNotPaid)
			w.tell()
			if late == nil {
				t.Error("a payment that was given up got its tokens")
			}
			if c := w.Counts(); c.Activated < 2 || c.KO != c.Activated {
				t.Errorf("%+v: a loan is left at the node", c)
			}
			if untold, err := w.store.Untold(t.Context()); err != nil || len(untold) != 0 {
				t.Errorf("untold %+v, %v", untold, err)
			}
			w.agree()
			if _, _, ok := w.activate(o.bills); !ok {
				t.Error("nobody can have the bill")
			}
		})
	}
}

package push_test

// The whole way of a row: the real outbox, pusher and client against gateways
// that take rows and then answer as a bad day has it.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/outbox"
	"github.com/tserve/jolly/sync/push"
)

// tooLong is longer than anything takes that ends at all.
const tooLong = 2 * time.Minute

// ledger is what a gateway has taken, by the id of the row.
type ledger struct {
	t       *testing.T
	mu      sync.Mutex
	applied map[string]string // hash of the body
	hits    int
	last    api.TransactionsResponse
}

// take applies the rows of a request as the gateway does: each id once.
func (l *ledger) take(r *http.Request) api.TransactionsResponse {
	var req api.TransactionsRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		l.t.Errorf("request: %v", err)
	}
	var out api.TransactionsResponse
	for _, row := range req.Rows {
		code := api.VerdictCodeAccepted
		if hash, there := l.applied[row.ID]; there {
			code = api.VerdictCodeDuplicate
			if hash != row.Hash {
				l.t.Errorf("row %s came with another body", row.ID)
				code = api.VerdictCodeConflict
			}
		}
		l.applied[row.ID] = row.Hash
		out.Verdicts = append(out.Verdicts, api.Verdict{Sequence: row.Sequence, ID: row.ID, Verdict: code})
	}
	return out
}

func whole(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

// badDays are ways to answer after the rows were taken, or not taken.
func badDays() map[string]func(l *ledger, w http.ResponseWriter, r *http.Request) {
	cut := func(w http.ResponseWriter, text string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			io.WriteString(conn, text)
			conn.Close()
		}
	}
	typed := func(w http.ResponseWriter, kind string, status int, text string) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
	return map[string]func(*ledger, http.ResponseWriter, *http.Request){
		"late: taken, and the answer comes too late": func(l *ledger, w http.ResponseWriter, r *http.Request) {
			l.take(r)
			<-r.Context().Done()
		},
		"never": func(_ *ledger, _ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
		"half: taken, and the line breaks in the answer": func(l *ledger, w http.ResponseWriter, r *http.Request) {
			text, _ := json.Marshal(l.take(r))
			cut(w, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(text), text[:len(text)/2]))
		},
		"closed: taken, and no answer": func(l *ledger, w http.ResponseWriter, r *http.Request) {
			l.take(r)
			cut(w, "")
		},
		"twice: the last answer once more": func(l *ledger, w http.ResponseWriter, r *http.Request) {
			last := l.last
			l.take(r)
			whole(w, last)
		},
		"wrong: verdicts for other rows": func(l *ledger, w http.ResponseWriter, r *http.Request) {
			answer := l.take(r)
			for i := range answer.Verdicts {
				answer.Verdicts[i].ID, answer.Verdicts[i].Sequence = "stranger", 1<<40
			}
			whole(w, answer)
		},
		"wrong: sequences of other rows": func(l *ledger, w http.ResponseWriter, r *http.Request) {
			answer := l.take(r)
			for i := range answer.Verdicts {
				answer.Verdicts[i].Sequence += 1000
			}
			whole(w, answer)
		},
		"wrong: a word that nobody knows": func(l *ledger, w http.ResponseWriter, r *http.Request) {
			answer := l.take(r)
			for i := range answer.Verdicts {
				answer.Verdicts[i].Verdict = "maybe"
			}
			whole(w, answer)
		},
		"some: the last row has no verdict": func(l *ledger, w http.ResponseWriter, r *http.Request) {
			answer := l.take(r)
			answer.Verdicts = answer.Verdicts[:len(answer.Verdicts)-1]
			whole(w, answer)
		},
		"captive portal": func(_ *ledger, w http.ResponseWriter, _ *http.Request) { typed(w, "text/html", 200, "<html>Log in") },
		"portal that says JSON": func(_ *ledger, w http.ResponseWriter, _ *http.Request) {
			typed(w, "application/json", 200, "<html>Log in")
		},
		"redirect": func(_ *ledger, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"a body of 10 GB": func(_ *ledger, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "10000000000")
			for junk := bytes.Repeat([]byte(" "), 1<<20); ; {
				if _, err := w.Write(junk); err != nil {
					return
				}
			}
		},
		"bad request":       func(_ *ledger, w http.ResponseWriter, _ *http.Request) { typed(w, "text/plain", 400, "no") },
		"unauthorised":      func(_ *ledger, w http.ResponseWriter, _ *http.Request) { typed(w, "text/plain", 401, "no") },
		"request too large": func(_ *ledger, w http.ResponseWriter, _ *http.Request) { typed(w, "text/plain", 413, "no") },
		"internal":          func(_ *ledger, w http.ResponseWriter, _ *http.Request) { typed(w, "text/plain", 500, "no") },
		"busy for three years": func(_ *ledger, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999")
			typed(w, "text/plain", 503, "no")
		},
	}
}

// charged walks a payment through the real machine into the outbox.
func charged(t *testing.T, s *outbox.Store, id kiosk.PaymentID) {
	t.Helper()
	var state payment.State
	tell := func(e payment.Event) {
		for e != nil {
			var effects []payment.Effect
			state, effects = payment.Step(state, e)
			e = nil
			for _, f := range effects {
				if save, ok := f.(payment.Save); ok {
					if err := s.Save(t.Context(), save); err != nil {
						t.Fatal(err)
					}
					e = payment.Saved{Head: payment.Head{ID: id}, Step: save.Step}
				}
			}
		}
	}
	h := payment.Head{ID: id}
	tell(payment.Begun{Head: h, Kiosk: "PO-001", Language: "it", Cart: kiosk.Cart{}.With(kiosk.Quote{Bill: kiosk.Bill{ID: "b", Amount: 8500}, Fee: 140})})
	tell(payment.Activated{Head: h, Activation: kiosk.Activation{
		Bills: [kiosk.MaxBills]kiosk.ActivatedBill{{BillID: "b", Amount: 8500, Fee: 140, Token: "t"}}, Count: 1, Fee: 140, Life: 30 * kiosk.Minute,
	}})
	tell(payment.BaselineRead{Head: h})
	tell(payment.ChargeResulted{Head: h, Result: kiosk.ChargeResult{Outcome: kiosk.Charged, TerminalID: "T1", STAN: "000123"}})
}

// TestBadDays: whatever the gateway answers, no row is lost, none dies, and
// none is taken twice; when the day is over all are settled.
func TestBadDays(t *testing.T) {
	const rows, bad = 6, 4 // rows, and requests that go wrong after a first good one
	for name, answer := range badDays() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &ledger{t: t, applied: map[string]string{}}
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/transactions" {
					t.Errorf("followed to %s", r.URL.Path)
				}
				l.mu.Lock()
				defer l.mu.Unlock()
				if l.hits++; l.hits > 1 && l.hits <= 1+bad {
					answer(l, w, r)
					return
				}
				l.last = l.take(r)
				whole(w, l.last)
			}))
			defer srv.Close()
			attempt := tooLong
			if strings.HasPrefix(name, "late") || name == "never" { // only our own time ends these
				attempt = time.Second
			}
			store := deliverAll(t, srv.URL, attempt, rows)
			l.mu.Lock()
			defer l.mu.Unlock()
			if len(l.applied) != rows {
				t.Errorf("gateway has %d rows, want %d", len(l.applied), rows)
			}
			all, err := store.Rows(t.Context(), outbox.RowDelivered, 100)
			if err != nil || len(all) != rows {
				t.Errorf("%d rows are delivered, %v", len(all), err)
			}
			for _, r := range all {
				if l.applied[r.ID] != r.Hash {
					t.Errorf("row %s is delivered, and the gateway has not its body", r.ID)
				}
			}
			if err := store.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// deliverAll writes rows and pushes until each has its verdict.
func deliverAll(t *testing.T, url string, attempt time.Duration, rows int) *outbox.Store {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	store, err := outbox.Open(t.Context(), outbox.Config{Path: filepath.Join(t.TempDir(), "outbox.db"), Kiosk: "PO-001"}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	for n := range rows {
		charged(t, store, kiosk.PaymentID(fmt.Sprintf("0198c0de-0000-7000-8000-%012d", n)))
	}
	gw, err := client.New(client.Config{URL: url, Kiosk: "PO-001", AttemptTimeout: attempt, MaxWait: 10 * time.Millisecond}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	defer cancel()
	done, told := make(chan error), make(chan kiosk.Verdict)
	p := push.New(push.Config{Limits: push.Limits{Batch: 3, First: 10 * time.Millisecond, Cap: 50 * time.Millisecond}}, store, gw, quiet)
	go func() { done <- p.Run(ctx, func(v kiosk.Verdict) { told <- v }) }()
	for settled := map[string]bool{}; len(settled) < rows; {
		select {
		case v := <-told:
			if v.Code != kiosk.VerdictAccepted && v.Code != kiosk.VerdictDuplicate {
				t.Errorf("verdict %+v", v)
			}
			settled[v.ID] = true
		case <-ctx.Done():
			t.Fatalf("%d of %d rows settled; %+v", len(settled), rows, p.Status())
		}
	}
	cancel()
	<-done
	return store
}

package client_test

// The client against servers that are late, half, somebody else's or mad.

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/client"
)

// tooLong is longer than anything takes that ends at all.
const tooLong = time.Minute

const health = `{"status":"ok","now":"2026-11-22T09:00:00Z"}`

func answer(w http.ResponseWriter, media string, status int, body string) {
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func problem(w http.ResponseWriter, status int, code string) {
	answer(w, "application/problem+json", status, fmt.Sprintf(`{"type":"urn:tserve:problem:%s","title":"t","status":%d,"code":%q}`, code, status, code))
}

// hijack answers with raw bytes and closes the connection.
func hijack(t *testing.T, w http.ResponseWriter, raw string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	io.WriteString(conn, raw)
}

func TestNoUsableAnswerIsOffline(t *testing.T) {
	endless := map[string]bool{"late": true, "drops in": true} // only our own time ends these
	for name, c := range map[string]struct {
		serve    func(t *testing.T, w http.ResponseWriter, r *http.Request)
		attempts int32
	}{
		"half": {func(t *testing.T, w http.ResponseWriter, _ *http.Request) {
			hijack(t, w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 44\r\n\r\n"+health[:20])
		}, 2},
		"closed at once": {func(t *testing.T, w http.ResponseWriter, _ *http.Request) { hijack(t, w, "") }, 2},
		"not HTTP":       {func(t *testing.T, w http.ResponseWriter, _ *http.Request) { hijack(t, w, "SSH-2.0-OpenSSH_9.2\r\n") }, 2},
		"captive portal": {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) {
			answer(w, "text/html", 200, "<html>Log in")
		}, 1},
		"garbage": {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { answer(w, "application/json", 200, "{]") }, 1},
		"other JSON": {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) {
			answer(w, "application/json", 200, `{"a":1}`)
		}, 1},
		"null":           {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { answer(w, "application/json", 200, "null") }, 1},
		"array":          {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { answer(w, "application/json", 200, "[]") }, 1},
		"proxy's 502":    {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { answer(w, "text/html", 502, "bad gateway") }, 2},
		"somebody's 403": {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { answer(w, "text/html", 403, "blocked") }, 1},
		"somebody's 407": {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { answer(w, "text/html", 407, "proxy") }, 1},
		"empty problem": {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) {
			answer(w, "application/problem+json", 409, "{}")
		}, 1},
		"internal": {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) { problem(w, 500, "internal") }, 2},
		"huge": {func(_ *testing.T, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "10000000000")
			junk := bytes.Repeat([]byte(" "), 1<<20)
			for range 10_000 {
				if _, err := w.Write(junk); err != nil {
					return
				}
			}
		}, 2},
		"late": {func(_ *testing.T, w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 2},
		"drops in": {func(_ *testing.T, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for {
				if _, err := io.WriteString(w, " "); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}, 2},
		"redirect": {func(_ *testing.T, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, 1},
		"moved": {func(_ *testing.T, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://portal.invalid/", http.StatusFound)
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var hits atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					t.Error("followed the redirect")
				}
				hits.Add(1)
				c.serve(t, w, r)
			}))
			defer srv.Close()
			cl := dial(t, srv.URL, func(cfg *client.Config) {
				if endless[name] {
					cfg.AttemptTimeout = time.Second
				}
			})
			begun := time.Now()
			wantCode(t, cl.Alive(t.Context()), kiosk.CodeGatewayOffline)
			if d := time.Since(begun); d > tooLong {
				t.Errorf("took %s", d)
			}
			// An attempt that was given up may reach the server after that.
			for end := begun.Add(tooLong); hits.Load() < c.attempts && time.Now().Before(end); {
				<-time.After(time.Millisecond)
			}
			if n := hits.Load(); n != c.attempts {
				t.Errorf("%d attempts, want %d", n, c.attempts)
			}
		})
	}
}

// Of an answer without end no more is read than an answer may be long, however
// much time there would be: a kiosk has little memory.
func TestAnEndlessAnswerIsNotRead(t *testing.T) {
	const all = 256 << 20
	var sent atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for junk := bytes.Repeat([]byte(" "), 1<<20); sent.Load() < all; sent.Add(1 << 20) {
			if _, err := w.Write(junk); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	wantCode(t, dial(t, srv.URL, func(cfg *client.Config) { cfg.AttemptTimeout = 10 * time.Minute }).Alive(t.Context()), kiosk.CodeGatewayOffline)
	if n := sent.Load(); n > all/4 {
		t.Errorf("%d MiB were read", n>>20)
	}
}

func TestNobodyThereIsOffline(t *testing.T) {
	c := dial(t, "http://127.0.0.1:1")
	wantCode(t, c.Alive(t.Context()), kiosk.CodeGatewayOffline)
	_, err := c.Activate(t.Context(), newID(t), "", kiosk.Cart{}.With(kiosk.Quote{Bill: kiosk.Bill{ID: "b"}}))
	wantCode(t, err, kiosk.CodeGatewayOffline)
}

// A certificate that is not trusted is mostly a kiosk with a wrong clock: later, not never.
func TestWrongCertificateIsOffline(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, "application/json", 200, health) }))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.StartTLS()
	defer srv.Close()
	wantCode(t, dial(t, srv.URL).Alive(t.Context()), kiosk.CodeGatewayOffline)
	trusting := srv.Client().Transport.(*http.Transport).TLSClientConfig
	if err := dial(t, srv.URL, func(cfg *client.Config) { cfg.TLS = trusting }).Alive(t.Context()); err != nil {
		t.Errorf("with the right roots: %v", err)
	}
}

func TestShortGlitchIsRepeatedOnce(t *testing.T) {
	var hits atomic.Int32
	var bodies [2]string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		n := hits.Add(1)
		bodies[(n-1)%2] = string(b)
		if n == 1 {
			problem(w, 500, "internal")
			return
		}
		problem(w, 404, "creditor-unknown")
	}))
	defer srv.Close()
	_, err := dial(t, srv.URL).Lookup(t.Context(), kiosk.Notice{Number: "302000000123456719", Creditor: "84006890481"})
	wantCode(t, err, kiosk.CodeCreditorUnknown)
	if hits.Load() != 2 || bodies[0] != bodies[1] || !strings.Contains(bodies[0], "302000000123456719") {
		t.Errorf("%d attempts with %q", hits.Load(), bodies)
	}
}

func TestBusyIsBusyOnlyWhenEveryAttemptSaidSo(t *testing.T) {
	for name, c := range map[string]struct {
		first func(*testing.T, http.ResponseWriter)
		want  kiosk.Code
	}{
		"both busy":  {func(_ *testing.T, w http.ResponseWriter) { problem(w, 503, "gateway-busy") }, kiosk.CodeGatewayBusy},
		"too often":  {func(_ *testing.T, w http.ResponseWriter) { problem(w, 429, "too-many-requests") }, kiosk.CodeGatewayBusy},
		"lost first": {func(t *testing.T, w http.ResponseWriter) { hijack(t, w, "") }, kiosk.CodeGatewayOffline},
	} {
		t.Run(name, func(t *testing.T) {
			var hits atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "60000")
				if hits.Add(1) == 1 {
					c.first(t, w)
					return
				}
				problem(w, 503, "gateway-busy")
			}))
			defer srv.Close()
			begun := time.Now()
			_, err := dial(t, srv.URL).Payment(t.Context(), newID(t))
			wantCode(t, err, c.want)
			if d := time.Since(begun); d > tooLong { // asked for are 16 hours
				t.Errorf("Retry-After was honoured without a cap: %s", d)
			}
		})
	}
}

// Answers that are JSON of the right shape and still not the answer to the question.
func TestAnswersToAnotherQuestionAreOffline(t *testing.T) {
	var body atomic.Value
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, "application/json", 200, body.Load().(string))
	}))
	defer srv.Close()
	c := dial(t, srv.URL)
	id := kiosk.PaymentID("01934f3e-0000-7000-8000-000000000001")
	cart := kiosk.Cart{}.With(kiosk.Quote{Fee: 100, Bill: kiosk.Bill{ID: "b1", Creditor: "84006890481", Notice: "302000000123456719", Amount: 500}})
	const whole = `{"payment":"01934f3e-0000-7000-8000-000000000001","bills":[{"billId":"b1","amount":500,"fee":100,"token":"t","iuv":"1"}],` +
		`"fee":100,"total":600,"lifeSeconds":1800,"receiptToken":"abc"}`
	body.Store(whole)
	if _, err := c.Activate(t.Context(), id, "", cart); err != nil {
		t.Fatalf("the whole answer: %v", err)
	}
	for _, change := range [][2]string{
		{"000000000001", "000000000002"}, {`"b1"`, `"b2"`}, {`"total":600`, `"total":601`}, {`"fee":100,"total"`, `"fee":99,"total"`},
		{`"token":"t"`, `"token":""`}, {`"token":"t"`, `"token":"` + strings.Repeat("t", 36) + `"`}, {"1800", "0"}, {"1800", "9000000000000"}, {"500", "0"},
		{`"bills":[`, `"bills":[{"billId":"b1","amount":500,"fee":100,"token":"t","iuv":"1"},`}, {`"abc"`, `""`}, {"500", "5.5"},
	} {
		body.Store(strings.Replace(whole, change[0], change[1], 1))
		_, err := c.Activate(t.Context(), id, "", cart)
		wantCode(t, err, kiosk.CodeGatewayOffline)
	}
	rows := []kiosk.OutboxRow{{Sequence: 1, ID: "r1"}, {Sequence: 2, ID: "r2"}}
	for _, verdicts := range []string{
		`{"verdicts":[],"have":[]}`, `{"verdicts":[{"sequence":1,"id":"r1","verdict":"accepted"}],"have":[]}`,
		`{"verdicts":[{"sequence":2,"id":"r2","verdict":"accepted"},{"sequence":1,"id":"r1","verdict":"accepted"}],"have":[]}`,
		`{"verdicts":[{"sequence":1,"id":"r1","verdict":"accepted"},{"sequence":2,"id":"r2","verdict":"fine"}],"have":[]}`,
	} {
		body.Store(verdicts)
		v, err := c.Push(t.Context(), rows)
		wantCode(t, err, kiosk.CodeGatewayOffline)
		if len(v) != 0 {
			t.Errorf("verdicts %v of a wrong answer", v)
		}
	}
	const found = `{"more":false,"bills":[{"fee":100,"bill":{"id":"b","creditor":"84006890481","creditorName":"c","notice":"302000000123456719","iuv":"1","subject":"s","amount":5,"status":"payable"}}]}`
	for _, change := range [][2]string{
		{"123456719", "123456720"}, {`"amount":5`, `"amount":0`}, {`"amount":5`, `"amount":-5`}, {`"fee":100`, `"fee":-1`},
		{`"amount":5`, `"amount":100000000000`}, {`"amount":5`, `"amount":9223372036854775807`}, {`"fee":100`, `"fee":9223372036854775807`},
	} {
		body.Store(strings.Replace(found, change[0], change[1], 1))
		_, err := c.Lookup(t.Context(), kiosk.Notice{Number: "302000000123456719", Creditor: "84006890481"})
		wantCode(t, err, kiosk.CodeGatewayOffline)
	}
	body.Store(found)
	if _, err := c.Lookup(t.Context(), kiosk.Notice{Number: "302000000123456719", Creditor: "84006890481"}); err != nil {
		t.Errorf("the right answer: %v", err)
	}
}

func TestContextEndsACall(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	wantCode(t, dial(t, srv.URL, func(cfg *client.Config) { cfg.AttemptTimeout = 10 * tooLong }).Alive(ctx), kiosk.CodeGatewayOffline)
	if d := time.Since(begun); d > tooLong {
		t.Errorf("took %s", d)
	}
}

package gateway

// What is seen of a gateway from outside: nothing personal, every operation, the
// truth about its book, and a stop that leaves nobody without an answer.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// What stands in requests for a person's data.
const markedPerson, markedPlate = "MRKPSN80A01G999X", "ZZ987ZY"

func metricsOf(t testing.TB, s *Store) string {
	t.Helper()
	rec := httptest.NewRecorder()
	s.Metrics().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if rec.Code != http.StatusOK {
		t.Fatalf("metrics: %d %s", rec.Code, rec.Body)
	}
	return rec.Body.String()
}

// marked is a body with the mark in every text but the names that machines gave.
func marked(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			switch key {
			case "kiosk", "kind", "id", "payment":
			default:
				v[key] = marked(inner)
			}
		}
	case []any:
		for i := range v {
			v[i] = marked(v[i])
		}
	case string:
		return markedPerson
	}
	return v
}

// markedWorld answers all requests with the log at its most talkative.
func markedWorld(t *testing.T) (*contractWorld, *tracetest.InMemoryExporter) {
	t.Helper()
	w, spans := newContractWorld(t, HandlerConfig{}), tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	log := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.store.log = log
	h, err := NewHandler(w.store, HandlerConfig{Authority: w.ca.Authority, Tracer: provider.Tracer("test")}, log)
	if err != nil {
		t.Fatal(err)
	}
	w.handler = h
	return w, spans
}

// sendMarked sends every operation as it should be, with marks in every text,
// with marks in path and query, and as no JSON at all.
func (w *contractWorld) sendMarked(t *testing.T) {
	t.Helper()
	examples := w.examples(t)
	for _, op := range operations(t) {
		e := examples[op.id]()
		w.send(t, op, e.path, e.body)
		if e.path != "" {
			w.send(t, op, markedPerson+"?name="+markedPerson, e.body)
			w.send(t, op, e.path+"?name="+markedPerson, e.body)
		}
		if e.body == nil {
			continue
		}
		var value any
		if err := json.Unmarshal(encoded(t, e.body), &value); err != nil {
			t.Fatal(err)
		}
		w.send(t, op, e.path, marked(value))
		w.send(t, op, e.path, `{"`+markedPerson)
	}
}

func (w *contractWorld) send(t *testing.T, op operation, path string, body any) {
	t.Helper()
	if i := strings.IndexByte(op.path, '{'); i >= 0 {
		path = op.path[:i] + path
	} else {
		path = op.path + path
	}
	raw, isText := body.(string)
	if !isText && body != nil {
		raw = string(encoded(t, body))
	}
	r := httptest.NewRequestWithContext(t.Context(), op.method, path, strings.NewReader(raw))
	r.Header.Set("Content-Type", api.MediaJSON)
	r.Header.Set("User-Agent", markedPerson)
	r.Header.Set("Traceparent", "00-"+strings.Repeat("ab", 16)+"-"+strings.Repeat("cd", 8)+"-01")
	r.TLS = w.as
	w.handler.ServeHTTP(httptest.NewRecorder(), r)
}

func TestNothingPersonalIsLoggedMeasuredOrTraced(t *testing.T) {
	w, spans := markedWorld(t)
	w.sendMarked(t)
	byID := map[string]operation{}
	for _, op := range operations(t) {
		byID[op.id] = op
	}
	c := newChallenge(t, w.store, testKiosk, testVisit)
	person := proved(markedPerson)
	person.Failed, person.Reason = true, "signature"
	w.send(t, byID["lookup"], "", api.LookupRequest{Kiosk: testKiosk, Citizen: api.CitizenSearch{Visit: testVisit, Challenge: c.ID, Card: card(t, person, c.Bytes)}})
	w.send(t, byID["lookup"], "", api.LookupRequest{Kiosk: testKiosk, Form: form("toscana-bollo", "vehicle", "car", "plate", markedPlate)})
	w.send(t, byID["lookup"], "", api.LookupRequest{Kiosk: testKiosk, Form: form("toscana-bollo", "vehicle", markedPerson, "plate", markedPlate)})
	wr := &writer{at: w.clock.now(), sequence: 40}
	body := outcomeBody(kiosk.RowPaid, w.activated, kiosk.Charged)
	body.Charge.PAN, body.Reason, body.Ref = "************"+markedPlate, markedPerson, markedPerson
	contradiction := outcomeBody(kiosk.RowNotPaid, w.activated, "")
	contradiction.Reason = markedPerson
	w.send(t, byID["pushTransactions"], "", api.TransactionsRequest{Kiosk: testKiosk, Rows: []api.Row{wr.row(t, kiosk.RowPaid, body), wr.row(t, kiosk.RowNotPaid, contradiction)}})

	traces, err := json.Marshal(spans.GetSpans())
	if err != nil {
		t.Fatal(err)
	}
	log, metrics := w.log.String(), metricsOf(t, w.store)
	for where, text := range map[string]string{"log": log, "metrics": metrics, "traces": string(traces)} {
		for _, mark := range []string{markedPerson, markedPlate, w.activated.ReceiptToken, w.activated.Bills[0].Token, testVisit, strings.Repeat("ab", 16)} {
			if i := strings.Index(text, mark); i >= 0 {
				t.Errorf("%s: %s in ...%s...", where, mark, text[max(0, i-200):min(len(text), i+60)])
			}
		}
	}
	for _, op := range operations(t) {
		if !strings.Contains(metrics, `operation="`+op.id+`"`) || !strings.Contains(log, `"operation":"`+op.id+`"`) || !strings.Contains(string(traces), op.id) {
			t.Errorf("%s was not counted, logged and traced", op.id)
		}
	}
	if strings.Contains(metrics, testKiosk) {
		t.Error("a kiosk is a label")
	}
	if !strings.Contains(metrics, `jolly_gateway_alarms_open{kind="`) {
		t.Errorf("the contradiction is no open alarm:\n%s", metrics)
	}
}

func TestMetricsTellWhatHappened(t *testing.T) {
	s := newService(t, HandlerConfig{InFlight: 1, FormsPerMinute: 1})
	before, err := s.store.OpenCases(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.want(t, "", "POST", "/v1/lookup", asked(sample(t, "tia")))
	a := mustActivate(t, s.store, sample(t, "meals"))
	w := &writer{at: s.clock.now()}
	rows := []api.Row{w.outcome(t, kiosk.RowDoubtful, a, kiosk.Unknown)}
	for range 2 {
		s.want(t, "", "POST", "/v1/transactions", api.TransactionsRequest{Kiosk: testKiosk, Rows: rows})
	}
	s.want(t, "", "PUT", "/v1/payments/"+newID(t), wanted(sample(t, "tia")))
	s.want(t, "bill-in-payment", "PUT", "/v1/payments/"+newID(t), wanted(sample(t, "tia")))
	search := api.LookupRequest{Kiosk: testKiosk, Form: form("none", "plate", markedPlate)}
	s.call(t, "POST", "/v1/lookup", search)
	s.want(t, "too-many-requests", "POST", "/v1/lookup", search)
	got := metricsOf(t, s.store)
	for _, want := range []string{
		`jolly_gateway_rows_total{verdict="accepted"} 1`, `jolly_gateway_rows_total{verdict="duplicate"} 1`,
		`jolly_gateway_activations_total{channel="jolly"} 1`,
		`jolly_gateway_requests_total{code="bill-in-payment",operation="activatePayment"} 1`,
		`jolly_gateway_request_seconds_count{operation="pushTransactions"} 2`,
		`jolly_gateway_refused_early_total{why="rate"} 1`,
		fmt.Sprintf(`jolly_gateway_doubts_open %d`, before.Doubtful+1), `jolly_gateway_book_up 1`, `jolly_gateway_outcomes_waiting{state="due"} 0`,
		`jolly_gateway_lane_places{lane="payments"} 1`, `jolly_gateway_lane_in_use{lane="payments"} 0`, `jolly_gateway_catalogue_in_force 0`,
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

// opsOf serves health and metrics of a book.
func opsOf(t *testing.T, s *Store, stopping <-chan struct{}) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(NewOps(s, stopping, testLog()).http.Handler)
	t.Cleanup(srv.Close)
	return srv
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// notReady are the parts that keep a gateway from being ready.
func notReady(t *testing.T, url string) []string {
	t.Helper()
	status, body := get(t, url+"/readyz")
	var r Readiness
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	if r.Ready != (status == http.StatusOK) {
		t.Errorf("ready %v under status %d", r.Ready, status)
	}
	bad := []string{}
	for _, p := range r.Parts {
		if !p.OK {
			bad = append(bad, p.Name)
		}
	}
	return bad
}

func TestReadyIsSaidOnlyWhenAPaymentCouldBeTaken(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	stopping := make(chan struct{})
	srv := opsOf(t, s, stopping)
	want := func(when string, parts ...string) {
		t.Helper()
		if got := notReady(t, srv.URL); strings.Join(got, " ") != strings.Join(parts, " ") {
			t.Errorf("%s: not ready are %v, want %v", when, got, parts)
		}
		if status, body := get(t, srv.URL+"/healthz"); status != http.StatusOK || body != "alive\n" {
			t.Errorf("%s: %d %q", when, status, body)
		}
	}
	want("in order")
	empty, _ := newBook(t)
	if got := notReady(t, opsOf(t, empty, nil).URL); strings.Join(got, " ") != "catalogue" {
		t.Errorf("without a catalogue: %v", got)
	}
	if _, err := s.write.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)"); err != nil {
		t.Fatal(err)
	}
	want("a newer book", "schema")
	if _, err := s.write.ExecContext(t.Context(), "DELETE FROM goose_db_version WHERE version_id = 99999"); err != nil {
		t.Fatal(err)
	}
	s.broken.Store(true)
	want("broken", "book-whole", "book-read", "book-write")
	s.broken.Store(false)
	close(stopping)
	want("stopping", "stopping")
}

func TestABookThatCannotBeReadIsNoZero(t *testing.T) {
	s, _ := newBook(t)
	s.broken.Store(true)
	got := metricsOf(t, s)
	if !strings.Contains(got, "\njolly_gateway_book_up 0\n") || !strings.Contains(got, "\njolly_gateway_doubts_open NaN\n") {
		t.Error(got)
	}
}

func TestWhoComesWhileItStopsIsToldToComeBack(t *testing.T) {
	s, _ := newBook(t)
	server, err := NewServer(s, HandlerConfig{}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, l) }()
	url := "http://" + l.Addr().String()

	body, sends := io.Pipe()
	slow := make(chan int, 1)
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/lookup", body)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			slow <- 0
			return
		}
		resp.Body.Close()
		slow <- resp.StatusCode
	}()
	whole, err := json.Marshal(asked(sample(t, "tia")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sends.Write(whole[:10]); err != nil { // the request is in
		t.Fatal(err)
	}
	until(t, func() bool { return server.calls.drain.count() == 1 })
	cancel()
	until(t, func() bool { status, _ := get(t, url+"/v1/health"); return status == http.StatusServiceUnavailable })
	r, _ := http.NewRequestWithContext(t.Context(), "GET", url+"/v1/health", nil)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || !bytes.Contains(answer, []byte("gateway-busy")) {
		t.Errorf("while it stops: %s %v %s", resp.Status, resp.Header, answer)
	}
	if _, err := sends.Write(whole[10:]); err != nil {
		t.Fatal(err)
	}
	sends.Close()
	if status := <-slow; status != http.StatusOK {
		t.Errorf("the request that was in: %d", status)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(grace + tooLong):
		t.Fatal("the server did not stop")
	}
}

// tooLong is longer than anything takes that ends at all.
const tooLong = 2 * time.Minute

// until waits for what another goroutine brings about.
func until(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(tooLong); !done(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("it did not happen")
		}
	}
}

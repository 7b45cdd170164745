package gateway

// HTTP: every answer against the contract, every body refused in words.

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// contract holds every answer against openapi.yaml. kin-openapi reads documents
// of OpenAPI 3.0; ours says 3.1.0 and keeps to what the two have in common (one
// type per schema, no null), so that the validator means what the document says.
type contract struct {
	router routers.Router
	seen   map[string]bool // "operation status code" of the answers
}

func newContract(t testing.TB) *contract {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	r, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &contract{router: r, seen: map[string]bool{}}
}

// check validates one answer and returns the problem's code, or "".
func (c *contract) check(t testing.TB, r *http.Request, w *httptest.ResponseRecorder) api.ProblemCode {
	t.Helper()
	var p api.Problem
	if w.Header().Get("Content-Type") == api.MediaProblem {
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatalf("problem: %v", err)
		}
		if p.Status != w.Code || p.Type != api.ProblemType+string(p.Code) || p.Title == "" {
			t.Errorf("problem %+v under status %d", p, w.Code)
		}
	} else if w.Code != http.StatusOK {
		t.Errorf("%s %s: status %d without a problem", r.Method, r.URL.Path, w.Code)
	}
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		if p.Code != api.ProblemCodePathUnknown && p.Code != api.ProblemCodeMethodNotAllowed {
			t.Errorf("%s %s is not in the contract: %v", r.Method, r.URL.Path, err)
		}
		return p.Code
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		// The validator decodes no HTML; that the answer may be text/html is checked.
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: strings.HasPrefix(w.Header().Get("Content-Type"), "text/html")},
	})
	if err != nil {
		t.Errorf("%s %s: answer is not of the contract: %v\n%s", r.Method, r.URL.Path, err, w.Body.String())
	}
	c.seen[route.Operation.OperationID+" "+string(p.Code)] = true
	return p.Code
}

// service is a handler on a book, with the contract watching.
type service struct {
	*contract
	store   *Store
	clock   *clock
	handler http.Handler
	log     *bytes.Buffer
	as      *tls.ConnectionState // what the requests come with; nil: no certificate
}

func newService(t testing.TB, cfg HandlerConfig) *service {
	t.Helper()
	s, c := newBook(t)
	buf := &bytes.Buffer{}
	log := slog.New(slog.NewJSONHandler(buf, nil))
	s.log = log
	h, err := NewHandler(s, cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	return &service{contract: newContract(t), store: s, clock: c, handler: h, log: buf}
}

// call sends a request and returns the checked answer.
func (s *service) call(t testing.TB, method, path string, body any) (*httptest.ResponseRecorder, api.ProblemCode) {
	t.Helper()
	var text string
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		text = string(raw)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	r.TLS = s.as
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w, s.check(t, r, w)
}

func (s *service) want(t testing.TB, code api.ProblemCode, method, path string, body any) *httptest.ResponseRecorder {
	t.Helper()
	w, got := s.call(t, method, path, body)
	if got != code {
		t.Errorf("%s %s: %q, want %q (%s)", method, path, got, code, w.Body.String())
	}
	return w
}

// Every operation, every answer it can give, against the contract.
func TestAnswersAreOfTheContract(t *testing.T) {
	s := newService(t, HandlerConfig{PagesPerMinute: 20})
	s.want(t, "", "GET", "/v1/health", nil)
	for _, p := range Samples() {
		code := api.ProblemCode("")
		if p.Status == "" {
			code = api.ProblemCode(p.Refusal)
		}
		s.want(t, code, "POST", "/v1/lookup", asked(p))
		if p.Status != kiosk.BillPayable || p.Refusal != "" {
			s.want(t, api.ProblemCode(p.Refusal), "PUT", "/v1/payments/"+newID(t), wanted(p))
		}
	}
	meals := sample(t, "meals")
	id := newID(t)
	var a api.Activation
	w := s.want(t, "", "PUT", "/v1/payments/"+id, wanted(meals, sample(t, "tia")))
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	s.want(t, "payment-conflict", "PUT", "/v1/payments/"+id, wanted(meals))
	s.want(t, "request-invalid", "PUT", "/v1/payments/"+strings.ToUpper(id), wanted(meals))
	s.want(t, "", "GET", "/v1/payments/"+id, nil)
	s.want(t, "payment-unknown", "GET", "/v1/payments/"+newID(t), nil)
	s.want(t, "", "GET", "/r/"+a.ReceiptToken, nil)
	s.want(t, "", "GET", "/r/"+a.ReceiptToken+"?format=json", nil)
	s.clock.add(life)
	s.want(t, "activation-expired", "PUT", "/v1/payments/"+id, wanted(meals, sample(t, "tia")))
	s.want(t, "", "GET", "/v1/payments/"+id, nil)
	wr := &writer{at: s.clock.now()}
	rows := []api.Row{
		wr.outcome(t, kiosk.RowDoubtful, a, kiosk.Unknown), wr.outcome(t, kiosk.RowResolved, a, kiosk.Charged),
		wr.outcome(t, kiosk.RowNotPaid, a, ""), {Sequence: 77, ID: "x", Kind: "x", Body: "x", Hash: "x"},
	}
	s.want(t, "", "POST", "/v1/transactions", api.TransactionsRequest{Kiosk: testKiosk, Rows: rows})
	s.want(t, "activation-closed", "PUT", "/v1/payments/"+id, wanted(meals, sample(t, "tia")))
	s.want(t, "", "GET", "/v1/payments/"+id, nil)
	s.want(t, "", "GET", "/r/"+a.ReceiptToken+"?format=json", nil)
	s.want(t, "receipt-unknown", "GET", "/r/"+strings.Repeat("a", 26), nil)
	s.want(t, "receipt-unknown", "GET", "/r/short", nil)
	s.want(t, "request-invalid", "GET", "/r/"+a.ReceiptToken+"?format=pdf", nil)
	s.want(t, "path-unknown", "GET", "/v2/lookup", nil)
	s.want(t, "method-not-allowed", "DELETE", "/v1/payments/"+id, nil)
	for range 20 {
		_, code := s.call(t, "GET", "/r/"+a.ReceiptToken, nil)
		if code == api.ProblemCodeTooManyRequests {
			break
		}
	}
	for _, op := range []string{"getHealth ", "lookup ", "lookup creditor-silent", "lookup creditor-unknown", "activatePayment ",
		"activatePayment bill-paid", "activatePayment bill-in-payment", "activatePayment bill-in-verification", "activatePayment bill-expired",
		"activatePayment bill-revoked", "activatePayment bill-unknown", "activatePayment creditor-unknown", "activatePayment creditor-silent",
		"activatePayment total-too-large", "getPayment ", "getPayment payment-unknown", "pushTransactions ", "getReceipt ", "getReceipt receipt-unknown",
		"getReceipt too-many-requests"} {
		if !s.seen[op] {
			t.Errorf("%q was never answered", op)
		}
	}
}

func TestBodiesThatAreNotOfTheContract(t *testing.T) {
	s := newService(t, HandlerConfig{})
	put := "/v1/payments/" + newID(t)
	bill := `{"billId":"debt-meals","notice":"` + string(sample(t, "meals").Notice) + `","creditor":"84006890481","amount":6250}`
	for body, paths := range map[string][]string{
		``:                                {"/v1/lookup", put, "/v1/transactions"},
		`null`:                            {"/v1/lookup", put, "/v1/transactions"},
		`[]`:                              {"/v1/lookup", put, "/v1/transactions"},
		`{}`:                              {"/v1/lookup", put, "/v1/transactions"},
		`{"kiosk":"k"}`:                   {"/v1/lookup"},
		`{"kiosk":"k","channel":"jolly"}`: {"/v1/lookup"},
		`{"kiosk":"k","channel":"sportello","notice":{"number":"302000000123456788","creditor":"84006890481"}}`: {"/v1/lookup"},
		`{"kiosk":"k","notice":1}`:                                                                                                           {"/v1/lookup"},
		`{"kiosk":"k","notice":{"number":"302000000123456788"}}`:                                                                             {"/v1/lookup"},
		`{"kiosk":"k","notice":{"number":"30200000012345678","creditor":"84006890481"}}`:                                                     {"/v1/lookup"},
		`{"kiosk":"k","notice":{"number":"３０２０００００１２３４５６７８８８","creditor":"84006890481"}}`:                                                    {"/v1/lookup"},
		`{"kiosk":"k","notice":{"number":"302000000123456788","creditor":"84006890481","x":1}}`:                                              {"/v1/lookup"},
		`{"kiosk":"k","notice":{"number":"302000000123456788","creditor":"84006890481"}} {}`:                                                 {"/v1/lookup"},
		`{"notice":{"number":"302000000123456788","creditor":"84006890481"}}`:                                                                {"/v1/lookup"},
		`{"kiosk":"k","notice":{"number":"302000000123456788","creditor":"84006890481"},"form":{"catalogue":"1","service":"s","values":[]}}`: {"/v1/lookup"},
		`{"kiosk":"k","bills":[]}`:                                                  {put},
		`{"kiosk":"k","bills":[` + bill + `],"previous":"x"}`:                       {put},
		`{"kiosk":"","bills":[` + bill + `]}`:                                       {put},
		`{"kiosk":"k","bills":[` + strings.Repeat(bill+",", 5) + bill + `]}`:        {put},
		`{"kiosk":"k","bills":[` + strings.Replace(bill, "6250", "62.5", 1) + `]}`:  {put},
		`{"kiosk":"k","bills":[` + strings.Replace(bill, "6250", "1e300", 1) + `]}`: {put},
		`{"kiosk":"k","bills":[` + strings.Replace(bill, "6250", "-1", 1) + `]}`:    {put},
		`{"kiosk":"k","rows":[]}`:                                                   {"/v1/transactions"},
		`{"kiosk":"k","rows":[` + strings.Repeat(`{"sequence":1,"id":"a","kind":"b","occurredAt":1,"body":"","hash":""},`, 200) +
			`{"sequence":1,"id":"a","kind":"b","occurredAt":1,"body":"","hash":""}]}`: {"/v1/transactions"},
		strings.Repeat("[", 100_000): {"/v1/lookup", put, "/v1/transactions"},
	} {
		for _, path := range paths {
			method := "POST"
			if path == put {
				method = "PUT"
			}
			s.want(t, api.ProblemCodeRequestInvalid, method, path, body)
		}
	}
	s.want(t, api.ProblemCodeRequestTooLarge, "POST", "/v1/lookup", `{"notice":"`+strings.Repeat("1", api.MaxBody)+`"}`)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/lookup", strings.NewReader("notice=1"))
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if got := s.check(t, r, w); got != api.ProblemCodeMediaType {
		t.Errorf("form: %s", got)
	}
}

func FuzzBodies(f *testing.F) {
	s := newService(f, HandlerConfig{})
	meals, id := sample(f, "meals"), newID(f)
	w := &writer{at: s.clock.now()}
	for i, v := range []any{
		asked(meals), wanted(meals), api.TransactionsRequest{Kiosk: testKiosk, Rows: []api.Row{w.row(f, kiosk.RowNotPaid, rowBody{Payment: id})}},
	} {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), b)
	}
	f.Add(uint8(2), []byte(`{"kiosk":"k","rows":[{"sequence":9223372036854775807,"id":"a","kind":"\u0000","occurredAt":-9e18,"body":"{}","hash":""}]}`))
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		method, path := "POST", "/v1/lookup"
		switch which % 3 {
		case 1:
			method, path = "PUT", "/v1/payments/"+id
		case 2:
			path = "/v1/transactions"
		}
		if w, _ := s.call(t, method, path, string(body)); w.Code >= 500 && w.Code != http.StatusBadGateway {
			t.Errorf("status %d for %q", w.Code, body)
		}
	})
}

// The body of a row comes with the right hash and holds anything.
func FuzzRowBodies(f *testing.F) {
	s := newService(f, HandlerConfig{})
	a := mustActivate(f, s.store, sample(f, "meals"))
	for _, kind := range []kiosk.RowKind{kiosk.RowPaid, kiosk.RowNotPaid, kiosk.RowDoubtful, kiosk.RowResolved, kiosk.RowReceiptDone} {
		b, err := json.Marshal(outcomeBody(kind, a, kiosk.Charged))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(kind), string(b))
	}
	f.Add("payment.not-paid", `{"payment":"01234567-0123-0123-0123-0123456789ab","bills":[{"billId":"\u0000"}]}`)
	w := &writer{at: s.clock.now()}
	f.Fuzz(func(t *testing.T, kind, body string) {
		w.sequence++
		row := sealed(api.Row{Sequence: w.sequence, ID: newID(t), Kind: kind, Body: body})
		if w, code := s.call(t, "POST", "/v1/transactions", api.TransactionsRequest{Kiosk: testKiosk, Rows: []api.Row{row}}); code != "" {
			t.Errorf("status %d for %q", w.Code, body)
		}
		balances(t, s.store)
	})
}

func TestCitizensPage(t *testing.T) {
	s := newService(t, HandlerConfig{PagesPerMinute: 1000})
	p := sample(t, "meals")
	a := mustActivate(t, s.store, p, sample(t, "pisa-fine"))
	page := func() string { return s.want(t, "", "GET", "/r/"+a.ReceiptToken, nil).Body.String() }
	data := func() (r api.Receipt) {
		if err := json.Unmarshal(s.want(t, "", "GET", "/r/"+a.ReceiptToken+"?format=json", nil).Body.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, words := range []string{"In attesa dell’esito", "Waiting for the result", "等待结果"} {
		if !strings.Contains(page(), words) {
			t.Errorf("open: no %q", words)
		}
	}
	w := &writer{at: s.clock.now()}
	s.clock.add(time.Minute)
	push(t, s.store, w.outcome(t, kiosk.RowDoubtful, a, kiosk.Unknown))
	if !strings.Contains(page(), "Non pagare di nuovo") || data().State != api.ReceiptStateInVerification {
		t.Error("doubtful: the page does not say so")
	}
	w.at = s.clock.now().Add(-time.Second)
	push(t, s.store, w.outcome(t, kiosk.RowResolved, a, kiosk.Charged))
	html := page()
	for _, words := range []string{"Pagamento eseguito", "Payment made", "付款成功", "149,90 €", "2,00 €", "€149.90", "149.90 欧元", "Comune di Prato", "Comune di Pisa", "7K4P-22",
		"22/11/2026, 10:00", "22 November 2026, 10:00", "2026年11月22日 10:00"} {
		if !strings.Contains(html, words) {
			t.Errorf("paid: no %q", words)
		}
	}
	for _, secret := range []string{p.Subject, "4471", a.Bills[0].Token, a.Payment, testKiosk, "000123"} {
		if strings.Contains(strings.ReplaceAll(html, a.Bills[1].Iuv, ""), secret) {
			t.Errorf("the page tells %q", secret)
		}
	}
	if r := data(); r.State != api.ReceiptStatePaid || r.Total != 14990 || !r.PaidAt.Equal(w.at) {
		t.Errorf("receipt %+v", r)
	}
}

func TestLogHoldsNothingPersonal(t *testing.T) {
	s := newService(t, HandlerConfig{})
	a := mustActivate(t, s.store, sample(t, "meals"))
	w := &writer{at: s.clock.now()}
	rows := []api.Row{w.outcome(t, kiosk.RowPaid, a, kiosk.Charged), w.outcome(t, kiosk.RowNotPaid, a, "")}
	s.want(t, "", "POST", "/v1/transactions", api.TransactionsRequest{Kiosk: testKiosk, Rows: rows})
	s.want(t, "", "GET", "/r/"+a.ReceiptToken, nil)
	log := s.log.String()
	for _, secret := range []string{"4471", a.ReceiptToken, a.Bills[0].Token, "Mensa"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(log, `"reason":"already-closed"`) || !strings.Contains(log, "/r/{token}") {
		t.Errorf("log without the alarm or the route:\n%s", log)
	}
}

// slowBody says when it is first read, and ends when it is told to.
type slowBody struct{ reading, end chan struct{} }

func (b *slowBody) Read([]byte) (int, error) {
	close(b.reading)
	<-b.end
	return 0, io.EOF
}

func TestTooManyAtOnceIsRefusedEarly(t *testing.T) {
	s := newService(t, HandlerConfig{InFlight: 1})
	body := &slowBody{reading: make(chan struct{}), end: make(chan struct{})}
	slow := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/lookup", body)
	slow.Header.Set("Content-Type", "application/json")
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.handler.ServeHTTP(httptest.NewRecorder(), slow)
	}()
	<-body.reading // the one place is taken
	if w := s.want(t, "gateway-busy", "GET", "/v1/health", nil); w.Header().Get("Retry-After") == "" {
		t.Error("busy without Retry-After")
	}
	close(body.end)
	<-done
	s.want(t, "", "GET", "/v1/health", nil)
}

func TestServerStopsGracefully(t *testing.T) {
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
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, l) }()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+l.Addr().String()+"/v1/health", nil)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(grace + tooLong):
		t.Fatal("the server did not stop")
	}
}

package gateway

// The contract, walked from its own document: every operation, every problem
// code, every body that is a little wrong. An operation or a code that has no
// case here fails the test.

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/catalogue"
	"github.com/tserve/jolly/sync/gateway/pki"
)

// operation is one operation of the document.
type operation struct {
	id, method, path string
	body             *openapi3.Schema // nil without one
}

// operations are all of the document, in the order of their paths.
func operations(t testing.TB) []operation {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.Spec())
	if err != nil {
		t.Fatal(err)
	}
	var all []operation
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			op := operation{id: o.OperationID, method: method, path: path}
			if o.RequestBody != nil {
				op.body = o.RequestBody.Value.Content.Get(api.MediaJSON).Schema.Value
			}
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return all
}

// example is one right call of an operation: what stands in the path, and the body.
type example struct {
	path string
	body any
}

// contractWorld is what the examples stand on.
type contractWorld struct {
	*service
	activated api.Activation
	refused   map[api.ProblemCode]bool
	ca        *testCA
	late      bool // the time for a request is over before the book is asked
}

// newContractWorld is a service with a catalogue, a card check and one payment.
func newContractWorld(t testing.TB, cfg HandlerConfig) *contractWorld {
	t.Helper()
	s, clk, _ := newFinding(t, testLog())
	shipped, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	key, err := catalogue.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Catalogue, err = catalogue.NewServed(shipped, key); err != nil {
		t.Fatal(err)
	}
	ca := newTestCA(t, clk)
	cfg.Authority = ca.Authority
	buf := &bytes.Buffer{}
	h, err := NewHandler(s, cfg, slog.New(slog.NewJSONHandler(buf, nil)))
	if err != nil {
		t.Fatal(err)
	}
	w := &contractWorld{
		service: &service{contract: newContract(t), store: s, clock: clk, handler: h, log: buf, as: ca.shown(t, testKiosk)},
		refused: map[api.ProblemCode]bool{}, ca: ca,
	}
	w.activated = mustActivate(t, s, sample(t, "tia"))
	return w
}

// examples has a right call for every operation of the contract. Whoever adds an
// operation adds its example, and under problems the refusals of its own.
func (w *contractWorld) examples(t testing.TB) map[string]func() example {
	wr := &writer{at: w.clock.now()}
	paper := func(name string) func() example {
		return func() example { return example{body: asked(sample(t, name))} }
	}
	return map[string]func() example{
		"enrol": func() example {
			secret, _, err := w.store.NewToken(t.Context(), "prato-077")
			if err != nil {
				t.Fatal(err)
			}
			return example{body: api.EnrolmentRequest{Token: secret, Csr: w.ca.request(t)}}
		},
		"renewCertificate": func() example {
			return example{body: api.RenewalRequest{Kiosk: testKiosk, Csr: w.ca.request(t)}}
		},
		"heartbeat":       func() example { return example{body: someBeat(w.clock.now())} },
		"getHealth":       func() example { return example{} },
		"getCatalogue":    func() example { return example{} },
		"createChallenge": func() example { return example{body: api.ChallengeRequest{Kiosk: testKiosk, Visit: testVisit}} },
		"lookup":          paper("meals"),
		"activatePayment": func() example { return example{path: newID(t), body: wanted(sample(t, "meals"))} },
		"getPayment":      func() example { return example{path: w.activated.Payment} },
		"getReceipt":      func() example { return example{path: w.activated.ReceiptToken} },
		"pushTransactions": func() example {
			return example{body: api.TransactionsRequest{Kiosk: testKiosk, Rows: []api.Row{wr.outcome(t, kiosk.RowReceiptDone, w.activated, "")}}}
		},
	}
}

// request fills the path and sends a call.
func (w *contractWorld) request(t testing.TB, op operation, media, path string, body []byte) (int, api.ProblemCode) {
	t.Helper()
	if i := strings.IndexByte(op.path, '{'); i >= 0 {
		path = op.path[:i] + path
	} else {
		path = op.path
	}
	ctx := t.Context()
	if w.late {
		over, cancel := context.WithCancel(ctx)
		cancel()
		ctx = over
	}
	r := httptest.NewRequestWithContext(ctx, op.method, path, bytes.NewReader(body))
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	r.TLS = w.as
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	code := w.check(t, r, rec)
	if code != "" {
		w.refused[code] = true
	}
	return rec.Code, code
}

func (w *contractWorld) wantCode(t testing.TB, what string, op operation, want api.ProblemCode, path string, body any) {
	t.Helper()
	var raw []byte
	if body != nil {
		raw = encoded(t, body)
	}
	if _, got := w.request(t, op, api.MediaJSON, path, raw); got != want {
		t.Errorf("%s, %s: %q, want %q", op.id, what, got, want)
	}
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryOperationAndEveryProblemOfTheContract(t *testing.T) {
	w := newContractWorld(t, HandlerConfig{ChallengesPerMinute: 12, CitizensPerMinute: 12, FormsPerMinute: 12, EnrolmentsPerMinute: 1000})
	examples, byID := w.examples(t), map[string]operation{}
	for _, op := range operations(t) {
		byID[op.id] = op
		make, ok := examples[op.id]
		if !ok {
			t.Errorf("operation %s has no example: add one to examples", op.id)
			continue
		}
		delete(examples, op.id)
		e := make()
		w.wantCode(t, "example", op, "", e.path, e.body)
		w.wrongMethod(t, op, e.path)
		if e.path != "" {
			w.wrongPath(t, op)
		}
		if op.body != nil {
			w.wrongBodies(t, op, e)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(examples)) {
		t.Errorf("there is an example of %s, which the contract does not have", id)
	}
	w.problems(t, byID)
	for _, code := range codesOf(t) {
		if !w.refused[code] {
			t.Errorf("problem %s was never answered: add a case to problems", code)
		}
		if _, ok := refusals[code]; !ok {
			t.Errorf("problem %s has no status and no title", code)
		}
	}
	if len(refusals) != len(codesOf(t)) {
		t.Errorf("%d refusals for %d codes of the contract", len(refusals), len(codesOf(t)))
	}
}

// codesOf are the problem codes of the document.
func codesOf(t testing.TB) []api.ProblemCode {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var all []api.ProblemCode
	for _, v := range doc.Components.Schemas["ProblemCode"].Value.Enum {
		all = append(all, api.ProblemCode(v.(string)))
	}
	return all
}

// wrongMethod asks with a method that the path does not have.
func (w *contractWorld) wrongMethod(t *testing.T, op operation, path string) {
	t.Helper()
	op.method = http.MethodPatch
	w.wantCode(t, "PATCH", op, api.ProblemCodeMethodNotAllowed, path, nil)
}

// wrongPath fills the path with what cannot stand there.
func (w *contractWorld) wrongPath(t *testing.T, op operation) {
	t.Helper()
	for _, path := range []string{"x", "%00", "%27%20OR%201=1", strings.Repeat("a", 5000), "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "é"} {
		var body []byte
		if op.body != nil {
			body = []byte(`{}`)
		}
		if status, _ := w.request(t, op, api.MediaJSON, path, body); status < 400 || status >= 500 {
			t.Errorf("%s with %.20q in its path: status %d", op.id, path, status)
		}
	}
}

// wrongBodies sends every body that differs from the right one by one mistake.
func (w *contractWorld) wrongBodies(t *testing.T, op operation, e example) {
	t.Helper()
	right := encoded(t, e.body)
	for media, want := range map[string]api.ProblemCode{
		"": api.ProblemCodeMediaType, "text/plain": api.ProblemCodeMediaType, "application/x-www-form-urlencoded": api.ProblemCodeMediaType,
	} {
		if _, got := w.request(t, op, media, e.path, right); got != want {
			t.Errorf("%s as %q: %q, want %q", op.id, media, got, want)
		}
	}
	for _, text := range []string{"", "null", "[]", "1", `"x"`, "{", string(right) + "{}", string(right[:len(right)-1]), strings.Repeat("[", 50_000)} {
		if _, got := w.request(t, op, api.MediaJSON, e.path, []byte(text)); got != api.ProblemCodeRequestInvalid {
			t.Errorf("%s with %.40q: %q", op.id, text, got)
		}
	}
	if _, got := w.request(t, op, api.MediaJSON, e.path, bytes.Repeat([]byte(" "), api.MaxBody+1)); got != api.ProblemCodeRequestTooLarge {
		t.Errorf("%s with too much: %q", op.id, got)
	}
	var value any
	if err := json.Unmarshal(right, &value); err != nil {
		t.Fatal(err)
	}
	count := 0
	mistakes(op.body, value, func(what string, mutant any) {
		count++
		body := encoded(t, mutant)
		if _, got := w.request(t, op, api.MediaJSON, e.path, body); got != api.ProblemCodeRequestInvalid {
			t.Errorf("%s, %s: %q for %.200s", op.id, what, got, body)
		}
	})
	if count < 5 {
		t.Errorf("%s: only %d mistakes were made", op.id, count)
	}
}

// mistakes calls f with every copy of the value that breaks one rule of the schema.
func mistakes(s *openapi3.Schema, value any, f func(what string, mutant any)) {
	for _, m := range mutants(s, value) {
		if s.VisitJSON(m.value) != nil { // what is still right is no mistake
			f(m.what, m.value)
		}
	}
}

type mutant struct {
	what  string
	value any
}

// mutants are copies of a value with one change each.
func mutants(s *openapi3.Schema, value any) []mutant {
	all := []mutant{{"another type", map[string]any{"x": 1.0}}, {"an array", []any{1.0}}, {"a truth", true}}
	switch v := value.(type) {
	case map[string]any:
		all = append(all, objectMutants(s, v)...)
	case []any:
		all = append(all, arrayMutants(s, v)...)
	case string:
		for _, text := range []string{"", "\x00", "nobody's word", strings.Repeat("x", 100_000), v + "\n", "９"} {
			all = append(all, mutant{fmt.Sprintf("the text %.10q", text), text})
		}
		all = append(all, mutant{"a number", 7.0})
	case float64:
		for _, n := range []float64{-1, 0.5, 1e300, -1e300} {
			all = append(all, mutant{fmt.Sprint(n), n})
		}
		all = append(all, mutant{"a text", "7"})
	}
	return all
}

func objectMutants(s *openapi3.Schema, v map[string]any) []mutant {
	all := []mutant{{"an unknown property", with(v, "unknown", 1.0)}}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		rest := maps.Clone(v)
		delete(rest, name)
		all = append(all, mutant{"without " + name, rest})
		property := s.Properties[name]
		if property == nil {
			continue
		}
		for _, m := range mutants(property.Value, v[name]) {
			all = append(all, mutant{name + ": " + m.what, with(v, name, m.value)})
		}
	}
	return all
}

func with(v map[string]any, name string, value any) map[string]any {
	out := maps.Clone(v)
	out[name] = value
	return out
}

func arrayMutants(s *openapi3.Schema, v []any) []mutant {
	all := []mutant{{"empty", []any{}}}
	if len(v) == 0 {
		return all
	}
	if s.MaxItems != nil {
		all = append(all, mutant{"too many", slices.Repeat(v[:1], int(*s.MaxItems)+1)})
	}
	for _, m := range mutants(s.Items.Value, v[0]) {
		all = append(all, mutant{"first: " + m.what, append([]any{m.value}, v[1:]...)})
	}
	return all
}

// problems provokes every code that a wrong body does not.
func (w *contractWorld) problems(t *testing.T, ops map[string]operation) {
	t.Helper()
	w.billProblems(t, ops["activatePayment"], ops["lookup"])
	w.paymentProblems(t, ops)
	w.findProblems(t, ops["lookup"])
	w.wantCode(t, "no such path", operation{id: "none", method: "GET", path: "/v1/nothing"}, api.ProblemCodePathUnknown, "", nil)
	w.wantCode(t, "no such receipt", ops["getReceipt"], api.ProblemCodeReceiptUnknown, strings.Repeat("a", 26), nil)
	w.identityProblems(t, ops)
	w.as = w.ca.shown(t, "prato-009")
	for range 13 {
		w.request(t, ops["createChallenge"], api.MediaJSON, "", encoded(t, api.ChallengeRequest{Kiosk: "prato-009", Visit: testVisit}))
	}
	w.wantCode(t, "too often", ops["createChallenge"], api.ProblemCodeTooManyRequests, "", api.ChallengeRequest{Kiosk: "prato-009", Visit: testVisit})
	w.late = true
	w.wantCode(t, "too slow", ops["getPayment"], api.ProblemCodeGatewayBusy, w.activated.Payment, nil)
	w.late = false
	w.as = w.ca.shown(t, "prato-010")
	w.wantCode(t, "another kiosk meanwhile", ops["createChallenge"], "", "", api.ChallengeRequest{Kiosk: "prato-010", Visit: testVisit})
	w.as = w.ca.shown(t, testKiosk)
	if err := w.store.Close(); err != nil { // last: the book is gone
		t.Fatal(err)
	}
	w.wantCode(t, "without a book", ops["getPayment"], api.ProblemCodeInternal, newID(t), nil)
}

// billProblems are the ends of bills that cannot be paid.
func (w *contractWorld) billProblems(t *testing.T, activate, lookup operation) {
	t.Helper()
	for _, p := range Samples() {
		switch {
		case p.Refusal == "":
		case p.Status == "":
			w.wantCode(t, p.Name, lookup, api.ProblemCode(p.Refusal), "", asked(p))
			fallthrough
		default:
			w.wantCode(t, p.Name, activate, api.ProblemCode(p.Refusal), newID(t), wanted(p))
		}
	}
}

// paymentProblems are what a payment's id can be wrong with.
func (w *contractWorld) paymentProblems(t *testing.T, ops map[string]operation) {
	t.Helper()
	activate, p := ops["activatePayment"], sample(t, "music-school")
	id := newID(t)
	w.wantCode(t, "first", activate, "", id, wanted(p))
	w.wantCode(t, "again", activate, "", id, wanted(p))
	w.wantCode(t, "another body", activate, api.ProblemCodePaymentConflict, id, wanted(sample(t, "small")))
	w.wantCode(t, "somebody else's", activate, api.ProblemCodeBillInPayment, newID(t), wanted(p))
	w.wantCode(t, "nobody's", ops["getPayment"], api.ProblemCodePaymentUnknown, newID(t), nil)
	w.clock.add(life)
	w.wantCode(t, "too late", activate, api.ProblemCodeActivationExpired, id, wanted(p))
	a := mustActivate(t, w.store, p)
	push(t, w.store, (&writer{sequence: 9000, at: w.clock.now()}).outcome(t, kiosk.RowNotPaid, a, ""))
	w.wantCode(t, "closed", activate, api.ProblemCodeActivationClosed, a.Payment, wanted(p))
}

// findProblems are the refusals of searches without a paper.
func (w *contractWorld) findProblems(t *testing.T, lookup operation) {
	t.Helper()
	found := func(f api.FormSearch) api.LookupRequest { return api.LookupRequest{Kiosk: testKiosk, Form: f} }
	w.wantCode(t, "form", lookup, "", "", found(form("toscana-bollo", "car", "AB123CD")))
	w.wantCode(t, "no plate", lookup, api.ProblemCodeFormInvalid, "", found(form("toscana-bollo", "car", "AB")))
	w.wantCode(t, "no service", lookup, api.ProblemCodeServiceUnknown, "", found(form("nothing")))
	for code, verdict := range map[api.ProblemCode]CardVerdict{
		"": present(citizenCNS), api.ProblemCodeCardNotGenuine: {Failed: true}, api.ProblemCodeCardLevel: {Level: kiosk.LevelSigned, FiscalCode: citizenCNS},
		api.ProblemCodeCardExpired: {Level: kiosk.LevelProved, FiscalCode: citizenCNS, Expiry: kiosk.Date{Year: 2020, Month: 1, Day: 1}},
	} {
		c := newChallenge(t, w.store, testKiosk, testVisit)
		citizen := api.LookupRequest{Kiosk: testKiosk, Citizen: api.CitizenSearch{Visit: testVisit, Challenge: c.ID, Card: card(t, verdict, c.Bytes)}}
		w.wantCode(t, "card", lookup, code, "", citizen)
		w.wantCode(t, "card again", lookup, api.ProblemCodeChallengeUsed, "", citizen)
	}
	c := newChallenge(t, w.store, testKiosk, testVisit)
	w.wrongBodies(t, lookup, example{body: api.LookupRequest{Kiosk: testKiosk, Citizen: api.CitizenSearch{
		Visit: testVisit, Challenge: c.ID, Card: card(t, present(citizenCNS), c.Bytes)}}})
	w.wrongBodies(t, lookup, example{body: found(form("toscana-bollo", "car", "AB123CD"))})
	w.wantCode(t, "after all those, the challenge is still good", lookup, "", "", api.LookupRequest{Kiosk: testKiosk, Citizen: api.CitizenSearch{
		Visit: testVisit, Challenge: c.ID, Card: card(t, present(citizenCNS), c.Bytes)}})
}

// identityProblems are the refusals of tokens and certificates.
func (w *contractWorld) identityProblems(t *testing.T, ops map[string]operation) {
	t.Helper()
	enrol, csr := ops["enrol"], w.ca.request(t)
	secret, _, err := w.store.NewToken(t.Context(), "prato-078")
	if err != nil {
		t.Fatal(err)
	}
	w.wantCode(t, "nobody's token", enrol, api.ProblemCodeTokenUnknown, "", api.EnrolmentRequest{Token: strings.Repeat("a", 26), Csr: csr})
	w.wantCode(t, "no request", enrol, api.ProblemCodeCsrInvalid, "", api.EnrolmentRequest{Token: secret, Csr: strings.Repeat("x", 200)})
	w.wantCode(t, "first", enrol, "", "", api.EnrolmentRequest{Token: secret, Csr: csr})
	w.wantCode(t, "again", enrol, api.ProblemCodeTokenUsed, "", api.EnrolmentRequest{Token: secret, Csr: csr})
	late, _, err := w.store.NewToken(t.Context(), "prato-079")
	if err != nil {
		t.Fatal(err)
	}
	w.clock.add(TokenLife)
	w.wantCode(t, "late", enrol, api.ProblemCodeTokenExpired, "", api.EnrolmentRequest{Token: late, Csr: csr})

	lookup, meals := ops["lookup"], asked(sample(t, "meals"))
	for code, shown := range map[api.ProblemCode]*tls.ConnectionState{
		api.ProblemCodeCertificateNeeded: nil, api.ProblemCodeCertificateForeign: newTestCA(t, w.clock).shown(t, testKiosk),
		api.ProblemCodeKioskForeign: w.ca.shown(t, "prato-002"),
	} {
		w.as = shown
		w.wantCode(t, string(code), lookup, code, "", meals)
	}
	w.as = w.ca.shown(t, testKiosk)
	w.clock.add(pki.DeviceLife + time.Hour)
	w.wantCode(t, "too late", lookup, api.ProblemCodeCertificateExpired, "", meals)
	w.wantCode(t, "renewed too late", ops["renewCertificate"], "", "", api.RenewalRequest{Kiosk: testKiosk, Csr: csr})
	if n, err := w.store.Revoke(t.Context(), testKiosk, "stolen"); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	w.wantCode(t, "revoked", ops["renewCertificate"], api.ProblemCodeCertificateRevoked, "", api.RenewalRequest{Kiosk: testKiosk, Csr: csr})
}

// Whatever is sent to whatever operation, it is refused and nothing breaks.
func FuzzOperations(f *testing.F) {
	w := newContractWorld(f, HandlerConfig{ChallengesPerMinute: 1 << 30, CitizensPerMinute: 1 << 30, FormsPerMinute: 1 << 30, PagesPerMinute: 1 << 30, EnrolmentsPerMinute: 1 << 30})
	ops, examples := operations(f), w.examples(f)
	for i, op := range ops {
		e, ok := examples[op.id]
		if !ok {
			continue // the test above tells
		}
		x := e()
		var body []byte
		if x.body != nil {
			body = encoded(f, x.body)
		}
		f.Add(uint8(i), x.path, body)
	}
	f.Fuzz(func(t *testing.T, which uint8, path string, body []byte) {
		op := ops[int(which)%len(ops)]
		i := strings.IndexByte(op.path, '{')
		target := op.path
		if i >= 0 {
			target = op.path[:i] + "x"
		}
		r := httptest.NewRequestWithContext(t.Context(), op.method, target, bytes.NewReader(body))
		if i >= 0 {
			r.URL.Path, r.RequestURI = op.path[:i]+path, ""
		}
		r.Header.Set("Content-Type", api.MediaJSON)
		r.TLS = w.as
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if rec.Code >= 500 && rec.Code != http.StatusBadGateway { // creditor-silent: its sample is in the book
			t.Errorf("%s: status %d for %q", op.id, rec.Code, body)
		}
	})
}

// Nobody tries codes and plates one after another; a kiosk that is sent away
// keeps its challenge, and the others go on.
func TestSearchesOfOneKioskAreBounded(t *testing.T) {
	w := newContractWorld(t, HandlerConfig{CitizensPerMinute: 2, FormsPerMinute: 3})
	citizen := func(kioskID string, c api.Challenge) api.LookupRequest {
		return api.LookupRequest{Kiosk: kioskID, Citizen: api.CitizenSearch{Visit: testVisit, Challenge: c.ID, Card: card(t, present(citizenCNS), c.Bytes)}}
	}
	for range 2 {
		w.want(t, "", "POST", "/v1/lookup", citizen(testKiosk, newChallenge(t, w.store, testKiosk, testVisit)))
	}
	kept := newChallenge(t, w.store, testKiosk, testVisit)
	if rec := w.want(t, api.ProblemCodeTooManyRequests, "POST", "/v1/lookup", citizen(testKiosk, kept)); rec.Header().Get("Retry-After") == "" {
		t.Error("sent away without a word when to come back")
	}
	w.as = w.ca.shown(t, "prato-002")
	w.want(t, "", "POST", "/v1/lookup", citizen("prato-002", newChallenge(t, w.store, "prato-002", testVisit)))
	w.as = w.ca.shown(t, testKiosk)
	plate := api.LookupRequest{Kiosk: testKiosk, Form: form("toscana-bollo", "car", "AB123CD")}
	for range 3 {
		w.want(t, "", "POST", "/v1/lookup", plate)
	}
	w.want(t, api.ProblemCodeTooManyRequests, "POST", "/v1/lookup", plate)
	w.want(t, "", "POST", "/v1/lookup", asked(sample(t, "meals"))) // papers are not bounded
	w.clock.add(time.Minute)
	w.want(t, "", "POST", "/v1/lookup", plate)
	w.want(t, "", "POST", "/v1/lookup", citizen(testKiosk, kept))
}

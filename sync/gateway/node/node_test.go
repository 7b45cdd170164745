package node_test

// The connector against the simulated node: every message judged by the
// published schema where it is at hand, and every misbehaviour met once.

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/node"
	"github.com/tserve/jolly/sync/gateway/node/sim"
	"github.com/tserve/jolly/sync/gateway/node/wire"
)

// shared finds a directory of published data beside the repository.
func shared(t *testing.T, name string) (string, bool) {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		path := filepath.Join(dir, "..", "shared", "data", name)
		if _, serr := os.Stat(path); serr == nil && filepath.Base(dir) != "shared" {
			return path, true
		}
		dir = filepath.Dir(dir)
	}
	return "", false
}

// hands are those of a clock that is moved by hand, while others look at it.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *hands { return &hands{at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)} }

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hands) add(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

// hand is a node in the test's hands.
type hand struct {
	*sim.Node
	url     string
	client  *node.Client
	source  *node.Source
	clock   *hands
	expires time.Time // of the loan whose outcome is told
	judged  int
	schema  bool
}

func start(t *testing.T, change func(*node.Config)) *hand {
	t.Helper()
	h := &hand{clock: newClock()}
	cfg := sim.Config{Now: h.clock.now}
	if dir, ok := shared(t, "pagopa"); ok {
		validate, err := sim.XMLLint(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		h.schema = true
		cfg.Validator = func(text []byte) error {
			h.judged++
			return validate(text)
		}
	} else {
		t.Log("the published schema is not at hand: messages are not checked against it")
	}
	h.Node = sim.New(cfg)
	server := httptest.NewServer(h.Node)
	t.Cleanup(server.Close)
	h.url = server.URL
	settings := node.Config{URL: server.URL, Caller: sim.Known(), PSPCode: "97735020584", Timeout: time.Minute}
	if change != nil {
		change(&settings)
	}
	var err error
	if h.client, err = node.New(settings, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.client.Close)
	h.source = node.NewSource(h.client, h.clock.now)
	t.Cleanup(func() {
		for _, m := range h.Mistakes() {
			t.Error("the simulator answered what its schema refuses:", m)
		}
	})
	return h
}

func (h *hand) later(minutes int) { h.clock.add(time.Duration(minutes) * time.Minute) }

func number(prefix string) kiosk.NoticeNumber {
	return kiosk.NoticeNumber(prefix + strings.Repeat("0", 18-len(prefix)))
}

func (h *hand) lookup(t *testing.T, prefix string) (gateway.Debt, error) {
	t.Helper()
	return h.source.Lookup(t.Context(), sim.CreditorCode, number(prefix))
}

func (h *hand) activate(t *testing.T, key string, d gateway.Debt) (gateway.Loan, error) {
	t.Helper()
	return h.source.Activate(t.Context(), gateway.LoanRequest{Key: key, Debt: d, Life: 15 * time.Minute})
}

func (h *hand) end(t *testing.T, key, token string, paid bool) (kiosk.Closing, error) {
	t.Helper()
	return h.source.Outcome(t.Context(), gateway.LoanOutcome{Key: key, Token: token, Paid: paid, Fee: 140, At: h.clock.now(), Expires: h.expires})
}

func code(err error) api.ProblemCode {
	var r *gateway.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// The behaviours of pagopa/pagopa-mock-ec as the gateway sees them.
func TestPublishedNotices(t *testing.T) {
	h := start(t, nil)
	for _, c := range []struct {
		prefix string
		cents  int64
		due    string
		status kiosk.BillStatus
		err    api.ProblemCode
	}{
		{"30200", 12000, "2026-12-31", kiosk.BillPayable, ""},
		{"30205", 10000, "2026-12-31", kiosk.BillPayable, ""},
		{"30212", 600000, "2026-12-31", kiosk.BillPayable, ""},
		{"30213", 30, "2026-12-31", kiosk.BillPayable, ""},
		{"30216", 12000, "2026-12-31", kiosk.BillPayable, ""},
		{"30223", 12000, "2026-12-31", kiosk.BillPayable, ""},
		{"30224", 12000, "2026-10-05", kiosk.BillPayable, ""},
		{"30225", 99999990000, "2026-12-31", kiosk.BillPayable, ""},
		{"30226", 300000, "2026-12-31", kiosk.BillPayable, ""},
		{"30227", 12000, "2026-12-31", kiosk.BillPayable, ""},
		{"30295", 0, "", kiosk.BillPaid, ""},
		{"30296", 0, "", kiosk.BillPayable, api.ProblemCodeCreditorSilent},
		{"30297", 0, "", kiosk.BillPayable, api.ProblemCodeCreditorSilent},
		{"30298", 0, "", kiosk.BillPayable, api.ProblemCodeCreditorSilent},
		{"30299", 0, "", kiosk.BillExpired, ""},
		{"31645", 0, "", kiosk.BillPayable, api.ProblemCodeCreditorSilent},
	} {
		d, err := h.lookup(t, c.prefix)
		if d.Amount != kiosk.Cents(c.cents) || d.Due.String() != c.due || d.Status != c.status || code(err) != c.err || (err != nil && c.err == "") {
			t.Errorf("%s: %d cents, due %q, %s, %v", c.prefix, d.Amount.Cents(), d.Due, d.Status, err)
		}
	}
	if _, err := h.lookup(t, "30250"); !errors.Is(err, gateway.ErrNoDebt) {
		t.Errorf("unknown notice: %v", err)
	}
	if _, err := h.source.Lookup(t.Context(), "00000000000", number("30200")); code(err) != api.ProblemCodeCreditorUnknown {
		t.Errorf("unknown creditor: %v", err)
	}
	if h.schema && h.judged < 36 {
		t.Errorf("%d messages were judged, want two for each of 18 calls", h.judged)
	}
}

func TestOnePaymentThroughTheNode(t *testing.T) {
	h := start(t, nil)
	d, err := h.lookup(t, "30226")
	if err != nil {
		t.Fatal(err)
	}
	loan, err := h.activate(t, "p1/d1", d)
	if err != nil || loan.Amount != kiosk.Cents(301000) || !loan.Expires.Equal(h.clock.now().Add(15*time.Minute)) {
		t.Fatalf("activation: %+v %v", loan, err)
	}
	again, err := h.activate(t, "p1/d1", d)
	if err != nil || again.Token != loan.Token {
		t.Errorf("the same key gave another token: %v", err)
	}
	if _, err := h.activate(t, "p2/d1", d); code(err) != api.ProblemCodeBillInPayment {
		t.Errorf("another payment of the same notice: %v", err)
	}
	changed := d
	changed.Amount++
	if _, err := h.activate(t, "p1/d1", changed); code(err) != api.ProblemCodeCreditorSilent {
		t.Errorf("the same key for another amount: %v", err)
	}
	for range 2 { // told twice, the same answer
		if c, err := h.end(t, "p1/d1/ok", loan.Token, true); err != nil || c != kiosk.ClosingOK {
			t.Errorf("outcome: %v %v", c, err)
		}
	}
	if s, _ := h.lookup(t, "30226"); s.Status != kiosk.BillPaid {
		t.Errorf("after the payment the notice is %s", s.Status)
	}
	if got := h.Counts(); got.Activated != 1 || got.PaidOK != 1 || got.Money != kiosk.Cents(301000) {
		t.Errorf("the node counts %+v", got)
	}
}

// What each end of a token's life means for the gateway.
func TestOutcomes(t *testing.T) {
	later := func(h *hand) { h.clock.add(time.Hour) }
	for _, c := range []struct {
		name    string
		before  func(t *testing.T, h *hand, token string)
		paid    bool
		want    kiosk.Closing
		meaning node.Meaning // of the alarm
	}{
		{name: "in time", paid: true, want: kiosk.ClosingOK},
		{name: "given back", paid: false, want: kiosk.ClosingKO},
		{name: "late and taken", before: func(_ *testing.T, h *hand, _ string) { later(h) }, paid: true, want: kiosk.ClosingOK},
		{name: "given back late", before: func(_ *testing.T, h *hand, _ string) { later(h) }, paid: false, want: kiosk.ClosingKO},
		{name: "late, and somebody else paid", before: func(_ *testing.T, h *hand, _ string) {
			later(h)
			h.PayElsewhere(sim.CreditorCode, number("30205"))
		}, paid: true, want: kiosk.ClosingDuplicate},
		{name: "told before with another key", before: func(t *testing.T, h *hand, token string) {
			if _, err := h.end(t, "other", token, true); err != nil {
				t.Fatal(err)
			}
		}, paid: true, want: kiosk.ClosingOK},
		{name: "told otherwise before", before: func(t *testing.T, h *hand, token string) {
			if _, err := h.end(t, "other", token, false); err != nil {
				t.Fatal(err)
			}
		}, paid: true, meaning: node.Disagreement},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := start(t, nil)
			d, err := h.lookup(t, "30205")
			if err != nil {
				t.Fatal(err)
			}
			loan, err := h.activate(t, "k", d)
			if err != nil {
				t.Fatal(err)
			}
			if c.before != nil {
				c.before(t, h, loan.Token)
			}
			got, err := h.end(t, "mine", loan.Token, c.paid)
			var alarm *node.AlarmError
			if errors.As(err, &alarm) != (c.meaning != "") || (alarm != nil && (alarm.Meaning != c.meaning || !alarm.Final)) || got != c.want {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	h := start(t, nil)
	_, err := h.end(t, "k", "111111111111112", true)
	var alarm *node.AlarmError
	if !errors.As(err, &alarm) || alarm.Meaning != node.Refused {
		t.Errorf("unknown token: %v", err)
	}
}

// While a creditor is silent the node answers for it from the central archive,
// and says so; where it cannot, it gives up after its own time, or we do before.
func TestSilentCreditors(t *testing.T) {
	h := start(t, nil)
	h.Add(sim.CreditorCode, number("30201"), sim.Debt{Parts: []kiosk.Amount{1250}, Subject: "TARI", Company: "x", StandIn: true})
	d, err := h.lookup(t, "30201")
	if err != nil || !d.StandIn || d.Amount != 1250 {
		t.Errorf("answered by the archive: %+v %v", d, err)
	}
	if d, err = h.lookup(t, "30205"); err != nil || d.StandIn {
		t.Errorf("answered by the creditor: %+v %v", d, err)
	}
	for name, c := range map[string]struct{ patience, timeout time.Duration }{
		"the node gives up": {100 * time.Millisecond, time.Minute}, "we give up": {time.Minute, 100 * time.Millisecond},
	} {
		n := sim.New(sim.Config{Patience: c.patience})
		server := httptest.NewServer(n)
		client, err := node.New(node.Config{URL: server.URL, Caller: sim.Known(), PSPCode: "97735020584", Timeout: c.timeout}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Verify(t.Context(), sim.CreditorCode, number("30298"))
		var fault *node.FaultError
		if told := errors.As(err, &fault) && fault.Fault.Code == "PPT_STAZIONE_INT_PA_TIMEOUT"; told != (c.timeout > c.patience) || errors.Is(err, node.ErrNoAnswer) == told {
			t.Errorf("%s: %v", name, err)
		}
		client.Close()
		server.Close()
	}
}

// No answer is not a no, and a repeat with the same key does nothing twice.
func TestLostAnswers(t *testing.T) {
	for _, kind := range []sim.TroubleKind{sim.TroubleDropBefore, sim.TroubleDropAfter, sim.TroublePage, sim.TroubleHalf, sim.TroubleSOAP, sim.TroubleEntities} {
		t.Run(string(kind), func(t *testing.T) {
			h := start(t, func(c *node.Config) { c.Pause = 1 })
			d, err := h.lookup(t, "30205")
			if err != nil {
				t.Fatal(err)
			}
			h.Make(wire.ActionActivate, sim.Trouble{Kind: kind})
			loan, err := h.activate(t, "k", d)
			if err != nil {
				t.Fatalf("activation: %v", err)
			}
			h.Make(wire.ActionOutcome, sim.Trouble{Kind: kind})
			if _, err := h.end(t, "o", loan.Token, true); !errors.Is(err, node.ErrNoAnswer) {
				t.Fatalf("outcome: %v", err)
			}
			if c, err := h.end(t, "o", loan.Token, true); err != nil || c != kiosk.ClosingOK {
				t.Errorf("told again: %v %v", c, err)
			}
			if got := h.Counts(); got.Activated != 1 || got.PaidOK != 1 {
				t.Errorf("the node counts %+v", got)
			}
		})
	}
	h := start(t, func(c *node.Config) { c.Timeout = 50 * time.Millisecond })
	h.Make(wire.ActionVerify, sim.Trouble{Kind: sim.TroubleSlow, Delay: time.Minute})
	if _, err := h.lookup(t, "30205"); code(err) != api.ProblemCodeCreditorSilent {
		t.Errorf("a node that does not answer: %v", err)
	}
}

// After some failures in a row lookups are refused early; an outcome never is.
func TestBreaker(t *testing.T) {
	h := start(t, func(c *node.Config) { c.Failures = 2; c.Rest = time.Hour })
	d, err := h.lookup(t, "30205")
	if err != nil {
		t.Fatal(err)
	}
	loan, err := h.activate(t, "k", d)
	if err != nil {
		t.Fatal(err)
	}
	h.Make(wire.ActionVerify, sim.Trouble{Kind: sim.TroubleSOAP}, sim.Trouble{Kind: sim.TroubleSOAP})
	for range 2 {
		if _, err := h.client.Verify(t.Context(), sim.CreditorCode, number("30205")); !errors.Is(err, node.ErrNoAnswer) {
			t.Fatal(err)
		}
	}
	if _, err := h.client.Verify(t.Context(), sim.CreditorCode, number("30205")); !errors.Is(err, node.ErrDown) {
		t.Errorf("the third lookup: %v", err)
	}
	if c, err := h.end(t, "o", loan.Token, true); err != nil || c != kiosk.ClosingOK {
		t.Errorf("the outcome: %v %v", c, err)
	}
}

// A refusal is an answer: it never opens the breaker.
func TestRefusalsKeepTheNodeUp(t *testing.T) {
	h := start(t, func(c *node.Config) { c.Failures = 1 })
	for range 3 {
		if _, err := h.lookup(t, "30299"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCarTax(t *testing.T) {
	h := start(t, nil)
	h.AddPlate("AB123CD", 24140)
	d, err := h.source.CarTax(t.Context(), "1", "AB123CD")
	if err != nil || d.Amount != 24140 || len(d.Notice) != 18 || d.Subject == "" {
		t.Fatalf("%+v %v", d, err)
	}
	loan, err := h.activate(t, "k", d)
	if err != nil || loan.Amount != 24140 {
		t.Fatalf("%+v %v", loan, err)
	}
	if _, err := h.source.CarTax(t.Context(), "1", "ZZ999ZZ"); !errors.Is(err, gateway.ErrNoDebt) {
		t.Errorf("a plate that owes nothing: %v", err)
	}
}

// Every row of the table means what its name says, through the whole exchange.
func TestEveryFault(t *testing.T) {
	h := start(t, nil)
	for _, row := range node.Faults {
		code := row.Code
		if strings.HasSuffix(code, "_") {
			code += "XYZ"
		}
		f := wire.Fault{Code: code, Text: "x", ID: "x"}
		if row.Original {
			f.Code, f.OriginalCode = "PPT_ERRORE_EMESSO_DA_PAA", code
		}
		if got := node.Asking(f); got != row.Asking {
			t.Errorf("%s asking: %s, want %s", code, got, row.Asking)
		}
		if got := node.Ending(f); got != row.Outcome {
			t.Errorf("%s ending: %s, want %s", code, got, row.Outcome)
		}
		h.Make(wire.ActionVerify, sim.Trouble{Kind: sim.TroubleFault, Fault: code})
		_, err := h.client.Verify(t.Context(), sim.CreditorCode, number("30205"))
		var fault *node.FaultError
		if !errors.As(err, &fault) || node.Asking(fault.Fault) != row.Asking {
			t.Errorf("%s through the wire: %v", code, err)
		}
	}
	if got := node.Asking(wire.Fault{Code: "PPT_NEW"}); got != node.CreditorSilent {
		t.Errorf("a fault that nobody knows: %s", got)
	}
	if got := node.Ending(wire.Fault{Code: "PPT_NEW"}); got != node.LaterAlarm {
		t.Errorf("a fault that nobody knows, of an outcome: %s", got)
	}
}

// The published test suites of the node, as far as they are recorded.
func TestVectors(t *testing.T) {
	path, ok := shared(t, "notice_vectors.jsonl")
	if !ok {
		t.Log("no vectors at hand")
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h := start(t, nil)
	for line := range strings.Lines(string(text)) {
		var v struct {
			Kind     string
			Input    json.RawMessage
			Expected json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		switch v.Kind {
		case "verifyPaymentNotice_fault":
			req := wire.VerifyRequest{Caller: sim.Known(), Notice: wire.Notice{Creditor: sim.CreditorCode, Number: string(number("30205"))}}
			var in map[string]string
			var want string
			must(t, json.Unmarshal(v.Input, &in))
			must(t, json.Unmarshal(v.Expected, &want))
			for key, at := range map[string]*string{"noticeNumber": &req.Notice.Number, "fiscalCode": &req.Notice.Creditor, "idBrokerPSP": &req.Broker, "idChannel": &req.Channel} {
				if s, there := in[key]; there {
					*at = s
				}
			}
			if got := h.raw(t, wire.ActionVerify, req); got.Code != want {
				t.Errorf("%s: %s, want %s", v.Input, got.Code, want)
			}
		case "verifyPaymentNotice_creditor_fault":
			var creditors, want string
			var expected map[string]string
			must(t, json.Unmarshal(v.Input, &creditors))
			must(t, json.Unmarshal(v.Expected, &expected))
			want = expected["originalFaultCode"]
			h.Add(sim.CreditorCode, number("30277"), sim.Debt{Fault: creditors})
			_, err := h.client.Verify(t.Context(), sim.CreditorCode, number("30277"))
			var fault *node.FaultError
			if !errors.As(err, &fault) || fault.Fault.OriginalCode != want || fault.Fault.Code != expected["faultCode"] {
				t.Errorf("%s: %v", creditors, err)
			}
		case "activatePaymentNoticeV2_field":
			if !h.schema {
				continue
			}
			var in map[string]string
			var want string
			must(t, json.Unmarshal(v.Input, &in))
			must(t, json.Unmarshal(v.Expected, &want))
			if got := h.field(t, in); got != want {
				t.Errorf("%s: %q, want %s", v.Input, got, want)
			}
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// raw posts a request as it is and returns the fault of the answer.
func (h *hand) raw(t *testing.T, action string, request any) wire.Fault {
	t.Helper()
	text, err := wire.Marshal(wire.Elements[action].Request, request)
	must(t, err)
	return h.post(t, action, string(text))
}

func (h *hand) post(t *testing.T, action, text string) wire.Fault {
	t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text))
	req.Header.Set("SOAPAction", action)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	var a wire.VerifyAnswer
	if err := wire.Unmarshal(w.Body.Bytes(), wire.Elements[action].Answer, &a); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if a.Fault == nil {
		return wire.Fault{}
	}
	return *a.Fault
}

// field sends an activation with some fields written by hand.
func (h *hand) field(t *testing.T, in map[string]string) string {
	t.Helper()
	text, err := wire.Marshal("activatePaymentNoticeV2Request", wire.ActivateRequest{
		Caller: sim.Known(), Key: "97735020584_abcdefghij", Notice: wire.Notice{Creditor: sim.CreditorCode, Number: string(number("30205"))},
		Expiration: 60000, Amount: "100.00", Due: "2026-12-31", TouchPoint: "ATM",
	})
	must(t, err)
	out := string(text)
	for name, value := range in {
		from, to := strings.Index(out, "<"+name+">"), strings.Index(out, "</"+name+">")
		if from < 0 || to < 0 {
			t.Fatalf("no field %s in %s", name, out)
		}
		out = out[:from+len(name)+2] + value + out[to:]
	}
	return h.post(t, wire.ActionActivate, out).Code
}

func TestKeys(t *testing.T) {
	h := start(t, nil)
	seen := map[string]bool{}
	for i := range 1000 {
		k := h.client.Key(fmt.Sprint(i))
		if len(k) != 22 || !strings.HasPrefix(k, "97735020584_") || seen[k] || k != h.client.Key(fmt.Sprint(i)) {
			t.Fatalf("key %q", k)
		}
		seen[k] = true
	}
	for _, code := range []string{"", "123", "9773502058A"} {
		if _, err := node.New(node.Config{PSPCode: code}, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("a PSP with the code %q was taken", code)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	ok, err := wire.Marshal("verifyPaymentNoticeRes", wire.VerifyAnswer{Answer: wire.Answer{Outcome: wire.OK}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(ok))
	f.Add(`<!DOCTYPE x [<!ENTITY a "a">]><Envelope/>`)
	f.Fuzz(func(t *testing.T, text string) {
		var a wire.VerifyAnswer
		err := wire.Unmarshal([]byte(text), "verifyPaymentNoticeRes", &a)
		var fault *wire.SOAPFault
		if err != nil && !errors.Is(err, wire.ErrNotOurs) && !errors.As(err, &fault) {
			t.Errorf("neither a message nor a refusal: %v", err)
		}
	})
}

// The catalogue's form of the car tax: its choices are the node's kinds of vehicles.
func TestCarTaxByForm(t *testing.T) {
	h := start(t, nil)
	h.AddTax("AB123CD", "01386030488", number("30300"), sim.Debt{Parts: []kiosk.Amount{18735}, Company: "Regione Toscana"})
	source := node.NewSource(h.client, time.Now, "toscana-bollo")
	service := kiosk.Service{ID: "toscana-bollo", Creditor: "01386030488", Fields: []kiosk.Field{
		{ID: "vehicle", Kind: kiosk.FieldChoice}, {ID: "plate", Kind: kiosk.FieldPlate},
	}}
	all, err := source.LookupForm(t.Context(), service, []kiosk.FormValue{"car", "AB123CD"})
	if err != nil || len(all) != 1 || all[0].Amount != 18735 || all[0].Creditor != "01386030488" || all[0].Notice != number("30300") {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err = source.LookupForm(t.Context(), service, []kiosk.FormValue{"motorbike", "AB12345"}); err != nil || len(all) != 0 {
		t.Errorf("a plate that owes nothing: %+v, %v", all, err)
	}
	for _, values := range [][]kiosk.FormValue{{"tractor", "AB123CD"}, {"motorbike", "X23456"}, {"car"}} {
		if _, err = source.LookupForm(t.Context(), service, values); code(err) != api.ProblemCodeFormInvalid {
			t.Errorf("%d values: %v", len(values), err)
		}
	}
	service.ID = "pisa-multe"
	if _, err = source.LookupForm(t.Context(), service, []kiosk.FormValue{"car", "AB123CD"}); !errors.Is(err, gateway.ErrNotByForm) {
		t.Errorf("another service: %v", err)
	}
}

package client_test

// The client against the real gateway.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/booktest"
)

func testLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func dial(t *testing.T, url string, change ...func(*client.Config)) *client.Client {
	t.Helper()
	cfg := client.Config{URL: url, Kiosk: "prato-001", AttemptTimeout: tooLong, DialTimeout: tooLong, MaxWait: 20 * time.Millisecond}
	for _, f := range change {
		f(&cfg)
	}
	c, err := client.New(cfg, testLog())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// realGateway serves a seeded book; the clock can be moved.
type realGateway struct {
	url   string
	mu    sync.Mutex
	ahead time.Duration
}

func (g *realGateway) now() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Now().Add(g.ahead)
}

func (g *realGateway) wait(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ahead += d
}

func newGateway(t *testing.T) *realGateway {
	t.Helper()
	g := &realGateway{}
	store, err := gateway.Open(t.Context(), booktest.File(t), gateway.StoreConfig{Now: g.now}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := store.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	h, err := gateway.NewHandler(store, gateway.HandlerConfig{}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	g.url = srv.URL
	return g
}

func paper(t *testing.T, name string) (gateway.Sample, kiosk.Notice) {
	t.Helper()
	for _, s := range gateway.Samples() {
		if s.Name == name {
			return s, kiosk.Notice{Kind: kiosk.NoticeQR, Number: s.Notice, Creditor: s.Creditor, Amount: s.Paper}
		}
	}
	t.Fatalf("no sample %q", name)
	return gateway.Sample{}, kiosk.Notice{}
}

func newID(t *testing.T) kiosk.PaymentID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return kiosk.PaymentID(id.String())
}

func cartOf(t *testing.T, c *client.Client, names ...string) kiosk.Cart {
	t.Helper()
	var cart kiosk.Cart
	for _, name := range names {
		_, n := paper(t, name)
		q, err := c.Lookup(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		cart = cart.With(q)
	}
	return cart
}

func wantCode(t *testing.T, err error, code kiosk.Code) {
	t.Helper()
	var p *kiosk.Problem
	if !errors.As(err, &p) {
		t.Fatalf("error %v, want a problem %s", err, code)
	}
	if p.Code != code {
		t.Errorf("%v, want %s", p, code)
	}
	if p.Op == "" {
		t.Errorf("%v has no operation", p)
	}
}

// Every paper of the samples, looked up and activated through the wire.
func TestSamplesThroughTheWire(t *testing.T) {
	g := newGateway(t)
	c := dial(t, g.url)
	for _, s := range gateway.Samples() {
		_, n := paper(t, s.Name)
		q, err := c.Lookup(t.Context(), n)
		if s.Status == "" {
			wantCode(t, err, s.Refusal)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		if q.Bill.Status != s.Status || q.Bill.Amount != s.Amount || q.Bill.Subject != s.Subject || q.Bill.Notice != s.Notice || q.Bill.CreditorName == "" ||
			q.Bill.IUV != s.Notice.IUV() || q.Bill.Due.IsZero() != (s.Status == kiosk.BillUnknown) {
			t.Errorf("%s: %+v", s.Name, q.Bill)
		}
		if s.Status == kiosk.BillUnknown {
			continue // a cart of it has no bill id: the kiosk never activates it
		}
		id := newID(t)
		a, err := c.Activate(t.Context(), id, "", kiosk.Cart{}.With(q))
		if s.Refusal != "" {
			wantCode(t, err, s.Refusal)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		if a.Amount() != s.Asked || a.Fee != 100 || a.Life != 30*kiosk.Minute || len(a.Token) != 26 || a.Bills[0].Token == "" || a.Bills[0].IUV != q.Bill.IUV {
			t.Errorf("%s: %+v", s.Name, a)
		}
	}
}

func TestLookupByGLN(t *testing.T) {
	c := dial(t, newGateway(t).url)
	s, n := paper(t, "tari-late")
	n.Creditor, n.GLN = "", s.GS1[3:16]
	q, err := c.Lookup(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if q.Bill.Creditor != s.Creditor || !q.Bill.Late || q.Bill.Instalment == "" {
		t.Errorf("bill %+v", q.Bill)
	}
}

func outboxRow(t *testing.T, sequence uint64, kind kiosk.RowKind, id kiosk.PaymentID, body any) kiosk.OutboxRow {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return kiosk.OutboxRow{
		Sequence: sequence, ID: string(newID(t)), Payment: id, Kind: kind, OccurredAt: kiosk.Wall{UnixMilli: time.Now().UnixMilli(), Trusted: true},
		Body: string(b), Hash: hex.EncodeToString(sum[:]),
	}
}

// paidBody is the JSON that the kiosk's payment package writes.
func paidBody(id kiosk.PaymentID, a kiosk.Activation) map[string]any {
	var bills []map[string]any
	for _, b := range a.Bills[:a.Count] {
		bills = append(bills, map[string]any{"billId": b.BillID, "token": b.Token, "amount": b.Amount, "fee": b.Fee})
	}
	return map[string]any{
		"payment": id, "bills": bills, "fee": a.Fee, "total": a.Total(), "language": "it", "kiosk": "prato-001", "ref": "7K4P-22",
		"charge": kiosk.ChargeResult{Outcome: kiosk.Charged, Amount: a.Total(), TerminalID: "31415926", STAN: "000123", PAN: "************4471"},
	}
}

func TestOnePaymentThroughTheWire(t *testing.T) {
	g := newGateway(t)
	c := dial(t, g.url)
	if err := c.Alive(t.Context()); err != nil {
		t.Fatal(err)
	}
	cart, id := cartOf(t, c, "tari-late", "pisa-fine"), newID(t)
	a, err := c.Activate(t.Context(), id, "", cart)
	if err != nil {
		t.Fatal(err)
	}
	if a.Total() != 8640+8540+200 || a.Total() != cart.Total() || a.Count != 2 {
		t.Errorf("activation %+v", a)
	}
	again, err := c.Activate(t.Context(), id, "", cart)
	if err != nil {
		t.Fatal(err)
	}
	again.Life = a.Life
	if a != again {
		t.Errorf("again %+v, want %+v", again, a)
	}
	row := outboxRow(t, 1, kiosk.RowPaid, id, paidBody(id, a))
	for _, want := range []kiosk.VerdictCode{kiosk.VerdictAccepted, kiosk.VerdictDuplicate} {
		v, err := c.Push(t.Context(), []kiosk.OutboxRow{row})
		if err != nil {
			t.Fatal(err)
		}
		if v[0].Code != want || len(v[0].Closings) != 2 || v[0].Closings[1] != (kiosk.BillClosing{BillID: "debt-pisa-fine", Closing: kiosk.ClosingOK}) {
			t.Errorf("verdict %+v, want %s", v, want)
		}
	}
	p, err := c.Payment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if p.ID != id || p.Outcome != kiosk.Charged || len(p.Closings) != 2 || p.Closings[0].Closing != kiosk.ClosingOK {
		t.Errorf("status %+v", p)
	}
	resp, err := http.Get(c.PublicURL(a.Token))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("citizen's page: %s", resp.Status)
	}
}

func TestRefusalsHaveTheirCodes(t *testing.T) {
	g := newGateway(t)
	c, other := dial(t, g.url), dial(t, g.url, func(cfg *client.Config) { cfg.Kiosk = "prato-002" })
	cart, id := cartOf(t, c, "meals"), newID(t)
	if _, err := c.Activate(t.Context(), id, "", cart); err != nil {
		t.Fatal(err)
	}
	_, err := other.Activate(t.Context(), newID(t), "", cart)
	wantCode(t, err, kiosk.CodeBillInPayment)
	_, err = other.Activate(t.Context(), id, "", cart)
	wantCode(t, err, kiosk.CodeInternal) // payment-conflict: a mistake of the kiosk's
	_, err = c.Payment(t.Context(), newID(t))
	wantCode(t, err, kiosk.CodeBillUnknown)
	g.wait(31 * time.Minute)
	_, err = c.Activate(t.Context(), id, "", cart)
	wantCode(t, err, kiosk.CodeActivationStale)
	body := map[string]any{"payment": id, "bills": []map[string]string{{"billId": "debt-meals", "token": ""}}, "reason": "expired"}
	if v, err := c.Push(t.Context(), []kiosk.OutboxRow{outboxRow(t, 1, kiosk.RowNotPaid, id, body)}); err != nil || v[0].Closings[0].Closing != kiosk.ClosingKO {
		t.Errorf("not-paid: %+v, %v", v, err)
	}
	_, err = c.Activate(t.Context(), id, "", cart)
	wantCode(t, err, kiosk.CodeActivationStale)
	_, err = c.Activate(t.Context(), newID(t), "", kiosk.Cart{})
	wantCode(t, err, kiosk.CodeInternal) // an empty cart is no question for the gateway
}

// More rows than one request may carry, in number and in bytes.
func TestManyRowsGoInSeveralRequests(t *testing.T) {
	g := newGateway(t)
	c := dial(t, g.url)
	id := newID(t)
	var rows []kiosk.OutboxRow
	for i := range 450 {
		filler := fmt.Sprintf("%0*d", 4000+i, 0)
		rows = append(rows, outboxRow(t, uint64(i+1), kiosk.RowNotPaid, id, map[string]any{"payment": id, "reason": "expired", "filler": filler}))
	}
	v, err := c.Push(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	if len(v) != len(rows) {
		t.Fatalf("%d verdicts for %d rows", len(v), len(rows))
	}
	for i := range v {
		if v[i].Code != kiosk.VerdictAccepted || v[i].ID != rows[i].ID || v[i].Sequence != rows[i].Sequence {
			t.Fatalf("verdict %d: %+v", i, v[i])
		}
	}
}

func TestPublicURL(t *testing.T) {
	c := dial(t, "https://gateway.internal:8480", func(cfg *client.Config) { cfg.PublicURL = "https://paga.tserve.example/jolly/" })
	if got, want := c.PublicURL("abc"), "https://paga.tserve.example/jolly/r/abc"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := c.PublicURL(""); got != "" {
		t.Errorf("no token: %q", got)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []client.Config{
		{URL: "", Kiosk: "k"}, {URL: "gateway:80", Kiosk: "k"}, {URL: "ftp://g", Kiosk: "k"}, {URL: "http://g?x=1", Kiosk: "k"},
		{URL: "http://g"}, {URL: "http://g", Kiosk: "a kiosk"}, {URL: "http://g", Kiosk: "k", PublicURL: "nowhere"},
	} {
		if _, err := client.New(cfg, testLog()); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}

// The gateway's own time is told with its answers, and with nobody else's.
func TestTheGatewaysTimeIsTold(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, media string
		want        bool
	}{{"the gateway", "application/json", true}, {"a captive portal", "text/html", false}} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.media)
			w.Header().Set("Date", at.Format(http.TimeFormat))
			fmt.Fprint(w, `{"status":"ok"}`)
		}))
		var told []time.Time
		cl := dial(t, srv.URL, func(c *client.Config) { c.Dated = func(at time.Time) { told = append(told, at) } })
		if err := cl.Alive(t.Context()); (err == nil) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := len(told) == 1 && told[0].Equal(at); got != c.want {
			t.Errorf("%s: told %v", c.name, told)
		}
		srv.Close()
	}
}

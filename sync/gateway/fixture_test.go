package gateway

// What the tests of this package stand on: a book in a temporary directory, a
// clock that is moved by hand, and a kiosk that writes rows as package payment does.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

const testKiosk = "prato-001"

type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// fataler is what *testing.T, *testing.F and *rapid.T share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func testLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// testPeopleKey hides the citizens of the samples.
var testPeopleKey = []byte("a key of the test")

// newBook is a seeded book.
func newBook(t testing.TB) (*Store, *clock) {
	t.Helper()
	c := newClock()
	var url string
	if servers.postgres == nil {
		url = copied(t, seededFile)
	} else {
		url = newBookURL(t)
	}
	s, err := Open(t.Context(), url, StoreConfig{Now: c.now, testOnlyNoSync: true, PeopleKey: testPeopleKey}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if servers.postgres != nil {
		if err := s.Seed(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s, c
}

func sample(t fataler, name string) Sample {
	t.Helper()
	for _, s := range Samples() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no sample %q", name)
	return Sample{}
}

func lookupOf(s Sample) api.NoticeSearch {
	return api.NoticeSearch{Number: string(s.Notice), Creditor: string(s.Creditor)}
}

// asked is the lookup as it goes over the wire.
func asked(s Sample) api.LookupRequest {
	return api.LookupRequest{Kiosk: testKiosk, Notice: lookupOf(s)}
}

func wanted(samples ...Sample) api.ActivationRequest {
	req := api.ActivationRequest{Kiosk: testKiosk}
	for _, s := range samples {
		req.Bills = append(req.Bills, api.WantedBill{
			BillID: "debt-" + s.Name, Notice: string(s.Notice), Creditor: string(s.Creditor), Amount: s.Amount.Cents(),
		})
	}
	return req
}

func newID(t fataler) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return id.String()
}

// mustActivate activates and fails the test on a refusal.
func mustActivate(t testing.TB, s *Store, samples ...Sample) api.Activation {
	t.Helper()
	a, err := s.Activate(t.Context(), newID(t), wanted(samples...))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// status is the bill's status at lookup.
func status(t testing.TB, s *Store, p Sample) api.BillStatus {
	t.Helper()
	q, err := s.Lookup(t.Context(), lookupOf(p))
	if err != nil {
		t.Fatal(err)
	}
	return q.Bill.Status
}

// writer is one kiosk's outbox.
type writer struct {
	sequence int64
	at       time.Time
}

type rowBody struct {
	Payment  string              `json:"payment"`
	Outcome  kiosk.Outcome       `json:"outcome,omitempty"`
	Bills    []outcome.BodyBill  `json:"bills"`
	Fee      int64               `json:"fee"`
	Total    int64               `json:"total"`
	Charge   *kiosk.ChargeResult `json:"charge,omitempty"`
	Reason   string              `json:"reason,omitempty"`
	Language string              `json:"language"`
	Kiosk    string              `json:"kiosk"`
	Ref      string              `json:"ref"`
}

// outcome is a row about an activation, as the kiosk writes it.
func (w *writer) outcome(t fataler, kind kiosk.RowKind, a api.Activation, charge kiosk.Outcome) api.Row {
	t.Helper()
	return w.row(t, kind, outcomeBody(kind, a, charge))
}

func outcomeBody(kind kiosk.RowKind, a api.Activation, charge kiosk.Outcome) rowBody {
	b := rowBody{Payment: a.Payment, Fee: a.Fee, Total: a.Total, Language: "it", Kiosk: testKiosk, Ref: "7K4P-22"}
	for _, bill := range a.Bills {
		b.Bills = append(b.Bills, outcome.BodyBill{BillID: bill.BillID, Token: bill.Token, Amount: kiosk.Cents(bill.Amount), Fee: kiosk.Cents(bill.Fee)})
	}
	if kind == kiosk.RowNotPaid {
		b.Reason = "declined"
		return b
	}
	if kind == kiosk.RowResolved {
		b.Outcome = charge
	}
	b.Charge = &kiosk.ChargeResult{Outcome: charge, TerminalID: "31415926", STAN: "000123", PAN: "************4471"}
	if charge == kiosk.Charged {
		b.Charge.Amount = kiosk.Cents(a.Total)
	}
	return b
}

func (w *writer) row(t fataler, kind kiosk.RowKind, body any) api.Row {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatalf("%v", err)
	}
	w.sequence++
	payment := ""
	if b, ok := body.(rowBody); ok {
		payment = b.Payment
	}
	return sealed(api.Row{
		Sequence: w.sequence, ID: newID(t), Payment: payment, Kind: string(kind), OccurredAt: w.at.UnixMilli(), ClockTrusted: true, Body: string(text),
	})
}

func sealed(r api.Row) api.Row {
	sum := sha256.Sum256([]byte(r.Body))
	r.Hash = hex.EncodeToString(sum[:])
	return r
}

// push sends rows of the test kiosk and returns the verdicts.
func push(t testing.TB, s *Store, rows ...api.Row) []api.Verdict {
	t.Helper()
	answer, err := s.Push(t.Context(), testKiosk, rows)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Verdicts) != len(rows) {
		t.Fatalf("%d verdicts for %d rows", len(answer.Verdicts), len(rows))
	}
	return answer.Verdicts
}

func wantRefusal(t fataler, err error, code api.ProblemCode) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Fatalf("error %v, want refusal %s", err, code)
	}
}

// balances reads the ledger and fails unless it sums to zero.
func balances(t testing.TB, s *Store) map[string]kiosk.Amount {
	t.Helper()
	all, err := s.Balances(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]kiosk.Amount{}
	for _, b := range all {
		if b.Balance != 0 {
			out[b.Account] = b.Balance
		}
	}
	return out
}

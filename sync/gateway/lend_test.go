package gateway

// Debts that live elsewhere: locked here first, lent there, all or nothing.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

const livorno kiosk.CreditorCode = "00104330493"

// fakeNode is a source that does what the test says and remembers what it was told.
type fakeNode struct {
	mu     sync.Mutex
	lookup func(kiosk.NoticeNumber) (Debt, error)
	lend   func(LoanRequest) (Loan, error)
	keys   []string // of activations
	end    func(LoanOutcome) (kiosk.Closing, error)
	told   []string // outcomes
	bodies map[string]LoanOutcome
}

func (f *fakeNode) Lookup(_ context.Context, c kiosk.CreditorCode, n kiosk.NoticeNumber) (Debt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lookup != nil {
		return f.lookup(n)
	}
	return Debt{ID: "node-" + string(n), Creditor: c, Notice: n, IUV: n.IUV(), Subject: "Multa", Amount: 5000, Due: kiosk.Date{Year: 2026, Month: 12, Day: 1},
		Status: kiosk.BillPayable}, nil
}

func (f *fakeNode) Activate(_ context.Context, r LoanRequest) (Loan, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys = append(f.keys, r.Key)
	if f.lend != nil {
		return f.lend(r)
	}
	return Loan{Token: "tok" + string(r.Debt.Notice[10:]) + string(r.Payment[30:]), Amount: r.Debt.Amount, Expires: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, nil
}

func (f *fakeNode) Outcome(_ context.Context, o LoanOutcome) (kiosk.Closing, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, fmt.Sprintf("%s paid %v", o.Token, o.Paid))
	if f.bodies == nil {
		f.bodies = map[string]LoanOutcome{}
	}
	if before, again := f.bodies[o.Key]; again && before != o {
		f.told = append(f.told, fmt.Sprintf("another body under the same key: %+v, %+v", before, o))
	}
	f.bodies[o.Key] = o
	if f.end != nil {
		return f.end(o)
	}
	if !o.Paid {
		return kiosk.ClosingKO, nil
	}
	return kiosk.ClosingOK, nil
}

func newLent(t *testing.T) (*Store, *clock, *fakeNode) {
	t.Helper()
	s, clk := newBook(t)
	err := s.inTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "INSERT INTO creditors (code, name) VALUES ($1, 'Comune di Livorno') ON CONFLICT DO NOTHING", string(livorno))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	n := &fakeNode{}
	s.UseSource(n, livorno)
	return s, clk, n
}

// foreignBill is a bill of the source.
func foreignBill(i int) (api.WantedBill, api.NoticeSearch) {
	number := fmt.Sprintf("3020000000000%05d", i)
	return api.WantedBill{BillID: "node-" + number, Notice: number, Creditor: string(livorno), Amount: 5000},
		api.NoticeSearch{Number: number, Creditor: string(livorno)}
}

func cartOf(bills ...api.WantedBill) api.ActivationRequest {
	return api.ActivationRequest{Kiosk: testKiosk, Bills: bills}
}

func local(t *testing.T, name string) api.WantedBill { return wanted(sample(t, name)).Bills[0] }

func statusAt(t *testing.T, s *Store, n api.NoticeSearch) api.BillStatus {
	t.Helper()
	q, err := s.Lookup(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return q.Bill.Status
}

func TestABillOfASourceIsLookedUpLockedLentAndPaid(t *testing.T) {
	s, _, node := newLent(t)
	bill, notice := foreignBill(1)
	q, err := s.Lookup(t.Context(), notice)
	if err != nil || q.Bill.ID != bill.BillID || q.Bill.Amount != 5000 || q.Bill.CreditorName != "Comune di Livorno" || q.Bill.Due != "2026-12-01" {
		t.Fatalf("%+v, %v", q, err)
	}
	id, req := newID(t), cartOf(bill, local(t, "meals"))
	a, err := s.Activate(t.Context(), id, req)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(a.Bills[0].Token, "tok") || pending(a.Bills[1].Token) || a.Total != 5000+6250+200 {
		t.Errorf("activation %+v", a)
	}
	again, err := s.Activate(t.Context(), id, req)
	if err != nil || !slices.Equal(again.Bills, a.Bills) || len(node.keys) != 1 {
		t.Errorf("again %+v, %v; the source was asked %d times", again, err, len(node.keys))
	}
	if got := statusAt(t, s, notice); got != api.BillStatusInPayment {
		t.Errorf("while it is lent: %s", got)
	}
	_, err = s.Activate(t.Context(), newID(t), cartOf(bill))
	wantRefusal(t, err, api.ProblemCodeBillInPayment)
	push(t, s, (&writer{at: s.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	if got := statusAt(t, s, notice); got != api.BillStatusPaid {
		t.Errorf("after it was paid: %s", got)
	}
	invariants(t, s)
}

func TestASourceThatDoesNotLendFreesTheCart(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code api.ProblemCode
	}{
		"refuses": {&Refusal{Code: api.ProblemCodeBillPaid, BillID: "x"}, api.ProblemCodeBillPaid},
		"fails":   {errors.New("connection reset"), api.ProblemCodeCreditorSilent},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, node := newLent(t)
			first, firstNotice := foreignBill(1)
			second, secondNotice := foreignBill(2)
			node.lend = func(r LoanRequest) (Loan, error) {
				if string(r.Debt.Notice) == second.Notice {
					return Loan{}, c.err
				}
				return Loan{Token: "first", Amount: 5000, Expires: s.now().Add(life)}, nil
			}
			id, req := newID(t), cartOf(first, local(t, "meals"), second)
			_, err := s.Activate(t.Context(), id, req)
			wantRefusal(t, err, c.code)
			if want := []string{"first paid false"}; !slices.Equal(node.told, want) {
				t.Errorf("the source was told %v, want %v", node.told, want)
			}
			for _, n := range []api.NoticeSearch{firstNotice, secondNotice, lookupOf(sample(t, "meals"))} {
				if got := statusAt(t, s, n); got != api.BillStatusPayable {
					t.Errorf("%s is %s", n.Number, got)
				}
			}
			_, err = s.Activate(t.Context(), id, req)
			wantRefusal(t, err, api.ProblemCodeActivationClosed)
			invariants(t, s)
		})
	}
}

// The gateway died between its lock and the loan: the same call goes on with
// the same key.
func TestALockWithoutALoanIsTakenUpAgain(t *testing.T) {
	s, _, node := newLent(t)
	bill, _ := foreignBill(1)
	id, req := newID(t), cartOf(bill)
	hash, err := fingerprint(req)
	if err != nil {
		t.Fatal(err)
	}
	debts, err := s.foreign(t.Context(), id, req.Bills)
	if err != nil {
		t.Fatal(err)
	}
	err = s.inTx(t.Context(), func(tx *sql.Tx) error {
		if err := mirror(t.Context(), tx, debts[bill.BillID]); err != nil {
			return err
		}
		a, err := s.activate(t.Context(), tx, payment{id: id, channel: channelJolly, kiosk: testKiosk, requestHash: hash}, req.Bills)
		if err == nil && !pending(a.Bills[0].Token) {
			t.Errorf("a token before the loan: %s", a.Bills[0].Token)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Activate(t.Context(), id, req)
	if err != nil || pending(a.Bills[0].Token) || !slices.Equal(node.keys, []string{loanKey(id, bill.BillID)}) {
		t.Errorf("%+v, %v, keys %v", a, err, node.keys)
	}
}

func TestAnAmountThatTheSourceChangesIsTold(t *testing.T) {
	s, clk, node := newLent(t)
	bill, _ := foreignBill(1)
	node.lend = func(LoanRequest) (Loan, error) {
		return Loan{Token: "t", Amount: 5100, Expires: clk.now().Add(10 * time.Minute)}, nil
	}
	a, err := s.Activate(t.Context(), newID(t), cartOf(bill))
	if err != nil || a.Bills[0].Amount != 5100 || a.Total != 5200 || a.LifeSeconds != 600 {
		t.Errorf("%+v, %v", a, err)
	}
	node.lend = func(LoanRequest) (Loan, error) {
		return Loan{Token: "u", Amount: kiosk.MaxCharge, Expires: clk.now().Add(life)}, nil
	}
	large, notice := foreignBill(2)
	_, err = s.Activate(t.Context(), newID(t), cartOf(large))
	wantRefusal(t, err, api.ProblemCodeTotalTooLarge)
	if got := statusAt(t, s, notice); got != api.BillStatusPayable || !slices.Equal(node.told, []string{"u paid false"}) {
		t.Errorf("status %s, told %v", got, node.told)
	}
}

func TestWhatASourceTellsOfABill(t *testing.T) {
	s, _, node := newLent(t)
	bill, notice := foreignBill(1)
	for name, c := range map[string]struct {
		status  kiosk.BillStatus
		err     error
		seen    api.BillStatus  // at lookup
		lookup  api.ProblemCode // or its refusal
		refused api.ProblemCode // of an activation
	}{
		"paid":    {kiosk.BillPaid, nil, api.BillStatusPaid, "", api.ProblemCodeBillPaid},
		"expired": {kiosk.BillExpired, nil, api.BillStatusExpired, "", api.ProblemCodeBillExpired},
		"unknown": {"", ErrNoDebt, api.BillStatusUnknown, "", api.ProblemCodeBillUnknown},
		"silent":  {"", &Refusal{Code: api.ProblemCodeCreditorSilent}, "", api.ProblemCodeCreditorSilent, api.ProblemCodeCreditorSilent},
		"broken":  {"", errors.New("EOF"), "", api.ProblemCodeCreditorSilent, api.ProblemCodeCreditorSilent},
	} {
		t.Run(name, func(t *testing.T) {
			node.lookup = func(n kiosk.NoticeNumber) (Debt, error) {
				return Debt{ID: "node-" + string(n), Creditor: livorno, Notice: n, Amount: 1, Status: c.status}, c.err
			}
			q, err := s.Lookup(t.Context(), notice)
			if c.lookup != "" {
				wantRefusal(t, err, c.lookup)
			} else if err != nil || q.Bill.Status != c.seen {
				t.Errorf("lookup %s, %v", q.Bill.Status, err)
			}
			_, err = s.Activate(t.Context(), newID(t), cartOf(bill))
			wantRefusal(t, err, c.refused)
		})
	}
	if len(node.keys) != 0 {
		t.Errorf("the source was asked to lend: %v", node.keys)
	}
}

// Ten channels want the same bill: the source is asked by the one that holds the lock.
func TestTheLockHereComesFirst(t *testing.T) {
	s, _, node := newLent(t)
	bill, _ := foreignBill(1)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 10 {
		wg.Go(func() {
			req := cartOf(bill)
			req.Channel = raceChannel(i)
			if _, err := s.Activate(t.Context(), newID(t), req); err == nil {
				mu.Lock()
				defer mu.Unlock()
				won++
			}
		})
	}
	wg.Wait()
	if won != 1 || len(node.keys) != 1 {
		t.Errorf("%d channels won, the source was asked %d times", won, len(node.keys))
	}
}

// One call arrives three times at once: one payment, one loan, one answer.
func TestTheSameCallAtOnceGetsOneLoan(t *testing.T) {
	s, _, node := newLent(t)
	bill, _ := foreignBill(1)
	id, req := newID(t), cartOf(bill)
	var wg sync.WaitGroup
	answers := make([]api.Activation, 6)
	for i := range answers {
		wg.Go(func() {
			a, err := s.Activate(t.Context(), id, req)
			if err != nil {
				t.Errorf("call %d: %v", i, err)
			}
			answers[i] = a
		})
	}
	wg.Wait()
	for _, a := range answers {
		if !slices.Equal(a.Bills, answers[0].Bills) || a.ReceiptToken != answers[0].ReceiptToken {
			t.Errorf("answers differ: %+v and %+v", a, answers[0])
		}
	}
	for _, k := range node.keys {
		if k != loanKey(id, bill.BillID) {
			t.Errorf("key %s", k)
		}
	}
}

// taxNode is a node that makes notices for plates.
type taxNode struct {
	*fakeNode
	form func(kiosk.Service, []kiosk.FormValue) ([]Debt, error)
}

func (n taxNode) LookupForm(_ context.Context, s kiosk.Service, v []kiosk.FormValue) ([]Debt, error) {
	return n.form(s, v)
}

func TestAFormFindsTheDebtsOfASource(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	fake := &fakeNode{}
	number := kiosk.NoticeNumber("302000000000099999")
	var answer error
	s.UseSource(taxNode{fake, func(service kiosk.Service, values []kiosk.FormValue) ([]Debt, error) {
		if service.ID != "toscana-bollo" || values[0] != "car" || values[1] != "AB123CD" {
			t.Errorf("asked for %s with %d values", service.ID, len(values))
		}
		d, err := fake.Lookup(t.Context(), tuscany, number)
		return []Debt{d}, errors.Join(err, answer)
	}}, tuscany)
	f, err := s.LookupForm(t.Context(), form("toscana-bollo", "car", "ab 123 cd"))
	if err != nil || len(f.Bills) != 1 || f.Bills[0].Fee != 187 || f.Bills[0].Bill.CreditorName != "Regione Toscana" {
		t.Fatalf("%+v, %v", f, err)
	}
	bill := api.WantedBill{BillID: f.Bills[0].Bill.ID, Notice: string(number), Creditor: string(tuscany), Amount: 5000}
	if a, err := s.Activate(t.Context(), newID(t), cartOf(bill)); err != nil || a.Fee != 187 {
		t.Fatalf("%+v, %v; want the fee that was quoted", a, err)
	}
	if f, err = s.LookupForm(t.Context(), form("toscana-bollo", "car", "AB123CD")); err != nil || f.Bills[0].Bill.Status != api.BillStatusInPayment {
		t.Errorf("while it is lent: %+v, %v", f, err)
	}
	answer = errors.New("EOF")
	_, err = s.LookupForm(t.Context(), form("toscana-bollo", "car", "AB123CD"))
	wantRefusal(t, err, api.ProblemCodeCreditorSilent)
}

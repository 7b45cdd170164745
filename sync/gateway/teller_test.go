package gateway

// Owners are told until they have it: what each of their words does, what is left
// when the process dies between two steps, and what is never decided here.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// tellAll tells until nothing is due any more, as time goes by.
func tellAll(t testing.TB, s *Store, clk *clock) {
	t.Helper()
	teller := NewTeller(s, TellerConfig{}, testLog())
	for range 60 {
		if _, err := teller.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		var due int
		if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM tellings WHERE state = 'due'").Scan(&due); err != nil {
			t.Fatal(err)
		}
		if due == 0 {
			return
		}
		clk.add(6 * time.Minute)
	}
	t.Fatal("still due after hours")
}

// closingOf is how a bill of a payment stands.
func closingOf(t testing.TB, s *Store, payment, bill string) api.Closing {
	t.Helper()
	p, err := s.Payment(t.Context(), payment)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range p.Bills {
		if b.BillID == bill {
			return b.Closing
		}
	}
	t.Fatalf("payment %s has no bill %s", payment, bill)
	return ""
}

// alarms are the reasons of all alarms.
func alarms(t testing.TB, s *Store) []string {
	t.Helper()
	var all []string
	err := each(t.Context(), s.read, func(rows *sql.Rows) error {
		var reason string
		err := rows.Scan(&reason)
		all = append(all, reason)
		return err
	}, "SELECT reason FROM alarms ORDER BY reason")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// paidRemote is a payment of one bill elsewhere and one here whose card was charged.
func paidRemote(t testing.TB, s *Store) (api.Activation, api.NoticeSearch) {
	t.Helper()
	bill, notice := foreignBill(1)
	a, err := s.Activate(t.Context(), newID(t), cartOf(bill, wanted(sample(t, "meals")).Bills[0]))
	if err != nil {
		t.Fatal(err)
	}
	v := push(t, s, (&writer{at: s.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	if v[0].Verdict != api.VerdictCodeAccepted || len(v[0].Closings) != 1 || v[0].Closings[0].BillID != "debt-meals" {
		t.Fatalf("verdict %+v: the other bill's owner has not spoken", v[0])
	}
	return a, notice
}

func TestAnOwnersWordClosesABill(t *testing.T) {
	for name, c := range map[string]struct {
		end     func(LoanOutcome) (kiosk.Closing, error)
		closing api.Closing
		page    api.ReceiptState
		refunds kiosk.Amount
		alarm   []string
	}{
		"ok": {nil, api.ClosingOk, api.ReceiptStatePaid, 0, nil},
		"somebody else paid": {func(LoanOutcome) (kiosk.Closing, error) { return kiosk.ClosingDuplicate, nil },
			api.ClosingDuplicate, api.ReceiptStateRefundDue, -5100, nil},
		"another outcome is there": {func(LoanOutcome) (kiosk.Closing, error) { return "", ownerAlarm{"disagreement", true} },
			"", api.ReceiptStateCharged, 0, []string{"owner-disagreement"}},
		"a word that does not fit": {func(LoanOutcome) (kiosk.Closing, error) { return kiosk.ClosingKO, nil },
			"", api.ReceiptStateCharged, 0, []string{"owner-differs-ko"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, clk, node := newLent(t)
			a, notice := paidRemote(t, s)
			if r, err := s.Receipt(t.Context(), a.ReceiptToken); err != nil || r.State != api.ReceiptStateCharged {
				t.Errorf("before the owner's word the page says %s, %v", r.State, err)
			}
			if got := statusAt(t, s, notice); got != api.BillStatusPaid {
				t.Errorf("before the owner's word the debt is %s", got)
			}
			node.end = c.end
			tellAll(t, s, clk)
			if got := closingOf(t, s, a.Payment, a.Bills[0].BillID); got != c.closing {
				t.Errorf("closing %q, want %q", got, c.closing)
			}
			if r, err := s.Receipt(t.Context(), a.ReceiptToken); err != nil || r.State != c.page {
				t.Errorf("the page says %s, %v; want %s", r.State, err, c.page)
			}
			if got := balances(t, s)["refunds"]; got != c.refunds {
				t.Errorf("refunds %s, want %s", got, c.refunds)
			}
			if got := alarms(t, s); !slices.Equal(got, c.alarm) {
				t.Errorf("alarms %v, want %v", got, c.alarm)
			}
			if want := []string{a.Bills[0].Token + " paid true"}; !slices.Equal(node.told, want) {
				t.Errorf("told %v, want %v", node.told, want)
			}
			invariants(t, s)
		})
	}
}

// ownerAlarm is an answer that a person must look at.
type ownerAlarm struct {
	meaning string
	final   bool
}

func (a ownerAlarm) Error() string         { return a.meaning }
func (a ownerAlarm) Alarm() (string, bool) { return a.meaning, a.final }

func TestAnOwnerIsToldTheSameUntilHeHasIt(t *testing.T) {
	s, clk, node := newLent(t)
	a, _ := paidRemote(t, s)
	tries := 0
	node.end = func(LoanOutcome) (kiosk.Closing, error) {
		switch tries++; {
		case tries < 20:
			return "", errors.New("connection reset")
		case tries < 25:
			return "", ownerAlarm{"our-password", false}
		}
		return kiosk.ClosingOK, nil
	}
	tellAll(t, s, clk)
	if got := closingOf(t, s, a.Payment, a.Bills[0].BillID); got != api.ClosingOk || tries != 25 {
		t.Errorf("closing %q after %d tries", got, tries)
	}
	for _, told := range node.told { // a repeat with another body tells so itself
		if told != a.Bills[0].Token+" paid true" {
			t.Error(told)
		}
	}
	if got := alarms(t, s); !slices.Equal(got, []string{"owner-our-password"}) {
		t.Errorf("alarms %v", got)
	}
}

func TestWaitsGrowAreSpreadAndHaveACap(t *testing.T) {
	teller := NewTeller(nil, TellerConfig{}, testLog())
	for tries, most := range map[int]time.Duration{1: 2 * time.Second, 2: 4 * time.Second, 5: 32 * time.Second, 9: 5 * time.Minute, 4000: 5 * time.Minute} {
		var longest time.Duration
		for range 200 {
			longest = max(longest, teller.backoff(tries))
		}
		if longest > most+time.Millisecond || longest < most/2 {
			t.Errorf("after %d tries the longest of 200 waits is %s, want nearly %s", tries, longest, most)
		}
	}
}

// The gateway dies between two steps, wherever, and another one takes over.
func TestDyingBetweenTwoStepsLosesNothing(t *testing.T) {
	for _, dies := range []string{"claimed", "found", "answered"} {
		for _, how := range []string{"paid", "not-paid", "never-lent"} {
			t.Run(dies+" "+how, func(t *testing.T) {
				s, clk, node := newLent(t)
				bill, notice := foreignBill(1)
				a := dyingPayment(t, s, node, how, bill)
				teller := NewTeller(s, TellerConfig{testOnlyStep: func(step string) error {
					if step == dies {
						return errDied
					}
					return nil
				}}, testLog())
				if _, err := teller.Once(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n, err := teller.Once(t.Context()); err != nil || n != 0 {
					t.Errorf("told again within the lease: %d, %v", n, err)
				}
				clk.add(time.Minute)
				tellAll(t, s, clk)
				want := map[string]api.Closing{"paid": api.ClosingOk, "not-paid": api.ClosingKo, "never-lent": api.ClosingKo}[how]
				if got := closingOf(t, s, a.Payment, bill.BillID); got != want {
					t.Errorf("closing %q, want %q", got, want)
				}
				for _, told := range node.told {
					if !strings.HasSuffix(told, fmt.Sprintf("paid %v", how == "paid")) || strings.Contains(told, pendingPrefix) {
						t.Errorf("told %q", told)
					}
				}
				if len(node.told) == 0 {
					t.Error("the owner was never told")
				}
				if got := statusAt(t, s, notice); (got == api.BillStatusPaid) != (how == "paid") {
					t.Errorf("the debt is %s", got)
				}
				invariants(t, s)
			})
		}
	}
}

// dyingPayment is a payment that ended: paid, given up, or given up after the
// answer to its loan was lost.
func dyingPayment(t *testing.T, s *Store, node *fakeNode, how string, bill api.WantedBill) api.Activation {
	t.Helper()
	w := &writer{at: s.now()}
	id := newID(t)
	if how != "never-lent" {
		a, err := s.Activate(t.Context(), id, cartOf(bill))
		if err != nil {
			t.Fatal(err)
		}
		row := w.outcome(t, kiosk.RowPaid, a, kiosk.Charged)
		if how == "not-paid" {
			row = w.outcome(t, kiosk.RowNotPaid, a, "")
		}
		push(t, s, row)
		return a
	}
	node.lend = func(LoanRequest) (Loan, error) { return Loan{}, errors.New("connection reset") }
	_, err := s.Activate(t.Context(), id, cartOf(bill))
	wantRefusal(t, err, api.ProblemCodeCreditorSilent)
	node.lend = nil // it had lent: the same key finds the token
	if len(node.told) != 0 {
		t.Fatalf("told %v before the token is known", node.told)
	}
	return api.Activation{Payment: id}
}

// An operator decides that a card was charged for a bill whose loan never had an
// answer: the same key finds the loan, or somebody else has paid meanwhile.
func TestABillThatWasNeverLentIsPaidOrRefunded(t *testing.T) {
	for name, c := range map[string]struct {
		lend    func(LoanRequest) (Loan, error)
		closing api.Closing
		alarm   []string
	}{
		"found again": {nil, api.ClosingOk, nil},
		"paid by somebody else": {func(LoanRequest) (Loan, error) { return Loan{}, &Refusal{Code: api.ProblemCodeBillPaid} },
			api.ClosingDuplicate, nil},
		"another amount": {func(r LoanRequest) (Loan, error) { return Loan{Token: "t", Amount: r.Debt.Amount + 1}, nil },
			"", []string{"owner-amount-differs"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, clk, node := newLent(t)
			bill, _ := foreignBill(1)
			id, req := newID(t), cartOf(bill)
			lockOnly(t, s, id, req)
			a, err := s.snapshotActivation(t, id)
			if err != nil {
				t.Fatal(err)
			}
			a.Bills[0].Token = "made-up" // a kiosk that says so was never told a token
			push(t, s, (&writer{at: s.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged))
			if err := s.Decide(t.Context(), id, Decision{Outcome: kiosk.Charged, STAN: "000777", By: "M. Rossi"}); err != nil {
				t.Fatal(err)
			}
			node.lend = c.lend
			before := len(alarms(t, s))
			tellAll(t, s, clk)
			if got := closingOf(t, s, id, bill.BillID); got != c.closing {
				t.Errorf("closing %q, want %q", got, c.closing)
			}
			if got := alarms(t, s); len(got)-before != len(c.alarm) || len(c.alarm) > 0 && !slices.Contains(got, c.alarm[0]) {
				t.Errorf("alarms %v, want %v more", got, c.alarm)
			}
			invariants(t, s)
		})
	}
}

// lockOnly takes the lock here, and dies before the loan.
func lockOnly(t *testing.T, s *Store, id string, req api.ActivationRequest) {
	t.Helper()
	hash, err := fingerprint(req)
	if err != nil {
		t.Fatal(err)
	}
	debts, err := s.foreign(t.Context(), id, req.Bills)
	if err != nil {
		t.Fatal(err)
	}
	err = s.inTx(t.Context(), func(tx *sql.Tx) error {
		for _, d := range debts {
			if err := mirror(t.Context(), tx, d); err != nil {
				return err
			}
		}
		_, err := s.activate(t.Context(), tx, payment{id: id, channel: channelJolly, kiosk: testKiosk, requestHash: hash}, req.Bills)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// snapshotActivation is the answer that a kiosk would have got.
func (s *Store) snapshotActivation(t *testing.T, id string) (api.Activation, error) {
	t.Helper()
	p, bills, err := s.snapshot(t.Context(), func(q queryer) (payment, error) { return loadPayment(t.Context(), q, id) })
	return activation(p, bills, s.now()), err
}

// What the gateway knows after a crash in the middle of an activation is given
// back when the kiosk gives up.
func TestALoanWhoseAnswerWasLostIsGivenBack(t *testing.T) {
	s, clk, node := newLent(t)
	bill, notice := foreignBill(1)
	id, req := newID(t), cartOf(bill)
	lockOnly(t, s, id, req)
	a := api.Activation{Payment: id}
	push(t, s, (&writer{at: s.now()}).outcome(t, kiosk.RowNotPaid, a, ""))
	tellAll(t, s, clk)
	if len(node.keys) != 1 || node.keys[0] != loanKey(id, bill.BillID) || len(node.told) != 1 || !strings.HasPrefix(node.told[0], "tok") {
		t.Errorf("asked with %v, told %v", node.keys, node.told)
	}
	if got := statusAt(t, s, notice); got != api.BillStatusPayable {
		t.Errorf("the debt is %s", got)
	}
	invariants(t, s)
}

// Nobody knows whether the card was charged: nothing is ended here.
func TestAnActivationWithoutAWordIsAnAlarmAndNoKO(t *testing.T) {
	s, clk, node := newLent(t)
	bill, _ := foreignBill(1)
	a, err := s.Activate(t.Context(), newID(t), cartOf(bill))
	if err != nil {
		t.Fatal(err)
	}
	clk.add(23 * time.Hour)
	for range 2 {
		if err := s.Silences(t.Context(), 24*time.Hour); err != nil || len(alarms(t, s)) != 0 {
			t.Errorf("alarms %v, %v within the deadline", alarms(t, s), err)
		}
		clk.add(40 * time.Minute)
	}
	clk.add(2 * time.Hour)
	for range 2 {
		if err := s.Silences(t.Context(), 24*time.Hour); err != nil || !slices.Equal(alarms(t, s), []string{"activation-without-outcome"}) {
			t.Errorf("alarms %v, %v", alarms(t, s), err)
		}
	}
	if len(node.told) != 0 {
		t.Errorf("told %v", node.told)
	}
	clk.add(48 * time.Hour)
	push(t, s, (&writer{at: clk.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged)) // the kiosk was cut off for days
	tellAll(t, s, clk)
	if got := closingOf(t, s, a.Payment, bill.BillID); got != api.ClosingOk || !slices.Equal(node.told, []string{a.Bills[0].Token + " paid true"}) {
		t.Errorf("closing %q, told %v", got, node.told)
	}
}

func TestThePushCarriesTheOwnersWord(t *testing.T) {
	s, _, _ := newLent(t)
	stop := runTeller(t, s)
	defer stop()
	bill, _ := foreignBill(1)
	a, err := s.Activate(t.Context(), newID(t), cartOf(bill))
	if err != nil {
		t.Fatal(err)
	}
	row := (&writer{at: s.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged)
	for range 2 {
		v := push(t, s, row)
		if len(v[0].Closings) != 1 || v[0].Closings[0].Closing != api.ClosingOk {
			t.Errorf("verdict %+v", v[0])
		}
	}
}

// A slow owner holds the answer up for a moment only; the same row again tells
// what he has said since.
func TestAPushDoesNotWaitForASlowOwner(t *testing.T) {
	s, _, node := newLent(t)
	release := make(chan struct{})
	node.end = func(LoanOutcome) (kiosk.Closing, error) {
		<-release
		return kiosk.ClosingOK, nil
	}
	stop := runTeller(t, s)
	defer stop()
	bill, _ := foreignBill(1)
	a, err := s.Activate(t.Context(), newID(t), cartOf(bill))
	if err != nil {
		t.Fatal(err)
	}
	row := (&writer{at: s.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged)
	begun := time.Now()
	v := push(t, s, row)
	if took := time.Since(begun); len(v[0].Closings) != 0 || took > ownersWait+tooLong {
		t.Errorf("verdict %+v after %s", v[0], took)
	}
	close(release)
	until(t, func() bool {
		if v = push(t, s, row); v[0].Verdict != api.VerdictCodeDuplicate {
			t.Fatalf("again: %+v", v[0])
		}
		return len(v[0].Closings) == 1
	})
}

// runTeller lets a teller run; stop waits for its end.
func runTeller(t *testing.T, s *Store) (stop func()) {
	t.Helper()
	ctx, cancel := contextOf(t)
	ended := make(chan error, 1)
	go func() { ended <- NewTeller(s, TellerConfig{}, testLog()).Run(ctx) }()
	for s.tellers.Load() == 0 { // it is about to begin
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// What counters and other bodies owe for a payment is posted with it, and taken
// back with a bill that somebody else had paid.
func TestTheCircuitIsOwedWhatItsContractsSay(t *testing.T) {
	s, clk, node := newLent(t)
	s.UseCatalogue(&kiosk.Catalogue{Version: "2026-11-22.1", Creditors: []kiosk.Creditor{{Code: livorno, Circuit: 25}, {Code: prato}}})
	bill, _ := foreignBill(1)
	req := cartOf(bill, wanted(sample(t, "meals")).Bills[0])
	req.Channel = api.ChannelCounter
	a, err := s.Activate(t.Context(), newID(t), req)
	if err != nil {
		t.Fatal(err)
	}
	push(t, s, (&writer{at: s.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	own := map[string]kiosk.Amount{"circuit-due:channel:counter": 20, "circuit-due:creditor:00104330493": 25, "circuit-revenue": -45}
	for account, want := range own {
		if got := balances(t, s)[account]; got != want {
			t.Errorf("%s is %s, want %s", account, got, want)
		}
	}
	s.UseCatalogue(&kiosk.Catalogue{Version: "2026-11-23.1", Creditors: []kiosk.Creditor{{Code: livorno, Circuit: 30}}})
	node.end = func(LoanOutcome) (kiosk.Closing, error) { return kiosk.ClosingDuplicate, nil }
	tellAll(t, s, clk)
	own = map[string]kiosk.Amount{"circuit-due:channel:counter": 10, "circuit-due:creditor:00104330493": 0, "circuit-revenue": -10}
	for account, want := range own {
		if got := balances(t, s)[account]; got != want {
			t.Errorf("after the bill was given back: %s is %s, want %s", account, got, want)
		}
	}
}

// Telling does not help: the operator asks the owner and says it for him.
func TestTheOperatorSpeaksForAnOwner(t *testing.T) {
	s, clk, node := newLent(t)
	a, _ := paidRemote(t, s)
	node.end = func(LoanOutcome) (kiosk.Closing, error) { return "", ownerAlarm{"refused-alarm", true} }
	bill := a.Bills[0].BillID
	if err := s.SettleFor(t.Context(), a.Payment, bill, kiosk.ClosingOK, "M. Rossi"); !errors.Is(err, ErrNotUntold) {
		t.Errorf("while it is being told: %v", err)
	}
	tellAll(t, s, clk)
	u, err := s.Untold(t.Context())
	if err != nil || len(u) != 1 || u[0].State != "alarm" || u[0].Meaning != "refused-alarm" || !u[0].Paid || u[0].Amount != 5000 {
		t.Fatalf("%+v, %v", u, err)
	}
	if err := s.TellAgain(t.Context(), a.Payment, bill); err != nil {
		t.Fatal(err)
	}
	tellAll(t, s, clk)
	if len(node.told) != 2 {
		t.Errorf("told %v", node.told)
	}
	if err := s.SettleFor(t.Context(), a.Payment, bill, kiosk.ClosingDuplicate, ""); err == nil {
		t.Error("settled by nobody")
	}
	if err := s.SettleFor(t.Context(), a.Payment, bill, kiosk.ClosingDuplicate, "M. Rossi"); err != nil {
		t.Fatal(err)
	}
	if got := closingOf(t, s, a.Payment, bill); got != api.ClosingDuplicate || balances(t, s)["refunds"] != -5100 {
		t.Errorf("closing %q, balances %v", got, balances(t, s))
	}
	if err := s.TellAgain(t.Context(), a.Payment, bill); !errors.Is(err, ErrNotUntold) {
		t.Errorf("told after its end: %v", err)
	}
	invariants(t, s)
}

// The owner says that a bill was paid which was not paid here: a person tells him
// so, and there is nothing to be booked.
func TestTheOperatorEndsAKOThatItsOwnerContradicts(t *testing.T) {
	s, clk, node := newLent(t)
	bill, _ := foreignBill(1)
	a, err := s.Activate(t.Context(), newID(t), cartOf(bill))
	if err != nil {
		t.Fatal(err)
	}
	node.end = func(LoanOutcome) (kiosk.Closing, error) { return "", ownerAlarm{"disagreement", true} }
	push(t, s, (&writer{at: s.now()}).outcome(t, kiosk.RowNotPaid, a, ""))
	tellAll(t, s, clk)
	u, err := s.Untold(t.Context())
	if err != nil || len(u) != 1 || u[0].State != "alarm" || u[0].Paid {
		t.Fatalf("%+v, %v", u, err)
	}
	for _, closing := range []kiosk.Closing{kiosk.ClosingOK, kiosk.ClosingDuplicate} {
		if err := s.SettleFor(t.Context(), a.Payment, u[0].Bill, closing, "M. Rossi"); !errors.Is(err, ErrNotUntold) {
			t.Errorf("what was not paid was settled as %s: %v", closing, err)
		}
	}
	if err := s.SettleFor(t.Context(), a.Payment, u[0].Bill, kiosk.ClosingKO, "M. Rossi"); err != nil {
		t.Fatal(err)
	}
	if u, err = s.Untold(t.Context()); err != nil || len(u) != 0 || len(balances(t, s)) != 0 {
		t.Errorf("left: %+v, %v, balances %v", u, err, balances(t, s))
	}
	if got := closingOf(t, s, a.Payment, a.Bills[0].BillID); got != api.ClosingKo {
		t.Errorf("closing %q", got)
	}
	invariants(t, s)
}

// An owner hears when the loan ended, that he can be believed about what was taken since.
func TestAnOwnerIsToldWhenTheLoanEnded(t *testing.T) {
	s, clk, node := newLent(t)
	var told LoanOutcome
	node.end = func(o LoanOutcome) (kiosk.Closing, error) { told = o; return kiosk.ClosingOK, nil }
	bill, _ := foreignBill(1)
	a, err := s.Activate(t.Context(), newID(t), cartOf(bill))
	if err != nil {
		t.Fatal(err)
	}
	ends := s.now().Add(time.Duration(a.LifeSeconds) * time.Second)
	clk.add(2 * time.Hour)
	push(t, s, (&writer{at: s.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	tellAll(t, s, clk)
	if d := told.Expires.Sub(ends); d < 0 || d > time.Second {
		t.Errorf("told that the loan ended %s, it did %s", told.Expires, ends)
	}
}

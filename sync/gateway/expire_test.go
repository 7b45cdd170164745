package gateway

// Every activation gets its outcome, also one of which nobody says anything; and a
// kiosk's late word still counts.

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// vouch is a heartbeat of a kiosk that has nothing more to say, but for what change
// makes of it.
func vouch(t testing.TB, s *Store, last int64, change func(*api.Heartbeat)) {
	t.Helper()
	h := someBeat(s.now())
	h.Done, h.Journal = nil, api.Journal{AsOf: s.now().UnixMilli(), LastSequence: last}
	if change != nil {
		change(&h)
	}
	if _, err := s.Heartbeat(t.Context(), h); err != nil {
		t.Fatal(err)
	}
}

// expireNow looks once, and wants so many to be closed.
func expireNow(t testing.TB, s *Store, want int) {
	t.Helper()
	if n, err := s.Expire(t.Context(), ExpiryConfig{}); err != nil || n != want {
		t.Fatalf("closed %d, %v; want %d", n, err, want)
	}
}

// lastRow is a former payment of the kiosk, so that its outbox has begun.
func lastRow(t testing.TB, s *Store, w *writer) int64 {
	t.Helper()
	push(t, s, w.row(t, kiosk.RowDayClosed, kiosk.DayClose{Day: "2026-11-21"}))
	return w.sequence
}

// expiredRemote is a payment of one bill elsewhere and one here that was closed by
// time.
func expiredRemote(t testing.TB, s *Store, clk *clock) (api.Activation, *writer, api.NoticeSearch) {
	t.Helper()
	w := &writer{at: clk.now()}
	last := lastRow(t, s, w)
	bill, notice := foreignBill(1)
	a, err := s.Activate(t.Context(), newID(t), cartOf(bill, wanted(sample(t, "meals")).Bills[0]))
	if err != nil {
		t.Fatal(err)
	}
	clk.add(life + 6*time.Minute)
	vouch(t, s, last, nil)
	expireNow(t, s, 1)
	w.at = clk.now()
	return a, w, notice
}

func TestAKioskThatHasNothingMoreToSayEndsWhatExpired(t *testing.T) {
	s, clk, node := newLent(t)
	a, _, notice := expiredRemote(t, s, clk)
	expireNow(t, s, 0)
	tellAll(t, s, clk)
	if want := []string{a.Bills[0].Token + " paid false"}; !slices.Equal(node.told, want) {
		t.Errorf("told %v, want %v", node.told, want)
	}
	if got := alarms(t, s); len(got) != 0 {
		t.Errorf("alarms %v", got)
	}
	for bill, got := range map[string]api.BillStatus{"elsewhere": statusAt(t, s, notice), "here": status(t, s, sample(t, "meals"))} {
		if got != api.BillStatusPayable {
			t.Errorf("the bill %s is %s", bill, got)
		}
	}
	p, err := s.Payment(t.Context(), a.Payment)
	if err != nil || p.State != api.PaymentStateExpired || p.Bills[0].Closing != "" || p.Bills[1].Closing != "" {
		t.Errorf("a kiosk is told %+v, %v: its own word counts", p, err)
	}
	e, err := s.Evidence(t.Context(), a.Payment)
	if err != nil || e.State != api.PaymentStateExpired || e.ClosedAt == nil || e.Bills[0].Closing != kiosk.ClosingKO {
		t.Errorf("the operator is told %+v, %v", e, err)
	}
	lines, _, err := s.SearchPayments(t.Context(), PaymentSearch{State: api.PaymentStateExpired})
	if err != nil || len(lines) != 1 || lines[0].ID != a.Payment || lines[0].State != api.PaymentStateExpired || lines[0].Closed.IsZero() {
		t.Errorf("found %+v, %v", lines, err)
	}
	if r, err := s.Receipt(t.Context(), a.ReceiptToken); err != nil || r.State != api.ReceiptStateOpen {
		t.Errorf("the citizen reads %s, %v", r.State, err)
	}
	if text := metricsOf(t, s); !strings.Contains(text, `jolly_gateway_expired_total{why="vouched"} 1`) {
		t.Error("it is not counted")
	}
	invariants(t, s)
}

func TestTokensOfWhatWasClosedAreNotGivenOut(t *testing.T) {
	s, clk := newBook(t)
	w := &writer{at: clk.now()}
	last := lastRow(t, s, w)
	req, id := wanted(sample(t, "meals")), newID(t)
	if _, err := s.Activate(t.Context(), id, req); err != nil {
		t.Fatal(err)
	}
	clk.add(life + 6*time.Minute)
	vouch(t, s, last, nil)
	expireNow(t, s, 1)
	for _, back := range []time.Duration{0, -20 * time.Minute} { // a clock that is put back changes nothing
		clk.add(back)
		_, err := s.Activate(t.Context(), id, req)
		wantRefusal(t, err, api.ProblemCodeActivationExpired)
	}
	clk.add(20 * time.Minute)
	again := mustActivate(t, s, sample(t, "meals"))
	push(t, s, w.outcome(t, kiosk.RowPaid, again, kiosk.Charged))
	if got := status(t, s, sample(t, "meals")); got != api.BillStatusPaid {
		t.Errorf("the debt is %s after another payment", got)
	}
	invariants(t, s)
}

// Nobody else's word ends a payment: its kiosk may hold that it was paid.
func TestNobodyElsesWordEndsAnActivation(t *testing.T) {
	for name, c := range map[string]struct {
		early  bool // said before the margin was over
		change func(*api.Heartbeat)
	}{
		"an old program":          {false, func(h *api.Heartbeat) { h.Journal = api.Journal{} }},
		"a payment is open":       {false, func(h *api.Heartbeat) { h.Journal.OpenPayments = 1 }},
		"a row waits":             {false, func(h *api.Heartbeat) { h.Backlog.Rows = 1 }},
		"a row was refused":       {false, func(h *api.Heartbeat) { h.Backlog.Parked = 1 }},
		"a row is not here":       {false, func(h *api.Heartbeat) { h.Journal.LastSequence++ }},
		"another disk":            {false, func(h *api.Heartbeat) { h.Journal.LastSequence-- }},
		"another kiosk":           {false, func(h *api.Heartbeat) { h.Kiosk = "prato-002" }},
		"it heard us last before": {false, func(h *api.Heartbeat) { h.Journal.AsOf -= (2 * time.Minute).Milliseconds() }},
		"it never heard us":       {false, func(h *api.Heartbeat) { h.Journal.AsOf = 0 }},
		"said before its end":     {true, nil},
		"nothing is said at all":  {},
	} {
		t.Run(name, func(t *testing.T) {
			s, clk := newBook(t)
			w := &writer{at: clk.now()}
			lastRow(t, s, w)
			last := lastRow(t, s, w)
			mustActivate(t, s, sample(t, "meals"))
			clk.add(life + 4*time.Minute)
			if c.early {
				vouch(t, s, last, nil)
			}
			clk.add(2 * time.Minute)
			if c.change != nil {
				vouch(t, s, last, c.change)
			}
			expireNow(t, s, 0)
			clk.add(40 * time.Hour)
			expireNow(t, s, 0)
			clk.add(33 * time.Hour)
			expireNow(t, s, 1)
			expireNow(t, s, 0)
			if got := alarms(t, s); !slices.Equal(got, []string{reasonExpired}) {
				t.Errorf("alarms %v", got)
			}
			invariants(t, s)
		})
	}
}

// A kiosk that vouched once has vouched for what was before, whatever it says later.
func TestWhatAKioskVouchedForStays(t *testing.T) {
	s, clk := newBook(t)
	w := &writer{at: clk.now()}
	last := lastRow(t, s, w)
	mustActivate(t, s, sample(t, "meals"))
	clk.add(life + 6*time.Minute)
	vouch(t, s, last, nil)
	mustActivate(t, s, sample(t, "tia"))
	clk.add(time.Minute)
	vouch(t, s, last, func(h *api.Heartbeat) { h.Journal.OpenPayments = 1 })
	expireNow(t, s, 1)
	all, err := s.Fleet(t.Context())
	if err != nil || len(all) != 1 || all[0].Vouched == nil || !all[0].Vouched.Equal(clk.now().Add(-time.Minute)) {
		t.Errorf("%+v, %v", all, err)
	}
	vouch(t, s, last, func(h *api.Heartbeat) { h.Journal.AsOf += (24 * time.Hour).Milliseconds() }) // nobody vouches for tomorrow
	if all, err = s.Fleet(t.Context()); err != nil || !all[0].Vouched.Equal(clk.now()) {
		t.Errorf("%+v, %v", all, err)
	}
	if got := status(t, s, sample(t, "tia")); got != api.BillStatusInPayment {
		t.Errorf("the younger payment's bill is %s", got)
	}
}

func TestADoubtIsNeverEndedByTime(t *testing.T) {
	s, clk := newBook(t)
	w := &writer{at: clk.now()}
	a := mustActivate(t, s, sample(t, "meals"))
	push(t, s, w.outcome(t, kiosk.RowDoubtful, a, kiosk.Unknown))
	clk.add(1000 * time.Hour)
	vouch(t, s, w.sequence, nil)
	expireNow(t, s, 0)
	if got := status(t, s, sample(t, "meals")); got != api.BillStatusInVerification {
		t.Errorf("the debt is %s", got)
	}
}

// The kiosk's word comes after its payment was closed: it wins. What the owner was
// told goes out again as it truly is, under a key that he has not heard.
func TestALateWordWins(t *testing.T) {
	for _, told := range []bool{false, true} {
		for name, c := range map[string]struct {
			kinds   []kiosk.RowKind
			charge  kiosk.Outcome
			closing api.Closing
			state   api.PaymentState
			says    []string // after KO, where that was told
		}{
			"paid":               {[]kiosk.RowKind{kiosk.RowPaid}, kiosk.Charged, api.ClosingOk, api.PaymentStatePaid, []string{"paid true"}},
			"not paid":           {[]kiosk.RowKind{kiosk.RowNotPaid}, "", api.ClosingKo, api.PaymentStateNotPaid, nil},
			"doubt, charged":     {[]kiosk.RowKind{kiosk.RowDoubtful, kiosk.RowResolved}, kiosk.Charged, api.ClosingOk, api.PaymentStatePaid, []string{"paid true"}},
			"doubt, not charged": {[]kiosk.RowKind{kiosk.RowDoubtful, kiosk.RowResolved}, kiosk.Refused, api.ClosingKo, api.PaymentStateNotPaid, nil},
		} {
			t.Run(fmt.Sprintf("%s, told %v", name, told), func(t *testing.T) {
				s, clk, node := newLent(t)
				a, w, notice := expiredRemote(t, s, clk)
				if told {
					tellAll(t, s, clk)
				}
				for i, kind := range c.kinds {
					charge := c.charge
					if kind == kiosk.RowDoubtful {
						charge = kiosk.Unknown
					}
					push(t, s, w.outcome(t, kind, a, charge))
					if kind == kiosk.RowDoubtful && i == 0 {
						inDoubt(t, s, clk, a, notice)
					}
				}
				tellAll(t, s, clk)
				p, err := s.Payment(t.Context(), a.Payment)
				if err != nil || p.State != c.state || p.Bills[0].Closing != c.closing || p.Bills[1].Closing != c.closing {
					t.Errorf("%+v, %v; want %s, %s", p, err, c.state, c.closing)
				}
				want := c.says
				if told || want == nil {
					want = append([]string{"paid false"}, want...)
				}
				for i := range want {
					want[i] = a.Bills[0].Token + " " + want[i]
				}
				if !slices.Equal(node.told, want) { // another body under a known key would be told there, too
					t.Errorf("told %v, want %v", node.told, want)
				}
				invariants(t, s)
			})
		}
	}
}

// inDoubt: the bills are locked again, and nobody is told anything.
func inDoubt(t *testing.T, s *Store, clk *clock, a api.Activation, notice api.NoticeSearch) {
	t.Helper()
	if got := statusAt(t, s, notice); got != api.BillStatusInVerification {
		t.Errorf("in doubt the debt is %s", got)
	}
	if got := closingOf(t, s, a.Payment, a.Bills[1].BillID); got != "" {
		t.Errorf("in doubt the bill is %q", got)
	}
	invariants(t, s)
	tellAll(t, s, clk)
}

// An owner who took the KO and refuses the OK: a person decides with him, and the
// citizen reads the truth all the time.
func TestAnOwnerWhoHeardKOAndRefusesOK(t *testing.T) {
	for closing, page := range map[kiosk.Closing]api.ReceiptState{kiosk.ClosingOK: api.ReceiptStatePaid, kiosk.ClosingDuplicate: api.ReceiptStateRefundDue} {
		t.Run(string(closing), func(t *testing.T) {
			s, clk, node := newLent(t)
			a, w, _ := expiredRemote(t, s, clk)
			tellAll(t, s, clk)
			node.end = func(LoanOutcome) (kiosk.Closing, error) { return "", ownerAlarm{"disagreement", true} }
			push(t, s, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
			tellAll(t, s, clk)
			if got := alarms(t, s); !slices.Equal(got, []string{"owner-disagreement"}) {
				t.Errorf("alarms %v", got)
			}
			if r, err := s.Receipt(t.Context(), a.ReceiptToken); err != nil || r.State != api.ReceiptStateCharged {
				t.Errorf("before the decision the citizen reads %s, %v", r.State, err)
			}
			if err := s.SettleFor(t.Context(), a.Payment, a.Bills[0].BillID, closing, "M. Rossi"); err != nil {
				t.Fatal(err)
			}
			if r, err := s.Receipt(t.Context(), a.ReceiptToken); err != nil || r.State != page {
				t.Errorf("after it the citizen reads %s, %v; want %s", r.State, err, page)
			}
			cases, err := s.RefundCasesOf(t.Context(), a.Payment)
			if err != nil || len(cases) != map[kiosk.Closing]int{kiosk.ClosingDuplicate: 1}[closing] || len(cases) == 1 && cases[0].Amount != 5100 {
				t.Errorf("refund cases %+v, %v", cases, err)
			}
			invariants(t, s)
		})
	}
}

// The row of the kiosk comes while the owner is just being told KO: what comes of
// that says nothing about the OK.
func TestAKOInFlightDoesNotEndTheOK(t *testing.T) {
	for name, answer := range map[string]func() (kiosk.Closing, error){
		"taken":     func() (kiosk.Closing, error) { return kiosk.ClosingKO, nil },
		"no answer": func() (kiosk.Closing, error) { return "", errors.New("connection reset") },
		"refused":   func() (kiosk.Closing, error) { return "", ownerAlarm{"refused-alarm", true} },
	} {
		t.Run(name, func(t *testing.T) {
			s, clk, node := newLent(t)
			a, w, _ := expiredRemote(t, s, clk)
			row, first := w.outcome(t, kiosk.RowPaid, a, kiosk.Charged), true
			node.end = func(o LoanOutcome) (kiosk.Closing, error) {
				if !first {
					return kiosk.ClosingOK, nil
				}
				first = false
				push(t, s, row)
				return answer()
			}
			if n, err := NewTeller(s, TellerConfig{}, testLog()).Once(t.Context()); err != nil || n != 2 {
				t.Errorf("told %d, %v; want KO and OK", n, err)
			}
			if got := closingOf(t, s, a.Payment, a.Bills[0].BillID); got != api.ClosingOk {
				t.Errorf("closing %q", got)
			}
			if want := []string{a.Bills[0].Token + " paid false", a.Bills[0].Token + " paid true"}; !slices.Equal(node.told, want) {
				t.Errorf("told %v, want %v", node.told, want)
			}
			if got := alarms(t, s); len(got) != 0 {
				t.Errorf("alarms %v about what is no longer said", got)
			}
			invariants(t, s)
		})
	}
}

// A row that was read before it changed is not claimed any more.
func TestAKOThatWasOvertakenIsNotTold(t *testing.T) {
	s, clk, _ := newLent(t)
	a, w, _ := expiredRemote(t, s, clk)
	found, err := s.dueTellings(t.Context(), clk.now(), 10)
	if err != nil || len(found) != 1 || found[0].outcome.Paid {
		t.Fatalf("%+v, %v", found, err)
	}
	if found, err = s.claim(t.Context(), found, clk.now()); err != nil || len(found) != 1 { // tried once, and read again
		t.Fatalf("%+v, %v", found, err)
	}
	if found, err = s.dueTellings(t.Context(), clk.now(), 10); err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	push(t, s, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	if ours, err := s.claim(t.Context(), found, clk.now().Add(time.Minute)); err != nil || len(ours) != 0 {
		t.Errorf("claimed %+v, %v", ours, err)
	}
	found, err = s.dueTellings(t.Context(), clk.now(), 10)
	if err != nil || len(found) != 1 || !found[0].outcome.Paid || found[0].tries != 0 || found[0].outcome.Fee != 100 {
		t.Errorf("instead: %+v, %v; the OK is told at once, as if nothing had been said", found, err)
	}
}

func TestADebtThatWasPaidMeanwhileIsARefund(t *testing.T) {
	s, clk, node := newLent(t)
	a, w, _ := expiredRemote(t, s, clk)
	tellAll(t, s, clk)
	bill, _ := foreignBill(1)
	second := &writer{at: clk.now(), sequence: 100}
	b, err := s.Activate(t.Context(), newID(t), cartOf(bill, wanted(sample(t, "meals")).Bills[0]))
	if err != nil {
		t.Fatal(err)
	}
	push(t, s, second.outcome(t, kiosk.RowPaid, b, kiosk.Charged))
	tellAll(t, s, clk)
	v := push(t, s, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	if len(v[0].Closings) != 2 || v[0].Closings[0].Closing != api.ClosingDuplicate || v[0].Closings[1].Closing != api.ClosingDuplicate {
		t.Errorf("%+v", v[0])
	}
	tellAll(t, s, clk)
	if len(node.told) != 2 { // KO of the first, OK of the second: there is nothing to add
		t.Errorf("told %v", node.told)
	}
	if got := balances(t, s)["refunds"]; got != -(5100 + 6350) {
		t.Errorf("refunds %s", got)
	}
	invariants(t, s)
}

// The gateway died between its lock and the loan, and nobody ever asked again.
func TestAHalfLentActivationIsEnded(t *testing.T) {
	s, clk, node := newLent(t)
	bill, notice := foreignBill(1)
	id := newID(t)
	lockOnly(t, s, id, cartOf(bill))
	clk.add(73 * time.Hour)
	expireNow(t, s, 1)
	tellAll(t, s, clk)
	if len(node.keys) != 1 || node.keys[0] != loanKey(id, bill.BillID) || len(node.told) != 1 || !strings.HasSuffix(node.told[0], "paid false") {
		t.Errorf("asked with %v, told %v", node.keys, node.told)
	}
	if got := statusAt(t, s, notice); got != api.BillStatusPayable {
		t.Errorf("the debt is %s", got)
	}
	invariants(t, s)
}

// Several gateways on one book look at the same time, and kiosks come back in the
// same moment.
func TestManyGatewaysExpireOnce(t *testing.T) {
	s, clk := newBook(t)
	const payments = 12
	var rows []api.Row
	w := &writer{at: clk.now()}
	for i := range payments {
		a := mustActivate(t, s, newDebt(t, s, i))
		clk.add(time.Second)
		if i%2 == 0 {
			rows = append(rows, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
		}
	}
	clk.add(80 * time.Hour)
	var closed atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			n, err := s.Expire(t.Context(), ExpiryConfig{})
			if err != nil {
				t.Error(err)
			}
			closed.Add(int64(n))
		})
	}
	for _, row := range rows {
		wg.Go(func() {
			if answer, err := s.Push(t.Context(), testKiosk, []api.Row{row}); err != nil || answer.Verdicts[0].Verdict != api.VerdictCodeAccepted {
				t.Errorf("%+v, %v", answer, err)
			}
		})
	}
	wg.Wait()
	states := map[outcome.State]int{}
	err := each(t.Context(), s.read, func(rows *sql.Rows) error {
		var state outcome.State
		var n int
		err := rows.Scan(&state, &n)
		states[state] = n
		return err
	}, "SELECT state, count(*) FROM payments WHERE request_hash <> 'seed' GROUP BY state")
	if err != nil || states[outcome.Paid] != payments/2 || states[outcome.Expired] != payments/2 || closed.Load() < payments/2 || closed.Load() > payments {
		t.Errorf("%v, %v; closed %d", states, err, closed.Load())
	}
	invariants(t, s)
}

// newDebt is a debt that no other test pays.
func newDebt(t testing.TB, s *Store, i int) Sample {
	t.Helper()
	r := sampleRow{name: fmt.Sprintf("expiry-%d", i), subject: "s", base: 7_000_000_000_000 + i, paper: 1000, days: 9}.filled()
	err := s.inTx(t.Context(), func(tx *sql.Tx) error { return s.seedDebts(t.Context(), tx, []sampleRow{r}) })
	if err != nil {
		t.Fatal(err)
	}
	return r.sample()
}

package gateway

// Outcomes: the table of outcome.go and what surrounds it.

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// The table of outcome.go, cell by cell: what a payment went through, the row
// that comes, and what is then true.
func TestOutcomes(t *testing.T) {
	const (
		expiry    = kiosk.RowKind("(the activation expires)")
		otherTook = kiosk.RowKind("(another payment settles the bill)")
		otherHas  = kiosk.RowKind("(another payment activates the bill)")
		yes, no   = kiosk.Charged, kiosk.Refused
	)
	type step struct {
		kind   kiosk.RowKind
		charge kiosk.Outcome
	}
	paid, notPaid, doubtful := step{kiosk.RowPaid, yes}, step{kiosk.RowNotPaid, ""}, step{kiosk.RowDoubtful, kiosk.Unknown}
	resolvedYes, resolvedNo := step{kiosk.RowResolved, yes}, step{kiosk.RowResolved, no}
	const sum = 6350 // 62.50 and the fee
	settled := map[string]kiosk.Amount{outcome.AccountClearing: sum, outcome.CreditorAccount(string(prato)): -6250, outcome.AccountFees: -100}
	// what another payment's settlement and this one's refund case come to
	refund := map[string]kiosk.Amount{outcome.AccountClearing: 2 * sum, outcome.CreditorAccount(string(prato)): -6250, outcome.AccountFees: -100, outcome.AccountRefunds: -sum}
	suspense := map[string]kiosk.Amount{outcome.AccountClaim: sum, outcome.AccountHeld: -sum}
	for name, c := range map[string]struct {
		before  []step
		row     step
		verdict api.VerdictCode
		reason  string
		closing api.Closing
		bill    api.BillStatus
		ledger  map[string]kiosk.Amount
	}{
		"paid":                              {nil, paid, "accepted", "", "ok", "paid", settled},
		"declined":                          {nil, notPaid, "accepted", "", "ko", "payable", nil},
		"doubtful":                          {nil, doubtful, "accepted", "", "", "in-verification", suspense},
		"doubtful outlives the expiry":      {[]step{doubtful}, step{expiry, ""}, "", "", "", "in-verification", suspense},
		"doubtful, then charged":            {[]step{doubtful}, resolvedYes, "accepted", "", "ok", "paid", settled},
		"doubtful, then refused":            {[]step{doubtful}, resolvedNo, "accepted", "", "ko", "payable", nil},
		"doubtful, then paid":               {[]step{doubtful}, paid, "accepted", "", "ok", "paid", settled},
		"doubtful, then not paid":           {[]step{doubtful}, notPaid, "parked", outcome.ReasonDoubtful, "", "in-verification", suspense},
		"doubtful twice":                    {[]step{doubtful}, doubtful, "accepted", "", "", "in-verification", suspense},
		"charged without a doubt before":    {nil, resolvedYes, "accepted", "", "ok", "paid", settled},
		"refused without a doubt before":    {nil, resolvedNo, "accepted", "", "ko", "payable", nil},
		"paid late":                         {[]step{{expiry, ""}}, paid, "accepted", "", "ok", "paid", settled},
		"paid late, somebody else has it":   {[]step{{expiry, ""}, {otherHas, ""}}, paid, "accepted", "", "ok", "paid", settled},
		"paid late, somebody else paid":     {[]step{{expiry, ""}, {otherTook, ""}}, paid, "accepted", "", "duplicate", "paid", refund},
		"resolved late, somebody else paid": {[]step{{expiry, ""}, {otherTook, ""}, doubtful}, resolvedYes, "accepted", "", "duplicate", "paid", refund},
		"not paid late":                     {[]step{{expiry, ""}}, notPaid, "accepted", "", "ko", "payable", nil},
		"not paid late, somebody else has":  {[]step{{expiry, ""}, {otherHas, ""}}, notPaid, "accepted", "", "ko", "in-payment", nil},
		"paid twice, the same charge":       {[]step{paid}, paid, "accepted", "", "ok", "paid", settled},
		"paid, then resolved":               {[]step{paid}, resolvedYes, "accepted", "", "ok", "paid", settled},
		"paid, then not paid":               {[]step{paid}, notPaid, "parked", outcome.ReasonClosed, "ok", "paid", settled},
		"paid, then doubtful":               {[]step{paid}, doubtful, "parked", outcome.ReasonClosed, "ok", "paid", settled},
		"paid, then refused":                {[]step{paid}, resolvedNo, "parked", outcome.ReasonClosed, "ok", "paid", settled},
		"not paid twice":                    {[]step{notPaid}, notPaid, "accepted", "", "ko", "payable", nil},
		"not paid, then refused":            {[]step{notPaid}, resolvedNo, "accepted", "", "ko", "payable", nil},
		"not paid, then doubtful":           {[]step{notPaid}, doubtful, "parked", outcome.ReasonClosed, "ko", "payable", nil},
		"not paid, then paid": {[]step{notPaid}, paid, "parked", outcome.ReasonClosed, "ko", "payable",
			map[string]kiosk.Amount{outcome.AccountClearing: sum, outcome.AccountHeld: -sum}},
		"not paid, then paid twice": {[]step{notPaid, paid}, paid, "parked", outcome.ReasonClosed, "ko", "payable",
			map[string]kiosk.Amount{outcome.AccountClearing: sum, outcome.AccountHeld: -sum}},
	} {
		t.Run(name, func(t *testing.T) {
			s, clk := newBook(t)
			p := sample(t, "meals")
			a := mustActivate(t, s, p)
			w := &writer{at: s.now()}
			do := func(st step) []api.Verdict {
				switch st.kind {
				case expiry:
					clk.add(life)
				case otherHas:
					mustActivate(t, s, p)
				case otherTook:
					push(t, s, w.outcome(t, kiosk.RowPaid, mustActivate(t, s, p), yes))
				default:
					return push(t, s, w.outcome(t, st.kind, a, st.charge))
				}
				return nil
			}
			for _, st := range c.before {
				do(st)
			}
			if got := do(c.row); got != nil {
				v := got[0]
				if v.Verdict != c.verdict || v.Reason != c.reason {
					t.Errorf("verdict %s %q, want %s %q", v.Verdict, v.Reason, c.verdict, c.reason)
				}
				if got := closing(v.Closings); got != c.closing {
					t.Errorf("closing %q, want %q", got, c.closing)
				}
			}
			if got := status(t, s, p); got != c.bill {
				t.Errorf("bill is %s, want %s", got, c.bill)
			}
			if got := balances(t, s); !equal(got, c.ledger) {
				t.Errorf("ledger %v, want %v", got, c.ledger)
			}
		})
	}
}

func closing(all []api.BillClosing) api.Closing {
	if len(all) == 0 {
		return ""
	}
	return all[0].Closing
}

func equal(a, b map[string]kiosk.Amount) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// One charge can end ok for two bills and duplicate for the third.
func TestClosingIsPerBill(t *testing.T) {
	s, clk := newBook(t)
	meals, tia, fine := sample(t, "meals"), sample(t, "tia"), sample(t, "fine-reduced")
	a := mustActivate(t, s, meals, tia, fine)
	clk.add(life)
	w := &writer{at: s.now()}
	push(t, s, w.outcome(t, kiosk.RowPaid, mustActivate(t, s, tia), kiosk.Charged))
	v := push(t, s, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))[0]
	want := []api.BillClosing{{BillID: "debt-meals", Closing: "ok"}, {BillID: "debt-tia", Closing: "duplicate"}, {BillID: "debt-fine-reduced", Closing: "ok"}}
	if !slices.Equal(v.Closings, want) {
		t.Errorf("closings %v, want %v", v.Closings, want)
	}
	if got := balances(t, s)[outcome.AccountRefunds]; got != -4220 {
		t.Errorf("refunds %s, want the bill and its fee: -42.20", got)
	}
	p, err := s.Payment(t.Context(), a.Payment)
	if err != nil {
		t.Fatal(err)
	}
	if p.State != api.PaymentStatePaid || p.Outcome != api.OutcomeCharged || p.Bills[1].Closing != api.ClosingDuplicate {
		t.Errorf("payment %+v", p)
	}
}

// The activation's answer was lost: the kiosk knows the payment and the bills, no tokens.
func TestNotPaidWithoutTokensClosesWhatThePaymentHolds(t *testing.T) {
	for name, bills := range map[string][]outcome.BodyBill{"no tokens": {{BillID: "debt-meals"}}, "no bills": nil} {
		t.Run(name, func(t *testing.T) {
			s, _ := newBook(t)
			p := sample(t, "meals")
			a := mustActivate(t, s, p)
			w := &writer{at: s.now()}
			v := push(t, s, w.row(t, kiosk.RowNotPaid, rowBody{Payment: a.Payment, Bills: bills, Reason: "cancelled"}))[0]
			if v.Verdict != api.VerdictCodeAccepted || closing(v.Closings) != api.ClosingKo {
				t.Errorf("verdict %+v", v)
			}
			if got := status(t, s, p); got != api.BillStatusPayable {
				t.Errorf("bill is %s", got)
			}
		})
	}
}

// The activation itself was lost, or overtaken by its own cancellation: a late
// one must not lock anything.
func TestNotPaidBeforeActivationClosesItAhead(t *testing.T) {
	s, _ := newBook(t)
	p, id := sample(t, "meals"), newID(t)
	w := &writer{at: s.now()}
	v := push(t, s, w.row(t, kiosk.RowNotPaid, rowBody{Payment: id, Bills: []outcome.BodyBill{{BillID: "debt-meals"}}, Reason: "expired"}))[0]
	if v.Verdict != api.VerdictCodeAccepted || !slices.Equal(v.Closings, []api.BillClosing{{BillID: "debt-meals", Closing: api.ClosingKo}}) {
		t.Errorf("verdict %+v", v)
	}
	_, err := s.Activate(t.Context(), id, wanted(p))
	wantRefusal(t, err, api.ProblemCodeActivationClosed)
	if got := status(t, s, p); got != api.BillStatusPayable {
		t.Errorf("bill is %s", got)
	}
	if v := push(t, s, w.row(t, kiosk.RowNotPaid, rowBody{Payment: id, Reason: "expired"}))[0]; v.Verdict != api.VerdictCodeAccepted {
		t.Errorf("again: %+v", v)
	}
	paid := rowBody{Payment: id, Bills: []outcome.BodyBill{{BillID: "debt-meals", Token: "x", Amount: 6250, Fee: 100}}, Fee: 100, Total: 6350,
		Charge: &kiosk.ChargeResult{Outcome: kiosk.Charged, Amount: 6350}}
	if v := push(t, s, w.row(t, kiosk.RowPaid, paid))[0]; v.Verdict != api.VerdictCodeParked {
		t.Errorf("paid without an activation: %+v", v)
	}
}

// A paid row that does not fit its activation is for a person; its bills stay
// locked, because money may have been taken.
func TestMisfittingPaidRowLocksItsBills(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*rowBody)
		reason string
	}{
		"another total":         {func(b *rowBody) { b.Total++ }, outcome.ReasonAmount},
		"another fee":           {func(b *rowBody) { b.Fee++ }, outcome.ReasonAmount},
		"another charge amount": {func(b *rowBody) { b.Charge.Amount-- }, outcome.ReasonAmount},
		"a bill too few":        {func(b *rowBody) { b.Bills = b.Bills[:1] }, outcome.ReasonBills},
		"a bill twice":          {func(b *rowBody) { b.Bills[1] = b.Bills[0] }, outcome.ReasonBills},
		"a strange token":       {func(b *rowBody) { b.Bills[0].Token = "0" }, outcome.ReasonBills},
		"an amount moved":       {func(b *rowBody) { b.Bills[0].Amount--; b.Bills[1].Amount++ }, outcome.ReasonBills},
		"charge refused":        {func(b *rowBody) { b.Charge.Outcome = kiosk.Refused }, outcome.ReasonOutcome},
		"no charge":             {func(b *rowBody) { b.Charge = nil }, outcome.ReasonOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			s, clk := newBook(t)
			p := sample(t, "meals")
			a := mustActivate(t, s, p, sample(t, "tia"))
			body := outcomeBody(kiosk.RowPaid, a, kiosk.Charged)
			c.change(&body)
			w := &writer{at: s.now()}
			if v := push(t, s, w.row(t, kiosk.RowPaid, body))[0]; v.Verdict != api.VerdictCodeParked || v.Reason != c.reason {
				t.Errorf("verdict %s %q, want parked %q", v.Verdict, v.Reason, c.reason)
			}
			clk.add(24 * time.Hour)
			if got := status(t, s, p); got != api.BillStatusInVerification {
				t.Errorf("bill is %s", got)
			}
			if v := push(t, s, w.outcome(t, kiosk.RowResolved, a, kiosk.Charged))[0]; v.Verdict != api.VerdictCodeAccepted || closing(v.Closings) != api.ClosingOk {
				t.Errorf("the right row afterwards: %+v", v)
			}
		})
	}
}

// The terminal may not have told the amount (protocol: last result without it).
func TestChargeWithoutAmountCountsAsTheTotal(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	body := outcomeBody(kiosk.RowResolved, a, kiosk.Charged)
	body.Charge.Amount = 0
	w := &writer{at: s.now()}
	if v := push(t, s, w.row(t, kiosk.RowResolved, body))[0]; v.Verdict != api.VerdictCodeAccepted {
		t.Fatalf("verdict %+v", v)
	}
	e, err := s.Evidence(t.Context(), a.Payment)
	if err != nil {
		t.Fatal(err)
	}
	if e.Charge.Amount != 6350 || e.Charge.STAN != "000123" {
		t.Errorf("charge %+v", e.Charge)
	}
}

func TestSecondChargeOfOnePaymentIsParked(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	push(t, s, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	body := outcomeBody(kiosk.RowPaid, a, kiosk.Charged)
	body.Charge.STAN = "000124"
	if v := push(t, s, w.row(t, kiosk.RowPaid, body))[0]; v.Verdict != api.VerdictCodeParked || v.Reason != outcome.ReasonCharge {
		t.Errorf("verdict %+v", v)
	}
}

// The operator decided here; the kiosk learns it and says so, without a STAN.
func TestDecisionThatComesBackFromTheKiosk(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	w := &writer{at: s.now()}
	push(t, s, w.outcome(t, kiosk.RowDoubtful, a, kiosk.Unknown), w.outcome(t, kiosk.RowResolved, a, kiosk.Charged))
	body := outcomeBody(kiosk.RowResolved, a, kiosk.Charged)
	body.Charge.STAN = ""
	if v := push(t, s, w.row(t, kiosk.RowResolved, body))[0]; v.Verdict != api.VerdictCodeAccepted || closing(v.Closings) != api.ClosingOk {
		t.Errorf("verdict %+v", v)
	}
	body.Charge.STAN = "000999"
	if v := push(t, s, w.row(t, kiosk.RowResolved, body))[0]; v.Verdict != api.VerdictCodeParked || v.Reason != outcome.ReasonCharge {
		t.Errorf("another charge: %+v", v)
	}
}

// The closing of a terminal's day belongs to no payment: it is kept, no more.
func TestDayOfATerminalIsKept(t *testing.T) {
	s, _ := newBook(t)
	w := &writer{at: s.now()}
	before := balances(t, s)
	d := kiosk.DayClose{Day: "2026-11-22", Journal: 8640, Charges: 1, Whole: true, Terminal: 8640}
	closing := w.row(t, kiosk.RowDayClosing, d)
	d.Close = kiosk.TerminalClose{Outcome: kiosk.CloseDone, Total: 8640, HostTotal: 8640}
	closed := w.row(t, kiosk.RowDayClosed, d)
	broken := w.row(t, kiosk.RowDayClosed, map[string]string{"day": ""})
	verdicts := push(t, s, closing, closed, broken)
	for i, want := range []api.VerdictCode{api.VerdictCodeAccepted, api.VerdictCodeAccepted, api.VerdictCodeParked} {
		if verdicts[i].Verdict != want {
			t.Errorf("row %d: %+v, want %s", i, verdicts[i], want)
		}
	}
	if after := balances(t, s); !maps.Equal(before, after) {
		t.Errorf("money moved: %v, %v", before, after)
	}
}

func TestAnotherKioskCannotEndAPayment(t *testing.T) {
	s, _ := newBook(t)
	p := sample(t, "meals")
	a := mustActivate(t, s, p)
	w := &writer{at: s.now()}
	answer, err := s.Push(t.Context(), "prato-666", []api.Row{w.outcome(t, kiosk.RowNotPaid, a, "")})
	if err != nil {
		t.Fatal(err)
	}
	if v := answer.Verdicts[0]; v.Verdict != api.VerdictCodeParked || v.Reason != outcome.ReasonKiosk {
		t.Errorf("verdict %+v", v)
	}
	if got := status(t, s, p); got != api.BillStatusInPayment {
		t.Errorf("bill is %s", got)
	}
}

func TestEvidenceTellsTheWholePayment(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "amount-changes"))
	w := &writer{at: s.now()}
	paid := w.outcome(t, kiosk.RowPaid, a, kiosk.Charged)
	printed := w.row(t, kiosk.RowReceiptDone, map[string]string{"payment": a.Payment, "kind": "receipt", "number": "prato-001-17"})
	printed.Payment = a.Payment
	for _, v := range push(t, s, paid, sealed(printed)) {
		if v.Verdict != api.VerdictCodeAccepted {
			t.Fatalf("verdict %+v", v)
		}
	}
	e, err := s.Evidence(t.Context(), a.Payment)
	if err != nil {
		t.Fatal(err)
	}
	if e.Charge.Amount != 3110 || e.Total != 3110 || e.Charge.STAN != "000123" || e.Ref != "7K4P-22" || e.State != api.PaymentStatePaid {
		t.Errorf("evidence %+v", e)
	}
	if len(e.Rows) != 2 || e.Rows[1].Kind != "receipt.printed" || len(e.Bills) != 1 || e.Bills[0].Expected != 3000 || e.Bills[0].Amount != 3010 {
		t.Errorf("evidence %+v", e)
	}
	var sum kiosk.Amount
	for _, p := range e.Postings {
		sum += p.Amount
	}
	if len(e.Postings) != 3 || sum != 0 {
		t.Errorf("postings %+v", e.Postings)
	}
}

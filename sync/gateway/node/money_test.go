package node_test

// The node's own counts against the gateway's ledger: whatever goes wrong at
// whatever call, with restarts in between, both end with the same money.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/node"
	"github.com/tserve/jolly/sync/gateway/node/sim"
	"github.com/tserve/jolly/sync/gateway/node/wire"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

const pisa kiosk.CreditorCode = "00341620508"

// till is a gateway with its node, and a kiosk that pays at it.
type till struct {
	*sim.Node
	t        *testing.T
	path     string
	clock    *hands
	client   *node.Client // one of the two
	patient  *node.Client
	hasty    *node.Client // for a node that does not answer
	store    *gateway.Store
	teller   *gateway.Teller
	rng      *rand.Rand
	sequence int64
	notices  int
	asked    int          // bills about which the node's desk was asked
	lent     int          // payments that got their tokens
	charged  kiosk.Amount // by the card, in all
	steady   bool         // no restarts
}

func newTill(t *testing.T) *till {
	t.Helper()
	return newTillBehind(t, time.Minute, func(h http.Handler) http.Handler { return h })
}

// newTillBehind has something between the gateway and its node.
func newTillBehind(t *testing.T, timeout time.Duration, line func(http.Handler) http.Handler) *till {
	t.Helper()
	w := &till{t: t, path: t.TempDir() + "/book.db", clock: newClock(), rng: rand.New(rand.NewPCG(1, 2))}
	w.Node = sim.New(sim.Config{Now: w.clock.now})
	server := httptest.NewServer(line(w.Node))
	t.Cleanup(server.Close)
	w.patient, w.hasty = clientOf(t, server.URL, timeout), clientOf(t, server.URL, 500*time.Millisecond)
	w.client = w.patient
	w.start()
	if err := w.store.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func clientOf(t *testing.T, url string, timeout time.Duration) *node.Client {
	t.Helper()
	c, err := node.New(node.Config{
		URL: url, Caller: sim.Known(), PSPCode: "97735020584", Timeout: timeout, Pause: time.Millisecond, Failures: 1 << 30,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// hurry lets the gateway wait for the node for a moment only, or not.
func (w *till) hurry(hasty bool) {
	if w.client = w.patient; hasty {
		w.client = w.hasty
	}
	w.store.UseSource(node.NewSource(w.client, w.clock.now), pisa)
}

func (w *till) start() {
	w.t.Helper()
	var err error
	w.store, err = gateway.Open(w.t.Context(), w.path, gateway.StoreConfig{Now: w.clock.now}, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	w.store.UseSource(node.NewSource(w.client, w.clock.now), pisa)
	w.teller = gateway.NewTeller(w.store, gateway.TellerConfig{}, slog.New(slog.DiscardHandler))
}

// restart is a new process on the same book, now and then.
func (w *till) restart() {
	w.t.Helper()
	if w.steady || w.rng.IntN(3) > 0 {
		return
	}
	if err := w.store.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.start()
}

// bills are new debts at the node.
func (w *till) bills(n int) []api.WantedBill {
	var all []api.WantedBill
	for range n {
		w.notices++
		number := kiosk.NoticeNumber(fmt.Sprintf("302%015d", w.notices))
		amount := kiosk.Amount(1000 + w.notices)
		w.Add(pisa, number, sim.Debt{Parts: []kiosk.Amount{amount}, Subject: "Multa", Due: "2026-12-31"})
		all = append(all, api.WantedBill{BillID: "node-" + string(pisa) + "-" + string(number), Notice: string(number), Creditor: string(pisa), Amount: amount.Cents()})
	}
	return all
}

// activate is a kiosk's call, and its repeat where it had no answer.
func (w *till) activate(bills []api.WantedBill) (string, api.Activation, bool) {
	w.t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := w.store.Activate(w.t.Context(), id.String(), api.ActivationRequest{Kiosk: "k1", Bills: bills})
	var refusal *gateway.Refusal
	if err != nil && !errors.As(err, &refusal) {
		w.t.Fatal(err)
	}
	w.restart()
	if err == nil {
		w.lent++
	}
	return id.String(), a, err == nil
}

// end delivers the kiosk's row.
func (w *till) end(id string, a api.Activation, kind kiosk.RowKind) {
	w.t.Helper()
	body := map[string]any{"payment": id, "fee": a.Fee, "total": a.Total, "language": "it", "kiosk": "k1", "ref": "7K4P-22", "bills": []outcome.BodyBill{}}
	var bills []outcome.BodyBill
	for _, b := range a.Bills {
		bills = append(bills, outcome.BodyBill{BillID: b.BillID, Token: b.Token, Amount: kiosk.Cents(b.Amount), Fee: kiosk.Cents(b.Fee)})
	}
	body["bills"] = bills
	if kind == kiosk.RowPaid {
		body["charge"] = kiosk.ChargeResult{Outcome: kiosk.Charged, Amount: kiosk.Cents(a.Total), STAN: "000123", TerminalID: "31415926"}
		w.charged += kiosk.Cents(a.Total)
	} else {
		body["reason"], body["bills"] = "declined", []outcome.BodyBill{}
	}
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.sequence++
	sum := sha256.Sum256(text)
	row := api.Row{
		Sequence: w.sequence, ID: id + "/" + string(kind), Payment: id, Kind: string(kind), OccurredAt: w.clock.now().UnixMilli(), ClockTrusted: true,
		Body: string(text), Hash: hex.EncodeToString(sum[:]),
	}
	for range 1 + w.rng.IntN(2) { // the answer may be lost
		answer, err := w.store.Push(w.t.Context(), "k1", []api.Row{row})
		if err != nil {
			w.t.Fatal(err)
		}
		if v := answer.Verdicts[0]; v.Verdict != api.VerdictCodeAccepted && v.Verdict != api.VerdictCodeDuplicate {
			w.t.Fatalf("%s: %+v", kind, v)
		}
		w.restart()
	}
}

// tell lets time go by until nothing is left to be told.
func (w *till) tell() {
	w.t.Helper()
	for quiet := 0; quiet < 2; {
		n, err := w.teller.Once(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if quiet++; n > 0 || w.ask() > 0 {
			quiet = 0
		}
		w.restart()
		w.clock.add(6 * time.Minute)
	}
}

// ask is the operator who speaks with the node's desk: what may have been taken too
// late to be sure of its answer is settled as it was.
func (w *till) ask() (settled int) {
	w.t.Helper()
	untold, err := w.store.Untold(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, u := range untold {
		if u.State != "alarm" || u.Meaning != string(node.AcquiredLate) {
			continue
		}
		e, err := w.store.Evidence(w.t.Context(), u.Payment)
		if err != nil {
			w.t.Fatal(err)
		}
		closing := kiosk.ClosingDuplicate
		for _, b := range e.Bills {
			if b.BillID == u.Bill && w.Took(b.Token) {
				closing = kiosk.ClosingOK
			}
		}
		if err := w.store.SettleFor(w.t.Context(), u.Payment, u.Bill, closing, "M. Rossi"); err != nil {
			w.t.Fatal(err)
		}
		w.asked++
		settled++
	}
	return settled
}

// agree holds the two books against each other.
func (w *till) agree() {
	w.t.Helper()
	all, err := w.store.Balances(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var owed, refunds, fees, clearing kiosk.Amount
	for _, b := range all {
		switch {
		case strings.HasPrefix(b.Account, "creditor:"):
			owed -= b.Balance
		case b.Account == outcome.AccountRefunds:
			refunds -= b.Balance
		case b.Account == outcome.AccountFees:
			fees -= b.Balance
		case b.Account == outcome.AccountClearing:
			clearing = b.Balance
		}
	}
	c := w.Counts()
	if owed != c.Money {
		w.t.Errorf("the ledger owes %s to the creditors, the node counts %s", owed, c.Money)
	}
	if clearing != w.charged || owed+refunds+fees != clearing {
		w.t.Errorf("charged %s, in the ledger %s = %s owed + %s refunds + %s fees", w.charged, clearing, owed, refunds, fees)
	}
	if ended := c.PaidOK + c.PaidLate + c.KO + c.Duplicates; ended != c.Activated {
		w.t.Errorf("%d activations, %d outcomes: %+v", c.Activated, ended, c)
	}
	if (refunds > 0) != (c.Duplicates > 0) || c.Disagreements > 0 {
		w.t.Errorf("refunds %s, the node counts %+v", refunds, c)
	}
	findings, err := w.store.Examine(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range findings {
		if !f.OK {
			w.t.Errorf("%s: %s", f.Name, f.Detail)
		}
	}
}

var everyTrouble = []sim.Trouble{
	{Kind: sim.TroubleDropBefore}, {Kind: sim.TroubleDropAfter}, {Kind: sim.TroublePage}, {Kind: sim.TroubleHalf}, {Kind: sim.TroubleSOAP},
	{Kind: sim.TroubleEntities}, {Kind: sim.TroubleSlow, Delay: time.Hour}, {Kind: sim.TroubleFault, Fault: "PPT_SYSTEM_ERROR"},
	{Kind: sim.TroubleFault, Fault: "PPT_AUTENTICAZIONE"}, {Kind: sim.TroubleFault, Fault: "PPT_SEMANTICA"},
}

func TestTheNodesMoneyIsTheLedgers(t *testing.T) {
	w := newTill(t)
	for _, trouble := range everyTrouble {
		for _, action := range []string{wire.ActionVerify, wire.ActionActivate, wire.ActionOutcome} {
			for _, times := range []int{1, 4} {
				if trouble.Kind == sim.TroubleSlow && times > 1 {
					continue // it takes as long as it says
				}
				for range times {
					w.Make(action, trouble)
				}
				w.hurry(trouble.Kind == sim.TroubleSlow)
				w.visit(w.rng.IntN(2) == 0, w.rng.IntN(6))
			}
		}
	}
	if c := w.Counts(); c.PaidOK == 0 || c.PaidLate == 0 || c.Duplicates == 0 || c.KO == 0 || w.lent < 30 {
		t.Errorf("%d payments lent, the node counts %+v: not all was met", w.lent, c)
	}
	if w.asked == 0 {
		t.Error("no outcome was taken late without an answer: not all was met")
	}
	w.agree()
	t.Logf("%d payments lent, charged %s, the desk asked %d times, the node: %+v", w.lent, w.charged, w.asked, w.Counts())
}

// visit is one cart: activated, and paid or given up, late or in time.
func (w *till) visit(pay bool, mishap int) {
	w.t.Helper()
	bills := w.bills(1 + w.rng.IntN(3))
	id, a, ok := w.activate(bills)
	for try := 0; !ok && try < 6; try++ { // the citizen tries again
		w.end(id, api.Activation{}, kiosk.RowNotPaid)
		w.tell()
		id, a, ok = w.activate(bills)
	}
	if !ok {
		w.t.Fatal("the bills cannot be had")
	}
	switch mishap {
	case 0:
		w.clock.add(31 * time.Minute) // the outcome is late
	case 1:
		if pay {
			w.PayElsewhere(pisa, kiosk.NoticeNumber(bills[0].Notice))
		}
	case 2:
		w.expire() // and the kiosk's row comes before the node heard of it
	case 3:
		if !pay {
			w.expire()
			w.tell()
			return // the kiosk never says anything
		}
	}
	kind := kiosk.RowNotPaid
	if pay {
		kind = kiosk.RowPaid
	}
	w.end(id, a, kind)
	w.tell()
}

// expire lets the deadline of what has no outcome go by.
func (w *till) expire() {
	w.t.Helper()
	w.clock.add(73 * time.Hour)
	if n, err := w.store.Expire(w.t.Context(), gateway.ExpiryConfig{}); err != nil || n != 1 {
		w.t.Fatalf("closed %d, %v", n, err)
	}
	w.restart()
}

// The node heard KO, and then the kiosk comes back with a card that was charged: it
// refuses the OK, a person speaks with its desk, and both books agree again.
func TestAnOKAfterTheKOIsAPersonsCase(t *testing.T) {
	for closing, c := range map[kiosk.Closing]struct {
		page  api.ReceiptState
		cases int
	}{kiosk.ClosingDuplicate: {api.ReceiptStateRefundDue, 1}, kiosk.ClosingOK: {api.ReceiptStatePaid, 0}} {
		t.Run(string(closing), func(t *testing.T) {
			w := newTill(t)
			id, a, ok := w.activate(w.bills(1))
			if !ok {
				t.Fatal("the bill cannot be had")
			}
			w.expire()
			w.tell()
			if n := w.Counts(); n.KO != 1 {
				t.Fatalf("the node counts %+v", n)
			}
			w.end(id, a, kiosk.RowPaid)
			w.tell()
			if n := w.Counts(); n.Disagreements != 1 || n.Money != 0 {
				t.Errorf("the node counts %+v: the OK went out under a key that it knows, or not at all", n)
			}
			untold, err := w.store.Untold(t.Context())
			if err != nil || len(untold) != 1 || untold[0].State != "alarm" || untold[0].Meaning != string(node.Disagreement) || !untold[0].Paid {
				t.Errorf("untold %+v, %v", untold, err)
			}
			w.reads(a, api.ReceiptStateCharged, 0)
			if err := w.store.SettleFor(t.Context(), id, a.Bills[0].BillID, closing, "M. Rossi"); err != nil {
				t.Fatal(err)
			}
			w.reads(a, c.page, c.cases)
		})
	}
}

// reads wants the citizen's page to say so, and so many refund cases.
func (w *till) reads(a api.Activation, page api.ReceiptState, cases int) {
	w.t.Helper()
	if r, err := w.store.Receipt(w.t.Context(), a.ReceiptToken); err != nil || r.State != page {
		w.t.Errorf("the citizen reads %s, %v; want %s", r.State, err, page)
	}
	all, err := w.store.RefundCasesOf(w.t.Context(), a.Payment)
	if err != nil || len(all) != cases || cases == 1 && all[0].Amount != kiosk.Cents(a.Total) {
		w.t.Errorf("refund cases %+v, %v; want %d", all, err, cases)
	}
}

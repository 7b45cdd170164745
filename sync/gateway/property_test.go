package gateway

// Properties: whatever kiosks do in whatever order, one debt is paid once, no
// answer changes, the ledger sums to zero and agrees with the closings.

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// world is the gateway and what a bystander who saw every answer knows.
type world struct {
	store   *Store
	clock   *clock
	kiosks  map[string]*writer
	pays    map[string]*seenPayment
	answers map[string]api.Verdict // by row id, the first answer
	sent    []sentRow
}

type seenPayment struct {
	kiosk      string
	request    api.ActivationRequest
	activation api.Activation
	expires    time.Time
}

type sentRow struct {
	kiosk string
	row   api.Row
}

// channels are where payers stand; none named is a kiosk.
var channels = []api.Channel{"", api.ChannelJolly, api.ChannelCounter, api.ChannelTill, api.ChannelWeb}

var propertyPapers = []string{"meals", "tia", "fine-reduced", "pisa-fine", "paid", "amount-changes"}

func (w *world) activate(t *rapid.T) {
	k := rapid.SampledFrom([]string{"k1", "k2", "k3"}).Draw(t, "kiosk")
	names := rapid.SliceOfNDistinct(rapid.SampledFrom(propertyPapers), 1, 3, rapid.ID[string]).Draw(t, "papers")
	var papers []Sample
	for _, n := range names {
		papers = append(papers, sample(t, n))
	}
	req := wanted(papers...)
	req.Kiosk, req.Channel = k, rapid.SampledFrom(channels).Draw(t, "channel")
	id := newID(t)
	a, err := w.store.Activate(context.Background(), id, req)
	var r *Refusal
	if errors.As(err, &r) {
		return
	}
	if err != nil {
		t.Fatalf("activate: %v", err)
	}
	w.pays[id] = &seenPayment{kiosk: k, request: req, activation: a, expires: w.clock.now().Add(life)}
}

// again repeats an activation: the same tokens, or a refusal.
func (w *world) again(t *rapid.T) {
	p := w.pick(t)
	a, err := w.store.Activate(context.Background(), p.activation.Payment, p.request)
	var r *Refusal
	if errors.As(err, &r) {
		if r.Code != api.ProblemCodeActivationClosed && r.Code != api.ProblemCodeActivationExpired {
			t.Fatalf("repeated activation: %v", r)
		}
		return
	}
	if err != nil {
		t.Fatalf("activate again: %v", err)
	}
	if !w.clock.now().Before(p.expires) {
		t.Fatalf("tokens given after the expiry")
	}
	if !slices.Equal(a.Bills, p.activation.Bills) || a.ReceiptToken != p.activation.ReceiptToken {
		t.Fatalf("repeated activation gave %+v, first %+v", a, p.activation)
	}
}

func (w *world) pick(t *rapid.T) *seenPayment {
	if len(w.pays) == 0 {
		t.Skip("no payment yet")
	}
	ids := make([]string, 0, len(w.pays))
	for id := range w.pays {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return w.pays[rapid.SampledFrom(ids).Draw(t, "payment")]
}

// outcome sends any row about any payment, sensible or not.
func (w *world) outcome(t *rapid.T) {
	p := w.pick(t)
	kind := rapid.SampledFrom([]kiosk.RowKind{kiosk.RowPaid, kiosk.RowNotPaid, kiosk.RowDoubtful, kiosk.RowResolved, kiosk.RowReceiptDone}).Draw(t, "kind")
	charge := rapid.SampledFrom([]kiosk.Outcome{kiosk.Charged, kiosk.Refused, kiosk.Unknown}).Draw(t, "charge")
	body := outcomeBody(kind, p.activation, charge)
	if body.Charge != nil {
		body.Charge.STAN = rapid.SampledFrom([]string{"000123", "000124"}).Draw(t, "stan")
	}
	row := w.kiosks[p.kiosk].row(t, kind, body)
	w.send(t, sentRow{p.kiosk, row})
}

// repeat sends a former row again.
func (w *world) repeat(t *rapid.T) {
	if len(w.sent) == 0 {
		t.Skip("no row yet")
	}
	w.send(t, rapid.SampledFrom(w.sent).Draw(t, "row"))
}

func (w *world) send(t *rapid.T, r sentRow) {
	answer, err := w.store.Push(context.Background(), r.kiosk, []api.Row{r.row})
	if err != nil {
		t.Fatalf("push: %v", err)
	}
	v := answer.Verdicts[0]
	first, known := w.answers[r.row.ID]
	if !known {
		if v.Verdict != api.VerdictCodeAccepted && v.Verdict != api.VerdictCodeParked {
			t.Fatalf("first answer %+v", v)
		}
		w.answers[r.row.ID] = v
		w.sent = append(w.sent, r)
		return
	}
	if first.Verdict == api.VerdictCodeAccepted {
		first.Verdict = api.VerdictCodeDuplicate
	}
	if v.Verdict != first.Verdict || v.Reason != first.Reason || !slices.Equal(v.Closings, first.Closings) {
		t.Fatalf("again %+v, first %+v", v, first)
	}
}

// expire looks for what expired, now and then after a kiosk vouched for itself.
func (w *world) expire(t *rapid.T) {
	if k := rapid.SampledFrom([]string{"", "k1", "k2", "k3"}).Draw(t, "vouches"); k != "" {
		h := someBeat(w.clock.now())
		h.Kiosk, h.Done, h.Journal = k, nil, api.Journal{AsOf: h.Now, LastSequence: w.kiosks[k].sequence}
		if _, err := w.store.Heartbeat(context.Background(), h); err != nil {
			t.Fatalf("heartbeat: %v", err)
		}
	}
	if _, err := w.store.Expire(context.Background(), ExpiryConfig{After: rapid.SampledFrom([]time.Duration{time.Hour, 72 * time.Hour}).Draw(t, "deadline")}); err != nil {
		t.Fatalf("expire: %v", err)
	}
}

// end: every activation gets its outcome, if the kiosks say nothing more at all.
func (w *world) end(t fataler) {
	t.Helper()
	w.clock.add(73 * time.Hour)
	if _, err := w.store.Expire(context.Background(), ExpiryConfig{}); err != nil {
		t.Fatalf("expire: %v", err)
	}
	invariants(t, w.store)
	allEnded(t, w.store)
}

// allEnded wants no activation to be without an outcome, but for doubts.
func allEnded(t fataler, s *Store) {
	t.Helper()
	var left int
	err := s.read.QueryRowContext(context.Background(), "SELECT count(*) FROM payments WHERE state = 'active' AND request_hash <> 'seed'").Scan(&left)
	if err != nil || left != 0 {
		t.Fatalf("%d activations have no outcome, %v", left, err)
	}
}

func (w *world) wait(t *rapid.T) {
	w.clock.add(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
}

// check holds the book against what must always be true.
func (w *world) check(t *rapid.T) { invariants(t, w.store) }

// invariants are true at every moment, whoever did what.
func invariants(t fataler, s *Store) {
	t.Helper()
	ctx := context.Background()
	for name, query := range map[string]string{
		"debts settled more than once":                       "SELECT count(*) FROM (SELECT debt FROM payment_bills WHERE closing = 'ok' GROUP BY debt HAVING count(*) > 1) AS x",
		"debts settled without being paid, or by another":    "SELECT count(*) FROM payment_bills b JOIN debts d ON d.id = b.debt WHERE b.closing = 'ok' AND (d.state <> 'paid' OR d.paid_by <> b.payment)",
		"debts paid by nobody":                               "SELECT count(*) FROM debts d WHERE d.paid_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payment_bills b WHERE b.debt = d.id AND b.payment = d.paid_by AND b.closing = 'ok')",
		"bills open in a closed payment":                     "SELECT count(*) FROM payment_bills b JOIN payments p ON p.id = b.payment WHERE (b.closing = '') <> (p.state IN ('active', 'doubtful') OR (p.state = 'paid' AND b.remote = 1 AND b.closing = ''))",
		"unbalanced transactions":                            "SELECT count(*) FROM (SELECT transaction_id FROM ledger_postings GROUP BY transaction_id HAVING sum(amount) <> 0) AS x",
		"payments whose settlement was not posted, or twice": "SELECT count(*) FROM payments p WHERE (SELECT count(*) FROM ledger_transactions t WHERE t.payment = p.id AND t.kind = 'paid') <> CASE p.state WHEN 'paid' THEN 1 ELSE 0 END",
		"doubts that are not in suspense":                    "SELECT count(*) FROM payments p WHERE p.request_hash <> 'seed' AND (SELECT coalesce(sum(g.amount), 0) FROM ledger_transactions t JOIN ledger_postings g ON g.transaction_id = t.id WHERE t.payment = p.id AND g.account = 'suspense:claim') <> CASE p.state WHEN 'doubtful' THEN p.total ELSE 0 END",
		"two living activations of one debt":                 "SELECT count(*) FROM (SELECT b.debt FROM payment_bills b JOIN payments p ON p.id = b.payment WHERE b.closing = '' AND p.state = 'active' AND p.expires_at > " + fmt.Sprint(s.now().UnixMilli()) + " GROUP BY b.debt HAVING count(*) > 1) AS x",
		"bills of other owners that were paid and that nobody tells": `SELECT count(*) FROM payment_bills b JOIN payments p ON p.id = b.payment
			WHERE b.remote = 1 AND p.state = 'paid' AND NOT EXISTS (SELECT 1 FROM tellings t WHERE t.payment = b.payment AND t.debt = b.debt)`,
		"bills of other owners that were given up and that nobody tells": `SELECT count(*) FROM payment_bills b JOIN payments p ON p.id = b.payment
			WHERE b.remote = 1 AND p.state = 'expired' AND NOT EXISTS (SELECT 1 FROM tellings t WHERE t.payment = b.payment AND t.debt = b.debt AND t.paid = 0)`,
		"owners who will be told KO of what may have been paid": `SELECT count(*) FROM tellings t JOIN payments p ON p.id = t.payment
			WHERE t.paid = 0 AND t.state <> 'done' AND p.state IN ('active', 'doubtful')`,
		"activations that were given up before their end": "SELECT count(*) FROM payments WHERE state = 'expired' AND closed_at < expires_at",
		"bills that were closed before their owner's word": `SELECT count(*) FROM payment_bills b JOIN tellings t ON t.payment = b.payment AND t.debt = b.debt
			WHERE t.paid = 1 AND (b.closing = '') <> (t.state <> 'done')`,
		"creditors' due that is not the sum of settled bills, and of those that their owner is being told of": `SELECT (SELECT coalesce(sum(b.amount), 0)
				FROM payment_bills b JOIN payments p ON p.id = b.payment WHERE b.closing = 'ok' OR (b.closing = '' AND b.remote = 1 AND p.state = 'paid'))
			+ (SELECT coalesce(sum(amount), 0) FROM ledger_postings WHERE account LIKE 'creditor:%')`,
		"refunds that are not the sum of duplicates": `SELECT (SELECT coalesce(sum(amount + fee), 0) FROM payment_bills WHERE closing = 'duplicate')
			+ (SELECT coalesce(sum(amount), 0) FROM ledger_postings WHERE account = 'refunds')`,
	} {
		var n int64
		if err := s.read.QueryRowContext(ctx, query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n != 0 {
			t.Fatalf("%s: %d", name, n)
		}
	}
	if _, err := s.Balances(ctx); err != nil {
		t.Fatalf("%v", err)
	}
}

func TestNothingIsEverPaidTwice(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		url, release := takeBook(outer)
		defer release()
		s, err := Open(context.Background(), url, StoreConfig{Now: c.now, testOnlyNoSync: true}, testLog())
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer s.Close()
		if err := s.Seed(context.Background()); err != nil {
			t.Fatalf("%v", err)
		}
		w := &world{store: s, clock: c, pays: map[string]*seenPayment{}, answers: map[string]api.Verdict{}, kiosks: map[string]*writer{
			"k1": {at: c.now()}, "k2": {at: c.now()}, "k3": {at: c.now()},
		}}
		t.Repeat(map[string]func(*rapid.T){
			"activate": w.activate, "again": w.again, "outcome": w.outcome, "outcome2": w.outcome, "repeat": w.repeat, "wait": w.wait, "expire": w.expire, "": w.check,
		})
		w.end(t)
	})
}

// Kiosks that truly race, over the HTTP handler's own entry points.
func TestRacingKiosks(t *testing.T) {
	s, clk := newBook(t)
	papers := []Sample{sample(t, "meals"), sample(t, "tia"), sample(t, "fine-reduced"), sample(t, "pisa-fine"), sample(t, "music-school")}
	var mu sync.Mutex
	oks := map[string]int{}
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			name, w, rng := fmt.Sprintf("k%d", k), &writer{at: clk.now()}, rand.New(rand.NewPCG(uint64(k), 7))
			for range 40 {
				perm := rng.Perm(len(papers))[:1+rng.IntN(2)]
				var cart []Sample
				for _, i := range perm {
					cart = append(cart, papers[i])
				}
				for _, b := range race(t, s, name, w, rng, cart) {
					mu.Lock()
					if b.Closing == api.ClosingOk {
						oks[b.BillID]++
					}
					mu.Unlock()
				}
				if rng.IntN(10) == 0 {
					clk.add(31 * time.Minute)
				}
			}
		})
	}
	wg.Wait()
	invariants(t, s)
	for _, p := range papers {
		if n := oks["debt-"+p.Name]; n != 1 {
			t.Errorf("%s settled %d times, want once", p.Name, n)
		}
	}
}

// race activates a cart and ends it in one of the ways; some are sent twice.
func race(t *testing.T, s *Store, name string, w *writer, rng *rand.Rand, cart []Sample) []api.BillClosing {
	req := wanted(cart...)
	req.Kiosk = name
	a, err := s.Activate(t.Context(), newID(t), req)
	if err != nil {
		var r *Refusal
		if !errors.As(err, &r) {
			t.Errorf("activate: %v", err)
		}
		return nil
	}
	rows := []api.Row{w.outcome(t, kiosk.RowPaid, a, kiosk.Charged)}
	switch rng.IntN(3) {
	case 0:
		w.sequence--
		rows = []api.Row{w.outcome(t, kiosk.RowNotPaid, a, "")}
	case 1:
		w.sequence--
		rows = []api.Row{w.outcome(t, kiosk.RowDoubtful, a, kiosk.Unknown), w.outcome(t, kiosk.RowResolved, a, kiosk.Charged)}
	}
	var closings []api.BillClosing
	for i := range 2 {
		answer, err := s.Push(t.Context(), name, rows)
		if err != nil {
			t.Errorf("push: %v", err)
			return closings
		}
		if i == 0 {
			closings = answer.Verdicts[len(rows)-1].Closings
		}
	}
	return closings
}

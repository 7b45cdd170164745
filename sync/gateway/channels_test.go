package gateway

// All channels at once: real concurrency, and a model that says whether some
// order of the calls, one after another, explains every answer. If two channels
// were ever told that the same debt is theirs, no order would.

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// The size of one round.
const (
	raceDebts    = 3
	raceClients  = 6
	raceTurns    = 3
	racePayments = raceClients * raceTurns
)

// raceInput is a call: what is done to which payment, or the lookup of a debt.
type raceInput struct {
	op      string // lookup, activate, paid, not-paid, doubtful, charged, refused, wait, expire
	debt    int    // lookup
	payment int    // the others
	cart    [2]int // activate: debts, -1 for none
}

// raceState is what the gateway is thought to know.
type raceState struct {
	now      int // minutes
	paidBy   [raceDebts]int
	payments [racePayments]racePayment
}

type racePayment struct {
	state   string // "", active, doubtful, paid, not-paid
	cart    [2]int
	closing string // of its bills, when closed
	expires int
}

func (s raceState) alive(p racePayment) bool { return p.state == "active" && s.now < p.expires }

// status is how a debt stands for whoever looks.
func (s raceState) status(debt int) string {
	if s.paidBy[debt] != 0 {
		return "paid"
	}
	held := "payable"
	for _, p := range s.payments {
		if !slices.Contains(p.cart[:], debt) {
			continue
		}
		if p.state == "doubtful" {
			return "in-verification"
		}
		if s.alive(p) {
			held = "in-payment"
		}
	}
	return held
}

// raceStep is the whole gateway in thirty lines.
func raceStep(s raceState, in raceInput) (raceState, string) {
	p := &s.payments[in.payment]
	switch in.op {
	case "lookup":
		return s, s.status(in.debt)
	case "wait":
		s.now += 31
		return s, ""
	case "expire": // whether the gateway has closed what expired is seen by nobody
		return s, ""
	case "activate":
		return raceActivate(s, in)
	case "doubtful":
		p.state = "doubtful"
		return s, ""
	case "not-paid", "refused":
		if p.state != "not-paid" {
			p.state, p.closing = "not-paid", strings.TrimSuffix(strings.Repeat("ko ", countCart(p.cart)), " ")
		}
		return s, p.closing
	default: // paid, charged
		if p.state == "paid" {
			return s, p.closing
		}
		var closings []string
		for _, d := range p.cart {
			switch {
			case d < 0:
			case s.paidBy[d] == 0:
				s.paidBy[d] = in.payment + 1
				closings = append(closings, "ok")
			default:
				closings = append(closings, "duplicate")
			}
		}
		p.state, p.closing = "paid", strings.Join(closings, " ")
		return s, p.closing
	}
}

func raceActivate(s raceState, in raceInput) (raceState, string) {
	p := &s.payments[in.payment]
	switch {
	case s.alive(*p):
		return s, "ok"
	case p.state == "active":
		return s, "activation-expired"
	case p.state != "":
		return s, "activation-closed"
	}
	for _, d := range in.cart {
		if d >= 0 && s.status(d) != "payable" {
			return s, "bill-" + s.status(d)
		}
	}
	*p = racePayment{state: "active", cart: in.cart, expires: s.now + 30}
	return s, "ok"
}

func countCart(cart [2]int) int {
	n := 0
	for _, d := range cart {
		if d >= 0 {
			n++
		}
	}
	return n
}

var raceModel = porcupine.Model{
	Init: func() any {
		var s raceState
		for i := range s.payments {
			s.payments[i].cart = [2]int{-1, -1}
		}
		return s
	},
	Step: func(state, in, out any) (bool, any) {
		next, want := raceStep(state.(raceState), in.(raceInput))
		return want == out.(string), next
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %s", in, out) },
}

// arena is one round: some debts, and what everybody saw.
type arena struct {
	store  *Store
	clock  *clock
	papers []Sample
	ids    [racePayments]string
	begun  time.Time

	moving  sync.RWMutex // the clock moves while nobody calls: a call has one moment, and no order of calls could explain two
	mu      sync.Mutex
	history []porcupine.Operation
	oks     map[string]int
	closed  int // of those that expired
}

// call makes a call and notes when it began and ended.
func (a *arena) call(client int, in raceInput, do func() string) string {
	gate := sync.Locker(a.moving.RLocker())
	if in.op == "wait" {
		gate = &a.moving
	}
	gate.Lock()
	defer gate.Unlock()
	begun := time.Since(a.begun)
	out := do()
	ended := time.Since(a.begun)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.history = append(a.history, porcupine.Operation{ClientId: client, Input: in, Call: int64(begun), Output: out, Return: int64(ended)})
	return out
}

// client is one channel's counter, kiosk, till or web page.
func (a *arena) client(t *testing.T, n int, rng *rand.Rand) {
	name, wr := fmt.Sprintf("%s-%d", raceChannel(n), n), &writer{at: a.clock.now(), sequence: int64(rng.Uint32())}
	for turn := range raceTurns {
		a.look(t, n, rng.IntN(raceDebts))
		payment := n*raceTurns + turn
		cart := [2]int{rng.IntN(raceDebts), -1}
		if rng.IntN(3) == 0 {
			cart[1] = (cart[0] + 1) % raceDebts
		}
		req := wanted(a.samples(cart)...)
		req.Kiosk, req.Channel = name, raceChannel(n)
		activation, ok := a.activate(t, n, payment, cart, req)
		if !ok {
			continue
		}
		if rng.IntN(4) == 0 {
			a.call(n, raceInput{op: "wait"}, func() string { a.clock.add(31 * time.Minute); return "" })
		}
		if rng.IntN(2) == 0 {
			a.activate(t, n, payment, cart, req)
		}
		if rng.IntN(2) == 0 {
			a.expire(t, n)
		}
		for _, op := range [][]string{{"paid"}, {"not-paid"}, {"doubtful", "charged"}, {"doubtful", "refused"}, {"paid", "paid"}, {}}[rng.IntN(6)] {
			a.end(t, n, payment, name, wr, op, activation)
		}
	}
}

func raceChannel(n int) api.Channel { return channels[1+n%(len(channels)-1)] }

func (a *arena) samples(cart [2]int) []Sample {
	var all []Sample
	for _, d := range cart {
		if d >= 0 {
			all = append(all, a.papers[d])
		}
	}
	return all
}

func (a *arena) look(t *testing.T, n, debt int) {
	a.call(n, raceInput{op: "lookup", debt: debt}, func() string {
		q, err := a.store.Lookup(t.Context(), lookupOf(a.papers[debt]))
		if err != nil {
			t.Errorf("lookup: %v", err)
		}
		return string(q.Bill.Status)
	})
}

func (a *arena) activate(t *testing.T, n, payment int, cart [2]int, req api.ActivationRequest) (activation api.Activation, ok bool) {
	out := a.call(n, raceInput{op: "activate", payment: payment, cart: cart}, func() string {
		var err error
		activation, err = a.store.Activate(t.Context(), a.ids[payment], req)
		var r *Refusal
		switch {
		case err == nil:
			return "ok"
		case errors.As(err, &r):
			return string(r.Code)
		}
		t.Errorf("activate: %v", err)
		return err.Error()
	})
	return activation, out == "ok"
}

// expire closes what is over for longer than a moment.
func (a *arena) expire(t *testing.T, n int) {
	a.call(n, raceInput{op: "expire"}, func() string {
		closed, err := a.store.Expire(t.Context(), ExpiryConfig{Margin: time.Second, After: 30 * time.Second})
		if err != nil {
			t.Errorf("expire: %v", err)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.closed += closed
		return ""
	})
}

// end sends a row; the answer is the closings in the order of the cart.
func (a *arena) end(t *testing.T, n, payment int, name string, wr *writer, op string, activation api.Activation) {
	kind, charge := map[string]kiosk.RowKind{
		"paid": kiosk.RowPaid, "not-paid": kiosk.RowNotPaid, "doubtful": kiosk.RowDoubtful, "charged": kiosk.RowResolved, "refused": kiosk.RowResolved,
	}[op], map[string]kiosk.Outcome{"paid": kiosk.Charged, "doubtful": kiosk.Unknown, "charged": kiosk.Charged, "refused": kiosk.Refused}[op]
	row := wr.outcome(t, kind, activation, charge)
	a.call(n, raceInput{op: op, payment: payment}, func() string {
		answer, err := a.store.Push(t.Context(), name, []api.Row{row})
		if err != nil || answer.Verdicts[0].Verdict != api.VerdictCodeAccepted {
			t.Errorf("%s: %+v, %v", op, answer.Verdicts, err)
			return "error"
		}
		var closings []string
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, c := range answer.Verdicts[0].Closings {
			closings = append(closings, string(c.Closing))
			if c.Closing == api.ClosingOk {
				a.oks[c.BillID+" "+activation.Payment]++
			}
		}
		return strings.Join(closings, " ")
	})
}

// newArena writes new debts into the book.
func newArena(t *testing.T, s *Store, clk *clock, round int) *arena {
	t.Helper()
	a := &arena{store: s, clock: clk, begun: time.Now(), oks: map[string]int{}}
	err := s.inTx(t.Context(), func(tx *sql.Tx) error {
		var rows []sampleRow
		a.papers = nil
		for i := range raceDebts {
			r := sampleRow{name: fmt.Sprintf("race-%d-%d", round, i), subject: "s", base: 6_000_000_000_000 + round*10 + i, paper: 1000, days: 9}.filled()
			rows, a.papers = append(rows, r), append(a.papers, r.sample())
		}
		return s.seedDebts(t.Context(), tx, rows)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.ids {
		a.ids[i] = newID(t)
	}
	return a
}

func TestNothingIsPaidTwiceWhateverChannelsRace(t *testing.T) {
	s, clk := newBook(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rounds := 15
	if underRace {
		rounds = 6
	}
	closed := 0
	for round := range rounds {
		a := newArena(t, s, clk, round)
		var wg sync.WaitGroup
		for n := range raceClients {
			wg.Go(func() { a.client(t, n, rand.New(rand.NewPCG(seed, uint64(round*raceClients+n)))) })
		}
		wg.Wait()
		if t.Failed() {
			return
		}
		if got := porcupine.CheckOperationsTimeout(raceModel, a.history, tooLong); got != porcupine.Ok {
			t.Fatalf("round %d: %s: no order explains\n%s", round, got, story(a.history))
		}
		settled := map[string]bool{}
		for key := range a.oks {
			bill, _, _ := strings.Cut(key, " ")
			if settled[bill] {
				t.Fatalf("round %d: %s settled for two payments", round, bill)
			}
			settled[bill] = true
		}
		invariants(t, s)
		if a.expired(t); t.Failed() {
			return
		}
		closed += a.closed
	}
	if closed == 0 {
		t.Error("nothing expired in any round")
	}
}

// expired ends what nobody ended.
func (a *arena) expired(t *testing.T) {
	a.clock.add(31 * time.Minute)
	a.expire(t, 0)
	invariants(t, a.store)
	allEnded(t, a.store)
}

func story(history []porcupine.Operation) string {
	slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var b strings.Builder
	for _, o := range history {
		fmt.Fprintf(&b, "%9d-%9d client %d: %+v -> %v\n", o.Call/1000, o.Return/1000, o.ClientId, o.Input, o.Output)
	}
	return b.String()
}

// The model sees what it is there for.
func TestTheModelSeesADebtThatIsLentOrPaidTwice(t *testing.T) {
	at := int64(0)
	op := func(client int, in raceInput, out string) porcupine.Operation {
		at += 2
		return porcupine.Operation{ClientId: client, Input: in, Call: at, Output: out, Return: at + 1}
	}
	first, second := raceInput{op: "activate", payment: 0, cart: [2]int{0, -1}}, raceInput{op: "activate", payment: 1, cart: [2]int{0, -1}}
	wait, paid0, paid1 := raceInput{op: "wait"}, raceInput{op: "paid", payment: 0}, raceInput{op: "paid", payment: 1}
	for name, c := range map[string]struct {
		history []porcupine.Operation
		want    bool
	}{
		"lent twice":            {[]porcupine.Operation{op(0, first, "ok"), op(1, second, "ok")}, false},
		"lent, then refused":    {[]porcupine.Operation{op(0, first, "ok"), op(1, second, "bill-in-payment")}, true},
		"paid twice":            {[]porcupine.Operation{op(0, first, "ok"), op(0, wait, ""), op(1, second, "ok"), op(0, paid0, "ok"), op(1, paid1, "ok")}, false},
		"paid and a duplicate":  {[]porcupine.Operation{op(0, first, "ok"), op(0, wait, ""), op(1, second, "ok"), op(0, paid0, "ok"), op(1, paid1, "duplicate")}, true},
		"paid and lent again":   {[]porcupine.Operation{op(0, first, "ok"), op(0, paid0, "ok"), op(1, second, "ok")}, false},
		"a doubt and lent":      {[]porcupine.Operation{op(0, first, "ok"), op(0, raceInput{op: "doubtful"}, ""), op(0, wait, ""), op(1, second, "ok")}, false},
		"freed, but not seen":   {[]porcupine.Operation{op(0, first, "ok"), op(0, raceInput{op: "not-paid"}, "ko"), op(1, raceInput{op: "lookup"}, "in-payment")}, false},
		"expired, tokens given": {[]porcupine.Operation{op(0, first, "ok"), op(0, wait, ""), op(0, first, "ok")}, false},
	} {
		if got := porcupine.CheckOperations(raceModel, c.history); got != c.want {
			t.Errorf("%s: explained %v, want %v", name, got, c.want)
		}
	}
}

package main

// Gate: the gateway's driver in memory. What a row does, what is answered to a
// repeated one and which bills can be locked is sync/gateway/outcome's.

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

const (
	feePerNotice = kiosk.Amount(100)
	tokenLife    = 30 * minute
)

type debt struct {
	id       string
	creditor kiosk.CreditorCode
	notice   kiosk.NoticeNumber
	amount   kiosk.Amount
	asked    kiosk.Amount // at activation
	state    string
	on       []*held   // payments that ever held it
	home     *homeDebt // nil: its home is here
}

// held is a payment in the gateway's book.
type held struct {
	outcome.Payment
	fingerprint string
	expires     int64
	ref         string
	activated   bool
	paid        int // transactions of kind paid
	claims      int // open doubtful ones
	last        uint64
	tells       []*telling
	waiters     []func() // for the owners of its bills
	vouched     bool     // closed because its kiosk had nothing more to say
}

// kept is a row in the gateway's book.
type kept struct {
	outcome.Kept
	times int
	at    int64
}

// shelf is what the gateway has of one kiosk.
type shelf struct {
	rows map[string]*kept
	ids  []string // by sequence - 1; "": a gap
}

type gate struct {
	w        *world
	down     bool // nobody reaches it
	stopped  bool // its process ended
	life     int  // of its process
	untold   []*telling
	unended  []*held          // activations, until they are seen to have an outcome
	vouched  map[string]int64 // until when each kiosk has nothing more to say
	debts    []*debt
	byNotice map[kiosk.NoticeNumber]*debt
	payments map[string]*held
	all      []*held
	shelves  map[string]*shelf
	balance  map[string]kiosk.Amount
}

func newGate(w *world) *gate {
	g := &gate{
		w: w, vouched: map[string]int64{}, byNotice: map[kiosk.NoticeNumber]*debt{}, payments: map[string]*held{}, shelves: map[string]*shelf{},
		balance: map[string]kiosk.Amount{},
	}
	w.after(w.par.LookEvery, g.look)
	return g
}

// troubles takes the gateway's line down and up again, or ends its process.
func (g *gate) troubles() {
	g.w.after(g.w.between(0, 2*g.w.par.GateDownEvery), func() {
		if g.w.healed {
			return
		}
		if g.w.chance(500) {
			g.dies()
		} else {
			g.goesDown()
		}
		g.troubles()
	})
}

// dies ends the process with all that it had in hand; its book is durable.
func (g *gate) dies() {
	if g.w.healed || g.down {
		return
	}
	g.stopped = true
	g.life++
	g.goesDown()
}

func (g *gate) goesDown() {
	if g.down {
		return
	}
	g.down = true
	g.w.count.cuts++
	g.w.after(g.w.between(second, 90*second), g.start)
}

func (g *gate) start() {
	g.down = false
	if g.stopped {
		g.stopped = false
		g.untoldAfterStart()
	}
}

// remoteCreditor is whose debts live at the national node, and what it owes to
// the circuit for each payment.
const remoteCreditor = kiosk.CreditorCode("00341620508")

var remoteDue = []outcome.Due{{By: outcome.CreditorAccount(string(remoteCreditor)), Amount: 25}}

var creditors = []kiosk.CreditorCode{"84006890481", "00337490973", "01840350977"}

var amounts = []kiosk.Amount{6250, 8640, 1200, 45000, 9999, 310}

// paper is a notice that a citizen brings: most are new, some were seen before.
func (g *gate) paper() *debt {
	w := g.w
	if len(g.debts) > 0 && w.chance(w.par.SameBill) {
		return g.debts[len(g.debts)-1-w.rng.IntN(min(len(g.debts), 60))]
	}
	n := len(g.debts) + 1
	digits := strconv.Itoa(n)
	d := &debt{
		id: "debt-" + digits, notice: kiosk.NoticeNumber("3" + strings.Repeat("0", 17-len(digits)) + digits),
		creditor: creditors[n%len(creditors)], amount: amounts[w.rng.IntN(w.par.Amounts)], state: "open",
	}
	d.asked = d.amount
	if w.chance(w.par.Changes) {
		d.asked += 500
	}
	if w.chance(w.par.Remote) {
		d.creditor = remoteCreditor
		w.nation.known(d)
	}
	g.debts = append(g.debts, d)
	g.byNotice[d.notice] = d
	return d
}

func (g *gate) at() time.Time { return time.UnixMilli(epoch + g.w.now/ms) }

func (g *gate) status(d *debt) kiosk.BillStatus {
	f := outcome.Debt{State: d.state}
	for _, h := range d.on {
		for _, b := range h.Bills {
			if b.Debt != d.id || b.Closing != kiosk.ClosingOpen {
				continue
			}
			f.Doubtful = f.Doubtful || h.State == outcome.Doubtful
			f.Held = f.Held || outcome.Alive(h.State, g.expiry(h), g.at())
			f.Taken = f.Taken || h.State == outcome.Paid
		}
	}
	return f.Status()
}

// lookup tells how a debt stands; one that lives elsewhere is asked for there.
func (g *gate) lookup(n kiosk.Notice, reply func(kiosk.Quote, kiosk.Code)) {
	d := g.byNotice[n.Number]
	switch {
	case d == nil:
		reply(kiosk.Quote{Bill: kiosk.Bill{Notice: n.Number, Creditor: n.Creditor, Status: kiosk.BillUnknown}}, "")
	case d.creditor != n.Creditor:
		reply(kiosk.Quote{}, kiosk.CodeCreditorUnknown)
	case d.home == nil:
		reply(g.quote(d, g.status(d)), "")
	default:
		g.ask(func() func() {
			there := g.w.nation.stands(d.home)
			return func() {
				if ours := g.status(d); ours != kiosk.BillPayable {
					there = ours // a doubt or a payment of ours is known here before it is there
				}
				reply(g.quote(d, there), "")
			}
		}, func() { reply(kiosk.Quote{}, kiosk.CodeCreditorSilent) })
	}
}

func (g *gate) quote(d *debt, s kiosk.BillStatus) kiosk.Quote {
	return kiosk.Quote{Fee: feePerNotice, Bill: kiosk.Bill{
		ID: d.id, Creditor: d.creditor, CreditorName: "Comune di Prato", Notice: d.notice, IUV: d.notice.IUV(), Subject: "TARI",
		Amount: d.amount, Status: s,
	}}
}

var refusals = map[kiosk.BillStatus]kiosk.Code{
	kiosk.BillPaid: kiosk.CodeBillPaid, kiosk.BillInPayment: kiosk.CodeBillInPayment, kiosk.BillInVerification: kiosk.CodeBillInVerification,
	kiosk.BillExpired: kiosk.CodeBillExpired, kiosk.BillRevoked: kiosk.CodeBillRevoked, kiosk.BillUnknown: kiosk.CodeBillUnknown,
}

// activate locks all bills of a cart for the payment, or none of them; those
// that live elsewhere are then lent there.
func (g *gate) activate(from string, id kiosk.PaymentID, cart kiosk.Cart, reply func(kiosk.Activation, kiosk.Code)) {
	h, code := g.lock(from, id, cart)
	switch {
	case code != "":
		reply(kiosk.Activation{}, code)
	case slices.ContainsFunc(h.Bills, pending):
		g.lend(h, 0, nil, reply)
	default:
		reply(g.answer(h), "")
	}
}

func (g *gate) lock(from string, id kiosk.PaymentID, cart kiosk.Cart) (*held, kiosk.Code) {
	var mark strings.Builder
	mark.WriteString(from)
	for _, l := range cart.Bills() {
		mark.WriteString(l.Bill.ID)
	}
	if h := g.payments[string(id)]; h != nil {
		if outcome.Repeat(h.fingerprint, mark.String(), h.State, g.expiry(h), g.at()) != outcome.RepeatSame {
			return nil, kiosk.CodeActivationStale
		}
		return h, ""
	}
	h := &held{fingerprint: mark.String(), expires: g.w.now + tokenLife, activated: true}
	h.Payment = outcome.Payment{ID: string(id), Kiosk: from, State: outcome.Active}
	for i, l := range cart.Bills() {
		d := g.byNotice[l.Bill.Notice]
		if d == nil || d.id != l.Bill.ID {
			return nil, kiosk.CodeBillUnknown
		}
		if st := g.status(d); st != kiosk.BillPayable {
			return nil, refusals[st]
		}
		b := outcome.Bill{Debt: d.id, Creditor: string(d.creditor), Token: string(id[24:]) + strconv.Itoa(i), Amount: d.asked, Fee: feePerNotice}
		if d.home != nil {
			b.Remote, b.Token, b.Amount = true, pendingPrefix+b.Token, d.amount
		}
		h.Bills = append(h.Bills, b)
		h.Fee += b.Fee
		h.Total += b.Amount + b.Fee
	}
	for _, l := range cart.Bills() {
		d := g.byNotice[l.Bill.Notice]
		d.on = append(d.on, h)
	}
	g.keepPayment(h)
	g.unended = append(g.unended, h)
	g.w.count.activations++
	g.w.tell(id, "gateway: activated")
	return h, ""
}

func (g *gate) keepPayment(h *held) {
	g.payments[h.ID] = h
	g.all = append(g.all, h)
}

// payment is how a payment stands, for the kiosk that asks.
func (g *gate) payment(id kiosk.PaymentID) (out []kiosk.BillClosing) {
	if h := g.payments[string(id)]; h != nil && h.State != outcome.Expired { // what is presumed is no news to its kiosk
		for _, b := range h.Bills {
			if b.Closing != kiosk.ClosingOpen {
				out = append(out, kiosk.BillClosing{BillID: b.Debt, Closing: b.Closing})
			}
		}
	}
	return out
}

// take applies the rows of one kiosk in their order and answers each.
func (g *gate) take(from string, rows []kiosk.OutboxRow) []kiosk.Verdict {
	sh := g.shelves[from]
	if sh == nil {
		sh = &shelf{rows: map[string]*kept{}}
		g.shelves[from] = sh
	}
	answer := make([]kiosk.Verdict, 0, len(rows))
	for _, r := range rows {
		v := g.takeOne(from, sh, r)
		answer = append(answer, kiosk.Verdict{Sequence: r.Sequence, ID: r.ID, Code: v.Code, Reason: v.Reason, Closings: v.Closings})
		if v.Alarm {
			g.w.fail("rows-accepted", "kiosk %s row %d %s: %s %s", from, r.Sequence, r.ID, v.Code, v.Reason)
		}
	}
	return answer
}

func (g *gate) takeOne(from string, sh *shelf, r kiosk.OutboxRow) outcome.Verdict {
	if k := sh.rows[r.ID]; k != nil && g.w.bug != bugNoDedup && (g.w.bug != bugKeysExpire || g.w.now-k.at < 10*minute) {
		g.w.count.duplicates++
		v := outcome.Again(k.Kept, r.Hash, r.Kind)
		if settles(r.Kind) && v.Code == kiosk.VerdictDuplicate {
			v.Closings = g.payment(r.Payment) // what an owner has said since
		}
		return v
	}
	if at := int(r.Sequence) - 1; at < len(sh.ids) && sh.ids[at] != "" && sh.ids[at] != r.ID {
		g.w.fail("sequence-gapless", "kiosk %s: sequence %d is %s and %s", from, r.Sequence, sh.ids[at], r.ID)
		return outcome.Conflict(outcome.ReasonSequenceReused)
	}
	v := g.apply(from, r)
	g.keep(sh, r, v)
	return v
}

func (g *gate) keep(sh *shelf, r kiosk.OutboxRow, v outcome.Verdict) {
	k := sh.rows[r.ID]
	if k == nil {
		k = &kept{Kept: outcome.Kept{Hash: r.Hash, Kind: r.Kind, Code: v.Code, Reason: v.Reason, Closings: v.Closings}}
		sh.rows[r.ID] = k
	}
	k.times++
	k.at = g.w.now
	for len(sh.ids) < int(r.Sequence) {
		sh.ids = append(sh.ids, "")
	}
	sh.ids[r.Sequence-1] = r.ID
	g.w.count.rows++
	g.w.note(3, r.Sequence, uint64(len(r.Body)))
	if k.times > 1 {
		g.w.fail("row-applied-once", "row %s was applied %d times", r.ID, k.times)
	}
}

func (g *gate) apply(from string, r kiosk.OutboxRow) outcome.Verdict {
	row, refused, ok := outcome.Read(from, r)
	if !ok {
		return refused
	}
	h := g.payments[row.Body.Payment]
	var facts *outcome.Payment
	if h != nil {
		g.facts(h)
		g.lateWord(h, row.Kind)
		facts = &h.Payment
		if r.Sequence < h.last && g.w.bug != bugNoDedup {
			g.w.fail("rows-in-order", "payment %s: row %d comes after row %d", h.ID, r.Sequence, h.last)
		}
		h.last = r.Sequence
	}
	if g.w.bug == bugNoDedup && h != nil { // a second application sees the payment as it was activated
		stale := h.Payment
		stale.State = outcome.Active
		facts = &stale
	}
	c := row.Apply(facts)
	g.w.tell(kiosk.PaymentID(row.Body.Payment), "gateway: row %d %s: %s %s, now %q", r.Sequence, r.ID, c.Code, c.Reason, c.To)
	if c.Ahead {
		g.keepPayment(&held{Payment: outcome.Payment{ID: row.Body.Payment, Kiosk: from, State: c.To}, last: r.Sequence})
		return c.Verdict
	}
	if h != nil {
		g.write(h, row, c)
	}
	return c.Verdict
}

// facts brings what the payment's facts say of its debts up to date.
func (g *gate) facts(h *held) {
	for i := range h.Bills {
		b := &h.Bills[i]
		if b.Settled = g.debtOf(*b).state == "paid"; b.Remote {
			b.Circuit = remoteDue
		}
	}
}

func (g *gate) debtOf(b outcome.Bill) *debt {
	n, err := strconv.Atoi(b.Debt[len("debt-"):])
	if err != nil {
		panic("bill " + b.Debt)
	}
	return g.debts[n-1]
}

func (g *gate) write(h *held, row outcome.Row, c outcome.Change) {
	if c.Close {
		for _, b := range c.Bills {
			if b.Closing == kiosk.ClosingOK {
				g.debtOf(b).state = "paid"
			}
		}
		h.Bills = c.Bills
	}
	for _, t := range c.Transactions {
		g.post(h, row, t)
	}
	if c.Withdraw {
		g.withdraw(h)
	}
	for _, t := range c.Tell {
		g.queue(h, t)
	}
	if len(c.Tell) > 0 && g.w.fault(g.w.par.GateDiesAtStep) {
		g.w.after(g.w.between(0, 3*second), g.dies)
	}
	if c.To != "" {
		h.State, h.ref = c.To, row.Body.Ref
		if c.To == outcome.Paid {
			h.STAN = c.Charge.STAN
		}
	}
}

// post writes a transaction of the ledger, and looks at once whether it may be there.
func (g *gate) post(h *held, row outcome.Row, t outcome.Transaction) {
	var sum kiosk.Amount
	for _, e := range t.Entries {
		sum += e.Amount
		g.balance[e.Account] += e.Amount
	}
	if sum != 0 {
		g.w.fail("postings-zero", "transaction %s of %s sums to %s", t.Kind, h.ID, sum)
	}
	switch t.Kind {
	case outcome.KindPaid:
		h.paid++
		g.w.money.posted(h, row.Body.Charge)
	case outcome.KindDoubtful:
		h.claims++
	case outcome.KindDoubtfulEnded:
		h.claims--
	}
}

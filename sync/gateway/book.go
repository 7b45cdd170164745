package gateway

// What a group of rows finds in the book and what it leaves there: read at once,
// changed in memory by package outcome, written at once.

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// held is a payment and its bills while a group works on them.
type held struct {
	payment
	bills      []outcome.Bill
	unassigned bool // its money was put into suspense already
	isNew      bool // not in the book yet
	changed    bool
}

// page is the part of the book that a group of rows speaks of.
type page struct {
	store *Store
	tx    *sql.Tx
	now   time.Time

	payments map[string]*held
	settled  map[string]bool // debts

	closed    [3][]string // payment, debt, closing
	withdrawn []string    // payments
	paid      [2][]string // debt, payment
	postings  struct {
		transaction, account []string
		position, legs       []int64
		amount               []int64
	}
	heads struct {
		id, payment, kind, row []string
		legs, at               []int64
	}
	tellings struct {
		payment, debt, key, token, circuit []string
		paid, amount, fee, at, next        []int64
	}
}

var (
	readPayments = many{columns: []string{"id text"}, text: "SELECT " + paymentColumns + ` FROM payments AS p
		WHERE id IN (SELECT u.id FROM {rows}) ORDER BY id {lock:p}`}
	readBills = many{columns: []string{"id text"}, text: `SELECT b.payment, b.position, b.debt, d.creditor, b.token, b.amount, b.fee, b.closing,
			CASE d.state WHEN 'paid' THEN 1 ELSE 0 END, b.remote
		FROM payment_bills AS b JOIN debts AS d ON d.id = b.debt WHERE b.payment IN (SELECT u.id FROM {rows})
		ORDER BY d.id, b.payment {lock:d}`}
	readUnassigned = many{columns: []string{"id text"}, text: `SELECT payment FROM ledger_transactions
		WHERE payment IN (SELECT u.id FROM {rows}) AND kind = 'unassigned'`}

	addPayments = insertMany("payments", "", "id text", "channel text", "kiosk text", "request_hash text", "state text", "receipt_token text",
		"fee bigint", "total bigint", "activated_at bigint", "expires_at bigint", "closed_at bigint")
	closePayments = many{columns: []string{"id text", "state text", "ref text", "charge_outcome text", "charge_json text", "closed_at bigint", "charge_amount bigint"},
		text: `UPDATE payments SET state = u.state, ref = u.ref, charge_outcome = u.charge_outcome, charge_json = u.charge_json,
			closed_at = NULLIF(u.closed_at, 0), charge_amount = u.charge_amount FROM {rows} WHERE payments.id = u.id`}
	settleDebts = many{columns: []string{"debt text", "payment text"},
		text: "UPDATE debts SET state = 'paid', paid_by = u.payment FROM {rows} WHERE debts.id = u.debt AND debts.state <> 'paid'"}
	closeBills = many{columns: []string{"payment text", "debt text", "closing text"},
		text: "UPDATE payment_bills SET closing = u.closing FROM {rows} WHERE payment_bills.payment = u.payment AND payment_bills.debt = u.debt"}
	addPostings = insertMany("ledger_postings", "", "transaction_id text", "position bigint", "legs bigint", "account text", "amount bigint")
	// What was presumed is overtaken by what is known: that it was paid.
	addTellings = insertMany("tellings", `ON CONFLICT (payment, debt) DO UPDATE SET key = excluded.key, paid = 1, circuit = excluded.circuit,
			token = CASE WHEN excluded.token LIKE 'pending-%' THEN tellings.token ELSE excluded.token END,
			amount = excluded.amount, fee = excluded.fee, at = excluded.at, next_at = excluded.next_at, tries = 0, state = 'due', meaning = ''
			WHERE tellings.paid = 0 AND excluded.paid = 1`, "payment text", "debt text", "key text", "token text", "circuit text",
		"paid bigint", "amount bigint", "fee bigint", "at bigint", "next_at bigint")
	withdrawTellings = many{columns: []string{"payment text"},
		text: "DELETE FROM tellings WHERE paid = 0 AND state <> 'done' AND payment IN (SELECT u.payment FROM {rows})"}
	addHeads = insertMany("ledger_transactions", "", "id text", "legs bigint", "payment text", "kind text", "row_id text", "at bigint")
)

// open reads what the book holds of the payments, and keeps others from changing it.
func (s *Store) open(ctx context.Context, tx *sql.Tx, ids []string) (*page, error) {
	g := &page{store: s, tx: tx, now: s.now(), payments: map[string]*held{}, settled: map[string]bool{}}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	err := s.eachMany(ctx, tx, func(rows *sql.Rows) error {
		p, err := scanPayment(rows)
		g.payments[p.id] = &held{payment: p}
		return err
	}, readPayments, handed{ids})
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	if len(g.payments) == 0 {
		return g, nil
	}
	if err := g.readBills(ctx, ids); err != nil {
		return nil, err
	}
	return g, g.readUnassigned(ctx)
}

// readBills reads in the order in which the debts are locked; a payment's bills
// are then put into the order of its cart.
func (g *page) readBills(ctx context.Context, ids []string) error {
	carts := map[string]map[int64]outcome.Bill{}
	err := g.store.eachMany(ctx, g.tx, func(rows *sql.Rows) error {
		var id string
		var position int64
		var b outcome.Bill
		err := rows.Scan(&id, &position, &b.Debt, &b.Creditor, &b.Token, &b.Amount, &b.Fee, &b.Closing, &b.Settled, &b.Remote)
		if carts[id] == nil {
			carts[id] = map[int64]outcome.Bill{}
		}
		carts[id][position] = b
		g.settled[b.Debt] = g.settled[b.Debt] || b.Settled
		return err
	}, readBills, handed{ids})
	if err != nil {
		return fmt.Errorf("read bills: %w", err)
	}
	for id, cart := range carts {
		for _, position := range slices.Sorted(maps.Keys(cart)) {
			g.payments[id].bills = append(g.payments[id].bills, cart[position])
		}
	}
	return nil
}

// readUnassigned looks where money can be: at payments that were closed unpaid.
func (g *page) readUnassigned(ctx context.Context) error {
	var ids []string
	for id, p := range g.payments {
		if p.state == outcome.NotPaid {
			ids = append(ids, id)
		}
	}
	err := g.store.eachMany(ctx, g.tx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		if err == nil {
			g.payments[id].unassigned = true
		}
		return err
	}, readUnassigned, handed{ids})
	if err != nil {
		return fmt.Errorf("look for money in suspense: %w", err)
	}
	return nil
}

// facts is how a payment stands after all rows before; nil when there is none.
func (g *page) facts(id string) *outcome.Payment {
	p := g.payments[id]
	if p == nil {
		return nil
	}
	for i := range p.bills {
		b := &p.bills[i]
		b.Settled, b.Circuit = g.settled[b.Debt], g.store.circuit(p.channel, b.Creditor)
	}
	return &outcome.Payment{
		ID: p.id, Kiosk: p.kiosk, State: p.state, Fee: p.fee, Total: p.total, STAN: p.charge().STAN, Unassigned: p.unassigned, Bills: p.bills,
	}
}

// apply notes the change that a row makes.
func (g *page) apply(kioskID string, row api.Row, body outcome.Body, c outcome.Change) error {
	if c.Ahead {
		// Written as closed before it was ever activated.
		g.payments[body.Payment] = &held{isNew: true, payment: payment{
			id: body.Payment, channel: channelJolly, kiosk: kioskID, state: outcome.NotPaid, receiptToken: newReceiptToken(),
			activatedAt: g.now, expiresAt: g.now, closedAt: g.now,
		}}
		return nil
	}
	p := g.payments[body.Payment]
	if p == nil {
		return nil
	}
	if c.Close {
		before := p.bills
		p.bills = c.Bills
		for i, b := range c.Bills {
			if b.Closing == before[i].Closing {
				continue // open until its owner has spoken, or closed before
			}
			g.closed[0], g.closed[1], g.closed[2] = append(g.closed[0], p.id), append(g.closed[1], b.Debt), append(g.closed[2], string(b.Closing))
			if b.Closing == kiosk.ClosingOK {
				g.settled[b.Debt] = true
				g.paid[0], g.paid[1] = append(g.paid[0], b.Debt), append(g.paid[1], p.id)
			}
		}
	}
	if c.Withdraw {
		g.withdrawn = append(g.withdrawn, p.id)
	}
	for _, t := range c.Transactions {
		g.post(p, row, t)
	}
	for _, t := range c.Tell {
		if err := g.tell(p, row, t); err != nil {
			return err
		}
	}
	if c.To == "" {
		return nil
	}
	return p.close(g.now, row, body, c)
}

// post notes one balanced transaction of the ledger.
func (g *page) post(p *held, row api.Row, t outcome.Transaction) {
	id := newOrderedID()
	for position, e := range t.Entries {
		l := &g.postings
		l.transaction, l.account = append(l.transaction, id), append(l.account, e.Account)
		l.position, l.legs = append(l.position, int64(position)), append(l.legs, int64(len(t.Entries)))
		l.amount = append(l.amount, int64(e.Amount))
	}
	h := &g.heads
	h.id, h.payment, h.kind, h.row = append(h.id, id), append(h.payment, p.id), append(h.kind, t.Kind), append(h.row, row.ID)
	h.legs, h.at = append(h.legs, int64(len(t.Entries))), append(h.at, g.now.UnixMilli())
	p.unassigned = p.unassigned || t.Kind == outcome.KindUnassigned
}

// tell notes what the owner of a debt has to hear, at once.
func (g *page) tell(p *held, row api.Row, t outcome.Telling) error {
	at := slices.IndexFunc(p.bills, func(b outcome.Bill) bool { return b.Debt == t.Debt })
	b := p.bills[at]
	circuit, err := json.Marshal(b.Circuit)
	if err != nil {
		return err
	}
	key := loanKey(p.id, t.Debt)
	if t.Presumed {
		key = presumedKey(p.id, t.Debt)
	}
	l := &g.tellings
	l.payment, l.debt, l.key = append(l.payment, p.id), append(l.debt, t.Debt), append(l.key, key)
	l.token, l.circuit, l.paid = append(l.token, t.Token), append(l.circuit, string(circuit)), append(l.paid, digit(t.Paid))
	l.amount, l.fee = append(l.amount, int64(b.Amount)), append(l.fee, int64(b.Fee))
	l.at, l.next = append(l.at, happened(g.now, row, p.payment).UnixMilli()), append(l.next, g.now.UnixMilli())
	return nil
}

// awaits says that a bill of a paid payment is open: its owner has not spoken yet.
func (g *page) awaits(id string) bool {
	p := g.payments[id]
	return p != nil && p.state == outcome.Paid && slices.ContainsFunc(p.bills, func(b outcome.Bill) bool { return b.Closing == kiosk.ClosingOpen })
}

// newOrderedID makes an id that lies behind those made before, so that an index
// grows at its end.
func newOrderedID() string {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.NewString()
	}
	return id.String()
}

// close gives the payment its new state and what the terminal said.
func (p *held) close(now time.Time, row api.Row, body outcome.Body, c outcome.Change) error {
	p.chargeJSON = ""
	if c.Charge.Outcome != "" {
		b, err := json.Marshal(c.Charge)
		if err != nil {
			return err
		}
		p.chargeJSON = string(b)
	}
	p.chargeAmount = 0 // the terminal may not have told it
	if c.To == outcome.Paid {
		p.chargeAmount = p.total
	}
	p.closedAt = time.Time{}
	if c.To != outcome.Doubtful {
		p.closedAt = happened(now, row, p.payment)
	}
	p.state, p.ref, p.result, p.changed = c.To, clip(body.Ref), c.Charge.Outcome, true
	return nil
}

// happened is the moment of the row: by the kiosk's clock if that can be
// trusted and is not ahead of ours, else now.
func happened(now time.Time, row api.Row, p payment) time.Time {
	at := time.UnixMilli(row.OccurredAt)
	if row.ClockTrusted && at.Before(now) && at.After(p.activatedAt) {
		return at
	}
	return now
}

// write makes the noted changes: debts, bills, ledger, payments.
func (g *page) write(ctx context.Context) error {
	added, changed := g.paymentRows()
	for _, step := range []struct {
		what string
		m    many
		rows handed
	}{
		{"write payments", addPayments, added},
		{"settle debts", settleDebts, handed{g.paid[0], g.paid[1]}},
		{"close bills", closeBills, handed{g.closed[0], g.closed[1], g.closed[2]}},
		{"withdraw from the owners", withdrawTellings, handed{g.withdrawn}},
		{"queue for the owners", addTellings, handed{g.tellings.payment, g.tellings.debt, g.tellings.key, g.tellings.token, g.tellings.circuit,
			g.tellings.paid, g.tellings.amount, g.tellings.fee, g.tellings.at, g.tellings.next}},
		{"post", addPostings, handed{g.postings.transaction, g.postings.position, g.postings.legs, g.postings.account, g.postings.amount}},
		{"post", addHeads, handed{g.heads.id, g.heads.legs, g.heads.payment, g.heads.kind, g.heads.row, g.heads.at}},
		{"close payments", closePayments, changed},
	} {
		if err := g.store.execMany(ctx, g.tx, step.m, step.rows); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// paymentRows are the payments to be added and those to be changed, in the order
// of their ids.
func (g *page) paymentRows() (added, changed handed) {
	var a [6][]string
	var an [5][]int64
	var c [5][]string
	var cn [2][]int64
	for _, id := range slices.Sorted(maps.Keys(g.payments)) {
		p := g.payments[id]
		if p.isNew {
			for i, v := range []string{p.id, p.channel, p.kiosk, p.requestHash, string(p.state), p.receiptToken} {
				a[i] = append(a[i], v)
			}
			for i, v := range []int64{int64(p.fee), int64(p.total), p.activatedAt.UnixMilli(), p.expiresAt.UnixMilli(), p.closedAt.UnixMilli()} {
				an[i] = append(an[i], v)
			}
		}
		if p.changed {
			for i, v := range []string{p.id, string(p.state), p.ref, string(p.result), p.chargeJSON} {
				c[i] = append(c[i], v)
			}
			cn[0], cn[1] = append(cn[0], milli(p.closedAt)), append(cn[1], int64(p.chargeAmount))
		}
	}
	return handed{a[0], a[1], a[2], a[3], a[4], a[5], an[0], an[1], an[2], an[3], an[4]}, handed{c[0], c[1], c[2], c[3], c[4], cn[0], cn[1]}
}

// milli is a moment as the book keeps it; 0 is none.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

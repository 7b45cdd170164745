package gateway

// Debts of sources: looked up there, locked here first, then lent there.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// pendingPrefix begins the token of a bill that is locked here and not lent by
// its source yet. Such a token never leaves the gateway.
const pendingPrefix = "pending-"

// endTime is how long the end of a failed activation may take: it goes on when
// the request is over.
const endTime = 5 * time.Second

// sources are the homes of debts outside of the book.
type sources struct {
	mu sync.RWMutex
	of map[string]Source
}

// UseSource says that the debts of some creditors live elsewhere. Those of all
// others are in the book.
func (s *Store) UseSource(src Source, creditors ...kiosk.CreditorCode) {
	s.sources.mu.Lock()
	defer s.sources.mu.Unlock()
	if s.sources.of == nil {
		s.sources.of = map[string]Source{}
	}
	for _, c := range creditors {
		s.sources.of[string(c)] = src
	}
}

// source is where a creditor's debts live, nil for the book.
func (s *Store) source(creditor string) Source {
	s.sources.mu.RLock()
	defer s.sources.mu.RUnlock()
	return s.sources.of[creditor]
}

// lookupAt asks a source, and adds the locks that stand here.
func (s *Store) lookupAt(ctx context.Context, src Source, c creditor, number string) (api.Quote, error) {
	d, err := s.ask(ctx, src, c.code, number)
	if errors.Is(err, ErrNoDebt) {
		return api.Quote{Bill: unknownBill(c, number)}, nil
	}
	if err != nil {
		return api.Quote{}, err
	}
	return s.quote(ctx, c, d)
}

// quote is a source's debt with the locks that stand here.
func (s *Store) quote(ctx context.Context, c creditor, d Debt) (api.Quote, error) {
	bill := api.Bill{
		ID: d.ID, Creditor: c.code, CreditorName: c.name, Notice: string(d.Notice), Iuv: d.IUV, Subject: d.Subject, Instalment: d.Instalment,
		Amount: d.Amount.Cents(), Due: d.Due.String(), Late: s.late(d.Due.String()), Status: api.BillStatus(d.Status), StandIn: d.StandIn,
	}
	ours, err := findDebt(ctx, s.read, s.now(), c.code, bill.Notice)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return api.Quote{}, fmt.Errorf("lookup: %w", err)
	}
	if err == nil {
		bill.ID = ours.id // the name that it has in the book stays
	}
	if err == nil && ours.status() != api.BillStatusPayable {
		bill.Status = ours.status() // a doubt or a payment of ours is known here before it is there
	}
	if d.Service == "" {
		d.Service = ours.service
	}
	bill.Service = d.Service
	return api.Quote{Bill: bill, Fee: int64(s.fee(channelJolly, c.code, d.Service))}, nil
}

// formAt asks a source by a filled form.
func (s *Store) formAt(ctx context.Context, src FormSource, service kiosk.Service, values []kiosk.FormValue) (api.Found, error) {
	answer := api.Found{Bills: []api.Quote{}}
	c, err := findCreditor(ctx, s.read, api.NoticeSearch{Creditor: string(service.Creditor)})
	if err != nil {
		return answer, err
	}
	debts, err := src.LookupForm(ctx, service, values)
	if errors.Is(err, ErrNotByForm) {
		return answer, err
	}
	if err != nil {
		return answer, s.silent(c.code, err)
	}
	for _, d := range debts {
		if d.Creditor != service.Creditor {
			s.log.Warn("a form found a debt of another creditor", "service", service.ID, "creditor", string(d.Creditor))
			return answer, refuse(api.ProblemCodeCreditorUnknown, "")
		}
	}
	if len(debts) > kiosk.MaxFound {
		debts, answer.More = debts[:kiosk.MaxFound], true
	}
	err = s.inTx(ctx, func(tx *sql.Tx) error { // the number alone does not tell the service, and with it the fee
		for i := range debts {
			if debts[i].Service = service.ID; debts[i].Amount <= 0 {
				continue // how it stands is told without what is owed
			}
			if err := mirror(ctx, tx, debts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return answer, err
	}
	for _, d := range debts {
		q, err := s.quote(ctx, c, d)
		if err != nil {
			return answer, err
		}
		answer.Bills = append(answer.Bills, q)
	}
	return answer, nil
}

// silent is the refusal for a source that failed; its own refusals stay.
func (s *Store) silent(creditor string, err error) error {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return err
	}
	s.log.Warn("a source of debts does not answer", "creditor", creditor, "error", err.Error())
	return refuse(api.ProblemCodeCreditorSilent, "")
}

// ask looks a debt up; a source that fails is a creditor that is silent.
func (s *Store) ask(ctx context.Context, src Source, creditor, number string) (Debt, error) {
	d, err := src.Lookup(ctx, kiosk.CreditorCode(creditor), kiosk.NoticeNumber(number))
	if err == nil || errors.Is(err, ErrNoDebt) {
		return d, err
	}
	return d, s.silent(creditor, err)
}

// foreign asks the sources for the bills of a cart that are not in the book; nil
// when all are, or when the payment is known already.
func (s *Store) foreign(ctx context.Context, id string, wanted []api.WantedBill) (map[string]Debt, error) {
	var found map[string]Debt
	for _, w := range wanted {
		src := s.source(w.Creditor)
		if src == nil {
			continue
		}
		if found == nil {
			found = map[string]Debt{}
			if _, err := loadPayment(ctx, s.read, id); !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
		}
		if _, err := findCreditor(ctx, s.read, api.NoticeSearch{Creditor: w.Creditor}); err != nil {
			return nil, withBill(err, w.BillID)
		}
		d, err := s.ask(ctx, src, w.Creditor, w.Notice)
		if ours, ferr := findDebt(ctx, s.read, s.now(), w.Creditor, w.Notice); ferr == nil {
			d.ID = ours.id
		} else if !errors.Is(ferr, sql.ErrNoRows) {
			return nil, fmt.Errorf("find bill: %w", ferr)
		}
		switch {
		case errors.Is(err, ErrNoDebt), err == nil && d.ID != w.BillID:
			return nil, &Refusal{Code: api.ProblemCodeBillUnknown, BillID: w.BillID}
		case err != nil:
			return nil, withBill(err, w.BillID)
		case d.Status != kiosk.BillPayable:
			return nil, &Refusal{Code: billRefusals[api.BillStatus(d.Status)], BillID: w.BillID}
		}
		found[w.BillID] = d
	}
	return found, nil
}

// mirror writes a source's debt into the book, so that it can be locked there;
// of which service it is stays known when the source tells it no more.
func mirror(ctx context.Context, tx *sql.Tx, d Debt) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO debts (id, creditor, notice, iuv, service, subject, instalment, amount, due, state, stand_in)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10)
		ON CONFLICT (creditor, notice) DO UPDATE SET amount = excluded.amount, subject = excluded.subject, due = excluded.due,
			stand_in = excluded.stand_in, service = CASE WHEN excluded.service <> '' THEN excluded.service ELSE debts.service END`,
		d.ID, string(d.Creditor), string(d.Notice), d.IUV, d.Service, d.Subject, d.Instalment, d.Amount, d.Due.String(), d.StandIn)
	if err != nil {
		return fmt.Errorf("mirror debt: %w", err)
	}
	return nil
}

func pending(token string) bool { return strings.HasPrefix(token, pendingPrefix) }

func newPending() string { return pendingPrefix + strings.ReplaceAll(uuid.NewString(), "-", "") }

// loanKey is the idempotency key of one bill of a payment: the same whoever
// asks again, also after a restart.
func loanKey(payment, debt string) string { return payment + ":" + debt }

// presumedKey is the key of a KO that nobody knows to be true: an owner refuses
// another outcome under a key that he has heard, and the truth may yet come.
func presumedKey(payment, debt string) string { return loanKey(payment, debt) + ":expired" }

// lent is a bill that a source has lent.
type lent struct {
	src  Source
	bill paymentBill
	debt Debt
	loan Loan
	key  string // of the word that gives it back
}

// lend has the sources lend what is locked here and answers with their tokens.
// All or nothing: if one refuses, the others are told KO, and the locks fall.
func (s *Store) lend(ctx context.Context, id string) (api.Activation, error) {
	bills, err := loadBills(ctx, s.read, id)
	if err != nil {
		return api.Activation{}, err
	}
	var loans []lent
	for _, b := range bills {
		if !pending(b.token) {
			continue
		}
		l, err := s.lendBill(ctx, id, b)
		var refusal *Refusal
		switch {
		case errors.As(err, &refusal): // surely not lent
			return s.unlend(ctx, id, loans, err)
		case err != nil: // nobody knows: it is found again and given back
			return s.unlend(ctx, id, append(loans, l), err)
		}
		loans = append(loans, l)
	}
	answer, err := s.keepLoans(ctx, id, loans)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return s.unlend(ctx, id, loans, err)
	}
	return answer, err
}

// lendBill asks a source for one bill. The request follows from the payment alone,
// so that whoever repeats it asks for the same.
func (s *Store) lendBill(ctx context.Context, id string, b paymentBill) (lent, error) {
	l := lent{src: s.source(b.creditor), bill: b}
	if l.src == nil {
		return l, &Refusal{Code: api.ProblemCodeCreditorSilent, BillID: b.debt, Detail: "its source is gone"}
	}
	d, err := findDebtByID(ctx, s.read, s.now(), b.debt)
	if err != nil {
		return l, &Refusal{Code: api.ProblemCodeCreditorSilent, BillID: b.debt, Detail: "read debt: " + err.Error()}
	}
	due, err := kiosk.ParseDate(d.due)
	if err != nil {
		return l, &Refusal{Code: api.ProblemCodeCreditorSilent, BillID: b.debt, Detail: "read debt: " + err.Error()}
	}
	l.debt = Debt{
		ID: d.id, Creditor: kiosk.CreditorCode(d.creditor), Notice: kiosk.NoticeNumber(d.notice), IUV: d.iuv, Service: d.service, Subject: d.subject,
		Instalment: d.instalment, Amount: b.amount, Due: due, Status: kiosk.BillPayable, StandIn: d.standIn,
	}
	l.loan, err = l.src.Activate(ctx, loanOf(id, l.debt))
	return l, err
}

// loanOf is the one request for a debt in the name of a payment.
func loanOf(id string, d Debt) LoanRequest {
	return LoanRequest{Key: loanKey(id, d.ID), Payment: kiosk.PaymentID(id), Debt: d, Life: life}
}

// keepLoans writes the tokens into the book. A payment that was closed meanwhile
// takes none.
func (s *Store) keepLoans(ctx context.Context, id string, loans []lent) (answer api.Activation, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		p, err := loadPayment(ctx, tx, id)
		if err != nil {
			return err
		}
		if p.state != outcome.Active {
			return refuse(api.ProblemCodeActivationClosed, string(p.state))
		}
		for _, l := range loans {
			_, err := tx.ExecContext(ctx, "UPDATE payment_bills SET token = $1, amount = $2 WHERE payment = $3 AND debt = $4 AND token = $5",
				l.loan.Token, l.loan.Amount, id, l.bill.debt, l.bill.token)
			if err != nil {
				return fmt.Errorf("keep token: %w", err)
			}
			if l.loan.Expires.Before(p.expiresAt) {
				p.expiresAt = l.loan.Expires
			}
		}
		bills, err := loadBills(ctx, tx, id)
		if err != nil {
			return err
		}
		p.total = p.fee
		for _, b := range bills {
			p.total += b.amount
		}
		if p.total > kiosk.MaxCharge {
			return refuse(api.ProblemCodeTotalTooLarge, "")
		}
		_, err = tx.ExecContext(ctx, "UPDATE payments SET total = $1, expires_at = $2 WHERE id = $3", p.total, p.expiresAt.UnixMilli(), id)
		answer = activation(p, bills, s.now())
		return err
	})
	return answer, err
}

// unlend ends an activation that did not come about: the lock here falls, and
// what was lent already, or may have been, is given back: at once where that is
// possible, else by the queue. If the same call came twice and the other one
// succeeded, its answer stands: the loans are the same.
func (s *Store) unlend(ctx context.Context, id string, loans []lent, cause error) (api.Activation, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
	defer cancel()
	var answer api.Activation
	var whole bool
	err := s.inTx(ctx, func(tx *sql.Tx) (err error) {
		if answer, whole, err = s.closeUnlent(ctx, tx, id); err != nil || whole {
			return err
		}
		return s.queueLoans(ctx, tx, id, loans, s.now().Add(endTime))
	})
	if err != nil {
		return api.Activation{}, fmt.Errorf("end activation: %w", err)
	}
	if whole {
		return answer, nil
	}
	for _, l := range loans {
		if l.loan.Token != "" {
			s.giveBack(ctx, id, l)
		}
	}
	s.fresh.ring()
	var refusal *Refusal
	if errors.As(cause, &refusal) {
		return api.Activation{}, cause
	}
	s.log.Warn("a source of debts did not lend", "payment", id, "error", cause.Error())
	return api.Activation{}, refuse(api.ProblemCodeCreditorSilent, "")
}

// giveBack tells KO at once; what fails stays in the queue.
func (s *Store) giveBack(ctx context.Context, id string, l lent) {
	t := telling{outcome: LoanOutcome{
		Key: l.key, Payment: kiosk.PaymentID(id), Debt: l.debt, Token: l.loan.Token, Amount: l.bill.amount, Fee: l.bill.fee, At: s.now(),
	}}
	closing, err := l.src.Outcome(ctx, t.outcome)
	if err == nil {
		err = s.owned(ctx, t, closing)
	}
	if err != nil {
		s.log.Warn("a loan could not be given back yet", "payment", id, "bill", l.bill.debt, "error", err.Error())
	}
}

// closeUnlent closes a payment some bill of which was never lent; whole says
// that there is none and that the payment lives.
func (s *Store) closeUnlent(ctx context.Context, tx *sql.Tx, id string) (answer api.Activation, whole bool, err error) {
	p, err := loadPayment(ctx, tx, id)
	if err != nil {
		return answer, false, err
	}
	bills, err := loadBills(ctx, tx, id)
	if err != nil {
		return answer, false, err
	}
	switch lent := !slices.ContainsFunc(bills, func(b paymentBill) bool { return pending(b.token) }); {
	case lent && p.state == outcome.Active:
		return activation(p, bills, s.now()), true, nil
	case lent:
		// Its tokens are the payment's, and a card may have been charged for them:
		// the owners hear from its rows how it ended, and nothing from here.
		return answer, false, refuse(api.ProblemCodeActivationClosed, string(p.state))
	case p.state != outcome.Active:
		return answer, false, nil
	}
	_, err = tx.ExecContext(ctx, "UPDATE payments SET state = 'not-paid', closed_at = $1 WHERE id = $2", s.now().UnixMilli(), id)
	if err != nil {
		return answer, false, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE payment_bills SET closing = 'ko' WHERE payment = $1 AND closing = ''", id)
	return answer, false, err
}

// queueLoans writes what a failed activation leaves to be told: KO for what was
// lent, and for what may have been. A token that is known is better than none.
//
// The kiosk's word that nothing was paid may have overtaken the activation, and its
// KO may be told already: it ended the owner's memory of the key, and what was lent
// after it is another loan, which has its own KO under a key of its own. So it may be
// while that KO is on its way. Where the answer to that was lost, too, the queue asks
// for it again by the activation's key.
func (s *Store) queueLoans(ctx context.Context, tx *sql.Tx, id string, loans []lent, next time.Time) error {
	for i := range loans {
		l := &loans[i]
		token := l.loan.Token
		if token == "" {
			token = l.bill.token
		}
		l.key = loanKey(id, l.bill.debt)
		told, err := toldKO(ctx, tx, id, l)
		if err != nil {
			return err
		}
		if told {
			l.key = loanKey(id, l.bill.debt) + ":" + uuid.NewString()
			_, err = tx.ExecContext(ctx, `UPDATE tellings SET key = $1, token = $2, at = $3, next_at = $4, tries = 0, state = 'due', meaning = ''
				WHERE payment = $5 AND debt = $6`, l.key, token, s.now().UnixMilli(), next.UnixMilli(), id, l.bill.debt)
		} else {
			_, err = tx.ExecContext(ctx, `INSERT INTO tellings (payment, debt, key, token, paid, amount, fee, at, next_at)
				VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8)
				ON CONFLICT (payment, debt) DO UPDATE SET token = CASE WHEN excluded.token LIKE 'pending-%' THEN tellings.token ELSE excluded.token END`,
				id, l.bill.debt, l.key, token, l.bill.amount, l.bill.fee, s.now().UnixMilli(), next.UnixMilli())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// toldKO says that the owner of a bill has heard KO about another loan of it, or is
// hearing it: while that lived he would have given no other. What is on its way to him
// has its key.
func toldKO(ctx context.Context, tx *sql.Tx, id string, l *lent) (bool, error) {
	var key, token, state string
	var paid bool
	err := tx.QueryRowContext(ctx, "SELECT key, token, state, paid FROM tellings WHERE payment = $1 AND debt = $2", id, l.bill.debt).Scan(&key, &token, &state, &paid)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	}
	l.key = key
	over := state == tellDone || state == tellDue && !pending(token)
	return !paid && over && token != l.loan.Token, nil
}

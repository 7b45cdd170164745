package gateway

// Activation: the lock with an expiry that a payment takes on all its bills.

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// life is how long a bill's token lives: never more than the national node's 30 minutes.
const life = 30 * time.Minute

// channelJolly is the channel of kiosks, and of a payment that names none.
const channelJolly = string(api.ChannelJolly)

// channelOf is where the payer stands. A debt is lent once whatever the channel:
// nothing that locks or settles looks at it.
func channelOf(said api.Channel) string {
	if said == "" {
		return channelJolly
	}
	return string(said)
}

// Activate locks all bills of a cart for the payment id, or none of them. The
// same call again gives the same tokens while they live.
func (s *Store) Activate(ctx context.Context, id string, req api.ActivationRequest) (api.Activation, error) {
	hash, err := fingerprint(req)
	if err != nil {
		return api.Activation{}, fmt.Errorf("activate: %w", err)
	}
	foreign, err := s.foreign(ctx, id, req.Bills)
	if err != nil {
		return api.Activation{}, fmt.Errorf("activate: %w", err)
	}
	var answer api.Activation
	err = s.locking(ctx, req.Bills, func(tx *sql.Tx) error {
		// First: what was not in the book could not be locked, and the same call may
		// have come twice. Whoever mirrors second waits here for the other.
		for _, bill := range slices.Sorted(maps.Keys(foreign)) { // one order for all: nobody waits in a circle
			if err := mirror(ctx, tx, foreign[bill]); err != nil {
				return err
			}
		}
		p, err := loadPayment(ctx, tx, id)
		switch {
		case err == nil:
			answer, err = s.repeat(ctx, tx, p, hash)
			return err
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		answer, err = s.activate(ctx, tx, payment{id: id, channel: channelOf(req.Channel), kiosk: req.Kiosk, requestHash: hash, previous: req.Previous}, req.Bills)
		return err
	})
	if err == nil && slices.ContainsFunc(answer.Bills, func(b api.ActivatedBill) bool { return pending(b.Token) }) {
		answer, err = s.lend(ctx, id)
	}
	if err != nil {
		return api.Activation{}, fmt.Errorf("activate: %w", err)
	}
	return answer, nil
}

var lockDebts = many{columns: []string{"id text"}, text: "SELECT d.id FROM debts AS d WHERE d.id IN (SELECT u.id FROM {rows}) ORDER BY d.id {lock:d}"}

// locking runs f in a transaction that holds the bills' debts from its beginning,
// as one that ends payments does: what f then reads of them is how they stand,
// and stays so. A serializable transaction would read how they stood when it
// began, which somebody else may have told a citizen since to be otherwise.
func (s *Store) locking(ctx context.Context, wanted []api.WantedBill, f func(*sql.Tx) error) error {
	var ids []string
	for _, w := range wanted {
		if !strings.Contains(w.BillID, "\x00") { // no debt is called so, and not every database may be asked
			ids = append(ids, w.BillID)
		}
	}
	slices.Sort(ids)
	var err error
	for range 2 { // the same payment may have come in between, with other bills
		err = s.transact(ctx, pushOptions(), func(tx *sql.Tx) error {
			if err := s.eachMany(ctx, tx, func(*sql.Rows) error { return nil }, lockDebts, handed{ids}); err != nil {
				return fmt.Errorf("lock debts: %w", err)
			}
			return f(tx)
		})
		if s.engine.kind(err) != faultRefused {
			break
		}
	}
	return err
}

// fingerprint is the hash by which a repeated call is known to be the same.
// The types are the contract's, so their encoding is canonical.
func fingerprint(req api.ActivationRequest) (string, error) {
	b, err := json.Marshal(req)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// repeat answers a call for a payment that exists.
func (s *Store) repeat(ctx context.Context, tx *sql.Tx, p payment, hash string) (api.Activation, error) {
	now := s.now()
	switch outcome.Repeat(p.requestHash, hash, p.state, p.expiresAt, now) {
	case outcome.RepeatConflict:
		return api.Activation{}, refuse(api.ProblemCodePaymentConflict, "")
	case outcome.RepeatClosed:
		return api.Activation{}, refuse(api.ProblemCodeActivationClosed, string(p.state))
	case outcome.RepeatExpired:
		return api.Activation{}, refuse(api.ProblemCodeActivationExpired, "")
	}
	bills, err := loadBills(ctx, tx, p.id)
	if err != nil {
		return api.Activation{}, err
	}
	return activation(p, bills, now), nil
}

// activate takes the lock.
func (s *Store) activate(ctx context.Context, tx *sql.Tx, p payment, wanted []api.WantedBill) (api.Activation, error) {
	now := s.now() // one moment for all that follows: what expired before it is free, what is lent lives from it
	bills, err := s.gather(ctx, tx, now, p.channel, wanted)
	if err != nil {
		return api.Activation{}, err
	}
	for _, b := range bills {
		p.fee += b.fee
		p.total += b.amount + b.fee
	}
	if p.total > kiosk.MaxCharge {
		return api.Activation{}, refuse(api.ProblemCodeTotalTooLarge, "")
	}
	p.state = outcome.Active
	p.activatedAt = now
	p.expiresAt = now.Add(life)
	if err := insertPayment(ctx, tx, &p); err != nil {
		return api.Activation{}, err
	}
	for i, b := range bills {
		if err := insertBill(ctx, tx, p.id, i, b); err != nil {
			return api.Activation{}, err
		}
	}
	s.log.Info("activated", "payment", p.id, "kiosk", p.kiosk, "bills", len(bills), "total", p.total.String())
	return activation(p, bills, now), nil
}

// gather finds every wanted bill and refuses on the first that cannot be paid.
func (s *Store) gather(ctx context.Context, tx *sql.Tx, now time.Time, channel string, wanted []api.WantedBill) ([]paymentBill, error) {
	var bills []paymentBill
	seen := map[string]bool{}
	for _, w := range wanted {
		if _, err := findCreditor(ctx, tx, api.NoticeSearch{Creditor: w.Creditor}); err != nil {
			return nil, withBill(err, w.BillID)
		}
		d, err := findDebt(ctx, tx, now, w.Creditor, w.Notice)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && d.id != w.BillID:
			return nil, &Refusal{Code: api.ProblemCodeBillUnknown, BillID: w.BillID}
		case err != nil:
			return nil, fmt.Errorf("find bill: %w", err)
		}
		if seen[d.id] {
			return nil, &Refusal{Code: api.ProblemCodeRequestInvalid, BillID: d.id, Detail: "the same bill twice"}
		}
		seen[d.id] = true
		if status := d.status(); status != api.BillStatusPayable {
			return nil, &Refusal{Code: billRefusals[status], BillID: d.id}
		}
		token := strings.ReplaceAll(uuid.NewString(), "-", "")
		remote := s.source(w.Creditor) != nil
		if remote {
			token = newPending()
		}
		bills = append(bills, paymentBill{
			debt: d.id, iuv: d.iuv, creditor: d.creditor, expected: kiosk.Cents(w.Amount), amount: d.asked(), fee: s.fee(channel, d.creditor, d.service), token: token, remote: remote,
		})
	}
	return bills, nil
}

func withBill(err error, bill string) error {
	var r *Refusal
	if errors.As(err, &r) {
		return &Refusal{Code: r.Code, BillID: bill, Detail: r.Detail}
	}
	return err
}

// activation is the answer: lifeSeconds is what is left at this moment.
func activation(p payment, bills []paymentBill, now time.Time) api.Activation {
	a := api.Activation{
		Payment: p.id, Fee: int64(p.fee), Total: int64(p.total), ReceiptToken: p.receiptToken,
		LifeSeconds: max(1, int(p.expiresAt.Sub(now)/time.Second)),
	}
	for _, b := range bills {
		a.Bills = append(a.Bills, api.ActivatedBill{
			BillID: b.debt, Amount: int64(b.amount), Fee: int64(b.fee), Token: b.token, Iuv: b.iuv,
		})
	}
	return a
}

// newReceiptToken makes the 128 random bits under which the citizen finds the payment.
func newReceiptToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

package gateway

// Outcomes: what the rows of a payment do to it, to its bills and to the ledger.
//
// The table, state of the payment against kind of row:
//
//	               unknown      active/expired  doubtful      paid              not-paid
//	paid           parked       settle          settle        same charge: ok   parked, money in suspense
//	not-paid       closed ahead close ko        parked        parked            ok
//	doubtful       parked       lock            ok            parked            parked
//	resolved yes   parked       settle          settle        same charge: ok   parked, money in suspense
//	resolved no    parked       close ko        close ko      parked            ok
//
// A paid row that does not fit the activation (bills, amounts, charge) is
// parked and its bills are locked: money may have been taken.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// body is what the bodies of all kinds of rows hold.
type body struct {
	Payment string             `json:"payment"`
	Outcome kiosk.Outcome      `json:"outcome"` // payment.resolved only
	Bills   []bodyBill         `json:"bills"`
	Fee     kiosk.Amount       `json:"fee"`
	Total   kiosk.Amount       `json:"total"`
	Charge  kiosk.ChargeResult `json:"charge"`
	Ref     string             `json:"ref"`
}

type bodyBill struct {
	BillID string       `json:"billId"`
	Token  string       `json:"token"`
	Amount kiosk.Amount `json:"amount"`
	Fee    kiosk.Amount `json:"fee"`
}

// outcome is one row being applied.
type outcome struct {
	tx    *sql.Tx
	now   time.Time
	kiosk string
	row   api.Row
	body  body
	p     payment
	bills []paymentBill
}

// applyOutcome reads the row's body and lets it act on its payment.
func (s *Store) applyOutcome(ctx context.Context, tx *sql.Tx, kioskID string, row api.Row) (verdict, error) {
	o := outcome{tx: tx, now: s.now(), kiosk: kioskID, row: row}
	if err := json.Unmarshal([]byte(row.Body), &o.body); err != nil || !paymentID.MatchString(o.body.Payment) {
		return parked(reasonBody), nil
	}
	if row.Payment != "" && row.Payment != o.body.Payment {
		return parked(reasonPaymentDiffers), nil
	}
	var err error
	o.p, err = loadPayment(ctx, tx, o.body.Payment)
	if errors.Is(err, sql.ErrNoRows) {
		return o.unknownPayment(ctx)
	}
	if err != nil {
		return verdict{}, err
	}
	if o.p.kiosk != kioskID {
		return parked(reasonKiosk), nil
	}
	if o.bills, err = loadBills(ctx, tx, o.p.id); err != nil {
		return verdict{}, err
	}
	return o.dispatch(ctx)
}

func (o *outcome) dispatch(ctx context.Context) (verdict, error) {
	switch kiosk.RowKind(o.row.Kind) {
	case kiosk.RowPaid:
		return o.paid(ctx)
	case kiosk.RowNotPaid:
		return o.notPaid(ctx)
	case kiosk.RowDoubtful:
		return o.doubtful(ctx)
	case kiosk.RowResolved:
		switch o.body.Outcome {
		case kiosk.Charged:
			return o.paid(ctx)
		case kiosk.Refused:
			return o.refused(ctx)
		default:
			return parked(reasonOutcome), nil
		}
	case kiosk.RowReceiptDone, kiosk.RowReceiptFailed:
		return accepted(nil), nil // the row itself is the record
	default:
		return parked(reasonKind), nil
	}
}

// unknownPayment: the kiosk may never have reached us, or its call may still be
// on its way. A payment that was not paid is closed ahead, so that a late
// activation finds it closed; anything else needs a person.
func (o *outcome) unknownPayment(ctx context.Context) (verdict, error) {
	if kiosk.RowKind(o.row.Kind) != kiosk.RowNotPaid {
		return parked(reasonPayment), nil
	}
	p := payment{
		id: o.body.Payment, channel: channelJolly, kiosk: o.kiosk, state: stateNotPaid,
		activatedAt: o.now, expiresAt: o.now, closedAt: o.now,
	}
	if err := insertPayment(ctx, o.tx, &p); err != nil {
		return verdict{}, err
	}
	var closings []api.BillClosing
	for _, b := range o.body.Bills {
		closings = append(closings, api.BillClosing{BillID: clip(b.BillID), Closing: api.ClosingKo})
	}
	return accepted(closings[:min(len(closings), kiosk.MaxBills)]), nil
}

// paid settles every bill that nobody else settled; the others are refund cases.
func (o *outcome) paid(ctx context.Context) (verdict, error) {
	if reason := o.misfit(); reason != "" {
		return o.lockAndPark(ctx, reason)
	}
	switch o.p.state {
	case statePaid:
		if o.body.Charge.STAN != o.p.stan() {
			return parked(reasonCharge, o.closings()...), nil
		}
		return accepted(o.closings()), nil
	case stateNotPaid:
		return parked(reasonClosed, o.closings()...), o.postUnassigned(ctx)
	case stateDoubtful:
		if err := o.post(ctx, "doubtful-ended", o.entries(accountHeld, accountClaim)); err != nil {
			return verdict{}, err
		}
	}
	if err := o.settle(ctx); err != nil {
		return verdict{}, err
	}
	if err := o.post(ctx, "paid", o.settlement()); err != nil {
		return verdict{}, err
	}
	return accepted(o.closings()), o.close(ctx, statePaid)
}

// postUnassigned puts the money of a payment that was closed as not paid into
// suspense, once.
func (o *outcome) postUnassigned(ctx context.Context) error {
	var there bool
	err := o.tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM ledger_transactions WHERE payment = $1 AND kind = 'unassigned')", o.p.id).Scan(&there)
	if err != nil || there {
		return err
	}
	return o.post(ctx, "unassigned", o.entries(accountClearing, accountHeld))
}

// settle closes the bills and marks their debts.
func (o *outcome) settle(ctx context.Context) error {
	for i := range o.bills {
		b := &o.bills[i]
		res, err := o.tx.ExecContext(ctx, "UPDATE debts SET state = 'paid', paid_by = $1 WHERE id = $2 AND state <> 'paid'", o.p.id, b.debt)
		if err != nil {
			return fmt.Errorf("settle debt: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return fmt.Errorf("settle debt: %w", err)
		}
		b.closing = kiosk.ClosingOK
		if n == 0 {
			b.closing = kiosk.ClosingDuplicate
		}
	}
	return o.closeBills(ctx)
}

// misfit compares a paid row with the activation.
func (o *outcome) misfit() string {
	switch {
	case o.body.Charge.Outcome != kiosk.Charged:
		return reasonOutcome
	case len(o.body.Bills) != len(o.bills) || !o.billsMatch():
		if o.p.state == stateNotPaid && len(o.bills) == 0 {
			return reasonClosed // closed ahead: there is nothing to compare with
		}
		return reasonBills
	case o.body.Total != o.p.total, o.body.Fee != o.p.fee,
		o.body.Charge.Amount != o.p.total && o.body.Charge.Amount != 0:
		return reasonAmount
	}
	return ""
}

// billsMatch says that every bill of the row is one of the payment's, once,
// with its token, amount and fee.
func (o *outcome) billsMatch() bool {
	for i, b := range o.body.Bills {
		h, ok := o.held(b.BillID)
		if !ok || h.token != b.Token || h.amount != b.Amount || h.fee != b.Fee {
			return false
		}
		for _, other := range o.body.Bills[:i] {
			if other.BillID == b.BillID {
				return false
			}
		}
	}
	return true
}

func (o *outcome) held(bill string) (paymentBill, bool) {
	for _, b := range o.bills {
		if b.debt == bill {
			return b, true
		}
	}
	return paymentBill{}, false
}

// lockAndPark keeps a contradictory payment's bills for a person to decide.
func (o *outcome) lockAndPark(ctx context.Context, reason string) (verdict, error) {
	if o.p.state == stateActive {
		if _, err := o.doubtful(ctx); err != nil {
			return verdict{}, err
		}
	}
	return parked(reason, o.closings()...), nil
}

// notPaid closes what the payment holds.
func (o *outcome) notPaid(ctx context.Context) (verdict, error) {
	for _, b := range o.body.Bills {
		h, ok := o.held(b.BillID)
		if len(o.bills) > 0 && (!ok || b.Token != "" && b.Token != h.token) {
			return parked(reasonBills, o.closings()...), nil
		}
	}
	switch o.p.state {
	case statePaid:
		return parked(reasonClosed, o.closings()...), nil // paid is never undone
	case stateDoubtful:
		return parked(reasonDoubtful), nil
	case stateNotPaid:
		return accepted(o.closings()), nil
	}
	return o.closeKO(ctx)
}

// refused ends a doubtful payment: the terminal says that nothing was charged.
func (o *outcome) refused(ctx context.Context) (verdict, error) {
	switch o.p.state {
	case statePaid:
		return parked(reasonClosed, o.closings()...), nil
	case stateNotPaid:
		return accepted(o.closings()), nil
	case stateDoubtful:
		if err := o.post(ctx, "doubtful-ended", o.entries(accountHeld, accountClaim)); err != nil {
			return verdict{}, err
		}
	}
	return o.closeKO(ctx)
}

func (o *outcome) closeKO(ctx context.Context) (verdict, error) {
	for i := range o.bills {
		o.bills[i].closing = kiosk.ClosingKO
	}
	if err := o.closeBills(ctx); err != nil {
		return verdict{}, err
	}
	return accepted(o.closings()), o.close(ctx, stateNotPaid)
}

// doubtful locks the bills past the expiry, until the charge's result is known.
func (o *outcome) doubtful(ctx context.Context) (verdict, error) {
	switch o.p.state {
	case statePaid, stateNotPaid:
		return parked(reasonClosed, o.closings()...), nil
	case stateDoubtful:
		return accepted(nil), nil
	}
	if err := o.post(ctx, "doubtful", o.entries(accountClaim, accountHeld)); err != nil {
		return verdict{}, err
	}
	return accepted(nil), o.close(ctx, stateDoubtful)
}

// closeBills writes the closings.
func (o *outcome) closeBills(ctx context.Context) error {
	for _, b := range o.bills {
		_, err := o.tx.ExecContext(ctx, "UPDATE payment_bills SET closing = $1 WHERE payment = $2 AND debt = $3", b.closing, o.p.id, b.debt)
		if err != nil {
			return fmt.Errorf("close bill: %w", err)
		}
	}
	return nil
}

// close writes the payment's new state and what the terminal said.
func (o *outcome) close(ctx context.Context, to state) error {
	charge, result := "", o.body.Charge
	if to == stateDoubtful {
		result.Outcome = kiosk.Unknown
	}
	if result.Outcome != "" {
		b, err := json.Marshal(result)
		if err != nil {
			return err
		}
		charge = string(b)
	}
	_, err := o.tx.ExecContext(ctx, `UPDATE payments SET state = $1, closed_at = $2, ref = $3, charge_outcome = $4, charge_amount = $5, charge_json = $6
		WHERE id = $7`, to, sql.NullInt64{Int64: o.happened().UnixMilli(), Valid: to != stateDoubtful}, clip(o.body.Ref),
		string(result.Outcome), o.taken(to), charge, o.p.id)
	if err != nil {
		return fmt.Errorf("close payment: %w", err)
	}
	o.p.state = to
	return nil
}

// taken is the money that the charge took: the terminal may not have told it.
func (o *outcome) taken(to state) kiosk.Amount {
	if to == statePaid {
		return o.p.total
	}
	return 0
}

// happened is the moment of the row: by the kiosk's clock if that can be
// trusted and is not ahead of ours, else now.
func (o *outcome) happened() time.Time {
	at := time.UnixMilli(o.row.OccurredAt)
	if o.row.ClockTrusted && at.Before(o.now) && at.After(o.p.activatedAt) {
		return at
	}
	return o.now
}

// closings are those of the bills that are closed.
func (o *outcome) closings() []api.BillClosing {
	var all []api.BillClosing
	for _, b := range o.bills {
		if b.closing != kiosk.ClosingOpen {
			all = append(all, api.BillClosing{BillID: b.debt, Closing: api.Closing(b.closing)})
		}
	}
	return all
}

// stan is the terminal's number of the charge that paid.
func (p payment) stan() string { return p.charge().STAN }

// charge is what the terminal said; zero when nothing was said.
func (p payment) charge() kiosk.ChargeResult {
	var c kiosk.ChargeResult
	if json.Unmarshal([]byte(p.chargeJSON), &c) != nil {
		return kiosk.ChargeResult{}
	}
	return c
}

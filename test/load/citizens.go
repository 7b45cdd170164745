package main

// Citizens who stand before other kiosks while the backlog drains: lookup,
// activation, and the outcome that the paper waits for.

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// waits are how long the calls of one kind took, sorted.
type waits []time.Duration

// at is the time within which so many in a hundred were answered.
func (w waits) at(percent int) time.Duration {
	if len(w) == 0 {
		return 0
	}
	return w[min(len(w)-1, (len(w)*percent+99)/100-1)]
}

func (w waits) String() string {
	return fmt.Sprintf("%.1f/%.1fms", float64(w.at(50))/1e6, float64(w.at(99))/1e6)
}

// street is one kiosk at which citizens pay, one after another.
type street struct {
	name    string
	client  *http.Client
	address string
	debts   []payment // to be paid here

	paid     int
	sequence int64
	cents    int64
	asked    atomic.Int64 // calls that had to be made again

	lookups, activations, outcomes waits
}

// run lets a citizen pay, about every so often, until ctx ends or nothing is owed.
func (s *street) run(ctx context.Context, every time.Duration) error {
	for len(s.debts) > 0 {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every/2 + rand.N(every)):
		}
		p := s.debts[0]
		s.debts = s.debts[1:]
		if err := s.pay(context.WithoutCancel(ctx), p); err != nil {
			return err
		}
	}
	return nil
}

func (s *street) pay(ctx context.Context, p payment) error {
	base := "http://" + s.address
	var found api.Found
	notice := api.NoticeSearch{Number: p.notice(), Creditor: creditor}
	err := s.timed(ctx, &s.lookups, "POST", base+"/v1/lookup", api.LookupRequest{Kiosk: s.name, Notice: notice}, &found)
	if err != nil {
		return err
	}
	if len(found.Bills) != 1 || found.Bills[0].Bill.Status != api.BillStatusPayable || found.Bills[0].Bill.Amount != p.amount() {
		return violated("lookup", "%s answers %+v", p.notice(), found)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	var a api.Activation
	wanted := api.WantedBill{BillID: p.debt(), Notice: p.notice(), Creditor: creditor, Amount: p.amount()}
	err = s.timed(ctx, &s.activations, "PUT", base+"/v1/payments/"+id.String(), api.ActivationRequest{Kiosk: s.name, Bills: []api.WantedBill{wanted}}, &a)
	if err != nil {
		return err
	}
	if len(a.Bills) != 1 || a.Total != p.total() {
		return violated("activation", "%s answers %+v", p.notice(), a)
	}
	return s.tell(ctx, id.String(), a)
}

// tell delivers the payment's two rows.
func (s *street) tell(ctx context.Context, id string, a api.Activation) error {
	row := func(kind kiosk.RowKind, body string) (api.Row, error) {
		s.sequence++
		rowID, err := uuid.NewV7()
		return seal(api.Row{Sequence: s.sequence, ID: rowID.String(), Payment: id, Kind: string(kind), OccurredAt: time.Now().UnixMilli(), ClockTrusted: true, Body: body}), err
	}
	paid, err := row(kiosk.RowPaid, outcomeBody(kiosk.RowPaid, id, s.name, bill{a.Bills[0].BillID, a.Bills[0].Token, a.Bills[0].Amount}))
	if err != nil {
		return err
	}
	receipt, err := row(kiosk.RowReceiptDone, receiptBody(id, s.name))
	if err != nil {
		return err
	}
	err = s.again(ctx, &s.outcomes, func() (time.Duration, error) {
		return send(ctx, s.client, s.address, s.name, []api.Row{paid, receipt})
	})
	s.paid++
	s.cents += a.Total
	return err
}

func (s *street) timed(ctx context.Context, into *waits, method, url string, body, answer any) error {
	return s.again(ctx, into, func() (time.Duration, error) { return call(ctx, s.client, method, url, body, answer) })
}

// patience is how long a kiosk asks again before the run counts as failed.
const patience = 10 * time.Minute

// again asks until there is an answer; the time counts from the first question.
func (s *street) again(ctx context.Context, into *waits, ask func() (time.Duration, error)) error {
	begun := time.Now()
	for {
		wait, err := ask()
		if err == nil {
			*into = append(*into, time.Since(begun))
			return nil
		}
		if isViolation(err) || time.Since(begun) > patience {
			return err
		}
		s.asked.Add(1)
		if !errors.Is(err, errLater) {
			wait = 50 * time.Millisecond
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// together are the waits of all streets.
func together(streets []*street, of func(*street) waits) waits {
	var all waits
	for _, s := range streets {
		all = append(all, of(s)...)
	}
	slices.Sort(all)
	return all
}

package client

// The operations: values of the kiosk on one side, types of the wire on the other.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// Lookup asks what is owed under a notice. It changes nothing at the gateway. A
// bill that cannot be paid is returned with its status and no error; errors are
// creditor-unknown, creditor-silent, gateway-busy and gateway-offline.
func (c *Client) Lookup(ctx context.Context, n kiosk.Notice) (kiosk.Quote, error) {
	req := api.LookupRequest{Kiosk: c.kiosk, Notice: api.NoticeSearch{Number: string(n.Number), Creditor: string(n.Creditor)}}
	if n.Creditor == "" {
		req.Notice.Gln = n.GLN
	}
	var answer api.Found
	if err := c.do(ctx, call{op: "lookup", method: http.MethodPost, path: "/v1/lookup", body: req, into: &answer}); err != nil {
		return kiosk.Quote{}, err
	}
	if len(answer.Bills) != 1 {
		return kiosk.Quote{}, c.offline("lookup", fmt.Errorf("%d bills under one notice", len(answer.Bills)))
	}
	quote, err := quoteOf(answer.Bills[0])
	if err != nil {
		return kiosk.Quote{}, c.offline("lookup", err)
	}
	if quote.Bill.Notice != n.Number || n.Creditor != "" && quote.Bill.Creditor != n.Creditor {
		return kiosk.Quote{}, c.offline("lookup", errors.New("the answer is about another notice"))
	}
	return quote, nil
}

// maxAmount is the largest amount that a notice can carry, eleven digits of cents:
// what is larger is no answer, and its sums could run over.
const maxAmount = 999_999_999_99

func quoteOf(q api.Quote) (kiosk.Quote, error) {
	due, err := kiosk.ParseDate(q.Bill.Due)
	if err != nil {
		return kiosk.Quote{}, err
	}
	b := q.Bill
	if b.Status == "" || b.Status == api.BillStatusPayable && (b.ID == "" || b.Amount <= 0) || b.Amount < 0 || q.Fee < 0 || b.Amount > maxAmount || q.Fee > maxAmount {
		return kiosk.Quote{}, errors.New("the quote is not whole")
	}
	return kiosk.Quote{Fee: kiosk.Cents(q.Fee), Bill: kiosk.Bill{
		ID: b.ID, Creditor: kiosk.CreditorCode(b.Creditor), CreditorName: b.CreditorName, Notice: kiosk.NoticeNumber(b.Notice), IUV: b.Iuv,
		Subject: b.Subject, Instalment: b.Instalment, Amount: kiosk.Cents(b.Amount), Due: due, Late: b.Late,
		Status: kiosk.BillStatus(b.Status), StandIn: b.StandIn, Service: b.Service,
	}}, nil
}

// Activate locks all bills of the cart for the payment. Calling it again with
// the same id and the same cart is harmless and gives the same tokens while they
// live. A refusal (a bill's code, total-too-large, activation-stale,
// gateway-busy, ...) means that this payment holds nothing new; gateway-offline
// means that it may hold everything: its KO outcome must be sent.
func (c *Client) Activate(ctx context.Context, id, previous kiosk.PaymentID, cart kiosk.Cart) (kiosk.Activation, error) {
	req := api.ActivationRequest{Kiosk: c.kiosk, Previous: api.PaymentID(previous)}
	for _, l := range cart.Bills() {
		req.Bills = append(req.Bills, api.WantedBill{
			BillID: l.Bill.ID, Notice: string(l.Bill.Notice), Creditor: string(l.Bill.Creditor), Amount: l.Bill.Amount.Cents(),
		})
	}
	var answer api.Activation
	err := c.do(ctx, call{op: "activate", method: http.MethodPut, path: "/v1/payments/" + string(id), body: req, into: &answer})
	if err != nil {
		return kiosk.Activation{}, err
	}
	activation, err := activationOf(answer, id, cart)
	if err != nil {
		return kiosk.Activation{}, c.offline("activate", err)
	}
	return activation, nil
}

// activationOf takes an answer only when it is whole: every bill of the cart in
// its order, a token for each, sums that are sums.
func activationOf(a api.Activation, id kiosk.PaymentID, cart kiosk.Cart) (kiosk.Activation, error) {
	out := kiosk.Activation{Fee: kiosk.Cents(a.Fee), Life: kiosk.Span(a.LifeSeconds) * kiosk.Second, Token: a.ReceiptToken, Count: len(a.Bills)}
	if a.Payment != string(id) || len(a.Bills) != cart.Count || a.LifeSeconds < 1 || a.LifeSeconds > 24*60*60 || a.ReceiptToken == "" {
		return out, errors.New("the activation is not whole")
	}
	var fee kiosk.Amount
	for i, b := range a.Bills {
		if b.BillID != cart.Lines[i].Bill.ID || b.Amount <= 0 || b.Fee < 0 || len(b.Token) < 1 || len(b.Token) > 35 {
			return out, fmt.Errorf("bill %d of the activation is not the cart's", i+1)
		}
		fee += kiosk.Cents(b.Fee)
		out.Bills[i] = kiosk.ActivatedBill{BillID: b.BillID, Amount: kiosk.Cents(b.Amount), Fee: kiosk.Cents(b.Fee), Token: b.Token, IUV: b.Iuv}
	}
	if fee != out.Fee || out.Total().Cents() != a.Total {
		return out, errors.New("the activation's sums are wrong")
	}
	return out, nil
}

// Payment asks how a payment stands at the gateway. A payment that the gateway
// never saw is bill-unknown.
func (c *Client) Payment(ctx context.Context, id kiosk.PaymentID) (kiosk.PaymentStatus, error) {
	var answer api.Payment
	if err := c.do(ctx, call{op: "payment", method: http.MethodGet, path: "/v1/payments/" + string(id), into: &answer}); err != nil {
		return kiosk.PaymentStatus{}, err
	}
	if answer.Payment != string(id) {
		return kiosk.PaymentStatus{}, c.offline("payment", errors.New("the answer is about another payment"))
	}
	status := kiosk.PaymentStatus{ID: id, Outcome: kiosk.Outcome(answer.Outcome), STAN: answer.Stan}
	for _, b := range answer.Bills {
		status.Closings = append(status.Closings, kiosk.BillClosing{BillID: b.BillID, Closing: kiosk.Closing(b.Closing)})
	}
	return status, nil
}

// Limits of one request of [Client.Push]. The gateway takes [api.MaxBody]
// bytes; what is left is for the frame around the rows.
const maxPush = api.MaxBody - 4<<10

// Push sends outbox rows in their order and returns one verdict for each. Rows
// that do not fit into one request go in several; if one of these fails, the
// verdicts so far come back beside the error. Rows without a verdict may have
// been applied: push them again.
func (c *Client) Push(ctx context.Context, rows []kiosk.OutboxRow) ([]kiosk.Verdict, error) {
	verdicts := make([]kiosk.Verdict, 0, len(rows))
	for len(rows) > 0 {
		batch, err := c.batch(rows)
		if err != nil {
			return verdicts, &kiosk.Problem{Code: kiosk.CodeInternal, Op: "push", Err: err}
		}
		some, err := c.pushBatch(ctx, batch)
		if err != nil {
			return verdicts, err
		}
		verdicts = append(verdicts, some...)
		rows = rows[len(batch.Rows):]
	}
	return verdicts, nil
}

// batch takes as many rows from the front as one request may carry, one at least.
func (c *Client) batch(rows []kiosk.OutboxRow) (api.TransactionsRequest, error) {
	req := api.TransactionsRequest{Kiosk: c.kiosk}
	size := 0
	for _, r := range rows[:min(len(rows), api.MaxRows)] {
		row := api.Row{
			Sequence: int64(r.Sequence), ID: r.ID, Payment: string(r.Payment), Kind: string(r.Kind), OccurredAt: r.OccurredAt.UnixMilli,
			ClockTrusted: r.OccurredAt.Trusted, Body: r.Body, Hash: r.Hash,
		}
		b, err := json.Marshal(row)
		if err != nil {
			return req, fmt.Errorf("row %d: %w", r.Sequence, err)
		}
		if size += len(b) + 1; size > maxPush && len(req.Rows) > 0 {
			break
		}
		req.Rows = append(req.Rows, row)
	}
	return req, nil
}

func (c *Client) pushBatch(ctx context.Context, req api.TransactionsRequest) ([]kiosk.Verdict, error) {
	var answer api.TransactionsResponse
	err := c.do(ctx, call{op: "push", method: http.MethodPost, path: "/v1/transactions", body: req, into: &answer})
	if err != nil {
		return nil, err
	}
	if len(answer.Verdicts) != len(req.Rows) {
		return nil, c.offline("push", fmt.Errorf("%d verdicts for %d rows", len(answer.Verdicts), len(req.Rows)))
	}
	var verdicts []kiosk.Verdict
	for i, v := range answer.Verdicts {
		if v.ID != req.Rows[i].ID || v.Sequence != req.Rows[i].Sequence || !known(v.Verdict) {
			return nil, c.offline("push", fmt.Errorf("verdict %d is not that of its row", i+1))
		}
		verdicts = append(verdicts, verdictOf(v))
	}
	return verdicts, nil
}

func known(v api.VerdictCode) bool {
	switch v {
	case api.VerdictCodeAccepted, api.VerdictCodeDuplicate, api.VerdictCodeConflict, api.VerdictCodeParked:
		return true
	}
	return false
}

func verdictOf(v api.Verdict) kiosk.Verdict {
	out := kiosk.Verdict{Sequence: uint64(v.Sequence), ID: v.ID, Code: kiosk.VerdictCode(v.Verdict), Reason: v.Reason}
	for _, b := range v.Closings {
		out.Closings = append(out.Closings, kiosk.BillClosing{BillID: b.BillID, Closing: kiosk.Closing(b.Closing)})
	}
	return out
}

// Alive says whether the gateway answers and can read its book.
func (c *Client) Alive(ctx context.Context) error {
	var answer api.Health
	if err := c.do(ctx, call{op: "alive", method: http.MethodGet, path: "/v1/health", into: &answer}); err != nil {
		return err
	}
	if answer.Status != api.HealthStatusOk {
		return c.offline("alive", errors.New("the answer is not the gateway's"))
	}
	return nil
}

// PublicURL is the address of the citizen's page of a receipt token, for the
// QR code on the paper; "" for no token.
func (c *Client) PublicURL(token string) string {
	if token == "" {
		return ""
	}
	return c.public.JoinPath("r", token).String()
}

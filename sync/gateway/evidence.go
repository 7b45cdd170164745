package gateway

// Evidence: everything that the book knows of one payment, for the operator.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// Evidence is one payment as the operator sees it. It holds no card number, no
// name and no receipt token.
type Evidence struct {
	Payment     string            `json:"payment"`
	Kiosk       string            `json:"kiosk"`
	Channel     string            `json:"channel"`
	State       api.PaymentState  `json:"state"`
	Ref         string            `json:"ref"`
	ActivatedAt time.Time         `json:"activatedAt"`
	ExpiresAt   time.Time         `json:"expiresAt"`
	ClosedAt    *time.Time        `json:"closedAt,omitempty"`
	Bills       []EvidenceBill    `json:"bills"`
	Fee         kiosk.Amount      `json:"fee"`
	Total       kiosk.Amount      `json:"total"`
	Charge      EvidenceCharge    `json:"charge"`
	Rows        []EvidenceRow     `json:"rows"`
	Postings    []EvidencePosting `json:"postings"`
}

// EvidenceBill is one bill of the payment.
type EvidenceBill struct {
	BillID   string        `json:"billId"`
	Creditor string        `json:"creditor"`
	IUV      string        `json:"iuv"`
	Expected kiosk.Amount  `json:"expected"` // as the kiosk had shown it
	Amount   kiosk.Amount  `json:"amount"`
	Fee      kiosk.Amount  `json:"fee"`
	Token    string        `json:"token"`
	Closing  kiosk.Closing `json:"closing"`
}

// EvidenceCharge is what the terminal said, without what is the card's.
type EvidenceCharge struct {
	Outcome    kiosk.Outcome `json:"outcome"`
	Amount     kiosk.Amount  `json:"amount"`
	TerminalID string        `json:"terminalId"`
	STAN       string        `json:"stan"`
	OnlineID   string        `json:"onlineId"`
	AuthCode   string        `json:"authCode"`
	Acquirer   string        `json:"acquirer"`
}

// EvidenceRow is one row of the kiosk's outbox that spoke of the payment.
type EvidenceRow struct {
	Kiosk      string            `json:"kiosk"`
	Sequence   int64             `json:"sequence"`
	ID         string            `json:"id"`
	Kind       string            `json:"kind"`
	OccurredAt time.Time         `json:"occurredAt"`
	ReceivedAt time.Time         `json:"receivedAt"`
	Verdict    kiosk.VerdictCode `json:"verdict"`
	Reason     string            `json:"reason"`
}

// EvidencePosting is one posting of the ledger.
type EvidencePosting struct {
	Transaction string       `json:"transaction"`
	Kind        string       `json:"kind"`
	Account     string       `json:"account"`
	Amount      kiosk.Amount `json:"amount"` // debit above zero, credit below
}

// Evidence gathers what the book knows of a payment.
func (s *Store) Evidence(ctx context.Context, id string) (Evidence, error) {
	p, bills, err := s.snapshot(ctx, func(q queryer) (payment, error) { return loadPayment(ctx, q, id) })
	if errors.Is(err, sql.ErrNoRows) {
		return Evidence{}, refuse(api.ProblemCodePaymentUnknown, "")
	}
	if err != nil {
		return Evidence{}, fmt.Errorf("read payment: %w", err)
	}
	e := Evidence{
		Payment: p.id, Kiosk: p.kiosk, Channel: p.channel, State: s.publicState(p), Ref: p.ref, ActivatedAt: p.activatedAt.UTC(),
		ExpiresAt: p.expiresAt.UTC(), Fee: p.fee, Total: p.total, Bills: []EvidenceBill{}, Charge: p.evidence(),
	}
	if !p.closedAt.IsZero() {
		at := p.closedAt.UTC()
		e.ClosedAt = &at
	}
	for _, b := range bills {
		e.Bills = append(e.Bills, EvidenceBill{
			BillID: b.debt, Creditor: b.creditor, IUV: b.iuv, Expected: b.expected, Amount: b.amount, Fee: b.fee,
			Token: b.token, Closing: b.closing,
		})
	}
	if e.Rows, err = s.evidenceRows(ctx, id); err != nil {
		return Evidence{}, err
	}
	e.Postings, err = s.evidencePostings(ctx, id)
	return e, err
}

func (p payment) evidence() EvidenceCharge {
	c := p.charge()
	return EvidenceCharge{
		Outcome: p.result, Amount: p.chargeAmount, TerminalID: c.TerminalID, STAN: c.STAN, OnlineID: c.OnlineID,
		AuthCode: c.AuthCode, Acquirer: c.Acquirer,
	}
}

func (s *Store) evidenceRows(ctx context.Context, id string) ([]EvidenceRow, error) {
	all := []EvidenceRow{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var r EvidenceRow
		var occurred, received int64
		err := rows.Scan(&r.Kiosk, &r.Sequence, &r.ID, &r.Kind, &occurred, &received, &r.Verdict, &r.Reason)
		r.OccurredAt, r.ReceivedAt = time.UnixMilli(occurred).UTC(), time.UnixMilli(received).UTC()
		all = append(all, r)
		return err
	}, `SELECT kiosk, sequence, id, kind, occurred_at, received_at, verdict, reason FROM kiosk_rows
		WHERE payment = $1 ORDER BY kiosk, sequence`, id)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	return all, nil
}

func (s *Store) evidencePostings(ctx context.Context, id string) ([]EvidencePosting, error) {
	all := []EvidencePosting{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var p EvidencePosting
		err := rows.Scan(&p.Transaction, &p.Kind, &p.Account, &p.Amount)
		all = append(all, p)
		return err
	}, `SELECT t.id, t.kind, p.account, p.amount FROM ledger_transactions t JOIN ledger_postings p ON p.transaction_id = t.id
		WHERE t.payment = $1 ORDER BY t.at, t.id, p.position`, id)
	if err != nil {
		return nil, fmt.Errorf("read postings: %w", err)
	}
	return all, nil
}

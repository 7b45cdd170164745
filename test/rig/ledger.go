package rig

// What the gateway booked and what the kiosk's book holds, read from outside.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/outbox"
)

// ErrNotBooked says that the gateway knows no payment under an id.
var ErrNotBooked = errors.New("the gateway does not know the payment")

// Ledger asks the gateway's own command what it booked of a payment.
func (r *Rig) Ledger(ctx context.Context, id string) (gateway.Evidence, error) {
	var e gateway.Evidence
	return e, r.gatewaySays(ctx, &e, "payment", "show", id)
}

// Balances asks the gateway's own command what stands on every account.
func (r *Rig) Balances(ctx context.Context) ([]gateway.Balance, error) {
	var b []gateway.Balance
	return b, r.gatewaySays(ctx, &b, "ledger")
}

// Report has the gateway's own command write a report of some days, from and to
// as 2006-01-02, into a file.
func (r *Rig) Report(ctx context.Context, name, from, to, out string) error {
	_, err := r.program(ctx, "gateway", "report", name, "--from", from, "--to", to, "--out", out, "--db", r.gatewayDB())
	return err
}

func (r *Rig) gatewaySays(ctx context.Context, into any, args ...string) error {
	args = append(args, "--db", r.gatewayDB(), "--json")
	cmd := exec.CommandContext(ctx, filepath.Join(r.opt.Bin, "gateway"), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if strings.Contains(errs.String(), "there is no payment") {
			return fmt.Errorf("%s: %w", strings.Join(args, " "), ErrNotBooked)
		}
		return fmt.Errorf("ask gateway %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		return fmt.Errorf("ask gateway %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// bookLimit is above what any test pays.
const bookLimit = 10_000

// Entry is one payment in the kiosk's book.
type Entry struct {
	ID      string
	Ref     string
	Step    payment.Journal // the last durable one
	State   payment.State
	Outcome kiosk.Outcome
	Total   kiosk.Amount
	STAN    string
}

// Book is the kiosk's book, read from its file: it needs no living kiosk.
type Book struct {
	Payments []Entry // oldest first
	Rows     []outbox.Row
}

// Book reads the kiosk's book. A kiosk that never started has an empty one.
func (r *Rig) Book(ctx context.Context) (b Book, err error) {
	in, err := outbox.OpenReader(ctx, r.path("kiosk", "outbox.db"))
	if err != nil {
		return Book{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := in.Verify(ctx); err != nil {
		return Book{}, fmt.Errorf("the kiosk's book is damaged: %w", err)
	}
	list, err := in.List(ctx, bookLimit)
	if err != nil {
		return Book{}, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		s := list[i]
		state, err := in.Payment(ctx, s.ID)
		if err != nil {
			return Book{}, err
		}
		b.Payments = append(b.Payments, Entry{
			ID: string(s.ID), Ref: s.Ref, Step: s.Step, State: state, Outcome: s.Outcome, Total: s.Total, STAN: s.STAN,
		})
	}
	b.Rows, err = in.Rows(ctx, "", bookLimit)
	return b, err
}

// Pending are the rows that wait for delivery.
func (b Book) Pending() int {
	n := 0
	for _, r := range b.Rows {
		if r.State == outbox.RowPending {
			n++
		}
	}
	return n
}

// Receipts are the PDFs that the kiosk kept, oldest first.
func (r *Rig) Receipts() ([]string, error) {
	files, err := filepath.Glob(r.path("kiosk", "receipts", "*.pdf"))
	if err != nil {
		return nil, fmt.Errorf("receipts: %w", err)
	}
	age := map[string]time.Time{}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return nil, fmt.Errorf("receipts: %w", err)
		}
		age[f] = info.ModTime()
	}
	slices.SortFunc(files, func(a, b string) int { return age[a].Compare(age[b]) })
	return files, nil
}

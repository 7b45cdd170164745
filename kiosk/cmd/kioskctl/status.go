package main

// Status: the running kiosk, and beside it, or without it, what its book holds
// open.

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/sync/outbox"
)

// standing is all that status shows. Without a running kiosk Running is false and
// what only it knows is missing.
type standing struct {
	Running  bool              `json:"running"`
	Page     string            `json:"page,omitempty"`
	Language string            `json:"language,omitempty"`
	Health   *control.Health   `json:"health,omitempty"`
	Payments []control.Payment `json:"payments"` // of the running process
	Open     []shownPayment    `json:"open"`     // in the book: not ended, or in doubt
	Outbox   waiting           `json:"outbox"`
}

// waiting is what the gateway has not heard yet.
type waiting struct {
	Pending int    `json:"pending"`
	Parked  int    `json:"parked"`
	Oldest  string `json:"oldest,omitempty"`
}

func (t *tool) status(cmd *cobra.Command, _ []string) error {
	ctx := cmd.Context()
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	s := standing{Payments: []control.Payment{}, Open: []shownPayment{}}
	asked := s.ask(ctx, control.NewClient(cfg.Control.Socket))
	if asked != nil && !errors.Is(asked, control.ErrNotRunning) {
		return asked
	}
	book := t.journal(ctx, func(r *outbox.Reader) error { return s.read(ctx, r) })
	if asked != nil && book != nil {
		return errors.Join(asked, book)
	}
	if err := t.print(s, s.lines); err != nil {
		return err
	}
	if asked != nil {
		return fmt.Errorf("this is what the book says: %w", asked)
	}
	return book
}

// ask fills in what the running kiosk tells.
func (s *standing) ask(ctx context.Context, c *control.Client) error {
	h, err := c.Health(ctx)
	if err != nil {
		return err
	}
	screen, err := c.Screen(ctx)
	if err != nil {
		return err
	}
	pays, err := c.Payments(ctx)
	if err != nil {
		return err
	}
	s.Running, s.Page, s.Language, s.Health = true, screen.Page, screen.Language, &h
	s.Payments = append(s.Payments, pays...)
	return nil
}

// read fills in what the book holds open.
func (s *standing) read(ctx context.Context, r *outbox.Reader) error {
	all, err := r.Unfinished(ctx)
	if err != nil {
		return err
	}
	for _, p := range all {
		s.Open = append(s.Open, shownPayment{
			ID: string(p.ID), Ref: p.Ref, Began: when(p.Began.UnixMilli), Step: string(p.Step), Open: true, Charge: string(p.Result.Outcome),
			STAN: p.Result.STAN, Total: p.Total().Cents(), Stands: stands(p.Step, p.Result.Outcome),
		})
	}
	depth, err := r.Depth(ctx)
	if err != nil {
		return err
	}
	s.Outbox = waiting{Pending: depth.Pending, Parked: depth.Parked}
	if depth.Pending > 0 {
		s.Outbox.Oldest = when(depth.Oldest.UnixMilli)
	}
	return nil
}

func (s standing) lines(w *tabwriter.Writer) {
	if h := s.Health; h != nil {
		fmt.Fprintf(w, "page\t%s\t%s\n", s.Page, s.Language)
		fmt.Fprintf(w, "cards\t%s\n", map[bool]string{true: "can be charged", false: "cannot be charged"}[h.CanCharge])
		for _, d := range h.Devices {
			fmt.Fprintf(w, "%s\t%s\t%s\n", d.Device, map[bool]string{true: "OK", false: "KO"}[d.OK], d.Detail)
		}
		for _, p := range h.Problems {
			fmt.Fprintf(w, "problem\t%s\t%s\t%s\t%s\n", p.Code, p.Ref, p.Detail, since(p.Since))
		}
		if h.Day != nil {
			fmt.Fprintf(w, "last closing\t%s\t%s\t%v\n", h.Day.Day, h.Day.Close.Outcome, h.Day.Terminal)
		}
	} else {
		fmt.Fprintln(w, "kiosk\tdoes not run")
	}
	fmt.Fprintf(w, "outbox\t%s\n", s.Outbox)
	phases := map[string]string{}
	for _, p := range s.Payments {
		phases[p.ID] = p.Phase
	}
	for _, p := range s.Open {
		if p.Stands == standsAsked {
			p.Stands = standsNow(payment.Phase(phases[p.ID]))
		}
		fmt.Fprintf(w, "payment\t%s\t%v\t%s\t%s\t%s\n", p.Ref, kiosk.Cents(p.Total), p.Began, p.Stands, phases[p.ID])
		delete(phases, p.ID)
	}
	for _, p := range s.Payments {
		if _, more := phases[p.ID]; more {
			fmt.Fprintf(w, "payment\t%s\t%v\tnow\t%s\t%s\n", p.Ref, kiosk.Cents(p.Total), p.Outcome, p.Phase)
		}
	}
	for _, p := range s.Open {
		if p.Stands == standsDoubt {
			fmt.Fprintln(w, adviceDoubt(p.Ref))
		}
	}
}

// standsNow says how a payment stands whose card was asked for, by what the
// running kiosk is at.
func standsNow(p payment.Phase) string {
	switch p {
	case payment.Charging, payment.Recording:
		return "being paid now"
	case payment.Doubtful, payment.Resolving, payment.Undecided:
		return standsDoubt
	default:
		return standsAsked
	}
}

// String says what waits in words.
func (o waiting) String() string {
	words := "everything was delivered"
	if o.Pending > 0 {
		words = fmt.Sprintf("%s, the oldest of %s", count(o.Pending, "row waits", "rows wait"), o.Oldest)
	}
	if o.Parked > 0 {
		words += fmt.Sprintf("; %s for good: kioskctl outbox list", count(o.Parked, "row was refused", "rows were refused"))
	}
	return words
}

// count is a number and its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

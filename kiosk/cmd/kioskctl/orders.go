package main

// Decisions of a person, rows one by one, and the whole book for others.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/sync/outbox"
)

func (t *tool) resolveCommand() *cobra.Command {
	var charged string
	var refused bool
	cmd := &cobra.Command{
		Use: "resolve ID", Short: "Decide a charge that is unknown, by a person's word", Args: wants(wantPayment),
		Long: "Decide a charge that is unknown. Look at the terminal's own report and slips first: the decision is\nfinal, goes to the gateway, and is in the log with your name.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if refused == (charged != "") {
				return errors.New("say either --charged STAN, with the six digits of the terminal's slip, or --refused")
			}
			d := control.Decision{Payment: args[0], Outcome: string(kiosk.Refused)}
			if charged != "" {
				d.Outcome, d.STAN = string(kiosk.Charged), charged
			}
			if err := d.Check(); err != nil {
				return err
			}
			if err := t.named(cmd.Context(), &d.Payment); err != nil {
				return err
			}
			return t.running(func(c *control.Client) error {
				if err := c.Resolve(cmd.Context(), d); err != nil {
					return err
				}
				return t.print(d, func(w *tabwriter.Writer) { fmt.Fprintf(w, "%s\t%s\tdurable\n", d.Payment, d.Outcome) })
			})
		},
	}
	cmd.Flags().StringVar(&charged, "charged", "", "the card was charged; the STAN of the terminal's slip")
	cmd.Flags().BoolVar(&refused, "refused", false, "the card was not charged")
	return cmd
}

// named makes the whole id of a payment of what it was called.
func (t *tool) named(ctx context.Context, payment *string) error {
	return t.journal(ctx, func(r *outbox.Reader) error {
		id, err := find(ctx, r, *payment)
		*payment = string(id)
		return err
	})
}

func (t *tool) outboxRetry(cmd *cobra.Command, args []string) error {
	id := args[0]
	if _, number := sequence(id); number {
		err := t.journal(cmd.Context(), func(r *outbox.Reader) error {
			row, err := rowNamed(cmd.Context(), r, id)
			id = row.ID
			return err
		})
		if err != nil {
			return err
		}
	}
	return t.running(func(c *control.Client) error {
		if err := c.RetryRow(cmd.Context(), id); err != nil {
			return err
		}
		return t.print(control.Done{OK: true}, func(w *tabwriter.Writer) { fmt.Fprintln(w, id+": goes out again") })
	})
}

// sequence reads the number of a row, where that is what it is called.
func sequence(name string) (uint64, bool) {
	n, err := strconv.ParseUint(name, 10, 64)
	return n, err == nil && n > 0
}

// rowNamed finds a row by its id or by its sequence.
func rowNamed(ctx context.Context, r *outbox.Reader, name string) (outbox.Row, error) {
	n, number := sequence(name)
	if !number {
		return r.Row(ctx, name)
	}
	rows, err := r.Rows(ctx, "", searched)
	if err != nil {
		return outbox.Row{}, err
	}
	for _, row := range rows {
		if row.Sequence == n {
			return row, nil
		}
	}
	return outbox.Row{}, fmt.Errorf("row %s: %w", name, outbox.ErrNotFound)
}

// wholeRow is one outbox row with its body.
type wholeRow struct {
	shownRow
	Payment string          `json:"payment,omitempty"`
	Settled string          `json:"settled,omitempty"`
	Hash    string          `json:"hash"`
	Body    json.RawMessage `json:"body"` // without the card
}

func (t *tool) outboxShow(cmd *cobra.Command, args []string) error {
	return t.journal(cmd.Context(), func(r *outbox.Reader) error {
		row, err := rowNamed(cmd.Context(), r, args[0])
		if err != nil {
			return err
		}
		one := wholeRow{
			shownRow: shownRowOf(row),
			Payment:  string(row.Payment), Hash: row.Hash,
		}
		if row.SettledAt != 0 {
			one.Settled = when(row.SettledAt)
		}
		if one.Body, err = withoutCard(row.Body); err != nil {
			return err
		}
		return t.print(one, func(w *tabwriter.Writer) {
			fmt.Fprintf(w, "sequence\t%d\nid\t%s\nkind\t%s\nat\t%s\nstate\t%s\t%s\nsettled\t%s\nhash\t%s\nbody\t%s\n",
				one.Sequence, one.ID, one.Kind, one.At, one.State, one.Reason, one.Settled, one.Hash, one.Body)
		})
	})
}

// withoutCard is a row's body for people: what is left of the card number is
// taken out.
func withoutCard(body string) (json.RawMessage, error) {
	var fields map[string]any
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		return nil, fmt.Errorf("read the row's body: %w", err)
	}
	if charge, ok := fields["charge"].(map[string]any); ok {
		delete(charge, "pan")
	}
	return json.Marshal(fields)
}

func (t *tool) outboxExport(cmd *cobra.Command, _ []string) error {
	return t.journal(cmd.Context(), func(r *outbox.Reader) error { return r.Export(cmd.Context(), t.out) })
}

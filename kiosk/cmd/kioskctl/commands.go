package main

// The commands.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/sync/outbox"
)

// listed is how many payments or rows a list shows.
const listed = 50

// print writes v as JSON, or lines for people.
func (t *tool) print(v any, lines func(w *tabwriter.Writer)) error {
	if t.json {
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	w := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	lines(w)
	return w.Flush()
}

func (t *tool) status(cmd *cobra.Command, _ []string) error {
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	c := control.NewClient(cfg.Control.Socket)
	h, err := c.Health(cmd.Context())
	if err != nil {
		return err
	}
	s, err := c.Screen(cmd.Context())
	if err != nil {
		return err
	}
	pays, err := c.Payments(cmd.Context())
	if err != nil {
		return err
	}
	all := struct {
		Page     string            `json:"page"`
		Language string            `json:"language"`
		Health   control.Health    `json:"health"`
		Payments []control.Payment `json:"payments"`
	}{s.Page, s.Language, h, pays}
	return t.print(all, func(w *tabwriter.Writer) {
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
		for _, p := range pays {
			fmt.Fprintf(w, "payment\t%s\t%s\t%s\t%v\n", p.Ref, p.Phase, p.Outcome, kiosk.Cents(p.Total))
		}
	})
}

// journal opens the kiosk's journal for reading.
func (t *tool) journal(ctx context.Context, use func(*outbox.Reader) error) (err error) {
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	r, err := outbox.OpenReader(ctx, filepath.Join(cfg.Kiosk.Data, "outbox.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return use(r)
}

func when(ms int64) string { return time.UnixMilli(ms).Format(time.DateTime) }

func (t *tool) paymentList(cmd *cobra.Command, _ []string) error {
	return t.journal(cmd.Context(), func(r *outbox.Reader) error {
		all, err := r.List(cmd.Context(), listed)
		if err != nil {
			return err
		}
		return t.print(all, func(w *tabwriter.Writer) {
			fmt.Fprintln(w, "began\tref\tid\tstep\tcharge\ttotal\tSTAN")
			for _, p := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%v\t%s\n", when(p.Began), p.Ref, p.ID, p.Step, p.Outcome, p.Total, p.STAN)
			}
		})
	})
}

// shownStep is one step without what is personal.
type shownStep struct {
	At      string        `json:"at"`
	Step    string        `json:"step"`
	Charge  kiosk.Outcome `json:"charge,omitempty"`
	STAN    string        `json:"stan,omitempty"`
	Total   int64         `json:"totalCents"`
	Reason  string        `json:"reason,omitempty"`
	Closing []string      `json:"closings,omitempty"`
}

func (t *tool) paymentShow(cmd *cobra.Command, args []string) error {
	return t.journal(cmd.Context(), func(r *outbox.Reader) error {
		steps, err := r.Steps(cmd.Context(), kiosk.PaymentID(args[0]))
		if err != nil {
			return err
		}
		var all []shownStep
		for _, s := range steps {
			one := shownStep{
				At: when(s.At.UnixMilli), Step: string(s.Step), Charge: s.State.Result.Outcome, STAN: s.State.Result.STAN,
				Total: s.State.Total().Cents(), Reason: string(s.State.Reason),
			}
			for i := range s.State.Cart.Count {
				one.Closing = append(one.Closing, string(s.State.Closings[i]))
			}
			all = append(all, one)
		}
		return t.print(all, func(w *tabwriter.Writer) {
			fmt.Fprintln(w, "at\tstep\tcharge\ttotal\tSTAN\treason\tclosings")
			for _, s := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%s\t%s\t%v\n", s.At, s.Step, s.Charge, kiosk.Cents(s.Total), s.STAN, s.Reason, s.Closing)
			}
		})
	})
}

// shownRow is one outbox row without its body.
type shownRow struct {
	Sequence uint64 `json:"sequence"`
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	At       string `json:"at"`
	State    string `json:"state"`
	Reason   string `json:"reason,omitempty"`
}

func (t *tool) outboxList(cmd *cobra.Command, _ []string) error {
	return t.journal(cmd.Context(), func(r *outbox.Reader) error {
		var all []shownRow
		for _, state := range []outbox.RowState{outbox.RowParked, outbox.RowPending} {
			rows, err := r.Rows(cmd.Context(), state, listed)
			if err != nil {
				return err
			}
			for _, row := range rows {
				all = append(all, shownRow{row.Sequence, row.ID, string(row.Kind), when(row.OccurredAt.UnixMilli), string(row.State), row.Reason})
			}
		}
		return t.print(all, func(w *tabwriter.Writer) {
			if len(all) == 0 {
				fmt.Fprintln(w, "nothing waits: everything was delivered")
				return
			}
			fmt.Fprintln(w, "sequence\tstate\tkind\tat\tid\treason")
			for _, row := range all {
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", row.Sequence, row.State, row.Kind, row.At, row.ID, row.Reason)
			}
		})
	})
}

func (t *tool) outboxVerify(cmd *cobra.Command, _ []string) error {
	return t.journal(cmd.Context(), func(r *outbox.Reader) error {
		if err := r.Verify(cmd.Context()); err != nil {
			return err
		}
		return t.print(map[string]bool{"ok": true}, func(w *tabwriter.Writer) {
			fmt.Fprintln(w, "whole: chain, sequences and bodies are as they were written")
		})
	})
}

func (t *tool) configCheck(_ *cobra.Command, args []string) error {
	if _, err := config.Read(args[0]); err != nil {
		return err
	}
	return t.print(map[string]bool{"ok": true}, func(w *tabwriter.Writer) { fmt.Fprintln(w, args[0]+": no mistake found") })
}

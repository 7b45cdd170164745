package main

// What the book says of payments, and the decision of a doubt.

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
)

func paymentCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "payment", Short: "What the book says of payments"}
	cmd.AddCommand(showCommand(), decideCommand())
	return cmd
}

func showCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "show ID", Short: "One payment: its bills, closings, charge and postings", Args: cobra.ExactArgs(1)}
	asJSON := cmd.Flags().Bool("json", false, "for machines")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return readStore(cmd, func(store *gateway.Store) error {
			e, err := store.Evidence(cmd.Context(), args[0])
			if err != nil {
				return unknownPayment(err, args[0])
			}
			if *asJSON {
				return writeJSON(cmd.OutOrStdout(), e)
			}
			return writeEvidence(cmd.OutOrStdout(), e)
		})
	}
	return cmd
}

func decideCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "decide ID", Short: "End the doubt about a charge of unknown result, for ever", Args: cobra.ExactArgs(1),
		Long: "End the doubt about a charge of unknown result. Look at the bank's list first: the decision settles\nor frees the bills at once, and the kiosk takes it from here.",
	}
	charged := cmd.Flags().String("charged", "", "the card was charged; the STAN on the terminal's slip or the bank's list")
	refused := cmd.Flags().Bool("refused", false, "the card was not charged")
	by := cmd.Flags().String("by", "", "who decides; kept with the payment")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		d := gateway.Decision{Outcome: kiosk.Refused, By: *by}
		switch {
		case *refused == (*charged != ""):
			return errors.New("say either --charged STAN or --refused")
		case *charged != "":
			d.Outcome, d.STAN = kiosk.Charged, *charged
		}
		if *by == "" {
			return errors.New("say who decides: --by NAME")
		}
		if err := readStore(cmd, func(*gateway.Store) error { return nil }); err != nil {
			return err // writing would make a new book where there is none
		}
		store, err := openStore(cmd, gateway.StoreConfig{}, slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		return unknownPayment(store.Decide(cmd.Context(), args[0], d), args[0])
	}
	return cmd
}

// unknownPayment says where ids are to be had.
func unknownPayment(err error, id string) error {
	var refusal *gateway.Refusal
	if errors.As(err, &refusal) && refusal.Code == api.ProblemCodePaymentUnknown {
		return fmt.Errorf("there is no payment %q in this book; want its whole id, as gateway report and the operators' pages show it (there the reference on the paper finds it)", id)
	}
	return err
}

func writeEvidence(w io.Writer, e gateway.Evidence) error {
	text := fmt.Sprintf("payment %s of %s: %s, ref %s\n", e.Payment, e.Kiosk, e.State, e.Ref)
	if e.State == api.PaymentStateExpired && e.ClosedAt != nil {
		text += fmt.Sprintf("  closed   %s, not paid: its kiosk never said how it ended\n", e.ClosedAt.Format(time.RFC3339))
	}
	for _, b := range e.Bills {
		text += fmt.Sprintf("  bill     %-36s %12s + fee %s  %s\n", b.BillID, b.Amount, b.Fee, b.Closing)
	}
	text += fmt.Sprintf("  total    %s\n", e.Total)
	if e.Charge.Outcome != "" {
		text += fmt.Sprintf("  charge   %s %s, terminal %s, STAN %s\n", e.Charge.Outcome, e.Charge.Amount, e.Charge.TerminalID, e.Charge.STAN)
	}
	for _, r := range e.Rows {
		text += fmt.Sprintf("  row %-4d %-18s %s %s\n", r.Sequence, r.Kind, r.Verdict, r.Reason)
	}
	for _, p := range e.Postings {
		text += fmt.Sprintf("  posting  %-36s %12s  %s\n", p.Account, p.Amount, p.Kind)
	}
	_, err := io.WriteString(w, text)
	return err
}

// Command gateway is the central gateway: it serves the kiosks, and shows the
// operator what its book says.
//
//	gateway serve --db gateway.db --listen 127.0.0.1:8480 --seed
//	gateway payment show 0197b0e6-... --db gateway.db --json
//	gateway payment decide 0197b0e6-... --charged 000042 --by "M. Rossi" --db gateway.db
//	gateway ledger --db gateway.db --json
//
// decide ends the doubt about a charge of unknown result; it may be used beside
// a serving gateway, too. The showing commands open the book for reading only and can run beside a
// serving gateway. Logs are JSON lines on the standard error output.
package main

// The command line of the gateway.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use: "gateway", Short: "The central gateway of T-Serve", SilenceUsage: true, SilenceErrors: true,
	}
	root.PersistentFlags().String("db", "gateway.db", "file of the book")
	payment := &cobra.Command{Use: "payment", Short: "What the book says of payments"}
	payment.AddCommand(showCommand(), decideCommand())
	root.AddCommand(serveCommand(), payment, ledgerCommand())
	return root
}

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "serve", Short: "Serve the kiosks and the citizens' pages", Args: cobra.NoArgs}
	listen := cmd.Flags().String("listen", "127.0.0.1:8480", "address to listen on; port 0 takes a free one, which the log then tells")
	seed := cmd.Flags().Bool("seed", false, "write the demonstration's creditors and debts of Prato")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
		store, err := openStore(cmd, gateway.StoreConfig{}, log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		if *seed {
			if err := store.Seed(cmd.Context()); err != nil {
				return err
			}
		}
		server, err := gateway.NewServer(store, gateway.HandlerConfig{}, log)
		if err != nil {
			return err
		}
		l, err := new(net.ListenConfig).Listen(cmd.Context(), "tcp", *listen)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		log.Info("listening", "address", l.Addr().String())
		err = server.Run(cmd.Context(), l)
		log.Info("stopped")
		return err
	}
	return cmd
}

func openStore(cmd *cobra.Command, cfg gateway.StoreConfig, log *slog.Logger) (*gateway.Store, error) {
	path, err := cmd.Flags().GetString("db")
	if err != nil {
		return nil, err
	}
	return gateway.Open(cmd.Context(), path, cfg, log)
}

// readStore opens the book beside a gateway that may be serving it.
func readStore(cmd *cobra.Command, f func(*gateway.Store) error) (err error) {
	store, err := openStore(cmd, gateway.StoreConfig{ReadOnly: true}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return f(store)
}

func showCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "show ID", Short: "One payment: its bills, closings, charge and postings", Args: cobra.ExactArgs(1)}
	asJSON := cmd.Flags().Bool("json", false, "for machines")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return readStore(cmd, func(store *gateway.Store) error {
			e, err := store.Evidence(cmd.Context(), args[0])
			if err != nil {
				return err
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
		if err := readStore(cmd, func(*gateway.Store) error { return nil }); err != nil {
			return err // writing would make a new book where there is none
		}
		store, err := openStore(cmd, gateway.StoreConfig{}, slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		return store.Decide(cmd.Context(), args[0], d)
	}
	return cmd
}

func ledgerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "ledger", Short: "The balance of every account; fails unless they sum to zero", Args: cobra.NoArgs}
	asJSON := cmd.Flags().Bool("json", false, "for machines")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return readStore(cmd, func(store *gateway.Store) error {
			balances, err := store.Balances(cmd.Context())
			if err != nil {
				return err
			}
			if *asJSON {
				return writeJSON(cmd.OutOrStdout(), balances)
			}
			for _, b := range balances {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-24s %14s  %d postings\n", b.Account, b.Balance, b.Postings); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cmd
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func writeEvidence(w io.Writer, e gateway.Evidence) error {
	text := fmt.Sprintf("payment %s of %s: %s, ref %s\n", e.Payment, e.Kiosk, e.State, e.Ref)
	for _, b := range e.Bills {
		text += fmt.Sprintf("  bill     %-24s %12s + fee %s  %s\n", b.BillID, b.Amount, b.Fee, b.Closing)
	}
	text += fmt.Sprintf("  total    %s\n", e.Total)
	if e.Charge.Outcome != "" {
		text += fmt.Sprintf("  charge   %s %s, terminal %s, STAN %s\n", e.Charge.Outcome, e.Charge.Amount, e.Charge.TerminalID, e.Charge.STAN)
	}
	for _, r := range e.Rows {
		text += fmt.Sprintf("  row %-4d %-18s %s %s\n", r.Sequence, r.Kind, r.Verdict, r.Reason)
	}
	for _, p := range e.Postings {
		text += fmt.Sprintf("  posting  %-24s %12s\n", p.Account, p.Amount)
	}
	_, err := io.WriteString(w, text)
	return err
}

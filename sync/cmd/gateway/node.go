package main

// The national node: who we are to it, and whose debts live there.

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/catalogue"
	"github.com/tserve/jolly/sync/gateway/node"
)

// nodeSettings is what the flags say of the node.
type nodeSettings struct {
	cfg              node.Config
	passwordFile     string
	creditors, local []string
	carTax           []string
}

func nodeFlags(cmd *cobra.Command) *nodeSettings {
	n := &nodeSettings{}
	f := cmd.Flags()
	f.StringVar(&n.cfg.URL, "node-url", "", "address of the national node; without it every debt is in the book")
	f.StringVar(&n.cfg.Caller.PSP, "node-psp", "", "idPSP, as the node knows us")
	f.StringVar(&n.cfg.Caller.Broker, "node-broker", "", "idBrokerPSP")
	f.StringVar(&n.cfg.Caller.Channel, "node-channel", "", "idChannel")
	f.StringVar(&n.passwordFile, "node-password-file", "", "file that holds the channel's password and nothing else")
	f.StringVar(&n.cfg.PSPCode, "node-psp-code", "", "fiscal code of the PSP, 11 digits: begins the idempotency keys")
	f.StringVar(&n.cfg.TLS.CA, "node-ca", "", "authorities of the node's certificate, PEM; without it the system's")
	f.StringVar(&n.cfg.TLS.Certificate, "node-certificate", "", "our certificate for the node, PEM")
	f.StringVar(&n.cfg.TLS.Key, "node-key", "", "its private key, PEM")
	f.DurationVar(&n.cfg.Timeout, "node-timeout", 20*time.Second, "of one call; the creditor behind the node has 15 s")
	f.StringSliceVar(&n.creditors, "node-creditor", nil, "fiscal code of a creditor whose debts live at the node (may be repeated)")
	f.StringSliceVar(&n.local, "node-local", nil, "instead of --node-creditor: fiscal code of a creditor whose debts are in this book; those of all others of the catalogue live at the node (may be repeated)")
	f.StringSliceVar(&n.carTax, "node-car-tax", []string{"toscana-bollo"}, "service of the catalogue whose form asks the node for the car tax of a plate (may be repeated)")
	return n
}

// source makes the node's end; nil where no node is configured.
func (n *nodeSettings) source(log *slog.Logger) (*node.Source, func(), error) {
	if n.cfg.URL == "" {
		return nil, func() {}, nil
	}
	cfg := n.cfg
	for _, must := range []struct{ name, value string }{{"--node-psp", cfg.Caller.PSP}, {"--node-broker", cfg.Caller.Broker},
		{"--node-channel", cfg.Caller.Channel}, {"--node-psp-code", cfg.PSPCode}, {"--node-password-file", n.passwordFile}} {
		if must.value == "" {
			return nil, nil, fmt.Errorf("--node-url without %s: the node lets nobody in without it", must.name)
		}
	}
	password, err := os.ReadFile(n.passwordFile)
	if err != nil {
		return nil, nil, fmt.Errorf("read the node's password: %w", err)
	}
	cfg.Caller.Password = strings.TrimRight(string(password), "\r\n")
	client, err := node.New(cfg, log)
	if err != nil {
		return nil, nil, err
	}
	return node.NewSource(client, time.Now, n.carTax...), client.Close, nil
}

// use lets the debts of the node's creditors live there.
func (n *nodeSettings) use(store *gateway.Store, served *catalogue.Served, log *slog.Logger) (func(), error) {
	source, end, err := n.source(log)
	if err != nil || source == nil {
		return end, err
	}
	creditors, err := n.served(served)
	if err != nil {
		return end, err
	}
	store.UseSource(source, creditors...)
	log.Info("debts at the node", "creditors", creditors)
	return end, nil
}

// served are the creditors whose debts live at the node.
func (n *nodeSettings) served(served *catalogue.Served) ([]kiosk.CreditorCode, error) {
	var all []kiosk.CreditorCode
	for _, code := range n.creditors {
		all = append(all, kiosk.CreditorCode(code))
	}
	switch {
	case len(n.creditors) > 0 && len(n.local) > 0:
		return nil, errors.New("say either --node-creditor or --node-local")
	case len(n.creditors) > 0:
		return all, nil
	case len(n.local) == 0:
		return nil, errors.New("--node-url: say whose debts live at the node (--node-creditor), or whose are in this book (--node-local)")
	case served == nil:
		return nil, errors.New("--node-local needs a catalogue: its other creditors are the node's")
	}
	for _, c := range served.Catalogue.Creditors {
		if !slices.Contains(n.local, string(c.Code)) {
			all = append(all, c.Code)
		}
	}
	return all, nil
}

func nodeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "node", Short: "The national node: ask it, and what it has not been told yet"}
	cmd.AddCommand(nodeVerifyCommand(), nodeQueueCommand(), nodeAgainCommand(), nodeSettleCommand())
	return cmd
}

func digits(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789") == ""
}

func nodeVerifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify NOTICE CREDITOR", Short: "Ask the node what is owed under a notice; it changes nothing", Args: cobra.ExactArgs(2),
		Long: "Ask the node what is owed under a notice, 18 digits, of a creditor, 11 digits. It changes nothing and may be repeated:\nthe way to try address, certificates and password. The notice 000000000000000000 is known to nobody, and a good answer is \"not known\".",
	}
	n := nodeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		source, end, err := n.source(slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)))
		if err != nil {
			return err
		}
		defer end()
		if source == nil {
			return errors.New("no node is configured: --node-url")
		}
		if !digits(args[0], 18) || !digits(args[1], 11) {
			return fmt.Errorf("want a notice of 18 digits and a creditor's code of 11, not %q and %q", args[0], args[1])
		}
		d, err := source.Lookup(cmd.Context(), kiosk.CreditorCode(args[1]), kiosk.NoticeNumber(args[0]))
		if errors.Is(err, gateway.ErrNoDebt) {
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "the node answers: %s of %s is not known\n", args[0], args[1])
			return err
		}
		if err != nil {
			return fmt.Errorf("%w; where there was no answer: is --node-url right, and do firewall and certificates let this machine through", err)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s  %s  due %s  stand-in %t  %s\n", d.Status, d.Amount, d.Due, d.StandIn, d.Subject)
		return err
	}
	return cmd
}

func nodeQueueCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "queue", Short: "The outcomes that their owners do not have yet, and those that want a person", Args: cobra.NoArgs}
	asJSON := cmd.Flags().Bool("json", false, "for machines")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return readStore(cmd, func(store *gateway.Store) error {
			all, err := store.Untold(cmd.Context())
			switch {
			case err != nil:
				return err
			case *asJSON:
				return writeJSON(cmd.OutOrStdout(), all)
			case len(all) == 0:
				_, err = io.WriteString(cmd.ErrOrStderr(), nothingWaits)
				return err
			}
			return writeQueue(cmd.OutOrStdout(), all)
		})
	}
	return cmd
}

// nothingWaits is said to a person; for machines there is nothing.
const nothingWaits = "nothing waits: every owner has been told\n"

func writeQueue(w io.Writer, all []gateway.Untold) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, u := range all {
		word := "KO"
		if u.Paid {
			word = "OK"
		}
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\tsince %s\t%d tries\t%s\n", u.State, u.Payment, u.Bill, word, u.Amount,
			u.Since.UTC().Format(time.RFC3339), u.Tries, u.Meaning); err != nil {
			return err
		}
	}
	return table.Flush()
}

// withBook opens a book that must be there already.
func withBook(cmd *cobra.Command, f func(*gateway.Store) error) (err error) {
	if err := readStore(cmd, func(*gateway.Store) error { return nil }); err != nil {
		return err // writing would make a new book where there is none
	}
	store, err := openStore(cmd, gateway.StoreConfig{}, slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return f(store)
}

func nodeAgainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "again PAYMENT BILL", Short: "Tell an owner once more, now: after an alarm whose cause is gone", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBook(cmd, func(store *gateway.Store) error { return store.TellAgain(cmd.Context(), args[0], args[1]) })
		},
	}
}

func nodeSettleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "settle PAYMENT BILL", Short: "Say for an owner what became of a bill, for ever: after an alarm that telling again does not end", Args: cobra.ExactArgs(2),
		Long: "Say for an owner what became of a bill that a card was charged for. Ask the node's help desk first: the closing is final.\nWith --duplicate the bill and its fee are owed back to the citizen. --ko is for a bill that was not paid here, once the\nowner knows that.",
	}
	cmd.Flags().Bool("ok", false, "the owner has the payment")
	duplicate := cmd.Flags().Bool("duplicate", false, "somebody else has paid the bill")
	ko := cmd.Flags().Bool("ko", false, "the owner knows that it was not paid here")
	cmd.MarkFlagsMutuallyExclusive("ok", "duplicate", "ko")
	cmd.MarkFlagsOneRequired("ok", "duplicate", "ko")
	by := cmd.Flags().String("by", "", "who decides; kept with the bill")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *by == "" {
			return errors.New("say who decides: --by NAME")
		}
		closing := kiosk.ClosingOK
		switch {
		case *duplicate:
			closing = kiosk.ClosingDuplicate
		case *ko:
			closing = kiosk.ClosingKO
		}
		return withBook(cmd, func(store *gateway.Store) error {
			return store.SettleFor(cmd.Context(), args[0], args[1], closing, *by)
		})
	}
	return cmd
}

// Command kioskctl is the maintainer's command line.
//
//	kioskctl status              the running kiosk: page, devices; all payments that are open or in doubt; what waits
//	kioskctl payment list        the journal, newest first
//	kioskctl payment show ID     one payment, step by step; ID may be its reference on the paper
//	kioskctl payment resolve ID  a person's word on a charge that is unknown
//	kioskctl outbox list         rows that wait or are parked
//	kioskctl outbox show ID      one row, by its id or sequence
//	kioskctl outbox retry ID     send a parked row again
//	kioskctl outbox verify       hash chain, sequences, bodies
//	kioskctl outbox export       the whole book as JSON lines, for auditors
//	kioskctl terminal status     the card terminal; also totals, close, last, probe
//	kioskctl catalogue show      the kept list of services; verify: its signature
//	kioskctl enrol TOKEN         get this kiosk's certificate with the operator's token
//	kioskctl identity            whose certificate it is, until when
//	kioskctl config check FILE   every mistake with line and cure
//	kioskctl receipt render      a receipt as PDF, picture, ESC/POS
//	kioskctl printer status      and test-page; feed, cut while no kiosk runs
//	kioskctl printer readiness   have the kiosk print what works; day-report: the last closing of the day
//	kioskctl printer reload      step by step, until there is paper
//	kioskctl card list           readers of citizens' cards, and what lies in them
//	kioskctl card read           a card: who its holder is, and what that proves
//	kioskctl notice decode       texts of codes, one per line in, to JSON lines
//	kioskctl notice image FILE   every code on PNG, JPEG and PDF pages, to JSON lines
//	kioskctl check KIND          notice, fiscal-code, vat, plate, rf: values to JSON lines
//
// It talks to the running kiosk through its control socket; the journal it only
// reads, so that it can be used beside a running kiosk. What does something is
// done by the kiosk: without one it is refused. All commands print for
// people, or JSON with --json. Nothing personal is printed, but by export, whose
// hashes are of the very bytes: the last four digits of cards are among them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := command(os.Stdout).ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "kioskctl:", err)
		os.Exit(1)
	}
}

// tool is what all commands share.
type tool struct {
	out  io.Writer
	file string // the configuration: where the journal and the socket are
	json bool
}

func command(out io.Writer) *cobra.Command {
	t := &tool{out: out}
	root := &cobra.Command{Use: "kioskctl", Short: "Look after one Jolly terminal", SilenceUsage: true, SilenceErrors: true}
	root.PersistentFlags().StringVar(&t.file, "config", "/etc/jolly/jolly.toml", "configuration file of the kiosk")
	root.PersistentFlags().BoolVar(&t.json, "json", false, "print JSON")
	pay := &cobra.Command{Use: "payment", Short: "The journal of payments"}
	pay.AddCommand(
		&cobra.Command{Use: "list", Short: "Payments, newest first", Args: cobra.NoArgs, RunE: t.paymentList},
		&cobra.Command{Use: "show ID", Short: "One payment, step by step", Args: wants(wantPayment), RunE: t.paymentShow},
		t.resolveCommand(),
	)
	box := &cobra.Command{Use: "outbox", Short: "What waits for the gateway"}
	box.AddCommand(
		&cobra.Command{Use: "list", Short: "Rows that wait or are parked", Args: cobra.NoArgs, RunE: t.outboxList},
		&cobra.Command{Use: "show ID", Short: "One row", Args: wants(wantRow), RunE: t.outboxShow},
		&cobra.Command{Use: "retry ID", Short: "Send a parked row again", Args: wants(wantRow), RunE: t.outboxRetry},
		&cobra.Command{Use: "export", Short: "The whole book as JSON lines, with the last four digits of cards", Args: cobra.NoArgs, RunE: t.outboxExport},
		&cobra.Command{Use: "verify", Short: "Check hash chain, sequences and bodies", Args: cobra.NoArgs, RunE: t.outboxVerify},
	)
	conf := &cobra.Command{Use: "config", Short: "The configuration"}
	conf.AddCommand(&cobra.Command{Use: "check FILE", Short: "Find every mistake", Args: cobra.ExactArgs(1), RunE: t.configCheck})
	root.AddCommand(&cobra.Command{Use: "status", Short: "The running kiosk", Args: cobra.NoArgs, RunE: t.status}, pay, box, conf, t.terminalCommands(), t.receiptCommands(), t.printerCommands(), t.catalogueCommands(), t.cardCommands())
	root.AddCommand(noticeCommands(out)...)
	root.AddCommand(t.enrolCommands()...)
	root.SetOut(out)
	strict(root)
	return root
}

// What an argument is called when it is missing.
const (
	wantPayment = "one payment: its id, the beginning of its id, or the reference on the paper; see kioskctl payment list"
	wantRow     = "one row: its id or its sequence; see kioskctl outbox list"
)

// wants is one argument, and what to say without it.
func wants(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return errors.New("want " + what)
		}
		return nil
	}
}

// strict makes a mistake of every word that is no command: without it the help is
// shown, as if all were well.
func strict(c *cobra.Command) {
	if c.HasSubCommands() && c.RunE == nil && c.Run == nil && c.HasParent() {
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return fmt.Errorf("unknown command %q for %q; see %s --help", args[0], c.CommandPath(), c.CommandPath())
		}
	}
	for _, sub := range c.Commands() {
		strict(sub)
	}
}

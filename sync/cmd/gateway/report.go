package main

// The reports: settlement, commissions, match, zero, as CSV, XML or PDF; and the
// flows of settlement that creditors' programs read.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/report"
)

// errMismatch ends a report that does not add up with a status of its own.
var errMismatch = errors.New("the report does not add up: see its lines and notes")

func reportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "report", Short: "What each creditor is owed, what was earned, and the proof that the books agree"}
	var from, to, out, bank string
	cmd.PersistentFlags().StringVar(&from, "from", "", "first day, YYYY-MM-DD (default: yesterday)")
	cmd.PersistentFlags().StringVar(&to, "to", "", "last day, YYYY-MM-DD (default: the first day)")
	cmd.PersistentFlags().StringVar(&out, "out", "", "file ending in .csv, .xml or .pdf (default: CSV to standard output); for flows a folder")
	add := func(name, short string, run func(context.Context, report.Book, report.Period) (report.Report, error)) *cobra.Command {
		c := &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs}
		c.RunE = func(cmd *cobra.Command, _ []string) error {
			return readStore(cmd, func(store *gateway.Store) error {
				p, err := period(from, to, store.Zone())
				if err != nil {
					return err
				}
				r, err := run(cmd.Context(), store, p)
				if err != nil {
					return err
				}
				return writeReport(cmd, r, out)
			})
		}
		cmd.AddCommand(c)
		return c
	}
	add("settlement", "What each creditor is owed for each day", report.Settlement)
	add("commissions", "What citizens, counters and other bodies pay, by channel", report.Commissions)
	add("zero", "The proof of the ledger, account by account", report.Zero)
	match := add("match", "Kiosks, ledger and bank, charge by charge", func(ctx context.Context, b report.Book, p report.Period) (report.Report, error) {
		lines, err := readBank(bank)
		if err != nil {
			return report.Report{}, err
		}
		return report.Match(ctx, b, p, lines)
	})
	cmd.AddCommand(flowsCommand(&from, &to), schemaCommand())
	match.Flags().StringVar(&bank, "bank", "", "the acquirer's file: CSV with the columns terminal, stan, amount (or terminale, importo) and, where it has one, date (data)")
	return cmd
}

// flowsCommand writes a file for each creditor and day.
func flowsCommand(from, to *string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "flows", Short: "The flusso di rendicontazione of each creditor and day, bill by bill", Args: cobra.NoArgs,
		Long: "Write the flusso di rendicontazione (FlussoRiversamento 1.0, as pagopa-api publishes it) of each creditor and\nday into the folder of --out. What waits for its owner's word has no flow yet, and that is an error.",
	}
	var payer report.Payer
	var settled string
	f := cmd.Flags()
	f.StringVar(&payer.Code, "node-psp-code", "", "fiscal code of who settles, 11 digits; as of gateway serve")
	f.StringVar(&payer.Name, "name", "T-Serve", "name of who settles")
	f.StringVar(&payer.Transfer, "transfer", "", "the bank's reference (TRN) of the transfer, where there is one already")
	f.StringVar(&settled, "settled", "", "day of the transfer, YYYY-MM-DD (default: the day after)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return readStore(cmd, func(store *gateway.Store) error {
			p, err := period(*from, *to, store.Zone())
			if err != nil {
				return err
			}
			if payer.Settled, err = kiosk.ParseDate(settled); err != nil {
				return fmt.Errorf("--settled: %w", err)
			}
			payer.Made = time.Now()
			flows, err := report.Flows(cmd.Context(), store, p, payer)
			if err != nil {
				return err
			}
			return writeFlows(cmd, flows, cmd.Flag("out").Value.String())
		})
	}
	return cmd
}

// errOpen ends a report some of whose bills are not settled yet.
var errOpen = errors.New("some flows cannot be made yet: gateway node queue shows what waits")

func writeFlows(cmd *cobra.Command, flows []report.Flow, dir string) error {
	if dir == "" {
		return errors.New("--out: want a folder for the files, one of each creditor and day")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("write the flows: %w", err)
	}
	var open error
	for _, f := range flows {
		if f.Open > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s %s: %d of %d bills wait for their owner's word: no flow yet\n", f.Day, f.Creditor, f.Open, f.Bills)
			open = errOpen
			continue
		}
		path := filepath.Join(dir, f.ID+".xml")
		if err := writeFile(path, f.XML); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s  %d bills  %s\n", path, f.Bills, f.Total); err != nil {
			return err
		}
	}
	return open
}

func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "The schema (XSD) of the reports in XML", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(report.Schema())
			return err
		},
	}
}

func period(from, to string, zone *time.Location) (report.Period, error) {
	if from == "" {
		from = time.Now().In(zone).AddDate(0, 0, -1).Format(time.DateOnly)
	}
	if to == "" {
		to = from
	}
	var p report.Period
	var err error
	if p.From, err = kiosk.ParseDate(from); err != nil {
		return p, err
	}
	if p.To, err = kiosk.ParseDate(to); err != nil {
		return p, err
	}
	return p, p.Check()
}

func readBank(path string) ([]report.BankLine, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the bank's file: %w", err)
	}
	defer f.Close()
	return report.ReadBank(f)
}

// writeReport writes the form that the file's name asks for. A report that does
// not add up is written, and then is an error.
func writeReport(cmd *cobra.Command, r report.Report, path string) error {
	to := cmd.OutOrStdout()
	write := map[string]func(io.Writer) error{"": r.CSV, ".csv": r.CSV, ".xml": r.XML, ".pdf": r.PDF}[filepath.Ext(path)]
	if write == nil {
		return fmt.Errorf("--out %s: the name must end in .csv, .xml or .pdf", path)
	}
	var err error
	if path != "" {
		err = writeFile(path, write)
	} else {
		err = write(to)
	}
	if err != nil {
		return err
	}
	for _, n := range r.Notes {
		fmt.Fprintln(cmd.ErrOrStderr(), n)
	}
	if r.Failed {
		return errMismatch
	}
	return nil
}

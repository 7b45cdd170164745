package main

// The reports: settlement, commissions, match, zero; as CSV, XML or PDF.

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
	cmd.PersistentFlags().StringVar(&out, "out", "", "file ending in .csv, .xml or .pdf (default: CSV to standard output)")
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
	match.Flags().StringVar(&bank, "bank", "", "the acquirer's file: CSV with the columns terminal, stan, amount and, where it has one, date")
	return cmd
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
func writeReport(cmd *cobra.Command, r report.Report, path string) (err error) {
	to := cmd.OutOrStdout()
	write := map[string]func(io.Writer) error{"": r.CSV, ".csv": r.CSV, ".xml": r.XML, ".pdf": r.PDF}[filepath.Ext(path)]
	if write == nil {
		return fmt.Errorf("--out %s: the name must end in .csv, .xml or .pdf", path)
	}
	if path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		to = f
	}
	if err := write(to); err != nil {
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

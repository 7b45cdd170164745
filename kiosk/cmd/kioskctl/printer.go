package main

// The printer by hand. While a kiosk runs, the printer is the kiosk's: a paper
// in between would stand in the way of a citizen's receipt.

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/printer"
	"github.com/tserve/jolly/printer/receipt"
)

func (t *tool) printerCommands() *cobra.Command {
	var rows int
	feed := &cobra.Command{
		Use: "feed", Short: "Move blank paper out", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if rows < 1 || rows > 2000 {
				return fmt.Errorf("--rows %d: want 1 to 2000, eight are a millimetre", rows)
			}
			return t.withPrinter(cmd.Context(), func(ctx context.Context, p *printer.Printer, _ config.Config) kiosk.PrintReport {
				return p.Feed(ctx, rows)
			})
		},
	}
	feed.Flags().IntVar(&rows, "rows", 160, "rows of dots, eight a millimetre")
	cmd := &cobra.Command{Use: "printer", Short: "The printer; all but status only while no kiosk runs"}
	cmd.AddCommand(
		&cobra.Command{Use: "status", Short: "How it is", Args: cobra.NoArgs, RunE: t.printerStatus},
		&cobra.Command{Use: "test-page", Short: "Print letters, edges and a code", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withPrinter(cmd.Context(), testPage)
		}},
		feed,
		&cobra.Command{Use: "cut", Short: "Cut and hand out what hangs there", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withPrinter(cmd.Context(), func(ctx context.Context, p *printer.Printer, _ config.Config) kiosk.PrintReport { return p.Cut(ctx) })
		}},
	)
	return cmd
}

// answering says whether a kiosk answers, and what it says of its devices.
func answering(ctx context.Context, cfg config.Config) (control.Health, bool) {
	h, err := control.NewClient(cfg.Control.Socket).Health(ctx)
	return h, err == nil
}

func (t *tool) printerStatus(cmd *cobra.Command, _ []string) error {
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	var answer struct {
		State  string `json:"state"`
		Detail string `json:"detail,omitempty"`
		From   string `json:"from"` // "kiosk" or "printer"
	}
	if h, ok := answering(cmd.Context(), cfg); ok {
		answer.From, answer.State = "kiosk", string(kiosk.PrinterUnknown)
		for _, d := range h.Devices {
			if d.Device == "printer" {
				answer.State = d.Detail
				if answer.State == "" && d.OK {
					answer.State = string(kiosk.PrinterReady)
				}
			}
		}
	} else {
		settings, err := printer.Settings(cfg.Printer).Config()
		if err != nil {
			return err
		}
		answer.From = "printer"
		answer.State = string(printer.New(settings, nil, nil).State(cmd.Context()))
	}
	return t.print(answer, func(w *tabwriter.Writer) { fmt.Fprintf(w, "%s\t(asked: %s)\n", answer.State, answer.From) })
}

// withPrinter does something with the printer of the configuration, unless a
// kiosk runs, and tells how it ended.
func (t *tool) withPrinter(ctx context.Context, do func(context.Context, *printer.Printer, config.Config) kiosk.PrintReport) (err error) {
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	if _, ok := answering(ctx, cfg); ok {
		return errors.New("the running kiosk owns the printer: stop it first, or ask for the status only")
	}
	settings, err := printer.Settings(cfg.Printer).Config()
	if err != nil {
		return err
	}
	raster, err := newRasteriser(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raster.Close()) }()
	report := do(ctx, printer.New(settings, raster, nil), cfg)
	answer := struct {
		Result string `json:"result"`
		State  string `json:"state"`
		Reason string `json:"reason,omitempty"`
	}{string(report.Result), string(report.State), report.Reason}
	if err := t.print(answer, func(w *tabwriter.Writer) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", answer.Result, answer.State, answer.Reason)
	}); err != nil {
		return err
	}
	if report.Result != kiosk.PrintDone {
		return fmt.Errorf("printer: %s", report.Result)
	}
	return nil
}

func testPage(ctx context.Context, p *printer.Printer, cfg config.Config) kiosk.PrintReport {
	now := time.Now()
	s := receipt.Station{
		Language: kiosk.Italian, Kiosk: cfg.Kiosk.ID, Place: cfg.Kiosk.Place,
		At: kiosk.Wall{UnixMilli: now.UnixMilli(), Trusted: true},
	}
	name, paper := cfg.Printer.Model, ""
	if cfg.Printer.Kind == printer.KindIPP {
		name, paper = "IPP", cfg.Printer.Paper
	}
	report, _ := p.PrintLines(ctx, "test page", receipt.TestPage(s, name, paper))
	return report
}

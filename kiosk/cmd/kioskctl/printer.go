package main

// The printer by hand. While a kiosk runs, the printer is the kiosk's: it prints
// what it is asked for when nobody stands there, so that no paper in between stands
// in the way of a citizen's receipt.

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
	order := func(use, short, paper string) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return t.running(func(c *control.Client) error { return t.orderPaper(cmd.Context(), c, paper) })
		}}
	}
	cmd := &cobra.Command{Use: "printer", Short: "The printer; feed and cut only while no kiosk runs"}
	cmd.AddCommand(
		&cobra.Command{Use: "status", Short: "How it is", Args: cobra.NoArgs, RunE: t.printerStatus},
		&cobra.Command{Use: "test-page", Short: "Print letters, edges and a code", Args: cobra.NoArgs, RunE: t.testPage},
		order("readiness", "Have the running kiosk print what works now and what does not", control.PaperReadiness),
		order("day-report", "Have the running kiosk print the last closing of the day", control.PaperDay),
		t.reloadCommand(),
		feed,
		&cobra.Command{Use: "cut", Short: "Cut and hand out what hangs there", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withPrinter(cmd.Context(), func(ctx context.Context, p *printer.Printer, _ config.Config) kiosk.PrintReport { return p.Cut(ctx) })
		}},
	)
	return cmd
}

// answering says whether a kiosk runs, and what it says of its devices. An error is
// that one runs and does not say: its devices are its own all the same.
func answering(ctx context.Context, cfg config.Config) (h control.Health, runs bool, err error) {
	h, err = control.NewClient(cfg.Control.Socket).Health(ctx)
	if errors.Is(err, control.ErrNotRunning) {
		return h, false, nil
	}
	return h, true, err
}

// ownedBy says why the printer is left alone. Whoever may not ask does not know whether
// a kiosk runs.
func ownedBy(asked error) error {
	if errors.Is(asked, control.ErrNotAllowed) {
		return asked
	}
	return errors.New("the running kiosk owns the printer: stop it first, or ask for the status only")
}

// printerState is how the printer is, and who said so.
type printerState struct {
	State string `json:"state"`
	From  string `json:"from"` // "kiosk" or "printer"
}

// lookAtPrinter asks the running kiosk, or else the printer itself.
func lookAtPrinter(ctx context.Context, cfg config.Config) (printerState, error) {
	h, runs, err := answering(ctx, cfg)
	if err != nil {
		return printerState{}, err
	}
	if !runs {
		settings, err := printer.Settings(cfg.Printer.PrinterLine).Config()
		if err != nil {
			return printerState{}, err
		}
		return printerState{string(printer.New(settings, nil, nil).State(ctx)), "printer"}, nil
	}
	s := printerState{string(kiosk.PrinterUnknown), "kiosk"}
	for _, d := range h.Devices {
		if d.Device == "printer" {
			s.State = d.Detail
			if s.State == "" && d.OK {
				s.State = string(kiosk.PrinterReady)
			}
		}
	}
	return s, nil
}

func (t *tool) printerStatus(cmd *cobra.Command, _ []string) error {
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	s, err := lookAtPrinter(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	return t.print(s, func(w *tabwriter.Writer) { fmt.Fprintf(w, "%s\t(asked: %s)\n", s.State, s.From) })
}

// withPrinter does something with the printer of the configuration, unless a
// kiosk runs, and tells how it ended.
func (t *tool) withPrinter(ctx context.Context, do func(context.Context, *printer.Printer, config.Config) kiosk.PrintReport) (err error) {
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	if _, runs, err := answering(ctx, cfg); runs {
		return ownedBy(err)
	}
	settings, err := printer.Settings(cfg.Printer.PrinterLine).Config()
	if err != nil {
		return err
	}
	raster, err := newRasteriser(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raster.Close()) }()
	report := do(ctx, printer.New(settings, raster, nil), cfg)
	return t.printed(control.Printed{Result: string(report.Result), State: string(report.State), Reason: report.Reason})
}

// printed tells how a paper ended; what is not surely printed is an error.
func (t *tool) printed(p control.Printed) error {
	if err := t.print(p, func(w *tabwriter.Writer) { fmt.Fprintf(w, "%s\t%s\t%s\n", p.Result, p.State, p.Reason) }); err != nil {
		return err
	}
	if p.Result != string(kiosk.PrintDone) {
		return fmt.Errorf("printer: %s", p.Result)
	}
	return nil
}

// orderPaper has the running kiosk print a paper.
func (t *tool) orderPaper(ctx context.Context, c *control.Client, paper string) error {
	p, err := c.PrintPaper(ctx, control.Paper{Paper: paper})
	if err != nil {
		return err
	}
	return t.printed(p)
}

// testPage prints it through the running kiosk, or without one.
func (t *tool) testPage(cmd *cobra.Command, _ []string) error {
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	if _, runs, _ := answering(cmd.Context(), cfg); runs {
		return t.orderPaper(cmd.Context(), control.NewClient(cfg.Control.Socket), control.PaperTest)
	}
	return t.withPrinter(cmd.Context(), testPage)
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

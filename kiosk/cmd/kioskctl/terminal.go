package main

// The card terminal: through the running kiosk, which alone owns it.

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
)

// errOnlyReads says what can be done without the kiosk.
var errOnlyReads = errors.New("without a running kiosk kioskctl only reads the book; start the kiosk and try again")

// running asks the running kiosk.
func (t *tool) running(use func(*control.Client) error) error {
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	err = use(control.NewClient(cfg.Control.Socket))
	if errors.Is(err, control.ErrNotRunning) {
		return fmt.Errorf("%w: %w", err, errOnlyReads)
	}
	return err
}

func (t *tool) terminalCommands() *cobra.Command {
	term := &cobra.Command{Use: "terminal", Short: "The card terminal of the running kiosk"}
	var paper bool
	closing := &cobra.Command{Use: "close", Short: "Close its day with the bank now", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return t.terminalClose(cmd.Context(), paper) },
		Long: "Close the terminal's day with the bank now. It is refused while somebody stands at the kiosk and\nwhile a charge is unknown. If the answer is lost nobody knows whether the day was closed: then look\nat the terminal's own report, and do not close it again."}
	closing.Flags().BoolVar(&paper, "print", false, "print the day's paper, also where the kiosk is not set up to")
	term.AddCommand(
		&cobra.Command{Use: "status", Short: "How it is", Args: cobra.NoArgs, RunE: t.terminalStatus},
		&cobra.Command{Use: "totals", Short: "What it took since its day was closed, beside the journal's sum", Args: cobra.NoArgs, RunE: t.terminalTotals},
		closing,
		&cobra.Command{Use: "last", Short: "Its last result, and the slip where it sends one", Args: cobra.NoArgs, RunE: t.terminalLast},
		&cobra.Command{Use: "probe", Short: "Find how it reckons its check byte; nothing is charged", Args: cobra.NoArgs, RunE: t.terminalProbe},
	)
	return term
}

func (t *tool) terminalStatus(cmd *cobra.Command, _ []string) error {
	return t.running(func(c *control.Client) error {
		s, err := c.TerminalStatus(cmd.Context())
		if err != nil {
			return err
		}
		return t.print(s, func(w *tabwriter.Writer) { fmt.Fprintf(w, "terminal\t%s\t%s\n", s.Health, s.Detail) })
	})
}

func (t *tool) terminalTotals(cmd *cobra.Command, _ []string) error {
	return t.running(func(c *control.Client) error {
		s, err := c.TerminalTotals(cmd.Context())
		if err != nil {
			return err
		}
		return t.print(s, func(w *tabwriter.Writer) {
			fmt.Fprintf(w, "terminal %s\t%v\n", s.TerminalID, kiosk.Cents(s.Terminal))
			fmt.Fprintf(w, "journal\t%v\t%d charges\n", kiosk.Cents(s.Journal), s.Charges)
			switch {
			case !s.Whole:
				fmt.Fprintln(w, "the journal knows no sure closing before: the two cannot be compared")
			case s.Terminal == s.Journal:
				fmt.Fprintln(w, "they agree")
			default:
				fmt.Fprintf(w, "they differ by\t%v\n", kiosk.Cents(s.Terminal-s.Journal))
			}
		})
	})
}

func (t *tool) terminalClose(ctx context.Context, paper bool) error {
	return t.running(func(c *control.Client) error {
		d, err := c.CloseDay(ctx)
		if err != nil {
			return err
		}
		if err := t.print(d, func(w *tabwriter.Writer) { dayLines(w, d) }); err != nil {
			return err
		}
		if err := t.dayPaper(ctx, c, d, paper); err != nil {
			return err
		}
		switch d.Close.Outcome {
		case kiosk.CloseUnknown:
			return errors.New("nobody knows whether the day was closed: look at the terminal's own report, and do not close it again")
		case kiosk.CloseRefused:
			return errors.New("the day is not closed")
		case kiosk.CloseDone, kiosk.CloseEmpty:
		}
		return nil
	})
}

// dayPaper prints the paper of a closing, unless the kiosk does so by itself.
func (t *tool) dayPaper(ctx context.Context, c *control.Client, d kiosk.DayClose, wanted bool) error {
	cfg, err := config.Read(t.file)
	if err != nil || !wanted {
		return err
	}
	if o := d.Close.Outcome; cfg.Printer.DayReport && (o == kiosk.CloseDone || o == kiosk.CloseUnknown) {
		return nil
	}
	return t.orderPaper(ctx, c, control.PaperDay)
}

// dayLines writes a closing for people.
func dayLines(w *tabwriter.Writer, d kiosk.DayClose) {
	fmt.Fprintf(w, "day %s\t%s\t%s\n", d.Day, d.Close.Outcome, d.Close.Reason)
	fmt.Fprintf(w, "terminal\t%v\n", d.Terminal)
	if d.Close.Outcome == kiosk.CloseDone {
		fmt.Fprintf(w, "bank\t%v\n", d.Close.HostTotal)
	}
	if d.Whole {
		fmt.Fprintf(w, "journal\t%v\t%d charges\n", d.Journal, d.Charges)
	}
	if !d.Agrees() {
		fmt.Fprintln(w, "THE SUMS DIFFER")
	}
}

func (t *tool) terminalLast(cmd *cobra.Command, _ []string) error {
	return t.running(func(c *control.Client) error {
		l, err := c.TerminalLast(cmd.Context())
		if err != nil {
			return err
		}
		return t.print(l, func(w *tabwriter.Writer) {
			if !l.Known {
				fmt.Fprintln(w, "the terminal has no last result")
				return
			}
			fmt.Fprintf(w, "result\t%s\t%s\n", l.Result, l.Reason)
			fmt.Fprintf(w, "amount\t%v\n", kiosk.Cents(l.Amount))
			fmt.Fprintf(w, "STAN\t%s\n", l.STAN)
			fmt.Fprintf(w, "online id\t%s\n", l.Online)
			fmt.Fprintf(w, "auth code\t%s\n", l.Auth)
			if l.Slip != "" {
				fmt.Fprintf(w, "slip\n%s\n", l.Slip)
			}
		})
	})
}

func (t *tool) terminalProbe(cmd *cobra.Command, _ []string) error {
	return t.running(func(c *control.Client) error {
		p, err := c.TerminalProbe(cmd.Context())
		if err != nil {
			return err
		}
		return t.print(p, func(w *tabwriter.Writer) {
			fmt.Fprintf(w, "check byte\t%s\n", p.LRC)
			if p.LRC != p.Configured {
				fmt.Fprintf(w, "the configuration says %s: set terminal.lrc = %q\n", p.Configured, p.LRC)
			}
		})
	})
}

// since writes a moment in milliseconds, or nothing.
func since(ms int64) string {
	if ms == 0 {
		return ""
	}
	return "since " + time.UnixMilli(ms).Format(time.DateTime)
}

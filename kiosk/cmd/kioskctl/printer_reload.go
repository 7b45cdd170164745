package main

// The guided change of the paper roll: what to do next, until it prints again.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/config"
)

// Pace of the guide.
const (
	reloadLook  = time.Second
	reloadLimit = 15 * time.Minute
)

func (t *tool) reloadCommand() *cobra.Command {
	within := reloadLimit
	cmd := &cobra.Command{
		Use: "reload", Short: "Say step by step how to get paper into the printer, until it is ready", Args: cobra.NoArgs,
		Long: "Look at the printer once a second and say what to do next: open, put the roll in, close, wait. It ends\nwhen the printer is ready. Nothing is printed: a receipt that was torn is printed again only for the\ncitizen who stands there; later it is handed out at the counter under its code.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Read(t.file)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), within)
			defer cancel()
			return t.reload(ctx, func(ctx context.Context) (kiosk.PrinterState, error) {
				s, err := lookAtPrinter(ctx, cfg)
				return kiosk.PrinterState(s.State), err
			})
		},
	}
	cmd.Flags().DurationVar(&within, "within", reloadLimit, "how long to wait")
	return cmd
}

// next says what to do in a state.
func next(s kiosk.PrinterState) string {
	switch s {
	case kiosk.PrinterReady:
		return "ready: there is paper, and it prints. `kioskctl printer test-page` shows it"
	case kiosk.PrinterNearEnd:
		return "the roll is nearly over: open the cover and put a new one in, or leave it for now (Ctrl-C)"
	case kiosk.PrinterPaperOut:
		return "no paper: open the cover, take the empty core out, put the roll in with its end outwards, close the cover"
	case kiosk.PrinterCoverOpen:
		return "the cover is open: pull a hand's width of paper out and close it until it clicks"
	case kiosk.PrinterJam:
		return "paper is jammed: open the cover, pull the paper out straight, tear it off clean, close the cover"
	case kiosk.PrinterCutter:
		return "the cutter is stuck: switch the printer off, free the blade as its manual says, switch it on"
	case kiosk.PrinterTicketIn:
		return "a forgotten ticket hangs in the mouth: take it out and destroy it"
	case kiosk.PrinterOffline:
		return "the printer does not answer: is it switched on, is its cable in"
	case kiosk.PrinterUnknown:
	}
	return "nobody knows how the printer is: wait, or switch it off and on"
}

var errNotReady = errors.New("the printer is not ready yet")

// reload tells the next step whenever the state changes, until the printer is ready.
func (t *tool) reload(ctx context.Context, look func(context.Context) (kiosk.PrinterState, error)) error {
	tick := time.NewTicker(reloadLook)
	defer tick.Stop()
	var last kiosk.PrinterState
	for {
		state, err := look(ctx)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if state != last && ctx.Err() == nil {
			last = state
			fmt.Fprintln(t.out, next(state))
		}
		if state == kiosk.PrinterReady {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", errNotReady, last)
		}
	}
}

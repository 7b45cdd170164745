package main

// The demonstration's command line.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk/cmd/demo/dock"
	"github.com/tserve/jolly/test/rig"
)

// options are the flags.
type options struct {
	bin, out, listen, data    string
	printer                   string
	portrait, landscape, play bool
	faults                    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:           "demo",
		Short:         "A whole Jolly on this machine: kiosk, gateway, simulated devices",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(c *cobra.Command, _ []string) error { return run(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.bin, "bin", beside(), "directory of the built programs")
	f.StringVar(&o.out, "out", "out", "directory for what a played payment leaves")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8474", "address of the dock")
	f.StringVar(&o.data, "data", "", "directory for databases and logs, kept (default: a temporary one, removed)")
	f.StringVar(&o.printer, "printer", rig.PrinterESCPOS, "the receipt printer: escpos (thermal, sent dots) or ipp (sent the PDF)")
	f.BoolVar(&o.portrait, "portrait", false, "an upright panel (the default where it fits)")
	f.BoolVar(&o.landscape, "landscape", false, "a lying panel")
	f.BoolVar(&o.play, "play", os.Getenv("DISPLAY") == "", "play one payment without a display and end (the default where there is none)")
	f.BoolVar(&o.faults, "faults", false, "with --play: play the cases that go wrong, too")
	c.MarkFlagsMutuallyExclusive("portrait", "landscape")
	return c
}

// beside is the directory that this program lies in: the others were built there, too.
func beside() string {
	self, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(self)
}

func run(ctx context.Context, o options) (err error) {
	ropt := rig.Options{Bin: o.bin, Dir: o.data, Landscape: o.landscape, Scale: 1, Printer: o.printer, Cards: rig.CardsPossible}
	if !o.play {
		ropt.Display = os.Getenv("DISPLAY")
		if ropt.Scale, ropt.Landscape, err = fit(ropt.Display, o); err != nil {
			return err
		}
	}
	ln, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("open the dock (does another demonstration run?): %w", err)
	}
	r, err := rig.New(ctx, ropt)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if why := r.NoCards(); why != nil {
		fmt.Printf("There is no reader of identity cards here: %v\n", why)
	}
	d, err := dock.New(r)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	return serve(ctx, d, ln, func(ctx context.Context) error {
		url := "http://" + ln.Addr().String()
		if o.play {
			return play(ctx, r, url, o)
		}
		return show(ctx, r, url)
	})
}

// serve runs the dock while do runs, and ends it after.
func serve(ctx context.Context, d *dock.Dock, ln net.Listener, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan error, 1)
	go func() {
		err := d.Serve(ctx, ln)
		if err != nil {
			cancel(err)
		}
		done <- err
	}()
	err := do(ctx)
	cancel(nil)
	return errors.Join(err, <-done)
}

// show opens the kiosk in its window and waits for Ctrl-C.
func show(ctx context.Context, r *rig.Rig, url string) error {
	if err := r.StartKiosk(ctx); err != nil {
		return err
	}
	pages, account := r.OperatorPages()
	fmt.Printf("The kiosk's window is open. Hold its devices in hand at %s\n", url)
	fmt.Printf("The operators' pages are at %s (the browser will not know the demonstration's own authority);\nan account for them: %s\n", pages, account)
	fmt.Printf("Data and logs are in %s. Ctrl-C ends the demonstration.\n", r.Dir)
	<-ctx.Done()
	fmt.Println("\nEnding.")
	return nil
}

// smallest is the width in pixels below which the kiosk takes no panel.
const smallest = 600

// fit says how large the panel can be drawn on a display of a person, and
// whether it lies: an upright panel would be too small to read on most desks,
// so it is drawn there only when it was asked for.
func fit(display string, o options) (scale float64, landscape bool, err error) {
	d, err := rig.OpenDisplay(display)
	if err != nil {
		return 0, false, err
	}
	defer d.Close()
	w, h := d.Size()
	scale, landscape = scaleFor(w, h, o)
	return scale, landscape, nil
}

func scaleFor(w, h int, o options) (scale float64, landscape bool) {
	const room = 0.9 // the rest is the desktop's own
	of := func(landscape bool) (scale float64, width int) {
		pw, ph := rig.PanelSize(landscape)
		return min(1, room*float64(w)/float64(pw), room*float64(h)/float64(ph)), min(pw, ph)
	}
	landscape = o.landscape
	scale, narrow := of(landscape)
	least := float64(smallest) / float64(narrow)
	if scale < least && !landscape && !o.portrait {
		landscape = true
		scale, _ = of(true)
	}
	return max(scale, least), landscape
}

// Command kiosk is the real machine: one Jolly terminal in its window.
//
//	kiosk --config /etc/jolly/jolly.toml
//
// It logs JSON lines on standard error, ends on SIGTERM after a card that is
// being charged, and refuses a configuration with a mistake: file, line, cure.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"fyne.io/fyne/v2/app"
	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/kiosk/machine"
)

func main() {
	var path, level string
	cmd := &cobra.Command{
		Use: "kiosk", Short: "Run one Jolly terminal", Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), path, level) },
	}
	cmd.Flags().StringVar(&path, "config", "/etc/jolly/jolly.toml", "configuration file")
	cmd.Flags().StringVar(&level, "log", "info", "log level: debug, info, warn, error")
	if err := cmd.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path, level string) error {
	var lv slog.Level
	if err := lv.UnmarshalText([]byte(level)); err != nil {
		return fmt.Errorf("--log: %w", err)
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: lv}))
	cfg, err := config.Read(path)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a := app.NewWithID("it.tserve.jolly")
	m, err := machine.New(ctx, cfg, a, log)
	if err != nil {
		return err
	}
	heed(stop)
	started := make(chan struct{})
	a.Lifecycle().SetOnStarted(func() {
		close(started)
		// The process ends here and not by Fyne's Quit: when Fyne heard the
		// signal first and took its window down, Quit finds nothing to close.
		go func() { os.Exit(code(m.Run(ctx))) }()
	})
	m.Window().ShowAndRun()
	stop() // the window is gone: the machine ends as soon as no card is being charged
	select {
	case <-started:
		select {}
	default:
		return errors.New("the window could not be opened")
	}
}

// The signals that end the kiosk. Fyne listens for both.
const (
	toldToEnd = syscall.SIGTERM
	keyed     = syscall.SIGINT // Ctrl-C
)

// heed calls stop on SIGTERM and SIGINT. Fyne listens for them, too, and would
// take away the page of a card that is being charged, so its listener is taken
// off as soon as it comes: with Fyne's loop, late on a machine that is slow. alone
// is closed then. Until then SIGINT is ignored, for that it is so no more is what
// shows that somebody else began to listen.
func heed(stop func()) (alone <-chan struct{}) {
	told, off := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(told, toldToEnd)
	signal.Ignore(keyed)
	go func() {
		look := time.NewTicker(10 * time.Millisecond)
		defer look.Stop()
		for signal.Ignored(keyed) {
			select {
			case <-told:
				stop()
				return
			case <-look.C:
			}
		}
		signal.Reset(toldToEnd, keyed)
		signal.Notify(told, toldToEnd, keyed)
		close(off)
		<-told
		stop()
	}()
	return off
}

// code is the exit code of an end.
func code(err error) int {
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

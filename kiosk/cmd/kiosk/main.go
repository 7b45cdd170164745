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
	a := app.NewWithID("it.tserve.jolly")
	m, err := machine.New(ctx, cfg, a, log)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	a.Lifecycle().SetOnStarted(func() {
		// Fyne ends its loop on SIGTERM by itself; a card that is being charged
		// must keep its page until its result is recorded.
		signal.Reset(syscall.SIGTERM, syscall.SIGINT)
		ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
		go func() {
			defer stop()
			ended <- m.Run(ctx)
			m.Quit(a)
		}()
	})
	m.Window().ShowAndRun()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

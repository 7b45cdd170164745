package machine

// The reader that the configuration names, behind the runner's interface.

import (
	"context"
	"log/slog"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/kiosk/runner"
	"github.com/tserve/jolly/kiosk/scanner"
	"github.com/tserve/jolly/kiosk/scanner/camera"
)

var _ runner.Scanner = scanning{}

// scanning turns the events of a reader into the runner's calls.
type scanning struct {
	dev interface {
		Run(ctx context.Context, emit func(scanner.Event)) error
	}
}

// newScanner makes the reader that the configuration names.
func newScanner(cfg config.Scanner, log *slog.Logger) scanning {
	if cfg.Kind == "camera" || cfg.Kind == "auto" && (strings.HasPrefix(cfg.Path, "/dev/v4l/") || strings.HasPrefix(cfg.Path, "/dev/video")) {
		return scanning{camera.New(cfg.Path, log)}
	}
	kind := scanner.Kind(cfg.Kind)
	if kind == "auto" {
		kind = scanner.KindAuto
	}
	return scanning{scanner.New(scanner.Config{Kind: kind, Path: cfg.Path, Baud: cfg.Baud, AIM: cfg.AIM, Prefix: cfg.Prefix, Suffix: cfg.Suffix}, log)}
}

func (s scanning) Run(ctx context.Context, scanned func(kiosk.ScannedCode), present func(bool, string)) error {
	return s.dev.Run(ctx, func(e scanner.Event) {
		switch e := e.(type) {
		case scanner.Scanned:
			scanned(e.Code)
		case scanner.StateChanged:
			detail := string(e.State)
			if e.Reason != scanner.ReasonNone {
				detail += ": " + string(e.Reason)
			}
			present(e.State == scanner.Present, detail)
		}
	})
}

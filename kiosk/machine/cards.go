package machine

// The readers of citizens' cards, behind the runner's interface.

import (
	"fmt"
	"log/slog"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/cardreader/pcsc"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/kiosk/runner"
)

var _ runner.Cards = (*cardreader.Desk)(nil)

// newCards makes the desk of the readers, or nothing where the kiosk has none.
// Issuers that cannot be read are a mistake of the configuration.
func newCards(cfg config.Card, log *slog.Logger) (runner.Cards, error) {
	if !cfg.Enabled {
		return nil, nil
	}
	var roots proof.Roots
	if cfg.CSCA != "" {
		var err error
		if roots, err = proof.LoadRoots(cfg.CSCA); err != nil {
			return nil, fmt.Errorf("card: %w", err)
		}
	}
	return cardreader.NewDesk(pcsc.New(pcsc.Config{Reader: cfg.Reader}, log), cardreader.Config{Roots: roots}, log), nil
}

//go:build !cgo || nopcsc

package pcsc

// A build without the binding: there are no readers, and it says so.

import (
	"errors"
	"log/slog"
)

// New makes readers that are not there.
func New(cfg Config, log *slog.Logger) *Slots { return newSlots(service{}, cfg, log) }

type service struct{}

func (service) connect() (daemon, error) {
	return nil, errors.New("this program was built without card readers")
}

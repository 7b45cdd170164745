//go:build cgo && !nopcsc

package pcsc

// The daemon behind github.com/ebfe/scard.

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ebfe/scard"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/cardreader/apdu"
)

// New makes the readers of this machine.
func New(cfg Config, log *slog.Logger) *Slots { return newSlots(service{}, cfg, log) }

type service struct{}

func (service) connect() (daemon, error) {
	ctx, err := scard.EstablishContext()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoDaemon, err)
	}
	return &connection{ctx: ctx}, nil
}

type connection struct{ ctx *scard.Context }

func (c *connection) readers() ([]string, error) {
	names, err := c.ctx.ListReaders()
	if err != nil {
		return nil, translate(err)
	}
	return names, nil
}

func (c *connection) wait(all []watched, timeout time.Duration) error {
	states := make([]scard.ReaderState, len(all)) // never empty: one is for readers that come and go
	for i, w := range all {
		states[i] = scard.ReaderState{Reader: w.name, CurrentState: scard.StateFlag(w.known)}
	}
	if err := c.ctx.GetStatusChange(states, timeout); err != nil {
		return translate(err)
	}
	for i := range all {
		w, state := &all[i], states[i].EventState
		w.event = uint32(state &^ scard.StateChanged)
		w.present = state&scard.StatePresent != 0
		w.mute = state&scard.StateMute != 0
		w.atr = nil
		if w.present {
			w.atr = states[i].Atr
		}
	}
	return nil
}

// cancel may find nothing to cancel, which is an error for the daemon and none here.
func (c *connection) cancel() { _ = c.ctx.Cancel() }

func (c *connection) release() { _ = c.ctx.Release() }

func (c *connection) open(reader string) (handle, error) {
	card, err := c.ctx.Connect(reader, scard.ShareExclusive, scard.ProtocolT0|scard.ProtocolT1)
	if err != nil {
		return nil, translate(err)
	}
	return &held{card}, nil
}

type held struct{ card *scard.Card }

func (h *held) transmit(command []byte) ([]byte, error) {
	sent := command
	if h.card.ActiveProtocol() == scard.ProtocolT0 {
		sent = withoutLe(command)
	}
	response, err := h.card.Transmit(sent)
	if err != nil {
		return nil, translate(err)
	}
	if len(response) < 2 { // what some drivers give for a card that was pulled out meanwhile
		return nil, fmt.Errorf("%w: no response", apdu.ErrRemoved)
	}
	// The binding's buffer has 64 KiB: it is not to live as long as the response.
	return bytes.Clone(response), nil
}

func (h *held) reset() error {
	return translate(h.card.Reconnect(scard.ShareExclusive, scard.ProtocolT0|scard.ProtocolT1, scard.ResetCard))
}

func (h *held) powerDown() error { return translate(h.card.Disconnect(scard.UnpowerCard)) }

// forget leaves the slot alone. Powering a card down that has gone makes pcscd
// 1.9.9 tell its removal before its own watch has seen it, and a card that is
// laid down within the next 0.4 s is then never told.
func (h *held) forget() { _ = h.card.Disconnect(scard.LeaveCard) }

// translate says in the words of ours what the daemon said.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var code scard.Error
	if !errors.As(err, &code) {
		return err
	}
	switch code {
	case scard.ErrTimeout:
		return errTimeout
	case scard.ErrCancelled:
		return errCancelled
	case scard.ErrNoReadersAvailable:
		return errNoReaders
	case scard.ErrUnknownReader:
		return fmt.Errorf("%w: %w", apdu.ErrLost, errUnknown)
	case scard.ErrSharingViolation:
		return cardreader.ErrHeld
	case scard.ErrRemovedCard, scard.ErrNotTransacted, scard.ErrNoSmartcard:
		return fmt.Errorf("%w: %w", apdu.ErrRemoved, err)
	case scard.ErrResetCard:
		return fmt.Errorf("%w: %w", apdu.ErrReset, err)
	case scard.ErrUnresponsiveCard, scard.ErrUnpoweredCard, scard.ErrUnsupportedCard, scard.ErrProtoMismatch:
		return fmt.Errorf("%w: %w", errMute, err)
	}
	return fmt.Errorf("%w: %w", apdu.ErrLost, err)
}

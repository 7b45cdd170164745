package rig

// The technician: somebody with the terminal's keys, and with another terminal.

import (
	"context"
	"errors"
	"fmt"

	"github.com/tserve/jolly/kiosk"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
)

// secondSTAN is far from those of the first terminal.
const secondSTAN = 88001

// ExchangeTerminal puts another terminal, with an ID of its own, at the place and
// the address of the one that is there. The kiosk is told its ID when it starts
// the next time. What the first one charged stays in the books.
func (r *Rig) ExchangeTerminal(ctx context.Context, id string) error {
	d := r.devices
	old := d.card()
	d.mu.Lock()
	unplug := d.unplug
	d.mu.Unlock()
	unplug()
	d.mu.Lock()
	d.retired = append(d.retired, old)
	d.mu.Unlock()
	d.plug(d.life, terminalsim.Config{TerminalID: id, Address: old.Addr(), FirstSTAN: secondSTAN, Work: r.opt.Host})
	select {
	case <-d.card().Ready():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("exchange the terminal: it does not listen: %w", ctx.Err())
	}
}

// PayByHand has the terminal take a payment that no kiosk asked for: it is in no
// book of ours.
func (r *Rig) PayByHand(amount kiosk.Amount) error {
	if !r.Terminal().ByHand(amount, cards()["credit"]) {
		return errors.New("pay by hand: the terminal is in use")
	}
	return nil
}

package pcsc

// The cards that are held, and the jobs that talk to them.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tserve/jolly/cardreader"
	"github.com/tserve/jolly/cardreader/apdu"
)

// run takes a job and does it, on the owner's goroutine.
func (s *Slots) run(d daemon, j *job) {
	close(j.taken)
	j.done <- s.do(d, j)
}

func (s *Slots) do(d daemon, j *job) error {
	if j.release {
		s.letGo(j.slot)
		return nil
	}
	if err := j.ctx.Err(); err != nil {
		return err
	}
	if _, err := s.look(d, 0); err != nil { // whose card is it now?
		return fmt.Errorf("%w: %w", apdu.ErrLost, err)
	}
	i := slices.IndexFunc(s.list, func(w watched) bool { return w.name == j.slot })
	if i < 0 {
		return apdu.ErrLost
	}
	w := s.list[i]
	if !w.present || w.known>>16 != j.count {
		return apdu.ErrRemoved
	}
	h, err := s.hold(d, w.name)
	if err != nil {
		return err
	}
	ch := &channel{handle: h, atr: bytes.Clone(w.atr)}
	err = j.use(j.ctx, ch)
	if ch.lost {
		s.forget(w.name)
	}
	return err
}

// hold connects to a card, or puts the one that is held back to its beginning.
func (s *Slots) hold(d daemon, name string) (handle, error) {
	if h := s.held[name]; h != nil {
		err := h.reset()
		if err == nil {
			return h, nil
		}
		s.forget(name)
		if errors.Is(err, apdu.ErrRemoved) {
			return nil, err
		}
	}
	h, err := d.open(name)
	if err != nil {
		if errors.Is(err, errMute) {
			err = fmt.Errorf("connect: %w", err)
		}
		return nil, err
	}
	s.held[name] = h
	return h, nil
}

func (s *Slots) letGo(name string) {
	h := s.held[name]
	if h == nil {
		return
	}
	delete(s.held, name)
	if err := h.powerDown(); err != nil {
		s.log.Debug("power a card down", "err", err)
	}
}

// forget drops the handle of a card that is gone.
func (s *Slots) forget(name string) {
	if h := s.held[name]; h != nil {
		delete(s.held, name)
		h.forget()
	}
}

// channel is a held card for the length of one job.
type channel struct {
	handle handle
	atr    []byte
	lost   bool
}

// Transmit sends one command. The daemon cannot be told to stop waiting for an
// answer; the context is asked before each command.
func (c *channel) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.lost {
		return nil, apdu.ErrRemoved
	}
	if len(command) < 4 {
		return nil, errors.New("transmit: not a command")
	}
	response, err := c.handle.transmit(command)
	if err != nil {
		c.lost = true
		return nil, err
	}
	return response, nil
}

// Reset puts the card back to where it was at power-on.
func (c *channel) Reset(context.Context) error {
	if c.lost {
		return apdu.ErrRemoved
	}
	err := c.handle.reset()
	c.lost = c.lost || err != nil
	return err
}

func (c *channel) ATR() []byte       { return c.atr }
func (c *channel) Contactless() bool { return cardreader.Contactless(c.atr) }

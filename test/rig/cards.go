package rig

// The citizens' cards: a virtual reader behind a daemon of the rig's own, and
// the sample cards of invented citizens.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/cardreader/sim/daemon"
	"github.com/tserve/jolly/cardreader/sim/vpcd"
)

// CardsUse says whether a rig has a reader of citizens' cards.
type CardsUse int

// The uses.
const (
	CardsNone     CardsUse = iota
	CardsPossible          // where this machine has the daemon and may run it apart; see [Rig.NoCards]
	CardsNeeded            // else New fails
)

// SampleCard is a card of an invented citizen, and what stands on it.
type SampleCard struct {
	Name       string `toml:"-"` // of its file
	Kind       string `toml:"kind"`
	CAN        string `toml:"can"`
	PACE       string `toml:"pace"` // the group in which a contactless card agrees on keys
	PIN        string `toml:"pin"`
	FiscalCode string `toml:"fiscal_code"`
	Surname    string `toml:"surname"`
	GivenName  string `toml:"name"`
	file       string
}

// slot is where the card belongs: the contactless ones are laid on the second.
func (c SampleCard) slot() int {
	if strings.HasPrefix(c.Kind, "cie-3") {
		return 1
	}
	return 0
}

// cardDesk is the reader and what lies in it.
type cardDesk struct {
	daemon *daemon.Daemon
	ctx    context.Context // of everything that lies there
	end    context.CancelFunc
	known  []SampleCard

	mu   sync.Mutex
	laid map[int]*laidCard
	work sync.WaitGroup
}

type laidCard struct {
	card SampleCard
	take context.CancelFunc
	gone chan struct{}
}

// openDesk starts the reader; samples is the directory cardreader/sim.
func openDesk(ctx context.Context, dir, samples string) (*cardDesk, error) {
	known, err := readCards(filepath.Join(samples, "cards"))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("start cards: %w", err)
	}
	d, err := daemon.Start(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("start cards: %w", err)
	}
	c := &cardDesk{daemon: d, known: known, laid: map[int]*laidCard{}}
	c.ctx, c.end = context.WithCancel(context.WithoutCancel(ctx)) // what lies there outlives the start
	return c, nil
}

// readCards reads the good cards; the faulty ones lie in a directory below.
func readCards(dir string) ([]SampleCard, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("sample cards: none in %s", dir)
	}
	var all []SampleCard
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("sample cards: %w", err)
		}
		c := SampleCard{file: f, Name: strings.TrimSuffix(filepath.Base(f), ".toml")}
		if err := toml.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("sample cards: %s: %w", f, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func (c *cardDesk) close() {
	if c == nil {
		return
	}
	c.end()
	c.work.Wait()
	c.daemon.Stop()
}

// SampleCards are the sample cards; none where the rig has no reader.
func (r *Rig) SampleCards() []SampleCard {
	if r.cards == nil {
		return nil
	}
	return r.cards.known
}

// NoCards says why the rig has no reader; nil where it has one or wants none.
func (r *Rig) NoCards() error { return r.noCards }

// LayCard lays a sample card into the reader, where it stays until [Rig.TakeCard].
func (r *Rig) LayCard(name string) error {
	if r.cards == nil {
		return errors.Join(errors.New("lay card: there is no reader"), r.noCards)
	}
	for _, c := range r.cards.known {
		if c.Name == name {
			return r.cards.lay(c)
		}
	}
	return fmt.Errorf("lay card: no card %q", name)
}

func (c *cardDesk) lay(card SampleCard) error {
	emulated, err := sim.Load(card.file)
	if err != nil {
		return fmt.Errorf("lay card: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	slot := card.slot()
	if there := c.laid[slot]; there != nil {
		return fmt.Errorf("lay card: %s lies there", there.card.Name)
	}
	ctx, take := context.WithCancel(c.ctx)
	l := &laidCard{card: card, take: take, gone: make(chan struct{})}
	c.laid[slot] = l
	c.work.Go(func() {
		defer close(l.gone)
		_ = vpcd.Insert(ctx, c.daemon.Addr(slot), emulated, nil) // ends when the card is taken, or has torn itself out
	})
	return nil
}

// TakeCard takes every card out of the reader.
func (r *Rig) TakeCard() error {
	if r.cards == nil {
		return errors.New("take card: there is no reader")
	}
	r.cards.mu.Lock()
	defer r.cards.mu.Unlock()
	for slot, l := range r.cards.laid {
		l.take()
		<-l.gone
		delete(r.cards.laid, slot)
	}
	return nil
}

// LaidCards are the names of the cards that lie in the reader.
func (r *Rig) LaidCards() []string {
	if r.cards == nil {
		return nil
	}
	r.cards.mu.Lock()
	defer r.cards.mu.Unlock()
	names := []string{}
	for _, l := range r.cards.laid {
		names = append(names, l.card.Name)
	}
	return names
}

// KillCardDaemon ends the reader's daemon at once, with the card in it.
func (r *Rig) KillCardDaemon() {
	if r.cards != nil {
		r.cards.daemon.Kill()
	}
}

// RestartCardDaemon starts it again.
func (r *Rig) RestartCardDaemon(ctx context.Context) error {
	if r.cards == nil {
		return errors.New("restart the daemon: there is no reader")
	}
	return r.cards.daemon.Restart(ctx)
}

// samples is the directory cardreader/sim beside that of the programs.
func (r *Rig) samples() (string, error) {
	dir, err := filepath.Abs(filepath.Join(r.opt.Bin, "..", "cardreader", "sim"))
	if err != nil {
		return "", fmt.Errorf("sample cards: %w", err)
	}
	return dir, nil
}

// openCards starts the reader as the options want it.
func (r *Rig) openCards(ctx context.Context) error {
	if r.opt.Cards == CardsNone {
		return nil
	}
	dir, err := r.samples()
	if err == nil {
		r.cards, err = openDesk(ctx, r.path("pcsc"), dir)
	}
	if err != nil && r.opt.Cards == CardsNeeded {
		return err
	}
	r.noCards = err
	return nil
}

// issuers is the folder of the test authorities, "" without a reader.
func (r *Rig) issuers() string {
	if r.cards == nil {
		return ""
	}
	dir, err := r.samples()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "ca", "roots")
}

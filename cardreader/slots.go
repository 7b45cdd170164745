package cardreader

// What the desk needs of the readers. Package pcsc has the real ones.

import (
	"context"
	"errors"

	"github.com/tserve/jolly/cardreader/apdu"
)

// ErrHeld says that another program holds the card.
var ErrHeld = errors.New("another program holds the card")

// Slot is one place for a card.
type Slot struct {
	Name    string
	Present bool   // a card lies there
	Mute    bool   // and says nothing: it lies the wrong way round, or is broken
	ATR     []byte // what it said
	Count   uint32 // grows with each insertion and each removal
}

// Contactless says that the ATR is one that a reader makes up for a card on its
// antenna (PC/SC part 3, 3.1.3.2.3).
func (s Slot) Contactless() bool { return Contactless(s.ATR) }

// Contactless is Slot's, for whoever has an ATR alone.
func Contactless(atr []byte) bool {
	return len(atr) > 3 && atr[0] == 0x3B && atr[1]&0xF0 == 0x80 && atr[2] == 0x80 && atr[3] == 0x01
}

// State is what is known of the readers.
type State struct {
	Slots  []Slot // in the order of their names
	Reason string // why there is none; "" when there are
}

// Slots are the card readers of the machine.
type Slots interface {
	// Run watches the readers until ctx ends. changed is called from one
	// goroutine with every new state, and must not wait for the slots.
	Run(ctx context.Context, changed func(State)) error
	// Use lets use talk to the card in a slot, alone and from a fresh power-on
	// state. It fails with apdu.ErrRemoved when the slot's count is another one,
	// with ErrHeld when another program has the card, with apdu.ErrLost without
	// reader. The card stays held until Release or its removal.
	Use(ctx context.Context, slot string, count uint32, use func(context.Context, apdu.Channel) error) error
	// Release powers the card down and lets it go.
	Release(ctx context.Context, slot string) error
}

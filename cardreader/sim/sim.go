package sim

// What an emulated card is, its faults, and the way to it within one process.

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tserve/jolly/cardreader/apdu"
)

// Emulated is a card.
type Emulated interface {
	// ATR is what it says at power-on.
	ATR() []byte
	// Process answers a command with data and status word; nil is a card that
	// is no longer there.
	Process(command []byte) (response []byte)
	// Reset is power off and on.
	Reset()
}

// Fault is what goes wrong with a card.
type Fault struct {
	TearAt int `toml:"tear_at"` // the card is pulled out at this command, counted from 1 since power-on
	// TearINS is the instruction whose first command is the last one: it is executed, and the
	// answer does not come.
	TearINS string `toml:"tear_ins"`
	// Answer maps the beginning of a command to the answer, both hexadecimal.
	Answer map[string]string `toml:"answer"`
}

func (f Fault) empty() bool { return f.TearAt == 0 && f.TearINS == "" && len(f.Answer) == 0 }

// withFault lets go wrong what is to go wrong.
func withFault(card Emulated, f Fault) (Emulated, error) {
	if f.empty() {
		return card, nil
	}
	faulty := &faulty{Emulated: card, fault: f, ins: -1}
	if f.TearINS != "" {
		ins, err := hex.DecodeString(f.TearINS)
		if err != nil || len(ins) != 1 {
			return nil, fmt.Errorf("fault.tear_ins: %q, want one byte in hexadecimal", f.TearINS)
		}
		faulty.ins = int(ins[0])
	}
	for begin, answer := range f.Answer {
		if _, err := hex.DecodeString(begin + answer); err != nil || len(answer) < 4 {
			return nil, fmt.Errorf("fault.answer: %q = %q, want hexadecimal", begin, answer)
		}
	}
	return faulty, nil
}

type faulty struct {
	Emulated
	fault Fault
	ins   int
	count int
	gone  bool
}

func (f *faulty) Process(command []byte) []byte {
	f.count++
	if f.gone || f.fault.TearAt > 0 && f.count >= f.fault.TearAt {
		f.gone = true
		return nil
	}
	text := strings.ToUpper(hex.EncodeToString(command))
	for begin, answer := range f.fault.Answer {
		if strings.HasPrefix(text, strings.ToUpper(begin)) {
			b, _ := hex.DecodeString(answer) // checked by withFault
			return b
		}
	}
	response := f.Emulated.Process(command)
	if f.ins >= 0 && len(command) > 1 && int(command[1]) == f.ins && len(command) > 4 {
		f.gone = true
		return nil
	}
	return response
}

func (f *faulty) Reset() {
	f.count = 0
	f.Emulated.Reset()
}

// Channel is a card in the same process.
type Channel struct {
	card     Emulated
	antenna  bool
	Commands int  // how many it got
	Removed  bool // pull it out
}

// NewChannel powers a card on.
func NewChannel(card Emulated) *Channel {
	card.Reset()
	return &Channel{card: card, antenna: antenna(card.ATR())}
}

// Transmit sends a command to the card.
func (c *Channel) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.Removed {
		return nil, apdu.ErrRemoved
	}
	c.Commands++
	response := c.card.Process(command)
	if response == nil {
		c.Removed = true
		return nil, apdu.ErrRemoved
	}
	return response, nil
}

// Reset powers the card off and on.
func (c *Channel) Reset(context.Context) error {
	if c.Removed {
		return apdu.ErrRemoved
	}
	c.card.Reset()
	return nil
}

// ATR is the card's.
func (c *Channel) ATR() []byte { return c.card.ATR() }

// Contactless says that the ATR is one that a reader makes up for an antenna.
func (c *Channel) Contactless() bool { return c.antenna }

func antenna(atr []byte) bool {
	return len(atr) > 3 && atr[0] == 0x3B && atr[1]&0xF0 == 0x80 && atr[2] == 0x80 && atr[3] == 0x01
}

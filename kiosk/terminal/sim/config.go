package sim

// Configuration of the simulated terminal, and the cards that it is shown.

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// Defaults of [Config].
const (
	DefaultAddress    = "127.0.0.1:0"
	DefaultTerminalID = "12345678"
	DefaultAckWait    = 3 * time.Second
	DefaultCardWait   = 60 * time.Second
	DefaultIdleWait   = 10 * time.Second
	DefaultGap        = 20 * time.Millisecond
)

// Config says what the terminal is. The zero value of each field is its default.
type Config struct {
	Address    string    // where it listens; default a free port of 127.0.0.1
	TerminalID string    // default 12345678
	LRC        ecr17.LRC // default noext
	FirstSTAN  int       // number of the first transaction; default 1

	AckWait  time.Duration // for the ACK of a result before it is sent again; default 3 s
	CardWait time.Duration // for a card before the payment is refused; default 60 s
	IdleWait time.Duration // for a request before the line is hung up; default 10 s
	Work     time.Duration // the host's answer takes; default none
	Gap      time.Duration // between the halves of a result in [Halves]; default 20 ms

	// AutoCard presents DefaultCard after this time; 0 waits for PresentCard.
	AutoCard    time.Duration
	DefaultCard Card // default a Bancomat card, contactless

	SavesRefused bool // refused results are kept for G too
	Used         bool // it took a payment before, which is its last result; STAN one before FirstSTAN
	KeepOpen     bool // does not hang up after a payment

	Now    func() time.Time                                                      // default time.Now
	Listen func(ctx context.Context, network, addr string) (net.Listener, error) // default a net.ListenConfig
	Log    *slog.Logger                                                          // default none
	// Trace is told each thing that happens, in order for each connection. It
	// must not block, and may be called from several goroutines.
	Trace func(Event)
}

// Card is a payment card held to the terminal.
type Card struct {
	PAN      string `json:"pan"`      // all digits; only the last four leave the simulator
	Kind     string `json:"kind"`     // "bancomat", "credit" or "other"
	Entry    string `json:"entry"`    // "ICC", "MAG", "MAN", "CLM" or "CLI"
	Decline  string `json:"decline"`  // the host refuses this card with this text
	Currency string `json:"currency"` // of a foreign card, "USD": its result is a DCC result
}

func (c Card) withDefaults() Card {
	if c.PAN == "" {
		c.PAN = "6001230000001111"
	}
	if c.Kind == "" {
		c.Kind = "bancomat"
	}
	if c.Entry == "" {
		c.Entry = "CLI"
	}
	return c
}

func (c Config) withDefaults() Config {
	if c.Address == "" {
		c.Address = DefaultAddress
	}
	if c.TerminalID == "" {
		c.TerminalID = DefaultTerminalID
	}
	if c.FirstSTAN <= 0 {
		c.FirstSTAN = 1
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&c.AckWait, DefaultAckWait}, {&c.CardWait, DefaultCardWait}, {&c.IdleWait, DefaultIdleWait}, {&c.Gap, DefaultGap}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	c.DefaultCard = c.DefaultCard.withDefaults()
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Listen == nil {
		c.Listen = new(net.ListenConfig).Listen
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Trace == nil {
		c.Trace = func(Event) {}
	}
	return c
}

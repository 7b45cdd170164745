package terminal

// Configuration: where the terminal is, who we are to it, how long we wait.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// Defaults of [Config].
const (
	DefaultDialTimeout   = 3 * time.Second
	DefaultAckTimeout    = 3 * time.Second
	DefaultReplyTimeout  = 10 * time.Second
	DefaultResultTimeout = 150 * time.Second
	DefaultLinger        = 300 * time.Millisecond
	DefaultResolvePause  = 2 * time.Second
	DefaultResolveTries  = 5
	DefaultBaud          = 9600
)

// AnyTerminal is the terminal ID that is not checked.
const AnyTerminal = "00000000"

// retransmissions is how often a frame is sent again on NAK, in both
// directions: the protocol's own number.
const retransmissions = 3

// Config says which terminal, and how to talk to it. The zero value of every
// field but the first three is its default.
type Config struct {
	// Address is "host:port" of the terminal, or the path of a tty
	// ("/dev/serial/by-id/...") for one on a serial line.
	Address    string
	TerminalID string // eight characters; [AnyTerminal] takes any terminal's answers
	RegisterID string // eight characters, our name as a cash register

	LRC   ecr17.LRC // reading of the check byte; default noext, [Terminal.Probe] finds it
	Basic bool      // ask with P, for terminals that do not know X: the host's amount is then not told. Default X
	// SavesRefused says that this model is known to save refused results as
	// its last result too. Only then does an unchanged last result mean that
	// nothing was charged. Default false: unchanged is unknown.
	SavesRefused bool

	// Boot names the machine's present start. A baseline of another start was
	// taken before a power cut, or a reboot, that the terminal may have shared.
	Boot string

	DialTimeout   time.Duration // to connect; default 3 s
	AckTimeout    time.Duration // for the ACK of a frame; default 3 s
	ReplyTimeout  time.Duration // for the answer to anything but a payment; default 10 s
	ResultTimeout time.Duration // for the result of a payment, from its ACK; default 150 s
	Linger        time.Duration // to hear a result again whose ACK was lost; default 300 ms
	ResolvePause  time.Duration // between two tries of Resolve, give or take a quarter; default 2 s
	ResolveTries  int           // tries of one Resolve; default 5

	Baud int // of the serial line, 8 bits, no parity; default 9600

	// Slip is handed the ticket of a charge, if the terminal sends tickets;
	// nil leaves them to the terminal's own paper. It must not block.
	Slip func(id kiosk.PaymentID, text string)

	// Dial opens the connection; default a [net.Dialer], or the serial line.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Check finds the mistakes of a configuration: for the program's start.
func (c Config) Check() error {
	var errs []error
	if _, _, err := net.SplitHostPort(c.Address); err != nil && !c.serial() {
		errs = append(errs, fmt.Errorf("address %q: want host:port, or the path of a tty", c.Address))
	}
	if c.Baud < 0 {
		errs = append(errs, fmt.Errorf("%d baud", c.Baud))
	}
	if _, err := (ecr17.LastResultRequest{Terminal: c.TerminalID, Register: c.RegisterID}).Encode(); err != nil {
		errs = append(errs, err)
	}
	if !c.LRC.Known() {
		errs = append(errs, fmt.Errorf("LRC %q: want one of %q", c.LRC, ecr17.Readings()))
	}
	for _, d := range []time.Duration{c.DialTimeout, c.AckTimeout, c.ReplyTimeout, c.ResultTimeout, c.Linger, c.ResolvePause} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("time %s is negative", d))
		}
	}
	if c.ResolveTries < 0 {
		errs = append(errs, fmt.Errorf("%d tries", c.ResolveTries))
	}
	return errors.Join(errs...)
}

// serial says that the terminal is on a serial line.
func (c Config) serial() bool { return strings.HasPrefix(c.Address, "/") }

// LongestOperation is the longest time that Charge can take once the terminal
// is free, from the first byte to its return: what the life of a token is
// measured against.
func (c Config) LongestOperation() time.Duration {
	c = c.withDefaults()
	frames := time.Duration(1+retransmissions) * c.AckTimeout
	status := c.DialTimeout + frames + c.ReplyTimeout
	tickets, after := time.Duration(0), c.Linger
	if c.Slip != nil {
		tickets, after = c.DialTimeout+frames, max(c.Linger, c.ReplyTimeout)
	}
	return status + tickets + c.DialTimeout + frames + c.ResultTimeout + after
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.DialTimeout, DefaultDialTimeout}, {&c.AckTimeout, DefaultAckTimeout}, {&c.ReplyTimeout, DefaultReplyTimeout},
		{&c.ResultTimeout, DefaultResultTimeout}, {&c.Linger, DefaultLinger}, {&c.ResolvePause, DefaultResolvePause},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if c.ResolveTries <= 0 {
		c.ResolveTries = DefaultResolveTries
	}
	if c.LRC == "" {
		c.LRC = ecr17.NoExt
	}
	if c.Baud <= 0 {
		c.Baud = DefaultBaud
	}
	switch {
	case c.Dial != nil:
	case c.serial():
		c.Dial = serialDialer(c.Baud)
	default:
		c.Dial = (&net.Dialer{}).DialContext
	}
	return c
}

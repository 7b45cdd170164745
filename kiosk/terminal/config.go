package terminal

// Configuration: where the terminal is, who we are to it, how long we wait.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

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
)

// AnyTerminal is the terminal ID that is not checked.
const AnyTerminal = "00000000"

// retransmissions is how often a frame is sent again on NAK, in both
// directions: the protocol's own number.
const retransmissions = 3

// Config says which terminal, and how to talk to it. The zero value of every
// field but the first three is its default.
type Config struct {
	Address    string // "host:port" of the terminal
	TerminalID string // eight characters; [AnyTerminal] takes any terminal's answers
	RegisterID string // eight characters, our name as a cash register

	LRC   ecr17.LRC // reading of the check byte; default noext, [Terminal.Probe] finds it
	Basic bool      // ask with P, for terminals that do not know X: the host's amount is then not told. Default X
	// SavesRefused says that this model is known to save refused results as
	// its last result too. Only then does an unchanged last result mean that
	// nothing was charged. Default false: unchanged is unknown.
	SavesRefused bool

	DialTimeout   time.Duration // to connect; default 3 s
	AckTimeout    time.Duration // for the ACK of a frame; default 3 s
	ReplyTimeout  time.Duration // for the answer to anything but a payment; default 10 s
	ResultTimeout time.Duration // for the result of a payment, from its ACK; default 150 s
	Linger        time.Duration // to hear a result again whose ACK was lost; default 300 ms
	ResolvePause  time.Duration // between two tries of Resolve, give or take a quarter; default 2 s
	ResolveTries  int           // tries of one Resolve; default 5

	// Dial opens the connection; default a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Check finds the mistakes of a configuration: for the program's start.
func (c Config) Check() error {
	var errs []error
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		errs = append(errs, fmt.Errorf("address %q: want host:port", c.Address))
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

// LongestOperation is the longest time that Charge can take once the terminal
// is free, from the first byte to its return: what the life of a token is
// measured against.
func (c Config) LongestOperation() time.Duration {
	c = c.withDefaults()
	frames := time.Duration(1+retransmissions) * c.AckTimeout
	status := c.DialTimeout + frames + c.ReplyTimeout
	return status + c.DialTimeout + frames + c.ResultTimeout + c.Linger
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
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	return c
}

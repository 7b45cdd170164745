package pcsc

// What the loop needs of the daemon; scard.go has the real one.

import (
	"errors"
	"time"
)

// What the daemon says, as far as the loop cares. Everything else loses the
// context.
var (
	errTimeout   = errors.New("nothing changed")
	errCancelled = errors.New("cancelled")
	errNoReaders = errors.New("no card reader is connected")
	errUnknown   = errors.New("reader unknown") // pulled since it was listed
	errNoDaemon  = errors.New("the smart card daemon does not answer")
	errMute      = errors.New("the card does not answer")
)

// watched is a reader that is waited for.
type watched struct {
	name    string
	known   uint32 // flags and counter as they were told last
	event   uint32 // as they are now
	present bool
	mute    bool
	atr     []byte
}

// pnp is the name under which the daemon tells of readers that come and go.
const pnp = `\\?PnP?\Notification`

// backend makes connections to the daemon.
type backend interface {
	connect() (daemon, error)
}

// daemon is a connection. All but cancel are called from one goroutine.
type daemon interface {
	readers() ([]string, error)
	wait(all []watched, timeout time.Duration) error
	cancel()
	open(reader string) (handle, error)
	release()
}

// handle is a card that is held.
type handle interface {
	transmit(command []byte) ([]byte, error)
	reset() error
	powerDown() error
	forget() // the card is gone: there is nothing to power down, or another one
}

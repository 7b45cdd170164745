package escpos

// The way to the printer.

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// Link is an open way to one printer. A TCP connection and an open device file
// are one as they are. Nothing is written or read without a deadline set before.
type Link interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Dialer opens the way. It gives up with the context, and it tells an error when
// nobody is there; printers take one visitor at a time, so that each link is closed
// when its errand is done.
type Dialer interface {
	Dial(ctx context.Context) (Link, error)
}

// TCP is a printer on the network, usually at port 9100.
type TCP struct{ Addr string }

// Dial connects.
func (t TCP) Dial(ctx context.Context) (Link, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", t.Addr)
	if err != nil {
		return nil, fmt.Errorf("dial printer: %w", err)
	}
	return c, nil
}

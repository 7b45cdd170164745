// Package vpcd puts an emulated card into a virtual PC/SC reader: the one of
// Debian's vsmartcard-vpcd, a driver of pcscd that listens on a TCP port.
//
// [Insert] lays the card down and serves it until its context ends, which takes
// it away. When the daemon goes, the card stays where it is and is powered
// again by the next daemon, as a real one would be.
//
// # Goroutines and failures
//
// None is started, except that the end of the context closes the connection. A
// daemon that is not there is waited for, with a pause between tries. A card that
// tears itself out ends Insert with [ErrTorn].
package vpcd

// The protocol: two bytes of length, then a command of the reader or an APDU.

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/tserve/jolly/cardreader/sim"
)

// ErrTorn is a card that pulled itself out, as its file said.
var ErrTorn = errors.New("the card was pulled out in the middle")

// What the reader asks besides APDUs.
const (
	powerOff = 0x00
	powerOn  = 0x01
	reset    = 0x02
	askATR   = 0x04
)

const (
	retry       = 100 * time.Millisecond
	dialTimeout = time.Second
)

// Insert lays the card into the reader at addr until ctx ends. inserted is
// called each time the reader has it; it may be nil.
func Insert(ctx context.Context, addr string, card sim.Emulated, inserted func()) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
		err := once(ctx, addr, card, inserted)
		if errors.Is(err, ErrTorn) {
			return err
		}
		pause.Reset(retry)
	}
}

func once(ctx context.Context, addr string, card sim.Emulated, inserted func()) error {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("reader: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return errors.New("reader: not a TCP connection")
	}
	if inserted != nil {
		inserted()
	}
	return serve(quick{tcp}, card)
}

// serve answers until the reader goes away.
func serve(rw io.ReadWriter, card sim.Emulated) error {
	var head [2]byte
	for {
		if _, err := io.ReadFull(rw, head[:]); err != nil {
			return fmt.Errorf("reader: %w", err)
		}
		body := make([]byte, binary.BigEndian.Uint16(head[:]))
		if _, err := io.ReadFull(rw, body); err != nil {
			return fmt.Errorf("reader: %w", err)
		}
		var response []byte
		switch {
		case len(body) == 1 && body[0] == askATR:
			response = card.ATR()
		case len(body) == 1 && (body[0] == powerOff || body[0] == powerOn || body[0] == reset):
			card.Reset()
			continue
		default:
			if response = card.Process(body); response == nil {
				return ErrTorn
			}
		}
		if len(response) > 0xFFFF {
			return errors.New("reader: the response is too long")
		}
		frame := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(response)), uint16(len(response)))
		if _, err := rw.Write(append(frame, response...)); err != nil {
			return fmt.Errorf("reader: %w", err)
		}
	}
}

// quick acknowledges at once what it reads. The reader sends a length and then
// its data, and waits 40 ms for the acknowledgement in between. The kernel
// forgets the wish after a while, so it is told before every read.
type quick struct{ *net.TCPConn }

func (q quick) Read(b []byte) (int, error) {
	raw, err := q.SyscallConn()
	if err != nil {
		return 0, err
	}
	if err := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	}); err != nil {
		return 0, err
	}
	return q.TCPConn.Read(b)
}

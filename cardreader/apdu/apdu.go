package apdu

// Commands, responses and the exchange of them.

import (
	"context"
	"errors"
	"fmt"
)

// The largest Le of a short and of an extended command: "all there is".
const (
	LeAll         = 256
	LeAllExtended = 65536
)

// What a channel says when no response came. The command may have been executed.
var (
	ErrRemoved = errors.New("card removed")
	ErrReset   = errors.New("card was reset by somebody else")
	ErrLost    = errors.New("reader or its daemon is gone")
)

// Channel is a card in a reader.
type Channel interface {
	// Transmit sends a command and returns the response with its status word. It
	// fails with ErrRemoved, ErrReset, ErrLost or the context's error.
	Transmit(ctx context.Context, command []byte) ([]byte, error)
	// ATR is what the card said of itself at power-on.
	ATR() []byte
	// Contactless says that the card lies on an antenna.
	Contactless() bool
}

// Command is a command APDU.
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte
	Le               int  // bytes expected: 0 none, LeAll or LeAllExtended all
	Extended         bool // lengths of three bytes even where one would do
}

// Bytes encodes the command. It is extended when it is asked to be or too long
// to be short.
func (c Command) Bytes() []byte {
	out := make([]byte, 0, 4+3+len(c.Data)+3)
	out = append(out, c.CLA, c.INS, c.P1, c.P2)
	if c.Extended || len(c.Data) > 255 || c.Le > LeAll {
		return c.extended(out)
	}
	if len(c.Data) > 0 {
		out = append(append(out, byte(len(c.Data))), c.Data...)
	}
	if c.Le > 0 {
		out = append(out, byte(c.Le)) // 256 is 00
	}
	return out
}

func (c Command) extended(out []byte) []byte {
	if len(c.Data) > 0 {
		out = append(append(out, 0, byte(len(c.Data)>>8), byte(len(c.Data))), c.Data...)
	}
	if c.Le > 0 {
		if len(c.Data) == 0 {
			out = append(out, 0)
		}
		out = append(out, byte(c.Le>>8), byte(c.Le)) // 65536 is 0000
	}
	return out
}

// errCommand is what ParseCommand says of bytes that are no command.
var errCommand = errors.New("apdu: not a command")

// ParseCommand decodes a command, short or extended, as a card sees it.
func ParseCommand(b []byte) (Command, error) {
	if len(b) < 4 {
		return Command{}, errCommand
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3]}
	body := b[4:]
	switch {
	case len(body) == 0:
		return c, nil
	case len(body) == 1:
		c.Le = short(body[0])
		return c, nil
	case body[0] == 0 && len(body) >= 3:
		return c.parseExtended(body[1:])
	}
	n := int(body[0])
	switch {
	case n > 0 && len(body) == 1+n:
	case n > 0 && len(body) == 2+n:
		c.Le = short(body[1+n])
	default:
		return Command{}, errCommand
	}
	c.Data = body[1 : 1+n]
	return c, nil
}

func (c Command) parseExtended(body []byte) (Command, error) {
	c.Extended = true
	n := int(body[0])<<8 | int(body[1])
	switch len(body) {
	case 2:
		c.Le = long(n)
		return c, nil
	case 2 + n:
	case 4 + n:
		c.Le = long(int(body[2+n])<<8 | int(body[3+n]))
	default:
		return Command{}, errCommand
	}
	if n == 0 {
		return Command{}, errCommand
	}
	c.Data = body[2 : 2+n]
	return c, nil
}

func short(b byte) int {
	if b == 0 {
		return LeAll
	}
	return int(b)
}

func long(n int) int {
	if n == 0 {
		return LeAllExtended
	}
	return n
}

// Response is a response APDU.
type Response struct {
	Data []byte
	SW   uint16
}

// ParseResponse decodes a response.
func ParseResponse(b []byte) (Response, error) {
	if len(b) < 2 {
		return Response{}, fmt.Errorf("apdu: a response of %d bytes has no status word", len(b))
	}
	n := len(b) - 2
	return Response{Data: b[:n:n], SW: uint16(b[n])<<8 | uint16(b[n+1])}, nil
}

// Bytes encodes the response.
func (r Response) Bytes() []byte {
	return append(append(make([]byte, 0, len(r.Data)+2), r.Data...), byte(r.SW>>8), byte(r.SW))
}

// OK says that the card did what was asked.
func (r Response) OK() bool { return r.SW == SWSuccess }

// Err is nil after success, else a *StatusError.
func (r Response) Err() error {
	if r.OK() {
		return nil
	}
	return &StatusError{SW: r.SW}
}

// StatusError is a status word that is not success.
type StatusError struct{ SW uint16 }

// Error writes the word in hexadecimal.
func (e *StatusError) Error() string { return fmt.Sprintf("status word %04X", e.SW) }

// Exchange sends one command and returns its whole response.
func Exchange(ctx context.Context, ch Channel, c Command) (Response, error) {
	r, err := transmit(ctx, ch, c)
	if err != nil {
		return Response{}, err
	}
	if r.SW>>8 == 0x6C {
		c.Le = short(byte(r.SW))
		if r, err = transmit(ctx, ch, c); err != nil {
			return Response{}, err
		}
	}
	return fetch(ctx, ch, c, r)
}

// fetch collects what 61xx announces. A card that always has more is stopped at
// what an extended response could hold.
func fetch(ctx context.Context, ch Channel, c Command, r Response) (Response, error) {
	data := r.Data
	for r.SW>>8 == 0x61 {
		next, err := transmit(ctx, ch, Command{CLA: c.CLA &^ 0x1C, INS: 0xC0, Le: short(byte(r.SW))})
		if err != nil {
			return Response{}, err
		}
		if next.SW>>8 == 0x6C && len(next.Data) == 0 {
			if next, err = transmit(ctx, ch, Command{CLA: c.CLA &^ 0x1C, INS: 0xC0, Le: short(byte(next.SW))}); err != nil {
				return Response{}, err
			}
		}
		if len(next.Data) == 0 && next.SW>>8 == 0x61 || len(data)+len(next.Data) > LeAllExtended {
			return Response{}, errors.New("apdu: the card always has more to say and never says it")
		}
		data = append(data, next.Data...)
		r = next
	}
	return Response{Data: data, SW: r.SW}, nil
}

func transmit(ctx context.Context, ch Channel, c Command) (Response, error) {
	b, err := ch.Transmit(ctx, c.Bytes())
	if err != nil {
		return Response{}, err
	}
	return ParseResponse(b)
}

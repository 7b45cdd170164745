package pace

// The groups: classic Diffie-Hellman and elliptic curves, with a generator that
// the mapping replaces.

import (
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/osanderson/brainpool"
)

// Group is a group with a generator.
type Group interface {
	// Private draws a private number.
	Private(random io.Reader) ([]byte, error)
	// Public is the public value of a private number, as it travels.
	Public(private []byte) []byte
	// Agree is the shared secret with the other side's public value, which is
	// refused when it is not a proper element of the group.
	Agree(private, public []byte) ([]byte, error)
	// Map is the same group with the generator that the generic mapping makes of
	// the nonce and the first agreement.
	Map(private, public, nonce []byte) (Group, error)
	// Tag is the data object of a public value within a public key: 84 or 86.
	Tag() uint32
}

var errElement = errors.New("the other side's public value is no element of the group")

// Tags of public values.
const (
	tagClassic = 0x84
	tagPoint   = 0x86
)

// Pair draws a private number and gives its public value with it. A classic
// value that begins with a zero is drawn anew, one of 256: there are chips that
// keep the zero and chips that leave it out.
func Pair(g Group, random io.Reader) (private, public []byte, err error) {
	for range 16 {
		if private, err = g.Private(random); err != nil {
			return nil, nil, err
		}
		if public = g.Public(private); public[0] != 0 {
			return private, public, nil
		}
		clear(private)
	}
	return nil, nil, errors.New("draw a private number: no randomness")
}

// ByID is a group of the table of standardised parameters (9303-11, table 6).
func ByID(id int) (Group, error) {
	switch {
	case id >= 0 && id < len(rfc5114):
		return newModular(rfc5114[id]), nil
	case curves(id) != nil:
		c := curves(id)
		return &curve{c, c.Params().Gx, c.Params().Gy}, nil
	}
	return nil, fmt.Errorf("domain parameters %d are not known here", id)
}

// curves holds those of the table that the libraries have; 8, P-192, is not.
func curves(id int) elliptic.Curve {
	switch id {
	case 9:
		return brainpool.P192r1()
	case 10:
		return elliptic.P224()
	case 11:
		return brainpool.P224r1()
	case 12:
		return elliptic.P256()
	case 13:
		return brainpool.P256r1()
	case 14:
		return brainpool.P320r1()
	case 15:
		return elliptic.P384()
	case 16:
		return brainpool.P384r1()
	case 17:
		return brainpool.P512r1()
	case 18:
		return elliptic.P521()
	}
	return nil
}

// draw draws a number between 1 and order-1.
func draw(random io.Reader, order *big.Int) ([]byte, error) {
	b := make([]byte, (order.BitLen()+7)/8)
	for range 256 { // each draw fits with a chance of one half at least
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fmt.Errorf("draw a private number: %w", err)
		}
		if extra := len(b)*8 - order.BitLen(); extra > 0 {
			b[0] &= 0xFF >> extra
		}
		n := new(big.Int).SetBytes(b)
		if n.Sign() > 0 && n.Cmp(order) < 0 {
			return b, nil
		}
	}
	return nil, errors.New("draw a private number: no randomness")
}

// modular is a subgroup of order q of the numbers modulo p.
type modular struct{ p, g, q *big.Int }

func newModular(hex [3]string) *modular {
	n := [3]*big.Int{}
	for i := range hex {
		n[i], _ = new(big.Int).SetString(hex[i], 16)
	}
	return &modular{n[0], n[1], n[2]}
}

func (m *modular) Tag() uint32 { return tagClassic }

func (m *modular) Private(random io.Reader) ([]byte, error) { return draw(random, m.q) }

func (m *modular) bytes(n *big.Int) []byte { return n.FillBytes(make([]byte, (m.p.BitLen()+7)/8)) }

func (m *modular) Public(private []byte) []byte {
	return m.bytes(new(big.Int).Exp(m.g, new(big.Int).SetBytes(private), m.p))
}

func (m *modular) Agree(private, public []byte) ([]byte, error) {
	y := new(big.Int).SetBytes(public)
	one := big.NewInt(1)
	if y.Cmp(one) <= 0 || y.Cmp(new(big.Int).Sub(m.p, one)) >= 0 || new(big.Int).Exp(y, m.q, m.p).Cmp(one) != 0 {
		return nil, errElement
	}
	return m.bytes(y.Exp(y, new(big.Int).SetBytes(private), m.p)), nil
}

func (m *modular) Map(private, public, nonce []byte) (Group, error) {
	h, err := m.Agree(private, public)
	if err != nil {
		return nil, err
	}
	g := new(big.Int).Exp(m.g, new(big.Int).SetBytes(nonce), m.p)
	g.Mod(g.Mul(g, new(big.Int).SetBytes(h)), m.p)
	if g.Cmp(big.NewInt(1)) <= 0 {
		return nil, errElement
	}
	return &modular{m.p, g, m.q}, nil
}

// curve is an elliptic curve with a generator. crypto/ecdh has neither points
// besides its own generator nor Brainpool's curves, so that the older interface
// stays.
type curve struct {
	c    elliptic.Curve
	x, y *big.Int
}

func (c *curve) Tag() uint32 { return tagPoint }

func (c *curve) Private(random io.Reader) ([]byte, error) { return draw(random, c.c.Params().N) }

func (c *curve) size() int { return (c.c.Params().P.BitLen() + 7) / 8 }

func (c *curve) Public(private []byte) []byte {
	x, y := c.c.ScalarMult(c.x, c.y, private)
	out := make([]byte, 1+2*c.size())
	out[0] = 4
	x.FillBytes(out[1 : 1+c.size()])
	y.FillBytes(out[1+c.size():])
	return out
}

func (c *curve) point(b []byte) (x, y *big.Int, err error) {
	n := c.size()
	if len(b) != 1+2*n || b[0] != 4 {
		return nil, nil, errElement
	}
	x, y = new(big.Int).SetBytes(b[1:1+n]), new(big.Int).SetBytes(b[1+n:])
	p := c.c.Params().P
	if x.Cmp(p) >= 0 || y.Cmp(p) >= 0 || !c.c.IsOnCurve(x, y) {
		return nil, nil, errElement
	}
	return x, y, nil
}

func (c *curve) Agree(private, public []byte) ([]byte, error) {
	x, y, err := c.point(public)
	if err != nil {
		return nil, err
	}
	if x, y = c.c.ScalarMult(x, y, private); x.Sign() == 0 && y.Sign() == 0 {
		return nil, errElement
	}
	return x.FillBytes(make([]byte, c.size())), nil
}

func (c *curve) Map(private, public, nonce []byte) (Group, error) {
	x, y, err := c.point(public)
	if err != nil {
		return nil, err
	}
	hx, hy := c.c.ScalarMult(x, y, private)
	s := new(big.Int).SetBytes(nonce)
	s.Mod(s, c.c.Params().N)
	sx, sy := c.c.ScalarMult(c.x, c.y, s.Bytes())
	gx, gy := c.c.Add(sx, sy, hx, hy)
	if gx.Sign() == 0 && gy.Sign() == 0 {
		return nil, errElement
	}
	return &curve{c.c, gx, gy}, nil
}

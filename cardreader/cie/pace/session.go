package pace

// Secure messaging (9303-11, 9.8), the terminal's side.

import (
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/tserve/jolly/cardreader/apdu"
)

// ErrChannel is a response that did not come from the chip that the keys were
// agreed with, or was changed on its way.
var ErrChannel = errors.New("secure messaging: the response is not the chip's")

// Session wraps commands and opens responses.
type Session struct {
	cipher Cipher
	keys   Keys
	ssc    []byte
}

// NewSession begins secure messaging with keys that it wipes. A nil counter is
// zero.
func NewSession(c Cipher, enc, mac, counter []byte) (*Session, error) {
	defer clear(enc)
	defer clear(mac)
	keys, err := c.Keys(enc, mac)
	if err != nil {
		return nil, fmt.Errorf("secure messaging: %w", err)
	}
	s := &Session{cipher: c, keys: keys, ssc: make([]byte, c.Block())}
	copy(s.ssc, counter)
	return s, nil
}

// FromSecret begins secure messaging with the keys of a shared secret.
func FromSecret(c Cipher, secret []byte) (*Session, error) {
	return NewSession(c, c.Derive(secret, KeyEnc), c.Derive(secret, KeyMAC), nil)
}

// Wipe forgets the keys. What the cipher has made of them is the collector's.
func (s *Session) Wipe() {
	s.keys = Keys{}
	clear(s.ssc)
}

func (s *Session) count() {
	for i := len(s.ssc) - 1; i >= 0; i-- {
		if s.ssc[i]++; s.ssc[i] != 0 {
			return
		}
	}
}

func (s *Session) sum(header, objects []byte) ([]byte, error) {
	n := append([]byte(nil), s.ssc...)
	if header != nil {
		n = append(n, Pad(header, s.cipher.Block())...)
	}
	n = append(n, objects...)
	if s.cipher == TDES {
		return s.keys.MAC(n) // pads by itself
	}
	return s.keys.MAC(Pad(n, s.cipher.Block()))
}

// Wrap protects a command.
func (s *Session) Wrap(c apdu.Command) (apdu.Command, error) {
	s.count()
	c.CLA |= 0x0C
	var objects []byte
	if len(c.Data) > 0 {
		sealed, err := s.keys.Seal(s.ssc, c.Data)
		if err != nil {
			return c, err
		}
		tag := uint32(0x87)
		if c.INS&1 == 1 {
			tag = 0x85
		} else {
			sealed = append([]byte{1}, sealed...)
		}
		objects = apdu.AppendTLV(objects, tag, sealed)
	}
	if c.Le > 0 {
		le := []byte{byte(c.Le)}
		if c.Extended {
			le = []byte{byte(c.Le >> 8), byte(c.Le)}
		}
		objects = apdu.AppendTLV(objects, 0x97, le)
	}
	mac, err := s.sum([]byte{c.CLA, c.INS, c.P1, c.P2}, objects)
	if err != nil {
		return c, err
	}
	c.Data, c.Le = apdu.AppendTLV(objects, 0x8E, mac), apdu.LeAll
	if c.Extended {
		c.Le = apdu.LeAllExtended
	}
	return c, nil
}

// Unwrap opens a response. One without protection is an answer of the chip
// outside the channel: its status word is passed on, its data are not.
func (s *Session) Unwrap(r apdu.Response) (apdu.Response, error) {
	s.count()
	if len(r.Data) == 0 {
		if r.OK() {
			return r, ErrChannel
		}
		return apdu.Response{SW: r.SW}, nil
	}
	list, err := apdu.ReadAll(r.Data)
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrChannel, err)
	}
	var objects, sealed, mac, sw []byte
	odd := false
	for i, o := range list {
		switch o.Tag {
		case 0x8E:
			if i != len(list)-1 {
				return r, ErrChannel
			}
			mac = o.Value
			continue
		case 0x87, 0x85:
			sealed, odd = o.Value, o.Tag == 0x85
		case 0x99:
			sw = o.Value
		}
		objects = append(objects, o.Raw...)
	}
	want, err := s.sum(nil, objects)
	if err != nil {
		return r, err
	}
	if subtle.ConstantTimeCompare(mac, want) != 1 || len(sw) != 2 {
		return r, ErrChannel
	}
	out := apdu.Response{SW: uint16(sw[0])<<8 | uint16(sw[1])}
	if len(sealed) > 0 {
		if out.Data, err = s.open(sealed, odd); err != nil {
			return r, err
		}
	}
	return out, nil
}

func (s *Session) open(sealed []byte, odd bool) ([]byte, error) {
	if !odd {
		if sealed[0] != 1 {
			return nil, ErrChannel
		}
		sealed = sealed[1:]
	}
	plain, err := s.keys.Open(s.ssc, sealed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrChannel, err)
	}
	return plain, nil
}

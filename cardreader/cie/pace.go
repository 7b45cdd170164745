package cie

// PACE (9303-11, 4.4), the terminal's side.

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie/pace"
	"github.com/tserve/jolly/kiosk"
)

// pace opens the chip with a password. A wrong one is CodeCardWrongCAN.
func (r *reader) pace(ctx context.Context, info pace.Info, ref byte, password []byte) error {
	data := apdu.AppendTLV(apdu.AppendTLV(nil, 0x80, info.OID), 0x83, []byte{ref})
	if _, err := r.do(ctx, apdu.Command{INS: 0x22, P1: 0xC1, P2: 0xA4, Data: data}); err != nil {
		return fmt.Errorf("pace: set: %w", err)
	}
	mapped, err := r.mapping(ctx, info, password)
	if err != nil {
		return fmt.Errorf("pace: map: %w", err)
	}
	private, ours, err := pace.Pair(mapped, r.random)
	if err != nil {
		return fmt.Errorf("pace: %w", err)
	}
	defer clear(private)
	theirs, err := r.authenticate(ctx, 0x83, ours, 0x84)
	if err != nil {
		return fmt.Errorf("pace: agree: %w", err)
	}
	if bytes.Equal(ours, theirs) {
		return errors.New("pace: the chip sent our own key back")
	}
	secret, err := mapped.Agree(private, theirs)
	if err != nil {
		return fmt.Errorf("pace: agree: %w", err)
	}
	defer clear(secret)
	return r.tokens(ctx, info, secret, ours, theirs)
}

// mapping gets the nonce and agrees on the generator that hides it.
func (r *reader) mapping(ctx context.Context, info pace.Info, password []byte) (pace.Group, error) {
	sealed, err := r.authenticate(ctx, 0, nil, 0x80)
	if err != nil {
		return nil, err
	}
	// Real cards have sent 8 and 16 bytes: the card decides.
	if len(sealed) == 0 || len(sealed) > 32 {
		return nil, fmt.Errorf("a nonce of %d bytes", len(sealed))
	}
	key := info.Cipher.Derive(password, pace.KeyPACE)
	defer clear(key)
	nonce, err := info.Cipher.Decrypt(key, nil, sealed)
	if err != nil {
		return nil, err
	}
	defer clear(nonce)
	private, ours, err := pace.Pair(info.Group, r.random)
	if err != nil {
		return nil, err
	}
	defer clear(private)
	theirs, err := r.authenticate(ctx, 0x81, ours, 0x82)
	if err != nil {
		return nil, err
	}
	return info.Group.Map(private, theirs, nonce)
}

// tokens proves the keys to each other.
func (r *reader) tokens(ctx context.Context, info pace.Info, secret, ours, theirs []byte) error {
	mac := info.Cipher.Derive(secret, pace.KeyMAC)
	defer clear(mac)
	token, err := info.Token(mac, theirs)
	if err != nil {
		return fmt.Errorf("pace: %w", err)
	}
	want, err := info.Token(mac, ours)
	if err != nil {
		return fmt.Errorf("pace: %w", err)
	}
	got, err := r.authenticate(ctx, 0x85, token, 0x86)
	var status *apdu.StatusError
	if errors.As(err, &status) && (status.SW == 0x6300 || status.SW&0xFFF0 == 0x63C0) {
		return kiosk.Errorf(kiosk.CodeCardWrongCAN, "open cie", "pace: %w", err)
	}
	if err != nil {
		return fmt.Errorf("pace: prove: %w", err)
	}
	if subtle.ConstantTimeCompare(got, want) != 1 {
		return kiosk.Errorf(kiosk.CodeCardWrongCAN, "open cie", "pace: the chip's token is wrong")
	}
	if r.session, err = pace.FromSecret(info.Cipher, secret); err != nil {
		return fmt.Errorf("pace: %w", err)
	}
	return nil
}

// authenticate sends one GENERAL AUTHENTICATE: an object out, an object back.
// All but the last are parts of a chain.
func (r *reader) authenticate(ctx context.Context, tag uint32, value []byte, want uint32) ([]byte, error) {
	var inner []byte
	if tag != 0 {
		inner = apdu.AppendTLV(nil, tag, value)
	}
	c := apdu.Command{CLA: 0x10, INS: 0x86, Data: apdu.AppendTLV(nil, 0x7C, inner), Le: apdu.LeAll}
	if tag == 0x85 {
		c.CLA = 0
	}
	if len(c.Data) > 255 {
		c.Extended, c.Le = true, apdu.LeAllExtended
	}
	answer, err := r.do(ctx, c)
	if err != nil {
		return nil, err
	}
	got := apdu.Find(answer, 0x7C, want)
	if got == nil {
		return nil, fmt.Errorf("no object %02X in the answer", want)
	}
	return got, nil
}

package cie

// Basic access control (9303-11, 4.3), for chips without PACE.

import (
	"context"
	"crypto/sha1"
	"crypto/subtle"
	"fmt"
	"io"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie/pace"
	"github.com/tserve/jolly/kiosk"
)

// bac opens the chip with the text of the machine readable zone.
func (r *reader) bac(ctx context.Context, text []byte) error {
	seed := sha1.Sum(text)
	defer clear(seed[:])
	enc, mac := pace.TDES.Derive(seed[:16], pace.KeyEnc), pace.TDES.Derive(seed[:16], pace.KeyMAC)
	defer clear(enc)
	defer clear(mac)
	chip, err := r.do(ctx, apdu.Command{INS: 0x84, Le: 8})
	if err != nil {
		return fmt.Errorf("bac: get challenge: %w", err)
	}
	if len(chip) != 8 {
		return fmt.Errorf("bac: a challenge of %d bytes", len(chip))
	}
	own := make([]byte, 24) // RND.IFD, K.IFD
	defer clear(own)
	if _, err := io.ReadFull(r.random, own); err != nil {
		return fmt.Errorf("bac: %w", err)
	}
	plain := append(append(append(make([]byte, 0, 32), own[:8]...), chip...), own[8:]...)
	defer clear(plain)
	sealed, err := pace.TDES.Encrypt(enc, nil, plain)
	if err != nil {
		return fmt.Errorf("bac: %w", err)
	}
	sum, err := pace.TDES.MAC(mac, sealed)
	if err != nil {
		return fmt.Errorf("bac: %w", err)
	}
	answer, err := r.do(ctx, apdu.Command{INS: 0x82, Data: append(sealed, sum...), Le: 40})
	if refused(err) {
		return kiosk.Errorf(kiosk.CodeCardWrongCAN, "open cie", "bac: %w", err)
	}
	if err != nil {
		return fmt.Errorf("bac: %w", err)
	}
	return r.bacKeys(enc, mac, answer, own, chip)
}

// bacKeys checks the chip's answer and begins secure messaging.
func (r *reader) bacKeys(enc, mac, answer, own, chip []byte) error {
	if len(answer) != 40 {
		return fmt.Errorf("bac: an answer of %d bytes", len(answer))
	}
	sum, err := pace.TDES.MAC(mac, answer[:32])
	if err != nil {
		return fmt.Errorf("bac: %w", err)
	}
	plain, err := pace.TDES.Decrypt(enc, nil, answer[:32])
	if err != nil {
		return fmt.Errorf("bac: %w", err)
	}
	defer clear(plain)
	if subtle.ConstantTimeCompare(sum, answer[32:])&subtle.ConstantTimeCompare(plain[:8], chip)&
		subtle.ConstantTimeCompare(plain[8:16], own[:8]) != 1 {
		return kiosk.Errorf(kiosk.CodeCardWrongCAN, "open cie", "bac: the chip's answer is wrong")
	}
	seed := make([]byte, 16)
	defer clear(seed)
	subtle.XORBytes(seed, own[8:], plain[16:])
	counter := append(append([]byte(nil), chip[4:]...), own[4:8]...)
	if r.session, err = pace.NewSession(pace.TDES, pace.TDES.Derive(seed, pace.KeyEnc), pace.TDES.Derive(seed, pace.KeyMAC), counter); err != nil {
		return fmt.Errorf("bac: %w", err)
	}
	return nil
}

package cie

// What the card tells without any secret: the NIS, and that its chip is the one
// that the issuer gave this number to.

import (
	"context"
	"fmt"
	"slices"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/proof/lds"
)

// Short identifiers of the files of the application.
const (
	sfiNumber   = 0x81 // EF 1001: the NIS
	sfiKey      = 0x85 // EF 1005: the public key
	sfiSecurity = 0x86 // EF 1006: the security object over both
)

// chipKeyRef names the private key that belongs to EF 1005, algorithmRSA how it
// is used.
const (
	algorithmRSA = 0x02
	chipKeyRef   = 0x83
)

// nis reads the card's number: twelve digits that need no secret. A card that
// does not tell it is read on.
func (r *reader) nis(ctx context.Context) ([]byte, error) {
	if err := r.selectCIE(ctx); err != nil {
		if refused(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("select the cie: %w", err)
	}
	b, err := r.do(ctx, apdu.Command{INS: 0xB0, P1: sfiNumber, Le: 12})
	if refused(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read nis: %w", err)
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return nil, nil
		}
	}
	return b, nil
}

// nisProof reads what signs the number, and lets the chip answer the challenge
// with the key that is signed beside it. A card that has not these files, or
// does not want to answer, has shown its number and no more.
func (r *reader) nisProof(ctx context.Context, challenge []byte, ev *proof.NISEvidence) error {
	if len(ev.Number) == 0 {
		return nil
	}
	for _, f := range []struct {
		sfi  byte
		into *[]byte
	}{{sfiSecurity, &ev.Security}, {sfiKey, &ev.Key}} {
		b, err := r.shortFile(ctx, f.sfi)
		if refused(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("nis: %w", err)
		}
		*f.into = b
	}
	if len(challenge) == 0 {
		return nil
	}
	set := apdu.AppendTLV(apdu.AppendTLV(nil, 0x80, []byte{algorithmRSA}), 0x84, []byte{chipKeyRef})
	if _, err := r.do(ctx, apdu.Command{INS: 0x22, P1: 0x41, P2: 0xA4, Data: set}); err != nil {
		if refused(err) {
			return nil
		}
		return fmt.Errorf("nis: choose the key: %w", err)
	}
	answer, err := r.do(ctx, apdu.Command{INS: 0x88, Data: proof.NISChallenge(challenge), Le: apdu.LeAll})
	if refused(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("nis: internal authentication: %w", err)
	}
	ev.Challenge, ev.Signature = slices.Clone(challenge), answer
	return nil
}

// shortFile reads a file that is one data object, by its short identifier. The
// first block selects it, too.
func (r *reader) shortFile(ctx context.Context, sfi byte) ([]byte, error) {
	var file []byte
	size := apdu.LeAll
	for len(file) < size {
		c := apdu.Command{INS: 0xB0, P1: byte(len(file) >> 8), P2: byte(len(file)), Le: min(apdu.LeAll, size-len(file))}
		if len(file) == 0 {
			c.P1 = sfi
		}
		answer, err := r.send(ctx, c)
		if err == nil && answer.SW != apdu.SWEndOfFile {
			err = answer.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read file %02X at %d: %w", sfi, len(file), err)
		}
		if len(answer.Data) == 0 || len(answer.Data) > c.Le {
			return nil, fmt.Errorf("read file %02X at %d: %d bytes", sfi, len(file), len(answer.Data))
		}
		first := len(file) == 0
		file = append(file, answer.Data...)
		if first {
			if size, err = lds.Size(file); err != nil || size > maxFile {
				return nil, fmt.Errorf("read file %02X: no data object, or too long a one", sfi)
			}
		}
	}
	return file[:size], nil
}

package chip_test

// A chip that answers as nobody who knows the secret would.

import (
	"bytes"
	"context"
	"testing"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
)

// liar changes what the card answers.
type liar struct {
	*sim.Channel
	change func(command, answer []byte) []byte
}

func (l liar) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	answer, err := l.Channel.Transmit(ctx, command)
	if err != nil {
		return nil, err
	}
	return l.change(command, bytes.Clone(answer)), nil
}

var _ apdu.Channel = liar{}

func TestLiars(t *testing.T) {
	flip := func(instruction byte, tag byte) func(command, answer []byte) []byte {
		return func(command, answer []byte) []byte {
			if command[1] == instruction && len(answer) > 8 && (tag == 0 || answer[2] == tag) {
				answer[len(answer)-3] ^= 1
			}
			return answer
		}
	}
	can := cie.Options{CAN: []byte("654321")}
	zone := cie.Options{MRZ: &cie.MRZ{Document: []byte("CA00001BB"), Birth: []byte("750305"), Expiry: []byte("350201")}}
	for name, c := range map[string]struct {
		pace    string
		options cie.Options
		change  func(command, answer []byte) []byte
		want    kiosk.Code
	}{
		"another token":           {"ecdh", can, flip(0x86, 0x86), kiosk.CodeCardWrongCAN},
		"another answer of BAC":   {"none", zone, flip(0x82, 0), kiosk.CodeCardWrongCAN},
		"a point beside the line": {"ecdh", can, flip(0x86, 0), kiosk.CodeCardUnreadable},
		"our own key": {"ecdh", can, func(command, answer []byte) []byte {
			if command[1] == 0x86 && answer[2] == 0x84 {
				return append(apdu.AppendTLV(nil, 0x7C, apdu.AppendTLV(nil, 0x84, apdu.Find(command[5:], 0x7C, 0x83))), 0x90, 0)
			}
			return answer
		}, kiosk.CodeCardUnreadable},
		"success outside the channel": {"ecdh", can, func(command, answer []byte) []byte {
			if command[0]&0x0C == 0x0C {
				return []byte{0x90, 0}
			}
			return answer
		}, kiosk.CodeCardUnreadable},
		"data outside the channel": {"ecdh", can, func(command, answer []byte) []byte {
			if command[0]&0x0C == 0x0C && command[1] == 0xB0 {
				return []byte{0x60, 0x03, 0x5C, 0x01, 0x61, 0x90, 0}
			}
			return answer
		}, kiosk.CodeCardUnreadable},
	} {
		ch := liar{card(t, "cie-3-ecdh", func(card *sim.Card) { card.PACE = c.pace }), c.change}
		d, err := cie.Read(context.Background(), ch, c.options)
		if kiosk.CodeOf(err) != c.want || len(d.Evidence.DG1) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

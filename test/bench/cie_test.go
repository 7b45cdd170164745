package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"

	"github.com/tserve/jolly/cardreader/cie"
	"github.com/tserve/jolly/cardreader/cie/pace"
	"github.com/tserve/jolly/cardreader/sim/chip"
)

// wire is a card in this process that counts its commands.
type wire struct {
	*chip.Chip
	count int
}

func (w *wire) Transmit(_ context.Context, c []byte) ([]byte, error) {
	w.count++
	return w.Process(c), nil
}
func (w *wire) Contactless() bool { return true }

// BenchmarkCIE reads a CIE 3.0 by classic PACE: COM, DG1, DG11 and SOD. Its
// limit is as many bare commands and the exponentiations of both sides alone: what
// is left over is secure messaging by 3DES, whose keys are made ready once.
func BenchmarkCIE(b *testing.B) {
	card, err := chip.New(chip.Config{FiscalCode: "RSSMRA80A01G999F", Surname: "ROSSI", Name: "MARIO", BirthDate: "1980-01-01",
		Expiry: "2035-02-01", Document: "CA00000AA", CAN: "123456", NIS: "100000000001", PACE: "dh"})
	if err != nil {
		b.Fatal(err)
	}
	w := &wire{Chip: card}
	read := func() {
		card.Reset()
		if _, err := cie.Read(b.Context(), w, cie.Options{CAN: []byte("123456")}); err != nil {
			b.Fatal(err)
		}
	}
	read()
	commands := w.count
	g, err := pace.ByID(2)
	if err != nil {
		b.Fatal(err)
	}
	against(b, read, func() {
		for range commands {
			card.Process([]byte{0, 0xA4, 0, 0x0C, 2, 0x3F, 0})
		}
		nonce := bytes.Repeat([]byte{0x5A}, 16)
		mapped := [2]pace.Group{g, g}
		for round := range 2 { // the mapping, then the agreement
			var private, public [2][]byte
			for side := range 2 {
				if private[side], err = mapped[side].Private(rand.Reader); err != nil {
					b.Fatal(err)
				}
				public[side] = mapped[side].Public(private[side])
			}
			for side := range 2 {
				if round == 0 {
					mapped[side], err = g.Map(private[side], public[1-side], nonce)
				} else {
					_, err = mapped[side].Agree(private[side], public[1-side])
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.ReportMetric(float64(commands), "commands")
}

package cardreader

// The faulty sample cards end in what their files say.

import (
	"path/filepath"
	"testing"

	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
)

func TestFaultyCards(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("sim", "cards", "faulty", "*.toml"))
	if err != nil || len(files) < 8 {
		t.Fatalf("%d faulty cards: %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c, err := sim.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if c.Expect == "" && c.Forged != "" {
				c.Expect = string(kiosk.CodeCardNotGenuine)
			}
			if c.Expect == "" {
				t.Fatal("the file does not say what is to be expected")
			}
			card, err := sim.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			d := run(t, Config{})
			d.slots.lay("A", sim.NewChannel(card))
			secret := c.PIN
			if c.Kind == kiosk.CardCIE3 {
				secret = c.CAN
			}
			r, err := d.Read(t.Context(), kiosk.CardRequest{Card: d.next().Card, Secret: []byte(secret), Challenge: challenge})
			if kiosk.CodeOf(err) != kiosk.Code(c.Expect) || err == nil || r.FiscalCode != "" {
				t.Errorf("%v, want %s", err, c.Expect)
			}
		})
	}
}

func TestSampleCardsAreRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("sim", "cards", "*.toml"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%d sample cards: %v", len(files), err)
	}
	for _, path := range files {
		c, err := sim.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		card, err := sim.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		d := run(t, Config{})
		d.slots.lay("A", sim.NewChannel(card))
		secret, best := c.PIN, kiosk.LevelProved
		if c.Kind == kiosk.CardCIE3 {
			secret, best = c.CAN, kiosk.LevelPresent
		}
		r, err := d.Read(t.Context(), kiosk.CardRequest{Card: d.next().Card, Secret: []byte(secret), Challenge: challenge})
		if err != nil || r.FiscalCode.Clear() != c.FiscalCode || r.Level != best || r.Kind != c.Kind {
			t.Errorf("%s: level %s, want %s (%v)", filepath.Base(path), r.Level, best, err)
		}
	}
}

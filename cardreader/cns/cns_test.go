package cns_test

// Every kind of card, every protocol, and everything that cards do otherwise.

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"path/filepath"
	"testing"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cns"
	"github.com/tserve/jolly/cardreader/sim"
	"github.com/tserve/jolly/kiosk"
)

const pin = "12345678"

// card is a good CNS; change makes it another one.
func card(t *testing.T, change func(*sim.Card)) *sim.Channel {
	t.Helper()
	e, err := sim.Load(filepath.Join("..", "sim", "cards", "cns.toml"), change)
	if err != nil {
		t.Fatal(err)
	}
	return sim.NewChannel(e)
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*sim.Card)
		kind     kiosk.CardKind
		commands int // 0: not counted
	}{
		{"CNS, T=1", nil, kiosk.CardCNS, 12},
		{"CNS, T=0", func(c *sim.Card) { c.Protocol = "t0" }, kiosk.CardCNS, 0},
		{"61xx on T=1", func(c *sim.Card) { c.Quirks = []string{"61"} }, kiosk.CardCNS, 12},
		{"6Cxx", func(c *sim.Card) { c.Quirks = []string{"6C"} }, kiosk.CardCNS, 0},
		{"6282", func(c *sim.Card) { c.Quirks = []string{"6282"} }, kiosk.CardCNS, 0},
		{"6700 to all but a block", func(c *sim.Card) { c.Quirks = []string{"6700"} }, kiosk.CardCNS, 0},
		{"6700 and 6282", func(c *sim.Card) { c.Quirks = []string{"6700", "6282"} }, kiosk.CardCNS, 0},
		{"files by path alone", func(c *sim.Card) { c.Quirks = []string{"by-path"} }, kiosk.CardCNS, 12},
		{"files by path alone, T=0", func(c *sim.Card) { c.Quirks, c.Protocol = []string{"by-path"}, "t0" }, kiosk.CardCNS, 0},
		{"header counts itself", func(c *sim.Card) { c.Header = "including" }, kiosk.CardCNS, 0},
		{"key of 2048 bits", func(c *sim.Card) { c.Bits = 2048 }, kiosk.CardCNS, 0},
		{"Tuscan", func(c *sim.Card) { c.Kind, c.Quirks = kiosk.CardTSCNS, []string{"by-application"} }, kiosk.CardTSCNS, 0},
		{"Tuscan, T=0", func(c *sim.Card) { c.Kind, c.Quirks, c.Protocol = kiosk.CardTSCNS, []string{"by-application"}, "t0" }, kiosk.CardTSCNS, 0},
		{"first identity card", func(c *sim.Card) { c.Kind = kiosk.CardCIE1 }, kiosk.CardCIE1, 0},
		{"second identity card", func(c *sim.Card) { c.Kind = kiosk.CardCIE2 }, kiosk.CardCIE2, 0},
		{"unknown ATR", func(c *sim.Card) { c.ATR = "3B00" }, kiosk.CardCNS, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ch := card(t, c.change)
			r, err := cns.Read(context.Background(), ch, cns.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Kind != c.kind || r.Level != kiosk.LevelClaim || r.FiscalCode != "RSSMRA80A01G999F" || r.Surname != "ROSSI" || r.Name != "MARIO" ||
				r.BirthDate.String() != "1980-01-01" || r.CardNumber != "6030000000000019" || r.Expiry.String() != "2035-02-01" {
				t.Errorf("kind %s level %s: not the card's data", r.Kind, r.Level)
			}
			if len(r.Evidence.PersonalData) != 400 || r.Evidence.Kind != c.kind {
				t.Errorf("evidence: %d bytes of personal data, kind %s", len(r.Evidence.PersonalData), r.Evidence.Kind)
			}
			if _, err := x509.ParseCertificate(r.Evidence.Certificate); err != nil {
				t.Errorf("certificate: %v", err)
			}
			if c.commands > 0 && ch.Commands > c.commands {
				t.Errorf("%d commands, want %d at most", ch.Commands, c.commands)
			}
			if kind, err := cns.Probe(context.Background(), ch); err != nil || kind != c.kind {
				t.Errorf("probed as %q: %v", kind, err)
			}
		})
	}
}

func TestSign(t *testing.T) {
	challenge := bytes.Repeat([]byte{7}, 32)
	for name, change := range map[string]func(*sim.Card){
		"1024 bits, T=1": nil,
		"1024 bits, T=0": func(c *sim.Card) { c.Protocol = "t0" },
		"2048 bits":      func(c *sim.Card) { c.Bits = 2048 },
		"identity card":  func(c *sim.Card) { c.Kind = kiosk.CardCIE1 },
		"counter untold": func(c *sim.Card) { c.Quirks = []string{"silent-counter"} },
		"PIN of five":    func(c *sim.Card) { c.PIN = "12345" },
		"Tuscan":         func(c *sim.Card) { c.Kind, c.Quirks = kiosk.CardTSCNS, []string{"by-application"} },
	} {
		t.Run(name, func(t *testing.T) {
			entered := []byte(pin)
			if name == "PIN of five" {
				entered = entered[:5]
			}
			r, err := cns.Read(context.Background(), card(t, change), cns.Options{PIN: entered, Challenge: challenge})
			if err != nil {
				t.Fatal(err)
			}
			cert, err := x509.ParseCertificate(r.Evidence.Certificate)
			if err != nil {
				t.Fatal(err)
			}
			digest := sha256.Sum256(challenge)
			if err := rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], r.Evidence.Signature); err != nil {
				t.Error(err)
			}
			if !bytes.Equal(r.Evidence.Challenge, challenge) {
				t.Error("the evidence does not say which challenge was signed")
			}
		})
	}
}

func TestPINIsNotUsedUp(t *testing.T) {
	challenge := make([]byte, 16)
	for _, c := range []struct {
		name   string
		tries  int
		pin    string
		want   kiosk.Code
		after  int
		change func(*sim.Card)
	}{
		{name: "wrong", pin: "00000000", want: kiosk.CodeCardWrongPIN, after: 2},
		{name: "wrong, leaves one", tries: 2, pin: "00000000", want: kiosk.CodeCardPINLast, after: 1},
		{name: "one left, right PIN", tries: 1, pin: pin, want: kiosk.CodeCardPINLast, after: 1},
		{name: "blocked", tries: -1, pin: pin, want: kiosk.CodeCardPINBlocked, after: 0},
		{name: "too short", pin: "1234", want: kiosk.CodeCardWrongPIN, after: 3},
		{name: "letters", pin: "12345a", want: kiosk.CodeCardWrongPIN, after: 3},
		{name: "one left on T=0", tries: 1, pin: pin, want: kiosk.CodeCardPINLast, after: 1, change: func(c *sim.Card) { c.Protocol = "t0" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ch := card(t, func(s *sim.Card) {
				s.Tries = c.tries
				if c.change != nil {
					c.change(s)
				}
			})
			_, err := cns.Read(context.Background(), ch, cns.Options{PIN: []byte(c.pin), Challenge: challenge})
			if kiosk.CodeOf(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			if n, err := cns.PINTries(context.Background(), ch); err != nil || n != c.after {
				t.Errorf("%d tries left afterwards (%v), want %d", n, err, c.after)
			}
		})
	}
}

// counting notes the tries that are made of a PIN.
type counting struct {
	*sim.Channel
	tries int
}

func (c *counting) Transmit(ctx context.Context, command []byte) ([]byte, error) {
	if command[1] == 0x20 && len(command) > 5 {
		c.tries++
	}
	return c.Channel.Transmit(ctx, command)
}

func TestTornWhileThePINIsChecked(t *testing.T) {
	ch := &counting{Channel: card(t, func(c *sim.Card) { c.Fault.TearINS = "20" })}
	_, err := cns.Read(context.Background(), ch, cns.Options{PIN: []byte(pin), Challenge: make([]byte, 16)})
	if !errors.Is(err, apdu.ErrRemoved) {
		t.Errorf("%v, want a card that was removed", err)
	}
	if ch.tries != 1 {
		t.Errorf("the PIN was tried %d times", ch.tries)
	}
}

func TestTornAtEachCommand(t *testing.T) {
	whole := card(t, nil)
	if _, err := cns.Read(context.Background(), whole, cns.Options{PIN: []byte(pin), Challenge: make([]byte, 16)}); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= whole.Commands; n++ {
		ch := card(t, func(c *sim.Card) { c.Fault.TearAt = n })
		r, err := cns.Read(context.Background(), ch, cns.Options{PIN: []byte(pin), Challenge: make([]byte, 16)})
		if !errors.Is(err, apdu.ErrRemoved) || r.FiscalCode != "" {
			t.Errorf("torn at command %d: %v", n, err)
		}
	}
}

func TestStatusWords(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer map[string]string
		want   kiosk.Code
	}{
		{"class refused", map[string]string{"00A4": "6E00"}, kiosk.CodeCardUnknown},
		{"instruction refused", map[string]string{"00A4": "6D00"}, kiosk.CodeCardUnknown},
		{"no current file", map[string]string{"00B0": "6986"}, kiosk.CodeCardUnreadable},
		{"personal data want a PIN", map[string]string{"00B0": "6982"}, kiosk.CodeCardUnreadable},
		{"length of the answer always wrong", map[string]string{"00B0": "6700"}, kiosk.CodeCardUnreadable},
		{"personal data blank", map[string]string{"00B0": "FFFFFFFFFFFFFFFF9000"}, kiosk.CodeCardUnreadable},
		{"nothing to sign with", map[string]string{"002A": "6A88"}, kiosk.CodeCardUnreadable},
		{"signs nonsense", map[string]string{"002A": "0102039000"}, kiosk.CodeCardUnreadable},
		{"6300 for a wrong PIN", map[string]string{"0020001008": "6300"}, kiosk.CodeCardWrongPIN},
		{"6983 for the PIN", map[string]string{"0020001008": "6983"}, kiosk.CodeCardPINBlocked},
	} {
		ch := card(t, func(s *sim.Card) { s.Fault.Answer = c.answer })
		_, err := cns.Read(context.Background(), ch, cns.Options{PIN: []byte(pin), Challenge: make([]byte, 16)})
		if kiosk.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestAnotherKindOfCard(t *testing.T) {
	e, err := sim.New(sim.Card{ATR: "3B6500002063CB6800"})
	if err != nil {
		t.Fatal(err)
	}
	if kind, err := cns.Probe(context.Background(), sim.NewChannel(e)); err != nil || kind != kiosk.CardUnknown {
		t.Errorf("%q %v", kind, err)
	}
}

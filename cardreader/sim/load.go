package sim

// Cards as TOML files.

import (
	"encoding/hex"
	"fmt"
	"os"

	"github.com/pelletier/go-toml/v2"

	"github.com/tserve/jolly/kiosk"
)

// Card is a card's file. Keys that a kind does not have are left out.
type Card struct {
	Kind       kiosk.CardKind `toml:"kind"`
	FiscalCode string         `toml:"fiscal_code"`
	Surname    string         `toml:"surname"`
	Name       string         `toml:"name"`
	BirthDate  string         `toml:"birth_date"` // YYYY-MM-DD
	Sex        string         `toml:"sex"`
	Address    string         `toml:"address"`
	CardNumber string         `toml:"card_number"`
	Expiry     string         `toml:"expiry"` // YYYY-MM-DD
	ATR        string         `toml:"atr"`    // hexadecimal; "" is the kind's
	PIN        string         `toml:"pin"`
	Tries      int            `toml:"tries"` // left for the PIN; 0 is 3, -1 is none
	CAN        string         `toml:"can"`
	PACE       string         `toml:"pace"` // CIE 3: "dh" or "ecdh"
	Document   string         `toml:"document"`
	NIS        string         `toml:"nis"`
	ActiveKey  bool           `toml:"active_key"` // CIE 3: a key for active authentication
	Forged     string         `toml:"forged"`     // CIE 3: "dg1", "signer" or "key"

	// Contact cards.
	Protocol string   `toml:"protocol"` // "t1" (default) or "t0"
	Header   string   `toml:"header"`   // the length of the personal data counts itself: "including", or "excluding" (default)
	Bits     int      `toml:"bits"`     // of the card's key; 0 is 1024
	Quirks   []string `toml:"quirks"`   // "6282", "6700", "6C", "61", "by-path", "by-application", "silent-counter", "other-certificate"

	Fault  Fault  `toml:"fault"`
	Expect string `toml:"expect"` // the code of the problem that a reading with the right secret ends in; "" is none
}

// Load makes the card of a file, changed before where somebody wants another one.
func Load(path string, changes ...func(*Card)) (Emulated, error) {
	c, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	for _, change := range changes {
		if change != nil {
			change(&c)
		}
	}
	card, err := New(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return card, nil
}

// ReadFile reads a card's file and makes nothing of it.
func ReadFile(path string) (Card, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Card{}, fmt.Errorf("load card: %w", err)
	}
	var c Card
	if err := toml.Unmarshal(b, &c); err != nil {
		return Card{}, fmt.Errorf("load card: %s: %w", path, err)
	}
	return c, nil
}

// New makes a card.
func New(c Card) (Emulated, error) {
	var card Emulated
	var err error
	switch c.Kind {
	case kiosk.CardCNS, kiosk.CardTSCNS, kiosk.CardCIE1, kiosk.CardCIE2:
		card, err = newContact(c)
	case kiosk.CardCIE3:
		card, err = newContactless(c)
	case kiosk.CardUnknown:
		card, err = newStranger(c)
	default:
		err = fmt.Errorf("kind: %q is no card", c.Kind)
	}
	if err != nil {
		return nil, err
	}
	return withFault(card, c.Fault)
}

// stranger is a card that is no citizen's: a bank's, say.
type stranger struct{ atr []byte }

func newStranger(c Card) (Emulated, error) {
	atr, err := hex.DecodeString(c.ATR)
	if err != nil || len(atr) < 2 {
		return nil, fmt.Errorf("atr: %q, want hexadecimal", c.ATR)
	}
	return stranger{atr}, nil
}

func (s stranger) ATR() []byte { return s.atr }
func (s stranger) Reset()      {}

// Process knows no file.
func (s stranger) Process([]byte) []byte { return []byte{0x6A, 0x82} }

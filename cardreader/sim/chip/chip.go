package chip

// The chip: its commands and its state.

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/big"

	"github.com/tserve/jolly/cardreader/apdu"
)

// Fault is what is wrong with a document.
type Fault string

// The faults.
const (
	FaultNone   Fault = ""
	FaultDG1    Fault = "dg1"    // another name was written over the signed one
	FaultSigner Fault = "signer" // signed below another authority
	FaultKey    Fault = "key"    // the chip has another key than the signed one
)

// Config is what is written on the card.
type Config struct {
	FiscalCode, Surname, Name string
	BirthDate, Expiry, Sex    string // YYYY-MM-DD; M or F
	Document                  string // nine signs
	CAN, NIS                  string
	PACE                      string // "dh", "ecdh" or "none": BAC alone
	ActiveKey                 bool   // DG15
	ChipKey                   bool   // DG14: chip authentication on P-256 with AES-128
	Fault                     Fault
}

// atr is what a reader makes up for the card on its antenna.
var atr = []byte{0x3B, 0x80, 0x80, 0x01, 0x01}

// What EF.CardAccess says: the one of real cards, and the one of 9303-11, G.1.
var cardAccess = map[string]string{
	"dh":   "31143012060A04007F00070202040101020102020102",
	"ecdh": "31143012060A04007F0007020204020202010202010D",
}

// Chip is a card.
type Chip struct {
	cfg    Config
	mrz    string
	access []byte
	files  map[uint16][]byte
	active *rsa.PrivateKey
	chip   []byte   // private key of chip authentication
	next   *session // after the answer under the old one

	app     string // selected: "", "mf", "ias", "cie", "emrtd"
	file    []byte
	session *session
	pace    *exchange
	nonce   []byte // of BAC
}

// New makes a card.
func New(cfg Config) (*Chip, error) {
	c := &Chip{cfg: cfg}
	switch cfg.PACE {
	case "dh", "ecdh":
		var err error
		if c.access, err = hex.DecodeString(cardAccess[cfg.PACE]); err != nil {
			return nil, fmt.Errorf("chip: %w", err)
		}
	case "none":
	default:
		return nil, fmt.Errorf("chip: pace %q", cfg.PACE)
	}
	if err := c.issue(cfg); err != nil {
		return nil, fmt.Errorf("chip: %w", err)
	}
	return c, nil
}

// ATR is what the reader makes up.
func (c *Chip) ATR() []byte { return atr }

// Reset is power off and on.
func (c *Chip) Reset() { c.app, c.file, c.session, c.pace, c.nonce = "mf", nil, nil, nil, nil }

func word(sw uint16) []byte { return []byte{byte(sw >> 8), byte(sw)} }

// Process answers a command.
func (c *Chip) Process(command []byte) []byte {
	cmd, err := apdu.ParseCommand(command)
	if err != nil {
		return word(apdu.SWWrongLength)
	}
	if cmd.CLA&0x0C != 0x0C {
		if c.session != nil { // an open command ends the channel
			c.session = nil
		}
		r := c.plain(cmd)
		return r.Bytes()
	}
	if c.session == nil {
		return word(0x6988)
	}
	inner, err := c.session.open(cmd)
	if err != nil {
		c.session = nil
		return word(0x6988)
	}
	r, err := c.session.seal(c.plain(inner))
	if err != nil {
		return word(0x6F00)
	}
	if c.next != nil {
		c.session, c.next = c.next, nil
	}
	return r.Bytes()
}

func (c *Chip) plain(cmd apdu.Command) apdu.Response {
	switch cmd.INS {
	case 0xA4:
		return apdu.Response{SW: c.choose(cmd)}
	case 0xB0:
		return c.read(cmd)
	case 0x22:
		return apdu.Response{SW: c.set(cmd)}
	case 0x86:
		if c.pace == nil && c.session != nil && c.chip != nil {
			return c.chipAuthenticate(cmd)
		}
		return c.authenticate(cmd)
	case 0x84:
		return c.challenge()
	case 0x82:
		return c.mutual(cmd)
	case 0x88:
		return c.internal(cmd)
	}
	return apdu.Response{SW: apdu.SWInstruction}
}

func (c *Chip) choose(cmd apdu.Command) uint16 {
	switch {
	case cmd.P1 == 0:
		c.app, c.file = "mf", nil
		return apdu.SWSuccess
	case cmd.P1 == 4:
		apps := map[string]string{"a0000000308000000009816001": "ias", "a00000000039": "cie", "a0000002471001": "emrtd"}
		app, ok := apps[hex.EncodeToString(cmd.Data)]
		if !ok {
			return apdu.SWFileNotFound
		}
		c.app, c.file = app, nil
		return apdu.SWSuccess
	case cmd.P1 == 2 && len(cmd.Data) == 2:
		id := uint16(cmd.Data[0])<<8 | uint16(cmd.Data[1])
		if c.app == "mf" && id == 0x011C && c.access != nil {
			c.file = c.access
			return apdu.SWSuccess
		}
		if c.app != "emrtd" || c.files[id] == nil {
			return apdu.SWFileNotFound
		}
		if c.session == nil {
			return apdu.SWSecurity
		}
		c.file = c.files[id]
		return apdu.SWSuccess
	}
	return apdu.SWWrongP1P2
}

func (c *Chip) read(cmd apdu.Command) apdu.Response {
	file, offset := c.file, int(cmd.P1)<<8|int(cmd.P2)
	if cmd.P1&0x80 != 0 {
		if c.app != "cie" || cmd.P1 != 0x81 {
			return apdu.Response{SW: apdu.SWFileNotFound}
		}
		file, offset = []byte(c.cfg.NIS), int(cmd.P2)
	}
	switch {
	case file == nil:
		return apdu.Response{SW: apdu.SWNoCurrentFile}
	case offset >= len(file):
		return apdu.Response{SW: apdu.SWOffset}
	}
	r := apdu.Response{Data: file[offset:], SW: apdu.SWSuccess}
	if len(r.Data) > cmd.Le {
		r.Data = r.Data[:cmd.Le]
	} else if len(r.Data) < cmd.Le {
		r.SW = apdu.SWEndOfFile
	}
	return r
}

// internal is active authentication: ISO 9796-2 with SHA-256.
func (c *Chip) internal(cmd apdu.Command) apdu.Response {
	if c.active == nil || c.session == nil || len(cmd.Data) != 8 {
		return apdu.Response{SW: apdu.SWConditions}
	}
	sig, err := signRecovery(c.active, cmd.Data)
	if err != nil {
		return apdu.Response{SW: 0x6F00}
	}
	return apdu.Response{Data: sig, SW: apdu.SWSuccess}
}

func signRecovery(key *rsa.PrivateKey, message []byte) ([]byte, error) {
	size := key.Size()
	block := make([]byte, size)
	block[0] = 0x6A
	m1 := block[1 : size-sha1.Size-1]
	if _, err := rand.Read(m1); err != nil {
		return nil, err
	}
	digest := sha1.Sum(append(append([]byte(nil), m1...), message...))
	copy(block[size-sha1.Size-1:], digest[:])
	block[size-1] = 0xBC
	s := new(big.Int).Exp(new(big.Int).SetBytes(block), key.D, key.N)
	return s.FillBytes(make([]byte, size)), nil
}

package chip

// The chip: its commands and its state.

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
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
	PACE                      string // a key of cardAccess, or "none": BAC alone
	ActiveKey                 bool   // DG15: active authentication by RSA
	ActiveECDSA               bool   // and by ECDSA on P-256 instead
	ChipKey                   bool   // DG14: chip authentication on P-256 with AES-128
	ChipClassic               bool   // and in the classic group of real cards with 3DES instead
	Fault                     Fault
}

// atr is what a reader makes up for the card on its antenna.
var atr = []byte{0x3B, 0x80, 0x80, 0x01, 0x01}

// What EF.CardAccess says: the one of real cards, the one of 9303-11, G.1, and
// those with longer keys on larger curves.
var cardAccess = map[string]string{
	"dh":          "31143012060A04007F00070202040101020102020102",
	"dh-aes192":   "31143012060A04007F00070202040103020102020102",
	"dh-aes256":   "31143012060A04007F00070202040104020102020102",
	"ecdh":        "31143012060A04007F0007020204020202010202010D",
	"ecdh-aes192": "31143012060A04007F00070202040203020102020110",
	"ecdh-aes256": "31143012060A04007F00070202040204020102020111",
}

// Chip is a card.
type Chip struct {
	cfg    Config
	mrz    string
	access []byte
	files  map[uint16][]byte
	short  map[byte][]byte // files of the application without secrets, by short identifier
	active crypto.Signer
	number *rsa.PrivateKey // answers for the NIS
	chip   *chipKey
	next   *session // after the answer under the old one

	app     string // selected: "", "mf", "ias", "cie", "emrtd"
	file    []byte
	chosen  bool // the key that answers for the NIS
	session *session
	pace    *exchange
	nonce   []byte // of BAC
}

// New makes a card.
func New(cfg Config) (*Chip, error) {
	c := &Chip{cfg: cfg}
	if cfg.PACE != "none" {
		access, ok := cardAccess[cfg.PACE]
		if !ok {
			return nil, fmt.Errorf("chip: pace %q", cfg.PACE)
		}
		c.access, _ = hex.DecodeString(access)
	}
	if err := c.issue(cfg); err != nil {
		return nil, fmt.Errorf("chip: %w", err)
	}
	return c, nil
}

// ATR is what the reader makes up.
func (c *Chip) ATR() []byte { return atr }

// Reset is power off and on.
func (c *Chip) Reset() {
	c.app, c.file, c.chosen, c.session, c.next, c.pace, c.nonce = "mf", nil, false, nil, nil, nil, nil
}

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
		c.app, c.file, c.chosen = "mf", nil, false
		return apdu.SWSuccess
	case cmd.P1 == 4:
		apps := map[string]string{"a0000000308000000009816001": "ias", "a00000000039": "cie", "a0000002471001": "emrtd"}
		app, ok := apps[hex.EncodeToString(cmd.Data)]
		if !ok {
			return apdu.SWFileNotFound
		}
		c.app, c.file, c.chosen = app, nil, false
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
		if file = c.short[cmd.P1&0x1F]; c.app != "cie" || file == nil {
			return apdu.Response{SW: apdu.SWFileNotFound}
		}
		c.file, offset = file, int(cmd.P2)
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

// internal is INTERNAL AUTHENTICATE: for the NIS in the application without
// secrets, and active authentication in the travel document.
func (c *Chip) internal(cmd apdu.Command) apdu.Response {
	var sig []byte
	var err error
	switch {
	case c.app == "cie" && c.chosen && len(cmd.Data) > 0 && len(cmd.Data) <= c.number.Size()-11:
		sig, err = rsa.SignPKCS1v15(nil, c.number, 0, cmd.Data)
	case c.app == "emrtd" && c.active != nil && c.session != nil && len(cmd.Data) == 8:
		sig, err = c.activeSign(cmd.Data)
	default:
		return apdu.Response{SW: apdu.SWConditions}
	}
	if err != nil {
		return apdu.Response{SW: 0x6F00}
	}
	return apdu.Response{Data: sig, SW: apdu.SWSuccess}
}

// activeSign is ISO 9796-2 with SHA-1, or ECDSA with SHA-256: r and s side by side.
func (c *Chip) activeSign(message []byte) ([]byte, error) {
	switch key := c.active.(type) {
	case *rsa.PrivateKey:
		return signRecovery(key, message)
	case *ecdsa.PrivateKey:
		digest := sha256.Sum256(message)
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			return nil, err
		}
		sig := make([]byte, 64)
		r.FillBytes(sig[:32])
		s.FillBytes(sig[32:])
		return sig, nil
	}
	return nil, fmt.Errorf("chip: a key of type %T", c.active)
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

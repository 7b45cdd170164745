package sim

// The contact cards: CNS, TS-CNS, CIE 1 and 2.

import (
	"bytes"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/kiosk"
)

// The ATRs of the kinds, as published lists have them.
var atrs = map[string]string{
	"cns t1":    "3BFF1800008131FE45006B05052000012101434E5310318079",
	"cns t0":    "3B6F0000006B05052000012101434E53103180",
	"ts-cns t1": "3BFF1800008131FE45006B0505912001F101434E5310318038",
	"ts-cns t0": "3B6F0000006B0505912001F101434E53103180",
	"cie-1 t1":  "3BF41800FF8131805500318000C7",
	"cie-2 t1":  "3BFF1800FF8131FE55006B02091300024954494420203180D3",
}

// tuscan is the application of the Tuscan cards of 2025.
var tuscan = []byte{0xA0, 0x00, 0x00, 0x05, 0x30, 0x00, 0x0B, 0x10, 0x40, 0x01, 0x02, 0x1A}

// contact is a contact card.
type contact struct {
	files
	atr    []byte
	t0     bool
	quirks []string

	key     *rsa.PrivateKey
	keyRefs []byte

	pin      []byte
	pinRef   byte
	tries    int
	verified bool
	keySet   byte

	pending []byte // what GET RESPONSE fetches
}

func newContact(c Card) (Emulated, error) {
	atr, err := c.contactATR()
	if err != nil {
		return nil, err
	}
	holder, err := c.personalData()
	if err != nil {
		return nil, err
	}
	bits := c.Bits
	if bits == 0 {
		bits = 1024
	}
	named := c
	if slices.Contains(c.Quirks, "other-certificate") {
		named.FiscalCode = "VRDGPP62H12G999Z"
	}
	key, cert, err := issue(named, holder, bits)
	if err != nil {
		return nil, err
	}
	k := &contact{atr: atr, t0: c.Protocol == "t0", quirks: c.Quirks, key: key, keyRefs: []byte{0x01, 0x02}, pinRef: 0x10, tries: 3, pin: []byte(c.PIN)}
	if c.Tries != 0 {
		k.tries = max(c.Tries, 0)
	}
	if c.identity() {
		k.keyRefs = []byte{0x31}
	}
	k.build(c, holder, cert)
	k.Reset()
	return k, nil
}

func (c Card) identity() bool { return c.Kind == kiosk.CardCIE1 || c.Kind == kiosk.CardCIE2 }

func (c Card) contactATR() ([]byte, error) {
	protocol := c.Protocol
	if protocol == "" {
		protocol = "t1"
	}
	text := c.ATR
	if text == "" {
		text = atrs[string(c.Kind)+" "+protocol]
	}
	atr, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(text), []byte(" "), nil)))
	if err != nil || len(atr) < 2 {
		return nil, fmt.Errorf("atr: %q, protocol %q: no ATR", c.ATR, c.Protocol)
	}
	return atr, nil
}

// build makes the files.
func (k *contact) build(c Card, holder, cert []byte) {
	k.master = &node{id: 0x3F00}
	processor := k.master.dir(0x1000)
	processor.ef(0x1002, make([]byte, 32))
	processor.ef(0x1003, []byte(c.CardNumber))
	if slices.Contains(c.Quirks, "by-application") {
		app := &node{aid: tuscan, parent: nil}
		app.dir(0x1100).ef(0x1102, holder)
		k.apps = append(k.apps, app)
		k.master.dir(0xDA01).ef(0xC001, cert)
		return
	}
	dir := k.master.dir(0x1100)
	dir.ef(0x1101, cert)
	dir.ef(0x1102, holder)
	if c.identity() {
		processor.ef(0x1004, make([]byte, 32))
		dir.ef(0x1103, make([]byte, 100))
	}
	k.master.dir(0x1200).ef(0x1201, make([]byte, 64))
	k.master.ef(0x2F02, []byte(c.CardNumber))
}

func (k *contact) ATR() []byte { return k.atr }

func (k *contact) Reset() {
	k.reset()
	k.verified, k.keySet, k.pending = false, 0, nil
}

func (k *contact) has(quirk string) bool { return slices.Contains(k.quirks, quirk) }

// Process answers a command as the card's protocol does.
func (k *contact) Process(command []byte) []byte {
	c, err := apdu.ParseCommand(command)
	if err != nil {
		return apdu.Response{SW: apdu.SWWrongLength}.Bytes()
	}
	if c.CLA != 0 {
		return apdu.Response{SW: apdu.SWClass}.Bytes()
	}
	if c.INS == 0xC0 {
		return k.getResponse(c).Bytes()
	}
	k.pending = nil
	return k.send(c, k.answer(c)).Bytes()
}

func (k *contact) answer(c apdu.Command) apdu.Response {
	switch c.INS {
	case 0xA4:
		if k.has("by-path") && c.P1 == 0 {
			return apdu.Response{SW: apdu.SWWrongP1P2}
		}
		return k.selectFile(c)
	case 0xB0:
		return k.readBinary(c)
	case 0x20:
		return k.verify(c)
	case 0x22:
		return k.environment(c)
	case 0x2A:
		return k.compute(c)
	}
	return apdu.Response{SW: apdu.SWInstruction}
}

func (k *contact) readBinary(c apdu.Command) apdu.Response {
	if k.has("6700") && c.Le != 0xFF {
		return apdu.Response{SW: apdu.SWWrongLength}
	}
	r, end := k.read(c)
	switch {
	case !end:
	case k.t0 || k.has("6C"):
		return apdu.Response{SW: 0x6C00 | uint16(byte(len(r.Data)))}
	case k.has("6282"):
		r.SW = apdu.SWEndOfFile
	}
	return r
}

// send puts a response into the form of the protocol. T=0 has no command that
// carries data both ways: the answer waits and 61xx says so.
func (k *contact) send(c apdu.Command, r apdu.Response) apdu.Response {
	if len(r.Data) == 0 || r.SW != apdu.SWSuccess {
		return r
	}
	if len(c.Data) > 0 && (k.t0 || k.has("61")) {
		k.pending = r.Data
		return apdu.Response{SW: 0x6100 | uint16(byte(min(len(r.Data), 256)))}
	}
	if c.Le == 0 {
		return apdu.Response{SW: r.SW}
	}
	r.Data = r.Data[:min(len(r.Data), c.Le)]
	return r
}

func (k *contact) getResponse(c apdu.Command) apdu.Response {
	if len(k.pending) == 0 {
		return apdu.Response{SW: apdu.SWConditions}
	}
	if k.t0 && c.Le > len(k.pending) {
		return apdu.Response{SW: 0x6C00 | uint16(byte(len(k.pending)))}
	}
	n := min(c.Le, len(k.pending))
	r := apdu.Response{Data: k.pending[:n], SW: apdu.SWSuccess}
	if k.pending = k.pending[n:]; len(k.pending) > 0 {
		r.SW = 0x6100 | uint16(byte(min(len(k.pending), 256)))
	}
	return r
}

func (k *contact) verify(c apdu.Command) apdu.Response {
	switch {
	case c.P2 != k.pinRef || len(k.pin) == 0:
		return apdu.Response{SW: apdu.SWNoReference}
	case len(c.Data) == 0 && k.has("silent-counter"):
		return apdu.Response{SW: apdu.SWWrongLength}
	case k.tries == 0:
		return apdu.Response{SW: apdu.SWBlocked}
	case len(c.Data) == 0:
		return apdu.Response{SW: 0x63C0 | uint16(k.tries)}
	case len(c.Data) != 8:
		return apdu.Response{SW: apdu.SWWrongLength}
	}
	padded := append(bytes.Clone(k.pin), bytes.Repeat([]byte{0xFF}, 8-len(k.pin))...)
	if k.verified = bytes.Equal(padded, c.Data); !k.verified {
		k.tries--
		return apdu.Response{SW: 0x63C0 | uint16(k.tries)}
	}
	k.tries = 3
	return apdu.Response{SW: apdu.SWSuccess}
}

func (k *contact) environment(c apdu.Command) apdu.Response {
	switch {
	case c.P1 == 0xF3 && len(c.Data) == 0:
		return apdu.Response{SW: apdu.SWSuccess}
	case c.P1 == 0xF1 && c.P2 == 0xB8 && len(c.Data) == 3 && c.Data[0] == 0x83:
		if !slices.Contains(k.keyRefs, c.Data[2]) {
			return apdu.Response{SW: apdu.SWNoReference}
		}
		k.keySet = c.Data[2]
		return apdu.Response{SW: apdu.SWSuccess}
	}
	return apdu.Response{SW: apdu.SWWrongData}
}

// compute is the raw key: the padding is the reader's business.
func (k *contact) compute(c apdu.Command) apdu.Response {
	size := k.key.Size()
	switch {
	case c.P1 != 0x80 || c.P2 != 0x86:
		return apdu.Response{SW: apdu.SWWrongP1P2}
	case !k.verified:
		return apdu.Response{SW: apdu.SWSecurity}
	case k.keySet == 0:
		return apdu.Response{SW: apdu.SWConditions}
	case len(c.Data) != size+1 || c.Data[0] != 0:
		return apdu.Response{SW: apdu.SWWrongData}
	}
	m := new(big.Int).SetBytes(c.Data[1:])
	if m.Cmp(k.key.N) >= 0 {
		return apdu.Response{SW: apdu.SWWrongData}
	}
	return apdu.Response{Data: m.Exp(m, k.key.D, k.key.N).FillBytes(make([]byte, size)), SW: apdu.SWSuccess}
}

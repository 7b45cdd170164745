package chip

// PACE and BAC, and secure messaging, the card's side.

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"errors"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie/pace"
)

// exchange is one PACE under way.
type exchange struct {
	info     pace.Info
	password []byte
	nonce    []byte
	mapped   pace.Group
	secret   []byte
	ours     []byte
	theirs   []byte
}

// set is MSE:Set AT for PACE, for chip authentication and for the key of the NIS.
func (c *Chip) set(cmd apdu.Command) uint16 {
	switch {
	case c.app == "cie" && cmd.P1 == 0x41 && cmd.P2 == 0xA4:
		if c.chosen = bytes.Equal(cmd.Data, []byte{0x80, 1, 2, 0x84, 1, 0x83}); !c.chosen {
			return apdu.SWNoReference
		}
		return apdu.SWSuccess
	case c.chip != nil && c.session != nil && cmd.P1 == 0x41 && cmd.P2 == 0xA4 && c.chip.cipher != pace.TDES:
		return apdu.SWSuccess
	case c.chip != nil && c.session != nil && cmd.P1 == 0x41 && cmd.P2 == 0xA6 && c.chip.cipher == pace.TDES:
		return c.chip.agree(c, apdu.Find(cmd.Data, 0x91))
	}
	if c.access == nil || cmd.P1 != 0xC1 || cmd.P2 != 0xA4 {
		return apdu.SWWrongP1P2
	}
	info, err := pace.Choose(c.access)
	oid, ref := apdu.Find(cmd.Data, 0x80), apdu.Find(cmd.Data, 0x83)
	if err != nil || string(oid) != string(info.OID) || len(ref) != 1 {
		return apdu.SWWrongData
	}
	x := &exchange{info: info}
	switch ref[0] {
	case pace.PasswordCAN:
		x.password = pace.Password(ref[0], []byte(c.cfg.CAN))
	case pace.PasswordMRZ:
		x.password = pace.Password(ref[0], c.keyText())
	default:
		return apdu.SWNoReference
	}
	c.pace = x
	return apdu.SWSuccess
}

// keyText is what the zone says of number, birth and expiry.
func (c *Chip) keyText() []byte {
	return []byte(c.mrz[5:15] + c.mrz[30:37] + c.mrz[38:45])
}

func (c *Chip) authenticate(cmd apdu.Command) apdu.Response {
	if c.pace == nil {
		return apdu.Response{SW: apdu.SWConditions}
	}
	x := c.pace
	outer, _, err := apdu.ReadTLV(cmd.Data)
	if err != nil || outer.Tag != 0x7C {
		return apdu.Response{SW: apdu.SWWrongData}
	}
	tag, value, err := x.step(outer.Value)
	var wrong *apdu.StatusError
	if errors.As(err, &wrong) {
		c.pace = nil
		return apdu.Response{SW: wrong.SW}
	}
	if err != nil {
		c.pace = nil
		return apdu.Response{SW: apdu.SWWrongData}
	}
	if tag == 0x86 {
		c.pace = nil
		if c.session, err = newSession(x.info.Cipher, x.secret, nil); err != nil {
			return apdu.Response{SW: 0x6F00}
		}
	}
	return apdu.Response{Data: apdu.AppendTLV(nil, 0x7C, apdu.AppendTLV(nil, tag, value)), SW: apdu.SWSuccess}
}

// step answers one GENERAL AUTHENTICATE.
func (x *exchange) step(inner []byte) (tag uint32, value []byte, err error) {
	switch {
	case len(inner) == 0 && x.nonce == nil:
		return x.sendNonce()
	case apdu.Find(inner, 0x81) != nil && x.nonce != nil && x.mapped == nil:
		private, err := x.info.Group.Private(rand.Reader)
		if err != nil {
			return 0, nil, err
		}
		x.mapped, err = x.info.Group.Map(private, apdu.Find(inner, 0x81), x.nonce)
		return 0x82, x.info.Group.Public(private), err
	case apdu.Find(inner, 0x83) != nil && x.mapped != nil && x.secret == nil:
		private, err := x.mapped.Private(rand.Reader)
		if err != nil {
			return 0, nil, err
		}
		x.theirs, x.ours = apdu.Find(inner, 0x83), x.mapped.Public(private)
		x.secret, err = x.mapped.Agree(private, x.theirs)
		return 0x84, x.ours, err
	case apdu.Find(inner, 0x85) != nil && x.secret != nil:
		return x.sendToken(apdu.Find(inner, 0x85))
	}
	return 0, nil, &apdu.StatusError{SW: apdu.SWConditions}
}

func (x *exchange) sendNonce() (uint32, []byte, error) {
	x.nonce = make([]byte, 16)
	if _, err := rand.Read(x.nonce); err != nil {
		return 0, nil, err
	}
	sealed, err := x.info.Cipher.Encrypt(x.info.Cipher.Derive(x.password, pace.KeyPACE), nil, x.nonce)
	return 0x80, sealed, err
}

func (x *exchange) sendToken(theirs []byte) (uint32, []byte, error) {
	mac := x.info.Cipher.Derive(x.secret, pace.KeyMAC)
	want, err := x.info.Token(mac, x.ours)
	if err != nil {
		return 0, nil, err
	}
	if subtle.ConstantTimeCompare(want, theirs) != 1 {
		return 0, nil, &apdu.StatusError{SW: 0x6300}
	}
	token, err := x.info.Token(mac, x.theirs)
	return 0x86, token, err
}

func (c *Chip) challenge() apdu.Response {
	c.nonce = make([]byte, 8)
	if _, err := rand.Read(c.nonce); err != nil {
		return apdu.Response{SW: 0x6F00}
	}
	return apdu.Response{Data: c.nonce, SW: apdu.SWSuccess}
}

// mutual is EXTERNAL AUTHENTICATE of BAC.
func (c *Chip) mutual(cmd apdu.Command) apdu.Response {
	if c.app != "emrtd" || c.nonce == nil || len(cmd.Data) != 40 {
		return apdu.Response{SW: apdu.SWConditions}
	}
	nonce := c.nonce
	c.nonce = nil
	seed := sha1.Sum(c.keyText())
	enc, mac := pace.TDES.Derive(seed[:16], pace.KeyEnc), pace.TDES.Derive(seed[:16], pace.KeyMAC)
	sum, err := pace.TDES.MAC(mac, cmd.Data[:32])
	if err != nil || subtle.ConstantTimeCompare(sum, cmd.Data[32:]) != 1 {
		return apdu.Response{SW: 0x6300}
	}
	plain, err := pace.TDES.Decrypt(enc, nil, cmd.Data[:32])
	if err != nil || string(plain[8:16]) != string(nonce) {
		return apdu.Response{SW: 0x6300}
	}
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		return apdu.Response{SW: 0x6F00}
	}
	answer := append(append(append([]byte(nil), nonce...), plain[:8]...), key...)
	sealed, err := pace.TDES.Encrypt(enc, nil, answer)
	if err != nil {
		return apdu.Response{SW: 0x6F00}
	}
	if sum, err = pace.TDES.MAC(mac, sealed); err != nil {
		return apdu.Response{SW: 0x6F00}
	}
	subtle.XORBytes(key, key, plain[16:])
	if c.session, err = newSession(pace.TDES, key, append(append([]byte(nil), nonce[4:]...), plain[4:8]...)); err != nil {
		return apdu.Response{SW: 0x6F00}
	}
	return apdu.Response{Data: append(sealed, sum...), SW: apdu.SWSuccess}
}

// session is the card's end of the channel.
type session struct {
	cipher pace.Cipher
	keys   pace.Keys
	ssc    []byte
}

// newSession begins with the keys of a secret. A nil counter is zero.
func newSession(c pace.Cipher, secret, counter []byte) (*session, error) {
	keys, err := c.Keys(c.Derive(secret, pace.KeyEnc), c.Derive(secret, pace.KeyMAC))
	s := &session{cipher: c, keys: keys, ssc: make([]byte, c.Block())}
	copy(s.ssc, counter)
	return s, err
}

func (s *session) count() {
	for i := len(s.ssc) - 1; i >= 0; i-- {
		if s.ssc[i]++; s.ssc[i] != 0 {
			return
		}
	}
}

func (s *session) sum(n []byte) ([]byte, error) {
	if s.cipher != pace.TDES { // whose MAC pads by itself
		n = pace.Pad(n, s.cipher.Block())
	}
	return s.keys.MAC(n)
}

var errProtection = errors.New("bad protection")

// open takes a protected command out of its wrapping.
func (s *session) open(c apdu.Command) (apdu.Command, error) {
	s.count()
	list, err := apdu.ReadAll(c.Data)
	if err != nil || len(list) == 0 || list[len(list)-1].Tag != 0x8E {
		return c, errProtection
	}
	n := append(append([]byte(nil), s.ssc...), pace.Pad([]byte{c.CLA, c.INS, c.P1, c.P2}, s.cipher.Block())...)
	inner := apdu.Command{INS: c.INS, P1: c.P1, P2: c.P2, CLA: c.CLA &^ 0x0C}
	for _, o := range list[:len(list)-1] {
		n = append(n, o.Raw...)
		switch o.Tag {
		case 0x87:
			if len(o.Value) < 2 {
				return c, errProtection
			}
			if inner.Data, err = s.keys.Open(s.ssc, o.Value[1:]); err != nil {
				return c, err
			}
		case 0x97:
			for _, b := range o.Value {
				inner.Le = inner.Le<<8 | int(b)
			}
			if inner.Le == 0 {
				inner.Le = 1 << (8 * len(o.Value))
			}
		}
	}
	want, err := s.sum(n)
	if err != nil || subtle.ConstantTimeCompare(want, list[len(list)-1].Value) != 1 {
		return c, errProtection
	}
	return inner, nil
}

// seal wraps a response.
func (s *session) seal(r apdu.Response) (apdu.Response, error) {
	s.count()
	var out []byte
	if len(r.Data) > 0 {
		sealed, err := s.keys.Seal(s.ssc, r.Data)
		if err != nil {
			return r, err
		}
		out = apdu.AppendTLV(out, 0x87, append([]byte{1}, sealed...))
	}
	out = apdu.AppendTLV(out, 0x99, []byte{byte(r.SW >> 8), byte(r.SW)})
	mac, err := s.sum(append(append([]byte(nil), s.ssc...), out...))
	if err != nil {
		return r, err
	}
	return apdu.Response{Data: apdu.AppendTLV(out, 0x8E, mac), SW: apdu.SWSuccess}, nil
}

// chipKey is the key of chip authentication and how it is used.
type chipKey struct {
	group   pace.Group
	private []byte
	cipher  pace.Cipher
}

// agree agrees with the chip's own key; the new keys count from the next command
// on.
func (k *chipKey) agree(c *Chip, public []byte) uint16 {
	secret, err := k.group.Agree(k.private, public)
	if err != nil {
		return 0x6300
	}
	if c.next, err = newSession(k.cipher, secret, nil); err != nil {
		return 0x6F00
	}
	return apdu.SWSuccess
}

// chipAuthenticate is GENERAL AUTHENTICATE of chip authentication.
func (c *Chip) chipAuthenticate(cmd apdu.Command) apdu.Response {
	sw := c.chip.agree(c, apdu.Find(cmd.Data, 0x7C, 0x80))
	if sw != apdu.SWSuccess {
		return apdu.Response{SW: sw}
	}
	return apdu.Response{Data: []byte{0x7C, 0}, SW: sw}
}

package pace

// Which PACE a card wants, and the tokens at its end.

import (
	"bytes"
	"crypto/sha1"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/proof/lds"
)

// The passwords, as MSE:Set AT names them.
const (
	PasswordMRZ = 1
	PasswordCAN = 2
)

// Info is one way that a card offers.
type Info struct {
	OID    []byte // of the protocol, without tag and length
	Cipher Cipher
	ID     int // of the domain parameters
	Group  Group
}

var (
	oidDH   = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 4, 1}
	oidECDH = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 2, 2, 4, 2}

	// ErrNone is a card that offers no PACE, or none that is known here.
	ErrNone = errors.New("no PACE with the generic mapping is offered")
)

// Choose takes the best way that EF.CardAccess offers: the strongest cipher,
// elliptic curves before classic groups.
func Choose(cardAccess []byte) (Info, error) {
	infos, err := lds.ParseSecurityInfos(cardAccess)
	if err != nil {
		return Info{}, fmt.Errorf("EF.CardAccess: %w", err)
	}
	best, rank := Info{}, 0
	for _, s := range infos {
		i, ec, err := readInfo(s)
		if err != nil {
			continue // another protocol, or another mapping
		}
		r := 2 * int(i.Cipher)
		if ec {
			r++
		}
		if r > rank {
			best, rank = i, r
		}
	}
	if rank == 0 {
		return Info{}, fmt.Errorf("EF.CardAccess: %w", ErrNone)
	}
	return best, nil
}

func readInfo(s lds.SecurityInfo) (Info, bool, error) {
	ec := lds.HasPrefix(s.Protocol, oidECDH)
	if !ec && !lds.HasPrefix(s.Protocol, oidDH) || len(s.Protocol) != len(oidDH)+1 {
		return Info{}, false, ErrNone
	}
	i := Info{Cipher: Cipher(s.Protocol[len(oidDH)])}
	if i.Cipher < TDES || i.Cipher > AES256 {
		return Info{}, false, ErrNone
	}
	var version int
	if _, err := asn1.Unmarshal(s.Required.FullBytes, &version); err != nil || version != 2 {
		return Info{}, false, ErrNone
	}
	if _, err := asn1.Unmarshal(s.Optional.FullBytes, &i.ID); err != nil {
		return Info{}, false, ErrNone
	}
	if ec == (i.ID < 8) {
		return Info{}, false, ErrNone
	}
	var err error
	if i.Group, err = ByID(i.ID); err != nil {
		return Info{}, false, err
	}
	der, err := asn1.Marshal(s.Protocol)
	if err != nil {
		return Info{}, false, err
	}
	i.OID = der[2:]
	return i, ec, nil
}

// Token is what one side shows of the keys: a MAC over the other's public key.
// A classic one stands there as an unsigned integer, without zeros before it
// (9303-11, 9.4), however it has travelled.
func (i Info) Token(mac, public []byte) ([]byte, error) {
	if i.Group.Tag() == tagClassic {
		public = bytes.TrimLeft(public, "\x00")
	}
	body := apdu.AppendTLV(nil, 0x06, i.OID)
	body = apdu.AppendTLV(body, i.Group.Tag(), public)
	return i.Cipher.MAC(mac, apdu.AppendTLV(nil, 0x7F49, body))
}

// Password makes of what is printed on the card what PACE takes: the CAN as it
// is, the machine readable zone hashed.
func Password(ref byte, text []byte) []byte {
	if ref == PasswordMRZ {
		d := sha1.Sum(text)
		return d[:]
	}
	return append([]byte(nil), text...)
}

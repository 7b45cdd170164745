package cie

// Chip authentication (9303-11, 6.2): new keys agreed with the key that the
// issuer signed in DG14. A chip without it cannot go on talking.

import (
	"context"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie/pace"
	"github.com/tserve/jolly/cardreader/proof/lds"
	"github.com/tserve/jolly/kiosk"
)

// chipKey is a ChipAuthenticationPublicKeyInfo with the way it is used.
type chipKey struct {
	group  pace.Group
	public []byte
	cipher pace.Cipher
	oid    []byte
	id     []byte // which of several keys; nil: there is one
}

func (r *reader) chipAuthentication(ctx context.Context, ev *kiosk.CardEvidence) error {
	if len(ev.DG14) == 0 {
		return nil
	}
	infos, err := lds.ParseDG14(ev.DG14)
	if err != nil {
		return err
	}
	key, err := findChipKey(infos)
	if err != nil || key == nil {
		return err
	}
	private, ours, err := pace.Pair(key.group, r.random)
	if err != nil {
		return fmt.Errorf("chip authentication: %w", err)
	}
	defer clear(private)
	secret, err := key.group.Agree(private, key.public)
	if err != nil {
		return kiosk.Errorf(kiosk.CodeCardNotGenuine, "read cie", "chip authentication: %w", err)
	}
	defer clear(secret)
	if err := r.sendKey(ctx, key, ours); err != nil {
		return fmt.Errorf("chip authentication: %w", err)
	}
	old := r.session
	if r.session, err = pace.FromSecret(key.cipher, secret); err != nil {
		return fmt.Errorf("chip authentication: %w", err)
	}
	old.Wipe()
	// The first answer under the new keys is the proof.
	if _, err := r.file(ctx, fileCOM); err != nil {
		if errors.Is(err, pace.ErrChannel) || refused(err) {
			return kiosk.Errorf(kiosk.CodeCardNotGenuine, "read cie", "chip authentication: %w", err)
		}
		return fmt.Errorf("chip authentication: %w", err)
	}
	ev.ChipAuthentication = true
	return nil
}

// sendKey gives the chip our public key, by the way of its cipher.
func (r *reader) sendKey(ctx context.Context, key *chipKey, public []byte) error {
	if key.cipher == pace.TDES {
		data := apdu.AppendTLV(nil, 0x91, public)
		if key.id != nil {
			data = apdu.AppendTLV(data, 0x84, key.id)
		}
		_, err := r.do(ctx, apdu.Command{INS: 0x22, P1: 0x41, P2: 0xA6, Data: data, Extended: len(data) > 200})
		return err
	}
	data := apdu.AppendTLV(nil, 0x80, key.oid)
	if key.id != nil {
		data = apdu.AppendTLV(data, 0x84, key.id)
	}
	if _, err := r.do(ctx, apdu.Command{INS: 0x22, P1: 0x41, P2: 0xA4, Data: data}); err != nil {
		return err
	}
	data = apdu.AppendTLV(nil, 0x7C, apdu.AppendTLV(nil, 0x80, public))
	c := apdu.Command{INS: 0x86, Data: data, Le: apdu.LeAll}
	if len(data) > 200 {
		c.Extended, c.Le = true, apdu.LeAllExtended
	}
	_, err := r.do(ctx, c)
	return err
}

// spki is a SubjectPublicKeyInfo whose parameters are read here.
type spki struct {
	Algorithm struct {
		OID        asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	Key asn1.BitString
}

var oidStandardised = asn1.ObjectIdentifier{0, 4, 0, 127, 0, 7, 1, 2}

var namedCurves = []struct {
	oid asn1.ObjectIdentifier
	id  int
}{
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, 12}, {asn1.ObjectIdentifier{1, 3, 132, 0, 34}, 15},
	{asn1.ObjectIdentifier{1, 3, 132, 0, 35}, 18}, {asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 7}, 13},
	{asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 11}, 16}, {asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 13}, 17},
}

// findChipKey reads the first key of DG14 and its protocol; nil where DG14 has
// none.
func findChipKey(infos []lds.SecurityInfo) (*chipKey, error) {
	var key *chipKey
	for _, i := range infos {
		if !i.IsChipKey() || key != nil {
			continue
		}
		var err error
		if key, err = readChipKey(i); err != nil {
			return nil, fmt.Errorf("DG14: %w", err)
		}
	}
	if key == nil {
		return nil, nil
	}
	key.cipher = pace.TDES // what a key without a named protocol is used with
	for _, i := range infos {
		if !i.IsChipProtocol() || len(i.Protocol) < 11 {
			continue
		}
		c := pace.Cipher(i.Protocol[10])
		if c < pace.TDES || c > pace.AES256 {
			continue
		}
		der, err := asn1.Marshal(i.Protocol)
		if err != nil {
			return nil, fmt.Errorf("DG14: %w", err)
		}
		key.cipher, key.oid = c, der[2:]
	}
	return key, nil
}

func readChipKey(i lds.SecurityInfo) (*chipKey, error) {
	var info spki
	if _, err := asn1.Unmarshal(i.Required.FullBytes, &info); err != nil {
		return nil, err
	}
	key := &chipKey{public: info.Key.RightAlign()}
	if len(i.Optional.FullBytes) > 0 {
		key.id = i.Optional.Bytes
	}
	id := -1
	switch {
	case info.Algorithm.OID.Equal(oidStandardised):
		if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &id); err != nil {
			return nil, err
		}
	default:
		var oid asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &oid); err != nil {
			return nil, errors.New("chip authentication: explicit parameters are not read here")
		}
		for _, c := range namedCurves {
			if oid.Equal(c.oid) {
				id = c.id
			}
		}
	}
	var err error
	if key.group, err = pace.ByID(id); err != nil {
		return nil, err
	}
	if key.group.Tag() == 0x84 { // a classic key is an INTEGER within
		var n *big.Int
		if _, err := asn1.Unmarshal(key.public, &n); err != nil {
			return nil, err
		}
		key.public = n.Bytes()
	}
	return key, nil
}

package cie

// The card on its antenna: selecting and reading, plain and protected.

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie/pace"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/proof/lds"
	"github.com/tserve/jolly/kiosk"
)

var (
	aidIAS   = []byte{0xA0, 0x00, 0x00, 0x00, 0x30, 0x80, 0x00, 0x00, 0x00, 0x09, 0x81, 0x60, 0x01}
	aidCIE   = []byte{0xA0, 0x00, 0x00, 0x00, 0x00, 0x39}
	aidEMRTD = []byte{0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01}
)

// The files that are read, by identifier.
const (
	fileCardAccess = 0x011C
	fileCOM        = 0x011E
	fileSOD        = 0x011D
	fileDG1        = 0x0101
	fileDG11       = 0x010B
	fileDG14       = 0x010E
	fileDG15       = 0x010F
)

const (
	readBlock = 0xDF    // with all protection around it still a short response
	maxFile   = 1 << 15 // READ BINARY has 15 bits for the offset
)

// Options are what is known of the card. CAN or MRZ opens the travel document;
// without either the NIS alone is read. They belong to the caller, who wipes them.
type Options struct {
	CAN       []byte
	MRZ       *MRZ
	Challenge []byte // for active authentication; nil: none
}

// MRZ are the fields of the machine readable zone that open a chip.
type MRZ struct {
	Document []byte // number, as printed
	Birth    []byte // YYMMDD
	Expiry   []byte // YYMMDD
}

// Data is what a card has told.
type Data struct {
	Evidence kiosk.CardEvidence
	NIS      string
	// NISEvidence is what there is to judge the NIS by: all of it where the card
	// was read without a secret, else the number alone.
	NISEvidence proof.NISEvidence
}

// reader is one card that is being read.
type reader struct {
	ch      apdu.Channel
	random  io.Reader
	session *pace.Session
}

// Probe says whether the card is a CIE 3.0.
func Probe(ctx context.Context, ch apdu.Channel) (bool, error) {
	r := &reader{ch: ch, random: rand.Reader}
	err := r.selectCIE(ctx)
	if refused(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("probe for a cie: %w", err)
	}
	return true, nil
}

// refused says that the card answered and did not want to.
func refused(err error) bool {
	var status *apdu.StatusError
	return errors.As(err, &status)
}

func (r *reader) selectCIE(ctx context.Context) error {
	for _, aid := range [][]byte{aidIAS, aidCIE} {
		if _, err := r.do(ctx, apdu.Command{INS: 0xA4, P1: 4, P2: 0x0C, Data: aid}); err != nil {
			return err
		}
	}
	return nil
}

// send exchanges one command, protected once there is a session.
func (r *reader) send(ctx context.Context, c apdu.Command) (apdu.Response, error) {
	if r.session == nil {
		return apdu.Exchange(ctx, r.ch, c)
	}
	wrapped, err := r.session.Wrap(c)
	if err != nil {
		return apdu.Response{}, err
	}
	answer, err := apdu.Exchange(ctx, r.ch, wrapped)
	if err != nil {
		return apdu.Response{}, err
	}
	return r.session.Unwrap(answer)
}

// do sends one command that is to succeed.
func (r *reader) do(ctx context.Context, c apdu.Command) ([]byte, error) {
	answer, err := r.send(ctx, c)
	if err != nil {
		return nil, err
	}
	return answer.Data, answer.Err()
}

// file reads a whole file that is one data object.
func (r *reader) file(ctx context.Context, id uint16) ([]byte, error) {
	if _, err := r.do(ctx, apdu.Command{INS: 0xA4, P1: 2, P2: 0x0C, Data: []byte{byte(id >> 8), byte(id)}}); err != nil {
		return nil, fmt.Errorf("select file %04X: %w", id, err)
	}
	var file []byte
	size := readBlock
	for len(file) < size {
		n := min(readBlock, size-len(file))
		answer, err := r.send(ctx, apdu.Command{INS: 0xB0, P1: byte(len(file) >> 8), P2: byte(len(file)), Le: n})
		if err == nil && answer.SW != apdu.SWEndOfFile {
			err = answer.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read file %04X at %d: %w", id, len(file), err)
		}
		if len(answer.Data) == 0 || len(answer.Data) > n {
			return nil, fmt.Errorf("read file %04X at %d: %d bytes", id, len(file), len(answer.Data))
		}
		first := len(file) == 0
		file = append(file, answer.Data...)
		if first {
			if size, err = lds.Size(file); err != nil || size > maxFile {
				return nil, fmt.Errorf("read file %04X: no data object, or too long a one", id)
			}
		}
	}
	return file[:size], nil
}

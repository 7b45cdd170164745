package cns

// Recognising a card, and the ways to its files.

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/kiosk"
)

// The files.
const (
	fileMaster   = 0x3F00
	dirHolder    = 0x1100
	fileCert     = 0x1101 // C_Carta
	filePersonal = 0x1102 // EF_DatiPersonali
	fileNotes    = 0x1103 // annotations: identity cards alone have them
	dirTuscan    = 0xDA01
	fileTuscan   = 0xC001
)

// tuscan is the application behind which the Tuscan cards of 2025 have the
// files (OpenSC issue 3804).
var tuscan = []byte{0xA0, 0x00, 0x00, 0x05, 0x30, 0x00, 0x0B, 0x10, 0x40, 0x01, 0x02, 0x1A}

// errNotFound is a card without the file.
var errNotFound = errors.New("no such file")

// Resetter is a channel that can put its card back to where it was at power-on.
type Resetter interface {
	Reset(ctx context.Context) error
}

// Card is a card that was recognised.
type Card struct {
	ch    apdu.Channel
	kind  kiosk.CardKind
	known bool // kind is final
	way   way
	there bool   // the directory of the holder is the current one
	file  uint16 // the current file in it
}

// way is one way to a file below the directory of the holder.
type way struct {
	name string
	kind kiosk.CardKind
	// first leads to a file from anywhere; again to another one after that.
	first, again func(ctx context.Context, ch apdu.Channel, file uint16) error
}

var ways = []way{
	{"by file", kiosk.CardCNS, stepwise, byFile},
	{"by path", kiosk.CardCNS, byPath, byPath},
	{"by application", kiosk.CardTSCNS, byApplication, fromHere},
}

// Open recognises a card. A card of another kind is a Problem with CodeCardUnknown.
func Open(ctx context.Context, ch apdu.Channel) (*Card, error) {
	for i, w := range ways {
		if i > 0 {
			if err := reset(ctx, ch); err != nil {
				return nil, fmt.Errorf("open card: %w", err)
			}
		}
		err := w.first(ctx, ch, filePersonal)
		if err == nil {
			return &Card{ch: ch, kind: w.kind, known: w.kind != kiosk.CardCNS, way: w, there: true, file: filePersonal}, nil
		}
		if !refused(err) {
			return nil, fmt.Errorf("open card: %w", err)
		}
	}
	return nil, kiosk.Errorf(kiosk.CodeCardUnknown, "open card", "no file of a CNS by any way")
}

// Probe tells the kind of a card; CardUnknown is none of these.
func Probe(ctx context.Context, ch apdu.Channel) (kiosk.CardKind, error) {
	c, err := Open(ctx, ch)
	if err != nil {
		if kiosk.CodeOf(err) == kiosk.CodeCardUnknown {
			return kiosk.CardUnknown, nil
		}
		return kiosk.CardUnknown, err
	}
	return c.Kind(ctx)
}

// Kind tells the kind, and asks the card whether it is an identity card. Whether
// a CNS is a health card is in its certificate, which Read reads.
func (c *Card) Kind(ctx context.Context) (kiosk.CardKind, error) {
	if c.known {
		return c.kind, nil
	}
	err := c.open(ctx, fileNotes)
	switch {
	case err == nil:
		c.kind = identityCard(c.ch.ATR())
	case !refused(err):
		return kiosk.CardUnknown, err
	}
	c.known = true
	return c.kind, nil
}

// identityCard tells the second generation by the letters in its ATR; no file
// tells it.
func identityCard(atr []byte) kiosk.CardKind {
	if bytes.Contains(atr, []byte("ITID")) {
		return kiosk.CardCIE2
	}
	return kiosk.CardCIE1
}

// open makes a file of the holder the current one.
func (c *Card) open(ctx context.Context, file uint16) error {
	if c.there && file == c.file {
		return nil
	}
	lead := c.way.first
	if c.there {
		lead = c.way.again
	}
	c.file = 0
	if err := lead(ctx, c.ch, file); err != nil {
		return err
	}
	c.there, c.file = true, file
	return nil
}

// leave forgets where on the card we are.
func (c *Card) leave() { c.there, c.file = false, 0 }

func stepwise(ctx context.Context, ch apdu.Channel, file uint16) error {
	return steps(ctx, ch, fileMaster, dirHolder, file)
}

func byFile(ctx context.Context, ch apdu.Channel, file uint16) error { return steps(ctx, ch, file) }

func byPath(ctx context.Context, ch apdu.Channel, file uint16) error {
	return path(ctx, ch, 0x08, dirHolder, file)
}

func byApplication(ctx context.Context, ch apdu.Channel, file uint16) error {
	if err := selectFile(ctx, ch, apdu.Command{INS: 0xA4, P1: 0x04, Data: tuscan, Le: apdu.LeAll}); err != nil {
		return err
	}
	return fromHere(ctx, ch, file)
}

func fromHere(ctx context.Context, ch apdu.Channel, file uint16) error {
	return path(ctx, ch, 0x09, dirHolder, file)
}

// steps selects one file after the other.
func steps(ctx context.Context, ch apdu.Channel, files ...uint16) error {
	for _, f := range files {
		if err := selectFile(ctx, ch, apdu.Command{INS: 0xA4, Data: []byte{byte(f >> 8), byte(f)}}); err != nil {
			return err
		}
	}
	return nil
}

// path selects by a path: from the master file with p1 08, from here with 09.
func path(ctx context.Context, ch apdu.Channel, p1 byte, dir, file uint16) error {
	return selectFile(ctx, ch, apdu.Command{
		INS: 0xA4, P1: p1, Data: []byte{byte(dir >> 8), byte(dir), byte(file >> 8), byte(file)}, Le: apdu.LeAll,
	})
}

// selectFile does not fetch the description of the file that 61xx announces:
// nobody reads it, and it would cost an exchange for each file.
func selectFile(ctx context.Context, ch apdu.Channel, c apdu.Command) error {
	b, err := ch.Transmit(ctx, c.Bytes())
	if err != nil {
		return fmt.Errorf("select: %w", err)
	}
	r, err := apdu.ParseResponse(b)
	switch {
	case err != nil:
		return fmt.Errorf("select: %w", err)
	case r.OK(), r.SW>>8 == 0x61, r.SW>>8 == 0x6C: // 6Cxx: it has a description of another length
		return nil
	case r.SW == apdu.SWFileNotFound:
		return fmt.Errorf("select: %w", errNotFound)
	}
	return fmt.Errorf("select: %w", r.Err())
}

// refused says that the card answered, and not with success: another way may
// lead on.
func refused(err error) bool {
	var status *apdu.StatusError
	return errors.Is(err, errNotFound) || errors.As(err, &status)
}

func reset(ctx context.Context, ch apdu.Channel) error {
	if r, ok := ch.(Resetter); ok {
		return r.Reset(ctx)
	}
	return nil
}

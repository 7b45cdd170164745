package cardreader

// One card: which kind it is, what it says, and what that proves.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cns"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/kiosk"
)

// Options are what is known before a card is read. All of it is optional.
type Options struct {
	CAN       []byte // CIE 3.0: the six digits on its front
	MRZ       *MRZ   // or what its machine readable zone says
	PIN       []byte // contact cards, with Challenge
	Challenge []byte // to be signed by the card; nil: no freshness
	Roots     proof.Roots
	Now       time.Time
}

// MRZ are the three fields that open a CIE 3.0 instead of its CAN.
type MRZ struct {
	Document string // number, as printed
	Birth    string // YYMMDD
	Expiry   string // YYMMDD
}

// Probe tells the kind of a card, what it wants to be told, and how many tries
// its PIN has left, -1 when it does not tell.
func Probe(ctx context.Context, ch apdu.Channel) (kind kiosk.CardKind, wants kiosk.Secret, tries int, err error) {
	kind, err = probe(ctx, ch)
	switch {
	case err != nil:
		return kiosk.CardUnknown, kiosk.SecretNone, cns.TriesUnknown, fmt.Errorf("probe card: %w", err)
	case kind == kiosk.CardCIE3:
		return kind, kiosk.SecretCAN, cns.TriesUnknown, nil
	case kind == kiosk.CardUnknown:
		return kind, kiosk.SecretNone, cns.TriesUnknown, nil
	}
	tries, err = cns.PINTries(ctx, ch)
	return kind, kiosk.SecretPIN, tries, err
}

// probe asks first for what the antenna or the contacts make likely.
func probe(ctx context.Context, ch apdu.Channel) (kiosk.CardKind, error) {
	if ch.Contactless() {
		if found, err := probeCIE(ctx, ch); err != nil || found {
			return kiosk.CardCIE3, err
		}
	}
	kind, err := cns.Probe(ctx, ch)
	if err != nil || kind != kiosk.CardUnknown || ch.Contactless() {
		return kind, err
	}
	if found, err := probeCIE(ctx, ch); err != nil || found {
		return kiosk.CardCIE3, err
	}
	return kiosk.CardUnknown, nil
}

// ReadCard reads a card of a known kind and judges what it said. A card whose
// signatures do not hold is an error with CodeCardNotGenuine; the verdict says why.
func ReadCard(ctx context.Context, ch apdu.Channel, kind kiosk.CardKind, o Options) (kiosk.CardReading, proof.Verdict, error) {
	var r kiosk.CardReading
	var v proof.Verdict
	var err error
	switch kind {
	case kiosk.CardUnknown:
		err = kiosk.Errorf(kiosk.CodeCardUnknown, "read card", "no card that is known here")
	case kiosk.CardCIE3:
		r, v, err = readCIE(ctx, ch, o)
	default:
		if r, err = cns.Read(ctx, ch, cns.Options{PIN: o.PIN, Challenge: o.Challenge}); err == nil {
			v = proof.Check(r.Evidence, o.Challenge, o.Roots, o.Now)
		}
	}
	if err != nil {
		return kiosk.CardReading{}, proof.Verdict{}, AsProblem(err)
	}
	if v.Failed {
		return kiosk.CardReading{}, v, kiosk.Errorf(kiosk.CodeCardNotGenuine, "read card", "%s", v.Reason)
	}
	return judged(r, v), v, nil
}

// judged puts the verdict into the reading. What the verdict names is what was
// checked; what it does not name is the card's word.
func judged(r kiosk.CardReading, v proof.Verdict) kiosk.CardReading {
	r.Level, r.Checks = v.Level, v.Checks
	if v.FiscalCode != "" {
		r.FiscalCode = v.FiscalCode
	}
	if v.Surname != "" {
		r.Surname, r.Name = v.Surname, v.Name
	}
	if !v.BirthDate.IsZero() {
		r.BirthDate = v.BirthDate
	}
	if v.CardNumber != "" {
		r.CardNumber = v.CardNumber
	}
	if !v.Expiry.IsZero() {
		r.Expiry = v.Expiry
	}
	return r
}

// AsProblem gives an error the code that a citizen's words are chosen by.
func AsProblem(err error) error {
	var p *kiosk.Problem
	if errors.As(err, &p) {
		return err
	}
	code := kiosk.CodeCardUnreadable
	switch {
	case errors.Is(err, apdu.ErrRemoved):
		code = kiosk.CodeCardRemoved
	case errors.Is(err, apdu.ErrLost), errors.Is(err, ErrHeld):
		code = kiosk.CodeCardReaderGone
	}
	return &kiosk.Problem{Code: code, Op: "read card", Err: err}
}

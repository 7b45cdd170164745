package cardreader

// The CIE 3.0, as package cie reads it.

import (
	"context"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie"
	"github.com/tserve/jolly/kiosk"
)

func probeCIE(ctx context.Context, ch apdu.Channel) (bool, error) { return cie.Probe(ctx, ch) }

// readCIE reads a CIE 3.0. What its files say of the holder is the verdict's to
// tell: without a verdict there is the NIS alone.
func readCIE(ctx context.Context, ch apdu.Channel, o Options) (kiosk.CardReading, error) {
	options := cie.Options{CAN: o.CAN, Challenge: o.Challenge}
	if o.MRZ != nil {
		options.MRZ = &cie.MRZ{Document: []byte(o.MRZ.Document), Birth: []byte(o.MRZ.Birth), Expiry: []byte(o.MRZ.Expiry)}
	}
	d, err := cie.Read(ctx, ch, options)
	if err != nil {
		return kiosk.CardReading{}, err
	}
	return kiosk.CardReading{Kind: kiosk.CardCIE3, Level: kiosk.LevelClaim, NIS: d.NIS, Evidence: d.Evidence}, nil
}

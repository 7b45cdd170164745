package cardreader

// The CIE 3.0, as package cie reads it.

import (
	"context"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/kiosk"
)

func probeCIE(ctx context.Context, ch apdu.Channel) (bool, error) { return cie.Probe(ctx, ch) }

// readCIE reads a CIE 3.0 and judges it. What its files say of the holder is the
// verdict's to tell; without CAN and zone there is the NIS alone, and the
// verdict is on that.
func readCIE(ctx context.Context, ch apdu.Channel, o Options) (kiosk.CardReading, proof.Verdict, error) {
	options := cie.Options{CAN: o.CAN, Challenge: o.Challenge}
	if o.MRZ != nil {
		options.MRZ = &cie.MRZ{Document: []byte(o.MRZ.Document), Birth: []byte(o.MRZ.Birth), Expiry: []byte(o.MRZ.Expiry)}
	}
	d, err := cie.Read(ctx, ch, options)
	if err != nil {
		return kiosk.CardReading{}, proof.Verdict{}, err
	}
	r := kiosk.CardReading{Kind: kiosk.CardCIE3, Level: kiosk.LevelClaim, NIS: d.NIS, Evidence: d.Evidence}
	if d.Evidence.Opened == "" {
		return r, proof.CheckNIS(d.NISEvidence, o.Challenge, o.Roots, o.Now), nil
	}
	return r, proof.Check(d.Evidence, o.Challenge, o.Roots, o.Now), nil
}

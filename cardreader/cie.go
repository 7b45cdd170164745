package cardreader

// The CIE 3.0.

import (
	"context"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/kiosk"
)

func probeCIE(context.Context, apdu.Channel) (bool, error) { return false, nil }

func readCIE(context.Context, apdu.Channel, Options) (kiosk.CardReading, error) {
	return kiosk.CardReading{}, kiosk.Errorf(kiosk.CodeCardUnknown, "read card", "no reader for this kind")
}

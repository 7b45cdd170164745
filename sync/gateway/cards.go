package gateway

// The check of citizens' cards: package proof, with the issuers that are trusted here.

import (
	"time"

	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/kiosk"
)

// CardsOf checks cards by the issuers' certificates that are trusted here.
func CardsOf(roots proof.Roots) CardCheck {
	return func(ev kiosk.CardEvidence, challenge []byte, now time.Time) CardVerdict {
		v := proof.Check(ev, challenge, roots, now)
		return CardVerdict{Failed: v.Failed, Reason: v.Reason, Level: v.Level, FiscalCode: v.FiscalCode, Expiry: v.Expiry}
	}
}

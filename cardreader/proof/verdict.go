package proof

// The verdict: what the evidence of a card proves.

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/tserve/jolly/kiosk"
)

// Verdict is what a card's evidence proves. A failed one has no level and
// names nobody. It prints redacted but for its level and its reason.
type Verdict struct {
	Failed bool
	Reason string // why it failed, or why the level is not higher; for the log, nothing personal
	Level  kiosk.Level
	Kind   kiosk.CardKind

	FiscalCode kiosk.FiscalCode
	Surname    kiosk.PersonName
	Name       kiosk.PersonName
	BirthDate  kiosk.Date
	CardNumber string
	Expiry     kiosk.Date // the caller decides what an expired card is good for

	Checks kiosk.CardChecks
}

// Format prints level and reason under every verb.
func (v Verdict) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%s: level %q, failed %t: %s", v.Kind, string(v.Level), v.Failed, v.Reason)
}

// LogValue logs level, reason and checks, nothing personal.
func (v Verdict) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", string(v.Kind)), slog.String("level", string(v.Level)),
		slog.Bool("failed", v.Failed), slog.String("reason", v.Reason),
		slog.String("passive", string(v.Checks.Passive)), slog.String("chip", string(v.Checks.Chip)),
		slog.String("consistency", string(v.Checks.Consistency)))
}

// Check judges the evidence of one card.
//
// challenge is the one that the verifier gave out for this reading. nil asks
// for no freshness, and then nothing above signed is reached: what was read
// may have been read years ago. Evidence over another challenge has failed.
func Check(ev kiosk.CardEvidence, challenge []byte, roots Roots, now time.Time) Verdict {
	var v Verdict
	switch ev.Kind {
	case kiosk.CardCIE3:
		v = checkCIE(ev, challenge, roots, now)
	case kiosk.CardCNS, kiosk.CardTSCNS, kiosk.CardCIE1, kiosk.CardCIE2:
		v = checkCNS(ev, challenge, roots, now)
	default:
		v = failed(kiosk.CardChecks{}, "no such kind of card")
	}
	v.Kind = ev.Kind
	if v.Failed {
		return Verdict{Failed: true, Reason: v.Reason, Kind: v.Kind, Checks: v.Checks}
	}
	return v
}

// failed is the verdict on evidence that some check refuses.
func failed(checks kiosk.CardChecks, format string, args ...any) Verdict {
	return Verdict{Failed: true, Reason: fmt.Sprintf(format, args...), Checks: checks}
}

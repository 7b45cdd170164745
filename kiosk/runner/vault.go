package runner

// The vault: what must be wiped. Session and pages know how many digits there
// are; the digits are here, as bytes that are overwritten.

import (
	"crypto/rand"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/session"
)

// vault holds the secrets of one visit in arrays of its own, so that nothing is
// left behind in memory that grew. It is the loop's.
type vault struct {
	visit   string // what the gateway binds its challenges to; made when it is first asked for
	secret  [session.MaxPINDigits]byte
	digits  int
	citizen [16]byte // fiscal code that a card told, to fill a form
	known   bool
}

// name is the visit's name at the gateway: at least 128 random bits.
func (v *vault) name() string {
	if v.visit == "" {
		v.visit = rand.Text()
	}
	return v.visit
}

func (v *vault) hold(digit byte) {
	if v.digits < len(v.secret) {
		v.secret[v.digits] = digit
		v.digits++
	}
}

func (v *vault) drop() {
	if v.digits > 0 {
		v.digits--
		v.secret[v.digits] = 0
	}
}

// copy gives the digits to whoever reads a card; he wipes his copy.
func (v *vault) copy() []byte { return append(make([]byte, 0, len(v.secret)), v.secret[:v.digits]...) }

func (v *vault) wipeSecret() {
	clear(v.secret[:])
	v.digits = 0
}

// keep keeps the fiscal code for the forms of this visit.
func (v *vault) keep(code kiosk.FiscalCode) {
	v.known = copy(v.citizen[:], code) == len(v.citizen)
}

// fill puts the fiscal code where a form stands for it.
func (v *vault) fill(f kiosk.Form) kiosk.Form {
	for i, val := range f.Values {
		switch {
		case val != session.FromCard:
		case v.known:
			f.Values[i] = kiosk.FormValue(v.citizen[:])
		default:
			f.Values[i] = ""
		}
	}
	return f
}

// wipe overwrites everything.
func (v *vault) wipe() {
	v.wipeSecret()
	clear(v.citizen[:])
	v.known, v.visit = false, ""
}

// wipeReading overwrites the card's own bytes. Strings cannot be overwritten;
// they are let go.
func wipeReading(r *kiosk.CardReading) {
	e := &r.Evidence
	for _, b := range [][]byte{e.Challenge, e.SOD, e.DG1, e.DG11, e.DG14, e.DG15, e.ActiveSignature, e.PersonalData, e.Certificate, e.Signature} {
		clear(b)
	}
	*r = kiosk.CardReading{}
}

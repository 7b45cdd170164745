package runner

// The search for bills by a service's form.

import (
	"context"
	"crypto/rand"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
)

// lookupForm sends a filled form. What the card told comes out of the vault
// here and goes no other way.
func (r *Runner) lookupForm(ctx context.Context, e session.LookupForm) {
	form, visit := r.vault.fill(e.Form), r.vault.name()
	r.start(func() {
		found, err := r.findByForm(ctx, visit, form)
		if err == nil {
			r.post(session.BillsFound{Visit: e.Visit, Found: found})
			return
		}
		failed := session.LookupFailed{Visit: e.Visit, Code: kiosk.CodeOf(err)}
		if failed.Code == kiosk.CodeNothingOwed {
			r.log.Info("nothing owed", "service", form.Service)
		} else {
			failed.Ref = payment.Ref(kiosk.PaymentID(rand.Text()))
			r.log.Warn("search by form failed", "service", form.Service, "ref", failed.Ref, "code", failed.Code, "err", err)
		}
		r.post(failed)
	})
}

func (r *Runner) findByForm(ctx context.Context, visit string, form kiosk.Form) (kiosk.Found, error) {
	if r.dev.Finder == nil {
		return kiosk.Found{}, kiosk.Errorf(kiosk.CodeGatewayOffline, "search by form", "nobody to ask")
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
	defer cancel()
	return r.dev.Finder.LookupForm(ctx, visit, form)
}

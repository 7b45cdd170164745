package screen

// What the catalogue says of a bill: which service it is of, and who answers
// questions about it.

import (
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/session"
)

// Printed are the catalogue's words for the paper of a bill: what was paid, and
// where its creditor answers the telephone. What the catalogue does not know is
// left out.
func Printed(c *kiosk.Catalogue, b kiosk.Bill, lang kiosk.Language) (service, desk string) {
	if svc, ok := c.Service(b.Service); ok && svc.Creditor == b.Creditor {
		service = svc.Receipt.In(lang)
	}
	if cr, ok := c.Creditor(b.Creditor); ok && cr.Phone != "" {
		desk = strings.Trim(cr.Phone+" · "+cr.Hours.In(lang), " ·")
	}
	return service, desk
}

// serviceRow tells who does not read the Italian subject what the bill is for.
func (v *view) serviceRow(b kiosk.Bill) []page.Row {
	service, _ := Printed(v.s.Catalogue, b, v.lang)
	if v.lang == kiosk.Italian || service == "" {
		return nil
	}
	return []page.Row{{Label: v.t("bill_service"), Value: service}}
}

// desk says who answers questions about a debt of a creditor; false where the
// catalogue does not know it.
func (v *view) desk(code kiosk.CreditorCode) bool {
	cr, ok := v.s.Catalogue.Creditor(code)
	if !ok || cr.Phone == "" {
		return false
	}
	phone := strings.ReplaceAll(cr.Phone, " ", "\u00a0") // a number is not broken
	v.note(page.ToneInfo, "phone", v.tf("desk_strong", i18n.Args{"name": cr.Name}), v.tf("desk_text", i18n.Args{"phone": phone, "hours": cr.Hours.In(v.lang)}))
	return true
}

// creditorOf is whose debt or service a search by form is about.
func (v *view) creditorOf(form kiosk.Form) kiosk.CreditorCode {
	svc, _ := v.s.Catalogue.Service(form.Service)
	return svc.Creditor
}

// about is the creditor that the scene is about, "" where it is about none or
// about several.
func (v *view) about() kiosk.CreditorCode {
	switch sc := v.s.Scene.(type) {
	case session.Form:
		return v.creditorOf(kiosk.Form{Service: sc.Service})
	case session.FormDoubt:
		return v.creditorOf(kiosk.Form{Service: sc.Form.Service})
	case session.Scan:
		return v.creditorOf(kiosk.Form{Service: sc.Service})
	case session.Review:
		return sc.Quote.Bill.Creditor
	}
	return ""
}

package screen

// Pages of a search: waiting for it, and the tick boxes of what it found.

import (
	"strconv"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/session"
)

func (v *view) findingBills() {
	v.p.Name, v.p.Title, v.p.Lead = "finding-bills", v.t("finding_title"), v.t("finding_lead")
	v.steps(1)
}

// choose is the list of what is owed, with a box to tick for each.
func (v *view) choose(sc session.Choose) {
	v.p.Name = "choose"
	v.steps(2)
	v.p.Title, v.p.Lead = v.t("choose_title"), v.t("choose_lead")
	for i, q := range sc.Found.Bills() {
		v.p.Choices = append(v.p.Choices, v.foundBill(sc, i, q))
	}
	cart := sc.Cart(v.s.Cart)
	if cart.Count > 0 {
		v.p.Totals = []page.Row{{Label: v.tf("choose_total", i18n.Args{"count": cart.Count}), Value: v.money(cart.Total())}}
	}
	switch {
	case v.s.Cart.Full():
		v.note(page.ToneInfo, "info", v.t("confirm_full_strong"), v.t("confirm_full_text"))
	case sc.Found.More:
		v.note(page.ToneInfo, "info", v.t("choose_more_strong"), v.t("choose_more_text"))
	}
	v.p.Turning.ReadOn = v.t("choose_turn")
	v.back("back")
	v.next()
	if sc.Count() == 0 {
		v.p.Main.Disabled, v.p.Main.Icon, v.p.Main.Label = true, "", v.t("choose_none")
	}
}

func (v *view) foundBill(sc session.Choose, i int, q kiosk.Quote) page.Choice {
	b := q.Bill
	ch := page.Choice{
		Title: b.Subject, Text: v.billLine(b), Value: v.money(b.Amount), Tick: page.TickOff,
		Act: page.Action{ID: "bill-" + strconv.Itoa(i), Label: b.Subject, Event: session.BillTicked{Index: i}},
	}
	ch.Icon = "tick-off"
	if sc.Has(i) {
		ch.Tick, ch.Icon = page.TickOn, "tick-on"
	}
	if !session.CanPick(v.s, sc, i) {
		ch.Act.Disabled, ch.Act.Label = true, v.whyNot(sc, q)
	}
	return ch
}

// whyNot says why a found bill cannot be ticked.
func (v *view) whyNot(sc session.Choose, q kiosk.Quote) string {
	switch b := q.Bill; {
	case v.s.Cart.Has(b.Creditor, b.Notice):
		return v.t("choose_has")
	case b.Status != kiosk.BillPayable:
		title, _ := problem(v.lang, session.Unpayable(b.Status))
		return title
	case sc.Cart(v.s.Cart).Full():
		return v.t("choose_full")
	}
	return v.t("choose_large")
}

// billLine says of a bill, in a list: whose, which instalment, until when.
func (v *view) billLine(b kiosk.Bill) string {
	parts := []string{b.CreditorName}
	if b.Instalment != "" {
		parts = append(parts, v.tf("bill_line_instalment", i18n.Args{"instalment": b.Instalment}))
	}
	if !b.Due.IsZero() {
		due := v.tf("bill_line_due", i18n.Args{"date": i18n.Date(v.lang, b.Due)})
		if b.Late {
			due = v.tf("bill_due_late", i18n.Args{"date": due})
		}
		parts = append(parts, due)
	}
	return strings.Join(parts, " · ")
}

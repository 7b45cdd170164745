package screen

// Pages before the payment: attract, scan, keypads, bill, refused, help.

import (
	"cmp"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/session"
)

func (v *view) attract() {
	if !v.s.Devices.CanCharge() {
		v.outOfService()
		return
	}
	v.p.Name, v.p.Hero = "attract", true
	v.p.Title, v.p.Lead = v.t("attract_title"), v.t("attract_lead")
	text := v.tf("attract_notice_text", i18n.Args{"place": v.place(v.house.Scanner)})
	if !v.s.Devices.Scanner {
		text = v.t("attract_notice_noscan")
	}
	v.p.Choices = []page.Choice{{
		Icon: "scan", Title: v.t("attract_notice"), Text: text, Recommended: true,
		Act: page.Action{ID: "choice-notice", Label: v.t("attract_notice"), Event: session.NoticeWanted{}},
	}}
	if v.s.Devices.Cards != session.ReaderNone {
		v.p.Choices = append(v.p.Choices, v.cardChoice())
	}
	if v.s.Catalogue != nil && len(v.s.Catalogue.Services) > 0 {
		v.p.Choices = append(v.p.Choices, v.servicesChoice())
	}
	if len(v.p.Choices) < 3 { // three ways are enough to read; the page of the reader leads to the keys, too
		v.p.Choices = append(v.p.Choices, page.Choice{
			Icon: "keypad", Title: v.t("attract_type"), Text: v.t("attract_type_text"),
			Act: page.Action{ID: "choice-type", Label: v.t("attract_type"), Event: session.TypingWanted{}},
		})
	}
	if !v.s.Devices.Printer.CanPrint() {
		v.note(page.ToneWarn, "warn", v.t("noprinter_strong"), v.t("noprinter_text"))
	}
	v.note(page.ToneInfo, "info", v.t("cash_strong"), v.t("cash_text"))
}

// outOfService says what does not work; looking at a notice may still do.
func (v *view) outOfService() {
	d := v.s.Devices
	v.p.Name, v.p.Verdict, v.p.Title = "out-of-service", page.ToneWarn, v.t("out_title")
	switch {
	case d.Closed:
		v.p.Lead = v.t("out_closed")
	case !d.Gateway:
		v.p.Lead = v.t("out_gateway")
	case d.SalesStopped:
		v.p.Lead = v.t("out_sales")
	default:
		v.p.Lead = v.t("out_terminal")
	}
	v.p.Card = []page.Row{
		{Label: v.t("out_money"), Value: v.t("out_money_value")},
		{Label: v.t("out_desk"), Value: v.tf("out_desk_value", v.help())},
		{Label: v.t("out_place"), Value: v.house.Kiosk + ", " + v.house.Place},
	}
	if d.Gateway {
		v.main("choice-notice", "out_look", "go", page.StylePrimary, session.NoticeWanted{})
	}
}

func (v *view) help() i18n.Args {
	return i18n.Args{"phone": v.house.HelpPhone, "hours": v.house.Hours(v.lang)}
}

func (v *view) scan(sc session.Scan) {
	v.p.Name = "scan"
	v.steps(1)
	v.p.Title = v.tf("scan_title", i18n.Args{"place": v.place(v.house.Scanner)})
	v.p.Lead = v.t("scan_lead")
	v.p.Picture, v.p.Arrow = page.PictureScan, v.house.Scanner
	if v.s.Cart.Count > 0 {
		v.p.Lead += " " + v.t("scan_more")
	}
	if !v.s.Devices.Scanner {
		v.note(page.ToneWarn, "warn", v.t("scan_absent_strong"), v.t("scan_absent_text"))
	}
	v.back("back")
	v.main("choice-type", "scan_type", "keypad", page.StyleOutline, session.TypingWanted{})
	if !v.s.Devices.Scanner {
		v.p.Main.Style = page.StylePrimary
	}
	if svc, ok := v.s.Catalogue.Service(sc.Service); ok {
		v.p.Lead = "**" + svc.Name.In(v.lang) + "**\n" + v.p.Lead
	} else if v.s.Catalogue != nil && v.s.Cart.Count > 0 {
		v.p.Second = page.Action{ID: "choice-services", Label: v.t("attract_services"), Icon: "search", Style: page.StyleOutline, Event: session.ServicesWanted{}}
	}
}

// keypad is the page of the digits; the button says how many are missing.
func (v *view) keypad(what, digits string, most int, picture page.Picture) {
	v.p.Name = "keypad-" + what
	v.steps(1)
	v.p.Title, v.p.Lead = v.t("keypad_"+what+"_title"), v.t("keypad_"+what+"_lead")
	v.p.Picture = picture
	v.p.Field = field(digits, most)
	v.digitKeys()
	v.back("back")
	v.next()
	if missing := most - len(digits); missing > 0 {
		v.p.Main.Disabled = true
		v.p.Main.Icon = ""
		v.p.Main.Label = v.tf("keypad_missing", i18n.Args{"count": missing})
	}
}

func (v *view) digit(d byte) {
	v.p.Keys = append(v.p.Keys, page.Key{
		Label: string(d),
		Act:   page.Action{ID: "key-" + string(d), Label: string(d), Event: session.DigitTyped{Digit: d}},
	})
}

// field groups the digits in fours, the missing ones as dots.
func field(digits string, most int) page.Field {
	all := kiosk.NoticeNumber(digits + strings.Repeat("·", most-len(digits)))
	runes := []rune(string(all))
	var typed, missing strings.Builder
	for i, r := range runes {
		b := &typed
		if i >= len(digits) {
			b = &missing
		}
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return page.Field{Typed: typed.String(), Missing: missing.String()}
}

func (v *view) doubt(sc session.TypedDoubt) {
	v.p.Name = "typed-doubt"
	v.steps(1)
	v.p.Title, v.p.Lead = v.t("doubt_title"), v.t("doubt_lead")
	typed := sc.Number.Grouped()
	v.p.Picture = page.PicturePaper
	if sc.Creditor != "" {
		typed, v.p.Picture = kiosk.NoticeNumber(sc.Creditor).Grouped(), page.PictureCreditor
	}
	v.p.Code = page.Labelled{Label: v.t("doubt_number"), Value: typed}
	// The recommended way is to correct, so it is the wide one here.
	v.main("fix", "doubt_fix", "", page.StylePrimary, session.WentBack{})
	v.p.Second = page.Action{ID: "continue", Label: v.t("doubt_keep"), Style: page.StyleOutline, Event: session.Continued{}}
}

func (v *view) bill(sc session.Review) {
	v.p.Name = "bill"
	v.steps(2)
	v.p.Title = v.t("bill_title")
	v.p.Card = v.billRows(sc.Quote)
	b := sc.Quote.Bill
	if sc.Notice.Amount != 0 && sc.Notice.Amount != b.Amount {
		v.note(page.ToneWarn, "info", v.t("bill_paper_strong"),
			v.tf("bill_paper_text", i18n.Args{"paper": v.money(sc.Notice.Amount), "now": v.money(b.Amount)}))
	}
	if b.StandIn {
		v.note(page.ToneInfo, "info", v.t("bill_standin_strong"), v.t("bill_standin_text"))
	}
	v.back("bill_other")
	if sc.Found {
		v.back("back")
	}
	v.next()
}

func (v *view) billRows(q kiosk.Quote) []page.Row {
	b := q.Bill
	rows := []page.Row{
		{Label: v.t("bill_creditor"), Value: b.CreditorName},
	}
	rows = append(append(rows, v.serviceRow(b)...), page.Row{Label: v.t("bill_subject"), Value: b.Subject})
	if b.Instalment != "" {
		rows = append(rows, page.Row{Label: v.t("bill_instalment"), Value: b.Instalment})
	}
	if !b.Due.IsZero() {
		due := i18n.Date(v.lang, b.Due)
		if b.Late {
			due = v.tf("bill_due_late", i18n.Args{"date": due})
		}
		rows = append(rows, page.Row{Label: v.t("bill_due"), Value: due})
	}
	return append(rows,
		page.Row{Label: v.t("bill_number"), Value: b.Notice.Grouped()},
		page.Row{Label: v.t("bill_fee"), Value: v.money(q.Fee)},
		page.Row{Label: v.t("bill_amount"), Value: v.money(b.Amount), Strong: true})
}

// refused says why it does not go on, and what to do now.
func (v *view) refused(sc session.Refused) {
	v.p.Name, v.p.Verdict = "refused", page.ToneWarn
	v.p.Title, v.p.Lead = problem(v.lang, sc.Code)
	if sc.Code == kiosk.CodeBillPaid {
		v.p.Verdict = page.ToneDone
	}
	if b := sc.Quote.Bill; b.ID != "" {
		v.p.Card = []page.Row{
			{Label: v.t("bill_creditor"), Value: b.CreditorName},
			{Label: v.t("bill_subject"), Value: b.Subject},
			{Label: v.t("bill_number"), Value: b.Notice.Grouped()},
		}
	}
	if sc.Code == kiosk.CodeNothingOwed {
		v.p.Card = v.filled(sc.Form)
	}
	if sc.Ref != "" {
		v.p.Code = page.Labelled{Label: v.t("code"), Value: sc.Ref}
	}
	if !asksCreditor(sc.Code) || !v.desk(cmp.Or(sc.Quote.Bill.Creditor, sc.Notice.Creditor, v.creditorOf(sc.Form))) {
		v.note(page.ToneInfo, "phone", "", v.tf("help_person", v.help()))
	}
	v.back("back")
	if sc.Form.Service != "" && !mayRetry(sc.Code) {
		v.main("fix", "doubt_fix", "", page.StylePrimary, session.WentBack{})
		v.p.Back = page.Action{ID: "choice-services", Label: v.t("refused_services"), Event: session.ServicesWanted{}}
		return
	}
	if sc.Paying || sc.Notice.Number != "" || sc.Form.Service != "" {
		v.main("retry", "retry", "go", page.StylePrimary, session.RetryAsked{})
		return
	}
	v.main("choice-type", "scan_type", "keypad", page.StyleOutline, session.TypingWanted{})
}

// mayRetry says that sending the same form again may help.
func mayRetry(c kiosk.Code) bool {
	switch c {
	case kiosk.CodeGatewayOffline, kiosk.CodeGatewayBusy, kiosk.CodeCreditorSilent, kiosk.CodeInternal:
		return true
	}
	return false
}

// asksCreditor says that only the creditor's own office knows more.
func asksCreditor(c kiosk.Code) bool {
	switch c {
	case kiosk.CodeNothingOwed, kiosk.CodeBillExpired, kiosk.CodeBillRevoked, kiosk.CodeBillUnknown:
		return true
	}
	return false
}

// helpPage explains the page that lies under it.
func (v *view) helpPage() {
	v.p.Name, v.p.Title = "help", v.t("help_title")
	device := page.Direction("")
	key := "help_start"
	switch v.s.Scene.(type) {
	case session.LayCard, session.CardSecret, session.ReadingCard, session.Greeting, session.CardTrouble, session.TakeCard:
		key, device = "help_card", v.cardPlace()
	case session.TypeNotice, session.TypeCreditor, session.TypedDoubt:
		key = "help_typing"
	case session.Services, session.SearchService, session.ServiceHits, session.Form, session.FormDoubt, session.FindingBills:
		key = "help_services"
	case session.Review, session.Refused, session.Choose, session.Confirm, session.Changed:
		key = "help_check"
	case session.PrinterOut, session.Preparing, session.Terminal, session.Concluding, session.Declined, session.Doubtful:
		key, device = "help_pay", v.house.Terminal
	case session.Paid, session.Printing, session.PrintFailed, session.OnPhone, session.OnScreen, session.Thanks:
		key = "help_receipt"
	default:
		device = v.house.Scanner
	}
	args := i18n.Args{}
	if device != "" {
		args["device"] = v.place(device)
	}
	v.p.Lead = v.tf(key, args)
	v.note(page.ToneInfo, "phone", "", v.tf("help_person", v.help()))
	v.desk(v.about())
	v.note(page.ToneInfo, "info", "", v.tf("help_where", i18n.Args{"kiosk": v.house.Kiosk, "place": v.house.Place}))
	v.main("continue", "back", "back", page.StylePrimary, session.BoxClosed{})
}

package screen

// Pages of the payment: from the total to the paper.

import (
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/session"
)

func (v *view) paying() {
	switch sc := v.s.Scene.(type) {
	case session.Confirm:
		v.confirm()
	case session.PrinterOut:
		v.printerOut()
	case session.Preparing:
		v.p.Name, v.p.Title, v.p.Lead = "preparing", v.t("preparing_title"), v.t("preparing_lead")
		v.steps(3)
		v.p.Amount = v.money(v.total())
	case session.Changed:
		v.changed()
	case session.Terminal:
		v.terminal(sc)
	case session.Concluding:
		v.p.Name, v.p.Title, v.p.Lead = "concluding", v.t("concluding_title"), v.t("concluding_lead")
		v.steps(3)
		v.p.Amount = v.money(v.total())
	case session.Paid:
		v.paid()
	case session.Printing:
		v.printing(sc)
	case session.PrintFailed:
		v.printFailed(sc)
	case session.OnPhone:
		v.onPhone()
	case session.OnScreen:
		v.onScreen()
	case session.Thanks:
		v.thanks(sc)
	case session.Declined:
		v.declined()
	case session.Doubtful:
		v.doubtful()
	}
}

// total is of the payment once there is one, else of the cart.
func (v *view) total() kiosk.Amount {
	if v.s.Payment.ID != "" {
		return v.s.Payment.Total()
	}
	return v.s.Cart.Total()
}

func (v *view) confirm() {
	c := v.s.Cart
	v.p.Name = "confirm"
	v.steps(3)
	v.p.Title = v.tf("confirm_title", i18n.Args{"total": v.money(c.Total())})
	for i, l := range c.Bills() {
		v.p.List = append(v.p.List, page.Item{
			Icon: "fine", Title: l.Bill.Subject, Sub: v.billLine(l.Bill), Value: v.money(l.Bill.Amount),
			Remove: page.Action{ID: "remove-" + string(rune('0'+i)), Label: v.t("confirm_remove"), Event: session.BillRemoved{Index: i}},
		})
	}
	v.p.Totals = []page.Row{
		{Label: v.t("confirm_fee"), Value: v.money(c.Fee())},
		{Label: v.t("confirm_total"), Value: v.money(c.Total()), Strong: true},
	}
	if c.Full() {
		v.note(page.ToneInfo, "info", v.t("confirm_full_strong"), v.t("confirm_full_text"))
	} else {
		v.note(page.ToneInfo, "qr", v.t("confirm_more_strong"), v.t("confirm_more_text"))
	}
	v.back("back")
	v.pay(c.Total())
}

// pay is the paying button; it says so when no card can be asked for.
func (v *view) pay(total kiosk.Amount) {
	v.p.Main = page.Action{
		ID: "pay", Label: v.tf("confirm_pay", i18n.Args{"total": v.money(total)}), Icon: "go", Style: page.StylePay,
		Event: session.PayPressed{Total: total},
	}
	if !v.s.Devices.CanCharge() {
		v.p.Main.Disabled, v.p.Main.Icon, v.p.Main.Label = true, "", v.t("confirm_closed")
	}
}

func (v *view) printerOut() {
	v.p.Name, v.p.Verdict = "printer-out", page.ToneWarn
	v.steps(3)
	v.p.Title, v.p.Lead = v.t("printerout_title"), v.t("printerout_lead")
	v.p.Amount = v.money(v.s.Cart.Total())
	v.back("back")
	v.pay(v.s.Cart.Total())
}

func (v *view) changed() {
	v.p.Name, v.p.Verdict = "changed", page.ToneWarn
	v.steps(3)
	p := v.s.Payment
	v.p.Title = v.tf("changed_title", i18n.Args{"total": v.money(p.Total())})
	v.p.Lead = v.tf("changed_lead", i18n.Args{"before": v.money(p.Agreed)})
	v.p.Totals = []page.Row{
		{Label: v.t("changed_amount"), Value: v.money(p.Activation.Amount())},
		{Label: v.t("confirm_fee"), Value: v.money(p.Activation.Fee)},
		{Label: v.t("confirm_total"), Value: v.money(p.Total()), Strong: true},
	}
	v.back("changed_no")
	v.pay(p.Total())
}

func (v *view) terminal(sc session.Terminal) {
	v.p.Name = "terminal"
	v.steps(3)
	v.p.Title = v.tf("terminal_title", i18n.Args{"place": v.place(v.house.Terminal)})
	v.p.Amount = v.money(v.total())
	v.p.Picture, v.p.Arrow = page.PictureTerminal, v.house.Terminal
	text := v.t("terminal_red")
	if sc.Message != "" {
		text = v.tf("terminal_says", i18n.Args{"words": v.readerWords(sc.Message)}) + "\n" + text
	}
	v.note(page.ToneInfo, "info", "", text)
}

// readerWords are the words of the terminal's display in the citizen's
// language, the Italian ones behind them so that they can be found on the
// display. What is not known is shown as it is.
func (v *view) readerWords(message string) string {
	shown := strings.ReplaceAll(strings.TrimSpace(message), "*", "")
	for _, w := range []struct{ part, key string }{
		{"PIN", "pin"}, {"RIMUOV", "remove"}, {"ESTRARRE", "remove"}, {"ELABORAZ", "working"}, {"CARTA INSERITA", "working"}, {"ATTEND", "wait"},
		{"INSER", "insert"}, {"AVVICIN", "insert"},
	} {
		if !strings.Contains(strings.ToUpper(shown), w.part) {
			continue
		}
		if v.lang == kiosk.Italian {
			return v.t("reader_" + w.key)
		}
		return v.t("reader_"+w.key) + " (" + shown + ")"
	}
	return shown
}

func (v *view) paid() {
	p := v.s.Payment
	v.steps(4)
	switch session.Paper(p) {
	case kiosk.PaperRefund:
		v.refund()
		return
	case kiosk.PaperPending:
		v.note(page.ToneWarn, "clock", v.t("paid_pending_strong"), v.t("paid_pending_text"))
	}
	v.p.Name, v.p.Verdict = "paid", page.ToneDone
	v.p.Title = v.tf("paid_title", i18n.Args{"total": v.money(p.Total())})
	v.p.Lead = v.t("paid_how")
	if last := p.Result.PAN.Last4(); last != "" {
		v.p.Lead = v.tf("paid_card", i18n.Args{"last": last})
	}
	v.ways()
}

func (v *view) refund() {
	p := v.s.Payment
	v.p.Name, v.p.Verdict, v.p.Title = "refund", page.ToneWarn, v.t("refund_title")
	key := "refund_lead"
	for i := range p.Cart.Count {
		if p.Closings[i] == kiosk.ClosingOK {
			key = "refund_part_lead"
		}
	}
	v.p.Lead = v.tf(key, i18n.Args{"total": v.money(p.Total())})
	v.p.Code = page.Labelled{Label: v.t("code"), Value: p.Ref}
	v.ways()
}

// ways are the places where a receipt can go.
func (v *view) ways() {
	paper := v.tf("paid_paper_text", i18n.Args{"place": v.place(v.house.Printer)})
	canPrint := v.s.Devices.Printer.CanPrint()
	if !canPrint {
		paper = v.t("paid_paper_out")
	}
	v.way("paper", "print", paper, session.WayPaper, canPrint)
	v.p.Choices[0].Act.Disabled = !canPrint
	v.way("phone", "qr", v.t("paid_phone_text"), session.WayPhone, !canPrint)
	v.way("screen", "search", v.t("paid_screen_text"), session.WayScreen, false)
	v.way("none", "noprint", v.tf("paid_none_text", i18n.Args{"ref": v.s.Payment.Ref}), session.WayNone, false)
}

func (v *view) way(id, icon, text string, w session.Way, recommended bool) {
	title := v.t("paid_" + id)
	v.p.Choices = append(v.p.Choices, page.Choice{
		Icon: icon, Title: title, Text: text, Recommended: recommended,
		Act: page.Action{ID: "choice-" + id, Label: title, Event: session.ReceiptChosen{Way: w}},
	})
}

func (v *view) printing(sc session.Printing) {
	v.p.Name = "printing"
	v.steps(4)
	v.p.Title = v.t("printing_title")
	if sc.Kind == kiosk.PaperDoubtful {
		v.p.Title = v.t("printing_doubt_title")
	}
	v.p.Lead = v.tf("printing_lead", i18n.Args{"place": v.place(v.house.Printer)})
	v.p.Picture, v.p.Arrow = page.PicturePrinter, v.house.Printer
}

func (v *view) printFailed(sc session.PrintFailed) {
	v.p.Name, v.p.Verdict = "print-failed", page.ToneWarn
	v.steps(4)
	ref := i18n.Args{"ref": v.s.Payment.Ref}
	again := session.RetryAsked{}
	if sc.Report.Result == kiosk.PrintUnknown {
		v.p.Title = v.t("printunknown_title")
		v.p.Lead = v.tf("printunknown_lead", i18n.Args{"ref": v.s.Payment.Ref, "place": v.place(v.house.Printer)})
		v.choice("yes", "ok", "printfail_yes", v.t("printfail_yes_text"), session.Continued{}, true)
	} else {
		v.p.Title = v.t("printfail_title")
		key := "printfail_lead"
		if sc.Kind == kiosk.PaperDoubtful {
			key = "printfail_doubt_lead"
		}
		v.p.Lead = v.tf(key, ref)
	}
	if v.s.Devices.Printer.CanPrint() {
		v.choice("again", "print", "printfail_again", v.t("printfail_again_text"), again, len(v.p.Choices) == 0)
	}
	v.choice("phone", "qr", "paid_phone", v.t("paid_phone_text"), session.ReceiptChosen{Way: session.WayPhone}, len(v.p.Choices) == 0)
	v.choice("screen", "search", "paid_screen", v.t("paid_screen_text"), session.ReceiptChosen{Way: session.WayScreen}, false)
	v.choice("none", "noprint", "paid_none", v.tf("printfail_none_text", ref), session.ReceiptChosen{Way: session.WayNone}, false)
}

func (v *view) choice(id, icon, title, text string, e session.Event, recommended bool) {
	v.p.Choices = append(v.p.Choices, page.Choice{
		Icon: icon, Title: v.t(title), Text: text, Recommended: recommended,
		Act: page.Action{ID: "choice-" + id, Label: v.t(title), Event: e},
	})
}

func (v *view) onPhone() {
	v.p.Name = "receipt-qr"
	v.steps(4)
	v.p.Title, v.p.Lead = v.t("phone_title"), v.t("phone_lead")
	v.p.QR = PublicPage(v.house.PublicURL, v.s.Payment.Activation.Token)
	v.p.Code = page.Labelled{Label: v.t("code"), Value: v.s.Payment.Ref}
	v.back("back")
	v.main("continue", "end", "", page.StylePrimary, session.Continued{})
}

// PublicPage is the address of the citizen's page of a payment.
func PublicPage(base, token string) string {
	if base == "" || token == "" {
		return ""
	}
	return base + "/r/" + token
}

// onScreen shows everything that would stand on the paper.
func (v *view) onScreen() {
	p := v.s.Payment
	v.p.Name = "receipt-screen"
	v.steps(4)
	v.p.Title = v.t("onscreen_title")
	state := "onscreen_state_paid"
	switch session.Paper(p) {
	case kiosk.PaperPending:
		state = "onscreen_state_pending"
	case kiosk.PaperRefund:
		state = "onscreen_state_refund"
	case kiosk.PaperDoubtful:
		state = "onscreen_state_doubt"
		v.p.Title = v.t("onscreen_doubt_title")
	}
	v.p.Card = []page.Row{{Label: v.t("onscreen_state"), Value: v.t(state)}, {Label: v.t("code"), Value: p.Ref}}
	if p.ResultAt.UnixMilli != 0 {
		v.printedRow("at", i18n.DateTime(v.lang, p.ResultAt))
	}
	for i, l := range p.Cart.Bills() {
		v.billOnScreen(i, l.Bill)
	}
	v.p.Card = append(v.p.Card, page.Row{Label: v.t("bill_fee"), Value: v.money(p.Fee())})
	if last := p.Result.PAN.Last4(); last != "" {
		v.p.Card = append(v.p.Card, page.Row{Label: v.t("onscreen_card"), Value: v.tf("onscreen_card_value", i18n.Args{"last": last, "auth": p.Result.AuthCode})})
	}
	if p.Result.STAN != "" {
		v.printedRow("terminal", beside(p.Result.TerminalID, "STAN "+p.Result.STAN))
	}
	v.p.Card = append(v.p.Card,
		page.Row{Label: v.t("onscreen_psp"), Value: beside(v.house.PSPName, v.house.PSPCode)},
		page.Row{Label: v.t("onscreen_id"), Value: string(p.ID)},
		page.Row{Label: v.t("onscreen_total"), Value: v.money(p.Total()), Strong: true})
	v.back("back")
	v.main("continue", "end", "", page.StylePrimary, session.Continued{})
}

// billOnScreen is one creditor's section of the receipt.
func (v *view) billOnScreen(i int, b kiosk.Bill) {
	p := v.s.Payment
	amount, iuv, token := b.Amount, b.IUV, ""
	if p.Activation.Count > i {
		a := p.Activation.Bills[i]
		amount, token = a.Amount, a.Token
		if a.IUV != "" {
			iuv = a.IUV
		}
	}
	if iuv == "" {
		iuv = b.Notice.IUV()
	}
	service, desk := Printed(v.s.Catalogue, b, v.lang)
	v.p.Card = append(v.p.Card, page.Row{Label: v.t("bill_creditor"), Value: beside(b.CreditorName, string(b.Creditor))})
	v.printedRow("service", service)
	v.p.Card = append(v.p.Card,
		page.Row{Label: v.t("bill_subject"), Value: b.Subject + ", " + v.money(amount)},
		page.Row{Label: v.t("bill_number"), Value: b.Notice.Grouped()})
	v.printedRow("iuv", iuv)
	v.printedRow("token", token)
	for _, later := range p.Cart.Bills()[i+1:] {
		if later.Bill.Creditor == b.Creditor {
			desk = "" // once, with the last bill of a creditor
		}
	}
	v.printedRow("desk", desk)
}

// beside is a name and its number, which need no label of its own.
func beside(name, number string) string {
	if name == "" || number == "" {
		return name + number
	}
	return name + ", " + number
}

// printedRow is a row under the label that the paper gives it; an empty value has none.
func (v *view) printedRow(key, value string) {
	if value != "" {
		v.p.Card = append(v.p.Card, page.Row{Label: i18n.T(v.lang, "receipt_"+key, nil), Value: value})
	}
}

func (v *view) thanks(sc session.Thanks) {
	v.p.Name, v.p.Verdict, v.p.Title = "thanks", page.ToneDone, v.t("thanks_title")
	v.steps(4)
	v.p.Lead = v.t("thanks_lead")
	if sc.Paper {
		v.p.Lead = v.tf("thanks_paper", i18n.Args{"place": v.place(v.house.Printer)}) + " " + v.p.Lead
		v.p.Picture, v.p.Arrow = page.PictureTake, v.house.Printer
	} else if v.s.Payment.Ref != "" {
		v.note(page.ToneInfo, "info", "", v.tf("thanks_code", i18n.Args{"ref": v.s.Payment.Ref, "phone": v.house.HelpPhone}))
	}
	v.cardInReader()
	v.main("continue", "end", "", page.StylePrimary, session.Continued{})
}

func (v *view) declined() {
	v.p.Name, v.p.Verdict = "declined", page.ToneBad
	v.steps(3)
	v.p.Title, v.p.Lead = v.t("declined_title"), v.t("declined_lead")
	if r := v.s.Payment.Result.Reason; r != "" {
		v.note(page.ToneInfo, "info", v.t("declined_says"), r)
	}
	v.back("declined_leave")
	v.main("retry", "retry", "go", page.StylePrimary, session.RetryAsked{})
}

func (v *view) doubtful() {
	p := v.s.Payment
	v.p.Name, v.p.Verdict = "doubtful", page.ToneWarn
	v.steps(4)
	v.p.Title, v.p.Lead = v.t("doubtful_title"), v.t("doubtful_lead")
	v.p.Card = []page.Row{
		{Label: v.t("doubtful_if_paid"), Value: v.t("doubtful_if_paid_value")},
		{Label: v.t("doubtful_if_not"), Value: v.t("doubtful_if_not_value")},
		{Label: v.t("code"), Value: p.Ref, Strong: true},
	}
	v.note(page.ToneInfo, "phone", "", v.tf("doubtful_follow", v.help()))
	qr := page.Action{ID: "choice-phone", Label: v.t("doubtful_qr"), Event: session.ReceiptChosen{Way: session.WayPhone}}
	if v.s.Devices.Printer.CanPrint() {
		v.p.Back = qr
		v.main("choice-paper", "doubtful_print", "print", page.StylePrimary, session.ReceiptChosen{Way: session.WayPaper})
		return
	}
	v.back("exit_end")
	v.p.Back.Event = session.Continued{}
	v.p.Main = qr
	v.p.Main.Icon, v.p.Main.Style = "qr", page.StylePrimary
}

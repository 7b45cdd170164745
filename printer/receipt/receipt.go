package receipt

// From a receipt to its lines.

import (
	"slices"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
)

// Lines says what stands on the paper of r, from top to bottom.
func Lines(r kiosk.Receipt) []Line {
	r.Kind = Truth(r)
	w := &writer{r: r}
	w.head()
	w.amounts()
	for i, b := range w.bills() {
		w.bill(i, b)
	}
	w.operation()
	w.card()
	w.foot()
	return w.lines
}

// Truth is the kind of paper that the facts in r bear out: never more than its
// Kind claims. Only a charge that was made with all bills closed is a receipt.
func Truth(r kiosk.Receipt) kiosk.PaperKind {
	switch {
	case (r.Kind == kiosk.PaperVoid || r.Kind == kiosk.PaperDoubtful) && r.Charge.Outcome == kiosk.Refused: // decided since it was asked for
		return kiosk.PaperVoid
	case r.Charge.Outcome != kiosk.Charged:
		return kiosk.PaperDoubtful
	}
	open, refund := r.Count < 1, false
	for _, b := range used(r) {
		open = open || b.Closing == kiosk.ClosingOpen
		refund = refund || owedBack(b)
	}
	switch {
	case r.Kind == kiosk.PaperDoubtful, r.Kind == kiosk.PaperPending:
		return r.Kind
	case r.Kind == kiosk.PaperReceipt && !open && !refund:
		return kiosk.PaperReceipt
	case refund:
		return kiosk.PaperRefund
	case r.Kind == kiosk.PaperRefund && !open:
		return kiosk.PaperRefund
	default:
		return kiosk.PaperPending
	}
}

// owedBack says that the citizen gets the money of a bill back.
func owedBack(b kiosk.ReceiptBill) bool {
	switch b.Closing {
	case kiosk.ClosingKO, kiosk.ClosingDuplicate, kiosk.ClosingRefundDue:
		return true
	}
	return false
}

func used(r kiosk.Receipt) []kiosk.ReceiptBill {
	return r.Bills[:max(0, min(r.Count, kiosk.MaxBills))]
}

// writer gathers the lines of one paper.
type writer struct {
	r     kiosk.Receipt
	lines []Line
}

func (w *writer) bills() []kiosk.ReceiptBill { return used(w.r) }

func (w *writer) add(l Line) { w.lines = append(w.lines, l) }

func (w *writer) t(key string) string { return i18n.T(w.r.Language, "receipt_"+key, nil) }

// italian is the Italian text of a key, or nothing when it stands there already.
func (w *writer) italian(key string) string {
	it := i18n.T(kiosk.Italian, "receipt_"+key, nil)
	if w.r.Language == kiosk.Italian || it == w.t(key) {
		return ""
	}
	return it
}

func (w *writer) money(a kiosk.Amount) string { return i18n.Money(w.r.Language, a) }

// field writes a label over its value; an empty value leaves nothing. law says
// that the Italian word belongs beside the label.
func (w *writer) field(key, value string, law bool) { w.labelled(Field, key, value, law) }

func (w *writer) pair(key, value string) { w.labelled(Pair, key, value, false) }

func (w *writer) labelled(kind Kind, key, value string, law bool) {
	if value == "" {
		return
	}
	l := Line{Kind: kind, Label: w.t(key), Text: value}
	if law {
		l.Italian = w.italian(key)
	}
	w.add(l)
}

func (w *writer) rule() { w.add(Line{Kind: Rule}) }

// head is the title and the state in plain words.
func (w *writer) head() {
	kind := string(w.r.Kind)
	w.add(Line{Kind: Text, Text: i18n.T(w.r.Language, "common_body_service", nil)})
	w.add(Line{Kind: Title, Text: w.t("title_" + kind), Italian: w.italian("title_" + kind)})
	w.add(Line{Kind: Text, Text: w.t("state_" + kind)})
	if w.r.Kind == kiosk.PaperPending || w.r.Kind == kiosk.PaperDoubtful {
		w.add(Line{Kind: Note, Text: w.t("do_not_pay_again"), Italian: w.italian("do_not_pay_again")})
		w.add(Line{Kind: Space})
		return
	}
	w.rule()
}

// amounts are what was paid, the fee and the total apart.
func (w *writer) amounts() {
	var bills, back kiosk.Amount
	for _, b := range w.bills() {
		bills += b.Amount
		if owedBack(b) {
			back += b.Amount + b.Fee
		}
	}
	w.labelled(Pair, "amount", w.money(bills), true)
	w.labelled(Pair, "fee", w.money(w.r.Fee), true)
	switch {
	case w.r.Kind == kiosk.PaperDoubtful:
		w.labelled(Total, "total_asked", w.money(w.r.Total), true)
	case w.r.Kind == kiosk.PaperVoid:
		w.labelled(Total, "total_void", w.money(w.r.Total), true)
	case w.r.Kind == kiosk.PaperRefund && back > 0:
		w.labelled(Pair, "total_charged", w.money(w.r.Total), true)
		w.labelled(Total, "total_back", w.money(back), true)
	default:
		w.labelled(Total, "total", w.money(w.r.Total), true)
	}
	w.labelled(Pair, "at", i18n.DateTime(w.r.Language, w.r.At), true)
	if !w.r.At.Trusted {
		w.add(Line{Kind: Text, Text: w.t("clock_untrusted")})
	}
}

// bill is one creditor's section.
func (w *writer) bill(i int, b kiosk.ReceiptBill) {
	w.rule()
	h := Line{Kind: Heading, Label: w.t("creditor"), Text: b.Bill.CreditorName, Italian: w.italian("creditor")}
	if w.r.Count > 1 {
		args := i18n.Args{"n": i + 1, "of": len(w.bills())}
		h.Label = i18n.T(w.r.Language, "receipt_creditor_of", args)
	}
	w.add(h)
	w.labelled(Pair, "creditor_code", string(b.Bill.Creditor), true)
	w.field("service", b.Service, false)
	w.field("subject", b.Bill.Subject, true)
	w.pair("instalment", b.Bill.Instalment)
	w.labelled(Pair, "notice", b.Bill.Notice.Grouped(), true)
	w.pair("iuv", iuv(b.Bill))
	w.field("token", b.Token, true)
	if w.r.Count > 1 {
		w.pair("amount", w.money(b.Amount))
		w.pair("fee", w.money(b.Fee))
	}
	if w.r.Kind == kiosk.PaperRefund || (w.r.Kind == kiosk.PaperPending && b.Closing == kiosk.ClosingOK) {
		w.pair("closing", w.t(closingKey(b.Closing)))
	}
	if !slices.ContainsFunc(w.bills()[i+1:], func(later kiosk.ReceiptBill) bool { return later.Desk == b.Desk }) {
		w.field("desk", b.Desk, false) // once, with the last bill of a creditor
	}
}

func iuv(b kiosk.Bill) string {
	if b.IUV != "" {
		return b.IUV
	}
	return b.Notice.IUV()
}

func closingKey(c kiosk.Closing) string {
	switch c {
	case kiosk.ClosingOK:
		return "closing_ok"
	case kiosk.ClosingOpen:
		return "closing_open"
	default:
		return "closing_back"
	}
}

// operation is who took the payment, where, and under which numbers.
func (w *writer) operation() {
	w.rule()
	w.field("payment", string(w.r.Payment), false)
	w.pair("number", w.r.Number)
	w.labelled(Pair, "psp", w.r.PSPName, true)
	w.labelled(Pair, "psp_code", w.r.PSPCode, true)
	w.pair("kiosk", w.r.Kiosk)
	w.pair("place", w.r.KioskPlace)
}

// card is what the terminal told.
func (w *writer) card() {
	c := w.r.Charge
	w.rule()
	w.pair("card", maskedCard(c))
	w.pair("auth_code", c.AuthCode)
	w.pair("stan", c.STAN)
	w.pair("terminal", c.TerminalID)
	w.pair("acquirer", c.Acquirer)
}

// maskedCard shows the last four digits and no more, whatever the terminal sent.
func maskedCard(c kiosk.ChargeResult) string {
	last := c.PAN.Last4()
	if last == "" {
		return ""
	}
	if c.CardKind == "bancomat" {
		return "PagoBANCOMAT **** " + last
	}
	return "**** " + last
}

// foot is where to ask and look again.
func (w *writer) foot() {
	w.rule()
	w.labelled(Heading, "ref", w.r.Ref, false)
	if w.r.Help != "" {
		w.add(Line{Kind: Text, Text: i18n.T(w.r.Language, "receipt_help", i18n.Args{"phone": w.r.Help})})
		if w.r.HelpHours != "" {
			w.add(Line{Kind: Text, Text: w.r.HelpHours})
		}
	}
	if w.r.PublicURL != "" {
		w.add(Line{Kind: Space})
		w.add(Line{Kind: QR, Text: w.r.PublicURL, Label: w.t("qr_" + string(w.r.Kind))})
	}
	w.add(Line{Kind: RollText, Text: w.t("thermal")})
}

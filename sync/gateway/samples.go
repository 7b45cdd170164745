package gateway

// The papers of the demonstration: one debt for each case that a kiosk meets.

import (
	"fmt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// Creditors of the demonstration. Prato's code is its real, public one.
const (
	prato  kiosk.CreditorCode = "84006890481"
	pisa   kiosk.CreditorCode = "00341620508"
	silent kiosk.CreditorCode = "77777777777" // a test body whose system never answers
)

const pratoGLN = "8088888800112"

// Sample is one paper to hold under the reader.
type Sample struct {
	Name     string             // of the case: "tari-late"
	Subject  string             // what the bill is for, as the gateway shows it
	Creditor kiosk.CreditorCode // 11 digits
	Notice   kiosk.NoticeNumber // 18 digits
	Paper    kiosk.Amount       // printed on the paper
	Amount   kiosk.Amount       // owed at lookup; 0 when the gateway does not know the bill
	Asked    kiosk.Amount       // asked for by an activation
	Status   kiosk.BillStatus   // at lookup; "" where the lookup itself is refused
	Refusal  kiosk.Code         // the code of that refusal, or of the activation's
	QR       string             // text of the QR code
	GS1      string             // text of the GS1-128 bar code of older notices, or ""
	Note     string             // what is special about it

	Service string           // of the catalogue, or ""
	Debtor  kiosk.FiscalCode // whose card finds it, or ""
	Form    []string         // what finds it when typed into the service's form, or nil
}

// sampleRow is what a sample and its debt are made of.
type sampleRow struct {
	name, subject, instalment, note string
	creditor                        kiosk.CreditorCode
	base                            int // 13 digits of the notice number
	paper, amount, asked            kiosk.Amount
	days                            int // due so many days after the seeding
	state                           string
	hold                            outcome.State // a payment of another channel that stands on it
	standIn                         bool

	service string
	debtor  kiosk.FiscalCode
	form    []string // the values in the order of the fields
	keys    []formKey
}

// formKey is one value by which a form finds a debt.
type formKey struct{ field, value string }

// sampleRows is the table; amounts left out are those on the paper.
func sampleRows() []sampleRow {
	return []sampleRow{
		{name: "tari-late", subject: "TARI 2026, seconda rata", instalment: "rata 2 di 2", base: 1234567, paper: 8400, amount: 8640, days: -53,
			note: "late: 2.40 euro more than on the paper"},
		{name: "fine-reduced", subject: "Multa, verbale 4471/2026, importo ridotto", base: 447100001, paper: 2940, days: 4, note: "a fine, plain case"},
		{name: "meals", subject: "Mensa scolastica, ottobre 2026", base: 2610000012, paper: 6250, days: 8, note: "school meals, plain case"},
		{name: "tia", subject: "TIA, conguaglio anni precedenti", base: 912000345, paper: 4120, days: 20, note: "waste tariff, plain case"},
		{name: "paid", subject: "Mensa scolastica, settembre 2026", base: 2609000012, paper: 5875, days: -20, state: "paid", note: "paid already"},
		{name: "expired", subject: "Multa, verbale 1203/2026, importo ridotto", base: 120300007, paper: 2940, days: -70, state: "expired",
			note: "the creditor takes the reduced amount no more"},
		{name: "revoked", subject: "Multa, verbale 3318/2026", base: 331800002, paper: 4200, days: 30, state: "revoked", note: "revoked by the creditor"},
		{name: "in-payment", subject: "Trasporto scolastico, primo trimestre", base: 3301000077, paper: 9000, days: 12, hold: outcome.Active,
			note: "somebody is paying it at a counter"},
		{name: "in-verification", subject: "Passo carrabile 2026", base: 5502000019, paper: 10480, days: 15, hold: outcome.Doubtful,
			note: "a charge of unknown result stands on it"},
		{name: "amount-changes", subject: "Multa, verbale 5120/2026", base: 512000003, paper: 3000, asked: 3010, days: 2,
			note: "the amount changes between lookup and activation"},
		{name: "long-subject", subject: "Occupazione suolo pubblico, mercato settimanale, saldo terzo trimestre", base: 7001000468, paper: 21355, days: 25,
			note: "a subject of 70 characters"},
		{name: "music-school", subject: "Scuola di musica Verdi, prima rata", instalment: "rata 1 di 3", base: 4404000150, paper: 15000, days: 18,
			note: "an instalment"},
		{name: "small", subject: "Permesso ZTL giornaliero", base: 8808000002, paper: 200, days: 1, note: "two euros"},
		{name: "large", subject: "Oneri di urbanizzazione, prima rata", instalment: "rata 1 di 4", base: 9909001234, paper: 1234567, days: 40,
			note: "twelve thousand euros"},
		{name: "too-large", subject: "Oneri concessori, unica soluzione", base: 9909009999, paper: 99999999, days: 40,
			note: "with the fee more than one card payment can carry"},
		{name: "stand-in", subject: "Lampade votive 2026", base: 6606000031, paper: 1830, days: 35, standIn: true, note: "answered by the national archive"},
		{name: "pisa-fine", subject: "Multa 4471/2026, ridotta", creditor: pisa, base: 447100044, paper: 8540, days: 5, note: "another city's, for a cart of two"},
	}
}

func (r sampleRow) filled() sampleRow {
	if r.creditor == "" {
		r.creditor = prato
	}
	if r.amount == 0 {
		r.amount = r.paper
	}
	if r.asked == 0 {
		r.asked = r.amount
	}
	if r.state == "" {
		r.state = "open"
	}
	return r
}

// notice makes a valid notice number: aux digit 3, segregation code 02, 13
// digits, and the first sixteen mod 93 (SACI 1.4.0, 2.1).
func (r sampleRow) notice() kiosk.NoticeNumber {
	first := 302_0000000000000 + int64(r.base)
	return kiosk.NoticeNumber(fmt.Sprintf("%016d%02d", first, first%93))
}

func (r sampleRow) status() kiosk.BillStatus {
	switch {
	case r.state != "open":
		return kiosk.BillStatus(r.state)
	case r.hold == outcome.Active:
		return kiosk.BillInPayment
	case r.hold == outcome.Doubtful:
		return kiosk.BillInVerification
	default:
		return kiosk.BillPayable
	}
}

func (r sampleRow) sample() Sample {
	s := Sample{
		Name: r.name, Subject: r.subject, Creditor: r.creditor, Notice: r.notice(), Paper: r.paper, Amount: r.amount, Asked: r.asked,
		Status: r.status(), QR: qrText(r.notice(), r.creditor, r.paper), Note: r.note,
		Service: r.service, Debtor: r.debtor, Form: r.form,
	}
	if s.Status != kiosk.BillPayable {
		s.Refusal = kiosk.Code("bill-" + s.Status)
	}
	if r.asked+feePerNotice > kiosk.MaxCharge {
		s.Refusal = kiosk.CodeTotalTooLarge
	}
	if r.creditor == prato {
		s.GS1 = fmt.Sprintf("415%s8020%s3902%06d", pratoGLN, r.notice(), r.paper.Cents())
	}
	return s
}

func qrText(n kiosk.NoticeNumber, c kiosk.CreditorCode, a kiosk.Amount) string {
	return fmt.Sprintf("PAGOPA|002|%s|%s|%02d", n, c, a.Cents())
}

// Samples are the papers that the demonstration's dock offers: those that
// [Store.Seed] writes, and three that the gateway does not know what to do with.
func Samples() []Sample {
	var all []Sample
	for _, r := range sampleRows() {
		all = append(all, r.filled().sample())
	}
	stray := func(name, note string, c kiosk.CreditorCode, base int) Sample {
		r := sampleRow{name: name, note: note, creditor: c, base: base, paper: 5000}.filled()
		s := r.sample()
		s.Amount, s.Asked, s.Status, s.GS1 = 0, 0, "", ""
		return s
	}
	unknown := stray("unknown", "the creditor does not know the number", prato, 404)
	unknown.Status, unknown.Refusal = kiosk.BillUnknown, kiosk.CodeBillUnknown
	noCreditor := stray("creditor-unknown", "the gateway does not know the creditor", "01234567897", 405)
	noCreditor.Refusal = kiosk.CodeCreditorUnknown
	mute := stray("creditor-silent", "the creditor's system does not answer", silent, 406)
	mute.Refusal = kiosk.CodeCreditorSilent
	return append(all, unknown, noCreditor, mute)
}

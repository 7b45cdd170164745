package screen

// The catalogue's words of a bill: for what it is, and who answers questions.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/test/pages"
)

func pisaFine() kiosk.Quote {
	q := kiosk.Quote{Bill: pages.Cart().Lines[0].Bill, Fee: 170}
	q.Bill.Creditor, q.Bill.CreditorName, q.Bill.Service, q.Bill.Status = "00341620508", "Comune di Pisa", "pisa-multe", kiosk.BillPayable
	return q
}

func TestWhatIsPrintedOfTheCatalogue(t *testing.T) {
	c, b := pages.Catalogue(), pisaFine().Bill
	svc, _ := c.Service("pisa-multe")
	for _, lang := range kiosk.Languages() {
		service, desk := Printed(c, b, lang)
		if service == "" || service != svc.Receipt[lang] {
			t.Errorf("%s: service %q", lang, service)
		}
		if cr, _ := c.Creditor(b.Creditor); !strings.Contains(desk, cr.Phone) || !strings.Contains(desk, cr.Hours[lang]) || cr.Hours[lang] == "" {
			t.Errorf("%s: desk %q", lang, desk)
		}
	}
	other := b
	other.Service = "livorno-multe" // of another creditor: the gateway's mistake is not printed
	if service, _ := Printed(c, other, kiosk.Italian); service != "" {
		t.Errorf("service %q of another creditor", service)
	}
	if service, desk := Printed(nil, b, kiosk.Italian); service != "" || desk != "" {
		t.Errorf("without a catalogue: %q, %q", service, desk)
	}
}

// Where only the creditor's office knows more, its own line is named, and
// elsewhere that of the kiosk.
func TestWhoIsToBeCalled(t *testing.T) {
	c := pages.Catalogue()
	desk := "050\u00a0910111"
	for _, lang := range kiosk.Languages() {
		for code, want := range map[kiosk.Code]bool{
			kiosk.CodeNothingOwed: true, kiosk.CodeBillExpired: true, kiosk.CodeBillRevoked: true, kiosk.CodeBillUnknown: true,
			kiosk.CodeBillInPayment: false, kiosk.CodeGatewayBusy: false, kiosk.CodeCreditorSilent: false,
		} {
			for name, sc := range map[string]session.Refused{
				"bill":   {Code: code, Quote: pisaFine()},
				"form":   {Code: code, Form: kiosk.Form{Service: "pisa-multe"}},
				"notice": {Code: code, Notice: kiosk.Notice{Creditor: "00341620508"}},
			} {
				p := Render(session.State{Language: lang, Catalogue: c, Scene: sc}, house())
				notes := fmt.Sprint(p.Notes)
				if got := strings.Contains(notes, desk); got != want || got == strings.Contains(notes, house().HelpPhone) || len(p.Notes) != 1 {
					t.Errorf("%s %s %s: %s", lang, code, name, notes)
				}
			}
		}
		unknown := session.Refused{Code: kiosk.CodeBillUnknown, Notice: kiosk.Notice{Creditor: "01234567897"}}
		if notes := fmt.Sprint(Render(session.State{Language: lang, Catalogue: c, Scene: unknown}, house()).Notes); !strings.Contains(notes, house().HelpPhone) {
			t.Errorf("%s: a creditor that the catalogue does not know: %s", lang, notes)
		}
		help := session.State{Language: lang, Catalogue: c, Scene: session.Form{Service: "pisa-multe"}, Overlay: session.HelpPage{}}
		if notes := fmt.Sprint(Render(help, house()).Notes); !strings.Contains(notes, desk) || !strings.Contains(notes, house().HelpPhone) {
			t.Errorf("%s: help over a form: %s", lang, notes)
		}
	}
}

// The hours of the kiosk's own help line are said as each language says them.
func TestHoursOfTheHelpLine(t *testing.T) {
	h := house()
	h.HelpHours, h.HoursIn = "lun-ven 9-13", kiosk.Text{kiosk.English: "Mon-Fri 9-13", kiosk.Chinese: ""}
	for lang, want := range map[kiosk.Language]string{kiosk.Italian: "lun-ven 9-13", kiosk.English: "Mon-Fri 9-13", kiosk.Chinese: "lun-ven 9-13"} {
		state := session.State{Language: lang, Scene: session.Refused{Code: kiosk.CodeGatewayBusy}}
		if notes := fmt.Sprint(Render(state, h).Notes); !strings.Contains(notes, want) {
			t.Errorf("%s: %s", lang, notes)
		}
	}
}

// Where nothing is owed, what was searched for is shown, so that a slip is seen;
// what the card said is not.
func TestNothingOwedShowsWhatWasTyped(t *testing.T) {
	form := kiosk.Form{Service: "toscana-bollo", Values: [kiosk.MaxFields]kiosk.FormValue{"car", "AB123CD"}}
	tari := kiosk.Form{Service: "prato-tari", Values: [kiosk.MaxFields]kiosk.FormValue{"123456", session.FromCard}}
	for lang, want := range map[kiosk.Language]string{kiosk.Italian: "Auto, furgone, camper", kiosk.English: "Car, van, camper", kiosk.Chinese: "汽车、货车、房车（auto）"} {
		state := session.State{Language: lang, Catalogue: pages.Catalogue(), Scene: session.Refused{Code: kiosk.CodeNothingOwed, Form: form}}
		if rows := Render(state, house()).Card; len(rows) != 3 || rows[1].Value != want || rows[2].Value != "AB123CD" {
			t.Errorf("%s: %v", lang, rows)
		}
		state.Scene = session.Refused{Code: kiosk.CodeNothingOwed, Form: tari}
		if rows := Render(state, house()).Card; len(rows) != 2 || rows[1].Value != "123456" {
			t.Errorf("%s: %v", lang, rows)
		}
	}
}

// The creditor's subject is Italian; who reads another language is told what it
// is, on the bill's page and on the receipt's.
func TestTheServiceInTheReadersLanguage(t *testing.T) {
	c := pages.Catalogue()
	for lang, want := range map[kiosk.Language]string{kiosk.English: "Traffic fine (multa)", kiosk.Chinese: "交通罚款（Multa）"} {
		rows := fmt.Sprint(Render(session.State{Language: lang, Catalogue: c, Scene: session.Review{Quote: pisaFine()}}, house()).Card)
		if !strings.Contains(rows, want) || !strings.Contains(rows, pisaFine().Bill.Subject) {
			t.Errorf("%s: %s", lang, rows)
		}
	}
	italian := fmt.Sprint(Render(session.State{Language: kiosk.Italian, Catalogue: c, Scene: session.Review{Quote: pisaFine()}}, house()).Card)
	if strings.Contains(italian, "codice della strada") {
		t.Errorf("said twice: %s", italian)
	}
}

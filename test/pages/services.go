package pages

// The situations of the services: the shipped catalogue, its forms, what a
// search found.

import (
	"fmt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

// Catalogue is the shipped one.
func Catalogue() *kiosk.Catalogue {
	c, err := catalogue.Load()
	if err != nil {
		panic(fmt.Sprintf("the shipped catalogue: %v", err))
	}
	return c
}

// Found are bills of several creditors: late, in instalments, paid already.
func Found() kiosk.Found {
	f := kiosk.Found{}.With(kiosk.Quote{Bill: Cart().Lines[0].Bill, Fee: 100})
	for i, b := range []kiosk.Bill{
		{CreditorName: "Comune di Prato", Subject: "TARI 2026, seconda rata", Instalment: "rata 2 di 2", Amount: 8640, Due: kiosk.Date{Year: 2026, Month: 9, Day: 30}, Late: true},
		{CreditorName: "Comune di Pisa", Subject: "Multa 4471/2026, ridotta", Instalment: "entro 5 giorni", Amount: 8540, Due: kiosk.Date{Year: 2026, Month: 11, Day: 27}},
		{CreditorName: "Comune di Prato", Subject: "Mensa scolastica, ottobre 2026", Amount: 6250, Due: kiosk.Date{Year: 2026, Month: 11, Day: 30}, Status: kiosk.BillInPayment},
		{CreditorName: "Regione Toscana", Subject: "Tassa automobilistica 2026, targa AB123CD", Amount: 21734, Due: kiosk.Date{Year: 2026, Month: 12, Day: 31}},
		{CreditorName: "Azienda USL Toscana centro", Subject: "Visita cardiologica, ticket", Amount: 3615},
	} {
		b.ID, b.Creditor, b.Notice = fmt.Sprintf("f%d", i), "84006890481", kiosk.NoticeNumber(fmt.Sprintf("30200000000000%04d", 5000+i))
		if b.Status == "" {
			b.Status = kiosk.BillPayable
		}
		f = f.With(kiosk.Quote{Bill: b, Fee: 100})
	}
	return f
}

// Services are the scenes of the services.
func Services() []session.Scene {
	values := func(vs ...kiosk.FormValue) (out [kiosk.MaxFields]kiosk.FormValue) {
		copy(out[:], vs)
		return out
	}
	plate := session.Form{Service: "toscana-bollo", At: 1, Values: values("car", "AB123")}
	doubt := session.Form{Service: "toscana-bollo", At: 1, Values: values("car", "AA12345")}
	filled := kiosk.Form{Service: "prato-multe", Values: values("4471", "15102026", "AB123CD")}
	return []session.Scene{
		session.Services{}, session.Services{Group: "auto"}, session.Services{Group: "casa"}, session.SearchService{}, session.SearchService{Text: "MENS"},
		session.SearchService{Text: "ZZ"}, session.ServiceHits{Text: "PRATO"}, session.Scan{Service: "prato-imu"},
		session.Form{Service: "toscana-bollo"}, plate, session.FormDoubt{Form: doubt, Flaw: "vehicle"},
		session.Form{Service: "prato-tari", At: 1, Values: values("123456", "RSSMRA80")}, session.Form{Service: "prato-tari", At: 1, Values: values("123456", session.FromCard)},
		session.Form{Service: "prato-soggiorno", At: 2, Values: values("00337360978", "2026", "2")},
		session.Form{Service: "prato-multe", At: 0}, session.Form{Service: "prato-multe", At: 1, Values: values("4471", "1510")},
		session.FindingBills{Form: filled}, session.Choose{Found: Found(), Picked: 2 + 4}, session.Choose{Found: Found()},
		session.Review{Quote: Found().Quotes[2], Found: true, Form: filled},
		session.Refused{Code: kiosk.CodeNothingOwed, Form: filled}, session.Refused{Code: kiosk.CodeGatewayBusy, Ref: "QRTZ-22", Form: filled},
	}
}

package operator

// Doubts, refunds and alarms: what waits for a person.

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/fleet"
)

const mostCases = 300

type casesData struct {
	Doubtful []gateway.PaymentLine
	Open     []gateway.RefundCase
	Settled  []gateway.RefundCase
	Owed     kiosk.Amount
	Names    map[string]string
}

func (p *pages) cases(w http.ResponseWriter, r *http.Request, in *visit) {
	var s *say
	if r.URL.Query().Get("done") == "settled" {
		s = &say{Text: "Rimborso saldato e scritto nel libro."}
	}
	p.showCases(w, r, in, http.StatusOK, s)
}

func (p *pages) showCases(w http.ResponseWriter, r *http.Request, in *visit, status int, s *say) {
	d, err := p.casesData(r)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	p.show(w, in, status, "cases.html", view{Title: "Casi", Here: "cases", Say: s, Data: d})
}

func (p *pages) casesData(r *http.Request) (d casesData, err error) {
	d.Doubtful, _, err = p.store.SearchPayments(r.Context(), gateway.PaymentSearch{State: api.PaymentStateInVerification, Most: mostCases})
	if err != nil {
		return d, err
	}
	if d.Open, err = p.store.RefundCases(r.Context(), false, mostCases); err != nil {
		return d, err
	}
	for _, c := range d.Open {
		d.Owed += c.Amount
	}
	if d.Settled, err = p.store.RefundCases(r.Context(), true, 50); err != nil {
		return d, err
	}
	d.Names, err = p.store.CreditorNames(r.Context())
	return d, err
}

// settle ends a refund case by a transfer.
func (p *pages) settle(w http.ResponseWriter, r *http.Request, in *visit) {
	x := gateway.Settlement{
		Payment: r.PostFormValue("payment"), Bill: r.PostFormValue("bill"), Reference: strings.TrimSpace(r.PostFormValue("reference")), By: in.session.Operator.Name,
	}
	a := in.action("refund.settle", x.Payment, x.Bill+" "+x.Reference)
	err := p.store.SettleRefund(r.Context(), x, a)
	text := ""
	switch {
	case err == nil:
		http.Redirect(w, r, "/op/cases?done=settled", http.StatusSeeOther)
		return
	case errors.Is(err, gateway.ErrReference):
		text = "Serve il riferimento del bonifico (CRO o TRN): da 6 a 35 lettere e cifre. Nulla è cambiato."
	case errors.Is(err, gateway.ErrRefunded):
		text = "Questo rimborso era già saldato: nulla è cambiato."
	case errors.Is(err, gateway.ErrNoRefund):
		text = "Per questo avviso non c'è nulla da restituire."
	default:
		p.refused(r.Context(), a, err)
		p.fail(w, r, in, err)
		return
	}
	p.refused(r.Context(), a, err)
	p.showCases(w, r, in, http.StatusUnprocessableEntity, &say{Bad: true, Text: text})
}

type alarmsData struct {
	Fleet      []kioskAlarm
	Open, Seen []gateway.Notice
}

// kioskAlarm is an open alarm of a kiosk itself.
type kioskAlarm struct {
	fleet.Alarm
	Why string
}

func (p *pages) alarms(w http.ResponseWriter, r *http.Request, in *visit) {
	var s *say
	if r.URL.Query().Get("done") == "seen" {
		s = &say{Text: "Presa nota. La riga resta nel libro com'è."}
	}
	p.showAlarms(w, r, in, http.StatusOK, s)
}

func (p *pages) showAlarms(w http.ResponseWriter, r *http.Request, in *visit, status int, s *say) {
	var d alarmsData
	var err error
	if d.Open, err = p.store.Notices(r.Context(), false, mostCases); err == nil {
		d.Seen, err = p.store.Notices(r.Context(), true, 50)
	}
	if err == nil {
		d.Fleet, err = p.fleetAlarms(r)
	}
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	p.show(w, in, status, "alarms.html", view{Title: "Allarmi", Here: "alarms", Say: s, Data: d})
}

// fleetAlarms are the open alarms of the kiosks, the oldest first.
func (p *pages) fleetAlarms(r *http.Request) (all []kioskAlarm, err error) {
	beats, err := p.store.Fleet(r.Context())
	for _, b := range beats {
		for _, a := range b.Alarms {
			if a.Kind == fleet.Book {
				continue // each of them is listed below
			}
			all = append(all, kioskAlarm{a, why(a.Condition, b.Kiosk, p.cfg.Now())})
		}
	}
	slices.SortStableFunc(all, func(a, b kioskAlarm) int { return a.Since.Compare(b.Since) })
	return all, err
}

// seen notes that an alarm was looked at.
func (p *pages) seen(w http.ResponseWriter, r *http.Request, in *visit) {
	id, note := r.PostFormValue("alarm"), strings.TrimSpace(r.PostFormValue("note"))
	if note == "" {
		p.showAlarms(w, r, in, http.StatusUnprocessableEntity, &say{Bad: true, Text: "Scrivi che cosa hai trovato: chi verrà dopo lo leggerà."})
		return
	}
	a := in.action("alarm.seen", id, note)
	err := p.store.Acknowledge(r.Context(), id, note, a)
	switch {
	case err == nil:
		http.Redirect(w, r, "/op/alarms?done=seen", http.StatusSeeOther)
	case errors.Is(err, gateway.ErrNoNotice):
		p.refused(r.Context(), a, err)
		p.showAlarms(w, r, in, http.StatusConflict, &say{Bad: true, Text: "Qualcuno ne ha già preso nota."})
	default:
		p.refused(r.Context(), a, err)
		p.fail(w, r, in, err)
	}
}

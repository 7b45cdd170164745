package operator

// Payments: the search, one payment's evidence, and the decision of a doubt.

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
)

const paymentsPerPage = 50

type searchData struct {
	Text, Kiosk, Day, State string

	States []option
	Lines  []gateway.PaymentLine
	Next   string // key of the next page
	Asked  bool
}

type option struct {
	Value, Word string
	Chosen      bool
}

var searchStates = []api.PaymentState{api.PaymentStatePaid, api.PaymentStateInVerification, api.PaymentStateNotPaid, api.PaymentStateActive, api.PaymentStateExpired}

func (p *pages) payments(w http.ResponseWriter, r *http.Request, in *visit) {
	q := r.URL.Query()
	d := searchData{Text: strings.TrimSpace(q.Get("q")), Kiosk: strings.TrimSpace(q.Get("kiosk")), Day: q.Get("day"), State: q.Get("state")}
	d.Asked = d.Text+d.Kiosk+d.Day+d.State != ""
	for _, s := range searchStates {
		d.States = append(d.States, option{string(s), badgeOf(paymentStates, s).Word, d.State == string(s)})
	}
	search := gateway.PaymentSearch{Text: d.Text, Kiosk: d.Kiosk, State: api.PaymentState(d.State), Before: q.Get("before"), Most: paymentsPerPage}
	v := view{Title: "Pagamenti", Here: "payments"}
	if d.Day != "" {
		day, err := kiosk.ParseDate(d.Day)
		if err != nil {
			v.Say, v.Data = &say{Bad: true, Text: "Il giorno si scrive come 2026-11-22."}, d
			p.show(w, in, http.StatusBadRequest, "payments.html", v)
			return
		}
		search.From = time.Date(day.Year, time.Month(day.Month), day.Day, 0, 0, 0, 0, p.store.Zone())
		search.To = search.From.AddDate(0, 0, 1)
	}
	lines, more, err := p.store.SearchPayments(r.Context(), search)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	if d.Lines = lines; more {
		d.Next = lines[len(lines)-1].Key()
	}
	v.Data = d
	p.show(w, in, http.StatusOK, "payments.html", v)
}

type paymentData struct {
	gateway.Evidence
	Names    map[string]string
	Refunds  []gateway.RefundCase
	Doubtful bool
	GivenUp  bool   // closed though its kiosk never said how it ended
	STAN     string // as it was typed
	Actions  []gateway.Action
}

func (p *pages) payment(w http.ResponseWriter, r *http.Request, in *visit) {
	var s *say
	if r.URL.Query().Get("done") == "decided" {
		s = &say{Text: "Deciso. Il libro e gli avvisi sono aggiornati; il chiosco lo saprà da solo."}
	}
	p.showPayment(w, r, in, http.StatusOK, s, "")
}

func (p *pages) showPayment(w http.ResponseWriter, r *http.Request, in *visit, status int, s *say, stan string) {
	id := chi.URLParam(r, "id")
	e, err := p.store.Evidence(r.Context(), id)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	d := paymentData{Evidence: e, Doubtful: e.State == api.PaymentStateInVerification, GivenUp: e.State == api.PaymentStateExpired && e.ClosedAt != nil, STAN: stan}
	if d.Names, err = p.store.CreditorNames(r.Context()); err == nil {
		d.Refunds, err = p.store.RefundCasesOf(r.Context(), id)
	}
	if err == nil {
		d.Actions, err = p.store.ActionsOn(r.Context(), id, 50)
	}
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	title := "Pagamento " + e.Ref
	if e.Ref == "" {
		title = "Pagamento " + id[:8]
	}
	p.show(w, in, status, "payment.html", view{Title: title, Here: "payments", Say: s, Data: d})
}

// decide ends the doubt about a charge.
func (p *pages) decide(w http.ResponseWriter, r *http.Request, in *visit) {
	id, stan := chi.URLParam(r, "id"), strings.TrimSpace(r.PostFormValue("stan"))
	d := gateway.Decision{Outcome: kiosk.Outcome(r.PostFormValue("outcome")), By: in.session.Operator.Name}
	if d.Outcome == kiosk.Charged {
		d.STAN = stan
	}
	wrong := func(text string) {
		p.showPayment(w, r, in, http.StatusUnprocessableEntity, &say{Bad: true, Text: text}, stan)
	}
	switch {
	case d.Outcome != kiosk.Charged && d.Outcome != kiosk.Refused:
		wrong("Scegli se la carta è stata addebitata o no.")
		return
	case r.PostFormValue("sure") != "yes":
		wrong("Prima controlla la lista della banca, poi conferma: la decisione vale per sempre.")
		return
	case d.Outcome == kiosk.Charged && !sixDigits(d.STAN):
		wrong("Lo STAN ha sei cifre: è sullo scontrino del POS e nella lista della banca.")
		return
	}
	a := in.action("payment.decide", id, string(d.Outcome)+" "+d.STAN)
	if !p.note(w, r, in, a) {
		return
	}
	err := p.store.Decide(r.Context(), id, d)
	switch {
	case err == nil:
		http.Redirect(w, r, "/op/payments/"+id+"?done=decided", http.StatusSeeOther)
	case errors.Is(err, gateway.ErrNotInDoubt):
		p.refused(r.Context(), a, err)
		p.showPayment(w, r, in, http.StatusConflict, &say{Bad: true, Text: "Questo pagamento non è più in dubbio: nulla è cambiato."}, "")
	default:
		p.refused(r.Context(), a, err)
		p.fail(w, r, in, err)
	}
}

func sixDigits(s string) bool {
	return len(s) == 6 && strings.Trim(s, "0123456789") == ""
}

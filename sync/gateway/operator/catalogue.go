package operator

// The catalogue in force, and the enrolment of kiosks.

import (
	"errors"
	"net/http"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
)

type catalogueData struct {
	Version   string // of this gateway; "": it has none
	Uses      []gateway.CatalogueUse
	Creditors []creditorServices
	Count     int
}

type creditorServices struct {
	kiosk.Creditor
	Else     []channelFee // where the payer stands, of all services that say nothing else
	Services []serviceLine
}

type serviceLine struct {
	ID, Name, Find, Level string
	Fields                int
	Fee                   kiosk.Amount
	Else                  []channelFee // where it says another one itself
}

var findings = map[kiosk.Finding]string{kiosk.FindByNotice: "avviso", kiosk.FindByCard: "carta", kiosk.FindByForm: "modulo"}

func (p *pages) catalogue(w http.ResponseWriter, r *http.Request, in *visit) {
	uses, err := p.store.CatalogueUses(r.Context())
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	d := catalogueData{Uses: uses}
	if c := p.cfg.Catalogue; c != nil {
		d.Version, d.Count = c.Version, len(c.Services)
		for _, cr := range c.Creditors {
			d.Creditors = append(d.Creditors, creditorServices{cr, channelFees(cr.Fee), servicesOf(c, cr.Code)})
		}
	}
	p.show(w, in, http.StatusOK, "catalogue.html", view{Title: "Catalogo", Here: "catalogue", Data: d})
}

func servicesOf(c *kiosk.Catalogue, code kiosk.CreditorCode) (all []serviceLine) {
	for _, s := range c.Services {
		if s.Creditor == code {
			all = append(all, serviceLine{s.ID, s.Name.In(kiosk.Italian), word(findings, s.Find), string(s.Level), len(s.Fields), c.FeeOf(code, s.ID, string(api.ChannelJolly)), channelFees(s.Fee)})
		}
	}
	return all
}

// channelFee is what the citizen pays in a channel.
type channelFee struct {
	Channel string
	Fee     kiosk.Amount
}

// channelFees are those of a rule for counters, tills and the Internet.
func channelFees(r kiosk.FeeRule) (all []channelFee) {
	for _, channel := range []api.Channel{api.ChannelCounter, api.ChannelTill, api.ChannelWeb} {
		if fee, is := r.In(string(channel)); is {
			all = append(all, channelFee{word(channels, string(channel)), fee})
		}
	}
	return all
}

type enrolData struct {
	Can     bool // this gateway has an authority
	Kiosk   string
	Gateway string
	Token   string // shown once
	Code    *code
	Until   string
	All     []gateway.Enrolled
}

func (p *pages) enrolPage(w http.ResponseWriter, r *http.Request, in *visit) {
	var s *say
	if r.URL.Query().Get("done") == "revoked" {
		s = &say{Text: "Revocato: da adesso la centrale lo rifiuta."}
	}
	p.showEnrol(w, r, in, http.StatusOK, s, enrolData{Kiosk: r.URL.Query().Get("kiosk"), Gateway: p.cfg.Gateway})
}

func (p *pages) showEnrol(w http.ResponseWriter, r *http.Request, in *visit, status int, s *say, d enrolData) {
	var err error
	if d.All, err = p.store.Enrolments(r.Context()); err != nil {
		p.fail(w, r, in, err)
		return
	}
	d.Can = p.cfg.Fingerprint != ""
	p.show(w, in, status, "enrol.html", view{Title: "Attiva un chiosco", Here: "enrol", Say: s, Data: d})
}

// enrol makes a token and shows it, once.
func (p *pages) enrol(w http.ResponseWriter, r *http.Request, in *visit) {
	d := enrolData{Kiosk: strings.TrimSpace(r.PostFormValue("kiosk")), Gateway: strings.TrimSpace(r.PostFormValue("gateway"))}
	wrong := func(text string) {
		p.showEnrol(w, r, in, http.StatusUnprocessableEntity, &say{Bad: true, Text: text}, d)
	}
	if p.cfg.Fingerprint == "" {
		wrong("Questa centrale non ha un'autorità: avviala con --tls.")
		return
	}
	// The form of the address is looked at before the book is changed.
	if _, err := api.NewEnrolmentToken("aaaaaaaaaaaaaaaaaaaaaaaaaa", p.cfg.Fingerprint, d.Gateway); err != nil {
		wrong("L'indirizzo della centrale si scrive come https://nome:porta.")
		return
	}
	if !gateway.KioskNamed(d.Kiosk) {
		wrong("Il nome del chiosco ha da 1 a 35 lettere, cifre, punti e trattini.")
		return
	}
	a := in.action("kiosk.enrol", d.Kiosk, d.Gateway)
	if !p.note(w, r, in, a) {
		return
	}
	secret, expires, err := p.store.NewToken(r.Context(), d.Kiosk)
	if err != nil {
		p.refused(r.Context(), a, err)
		p.fail(w, r, in, err)
		return
	}
	token, err := api.NewEnrolmentToken(secret, p.cfg.Fingerprint, d.Gateway)
	if err == nil {
		d.Code, err = qr(token.String())
	}
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	d.Token, d.Until = token.String(), exact(expires, p.store.Zone())
	p.showEnrol(w, r, in, http.StatusOK, nil, d)
}

// revoke takes a kiosk's certificates away.
func (p *pages) revoke(w http.ResponseWriter, r *http.Request, in *visit) {
	what, why := r.PostFormValue("kiosk"), strings.TrimSpace(r.PostFormValue("reason"))
	d := enrolData{Gateway: p.cfg.Gateway}
	if r.PostFormValue("sure") != "yes" || why == "" {
		p.showEnrol(w, r, in, http.StatusUnprocessableEntity, &say{Bad: true, Text: "Scrivi il motivo e conferma: il chiosco resta fuori finché non è attivato di nuovo."}, d)
		return
	}
	a := in.action("kiosk.revoke", what, why)
	if !p.note(w, r, in, a) {
		return
	}
	_, err := p.store.Revoke(r.Context(), what, why)
	switch {
	case err == nil:
		http.Redirect(w, r, "/op/enrol?done=revoked", http.StatusSeeOther)
	case errors.Is(err, gateway.ErrNoKiosk):
		p.refused(r.Context(), a, err)
		p.showEnrol(w, r, in, http.StatusNotFound, &say{Bad: true, Text: "Non c'è un chiosco, o un certificato, con questo nome."}, d)
	default:
		p.refused(r.Context(), a, err)
		p.fail(w, r, in, err)
	}
}

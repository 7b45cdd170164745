package operator

// The operators themselves: their accounts, what they did, their own password.

import (
	"errors"
	"net/http"
	"strings"

	"github.com/tserve/jolly/sync/gateway"
)

type operatorsData struct {
	All   []gateway.Operator
	Roles []option
	Me    string
	For   string // whose credentials are shown, once
	Given *Given
	Code  *code
}

var saidOf = map[string]string{"disabled": "Disabilitato: le sue sessioni sono finite."}

func (p *pages) operators(w http.ResponseWriter, r *http.Request, in *visit) {
	var s *say
	if text := saidOf[r.URL.Query().Get("done")]; text != "" {
		s = &say{Text: text}
	}
	p.showOperators(w, r, in, http.StatusOK, s, operatorsData{})
}

func (p *pages) showOperators(w http.ResponseWriter, r *http.Request, in *visit, status int, s *say, d operatorsData) {
	var err error
	if d.All, err = p.store.Operators(r.Context()); err != nil {
		p.fail(w, r, in, err)
		return
	}
	d.Me = in.session.Operator.Name
	for _, role := range []gateway.Role{gateway.RoleViewer, gateway.RoleOperator, gateway.RoleAdmin} {
		d.Roles = append(d.Roles, option{Value: string(role), Word: word(roles, role)})
	}
	p.show(w, in, status, "operators.html", view{Title: "Operatori", Here: "operators", Say: s, Data: d})
}

// give shows new credentials, once.
func (p *pages) give(w http.ResponseWriter, r *http.Request, in *visit, name string, g Given) {
	c, err := qr(g.URL)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	p.showOperators(w, r, in, http.StatusOK, nil, operatorsData{For: name, Given: &g, Code: c})
}

// secrets makes new credentials; few at a time.
func (p *pages) secrets(w http.ResponseWriter, r *http.Request, in *visit, name string) (Given, gateway.Secrets, bool) {
	select {
	case p.hashing <- struct{}{}:
		defer func() { <-p.hashing }()
	case <-r.Context().Done():
		p.fail(w, r, in, r.Context().Err())
		return Given{}, gateway.Secrets{}, false
	}
	g, s, err := NewSecrets(name, p.cfg.Cost)
	if err != nil {
		p.fail(w, r, in, err)
	}
	return g, s, err == nil
}

// wrongOperator answers what an admin cannot do; what is no such case fails.
func (p *pages) wrongOperator(w http.ResponseWriter, r *http.Request, in *visit, a gateway.Action, err error) {
	p.refused(r.Context(), a, err)
	for known, text := range map[error]string{
		gateway.ErrNoOperator: "Non c'è un operatore con questo nome.", gateway.ErrOperatorThere: "C'è già un operatore con questo nome.",
		gateway.ErrLastAdmin: "È l'ultimo che amministra: resta, o nessuno potrebbe più farne un altro.", errForm: "Il nome ha da 2 a 32 lettere minuscole, cifre, punti e trattini; il ruolo è uno dei tre.",
		errSelf: "Questo non si fa su sé stessi.",
	} {
		if errors.Is(err, known) {
			p.showOperators(w, r, in, http.StatusUnprocessableEntity, &say{Bad: true, Text: text}, operatorsData{})
			return
		}
	}
	p.fail(w, r, in, err)
}

var (
	errForm = errors.New("name or role are not well formed")
	errSelf = errors.New("not on oneself")
)

func (p *pages) addOperator(w http.ResponseWriter, r *http.Request, in *visit) {
	name, role := strings.ToLower(strings.TrimSpace(r.PostFormValue("name"))), gateway.Role(r.PostFormValue("role"))
	a := in.action("operator.add", name, string(role))
	if !gateway.OperatorNamed(name) || !role.Valid() {
		p.wrongOperator(w, r, in, a, errForm)
		return
	}
	g, s, ok := p.secrets(w, r, in, name)
	if !ok {
		return
	}
	if err := p.store.AddOperator(r.Context(), gateway.Operator{Name: name, Role: role, Secrets: s}, a); err != nil {
		p.wrongOperator(w, r, in, a, err)
		return
	}
	p.give(w, r, in, name, g)
}

func (p *pages) resetOperator(w http.ResponseWriter, r *http.Request, in *visit) {
	name := r.PostFormValue("name")
	a := in.action("operator.reset", name, "")
	if name == in.session.Operator.Name {
		p.wrongOperator(w, r, in, a, errSelf) // the page that shows the secrets would be of a session that has ended
		return
	}
	g, s, ok := p.secrets(w, r, in, name)
	if !ok {
		return
	}
	if err := p.store.ResetOperator(r.Context(), name, s, a); err != nil {
		p.wrongOperator(w, r, in, a, err)
		return
	}
	p.give(w, r, in, name, g)
}

func (p *pages) disableOperator(w http.ResponseWriter, r *http.Request, in *visit) {
	name := r.PostFormValue("name")
	a := in.action("operator.disable", name, "")
	err := errSelf
	if name != in.session.Operator.Name {
		err = p.store.DisableOperator(r.Context(), name, a)
	}
	if err != nil {
		p.wrongOperator(w, r, in, a, err)
		return
	}
	http.Redirect(w, r, "/op/operators?done=disabled", http.StatusSeeOther)
}

const actionsPerPage = 100

type actionsData struct {
	Of   string
	All  []gateway.Action
	Next string
}

func (p *pages) actions(w http.ResponseWriter, r *http.Request, in *visit) {
	d := actionsData{Of: strings.TrimSpace(r.URL.Query().Get("of"))}
	all, err := p.store.Actions(r.Context(), d.Of, r.URL.Query().Get("before"), actionsPerPage)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	if d.All = all; len(all) == actionsPerPage {
		d.Next = all[len(all)-1].ID
	}
	p.show(w, in, http.StatusOK, "actions.html", view{Title: "Registro", Here: "actions", Data: d})
}

func (p *pages) me(w http.ResponseWriter, r *http.Request, in *visit) {
	var s *say
	if r.URL.Query().Get("done") == "password" {
		s = &say{Text: "Password cambiata. Le altre tue sessioni sono finite."}
	}
	p.showMe(w, in, http.StatusOK, s)
}

func (p *pages) showMe(w http.ResponseWriter, in *visit, status int, s *say) {
	p.show(w, in, status, "me.html", view{Title: "La tua password", Here: "me", Say: s, Data: MinPassword})
}

// password changes the operator's own.
func (p *pages) password(w http.ResponseWriter, r *http.Request, in *visit) {
	name, next := in.session.Operator.Name, r.PostFormValue("next")
	a := in.action("operator.password", name, "")
	locked, err := p.store.Try(r.Context(), gateway.Tries{Subject: "password:" + name, Free: freeOfAccount, First: firstLock, Most: longestLock, Forget: forgetTries})
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	wrong := func(status int, why error, text string) {
		p.refused(r.Context(), a, why)
		p.showMe(w, in, status, &say{Bad: true, Text: text})
	}
	if !locked.IsZero() {
		wrong(http.StatusTooManyRequests, errWrong, "Troppi tentativi non riusciti. Riprova tra "+span(locked.Sub(p.cfg.Now()))+".")
		return
	}
	o, err := p.store.Operator(r.Context(), name)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	ok, err := p.matches(r.Context(), o.Secrets.Password, r.PostFormValue("now"))
	switch {
	case err != nil:
		p.fail(w, r, in, err)
	case !ok:
		wrong(http.StatusUnprocessableEntity, errWrong, "La password di adesso non è questa.")
	case CheckPassword(next) != nil:
		wrong(http.StatusUnprocessableEntity, ErrPassword, "La password nuova è troppo corta o troppo lunga.")
	case next != r.PostFormValue("again"):
		wrong(http.StatusUnprocessableEntity, errForm, "Le due password nuove non sono uguali.")
	default:
		if err := p.store.SetPassword(r.Context(), name, p.cfg.Cost.Hash(next), in.session.Hash, a); err != nil {
			p.fail(w, r, in, err)
			return
		}
		http.Redirect(w, r, "/op/me?done=password", http.StatusSeeOther)
	}
}

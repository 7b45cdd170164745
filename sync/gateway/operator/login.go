package operator

// Getting in: password and code, tries, sessions, and the token of forms.

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tserve/jolly/sync/gateway"
)

// maxForm bounds the body of a form without a file.
const maxForm = 64 << 10

// cookie is the name of the session's cookie. With TLS the browser itself keeps
// it to this host and to TLS.
func (p *pages) cookie() string {
	if p.cfg.Secure {
		return "__Host-jolly-op"
	}
	return "jolly-op"
}

func (p *pages) formCookie() string { return p.cookie() + "-form" }

func (p *pages) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: p.cfg.Secure, SameSite: http.SameSiteStrictMode, MaxAge: int(life / time.Second)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func randomToken() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// formToken is what the forms of a session carry: it follows from what only the
// session's browser has, and tells nothing of it.
func formToken(secret string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("form"))
	return hex.EncodeToString(m.Sum(nil))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// addressOf is where a request comes from, as it is counted and written: of
// version 6 the network.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	if a = a.Unmap().WithZone(""); a.Is6() && !a.IsLoopback() {
		if net, err := a.Prefix(64); err == nil {
			return net.String()
		}
	}
	return a.String()
}

// guarded lets an operator to a page whose role is at least the one that it asks.
func (p *pages) guarded(least gateway.Role, f page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, ok := p.visitor(w, r)
		if !ok {
			return
		}
		if r.Method == http.MethodPost && !p.formIsOurs(w, r, in) {
			return
		}
		if !in.session.Operator.Role.May(least) {
			p.refused(r.Context(), in.action("role", route(r), string(in.session.Operator.Role)), errors.New("not allowed"))
			p.deny(w, in, http.StatusForbidden, sayRole)
			return
		}
		f(w, r, in)
	}
}

// visitor finds the session of a request; without one it is answered.
func (p *pages) visitor(w http.ResponseWriter, r *http.Request) (*visit, bool) {
	c, err := r.Cookie(p.cookie())
	if err != nil {
		p.sendToLogin(w, r, "")
		return nil, false
	}
	s, err := p.store.UseSession(r.Context(), gateway.SessionHash(c.Value), p.cfg.Idle)
	if errors.Is(err, gateway.ErrNoSession) {
		p.setCookie(w, p.cookie(), "", 0)
		p.sendToLogin(w, r, "ended")
		return nil, false
	}
	if err != nil {
		p.log.Error("find session", "error", err.Error())
		p.refuse(w, r, http.StatusServiceUnavailable, sayBook)
		return nil, false
	}
	return &visit{session: s, token: formToken(c.Value), address: addressOf(r)}, true
}

// sendToLogin sends a reader to the login; an act is refused.
func (p *pages) sendToLogin(w http.ResponseWriter, r *http.Request, why string) {
	if r.Method != http.MethodGet {
		p.refuse(w, r, http.StatusUnauthorized, "La sessione è finita: entra di nuovo. Non è stato fatto nulla.")
		return
	}
	q := url.Values{}
	if r.URL.Path != "/op/" {
		q.Set("next", r.URL.RequestURI())
	}
	if why != "" {
		q.Set("why", why)
	}
	to := "/op/login"
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// formIsOurs reads the form of a post and holds its token against the session.
func (p *pages) formIsOurs(w http.ResponseWriter, r *http.Request, in *visit) bool {
	if err := p.origins.Check(r); err != nil {
		p.deny(w, in, http.StatusForbidden, sayElse)
		return false
	}
	most := int64(maxForm)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		most = maxBank
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	var err error
	if most == maxBank {
		err = r.ParseMultipartForm(1 << 20)
	} else {
		err = r.ParseForm()
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		p.deny(w, in, http.StatusRequestEntityTooLarge, "È troppo grande. Non è stato fatto nulla.")
		return false
	case err != nil || !same(r.PostFormValue("token"), in.token):
		p.deny(w, in, http.StatusForbidden, sayForm)
		return false
	}
	return true
}

// loginData is what the login's template gets.
type loginData struct{ Name, Next string }

func (p *pages) loginPage(w http.ResponseWriter, r *http.Request) {
	var s *say
	switch r.URL.Query().Get("why") {
	case "ended":
		s = &say{Text: "La sessione è finita: entra di nuovo."}
	case "out":
		s = &say{Text: "Sei uscito."}
	}
	p.writeLogin(w, r, http.StatusOK, loginData{Next: local(r.URL.Query().Get("next"))}, s)
}

// writeLogin writes the form with a token of its own: there is no session yet.
func (p *pages) writeLogin(w http.ResponseWriter, r *http.Request, status int, d loginData, s *say) {
	secret := ""
	if c, err := r.Cookie(p.formCookie()); err == nil && len(c.Value) >= 43 {
		secret = c.Value
	} else {
		secret = randomToken()
		p.setCookie(w, p.formCookie(), secret, p.cfg.Absolute)
	}
	p.write(w, status, "login.html", view{Title: "Entra", Token: formToken(secret), Say: s, Data: d})
}

// local is a path of these pages, or nothing: nobody is sent elsewhere.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/op/") || strings.HasPrefix(u.Path, "/op/login") {
		return ""
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}

const sayKey = "La centrale non può leggere i segreti degli operatori: le manca la chiave, o ne ha un'altra. Avvisa chi la amministra: il suo registro dice quale."

const sayWrong = "Nome, password o codice non sono giusti. Un codice vale una volta sola: se è già stato usato, aspetta il prossimo."

// login tries a password and a code.
func (p *pages) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	c, err := r.Cookie(p.formCookie())
	if p.origins.Check(r) != nil || err != nil || r.ParseForm() != nil || !same(r.PostFormValue("token"), formToken(c.Value)) {
		p.writeLogin(w, r, http.StatusForbidden, loginData{}, &say{Bad: true, Text: "Il modulo non era più valido. Prova adesso; i cookie devono essere permessi."})
		return
	}
	d := loginData{Name: strings.ToLower(strings.TrimSpace(r.PostFormValue("name"))), Next: local(r.PostFormValue("next"))}
	if len(d.Name) > 32 {
		d.Name = d.Name[:32]
	}
	subjects := []string{"name:" + d.Name, "address:" + addressOf(r)}
	tries := []gateway.Tries{
		{Subject: subjects[0], Free: freeOfAccount, First: firstLock, Most: longestLock, Forget: forgetTries},
		{Subject: subjects[1], Free: freeOfAddress, First: firstLock, Most: longestLock, Forget: forgetTries},
	}
	locked, err := p.store.Try(r.Context(), tries...)
	switch {
	case err != nil:
		p.log.Error("count tries", "error", err.Error())
		p.writeLogin(w, r, http.StatusServiceUnavailable, d, &say{Bad: true, Text: sayBook})
		return
	case !locked.IsZero():
		wait := locked.Sub(p.cfg.Now())
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		p.writeLogin(w, r, http.StatusTooManyRequests, d, &say{Bad: true, Text: "Troppi tentativi non riusciti. Riprova tra " + span(wait) + "."})
		return
	}
	p.enter(w, r, d, subjects)
}

// enter checks and opens the session.
func (p *pages) enter(w http.ResponseWriter, r *http.Request, d loginData, subjects []string) {
	a := gateway.Action{Action: "login", Address: addressOf(r)}
	s, step, why := p.check(r.Context(), d.Name, r.PostFormValue("password"), strings.ReplaceAll(r.PostFormValue("code"), " ", ""))
	if s.Name != "" {
		a.Operator, a.Object = s.Name, s.Name
	}
	token := randomToken()
	if why == nil {
		in := gateway.Session{Hash: gateway.SessionHash(token), Operator: s, Address: a.Address, Expires: p.cfg.Now().Add(p.cfg.Absolute)}
		why = p.store.Login(r.Context(), in, step, subjects, a)
	}
	switch {
	case why == nil:
		p.setCookie(w, p.cookie(), token, p.cfg.Absolute)
		p.setCookie(w, p.formCookie(), "", 0)
		to := d.Next
		if to == "" {
			to = "/op/"
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	case errors.Is(why, errWrong), errors.Is(why, gateway.ErrCodeUsed), errors.Is(why, gateway.ErrNoOperator):
		p.refused(r.Context(), a, why)
		p.writeLogin(w, r, http.StatusUnauthorized, d, &say{Bad: true, Text: sayWrong})
	default:
		p.log.Error("login", "error", why.Error())
		text := sayBook
		if errors.Is(why, gateway.ErrSealed) {
			text = sayKey
		}
		p.writeLogin(w, r, http.StatusServiceUnavailable, d, &say{Bad: true, Text: text})
	}
}

// errWrong is a wrong password or code.
var errWrong = errors.New("wrong password or code")

// check finds the account, and the step of the code. Names that nobody has take
// as long as others.
func (p *pages) check(ctx context.Context, name, password, code string) (gateway.Operator, int64, error) {
	o, err := p.store.Operator(ctx, name)
	known := err == nil
	if err != nil && !errors.Is(err, gateway.ErrNoOperator) {
		return o, 0, err
	}
	hash := o.Secrets.Password
	if !known {
		hash = p.decoy
	}
	good, err := p.matches(ctx, hash, password)
	if err != nil {
		return o, 0, err
	}
	step, fits := stepOf(o.Secrets.TOTP, code, p.cfg.Now())
	if !known || !good || !fits || !o.Disabled.IsZero() {
		return o, 0, errWrong
	}
	return o, step, nil
}

// matches checks a password; few at a time.
func (p *pages) matches(ctx context.Context, hash, password string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil
	}
	select {
	case p.hashing <- struct{}{}:
		defer func() { <-p.hashing }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return verify(hash, password)
}

func (p *pages) logout(w http.ResponseWriter, r *http.Request, in *visit) {
	if err := p.store.Logout(r.Context(), in.session, in.action("logout", in.session.Operator.Name, "")); err != nil {
		p.fail(w, r, in, err)
		return
	}
	p.setCookie(w, p.cookie(), "", 0)
	http.Redirect(w, r, "/op/login?why=out", http.StatusSeeOther)
}

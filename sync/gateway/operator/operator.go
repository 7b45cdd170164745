package operator

// The handler: routes, headers, and how a page is written.

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
)

// Config says how the pages are served. The zero value of each field is its default.
type Config struct {
	Secure   bool          // they are served over TLS
	Cost     Cost          // of passwords that are made here: [DefaultCost]
	Idle     time.Duration // a session ends after so long without use: 15 min
	Absolute time.Duration // and after so long in any case: 8 h
	Now      func() time.Time

	Fingerprint string // of the kiosks' authority; "": no kiosk is enrolled here
	Gateway     string // how kiosks reach the gateway, https://host:port, as a proposal

	Catalogue *kiosk.Catalogue // in force; nil: there is none
}

func (c Config) filled() Config {
	if c.Cost == (Cost{}) {
		c.Cost = DefaultCost()
	}
	if c.Idle <= 0 {
		c.Idle = 15 * time.Minute
	}
	if c.Absolute <= 0 {
		c.Absolute = 8 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// The tries that are free, and the locks behind them.
const (
	freeOfAccount = 5
	freeOfAddress = 20
	firstLock     = time.Minute
	longestLock   = time.Hour
	forgetTries   = 24 * time.Hour
)

// hashesAtOnce bounds the memory that passwords take.
const hashesAtOnce = 2

// requestTimeout is the longest that the work of one request may take.
const requestTimeout = 20 * time.Second

//go:embed templates/*.html
var templateFiles embed.FS

// pages serves them.
type pages struct {
	store   *gateway.Store
	cfg     Config
	log     *slog.Logger
	made    map[string]*template.Template
	hashing chan struct{}
	origins *http.CrossOriginProtection // refuses what the browser says comes from another site
	decoy   string                      // a hash for names that nobody has: they take as long
}

// NewHandler serves the operators' pages below /op.
func NewHandler(store *gateway.Store, cfg Config, log *slog.Logger) (http.Handler, error) {
	p := &pages{store: store, cfg: cfg.filled(), log: log, hashing: make(chan struct{}, hashesAtOnce), origins: http.NewCrossOriginProtection()}
	p.decoy = p.cfg.Cost.Hash("decoy")
	var err error
	if p.made, err = parse(p.words()); err != nil {
		return nil, fmt.Errorf("operators' pages: %w", err)
	}
	r := chi.NewRouter()
	r.Use(p.logged, p.recovered, p.headed)
	r.NotFound(func(w http.ResponseWriter, r *http.Request) { p.refuse(w, r, http.StatusNotFound, sayNoPage) })
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) { p.refuse(w, r, http.StatusMethodNotAllowed, sayNoPage) })
	r.Get("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/op/", http.StatusSeeOther) })
	r.Get("/op", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/op/", http.StatusSeeOther) })
	r.Get("/op/static/*", p.static)
	r.Get("/op/login", p.loginPage)
	r.Post("/op/login", p.login)
	p.routes(r)
	return r, nil
}

// routes are the pages for those who have logged in.
func (p *pages) routes(r chi.Router) {
	get := func(path string, least gateway.Role, f page) { r.Get(path, p.guarded(least, f)) }
	post := func(path string, least gateway.Role, f page) { r.Post(path, p.guarded(least, f)) }
	post("/op/logout", gateway.RoleViewer, p.logout)
	get("/op/", gateway.RoleViewer, p.fleet)
	get("/op/kiosks/{kiosk}", gateway.RoleViewer, p.kiosk)
	get("/op/payments", gateway.RoleViewer, p.payments)
	get("/op/payments/{id}", gateway.RoleViewer, p.payment)
	post("/op/payments/{id}/decide", gateway.RoleOperator, p.decide)
	get("/op/cases", gateway.RoleViewer, p.cases)
	post("/op/cases/settle", gateway.RoleOperator, p.settle)
	get("/op/alarms", gateway.RoleViewer, p.alarms)
	post("/op/alarms/seen", gateway.RoleOperator, p.seen)
	get("/op/reports", gateway.RoleViewer, p.reports)
	get("/op/reports/file", gateway.RoleViewer, p.reportFile)
	get("/op/reports/payments", gateway.RoleViewer, p.reportPayments)
	post("/op/reports/match", gateway.RoleViewer, p.match)
	get("/op/catalogue", gateway.RoleViewer, p.catalogue)
	get("/op/enrol", gateway.RoleOperator, p.enrolPage)
	post("/op/enrol", gateway.RoleOperator, p.enrol)
	post("/op/enrol/revoke", gateway.RoleOperator, p.revoke)
	get("/op/operators", gateway.RoleAdmin, p.operators)
	post("/op/operators/add", gateway.RoleAdmin, p.addOperator)
	post("/op/operators/reset", gateway.RoleAdmin, p.resetOperator)
	post("/op/operators/disable", gateway.RoleAdmin, p.disableOperator)
	get("/op/actions", gateway.RoleAdmin, p.actions)
	get("/op/me", gateway.RoleViewer, p.me)
	post("/op/me/password", gateway.RoleViewer, p.password)
}

// page answers one request of an operator who may ask it.
type page func(w http.ResponseWriter, r *http.Request, in *visit)

// visit is one request of an operator.
type visit struct {
	session gateway.Session
	token   string // of the forms
	address string
}

func (in *visit) action(what, object, detail string) gateway.Action {
	return gateway.Action{Operator: in.session.Operator.Name, Action: what, Object: object, Detail: detail, Address: in.address}
}

// say is what a page says above its content.
type say struct {
	Bad  bool
	Text string
}

// view is what every template gets.
type view struct {
	Title    string
	Here     string // of the navigation
	Operator string
	Role     gateway.Role
	Token    string
	Say      *say
	Data     any
}

// May is asked by templates, which only leave out what would be refused.
func (v view) May(least string) bool { return v.Role.May(gateway.Role(least)) }

func parse(words template.FuncMap) (map[string]*template.Template, error) {
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	all := map[string]*template.Template{}
	for _, n := range names {
		if n.Name() == "layout.html" || n.Name() == "parts.html" {
			continue
		}
		t, err := template.New(n.Name()).Funcs(words).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html", "templates/"+n.Name())
		if err != nil {
			return nil, err
		}
		all[n.Name()] = t
	}
	return all, nil
}

// show writes a page of an operator.
func (p *pages) show(w http.ResponseWriter, in *visit, status int, name string, v view) {
	v.Operator, v.Role, v.Token = in.session.Operator.Name, in.session.Operator.Role, in.token
	p.write(w, status, name, v)
}

func (p *pages) write(w http.ResponseWriter, status int, name string, v view) {
	var b bytes.Buffer
	if err := p.made[name].ExecuteTemplate(&b, "layout", v); err != nil {
		p.log.Error("make page", "page", name, "error", err.Error())
		http.Error(w, "errore interno", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if _, err := b.WriteTo(w); err != nil {
		p.log.Debug("page not taken", "error", err.Error())
	}
}

// What is said to those who are not let in, or ask for what is not there.
const (
	sayNoPage  = "Questa pagina non esiste."
	sayRole    = "Il tuo ruolo non permette questa operazione."
	sayForm    = "Il modulo non è più valido. Torna indietro, ricarica la pagina e riprova. Non è stato fatto nulla."
	sayElse    = "La richiesta viene da un altro sito. Non è stato fatto nulla."
	sayBook    = "Il libro della centrale non risponde. Riprova tra poco: guarda sul posto se l'operazione è stata fatta."
	sayUnknown = "Non c'è nel libro."
)

// refuse writes a page that says no, without an operator's navigation.
func (p *pages) refuse(w http.ResponseWriter, _ *http.Request, status int, text string) {
	p.write(w, status, "refused.html", view{Title: http.StatusText(status), Data: text})
}

// deny is refuse for an operator who is known.
func (p *pages) deny(w http.ResponseWriter, in *visit, status int, text string) {
	p.show(w, in, status, "refused.html", view{Title: "Non possibile", Data: text})
}

// fail is the end of a request whose work went wrong.
func (p *pages) fail(w http.ResponseWriter, r *http.Request, in *visit, err error) {
	var refusal *gateway.Refusal
	switch {
	case errors.As(err, &refusal):
		p.deny(w, in, http.StatusNotFound, sayUnknown)
		return
	case errors.Is(err, gateway.ErrUnavailable), errors.Is(err, gateway.ErrBroken), errors.Is(err, context.DeadlineExceeded):
		p.log.Warn("operators' page failed", "route", route(r), "error", err.Error())
		p.deny(w, in, http.StatusServiceUnavailable, sayBook)
		return
	}
	p.log.Error("operators' page failed", "route", route(r), "error", err.Error())
	p.deny(w, in, http.StatusInternalServerError, "C'è stato un errore. Il registro della centrale ne dice la causa.")
}

// note writes an action that is going to be done; without it nothing is.
func (p *pages) note(w http.ResponseWriter, r *http.Request, in *visit, a gateway.Action) bool {
	if err := p.store.Note(r.Context(), a); err != nil {
		p.fail(w, r, in, err)
		return false
	}
	return true
}

// refused writes that an action was not done.
func (p *pages) refused(ctx context.Context, a gateway.Action, why error) {
	a.Refused, a.Detail = true, a.Detail+": "+why.Error()
	if err := p.store.Note(ctx, a); err != nil {
		p.log.Error("a refused action could not be noted", "action", a.Action, "error", err.Error())
	}
}

const policy = "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headed sets what every answer says, and gives the work a deadline.
func (p *pages) headed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-store")
		if p.cfg.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (p *pages) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				p.log.Error("panic", "route", route(r), "value", fmt.Sprint(v), "stack", string(debug.Stack()))
				http.Error(w, "errore interno", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets net/http find what it needs beneath.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (p *pages) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(sw, r)
		p.log.Info("operators' request", "method", r.Method, "route", route(r), "status", sw.status, "ms", time.Since(begun).Milliseconds())
	})
}

func route(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		return c.RoutePattern()
	}
	return ""
}

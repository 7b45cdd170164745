package gateway

// HTTP: the contract's operations on the book, and every refusal as problem+json.

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/catalogue"
	"github.com/tserve/jolly/sync/gateway/pki"
)

// HandlerConfig bounds what the handler does. The zero value of each field is its default.
type HandlerConfig struct {
	Catalogue *catalogue.Served // in force; nil: there is none
	Teller    TellerConfig      // of a server: how owners of debts are told
	Authority *pki.Authority    // whose certificates kiosks must have; nil: none is asked for, which is for the loopback alone
	Tracer    trace.Tracer      // of the spans; nil: there are none
	PagesOnly bool              // nothing but the citizens' pages: what stands behind a public web server

	InFlight       int           // requests worked on at the same time, without the backlog: 64
	Backlog        int           // requests with the rows of former payments worked on at the same time: 64
	RequestTimeout time.Duration // of the work of one request: 10 s
	BodyTimeout    time.Duration // for a body to arrive: 5 s
	PagesPerMinute int           // of the public page, from one address: 60

	ChallengesPerMinute int // of one kiosk: 30
	CitizensPerMinute   int // lookups by card of one kiosk: 20
	FormsPerMinute      int // lookups by form of one kiosk: 60
	EnrolmentsPerMinute int // from one address, and renewals of one kiosk: 20
}

func (c HandlerConfig) filled() HandlerConfig {
	if c.Tracer == nil {
		c.Tracer = noTracer()
	}
	if c.InFlight <= 0 {
		c.InFlight = 64
	}
	if c.Backlog <= 0 {
		c.Backlog = 64
	}
	if c.RequestTimeout <= 0 {
		c.RequestTimeout = 10 * time.Second
	}
	if c.BodyTimeout <= 0 {
		c.BodyTimeout = 5 * time.Second
	}
	for n, def := range map[*int]int{&c.PagesPerMinute: 60, &c.ChallengesPerMinute: 30, &c.CitizensPerMinute: 20, &c.FormsPerMinute: 60, &c.EnrolmentsPerMinute: 20} {
		if *n <= 0 {
			*n = def
		}
	}
	return c
}

// handler serves the contract.
type handler struct {
	store   *Store
	log     *slog.Logger
	cfg     HandlerConfig
	schemas openapi3.Schemas  // request bodies are held against the contract itself
	names   map[string]string // of the operations, by method and route
	mux     http.Handler
	lanes   lanes
	drain   drain
	crowd   crowd
	pages   *limiter

	challenges, citizens, forms, renewals *limiter // by kiosk

	enrolments *limiter       // by address
	roots      *x509.CertPool // of the kiosks' certificates
}

// NewHandler serves the contract on a book.
func NewHandler(store *Store, cfg HandlerConfig, log *slog.Logger) (http.Handler, error) {
	h, err := newHandler(store, cfg, log)
	if err != nil {
		return nil, err
	}
	return h.mux, nil
}

// document is the published contract, which nobody changes: it is read once.
var document = sync.OnceValues(func() (*openapi3.T, error) { return openapi3.NewLoader().LoadFromData(api.Spec()) })

func newHandler(store *Store, cfg HandlerConfig, log *slog.Logger) (*handler, error) {
	doc, err := document()
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	cfg = cfg.filled()
	h := &handler{
		store: store, log: log, cfg: cfg, schemas: doc.Components.Schemas, names: operationsOf(doc), lanes: newLanes(cfg, store.meter), crowd: crowd{now: store.now},
		pages: newLimiter(cfg.PagesPerMinute, time.Minute, store.now), challenges: newLimiter(cfg.ChallengesPerMinute, time.Minute, store.now),
		citizens: newLimiter(cfg.CitizensPerMinute, time.Minute, store.now), forms: newLimiter(cfg.FormsPerMinute, time.Minute, store.now),
		renewals: newLimiter(cfg.EnrolmentsPerMinute, time.Minute, store.now), enrolments: newLimiter(cfg.EnrolmentsPerMinute, time.Minute, store.now),
	}
	if cfg.Authority != nil {
		h.roots = cfg.Authority.Pool()
	}
	r := chi.NewRouter()
	r.Use(h.watched, h.recovered, h.drained, h.bounded)
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) { h.problem(w, refuse(api.ProblemCodePathUnknown, "")) })
	r.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) {
		h.problem(w, refuse(api.ProblemCodeMethodNotAllowed, ""))
	})
	h.routes(r)
	h.mux = r
	return h, nil
}

// routes says who is let in where: kiosks, those who are about to be one, and
// with a receipt's token anybody.
func (h *handler) routes(r chi.Router) {
	r.Get("/r/{token}", h.receipt)
	if h.cfg.PagesOnly {
		return
	}
	r.Post("/v1/enrolments", h.enrol)
	r.With(h.kiosksAlsoLate).Post("/v1/certificates", h.renew)
	r.Group(func(r chi.Router) {
		r.Use(h.kiosksOnly)
		r.Get("/v1/health", h.health)
		r.Get("/v1/catalogue", h.catalogue)
		r.Post("/v1/challenges", h.challenge)
		r.Post("/v1/lookup", h.lookup)
		r.Put("/v1/payments/{id}", h.activate)
		r.Get("/v1/payments/{id}", h.payment)
		r.Post("/v1/transactions", h.transactions)
		r.Post("/v1/heartbeats", h.heartbeat)
	})
}

func (h *handler) health(w http.ResponseWriter, r *http.Request) {
	if err := h.store.Ping(r.Context()); err != nil {
		h.fail(w, r, err)
		return
	}
	h.json(w, api.Health{Status: api.HealthStatusOk, Now: h.store.now().UTC()})
}

func (h *handler) lookup(w http.ResponseWriter, r *http.Request) {
	var req api.LookupRequest
	if err := h.read(w, r, "LookupRequest", &req); err != nil {
		h.fail(w, r, err)
		return
	}
	if err := oneWay(req); err != nil {
		h.fail(w, r, err)
		return
	}
	found, err := h.find(r.Context(), req)
	if err == nil {
		h.store.quoteIn(channelOf(req.Channel), found)
	}
	h.answer(w, r, found, err)
}

// oneWay refuses a request that asks in none of the ways to find a debt, or in two.
func oneWay(req api.LookupRequest) error {
	ways := 0
	for _, asked := range []bool{req.Citizen.Challenge != "", req.Form.Service != "", req.Notice.Number != ""} {
		if asked {
			ways++
		}
	}
	if ways != 1 {
		return refuse(api.ProblemCodeRequestInvalid, "want exactly one of notice, form and citizen")
	}
	return nil
}

// find asks the book in the one way that the request asks for. What could be
// used to try codes and plates one after another is bounded for each kiosk.
func (h *handler) find(ctx context.Context, req api.LookupRequest) (api.Found, error) {
	switch {
	case req.Citizen.Challenge != "":
		if often := h.citizens.tooOften(req.Kiosk); often != nil {
			return api.Found{}, often
		}
		return h.store.LookupCitizen(ctx, req.Kiosk, req.Citizen)
	case req.Form.Service != "":
		if often := h.forms.tooOften(req.Kiosk); often != nil {
			return api.Found{}, often
		}
		return h.store.LookupForm(ctx, req.Form)
	default:
		quote, err := h.store.Lookup(ctx, req.Notice)
		return api.Found{Bills: []api.Quote{quote}}, err
	}
}

func (h *handler) challenge(w http.ResponseWriter, r *http.Request) {
	var req api.ChallengeRequest
	if err := h.read(w, r, "ChallengeRequest", &req); err != nil {
		h.fail(w, r, err)
		return
	}
	if often := h.challenges.tooOften(req.Kiosk); often != nil {
		h.problem(w, often)
		return
	}
	c, err := h.store.Challenge(r.Context(), req)
	h.answer(w, r, c, err)
}

func (h *handler) activate(w http.ResponseWriter, r *http.Request) {
	id, err := pathPayment(r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	var req api.ActivationRequest
	if err := h.read(w, r, "ActivationRequest", &req); err != nil {
		h.fail(w, r, err)
		return
	}
	activation, err := h.store.Activate(r.Context(), id, req)
	if err == nil {
		h.store.meter.Activation(channelOf(req.Channel))
	}
	h.answer(w, r, activation, err)
}

func (h *handler) payment(w http.ResponseWriter, r *http.Request) {
	id, err := pathPayment(r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	payment, err := h.store.Payment(r.Context(), id)
	if asks := kioskOf(r.Context()); err == nil && asks != "" && payment.Kiosk != asks {
		err = refuse(api.ProblemCodePaymentUnknown, "") // that there is one is told to nobody else
	}
	h.answer(w, r, payment, err)
}

func (h *handler) transactions(w http.ResponseWriter, r *http.Request) {
	var req api.TransactionsRequest
	if err := h.read(w, r, "TransactionsRequest", &req); err != nil {
		h.fail(w, r, err)
		return
	}
	verdicts, err := h.store.Push(r.Context(), req.Kiosk, req.Rows)
	h.store.judged(verdicts)
	h.answer(w, r, verdicts, err)
}

func pathPayment(r *http.Request) (string, error) {
	id := chi.URLParam(r, "id")
	if !paymentID.MatchString(id) {
		return "", refuse(api.ProblemCodeRequestInvalid, "the payment id is no lower-case UUID")
	}
	return id, nil
}

// read takes a body of at most [api.MaxBody] bytes, holds it against the
// contract's schema and decodes it.
func (h *handler) read(w http.ResponseWriter, r *http.Request, schema string, into any) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != api.MediaJSON {
		return refuse(api.ProblemCodeMediaType, "")
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(h.cfg.BodyTimeout)) // a recorder of tests has none
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, api.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return refuse(api.ProblemCodeRequestTooLarge, "")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(api.ProblemCodeRequestInvalid, "the body came too slowly")
	case err != nil:
		return refuse(api.ProblemCodeRequestInvalid, "the body ended early")
	}
	_ = control.SetReadDeadline(time.Time{})
	var value any
	if err := json.Unmarshal(b, &value); err != nil {
		return refuse(api.ProblemCodeRequestInvalid, "the body is no JSON")
	}
	if err := h.schemas[schema].Value.VisitJSON(value); err != nil {
		return refuse(api.ProblemCodeRequestInvalid, where(err))
	}
	if err := own(r.Context(), value); err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return refuse(api.ProblemCodeRequestInvalid, "a number is no integer, or a text no base64")
	}
	return nil
}

// where names the place of a violation, never the value that stood there.
func where(err error) string {
	var e *openapi3.SchemaError
	if !errors.As(err, &e) {
		return "the body does not fit the contract"
	}
	place := ""
	for _, step := range e.JSONPointer() {
		if len(step) > maxKept {
			step = "..."
		}
		place += "/" + step
	}
	return fmt.Sprintf("at %q: %s", place, e.SchemaField)
}

// answer writes the value, or the refusal.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, value any, err error) {
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.json(w, value)
}

func (h *handler) json(w http.ResponseWriter, value any) {
	b, err := json.Marshal(value)
	if err != nil {
		h.log.Error("encode answer", "error", err.Error())
		h.problem(w, refuse(api.ProblemCodeInternal, ""))
		return
	}
	w.Header().Set("Content-Type", api.MediaJSON)
	w.Header().Set("Cache-Control", "no-store")
	h.write(w, http.StatusOK, b)
}

// fail is the one place where an error becomes an answer.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var refusal *Refusal
	var full *errFull
	switch {
	case errors.As(err, &refusal):
	case errors.As(err, &full):
		because(w, earlyRows)
		refusal = &Refusal{Code: api.ProblemCodeGatewayBusy, After: full.wait}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), h.store.passing(err):
		because(w, earlyBook)
		refusal = refuse(api.ProblemCodeGatewayBusy, "")
	default:
		h.log.Error("request failed", "route", route(r), "error", err.Error())
		refusal = refuse(api.ProblemCodeInternal, "")
	}
	h.problem(w, refusal)
}

func (h *handler) problem(w http.ResponseWriter, r *Refusal) {
	known := refusals[r.Code]
	refused(w, r.Code)
	b, err := json.Marshal(api.Problem{
		Type: api.ProblemType + string(r.Code), Title: known.title, Status: known.status, Detail: r.Detail, Code: r.Code, BillID: r.BillID, Field: r.Field,
	})
	if err != nil {
		h.log.Error("encode problem", "error", err.Error())
	}
	w.Header().Set("Content-Type", api.MediaProblem)
	w.Header().Set("Cache-Control", "no-store")
	if r.Code == api.ProblemCodeGatewayBusy || r.Code == api.ProblemCodeTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(1+int(h.crowd.comeBack(r.After)/time.Second)))
	}
	h.write(w, known.status, b)
}

func (h *handler) write(w http.ResponseWriter, status int, b []byte) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := w.Write(b); err != nil {
		h.log.Debug("answer not taken", "error", err.Error())
	}
}

// bounded refuses early when too much is being done, and gives the rest a deadline.
func (h *handler) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lane := h.lanes.of(r)
		select {
		case lane.places <- struct{}{}:
			h.store.meter.Enter(lane.name)
			defer func() { h.store.meter.Leave(lane.name); <-lane.places }()
		default:
			because(w, lane.full)
			h.problem(w, refuse(api.ProblemCodeGatewayBusy, ""))
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), h.cfg.RequestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// recovered turns a panic into a refusal and an entry in the log.
func (h *handler) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				h.log.Error("panic", "route", route(r), "value", fmt.Sprint(v), "stack", string(debug.Stack()))
				h.problem(w, refuse(api.ProblemCodeInternal, ""))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

package gateway

// Every request watched: one line in the log, one count, one measure, and, where
// somebody wants them, one span. All of them name the operation of the contract
// and never the path, which can hold a citizen's receipt token.

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/tserve/jolly/sync/api"
)

// noOperation is what is none of the contract.
const noOperation = "none"

// Why a request is sent away to come back later.
const (
	earlyPayments = "payments-lane" // too many are worked on
	earlyBacklog  = "backlog-lane"  // too many with former rows are
	earlyRows     = "rows-waiting"  // too many rows wait for the book
	earlyBook     = "book"          // the book cannot be asked at this moment, or took too long
	earlyRate     = "rate"          // this kiosk or this address asks too often
	earlyStop     = "stopping"
)

// noTracer is the tracer of who wants no traces.
func noTracer() trace.Tracer { return noop.NewTracerProvider().Tracer("") }

// operations are the contract's, by method and route.
func operationsOf(doc *openapi3.T) map[string]string {
	names := map[string]string{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			names[method+" "+path] = op.OperationID
		}
	}
	return names
}

// seen remembers how a request was answered.
type seen struct {
	http.ResponseWriter
	status int
	code   api.ProblemCode
	why    string // it was sent away
}

// WriteHeader remembers the status.
func (w *seen) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets net/http find what it needs beneath, as the limit of a body does.
func (w *seen) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// outcome is ok, or the code of the problem.
func (w *seen) outcome() string {
	switch {
	case w.code != "":
		return string(w.code)
	case w.status >= http.StatusBadRequest:
		return fmt.Sprintf("status-%d", w.status)
	}
	return "ok"
}

// because notes why a request is about to be sent away.
func because(w http.ResponseWriter, why string) {
	if s, ok := w.(*seen); ok {
		s.why = why
	}
}

// refused notes the code of a problem.
func refused(w http.ResponseWriter, code api.ProblemCode) {
	if s, ok := w.(*seen); ok {
		s.code = code
	}
}

// watched tells of every request.
func (h *handler) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		ctx, span := h.cfg.Tracer.Start(r.Context(), "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot())
		defer span.End()
		sw := &seen{ResponseWriter: w, status: http.StatusOK}
		r = r.WithContext(ctx)
		next.ServeHTTP(sw, r)
		operation := h.operation(r)
		h.counted(sw, operation, time.Since(begun))
		spanned(span, operation, sw)
		attrs := []slog.Attr{
			slog.String("method", r.Method), slog.String("route", route(r)), slog.String("operation", operation), slog.String("outcome", sw.outcome()),
			slog.Int("status", sw.status), slog.Int64("ms", time.Since(begun).Milliseconds()),
		}
		if span.SpanContext().IsSampled() {
			attrs = append(attrs, slog.String("trace", span.SpanContext().TraceID().String()))
		}
		h.log.LogAttrs(ctx, slog.LevelInfo, "request", attrs...)
	})
}

func (h *handler) counted(w *seen, operation string, took time.Duration) {
	h.store.meter.Request(operation, w.outcome(), took)
	switch w.code {
	case api.ProblemCodeGatewayBusy:
		h.store.meter.Early(w.why)
	case api.ProblemCodeTooManyRequests:
		h.store.meter.Early(earlyRate)
	}
}

func spanned(span trace.Span, operation string, w *seen) {
	span.SetName(operation)
	span.SetAttributes(
		attribute.String("jolly.operation", operation), attribute.String("jolly.outcome", w.outcome()), attribute.Int("http.response.status_code", w.status))
	if w.status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, w.outcome())
	}
}

// operation is what the contract calls a request.
func (h *handler) operation(r *http.Request) string {
	if name := h.names[r.Method+" "+route(r)]; name != "" {
		return name
	}
	return noOperation
}

func route(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		return c.RoutePattern()
	}
	return ""
}

package main

// What those who look after the gateway see of it while it serves: health,
// readiness, metrics, traces; and the limits that it keeps.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/tserve/jolly/sync/gateway"
)

// watchSettings is what the flags say of it.
type watchSettings struct {
	metrics, traces string
	percent         int
	limits          gateway.HandlerConfig
	expiry          gateway.ExpiryConfig
}

func watchFlags(cmd *cobra.Command) *watchSettings {
	w := &watchSettings{limits: gateway.DefaultLimits()}
	f, l := cmd.Flags(), &w.limits
	f.StringVar(&w.metrics, "metrics", "", "address of /healthz, /readyz and /metrics, which ask nobody who he is: 127.0.0.1:9480")
	f.StringVar(&w.traces, "traces", "", "where spans go by OTLP over HTTP: http://127.0.0.1:4318/v1/traces; without it there are none")
	f.IntVar(&w.percent, "traces-percent", 100, "of the requests that become a span")
	f.IntVar(&l.InFlight, "limit-requests", l.InFlight, "requests worked on at the same time, without the backlog")
	f.IntVar(&l.Backlog, "limit-backlog", l.Backlog, "requests with rows of former payments worked on at the same time")
	f.DurationVar(&l.RequestTimeout, "limit-request-time", l.RequestTimeout, "for the work of one request")
	f.DurationVar(&l.BodyTimeout, "limit-body-time", l.BodyTimeout, "for a body to arrive")
	f.IntVar(&l.PagesPerMinute, "limit-pages", l.PagesPerMinute, "citizens' pages a minute, for one address")
	f.IntVar(&l.ChallengesPerMinute, "limit-challenges", l.ChallengesPerMinute, "challenges for cards a minute, of one kiosk")
	f.IntVar(&l.CitizensPerMinute, "limit-citizens", l.CitizensPerMinute, "lookups by card a minute, of one kiosk")
	f.IntVar(&l.FormsPerMinute, "limit-forms", l.FormsPerMinute, "lookups by form a minute, of one kiosk")
	f.IntVar(&l.EnrolmentsPerMinute, "limit-enrolments", l.EnrolmentsPerMinute, "enrolments a minute from one address, and renewals of one kiosk")
	w.expiry = gateway.DefaultExpiry()
	f.DurationVar(&w.expiry.After, "expire-after", w.expiry.After,
		"past the end of an activation without an outcome, until it is closed KO with an alarm though its kiosk is silent")
	f.DurationVar(&w.expiry.Margin, "expire-margin", w.expiry.Margin,
		"past the end of an activation without an outcome, until its kiosk's word that nothing is left to be said closes it KO")
	return w
}

// bound puts limits and deadlines into a configuration.
func (w *watchSettings) bound(cfg *gateway.HandlerConfig) {
	cfg.Teller.Expiry = w.expiry
	cfg.InFlight, cfg.Backlog, cfg.RequestTimeout, cfg.BodyTimeout = w.limits.InFlight, w.limits.Backlog, w.limits.RequestTimeout, w.limits.BodyTimeout
	cfg.PagesPerMinute, cfg.ChallengesPerMinute, cfg.CitizensPerMinute = w.limits.PagesPerMinute, w.limits.ChallengesPerMinute, w.limits.CitizensPerMinute
	cfg.FormsPerMinute, cfg.EnrolmentsPerMinute = w.limits.FormsPerMinute, w.limits.EnrolmentsPerMinute
}

// while runs what serves, and lets it be watched from its begin to its end:
// readiness ends first, and the listener that tells so is the last to go.
func (w *watchSettings) while(ctx context.Context, store *gateway.Store, cfg gateway.HandlerConfig, log *slog.Logger,
	serve func(context.Context, gateway.HandlerConfig) error,
) error {
	w.bound(&cfg)
	if w.traces != "" {
		spans, err := w.provider(ctx, log)
		if err != nil {
			return err
		}
		defer ended(ctx, spans, log)
		cfg.Tracer = spans.Tracer("github.com/tserve/jolly/sync/gateway")
	}
	if w.metrics == "" {
		return serve(ctx, cfg)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", w.metrics)
	if err != nil {
		return fmt.Errorf("listen for metrics: %w", err)
	}
	if !loopback(w.metrics) {
		log.Warn("health and metrics are told to everybody who reaches this address", "address", l.Addr().String())
	}
	log.Info("health and metrics", "address", l.Addr().String())
	ops := gateway.NewOps(store, ctx.Done(), log)
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	told := make(chan error, 1)
	go func() { told <- ops.Run(life, l) }()
	err = serve(ctx, cfg)
	stop()
	return errors.Join(err, <-told)
}

// tracesEnd bounds how long the last spans may take.
const tracesEnd = 2 * time.Second

// provider sends spans by OTLP. What cannot be sent is dropped, and said: traces
// are no part of a payment.
func (w *watchSettings) provider(ctx context.Context, log *slog.Logger) (*sdktrace.TracerProvider, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(w.traces), otlptracehttp.WithTimeout(tracesEnd))
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces", "error", err.Error()) }))
	log.Info("traces", "to", w.traces, "percent", w.percent)
	return sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.TraceIDRatioBased(float64(w.percent)/100)),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "jolly-gateway"))),
	), nil
}

// ended sends the last spans.
func ended(ctx context.Context, spans *sdktrace.TracerProvider, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesEnd)
	defer cancel()
	if err := spans.Shutdown(ctx); err != nil {
		log.Warn("the last traces could not be sent", "error", err.Error())
	}
}

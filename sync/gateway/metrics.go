package gateway

// Metrics: what a running gateway counts and measures, for Prometheus. Labels
// are closed lists: never a person, a payment, a kiosk or an address.
// docs/gateway.md explains each of them; a test keeps that whole.

import (
	"context"
	"database/sql"
	"math"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tserve/jolly/sync/api"
)

// Metrics of one process: its handlers, and its book.
type Metrics struct {
	store    *Store // nil: nobody reads them
	registry *prometheus.Registry

	requests    *prometheus.CounterVec   // operation, code
	seconds     *prometheus.HistogramVec // operation
	rows        *prometheus.CounterVec   // verdict
	activations *prometheus.CounterVec   // channel
	early       *prometheus.CounterVec   // why
	inUse       *prometheus.GaugeVec     // lane
	limit       *prometheus.GaugeVec     // lane

	mu     sync.Mutex
	looked time.Time
	book   bookGauges
}

// bookGauges are read from the book when somebody asks.
type bookGauges struct {
	up, doubts, refunds, oldest, catalogue prometheus.Gauge
	outcomes                               *prometheus.GaugeVec // state
	alarms                                 *prometheus.GaugeVec // kind
}

// What the book is asked for at most so often, and for how long.
const (
	lookEvery = 5 * time.Second
	lookTime  = 5 * time.Second
)

// maxKinds bounds the kinds of alarms that are told apart.
const maxKinds = 60

// NewMetrics measures a book, and the handlers that are given it.
func NewMetrics(store *Store) *Metrics {
	m := newMetrics()
	m.store, m.registry = store, prometheus.NewRegistry()
	m.registry.MustRegister(m.requests, m.seconds, m.rows, m.activations, m.early, m.inUse, m.limit,
		m.book.up, m.book.doubts, m.book.refunds, m.book.oldest, m.book.catalogue, m.book.outcomes, m.book.alarms,
		store.troubles.errors, store.troubles.retries,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "jolly_gateway_rows_waiting", Help: "Rows of kiosks that wait for the book."},
			func() float64 { return float64(store.Waiting()) }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewDBStatsCollector(store.read, "read"))
	if store.write != nil {
		m.registry.MustRegister(collectors.NewDBStatsCollector(store.write, "write"))
	}
	return m
}

func newMetrics() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "jolly_gateway_" + name, Help: help}, labels)
	}
	gauges := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "jolly_gateway_" + name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "jolly_gateway_" + name, Help: help})
	}
	return &Metrics{
		requests: counter("requests_total", "Requests that were answered, by operation of the contract and by how: ok, or the problem's code.", "operation", "code"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "jolly_gateway_request_seconds", Help: "How long a request took, by operation of the contract.",
			Buckets: []float64{.0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"operation"}),
		rows:        counter("rows_total", "Rows of kiosks' outboxes, by verdict.", "verdict"),
		activations: counter("activations_total", "Carts that were locked for a payment, repeated calls too, by channel.", "channel"),
		early:       counter("refused_early_total", "Requests that were sent away to come back later, by what was full.", "why"),
		inUse:       gauges("lane_in_use", "Requests that are worked on, by lane.", "lane"),
		limit:       gauges("lane_limit", "Requests that may be worked on at the same time, by lane.", "lane"),
		book: bookGauges{
			up:        gauge("book_up", "1: the book could be read when this was asked for."),
			doubts:    gauge("doubts_open", "Charges of unknown result that nobody has decided."),
			refunds:   gauge("refunds_open", "Bills and sums that are to be given back."),
			oldest:    gauge("outcome_oldest_seconds", "Age of the oldest outcome that its owner does not have yet."),
			catalogue: gauge("catalogue_in_force", "1: there is a catalogue of services."),
			outcomes:  gauges("outcomes_waiting", "Outcomes that owners of debts do not have: due, or alarm, where telling them again will not help.", "state"),
			alarms:    gauges("alarms_open", "Alarms that nobody has acknowledged, by kind.", "kind"),
		},
	}
}

// ServeHTTP writes the metrics in the text form of Prometheus.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.look(r.Context())
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: lookTime}).ServeHTTP(w, r)
}

// look reads the book. Where it cannot be read, what it would have said is not a
// number, and nobody takes an old figure for a new one.
func (m *Metrics) look(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.looked) < lookEvery {
		return
	}
	m.looked = time.Now()
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	m.book.alarms.Reset()
	m.book.catalogue.Set(0)
	if m.store.catalogues.current() != nil {
		m.book.catalogue.Set(1)
	}
	m.book.up.Set(1)
	if err := m.read(ctx); err != nil {
		m.store.log.Warn("the metrics of the book cannot be read", "error", err.Error())
		m.book.up.Set(0)
		for _, g := range []prometheus.Gauge{m.book.doubts, m.book.refunds, m.book.oldest, m.book.outcomes.WithLabelValues(tellDue), m.book.outcomes.WithLabelValues(tellAlarm)} {
			g.Set(math.NaN())
		}
	}
}

func (m *Metrics) read(ctx context.Context) error {
	open, err := m.store.OpenCases(ctx)
	if err != nil {
		return err
	}
	m.book.doubts.Set(float64(open.Doubtful))
	m.book.refunds.Set(float64(open.Refunds))
	due, alarm, oldest, err := m.store.untold(ctx)
	if err != nil {
		return err
	}
	m.book.outcomes.WithLabelValues(tellDue).Set(float64(due))
	m.book.outcomes.WithLabelValues(tellAlarm).Set(float64(alarm))
	m.book.oldest.Set(oldest.Seconds())
	kinds, err := m.store.openAlarms(ctx)
	for kind, n := range kinds {
		m.book.alarms.WithLabelValues(kind).Set(float64(n))
	}
	return err
}

// untold counts the outcomes that their owners do not have, and tells the age of
// the oldest.
func (s *Store) untold(ctx context.Context) (due, alarm int, oldest time.Duration, err error) {
	var at sql.NullInt64
	err = s.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM tellings WHERE state = 'due'), (SELECT count(*) FROM tellings WHERE state = 'alarm'),
		(SELECT min(at) FROM tellings WHERE state = 'due')`).Scan(&due, &alarm, &at)
	if at.Valid {
		oldest = max(s.now().Sub(time.UnixMilli(at.Int64)), 0)
	}
	return due, alarm, oldest, err
}

// alarmKind is what a kind of alarm looks like; what does not is "other".
var alarmKind = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

// openAlarms counts the alarms that nobody has acknowledged. Kinds are words of
// this program; that a word of somebody else makes no new series is seen to here.
func (s *Store) openAlarms(ctx context.Context) (map[string]int, error) {
	kinds := map[string]int{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var kind string
		var n int
		err := rows.Scan(&kind, &n)
		if !alarmKind.MatchString(kind) || len(kinds) >= maxKinds {
			kind = "other"
		}
		kinds[kind] += n
		return err
	}, `SELECT a.reason, count(*) FROM alarms a LEFT JOIN acknowledgements k ON k.alarm = a.id WHERE k.alarm IS NULL GROUP BY a.reason ORDER BY 2 DESC, 1`)
	return kinds, err
}

// troubles are what a book counts of its own.
type troubles struct {
	errors  *prometheus.CounterVec // kind
	retries prometheus.Counter
}

func newTroubles() troubles {
	return troubles{
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "jolly_gateway_book_errors_total", Help: "Write transactions that the database did not take, by what its error means.",
		}, []string{"kind"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "jolly_gateway_book_retries_total", Help: "Write transactions that were run again because they lost against another.",
		}),
	}
}

// count notes an error of the database; one of ours is none.
func (t troubles) count(kind fault) {
	names := map[fault]string{faultRefused: "refused", faultLost: "lost", faultBusy: "busy", faultAway: "away"}
	if name := names[kind]; name != "" {
		t.errors.WithLabelValues(name).Inc()
	}
}

// judged counts what came of rows.
func (m *Metrics) judged(answer api.TransactionsResponse) {
	for _, v := range answer.Verdicts {
		m.rows.WithLabelValues(string(v.Verdict)).Inc()
	}
}

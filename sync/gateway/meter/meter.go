package meter

// The instruments, and what is asked of the book when somebody reads them.

import (
	"context"
	"database/sql"
	"log/slog"
	"math"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The book is asked at most so often, and for so long.
const (
	lookEvery = 5 * time.Second
	lookTime  = 5 * time.Second
)

// maxKinds bounds the kinds of alarms that are told apart.
const maxKinds = 60

// Meter has the instruments of one gateway.
type Meter struct {
	registry *prometheus.Registry

	requests    *prometheus.CounterVec
	seconds     *prometheus.HistogramVec
	rows        *prometheus.CounterVec
	activations *prometheus.CounterVec
	expired     *prometheus.CounterVec
	early       *prometheus.CounterVec
	inUse       *prometheus.GaugeVec
	places      *prometheus.GaugeVec
	errors      *prometheus.CounterVec
	retries     prometheus.Counter

	book bookGauges

	mu     sync.Mutex
	looked time.Time
}

// bookGauges are read from the book when somebody asks.
type bookGauges struct {
	up, waiting, doubts, refunds, oldest, catalogue prometheus.Gauge
	outcomes, alarms, fleet                         *prometheus.GaugeVec
}

// New makes the instruments; nothing is measured yet.
func New() *Meter {
	m := &Meter{
		requests: counter("requests_total", "Requests that were answered, by operation of the contract and by how: ok, or the problem's code.", "operation", "code"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "request_seconds", Help: "How long a request took, by operation of the contract.",
			Buckets: []float64{.0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"operation"}),
		rows:        counter("rows_total", "Rows of kiosks' outboxes, by verdict.", "verdict"),
		activations: counter("activations_total", "Carts that were locked for a payment, repeated calls too, by channel.", "channel"),
		expired:     counter("expired_total", "Activations without an outcome that were closed KO, by why: vouched by their kiosk, or by the deadline.", "why"),
		early:       counter("refused_early_total", "Requests that were sent away to come back later, by what was full.", "why"),
		inUse:       gauges("lane_in_use", "Requests that are worked on, by lane.", "lane"),
		places:      gauges("lane_places", "Requests that may be worked on at the same time, by lane.", "lane"),
		errors:      counter("book_errors_total", "Write transactions that the database did not take, by what its error means.", "kind"),
		retries:     prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + "book_retries_total", Help: "Write transactions that were run again because they lost against another."}),
		book: bookGauges{
			up:        gauge("book_up", "1: the book could be read when this was asked for."),
			waiting:   gauge("rows_waiting", "Rows of kiosks that wait for the book."),
			doubts:    gauge("doubts_open", "Charges of unknown result that nobody has decided."),
			refunds:   gauge("refunds_open", "Bills and sums that are to be given back."),
			oldest:    gauge("outcome_oldest_seconds", "Age of the oldest outcome that its owner does not have yet."),
			catalogue: gauge("catalogue_in_force", "1: there is a catalogue of services."),
			outcomes:  gauges("outcomes_waiting", "Outcomes that owners of debts do not have: due, or alarm, where telling them again will not help.", "state"),
			alarms:    gauges("alarms_open", "Alarms that nobody has acknowledged, by kind.", "kind"),
			fleet:     gauges("fleet_alarms_open", "What is wrong with kiosks at this moment, by kind.", "kind"),
		},
	}
	m.registry = prometheus.NewRegistry()
	m.registry.MustRegister(m.requests, m.seconds, m.rows, m.activations, m.expired, m.early, m.inUse, m.places, m.errors, m.retries,
		m.book.up, m.book.waiting, m.book.doubts, m.book.refunds, m.book.oldest, m.book.catalogue, m.book.outcomes, m.book.alarms, m.book.fleet,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// prefix of all names of ours.
const prefix = "jolly_gateway_"

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + name, Help: help})
}

// Request counts one that was answered.
func (m *Meter) Request(operation, code string, took time.Duration) {
	m.requests.WithLabelValues(operation, code).Inc()
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
}

// Row counts one that was judged.
func (m *Meter) Row(verdict string) { m.rows.WithLabelValues(verdict).Inc() }

// Activation counts a cart that was locked.
func (m *Meter) Activation(channel string) { m.activations.WithLabelValues(channel).Inc() }

// Expired counts an activation that was closed without an outcome.
func (m *Meter) Expired(why string) { m.expired.WithLabelValues(why).Inc() }

// Early counts a request that was sent away.
func (m *Meter) Early(why string) { m.early.WithLabelValues(why).Inc() }

// Lane says how many places a lane has.
func (m *Meter) Lane(lane string, places int) {
	m.places.WithLabelValues(lane).Set(float64(places))
	m.inUse.WithLabelValues(lane)
}

// Enter counts a request into a lane, Leave out of it.
func (m *Meter) Enter(lane string) { m.inUse.WithLabelValues(lane).Inc() }

// Leave counts a request out of its lane.
func (m *Meter) Leave(lane string) { m.inUse.WithLabelValues(lane).Dec() }

// BookError counts a transaction that the database did not take.
func (m *Meter) BookError(kind string) { m.errors.WithLabelValues(kind).Inc() }

// BookRetry counts one that is run again.
func (m *Meter) BookRetry() { m.retries.Inc() }

// Connections measures the connections of a database, once under each name.
func (m *Meter) Connections(name string, db *sql.DB) {
	m.registry.MustRegister(collectors.NewDBStatsCollector(db, name))
}

// Book is what a book tells of itself.
type Book struct {
	Waiting   int  // rows
	Catalogue bool // one is in force

	Doubts, Refunds int
	Due, Stuck      int            // outcomes that their owners do not have
	Oldest          time.Duration  // age of the oldest that is due
	Alarms          map[string]int // that nobody has acknowledged, by kind
	Fleet           map[string]int // what is wrong with kiosks, by kind
}

// Handler writes the metrics in the text form of Prometheus; ask reads the book.
// Where that fails, what it would have told is not a number: nobody takes an old
// figure for a new one.
func (m *Meter) Handler(ask func(context.Context) (Book, error), log *slog.Logger) http.Handler {
	page := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: lookTime})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.look(r.Context(), ask, log)
		page.ServeHTTP(w, r)
	})
}

func (m *Meter) look(ctx context.Context, ask func(context.Context) (Book, error), log *slog.Logger) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.looked) < lookEvery {
		return
	}
	m.looked = time.Now()
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	b, err := ask(ctx)
	if err != nil {
		log.Warn("the metrics of the book cannot be read", "error", err.Error())
	}
	m.tell(b, err == nil)
}

func (m *Meter) tell(b Book, known bool) {
	set := func(g prometheus.Gauge, n float64) {
		if !known {
			n = math.NaN()
		}
		g.Set(n)
	}
	m.book.up.Set(one(known))
	m.book.waiting.Set(float64(b.Waiting))
	m.book.catalogue.Set(one(b.Catalogue))
	set(m.book.doubts, float64(b.Doubts))
	set(m.book.refunds, float64(b.Refunds))
	set(m.book.outcomes.WithLabelValues("due"), float64(b.Due))
	set(m.book.outcomes.WithLabelValues("alarm"), float64(b.Stuck))
	set(m.book.oldest, b.Oldest.Seconds())
	kinds(m.book.alarms, b.Alarms)
	kinds(m.book.fleet, b.Fleet)
}

// kinds tells so many of each kind, and nothing of those that are over.
func kinds(g *prometheus.GaugeVec, all map[string]int) {
	g.Reset()
	for kind, n := range bounded(all) {
		g.WithLabelValues(kind).Set(float64(n))
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// kindForm is what a kind of alarm looks like; what does not is "other".
var kindForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)

// bounded keeps the kinds that are words of the program, and not too many: that a
// word of somebody else makes no new series is seen to here.
func bounded(all map[string]int) map[string]int {
	kinds := make([]string, 0, len(all))
	for kind := range all {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	kept := map[string]int{}
	for _, kind := range kinds {
		name := kind
		if !kindForm.MatchString(name) || len(kept) >= maxKinds {
			name = "other"
		}
		kept[name] += all[kind]
	}
	return kept
}

package gateway

// Metrics: what the book tells of itself when somebody reads its meter.

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"time"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/meter"
)

// Metrics writes what this gateway counted and measured, for Prometheus.
func (s *Store) Metrics() http.Handler { return s.meter.Handler(s.measure, s.log) }

// newMeter counts what is done with a book; its connections are measured, too.
func (s *Store) newMeter() {
	s.meter = meter.New()
	for name, db := range map[string]*sql.DB{"read": s.read, "write": s.write} {
		if db != nil {
			s.meter.Connections(name, db)
		}
	}
}

// measure reads what waits.
func (s *Store) measure(ctx context.Context) (meter.Book, error) {
	b := meter.Book{Waiting: s.Waiting(), Catalogue: s.catalogues.current() != nil}
	open, err := s.OpenCases(ctx)
	if err != nil {
		return b, err
	}
	b.Doubts, b.Refunds = open.Doubtful, open.Refunds
	var at sql.NullInt64
	err = s.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM tellings WHERE state = 'due'), (SELECT count(*) FROM tellings WHERE state = 'alarm'),
		(SELECT min(at) FROM tellings WHERE state = 'due')`).Scan(&b.Due, &b.Stuck, &at)
	if err != nil {
		return b, fmt.Errorf("count outcomes: %w", err)
	}
	if at.Valid {
		b.Oldest = max(s.now().Sub(time.UnixMilli(at.Int64)), 0)
	}
	b.Alarms, err = s.kinds(ctx, "SELECT a.reason, count(*) FROM alarms a LEFT JOIN acknowledgements k ON k.alarm = a.id WHERE k.alarm IS NULL GROUP BY a.reason")
	if err == nil {
		b.Fleet, err = s.kinds(ctx, "SELECT kind, count(*) FROM fleet_alarms GROUP BY kind")
	}
	if err != nil {
		return b, fmt.Errorf("count alarms: %w", err)
	}
	return b, nil
}

// kinds reads how many there are of each kind.
func (s *Store) kinds(ctx context.Context, query string) (map[string]int, error) {
	kinds := map[string]int{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var kind string
		var n int
		err := rows.Scan(&kind, &n)
		kinds[kind] = n
		return err
	}, query)
	return kinds, err
}

// troubled counts an error of the database; one of ours is none.
func (s *Store) troubled(kind fault) {
	names := map[fault]string{faultRefused: "refused", faultLost: "lost", faultBusy: "busy", faultAway: "away"}
	if name := names[kind]; name != "" {
		s.meter.BookError(name)
	}
}

// judged counts what came of rows.
func (s *Store) judged(answer api.TransactionsResponse) {
	for _, v := range answer.Verdicts {
		s.meter.Row(string(v.Verdict))
	}
}

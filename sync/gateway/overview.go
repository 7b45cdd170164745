package gateway

// The kiosks as the book knows them: by the rows that they sent, the payments
// that they took and the certificates that they have.

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// KioskView is one kiosk in the book.
type KioskView struct {
	Kiosk    string
	Rows     int64        // that came
	Last     int64        // the highest sequence
	Gaps     int64        // runs of sequences that are missing before it
	Word     time.Time    // when the last row came; zero: none
	LastKind string       // of that row
	Parked   int          // rows that nobody has looked at
	Alarms   int          // of rows, that nobody has looked at
	Paid     int          // payments of the day
	Taken    kiosk.Amount // of the day
	Doubtful int          // charges of unknown result
	Enrolled *Enrolled    // the newest certificate, or the token that waits; nil: none
}

// Kiosks are all kiosks that the book has heard of; day is the begin of the day
// whose payments are counted.
func (s *Store) Kiosks(ctx context.Context, day time.Time) ([]KioskView, error) {
	if s.broken.Load() {
		return nil, ErrBroken
	}
	all := map[string]*KioskView{}
	of := func(id string) *KioskView {
		if all[id] == nil {
			all[id] = &KioskView{Kiosk: id}
		}
		return all[id]
	}
	err := s.view(ctx, func(q queryer) error {
		if err := kioskRuns(ctx, q, of); err != nil {
			return err
		}
		return s.kioskCounts(ctx, q, day, of)
	})
	if err != nil {
		return nil, fmt.Errorf("read kiosks: %w", err)
	}
	enrolled, err := s.Enrolments(ctx)
	if err != nil {
		return nil, err
	}
	for i, e := range enrolled {
		if k := of(e.Kiosk); k.Enrolled == nil {
			k.Enrolled = &enrolled[i]
		}
	}
	list := make([]KioskView, 0, len(all))
	for _, id := range slices.Sorted(maps.Keys(all)) {
		list = append(list, *all[id])
	}
	return list, nil
}

func kioskRuns(ctx context.Context, q queryer, of func(string) *KioskView) error {
	return each(ctx, q, func(rows *sql.Rows) error {
		var v KioskView
		var word int64
		if err := rows.Scan(&v.Kiosk, &v.Rows, &v.Gaps, &v.Last, &word, &v.LastKind); err != nil {
			return err
		}
		v.Word = moment(word)
		*of(v.Kiosk) = v
		return nil
	}, `SELECT u.kiosk, u.rows, u.gaps, u.last, coalesce(r.received_at, 0), coalesce(r.kind, '')
		FROM (SELECT kiosk, CAST(sum(last - first + 1) AS BIGINT) AS rows, count(*) - CASE min(first) WHEN 1 THEN 1 ELSE 0 END AS gaps, max(last) AS last
			FROM kiosk_runs GROUP BY kiosk) u
		LEFT JOIN kiosk_rows r ON r.kiosk = u.kiosk AND r.sequence = u.last`)
}

// kioskCounts counts cases and the day's payments.
func (s *Store) kioskCounts(ctx context.Context, q queryer, day time.Time, of func(string) *KioskView) error {
	for _, count := range []struct {
		query string
		args  []any
		set   func(v *KioskView, n int, sum kiosk.Amount)
	}{
		{"SELECT n.kiosk, count(*), 0 FROM (" + noticeQuery + ") AS n WHERE n.seen = 0 AND n.parked <> '' GROUP BY n.kiosk", nil,
			func(v *KioskView, n int, _ kiosk.Amount) { v.Parked = n }},
		{"SELECT n.kiosk, count(*), 0 FROM (" + noticeQuery + ") AS n WHERE n.seen = 0 AND n.parked = '' GROUP BY n.kiosk", nil,
			func(v *KioskView, n int, _ kiosk.Amount) { v.Alarms = n }},
		{"SELECT kiosk, count(*), CAST(sum(total) AS BIGINT) FROM payments WHERE activated_at >= $1 AND state = 'paid' AND channel = 'jolly' GROUP BY kiosk", []any{day.UnixMilli()},
			func(v *KioskView, n int, sum kiosk.Amount) { v.Paid, v.Taken = n, sum }},
		{"SELECT kiosk, count(*), 0 FROM payments WHERE state = 'doubtful' AND channel = 'jolly' GROUP BY kiosk", nil,
			func(v *KioskView, n int, _ kiosk.Amount) { v.Doubtful = n }},
	} {
		err := each(ctx, q, func(rows *sql.Rows) error {
			var id string
			var n int
			var sum kiosk.Amount
			err := rows.Scan(&id, &n, &sum)
			if id != "" {
				count.set(of(id), n, sum)
			}
			return err
		}, count.query, count.args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// KioskRow is one row of a kiosk's outbox, without its body.
type KioskRow struct {
	Sequence     int64
	Kind         string
	Payment      string
	Occurred     time.Time
	ClockTrusted bool
	Received     time.Time
	Verdict      kiosk.VerdictCode
	Reason       string
}

// KioskRows are the rows of a kiosk before a sequence, the newest first; 0 is
// from the end.
func (s *Store) KioskRows(ctx context.Context, kioskID string, before int64, most int) ([]KioskRow, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	all := []KioskRow{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var r KioskRow
		var occurred, received, trusted int64
		err := rows.Scan(&r.Sequence, &r.Kind, &r.Payment, &occurred, &trusted, &received, &r.Verdict, &r.Reason)
		r.Occurred, r.Received, r.ClockTrusted = moment(occurred), moment(received), trusted == 1
		all = append(all, r)
		return err
	}, `SELECT sequence, kind, payment, occurred_at, clock_trusted, received_at, verdict, reason FROM kiosk_rows
		WHERE kiosk = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3`, kioskID, before, most)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	return all, nil
}

// KioskRuns are the runs of sequences that came from a kiosk: between them rows
// are missing.
func (s *Store) KioskRuns(ctx context.Context, kioskID string) ([]api.Range, error) {
	all := []api.Range{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var r api.Range
		err := rows.Scan(&r.From, &r.To)
		all = append(all, r)
		return err
	}, "SELECT first, last FROM kiosk_runs WHERE kiosk = $1 ORDER BY first", kioskID)
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	return all, nil
}

// CatalogueUse is a catalogue that was in force.
type CatalogueUse struct {
	Version, Key string
	Since        time.Time // put in force for the last time
}

// CatalogueUses are the catalogues that were in force, the newest first.
func (s *Store) CatalogueUses(ctx context.Context) ([]CatalogueUse, error) {
	all := []CatalogueUse{}
	err := each(ctx, s.read, func(rows *sql.Rows) error {
		var c CatalogueUse
		var since int64
		err := rows.Scan(&c.Version, &c.Key, &since)
		c.Since = moment(since)
		all = append(all, c)
		return err
	}, "SELECT version, key_id, used_at FROM catalogues")
	if err != nil {
		return nil, fmt.Errorf("read catalogues: %w", err)
	}
	slices.SortFunc(all, func(a, b CatalogueUse) int { return kiosk.CompareVersions(b.Version, a.Version) })
	return all, nil
}

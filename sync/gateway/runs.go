package gateway

// Runs: which sequences of a kiosk are here, as runs without gaps.

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/tserve/jolly/sync/api"
)

// maxHave is how many runs an answer holds: the newest.
const maxHave = 100

// runs are those of the kiosks that a group of rows comes from.
type runs struct {
	before, now map[string][]api.Range // by kiosk, lowest first
}

var (
	readRuns = many{columns: []string{"kiosk text"}, text: `SELECT kiosk, first, last FROM kiosk_runs AS r
		WHERE kiosk IN (SELECT u.kiosk FROM {rows}) ORDER BY kiosk, first {lock:r}`}
	dropRuns = many{columns: []string{"kiosk text", "first bigint"},
		text: "DELETE FROM kiosk_runs WHERE (kiosk, first) IN (SELECT u.kiosk, u.first FROM {rows})"}
	setRuns = insertMany("kiosk_runs", "ON CONFLICT (kiosk, first) DO UPDATE SET last = excluded.last", "kiosk text", "first bigint", "last bigint")
)

func (s *Store) loadRuns(ctx context.Context, tx *sql.Tx, kiosks []string) (*runs, error) {
	r := &runs{before: map[string][]api.Range{}, now: map[string][]api.Range{}}
	err := s.eachMany(ctx, tx, func(rows *sql.Rows) error {
		var kioskID string
		var run api.Range
		err := rows.Scan(&kioskID, &run.From, &run.To)
		r.before[kioskID] = append(r.before[kioskID], run)
		r.now[kioskID] = join(r.now[kioskID], run)
		return err
	}, readRuns, handed{kiosks})
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	return r, nil
}

// join adds a run that lies behind all others. Two groups that ran at the same
// time may have left two runs where one would do.
func join(all []api.Range, run api.Range) []api.Range {
	if n := len(all); n > 0 && all[n-1].To+1 >= run.From {
		all[n-1].To = max(all[n-1].To, run.To)
		return all
	}
	return append(all, run)
}

// has says that a sequence is here.
func (r *runs) has(kioskID string, sequence int64) bool {
	_, found := slices.BinarySearchFunc(r.now[kioskID], sequence, compareRun)
	return found
}

func compareRun(run api.Range, sequence int64) int {
	switch {
	case run.To < sequence:
		return -1
	case run.From > sequence:
		return 1
	}
	return 0
}

// add notes a sequence that was not here, and joins its neighbours.
func (r *runs) add(kioskID string, sequence int64) {
	all := r.now[kioskID]
	at, _ := slices.BinarySearchFunc(all, sequence, compareRun)
	var joined []api.Range
	for _, run := range slices.Insert(slices.Clone(all[max(at-1, 0):min(at+1, len(all))]), min(at, 1), api.Range{From: sequence, To: sequence}) {
		joined = join(joined, run)
	}
	r.now[kioskID] = slices.Replace(all, max(at-1, 0), min(at+1, len(all)), joined...)
}

// have is what is here of a kiosk, the newest runs.
func (r *runs) have(kioskID string) []api.Range {
	all := r.now[kioskID]
	return append([]api.Range{}, all[max(len(all)-maxHave, 0):]...)
}

// save writes what changed.
func (s *Store) saveRuns(ctx context.Context, tx *sql.Tx, r *runs) error {
	var gone, kept struct {
		kiosk       []string
		first, last []int64
	}
	for _, kioskID := range slices.Sorted(maps.Keys(r.now)) {
		before, now := r.before[kioskID], r.now[kioskID]
		for _, run := range before {
			if _, still := slices.BinarySearchFunc(now, run, byFirst); !still {
				gone.kiosk, gone.first = append(gone.kiosk, kioskID), append(gone.first, run.From)
			}
		}
		for _, run := range now {
			if at, known := slices.BinarySearchFunc(before, run, byFirst); !known || before[at] != run {
				kept.kiosk, kept.first, kept.last = append(kept.kiosk, kioskID), append(kept.first, run.From), append(kept.last, run.To)
			}
		}
	}
	if err := s.execMany(ctx, tx, dropRuns, handed{gone.kiosk, gone.first}); err != nil {
		return fmt.Errorf("join runs: %w", err)
	}
	if err := s.execMany(ctx, tx, setRuns, handed{kept.kiosk, kept.first, kept.last}); err != nil {
		return fmt.Errorf("write runs: %w", err)
	}
	return nil
}

func byFirst(a, b api.Range) int { return cmp.Compare(a.From, b.From) }

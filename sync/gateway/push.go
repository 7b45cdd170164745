package gateway

// Rows of the kiosks' outboxes: each id is applied once, for ever.

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/google/uuid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// Reasons of rows that package outcome never sees.
const (
	reasonRowInvalid = "row-invalid" // no sequence, no id or no hash: it cannot be kept
	reasonBook       = "refused-by-book"
)

// maxKept is the longest text of a row, beside its body, that is kept.
const maxKept = 64

var (
	rowID     = regexp.MustCompile(`^[!-~]{1,64}$`)
	rowWord   = regexp.MustCompile(`^[!-~]{0,64}$`)
	paymentID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// Push applies the rows of one kiosk in their order, all in one transaction,
// and answers each of them.
func (s *Store) Push(ctx context.Context, kioskID string, rows []api.Row) (api.TransactionsResponse, error) {
	answer := api.TransactionsResponse{Verdicts: make([]api.Verdict, 0, len(rows))}
	var alarms []func()
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		answer.Verdicts, alarms = answer.Verdicts[:0], nil
		for _, row := range rows {
			v, err := s.take(ctx, tx, kioskID, row)
			if err != nil {
				return fmt.Errorf("row %d: %w", row.Sequence, err)
			}
			if v.Alarm {
				alarms = append(alarms, s.alarm(kioskID, row, v))
			}
			answer.Verdicts = append(answer.Verdicts, api.Verdict{
				Sequence: row.Sequence, ID: row.ID, Verdict: api.VerdictCode(v.Code), Reason: v.Reason, Closings: wireClosings(v.Closings),
			})
		}
		var err error
		answer.Have, err = runs(ctx, tx, kioskID)
		return err
	})
	if err != nil {
		return api.TransactionsResponse{}, fmt.Errorf("push: %w", err)
	}
	for _, ring := range alarms {
		ring()
	}
	return answer, nil
}

func wireClosings(closings []kiosk.BillClosing) []api.BillClosing {
	var all []api.BillClosing
	for _, c := range closings {
		all = append(all, api.BillClosing{BillID: c.BillID, Closing: api.Closing(c.Closing)})
	}
	return all
}

// alarm is told to the log only after the COMMIT.
func (s *Store) alarm(kioskID string, row api.Row, v outcome.Verdict) func() {
	return func() {
		s.log.Error("alarm", "reason", v.Reason, "verdict", string(v.Code), "kiosk", kioskID, "sequence", row.Sequence,
			"row", clip(row.ID), "kind", clip(row.Kind), "payment", clip(row.Payment))
	}
}

func clip(s string) string {
	if len(s) > maxKept {
		return s[:maxKept]
	}
	return s
}

// take decides about one row. An error is the book's and undoes the whole request.
func (s *Store) take(ctx context.Context, tx *sql.Tx, kioskID string, row api.Row) (outcome.Verdict, error) {
	if row.Sequence < 1 || !rowID.MatchString(row.ID) || !rowWord.MatchString(row.Payment) || !rowWord.MatchString(row.Kind) {
		return outcome.Parked(reasonRowInvalid), nil
	}
	if sum := sha256.Sum256([]byte(row.Body)); hex.EncodeToString(sum[:]) != row.Hash {
		return outcome.Parked(outcome.ReasonHash), nil // not kept: the true body may still come
	}
	v, known, err := stored(ctx, tx, kioskID, row)
	if err != nil {
		return outcome.Verdict{}, err
	}
	if !known {
		v, err = s.apply(ctx, tx, kioskID, row)
		if err != nil {
			return outcome.Verdict{}, err
		}
		if err := s.keep(ctx, tx, kioskID, row, v); err != nil {
			return outcome.Verdict{}, err
		}
	}
	if v.Alarm {
		err = s.keepAlarm(ctx, tx, kioskID, row, v)
	}
	return v, err
}

// stored answers a row whose id or sequence is known.
func stored(ctx context.Context, tx *sql.Tx, kioskID string, row api.Row) (outcome.Verdict, bool, error) {
	var hash, kind, code, reason, closings string
	err := tx.QueryRowContext(ctx, "SELECT hash, kind, verdict, reason, closings FROM kiosk_rows WHERE kiosk = $1 AND id = $2",
		kioskID, row.ID).Scan(&hash, &kind, &code, &reason, &closings)
	if errors.Is(err, sql.ErrNoRows) {
		var used bool
		err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM kiosk_rows WHERE kiosk = $1 AND sequence = $2)",
			kioskID, row.Sequence).Scan(&used)
		return outcome.Conflict(outcome.ReasonSequenceReused), used, err
	}
	if err != nil {
		return outcome.Verdict{}, false, err
	}
	k := outcome.Kept{Hash: hash, Kind: kiosk.RowKind(kind), Code: kiosk.VerdictCode(code), Reason: reason}
	if err := json.Unmarshal([]byte(closings), &k.Closings); err != nil {
		return outcome.Verdict{}, false, fmt.Errorf("read stored closings: %w", err)
	}
	return outcome.Again(k, row.Hash, kiosk.RowKind(row.Kind)), true, nil
}

// apply lets the row do its work, inside a savepoint: a row that the book
// itself refuses is parked instead of blocking those behind it for ever.
func (s *Store) apply(ctx context.Context, tx *sql.Tx, kioskID string, row api.Row) (outcome.Verdict, error) {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT kiosk_row"); err != nil {
		return outcome.Verdict{}, err
	}
	v, err := s.applyOutcome(ctx, tx, kioskID, row)
	if s.engine.kind(err) == faultRefused {
		s.log.Error("row refused by the book", "kiosk", kioskID, "sequence", row.Sequence, "error", err.Error())
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO kiosk_row"); err != nil {
			return outcome.Verdict{}, err
		}
		v, err = outcome.Parked(reasonBook), nil
	}
	if err != nil {
		return outcome.Verdict{}, err
	}
	_, err = tx.ExecContext(ctx, "RELEASE kiosk_row")
	return v, err
}

// keep writes the row and its answer, and notes its sequence.
func (s *Store) keep(ctx context.Context, tx *sql.Tx, kioskID string, row api.Row, v outcome.Verdict) error {
	closings, err := json.Marshal(v.Closings)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO kiosk_rows
		(kiosk, sequence, id, payment, kind, occurred_at, clock_trusted, received_at, body, hash, verdict, reason, closings)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		kioskID, row.Sequence, row.ID, row.Payment, row.Kind, row.OccurredAt, row.ClockTrusted, s.now().UnixMilli(),
		row.Body, row.Hash, v.Code, v.Reason, string(closings))
	if err != nil {
		return fmt.Errorf("keep row: %w", err)
	}
	return extendRuns(ctx, tx, kioskID, row.Sequence)
}

func (s *Store) keepAlarm(ctx context.Context, tx *sql.Tx, kioskID string, row api.Row, v outcome.Verdict) error {
	name := fmt.Sprintf("%s %s %d %s %s", v.Reason, kioskID, row.Sequence, row.ID, row.Hash) // the same again is one alarm
	_, err := tx.ExecContext(ctx, `INSERT INTO alarms (id, at, reason, kiosk, sequence, row_id, payment, body, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)).String(), s.now().UnixMilli(), v.Reason, kioskID, row.Sequence, row.ID, row.Payment, row.Body, row.Hash)
	if err != nil {
		return fmt.Errorf("keep alarm: %w", err)
	}
	return nil
}

// extendRuns adds a sequence to the runs of a kiosk, joining its neighbours.
func extendRuns(ctx context.Context, tx *sql.Tx, kioskID string, sequence int64) error {
	run := api.Range{From: sequence, To: sequence}
	err := each(ctx, tx, func(rows *sql.Rows) error {
		var r api.Range
		if err := rows.Scan(&r.From, &r.To); err != nil {
			return err
		}
		run.From, run.To = min(run.From, r.From), max(run.To, r.To)
		return nil
	}, "SELECT first, last FROM kiosk_runs WHERE kiosk = $1 AND (last = $2 OR first = $3)", kioskID, sequence-1, sequence+1)
	if err != nil {
		return fmt.Errorf("read runs: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM kiosk_runs WHERE kiosk = $1 AND first >= $2 AND last <= $3", kioskID, run.From, run.To); err != nil {
		return fmt.Errorf("join runs: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO kiosk_runs (kiosk, first, last) VALUES ($1, $2, $3)", kioskID, run.From, run.To); err != nil {
		return fmt.Errorf("join runs: %w", err)
	}
	return nil
}

// runs are the sequences held of a kiosk, lowest first, the last 100 runs of them.
func runs(ctx context.Context, q queryer, kioskID string) ([]api.Range, error) {
	have := []api.Range{}
	err := each(ctx, q, func(rows *sql.Rows) error {
		var r api.Range
		err := rows.Scan(&r.From, &r.To)
		have = append(have, r)
		return err
	}, "SELECT first, last FROM (SELECT first, last FROM kiosk_runs WHERE kiosk = $1 ORDER BY first DESC LIMIT 100) AS newest ORDER BY first", kioskID)
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	return have, nil
}

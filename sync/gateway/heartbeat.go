package gateway

// Heartbeats: the last state of each kiosk and of its devices.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/fleet"
)

// beat is the row of a kiosk.
type beat struct {
	at, first, stateSince time.Time
	complete              time.Time // the kiosk has nothing more to say about what it did before; zero: it never said so
	devices               []fleet.Device
	body                  api.Heartbeat
}

func scanBeat(row interface{ Scan(...any) error }) (b beat, err error) {
	var at, first, since, complete int64
	var devices, body string
	if err := row.Scan(&at, &first, &since, &complete, &devices, &body); err != nil {
		return b, err
	}
	b.complete = moment(complete)
	b.at, b.first, b.stateSince = time.UnixMilli(at), time.UnixMilli(first), time.UnixMilli(since)
	return b, errors.Join(json.Unmarshal([]byte(devices), &b.devices), json.Unmarshal([]byte(body), &b.body))
}

const beatColumns = "at, first_at, state_since, complete_at, devices, body"

// Heartbeat keeps what a kiosk says of itself and answers with its commands.
func (s *Store) Heartbeat(ctx context.Context, h api.Heartbeat) (api.HeartbeatAnswer, error) {
	now := s.now()
	answer := api.HeartbeatAnswer{Now: now.UnixMilli()}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		old, err := scanBeat(tx.QueryRowContext(ctx, "SELECT "+beatColumns+" FROM heartbeats WHERE kiosk = $1", h.Kiosk))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read the one before: %w", err)
		}
		b := follow(old, h, now)
		if b.complete, err = complete(ctx, tx, b); err != nil {
			return err
		}
		if err := keepBeat(ctx, tx, b); err != nil {
			return err
		}
		for _, r := range h.Done {
			if err := s.commandEnded(ctx, tx, h.Kiosk, r); err != nil {
				return err
			}
		}
		if answer.LastSequence, err = lastSequence(ctx, tx, h.Kiosk); err != nil {
			return err
		}
		answer.Commands, err = waitingCommands(ctx, tx, h.Kiosk, now)
		return err
	})
	if err != nil {
		return api.HeartbeatAnswer{}, fmt.Errorf("heartbeat: %w", err)
	}
	return answer, nil
}

// lastSequence is the highest that is here of a kiosk: where its book was put back
// from a copy, or is new, it must go on behind it.
func lastSequence(ctx context.Context, tx *sql.Tx, kioskID string) (*int64, error) {
	var last int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(last), 0) FROM kiosk_runs WHERE kiosk = $1", kioskID).Scan(&last); err != nil {
		return nil, fmt.Errorf("read the last sequence: %w", err)
	}
	return &last, nil
}

// follow is the row after a heartbeat: since when something is so outlives the
// heartbeats that say the same.
func follow(old beat, h api.Heartbeat, now time.Time) beat {
	b := beat{at: now, first: old.first, stateSince: old.stateSince, complete: old.complete, devices: []fleet.Device{}, body: h}
	if old.at.IsZero() {
		b.first = now
	}
	if old.at.IsZero() || old.body.State != h.State {
		b.stateSince = now
	}
	b.body.Done = nil // kept with the commands
	for _, d := range h.Devices {
		one := fleet.Device{Name: d.Device, Status: fleet.Status(d.Status), Reason: d.Reason, Since: now.UTC()}
		for _, before := range old.devices {
			if before.Name == one.Name && before.Status == one.Status {
				one.Since = before.Since
			}
		}
		b.devices = append(b.devices, one)
	}
	return b
}

func keepBeat(ctx context.Context, tx *sql.Tx, b beat) error {
	devices, err := json.Marshal(b.devices)
	if err != nil {
		return err
	}
	body, err := json.Marshal(b.body)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO heartbeats (kiosk, at, first_at, state_since, complete_at, devices, body) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (kiosk) DO UPDATE SET at = excluded.at, state_since = excluded.state_since, complete_at = excluded.complete_at,
			devices = excluded.devices, body = excluded.body`,
		b.body.Kiosk, b.at.UnixMilli(), b.first.UnixMilli(), b.stateSince.UnixMilli(), milli(b.complete), string(devices), string(body))
	if err != nil {
		return fmt.Errorf("keep heartbeat: %w", err)
	}
	return nil
}

// kiosk is the row as alarms are decided by.
func (b beat) kiosk() fleet.Kiosk {
	k := fleet.Kiosk{
		ID: b.body.Kiosk, Seen: b.at.UTC(), State: fleet.State(b.body.State), StateSince: b.stateSince.UTC(), Devices: b.devices,
		Painted: time.Duration(b.body.PaintedSeconds) * time.Second, Waiting: b.body.Backlog.Rows, Parked: b.body.Backlog.Parked,
		Oldest: time.Duration(b.body.Backlog.OldestSeconds) * time.Second, Offset: time.UnixMilli(b.body.Now).Sub(b.at),
	}
	if b.body.CertificateEnds != 0 {
		k.Ends = time.UnixMilli(b.body.CertificateEnds).UTC()
	}
	for _, p := range b.body.Problems {
		k.Problems = append(k.Problems, fleet.Problem{Code: p.Code, Detail: p.Detail})
	}
	return k
}

// FleetKiosk is a kiosk as the operator sees it.
type FleetKiosk struct {
	fleet.Kiosk
	Program   string              `json:"program"`
	Catalogue string              `json:"catalogue,omitempty"`
	Up        int64               `json:"upSeconds"`
	First     time.Time           `json:"first"`
	Vouched   *time.Time          `json:"vouched,omitempty"` // it has nothing more to say about what it did before
	Problems  []api.ProblemReport `json:"problems"`
	Alarms    []fleet.Alarm       `json:"alarms"`
}

// Fleet is every kiosk that was ever heard of, by its id, with its open alarms.
func (s *Store) Fleet(ctx context.Context) ([]FleetKiosk, error) {
	alarms, err := openAlarms(ctx, s.read)
	if err != nil {
		return nil, fmt.Errorf("read fleet: %w", err)
	}
	of := map[string][]fleet.Alarm{}
	for _, a := range alarms {
		of[a.Kiosk] = append(of[a.Kiosk], a)
	}
	all := []FleetKiosk{}
	err = each(ctx, s.read, func(rows *sql.Rows) error {
		b, err := scanBeat(rows)
		if err != nil {
			return err
		}
		k := FleetKiosk{Kiosk: b.kiosk(), Program: b.body.Program, Catalogue: b.body.Catalogue, Up: int64(b.body.UpSeconds), First: b.first.UTC(), Problems: b.body.Problems}
		if !b.complete.IsZero() {
			at := b.complete.UTC()
			k.Vouched = &at
		}
		if k.Alarms = of[k.ID]; k.Alarms == nil {
			k.Alarms = []fleet.Alarm{}
		}
		all = append(all, k)
		return nil
	}, "SELECT "+beatColumns+" FROM heartbeats ORDER BY kiosk")
	if err != nil {
		return nil, fmt.Errorf("read fleet: %w", err)
	}
	return all, nil
}

func (h *handler) heartbeat(w http.ResponseWriter, r *http.Request) {
	var req api.Heartbeat
	if err := h.read(w, r, "Heartbeat", &req); err != nil {
		h.fail(w, r, err)
		return
	}
	answer, err := h.store.Heartbeat(r.Context(), req)
	h.answer(w, r, answer, err)
}

package gateway

// Alarms: found by looking at the last heartbeats, kept in the book with the
// notices that people are to get, and sent until they arrived.

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/tserve/jolly/sync/gateway/fleet"
	"github.com/tserve/jolly/sync/gateway/notify"
)

// WatchConfig says how the fleet is watched. The zero value of a field is its default.
type WatchConfig struct {
	Limits fleet.Limits
	Ways   []notify.Way // to people; none: alarms are in the log and in the book alone

	Every  time.Duration // between two looks, a tenth more or less: 20 s
	Retry  time.Duration // after a notice that did not arrive, doubled up to a quarter of an hour: 10 s
	GiveUp time.Duration // after which a notice is given up: 24 h
}

func (c WatchConfig) filled() WatchConfig {
	for d, def := range map[*time.Duration]time.Duration{&c.Every: 20 * time.Second, &c.Retry: 10 * time.Second, &c.GiveUp: 24 * time.Hour} {
		if *d <= 0 {
			*d = def
		}
	}
	return c
}

// noticeMaxWait is the longest wait between two tries.
const noticeMaxWait = 15 * time.Minute

// Watch looks after the fleet. Several gateways on one book may each have one.
type Watch struct {
	store *Store
	cfg   WatchConfig
	log   *slog.Logger
}

// NewWatch makes a watch; nothing happens before [Watch.Run]. Kiosks are missed
// from its making on: what they said to nobody before is not their fault.
func NewWatch(store *Store, cfg WatchConfig, log *slog.Logger) *Watch {
	w := &Watch{store: store, cfg: cfg.filled(), log: log}
	if w.cfg.Limits.Listening.IsZero() {
		w.cfg.Limits.Listening = store.now()
	}
	return w
}

// Run looks again and again until ctx ends. A look that fails is logged, and the
// next one finds what it missed.
func (w *Watch) Run(ctx context.Context) error {
	for {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("the fleet was not looked at", "error", err.Error())
		}
		tenth := w.cfg.Every / 10
		wait := time.NewTimer(w.cfg.Every - tenth + rand.N(2*tenth+1))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
	}
}

// Look compares the fleet with the open alarms, and sends what is due.
func (w *Watch) Look(ctx context.Context) error {
	var say []fleet.Notice
	err := w.store.inTx(ctx, func(tx *sql.Tx) (err error) {
		say, err = w.compare(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("look at the fleet: %w", err)
	}
	for _, n := range say {
		level := slog.LevelError
		if n.Event == fleet.Cleared {
			level = slog.LevelInfo
		}
		w.log.Log(ctx, level, "alarm", "event", string(n.Event), "kiosk", n.Kiosk, "device", n.Device, "reason", string(n.Kind), "detail", n.Detail, "since", n.Since)
	}
	return w.send(ctx)
}

// compare makes the alarms in the book those of this moment.
func (w *Watch) compare(ctx context.Context, tx *sql.Tx) ([]fleet.Notice, error) {
	now := w.store.now()
	var found []fleet.Condition
	err := each(ctx, tx, func(rows *sql.Rows) error {
		b, err := scanBeat(rows)
		if err == nil {
			found = append(found, fleet.Conditions(b.kiosk(), w.cfg.Limits, now)...)
		}
		return err
	}, "SELECT "+beatColumns+" FROM heartbeats ORDER BY kiosk")
	if err != nil {
		return nil, err
	}
	booked, err := bookConditions(ctx, tx)
	if err != nil {
		return nil, err
	}
	open, err := openAlarms(ctx, tx)
	if err != nil {
		return nil, err
	}
	kept, say := fleet.Step(open, append(found, booked...), now)
	if err := keepAlarms(ctx, tx, open, kept, say); err != nil {
		return nil, err
	}
	for _, n := range say {
		if err := w.queue(ctx, tx, n); err != nil {
			return nil, err
		}
	}
	return say, nil
}

// bookConditions are the book's own alarms that nobody has looked at yet: they are
// over when somebody notes what he found.
func bookConditions(ctx context.Context, tx *sql.Tx) ([]fleet.Condition, error) {
	var all []fleet.Condition
	err := each(ctx, tx, func(rows *sql.Rows) error {
		c := fleet.Condition{Device: fleet.Itself, Kind: fleet.Book}
		var n int
		var reason string
		err := rows.Scan(&c.Kiosk, &n, &reason)
		c.Detail = fmt.Sprintf("%d to look at; one is %s", n, reason)
		all = append(all, c)
		return err
	}, `SELECT a.kiosk, count(*), min(a.reason) FROM alarms a LEFT JOIN acknowledgements k ON k.alarm = a.id
		WHERE k.alarm IS NULL GROUP BY a.kiosk ORDER BY a.kiosk`)
	if err != nil {
		return nil, fmt.Errorf("read the book's alarms: %w", err)
	}
	return all, nil
}

func openAlarms(ctx context.Context, q queryer) ([]fleet.Alarm, error) {
	var all []fleet.Alarm
	err := each(ctx, q, func(rows *sql.Rows) error {
		var a fleet.Alarm
		var since, next int64
		err := rows.Scan(&a.Kiosk, &a.Device, &a.Kind, &a.Detail, &since, &a.Told, &next)
		a.Since, a.Next = time.UnixMilli(since).UTC(), time.UnixMilli(next).UTC()
		all = append(all, a)
		return err
	}, "SELECT kiosk, device, kind, detail, since, told, next_at FROM fleet_alarms ORDER BY kiosk, device, kind")
	if err != nil {
		return nil, fmt.Errorf("read alarms: %w", err)
	}
	return all, nil
}

// keepAlarms writes what changed: most looks change nothing.
func keepAlarms(ctx context.Context, tx *sql.Tx, open, kept []fleet.Alarm, say []fleet.Notice) error {
	before := map[fleet.Condition]bool{}
	for _, a := range open {
		before[a.Condition] = true
	}
	told := map[[3]string]bool{}
	for _, n := range say {
		if told[[3]string{n.Kiosk, n.Device, string(n.Kind)}] = true; n.Event != fleet.Cleared {
			continue
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM fleet_alarms WHERE kiosk = $1 AND device = $2 AND kind = $3", n.Kiosk, n.Device, string(n.Kind)); err != nil {
			return fmt.Errorf("end alarm: %w", err)
		}
	}
	for _, a := range kept {
		if before[a.Condition] && !told[[3]string{a.Kiosk, a.Device, string(a.Kind)}] {
			continue
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO fleet_alarms (kiosk, device, kind, detail, since, told, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (kiosk, device, kind) DO UPDATE SET detail = excluded.detail, told = excluded.told, next_at = excluded.next_at`,
			a.Kiosk, a.Device, string(a.Kind), a.Detail, a.Since.UnixMilli(), a.Told, a.Next.UnixMilli())
		if err != nil {
			return fmt.Errorf("keep alarm: %w", err)
		}
	}
	return nil
}

// queue keeps a notice for each way to people.
func (w *Watch) queue(ctx context.Context, tx *sql.Tx, n fleet.Notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	now := w.store.now().UnixMilli()
	for _, way := range w.cfg.Ways {
		_, err := tx.ExecContext(ctx, "INSERT INTO fleet_notices (id, way, body, made_at, next_at) VALUES ($1, $2, $3, $4, $5)",
			newOrderedID(), way.Name(), string(body), now, now)
		if err != nil {
			return fmt.Errorf("queue notice: %w", err)
		}
	}
	return nil
}

// due is a notice whose time has come.
type due struct {
	id, way string
	notice  fleet.Notice
	made    time.Time
	next    int64
	tries   int
}

// Of each way one look considers so many notices and tries so many: a slow way
// must not keep the watch from looking.
const mostNotices, mostTries = 1000, 50

// thread is what notices are kept in order by: those of one alarm. An all-clear
// never overtakes the alarm that it ends.
func (d due) thread() [3]string {
	return [3]string{d.notice.Kiosk, d.notice.Device, string(d.notice.Kind)}
}

// send sends what is due, on every way.
func (w *Watch) send(ctx context.Context) error {
	var ways []string
	err := each(ctx, w.store.read, func(rows *sql.Rows) error {
		var way string
		err := rows.Scan(&way)
		ways = append(ways, way)
		return err
	}, "SELECT DISTINCT way FROM fleet_notices WHERE ended = 0 ORDER BY way")
	if err != nil {
		return fmt.Errorf("find notices: %w", err)
	}
	for _, way := range ways {
		if err := w.sendOn(ctx, way); err != nil {
			return fmt.Errorf("send notices: %w", err)
		}
	}
	return nil
}

// sendOn tries every notice of a way that is due, once. When one fails no other
// is tried in this look: what else waits for the way would only wait longer.
func (w *Watch) sendOn(ctx context.Context, way string) error {
	all, err := w.unended(ctx, way)
	if err != nil {
		return err
	}
	now, held, tries := w.store.now().UnixMilli(), map[[3]string]bool{}, 0
	for _, d := range all {
		if held[d.thread()] || d.next > now {
			held[d.thread()] = true
			continue
		}
		ok, err := w.try(ctx, d)
		if err != nil || !ok {
			return err
		}
		if tries++; tries == mostTries {
			break
		}
	}
	return nil
}

// unended are the notices that are still to be sent on a way, in the order of
// their making.
func (w *Watch) unended(ctx context.Context, way string) ([]due, error) {
	var all []due
	err := each(ctx, w.store.read, func(rows *sql.Rows) error {
		d := due{way: way}
		var body string
		var made int64
		if err := rows.Scan(&d.id, &body, &made, &d.next, &d.tries); err != nil {
			return err
		}
		d.made = time.UnixMilli(made)
		all = append(all, d)
		return json.Unmarshal([]byte(body), &all[len(all)-1].notice)
	}, "SELECT id, body, made_at, next_at, tries FROM fleet_notices WHERE ended = 0 AND way = $1 ORDER BY made_at, id LIMIT $2", way, mostNotices)
	return all, err
}

// try claims a notice, so that no other gateway sends it meanwhile, and sends it;
// false when it did not arrive, or another gateway is at it.
func (w *Watch) try(ctx context.Context, d due) (bool, error) {
	now := w.store.now()
	var way notify.Way
	for _, one := range w.cfg.Ways {
		if one.Name() == d.way {
			way = one
		}
	}
	wait := noticeMaxWait
	if d.tries < 16 {
		wait = min(wait, w.cfg.Retry<<d.tries)
	}
	next := now.Add(max(wait/2+rand.N(wait/2+1), notify.Limit))
	given := way == nil || now.Sub(d.made) > w.cfg.GiveUp
	mine, ended := false, 0
	if given {
		ended = 1
	}
	err := w.store.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE fleet_notices SET tries = tries + 1, next_at = $1, ended = $2 WHERE id = $3 AND ended = 0 AND next_at = $4",
			next.UnixMilli(), ended, d.id, d.next)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		mine = n == 1
		return err
	})
	if err != nil || !mine {
		return false, err
	}
	if given {
		w.log.Error("a notice was given up", "way", d.way, "tries", d.tries, "text", d.notice.Text())
		return true, nil
	}
	if err := way.Send(ctx, d.id, d.notice); err != nil {
		w.log.Warn("a notice did not arrive", "way", d.way, "tries", d.tries+1, "error", err.Error())
		return false, nil
	}
	return true, w.store.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE fleet_notices SET ended = 1, said = $1 WHERE id = $2", w.store.now().UnixMilli(), d.id)
		return err
	})
}

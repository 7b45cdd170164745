package gateway

// The fleet: heartbeats kept, alarms raised, said again and cleared, notices that
// survive a dead way, commands that end once.

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/fleet"
	"github.com/tserve/jolly/sync/gateway/notify"
)

// someBeat is the heartbeat of a kiosk where all is well.
func someBeat(now time.Time) api.Heartbeat {
	return api.Heartbeat{
		Kiosk: testKiosk, State: api.KioskStateResting, Program: "1.0.0", Catalogue: "2026-11-20.1", Now: now.UnixMilli(), ClockTrusted: true,
		PaintedSeconds: 1, UpSeconds: 3600, CertificateEnds: now.Add(80 * 24 * time.Hour).UnixMilli(),
		Devices:  []api.DeviceReport{{Device: "printer", Status: api.DeviceStatusOK, Reason: "ready"}, {Device: "terminal", Status: api.DeviceStatusOK}},
		Problems: []api.ProblemReport{{Code: "clock", Detail: "the clock is not known to be right"}},
		Done:     []api.CommandResult{{ID: "01934f3e-0000-7000-8000-000000000009", Result: api.CommandResultResultDone, Detail: "printed", At: now.UnixMilli()}},
	}
}

// way is a way to people that keeps what it sent; broken: nothing arrives.
type way struct {
	broken bool
	sent   []string
	ids    []string
}

func (w *way) Name() string { return "test" }

func (w *way) Send(_ context.Context, id string, n fleet.Notice) error {
	if w.ids = append(w.ids, id); w.broken {
		return errors.New("nobody there")
	}
	w.sent = append(w.sent, string(n.Event)+" "+n.Device+"/"+string(n.Kind))
	return nil
}

// watched is a book, its clock, and a watch with one way to people.
type watched struct {
	*Store
	clock *clock
	way   *way
	watch *Watch
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	s, c := newBook(t)
	w := &watched{Store: s, clock: c, way: &way{}}
	w.watch = NewWatch(s, WatchConfig{Ways: []notify.Way{w.way}}, testLog())
	return w
}

func (w *watched) beat(t *testing.T, change func(*api.Heartbeat)) api.HeartbeatAnswer {
	t.Helper()
	h := someBeat(w.clock.now())
	if change != nil {
		change(&h)
	}
	a, err := w.Heartbeat(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// look looks once and wants exactly these to be said.
func (w *watched) look(t *testing.T, want ...string) {
	t.Helper()
	w.way.sent = nil
	if err := w.watch.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.way.sent, want) {
		t.Errorf("at %s said %q, want %q", w.clock.now().Format(time.TimeOnly), w.way.sent, want)
	}
}

func TestHeartbeatsAndAlarms(t *testing.T) {
	w := newWatched(t)
	w.look(t)
	if a := w.beat(t, nil); a.Now != w.clock.now().UnixMilli() || len(a.Commands) != 0 {
		t.Errorf("%+v", a)
	}
	w.look(t)
	noPaper := func(h *api.Heartbeat) {
		h.Devices[0] = api.DeviceReport{Device: "printer", Status: api.DeviceStatusKO, Reason: "paper-out"}
	}
	w.beat(t, noPaper)
	w.look(t, "raised printer/paper")
	w.look(t)
	for range 16 {
		w.clock.add(time.Minute)
		w.beat(t, noPaper)
	}
	w.look(t, "repeated printer/paper")
	w.clock.add(5 * time.Minute) // silence
	w.look(t, "raised kiosk/down")
	all, err := w.Fleet(t.Context())
	if err != nil || len(all) != 1 || len(all[0].Alarms) != 2 || all[0].Devices[0].Since != w.clock.now().Add(-21*time.Minute).UTC() || all[0].Program != "1.0.0" {
		t.Errorf("%+v %v", all, err)
	}
	w.beat(t, nil)
	w.look(t, "cleared kiosk/down", "cleared printer/paper")
	w.look(t)
	w.beat(t, func(h *api.Heartbeat) {
		h.Now += time.Hour.Milliseconds()
		h.PaintedSeconds, h.Backlog.OldestSeconds, h.Backlog.Rows = 600, 7200, 12
		h.State = api.KioskStateStuck
	})
	w.look(t, "raised kiosk/backlog-old", "raised kiosk/clock", "raised kiosk/not-painting", "raised kiosk/stuck")
	if all, err = w.Fleet(t.Context()); err != nil || all[0].State != fleet.Stuck || all[0].Offset != time.Hour || all[0].Waiting != 12 {
		t.Errorf("%+v %v", all, err)
	}
}

// What a kiosk says that a person must see to is an alarm of its own, until it says
// so no more.
func TestWhatAKioskReportsIsAnAlarm(t *testing.T) {
	w := newWatched(t)
	w.beat(t, func(h *api.Heartbeat) {
		h.Problems = []api.ProblemReport{
			{Code: "charge-amount-differs", Detail: "asked for 86.40, took 8.64"}, {Code: "day-close-differs"},
			{Code: "clock", Detail: "its difference has a limit of its own"},
		}
	})
	w.look(t, "raised charge-amount-differs/reported", "raised day-close-differs/reported")
	w.beat(t, func(h *api.Heartbeat) { h.Problems = []api.ProblemReport{{Code: "day-close-differs"}} })
	w.look(t, "cleared charge-amount-differs/reported")
	w.beat(t, nil)
	w.look(t, "cleared day-close-differs/reported")
}

// A kiosk whose book was put back must hear which numbers are used up: the highest,
// whatever is missing below it, and its own alone.
func TestHeartbeatsAreToldWhatIsHere(t *testing.T) {
	w := newWatched(t)
	last := func(want int64) {
		t.Helper()
		if a := w.beat(t, nil); a.LastSequence == nil || *a.LastSequence != want {
			t.Errorf("last sequence %v, want %d", a.LastSequence, want)
		}
	}
	last(0)
	k := &writer{at: w.clock.now()}
	for _, skip := range []uint64{0, 0, 7, 0} {
		k.sequence += int64(skip)
		push(t, w.Store, k.row(t, kiosk.RowDayClosed, kiosk.DayClose{Day: "2026-11-21"}))
		last(k.sequence)
	}
	if k.sequence != 11 {
		t.Errorf("the last one is %d", k.sequence)
	}
	a := w.beat(t, func(h *api.Heartbeat) { h.Kiosk = "pisa-001" })
	if a.LastSequence == nil || *a.LastSequence != 0 {
		t.Errorf("another kiosk: %+v", a)
	}
}

// A gateway that was away blames no kiosk for it, and ends no alarm by it either.
func TestAGatewayThatListensAnewMissesNobodyAtOnce(t *testing.T) {
	w := newWatched(t)
	w.beat(t, nil)
	w.beat(t, func(h *api.Heartbeat) { h.Kiosk = "pisa-001" })
	w.clock.add(10 * time.Minute)
	w.beat(t, nil)
	w.look(t, "raised kiosk/down") // Pisa
	w.beat(t, func(h *api.Heartbeat) { h.Backlog.Parked = 1 })
	w.look(t, "raised kiosk/rows-parked")
	w.clock.add(8 * time.Minute) // nobody listens
	w.watch = NewWatch(w.Store, WatchConfig{Ways: []notify.Way{w.way}}, testLog())
	w.look(t)
	w.clock.add(time.Minute)
	w.beat(t, nil)
	w.look(t, "cleared kiosk/rows-parked")
	w.clock.add(5 * time.Minute)
	w.look(t, "raised kiosk/down") // ours
	if all, err := w.Fleet(t.Context()); err != nil || len(all) != 2 || len(all[0].Alarms) != 1 || len(all[1].Alarms) != 1 {
		t.Errorf("%+v %v", all, err)
	}
}

// While a way is dead the alarm ends: it is said first, then its end.
func TestAnAllClearNeverOvertakesItsAlarm(t *testing.T) {
	w := newWatched(t)
	w.way.broken = true
	w.beat(t, func(h *api.Heartbeat) { h.Backlog.Parked = 1 })
	w.look(t)
	w.clock.add(time.Second)
	w.beat(t, nil)
	w.look(t) // the all-clear waits behind its alarm, which is not due yet
	w.way.broken = false
	w.clock.add(time.Second)
	w.look(t)
	w.beat(t, func(h *api.Heartbeat) { h.Kiosk, h.State = "pisa-001", api.KioskStateStuck })
	w.look(t, "raised kiosk/stuck") // another alarm waits for neither
	w.clock.add(time.Minute)
	w.beat(t, nil)
	w.look(t, "raised kiosk/rows-parked", "cleared kiosk/rows-parked")
}

// A dead way does not keep another from its notices, however many wait for it.
func TestADeadWayHoldsUpNoOther(t *testing.T) {
	w := newWatched(t)
	dead := &namedWay{way: way{broken: true}, name: "a-dead-one"}
	w.watch = NewWatch(w.Store, WatchConfig{Ways: []notify.Way{dead, w.way}}, testLog())
	for n := range 5 {
		w.beat(t, func(h *api.Heartbeat) { h.Backlog.Parked = 1 - n%2 })
		w.look(t, []string{"raised kiosk/rows-parked", "cleared kiosk/rows-parked"}[n%2])
	}
	if len(dead.ids) == 0 {
		t.Error("the dead way was not tried")
	}
}

// namedWay is a way with another name.
type namedWay struct {
	way
	name string
}

func (w *namedWay) Name() string { return w.name }

// What the book itself is alarmed about is told to people, too, until somebody
// notes what he found.
func TestTheBooksAlarmsAreTold(t *testing.T) {
	w := newWatched(t)
	a := mustActivate(t, w.Store, sample(t, "meals"))
	wr := &writer{at: w.clock.now()}
	push(t, w.Store, wr.outcome(t, kiosk.RowNotPaid, a, ""), wr.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	w.look(t, "raised kiosk/book")
	w.look(t)
	open, err := w.Notices(t.Context(), false, 10)
	if err != nil || len(open) != 1 {
		t.Fatalf("%+v %v", open, err)
	}
	if err := w.Acknowledge(t.Context(), open[0].ID, "given back", Action{Operator: "oreste", Action: "alarm.seen", Object: open[0].ID}); err != nil {
		t.Fatal(err)
	}
	w.look(t, "cleared kiosk/book")
}

// A kiosk that is taken out of the fleet is no longer missed.
func TestARevokedKioskIsNotMissed(t *testing.T) {
	w := newWatched(t)
	ca := newTestCA(t, w.clock)
	ca.enrolled(t, w.Store, testKiosk)
	w.beat(t, nil)
	w.clock.add(time.Hour)
	w.look(t, "raised kiosk/down")
	if _, err := w.Revoke(t.Context(), testKiosk, "sold"); err != nil {
		t.Fatal(err)
	}
	w.look(t, "cleared kiosk/down")
	w.clock.add(time.Hour)
	w.look(t)
}

// What does not arrive is sent again, by the same id, later and later, and given
// up after a day.
func TestNoticesAreSentUntilTheyArrive(t *testing.T) {
	w := newWatched(t)
	w.way.broken = true
	w.beat(t, func(h *api.Heartbeat) { h.Backlog.Parked = 1 })
	w.look(t)
	for range 5 {
		w.clock.add(15 * time.Minute)
		w.beat(t, func(h *api.Heartbeat) { h.Backlog.Parked = 1 })
		if err := w.watch.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first := w.way.ids[0]
	if len(w.way.ids) < 5 || slices.Compact(slices.Clone(w.way.ids))[0] != first {
		t.Errorf("tried %v", w.way.ids)
	}
	w.way.broken = false
	w.clock.add(15 * time.Minute)
	w.beat(t, func(h *api.Heartbeat) { h.Backlog.Parked = 1 })
	if err := w.watch.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.way.sent) == 0 || w.way.sent[0] != "raised kiosk/rows-parked" {
		t.Errorf("arrived: %v", w.way.sent)
	}

	w.way.broken, w.way.ids = true, nil
	w.beat(t, nil)
	w.look(t) // the all-clear does not arrive
	w.clock.add(25 * time.Hour)
	w.beat(t, nil)
	w.look(t) // given up
	w.way.broken = false
	w.clock.add(time.Hour)
	w.beat(t, nil)
	w.look(t)
}

func TestCommandsEndOnce(t *testing.T) {
	w := newWatched(t)
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
	public := []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}
	c, err := w.Order(t.Context(), testKiosk, api.CommandActionTestPage, "M. Rossi", key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Order(t.Context(), testKiosk, "shell", "M. Rossi", key); !errors.Is(err, api.ErrNotCommand) {
		t.Errorf("ordered what is not on the list: %v", err)
	}
	other := w.beat(t, func(h *api.Heartbeat) { h.Kiosk = "pisa-001" })
	if len(other.Commands) != 0 {
		t.Error("another kiosk's command was given out")
	}
	for range 2 { // until it is told what became of it
		a := w.beat(t, nil)
		if len(a.Commands) != 1 {
			t.Fatalf("%+v", a)
		}
		if got, err := api.OpenCommand(a.Commands[0], public); err != nil || got != c {
			t.Errorf("%+v %v", got, err)
		}
	}
	result := func(kioskID string, r api.CommandResultResult) {
		w.beat(t, func(h *api.Heartbeat) {
			h.Kiosk, h.Done = kioskID, []api.CommandResult{{ID: c.ID, Result: r, Detail: "printed"}}
		})
	}
	result("pisa-001", api.CommandResultResultFailed) // not its command
	result(testKiosk, api.CommandResultResultDone)
	result(testKiosk, api.CommandResultResultFailed) // said before
	if a := w.beat(t, nil); len(a.Commands) != 0 {
		t.Error("a command that has ended was given out again")
	}
	if _, err := w.Order(t.Context(), testKiosk, api.CommandActionRestart, "M. Rossi", key); err != nil {
		t.Fatal(err)
	}
	w.clock.add(CommandLife)
	if a := w.beat(t, nil); len(a.Commands) != 0 {
		t.Error("a command that has expired was given out")
	}
	written, err := w.ActionsOn(t.Context(), testKiosk, 10)
	if err != nil || len(written) != 2 || written[1].Action != "kiosk.command" || written[1].Detail != "test-page "+c.ID+", M. Rossi" {
		t.Errorf("written of the orders: %+v %v", written, err)
	}
	all, err := w.Orders(t.Context(), "", 10)
	if err != nil || len(all) != 2 || all[0].Result != "expired" || all[1].Result != "done" || all[1].By != "M. Rossi" || all[1].Sent.IsZero() {
		t.Errorf("%+v %v", all, err)
	}
}

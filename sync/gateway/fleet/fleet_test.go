package fleet_test

// What is an alarm, how often it is said, and that it ends.

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/sync/gateway/fleet"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func healthy() fleet.Kiosk {
	return fleet.Kiosk{
		ID: "PO-001", Seen: start, State: fleet.Resting, StateSince: start.Add(-time.Hour), Ends: start.Add(80 * 24 * time.Hour),
		Painted: time.Second, Devices: []fleet.Device{{Name: "printer", Status: fleet.OK, Since: start}, {Name: "terminal", Status: fleet.OK, Since: start}},
	}
}

func TestWhatIsAnAlarm(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*fleet.Kiosk)
		want   string // device/kind, blanks between
	}{
		{"all well", func(*fleet.Kiosk) {}, ""},
		{"silent for a moment", func(k *fleet.Kiosk) { k.Seen = start.Add(-3 * time.Minute) }, ""},
		{"silent", func(k *fleet.Kiosk) { k.Seen, k.State, k.Parked = start.Add(-5*time.Minute), fleet.Stuck, 3 }, "kiosk/down"},
		{"stuck", func(k *fleet.Kiosk) { k.State = fleet.Stuck }, "kiosk/stuck"},
		{"closed for a moment", func(k *fleet.Kiosk) { k.State, k.StateSince = fleet.Closed, start.Add(-time.Minute) }, ""},
		{"closed", func(k *fleet.Kiosk) { k.State = fleet.Closed }, "kiosk/closed"},
		{"black", func(k *fleet.Kiosk) { k.Painted = 2 * time.Minute }, "kiosk/not-painting"},
		{"young backlog", func(k *fleet.Kiosk) { k.Waiting, k.Oldest = 200, 10*time.Minute }, ""},
		{"old backlog", func(k *fleet.Kiosk) { k.Waiting, k.Oldest = 1, time.Hour }, "kiosk/backlog-old"},
		{"parked", func(k *fleet.Kiosk) { k.Parked = 1 }, "kiosk/rows-parked"},
		{"clock ahead", func(k *fleet.Kiosk) { k.Offset = time.Hour }, "kiosk/clock"},
		{"clock behind", func(k *fleet.Kiosk) { k.Offset = -time.Hour }, "kiosk/clock"},
		{"certificate", func(k *fleet.Kiosk) { k.Ends = start.Add(24 * time.Hour) }, "kiosk/certificate"},
		{"paper out", func(k *fleet.Kiosk) {
			k.Devices[0] = fleet.Device{Name: "printer", Status: fleet.KO, Reason: "paper-out", Since: start}
		}, "printer/paper"},
		{"paper low", func(k *fleet.Kiosk) {
			k.Devices[0] = fleet.Device{Name: "printer", Status: fleet.Warning, Reason: "near-end", Since: start}
		}, "printer/paper"},
		{"printer blinks", func(k *fleet.Kiosk) {
			k.Devices[0] = fleet.Device{Name: "printer", Status: fleet.KO, Reason: "offline", Since: start}
		}, ""},
		{"terminal blinks", func(k *fleet.Kiosk) {
			k.Devices[1] = fleet.Device{Name: "terminal", Status: fleet.KO, Since: start.Add(-time.Minute)}
		}, ""},
		{"terminal gone", func(k *fleet.Kiosk) {
			k.Devices[1] = fleet.Device{Name: "terminal", Status: fleet.KO, Since: start.Add(-time.Hour)}
		}, "terminal/device"},
	} {
		k := healthy()
		c.change(&k)
		var got []string
		for _, f := range fleet.Conditions(k, fleet.Limits{}, start) {
			got = append(got, f.Device+"/"+string(f.Kind))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

func TestSaidAtGrowingIntervalsAndOver(t *testing.T) {
	c := []fleet.Condition{{Kiosk: "PO-001", Device: "printer", Kind: fleet.Paper, Detail: "paper-out"}}
	var open []fleet.Alarm
	var said []string
	for m := 0; m <= 60*24*2; m++ {
		var say []fleet.Notice
		open, say = fleet.Step(open, c, start.Add(time.Duration(m)*time.Minute))
		for _, n := range say {
			said = append(said, string(n.Event)+" "+n.At.Sub(start).String())
		}
	}
	want := []string{"raised 0s", "repeated 15m0s", "repeated 1h15m0s", "repeated 5h15m0s", "repeated 29h15m0s"}
	if !slices.Equal(said, want) {
		t.Errorf("said %v, want %v", said, want)
	}
	end := start.Add(49 * time.Hour)
	open, say := fleet.Step(open, nil, end)
	if len(open) != 0 || len(say) != 1 || say[0].Event != fleet.Cleared || say[0].Since != start || say[0].Text() != "[finito] PO-001, stampante: carta; era dal 22/11/2026 10:00" {
		t.Errorf("%+v %+v", open, say)
	}
	if open, say = fleet.Step(open, nil, end); len(open)+len(say) != 0 {
		t.Errorf("all clear is said twice: %+v", say)
	}
}

// A kiosk that falls silent leaves its other alarms as they were.
func TestOfASilentKioskNothingElseIsKnown(t *testing.T) {
	paper := fleet.Condition{Kiosk: "PO-001", Device: "printer", Kind: fleet.Paper}
	down := fleet.Condition{Kiosk: "PO-001", Device: fleet.Itself, Kind: fleet.Down}
	other := fleet.Condition{Kiosk: "PI-001", Device: "printer", Kind: fleet.Paper}
	open, _ := fleet.Step(nil, []fleet.Condition{paper, other}, start)
	open, say := fleet.Step(open, []fleet.Condition{down}, start.Add(time.Hour))
	if len(say) != 2 || say[0].Kiosk != "PI-001" || say[0].Event != fleet.Cleared || say[1].Kind != fleet.Down || len(open) != 2 {
		t.Errorf("%+v", say)
	}
	open, say = fleet.Step(open, []fleet.Condition{paper}, start.Add(2*time.Hour))
	if len(open) != 1 || len(say) != 2 || say[0].Kind != fleet.Down || say[0].Event != fleet.Cleared || say[1].Event != fleet.Repeated {
		t.Errorf("%+v", say)
	}
}

// Whatever comes: one alarm for a key, raised before it is over, never twice in a row.
func TestEveryAlarmBeginsAndEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, on := start, map[string]bool{}
		var open []fleet.Alarm
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "minutes")) * time.Minute)
			var found []fleet.Condition
			for _, k := range rapid.SliceOfNDistinct(rapid.IntRange(0, 7), 0, 8, rapid.ID).Draw(t, "found") {
				found = append(found, fleet.Condition{
					Kiosk: []string{"a", "b"}[k%2], Device: fleet.Itself, Kind: []fleet.Kind{fleet.Down, fleet.StuckLoop, fleet.ClockOff, fleet.Parked}[k/2],
				})
			}
			var say []fleet.Notice
			open, say = fleet.Step(open, found, now)
			for _, n := range say {
				key := n.Kiosk + string(n.Kind)
				if on[key] == (n.Event == fleet.Raised) {
					t.Fatalf("%s of %s while on is %v", n.Event, key, on[key])
				}
				on[key] = n.Event != fleet.Cleared
			}
			for _, a := range open {
				if !on[a.Kiosk+string(a.Kind)] {
					t.Fatalf("%+v is open and was not raised", a)
				}
			}
			for _, c := range found {
				if !on[c.Kiosk+string(c.Kind)] {
					t.Fatalf("%+v is there and was not raised", c)
				}
			}
		}
	})
}

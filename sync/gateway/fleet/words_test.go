package fleet_test

// What people are told of each alarm.

import (
	"strings"
	"testing"

	"github.com/tserve/jolly/sync/gateway/fleet"
)

func TestEveryAlarmSaysWhatToDo(t *testing.T) {
	told := map[string]bool{}
	for _, kind := range []fleet.Kind{fleet.Down, fleet.StuckLoop, fleet.NotPainting, fleet.Paper, fleet.Broken, fleet.OldBacklog, fleet.Parked, fleet.ClockOff,
		fleet.Certificate, fleet.Closing, fleet.Book} {
		c := fleet.Condition{Kiosk: "PO-001", Device: fleet.Itself, Kind: kind}
		n := fleet.Notice{Event: fleet.Raised, Alarm: fleet.Alarm{Condition: c}}
		if w := kind.Word(); w == string(kind) || w == "" || !strings.Contains(n.Text(), w) {
			t.Errorf("%s is called %q in %q", kind, w, n.Text())
		}
		todo := c.ToDo()
		if len(todo) < 60 || told[todo] || strings.ContainsAny(todo, "{}%") || !strings.HasSuffix(todo, ".") || strings.Count(todo, "`")%2 != 0 {
			t.Errorf("%s: %q", kind, todo)
		}
		if strings.Contains(todo, "fleet command") && !strings.Contains(todo, "fleet command PO-001 ") {
			t.Errorf("%s orders something of whom? %q", kind, todo)
		}
		told[todo] = true
	}
	roll := fleet.Condition{Kiosk: "PO-001", Device: fleet.Printer, Kind: fleet.Paper, Detail: "paper-out"}
	jam := roll
	if jam.Detail = "jam"; jam.ToDo() == roll.ToDo() {
		t.Error("a jam is not cured by a new roll")
	}
	if n := (fleet.Notice{Event: fleet.Raised, Alarm: fleet.Alarm{Condition: jam}}); n.Text() != "[allarme] PO-001, stampante: carta" {
		t.Error(n.Text())
	}
}

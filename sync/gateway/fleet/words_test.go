package fleet_test

// What people are told of each alarm.

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

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

// Whatever a kiosk reports has a word here, and what to do about it where that is
// not said of a kind of its own: its codes are read where they are made.
func TestEveryProblemOfAKioskHasAWord(t *testing.T) {
	b, err := os.ReadFile("../../../kiosk/health/health.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`ProblemCode = "([a-z-]+)"`).FindAllStringSubmatch(string(b), -1)
	if len(codes) < 10 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	advised := 0
	for _, code := range codes {
		k := fleet.Kiosk{ID: "PO-001", Seen: now, Problems: []fleet.Problem{{Code: code[1], Detail: "x"}}}
		if w := fleet.ProblemWord(code[1]); w == code[1] {
			t.Errorf("%s has no word", code[1])
		}
		for _, c := range fleet.Conditions(k, fleet.Limits{}, now) {
			n := fleet.Notice{Event: fleet.Raised, Alarm: fleet.Alarm{Condition: c}}
			if c.Kind != fleet.Reported || c.Device != code[1] || !strings.Contains(n.Text(), fleet.ProblemWord(code[1])) || len(c.ToDo()) < 60 {
				t.Errorf("%s: %+v, %q, %q", code[1], c, n.Text(), c.ToDo())
			}
			advised++
		}
	}
	if want := len(codes) - 5; advised != want { // rows, clock, closing and a journal that waits have limits of their own
		t.Errorf("%d alarms of %d problems, want %d", advised, len(codes), want)
	}
	later := fleet.Kiosk{ID: "PO-001", Seen: now, Problems: []fleet.Problem{{Code: "of-a-later-program"}}}
	if all := fleet.Conditions(later, fleet.Limits{}, now); len(all) != 1 || all[0].ToDo() == "" {
		t.Errorf("a code of a later program: %+v", all)
	}
}

package health

import (
	"testing"

	"github.com/tserve/jolly/kiosk"
)

func at(s int64) kiosk.Mono { return kiosk.Mono(0).Add(kiosk.Span(s) * kiosk.Second) }

func TestABlipIsNotShown(t *testing.T) {
	r := NewRegister()
	if r.Works(Terminal, at(1)) {
		t.Fatal("a device never observed works")
	}
	r.Observe(Terminal, true, "ready", at(1))
	r.Observe(Terminal, false, "refused", at(10))
	if !r.Works(Terminal, at(11)) {
		t.Error("a failure of one second is shown")
	}
	r.Observe(Terminal, false, "refused", at(20))
	if r.Works(Terminal, at(23)) {
		t.Error("a failure of 13 s is not shown")
	}
	r.Observe(Terminal, true, "ready", at(24))
	if !r.Works(Terminal, at(24)) {
		t.Error("good news is not shown at once")
	}
}

func TestADeviceThatNeverWorkedIsShownAtOnce(t *testing.T) {
	r := NewRegister()
	r.Observe(Terminal, false, "refused", at(1))
	r.Observe(Terminal, false, "refused", at(2))
	if r.Works(Terminal, at(3)) {
		t.Error("a terminal that never answered is shown as working")
	}
}

func TestNoPaperIsShownAtOnce(t *testing.T) {
	r := NewRegister()
	r.Observe(Printer, true, "ready", at(1))
	r.Observe(Printer, false, "paper-out", at(2))
	if r.Works(Printer, at(2)) {
		t.Error("paper out is hidden")
	}
}

func TestObserveTellsChanges(t *testing.T) {
	r := NewRegister()
	for i, c := range []struct {
		ok     bool
		detail string
		want   bool
	}{{true, "ready", true}, {true, "ready", false}, {true, "near-end", true}, {false, "near-end", true}} {
		if got := r.Observe(Printer, c.ok, c.detail, at(int64(i+1))); got != c.want {
			t.Errorf("observation %d: changed = %v", i, got)
		}
	}
	if all := r.All(); len(all) != 1 || all[0].Detail != "near-end" {
		t.Errorf("All = %v", all)
	}
}

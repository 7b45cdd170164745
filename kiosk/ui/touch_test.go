package ui

import (
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk/page"
)

// The rules are tested on two buttons of 200x100 px, 40 px apart, on the
// reference panel: 10 mm are 40 px, 20 mm are 81.
var (
	goOn = Hit{Action: page.Action{ID: "continue", Label: "Continua", Style: page.StylePrimary}, X: 300, Y: 1000, W: 200, H: 100}
	back = Hit{Action: page.Action{ID: "back", Label: "Indietro"}, X: 60, Y: 1000, W: 200, H: 100}
	pay  = Hit{Action: page.Action{ID: "pay", Label: "Paga 173,80", Style: page.StylePay}, X: 300, Y: 1000, W: 200, H: 100}
	soon = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
)

// finger is one event: what, where, and how long after the one before.
type finger struct {
	what  string // down, move, up
	x, y  float32
	after time.Duration
}

func TestTouchRules(t *testing.T) {
	const ms = time.Millisecond
	tap := func(x float32, after time.Duration) []finger {
		return []finger{{"down", x, 1050, after}, {"up", x, 1050, 60 * ms}}
	}
	join := func(parts ...[]finger) (out []finger) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	for _, c := range []struct {
		name string
		hits []Hit
		do   []finger
		want []string
	}{
		{"a tap acts on release", []Hit{goOn}, tap(400, 500*ms), []string{"continue"}},
		{"beside everything", []Hit{goOn}, tap(20, 500*ms), nil},
		{"too soon after the page", []Hit{goOn}, tap(400, 390*ms), nil},
		{"just calm enough", []Hit{goOn}, tap(400, 400*ms), []string{"continue"}},
		{"paying wants a second", []Hit{pay}, tap(400, 990*ms), nil},
		{"paying after a second", []Hit{pay}, tap(400, 1000*ms), []string{"pay"}},
		{"a slow press that began too soon", []Hit{pay}, []finger{{"down", 400, 1050, 900 * ms}, {"up", 400, 1050, 900 * ms}}, nil},
		{"slides off by 12 mm and back", []Hit{goOn}, []finger{
			{"down", 480, 1050, 500 * ms}, {"move", 520, 1050, 20 * ms}, {"move", 550, 1050, 20 * ms}, {"move", 490, 1050, 20 * ms}, {"up", 490, 1050, 20 * ms}}, nil},
		{"slides off by 8 mm", []Hit{goOn}, []finger{
			{"down", 480, 1050, 500 * ms}, {"move", 530, 1050, 20 * ms}, {"up", 530, 1050, 20 * ms}}, []string{"continue"}},
		{"released on the neighbour", []Hit{goOn, back}, []finger{
			{"down", 310, 1050, 500 * ms}, {"move", 280, 1050, 20 * ms}, {"up", 255, 1050, 20 * ms}}, nil},
		{"jumps 24 mm within the button", []Hit{goOn}, []finger{
			{"down", 310, 1050, 500 * ms}, {"move", 410, 1050, 20 * ms}, {"up", 410, 1050, 20 * ms}}, nil},
		{"jumps on release", []Hit{goOn}, []finger{{"down", 310, 1050, 500 * ms}, {"up", 410, 1050, 20 * ms}}, nil},
		{"the same key trembles", []Hit{goOn}, join(tap(400, 500*ms), tap(400, 100*ms)), []string{"continue"}},
		{"the same key again", []Hit{goOn}, join(tap(400, 500*ms), tap(400, 240*ms)), []string{"continue", "continue"}},
		{"another key at once", []Hit{goOn, back}, join(tap(400, 500*ms), tap(100, 40*ms)), []string{"continue", "back"}},
		{"a lost release times out", []Hit{goOn}, []finger{{"down", 400, 1050, 500 * ms}, {"up", 400, 1050, 9 * time.Second}}, nil},
		{"a press after a lost release", []Hit{goOn, back}, join([]finger{{"down", 100, 1050, 500 * ms}}, tap(400, 100*ms)), []string{"continue"}},
		{"a release without a press", []Hit{goOn}, []finger{{"up", 400, 1050, 500 * ms}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, now := newTouch(panel), soon
			r.show("page", c.hits, now)
			var got []string
			for _, f := range c.do {
				now = now.Add(f.after)
				switch f.what {
				case "down":
					r.down(f.x, f.y, now)
				case "move":
					r.move(f.x, f.y, now)
				case "up":
					if a, ok := r.up(f.x, f.y, now); ok {
						got = append(got, a.ID)
					}
				}
			}
			if len(got) != len(c.want) {
				t.Fatalf("acted %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Fatalf("acted %v, want %v", got, c.want)
				}
			}
		})
	}
}

// TestDoubleTapNeverPays: "Continua" and "Paga" share a place.
func TestDoubleTapNeverPays(t *testing.T) {
	for _, gap := range []time.Duration{30, 100, 250, 399, 600, 999} {
		r, now := newTouch(panel), soon
		r.show("bill", []Hit{goOn}, now)
		now = now.Add(time.Second)
		r.down(400, 1050, now)
		if a, ok := r.up(400, 1050, now); !ok || a.ID != "continue" {
			t.Fatalf("first tap: %v %v", a.ID, ok)
		}
		r.show("cart", []Hit{pay}, now)
		now = now.Add(gap * time.Millisecond)
		r.down(400, 1050, now)
		if a, ok := r.up(400, 1050, now.Add(500*time.Millisecond)); ok {
			t.Errorf("second tap after %d ms did %s", gap, a.ID)
		}
	}
}

// TestATapThatWaitedNeverPays: while a page is painted nothing is felt, and what
// came meanwhile is felt as if it came now.
func TestATapThatWaitedNeverPays(t *testing.T) {
	r, glass := newTouch(panel), soon // the clock that stands still meanwhile
	r.age = func() time.Time { return glass }
	r.show("cart", []Hit{pay}, soon)
	painted := soon.Add(5 * time.Second)
	r.down(400, 1050, painted)
	if a, ok := r.up(400, 1050, painted); ok {
		t.Errorf("a tap on a page that nobody had seen did %s", a.ID)
	}
	glass = glass.Add(calmPay)
	r.down(400, 1050, painted.Add(calmPay))
	if a, ok := r.up(400, 1050, painted.Add(calmPay)); !ok || a.ID != pay.Action.ID {
		t.Errorf("and one that is meant does nothing: %v %v", a.ID, ok)
	}
}

// TestPressAcrossPages: a press belongs to the page that it began on; a page
// that only counts down is the same page.
func TestPressAcrossPages(t *testing.T) {
	now := soon.Add(time.Second)
	other := goOn
	other.Action.Label = "Paga 259,20"
	moved := goOn
	moved.Y += 40
	for _, c := range []struct {
		name, identity string
		next           Hit
		acts           bool
	}{
		{"same page drawn again", "bill", goOn, true},
		{"another page, same button", "cart", goOn, false},
		{"same page, button says something else", "bill", other, false},
		{"same page, button moved", "bill", moved, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTouch(panel)
			r.show("bill", []Hit{goOn}, soon)
			r.down(400, 1060, now)
			r.show(c.identity, []Hit{c.next}, now)
			if _, ok := r.up(400, 1060, now.Add(100*time.Millisecond)); ok != c.acts {
				t.Errorf("acted: %v, want %v", ok, c.acts)
			}
		})
	}
}

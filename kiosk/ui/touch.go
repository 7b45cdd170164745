package ui

// The rules of touch, as a state machine that is fed with times.

import (
	"time"

	"github.com/tserve/jolly/kiosk/page"
)

// Times of the rules.
const (
	calm      = 400 * time.Millisecond  // after a page change nothing is touched
	calmPay   = 1000 * time.Millisecond // and no paying button
	sameKey   = 300 * time.Millisecond  // the same key again is a tremor
	pressLife = 8 * time.Second         // a press whose release was lost
)

// Distances of the rules in millimetres.
const (
	slideMM = 10.0 // off a control by more cancels
	jumpMM  = 20.0 // a palm or a second finger
)

// touch decides which presses count. It has no clock and starts nothing.
type touch struct {
	slide, jump float32 // pixels
	tremor      time.Duration
	age         func() time.Time // by which a control's age is counted; nil: the time of the touch

	identity string
	hits     []Hit
	since    map[string]time.Time // when each control came to stand as it stands

	held   string // the control under the finger; "" for none
	heldAt time.Time
	x, y   float32

	last   string // the control that acted last
	lastAt time.Time
}

func newTouch(p Profile) *touch {
	return &touch{slide: p.px(slideMM), jump: p.px(jumpMM), tremor: sameKey, since: map[string]time.Time{}}
}

// show takes the controls of what was painted now. Another identity is another
// page: everything on it is new. On the same page what looks and stands as
// before goes on, so that a clock on the page costs nobody a press.
func (t *touch) show(identity string, hits []Hit, now time.Time) {
	before := map[string]Hit{}
	if identity == t.identity {
		for _, h := range t.hits {
			before[h.Action.ID] = h
		}
	}
	born, since := t.aged(now), make(map[string]time.Time, len(hits))
	for _, h := range hits {
		old, ok := before[h.Action.ID]
		if ok && alike(old, h) {
			since[h.Action.ID] = t.since[h.Action.ID]
			continue
		}
		since[h.Action.ID] = born
		if t.held == h.Action.ID {
			t.held = ""
		}
	}
	if _, still := since[t.held]; !still {
		t.held = ""
	}
	t.identity, t.hits, t.since = identity, hits, since
}

func alike(a, b Hit) bool {
	return a.Action.Label == b.Action.Label && a.Action.Style == b.Action.Style &&
		a.X == b.X && a.Y == b.Y && a.W == b.W && a.H == b.H
}

// down begins a press. One that was still held has lost its release.
func (t *touch) down(x, y float32, now time.Time) {
	t.held, t.x, t.y = "", x, y
	h, ok := t.at(x, y)
	if !ok || !t.ready(h.Action, now) {
		return
	}
	t.held, t.heldAt = h.Action.ID, now
}

// move follows the finger.
func (t *touch) move(x, y float32, now time.Time) {
	if t.held == "" {
		return
	}
	dx, dy := x-t.x, y-t.y
	t.x, t.y = x, y
	h, ok := t.find(t.held)
	if !ok || dx*dx+dy*dy > t.jump*t.jump || !h.in(x, y, t.slide) {
		t.held = ""
	}
	t.expire(now)
}

// up ends a press and says what it does.
func (t *touch) up(x, y float32, now time.Time) (page.Action, bool) {
	t.move(x, y, now)
	id := t.held
	t.held = ""
	h, ok := t.find(id)
	if !ok {
		return page.Action{}, false
	}
	if other, on := t.at(x, y); on && other.Action.ID != id {
		return page.Action{}, false
	}
	return t.act(h.Action, now)
}

// key is the same action by a key of the tactile keypad.
func (t *touch) key(a page.Action, now time.Time) (page.Action, bool) {
	h, ok := t.find(a.ID)
	if !ok || !t.ready(h.Action, now) {
		return page.Action{}, false
	}
	return t.act(h.Action, now)
}

// expire drops a press that lasts too long to be one.
func (t *touch) expire(now time.Time) {
	if t.held != "" && now.Sub(t.heldAt) > pressLife {
		t.held = ""
	}
}

func (t *touch) act(a page.Action, now time.Time) (page.Action, bool) {
	if a.ID == t.last && now.Sub(t.lastAt) < t.tremor {
		return page.Action{}, false
	}
	t.last, t.lastAt = a.ID, now
	return a, true
}

// ready says that an action has stood long enough to be meant.
func (t *touch) ready(a page.Action, now time.Time) bool {
	wait := calm
	if a.Style == page.StylePay {
		wait = calmPay
	}
	return t.aged(now).Sub(t.since[a.ID]) >= wait
}

// aged is the time by which ages are counted.
func (t *touch) aged(now time.Time) time.Time {
	if t.age != nil {
		return t.age()
	}
	return now
}

func (t *touch) at(x, y float32) (Hit, bool) {
	for _, h := range t.hits {
		if h.in(x, y, 0) {
			return h, true
		}
	}
	return Hit{}, false
}

func (t *touch) find(id string) (Hit, bool) {
	for _, h := range t.hits {
		if id != "" && h.Action.ID == id {
			return h, true
		}
	}
	return Hit{}, false
}

package ui

// The screen: the page that is shown, the finger, the focus, the drawing.

import (
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"github.com/tserve/jolly/kiosk/page"
)

// Screen draws pages and turns touches and keys into actions. All its methods
// belong to the Fyne goroutine.
type Screen struct {
	profile Profile
	onTouch func(page.Touch)
	now     func() time.Time

	page     page.Page
	part     int
	identity string // of the page and the part that is seen
	plan     plan

	types   *typecase
	touch   *touch
	focus   focus
	surface *surface
	glass   Glass // nil: whatever canvas Fyne finds
}

// Glass is the canvas of the window, as far as it is needed here.
type Glass interface{ Refresh(fyne.CanvasObject) }

// New makes a screen for a panel. onTouch gets every action that was meant, and
// a touch without an action for every sign that somebody is there; it is called
// on the Fyne goroutine and must not block.
func New(p Profile, onTouch func(page.Touch), now func() time.Time) *Screen {
	s := &Screen{profile: p, onTouch: onTouch, now: now, types: newTypecase(newMeasurer()), touch: newTouch(p)}
	s.surface = newSurface(s)
	return s
}

// SetSameKey changes how long the same key is ignored after it acted: 300 ms,
// for hands that tremble 500.
func (s *Screen) SetSameKey(d time.Duration) { s.touch.tremor = d }

// PaintOn names the canvas of the window that the object fills. Without it a page
// that is shown before the window was painted first may never be seen.
func (s *Screen) PaintOn(g Glass) { s.glass = g }

// AgeBy names the clock by which it is counted how long a control has stood. It
// must stand still while the Fyne goroutine does: a press that came meanwhile is
// felt afterwards, nothing says when it came, and the citizen may not even have
// seen the page. Without it that is New's clock.
func (s *Screen) AgeBy(clock func() time.Time) { s.touch.age = clock }

// Object is what fills the window.
func (s *Screen) Object() fyne.CanvasObject { return s.surface }

// Show draws a page. Only what differs from the page before is drawn again.
func (s *Screen) Show(p page.Page) {
	s.page = p
	s.layout()
}

// Tick drops a press whose release was lost. Call it once a second or so; Show
// does the same.
func (s *Screen) Tick() {
	before := s.touch.held
	s.touch.expire(s.now())
	if s.touch.held != before {
		s.layout()
	}
}

// Dump returns what is drawn, in the order of drawing.
func (s *Screen) Dump() []Element { return append([]Element(nil), s.plan.els...) }

// Parts says which part of a page is seen, counted from 1, and of how many.
func (s *Screen) Parts() (part, parts int) { return s.plan.part + 1, s.plan.parts }

// Focused is the id of the stop that has the focus: an action's, or "title",
// "note:0", "row:1".
func (s *Screen) Focused() string { return s.focus.current() }

// Early says that an action came to stand just now: a touch does not count yet.
func (s *Screen) Early(actionID string) bool {
	hit, ok := s.touch.find(actionID)
	return ok && !s.touch.ready(hit.Action, s.now())
}

// HitRect says where an action can be touched, in pixels of the object.
func (s *Screen) HitRect(actionID string) (x, y, w, h float32, ok bool) {
	hit, ok := s.touch.find(actionID)
	return hit.X, hit.Y, hit.W, hit.H, ok
}

// pageIdentity tells pages apart whose controls must not inherit a press: what
// is asked, about what, in which shape. What only counts or is typed is left
// out: it changes while the citizen touches.
func pageIdentity(p page.Page) string {
	if len(p.Choices) > 0 && p.Choices[0].Tick != page.TickNone {
		p.Totals = nil
	}
	return fmt.Sprintf("%q %q %q %v %q %v %v %v", p.Name, p.Lang, p.Title, p.Modes, p.Amount, p.Card, bills(p), p.Totals)
}

func bills(p page.Page) string {
	var b strings.Builder
	for _, i := range p.List {
		fmt.Fprintf(&b, "%q %q %q;", i.Title, i.Sub, i.Value)
	}
	return b.String()
}

// layout lays the page out anew and draws the difference.
func (s *Screen) layout() {
	now := s.now()
	s.touch.expire(now)
	size := s.surface.Size()
	if size.IsZero() || s.page.Name == "" {
		return
	}
	base, box := pageIdentity(s.page), ""
	if s.page.Box != nil {
		box = s.page.Box.Name + " " + s.page.Box.Title
	}
	if !strings.HasPrefix(s.identity, base) {
		s.part = 0
	}
	in := input{
		page: s.page, profile: s.profile, width: size.Width, height: size.Height, types: s.types,
		view: view{part: s.part},
	}
	plain := lay(in)
	s.part = plain.part
	s.identity = fmt.Sprintf("%s part %d of %d", base, plain.part, plain.parts)
	s.touch.show(s.identity+" box "+box, plain.hits, now)
	s.focus.show(s.identity, box, plain.stops)
	in.view.pressed, in.view.focus = s.touch.held, s.focus.ring()
	if in.view.pressed != "" || in.view.focus != "" {
		plain = lay(in)
	}
	s.plan = plain
	s.surface.apply(s.plan.els)
}

// act does what an action asks: the screen's own here, all others outside.
func (s *Screen) act(a page.Action) {
	switch a.ID {
	case readOn:
		s.part++
		s.layout()
		s.stir()
	case readBack:
		s.part--
		s.layout()
		s.stir()
	default:
		s.onTouch(page.Touch{Serial: s.page.Serial, Action: a})
	}
}

func (s *Screen) down(x, y float32) {
	s.focus.seen = false
	s.touch.down(x, y, s.now())
	s.layout()
}

func (s *Screen) move(x, y float32) {
	before := s.touch.held
	s.touch.move(x, y, s.now())
	if s.touch.held != before {
		s.layout()
	}
}

func (s *Screen) up(x, y float32) {
	a, ok := s.touch.up(x, y, s.now())
	s.layout()
	if ok {
		s.act(a)
		return
	}
	s.stir()
}

// stir tells of a touch or a key that asks for nothing: somebody is there.
func (s *Screen) stir() { s.onTouch(page.Touch{Serial: s.page.Serial}) }

// Key takes a key of the tactile keypad or of a keyboard: up, down, OK, back
// and the digits of an on-screen keypad.
func (s *Screen) Key(name fyne.KeyName) {
	switch name {
	case fyne.KeyUp, fyne.KeyLeft:
		s.walk(-1)
	case fyne.KeyDown, fyne.KeyRight, fyne.KeyTab:
		s.walk(1)
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		s.ok()
	case fyne.KeyEscape, fyne.KeyBackspace:
		s.back()
	default:
		s.digit(string(name))
	}
}

func (s *Screen) walk(by int) {
	s.stir()
	if s.focus.seen {
		s.focus.walk(by)
	}
	s.focus.seen = true
	s.layout()
}

// ok acts on the focus; on a text it moves on.
func (s *Screen) ok() {
	if !s.focus.seen {
		s.walk(1)
		return
	}
	a, ok := s.focus.action()
	if !ok {
		s.walk(1)
		return
	}
	s.fire(a)
}

func (s *Screen) fire(a page.Action) {
	if a, ok := s.touch.key(a, s.now()); ok {
		s.act(a)
	}
}

// back is the way back of the page. In a box it only goes to the way out: a
// key by mistake must not end a visit.
func (s *Screen) back() {
	for _, st := range s.plan.stops {
		if st.rank != rankBack {
			continue
		}
		if s.page.Box != nil {
			s.focus.seen = true
			s.focus.set(st.id)
			s.layout()
			return
		}
		s.fire(st.action)
		return
	}
}

func (s *Screen) digit(label string) {
	if s.page.Box != nil {
		return
	}
	for _, k := range s.page.Keys {
		if k.Label == label && !k.Wide {
			s.fire(k.Act)
		}
	}
}

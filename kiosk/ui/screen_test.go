package ui

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

// tap presses an action where it is drawn, as the driver would.
func (b *bench) tap(t *testing.T, id string) {
	t.Helper()
	x, y, w, h, ok := b.HitRect(id)
	if !ok {
		t.Fatalf("%s cannot be touched", id)
	}
	e := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x+w/2, y+h/2)}, Button: desktop.MouseButtonPrimary}
	m := b.Object().(desktop.Mouseable)
	m.MouseDown(e)
	b.wait(60 * time.Millisecond)
	m.MouseUp(e)
}

func (b *bench) touched() string {
	if len(b.touches) == 0 {
		return ""
	}
	return b.touches[len(b.touches)-1].Action.ID
}

func TestTouchCarriesEventAndSerial(t *testing.T) {
	b := newBench(t, 1080, 1920)
	p := words(kiosk.Italian).bill()
	p.Main.Event, p.Serial = 42, 7
	b.Show(p)
	b.wait(time.Second)
	b.tap(t, "continue")
	if len(b.touches) != 1 || b.touches[0].Serial != 7 || b.touches[0].Action.Event != 42 {
		t.Fatalf("touches %+v", b.touches)
	}
}

func TestPressIsSeen(t *testing.T) {
	b := newBench(t, 1080, 1920)
	b.Show(words(kiosk.Italian).bill())
	b.wait(time.Second)
	x, y, _, _, _ := b.HitRect("continue")
	b.Object().(desktop.Mouseable).MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x+50, y+50)}})
	for _, e := range b.Dump() {
		if e.Action == "continue" && e.Kind == KindRect {
			if e.Fill != theme.Normal().Primary.Text || e.EdgeWidth != pressEdge {
				t.Fatalf("pressed: %s", Markup([]Element{e}))
			}
		}
	}
	b.wait(10 * time.Second)
	b.Tick()
	for _, e := range b.Dump() {
		if e.Action == "continue" && e.Kind == KindRect && e.Fill != theme.Normal().Primary.Fill {
			t.Fatalf("still pressed after the release was lost: %s", Markup([]Element{e}))
		}
	}
}

// TestCountdownCostsNoPress: the box counts down under the finger.
func TestCountdownCostsNoPress(t *testing.T) {
	b := newBench(t, 1080, 1920)
	l := words(kiosk.Italian)
	b.Show(l.idle())
	b.wait(time.Second)
	x, y, _, _, _ := b.HitRect("stay")
	e := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x+50, y+50)}}
	b.Object().(desktop.Mouseable).MouseDown(e)
	p := l.idle()
	p.Serial, p.Box.Countdown = 2, 17
	b.Show(p)
	b.Object().(desktop.Mouseable).MouseUp(e)
	if len(b.touches) != 1 || b.touches[0].Action.ID != "stay" || b.touches[0].Serial != 2 {
		t.Fatalf("touches %+v", b.touches)
	}
}

// TestTypingIsNotSlowed: each digit is a new page value of the same page.
func TestTypingIsNotSlowed(t *testing.T) {
	b := newBench(t, 1080, 1920)
	p := words(kiosk.Italian).keypad()
	p.Field = page.Field{Missing: "···· ····"}
	b.Show(p)
	b.wait(time.Second)
	for i, id := range []string{"digit:3", "digit:0", "digit:2", "digit:0"} {
		b.tap(t, id)
		b.wait(90 * time.Millisecond)
		p.Serial++
		p.Field.Typed += "3020"[i : i+1]
		b.Show(p)
	}
	if len(b.touches) != 4 {
		t.Fatalf("%d digits of 4", len(b.touches))
	}
}

func TestVeilTakesAllButTheBox(t *testing.T) {
	b := newBench(t, 1080, 1920)
	b.Show(words(kiosk.Italian).idle())
	for _, id := range []string{"pay", "back", "help", "exit", "lang:en", "remove:0"} {
		if _, _, _, _, ok := b.HitRect(id); ok {
			t.Errorf("%s can be touched under the box", id)
		}
	}
}

// TestReading turns the parts of a page that is too long for large text.
func TestReading(t *testing.T) {
	b := newBench(t, 1080, 1920)
	p := withModes(words(kiosk.Italian).bill(), page.Modes{Large: true})
	b.Show(p)
	if part, parts := b.Parts(); part != 1 || parts != 2 {
		t.Fatalf("part %d of %d", part, parts)
	}
	if _, _, _, _, ok := b.HitRect("continue"); ok {
		t.Error("the way on stands before all was read")
	}
	b.wait(time.Second)
	b.tap(t, readOn)
	if part, _ := b.Parts(); part != 2 {
		t.Fatalf("part %d after reading on", part)
	}
	b.wait(100 * time.Millisecond)
	b.tap(t, "continue") // shares the place of "read on"
	if len(b.touches) != 0 {
		t.Fatalf("a double tap did %v", b.touched())
	}
	b.wait(time.Second)
	p.Serial = 2
	b.Show(p)
	if part, _ := b.Parts(); part != 2 {
		t.Error("the same page drawn again went back to its first part")
	}
	b.tap(t, "continue")
	if b.touched() != "continue" {
		t.Fatalf("touched %q", b.touched())
	}
	b.wait(time.Second)
	b.tap(t, readBack)
	if part, _ := b.Parts(); part != 1 || len(b.touches) != 1 {
		t.Fatalf("part %d after going back", part)
	}
	b.wait(time.Second)
	b.tap(t, readOn)
	b.Show(withModes(words(kiosk.Italian).cart(), page.Modes{Large: true}))
	b.Show(p)
	if part, _ := b.Parts(); part != 1 {
		t.Error("a page shown anew began in its middle")
	}
}

func TestFocusWalk(t *testing.T) {
	b := newBench(t, 1080, 1920)
	b.Show(words(kiosk.Italian).cart())
	b.wait(2 * time.Second)
	if hasPart(b.Dump(), "focus") {
		t.Error("a ring is seen before any key")
	}
	want := []string{"title", "note:0", "total:0", "total:1", "remove:0", "remove:1", "pay", "back", "lang:it", "lang:en", "lang:zh",
		"help", "large", "contrast", "listen", "lower", "exit", "exit"}
	for i, id := range want {
		b.Key(fyne.KeyDown)
		if b.Focused() != id {
			t.Fatalf("stop %d is %q, want %q", i, b.Focused(), id)
		}
		if !hasPart(b.Dump(), "focus") {
			t.Fatalf("no ring on %s", id)
		}
	}
	for range want {
		b.Key(fyne.KeyUp)
	}
	if b.Focused() != "title" {
		t.Fatalf("at the start: %q", b.Focused())
	}
	b.Key(fyne.KeyReturn)
	if b.Focused() != "note:0" || len(b.touches) != 0 {
		t.Fatalf("OK on the title: %q, touches %v", b.Focused(), b.touches)
	}
	for b.Focused() != "pay" {
		b.Key(fyne.KeyDown)
	}
	b.Key(fyne.KeyReturn)
	if b.touched() != "pay" {
		t.Fatalf("OK on the paying button: %q", b.touched())
	}
}

func TestFocusIsGivenBackByTheBox(t *testing.T) {
	b := newBench(t, 1080, 1920)
	l := words(kiosk.Italian)
	b.Show(l.cart())
	for range 3 {
		b.Key(fyne.KeyDown)
	}
	before := b.Focused()
	p := l.cart()
	p.Box = l.idle().Box
	b.Show(p)
	if b.Focused() != "stay" {
		t.Fatalf("in the box: %q", b.Focused())
	}
	b.wait(time.Second)
	b.Key(fyne.KeyEscape)
	if b.Focused() != "leave" || len(b.touches) != 0 {
		t.Fatalf("back in the box: %q, touches %v", b.Focused(), b.touches)
	}
	b.Show(l.cart())
	if b.Focused() != before {
		t.Fatalf("after the box: %q, before it %q", b.Focused(), before)
	}
	p.Box.Main.Style = page.StylePay
	b.Show(p)
	if b.Focused() != "box" {
		t.Fatalf("in a box that pays: %q", b.Focused())
	}
}

func TestKeysOfTheTactileKeypad(t *testing.T) {
	b := newBench(t, 1080, 1920)
	b.Show(words(kiosk.Italian).keypad())
	b.wait(time.Second)
	b.Key(fyne.Key5)
	if b.touched() != "digit:5" {
		t.Fatalf("digit: %q", b.touched())
	}
	b.Key(fyne.KeyEscape)
	if b.touched() != "back" {
		t.Fatalf("back: %q", b.touched())
	}
}

// TestOnlyTheDifferenceIsDrawn: what did not change keeps its objects.
func TestOnlyTheDifferenceIsDrawn(t *testing.T) {
	b := newBench(t, 1080, 1920)
	p := words(kiosk.Italian).keypad()
	b.Show(p)
	before := map[fyne.CanvasObject]bool{}
	for _, m := range b.surface.shown {
		if m.el.Part != "field" && m.el.Part != "field missing" {
			for _, o := range m.objs {
				before[o] = true
			}
		}
	}
	p.Field = page.Field{Typed: "3020 0001 2345 678", Missing: "· ··"}
	b.Show(p)
	for _, m := range b.surface.shown {
		for _, o := range m.objs {
			delete(before, o)
		}
	}
	if len(before) > 0 {
		t.Errorf("%d objects were given up", len(before))
	}
}

// TestObjectsDoNotGrow: a day of pages keeps as many objects as its fullest.
func TestObjectsDoNotGrow(t *testing.T) {
	b := newBench(t, 1080, 1920)
	count := func() (n int) {
		for _, m := range b.surface.shown {
			n += len(m.objs)
		}
		for _, kind := range b.surface.spare {
			for _, m := range kind {
				n += len(m.objs)
			}
		}
		return n
	}
	var after []int
	for range 12 {
		for _, lang := range kiosk.Languages() {
			for _, p := range samples(lang) {
				b.Show(p)
			}
		}
		after = append(after, count())
	}
	if slices.Max(after[6:]) > slices.Max(after[:6]) {
		t.Errorf("objects grow: %v", after)
	}
}

func TestHiddenCursor(t *testing.T) {
	b := newBench(t, 1080, 1920)
	if b.Object().(desktop.Cursorable).Cursor() != desktop.HiddenCursor {
		t.Error("the pointer is seen")
	}
}

func hasPart(els []Element, part string) bool {
	for _, e := range els {
		if e.Part == part {
			return true
		}
	}
	return false
}

func BenchmarkBill(b *testing.B) {
	bench := newBench(b, 1080, 1920)
	l := words(kiosk.Italian)
	pages := []page.Page{l.bill(), l.cart()}
	b.Run("layout", func(b *testing.B) {
		types := newTypecase(newMeasurer())
		for i := range b.N {
			lay(input{page: pages[i%2], profile: panel, width: 1080, height: 1920, types: types})
		}
	})
	b.Run("show", func(b *testing.B) {
		for i := range b.N {
			bench.Show(pages[i%2])
		}
	})
	b.Run("show+capture", func(b *testing.B) {
		for i := range b.N {
			bench.Show(pages[i%2])
			bench.capture()
		}
	})
}

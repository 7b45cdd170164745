package ui

// A page is painted whatever Fyne remembers of its objects.

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

// glass counts what it is asked to paint.
type glass struct{ asked []fyne.CanvasObject }

func (g *glass) Refresh(o fyne.CanvasObject) { g.asked = append(g.asked, o) }

func TestAPageIsPaintedThoughFyneKnowsNothingOfIt(t *testing.T) {
	test.NewTempApp(t)
	var g glass
	s := New(Profile{MMPerPx: theme.ReferenceMMPerPx, BottomMM: 750}, func(page.Touch) {}, time.Now)
	s.PaintOn(&g)
	s.Object().Resize(fyne.NewSize(1080, 1920)) // in no window: no canvas was ever told of it
	if objs := test.WidgetRenderer(s.surface).Objects(); len(objs) != 1 {
		t.Errorf("before the first page %d objects are drawn, want the ground alone", len(objs))
	}
	for i, title := range []string{"one", "two"} {
		s.Show(page.Page{Name: title, Title: title})
		if len(g.asked) != i+1 {
			t.Fatalf("after page %q the glass was asked %d times to paint", title, len(g.asked))
		}
	}
	s.Show(page.Page{Name: "two", Title: "two"})
	if len(g.asked) != 2 {
		t.Error("the same page again was painted again")
	}
	for _, o := range g.asked {
		if o != s.surface.ground {
			t.Errorf("asked to paint a %T: the others' textures would be made anew", o)
		}
	}
}

package ui

// The widget: elements onto pooled canvas objects, refreshing what differs.

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
	qrcode "github.com/skip2/go-qrcode"

	"github.com/tserve/jolly/kiosk/ui/theme"
)

var (
	_ desktop.Mouseable  = (*surface)(nil)
	_ desktop.Hoverable  = (*surface)(nil)
	_ desktop.Cursorable = (*surface)(nil)
)

// surface is the one widget of the program. It is built once; a page changes
// the canvas objects that it keeps.
type surface struct {
	widget.BaseWidget
	screen *Screen
	ground *canvas.Rectangle
	shown  []mark
	spare  [4][]mark // by kind
	images *iconCache
	drawn  []fyne.CanvasObject
}

// mark is an element with the objects that draw it.
type mark struct {
	el   Element
	objs []fyne.CanvasObject
}

func newSurface(s *Screen) *surface {
	w := &surface{screen: s, ground: canvas.NewRectangle(theme.Normal().Ground), images: newIconCache()}
	w.drawn = []fyne.CanvasObject{w.ground}
	w.ExtendBaseWidget(w)
	return w
}

// MinSize is nothing: the window says how large the panel is.
func (w *surface) MinSize() fyne.Size { return fyne.NewSize(1, 1) }

// Cursor hides the pointer: fingers have none.
func (w *surface) Cursor() desktop.Cursor { return desktop.HiddenCursor }

// MouseDown is a finger coming down.
func (w *surface) MouseDown(e *desktop.MouseEvent) { w.screen.down(e.Position.X, e.Position.Y) }

// MouseUp is a finger going up.
func (w *surface) MouseUp(e *desktop.MouseEvent) { w.screen.up(e.Position.X, e.Position.Y) }

// MouseIn is nothing: there is no hover on glass.
func (w *surface) MouseIn(*desktop.MouseEvent) {}

// MouseMoved is a finger sliding.
func (w *surface) MouseMoved(e *desktop.MouseEvent) { w.screen.move(e.Position.X, e.Position.Y) }

// MouseOut is a finger leaving the glass: far off everything.
func (w *surface) MouseOut() { w.screen.move(-1e6, -1e6) }

// CreateRenderer gives a renderer without state: it may be made anew any time.
func (w *surface) CreateRenderer() fyne.WidgetRenderer { return renderer{w} }

type renderer struct{ w *surface }

func (r renderer) Destroy()                     {}
func (r renderer) MinSize() fyne.Size           { return r.w.MinSize() }
func (r renderer) Refresh()                     {}
func (r renderer) Objects() []fyne.CanvasObject { return r.w.drawn }
func (r renderer) Layout(size fyne.Size) {
	r.w.ground.Resize(size)
	r.w.screen.layout()
}

// apply draws the elements. Objects whose element is the same stay untouched;
// the others take an object of their kind that is free.
func (w *surface) apply(els []Element) {
	same := make(map[Element][]int, len(w.shown))
	for i, m := range w.shown {
		same[m.el] = append(same[m.el], i)
	}
	next, found, kept := make([]mark, len(els)), make([]bool, len(els)), make([]bool, len(w.shown))
	for i, e := range els {
		if at := same[e]; len(at) > 0 {
			next[i], found[i], kept[at[0]] = w.shown[at[0]], true, true
			same[e] = at[1:]
		}
	}
	for i, m := range w.shown {
		if !kept[i] && m.el.Kind != KindQR {
			w.spare[m.el.Kind] = append(w.spare[m.el.Kind], m)
		}
	}
	changed := len(els) != len(w.shown)
	for i, e := range els {
		if !found[i] {
			next[i] = w.draw(e)
			changed = true
		}
	}
	if !changed {
		return
	}
	w.shown = next
	w.drawn = make([]fyne.CanvasObject, 0, 2*len(next)+1)
	w.drawn = append(w.drawn, w.ground)
	for _, m := range next {
		w.drawn = append(w.drawn, m.objs...)
	}
	w.repaint()
}

// repaint has the glass painted. Fyne finds the canvas of an object in a cache
// that knows only what was painted before, within the last minute: an object
// that was never painted, or a process that stood still for longer, would be
// refreshed for ever without anything happening. So the canvas is told directly.
func (w *surface) repaint() {
	if w.screen.glass != nil {
		w.screen.glass.Refresh(w.ground) // one object without a texture: the others keep theirs
		return
	}
	canvas.Refresh(w.ground)
}

// draw makes an element out of a free mark of its kind or a new one.
func (w *surface) draw(e Element) mark {
	m := mark{el: e}
	switch free := w.spare[e.Kind]; {
	case e.Kind == KindIcon || e.Kind == KindQR: // see drawIcon
	case len(free) > 0:
		m.objs = free[len(free)-1].objs
		w.spare[e.Kind] = free[:len(free)-1]
	}
	switch e.Kind {
	case KindRect:
		m.objs = drawRect(e, m.objs)
	case KindText:
		m.objs = drawText(e, m.objs)
	case KindIcon:
		m.objs = w.drawIcon(e)
	case KindQR:
		m.objs = drawQR(e)
	}
	return m
}

// drawRect is one or two filled rectangles: an edge is the outer one. Fyne's two
// painters do not agree on where a stroke lies.
func drawRect(e Element, objs []fyne.CanvasObject) []fyne.CanvasObject {
	n := 1
	if e.EdgeWidth > 0 && e.Edge != e.Fill {
		n = 2
	}
	for len(objs) < n {
		objs = append(objs, canvas.NewRectangle(nil))
	}
	objs = objs[:n]
	outer := e.Fill
	if n == 2 {
		outer = e.Edge
	}
	setRect(objs[0].(*canvas.Rectangle), e, outer, 0)
	if n == 2 {
		setRect(objs[1].(*canvas.Rectangle), e, e.Fill, e.EdgeWidth)
	}
	return objs
}

func setRect(r *canvas.Rectangle, e Element, fill color.Color, inset float32) {
	r.FillColor, r.StrokeWidth = fill, 0
	rad := max(0, min(e.Radius, e.W/2, e.H/2)-inset)
	r.CornerRadius, r.TopLeftCornerRadius, r.BottomLeftCornerRadius = 0, 0, 0
	r.TopRightCornerRadius, r.BottomRightCornerRadius = 0, 0
	switch e.Corners {
	case CornersAll:
		r.CornerRadius = rad
	case CornersLeft:
		r.TopLeftCornerRadius, r.BottomLeftCornerRadius = rad, rad
	case CornersRight:
		r.TopRightCornerRadius, r.BottomRightCornerRadius = rad, rad
	}
	r.Move(fyne.NewPos(e.X+inset, e.Y+inset))
	r.Resize(fyne.NewSize(max(0, e.W-2*inset), max(0, e.H-2*inset)))
	r.Refresh()
}

// drawText is one text, or one for each letter where letters stand apart.
func drawText(e Element, objs []fyne.CanvasObject) []fyne.CanvasObject {
	parts := []string{e.Text}
	if e.Track > 0 {
		parts = parts[:0]
		for _, r := range e.Text {
			parts = append(parts, string(r))
		}
	}
	for len(objs) < len(parts) {
		objs = append(objs, canvas.NewText("", nil))
	}
	objs = objs[:len(parts)]
	x, top := e.X, e.Baseline-ascent(e.Face, e.Size)
	for i, part := range parts {
		t := objs[i].(*canvas.Text)
		t.Text, t.Color, t.TextSize, t.FontSource = part, e.Color, e.Size, e.Face.Resource()
		size := t.MinSize()
		t.Move(fyne.NewPos(x, top))
		t.Resize(size)
		t.Refresh()
		x += size.Width + e.Track
	}
	return objs
}

// drawIcon takes a free object that shows the same picture already: an object
// that changed its picture while nobody saw it could keep the texture of the old.
func (w *surface) drawIcon(e Element) []fyne.CanvasObject {
	picture, free := w.images.get(e), w.spare[KindIcon]
	for i, m := range free {
		if im := m.objs[0].(*canvas.Image); im.Image == picture {
			w.spare[KindIcon] = append(free[:i:i], free[i+1:]...)
			im.Move(fyne.NewPos(e.X, e.Y))
			im.Resize(fyne.NewSize(e.W, e.H))
			return m.objs
		}
	}
	im := canvas.NewImageFromImage(picture)
	im.FillMode, im.ScaleMode = canvas.ImageFillContain, canvas.ImageScaleSmooth
	im.Move(fyne.NewPos(e.X, e.Y))
	im.Resize(fyne.NewSize(e.W, e.H))
	return []fyne.CanvasObject{im}
}

// drawQR is one pixel for each module, scaled without smoothing. A code is
// shown to one citizen once: it is not kept.
func drawQR(e Element) []fyne.CanvasObject {
	im := canvas.NewImageFromImage(qrImage(e.Text))
	im.FillMode, im.ScaleMode = canvas.ImageFillStretch, canvas.ImageScalePixels
	im.Move(fyne.NewPos(e.X, e.Y))
	im.Resize(fyne.NewSize(e.W, e.H))
	return []fyne.CanvasObject{im}
}

// qrImage is the code with its quiet zone; a text too long for one is blank,
// and the words beside it remain.
func qrImage(text string) image.Image {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return image.NewGray(image.Rect(0, 0, 1, 1))
	}
	bits := code.Bitmap()
	im := image.NewGray(image.Rect(0, 0, len(bits), len(bits)))
	for y, row := range bits {
		for x, dark := range row {
			if !dark {
				im.SetGray(x, y, color.Gray{Y: 0xFF})
			}
		}
	}
	return im
}

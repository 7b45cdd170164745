package ui

// What is drawn, as data: flat, comparable, in the order of drawing.

import (
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

// Kind says what an element is.
type Kind uint8

// The kinds.
const (
	KindRect Kind = iota // Fill, Edge, EdgeWidth, Radius
	KindText             // Text in one face on Baseline
	KindIcon             // Icon, a pictogram or a file, in Color
	KindQR               // Text as a QR code
)

// Corners chooses the corners that a radius rounds.
type Corners uint8

// The corners.
const (
	CornersAll Corners = iota
	CornersLeft
	CornersRight
	CornersNone
)

// Element is one drawn thing, in pixels of the screen. Elements of a page that
// did not change are equal: they are not drawn again.
type Element struct {
	Kind       Kind
	Part       string // what of the page it shows: "title", "row 2 value"
	Action     string // the control that it belongs to; "" for none
	X, Y, W, H float32

	Text     string
	Face     theme.Face
	Size     float32
	Baseline float32
	Track    float32     // between the letters
	Color    theme.Color // of text and icon
	Ground   theme.Color // what the text stands on

	Icon   string
	Stroke float32 // of the pictogram, in its own grid; 0 is the family's
	Tint   Tint

	Fill, Edge theme.Color
	EdgeWidth  float32
	Radius     float32
	Corners    Corners

	Veiled bool // under an open box
}

// Tint says how an icon takes its colours.
type Tint uint8

// The tints.
const (
	TintOne     Tint = iota // one colour
	TintPicture             // the family's four colours, by the palette
	TintNone                // as the file has it
)

// Hit is where an action can be touched.
type Hit struct {
	Action     page.Action
	X, Y, W, H float32
}

// in says that the point lies within the hit, grown by margin.
func (h Hit) in(x, y, margin float32) bool {
	return x >= h.X-margin && x <= h.X+h.W+margin && y >= h.Y-margin && y <= h.Y+h.H+margin
}

// stop is a place where the focus can stand. Those of texts have no action.
type stop struct {
	id     string
	rank   int // order of the walk: title, notes, rows, ...
	action page.Action
}

// piece is a part of the screen, drawn at its own origin.
type piece struct {
	w, h  float32
	els   []Element
	hits  []Hit
	stops []stop
}

// add puts q into p with its origin at x, y.
func (p *piece) add(q piece, x, y float32) {
	for _, e := range q.els {
		e.X, e.Y, e.Baseline = e.X+x, e.Y+y, e.Baseline+y
		p.els = append(p.els, e)
	}
	for _, h := range q.hits {
		h.X, h.Y = h.X+x, h.Y+y
		p.hits = append(p.hits, h)
	}
	p.stops = append(p.stops, q.stops...)
}

// stack puts q under what p holds already, after a gap.
func (p *piece) stack(q piece, gap float32) {
	if q.h == 0 {
		return
	}
	if p.h > 0 {
		p.h += gap
	}
	p.add(q, 0, p.h)
	p.h += q.h
	p.w = max(p.w, q.w)
}

func (p *piece) rect(e Element) {
	e.Kind = KindRect
	p.els = append(p.els, e)
}

// scaled turns reference pixels into those of the screen, on whole pixels.
func (p piece) scaled(k float32) piece {
	out := piece{w: p.w * k, h: p.h * k, stops: p.stops}
	for _, e := range p.els {
		x, y := snap(e.X*k), snap(e.Y*k)
		e.W, e.H = snap((e.X+e.W)*k)-x, snap((e.Y+e.H)*k)-y
		e.X, e.Y = x, y
		e.Baseline, e.Size, e.Track = snap(e.Baseline*k), e.Size*k, e.Track*k
		e.EdgeWidth, e.Radius = e.EdgeWidth*k, e.Radius*k
		if e.Kind == KindRect && e.EdgeWidth > 0 {
			e.EdgeWidth = max(1, snap(e.EdgeWidth))
		}
		out.els = append(out.els, e)
	}
	for _, h := range p.hits {
		h.X, h.Y, h.W, h.H = snap(h.X*k), snap(h.Y*k), snap(h.W*k), snap(h.H*k)
		out.hits = append(out.hits, h)
	}
	return out
}

func snap(v float32) float32 { return float32(int(v + 0.5)) }

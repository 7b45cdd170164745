package ui

// Paragraphs and what every control has: its look, its ring, its press.

import (
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

type align uint8

const (
	alignLeft align = iota
	alignCentre
	alignRight
)

// style is how a paragraph is set.
type style struct {
	part, action  string
	size, leading float32
	weight        theme.Weight
	color, bold   theme.Color // bold: of emphasised words; zero is color
	ground        theme.Color
	align         align
	balance       bool
	track         float32
}

// The baseline lies so that capitals and Chinese characters both look centred
// in the line; ink reaches about this far above and below it.
const (
	baselineShift = 0.36
	inkAbove      = 0.80
	inkBelow      = 0.24
)

// paragraph sets text in a width; "**" makes bold.
func (c *pen) paragraph(text string, st style, width float32) piece {
	set := setKey{size: st.size, width: width, way: tidy}
	if st.balance {
		set.way = balanced
	}
	p := piece{w: width}
	for _, l := range c.t.lines(text, st.weight, set) {
		c.line(&p, l, st)
	}
	if st.align == alignLeft {
		p.w = 0
		for _, e := range p.els {
			p.w = max(p.w, e.X+e.W)
		}
	}
	return p
}

// line puts one line under those that p has.
func (c *pen) line(p *piece, l line, st style) {
	leading := st.size * st.leading
	x := float32(0)
	switch st.align {
	case alignCentre:
		x = (p.w - l.w) / 2
	case alignRight:
		x = p.w - l.w
	}
	base := p.h + leading/2 + baselineShift*st.size
	for _, f := range l.frags {
		color := st.color
		if st.bold != (theme.Color{}) && (f.face == theme.Latin700 || f.face == theme.Han700) {
			color = st.bold
		}
		p.els = append(p.els, Element{
			Kind: KindText, Part: st.part, Action: st.action, Text: f.text, Face: f.face, Size: st.size,
			X: x + f.x, Y: base - inkAbove*st.size, W: f.w + st.track*float32(len([]rune(f.text))),
			H: (inkAbove + inkBelow) * st.size, Baseline: base, Track: st.track, Color: color, Ground: st.ground,
		})
	}
	p.h += leading
}

// firstBaseline is where the first line of a style stands under its top.
func (st style) firstBaseline() float32 { return st.size*st.leading/2 + baselineShift*st.size }

// shrunk is the style with the size reduced so that no word is broken and no
// more than max lines are set; never under the floor.
func (c *pen) shrunk(text string, st style, width float32, most int) style {
	g := c.t.glyphs(text, st.weight)
	for st.size > c.sz.Floor {
		if c.t.widest(g, st.size) <= width && len(c.t.ranges(g, st.size, width)) <= most {
			break
		}
		st.size = max(c.sz.Floor, st.size-2)
	}
	return st
}

func (c *pen) icon(name, part string, size float32, color theme.Color) Element {
	return Element{Kind: KindIcon, Part: part, Icon: name, W: size, H: size, Color: color}
}

// ring is the focus around a place: first in the piece, so that it lies under it.
func (c *pen) ring(p *piece, id string, at Element) {
	if c.v.focus != id || id == "" || c.veil {
		return
	}
	grow := func(by float32, fill theme.Color) Element {
		return Element{
			Kind: KindRect, Part: "focus", X: at.X - by, Y: at.Y - by, W: at.W + 2*by, H: at.H + 2*by,
			Radius: at.Radius + by, Fill: fill,
		}
	}
	p.els = append(p.els, grow(ringGap+ringWidth, c.pal.Ring), grow(ringGap, c.pal.RingGap))
}

// around puts a ring around a whole piece of text, and makes it a stop.
func (c *pen) around(q piece, id string, rank int) piece {
	p := piece{w: q.w, h: q.h, stops: []stop{{id: id, rank: rank}}}
	c.ring(&p, id, Element{W: q.w, H: q.h, Radius: 8})
	p.add(q, 0, 0)
	return p
}

// look is how a control is painted now, and how wide its edge is.
func (c *pen) look(a page.Action, paint theme.Paint, edge float32) (theme.Paint, float32) {
	switch {
	case a.Disabled:
		return c.pal.Off, 3
	case !c.veil && a.ID == c.v.pressed && a.ID != "":
		return paint.Pressed(), pressEdge
	}
	return paint, edge
}

// control registers where an action is touched and where it stands in the walk.
func (c *pen) control(p *piece, a page.Action, at Element, rank int) {
	if !a.Exists() || a.Disabled {
		return
	}
	p.hits = append(p.hits, Hit{Action: a, X: at.X, Y: at.Y, W: at.W, H: at.H})
	p.stops = append(p.stops, stop{id: a.ID, rank: rank, action: a})
}

// paintOf is the paint of an action by its style.
func (c *pen) paintOf(a page.Action) theme.Paint {
	switch a.Style {
	case page.StylePay:
		return c.pal.Pay
	case page.StylePrimary:
		return c.pal.Primary
	case page.StyleOutline:
		return c.pal.Outline
	}
	return c.pal.Back
}

// Places in the walk of the focus.
const (
	rankTitle = iota
	rankNote
	rankRow
	rankChoice
	rankList
	rankKey
	rankMain
	rankSecond
	rankBack
	rankLanguage
	rankHelp
)

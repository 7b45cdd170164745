package ui

// Measures: the panel's profile, reach, and how tightly a page is set.

import (
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

// Profile is what the layout knows of the panel.
type Profile struct {
	MMPerPx  float64 // millimetres per pixel; 0 is the reference panel's 0.248
	BottomMM float64 // height of the glass's lower edge above the floor
}

// Reach in millimetres.
const (
	reachMM = 1100.0 // no control higher above the floor in lower mode
	lowerMM = 300.0  // and none higher than this above the glass's lower edge
)

func (p Profile) mmPerPx() float64 {
	if p.MMPerPx <= 0 {
		return theme.ReferenceMMPerPx
	}
	return p.MMPerPx
}

// scale is how many pixels of this panel make one of the reference's.
func (p Profile) scale() float32 { return float32(theme.ReferenceMMPerPx / p.mmPerPx()) }

// px turns millimetres into pixels.
func (p Profile) px(mm float64) float32 { return float32(mm / p.mmPerPx()) }

// lowest is how high above the lower edge a control may begin in lower mode, in
// pixels.
func (p Profile) lowest() float32 { return p.px(min(lowerMM, reachMM-p.BottomMM)) }

// Measures in reference pixels that do not depend on how tight a page is.
const (
	margin     = 56
	band       = 12
	actionGap  = 28
	radius     = 20
	ringWidth  = 8
	ringGap    = 6
	pressEdge  = 8
	fingerSize = 82 // 20 mm
)

// density is how tightly a page is set. Text sizes never depend on it.
type density struct {
	gap                float32 // between blocks
	cardX, cardY, rowY float32
	picW, picH         float32 // of a large choice
	choiceY, choiceGap float32
	itemY, itemGap     float32
	itemMin            float32
	key, keyGap        float32
	noteY              float32
	drawing            float32 // the least height of a picture
}

// densities from the mockups' to the tightest. What fits in none of them goes on
// to a second page.
var densities = [...]density{
	{gap: 32, cardX: 44, cardY: 40, rowY: 22, picW: 200, picH: 170, choiceY: 40, choiceGap: 28,
		itemY: 24, itemGap: 20, itemMin: 132, key: 140, keyGap: 20, noteY: 32, drawing: 300},
	{gap: 26, cardX: 36, cardY: 30, rowY: 14, picW: 140, picH: 119, choiceY: 28, choiceGap: 22,
		itemY: 16, itemGap: 16, itemMin: 124, key: 116, keyGap: 16, noteY: 24, drawing: 220},
	{gap: 20, cardX: 30, cardY: 24, rowY: 8, picW: 90, picH: 76, choiceY: 20, choiceGap: 16,
		itemY: 12, itemGap: 14, itemMin: 104, key: 96, keyGap: 12, noteY: 18, drawing: 150},
	{gap: 16, cardX: 28, cardY: 18, rowY: 4, picW: 72, picH: 62, choiceY: 14, choiceGap: 14,
		itemY: 8, itemGap: 12, itemMin: 92, key: 84, keyGap: 10, noteY: 14, drawing: 130},
}

// view is what the screen adds to a page: where the focus stands, what is held
// down, and which part of a page is seen that does not fit on one.
type view struct {
	focus   string
	pressed string
	part    int
}

// pen draws the parts of one page at one scale and density, in reference pixels.
type pen struct {
	p     page.Page
	v     view
	pal   *theme.Palette
	sz    theme.Sizes
	t     setter
	d     density
	w, h  float32
	reach float32 // controls begin at or below this
	apart bool    // in landscape: the field at the left, away from its keys
	trial bool    // parts are being cut: any may be the last, with all actions
	spare float32 // height that such a trial leaves free
	veil  bool    // a box lies above: nothing is pressed or in focus
}

func newPen(in input, k float32) *pen {
	c := &pen{p: in.page, v: in.view, pal: theme.Normal(), sz: theme.NormalText, t: setter{in.types, k}}
	c.w, c.h = in.width/k, in.height/k
	if in.page.Modes.Contrast {
		c.pal = theme.Contrast()
	}
	if in.page.Modes.Large {
		c.sz = theme.LargeText
	}
	if in.page.Modes.Lower {
		c.reach = max(0, (in.height-in.profile.lowest())/k)
	}
	return c
}

func (c *pen) landscape() bool { return c.w > c.h }
func (c *pen) large() bool     { return c.p.Modes.Large }

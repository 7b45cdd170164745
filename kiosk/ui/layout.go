package ui

// The layout: which parts of a page stand where, and on how many screens.

import (
	"sort"
	"strconv"
	"strings"

	"github.com/tserve/jolly/kiosk/page"
)

// input is everything that a layout depends on.
type input struct {
	page          page.Page
	view          view
	profile       Profile
	width, height float32 // pixels
	types         *typecase
}

// plan is a laid out screen.
type plan struct {
	els   []Element
	hits  []Hit
	stops []stop
	part  int // which part of the page it is
	parts int
}

// place says where a group stands.
type place uint8

const (
	placeTop    place = iota // under the title
	placeMiddle              // in the free space
	placeBottom              // just above the actions
)

// group is a run of like things that may be cut into parts between them.
type group struct {
	place place
	side  bool // in landscape: at the right
	n     int
	most  int // on one part; 0 is any
	draw  func(i, j int, w float32) piece
}

// slice is items i to j of a group.
type slice struct {
	group
	i, j int
}

// The ids of the actions that turn the parts of a page that does not fit on
// one. They never leave the screen.
const (
	readOn   = ReadOn
	readBack = ReadBack
)

// ReadOn and ReadBack are their names for whoever holds the glass in hand.
const (
	ReadOn   = "ui:read-on"
	ReadBack = "ui:read-back"
)

// squeezes are tried when even the tightest page does not fit part by part: a
// panel far too small, or a word without end. Then all is drawn smaller, for
// nothing may be cut.
var squeezes = [...]float32{1, 0.9, 0.8, 0.7, 0.6, 0.5}

// lay lays a page out. It is pure.
func lay(in input) plan {
	best := plan{}
	for _, s := range squeezes {
		k := in.profile.scale() * s
		out, ok := layAt(in, k)
		best = out
		if ok {
			break
		}
	}
	return best
}

// layAt lays out at a scale: whole at the roomiest density that fits; in
// landscape also with what is too long for the left side going on at the right;
// else part by part at the tightest.
func layAt(in input, k float32) (plan, bool) {
	c := newPen(in, k)
	c.veil = in.page.Box != nil
	var gs []group
	for _, c.apart = range [2]bool{false, c.landscape()} {
		gs = c.groups()
		for _, c.d = range densities {
			if whole, ok := c.arrange(all(gs), 0, 1); ok {
				return c.finish(whole, 0, 1), true
			}
		}
		if !c.landscape() {
			break
		}
	}
	if c.landscape() {
		for _, c.d = range densities {
			if parts, ok := c.split(gs, false); ok && len(parts) == 1 {
				whole, _ := c.arrange(parts[0], 0, 1)
				return c.finish(whole, 0, 1), true
			}
		}
	}
	parts, ok := c.parts(gs)
	part := min(max(0, in.view.part), len(parts)-1)
	return c.roomiest(parts[part], part, len(parts)), ok
}

// parts cuts the page at the tightest density. Cutting does not know yet which
// part is the last, whose actions may be taller; where that was too optimistic
// it is done again with something to spare.
func (c *pen) parts(gs []group) (parts [][]slice, ok bool) {
	c.d = densities[len(densities)-1]
	for c.spare = 0; c.spare <= 320 && !ok; c.spare += 20 {
		parts, ok = c.split(gs, true)
		for i := range parts {
			_, fits := c.arrange(parts[i], i, len(parts))
			ok = ok && fits
		}
	}
	return parts, ok
}

// roomiest draws one part as loosely as it fits: it was cut at the tightest.
func (c *pen) roomiest(ss []slice, part, parts int) plan {
	var drawn piece
	for _, c.d = range densities {
		var ok bool
		if drawn, ok = c.arrange(ss, part, parts); ok {
			break
		}
	}
	return c.finish(drawn, part, parts)
}

func all(gs []group) []slice {
	var out []slice
	for _, g := range gs {
		out = append(out, slice{g, 0, g.n})
	}
	return out
}

// splitter fills part after part in reading order.
type splitter struct {
	c     *pen
	paged bool // with the actions that turn parts
	parts [][]slice
	open  []slice
	right bool // the left side is full: what follows stands at the right
	ok    bool
}

// split cuts the groups into parts and says whether all of them fit.
func (c *pen) split(gs []group, paged bool) ([][]slice, bool) {
	s := &splitter{c: c, paged: paged, ok: true}
	c.trial = true
	defer func() { c.trial = false }()
	for _, g := range gs {
		for i := 0; i < g.n; {
			i = s.take(g, i)
		}
	}
	s.next()
	return s.parts, s.ok
}

func (s *splitter) next() {
	if len(s.open) > 0 || len(s.parts) == 0 {
		s.parts = append(s.parts, s.open)
	}
	s.open, s.right = nil, false
}

// take puts items of g from i on into the open part and returns the next item.
func (s *splitter) take(g group, i int) int {
	flows := s.c.landscape() && !g.side && g.place == placeTop
	if flows && s.right {
		g.side = true
	}
	j := s.longest(g, i)
	if j == i && flows && !g.side {
		g.side = true
		j = s.longest(g, i)
		s.right = j > i
	}
	switch {
	case j == i && len(s.open) > 0:
		s.next()
		return i
	case j == i:
		g.side = g.side && !flows
		j, s.ok = i+1, false
	}
	s.open = append(s.open, slice{g, i, j})
	if j < g.n && (!flows || g.side) {
		s.next()
	}
	return j
}

// longest is the largest j so that items i to j of g fit beside what is open;
// i if not even one does.
func (s *splitter) longest(g group, i int) int {
	most, part, parts := g.n, 0, 1
	if g.most > 0 {
		most = min(most, i+g.most)
	}
	if s.paged {
		part, parts = 1, 3
	}
	for j := most; j > i; j-- {
		try := append(append([]slice{}, s.open...), slice{g, i, j})
		if _, ok := s.c.arrange(try, part, parts); ok {
			return j
		}
	}
	return i
}

// finish turns reference pixels into those of the screen.
func (c *pen) finish(p piece, part, parts int) plan {
	p = p.scaled(c.t.k)
	sort.SliceStable(p.stops, func(a, b int) bool { return p.stops[a].rank < p.stops[b].rank })
	return plan{els: p.els, hits: p.hits, stops: p.stops, part: part, parts: parts}
}

// groups are the parts of the page between title and actions, in reading order.
func (c *pen) groups() []group {
	var gs []group
	one := func(there bool, at place, side bool, draw func(w float32) piece) {
		if there {
			gs = append(gs, group{place: at, side: side, n: 1, draw: func(_, _ int, w float32) piece { return draw(w) }})
		}
	}
	p := c.p
	one(p.Lead != "", placeTop, false, c.lead)
	one(p.Amount != "", placeTop, false, c.figure)
	one(p.Bar.Of > 0, placeTop, false, func(w float32) piece { return c.progress(w, p.Bar.Done, p.Bar.Of) })
	if n := c.cardRows(); n > 0 {
		gs = append(gs, group{place: placeTop, n: n, draw: c.card})
	}
	controls := placeTop
	if p.Modes.Lower {
		controls = placeBottom
	}
	if controls == placeBottom {
		one(len(p.Totals) > 0, placeTop, false, c.totals)
	}
	early := p.Modes.Lower || c.hasPicture() && len(p.Keys) == 0
	if early {
		gs = append(gs, c.noteGroup(placeTop)...)
	}
	if len(p.List) > 0 {
		gs = append(gs, group{place: controls, n: len(p.List), draw: c.list})
	}
	if controls == placeTop {
		one(len(p.Totals) > 0, placeTop, false, c.totals)
	}
	if c.hasPicture() {
		draw := func(_, _ int, w float32) piece { return c.picture(w, 0) }
		side := len(p.Keys) == 0 && len(p.Choices) == 0
		gs = append(gs, group{place: placeMiddle, side: side, n: 1, draw: draw})
	}
	if !early && len(p.Choices) == 0 {
		gs = append(gs, c.noteGroup(placeBottom)...)
	}
	field, keys := p.Field.Typed+p.Field.Missing != "", len(p.Keys) > 0
	one(field && c.apart, placeBottom, false, c.field)
	one(field && !c.apart || keys, placeBottom, true, c.fieldAndKeys)
	if len(p.Choices) > 0 {
		gs = append(gs, c.choiceGroup())
	}
	if !early && len(p.Choices) > 0 {
		gs = append(gs, c.noteGroup(placeBottom)...)
	}
	return gs
}

func (c *pen) noteGroup(at place) []group {
	if len(c.p.Notes) == 0 {
		return nil
	}
	draw := func(i, j int, w float32) piece {
		p := piece{w: w}
		for k := i; k < j; k++ {
			p.stack(c.note(k, w), c.d.gap*0.7)
		}
		return p
	}
	right := len(c.p.Choices) == 0
	return []group{{place: at, side: right, n: len(c.p.Notes), draw: draw}}
}

// choiceGroup is at most seven choices, four in lower mode. In landscape few
// stand at the right; many stand in two columns at the left.
func (c *pen) choiceGroup() group {
	g := group{place: placeBottom, side: true, n: len(c.p.Choices), most: 7}
	columns := 1
	if c.landscape() && !c.fewChoices() {
		columns, g.side = 2, false
	}
	if c.p.Modes.Lower {
		g.most = 4
	}
	g.draw = func(i, j int, w float32) piece { return c.choices(i, j, w, columns) }
	return g
}

func (c *pen) fieldAndKeys(w float32) piece {
	p := piece{w: w}
	if c.p.Field.Typed+c.p.Field.Missing != "" && !c.apart {
		p.stack(c.field(w), 0)
	}
	if len(c.p.Keys) > 0 {
		p.stack(c.keypad(w), max(14, c.d.gap*0.8))
	}
	return p
}

// turned replaces the actions of a page in parts: on all but the last the way
// on is to read on, and a main action that is kept stands above it; on all but the
// first the way back is to the part before.
func (c *pen) turned(part, parts int) *pen {
	if parts == 1 {
		return c
	}
	d := *c
	if part < parts-1 {
		kept := d.p.Main
		d.p.Main = page.Action{ID: readOn, Label: readOnWords(c.p.Turning.ReadOn, part+1, parts), Icon: "go", Style: page.StyleOutline}
		switch {
		case d.p.Turning.Keep && !d.p.Second.Exists():
			d.p.Second = kept
		case !c.trial:
			d.p.Second = page.Action{}
		}
	}
	if part > 0 {
		d.p.Back = page.Action{ID: readBack, Label: c.p.Turning.ReadBack}
	}
	return &d
}

func readOnWords(words string, part, parts int) string {
	return strings.NewReplacer("{part}", strconv.Itoa(part), "{parts}", strconv.Itoa(parts)).Replace(words)
}

// frame is what surrounds the groups of a page.
type frame struct {
	header, help, languages piece
	top, bottom             float32 // between header and what stands at the bottom
}

func (c *pen) frame() frame {
	f := frame{header: c.header(true), help: c.helpBar()}
	f.bottom = c.h - f.help.h
	for _, h := range f.header.hits {
		if h.Y < c.reach {
			f.header = c.header(false)
			f.languages = c.languages(c.w - 2*margin)
			f.bottom -= f.languages.h + 20
			break
		}
	}
	f.top = f.header.h + 20
	return f
}

// arrange draws the slices as one screen and says whether everything fits and
// can be reached.
func (c *pen) arrange(ss []slice, part, parts int) (piece, bool) {
	c = c.turned(part, parts)
	f := c.frame()
	p := piece{w: c.w, h: c.h}
	p.rect(Element{Part: "ground", W: c.w, H: c.h, Fill: c.pal.Ground})
	p.add(f.header, 0, 0)
	var ok bool
	if c.landscape() {
		ok = c.arrangeSides(&p, f, ss)
	} else {
		ok = c.arrangeColumn(&p, f, ss)
	}
	if f.languages.h > 0 {
		p.add(f.languages, margin, f.bottom)
	}
	p.add(f.help, 0, c.h-f.help.h)
	for _, h := range p.hits {
		ok = ok && h.Y >= c.reach
	}
	if c.p.Box != nil {
		ok = c.cover(&p, f) && ok
	}
	return p, ok
}

// head is step line and title.
func (c *pen) head(w float32) piece {
	p := piece{w: w}
	p.stack(c.stepLine(w), 0) // also where there are no steps: titles stand at one height
	p.stack(c.title(w), c.d.gap*0.8)
	return p
}

// arrangeColumn is portrait: title and content from above, choices and actions
// from below, a drawing between.
func (c *pen) arrangeColumn(p *piece, f frame, ss []slice) bool {
	w := c.w - 2*margin
	top := c.head(w)
	c.fill(&top, ss, placeTop, w, nil)
	bottom := piece{w: w}
	c.fill(&bottom, ss, placeBottom, w, nil)
	bottom.stack(c.actions(w, false), c.d.gap)
	return c.between(p, top, bottom, c.middle(ss, nil), Element{X: margin, Y: f.top, W: w, H: f.bottom - f.top})
}

// fill stacks the slices of a place; with side only those of that side.
func (c *pen) fill(p *piece, ss []slice, at place, w float32, side *bool) {
	for _, s := range ss {
		if s.place == at && (side == nil || s.side == *side) {
			p.stack(s.draw(s.i, s.j, w), c.d.gap)
		}
	}
}

func (c *pen) middle(ss []slice, side *bool) bool {
	for _, s := range ss {
		if s.place == placeMiddle && (side == nil || s.side == *side) {
			return true
		}
	}
	return false
}

// between puts top and bottom into an area, and the drawing into what is free.
func (c *pen) between(p *piece, top, bottom piece, drawing bool, area Element) bool {
	foot := float32(28)
	y := area.Y + area.H - foot - bottom.h
	p.add(top, area.X, area.Y)
	p.add(bottom, area.X, y)
	free := y - area.Y - top.h
	if bottom.h > 0 && top.h > 0 {
		free -= c.d.gap
	}
	if c.trial {
		free -= c.spare
	}
	if !drawing {
		return free >= 0
	}
	free -= c.d.gap
	d := c.picture(area.W, free)
	lift := max(0, (free-d.h)/2)
	if bottom.h == 0 && c.p.Arrow == page.Below {
		lift = max(0, free-d.h) // it points at the device under the glass
	}
	p.add(d, area.X, area.Y+top.h+c.d.gap+lift)
	return free >= d.h-1
}

// arrangeSides is landscape: content left, notes and actions right.
func (c *pen) arrangeSides(p *piece, f frame, ss []slice) bool {
	const gutter = 100
	share := float32(0.54)
	if c.letters() {
		share = 0.42 // ten keys stand in a row
	}
	switch n := len(c.p.Choices); {
	case c.fewChoices():
		share = 0.44
	case n > 0:
		share = 0.74
	}
	left := (c.w - 2*margin - gutter) * share
	right := c.w - 2*margin - gutter - left
	areaL := Element{X: margin, Y: f.top, W: left, H: f.bottom - f.top}
	areaR := Element{X: margin + left + gutter, Y: f.top, W: right, H: f.bottom - f.top}
	no, yes := false, true

	top := c.head(left)
	c.fill(&top, ss, placeTop, left, &no)
	low := piece{w: left}
	c.fill(&low, ss, placeBottom, left, &no)
	if _, second, back := c.styled(); c.apart && len(c.p.Keys) > 0 && second.Exists() && back.Exists() {
		low.stack(c.button(second, left, c.buttonHeight(second, left), rankSecond), c.d.gap)
		d := *c
		d.p.Second, c = page.Action{}, &d
	}
	ok := c.between(p, top, low, c.middle(ss, &no), areaL)

	high := piece{w: right}
	c.fill(&high, ss, placeTop, right, &yes)
	try := func(stacked bool) (piece, bool) {
		q, side := piece{w: c.w, h: c.h}, piece{w: right}
		c.fill(&side, ss, placeBottom, right, &yes)
		side.stack(c.actions(right, stacked), c.d.gap)
		fits := c.between(&q, high, side, c.middle(ss, &yes), areaR)
		return q, fits
	}
	q, fits := try(true)
	if !fits {
		q, fits = try(false)
	}
	p.add(q, 0, 0)
	return ok && fits
}

// cover lays the veil and the box over the page. The box alone can be touched.
func (c *pen) cover(p *piece, f frame) bool {
	for i := range p.els {
		p.els[i].Veiled = true
	}
	p.hits, p.stops = nil, nil
	d := *c
	d.veil = false
	b := d.box(min(c.w-2*margin, 968))
	p.rect(Element{Part: "veil", W: c.w, H: c.h, Fill: c.pal.Veil})
	low := c.h - 420
	if c.landscape() || low-b.h < f.header.h {
		low = (f.header.h + c.h - f.help.h + b.h) / 2
	}
	y := low - b.h
	p.add(b, (c.w-b.w)/2, y)
	ok := y >= 0 && low <= c.h
	for _, h := range p.hits {
		ok = ok && h.Y >= c.reach
	}
	return ok
}

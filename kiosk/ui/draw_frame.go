package ui

// The frame of every page: header, languages, help bar, actions.

import (
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

// header is the band, the arms, the owner's name and, unless they stand below
// in lower mode, the languages. Its height is the same in every language, so
// that the title never moves.
func (c *pen) header(languages bool) piece {
	p := piece{w: c.w}
	p.rect(Element{Part: "band", W: c.w, H: band, Fill: c.pal.Band})
	row, above, below := float32(122), float32(18), float32(12)
	if c.large() {
		row = 132
	}
	if c.landscape() {
		above, below = 12, 6
	}
	free := c.w - 2*margin - 100
	var langs piece
	if languages {
		langs = c.languages(0)
		free -= langs.w + 24
	}
	names := c.owner(max(free, 300))
	under := languages && (free < 300 || names.h > 170)
	if under {
		names = c.owner(c.w - 2*margin - 100)
		row = names.h + 20 + langs.h
	}
	row = max(row, names.h)
	top := band + above
	p.els = append(p.els, c.arms(margin, top+(min(row, 132)-92)/2))
	switch {
	case under:
		p.add(names, margin+100, top)
		p.add(langs, c.w-margin-langs.w, top+names.h+20)
	default:
		p.add(names, margin+100, top+(row-names.h)/2)
		p.add(langs, c.w-margin-langs.w, top+(row-langs.h)/2)
	}
	p.h = top + row + below
	return p
}

func (c *pen) arms(x, y float32) Element {
	name := c.p.Header.Arms
	if name == "" {
		name = "arms"
	}
	return Element{Kind: KindIcon, Part: "arms", Icon: name, X: x, Y: y, W: 76, H: 92, Tint: TintNone}
}

func (c *pen) owner(width float32) piece {
	h := c.p.Header
	p := piece{}
	name := style{part: "body", size: c.sz.Owner, leading: 1.04, weight: theme.Bold, color: c.pal.Ink, ground: c.pal.Ground}
	p.stack(c.paragraph(h.Body, name, width), 0)
	p.stack(c.paragraph(h.Service, style{
		part: "service", size: c.sz.Service, leading: 1.1, weight: theme.Regular, color: c.pal.Muted, ground: c.pal.Ground,
	}, width), 0)
	return p
}

// languages is one control of equal heights; width 0 is as wide as it needs.
func (c *pen) languages(width float32) piece {
	ls := c.p.Header.Languages
	if len(ls) == 0 {
		return piece{}
	}
	pad := float32(30)
	if c.large() {
		pad = 22
	}
	h := max(fingerSize+4, c.sz.Language*1.32+46)
	widths, total := make([]float32, len(ls)), float32(0)
	for i, a := range ls {
		widths[i] = max(fingerSize, c.t.width(a.Label, c.faceFor(a.Label), c.sz.Language)+2*pad)
		total += widths[i]
	}
	if width > 0 {
		for i := range widths {
			widths[i] = width / float32(len(ls))
		}
		total = width
	}
	p := piece{w: total, h: h}
	p.rect(Element{Part: "languages", W: total, H: h, Radius: 18, Fill: c.pal.Ground, Edge: c.pal.Outline.Edge, EdgeWidth: 3})
	x := float32(0)
	for i, a := range ls {
		corners := CornersNone
		switch {
		case len(ls) == 1:
			corners = CornersAll
		case i == 0:
			corners = CornersLeft
		case i == len(ls)-1:
			corners = CornersRight
		}
		p.add(c.language(a, widths[i], h, corners), x, 0)
		x += widths[i]
	}
	return p
}

func (c *pen) faceFor(text string) theme.Face {
	for _, r := range text {
		return theme.FaceOf(r, theme.SemiBold, isHan(r))
	}
	return theme.Latin600
}

func (c *pen) language(a page.Action, w, h float32, corners Corners) piece {
	p := piece{w: w, h: h}
	at := Element{Part: "language", Action: a.ID, W: w, H: h, Radius: 18, Corners: corners}
	base := c.pal.Outline
	if a.Active {
		base = c.pal.Primary
	}
	paint, edge := c.look(a, base, 0)
	if a.Active || edge > 0 {
		fill := at
		fill.Fill = paint.Fill
		if edge > 0 { // pressed: within the edge of the whole
			fill.Y, fill.H, fill.Radius, fill.Edge, fill.EdgeWidth = 3, h-6, 15, paint.Edge, edge
		}
		p.rect(fill)
	}
	if c.v.focus == a.ID && !c.veil {
		p.rect(Element{Part: "focus", X: 6, Y: 6, W: w - 12, H: h - 12, Radius: 12, Fill: c.ringOn(paint.Fill)})
		p.rect(Element{Part: "focus", X: 14, Y: 14, W: w - 28, H: h - 28, Radius: 6, Fill: paint.Fill})
	}
	p.add(c.centred(a.Label, style{
		part: "language", action: a.ID, size: c.sz.Language, leading: 1.1, weight: theme.SemiBold,
		color: paint.Text, ground: paint.Fill,
	}, w, h), 0, 0)
	c.control(&p, a, at, rankLanguage)
	return p
}

// ringOn is the colour of a ring drawn inside a control of this fill.
func (c *pen) ringOn(fill theme.Color) theme.Color {
	if theme.Ratio(c.pal.Ring, fill) >= 3 {
		return c.pal.Ring
	}
	return c.pal.RingGap
}

// centred sets text in the middle of a box.
func (c *pen) centred(text string, st style, w, h float32) piece {
	st.align, st.balance = alignCentre, true
	q := c.paragraph(text, st, w)
	p := piece{w: w, h: h}
	p.add(q, 0, (h-q.h)/2)
	return p
}

// helpBar has six places that never move; in large text two rows of three.
func (c *pen) helpBar() piece {
	columns, least := 6, float32(176)
	beside := false
	if c.landscape() {
		least = 140
	}
	if c.large() {
		columns, least = 3, 140
		beside = c.landscape()
		if beside {
			least = 92
		}
	}
	w := c.w / float32(columns)
	h := least
	for _, a := range c.p.Help {
		h = max(h, c.helpTile(a, w, 0, beside).h)
	}
	rows := len(c.p.Help) / columns
	p := piece{w: c.w, h: 3 + float32(rows)*h}
	p.rect(Element{Part: "help bar", W: c.w, H: p.h, Fill: c.pal.Soft})
	p.rect(Element{Part: "help bar", W: c.w, H: 3, Fill: c.pal.Line})
	for i, a := range c.p.Help {
		p.add(c.helpTile(a, w, h, beside), float32(i%columns)*w, 3+float32(i/columns)*h)
	}
	return p
}

// helpTile is one place of the help bar; with h 0 it only tells its height.
func (c *pen) helpTile(a page.Action, w, h float32, beside bool) piece {
	if !a.Exists() {
		return piece{}
	}
	const pic = 52
	base := c.pal.Help
	if a.Active {
		base = c.pal.Primary
	}
	paint, edge := c.look(a, base, 0)
	st := style{
		part: "help", action: a.ID, size: c.sz.Help, leading: 1.1, weight: theme.SemiBold,
		color: paint.Text, ground: paint.Fill, align: alignCentre, balance: true,
	}
	room := w - 16
	if beside {
		room, st.align = w-pic-80, alignLeft
	}
	if !beside && c.large() && c.tracked(a.Label, st) > room {
		beside, room, st.align = true, w-pic-40, alignLeft // two lines stand beside the pictogram: the bar never grows
	}
	st = c.shrunk(a.Label, st, room, 3)
	label := c.paragraph(a.Label, st, room)
	p := piece{w: w, h: max(h, label.h+pic+8+32)}
	if beside {
		p.h = max(h, label.h+28)
	}
	at := Element{Part: "help", Action: a.ID, W: w, H: p.h, Fill: paint.Fill, Edge: paint.Edge, EdgeWidth: edge}
	if paint != c.pal.Help {
		p.rect(at)
	}
	c.innerRing(&p, a, paint.Fill)
	icon := c.icon(a.Icon, "help", pic, c.helpIcon(a, paint))
	icon.Action = a.ID
	if beside {
		x := (w - pic - 20 - label.w) / 2
		icon.X, icon.Y = x, (p.h-pic)/2
		p.add(label, x+pic+20, (p.h-label.h)/2)
	} else {
		y := (p.h - pic - 8 - label.h) / 2
		icon.X, icon.Y = (w-pic)/2, y
		p.add(label, (w-room)/2, y+pic+8)
	}
	p.els = append(p.els, icon)
	c.control(&p, a, at, rankHelp)
	return p
}

func (c *pen) helpIcon(a page.Action, paint theme.Paint) theme.Color {
	switch {
	case a.Disabled:
		return c.pal.OffIcon
	case paint != c.pal.Help:
		return paint.Text
	}
	return c.pal.Icon
}

// innerRing is the focus inside a tile whose neighbours touch it.
func (c *pen) innerRing(p *piece, a page.Action, fill theme.Color) {
	if c.v.focus != a.ID || c.veil {
		return
	}
	p.rect(Element{Part: "focus", X: 4, Y: 4, W: p.w - 8, H: p.h - 8, Radius: 14, Fill: c.ringOn(fill)})
	p.rect(Element{Part: "focus", X: 12, Y: 12, W: p.w - 24, H: p.h - 24, Radius: 8, Fill: fill})
}

// Inside a button: the pictogram and the gap before it.
const buttonIcon, buttonGap = 52, 24

func buttonRoom(a page.Action, w float32) float32 {
	if a.Icon != "" {
		return w - 48 - buttonIcon - buttonGap
	}
	return w - 48
}

// buttonStyle is how a button is labelled: smaller before it is broken.
func (c *pen) buttonStyle(a page.Action, w, h float32) style {
	st := style{part: "action", action: a.ID, size: c.sz.Button, leading: 1.16, weight: theme.Bold, balance: true}
	return c.shrunk(a.Label, st, buttonRoom(a, w), max(1, int((h-20)/(st.size*st.leading))))
}

// buttonFits says that no word of the label is broken in this width.
func (c *pen) buttonFits(a page.Action, w float32) bool {
	return c.t.widest(c.t.glyphs(a.Label, theme.Bold), c.buttonStyle(a, w, c.sz.Action).size) <= buttonRoom(a, w)
}

// buttonHeight is the usual one, or what a label without end needs.
func (c *pen) buttonHeight(a page.Action, w float32) float32 {
	st := c.buttonStyle(a, w, c.sz.Action)
	lines := c.t.lines(a.Label, st.weight, setKey{size: st.size, width: buttonRoom(a, w), way: balanced})
	return max(c.sz.Action, float32(len(lines))*st.size*st.leading+20)
}

// button is an action with its label and, after it, its pictogram.
func (c *pen) button(a page.Action, w, h float32, rank int) piece {
	p := piece{w: w, h: h}
	paint, edge := c.look(a, c.paintOf(a), 4)
	at := Element{
		Part: "action", Action: a.ID, W: w, H: h, Radius: radius,
		Fill: paint.Fill, Edge: paint.Edge, EdgeWidth: edge,
	}
	c.ring(&p, a.ID, at)
	p.rect(at)
	const pic, gap = buttonIcon, buttonGap
	room := buttonRoom(a, w)
	st := c.buttonStyle(a, w, h)
	st.color, st.ground = paint.Text, paint.Fill
	st.align = alignLeft
	tight := c.paragraph(a.Label, st, room)
	st.align = alignCentre
	label := c.paragraph(a.Label, st, tight.w)
	total := tight.w
	if a.Icon != "" {
		total += gap + pic
	}
	x, tx := (w-total)/2, (w-total)/2
	icon := c.icon(a.Icon, "action", pic, paint.Text)
	icon.Y = (h - pic) / 2
	if a.Icon == "back" {
		icon.X, tx = x, x+pic+gap
	} else {
		icon.X = x + tight.w + gap
	}
	p.add(label, tx, (h-label.h)/2)
	if a.Icon != "" {
		icon.Action = a.ID
		p.els = append(p.els, icon)
	}
	c.control(&p, a, at, rank)
	return p
}

// actions is the row at the bottom: narrow and outlined the way back, wide and
// filled the way on. In landscape they stand above one another where there is
// room.
func (c *pen) actions(w float32, stacked bool) piece {
	main, second, back := c.styled()
	p := piece{w: w}
	if stacked {
		for i, a := range []page.Action{main, second, back} {
			if a.Exists() {
				h := max(c.sz.Action-6, c.buttonHeight(a, w)-6)
				p.stack(c.button(a, w, h, []int{rankMain, rankSecond, rankBack}[i]), actionGap)
			}
		}
		return p
	}
	left, leftRank, right, rightRank := back, rankBack, main, rankMain
	switch {
	case second.Exists() && main.Exists() && back.Exists():
		p.stack(c.button(second, w, c.buttonHeight(second, w), rankSecond), 0)
	case !main.Exists() && second.Exists():
		right, rightRank = second, rankSecond
	case second.Exists():
		left, leftRank = second, rankSecond
	}
	p.stack(c.actionRow(left, right, w, leftRank, rightRank), actionGap)
	return p
}

// actionRow is one line of equal heights, a third and two thirds. Where a word
// does not fit the third it is halves, and where not even that two lines.
func (c *pen) actionRow(left, right page.Action, w float32, leftRank, rightRank int) piece {
	narrow, p := (w-actionGap)/3, piece{w: w}
	if left.Exists() && right.Exists() {
		if !c.buttonFits(left, narrow) {
			narrow = (w - actionGap) / 2
		}
		wide := w - actionGap - narrow
		if c.buttonFits(left, narrow) && c.buttonFits(right, wide) {
			p.h = max(c.buttonHeight(left, narrow), c.buttonHeight(right, wide))
			p.add(c.button(right, wide, p.h, rightRank), narrow+actionGap, 0)
			p.add(c.button(left, narrow, p.h, leftRank), 0, 0)
			return p
		}
		narrow = w
	}
	if right.Exists() {
		p.stack(c.button(right, w, c.buttonHeight(right, w), rightRank), 0)
	}
	if left.Exists() {
		if !c.buttonFits(left, narrow) {
			narrow = w
		}
		p.stack(c.button(left, narrow, c.buttonHeight(left, narrow), leftRank), actionGap)
	}
	return p
}

// styled gives the actions the styles of their places where they have none.
func (c *pen) styled() (main, second, back page.Action) {
	main, second, back = c.p.Main, c.p.Second, c.p.Back
	if main.Style == page.StylePlain {
		main.Style = page.StylePrimary
	}
	if second.Style == page.StylePlain {
		second.Style = page.StyleOutline
	}
	return main, second, back
}

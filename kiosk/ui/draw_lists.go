package ui

// What can be chosen: large choices, lists of choices, the bills of a cart.

import (
	"fmt"

	"github.com/tserve/jolly/assets"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

// largeChoices is the most choices that are drawn large.
const largeChoices = 3

// lift is how much higher than the middle words stand: a line has more room above
// its letters than below.
const lift = 4

// choices draws choices i to j, of equal heights, in one column or in two.
func (c *pen) choices(i, j int, w float32, columns int) piece {
	gap := c.d.itemGap
	draw := c.smallChoice
	if c.fewChoices() {
		gap, draw = c.d.choiceGap, c.largeChoice
	}
	cw := (w - gap*float32(columns-1)) / float32(columns)
	tallest := float32(0)
	for k := i; k < j; k++ {
		tallest = max(tallest, draw(k, cw, 0).h)
	}
	p := piece{w: w}
	for k := i; k < j; k += columns {
		h := tallest
		if columns > 1 { // in a grid only a row is of equal heights
			h = max(draw(k, cw, 0).h, draw(min(k+1, j-1), cw, 0).h)
		}
		row := piece{w: w, h: h}
		for n := k; n < min(k+columns, j); n++ {
			row.add(draw(n, cw, h), float32(n-k)*(cw+gap), 0)
		}
		p.stack(row, gap)
	}
	return p
}

// fewChoices says that the choices are drawn large; boxes to tick and
// words without a pictogram never are.
func (c *pen) fewChoices() bool {
	n := len(c.p.Choices)
	return n > 0 && n <= largeChoices && c.p.Choices[0].Tick == page.TickNone && c.p.Choices[0].Icon != ""
}

// choiceText is what stands under the choice's title; a disabled choice says
// what is missing.
func choiceText(ch page.Choice) string {
	if !ch.Act.Disabled || ch.Act.Label == "" || ch.Act.Label == ch.Title {
		return ch.Text
	}
	if ch.Text == "" {
		return ch.Act.Label
	}
	return ch.Text + "\n" + ch.Act.Label
}

func (c *pen) choicePaint(ch page.Choice) (theme.Paint, theme.Paint) {
	base := c.pal.Item
	if c.fewChoices() || ch.Tick == page.TickOn {
		base.Edge = c.pal.Outline.Edge
	}
	if ch.Recommended {
		base = c.pal.Primary
	}
	return base, c.pal.Item
}

// choiceLook is how a choice is painted: box, second line, pictogram.
func (c *pen) choiceLook(ch page.Choice) (paint theme.Paint, edge float32, text, icon theme.Color) {
	base, plain := c.choicePaint(ch)
	paint, edge = c.look(ch.Act, base, 4)
	text, icon = paint.Text, paint.Text
	switch {
	case ch.Act.Disabled:
		icon = c.pal.OffIcon
	case paint.Fill == plain.Fill && paint.Text == plain.Text:
		text, icon = c.pal.Muted, c.pal.Icon
	}
	return paint, edge, text, icon
}

// choiceWords is title and text.
func (c *pen) choiceWords(k int, title, text style, w float32) piece {
	ch := c.p.Choices[k]
	title = c.shrunk(ch.Title, title, w, 3)
	p := piece{w: w}
	p.stack(c.paragraph(ch.Title, title, w), 0)
	if s := choiceText(ch); s != "" {
		p.stack(c.paragraph(s, text, w), 6)
	}
	return p
}

func (c *pen) largeChoice(k int, w, h float32) piece {
	ch := c.p.Choices[k]
	paint, edge, textColor, iconColor := c.choiceLook(ch)
	const padX, chevron = 44, 52
	gap := min(float32(36), c.d.picW*0.4)
	room := w - 2*padX - c.d.picW - 2*gap - chevron
	part := fmt.Sprintf("choice %d", k)
	words := c.choiceWords(k,
		style{part: part, action: ch.Act.ID, size: c.sz.Choice, leading: 1.12, weight: theme.Bold, color: paint.Text, ground: paint.Fill, balance: true},
		style{part: part + " text", action: ch.Act.ID, size: c.sz.Body, leading: 1.3, weight: theme.Regular, color: textColor, ground: paint.Fill},
		room)
	p := piece{w: w, h: max(h, max(words.h, c.d.picH)+2*c.d.choiceY)}
	at := Element{Part: part, Action: ch.Act.ID, W: w, H: p.h, Radius: 28, Fill: paint.Fill, Edge: paint.Edge, EdgeWidth: edge}
	c.ring(&p, ch.Act.ID, at)
	p.rect(at)
	p.els = append(p.els, c.choicePicture(ch, padX, p.h, iconColor))
	p.add(words, padX+c.d.picW+gap, (p.h-words.h)/2)
	if !ch.Act.Disabled {
		arrow := c.icon("go", part, chevron, iconColor)
		arrow.X, arrow.Y, arrow.Action = w-padX-chevron, (p.h-chevron)/2, ch.Act.ID
		p.els = append(p.els, arrow)
	}
	c.control(&p, ch.Act, at, rankChoice)
	return p
}

// choicePicture is the family's large drawing where there is one, else the
// pictogram with a finer stroke, so that lines are equally thick on a page.
func (c *pen) choicePicture(ch page.Choice, x, h float32, color theme.Color) Element {
	e := Element{Kind: KindIcon, Part: "choice", Action: ch.Act.ID, Icon: ch.Icon, Color: color}
	if _, ok := assets.Pictogram(ch.Icon + "-large"); ok {
		e.Icon += "-large"
		e.X, e.Y, e.W, e.H = x, (h-c.d.picH)/2, c.d.picW, c.d.picH
		if c.d.picW < 130 {
			e.Stroke = 10
		}
		return e
	}
	size := c.d.picH * 0.92
	e.Stroke = 52 * max(4.5, 6*c.d.picW/200) / size
	e.X, e.Y, e.W, e.H = x+(c.d.picW-size)/2, (h-size)/2, size, size
	return e
}

func (c *pen) smallChoice(k int, w, h float32) piece {
	ch := c.p.Choices[k]
	paint, edge, textColor, iconColor := c.choiceLook(ch)
	const pic, column = 68, 80
	padX, gap := float32(32), float32(28)
	if w < 800 {
		padX, gap = 24, 16
	}
	part := fmt.Sprintf("choice %d", k)
	tail := c.choiceTail(ch, part, paint, iconColor, w*0.5)
	left := padX + column + gap
	if choiceIcon(ch) == "" {
		left = padX + 12
	}
	room := w - left - gap - tail.w - padX
	words := c.choiceWords(k,
		style{part: part, action: ch.Act.ID, size: c.sz.Item, leading: 1.14, weight: theme.SemiBold, color: paint.Text, ground: paint.Fill, balance: true},
		style{part: part + " text", action: ch.Act.ID, size: c.sz.Small, leading: 1.22, weight: theme.Regular, color: textColor, ground: paint.Fill},
		room)
	p := piece{w: w, h: max(h, words.h+2*c.d.itemY, c.d.itemMin)}
	at := Element{Part: part, Action: ch.Act.ID, W: w, H: p.h, Radius: radius, Fill: paint.Fill, Edge: paint.Edge, EdgeWidth: edge}
	c.ring(&p, ch.Act.ID, at)
	p.rect(at)
	e := c.icon(choiceIcon(ch), part, pic, iconColor)
	e.X, e.Y, e.Action = padX, (p.h-pic)/2, ch.Act.ID
	if e.Icon != "" {
		p.els = append(p.els, e)
	}
	p.add(words, left, (p.h-words.h)/2-lift)
	p.add(tail, w-padX-tail.w, (p.h-tail.h)/2)
	c.control(&p, ch.Act, at, rankChoice)
	return p
}

// choiceIcon is the box of what can be ticked, else the pictogram.
func choiceIcon(ch page.Choice) string {
	if ch.Tick != page.TickNone {
		return "tick-" + string(ch.Tick)
	}
	return ch.Icon
}

// choiceTail is what stands at the right of a small choice: an amount, or the
// sign of a way on.
func (c *pen) choiceTail(ch page.Choice, part string, paint theme.Paint, icon theme.Color, most float32) piece {
	const chevron = 52
	if ch.Value != "" {
		st := style{part: part + " value", action: ch.Act.ID, size: c.sz.Item, leading: 1.14, weight: theme.SemiBold, color: paint.Text, ground: paint.Fill}
		return c.paragraph(ch.Value, c.shrunk(ch.Value, st, most, 1), most)
	}
	p := piece{w: chevron, h: chevron}
	if ch.Act.Disabled || ch.Tick != page.TickNone {
		return p
	}
	arrow := c.icon("go", part, chevron, icon)
	arrow.Action = ch.Act.ID
	p.els = append(p.els, arrow)
	return p
}

// list draws bills i to j.
func (c *pen) list(i, j int, w float32) piece {
	p := piece{w: w}
	for k := i; k < j; k++ {
		p.stack(c.item(k, w), c.d.itemGap)
	}
	return p
}

// item is one bill: what, whose, how much, and a full target to take it off.
func (c *pen) item(k int, w float32) piece {
	it := c.p.List[k]
	part := fmt.Sprintf("item %d", k)
	const padX, pic, gap = 32, 68, 28
	remove := c.removeWidth(it.Remove)
	st := style{part: part, size: c.sz.Item, leading: 1.15, weight: theme.SemiBold, color: c.pal.Ink, ground: c.pal.Ground}
	value := c.paragraph(it.Value, style{
		part: part + " value", size: st.size, leading: st.leading, weight: theme.SemiBold, color: st.color, ground: st.ground,
	}, w)
	left := float32(padX)
	if it.Icon != "" {
		left += pic + gap
	}
	right := w - padX
	if remove > 0 {
		right = w - 16 - remove - gap
	}
	room := right - left
	narrow := room - value.w - gap
	beside := narrow >= 330 && len(c.t.lines(it.Title, st.weight, setKey{size: st.size, width: narrow})) <= 2
	if beside {
		room = narrow
	}
	words := piece{w: room}
	words.stack(c.paragraph(it.Title, st, room), 0)
	small := st
	small.part, small.size, small.leading, small.weight, small.color = part+" text", c.sz.Small, 1.28, theme.Regular, c.pal.Muted
	if it.Sub != "" {
		words.stack(c.paragraph(it.Sub, small, room), 2)
	}
	if !beside {
		words.stack(value, 4)
	}
	p := piece{w: w, h: max(words.h+2*c.d.itemY, c.d.itemMin)}
	p.rect(Element{Part: part, W: w, H: p.h, Radius: radius, Fill: c.pal.Ground, Edge: c.pal.Line, EdgeWidth: 3})
	if it.Icon != "" {
		e := c.icon(it.Icon, part, pic, c.pal.Accent)
		e.X, e.Y = padX, (p.h-pic)/2
		p.els = append(p.els, e)
	}
	p.add(words, left, (p.h-words.h)/2)
	if beside {
		p.add(value, right-value.w, (p.h-value.h)/2)
	}
	if remove > 0 {
		h := min(max(fingerSize, p.h-28), 132)
		p.add(c.remove(it.Remove, remove, h), w-14-remove, (p.h-h)/2)
	}
	return p
}

func (c *pen) removeWidth(a page.Action) float32 {
	if !a.Exists() {
		return 0
	}
	return max(130, c.tracked(a.Label, style{size: c.sz.Small + 2, weight: theme.SemiBold})+44)
}

func (c *pen) remove(a page.Action, w, h float32) piece {
	p := piece{w: w, h: h}
	paint, edge := c.look(a, c.pal.Outline, 3)
	at := Element{Part: "remove", Action: a.ID, W: w, H: h, Radius: 14, Fill: paint.Fill, Edge: paint.Edge, EdgeWidth: edge}
	c.ring(&p, a.ID, at)
	p.rect(at)
	p.add(c.centred(a.Label, style{
		part: "remove", action: a.ID, size: c.sz.Small + 2, leading: 1.1, weight: theme.SemiBold, color: paint.Text, ground: paint.Fill,
	}, w, h), 0, 0)
	c.control(&p, a, at, rankList)
	return p
}

package ui

// The blocks of a page: title, card, notes, field, keys, pictures.

import (
	"fmt"

	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

// stepLine is four bars and where we are; bars to come are outlined.
func (c *pen) stepLine(w float32) piece {
	s := c.p.Steps
	p := piece{w: w, h: c.sz.Step * 1.32}
	if s.Now == 0 {
		return p
	}
	label := c.paragraph(s.Label, style{
		part: "steps", size: c.sz.Step, leading: 1.32, weight: theme.SemiBold, color: c.pal.Muted, ground: c.pal.Ground,
	}, w/2)
	p.h = max(p.h, label.h)
	p.add(label, w-label.w, 0)
	n := max(len(s.Names), s.Now, 4)
	bar := (w-label.w-14)/float32(n) - 14
	for i := range n {
		e := Element{Part: "steps", X: float32(i) * (bar + 14), Y: (p.h - 14) / 2, W: bar, H: 14, Radius: 7}
		e.Fill, e.Edge, e.EdgeWidth = c.pal.Ground, c.pal.StepEdge, 3
		if i < s.Now {
			e.Fill, e.Edge = c.pal.StepDone, c.pal.StepDone
		}
		p.rect(e)
	}
	return p
}

// verdictIcons of a result page.
var toneIcons = map[page.Tone]string{
	page.ToneInfo: "info", page.ToneWarn: "warn", page.ToneDone: "ok", page.ToneBad: "bad",
}

// title is two lines at most, the verdict's pictogram before it.
func (c *pen) title(w float32) piece {
	st := style{
		part: "title", size: c.sz.Title, leading: 1.1, weight: theme.Bold, color: c.pal.Ink, ground: c.pal.Ground, balance: true,
	}
	if c.p.Hero {
		st.size = c.sz.Hero
	}
	indent := float32(0)
	const sign = 96
	icon := toneIcons[c.p.Verdict]
	if icon != "" {
		indent = sign + 28
	}
	st = c.shrunk(c.p.Title, st, w-indent, 2)
	text := c.paragraph(c.p.Title, st, w-indent)
	p := piece{w: indent + text.w, h: text.h}
	if icon != "" {
		e := c.icon(icon, "verdict", sign, c.pal.Tones[c.p.Verdict].Edge)
		e.Stroke = 5
		p.h = max(p.h, sign)
		e.Y = (p.h - sign) / 2
		p.els = append(p.els, e)
	}
	p.add(text, indent, (p.h-text.h)/2)
	return c.around(p, "title", rankTitle)
}

func (c *pen) lead(w float32) piece {
	p := c.paragraph(c.p.Lead, c.leadStyle("lead", c.pal.Ground), min(w, 26*c.sz.Lead))
	return c.around(p, "lead", rankTitle)
}

func (c *pen) leadStyle(part string, ground theme.Color) style {
	return style{
		part: part, size: c.sz.Lead, leading: 1.3, weight: theme.Regular, color: c.pal.Muted, bold: c.pal.Ink, ground: ground,
	}
}

// figure is a single large amount.
func (c *pen) figure(w float32) piece {
	st := style{part: "amount", size: c.sz.Amount, leading: 1.02, weight: theme.Bold, color: c.pal.Ink, ground: c.pal.Ground}
	st = c.shrunk(c.p.Amount, st, w, 1)
	return c.around(c.paragraph(c.p.Amount, st, w), "amount", rankRow)
}

// progress is a determinate bar.
func (c *pen) progress(w float32, done, of int) piece {
	p := piece{w: w, h: 32}
	p.rect(Element{Part: "progress", W: w, H: 32, Radius: 16, Fill: c.pal.Ground, Edge: c.pal.StepEdge, EdgeWidth: 3})
	if part := min(1, max(0, float32(done)/float32(of))); part > 0 {
		p.rect(Element{Part: "progress", W: max(32, w*part), H: 32, Radius: 16, Fill: c.pal.StepDone})
	}
	return p
}

// cardRows is how many rows the card has: those of the page, and the code.
func (c *pen) cardRows() int {
	n := len(c.p.Card)
	if c.p.Code.Value != "" {
		n++
	}
	return n
}

// card frames rows i to j.
func (c *pen) card(i, j int, w float32) piece {
	inner := w - 2*c.d.cardX
	body := piece{w: inner}
	for k := i; k < j; k++ {
		row, strong := c.cardRow(k, inner)
		if strong && k > i {
			body.h += c.d.rowY
			body.rect(Element{Part: "rule", Y: body.h, W: inner, H: 3, Fill: c.pal.Line})
			body.h += 3 + c.d.rowY/2
		}
		gap := c.d.rowY
		if strong {
			gap = c.d.rowY / 2
		}
		body.stack(c.around(row, fmt.Sprintf("row:%d", k), rankRow), gap)
	}
	p := piece{w: w, h: body.h + 2*c.d.cardY}
	p.rect(Element{Part: "card", W: w, H: p.h, Radius: radius, Fill: c.pal.Ground, Edge: c.pal.Line, EdgeWidth: 3})
	p.add(body, c.d.cardX, c.d.cardY)
	return p
}

// cardRow is row k, and whether it stands under a rule.
func (c *pen) cardRow(k int, w float32) (piece, bool) {
	st := style{
		part: fmt.Sprintf("row %d", k), size: c.sz.Body, leading: 1.32, weight: theme.SemiBold,
		color: c.pal.Ink, ground: c.pal.Ground,
	}
	if k >= len(c.p.Card) {
		st.part, st.size, st.leading, st.weight, st.track = "code", c.sz.Code, 1.1, theme.Bold, 3
		return c.labelled(c.p.Code.Label, c.p.Code.Value, st, w), true
	}
	r := c.p.Card[k]
	if r.Strong {
		st.size, st.leading = c.sz.Amount, 1.02
	}
	return c.labelled(r.Label, r.Value, st, w), r.Strong
}

// labelled sets a label and its value at fixed columns, or stacked: in large
// text, in a narrow card, or where the value is too wide for its column.
func (c *pen) labelled(label, value string, st style, w float32) piece {
	const column, gap = 330, 28
	small := style{
		part: st.part + " label", size: c.sz.Small, leading: 1.25, weight: theme.Regular,
		color: c.pal.Muted, ground: c.pal.Ground,
	}
	strong := st.size > c.sz.Body
	room := w - column - gap
	stacked := c.large() || room < 360
	if strong && !stacked {
		for full := st.size; st.size > 0.8*full && c.tracked(value, st) > room; {
			st.size -= 2
		}
		stacked = c.tracked(value, st) > room
	}
	p := piece{w: w}
	if stacked {
		if strong {
			st = c.shrunk(value, st, w, 1)
		}
		p.stack(c.paragraph(label, small, w), 0)
		p.stack(c.paragraph(value, st, w), 0)
		return p
	}
	l, v := c.paragraph(label, small, column), c.paragraph(value, st, room)
	shift := st.firstBaseline() - small.firstBaseline()
	if strong {
		shift += v.h - st.size*st.leading - (l.h - small.size*small.leading)
	}
	p.h = max(v.h, l.h+shift) + max(0, -shift)
	p.add(l, 0, max(0, shift))
	p.add(v, column+gap, max(0, -shift))
	return p
}

// totals are rows with their amounts on the right; the strong one under a rule.
func (c *pen) totals(w float32) piece {
	const inset = 40
	inner := w - 2*inset
	body := piece{w: inner}
	for i, r := range c.p.Totals {
		row := c.total(r, fmt.Sprintf("total %d", i), inner)
		if r.Strong && i > 0 {
			body.h += 12
			body.rect(Element{Part: "rule", Y: body.h, W: inner, H: 3, Fill: c.pal.Line})
			body.h += 3
		}
		body.stack(c.around(row, fmt.Sprintf("total:%d", i), rankRow), 12)
	}
	p := piece{w: w, h: body.h}
	p.add(body, inset, 0)
	return p
}

func (c *pen) total(r page.Row, part string, w float32) piece {
	l := style{part: part + " label", size: c.sz.Body, leading: 1.3, weight: theme.Regular, color: c.pal.Muted, ground: c.pal.Ground}
	v := style{part: part, size: c.sz.Body, leading: 1.3, weight: theme.SemiBold, color: c.pal.Ink, ground: c.pal.Ground}
	if r.Strong {
		l.size, l.weight, l.color = c.sz.Total, theme.SemiBold, c.pal.Ink
		v.size, v.leading = c.sz.Amount, 1.02
	}
	v = c.shrunk(r.Value, v, w, 1)
	value := c.paragraph(r.Value, v, w)
	label := c.paragraph(r.Label, l, max(200, w-value.w-32))
	p := piece{w: w}
	if label.w+32+value.w > w {
		p.stack(c.paragraph(r.Label, l, w), 0)
		p.add(value, w-value.w, p.h)
		p.h += value.h
		return p
	}
	shift := v.firstBaseline() - l.firstBaseline() - (label.h - l.size*l.leading)
	p.h = max(value.h, label.h+shift) + max(0, -shift)
	p.add(label, 0, max(0, shift))
	p.add(value, w-value.w, max(0, -shift))
	return p
}

// note is a bordered box with pictogram and words; without a tone it is plain
// text.
func (c *pen) note(k int, w float32) piece {
	n := c.p.Notes[k]
	part := fmt.Sprintf("note %d", k)
	text := n.Text
	if n.Strong != "" {
		text = "**" + n.Strong + "**"
		if n.Text != "" {
			text += gapAfter(n.Strong) + n.Text
		}
	}
	if n.Tone == "" {
		return c.around(c.paragraph(text, c.leadStyle(part, c.pal.Ground), w), fmt.Sprintf("note:%d", k), rankNote)
	}
	const sign, gap, padX = 60, 28, 36
	paint := c.pal.Tones[n.Tone]
	icon := n.Icon
	if icon == "" {
		icon = toneIcons[n.Tone]
	}
	body := c.paragraph(text, style{
		part: part, size: c.sz.Note, leading: 1.3, weight: theme.Regular, color: paint.Text, ground: paint.Fill,
	}, w-2*padX-sign-gap)
	q := piece{w: w, h: max(body.h, sign) + 2*c.d.noteY}
	id := fmt.Sprintf("note:%d", k)
	q.stops = []stop{{id: id, rank: rankNote}}
	at := Element{Part: part, W: w, H: q.h, Radius: radius, Fill: paint.Fill, Edge: paint.Edge, EdgeWidth: 3}
	c.ring(&q, id, at)
	q.rect(at)
	e := c.icon(icon, part, sign, paint.Edge)
	e.X, e.Y = padX, c.d.noteY+max(0, (c.sz.Note*1.3-sign)/2)
	q.els = append(q.els, e)
	q.add(body, padX+sign+gap, c.d.noteY+max(0, (sign-body.h)/2))
	return q
}

// gapAfter is the space between two sentences: none after a Chinese one, whose
// full stop carries its own.
func gapAfter(text string) string {
	runes := []rune(text)
	if isHan(runes[len(runes)-1]) {
		return ""
	}
	return " "
}

// field shows what was typed and what is missing.
func (c *pen) field(w float32) piece {
	const padX = 34
	st := style{
		part: "field", size: c.sz.Field, leading: 1.2, weight: theme.SemiBold, color: c.pal.Ink, ground: c.pal.Ground, track: 4,
	}
	f := c.p.Field
	all := f.Typed + f.Missing
	room := w - 2*padX
	for st.size > c.sz.Floor && c.tracked(all, st) > room {
		st.size -= 2
	}
	if c.tracked(all, st) > room {
		st.track = 0
	}
	typed := c.paragraph(f.Typed, st, room)
	st.part, st.color = "field missing", c.pal.Muted
	missing := c.paragraph(f.Missing, st, room)
	pad := c.d.noteY * 0.8
	h := max(typed.h, missing.h, st.size*st.leading)
	p := piece{w: w, h: h + 2*pad}
	p.rect(Element{Part: "field", W: w, H: p.h, Radius: 18, Fill: c.pal.Ground, Edge: c.pal.Accent, EdgeWidth: 5})
	x := padX + typed.w
	p.add(typed, padX, pad)
	if x+missing.w > w-padX {
		x, p.h = padX, p.h+missing.h
		p.els[0].H = p.h
		p.add(missing, x, pad+typed.h)
		return p
	}
	p.add(missing, x, pad)
	return p
}

func (c *pen) tracked(text string, st style) float32 {
	g := c.t.glyphs(text, st.weight)
	return c.t.runWidth(g, 0, len(g.runes), st.size) + st.track*float32(len(g.runes))
}

// keyRows are the rows of the keypad: as the page says, or three in a row.
func (c *pen) keyRows() []page.KeyRow {
	if len(c.p.KeyRows) > 0 {
		return c.p.KeyRows
	}
	var rows []page.KeyRow
	for n := len(c.p.Keys); n > 0; n -= 3 {
		rows = append(rows, page.KeyRow{Keys: min(n, 3), Columns: 3})
	}
	return rows
}

// letters says that the keypad is that of the alphabet.
func (c *pen) letters() bool { return len(c.p.Keys) > 20 }

// keypad is row under row of equal keys.
func (c *pen) keypad(w float32) piece {
	kh, keyGap := c.d.key, c.d.keyGap
	if c.letters() {
		kh, keyGap = min(kh, 116), min(keyGap, 14)
	}
	if c.large() && !c.landscape() && !c.p.Modes.Lower {
		kh = max(kh, 100)
	}
	p := piece{w: w}
	for i, r := range c.keyRows() {
		first := 0
		for _, before := range c.keyRows()[:i] {
			first += before.Keys
		}
		keys := c.p.Keys[min(first, len(c.p.Keys)):min(first+r.Keys, len(c.p.Keys))]
		kw := (w - keyGap*float32(r.Columns-1)) / float32(r.Columns)
		row := piece{w: w, h: kh}
		for _, k := range keys {
			row.h = max(row.h, c.keyHeight(k, kw))
		}
		for j, k := range keys {
			row.add(c.key(k, kw, row.h), float32(j)*(kw+keyGap), 0)
		}
		p.stack(row, keyGap)
	}
	return p
}

// keyStyle is how a key is labelled; words may take two lines.
func (c *pen) keyStyle(k page.Key, w float32) style {
	st := style{part: "key", action: k.Act.ID, size: c.sz.Key, leading: 1.1, weight: theme.SemiBold}
	if k.Wide {
		st.size = c.sz.KeyWords
		st = c.shrunk(k.Label, st, w-24, 2)
	}
	return st
}

// keyHeight is the least that a key of words needs.
func (c *pen) keyHeight(k page.Key, w float32) float32 {
	if !k.Wide {
		return 0
	}
	st := c.keyStyle(k, w)
	return float32(len(c.t.lines(k.Label, st.weight, setKey{size: st.size, width: w - 24})))*st.size*st.leading + 8
}

func (c *pen) key(k page.Key, w, h float32) piece {
	p := piece{w: w, h: h}
	paint, edge := c.look(k.Act, c.pal.Key, 4)
	at := Element{Part: "key", Action: k.Act.ID, W: w, H: h, Radius: 18, Fill: paint.Fill, Edge: paint.Edge, EdgeWidth: edge}
	c.ring(&p, k.Act.ID, at)
	p.rect(at)
	st := c.keyStyle(k, w)
	st.color, st.ground = paint.Text, paint.Fill
	if !k.Wide {
		st.size = min(st.size, max(c.sz.Floor, h*0.62))
	}
	p.add(c.centred(k.Label, st, w-24, h), 12, 0)
	c.control(&p, k.Act, at, rankKey)
	return p
}

package ui

// Drawings, arrows to the devices, the QR code, and the box over a page.

import (
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

// pictureSizes are the drawings' own sizes, in their files.
var pictureSizes = map[page.Picture][2]float32{
	page.PictureScan:     {360, 270},
	page.PicturePaper:    {760, 300},
	page.PictureCreditor: {760, 300},
	page.PictureLetter:   {760, 300},
	page.PicturePlate:    {760, 300},
	page.PictureHealth:   {560, 330},
	page.PictureTerminal: {140, 262},
	page.PicturePrinter:  {260, 250},
	page.PictureTake:     {300, 290},
	page.PictureCard:     {680, 300},
	page.PictureCAN:      {560, 330},
	page.PicturePIN:      {420, 230},
	page.PictureTakeCard: {300, 290},
}

// hasPicture says that there is something to draw in the free space.
func (c *pen) hasPicture() bool { return c.p.Picture != "" || c.p.QR != "" || c.p.Arrow != "" }

// leastPicture is the least height that the drawing needs.
func (c *pen) leastPicture() float32 {
	if c.p.QR != "" {
		return max(280, c.d.drawing)
	}
	switch c.p.Picture {
	case page.PicturePaper, page.PictureCreditor, page.PictureLetter, page.PicturePlate, page.PictureHealth, page.PictureCAN, page.PicturePIN:
		return c.d.drawing * 0.8
	}
	return c.d.drawing
}

// picture draws into a free space; with h 0 it takes the least.
func (c *pen) picture(w, h float32) piece {
	h = max(h, c.leastPicture())
	if c.p.QR != "" {
		return c.code(w, min(h, w, 600))
	}
	const arrow, gap = 110, 28
	p := piece{w: w}
	dx, dy := float32(0), float32(0)
	switch c.p.Arrow {
	case page.Below, page.Above:
		dy = arrow + gap
	case page.Left, page.Right:
		dx = arrow + gap
	}
	drawing := c.drawing(w-dx, min(h, 580)-dy)
	if c.p.Picture == "" {
		drawing, dx, dy = piece{}, min(dx, arrow), min(dy, arrow)
	}
	p.h = max(drawing.h+dy, min(dx, arrow))
	e := c.icon("arrow-"+string(c.p.Arrow), "arrow", arrow, c.pal.Accent)
	x, y := (w-drawing.w)/2, float32(0)
	switch c.p.Arrow {
	case page.Below:
		e.X, e.Y = (w-arrow)/2, p.h-arrow
	case page.Above:
		e.X, y = (w-arrow)/2, dy
	case page.Right:
		x = (w - drawing.w - dx) / 2
		e.X, e.Y = x+drawing.w+dx-arrow, (p.h-arrow)/2
	case page.Left:
		x = (w-drawing.w-dx)/2 + dx
		e.X, e.Y = x-dx, (p.h-arrow)/2
	}
	p.add(drawing, x, y)
	if c.p.Arrow != "" {
		p.els = append(p.els, e)
	}
	return p
}

// drawing is one of the family, as large as fits.
func (c *pen) drawing(w, h float32) piece {
	size, ok := pictureSizes[c.p.Picture]
	if !ok {
		return piece{}
	}
	k := min(w/size[0], h/size[1], 1.6)
	if size[0] > 600 {
		k = min(k, 1)
	}
	if c.p.Picture == page.PictureCard {
		return c.whichSide(w, h, size)
	}
	p := piece{w: size[0] * k, h: size[1] * k}
	p.els = append(p.els, Element{
		Kind: KindIcon, Part: "picture", Icon: "picture-" + string(c.p.Picture), W: p.w, H: p.h, Tint: TintPicture,
		Color: c.pal.Accent, Edge: c.pal.Muted, Fill: c.pal.Soft, Ground: c.pal.Ground,
	})
	told := true
	switch c.p.Picture {
	case page.PicturePaper:
		c.onPaper(&p, k, "3020 0001 …", "Codice Avviso")
	case page.PictureCreditor:
		c.onPaper(&p, k, "8400 6890 …", "Cod. Fiscale\nEnte Creditore")
	case page.PictureLetter:
		told = c.onPaper(&p, k, c.p.Sample.Value, c.p.Sample.Label)
	case page.PictureCAN:
		c.inFrame(&p, k, "123456", Element{X: 316, Y: 226, W: 212, H: 74})
	case page.PictureHealth:
		told = c.inFrame(&p, k, c.p.Sample.Value, Element{X: 34, Y: 112, W: 400, H: 74})
	case page.PicturePlate:
		told = c.inFrame(&p, k, c.p.Sample.Value, Element{X: 226, Y: 128, W: 308, H: 84})
	}
	if strip, ok := c.strip(w, h); !told && ok {
		return strip
	}
	return p
}

// strip is the example alone, for where the drawing would be too small to hold it:
// the label as it stands on the paper, and what stands beside it.
func (c *pen) strip(w, h float32) (piece, bool) {
	const padX, padY, gap = 28, 12, 24
	st := style{size: c.sz.Floor, leading: 1.15, weight: theme.Bold, color: c.pal.Ink, ground: c.pal.Soft, part: "picture number"}
	n := c.paragraph(c.p.Sample.Value, st, 10_000)
	st.part, st.weight, st.color = "picture label", theme.Regular, c.pal.Muted
	l := c.paragraph(c.p.Sample.Label, st, 10_000)
	left := padX + l.w + gap
	if left+n.w+padX > w { // the words above name it, too
		l, left = piece{}, padX
	}
	p := piece{w: left + n.w + padX, h: n.h + 2*padY}
	if c.p.Sample.Value == "" || p.w > w || p.h > h {
		return piece{}, false
	}
	p.rect(Element{Part: "picture", W: p.w, H: p.h, Radius: radius, Fill: c.pal.Soft, Edge: c.pal.Muted, EdgeWidth: 3})
	p.add(l, padX, (p.h-l.h)/2)
	p.add(n, left, (p.h-n.h)/2)
	return p, true
}

// inFrame writes an example into the drawing's frame where it fits at the
// floor's size.
func (c *pen) inFrame(p *piece, k float32, text string, at Element) bool {
	st := style{size: c.sz.Floor, leading: 1.1, weight: theme.Bold, color: c.pal.Ink, ground: c.pal.Ground, part: "picture number"}
	if n := c.paragraph(text, st, 10_000); n.w < (at.W-12)*k && n.h < at.H*k {
		p.add(n, (at.X+at.W/2)*k-n.w/2, (at.Y+at.H/2)*k-n.h/2)
		return true
	}
	return false
}

// whichSide is the two cards on their way, with their own names beneath: they
// are Italian always, as they stand on the cards.
func (c *pen) whichSide(w, h float32, size [2]float32) piece {
	const gap, names = 12, 340 // names is the width of a name under its card, in the file's units
	st := style{size: c.sz.Body, leading: 1.15, weight: theme.Bold, color: c.pal.Ink, ground: c.pal.Ground, part: "picture label", balance: true}
	width := min(w, 800)
	under := gap + 2*st.size*st.leading
	k := min(width/size[0], (h-under)/size[1], 1.2)
	left, right := c.paragraph("Carta d’identità elettronica", st, names*k-16), c.paragraph("Tessera sanitaria", st, names*k-16)
	under = gap + max(left.h, right.h)
	if k < 0.45 || max(left.w, right.w) > names*k-16 || h < under+k*size[1] { // the words above say it, too
		left, right, under = piece{}, piece{}, 0
		k = min(width/size[0], h/size[1], 1.2)
	}
	p := piece{w: width, h: size[1]*k + under}
	x := (width - size[0]*k) / 2
	p.els = append(p.els, Element{
		Kind: KindIcon, Part: "picture", Icon: "picture-card", X: x, W: size[0] * k, H: size[1] * k, Tint: TintPicture,
		Color: c.pal.Accent, Edge: c.pal.Muted, Fill: c.pal.Soft, Ground: c.pal.Ground,
	})
	p.add(left, x+160*k-left.w/2, size[1]*k+gap)
	p.add(right, x+520*k-right.w/2, size[1]*k+gap)
	return p
}

// onPaper writes what stands on the notice, which is Italian always: the number
// in its frame and its label beside it, where they fit at the floor's size; it
// says whether both do.
func (c *pen) onPaper(p *piece, k float32, number, label string) (told bool) {
	st := style{size: c.sz.Floor, leading: 1.1, weight: theme.Bold, color: c.pal.Ink, ground: c.pal.Ground, part: "picture number"}
	beside := st
	beside.part, beside.weight, beside.color, beside.ground = "picture label", theme.Regular, c.pal.Muted, c.pal.Soft
	frameX, frameW, frameY, frameH := 72*k, 400*k, 216*k, 70*k
	l := c.paragraph(label, beside, p.w-frameX-frameW-56*k)
	told = l.w <= p.w-frameX-frameW-56*k && l.h <= frameH+16
	if !told {
		number, l = label, piece{}
	}
	n := c.paragraph(number, st, 10_000)
	if n.w < frameW-16 && n.h < frameH+4 {
		p.add(n, frameX+(frameW-n.w)/2, frameY+(frameH-n.h)/2)
	} else {
		told = false
	}
	p.add(l, frameX+frameW+18*k, frameY+(frameH-l.h)/2)
	return told
}

// code is the QR code on white, also in high contrast: a phone reads it.
func (c *pen) code(w, size float32) piece {
	white, p := theme.Hex(0xFFFFFF), piece{w: w, h: size}
	x := (w - size) / 2
	p.rect(Element{Part: "qr", X: x, W: size, H: size, Radius: radius, Fill: white, Edge: c.pal.Line, EdgeWidth: 3})
	p.els = append(p.els, Element{Kind: KindQR, Part: "qr", Text: c.p.QR, X: x + 12, Y: 12, W: size - 24, H: size - 24})
	return p
}

// idleSeconds is how long the box of an idle kiosk stands.
const idleSeconds = 20

// box is the question over the page.
func (c *pen) box(w float32) piece {
	b := c.p.Box
	const padX, padY = 60, 60
	inner := w - 2*padX
	body := piece{w: inner}
	st := style{part: "box title", size: c.sz.Title, leading: 1.1, weight: theme.Bold, color: c.pal.Ink, ground: c.pal.Ground, balance: true}
	st = c.shrunk(b.Title, st, inner, 2)
	body.stack(c.around(c.paragraph(b.Title, st, inner), "box", rankTitle), 0)
	if b.Lead != "" {
		body.stack(c.paragraph(b.Lead, c.leadStyle("box lead", c.pal.Ground), inner), 28)
	}
	if b.Countdown > 0 {
		body.stack(c.progress(inner, b.Countdown, idleSeconds), 28)
	}
	main, back := b.Main, b.Back
	if main.Style == page.StylePlain {
		main.Style = page.StylePrimary
	}
	body.stack(c.actionRow(back, main, inner, rankBack, rankMain), 40)
	p := piece{w: w, h: body.h + 2*padY}
	p.rect(Element{Part: "box", W: w, H: p.h, Radius: 32, Fill: c.pal.Ground})
	if c.p.Modes.Contrast {
		p.els[0].Edge, p.els[0].EdgeWidth = c.pal.Line, 4
	}
	p.add(body, padX, padY)
	return p
}

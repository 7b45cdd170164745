package pdf

// The layout: lines of a paper -> texts and rectangles on the head's dots.

import (
	"math"
	"strings"
	"unicode/utf8"

	qrcode "github.com/skip2/go-qrcode"

	"github.com/tserve/jolly/printer/receipt"
)

// dpi is the density of the thermal heads that this layout is drawn for.
const dpi = 203

// The typography. Nothing is smaller than 8 points, and there is no grey: a
// thermal head knows none.
var (
	styleTitle   = style{15, bold}
	styleHeading = style{12, bold}
	styleNote    = style{15, bold}
	styleText    = style{9, regular}
	styleLabel   = style{8, regular}
	styleValue   = style{9.5, bold}
	styleTotal   = style{24, bold}
	styleLead    = style{11, bold} // the label of a total
)

// Gaps in dots; eight dots are a millimetre.
const (
	rollInset = 8 // from the head's edge to the text, both sides
	gapTop    = 16
	gapField  = 9
	gapPair   = 3
	gapRule   = 14
	gapSpace  = 14
	gapSides  = 16 // at least, between a label and a value on one line
	ruleThick = 2
	frame     = 5
	framePad  = 14
	tail      = 40 // blank paper before the cut
	quiet     = 4  // modules around a QR code
)

type textOp struct {
	x, baseline float64
	style       style
	runs        []run
}

type rectOp struct{ x, y, w, h float64 }

// sheet is a layout under way, in dots from the head's first dot and the page's
// top.
type sheet struct {
	m     *measure
	width float64 // of the head, or of the sheet
	inset float64 // from its edge to the text, both sides
	y     float64
	texts []textOp
	rects []rectOp
}

func layout(m *measure, lines []receipt.Line, headDots int) *sheet {
	s := &sheet{m: m, width: float64(headDots), inset: rollInset, y: gapTop}
	for _, l := range lines {
		l.Label, l.Italian = m.clean(l.Label), m.clean(l.Italian)
		if l.Kind != receipt.QR {
			l.Text = m.clean(l.Text)
		}
		s.line(l)
	}
	s.y += tail
	return s
}

func (s *sheet) line(l receipt.Line) {
	switch l.Kind {
	case receipt.Title:
		s.title(l)
	case receipt.Heading:
		s.label(l)
		s.paragraph(l.Text, styleHeading)
	case receipt.Text, receipt.RollText:
		s.paragraph(l.Text, styleText)
	case receipt.Note:
		s.note(l)
	case receipt.Field:
		s.field(l)
	case receipt.Pair:
		s.pair(l)
	case receipt.Total:
		s.total(l)
	case receipt.QR:
		s.qr(l)
	case receipt.Rule:
		s.y += gapRule
		s.rect(s.inset, s.y, s.inner(), ruleThick)
		s.y += ruleThick + gapRule
	case receipt.Space:
		s.y += gapSpace
	}
}

// beside puts the Italian word behind its translation.
func beside(label, italian string) string {
	if italian == "" {
		return label
	}
	return label + " · " + italian
}

func (s *sheet) inner() float64 { return s.width - 2*s.inset }

func (s *sheet) rect(x, y, w, h float64) {
	s.rects = append(s.rects, rectOp{x, y, w, h})
}

// lineHeight and ascent hold Titillium's accents and Noto's characters alike.
func lineHeight(st style) float64 { return math.Ceil(st.dots() * 1.28) }
func ascent(st style) float64     { return math.Round(st.dots() * 0.98) }

// text writes one line with its left end at x; the top of the line is y.
func (s *sheet) text(x, y float64, text string, st style) {
	s.texts = append(s.texts, textOp{x: math.Round(x), baseline: y + ascent(st), style: st, runs: s.m.runs(text, st)})
}

func (s *sheet) paragraph(text string, st style) { s.column(s.inset, s.inner(), text, st) }

// column writes wrapped text into a column and goes below it. Short texts in
// large type, and the narrow column beside a QR code, are balanced.
func (s *sheet) column(x, width float64, text string, st style) {
	wrap := s.m.wrap
	if st == styleTitle || st == styleHeading || width < s.inner()/1.2 {
		wrap = s.m.balance
	}
	for _, line := range wrap(text, st, width) {
		s.text(x, s.y, line, st)
		s.y += lineHeight(st)
	}
}

func (s *sheet) right(y float64, text string, st style) {
	s.text(s.inset+s.inner()-s.m.width(text, st), y, text, st)
}

// title parts at its first comma where it does not fit on one line: the second
// half explains the first, and is smaller.
func (s *sheet) title(l receipt.Line) {
	s.y += 4
	first, rest := l.Text, ""
	if s.m.width(l.Text, styleTitle) > s.inner() {
		if i := strings.IndexAny(l.Text, ",，"); i >= 0 {
			_, size := utf8.DecodeRuneInString(l.Text[i:])
			first, rest = l.Text[:i+size], strings.TrimSpace(l.Text[i+size:])
		}
	}
	s.paragraph(first, styleTitle)
	s.paragraph(rest, styleHeading)
	s.paragraph(l.Italian, styleValue)
	s.y += 4
}

// label writes the Italian word beside its translation, or beneath it.
func (s *sheet) label(l receipt.Line) {
	if both := beside(l.Label, l.Italian); s.m.width(both, styleLabel) <= s.inner() {
		s.paragraph(both, styleLabel)
		return
	}
	s.paragraph(l.Label, styleLabel)
	s.paragraph(l.Italian, styleLabel)
}

func (s *sheet) field(l receipt.Line) {
	s.y += gapField
	s.label(l)
	s.paragraph(l.Text, styleValue)
}

// fits says that a label and a value stand on one line.
func (s *sheet) fits(label string, ls style, value string, vs style) bool {
	return s.m.width(label, ls)+gapSides+s.m.width(value, vs) <= s.inner()
}

// pair keeps its value at the right edge as long as it can: with the Italian word
// beside the label, then beneath it, then as a field.
func (s *sheet) pair(l receipt.Line) {
	label, below := beside(l.Label, l.Italian), ""
	if !s.fits(label, styleLabel, l.Text, styleValue) {
		label, below = l.Label, l.Italian
	}
	if !s.fits(label, styleLabel, l.Text, styleValue) || s.m.width(below, styleLabel) > s.inner() {
		s.field(l)
		return
	}
	s.y += gapPair
	s.text(s.inset, s.y+ascent(styleValue)-ascent(styleLabel), label, styleLabel)
	s.right(s.y, l.Text, styleValue)
	s.y += lineHeight(styleValue)
	s.paragraph(below, styleLabel)
}

// total keeps its large type as long as it fits, and gives way to no less than
// half of it.
func (s *sheet) total(l receipt.Line) {
	s.y += gapField
	st := styleTotal
	for s.m.width(l.Text, st) > s.inner() && st.points > styleTotal.points/2 {
		st.points--
	}
	lead := max(s.m.width(l.Label, styleLead), s.m.width(l.Italian, styleLabel))
	if lead+gapSides+s.m.width(l.Text, st) > s.inner() {
		s.paragraph(l.Label, styleLead)
		s.paragraph(l.Italian, styleLabel)
		for _, line := range s.m.wrap(l.Text, st, s.inner()) {
			s.right(s.y, line, st)
			s.y += lineHeight(st)
		}
		return
	}
	base := s.y + ascent(st)
	if l.Italian != "" {
		s.text(s.inset, base-ascent(styleLabel), l.Italian, styleLabel)
		base -= lineHeight(styleLabel) - 2
	}
	s.text(s.inset, base-ascent(styleLead), l.Label, styleLead)
	s.right(s.y, l.Text, st)
	s.y += lineHeight(st)
}

// note frames what must not be overlooked.
func (s *sheet) note(l receipt.Line) {
	s.y += gapSpace
	top := s.y
	s.y += frame + framePad
	x, w := s.inset+frame+framePad, s.inner()-2*(frame+framePad)
	s.column(x, w, l.Text, styleNote)
	s.column(x, w, l.Italian, styleValue)
	s.y += framePad + frame
	h := s.y - top
	s.rect(s.inset, top, s.inner(), frame)
	s.rect(s.inset, s.y-frame, s.inner(), frame)
	s.rect(s.inset, top+frame, frame, h-2*frame)
	s.rect(s.inset+s.inner()-frame, top+frame, frame, h-2*frame)
}

// minCaption is the narrowest column that still reads well beside a QR code.
const minCaption = 150

// qr draws the code at the left edge, where the paper's own margin is its quiet
// zone, and what it is for beside it. What no code can hold is printed in letters.
func (s *sheet) qr(l receipt.Line) {
	bitmap, err := modules(l.Text)
	if err != nil {
		s.field(receipt.Line{Label: l.Label, Text: s.m.clean(l.Text)})
		return
	}
	module := 6.0
	for module > 3 && float64(len(bitmap))*module > s.inner() {
		module--
	}
	top := s.y + module*quiet/2
	side := s.code(bitmap, s.inset, top, module)
	left := s.inset + side + module*quiet
	if room := s.width - s.inset - left; room >= minCaption {
		lines := s.m.balance(l.Label, styleText, room)
		s.y = top + math.Round((side-float64(len(lines))*lineHeight(styleText))/2)
		s.y = max(s.y, top)
		s.column(left, room, l.Label, styleText)
		s.y = max(s.y, top+side) + module*quiet
		return
	}
	s.y = top + side + module*quiet
	s.paragraph(l.Label, styleText)
}

// modules are the squares of a QR code without their quiet zone.
func modules(text string) ([][]bool, error) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, err
	}
	code.DisableBorder = true
	return code.Bitmap(), nil
}

// code draws the squares, neighbours in one piece, and says how large it came out.
func (s *sheet) code(bitmap [][]bool, x, top, module float64) (side float64) {
	for row, bits := range bitmap {
		for from := 0; from < len(bits); {
			to := from
			for to < len(bits) && bits[to] == bits[from] {
				to++
			}
			if bits[from] {
				s.rect(x+module*float64(from), top+module*float64(row), module*float64(to-from), module)
			}
			from = to
		}
	}
	return float64(len(bitmap)) * module
}

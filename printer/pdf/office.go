package pdf

// The form for office printers: the same lines on sheets of A4.

import (
	"fmt"
	"math"
	"slices"

	"github.com/tserve/jolly/printer/receipt"
)

// The sheet of A4, in dots of 203 dpi like everything here.
const (
	a4Height     = 297 / 25.4 * dpi
	officeInset  = 176 // 22 mm
	officeTop    = 112
	officeBottom = a4Height - 112
	officeColumn = 470 // where the values begin, from the inset
	officeGap    = 20  // between sections, both sides of the rule
	officeRow    = 5
	officeModule = 7
)

var (
	officeService = style{11, bold}
	officeTitle   = style{22, bold}
	officeSub     = style{13, bold}
	officeText    = style{10.5, regular}
	officeLabel   = style{9, regular}
	officeValue   = style{10.5, bold}
	officeHeading = style{16, bold}
	officeTotal   = style{26, bold}
	officeLead    = style{14, bold}
	officeNote    = style{16, bold}
	officePage    = style{9, regular}
)

// office lays the lines out, section by section: what stands between two rules
// stays together.
func office(m *measure, lines []receipt.Line) []*sheet {
	fresh := func() *sheet { return &sheet{m: m, width: float64(A4) / 25.4 * dpi, inset: officeInset, y: officeTop} }
	sheets := []*sheet{fresh()}
	for i, section := range sections(lines) {
		part := fresh()
		part.y = 0
		part.section(section)
		cur := sheets[len(sheets)-1]
		rule := i > 0
		if need := part.y + 2*officeGap; cur.y+need > officeBottom && cur.y > officeTop {
			cur, rule = fresh(), false
			sheets = append(sheets, cur)
		}
		if rule {
			cur.y += officeGap
			cur.rect(cur.inset, cur.y, cur.inner(), ruleThick)
			cur.y += ruleThick + officeGap
		}
		cur.place(part)
	}
	if n := len(sheets); n > 1 {
		for i, s := range sheets {
			s.right(officeBottom+20, fmt.Sprintf("%d / %d", i+1, n), officePage)
		}
	}
	return sheets
}

// sections are the lines between the rules.
func sections(lines []receipt.Line) [][]receipt.Line {
	var out [][]receipt.Line
	var cur []receipt.Line
	for _, l := range lines {
		if l.Kind != receipt.Rule {
			cur = append(cur, l)
			continue
		}
		if len(cur) > 0 {
			out = append(out, cur)
		}
		cur = nil
	}
	if len(cur) > 0 {
		out = append(out, cur)
	}
	return out
}

// place puts a part below what is there.
func (s *sheet) place(part *sheet) {
	at := math.Round(s.y)
	for _, t := range part.texts {
		t.baseline += at
		s.texts = append(s.texts, t)
	}
	for _, r := range part.rects {
		r.y += at
		s.rects = append(s.rects, r)
	}
	s.y = at + part.y
}

// section draws the lines of one. Sums stand at the right edge, above their total;
// everything else in a column of its own. A code stands at the right of its section.
func (s *sheet) section(lines []receipt.Line) {
	sums := false
	bottom, full := 0.0, s.width
	for i, l := range lines {
		sums = sums || l.Kind == receipt.Total
		if l.Kind != receipt.QR {
			continue
		}
		if bitmap, err := modules(l.Text); err == nil {
			side := float64(len(bitmap) * officeModule)
			bottom = s.code(bitmap, s.inset+s.inner()-side, s.y+officeModule, officeModule) + officeModule*(quiet+1)
			s.width -= side + 2*officeModule*quiet
			lines = slices.Clone(lines)
			lines[i] = receipt.Line{Kind: receipt.Text, Text: l.Label}
		}
	}
	first := true // the very first text of a paper says whose it is
	for _, l := range lines {
		l.Label, l.Italian, l.Text = s.m.clean(l.Label), s.m.clean(l.Italian), s.m.clean(l.Text)
		s.officeLine(l, sums, first)
		first = false
	}
	s.y, s.width = max(s.y, bottom), full
}

func (s *sheet) officeLine(l receipt.Line, sums, first bool) {
	switch l.Kind {
	case receipt.Title:
		s.y += 20
		s.column(s.inset, s.inner(), l.Text, officeTitle)
		s.column(s.inset, s.inner(), l.Italian, officeSub)
		s.y += 12
	case receipt.Heading:
		s.column(s.inset, s.inner(), beside(l.Label, l.Italian), officeLabel)
		s.column(s.inset, s.inner(), l.Text, officeHeading)
		s.y += 8
	case receipt.Text:
		st := officeText
		if first && s.y == 0 {
			st = officeService
		}
		s.column(s.inset, s.inner(), l.Text, st)
	case receipt.Note:
		s.officeNote(l)
	case receipt.Total:
		s.officeTotal(l)
	case receipt.Pair, receipt.Field:
		s.row(l, sums)
	case receipt.QR: // only what no code can hold comes here
		s.row(receipt.Line{Label: l.Label, Text: l.Text}, false)
	case receipt.Space:
		s.y += officeGap
	}
}

// row is a label with its value beside it, each in its column.
func (s *sheet) row(l receipt.Line, sum bool) {
	top := s.y + officeRow
	s.y = top + ascent(officeValue) - ascent(officeLabel)
	const room = officeColumn - 24
	if both := beside(l.Label, l.Italian); s.m.width(both, officeLabel) <= room {
		s.column(s.inset, room, both, officeLabel)
	} else {
		s.column(s.inset, room, l.Label, officeLabel)
		s.column(s.inset, room, l.Italian, officeLabel)
	}
	under := s.y
	s.y = top
	if sum && s.m.width(l.Text, officeValue) <= s.inner()-officeColumn {
		s.right(s.y, l.Text, officeValue)
		s.y += lineHeight(officeValue)
	} else {
		for _, line := range s.m.wrap(l.Text, officeValue, s.inner()-officeColumn) {
			s.text(s.inset+officeColumn, s.y, line, officeValue)
			s.y += lineHeight(officeValue)
		}
	}
	s.y = max(s.y, under)
}

// officeTotal is framed: it is what the sheet is looked at for.
func (s *sheet) officeTotal(l receipt.Line) {
	s.y += 18
	top := s.y
	s.y += framePad
	base := s.y + ascent(officeTotal)
	s.text(s.inset+2*framePad, base-ascent(officeLead), beside(l.Label, l.Italian), officeLead)
	s.texts = append(s.texts, textOp{
		x:        math.Round(s.inset + s.inner() - 2*framePad - s.m.width(l.Text, officeTotal)),
		baseline: base, style: officeTotal, runs: s.m.runs(l.Text, officeTotal),
	})
	s.y += lineHeight(officeTotal) + framePad/2
	s.box(top, s.y)
	s.y += 10
}

// box draws a frame across the sheet.
func (s *sheet) box(top, bottom float64) {
	const thick = 4
	s.rect(s.inset, top, s.inner(), thick)
	s.rect(s.inset, bottom-thick, s.inner(), thick)
	s.rect(s.inset, top+thick, thick, bottom-top-2*thick)
	s.rect(s.inset+s.inner()-thick, top+thick, thick, bottom-top-2*thick)
}

func (s *sheet) officeNote(l receipt.Line) {
	s.y += 18
	top := s.y
	s.y += framePad
	s.column(s.inset+2*framePad, s.inner()-4*framePad, l.Text, officeNote)
	s.column(s.inset+2*framePad, s.inner()-4*framePad, l.Italian, officeSub)
	s.y += framePad
	s.box(top, s.y)
}

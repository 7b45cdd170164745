package pdf

// The faces: which font has a rune, and how wide it is.

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/segmenter"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"

	"github.com/tserve/jolly/assets"
)

// face is one font file in one weight.
type face struct {
	family, style string // gofpdf's names
	data          []byte
	font          *sfnt.Font
	em            fixed.Int26_6
}

// The faces of one weight in the order in which they are asked for a rune.
const (
	latin = iota
	chinese
	families
)

const (
	regular = iota
	bold
	weights
)

// faces are all fonts, by weight and family.
type faces [weights][families]face

func loadFaces() (*faces, error) {
	var fs faces
	for w, row := range [weights][families]string{
		{assets.Titillium400, assets.NotoSC400},
		{assets.Titillium700, assets.NotoSC700},
	} {
		for i, name := range row {
			data := assets.Font(name)
			f, err := sfnt.Parse(data)
			if err != nil {
				return nil, fmt.Errorf("parse font %s: %w", name, err)
			}
			fs[w][i] = face{
				family: [families]string{"titillium", "notosc"}[i],
				style:  [weights]string{"", "B"}[w],
				data:   data, font: f, em: fixed.I(int(f.UnitsPerEm())),
			}
		}
	}
	return &fs, nil
}

// style is a size and a weight.
type style struct {
	points float64
	weight int
}

// dots is the height of the letters' body in dots.
func (s style) dots() float64 { return s.points * dpi / 72 }

// run is a piece of text in one font.
type run struct {
	family int
	text   string
	width  float64 // dots
}

type glyphKey struct {
	weight int
	r      rune
}

type glyph struct {
	family int
	width  float64 // of the em
	ok     bool
}

// measure tells families and widths; it belongs to one rendering.
type measure struct {
	faces *faces
	buf   sfnt.Buffer
	known map[glyphKey]glyph
	seg   segmenter.Segmenter
}

func newMeasure(f *faces) *measure {
	return &measure{faces: f, known: map[glyphKey]glyph{}}
}

// glyph finds the font that has r.
func (m *measure) glyph(weight int, r rune) glyph {
	k := glyphKey{weight, r}
	if g, ok := m.known[k]; ok {
		return g
	}
	var g glyph
	for i := range families {
		f := &m.faces[weight][i]
		index, err := f.font.GlyphIndex(&m.buf, r)
		if err != nil || index == 0 {
			continue
		}
		advance, err := f.font.GlyphAdvance(&m.buf, index, f.em, font.HintingNone)
		if err != nil {
			continue
		}
		g = glyph{family: i, width: float64(advance) / float64(f.em), ok: true}
		break
	}
	m.known[k] = g
	return g
}

// replacement stands for what cannot be printed, however many of it there are in
// a row. The fonts have no better sign: a test looks whether they have this one.
const replacement = '?'

// maxRunes is as long as one text can get: the longest subject that pagoPA knows
// has 140 characters, and a whole roll must not go for one mistake.
const maxRunes = 600

// clean makes a text printable: composed, on one line, without control
// characters, and with only runes that one of the fonts has.
func (m *measure) clean(s string) string {
	var out []rune
	replaced := false // the last rune is a replacement
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, "\ufffd")) {
		printable := m.printable(r)
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			r, printable = ' ', true
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector), !printable && unicode.Is(unicode.Mn, r):
			continue
		case !printable:
			r = replacement
		}
		if (!printable && replaced) || (r == ' ' && (len(out) == 0 || out[len(out)-1] == ' ')) {
			continue
		}
		out, replaced = append(out, r), !printable
		if len(out) == maxRunes {
			out = append(out, '…')
			break
		}
	}
	return strings.TrimRight(string(out), " ")
}

// printable says that gofpdf can take a rune and that it can be drawn in both
// weights.
func (m *measure) printable(r rune) bool {
	return r <= 0xFFFF && m.glyph(regular, r).ok && m.glyph(bold, r).ok
}

// width is the length of s in dots.
func (m *measure) width(s string, st style) float64 {
	var w float64
	for _, r := range s {
		w += m.glyph(st.weight, r).width
	}
	return w * st.dots()
}

// runs cuts s where the font changes. A no-break space has done its work when a
// line is broken: it is written as a plain one, so that a search finds it.
func (m *measure) runs(s string, st style) []run {
	var out []run
	for _, r := range strings.ReplaceAll(s, "\u00a0", " ") {
		g := m.glyph(st.weight, r)
		if len(out) == 0 || out[len(out)-1].family != g.family {
			out = append(out, run{family: g.family})
		}
		last := &out[len(out)-1]
		last.text += string(r)
		last.width += g.width * st.dots()
	}
	return out
}

// wrap breaks s into lines no wider than max dots.
func (m *measure) wrap(s string, st style, max float64) []string {
	var lines []string
	line := ""
	for _, piece := range m.pieces(s) {
		if m.width(strings.TrimRight(line+piece, " "), st) <= max {
			line += piece
			continue
		}
		if line != "" {
			lines = append(lines, strings.TrimRight(line, " "))
		}
		var full []string
		full, line = m.chop(piece, st, max)
		lines = append(lines, full...)
	}
	if line = strings.TrimRight(line, " "); line != "" {
		lines = append(lines, line)
	}
	return lines
}

// balance is wrap with lines of about the same length: no line more than wrap
// makes, and none with a lone word in it.
func (m *measure) balance(s string, st style, max float64) []string {
	best := m.wrap(s, st, max)
	for w := max - 8; w > max/2; w -= 8 {
		narrower := m.wrap(s, st, w)
		if len(narrower) != len(best) {
			break
		}
		best = narrower
	}
	return best
}

// pieces are the parts of s that a line may end after. A slash or a hyphen inside
// a word ends no line here: "V/2026/18843" is one thing to the person who reads it.
func (m *measure) pieces(s string) []string {
	var out []string
	join := false
	m.seg.Init([]rune(s))
	for it := m.seg.LineIterator(); it.Next(); {
		piece := string(it.Line().Text)
		if join {
			out[len(out)-1] += piece
		} else {
			out = append(out, piece)
		}
		join = strings.HasSuffix(piece, "/") || strings.HasSuffix(piece, "-")
	}
	return out
}

// chop cuts a word that alone is too wide; the last piece is given back apart.
func (m *measure) chop(word string, st style, max float64) (full []string, rest string) {
	for _, r := range word {
		if rest != "" && r != ' ' && m.width(rest+string(r), st) > max {
			full, rest = append(full, rest), ""
		}
		rest += string(r)
	}
	return full, rest
}

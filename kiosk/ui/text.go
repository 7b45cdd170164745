package ui

// Typesetting: runs of one font, and our own line breaker.

import (
	"sort"
	"strings"
	"unicode"

	"github.com/tserve/jolly/kiosk/ui/theme"
)

// Measurer tells the width of a text in one face. It is asked in pixels of the
// screen. Implementations cache.
type Measurer interface {
	Width(text string, face theme.Face, size float32) float32
}

// span is text of one weight.
type span struct {
	text   string
	weight theme.Weight
}

// frag is a run of one face within a line.
type frag struct {
	text string
	face theme.Face
	x, w float32
}

// line is one set line.
type line struct {
	frags []frag
	w     float32
}

// typecase remembers texts that were set before: a page is tried at several
// densities, and the next page has most of its words.
type typecase struct {
	m     Measurer
	known map[typeKey]*glyphs
}

type typeKey struct {
	text   string
	weight theme.Weight
}

func newTypecase(m Measurer) *typecase { return &typecase{m: m, known: map[typeKey]*glyphs{}} }

// setKey is how a text was set: at a size, a scale, in a width, in which way.
type setKey struct {
	size, k, width float32
	way            way
}

type way uint8

const (
	greedy   way = iota // fill each line
	tidy                // balanced only where the last line would be short
	balanced            // lines about equally long
)

// setter sets text at a scale: sizes and widths are reference pixels, measured
// at the size that is drawn in truth.
type setter struct {
	*typecase
	k float32
}

func (t setter) width(text string, face theme.Face, size float32) float32 {
	return t.m.Width(text, face, size*t.k) / t.k
}

// glyphs are those of a text of one weight, with "**words**" in bold.
func (t setter) glyphs(text string, weight theme.Weight) *glyphs {
	key := typeKey{text, weight}
	if g, ok := t.known[key]; ok {
		return g
	}
	if len(t.known) >= measured {
		clear(t.known)
	}
	g := newGlyphs(emphasis(text, weight))
	t.known[key] = g
	return g
}

// lines sets a text in a width.
func (t setter) lines(text string, weight theme.Weight, set setKey) []line {
	g := t.glyphs(text, weight)
	set.k = t.k
	if ls, ok := g.set[set]; ok {
		return ls
	}
	rs := t.ranges(g, set.size, set.width)
	ls := t.linesOf(g, rs, set.size)
	if n := len(ls); set.way == balanced || set.way == tidy && n > 1 && ls[n-1].w < 0.35*set.width {
		ls = t.linesOf(g, t.balance(g, rs, set), set.size)
	}
	g.set[set] = ls
	return ls
}

func (t setter) linesOf(g *glyphs, rs [][2]int, size float32) []line {
	var out []line
	for _, r := range rs {
		fs, w := t.runs(g, r[0], r[1], size)
		out = append(out, line{fs, w})
	}
	return out
}

// emphasis reads "**words**" as bold. A mark without its second is text.
func emphasis(text string, plain theme.Weight) []span {
	var out []span
	marks := strings.Split(text, "**")
	if n := len(marks); n%2 == 0 {
		marks[n-2] += "**" + marks[n-1]
		marks = marks[:n-1]
	}
	for i, s := range marks {
		if s == "" {
			continue
		}
		w := plain
		if i%2 == 1 {
			w = theme.Bold
		}
		out = append(out, span{s, w})
	}
	return out
}

// glyphs is a text with the face of each of its characters, and how it was set.
type glyphs struct {
	runes  []rune
	faces  []theme.Face
	chunks map[[2]float32][]chunk
	set    map[setKey][]line
}

func newGlyphs(spans []span) *glyphs {
	g := &glyphs{chunks: map[[2]float32][]chunk{}, set: map[setKey][]line{}}
	var weights []theme.Weight
	for _, s := range spans {
		for _, r := range s.text {
			g.runes = append(g.runes, r)
			weights = append(weights, s.weight)
		}
	}
	g.faces = make([]theme.Face, len(g.runes))
	for i, r := range g.runes {
		g.faces[i] = theme.FaceOf(r, weights[i], g.chinese(i))
	}
	return g
}

// chinese says that character i is written in the Chinese font: Chinese ones,
// and signs common to both scripts that stand beside them.
func (g *glyphs) chinese(i int) bool {
	r := g.runes[i]
	if isHan(r) {
		return true
	}
	if !strings.ContainsRune("“”‘’…—·", r) {
		return false
	}
	return i > 0 && isHan(g.runes[i-1]) || i+1 < len(g.runes) && isHan(g.runes[i+1])
}

func isHan(r rune) bool {
	return unicode.Is(unicode.Han, r) || r >= 0x3000 && r <= 0x303F || r >= 0xFF00 && r <= 0xFFEF
}

// Characters that a line may not begin or end with.
const (
	notFirst = "、。，．：；！？）」』】〉》”’…—·％％),.;:!?%]}»€"
	notLast  = "（「『【〈《“‘([{«"
	units    = "年月日时分秒元欧号期第张笔页位个天次"
)

// breakAfter says that a line may end after character i. No-break spaces are
// no spaces here.
func (g *glyphs) breakAfter(i int) bool {
	if i+1 >= len(g.runes) {
		return true
	}
	r, next := g.runes[i], g.runes[i+1]
	switch {
	case r == ' ':
		return next != ' '
	case next == ' ' || next == '\n' || strings.ContainsRune(notFirst, next) || strings.ContainsRune(notLast, r):
		return false
	case unicode.IsDigit(r) && strings.ContainsRune(units, next), r == '第' && unicode.IsDigit(next), r == '欧' && next == '元':
		return false
	case isSpace(r) || isSpace(next):
		return false
	}
	return isHan(r) || isHan(next)
}

// unseen are characters that tell where lines break and are not drawn.
var unseen = strings.NewReplacer("\n", "", "\u2060", "")

// isSpace holds for what joins: the no-break spaces and the word joiner.
func isSpace(r rune) bool { return r == 0xA0 || r == 0x202F || r == 0x2007 || r == 0x2060 }

// chunk is text between two places where a line may end.
type chunk struct {
	from, to int // without the spaces after it
	w, space float32
	hard     bool // the line ends here
}

func (t setter) chunks(g *glyphs, size float32) []chunk {
	at := [2]float32{size, t.k}
	if out, ok := g.chunks[at]; ok {
		return out
	}
	var out []chunk
	from := 0
	for i := range g.runes {
		hard := g.runes[i] == '\n'
		if !hard && !g.breakAfter(i) {
			continue
		}
		end := i + 1
		for end > from && (g.runes[end-1] == ' ' || g.runes[end-1] == '\n') {
			end--
		}
		c := chunk{from: from, to: end, hard: hard, w: t.runWidth(g, from, end, size)}
		c.space = t.runWidth(g, end, i+1, size)
		out = append(out, c)
		from = i + 1
	}
	g.chunks[at] = out
	return out
}

// runs cuts [from, to) into pieces of one face.
func (t setter) runs(g *glyphs, from, to int, size float32) (out []frag, w float32) {
	for from < to {
		end := from + 1
		for end < to && g.faces[end] == g.faces[from] {
			end++
		}
		text := unseen.Replace(string(g.runes[from:end]))
		f := frag{text: text, face: g.faces[from], x: w}
		f.w = t.width(text, f.face, size)
		out, w = append(out, f), w+f.w
		from = end
	}
	return out, w
}

func (t setter) runWidth(g *glyphs, from, to int, size float32) float32 {
	_, w := t.runs(g, from, to, size)
	return w
}

// balance breaks into as many lines as rs has, but about equally long ones.
func (t setter) balance(g *glyphs, rs [][2]int, set setKey) [][2]int {
	n := len(rs)
	if n < 2 || n > 4 {
		return rs
	}
	low, high := max(set.width/float32(n+1), t.widest(g, set.size)), set.width
	for high-low > 4 {
		mid := (low + high) / 2
		if try := t.ranges(g, set.size, mid); len(try) > n {
			low = mid
		} else {
			high, rs = mid, try
		}
	}
	return rs
}

// widest is the width of the widest chunk.
func (t setter) widest(g *glyphs, size float32) float32 {
	w := float32(0)
	for _, c := range t.chunks(g, size) {
		w = max(w, c.w)
	}
	return w
}

// ranges are the lines of a width. A word that is wider is broken where it must
// be: nothing is cut.
func (t setter) ranges(g *glyphs, size, width float32) [][2]int {
	var out [][2]int
	start, end, w, space := 0, 0, float32(0), float32(0)
	open := false
	flush := func() {
		if open {
			out = append(out, [2]int{start, end})
		}
		open, w, space = false, 0, 0
	}
	for _, c := range t.chunks(g, size) {
		if open && w+space+c.w > width {
			flush()
		}
		for c.w > width && c.to-c.from > 1 {
			n := t.fitting(g, c, size, width)
			out = append(out, [2]int{c.from, n})
			c.from, c.w = n, t.runWidth(g, n, c.to, size)
		}
		if !open {
			start, open = c.from, true
		}
		end, w, space = c.to, w+space+c.w, c.space
		if c.hard {
			flush()
		}
	}
	flush()
	return out
}

// fitting is how far into a too wide word a line reaches.
func (t setter) fitting(g *glyphs, c chunk, size, width float32) int {
	extra := sort.Search(c.to-c.from-2, func(i int) bool {
		return t.runWidth(g, c.from, c.from+i+2, size) > width
	})
	return c.from + 1 + extra
}

package catalogue

// Measuring texts with the kiosk's own type: does a text fit its place?

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"github.com/tserve/jolly/assets"
	"github.com/tserve/jolly/kiosk"
)

// place is where a text is shown: the room that the kiosk's screen gives it at
// its reference size of 1080 x 1920, in normal and in large text. A test holds
// these figures against the screen itself.
type place struct {
	name          string
	bold          bool
	room          int // pixels
	normal, large int // type size
	lines, most   int // in normal and in large text
}

// paperColumns is a line of a receipt; a Chinese sign takes two.
const paperColumns = 42

// The places.
var (
	onChoice    = place{name: "the title of a choice", bold: true, room: 716, normal: 44, large: 54, lines: 1, most: 2}
	underChoice = place{name: "the words under a choice", room: 716, normal: 34, large: 44, lines: 2, most: 3}
	asTitle     = place{name: "the title of a page", bold: true, room: 968, normal: 68, large: 84, lines: 2, most: 2}
	underTitle  = place{name: "the lead under a title", room: 968, normal: 44, large: 52, lines: 3, most: 4}
	inNote      = place{name: "a note", room: 800, normal: 40, large: 52, lines: 2, most: 3}
	asCreditor  = place{name: "a value of the bill", room: 560, normal: 40, large: 52, lines: 2, most: 3}
)

// typefaces are the kiosk's fonts, read once in the process: they may be used
// from everywhere at once.
type typefaces struct {
	regular, bold, han, hanBold *sfnt.Font

	advances sync.Map // of sign: what was measured once
}

type sign struct {
	sign rune
	size int
	bold bool
}

type advance struct {
	width fixed.Int26_6
	known bool
}

var fonts = sync.OnceValues(func() (*typefaces, error) {
	t := &typefaces{}
	for _, f := range []struct {
		into **sfnt.Font
		name string
	}{{&t.regular, assets.Titillium400}, {&t.bold, assets.Titillium700}, {&t.han, assets.NotoSC400}, {&t.hanBold, assets.NotoSC700}} {
		font, err := sfnt.Parse(assets.Font(f.name))
		if err != nil {
			return nil, fmt.Errorf("read font %s: %w", f.name, err)
		}
		*f.into = font
	}
	return t, nil
})

// ruler measures. It belongs to one goroutine.
type ruler struct {
	*typefaces
	buf  sfnt.Buffer
	seen map[sign]advance // by this one
}

func newRuler() (*ruler, error) {
	t, err := fonts()
	return &ruler{typefaces: t, seen: map[sign]advance{}}, err
}

// advance is the width of one sign; false where no font of the kiosk has it.
func (r *ruler) advance(one rune, size int, bold bool) (fixed.Int26_6, bool) {
	key := sign{one, size, bold}
	a, ok := r.seen[key]
	if ok {
		return a.width, a.known
	}
	if known, ok := r.advances.Load(key); ok {
		a, _ = known.(advance)
	} else {
		a.width, a.known = r.measure(one, size, bold)
		r.advances.Store(key, a)
	}
	r.seen[key] = a
	return a.width, a.known
}

func (r *ruler) measure(sign rune, size int, bold bool) (fixed.Int26_6, bool) {
	faces := [2]*sfnt.Font{r.regular, r.han}
	if bold {
		faces = [2]*sfnt.Font{r.bold, r.hanBold}
	}
	for _, f := range faces {
		i, err := f.GlyphIndex(&r.buf, sign)
		if err != nil || i == 0 {
			continue
		}
		w, err := f.GlyphAdvance(&r.buf, i, fixed.I(size), font.HintingNone)
		return w, err == nil
	}
	return 0, false
}

func (r *ruler) width(text string, size int, bold bool) (fixed.Int26_6, error) {
	var sum fixed.Int26_6
	for _, sign := range text {
		w, ok := r.advance(sign, size, bold)
		if !ok {
			return 0, fmt.Errorf("no font has the sign %q", sign)
		}
		sum += w
	}
	return sum, nil
}

var errWide = errors.New("a word is wider than its place")

// lines counts the lines that a text takes.
func (r *ruler) lines(text string, size, room int, bold bool) (int, error) {
	n, used := 1, fixed.Int26_6(0)
	for _, word := range words(text) {
		bare := strings.TrimRight(word, " ")
		w, err := r.width(bare, size, bold)
		if err != nil {
			return 0, err
		}
		if w > fixed.I(room) {
			return 0, errWide
		}
		if used > 0 && used+w > fixed.I(room) {
			n, used = n+1, 0
		}
		blanks, err := r.width(word[len(bare):], size, bold)
		if err != nil {
			return 0, err
		}
		used += w + blanks
	}
	return n, nil
}

// words are the parts of a text that are not broken: a word with the blanks that
// follow it, or a Chinese sign with the punctuation that clings to it.
func words(text string) []string {
	var out []string
	signs := []rune(text)
	for begin := 0; begin < len(signs); {
		end := begin + 1
		for end < len(signs) && !breaks(signs[end-1], signs[end]) {
			end++
		}
		out = append(out, string(signs[begin:end]))
		begin = end
	}
	return out
}

// breaks says that a line may end between two signs.
func breaks(a, b rune) bool {
	switch {
	case b == ' ':
		return false
	case a == ' ':
		return true
	case strings.ContainsRune("（“", a) || strings.ContainsRune("）”，。：；、！？", b):
		return false
	}
	return unicode.Is(unicode.Han, a) || unicode.Is(unicode.Han, b) || strings.ContainsRune("）”，。：；、", a)
}

// fits says why a text does not fit its place, or nil.
func (r *ruler) fits(text string, p place) error {
	for _, c := range []struct {
		what         string
		size, at, of int
	}{{"normal", p.normal, p.room, p.lines}, {"large", p.large, p.room, p.most}} {
		n, err := r.lines(text, c.size, c.at, p.bold)
		if err != nil {
			return fmt.Errorf("in %s: %w", p.name, err)
		}
		if n > c.of {
			return fmt.Errorf("too long for %s: %d lines of %s text, there is room for %d", p.name, n, c.what, c.of)
		}
	}
	return nil
}

// columns is how wide a text is on the paper.
func columns(text string, l kiosk.Language) int {
	n := 0
	for _, sign := range text {
		if n++; l == kiosk.Chinese && (unicode.Is(unicode.Han, sign) || sign >= 0xFF00) {
			n++
		}
	}
	return n
}

package theme

// Fonts: which face writes which character.

import (
	"sync"

	"fyne.io/fyne/v2"
	"golang.org/x/image/font/sfnt"

	"github.com/tserve/jolly/assets"
)

// Weight of the type. Chinese has 400 and 700 only; 600 falls to 700.
type Weight int

// The weights.
const (
	Regular  Weight = 400
	SemiBold Weight = 600
	Bold     Weight = 700
)

// Face is one font of the program. FaceOther is Fyne's own, with its fallbacks:
// for the rare character that neither family has.
type Face uint8

// The faces.
const (
	Latin400 Face = iota
	Latin600
	Latin700
	Han400
	Han700
	FaceOther
)

// fonts are read once in the process: Fyne keeps a parsed font for every
// resource that it ever saw, by identity.
var fonts = sync.OnceValue(loadFonts)

type fontTable struct {
	resources [FaceOther]fyne.Resource
	latin     coverage
	han       coverage
}

// coverage tells which characters of the first plane a font has.
type coverage [1 << 16 / 64]uint64

func (c *coverage) has(r rune) bool { return r >= 0 && r < 1<<16 && c[r/64]&(1<<(r%64)) != 0 }

func cover(file []byte) (c coverage) {
	font, err := sfnt.Parse(file)
	if err != nil {
		return c
	}
	var buf sfnt.Buffer
	for r := range rune(1 << 16) {
		if i, err := font.GlyphIndex(&buf, r); err == nil && i != 0 {
			c[r/64] |= 1 << (r % 64)
		}
	}
	return c
}

func loadFonts() *fontTable {
	names := [FaceOther]string{
		assets.Titillium400, assets.Titillium600, assets.Titillium700, assets.NotoSC400, assets.NotoSC700,
	}
	t := &fontTable{}
	for i, name := range names {
		t.resources[i] = fyne.NewStaticResource(name, assets.Font(name))
	}
	t.latin, t.han = cover(assets.Font(assets.Titillium400)), cover(assets.Font(assets.NotoSC400))
	return t
}

// Resource is the font of a face; nil for FaceOther, which is Fyne's own.
func (f Face) Resource() fyne.Resource {
	if f >= FaceOther {
		return nil
	}
	return fonts().resources[f]
}

// String names the face for dumps.
func (f Face) String() string {
	return [...]string{"400", "600", "700", "sc400", "sc700", "other"}[f]
}

// FaceOf says which face writes r at a weight; han prefers the Chinese one,
// for signs that both families have.
func FaceOf(r rune, w Weight, han bool) Face {
	latin, chinese := Latin400, Han400
	switch w {
	case SemiBold:
		latin, chinese = Latin600, Han700
	case Bold:
		latin, chinese = Latin700, Han700
	}
	order := [2]Face{latin, chinese}
	if han {
		order = [2]Face{chinese, latin}
	}
	for _, f := range order {
		if covers(f, r) {
			return f
		}
	}
	return FaceOther
}

func covers(f Face, r rune) bool {
	if f >= Han400 {
		return fonts().han.has(r)
	}
	return fonts().latin.has(r)
}

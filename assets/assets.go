// Package assets holds what the program carries with it: fonts, pictograms and
// translations, embedded. It has no logic beyond finding a file by its name.
//
// The fonts are Titillium Web (400, 600, 700; latin and latin-ext merged) and
// Noto Sans SC (400, 700; 7,946 characters), both under the SIL Open Font
// Licence, both with TrueType outlines because gofpdf takes no others. The same
// bytes serve the screen and the paper.
package assets

// Embedded files.

import (
	"embed"
	"fmt"
)

// FS is the whole tree: fonts/, pictograms/, translations/.
//
//go:embed fonts/*.ttf pictograms/*.svg translations/*.toml
var FS embed.FS

// Fonts by their names under fonts/.
const (
	Titillium400 = "TitilliumWeb-400.ttf"
	Titillium600 = "TitilliumWeb-600.ttf"
	Titillium700 = "TitilliumWeb-700.ttf"
	NotoSC400    = "NotoSansSC-400.ttf"
	NotoSC700    = "NotoSansSC-700.ttf"
)

// Font returns the bytes of one font. A name that is not there is a mistake of
// the program, found by any test that draws.
func Font(name string) []byte { return mustRead("fonts/" + name) }

// Pictogram returns one SVG of the family, without ".svg" in its name, and
// whether it is there.
func Pictogram(name string) ([]byte, bool) {
	b, err := FS.ReadFile("pictograms/" + name + ".svg")
	return b, err == nil
}

func mustRead(path string) []byte {
	b, err := FS.ReadFile(path)
	if err != nil {
		panic(fmt.Sprintf("assets: %v", err))
	}
	return b
}

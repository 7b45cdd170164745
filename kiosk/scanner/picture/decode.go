package picture

// The front door: a picture in, all of its codes out.

import (
	"cmp"
	"image"
	"slices"

	"github.com/tserve/jolly/kiosk"
)

// Symbology names a kind of code.
type Symbology string

// The kinds that are found.
const (
	QR         Symbology = "qr"
	DataMatrix Symbology = "datamatrix"
	Code128    Symbology = "code128"
)

// Found is one code on a picture.
type Found struct {
	Symbology Symbology
	Code      kiosk.ScannedCode
	At        image.Rectangle // where it stands, in pixels
}

// Decode finds the codes of a picture, from top to bottom.
func Decode(img image.Image) []Found {
	g := toGray(img)
	if g.w < smallest || g.h < smallest {
		return nil
	}
	found := findAll(g, nil, func(v *gray, quick bool) []Found { return findQR(v, quick) })
	found = findAll(g.without(found), found, func(v *gray, _ bool) []Found { return findDataMatrix(v) })
	found = append(found, findCode128(g.without(found))...)
	slices.SortStableFunc(found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.At.Min.Y, b.At.Min.Y), cmp.Compare(a.At.Min.X, b.At.Min.X))
	})
	return found
}

// findAll looks at a picture and at its halves.
func findAll(g *gray, found []Found, find func(v *gray, quick bool) []Found) []Found {
	for v, scale := g, 1; min(v.w, v.h) >= smallest && (scale == 1 || max(v.w, v.h) >= leastHalf); v, scale = v.halved(), 2*scale {
		for _, f := range find(v, scale > 1) {
			f.At = image.Rectangle{f.At.Min.Mul(scale), f.At.Max.Mul(scale)}
			found = add(found, f)
		}
	}
	return found
}

// without is the picture with paper over what was read: inside one code another
// may seem to stand.
func (g *gray) without(found []Found) *gray {
	out := &gray{g.w, g.h, slices.Clone(g.pix)}
	for _, f := range found {
		margin := 4
		if f.Symbology == QR { // its place is given from the middle of a corner to that of another
			margin += max(f.At.Dx(), f.At.Dy()) / 4
		}
		out.paint(f.At.Inset(-margin))
	}
	return out
}

// leastHalf is the longer side of a picture below which it is not halved again:
// codes that fill a photograph are found on a smaller one.
const leastHalf = 400

// smallest is the side in pixels below which a picture holds nothing.
const smallest = 20

// add appends a code that does not stand there yet.
func add(found []Found, f Found) []Found {
	for _, o := range found {
		if o.Symbology == f.Symbology && o.Code == f.Code && o.At.Inset(-8).Overlaps(f.At.Inset(-8)) {
			return found
		}
	}
	return append(found, f)
}

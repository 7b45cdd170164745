package ui

// Pictograms: the family's files, rasterised in the colours of the moment.

import (
	"bytes"
	"image"
	_ "image/jpeg" // arms of a body may come as photographs do
	_ "image/png"
	"os"
	"strings"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"

	"github.com/tserve/jolly/assets"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

// iconKey is what a rasterised pictogram depends on.
type iconKey struct {
	name                 string
	tint                 Tint
	one, line, soft, pap theme.Color
	stroke               float32
	w, h                 int
}

// iconCache keeps every pictogram that was ever drawn, in its size and colours:
// some hundred small pictures. We rasterise them ourselves because Fyne draws
// strokes in pixels, whatever the size of the picture.
type iconCache struct {
	known map[iconKey]image.Image
}

func newIconCache() *iconCache { return &iconCache{known: map[iconKey]image.Image{}} }

// get is the picture of an icon. A pictogram that is not there is drawn as
// nothing: its word stands beside it always.
func (c *iconCache) get(e Element) image.Image {
	key := iconKey{e.Icon, e.Tint, e.Color, e.Edge, e.Fill, e.Ground, e.Stroke, int(e.W), int(e.H)}
	if im, ok := c.known[key]; ok {
		return im
	}
	im := render(e)
	c.known[key] = im
	return im
}

func render(e Element) image.Image {
	empty := image.NewNRGBA(image.Rect(0, 0, max(1, int(e.W)), max(1, int(e.H))))
	svg, ok := assets.Pictogram(e.Icon)
	if !ok {
		file, err := os.ReadFile(e.Icon)
		if err != nil {
			return empty
		}
		if !strings.HasSuffix(e.Icon, ".svg") {
			if im, _, err := image.Decode(bytes.NewReader(file)); err == nil {
				return im
			}
			return empty
		}
		svg = file
	}
	icon, err := oksvg.ReadIconStream(bytes.NewReader(coloured(svg, e)), oksvg.IgnoreErrorMode)
	if err != nil {
		return empty
	}
	return rasterise(icon, e)
}

// rasterise fits the drawing into the element, with strokes that grow with it.
func rasterise(icon *oksvg.SvgIcon, e Element) image.Image {
	w, h := max(1, int(e.W)), max(1, int(e.H))
	k := min(float64(w)/icon.ViewBox.W, float64(h)/icon.ViewBox.H)
	icon.SetTarget((float64(w)-icon.ViewBox.W*k)/2, (float64(h)-icon.ViewBox.H*k)/2, icon.ViewBox.W*k, icon.ViewBox.H*k)
	for i := range icon.SVGPaths {
		p := &icon.SVGPaths[i]
		if e.Stroke > 0 {
			p.LineWidth = float64(e.Stroke)
		}
		p.LineWidth *= k
		for j := range p.Dash {
			p.Dash[j] *= k
		}
	}
	im := image.NewRGBA(image.Rect(0, 0, w, h))
	icon.Draw(rasterx.NewDasher(w, h, rasterx.NewScannerGV(w, h, im, im.Bounds())), 1)
	return im
}

// coloured gives the file the colours of its element: one for a pictogram, for
// a picture those of the palette: accent, grey line, soft ground, paper.
func coloured(svg []byte, e Element) []byte {
	var pairs []string
	switch e.Tint {
	case TintOne:
		pairs = []string{"#17324D", hex(e.Color)}
	case TintPicture:
		pairs = []string{"#0066CC", hex(e.Color), "#455B71", hex(e.Edge), "#F2F6FA", hex(e.Fill), "#FFFFFF", hex(e.Ground)}
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(svg)))
}

func hex(c theme.Color) string {
	const digits = "0123456789ABCDEF"
	b := []byte{'#'}
	for _, v := range [3]uint8{c.R, c.G, c.B} {
		b = append(b, digits[v>>4], digits[v&15])
	}
	return string(b)
}

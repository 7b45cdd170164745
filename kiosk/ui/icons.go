package ui

// Pictograms: the family's files in the colours of the moment.

import (
	"bytes"
	"fmt"
	"os"

	"fyne.io/fyne/v2"

	"github.com/tserve/jolly/assets"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

// iconCache keeps one resource for each pictogram and colour: Fyne caches what
// it drew by the resource's name.
type iconCache struct {
	known map[string]fyne.Resource
}

func newIconCache() *iconCache { return &iconCache{known: map[string]fyne.Resource{}} }

// get is the resource of an icon. A pictogram that is not there is drawn as
// nothing: its word stands beside it always.
func (c *iconCache) get(e Element) fyne.Resource {
	key := fmt.Sprintf("%s-%d-%s-%s-%g.svg", e.Icon, e.Tint, hex(e.Color), hex(e.Ground), e.Stroke)
	if r, ok := c.known[key]; ok {
		return r
	}
	r := c.load(e, key)
	c.known[key] = r
	return r
}

func (c *iconCache) load(e Element, key string) fyne.Resource {
	svg, ok := assets.Pictogram(e.Icon)
	if !ok {
		if b, err := os.ReadFile(e.Icon); err == nil {
			return fyne.NewStaticResource(e.Icon, b)
		}
		return fyne.NewStaticResource(key, []byte(emptySVG))
	}
	switch e.Tint {
	case TintOne:
		svg = bytes.ReplaceAll(svg, []byte("#17324D"), []byte(hex(e.Color)))
	case TintPicture:
		svg = bytes.ReplaceAll(svg, []byte("#17324D"), []byte(hex(e.Color)))
		svg = recolour(svg, e)
	}
	if e.Stroke > 0 {
		for _, w := range []string{"4.5", "6"} {
			svg = bytes.Replace(svg, []byte(`stroke-width="`+w+`"`), fmt.Appendf(nil, `stroke-width="%g"`, e.Stroke), 1)
		}
	}
	return fyne.NewStaticResource(key, svg)
}

// recolour gives a picture the colours of the palette that its element names:
// fill is its soft ground, edge its grey line, ground its paper.
func recolour(svg []byte, e Element) []byte {
	for _, p := range []struct {
		from string
		to   theme.Color
	}{{"#0066CC", e.Color}, {"#455B71", e.Edge}, {"#F2F6FA", e.Fill}, {"#FFFFFF", e.Ground}} {
		svg = bytes.ReplaceAll(svg, []byte(p.from), []byte(hex(p.to)))
	}
	return svg
}

const emptySVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 52 52"></svg>`

func hex(c theme.Color) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

package ui

// Measuring through Fyne's driver, with a cache.

import (
	"fyne.io/fyne/v2"

	"github.com/tserve/jolly/kiosk/ui/theme"
)

// measured is the most texts that the cache holds: a whole day's pages, and
// still small.
const measured = 8192

type measureKey struct {
	text string
	face theme.Face
	size float32
}

// driverMeasurer asks the running driver. It belongs to the Fyne goroutine.
type driverMeasurer struct {
	cache map[measureKey]float32
}

func newMeasurer() *driverMeasurer { return &driverMeasurer{cache: map[measureKey]float32{}} }

// Width implements [Measurer].
func (d *driverMeasurer) Width(text string, face theme.Face, size float32) float32 {
	if text == "" {
		return 0
	}
	key := measureKey{text, face, size}
	if w, ok := d.cache[key]; ok {
		return w
	}
	s, _ := fyne.CurrentApp().Driver().RenderedTextSize(text, size, fyne.TextStyle{}, face.Resource())
	if len(d.cache) >= measured {
		clear(d.cache)
	}
	d.cache[key] = s.Width
	return s.Width
}

// ascent is how far above the baseline Fyne places the top of a text.
func ascent(face theme.Face, size float32) float32 {
	_, base := fyne.CurrentApp().Driver().RenderedTextSize("H", size, fyne.TextStyle{}, face.Resource())
	return base
}

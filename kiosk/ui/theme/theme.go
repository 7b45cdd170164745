package theme

// The theme that Fyne itself asks for: ground, ink and the fonts.

import (
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// New returns the theme of the program. It ignores the variant of the desktop:
// a kiosk has none.
func New() fyne.Theme { return jolly{fynetheme.DefaultTheme()} }

type jolly struct{ fyne.Theme }

func (j jolly) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	p := Normal()
	switch name {
	case fynetheme.ColorNameBackground:
		return p.Ground
	case fynetheme.ColorNameForeground:
		return p.Ink
	case fynetheme.ColorNamePrimary:
		return p.Accent
	}
	return j.Theme.Color(name, fynetheme.VariantLight)
}

func (j jolly) Font(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Monospace, style.Symbol:
		return j.Theme.Font(style)
	case style.Bold:
		return Latin700.Resource()
	}
	return Latin400.Resource()
}

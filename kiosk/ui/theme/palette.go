package theme

// Colours by their meaning, and the rule that they can be read.

import (
	"image/color"
	"math"

	"github.com/tserve/jolly/kiosk/page"
)

// Color is an opaque or translucent colour; comparable, so that drawn elements
// can be compared.
type Color = color.NRGBA

// Hex makes a colour of 0xRRGGBB.
func Hex(rgb uint32) Color {
	return Color{R: uint8(rgb >> 16), G: uint8(rgb >> 8), B: uint8(rgb), A: 0xFF}
}

// Paint is a fill with what is written on it and the edge around it.
type Paint struct{ Fill, Text, Edge Color }

// Pressed swaps fill and text; the 8 px inner edge has the colour of the text.
func (p Paint) Pressed() Paint { return Paint{Fill: p.Text, Text: p.Fill, Edge: p.Fill} }

// Palette is one set of colours.
type Palette struct {
	Ground, Ink, Muted, Band    Color
	Line                        Color // edges of what cannot be touched
	Soft                        Color // help bar, keys
	Ring, RingGap               Color // focus
	Veil                        Color
	StepDone, StepEdge          Color
	Accent                      Color // pictures and arrows, which cannot be touched
	Icon                        Color // pictograms in what can be touched
	Primary, Pay, Outline, Back Paint
	Key, Item, Off, Help        Paint
	OffIcon                     Color
	Tones                       map[page.Tone]Paint
}

// Normal is the palette of the Italian public administration.
func Normal() *Palette {
	white, ink, muted := Hex(0xFFFFFF), Hex(0x17324D), Hex(0x455B71)
	blue, green, edge := Hex(0x0066CC), Hex(0x008055), Hex(0x6B7F93)
	return &Palette{
		Ground: white, Ink: ink, Muted: muted, Band: ink,
		Line: Hex(0xD9DADB), Soft: Hex(0xF2F6FA), Ring: ink, RingGap: white,
		Veil:     Color{R: 10, G: 25, B: 45, A: 184},
		StepDone: blue, StepEdge: edge, Accent: blue, Icon: blue,
		Primary: Paint{blue, white, blue},
		Pay:     Paint{green, white, green},
		Outline: Paint{white, blue, blue},
		Back:    Paint{white, ink, muted},
		Key:     Paint{Hex(0xF2F6FA), ink, edge},
		Item:    Paint{white, ink, edge},
		Off:     Paint{Hex(0xE3E8EE), muted, Hex(0xE3E8EE)},
		Help:    Paint{Hex(0xF2F6FA), ink, Hex(0xF2F6FA)},
		OffIcon: edge,
		Tones: map[page.Tone]Paint{
			page.ToneInfo: {Hex(0xE6F0FA), ink, blue},
			page.ToneWarn: {Hex(0xFFF4E0), ink, Hex(0x995C00)},
			page.ToneDone: {Hex(0xE5F3EE), ink, green},
			page.ToneBad:  {Hex(0xFBEAED), ink, Hex(0xB3253F)},
		},
	}
}

// Contrast is the high contrast palette: black, white, and yellow for what can
// be touched.
func Contrast() *Palette {
	black, white, yellow := Hex(0x000000), Hex(0xFFFFFF), Hex(0xFFD500)
	note := Paint{black, white, white}
	return &Palette{
		Ground: black, Ink: white, Muted: white, Band: white,
		Line: white, Soft: black, Ring: white, RingGap: black,
		Veil:     Color{A: 200},
		StepDone: white, StepEdge: white, Accent: white, Icon: yellow,
		Primary: Paint{yellow, black, yellow},
		Pay:     Paint{yellow, black, yellow},
		Outline: Paint{black, yellow, yellow},
		Back:    Paint{black, yellow, yellow},
		Key:     Paint{black, yellow, yellow},
		Item:    Paint{black, yellow, yellow},
		Off:     Paint{black, white, white},
		Help:    Paint{black, yellow, black},
		OffIcon: white,
		Tones: map[page.Tone]Paint{
			page.ToneInfo: note, page.ToneWarn: note, page.ToneDone: note, page.ToneBad: note,
		},
	}
}

// Ratio is the WCAG contrast ratio of two opaque colours, 1 to 21.
func Ratio(a, b Color) float64 {
	la, lb := luminance(a), luminance(b)
	if la < lb {
		la, lb = lb, la
	}
	return (la + 0.05) / (lb + 0.05)
}

func luminance(c Color) float64 {
	channel := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(c.R) + 0.7152*channel(c.G) + 0.0722*channel(c.B)
}

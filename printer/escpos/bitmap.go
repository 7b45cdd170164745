package escpos

// The dots: one bit each, as the head burns them.

import (
	"image"
	"image/color"
)

// Bitmap is a picture of black dots on white paper, rows of whole bytes, the
// leftmost dot in the highest bit.
type Bitmap struct {
	Width, Height int
	Bits          []byte
}

// NewBitmap makes a white bitmap.
func NewBitmap(width, height int) *Bitmap {
	b := &Bitmap{Width: width, Height: height}
	b.Bits = make([]byte, b.Stride()*height)
	return b
}

// Stride is the number of bytes in a row.
func (b *Bitmap) Stride() int { return (b.Width + 7) / 8 }

// Row returns the bytes of one row.
func (b *Bitmap) Row(y int) []byte { return b.Bits[y*b.Stride() : (y+1)*b.Stride()] }

// Black says whether a dot is burnt.
func (b *Bitmap) Black(x, y int) bool { return b.Row(y)[x/8]&(0x80>>(x%8)) != 0 }

// Set burns a dot.
func (b *Bitmap) Set(x, y int) { b.Row(y)[x/8] |= 0x80 >> (x % 8) }

// blank says that a row has no dot.
func (b *Bitmap) blank(y int) bool {
	for _, v := range b.Row(y) {
		if v != 0 {
			return false
		}
	}
	return true
}

// Image is the bitmap as a picture, for people and tests.
func (b *Bitmap) Image() *image.Paletted {
	img := image.NewPaletted(image.Rect(0, 0, b.Width, b.Height), color.Palette{color.White, color.Black})
	for y := range b.Height {
		for x := range b.Width {
			if b.Black(x, y) {
				img.Pix[y*img.Stride+x] = 1
			}
		}
	}
	return img
}

// sanitise burns single dots until no two bytes that follow one another could
// begin a real-time command (10 04, 10 05, 10 14: executed even in the middle of
// a picture) and says how many it burnt. The added dot always touches one that is
// there; codes and lines of two dots and more never hold such a byte.
func (b *Bitmap) sanitise() (burnt int) {
	for i := 1; i < len(b.Bits); i++ {
		if b.Bits[i-1] != dle {
			continue
		}
		switch b.Bits[i] {
		case eot:
			b.Bits[i] = 0x06
		case enq:
			b.Bits[i] = 0x07
		case dc4:
			b.Bits[i] = 0x1c
		default:
			continue
		}
		burnt++
	}
	return burnt
}

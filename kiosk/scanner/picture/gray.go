package picture

// The picture as numbers: grey, softened, scaled, thresholded.

import (
	"image"
	"image/color"
)

// gray is a picture of one byte per pixel, 0 black.
type gray struct {
	w, h int
	pix  []uint8
}

func newGray(w, h int) *gray { return &gray{w, h, make([]uint8, w*h)} }

// toGray takes the luminance of a picture; what is transparent is paper.
func toGray(img image.Image) *gray {
	b := img.Bounds()
	g := newGray(b.Dx(), b.Dy())
	if src, ok := img.(*image.Gray); ok {
		for y := range g.h {
			copy(g.pix[y*g.w:(y+1)*g.w], src.Pix[y*src.Stride:])
		}
		return g
	}
	for y := range g.h {
		for x := range g.w {
			r, gr, bl, a := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			white := 0xffff - a
			g.pix[y*g.w+x] = color.GrayModel.Convert(color.RGBA64{R: uint16(r + white), G: uint16(gr + white), B: uint16(bl + white), A: 0xffff}).(color.Gray).Y
		}
	}
	return g
}

// image gives the picture to a library without copying it.
func (g *gray) image() *image.Gray {
	return &image.Gray{Pix: g.pix, Stride: g.w, Rect: image.Rect(0, 0, g.w, g.h)}
}

// blurred is the mean over squares of 2r+1 pixels.
func (g *gray) blurred(r int) *gray {
	if r == 0 {
		return g
	}
	across, out := newGray(g.w, g.h), newGray(g.w, g.h)
	for y := range g.h {
		row := g.pix[y*g.w : (y+1)*g.w]
		slide(g.w, r, func(i int) int { return int(row[i]) }, func(i, mean int) { across.pix[y*g.w+i] = uint8(mean) })
	}
	for x := range g.w {
		slide(g.h, r, func(i int) int { return int(across.pix[i*g.w+x]) }, func(i, mean int) { out.pix[i*g.w+x] = uint8(mean) })
	}
	return out
}

// slide moves a window of 2r+1 over n values; at the ends it is shorter.
func slide(n, r int, at func(int) int, put func(i, mean int)) {
	sum, count := 0, 0
	for i := range min(r, n) {
		sum += at(i)
		count++
	}
	for i := range n {
		if j := i + r; j < n {
			sum += at(j)
			count++
		}
		if j := i - r - 1; j >= 0 {
			sum -= at(j)
			count--
		}
		put(i, (sum+count/2)/count)
	}
}

// halved is the picture at half its size.
func (g *gray) halved() *gray {
	out := newGray(g.w/2, g.h/2)
	for y := range out.h {
		for x := range out.w {
			at := 2*y*g.w + 2*x
			out.pix[y*out.w+x] = uint8((int(g.pix[at]) + int(g.pix[at+1]) + int(g.pix[at+g.w]) + int(g.pix[at+g.w+1]) + 2) / 4)
		}
	}
	return out
}

// enlarged is the picture at twice its size.
func (g *gray) enlarged() *gray {
	out := newGray(2*g.w, 2*g.h)
	for y := range out.h {
		for x := range out.w {
			out.pix[y*out.w+x] = uint8(g.at((float64(x)-0.5)/2, (float64(y)-0.5)/2))
		}
	}
	return out
}

// at is the grey between pixels; outside lies white paper.
func (g *gray) at(x, y float64) float64 {
	if x <= -1 || y <= -1 || x >= float64(g.w) || y >= float64(g.h) {
		return 255
	}
	x0, y0 := int(x+1)-1, int(y+1)-1
	fx, fy := x-float64(x0), y-float64(y0)
	top := g.pixel(x0, y0)*(1-fx) + g.pixel(x0+1, y0)*fx
	low := g.pixel(x0, y0+1)*(1-fx) + g.pixel(x0+1, y0+1)*fx
	return top*(1-fy) + low*fy
}

func (g *gray) pixel(x, y int) float64 {
	if x < 0 || y < 0 || x >= g.w || y >= g.h {
		return 255
	}
	return float64(g.pix[y*g.w+x])
}

package pwg

// The document: a sync word, and for each page a header and packed rows.

import (
	"encoding/binary"
	"fmt"
)

// Kind is one of the printer's words for its dots (pwg-raster-document-type-supported).
type Kind string

// The kinds that we write, the smallest first.
const (
	Black Kind = "black_1"
	Grey  Kind = "sgray_8"
	RGB   Kind = "srgb_8"
)

// Kinds are those, in the order in which they are wanted.
func Kinds() []Kind { return []Kind{Black, Grey, RGB} }

// layout is how the dots of a kind lie in a row.
type layout struct {
	bits   int    // of one dot
	colour uint32 // ColorSpace
	parts  uint32 // NumColors
}

// The colour spaces are black, sGray and sRGB (PWG 5102.4, table 8).
var layouts = map[Kind]layout{Black: {1, 3, 1}, Grey: {8, 18, 1}, RGB: {24, 19, 3}}

// Page is one page of dots: rows of whole bytes, the leftmost dot in the highest
// bit, one is black.
type Page struct {
	Width, Height int
	Bits          []byte
}

func (p Page) stride() int { return (p.Width + 7) / 8 }

// sync begins every document.
const sync = "RaS2"

// Encode makes the document of pages at dpi dots to the inch.
func Encode(pages []Page, dpi int, kind Kind) ([]byte, error) {
	l, ok := layouts[kind]
	if !ok {
		return nil, fmt.Errorf("pwg raster: kind %q: want one of %v", kind, Kinds())
	}
	if len(pages) == 0 || dpi < 1 {
		return nil, fmt.Errorf("pwg raster: %d pages at %d dpi", len(pages), dpi)
	}
	out := []byte(sync)
	for i, p := range pages {
		if p.Width < 1 || p.Height < 1 || len(p.Bits) != p.stride()*p.Height {
			return nil, fmt.Errorf("pwg raster: page %d: %d bytes for %d x %d dots", i+1, len(p.Bits), p.Width, p.Height)
		}
		out = append(out, header(p, len(pages), dpi, l)...)
		out = appendRows(out, p, l)
	}
	return out, nil
}

// headerSize and the places in it that are not zero (PWG 5102.4, table 1).
const (
	headerSize     = 1796
	atResolution   = 276
	atCopies       = 340
	atPageSize     = 352
	atWidth        = 372
	atHeight       = 376
	atBitsColour   = 384
	atBitsPixel    = 388
	atBytesLine    = 392
	atColourSpace  = 400
	atColours      = 420
	atPages        = 452
	atCrossFeed    = 456
	atFeed         = 460
	atBoxRight     = 472
	atBoxBottom    = 476
	atPrintQuality = 484
)

// normalQuality is the job attribute's value for "normal".
const normalQuality = 4

func header(p Page, pages, dpi int, l layout) []byte {
	h := make([]byte, headerSize)
	put := func(at int, values ...int) {
		for i, v := range values {
			binary.BigEndian.PutUint32(h[at+4*i:], uint32(v))
		}
	}
	copy(h, "PwgRaster")
	points := func(dots int) int { return (dots*72 + dpi/2) / dpi }
	put(atResolution, dpi, dpi)
	put(atCopies, 1)
	put(atPageSize, points(p.Width), points(p.Height))
	put(atWidth, p.Width)
	put(atHeight, p.Height)
	put(atBitsColour, l.bits/int(l.parts))
	put(atBitsPixel, l.bits)
	put(atBytesLine, (p.Width*l.bits+7)/8)
	put(atColourSpace, int(l.colour))
	put(atColours, int(l.parts))
	put(atPages, pages)
	put(atCrossFeed, 1)
	put(atFeed, 1)
	put(atBoxRight, p.Width)
	put(atBoxBottom, p.Height)
	put(atPrintQuality, normalQuality)
	return h
}

// How often one row, or one unit of it, can be said at once.
const (
	maxRows = 256
	maxRun  = 128
)

// appendRows packs the rows: each once with the number of its repetitions.
func appendRows(to []byte, p Page, l layout) []byte {
	row := func(y int) []byte { return p.Bits[y*p.stride() : (y+1)*p.stride()] }
	for y := 0; y < p.Height; {
		n := 1
		for n < maxRows && y+n < p.Height && string(row(y+n)) == string(row(y)) {
			n++
		}
		to = append(to, byte(n-1))
		to = appendRow(to, spread(row(y), p.Width, l), max(l.bits/8, 1))
		y += n
	}
	return to
}

// spread gives each dot its bits. Black is all ones in one colour space and all
// zeros in the others.
func spread(row []byte, width int, l layout) []byte {
	if l.bits == 1 {
		return row
	}
	n := l.bits / 8
	out := make([]byte, width*n)
	for x := range width {
		if row[x/8]&(0x80>>(x%8)) != 0 {
			continue
		}
		for i := range n {
			out[x*n+i] = 0xff
		}
	}
	return out
}

// appendRow packs one row of units of size bytes: a count of 0 to 127 says the next
// unit once more than that; 129 to 255 says that 257 less than it follow as they are.
func appendRow(to, row []byte, size int) []byte {
	unit := func(i int) string { return string(row[i*size : (i+1)*size]) }
	count := len(row) / size
	same := func(i int) int {
		n := 1
		for n < maxRun && i+n < count && unit(i+n) == unit(i) {
			n++
		}
		return n
	}
	for i := 0; i < count; {
		if n := same(i); n > 1 || i == count-1 {
			to = append(append(to, byte(n-1)), unit(i)...)
			i += n
			continue
		}
		n := 1
		for n < maxRun && i+n < count && same(i+n) == 1 {
			n++
		}
		if n == 1 {
			to = append(append(to, 0), unit(i)...)
		} else {
			to = append(append(to, byte(257-n)), row[i*size:(i+n)*size]...)
		}
		i += n
	}
	return to
}

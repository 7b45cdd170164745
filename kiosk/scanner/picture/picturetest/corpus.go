// Package picturetest makes the pictures that decoders are measured on: every
// combination of eight rotations, three blurs and three noises, of one QR code
// and one Data Matrix as they stand on paper notices scanned at 200 dpi. The
// pictures are the same at every run, to the byte.
package picturetest

// The corpus: what a scanner on a desk makes of a symbol.

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/skip2/go-qrcode"
)

// The texts of the two symbols, as papers have them.
const QRText = "PAGOPA|002|302000000000004232|84006890481|8640"

// DataMatrixText is a postal slip of 256 characters.
var DataMatrixText = "codfase=NBPA;183020000000000042321200000012345610000000864038961P184006890481" +
	pad("RSSMRA68A01H501Y", 16) + pad("MARIO ROSSI", 40) + pad("TARI 2026 PRIMA RATA", 110) + pad("", 12) + "A"

func pad(s string, n int) string { return s + strings.Repeat(" ", n-len(s)) }

// The sizes on paper in pixels at 200 dpi: 25 mm, and what pagoPA's generator prints.
const (
	qrSide         = 197
	dataMatrixSide = 180
	// levels are the greys that are kept: sixteen make the files a quarter as large.
	levels = 16
	side   = 300 // of a picture: the symbol at 45 degrees, with paper around it
)

// Picture is one of the corpus.
type Picture struct {
	Name   string // "qr-r030-b1-n15"
	Text   string
	Rotate int // degrees
	Blur   int // pixels
	Noise  int // standard deviation
	Image  *image.Paletted
}

// PNG is the file of a picture.
func (p Picture) PNG() ([]byte, error) {
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, p.Image); err != nil {
		return nil, fmt.Errorf("encode %s: %w", p.Name, err)
	}
	return b.Bytes(), nil
}

// Corpus makes 72 pictures of a QR code and 72 of a Data Matrix.
func Corpus() ([]Picture, error) {
	qr, err := QR()
	if err != nil {
		return nil, err
	}
	dm, err := DataMatrix()
	if err != nil {
		return nil, err
	}
	var out []Picture
	for _, s := range []struct {
		name, text string
		modules    [][]bool
		side       float64
	}{{"qr", QRText, qr, qrSide}, {"dm", DataMatrixText, dm, dataMatrixSide}} {
		for _, rotate := range []int{0, 3, 7, 15, 30, 45, 90, 180} {
			for blur := range 3 {
				for _, noise := range []int{0, 15, 30} {
					p := Picture{Name: fmt.Sprintf("%s-r%03d-b%d-n%02d", s.name, rotate, blur, noise), Text: s.text, Rotate: rotate, Blur: blur, Noise: noise}
					p.Image = p.scan(s.modules, s.side)
					out = append(out, p)
				}
			}
		}
	}
	return out, nil
}

// QR are the modules of the QR code, without a margin.
func QR() ([][]bool, error) {
	q, err := qrcode.NewWithForcedVersion(QRText, 4, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("make QR: %w", err)
	}
	q.DisableBorder = true
	return q.Bitmap(), nil
}

// modulesAcross is the size that papers have: 3.4 pixels a module.
const modulesAcross = 52

// DataMatrix are the modules of the Data Matrix, without a margin.
func DataMatrix() ([][]bool, error) {
	least, err := gozxing.NewDimension(modulesAcross, modulesAcross)
	if err != nil {
		return nil, fmt.Errorf("make Data Matrix: %w", err)
	}
	m, err := datamatrix.NewDataMatrixWriter().Encode(DataMatrixText, gozxing.BarcodeFormat_DATA_MATRIX, 0, 0,
		map[gozxing.EncodeHintType]interface{}{gozxing.EncodeHintType_MIN_SIZE: least})
	if err != nil {
		return nil, fmt.Errorf("make Data Matrix: %w", err)
	}
	out := make([][]bool, m.GetHeight())
	for y := range out {
		out[y] = make([]bool, m.GetWidth())
		for x := range out[y] {
			out[y][x] = m.Get(x, y)
		}
	}
	return out, nil
}

// scan turns, blurs, fades and disturbs the symbol, in this order.
func (p Picture) scan(modules [][]bool, size float64) *image.Paletted {
	clean := turned(modules, size, float64(p.Rotate)*math.Pi/180)
	soft := boxed(clean, p.Blur)
	var palette color.Palette
	for i := range levels {
		palette = append(palette, color.Gray{Y: uint8(i * 255 / (levels - 1))})
	}
	out := image.NewPaletted(image.Rect(0, 0, side, side), palette)
	rng := rand.New(rand.NewPCG(uint64(p.Rotate), uint64(p.Blur*100+p.Noise)))
	for i, v := range soft {
		v = 127.5 + (v-127.5)*0.65 + rng.NormFloat64()*float64(p.Noise)
		out.Pix[i] = uint8(math.Round(min(max(v, 0), 255) / 255 * (levels - 1)))
	}
	return out
}

// turned draws modules, turned by an angle, in the middle of a white square;
// each pixel is the mean of 16 points.
func turned(modules [][]bool, size, angle float64) []float64 {
	const sub = 4
	sin, cos := math.Sincos(angle)
	n := float64(len(modules))
	out := make([]float64, side*side)
	for i := range out {
		dark := 0
		for s := range sub * sub {
			x := float64(i%side) + (float64(s%sub)+0.5)/sub - side/2
			y := float64(i/side) + (float64(s/sub)+0.5)/sub - side/2
			mx, my := ((x*cos+y*sin)/size+0.5)*n, ((y*cos-x*sin)/size+0.5)*n
			if mx >= 0 && my >= 0 && mx < n && my < n && modules[int(my)][int(mx)] {
				dark++
			}
		}
		out[i] = 255 * (1 - float64(dark)/(sub*sub))
	}
	return out
}

// boxed is the mean over squares of 2r+1 pixels.
func boxed(pix []float64, r int) []float64 {
	out := make([]float64, len(pix))
	for i := range pix {
		sum, count := 0.0, 0.0
		for dy := -r; dy <= r; dy++ {
			for dx := -r; dx <= r; dx++ {
				if x, y := i%side+dx, i/side+dy; x >= 0 && y >= 0 && x < side && y < side {
					sum += pix[y*side+x]
					count++
				}
			}
		}
		out[i] = sum / count
	}
	return out
}

// Page is an A4 page at 200 dpi as a scanner gives it, with lines that look
// like print and both symbols at their sizes.
func Page() (*image.Gray, error) {
	qr, err := QR()
	if err != nil {
		return nil, err
	}
	dm, err := DataMatrix()
	if err != nil {
		return nil, err
	}
	page := image.NewGray(image.Rect(0, 0, 1654, 2339))
	draw.Draw(page, page.Bounds(), image.White, image.Point{}, draw.Src)
	rng := rand.New(rand.NewPCG(1, 2))
	for y := 120; y < 2200; y += 34 {
		for x := 120; x < 1500; x += 6 + rng.IntN(14) {
			letter := image.Rect(x, y+rng.IntN(8), x+2+rng.IntN(5), y+20)
			draw.Draw(page, letter, image.Black, image.Point{}, draw.Src)
		}
	}
	place(page, qr, qrSide, image.Pt(160, 1300))
	place(page, dm, dataMatrixSide, image.Pt(1250, 1900))
	return page, nil
}

// place draws a symbol with its quiet zone over what is there.
func place(page *image.Gray, modules [][]bool, size float64, at image.Point) {
	pix := turned(modules, size, 0)
	margin := (side - int(size)) / 2
	const quiet = 16
	for y := margin - quiet; y < side-margin+quiet; y++ {
		for x := margin - quiet; x < side-margin+quiet; x++ {
			page.SetGray(at.X+x-margin, at.Y+y-margin, color.Gray{Y: uint8(pix[y*side+x])})
		}
	}
}

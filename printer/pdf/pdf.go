package pdf

// The writing: a layout -> one page of PDF, the same bytes every time.

import (
	"bytes"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/jung-kurt/gofpdf"

	"github.com/tserve/jolly/printer/receipt"
)

// Width is a paper's width in millimetres.
type Width int

// The papers: two rolls, and a sheet for office printers.
const (
	Roll80 Width = 80
	Roll58 Width = 58
	A4     Width = 210
)

// Head is the number of dots of the head that prints on a roll, in its middle; of
// a sheet it is the whole width.
func (w Width) Head() int {
	switch w {
	case Roll58:
		return 384
	case A4:
		return 1678
	}
	return 576
}

// points is the width of the page.
func (w Width) points() float64 { return float64(w) / 25.4 * 72 }

// Left is where the head begins, in dots from the page's left edge. It is no
// whole number: 80 mm are 639.37 dots.
func (w Width) Left() float64 { return (w.points()/72*dpi - float64(w.Head())) / 2 }

// Renderer draws papers. It holds the parsed fonts.
type Renderer struct{ faces *faces }

// NewRenderer parses the embedded fonts.
func NewRenderer() (*Renderer, error) {
	f, err := loadFaces()
	if err != nil {
		return nil, err
	}
	return &Renderer{faces: f}, nil
}

var shared = sync.OnceValues(NewRenderer)

// Render draws lines with a Renderer made at the first use.
func Render(lines []receipt.Line, w Width) ([]byte, error) {
	r, err := shared()
	if err != nil {
		return nil, err
	}
	return r.Render(lines, w)
}

// Page is a drawn paper with the size of its pages, in hundredths of a millimetre.
type Page struct {
	PDF           []byte
	Width, Height int
	Count         int // of pages; one on a roll
}

// Render draws lines: see [Renderer.Page].
func (r *Renderer) Render(lines []receipt.Line, w Width) ([]byte, error) {
	p, err := r.Page(lines, w)
	return p.PDF, err
}

// Page draws lines: on a roll one page exactly as tall as they are, else as many
// sheets as it takes.
func (r *Renderer) Page(lines []receipt.Line, w Width) (page Page, err error) {
	defer func() {
		// gofpdf indexes where it should check; a paper lost must not be a kiosk lost
		if p := recover(); p != nil {
			page, err = Page{}, fmt.Errorf("render pdf: %v", p)
		}
	}()
	switch w {
	case A4:
		sheets := office(newMeasure(r.faces), lines)
		doc, err := r.write(sheets, A4.points(), a4Height*dot, 0)
		if err != nil {
			return Page{}, err
		}
		return Page{PDF: doc, Width: 21000, Height: 29700, Count: len(sheets)}, nil
	case Roll80, Roll58:
	default:
		return Page{}, fmt.Errorf("render pdf: no paper of %d mm", w)
	}
	s := layout(newMeasure(r.faces), lines, w.Head())
	doc, err := r.write([]*sheet{s}, w.points(), math.Ceil(s.y)*dot, w.Left())
	if err != nil {
		return Page{}, err
	}
	return Page{PDF: doc, Width: int(w) * 100, Height: int(math.Ceil(math.Ceil(s.y) * dot * 2540 / 72)), Count: 1}, nil
}

// epoch stands in the document for its date: the receipt's own time is on its
// face, and a clock here would make every rendering another file.
var epoch = time.Unix(0, 0).UTC()

const dot = 72.0 / dpi

// fill draws all rectangles as one path: neighbours in a QR code show no seam, and
// PDFium, which widens a lone rectangle to whole dots outwards, keeps to the grid.
func fill(f *gofpdf.Fpdf, rects []rectOp, left float64) {
	if len(rects) == 0 {
		return
	}
	for _, q := range rects {
		x, y, w, h := (left+q.x)*dot, q.y*dot, q.w*dot, q.h*dot
		f.MoveTo(x, y)
		f.LineTo(x+w, y)
		f.LineTo(x+w, y+h)
		f.LineTo(x, y+h)
		f.ClosePath()
	}
	f.DrawPath("F")
}

// write puts sheets of one size into a document, each moved to the right by left dots.
func (r *Renderer) write(sheets []*sheet, width, height, left float64) ([]byte, error) {
	f := gofpdf.NewCustom(&gofpdf.InitType{
		UnitStr: "pt",
		Size:    gofpdf.SizeType{Wd: width, Ht: height},
	})
	f.SetMargins(0, 0, 0)
	f.SetAutoPageBreak(false, 0)
	f.SetCreationDate(epoch)
	f.SetModificationDate(epoch)
	f.SetCatalogSort(true)
	f.SetTitle("Jolly", true)
	r.addFonts(f, sheets)
	for _, s := range sheets {
		f.AddPage()
		f.SetFillColor(0, 0, 0)
		fill(f, s.rects, left)
		r.writeTexts(f, s.texts, left)
	}
	var b bytes.Buffer
	if err := f.Output(&b); err != nil {
		return nil, fmt.Errorf("render pdf: %w", err)
	}
	return b.Bytes(), nil
}

func (r *Renderer) writeTexts(f *gofpdf.Fpdf, texts []textOp, left float64) {
	for _, t := range texts {
		x := left + t.x
		for _, run := range t.runs {
			fc := r.faces[t.style.weight][run.family]
			f.SetFont(fc.family, fc.style, t.style.points)
			f.Text(x*dot, t.baseline*dot, run.text)
			x += run.width
		}
	}
}

// addFonts gives gofpdf the fonts that the sheet uses and no others: parsing the
// Chinese ones is most of the time of a page. It gets a copy of each, because it
// pads tables in place and would write into what others are reading.
func (r *Renderer) addFonts(f *gofpdf.Fpdf, sheets []*sheet) {
	var needed [weights][families]bool
	for _, s := range sheets {
		for _, t := range s.texts {
			for _, run := range t.runs {
				needed[t.style.weight][run.family] = true
			}
		}
	}
	for w := range needed {
		for i, ok := range needed[w] {
			if fc := r.faces[w][i]; ok {
				f.AddUTF8FontFromBytes(fc.family, fc.style, bytes.Clone(fc.data))
			}
		}
	}
}

// Package sheet sets a table of texts as a PDF page: A4 landscape, the house's
// type, a head and a page number on every page. It knows nothing of money.
package sheet

// The page.

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jung-kurt/gofpdf"

	"github.com/tserve/jolly/assets"
)

// Column is one column; figures stand at the right.
type Column struct {
	Title string
	Right bool
}

// Sheet is a table with a title, a line under it, a last line and notes. Rows
// and the last line have a text for each column.
type Sheet struct {
	Title, Sub string
	Columns    []Column
	Rows       [][]string
	Last       []string
	Notes      []string
}

// Millimetres.
const (
	margin     = 14.0
	pageWidth  = 297.0
	lineHeight = 6.2
	between    = 5.0 // columns
)

// PDF writes the sheet. The same sheet gives the same bytes.
func (s Sheet) PDF(to io.Writer) error {
	f := gofpdf.New("L", "mm", "A4", "")
	f.SetCreationDate(time.Unix(0, 0).UTC())
	f.SetModificationDate(time.Unix(0, 0).UTC())
	f.SetCatalogSort(true)
	f.SetTitle(s.Title, true)
	f.AddUTF8FontFromBytes("t", "", bytes.Clone(assets.Font(assets.Titillium400)))
	f.AddUTF8FontFromBytes("t", "B", bytes.Clone(assets.Font(assets.Titillium700)))
	f.SetMargins(margin, margin, margin)
	f.SetAutoPageBreak(true, margin+6)
	f.AliasNbPages("{pages}")
	widths := s.widths(f)
	f.SetHeaderFunc(func() { s.head(f, widths) })
	f.SetFooterFunc(func() {
		f.SetY(-margin)
		f.SetFont("t", "", 9)
		f.CellFormat(0, 5, fmt.Sprintf("%d / {pages}", f.PageNo()), "", 0, "R", false, 0, "")
	})
	f.AddPage()
	f.SetFont("t", "", 10)
	for _, row := range s.Rows {
		s.line(f, widths, row, "B")
	}
	f.SetFont("t", "B", 10)
	s.line(f, widths, s.Last, "T")
	f.SetFont("t", "", 10)
	for _, n := range s.Notes {
		f.Ln(2)
		f.MultiCell(0, lineHeight, n, "", "L", false)
	}
	return f.Output(to)
}

func (s Sheet) head(f *gofpdf.Fpdf, widths []float64) {
	f.SetFont("t", "B", 18)
	f.CellFormat(0, 10, s.Title, "", 1, "L", false, 0, "")
	f.SetFont("t", "", 11)
	f.CellFormat(0, 7, s.Sub, "", 1, "L", false, 0, "")
	f.Ln(3)
	f.SetFont("t", "B", 10)
	for i, c := range s.Columns {
		f.CellFormat(widths[i], lineHeight+1, c.Title, "B", 0, c.align(), false, 0, "")
	}
	f.Ln(-1)
	f.SetFont("t", "", 10)
}

func (c Column) align() string {
	if c.Right {
		return "R"
	}
	return "L"
}

func (s Sheet) line(f *gofpdf.Fpdf, widths []float64, texts []string, border string) {
	for i, text := range texts {
		f.CellFormat(widths[i], lineHeight, fit(f, text, widths[i]-2), border, 0, s.Columns[i].align(), false, 0, "")
	}
	f.Ln(-1)
}

// fit shortens a text that is wider than its column.
func fit(f *gofpdf.Fpdf, text string, width float64) string {
	if f.GetStringWidth(text) <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && f.GetStringWidth(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// widths gives each column what its widest text needs; where that is more than
// the page has, the widest texts give way, and short texts and figures do not.
func (s Sheet) widths(f *gofpdf.Fpdf) []float64 {
	f.SetFont("t", "B", 10)
	w := make([]float64, len(s.Columns))
	rows := append(append([][]string(nil), s.Rows...), s.Last)
	free := pageWidth - 2*margin
	var texts []float64
	for i, c := range s.Columns {
		w[i] = f.GetStringWidth(c.Title) + between
		for _, row := range rows {
			w[i] = max(w[i], f.GetStringWidth(row[i])+between)
		}
		if c.Right {
			free -= w[i]
		} else {
			texts = append(texts, w[i])
		}
	}
	most := level(texts, free)
	for i, c := range s.Columns {
		if !c.Right {
			w[i] = min(w[i], most)
		}
	}
	return w
}

// level is the width to which texts are cut so that all of them fit into what is free.
func level(texts []float64, free float64) float64 {
	slices.Sort(texts)
	for i, width := range texts {
		share := free / float64(len(texts)-i)
		if width > share {
			return share
		}
		free -= width
	}
	return pageWidth
}

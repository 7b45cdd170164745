package report

// The forms: CSV for spreadsheets, XML for other programs, PDF for people.

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jung-kurt/gofpdf"

	"github.com/tserve/jolly/assets"
)

// CSV writes the report with a head of keys and, as the last column, the
// payments behind each row. A text that a spreadsheet would take for a formula
// is made harmless.
func (r Report) CSV(to io.Writer) error {
	w := csv.NewWriter(to)
	head := make([]string, 0, len(r.Columns)+1)
	for _, c := range r.Columns {
		head = append(head, c.Key)
	}
	lines := [][]string{append(head, "payment_ids")}
	for _, row := range r.Rows {
		lines = append(lines, append(r.texts(row.Cells), strings.Join(row.Payments, " ")))
	}
	for _, line := range lines {
		for i := range line {
			if strings.ContainsAny(line[i][:min(1, len(line[i]))], "=+@\t\r") {
				line[i] = "'" + line[i]
			}
		}
		if err := w.Write(line); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func (r Report) texts(cells []Cell) (all []string) {
	for i, c := range cells {
		all = append(all, c.String(r.Columns[i].Kind))
	}
	return all
}

type xmlValue struct {
	Key  string `xml:"key,attr"`
	Text string `xml:",chardata"`
}

type xmlRow struct {
	Values   []xmlValue `xml:"value"`
	Payments []string   `xml:"payment"`
}

type xmlReport struct {
	XMLName xml.Name   `xml:"report"`
	Name    string     `xml:"name,attr"`
	From    string     `xml:"from,attr"`
	To      string     `xml:"to,attr"`
	Failed  bool       `xml:"failed,attr"`
	Rows    []xmlRow   `xml:"row"`
	Sums    []xmlValue `xml:"sums>value"`
	Notes   []string   `xml:"note"`
}

// XML writes the report with its sums, its notes and the payments behind each row.
func (r Report) XML(to io.Writer) error {
	x := xmlReport{Name: r.Name, From: r.Period.From.String(), To: r.Period.To.String(), Failed: r.Failed, Notes: r.Notes}
	values := func(cells []Cell, sums bool) (all []xmlValue) {
		for i, s := range r.texts(cells) {
			if !sums || r.Columns[i].Kind != Text {
				all = append(all, xmlValue{Key: r.Columns[i].Key, Text: s})
			}
		}
		return all
	}
	for _, row := range r.Rows {
		x.Rows = append(x.Rows, xmlRow{Values: values(row.Cells, false), Payments: row.Payments})
	}
	x.Sums = values(r.Sums, true)
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(x); err != nil {
		return fmt.Errorf("write XML: %w", err)
	}
	b.WriteByte('\n')
	if _, err := b.WriteTo(to); err != nil {
		return fmt.Errorf("write XML: %w", err)
	}
	return nil
}

// The page: A4 landscape, millimetres.
const (
	margin     = 14.0
	pageWidth  = 297.0
	lineHeight = 6.2
)

// PDF writes the report for people. The same report gives the same bytes.
func (r Report) PDF(to io.Writer) error {
	f := gofpdf.New("L", "mm", "A4", "")
	f.SetCreationDate(time.Unix(0, 0).UTC())
	f.SetModificationDate(time.Unix(0, 0).UTC())
	f.SetCatalogSort(true)
	f.SetTitle(r.Title, true)
	f.AddUTF8FontFromBytes("t", "", bytes.Clone(assets.Font(assets.Titillium400)))
	f.AddUTF8FontFromBytes("t", "B", bytes.Clone(assets.Font(assets.Titillium700)))
	f.SetMargins(margin, margin, margin)
	f.SetAutoPageBreak(true, margin+6)
	f.AliasNbPages("{pages}")
	widths := r.widths(f)
	f.SetHeaderFunc(func() { r.head(f, widths) })
	f.SetFooterFunc(func() {
		f.SetY(-margin)
		f.SetFont("t", "", 9)
		f.CellFormat(0, 5, fmt.Sprintf("%d / {pages}", f.PageNo()), "", 0, "R", false, 0, "")
	})
	f.AddPage()
	f.SetFont("t", "", 10)
	for _, row := range r.Rows {
		r.line(f, widths, row.Cells, "B")
	}
	f.SetFont("t", "B", 10)
	r.line(f, widths, r.summed(), "T")
	f.SetFont("t", "", 10)
	for _, n := range r.Notes {
		f.Ln(2)
		f.MultiCell(0, lineHeight, n, "", "L", false)
	}
	if err := f.Output(to); err != nil {
		return fmt.Errorf("write PDF: %w", err)
	}
	return nil
}

func (r Report) head(f *gofpdf.Fpdf, widths []float64) {
	f.SetFont("t", "B", 18)
	f.CellFormat(0, 10, r.Title, "", 1, "L", false, 0, "")
	f.SetFont("t", "", 11)
	state := "T-Serve · dal " + italian(r.Period.From.String()) + " al " + italian(r.Period.To.String())
	if r.Failed {
		state += " · NON QUADRA"
	}
	f.CellFormat(0, 7, state, "", 1, "L", false, 0, "")
	f.Ln(3)
	f.SetFont("t", "B", 10)
	for i, c := range r.Columns {
		f.CellFormat(widths[i], lineHeight+1, c.Title, "B", 0, align(c.Kind), false, 0, "")
	}
	f.Ln(-1)
	f.SetFont("t", "", 10)
}

func italian(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.Format("02/01/2006")
}

func align(k Kind) string {
	if k == Text {
		return "L"
	}
	return "R"
}

func (r Report) summed() []Cell {
	cells := append([]Cell(nil), r.Sums...)
	for i, c := range r.Columns {
		if c.Kind == Text {
			cells[i] = Cell{}
		}
	}
	if len(cells) > 0 && r.Columns[0].Kind == Text {
		cells[0].Text = "Totale"
	}
	return cells
}

func (r Report) line(f *gofpdf.Fpdf, widths []float64, cells []Cell, border string) {
	for i, s := range r.texts(cells) {
		if r.Columns[i].Kind != Text {
			s = thousands(s)
			if border == "T" && cells[i].Number == 0 && r.Columns[i].Kind == Count {
				s = ""
			}
		}
		f.CellFormat(widths[i], lineHeight, fit(f, s, widths[i]-2), border, 0, align(r.Columns[i].Kind), false, 0, "")
	}
	f.Ln(-1)
}

// thousands writes 1234567.89 as 1.234.567,89.
func thousands(s string) string {
	whole, cents, has := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "." + whole[at:]
	}
	if has {
		whole += "," + cents
	}
	return sign + whole
}

// fit shortens a text that is wider than its column.
func fit(f *gofpdf.Fpdf, s string, width float64) string {
	if f.GetStringWidth(s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && f.GetStringWidth(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// widths gives each column what its widest text needs, and the rest of the page
// to the texts; where that is too much, texts give way.
func (r Report) widths(f *gofpdf.Fpdf) []float64 {
	f.SetFont("t", "B", 10)
	w := make([]float64, len(r.Columns))
	for i, c := range r.Columns {
		w[i] = f.GetStringWidth(c.Title) + 5
		for _, row := range append(append([]Row(nil), r.Rows...), Row{Cells: r.summed()}) {
			if i < len(row.Cells) {
				w[i] = max(w[i], f.GetStringWidth(thousands(row.Cells[i].String(c.Kind)))+5)
			}
		}
	}
	var sum, texts float64
	for i, c := range r.Columns {
		sum += w[i]
		if c.Kind == Text {
			texts += w[i]
		}
	}
	free := pageWidth - 2*margin - sum
	for i, c := range r.Columns {
		if c.Kind == Text && texts > 0 && free < 0 {
			w[i] += free * w[i] / texts
		}
	}
	return w
}

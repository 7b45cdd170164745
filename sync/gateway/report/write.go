package report

// The forms: CSV for spreadsheets, XML for other programs, PDF for people.

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/report/sheet"
)

//go:embed report.xsd
var schema []byte

// Schema is the XML schema of the reports in XML.
func Schema() []byte { return bytes.Clone(schema) }

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

// PDF writes the report for people. The same report gives the same bytes.
func (r Report) PDF(to io.Writer) error {
	s := sheet.Sheet{Title: r.Title, Sub: "T-Serve · dal " + italian(r.Period.From) + " al " + italian(r.Period.To), Notes: r.Notes}
	if r.Failed {
		s.Sub += " · NON QUADRA"
	}
	for _, c := range r.Columns {
		s.Columns = append(s.Columns, sheet.Column{Title: c.Title, Right: c.Kind != Text})
	}
	for _, row := range r.Rows {
		s.Rows = append(s.Rows, r.shown(row.Cells))
	}
	s.Last = r.shown(r.Sums)
	for i, c := range r.Columns {
		if c.Kind == Text || (c.Kind == Count && r.Sums[i].Number == 0) {
			s.Last[i] = ""
		}
	}
	s.Last[0] = "Totale"
	if err := s.PDF(to); err != nil {
		return fmt.Errorf("write PDF: %w", err)
	}
	return nil
}

func italian(d kiosk.Date) string { return fmt.Sprintf("%02d/%02d/%04d", d.Day, d.Month, d.Year) }

// shown are the cells as Italian readers write them.
func (r Report) shown(cells []Cell) []string {
	all := r.texts(cells)
	for i, c := range r.Columns {
		if c.Kind != Text {
			all[i] = thousands(all[i])
		}
	}
	return all
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

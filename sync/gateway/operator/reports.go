package operator

// Reports: as a page, as files, and each figure down to its payments.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/report"
)

// maxBank bounds the bank's file.
const maxBank = 32 << 20

// mostInline is how many payments of a row are listed beside it.
const mostInline = 100

// kinds are the reports that there are.
var kinds = []option{
	{Value: "settlement", Word: "Rendiconto per ente e giorno"}, {Value: "commissions", Word: "Commissioni per canale"},
	{Value: "match", Word: "Riscontro chioschi, libro, banca"}, {Value: "zero", Word: "Quadratura del libro"},
}

type reportData struct {
	Kinds    []option
	Name     string
	From, To string
	Made     *report.Report
	Rows     []reportRow
	Sums     []cell
	Asked    bool
	WithBank bool
}

type cell struct {
	Title string // of its column
	Text  string
	Right bool // a number
	Whole bool // never broken
}

type reportRow struct {
	Cells    []cell
	Count    int
	Link     string   // to the page of its payments
	Payments []string // instead of the link, where a file of the bank stands behind it
	More     int
}

// asked reads which report is asked for; the period is yesterday when none is.
func (p *pages) asked(q url.Values) (d reportData, period report.Period, err error) {
	yesterday := p.today().AddDate(0, 0, -1).Format(time.DateOnly)
	d.Name, d.From, d.To = q.Get("name"), q.Get("from"), q.Get("to")
	d.Asked = d.Name != ""
	if !slices.ContainsFunc(kinds, func(k option) bool { return k.Value == d.Name }) {
		d.Name = kinds[0].Value
	}
	if d.From == "" {
		d.From = yesterday
	}
	if d.To == "" {
		d.To = d.From
	}
	for _, k := range kinds {
		k.Chosen = k.Value == d.Name
		d.Kinds = append(d.Kinds, k)
	}
	if period.From, err = kiosk.ParseDate(d.From); err == nil {
		period.To, err = kiosk.ParseDate(d.To)
	}
	if err == nil {
		err = period.Check()
	}
	if err == nil && p.tooLong(period) {
		err = errors.New("too long")
	}
	return d, period, err
}

// tooLong bounds what one page asks of the book.
func (p *pages) tooLong(x report.Period) bool {
	day := func(d kiosk.Date) time.Time {
		return time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
	}
	return day(x.To).Sub(day(x.From)) > 366*24*time.Hour
}

const sayPeriod = "Scrivi il primo e l'ultimo giorno, come 2026-11-22, al massimo un anno."

func (p *pages) make(ctx context.Context, name string, period report.Period, bank []report.BankLine) (report.Report, error) {
	switch name {
	case "commissions":
		return report.Commissions(ctx, p.store, period)
	case "match":
		return report.Match(ctx, p.store, period, bank)
	case "zero":
		return report.Zero(ctx, p.store, period)
	default:
		return report.Settlement(ctx, p.store, period)
	}
}

func (p *pages) reports(w http.ResponseWriter, r *http.Request, in *visit) {
	d, period, err := p.asked(r.URL.Query())
	v := view{Title: "Rapporti", Here: "reports"}
	if err != nil {
		v.Say, v.Data = &say{Bad: true, Text: sayPeriod}, d
		p.show(w, in, http.StatusBadRequest, "reports.html", v)
		return
	}
	if d.Asked {
		made, err := p.make(r.Context(), d.Name, period, nil)
		if err != nil {
			p.fail(w, r, in, err)
			return
		}
		d.fill(made)
	}
	v.Data = d
	p.show(w, in, http.StatusOK, "reports.html", v)
}

// fill turns the report into what the template shows.
func (d *reportData) fill(made report.Report) {
	d.Made = &made
	for _, row := range made.Rows {
		x := reportRow{Cells: cells(made.Columns, row.Cells), Count: len(row.Payments)}
		switch {
		case d.WithBank:
			x.Payments = slices.DeleteFunc(slices.Clone(row.Payments), func(id string) bool { return id == "" })
			x.Count = len(x.Payments)
			if x.Count > mostInline {
				x.Payments, x.More = x.Payments[:mostInline], x.Count-mostInline
			}
		case x.Count > 0:
			x.Link = "/op/reports/payments" + string(query("name", d.Name, "from", d.From, "to", d.To, "row", keyOf(made.Columns, row)))
		}
		d.Rows = append(d.Rows, x)
	}
	d.Sums = cells(made.Columns, made.Sums)
	if d.Name == "match" && !d.WithBank { // nothing was compared there: no figure is no zero
		for i, c := range made.Columns {
			if c.Key == "bank" {
				d.Sums[i].Text = ""
				for _, row := range d.Rows {
					row.Cells[i].Text = ""
				}
			}
		}
	}
	for i, c := range made.Columns {
		if c.Kind == report.Text || c.Kind == report.Count && made.Sums[i].Number == 0 {
			d.Sums[i].Text = ""
		}
	}
	if len(d.Sums) > 0 {
		d.Sums[0].Text, d.Sums[0].Title = "Totale", ""
	}
}

func cells(columns []report.Column, from []report.Cell) []cell {
	all := make([]cell, len(from))
	for i, c := range from {
		switch columns[i].Kind {
		case report.Money:
			all[i] = cell{Text: euro(kiosk.Cents(c.Number)), Right: true}
		case report.Count:
			all[i] = cell{Text: dots(c.Number), Right: true}
		default:
			all[i] = shown(columns[i].Key, c.Text)
		}
		all[i].Title = heading(columns[i])
	}
	return all
}

// headings are titles of columns that say more on a page than in a file.
var headings = map[string]string{"journal": "Dice il chiosco", "ledger": "Dice il libro", "bank": "Dice la banca"}

func heading(c report.Column) string {
	if title := headings[c.Key]; title != "" {
		return title
	}
	return c.Title
}

// behind is the title of the column that leads to the payments of a row.
func behind(columns []report.Column) string {
	if slices.ContainsFunc(columns, func(c report.Column) bool { return c.Title == "Pagamenti" }) {
		return "Quali"
	}
	return "Pagamenti"
}

// shown is a text of a report in words; the files keep what machines read.
func shown(key, text string) cell {
	switch key {
	case "day":
		if d, err := kiosk.ParseDate(text); err == nil {
			return cell{Text: fmt.Sprintf("%02d/%02d/%04d", d.Day, d.Month, d.Year), Whole: true}
		}
	case "source": // the next column has his name
		who, code, _ := strings.Cut(text, ":")
		switch who {
		case "citizen":
			return cell{Text: "cittadino"}
		case "channel":
			return cell{Text: "rete"}
		case "creditor":
			return cell{Text: code}
		}
	case "account":
		return cell{Text: account(text)}
	case "channel":
		return cell{Text: word(channels, text)}
	}
	return cell{Text: text}
}

// keyOf names a row by its texts: they stay when figures change.
func keyOf(columns []report.Column, row report.Row) string {
	var texts []string
	for i, c := range row.Cells {
		if columns[i].Kind == report.Text {
			texts = append(texts, c.Text)
		}
	}
	return strings.Join(texts, "|")
}

// form writes a report as a file.
func (p *pages) form(w http.ResponseWriter, r *http.Request, in *visit, made report.Report, form string) {
	writers := map[string]struct {
		write func(io.Writer) error
		kind  string
	}{"csv": {made.CSV, "text/csv; charset=utf-8"}, "xml": {made.XML, "application/xml"}, "pdf": {made.PDF, "application/pdf"}}
	f, ok := writers[form]
	if !ok {
		p.deny(w, in, http.StatusNotFound, sayNoPage)
		return
	}
	var b bytes.Buffer
	if err := f.write(&b); err != nil {
		p.fail(w, r, in, err)
		return
	}
	name := made.Name + "-" + made.Period.From.String()
	if made.Period.To != made.Period.From {
		name += "-" + made.Period.To.String()
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+"."+form+`"`)
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	if _, err := b.WriteTo(w); err != nil {
		p.log.Debug("file not taken", "error", err.Error())
	}
}

func (p *pages) reportFile(w http.ResponseWriter, r *http.Request, in *visit) {
	d, period, err := p.asked(r.URL.Query())
	if err != nil {
		p.deny(w, in, http.StatusBadRequest, sayPeriod)
		return
	}
	form := r.URL.Query().Get("form")
	made, err := p.make(r.Context(), d.Name, period, nil)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	if p.note(w, r, in, in.action("report.file", d.Name, d.From+" "+d.To+" "+form)) {
		p.form(w, r, in, made, form)
	}
}

type behindData struct {
	Title, Row string
	Back       string
	Count      int
	Lines      []gateway.PaymentLine
	Total, Fee kiosk.Amount
}

// rowName names a row for people.
func rowName(columns []report.Column, row report.Row) string {
	var texts []string
	for i, c := range cells(columns, row.Cells) {
		if columns[i].Kind == report.Text && c.Text != "" {
			texts = append(texts, c.Text)
		}
	}
	return strings.Join(texts, " · ")
}

// reportPayments shows the payments behind one row of a report.
func (p *pages) reportPayments(w http.ResponseWriter, r *http.Request, in *visit) {
	q := r.URL.Query()
	d, period, err := p.asked(q)
	if err != nil {
		p.deny(w, in, http.StatusBadRequest, sayPeriod)
		return
	}
	made, err := p.make(r.Context(), d.Name, period, nil)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	i := slices.IndexFunc(made.Rows, func(row report.Row) bool { return keyOf(made.Columns, row) == q.Get("row") })
	if i < 0 {
		p.deny(w, in, http.StatusNotFound, "Questa riga non è nel rapporto.")
		return
	}
	row := made.Rows[i]
	b := behindData{
		Title: made.Title, Row: rowName(made.Columns, row),
		Back: "/op/reports" + string(query("name", d.Name, "from", d.From, "to", d.To)), Count: len(row.Payments),
	}
	ids := row.Payments[:min(len(row.Payments), gateway.MaxSearch)]
	if len(ids) > 0 {
		if b.Lines, _, err = p.store.SearchPayments(r.Context(), gateway.PaymentSearch{IDs: ids, Most: gateway.MaxSearch}); err != nil {
			p.fail(w, r, in, err)
			return
		}
	}
	for _, l := range b.Lines {
		b.Total, b.Fee = b.Total+l.Total, b.Fee+l.Fee
	}
	p.show(w, in, http.StatusOK, "behind.html", view{Title: "Pagamenti di una riga", Here: "reports", Data: b})
}

// match compares with a file of the bank, which is read and not kept.
func (p *pages) match(w http.ResponseWriter, r *http.Request, in *visit) {
	q := url.Values{"name": {"match"}, "from": {r.PostFormValue("from")}, "to": {r.PostFormValue("to")}}
	d, period, err := p.asked(q)
	wrong := func(text string) {
		p.show(w, in, http.StatusUnprocessableEntity, "reports.html", view{Title: "Rapporti", Here: "reports", Say: &say{Bad: true, Text: text}, Data: d})
	}
	if err != nil {
		wrong(sayPeriod)
		return
	}
	file, head, err := r.FormFile("bank")
	if err != nil {
		wrong("Scegli il file della banca: CSV con le colonne terminal, stan, amount.")
		return
	}
	defer file.Close()
	bank, err := report.ReadBank(file)
	if err != nil {
		wrong("Il file della banca non si legge: " + err.Error())
		return
	}
	if bank == nil {
		bank = []report.BankLine{} // a file without lines is not no file
	}
	a := in.action("report.match", d.From+" "+d.To, strconv.Itoa(len(bank))+" righe, "+head.Filename)
	if !p.note(w, r, in, a) {
		return
	}
	made, err := p.make(r.Context(), "match", period, bank)
	if err != nil {
		p.fail(w, r, in, err)
		return
	}
	if form := r.PostFormValue("form"); form != "" && form != "html" {
		p.form(w, r, in, made, form)
		return
	}
	d.WithBank = true
	d.fill(made)
	p.show(w, in, http.StatusOK, "reports.html", view{Title: "Rapporti", Here: "reports", Data: d})
}

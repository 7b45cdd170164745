package report

// The three-way match: the kiosks' journals, the ledger, the bank.

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
)

// BankLine is one charge in the acquirer's file.
type BankLine struct {
	Terminal, STAN string
	Amount         kiosk.Amount
	Day            kiosk.Date // of the charge; zero where the file does not tell
}

// bankAmount is 1234,56 or 1.234,56 or 1234.56; what was given back is below zero.
var bankAmount = regexp.MustCompile(`^(-?)(\d{1,3}(?:\.\d{3}){1,2}|\d{1,9})[.,](\d{2})$`)

// bankColumns are the columns of the file by the names that people give them.
var bankColumns = map[string]string{
	"terminal": "terminal", "terminale": "terminal", "tid": "terminal", "stan": "stan",
	"amount": "amount", "importo": "amount", "date": "date", "data": "date",
}

// ReadBank reads the acquirer's file: CSV with comma or semicolon and a head
// that names at least terminal, stan and amount (euro with two decimals), or
// terminale, stan and importo. A column date or data, as 2026-11-22 or 22/11/2026,
// tells the day of each charge. A file without lines is none that is missing.
func ReadBank(from io.Reader) ([]BankLine, error) {
	whole, err := io.ReadAll(io.LimitReader(from, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("read the bank's file: %w", err)
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(whole), "\ufeff")))
	head, _, _ := strings.Cut(string(whole), "\n")
	if strings.Contains(head, ";") {
		r.Comma = ';'
	}
	names, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("read the bank's file: %w", err)
	}
	at := map[string]int{}
	for i, n := range names {
		if known := bankColumns[strings.ToLower(strings.TrimSpace(n))]; known != "" {
			at[known] = i
		}
	}
	for _, n := range []string{"terminal", "stan", "amount"} {
		if _, ok := at[n]; !ok {
			return nil, fmt.Errorf("read the bank's file: no column %q in its first line", n)
		}
	}
	all := []BankLine{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the bank's file: %w", err)
		}
		line, err := bankLine(at, row)
		if err != nil {
			n, _ := r.FieldPos(0)
			return nil, fmt.Errorf("read the bank's file: line %d: %w", n, err)
		}
		all = append(all, line)
	}
}

func bankLine(at map[string]int, row []string) (BankLine, error) {
	field := func(name string) string { return strings.TrimSpace(row[at[name]]) }
	l := BankLine{Terminal: field("terminal"), STAN: field("stan")}
	m := bankAmount.FindStringSubmatch(field("amount"))
	if m == nil {
		return l, fmt.Errorf("amount %q: want euro with two decimals", field("amount"))
	}
	cents, err := strconv.ParseInt(m[1]+strings.ReplaceAll(m[2], ".", "")+m[3], 10, 64)
	if err != nil {
		return l, err
	}
	l.Amount = kiosk.Cents(cents)
	if _, dated := at["date"]; dated {
		text := field("date")
		if d, err := time.Parse("02/01/2006", text); err == nil {
			text = d.Format(time.DateOnly)
		}
		if l.Day, err = kiosk.ParseDate(text); err != nil || text == "" {
			return l, fmt.Errorf("date %q: want 2026-11-22 or 22/11/2026", field("date"))
		}
	}
	return l, nil
}

// charge is one charge as up to three books tell it.
type charge struct {
	gateway.Charge
	bank   kiosk.Amount
	inBank bool
}

func (c charge) agrees(withBank bool) bool {
	ok := c.Told && c.Posted && c.Total == c.Booked
	return ok && (!withBank || c.inBank && c.bank == c.Total)
}

// Match compares, charge by charge, what the kiosks told, what the ledger holds
// and, where its file is given, what the bank paid. Agreeing charges are one
// line for each kiosk; every other charge has its own. The day of a charge is the
// one on which the card was charged, in all three.
func Match(ctx context.Context, b Book, p Period, bank []BankLine) (Report, error) {
	r := Report{Name: "match", Title: "Riscontro chioschi, libro, banca", Period: p, Columns: []Column{
		{"kiosk", "Chiosco", Text}, {"result", "Esito", Text}, {"terminal", "Terminale", Text}, {"stan", "STAN", Text}, {"charges", "Addebiti", Count},
		{"journal", "Chiosco €", Money}, {"ledger", "Libro €", Money}, {"bank", "Banca €", Money},
	}}
	all, err := gather(ctx, b, p)
	if err != nil {
		return r, err
	}
	all, elsewhere := banked(all, bank, p)
	agreed := map[string]*Row{}
	for _, c := range all {
		if !c.agrees(bank != nil) {
			r.Failed = true
			r.Rows = append(r.Rows, Row{Payments: c.payments(), Cells: []Cell{
				text(c.Kiosk), text(c.difference(bank != nil)), text(c.Terminal), text(c.STAN), count(1), money(c.Total), money(c.Booked), money(c.bank),
			}})
			continue
		}
		row := agreed[c.Kiosk]
		if row == nil {
			row = &Row{Cells: []Cell{text(c.Kiosk), text("concordano"), {}, {}, {}, {}, {}, {}}}
			agreed[c.Kiosk] = row
		}
		row.Payments = append(row.Payments, c.Payment)
		for i, n := range map[int]int64{4: 1, 5: c.Total.Cents(), 6: c.Booked.Cents(), 7: c.bank.Cents()} {
			row.Cells[i].Number += n
		}
	}
	for _, row := range agreed {
		r.Rows = append(r.Rows, *row)
	}
	r.sorted()
	r.sum()
	if bank == nil {
		r.Notes = append(r.Notes, "senza il file della banca: confrontati solo chioschi e libro")
	}
	if elsewhere > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d righe del file della banca sono di altri giorni e non sono confrontate", elsewhere))
	}
	return r, nil
}

// payments is the payment behind the charge, if the book knows one.
func (c charge) payments() []string {
	if c.Payment == "" {
		return nil
	}
	return []string{c.Payment}
}

func (c charge) difference(withBank bool) string {
	switch {
	case !c.Posted && !c.Told:
		return "solo in banca"
	case !c.Posted:
		return "manca nel libro"
	case !c.Told:
		return "manca nel chiosco"
	case withBank && !c.inBank:
		return "manca in banca"
	}
	return "importi diversi"
}

// gather reads what kiosks and ledger know of the period's charges.
func gather(ctx context.Context, b Book, p Period) (all []*charge, err error) {
	from, to := p.span(b.Zone())
	err = b.EachCharge(ctx, from, to, func(x gateway.Charge) error {
		all = append(all, &charge{Charge: x})
		return nil
	})
	return all, err
}

// banked adds the bank's lines, by terminal and STAN. Terminals begin their
// numbers anew: of several charges with one number the one of the same amount is
// meant, and one after the other. Lines of other days are counted and left out.
func banked(all []*charge, bank []BankLine, p Period) (_ []*charge, elsewhere int) {
	// Spreadsheets take zeros at the front away.
	number := func(terminal, stan string) string {
		return strings.TrimLeft(terminal, "0") + "/" + strings.TrimLeft(stan, "0")
	}
	free := map[string][]*charge{}
	for _, c := range all {
		at := number(c.Terminal, c.STAN)
		free[at] = append(free[at], c)
	}
	for _, line := range bank {
		if !line.Day.IsZero() && (line.Day.Before(p.From) || p.To.Before(line.Day)) {
			elsewhere++
			continue
		}
		at := number(line.Terminal, line.STAN)
		i := slices.IndexFunc(free[at], func(c *charge) bool { return max(c.Total, c.Booked) == line.Amount })
		if i < 0 && line.Amount > 0 && len(free[at]) > 0 { // what was given back stands for itself
			i = 0
		}
		if i < 0 {
			all = append(all, &charge{Charge: gateway.Charge{Terminal: line.Terminal, STAN: line.STAN}, bank: line.Amount, inBank: true})
			continue
		}
		free[at][i].bank, free[at][i].inBank = line.Amount, true
		free[at] = slices.Delete(free[at], i, i+1)
	}
	return all, elsewhere
}

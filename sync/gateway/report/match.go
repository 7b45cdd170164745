package report

// The three-way match: the kiosks' journals, the ledger, the bank.

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

// BankLine is one charge in the acquirer's file.
type BankLine struct {
	Terminal, STAN string
	Amount         kiosk.Amount
}

var bankAmount = regexp.MustCompile(`^(\d{1,9})[.,](\d{2})$`)

// ReadBank reads the acquirer's file: CSV with comma or semicolon and a head
// that names at least terminal, stan and amount (euro with two decimals).
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
		at[strings.ToLower(strings.TrimSpace(n))] = i
	}
	for _, n := range []string{"terminal", "stan", "amount"} {
		if _, ok := at[n]; !ok {
			return nil, fmt.Errorf("read the bank's file: no column %q in its first line", n)
		}
	}
	var all []BankLine
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the bank's file: %w", err)
		}
		m := bankAmount.FindStringSubmatch(strings.TrimSpace(row[at["amount"]]))
		if m == nil {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("read the bank's file: line %d: amount %q: want euro with two decimals", line, row[at["amount"]])
		}
		cents, err := strconv.ParseInt(m[1]+m[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read the bank's file: %w", err)
		}
		all = append(all, BankLine{Terminal: strings.TrimSpace(row[at["terminal"]]), STAN: strings.TrimSpace(row[at["stan"]]), Amount: kiosk.Cents(cents)})
	}
}

// charge is one charge as up to three books tell it.
type charge struct {
	kiosk, terminal, stan, payment string
	journal, ledger, bank          kiosk.Amount
	inJournal, inLedger, inBank    bool
}

func (c charge) agrees(withBank bool) bool {
	ok := c.inJournal && c.inLedger && c.journal == c.ledger
	return ok && (!withBank || c.inBank && c.bank == c.journal)
}

// Match compares, charge by charge, what the kiosks told, what the ledger holds
// and, where its file is given, what the bank paid. Agreeing charges are one
// line for each kiosk; every other charge has its own.
func Match(ctx context.Context, b Book, p Period, bank []BankLine) (Report, error) {
	r := Report{Name: "match", Title: "Riscontro chioschi, libro, banca", Period: p, Columns: []Column{
		{"kiosk", "Chiosco", Text}, {"result", "Esito", Text}, {"terminal", "Terminale", Text}, {"stan", "STAN", Text}, {"charges", "Addebiti", Count},
		{"journal", "Chiosco €", Money}, {"ledger", "Libro €", Money}, {"bank", "Banca €", Money},
	}}
	all, err := gather(ctx, b, p, bank)
	if err != nil {
		return r, err
	}
	agreed := map[string]*Row{}
	for _, c := range all {
		if !c.agrees(bank != nil) {
			r.Failed = true
			r.Rows = append(r.Rows, Row{Payments: []string{c.payment}, Cells: []Cell{
				text(c.kiosk), text(c.difference(bank != nil)), text(c.terminal), text(c.stan), count(1), money(c.journal), money(c.ledger), money(c.bank),
			}})
			continue
		}
		row := agreed[c.kiosk]
		if row == nil {
			row = &Row{Cells: []Cell{text(c.kiosk), text("concordano"), {}, {}, {}, {}, {}, {}}}
			agreed[c.kiosk] = row
		}
		row.Payments = append(row.Payments, c.payment)
		for i, n := range map[int]int64{4: 1, 5: c.journal.Cents(), 6: c.ledger.Cents(), 7: c.bank.Cents()} {
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
	return r, nil
}

func (c charge) difference(withBank bool) string {
	switch {
	case !c.inLedger && !c.inJournal:
		return "solo in banca"
	case !c.inLedger:
		return "manca nel libro"
	case !c.inJournal:
		return "manca nel chiosco"
	case withBank && !c.inBank:
		return "manca in banca"
	}
	return "importi diversi"
}

// gather joins the books: journal and ledger by the payment, the bank by
// terminal and STAN.
func gather(ctx context.Context, b Book, p Period, bank []BankLine) ([]*charge, error) {
	byPayment, byNumber := map[string]*charge{}, map[string]*charge{}
	var all []*charge
	add := func(payment string) *charge {
		c := byPayment[payment]
		if c == nil {
			c = &charge{payment: payment}
			byPayment[payment] = c
			all = append(all, c)
		}
		return c
	}
	from, to := p.span(b.Zone())
	err := b.EachCharge(ctx, from, to, func(x gateway.Charge) error {
		c := add(x.Payment)
		if x.STAN == "" && c.inJournal {
			return nil // the operator's decision, said again by the kiosk
		}
		c.kiosk, c.terminal, c.stan, c.journal, c.inJournal = x.Kiosk, x.Terminal, x.STAN, x.Total, true
		byNumber[x.Terminal+"/"+x.STAN] = c
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = b.EachPosting(ctx, from, to, func(x gateway.Posting) error {
		if x.Account != outcome.AccountClearing {
			return nil
		}
		c := add(x.Payment)
		c.kiosk = x.Kiosk
		c.ledger += x.Amount
		c.inLedger = true
		return nil
	})
	for _, line := range bank {
		c := byNumber[line.Terminal+"/"+line.STAN]
		if c == nil {
			c = &charge{terminal: line.Terminal, stan: line.STAN}
			all = append(all, c)
			byNumber[line.Terminal+"/"+line.STAN] = c
		}
		c.bank += line.Amount
		c.inBank = true
	}
	return all, err
}

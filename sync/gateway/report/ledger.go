package report

// The reports that are made of the ledger alone.

import (
	"context"
	"slices"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/outcome"
)

const creditorPrefix = "creditor:"

// Settlement is what each creditor is owed for each day: bills paid, and those
// that went back because somebody else had paid them.
func Settlement(ctx context.Context, b Book, p Period) (Report, error) {
	r := Report{Name: "settlement", Title: "Rendiconto per ente e giorno", Period: p, Columns: []Column{
		{"day", "Giorno", Text}, {"creditor", "Codice fiscale", Text}, {"name", "Ente", Text}, {"bills", "Avvisi", Count},
		{"collected", "Incassato", Money}, {"returned", "Restituito", Money}, {"due", "Da versare", Money},
	}}
	names, err := b.CreditorNames(ctx)
	if err != nil {
		return r, err
	}
	type key struct{ day, code string }
	type line struct {
		bills               int
		collected, returned kiosk.Amount
		payments            []string
	}
	lines := map[key]*line{}
	zone := b.Zone()
	from, to := p.span(zone)
	err = b.EachPosting(ctx, from, to, func(x gateway.Posting) error {
		code, is := strings.CutPrefix(x.Account, creditorPrefix)
		if !is {
			return nil
		}
		k := key{dayOf(x.At, zone), code}
		if lines[k] == nil {
			lines[k] = &line{}
		}
		l := lines[k]
		if x.Amount < 0 { // credit: owed to the creditor
			l.bills++
			l.collected -= x.Amount
		} else {
			l.returned += x.Amount
		}
		l.payments = append(l.payments, x.Payment)
		return nil
	})
	if err != nil {
		return r, err
	}
	for k, l := range lines {
		r.Rows = append(r.Rows, Row{Payments: l.payments, Cells: []Cell{
			text(k.day), text(k.code), text(names[k.code]), count(l.bills), money(l.collected), money(l.returned), money(l.collected - l.returned),
		}})
	}
	r.sorted()
	r.sum()
	return r, nil
}

// Commissions is what the payments earned: the citizens' fees by channel, and
// what counters and other bodies owe to the circuit.
func Commissions(ctx context.Context, b Book, p Period) (Report, error) {
	r := Report{Name: "commissions", Title: "Commissioni per canale", Period: p, Columns: []Column{
		{"channel", "Canale", Text}, {"source", "Da chi", Text}, {"name", "Nome", Text}, {"payments", "Pagamenti", Count}, {"amount", "Importo", Money},
	}}
	names, err := b.CreditorNames(ctx)
	if err != nil {
		return r, err
	}
	type key struct{ channel, by string }
	type line struct {
		amount   kiosk.Amount
		payments map[string]bool
	}
	lines := map[key]*line{}
	from, to := p.span(b.Zone())
	err = b.EachPosting(ctx, from, to, func(x gateway.Posting) error {
		k := key{channel: x.Channel, by: "citizen"}
		amount := -x.Amount
		if due, is := strings.CutPrefix(x.Account, outcome.DueAccount("")); is {
			k.by, amount = due, x.Amount
		} else if x.Account != outcome.AccountFees {
			return nil
		}
		if lines[k] == nil {
			lines[k] = &line{payments: map[string]bool{}}
		}
		lines[k].amount += amount
		lines[k].payments[x.Payment] = true
		return nil
	})
	if err != nil {
		return r, err
	}
	for k, l := range lines {
		row := Row{Cells: []Cell{text(k.channel), text(k.by), text(payer(k.by, names)), count(len(l.payments)), money(l.amount)}}
		for id := range l.payments {
			row.Payments = append(row.Payments, id)
		}
		r.Rows = append(r.Rows, row)
	}
	r.sorted()
	r.sum()
	r.Sums[3] = Cell{} // one payment can stand in several rows
	return r, nil
}

func payer(by string, names map[string]string) string {
	if code, is := strings.CutPrefix(by, creditorPrefix); is {
		return names[code]
	}
	if channel, is := strings.CutPrefix(by, "channel:"); is {
		return "sportelli: " + channel
	}
	return "cittadini"
}

// Zero is the proof of the ledger: every transaction of the period sums to zero,
// and so do all of them; no posting of the whole ledger belongs to nothing; and
// what is left in suspense.
func Zero(ctx context.Context, b Book, p Period) (Report, error) {
	r := Report{Name: "zero", Title: "Quadratura del libro", Period: p, Columns: []Column{
		{"account", "Conto", Text}, {"postings", "Scritture", Count}, {"debit", "Dare", Money}, {"credit", "Avere", Money}, {"balance", "Saldo", Money},
	}}
	type line struct {
		n             int
		debit, credit kiosk.Amount
		payments      []string
	}
	lines := map[string]*line{}
	sums := map[string]kiosk.Amount{}
	from, to := p.span(b.Zone())
	err := b.EachPosting(ctx, from, to, func(x gateway.Posting) error {
		if lines[x.Account] == nil {
			lines[x.Account] = &line{}
		}
		l := lines[x.Account]
		l.n++
		if x.Amount > 0 {
			l.debit += x.Amount
		} else {
			l.credit -= x.Amount
		}
		l.payments = append(l.payments, x.Payment)
		sums[x.Transaction] += x.Amount
		return nil
	})
	if err != nil {
		return r, err
	}
	for account, l := range lines {
		r.Rows = append(r.Rows, Row{Payments: l.payments, Cells: []Cell{
			text(account), count(l.n), money(l.debit), money(l.credit), money(l.debit - l.credit),
		}})
	}
	r.sorted()
	r.sum()
	for id, sum := range sums {
		if sum != 0 {
			r.Failed = true
			r.Notes = append(r.Notes, "la scrittura "+id+" non quadra: "+sum.String())
		}
	}
	slices.Sort(r.Notes)
	err = b.EachStray(ctx, func(x gateway.Posting) error {
		r.Failed = true
		r.Notes = append(r.Notes, "la scrittura "+x.Transaction+" non appartiene a nessun pagamento: "+x.Account+" "+x.Amount.String())
		return nil
	})
	if !r.Failed && r.Sums[4].Number == 0 {
		r.Notes = append(r.Notes, "tutte le scritture quadrano a zero")
	}
	return r, err
}

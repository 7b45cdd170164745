package gateway

// Looking up changes nothing: no lock, no posting, no state of any debt.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// tables are the contents of the whole book, by table.
func tables(t *testing.T, s *Store) map[string]string {
	t.Helper()
	var names []string
	add := func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	}
	err := each(t.Context(), s.read, add, "SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		err = each(t.Context(), s.read, add, "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
	}
	if err != nil || len(names) < 10 {
		t.Fatalf("%v, %v", names, err)
	}
	all := map[string]string{}
	for _, name := range names {
		var lines []string
		err := each(t.Context(), s.read, func(rows *sql.Rows) error {
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			err = rows.Scan(into...)
			lines = append(lines, fmt.Sprint(values...))
			return err
		}, "SELECT * FROM "+name)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(lines)
		all[name] = strings.Join(lines, "\n")
	}
	return all
}

// differing are the names of the tables that are not as before.
func differing(before, after map[string]string) string {
	var out []string
	for name := range before {
		if before[name] != after[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestLookupsChangeNothing(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	before := tables(t, s)
	for range 3 {
		for _, p := range Samples() {
			var refusal *Refusal
			if _, err := s.Lookup(t.Context(), lookupOf(p)); err != nil && !errors.As(err, &refusal) {
				t.Fatal(err)
			}
		}
		for _, f := range []api.FormSearch{form("toscana-bollo", "car", "AB123CD"), form("toscana-bollo", "car", "AB124CD"), form("toscana-bollo", "tank", "AB124CD")} {
			var refusal *Refusal
			if _, err := s.LookupForm(t.Context(), f); err != nil && !errors.As(err, &refusal) {
				t.Fatal(err)
			}
		}
	}
	if changed := differing(before, tables(t, s)); changed != "" {
		t.Errorf("notices and forms changed %s", changed)
	}
	for range 2 {
		if _, err := byCard(t, s, present(citizenCNS)); err != nil {
			t.Fatal(err)
		}
	}
	after := tables(t, s)
	if changed := differing(before, after); changed != "citizen_lookups" {
		t.Errorf("a card changed %q, want the row about the question alone", changed)
	}
	if strings.Contains(strings.Join(slices.Collect(maps.Values(after)), "\n"), citizenCNS.Clear()) {
		t.Error("the book names the citizen")
	}
}

// formDebts is a source that knows one debt, by its number and by a form.
type formDebts struct{ Debt }

func (d formDebts) LookupForm(context.Context, kiosk.Service, []kiosk.FormValue) ([]Debt, error) {
	return []Debt{d.Debt}, nil
}
func (d formDebts) Lookup(context.Context, kiosk.CreditorCode, kiosk.NoticeNumber) (Debt, error) {
	return d.Debt, nil
}
func (d formDebts) Activate(context.Context, LoanRequest) (Loan, error) {
	return Loan{}, errors.New("not asked for")
}
func (d formDebts) Outcome(context.Context, LoanOutcome) (kiosk.Closing, error) {
	return "", errors.New("not asked for")
}

// The notice that a source makes for a form is kept with its service, which its
// number alone does not tell, and nothing else: asking again changes nothing.
func TestASourceByFormIsAskedAgainAndAgain(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	src := formDebts{Debt{
		ID: "node-car", Creditor: tuscany, Notice: "302000000000009999", IUV: "02000000000009999", Subject: "Bollo", Amount: 18735, Status: kiosk.BillPayable,
	}}
	s.UseSource(src, tuscany)
	before := tables(t, s)
	ask := func() api.Found {
		f, err := s.LookupForm(t.Context(), form("toscana-bollo", "car", "AB123CD"))
		if err != nil || len(f.Bills) != 1 || f.Bills[0].Bill.Service != "toscana-bollo" || f.Bills[0].Fee != 187 {
			t.Fatalf("%+v, %v", f, err)
		}
		return f
	}
	first := ask()
	once := tables(t, s)
	if changed := differing(before, once); changed != "debts" {
		t.Errorf("changed %q", changed)
	}
	if again := ask(); fmt.Sprint(again) != fmt.Sprint(first) || differing(once, tables(t, s)) != "" {
		t.Errorf("asked again: %+v, changed %q", again, differing(once, tables(t, s)))
	}
	q, err := s.Lookup(t.Context(), api.NoticeSearch{Creditor: string(tuscany), Number: "302000000000009999"})
	if err != nil || q.Fee != 187 || q.Bill.Service != "toscana-bollo" {
		t.Errorf("by its number: %+v, %v", q, err)
	}
}

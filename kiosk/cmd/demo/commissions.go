package main

// What the played payments earned: the gateway's own report, to the cent.

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/catalogue"
	"github.com/tserve/jolly/test/rig"
)

// commissionsOut is the report's name in the out directory, without its ending.
const commissionsOut = "commissions"

// commissions has the gateway report what the payments of this play earned, and
// compares that with the kiosk's own book and the contracts of the catalogue.
func (p *player) commissions(ctx context.Context) error {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return fmt.Errorf("commissions: %w", err)
	}
	now := time.Now().In(rome) // a play over midnight has two days
	from, to := now.Add(-playLimit).Format(time.DateOnly), now.Format(time.DateOnly)
	for _, form := range []string{".csv", ".pdf"} {
		if err := p.rig.Report(ctx, "commissions", from, to, filepath.Join(p.out, commissionsOut+form)); err != nil {
			return err
		}
	}
	reported, err := readCommissions(filepath.Join(p.out, commissionsOut+".csv"))
	if err != nil {
		return err
	}
	all, err := catalogue.Load()
	if err != nil {
		return fmt.Errorf("commissions: %w", err)
	}
	owed, err := p.earned(ctx, all)
	if err != nil {
		return err
	}
	var wrong []error
	for who, want := range owed {
		if got := reported[who]; got != want {
			wrong = append(wrong, fmt.Errorf("%s: the report has %s, the payments make %s", who, got, want))
		}
		delete(reported, who)
	}
	for who, got := range reported {
		wrong = append(wrong, fmt.Errorf("%s: the report has %s, and nobody paid that", who, got))
	}
	if err := errors.Join(wrong...); err != nil {
		return fmt.Errorf("the commissions do not agree:\n%w", err)
	}
	fmt.Printf("\nThe gateway's report of commissions: €%s from citizens", owed["citizen"])
	for _, who := range slices.Sorted(maps.Keys(owed)) {
		if code, is := strings.CutPrefix(who, "creditor:"); is {
			fmt.Printf(", €%s from %s", owed[who], nameOf(all, code))
		}
	}
	fmt.Printf("; to the cent what the payments make. It is in %s.\n", filepath.Join(p.out, commissionsOut+".pdf"))
	return nil
}

func nameOf(all *kiosk.Catalogue, code string) string {
	for _, c := range all.Creditors {
		if string(c.Code) == code {
			return c.Name
		}
	}
	return code
}

// readCommissions sums the report by who pays.
func readCommissions(path string) (map[string]kiosk.Amount, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("commissions: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("commissions: read the report: %w", err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	sums := map[string]kiosk.Amount{}
	for _, row := range rows[1:] {
		a, err := kiosk.ParseCents(strings.Replace(row[at["amount"]], ".", "", 1))
		if err != nil {
			return nil, fmt.Errorf("commissions: %w", err)
		}
		sums[row[at["source"]]] += a
	}
	return sums, nil
}

// earned is what the kiosk's book and the contracts make of the payments.
func (p *player) earned(ctx context.Context, all *kiosk.Catalogue) (map[string]kiosk.Amount, error) {
	if err := rig.Settle(ctx, p.rig); err != nil {
		return nil, err
	}
	book, err := p.rig.Book(ctx)
	if err != nil {
		return nil, err
	}
	owed := map[string]kiosk.Amount{}
	for _, e := range book.Payments {
		if e.Outcome != kiosk.Charged {
			continue
		}
		owed["citizen"] += e.State.Fee()
		for _, l := range e.State.Cart.Bills() {
			if due := all.CircuitOf(l.Bill.Creditor); due > 0 {
				owed["creditor:"+string(l.Bill.Creditor)] += due
			}
		}
	}
	return owed, nil
}

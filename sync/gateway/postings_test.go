package gateway

// What reports are made of: on which day a charge was, and what belongs to nothing.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// A charge is of the day on which the card was charged, whoever told it when, in
// all three books, and it is of one day alone.
func TestAChargeIsOfTheDayOfTheCard(t *testing.T) {
	s, c := newBook(t)
	rome := s.Zone()
	midnight := time.Date(2026, 11, 23, 0, 0, 0, 0, rome)
	at := func(hours int) time.Time { return midnight.Add(time.Duration(hours) * time.Hour) }
	names, w := map[string]string{}, &writer{}
	activate := func(name, bill string) api.Activation {
		a := mustActivate(t, s, sample(t, bill))
		names[a.Payment] = name
		return a
	}
	told := func(kind kiosk.RowKind, a api.Activation, when time.Time, trusted bool, stan string) {
		t.Helper()
		charged := kiosk.Charged
		if kind == kiosk.RowDoubtful {
			charged = kiosk.Unknown
		}
		body := outcomeBody(kind, a, charged)
		body.Charge.STAN = stan
		w.at = when
		row := w.row(t, kind, body)
		row.ClockTrusted = trusted
		push(t, s, row)
	}

	night, lost := activate("told late", "meals"), activate("told late by a clock that is off", "tia")
	doubt, twice := activate("decided by the operator", "small"), activate("charged twice", "fine-reduced")
	echo := activate("decided, and told by the kiosk after that", "music-school")
	c.add(at(-2).Sub(c.now())) // 22:00
	told(kiosk.RowDoubtful, doubt, at(-3), true, "")
	told(kiosk.RowDoubtful, echo, at(-3), true, "")
	told(kiosk.RowPaid, twice, at(-3), true, "000006")
	c.add(12 * time.Hour) // 10:00 of the next day
	told(kiosk.RowPaid, night, at(-1), true, "000001")
	told(kiosk.RowPaid, lost, at(-100), true, "000002") // before the activation: its clock cannot be right
	told(kiosk.RowPaid, twice, at(9), true, "000007")   // parked, and the card was charged all the same
	for _, a := range []api.Activation{doubt, echo} {
		if err := s.Decide(t.Context(), a.Payment, Decision{Outcome: kiosk.Charged, STAN: "000042", By: "Rossi"}); err != nil {
			t.Fatal(err)
		}
	}
	// Another kiosk says that it charged a card for what is not its own.
	body := outcomeBody(kiosk.RowPaid, doubt, kiosk.Charged)
	body.Charge.STAN, body.Charge.TerminalID = "000042", "27182818"
	if _, err := s.Push(t.Context(), "pisa-001", []api.Row{(&writer{at: at(9)}).row(t, kiosk.RowPaid, body)}); err != nil {
		t.Fatal(err)
	}
	c.add(24 * time.Hour)
	told(kiosk.RowResolved, echo, c.now(), true, "")

	var got []string
	for day := -2; day < 4; day++ {
		err := s.EachCharge(t.Context(), at(24*day), at(24*day+24), func(x Charge) error {
			got = append(got, fmt.Sprintf("%s %s: %s told %t %s posted %t %s", x.At.In(rome).Format("02"), names[x.Payment], x.STAN, x.Told, x.Total, x.Posted, x.Booked))
			if x.Terminal != "31415926" || x.Kiosk != testKiosk {
				got[len(got)-1] += " by " + x.Kiosk
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(got)
	want := []string{
		"22 charged twice: 000006 told true 30.40 posted true 30.40",
		"22 decided by the operator: 000042 told false 0.00 posted true 3.00",
		"22 decided, and told by the kiosk after that: 000042 told true 151.00 posted true 151.00",
		"22 told late: 000001 told true 63.50 posted true 63.50",
		"23 charged twice: 000007 told true 30.40 posted false 0.00",
		"23 decided by the operator: 000042 told true 3.00 posted false 0.00 by pisa-001",
		"23 told late by a clock that is off: 000002 told true 42.20 posted true 42.20",
	}
	if !slices.Equal(got, want) {
		for _, line := range got {
			t.Log(line)
		}
		t.Errorf("want %q", want)
	}
}

// Whoever went around the book's own guards is found by the proof.
func TestStrayPostingsAreFound(t *testing.T) {
	s, _ := newBook(t)
	a := mustActivate(t, s, sample(t, "meals"))
	push(t, s, (&writer{at: s.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	strays := func() (all []string) {
		t.Helper()
		err := s.EachStray(t.Context(), func(p Posting) error {
			all = append(all, fmt.Sprintf("%s %s %s", p.Transaction, p.Account, p.Amount))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := strays(); len(all) != 0 {
		t.Errorf("a good book has %q", all)
	}
	unguarded(t, s, "INSERT INTO ledger_postings (transaction_id, position, legs, account, amount) VALUES ('x', 0, 2, 'refunds', 100), ('x', 1, 2, 'fee-revenue', -100)")
	if all := strays(); !slices.Equal(all, []string{"x refunds 1.00", "x fee-revenue -1.00"}) {
		t.Errorf("found %q", all)
	}
}

// unguarded runs a statement as somebody does who switched the references off.
func unguarded(t *testing.T, s *Store, statement string) {
	t.Helper()
	off, on := "PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"
	if folder, _ := s.engine.dialect(); folder == "postgres" {
		off, on = "SET session_replication_role = replica", "SET session_replication_role = DEFAULT"
	}
	conn, err := s.write.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, one := range []string{off, statement, on} {
		if _, err := conn.ExecContext(context.WithoutCancel(t.Context()), one); err != nil {
			t.Fatalf("%s: %v", one, err)
		}
	}
}

// What is due to creditors, bill by bill, follows the last word of a debt's owner.
func TestSettledBillsAreThoseOfTheLedger(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(LoanOutcome) (kiosk.Closing, error)
		want string
	}{
		"ok":                 {nil, "00104330493 node token 50.00 open false; 84006890481 debt token 62.50 open false"},
		"somebody else paid": {func(LoanOutcome) (kiosk.Closing, error) { return kiosk.ClosingDuplicate, nil }, "84006890481 debt token 62.50 open false"},
		"no word":            {func(LoanOutcome) (kiosk.Closing, error) { return "", ownerAlarm{"refused", true} }, "00104330493 node token 50.00 open true; 84006890481 debt token 62.50 open false"},
	} {
		s, clk, node := newLent(t)
		node.end = c.end
		a, _ := paidRemote(t, s)
		posted := s.now()
		tellAll(t, s, clk)
		var got []string
		read := func(from, to time.Time) error {
			return s.EachSettled(t.Context(), from, to, func(b Settled) error {
				what := "node"
				for _, bill := range a.Bills {
					if bill.Token == b.Token && bill.Iuv == b.IUV && bill.BillID == "debt-meals" {
						what = "debt"
					}
				}
				got = append(got, fmt.Sprintf("%s %s token %s open %t", b.Creditor, what, b.Amount, b.Open))
				return nil
			})
		}
		if err := read(posted.Add(-time.Hour), posted.Add(time.Hour)); err != nil {
			t.Error(name, err)
		}
		slices.Sort(got)
		if all := strings.Join(got, "; "); all != c.want {
			t.Errorf("%s: %s, want %s", name, all, c.want)
		}
		if err := read(posted.Add(time.Second), posted.Add(time.Hour)); err != nil || len(got) > strings.Count(c.want, ";")+1 {
			t.Errorf("%s: another time has %q, %v", name, got, err)
		}
		unguarded(t, s, "UPDATE payment_bills SET amount = 6251 WHERE debt = 'debt-meals'")
		if err := read(posted.Add(-time.Hour), posted.Add(time.Hour)); !errors.Is(err, ErrNotAsPosted) {
			t.Errorf("%s: a bill that is not as it was posted: %v", name, err)
		}
	}
}

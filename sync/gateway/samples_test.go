package gateway

// The papers: valid, and behaving as their table says.

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

func TestSamplesAreValidPapers(t *testing.T) {
	all, names := Samples(), map[string]bool{}
	if len(all) < 15 {
		t.Fatalf("%d samples", len(all))
	}
	for _, s := range all {
		if names[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		names[s.Name] = true
		var first, check int64
		if n, err := fmt.Sscanf(string(s.Notice), "%16d%2d", &first, &check); n != 2 || err != nil || len(s.Notice) != 18 || first%93 != check || s.Notice[0] != '3' {
			t.Errorf("%s: notice %s is not valid", s.Name, s.Notice)
		}
		if s.Creditor != silent && !luhn(s.Creditor) {
			t.Errorf("%s: creditor %s fails its check digit", s.Name, s.Creditor)
		}
		if want := fmt.Sprintf("PAGOPA|002|%s|%s|%d", s.Notice, s.Creditor, s.Paper.Cents()); s.QR != want {
			t.Errorf("%s: QR %q, want %q", s.Name, s.QR, want)
		}
	}
	if n := utf8.RuneCountInString(sample(t, "long-subject").Subject); n != 70 {
		t.Errorf("long subject has %d characters, want 70", n)
	}
}

func luhn(c kiosk.CreditorCode) bool {
	sum := 0
	for i := range len(c) {
		d := int(c[i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(c) == 11 && sum%10 == 0
}

// What the table of samples promises is what lookup and activation do.
func TestSamplesBehaveAsTheyPromise(t *testing.T) {
	for _, p := range Samples() {
		t.Run(p.Name, func(t *testing.T) {
			s, _ := newBook(t)
			q, err := s.Lookup(t.Context(), lookupOf(p))
			if p.Status == "" {
				wantRefusal(t, err, api.ProblemCode(p.Refusal))
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if q.Bill.Status != api.BillStatus(p.Status) || q.Bill.Amount != p.Amount.Cents() || q.Bill.Subject != p.Subject {
				t.Errorf("bill %+v, want %+v", q.Bill, p)
			}
			if p.Status == kiosk.BillPayable && q.Fee != 100 {
				t.Errorf("fee %d, want 100", q.Fee)
			}
			a, err := s.Activate(t.Context(), newID(t), wanted(p))
			if p.Refusal != "" {
				wantRefusal(t, err, api.ProblemCode(p.Refusal))
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if a.Bills[0].Amount != p.Asked.Cents() || a.Total != p.Asked.Cents()+100 || a.Fee != 100 || a.LifeSeconds != 1800 {
				t.Errorf("activation %+v, want amount %s", a, p.Asked)
			}
		})
	}
}

func TestLateBillCostsMoreThanItsPaper(t *testing.T) {
	s, _ := newBook(t)
	p := sample(t, "tari-late")
	if p.Paper != 8400 || p.Amount != 8640 {
		t.Fatalf("paper %s, owed %s", p.Paper, p.Amount)
	}
	q, err := s.Lookup(t.Context(), api.NoticeSearch{Number: string(p.Notice), Gln: pratoGLN})
	if err != nil {
		t.Fatal(err)
	}
	if !q.Bill.Late || q.Bill.Due != "2026-09-30" || q.Bill.Instalment != "rata 2 di 2" || q.Bill.CreditorName != "Comune di Prato" {
		t.Errorf("bill %+v", q.Bill)
	}
}

// The due day ends at midnight in Italy, not in Greenwich.
func TestLateBeginsAtItalianMidnight(t *testing.T) {
	s, c := newBook(t)
	p := sample(t, "small") // due tomorrow, 23 November
	late := func() bool {
		q, err := s.Lookup(t.Context(), lookupOf(p))
		if err != nil {
			t.Fatal(err)
		}
		return q.Bill.Late
	}
	c.add(37*60*60*1e9 + 59*60*1e9) // 23 November 22:59 UTC, 23:59 in Prato
	if late() {
		t.Error("late on the due day")
	}
	c.add(60 * 1e9)
	if !late() {
		t.Error("not late on the day after")
	}
}

func TestSeedingAgainChangesNothing(t *testing.T) {
	s, _ := newBook(t)
	p := sample(t, "meals")
	a := mustActivate(t, s, p)
	w := &writer{at: s.now()}
	push(t, s, w.outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := status(t, s, p); got != api.BillStatusPaid {
		t.Errorf("status %s after seeding again, want paid", got)
	}
}

// What a paper costs that names no service is its creditor's rule, at the lookup,
// with the lock, and in the book.
func TestAPaperHasTheFeeOfItsCreditor(t *testing.T) {
	s, _ := newBook(t)
	s.UseCatalogue(&kiosk.Catalogue{Version: "2026-11-22.1", Creditors: []kiosk.Creditor{{Code: pisa, Fee: kiosk.FeeRule{Cents: 220}}, {Code: prato}}})
	cart := []Sample{sample(t, "pisa-fine"), sample(t, "meals")}
	for i, want := range []int64{220, 100} {
		q, err := s.Lookup(t.Context(), lookupOf(cart[i]))
		if err != nil || q.Fee != want {
			t.Errorf("%s: fee %d, %v; want %d", cart[i].Name, q.Fee, err, want)
		}
	}
	a := mustActivate(t, s, cart...)
	if a.Fee != 320 || a.Bills[0].Fee != 220 || a.Bills[1].Fee != 100 || a.Total != cart[0].Asked.Cents()+cart[1].Asked.Cents()+320 {
		t.Errorf("%+v", a)
	}
	push(t, s, (&writer{at: s.now()}).outcome(t, kiosk.RowPaid, a, kiosk.Charged))
	if got := balances(t, s)["fee-revenue"]; got != -320 {
		t.Errorf("fees of %s", got)
	}
}

package gateway

// Activation: the lock, its repetition, its end.

import (
	"reflect"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

func TestActivationAgainGivesTheSameTokens(t *testing.T) {
	s, c := newBook(t)
	id, req := newID(t), wanted(sample(t, "meals"), sample(t, "pisa-fine"))
	first, err := s.Activate(t.Context(), id, req)
	if err != nil {
		t.Fatal(err)
	}
	c.add(20 * time.Minute)
	again, err := s.Activate(t.Context(), id, req)
	if err != nil {
		t.Fatal(err)
	}
	if again.LifeSeconds != 600 {
		t.Errorf("life %d s after 20 minutes, want what is left: 600", again.LifeSeconds)
	}
	again.LifeSeconds = first.LifeSeconds
	if !reflect.DeepEqual(first, again) {
		t.Errorf("again %+v, want %+v", again, first)
	}
	if first.Total != 6250+8540+200 || first.Fee != 200 || len(first.Bills) != 2 || first.Bills[0].Token == first.Bills[1].Token {
		t.Errorf("activation %+v", first)
	}
	for _, b := range first.Bills {
		if len(b.Token) < 1 || len(b.Token) > 35 || b.Fee != 100 || b.Iuv == "" {
			t.Errorf("bill %+v", b)
		}
	}
}

func TestSameIDWithAnotherBodyIsAConflict(t *testing.T) {
	s, _ := newBook(t)
	id := newID(t)
	if _, err := s.Activate(t.Context(), id, wanted(sample(t, "meals"))); err != nil {
		t.Fatal(err)
	}
	other := wanted(sample(t, "meals"))
	other.Kiosk = "prato-002"
	dearer := wanted(sample(t, "meals"))
	dearer.Bills[0].Amount++
	for name, req := range map[string]api.ActivationRequest{"bill": wanted(sample(t, "tia")), "kiosk": other, "amount": dearer} {
		_, err := s.Activate(t.Context(), id, req)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantRefusal(t, err, api.ProblemCodePaymentConflict)
	}
	if got := status(t, s, sample(t, "tia")); got != api.BillStatusPayable {
		t.Errorf("the other bill is %s", got)
	}
}

func TestExpiredActivationNeverGivesItsTokensAgain(t *testing.T) {
	s, c := newBook(t)
	id, p := newID(t), sample(t, "meals")
	if _, err := s.Activate(t.Context(), id, wanted(p)); err != nil {
		t.Fatal(err)
	}
	c.add(30 * time.Minute)
	_, err := s.Activate(t.Context(), id, wanted(p))
	wantRefusal(t, err, api.ProblemCodeActivationExpired)
	if got := status(t, s, p); got != api.BillStatusPayable {
		t.Errorf("bill is %s after the expiry", got)
	}
	retry := wanted(p)
	retry.Previous = id
	if _, err := s.Activate(t.Context(), newID(t), retry); err != nil {
		t.Errorf("a new payment after the expiry: %v", err)
	}
	_, err = s.Activate(t.Context(), id, wanted(p))
	wantRefusal(t, err, api.ProblemCodeActivationExpired)
}

func TestClosedActivationNeverGivesItsTokensAgain(t *testing.T) {
	for _, kind := range []kiosk.RowKind{kiosk.RowPaid, kiosk.RowNotPaid, kiosk.RowDoubtful} {
		t.Run(string(kind), func(t *testing.T) {
			s, _ := newBook(t)
			p := sample(t, "meals")
			a := mustActivate(t, s, p)
			w := &writer{at: s.now()}
			charge := kiosk.Charged
			if kind == kiosk.RowDoubtful {
				charge = kiosk.Unknown
			}
			push(t, s, w.outcome(t, kind, a, charge))
			_, err := s.Activate(t.Context(), a.Payment, wanted(p))
			wantRefusal(t, err, api.ProblemCodeActivationClosed)
		})
	}
}

func TestBillHeldByAnotherPaymentIsInPayment(t *testing.T) {
	s, c := newBook(t)
	p := sample(t, "meals")
	mustActivate(t, s, p)
	if got := status(t, s, p); got != api.BillStatusInPayment {
		t.Errorf("status %s", got)
	}
	other := wanted(p)
	other.Kiosk = "prato-002"
	_, err := s.Activate(t.Context(), newID(t), other)
	wantRefusal(t, err, api.ProblemCodeBillInPayment)
	c.add(30*time.Minute - time.Millisecond)
	_, err = s.Activate(t.Context(), newID(t), other)
	wantRefusal(t, err, api.ProblemCodeBillInPayment)
}

// A refused cart leaves nothing behind: the good bills can be paid at once.
func TestActivationIsAllOrNothing(t *testing.T) {
	for _, bad := range []string{"paid", "expired", "revoked", "in-payment", "in-verification", "unknown", "creditor-unknown", "too-large"} {
		t.Run(bad, func(t *testing.T) {
			s, _ := newBook(t)
			good := sample(t, "meals")
			id := newID(t)
			_, err := s.Activate(t.Context(), id, wanted(good, sample(t, bad)))
			wantRefusal(t, err, api.ProblemCode(sample(t, bad).Refusal))
			if got := status(t, s, good); got != api.BillStatusPayable {
				t.Errorf("the good bill is %s", got)
			}
			if _, err := s.Activate(t.Context(), id, wanted(good)); err != nil {
				t.Errorf("the id of a refused activation cannot be used again: %v", err)
			}
		})
	}
}

func TestCartWithTheSameBillTwiceIsRefused(t *testing.T) {
	s, _ := newBook(t)
	_, err := s.Activate(t.Context(), newID(t), wanted(sample(t, "meals"), sample(t, "meals")))
	wantRefusal(t, err, api.ProblemCodeRequestInvalid)
}

// The bill's id, number and creditor must be of one debt: a kiosk cannot pay
// one bill while it shows another.
func TestBillIDMustBeThatOfItsNotice(t *testing.T) {
	s, _ := newBook(t)
	req := wanted(sample(t, "meals"))
	req.Bills[0].BillID = "debt-small"
	_, err := s.Activate(t.Context(), newID(t), req)
	wantRefusal(t, err, api.ProblemCodeBillUnknown)
}

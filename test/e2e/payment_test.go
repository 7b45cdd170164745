//go:build e2e

package e2e

// The payment that goes well, scanned and typed, and the papers that come out.

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/test/rig"
)

// On the panel in its full size, upright and lying.
func TestWholePayment(t *testing.T) {
	for _, landscape := range []bool{false, true} {
		t.Run(map[bool]string{false: "portrait", true: "landscape"}[landscape], func(t *testing.T) {
			t.Parallel()
			s := open(t, rig.Options{Landscape: landscape, Scale: 1})
			s.start()
			s.wholePayment()
		})
	}
}

func (s *site) wholePayment() {
	paper, err := s.Paper("fine-reduced")
	s.ok(err)
	total := paper.Sample.Amount + 100

	s.touch("lang-en", "attract")
	s.touch("lang-it", "attract")
	s.touch("choice-notice", "scan")
	bill := s.scan("fine-reduced", "bill")
	s.says(bill, paper.Sample.Subject, "Comune di Prato", euro(paper.Sample.Amount), paper.Sample.Notice.Grouped())
	confirm := s.touch("continue", "confirm")
	s.says(confirm, euro(total))
	s.touch(rig.PayAction, "terminal")
	s.ok(s.AwaitCardWanted(s.ctx))
	s.ok(s.InsertCard("bancomat"))
	s.says(s.page("paid"), euro(total))
	s.touch("choice-paper", "thanks")
	s.leave("continue", "attract")

	book := s.settled()
	s.wantApproved(1)
	if len(book.Payments) != 1 || book.Payments[0].Step != payment.StepClosed || book.Payments[0].Total != total {
		s.Fatalf("the kiosk's book: %+v", book.Payments)
	}
	s.wantPapers(true)
	s.wantReceipt(book.Payments[0].ID, book.Payments[0].STAN, euro(total))
	s.wantRow(book, kiosk.RowPaid, kiosk.RowReceiptDone)
}

// wantPapers wants papers in this order, whole or not.
func (s *site) wantPapers(whole ...bool) {
	s.Helper()
	papers := s.Prints()
	if len(papers) != len(whole) {
		s.Fatalf("%d papers came out, want %d: %+v", len(papers), len(whole), papers)
	}
	for i, p := range papers {
		if p.Whole != whole[i] {
			s.Errorf("paper %d: whole %v (%s), want %v", p.Number, p.Whole, p.Reason, whole[i])
		}
	}
}

// wantReceipt wants facts in the words of the newest receipt.
func (s *site) wantReceipt(facts ...string) {
	s.Helper()
	files, err := s.Receipts()
	s.ok(err)
	if len(files) == 0 {
		s.Fatal("the kiosk kept no receipt")
	}
	out, err := exec.CommandContext(s.ctx, "pdftotext", "-layout", files[len(files)-1], "-").Output()
	s.ok(err)
	text := squeeze(string(out))
	for _, f := range facts {
		if !strings.Contains(text, squeeze(f)) {
			s.Errorf("the receipt does not say %q:\n%s", f, out)
		}
	}
}

// squeeze takes all space away: long values are broken over lines.
func squeeze(text string) string {
	return strings.NewReplacer("\u00a0", "", "\u202f", "").Replace(strings.Join(strings.Fields(text), ""))
}

// wantRow wants the outbox to hold rows of these kinds, in any order, and no others.
func (s *site) wantRow(b rig.Book, kinds ...kiosk.RowKind) {
	s.Helper()
	want := map[kiosk.RowKind]int{}
	for _, k := range kinds {
		want[k]++
	}
	for _, r := range b.Rows {
		want[r.Kind]--
	}
	for k, n := range want {
		if n != 0 {
			s.Errorf("rows of kind %s: %d missing (negative: too many) of %v", k, n, kinds)
		}
	}
}

func TestTypedNotice(t *testing.T) {
	t.Parallel()
	s := ready(t)
	paper, err := s.Paper("tia")
	s.ok(err)
	number, creditor := string(paper.Sample.Notice), string(paper.Sample.Creditor)
	s.touch("choice-notice", "scan")
	s.touch("choice-type", "keypad-notice")

	// Two digits exchanged: the check digits do not hold, and the page asks gently.
	wrong := number[:16] + string(number[17]) + string(number[16])
	s.ok(s.Hand.Type(s.ctx, wrong))
	s.touch("continue", "typed-doubt")
	s.touch("fix", "keypad-notice")
	for range 2 {
		_, err := s.Hand.Touch(s.ctx, "key-erase")
		s.ok(err)
	}
	s.ok(s.Hand.Type(s.ctx, number[16:]))
	s.touch("continue", "keypad-creditor")
	s.ok(s.Hand.Type(s.ctx, creditor))
	bill := s.touch("continue", "bill")
	s.says(bill, paper.Sample.Subject, euro(paper.Sample.Amount))
	s.touch("continue", "confirm")
	s.touch(rig.PayAction, "terminal")
	s.ok(s.AwaitCardWanted(s.ctx))
	s.ok(s.InsertCard("credit"))
	s.page("paid")
	s.touch("choice-screen", "receipt-screen")
	s.ok(s.Hand.Turn(s.ctx, "continue")) // a long one has parts
	s.touch("continue", "thanks")
	s.settled()
	s.wantApproved(1)
	s.wantPapers()
}

func TestCartOfTwoCreditors(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.toConfirm("meals")
	s.scan("pisa-fine", "bill")
	confirm := s.touch("continue", "confirm")
	s.says(confirm, "Comune di Prato", "Comune di Pisa", euro(14990))
	s.touch(rig.PayAction, "terminal")
	s.ok(s.AwaitCardWanted(s.ctx))
	s.ok(s.InsertCard("bancomat"))
	s.page("paid")
	s.touch("choice-paper", "thanks")
	book := s.settled()
	s.wantApproved(1)
	if n := book.Payments[0].State.Cart.Count; n != 2 {
		s.Errorf("the payment has %d bills, want 2", n)
	}
	s.wantReceipt("Comune di Prato", "Comune di Pisa", euro(14990))
}

func TestAmountChangedAtActivation(t *testing.T) {
	t.Parallel()
	s := ready(t)
	paper, err := s.Paper("amount-changes")
	s.ok(err)
	asked := paper.Sample.Asked + 100

	// The citizen does not agree: nothing is held, nothing is charged.
	s.toConfirm("amount-changes")
	s.says(s.touch(rig.PayAction, "changed"), euro(asked))
	s.touch("back", "scan")
	book := s.settled()
	if e := book.Payments[0]; e.Step != payment.StepDropped || e.State.Reason != payment.ReasonNotAgreed {
		s.Errorf("the payment that was not agreed to: %s, %s", e.Step, e.State.Reason)
	}
	s.wantApproved(0)

	// The next one agrees, and is charged the new amount.
	s.toConfirm("amount-changes")
	s.touch(rig.PayAction, "changed")
	s.touch(rig.PayAction, "terminal")
	s.ok(s.AwaitCardWanted(s.ctx))
	s.ok(s.InsertCard("bancomat"))
	s.says(s.page("paid"), euro(asked))
	s.settled()
	s.wantApproved(1)
	if got := s.Charges()[0].Amount; got != asked.Cents() {
		s.Errorf("charged %d cents, want %d", got, asked.Cents())
	}
}

// Without a paper: the car tax by its plate, typed on the alphabet.
func TestCarTaxByPlate(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.touch("choice-services", "services")
	s.touch("group-auto", "services-auto")
	s.touch("service-toscana-bollo", "form-vehicle")
	s.touch("option-0", "form-plate")
	s.ok(s.Hand.Type(s.ctx, "AB123CE"))
	s.touch("continue", "refused") // nothing is owed for it
	s.touch("fix", "form-plate")
	s.touch("key-erase", "form-plate")
	s.touch("key-D", "form-plate")
	s.touch("continue", "bill")
	s.touch("continue", "confirm")
}

//go:build e2e

package e2e

// What ends before money: papers that cannot be paid, citizens who leave, banks that say no.

import (
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/payment"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
	"github.com/tserve/jolly/test/rig"
)

func problemTitle(code kiosk.Code) string {
	return i18n.T(kiosk.Italian, "problem_"+string(code)+"_title", nil)
}

func TestPapersThatCannotBePaid(t *testing.T) {
	t.Parallel()
	s := ready(t)
	tests := []struct {
		paper string
		code  kiosk.Code
	}{
		{"paid", kiosk.CodeBillPaid},
		{"expired", kiosk.CodeBillExpired},
		{"revoked", kiosk.CodeBillRevoked},
		{"in-payment", kiosk.CodeBillInPayment},
		{"in-verification", kiosk.CodeBillInVerification},
		{"unknown", kiosk.CodeBillUnknown},
		{"creditor-unknown", kiosk.CodeCreditorUnknown},
		{"creditor-silent", kiosk.CodeCreditorSilent},
		{"other-version", kiosk.CodeNoticeVersion},
		{"web-address", kiosk.CodeNoticeURL},
		{"shop", kiosk.CodeNoticeShop},
	}
	for _, tt := range tests {
		refused := s.scan(tt.paper, "refused")
		if want := problemTitle(tt.code); refused.Title != want {
			s.Errorf("%s: the page says %q, want %q", tt.paper, refused.Title, want)
		}
		s.exit()
	}
	s.ok(s.ScanTorn("tia"))
	if p := s.page("refused"); p.Title != problemTitle(kiosk.CodeNoticeTorn) {
		s.Errorf("torn: the page says %q", p.Title)
	}
	s.exit()
	if b := s.book(); len(b.Payments) != 0 || len(b.Rows) != 0 {
		s.Errorf("papers that cannot be paid left %+v", b)
	}
}

func TestTotalTooLargeForACard(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.scan("too-large", "bill")
	if p := s.touch("continue", "refused"); p.Title != problemTitle(kiosk.CodeTotalTooLarge) {
		s.Errorf("the page says %q", p.Title)
	}
	if b := s.book(); len(b.Payments) != 0 {
		s.Errorf("a total that no card can carry began a payment: %+v", b.Payments)
	}
}

func TestCancelAtEachPage(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.touch("choice-notice", "scan")
	s.exit()
	s.touch("choice-type", "keypad-notice")
	s.ok(s.Hand.Type(s.ctx, "302"))
	s.exit()
	s.scan("tia", "bill")
	s.exit()
	s.toConfirm("tia")
	s.exit()
	if b := s.book(); len(b.Payments) != 0 {
		s.Errorf("nobody paid, yet there are payments: %+v", b.Payments)
	}

	// At the terminal it is the red key.
	s.toCard("tia")
	p := s.page("terminal")
	if a, ok := p.Action("help-exit"); ok && !a.Disabled {
		s.Error("the terminal works, and the page offers to leave")
	}
	s.ok(s.PressRed())
	s.page("declined")
	s.touch("back", "attract")
	book := s.settled()
	s.wantApproved(0)
	if e := book.Payments[0]; e.Outcome != kiosk.Refused || e.State.Reason != payment.ReasonDeclined {
		s.Errorf("after the red key: %s %s %s", e.Step, e.Outcome, e.State.Reason)
	}
	s.wantRow(book, kiosk.RowNotPaid)
}

func TestDeclinedThenAnotherCard(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.toCard("meals")
	s.ok(s.InsertCard("empty"))
	s.says(s.page("declined"), "FONDI INSUFFICIENTI")
	s.wantApproved(0)
	s.touch("retry", "confirm")
	s.touch(rig.PayAction, "terminal")
	s.ok(s.AwaitCardWanted(s.ctx))
	s.ok(s.InsertCard("bancomat"))
	s.page("paid")
	book := s.settled()
	s.wantApproved(1)
	if len(book.Payments) != 2 || string(book.Payments[1].State.Previous) != book.Payments[0].ID {
		s.Errorf("want a second payment that names the first: %+v", book.Payments)
	}
	s.wantRow(book, kiosk.RowNotPaid, kiosk.RowPaid)
}

func TestTerminalThatDoesNotWork(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.toConfirm("meals")
	s.ok(s.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.NotOperative}))
	s.touch(rig.PayAction, "refused")
	s.settled()
	s.wantApproved(0)
}

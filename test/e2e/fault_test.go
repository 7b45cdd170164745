//go:build e2e

package e2e

// Faults around money: network, paper, the line to the terminal.

import (
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/test/rig"
)

func TestNetworkCutBeforeMoney(t *testing.T) {
	t.Parallel()
	s := ready(t)

	// At the lookup: say so, offer to try again.
	s.Gate.Add(rig.Rule{Match: "POST /v1/lookup", Network: rig.NetworkCut})
	if p := s.scan("small", "refused"); p.Title != problemTitle(kiosk.CodeGatewayOffline) {
		s.Errorf("the page says %q", p.Title)
	}
	s.Gate.Open()
	s.touch("retry", "bill")
	s.touch("continue", "confirm")

	// At the activation: the request arrives, its answer does not. Nothing is charged and nothing stays held.
	s.Gate.Add(rig.Rule{Match: "PUT /v1/payments", Network: rig.NetworkSwallow})
	s.touch(rig.PayAction, "refused")
	s.Gate.Open()
	book := s.settled()
	s.wantApproved(0)
	e := book.Payments[len(book.Payments)-1]
	if e.Step != payment.StepDropped || e.State.Reason != payment.ReasonUnanswered {
		s.Errorf("the payment whose activation was not answered: %s %s", e.Step, e.State.Reason)
	}
	s.wantRow(book, kiosk.RowNotPaid)
	s.exit()

	// So the bill can be paid.
	s.pay("small", "paid")
	s.settled()
	s.wantApproved(1)
}

func TestNetworkCutAfterMoney(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.toCard("music-school")
	s.Gate.Set(rig.NetworkCut)
	s.ok(s.InsertCard("bancomat"))
	paid := s.page("paid")
	s.says(paid, words("paid_pending_strong"))
	s.touch("choice-paper", "thanks")
	s.wantApproved(1)
	s.wantReceipt("ADDEBITO ESEGUITO")
	if n := s.book().Pending(); n == 0 {
		s.Error("the network is cut and nothing waits for delivery")
	}
	s.Gate.Open()
	book := s.settled()
	s.wantRow(book, kiosk.RowPaid, kiosk.RowReceiptDone)
}

func TestAnswersOfTheDeliverySwallowed(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.Gate.Add(rig.Rule{Match: "POST /v1/transactions", Network: rig.NetworkSwallow, Count: 3})
	s.pay("small", "paid")
	book := s.settled()
	s.wantApproved(1)
	s.wantRow(book, kiosk.RowPaid)
}

func TestPaperOutBeforePaying(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.printer("pull", 0)
	s.until("the kiosk sees that there is no paper", func() bool {
		p, err := s.Hand.Look(s.ctx)
		return err == nil && p.Says(words("noprinter_strong"))
	})
	s.toConfirm("small")
	s.touch(rig.PayAction, "printer-out")
	s.touch("back", "confirm")
	s.touch(rig.PayAction, "printer-out")
	s.touch(rig.PayAction, "terminal")
	s.ok(s.AwaitCardWanted(s.ctx))
	s.ok(s.InsertCard("bancomat"))
	p := s.page("paid")
	if a, ok := p.Action("choice-paper"); ok && !a.Disabled {
		s.Error("there is no paper, and the page offers it")
	}
	s.touch("choice-phone", "receipt-qr")
	s.touch("continue", "thanks")
	s.settled()
	s.wantApproved(1)
	s.wantPapers()
}

// With either printer: the torn paper is never finished, the receipt comes again
// from its start, and what an IPP printer was sent is the receipt that is kept.
func TestPaperOutInMidPrint(t *testing.T) {
	for _, kind := range rig.Printers() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := open(t, rig.Options{Printer: kind})
			s.start()
			s.pay("small", "paid")
			s.printer("pull-after", 300)
			failed := s.touch("choice-paper", "print-failed")
			for _, way := range []string{"choice-phone", "choice-screen", "choice-none"} {
				if a, ok := failed.Action(way); !ok || a.Disabled {
					s.Errorf("the page does not offer %s", way)
				}
			}
			s.printer("refill", 0)
			s.touch("choice-again", "thanks")
			book := s.settled()
			s.wantPapers(false, true)
			s.wantApproved(1)
			s.wantRow(book, kiosk.RowPaid, kiosk.RowReceiptFailed, kiosk.RowReceiptDone)
			s.wantReceipt(book.Payments[0].ID, book.Payments[0].STAN)
		})
	}
}

// Without paper the receipt is on the phone, on the screen, and under a code.
func TestReceiptWithoutPaper(t *testing.T) {
	t.Parallel()
	s := open(t, rig.Options{Printer: rig.PrinterIPP})
	s.start()
	s.pay("small", "paid")
	s.printer("pull-after", 300)
	s.touch("choice-paper", "print-failed")
	ref := s.settled().Payments[0].Ref
	s.says(s.touch("choice-phone", "receipt-qr"), ref)
	s.touch("back", "paid")
	s.says(s.touch("choice-screen", "receipt-screen"), ref)
	s.touch("back", "paid")
	s.says(s.touch("choice-none", "thanks"), ref)
	s.wantPapers(false)
	s.wantApproved(1)
}

func TestConfirmationOfThePaperLost(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.pay("small", "paid")
	s.printer("lose-confirmation", 0)
	p := s.touch("choice-paper", "print-failed")
	if p.Title != words("printunknown_title") {
		s.Errorf("the page says %q", p.Title)
	}
	s.touch("choice-yes", "thanks")
	s.settled()
	s.wantPapers(true)
	s.wantApproved(1)
}

func TestLineLostAfterApproval(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.terminal(terminalsim.DropAfter)
	s.toCard("meals")
	s.ok(s.InsertCard("bancomat"))
	s.page("doubtful", "paid", "concluding")
	book := s.settled()
	s.wantApproved(1)
	if e := book.Payments[0]; e.Outcome != kiosk.Charged {
		s.Errorf("the terminal remembers the charge, the kiosk's book says %q", e.Outcome)
	}
}

func TestTerminalGoneAfterApproval(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.LoseTerminalAfterApproval()
	s.toCard("meals")
	s.ok(s.InsertCard("bancomat"))
	s.page("doubtful")
	s.wantApproved(1)
	s.touch("choice-paper", "thanks")
	s.leave("continue", "attract", "out-of-service")
	s.wantReceipt("CORSO DI VERIFICA", "NON PAGARE DI NUOVO")
	s.wantPapers(true)

	// The gateway keeps the bill locked; the kiosk takes no further card.
	var id string
	s.until("the gateway knows the doubt", func() bool {
		b, err := s.Book(s.ctx)
		if err != nil || len(b.Payments) != 1 {
			return false
		}
		id = b.Payments[0].ID
		e, err := s.Ledger(s.ctx, id)
		return err == nil && e.State == api.PaymentStateInVerification
	})
	s.page("out-of-service")

	// The terminal is back and remembers.
	s.ok(s.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Approve}))
	s.page("attract")
	book := s.settled()
	s.wantApproved(1)
	if e := book.Payments[0]; e.Outcome != kiosk.Charged || e.Step != payment.StepClosed {
		s.Errorf("the doubt ended as %s %s, want charged and closed", e.Outcome, e.Step)
	}
	s.wantRow(book, kiosk.RowDoubtful, kiosk.RowResolved, kiosk.RowReceiptDone)
}

func TestLineLostBeforeApproval(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.terminal(terminalsim.DropBefore)
	s.toCard("meals")
	s.ok(s.InsertCard("bancomat"))
	s.page("declined", "refused", "doubtful")
	s.settled()
	s.wantApproved(0)
}

func TestLateAnswerCounts(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok(s.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Late, Delay: 8 * time.Second, Times: 1}))
	s.toCard("meals")
	s.ok(s.InsertCard("bancomat"))
	// Codes and touches change nothing while the terminal works.
	s.ok(s.ScanPaper("small"))
	s.until("the charge", func() bool { return s.approved() == 1 })
	s.page("paid")
	s.settled()
	s.wantApproved(1)
}

package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/screen"
)

const paperQR = "PAGOPA|002|302000000000004232|84006890481|8640"

// kioskOf runs a runner over the fakes inside a bubble of fake time.
type kioskOf struct {
	*house
	r     *Runner
	stop  context.CancelFunc
	ended chan error
}

func run(t *testing.T, h *house) *kioskOf { return runClosing(t, h, CloseTime{}) }

// runClosing runs a kiosk that closes its terminal's day at a time.
func runClosing(t *testing.T, h *house, at CloseTime) *kioskOf {
	t.Helper()
	return runWith(t, h, at, slog.New(slog.DiscardHandler), func(*Devices) {})
}

// runWith runs a kiosk with other devices than the usual.
func runWith(t *testing.T, h *house, at CloseTime, log *slog.Logger, change func(*Devices)) *kioskOf {
	t.Helper()
	return runAll(t, h, at, log, nil, change)
}

// runHeard runs a kiosk that waits for its gateway.
func runHeard(t *testing.T, h *house, heard func() bool) *kioskOf {
	t.Helper()
	return runAll(t, h, CloseTime{}, slog.New(slog.DiscardHandler), heard, func(*Devices) {})
}

func runAll(t *testing.T, h *house, at CloseTime, log *slog.Logger, heard func() bool, change func(*Devices)) *kioskOf {
	t.Helper()
	n := 0
	cfg := Config{
		House:   screen.House{Kiosk: "PO-001", Place: "Biblioteca", Body: "Comune di Prato", PublicURL: "http://g", Scanner: page.Right, Terminal: page.Below, Printer: page.Below},
		CloseAt: at, Location: time.UTC, Heard: heard,
		NewID: func() kiosk.PaymentID { n++; return kiosk.PaymentID(fmt.Sprintf("pay-%d", n)) },
	}
	dev := Devices{
		Gateway: h, Journal: h, Terminal: term{h}, Printer: paperFake{h}, Scanner: scanFake{h},
		Pusher: pushFake{h, make(chan struct{}, 1)}, Screen: h, Clock: h, Till: term{h}, Days: h,
	}
	if h.reports != nil {
		dev.Reports = h.reports
	}
	change(&dev)
	k := &kioskOf{house: h, r: New(cfg, dev, log), ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	k.stop = cancel
	go func() { k.ended <- k.r.Run(ctx) }()
	synctest.Wait()
	return k
}

func (k *kioskOf) end() {
	k.stop()
	<-k.ended
}

// touch releases a finger on an action of the page that is shown.
func (k *kioskOf) touch(id string) {
	k.t.Helper()
	p := k.page()
	a, ok := p.Find(id)
	if !ok {
		k.t.Fatalf("page %q has no action %q", p.Name, id)
	}
	k.r.Touch(page.Touch{Serial: p.Serial, Action: a})
	synctest.Wait()
}

func (k *kioskOf) scan(text string) {
	k.scanned(kiosk.ScannedCode{AIM: "Q1", Text: text})
	synctest.Wait()
}

func (k *kioskOf) wantPage(name string) {
	k.t.Helper()
	if got := k.page().Name; got != name {
		k.t.Fatalf("page %q, want %q (did: %s)", got, name, strings.Join(k.done(), ", "))
	}
}

// toPay scans, looks and presses the paying button.
func (k *kioskOf) toPay() {
	k.t.Helper()
	k.wantPage("attract")
	k.scan(paperQR)
	k.wantPage("bill")
	k.touch("continue")
	k.wantPage("confirm")
	k.touch("pay")
}

// The order of a payment is the order of the journal: each step durable before
// the next thing begins, the result before the acknowledgement (money rule 2).
func TestOrderOfAPayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := run(t, newHouse(t))
		k.toPay()
		k.wantPage("paid")
		k.touch("choice-paper")
		k.wantPage("thanks")
		want := []string{
			"save prepared", "activate", "save activated", "baseline", "save charging", "charge 87.40",
			"save result with payment.paid", "ack", "push payment.paid", "save closed", "print receipt PO-001-000007", "append receipt.printed",
		}
		got := k.done()
		if fmt.Sprint(sorted(got)) != fmt.Sprint(sorted(want)) {
			t.Errorf("did\n %s\nwant\n %s", strings.Join(k.done(), "\n "), strings.Join(want, "\n "))
		}
		inOrder(t, k.done(), want[:7])
		inOrder(t, k.done(), []string{"save result with payment.paid", "ack"})
		inOrder(t, k.done(), []string{"save result with payment.paid", "push payment.paid", "save closed", "print receipt PO-001-000007"})
		k.end()
	})
}

func sorted(s []string) []string { s = slices.Clone(s); slices.Sort(s); return s }

// inOrder fails unless all of want are in did, in that order.
func inOrder(t *testing.T, did, want []string) {
	t.Helper()
	at := 0
	for _, w := range want {
		i := slices.Index(did[at:], w)
		if i < 0 {
			t.Fatalf("%q is missing after %v in\n %s", w, want[:slices.Index(want, w)], strings.Join(did, "\n "))
		}
		at += i + 1
	}
}

// A result that cannot be recorded is not acknowledged, and card sales stop.
func TestAResultThatCannotBeRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.saveErr[payment.StepResult] = errDisk
		k := run(t, h)
		k.toPay()
		k.wantPage("doubtful")
		inOrder(t, k.done(), []string{"save result fails", "ack withheld"})
		if slices.Contains(k.done(), "ack") {
			t.Error("acknowledged")
		}
		k.touch("help-exit")
		k.wantPage("out-of-service")
		k.end()
	})
}

// Card sales stop only as long as they must: what could not be saved is saved
// when there is room again, and nothing is charged for it then.
func TestRoomAgainInTheJournal(t *testing.T) {
	for _, c := range []struct {
		step payment.Journal
		page string // what the citizen saw
		want []string
	}{
		{payment.StepPrepared, "refused", []string{"save prepared fails", "save prepared", "save dropped"}},
		{payment.StepActivated, "refused", []string{"save activated fails", "save activated", "save dropped with payment.not-paid", "push payment.not-paid"}},
		{payment.StepCharging, "refused", []string{"save charging fails", "save charging", "save dropped with payment.not-paid", "push payment.not-paid"}},
		{payment.StepResult, "doubtful", []string{"charge 87.40", "save result fails", "ack withheld", "save result with payment.paid", "push payment.paid", "save closed"}},
	} {
		t.Run(string(c.step), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				h.saveErr[c.step] = errDisk
				k := run(t, h)
				k.toPay()
				k.wantPage(c.page)
				k.hasProblem(health.ProblemJournal, true)
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				k.wantPage("out-of-service")
				h.diskIs(c.step, nil)
				time.Sleep(75 * time.Second)
				synctest.Wait()
				k.wantPage("attract")
				k.hasProblem(health.ProblemJournal, false)
				inOrder(t, k.done(), c.want)
				before := charges(k.done())
				k.toPay()
				k.wantPage("paid")
				if n := charges(k.done()) - before; n != 1 {
					t.Errorf("%d charges for the next payment: %v", n, k.done())
				}
				k.end()
			})
		})
	}
}

func charges(did []string) (n int) {
	for _, d := range did {
		if strings.HasPrefix(d, "charge ") {
			n++
		}
	}
	return n
}

func (k *kioskOf) hasProblem(code health.ProblemCode, want bool) {
	k.t.Helper()
	var all []health.Problem
	if !k.r.Ask(k.t.Context(), func(v View) { all = v.Problems }) {
		k.t.Fatal("the loop has ended")
	}
	if got := slices.ContainsFunc(all, func(p health.Problem) bool { return p.Code == code }); got != want {
		k.t.Errorf("problem %s: %t, want %t: %v", code, got, want, all)
	}
}

// A journal that cannot be read holds up card sales and the terminal's day until
// it can: a charge of which nobody knows may be open in it.
func TestAJournalThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.unreadable, h.total = errDisk, 100
		h.resolve = func() (kiosk.ChargeResult, error) { return h.result, nil }
		cart := kiosk.Cart{}.With(kiosk.Quote{Bill: testBill, Fee: 100})
		h.unfinished = []payment.State{{ID: "old", Ref: "AAAA-22", Cart: cart, Agreed: 8740, Phase: payment.Arming, Step: payment.StepCharging}}
		k := runClosing(t, h, CloseTime{On: true, Minute: 10})
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		k.wantPage("out-of-service")
		k.hasProblem(health.ProblemJournal, true)
		if _, err := k.r.CloseDay(t.Context()); !errors.Is(err, ErrNotNow) {
			t.Errorf("closing by hand: %v", err)
		}
		if did := k.done(); slices.Contains(did, "close") || slices.Contains(did, "resolve") {
			t.Errorf("did %v", did)
		}
		h.mu.Lock()
		h.unreadable = nil
		h.mu.Unlock()
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		k.wantPage("attract")
		k.hasProblem(health.ProblemJournal, false)
		inOrder(t, k.done(), []string{"resolve", "save result with payment.paid"})
		k.end()
	})
}

// The citizen who walks away while the terminal works cancels nothing.
func TestWalkingAwayWhileTheTerminalWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.charging = make(chan struct{})
		k := run(t, h)
		k.toPay()
		k.wantPage("terminal")
		time.Sleep(140 * time.Second) // fake time: far beyond every idle box
		synctest.Wait()
		k.wantPage("terminal")
		close(h.charging)
		synctest.Wait()
		k.wantPage("paid")
		time.Sleep(200 * time.Second)
		synctest.Wait()
		k.wantPage("attract")
		inOrder(t, k.done(), []string{"save result with payment.paid", "ack"})
		inOrder(t, k.done(), []string{"save result with payment.paid", "save closed"})
		k.end()
	})
}

// Walking away before the card frees what the gateway holds.
func TestWalkingAwayBeforeTheCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.activation = func(_ kiosk.PaymentID, c kiosk.Cart) (kiosk.Activation, error) {
			a := kiosk.Activation{Count: 1, Fee: 100, Life: 30 * kiosk.Minute, Token: "abc"}
			a.Bills[0] = kiosk.ActivatedBill{BillID: "d1", Amount: 8700, Fee: 100, Token: "tok"}
			return a, nil
		}
		k := run(t, h)
		k.toPay()
		k.wantPage("changed")
		time.Sleep(115 * time.Second)
		synctest.Wait()
		k.wantPage("attract")
		inOrder(t, k.done(), []string{"save activated", "save dropped with payment.not-paid", "push payment.not-paid"})
		if slices.Contains(k.done(), "baseline") {
			t.Error("the terminal was asked")
		}
		k.end()
	})
}

// No answer to the activation: asked once more with the same id, then dropped with a row.
func TestAnActivationWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.activation = func(kiosk.PaymentID, kiosk.Cart) (kiosk.Activation, error) {
			return kiosk.Activation{}, kiosk.Errorf(kiosk.CodeGatewayOffline, "activate", "reset by peer")
		}
		k := run(t, h)
		k.toPay()
		k.wantPage("refused")
		inOrder(t, k.done(), []string{"activate", "activate", "save dropped with payment.not-paid"})
		k.end()
	})
}

// Trying again is a new payment, linked to the old one.
func TestTryingAgainIsANewPayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.result = kiosk.ChargeResult{Outcome: kiosk.Refused, Reason: "CARTA RIFIUTATA"}
		k := run(t, h)
		k.toPay()
		k.wantPage("declined")
		k.touch("retry")
		k.wantPage("confirm")
		h.mu.Lock()
		h.result = kiosk.ChargeResult{Outcome: kiosk.Charged, Amount: 8740, STAN: "000043"}
		h.mu.Unlock()
		k.touch("pay")
		k.wantPage("paid")
		inOrder(t, k.done(), []string{"save result with payment.not-paid", "save prepared", "activate", "previous pay-1", "save result with payment.paid"})
		k.end()
	})
}

func TestATerminalThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.chargeErr = kiosk.Errorf(kiosk.CodeTerminalOffline, "charge", "refused")
		k := run(t, h)
		k.toPay()
		k.wantPage("refused")
		inOrder(t, k.done(), []string{"save charging", "save dropped with payment.not-paid"})
		k.end()
	})
}

// A charge that was under way when the kiosk died is resolved before the first citizen.
func TestRecoveryBeforeTheFirstCitizen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		asked := make(chan struct{})
		h.resolve = func() (kiosk.ChargeResult, error) { <-asked; return h.result, nil }
		cart := kiosk.Cart{}.With(kiosk.Quote{Bill: testBill, Fee: 100})
		h.unfinished = []payment.State{{ID: "old", Ref: "AAAA-22", Cart: cart, Agreed: 8740, Phase: payment.Arming, Step: payment.StepCharging}}
		k := run(t, h)
		k.wantPage("recovering")
		k.scan(paperQR)
		k.wantPage("recovering")
		close(asked)
		synctest.Wait()
		k.wantPage("attract")
		inOrder(t, k.done(), []string{"resolve", "save result with payment.paid", "push payment.paid", "save closed"})
		if slices.ContainsFunc(k.done(), func(s string) bool { return strings.HasPrefix(s, "charge") || strings.HasPrefix(s, "print") }) {
			t.Errorf("charged or printed by itself: %v", k.done())
		}
		k.end()
	})
}

// A terminal that cannot be asked leaves the kiosk open, without card sales, and is asked again.
func TestRecoveryWithoutTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		down := true
		h.resolve = func() (kiosk.ChargeResult, error) {
			if down {
				return kiosk.ChargeResult{}, errors.New("refused")
			}
			return h.result, nil
		}
		cart := kiosk.Cart{}.With(kiosk.Quote{Bill: testBill, Fee: 100})
		h.unfinished = []payment.State{{ID: "old", Cart: cart, Agreed: 8740, Step: payment.StepCharging}}
		k := run(t, h)
		k.wantPage("out-of-service")
		inOrder(t, k.done(), []string{"resolve", "save result with payment.doubtful", "push payment.doubtful"}) // the bills stay locked
		h.mu.Lock()
		down = false
		h.mu.Unlock()
		time.Sleep(70 * time.Second)
		synctest.Wait()
		k.wantPage("attract")
		inOrder(t, k.done(), []string{"push payment.doubtful", "save resolved with payment.resolved", "push payment.resolved", "save closed"})
		k.end()
	})
}

// The kiosk that is told to stop waits for the card.
func TestStoppingWaitsForTheCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.charging = make(chan struct{})
		k := run(t, h)
		k.toPay()
		k.stop()
		synctest.Wait()
		select {
		case <-k.ended:
			t.Fatal("stopped while a card was being charged")
		default:
		}
		close(h.charging)
		<-k.ended
		inOrder(t, k.done(), []string{"save result with payment.paid"})
	})
}

// A touch of a page that is gone does nothing: a double tap never pays.
func TestATouchOfAFormerPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := run(t, newHouse(t))
		k.scan(paperQR)
		old := k.page()
		k.touch("continue")
		k.wantPage("confirm")
		pay, _ := k.page().Find("pay")
		k.r.Touch(page.Touch{Serial: old.Serial, Action: pay})
		synctest.Wait()
		k.wantPage("confirm")
		k.end()
	})
}

// The memory keeps the payments of the last visit and of none before, unless
// something is left to do for them.
func TestPaymentsOfFormerVisitsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := run(t, newHouse(t))
		for range 4 {
			k.toPay()
			k.wantPage("paid")
			k.touch("choice-none")
			k.touch("continue")
		}
		var kept []payment.State
		if !k.r.Ask(t.Context(), func(v View) { kept = v.Payments }) {
			t.Fatal("the loop has ended")
		}
		if len(kept) != 1 || kept[0].ID != "pay-4" {
			t.Errorf("%d payments are kept", len(kept))
		}
		k.end()
	})
}

// Whoever touches the glass beside everything, or turns a page, is there.
func TestASignOfLifePutsTheIdleBoxOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := run(t, newHouse(t))
		k.scan(paperQR)
		for range 4 {
			time.Sleep(60 * time.Second)
			k.r.Touch(page.Touch{})
			synctest.Wait()
		}
		k.wantPage("bill")
		if box := k.page().Box; box != nil {
			t.Errorf("box %q although somebody is there", box.Name)
		}
		k.end()
	})
}

// Digits do not make the page new: fast typing loses nothing.
func TestTypingKeepsTheSerial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := run(t, newHouse(t))
		k.touch("choice-type")
		serial := k.page().Serial
		for _, d := range "3020" {
			k.touch("key-" + string(d))
		}
		if p := k.page(); p.Serial != serial || p.Field.Typed != "3020" {
			t.Errorf("serial %d -> %d, field %q", serial, p.Serial, p.Field.Typed)
		}
		k.end()
	})
}

func TestPaperOutIsToldBeforePaying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.printState = kiosk.PrinterPaperOut
		k := run(t, h)
		k.toPay()
		k.wantPage("printer-out")
		k.touch("pay")
		k.wantPage("paid")
		k.touch("choice-phone")
		k.wantPage("receipt-qr")
		if !strings.HasPrefix(k.page().QR, "http://g/r/") {
			t.Errorf("QR %q", k.page().QR)
		}
		k.end()
	})
}

// Charged, and the gateway cannot be reached: the paper says that it is being
// checked, and the closing is taken when it comes.
func TestGatewayLostAfterTheMoney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.accept = false
		k := run(t, h)
		k.toPay()
		k.wantPage("concluding")
		time.Sleep(5100 * time.Millisecond)
		synctest.Wait()
		k.wantPage("paid")
		k.touch("choice-paper")
		inOrder(t, k.done(), []string{"ack", "print pending PO-001-000007"})
		h.mu.Lock()
		h.closings = kiosk.PaymentStatus{Outcome: kiosk.Charged, Closings: []kiosk.BillClosing{{BillID: "d1", Closing: kiosk.ClosingOK}}}
		h.mu.Unlock()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		inOrder(t, k.done(), []string{"poll", "save closed"})
		k.end()
	})
}

// The gateway may have closed KO what expired before it heard of the money: until
// it knows of the charge, what it says of the bills is not their end.
func TestWhatTheGatewayPresumedIsNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.accept = false
		h.closings = kiosk.PaymentStatus{Closings: []kiosk.BillClosing{{BillID: "d1", Closing: kiosk.ClosingKO}}}
		k := run(t, h)
		k.toPay()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		k.wantPhase("delivering")
		h.mu.Lock()
		h.closings = kiosk.PaymentStatus{Outcome: kiosk.Charged, Closings: []kiosk.BillClosing{{BillID: "d1", Closing: kiosk.ClosingOK}}}
		h.mu.Unlock()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		k.wantPhase("closed")
		i := slices.IndexFunc(k.saved, func(s payment.Save) bool { return s.Step == payment.StepClosed })
		if got := k.saved[i].State.Closings[0]; got != kiosk.ClosingOK {
			t.Errorf("closed as %s", got)
		}
		k.end()
	})
}

// Paper that ends in mid print is not offered again while the printer is empty.
func TestPaperOutInMidPrint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.report = kiosk.PrintReport{Result: kiosk.PrintFailed, State: kiosk.PrinterPaperOut}
		k := run(t, h)
		k.toPay()
		k.touch("choice-paper")
		k.wantPage("print-failed")
		if _, offered := k.page().Find("choice-again"); offered {
			t.Error("the empty printer is offered again")
		}
		time.Sleep(10 * time.Second) // somebody refills: the next look sees it
		synctest.Wait()
		if _, offered := k.page().Find("choice-again"); !offered {
			t.Error("the refilled printer is not offered")
		}
		k.end()
	})
}

// A lost confirmation is not "printed", and not printed again by itself.
func TestALostConfirmation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.report = kiosk.PrintReport{Result: kiosk.PrintUnknown, State: kiosk.PrinterOffline}
		k := run(t, h)
		k.toPay()
		k.touch("choice-paper")
		k.wantPage("print-failed")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		k.wantPage("attract")
		prints := 0
		for _, d := range k.done() {
			if strings.HasPrefix(d, "print ") {
				prints++
			}
		}
		if prints != 1 || !slices.Contains(k.done(), "append receipt.failed") {
			t.Errorf("%d prints: %v", prints, k.done())
		}
		k.end()
	})
}

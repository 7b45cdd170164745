//go:build e2e

package e2e

// Restart anywhere: SIGKILL at each step of the journal, and between them.

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
	"github.com/tserve/jolly/sync/outbox"
	"github.com/tserve/jolly/test/rig"
)

// death is one point at which the kiosk dies, and what must be true afterwards.
type death struct {
	point   string
	paper   string
	play    func(s *site, ctx context.Context, paper string) error // until it dies
	charges int                                                    // approved by the terminal, in the end
	outcome kiosk.Outcome                                          // in the kiosk's book, in the end
	step    payment.Journal
}

// deaths are the points around every step. Until "charging" is durable the card
// was surely not asked for; from then on the terminal decides.
var deaths = []death{
	{"before:prepared", "small", pays, 0, "", ""},
	{"after:prepared", "small", pays, 0, "", payment.StepDropped},
	{"before:activated", "small", pays, 0, "", payment.StepDropped},
	{"after:activated", "small", pays, 0, "", payment.StepDropped},
	{"before:charging", "small", pays, 0, "", payment.StepDropped},
	{"after:charging", "small", pays, 0, kiosk.Refused, ""},
	{"before:result", "small", pays, 1, kiosk.Charged, payment.StepClosed},
	{"after:result", "tia", pays, 1, kiosk.Charged, payment.StepClosed},
	{"before:push", "meals", pays, 1, kiosk.Charged, payment.StepClosed},
	{"after:push", "stand-in", pays, 1, kiosk.Charged, payment.StepClosed},
	{"before:closed", "music-school", pays, 1, kiosk.Charged, payment.StepClosed},
	{"after:closed", "long-subject", pays, 1, kiosk.Charged, payment.StepClosed},
}

// laterDeaths need another play: a paper, a change of mind, a doubt.
var laterDeaths = []death{
	{"before:print", "small", prints, 1, kiosk.Charged, payment.StepClosed},
	{"after:print", "tia", prints, 1, kiosk.Charged, payment.StepClosed},
	{"before:dropped", "amount-changes", disagrees, 0, "", payment.StepDropped},
	{"after:dropped", "amount-changes", disagrees, 0, "", payment.StepDropped},
	{"before:resolved", "meals", doubts, 1, kiosk.Charged, payment.StepClosed},
	{"after:resolved", "stand-in", doubts, 1, kiosk.Charged, payment.StepClosed},
}

func TestRestartAtEachStep(t *testing.T) {
	t.Parallel()
	dieAll(t, deaths)
}

func TestRestartAtLaterSteps(t *testing.T) {
	t.Parallel()
	dieAll(t, laterDeaths)
}

// dieAll lets one kiosk die at one point after the other, always with the same
// terminal, gateway and book: what an earlier death left behind would show.
func dieAll(t *testing.T, all []death) {
	s := open(t, rig.Options{Kiosk: faultsKiosk})
	for _, d := range all {
		ok := t.Run(strings.ReplaceAll(d.point, ":", " "), func(t *testing.T) {
			one := &site{T: t, Rig: s.Rig, ctx: s.ctx}
			one.die(d)
		})
		if !ok {
			t.Fatalf("%s left a kiosk that the next points cannot trust", d.point)
		}
	}
}

// die plays until the kiosk kills itself, starts it again and compares.
func (s *site) die(d death) {
	before, charged := s.paymentsBefore(), s.approved()
	s.start("JOLLY_DIE=" + d.point)
	playing, stop := context.WithCancel(s.ctx)
	played := make(chan error, 1)
	go func() { played <- d.play(s, playing, d.paper) }()
	err := s.AwaitKioskDeath(s.ctx)
	stop()
	playErr := <-played
	if err != nil {
		s.Fatalf("%v (the play: %v)", err, playErr)
	}

	s.ok(s.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Approve}))
	s.ok(s.StartKiosk(s.ctx))
	s.page("attract") // the first citizen may come
	s.decidedBeforeTheFirstCitizen()
	book := s.settled()
	s.wantApproved(charged + d.charges)
	s.wantEntry(book, before, d)
	s.ok(s.StopKiosk())
}

func (s *site) paymentsBefore() int {
	b, err := s.Book(s.ctx)
	if err != nil { // no kiosk has made a book yet
		return 0
	}
	return len(b.Payments)
}

// decidedBeforeTheFirstCitizen wants no payment that still holds a card.
func (s *site) decidedBeforeTheFirstCitizen() {
	s.Helper()
	payments, err := s.Control.Payments(s.ctx)
	s.ok(err)
	for _, p := range payments {
		switch payment.Phase(p.Phase) {
		case payment.Charging, payment.Recording, payment.Doubtful, payment.Resolving, payment.Unrecorded:
			s.Errorf("the first page is shown while payment %s is %s", p.ID, p.Phase)
		}
	}
}

func (s *site) wantEntry(b rig.Book, before int, d death) {
	s.Helper()
	if d.step == "" && d.outcome == "" {
		if len(b.Payments) != before {
			s.Errorf("the payment was not prepared, yet the book has it: %+v", b.Payments[before:])
		}
		return
	}
	if len(b.Payments) != before+1 {
		s.Fatalf("%d new payments in the book, want 1", len(b.Payments)-before)
	}
	e := b.Payments[before]
	if e.Outcome != d.outcome || (d.step != "" && e.Step != d.step) {
		s.Errorf("the book says %s %q, want %s %q", e.Step, e.Outcome, d.step, d.outcome)
	}
}

// pays goes from the first page to the card.
func pays(s *site, ctx context.Context, paper string) error {
	if err := confirms(s, ctx, paper); err != nil {
		return err
	}
	if err := s.AwaitCardWanted(ctx); err != nil {
		return err
	}
	return s.InsertCard("bancomat")
}

func confirms(s *site, ctx context.Context, paper string) error {
	if err := s.ScanPaper(paper); err != nil {
		return err
	}
	if _, err := s.Hand.AwaitPage(ctx, "bill"); err != nil {
		return err
	}
	if _, err := s.Hand.TouchTo(ctx, "continue", "confirm"); err != nil {
		return err
	}
	_, err := s.Hand.Touch(ctx, rig.PayAction)
	return err
}

func prints(s *site, ctx context.Context, paper string) error {
	if err := pays(s, ctx, paper); err != nil {
		return err
	}
	if _, err := s.Hand.AwaitPage(ctx, "paid"); err != nil {
		return err
	}
	_, err := s.Hand.Touch(ctx, "choice-paper")
	return err
}

func disagrees(s *site, ctx context.Context, paper string) error {
	if err := confirms(s, ctx, paper); err != nil {
		return err
	}
	if _, err := s.Hand.AwaitPage(ctx, "changed"); err != nil {
		return err
	}
	_, err := s.Hand.Touch(ctx, "back")
	return err
}

// doubts loses the line and the terminal after the approval, until the kiosk
// has written the doubt down; then the terminal is back.
func doubts(s *site, ctx context.Context, paper string) error {
	s.LoseTerminalAfterApproval()
	if err := pays(s, ctx, paper); err != nil {
		return err
	}
	if _, err := s.Hand.AwaitPage(ctx, "doubtful"); err != nil {
		return err
	}
	return s.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Approve})
}

// TestKilledWhileTheTerminalWorks kills the kiosk from outside while the card is
// asked for. The terminal goes on: it does not know.
func TestKilledWhileTheTerminalWorks(t *testing.T) {
	tests := []struct {
		name    string
		dead    func(s *site) // done while the kiosk is dead
		alive   func(s *site) // done after its start
		charges int
		outcome kiosk.Outcome
	}{
		{"card while dead", func(s *site) {
			s.ok(s.InsertCard("bancomat"))
			s.until("the terminal charged", func() bool { return s.approved() == 1 })
		}, func(*site) {}, 1, kiosk.Charged},
		{"card after the start", func(*site) {}, func(s *site) { s.ok(s.InsertCard("bancomat")) }, 1, kiosk.Charged},
		// A cancelled operation has no STAN: nothing tells it from an older one, so a person decides.
		{"red key while dead", func(s *site) { s.ok(s.PressRed()) }, func(*site) {}, 0, kiosk.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := ready(t)
			s.toCard("tia")
			s.KillKiosk()
			tt.dead(s)
			s.ok(s.StartKiosk(s.ctx))
			tt.alive(s)
			s.page("attract")
			s.decidedBeforeTheFirstCitizen()
			book := s.settled()
			s.wantApproved(tt.charges)
			if e := book.Payments[0]; e.Outcome != tt.outcome {
				s.Errorf("the book says %s %q, want %q", e.Step, e.Outcome, tt.outcome)
			}
			s.wantPapers() // a stranger may stand there: nothing is printed after a restart
		})
	}
}

// TestGatewayRestarts kills the gateway after the money and starts it again.
func TestGatewayRestarts(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.toCard("tia")
	s.KillGateway()
	s.ok(s.InsertCard("bancomat"))
	s.says(s.page("paid"), words("paid_pending_strong"))
	s.ok(s.StartGateway(s.ctx))
	s.settled()
	s.wantApproved(1)
}

// Another disk: the gateway says which numbers are used up, and takes what is paid
// then.
func TestAnotherDisk(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.pay("small", "paid")
	last := s.settled().Rows
	s.ok(s.StopKiosk())
	s.ok(s.LoseDisk())
	s.start()
	s.pay("tia", "paid")
	var rows []outbox.Row
	s.until("all is delivered", func() bool {
		rows = s.book().Rows
		return len(rows) > 0 && !slices.ContainsFunc(rows, func(r outbox.Row) bool { return r.State != outbox.RowDelivered })
	})
	for _, r := range rows {
		if r.Sequence <= uint64(len(last)) {
			t.Errorf("row %d of %s: the gateway had %d from before", r.Sequence, r.Kind, len(last))
		}
	}
	s.wantApproved(2)
}

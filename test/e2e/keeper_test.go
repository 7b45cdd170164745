//go:build e2e

package e2e

// The maintainer's command line beside the running kiosk: the terminal's day,
// and a charge that a person decides.

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/control"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
	"github.com/tserve/jolly/sync/api"
)

// kioskctl runs one command and returns what it printed, and its complaint.
func (s *site) kioskctl(args ...string) (out, complaint string) {
	s.Helper()
	file := filepath.Join(filepath.Dir(filepath.Dir(s.LogFile("kiosk"))), "kiosk.toml")
	cmd := exec.CommandContext(s.ctx, filepath.Join(bin, "kioskctl"), append(args, "--config", file)...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && stderr.Len() == 0 {
		s.Fatalf("kioskctl %v: %v", args, err)
	}
	return stdout.String(), stderr.String()
}

// asked runs a command that must go well and reads its JSON.
func (s *site) asked(into any, args ...string) {
	s.Helper()
	out, complaint := s.kioskctl(append(args, "--json")...)
	if complaint != "" {
		s.Fatalf("kioskctl %v: %s", args, complaint)
	}
	s.ok(json.Unmarshal([]byte(out), into))
}

func TestTheTerminalsDay(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.toCard("small")
	if _, complaint := s.kioskctl("terminal", "totals"); !strings.Contains(complaint, "in use") {
		t.Errorf("beside a card: %q", complaint)
	}
	if _, complaint := s.kioskctl("terminal", "close"); !strings.Contains(complaint, "says no") {
		t.Errorf("closed beside a card: %q", complaint)
	}
	s.ok(s.InsertCard("bancomat"))
	s.page("paid")
	s.touch("choice-paper", "thanks")
	s.leave("continue", "attract")
	total := s.settled().Payments[0].Total

	var last control.TerminalLast
	s.asked(&last, "terminal", "last")
	if charge := s.Terminal().Snapshot().Charges[0]; last.STAN != charge.STAN || last.Amount != total.Cents() || !strings.Contains(last.Slip, charge.Text) {
		t.Errorf("the terminal has %+v, kioskctl says %+v", charge, last)
	}
	var day kiosk.DayClose
	s.asked(&day, "terminal", "close")
	if day.Close.Outcome != kiosk.CloseDone || day.Journal != total || day.Close.HostTotal != total || s.Terminal().Snapshot().Closings != 1 {
		t.Errorf("%+v", day)
	}
	s.page("attract")
	s.pay("meals", "paid")
	s.touch("choice-paper", "thanks")
	s.leave("continue", "attract")
	s.settled()
	var totals control.TerminalTotals
	s.asked(&totals, "terminal", "totals")
	if !totals.Whole || totals.Charges != 1 || totals.Terminal != totals.Journal || totals.Terminal == 0 {
		t.Errorf("%+v", totals)
	}
	s.until("the gateway has the closing", func() bool {
		out, _ := s.kioskctl("outbox", "list")
		return strings.Contains(out, "nothing waits")
	})
	if _, complaint := s.kioskctl("outbox", "verify"); complaint != "" {
		t.Error(complaint)
	}
}

// The terminal never comes back; a person reads its slip and decides.
func TestAPersonDecidesACharge(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.LoseTerminalAfterApproval()
	s.toCard("meals")
	s.ok(s.InsertCard("bancomat"))
	s.page("doubtful")
	book := s.book()
	charge := s.Terminal().Snapshot().Charges[0]
	ref := book.Payments[0].Ref // all that the citizen's paper says
	if out, complaint := s.kioskctl("status"); complaint != "" || !strings.Contains(out, ref) || !strings.Contains(out, "IN DOUBT") {
		t.Errorf("status says nothing of %s: %q, %q", ref, out, complaint)
	}
	if out, complaint := s.kioskctl("payment", "resolve", ref, "--charged", charge.STAN); complaint != "" || !strings.Contains(out, "durable") {
		t.Fatalf("%q, %q", out, complaint)
	}
	if _, complaint := s.kioskctl("payment", "resolve", book.Payments[0].ID, "--refused"); !strings.Contains(complaint, "not in doubt") {
		t.Errorf("decided twice: %q", complaint)
	}
	s.ok(s.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Approve}))
	book = s.settled()
	s.wantApproved(1)
	if e := book.Payments[0]; e.Outcome != kiosk.Charged || e.STAN != charge.STAN {
		t.Errorf("%+v", e)
	}
}

// The terminal never comes back; the operator decides at the gateway, and the
// kiosk hears of it by itself.
func TestTheOperatorDecidesACharge(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.LoseTerminalAfterApproval()
	s.toCard("meals")
	s.ok(s.InsertCard("bancomat"))
	s.page("doubtful")
	id := s.book().Payments[0].ID
	s.until("the gateway knows the doubt", func() bool {
		e, err := s.Ledger(s.ctx, id)
		return err == nil && e.State == api.PaymentStateInVerification
	})
	charge := s.Terminal().Snapshot().Charges[0]
	db := filepath.Join(filepath.Dir(filepath.Dir(s.LogFile("kiosk"))), "gateway.db")
	out, err := exec.CommandContext(s.ctx, filepath.Join(bin, "gateway"), "payment", "decide", id, "--charged", charge.STAN, "--by", "Rossi", "--db", db).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.until("the kiosk has heard of it", func() bool {
		b, err := s.Book(s.ctx)
		return err == nil && len(b.Payments) == 1 && b.Payments[0].Outcome == kiosk.Charged
	})
	s.ok(s.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Approve}))
	book := s.settled()
	s.wantApproved(1)
	if e := book.Payments[0]; e.STAN != charge.STAN {
		t.Errorf("%+v", e)
	}
}

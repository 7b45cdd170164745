//go:build e2e

package e2e

// Starts: without devices, with a mistake in the file; and fingers that are too quick.

import (
	"bytes"
	"errors"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
	"github.com/tserve/jolly/test/rig"
)

func TestStartWithoutDevices(t *testing.T) {
	t.Parallel()
	s := open(t, rig.Options{})
	s.ok(s.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Deaf}))
	s.printer("switch-off", 0)
	s.ok(s.Scanner().Unplug())
	s.ok(s.StartKiosk(s.ctx))
	missed := words("out_terminal") // once the gateway has confirmed the new journal
	_, err := s.Hand.Await(s.ctx, "the terminal is missed", func(p rig.Screen) bool { return p.Page == "out-of-service" && p.Says(missed) })
	s.ok(err)

	// Each device is picked up when it comes.
	s.ok(s.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Approve}))
	s.says(s.page("attract"), words("noprinter_strong"), words("attract_notice_noscan"))
	s.printer("mend", 0)
	s.ok(s.Scanner().Plug())
	_, err = s.Hand.Await(s.ctx, "all devices", func(p rig.Screen) bool {
		return p.Page == "attract" && !p.Says(words("noprinter_strong")) && !p.Says(words("attract_notice_noscan"))
	})
	s.ok(err)
	s.pay("small", "paid")
	s.settled()
	s.wantApproved(1)
}

func TestMistakeInTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "jolly.toml")
	if err := os.WriteFile(file, []byte("[kiosk]\nid = \"PO-001\"\nplace = 7\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "kiosk"), "--config", file).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("the kiosk ended with %v, want exit code 1", err)
	}
	if !strings.Contains(string(out), "jolly.toml:3: kiosk.place") {
		t.Errorf("the mistake is told as:\n%s", out)
	}
}

// TestDrummingNeverPays touches "Continua" and goes on drumming on the same
// place, where the paying button comes to stand.
func TestDrummingNeverPays(t *testing.T) {
	t.Parallel()
	s := ready(t)
	p := s.scan("small", "bill")
	a, ok := p.Action("continue")
	if !ok {
		t.Fatal("no way on")
	}
	x, y := int(a.X+a.W/2), int(a.Y+a.H/2)
	s.until("touches count", func() bool {
		p, err := s.Hand.Look(s.ctx)
		s.ok(err)
		a, ok = p.Action("continue")
		return ok && !a.Early
	})
	end := time.Now().Add(900 * time.Millisecond)
	for time.Now().Before(end) {
		s.ok(s.Glass.Tap(s.ctx, x, y))
	}
	confirm := s.page("confirm")
	if a, ok := confirm.Action(rig.PayAction); !ok || float64(a.X) > float64(x) || float64(a.Y) > float64(y) {
		t.Errorf("the paying button does not stand there: the test tries nothing: %+v", a)
	}
	s.pass(time.Second)
	s.page("confirm")
	if b := s.book(); len(b.Payments) != 0 {
		t.Errorf("drumming began a payment: %+v", b.Payments)
	}
	s.wantApproved(0)
}

// TestATapThatWaitedNeverPays taps where the paying button has just come to stand,
// on a machine that is busy with something else then: the tap is felt seconds
// later, and was too early all the same.
func TestATapThatWaitedNeverPays(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.scan("small", "bill")
	for early := false; !early; {
		_, err := s.Hand.Touch(s.ctx, "continue")
		s.ok(err)
		confirm := s.page("confirm")
		shown := time.Now()
		thaw, err := s.FreezeKiosk()
		s.ok(err)
		early = time.Since(shown) < 300*time.Millisecond // else it may be meant, and this is no attempt
		if a, ok := confirm.Action(rig.PayAction); early && ok {
			s.ok(s.Glass.Tap(s.ctx, int(a.X+a.W/2), int(a.Y+a.H/2)))
		}
		s.pass(1500 * time.Millisecond)
		s.ok(thaw())
		if !early {
			s.touch("back", "bill")
		}
	}
	s.pass(time.Second)
	s.page("confirm")
	if b := s.book(); len(b.Payments) != 0 {
		t.Errorf("a tap that came too early began a payment: %+v", b.Payments)
	}
	s.wantApproved(0)
	s.touch(rig.PayAction, "terminal") // and one that is meant does
	s.ok(s.AwaitCardWanted(s.ctx))
	s.ok(s.PressRed())
	s.page("declined")
}

// pass lets time pass.
func (s *site) pass(d time.Duration) {
	s.Helper()
	passed := time.NewTimer(d)
	defer passed.Stop()
	select {
	case <-passed.C:
	case <-s.ctx.Done():
		s.Fatal(s.ctx.Err())
	}
}

// TestStopIsQuiet starts and stops; a kiosk that is told to stop ends with exit code 0.
func TestStopIsQuiet(t *testing.T) {
	t.Parallel()
	s := open(t, rig.Options{})
	for range 4 {
		s.ok(s.StartKiosk(s.ctx))
		s.ok(s.StopKiosk())
	}
}

// still waits until the glass has shown the same for a second, and returns it: a
// busy machine is late with painting.
func (s *site) still() *image.RGBA {
	s.Helper()
	shown, err := s.Glass.Capture()
	s.ok(err)
	since := time.Now()
	s.until("the page stands", func() bool {
		now, err := s.Glass.Capture()
		s.ok(err)
		if !bytes.Equal(now.Pix, shown.Pix) {
			shown, since = now, time.Now()
		}
		return time.Since(since) > time.Second
	})
	return shown
}

// TestStopWhileTheTerminalWorks tells the kiosk to stop while the card is asked
// for: the page stays, the result is recorded, then the kiosk ends.
func TestStopWhileTheTerminalWorks(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.toConfirm("meals")
	bill := s.still()
	s.touch(rig.PayAction, "terminal")
	s.ok(s.AwaitCardWanted(s.ctx))
	var before *image.RGBA
	s.until("the terminal's page is painted", func() bool { before = s.still(); return !bytes.Equal(before.Pix, bill.Pix) })
	stopped := make(chan error, 1)
	go func() { stopped <- s.StopKiosk() }()
	patience := time.NewTimer(2 * time.Second)
	select {
	case err := <-stopped:
		t.Fatalf("the kiosk ended while the card was asked for: %v", err)
	case <-patience.C:
	}
	after, err := s.Glass.Capture()
	s.ok(err)
	if !bytes.Equal(before.Pix, after.Pix) {
		t.Error("the page did not stay as it was")
		s.ok(rig.WritePNG(filepath.Join(s.evidence(), "before.png"), before))
		s.ok(rig.WritePNG(filepath.Join(s.evidence(), "after.png"), after))
	}
	s.ok(s.InsertCard("bancomat"))
	s.ok(<-stopped)
	s.wantApproved(1)
	if e := s.book().Payments[0]; e.Outcome != kiosk.Charged {
		t.Errorf("the kiosk ended with the charge as %q", e.Outcome)
	}
	s.start()
	s.settled()
}

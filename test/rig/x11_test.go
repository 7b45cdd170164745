package rig

// An X server of our own: what is painted is seen, what is tapped arrives.

import (
	"image/color"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"
)

// screenOf starts Xvfb with one screen. Without Xvfb the test fails: the
// end-to-end tests need it.
func screenOf(t *testing.T, w, h int) *Display {
	t.Helper()
	x, err := startXvfb(w, h, filepath.Join(t.TempDir(), "xvfb.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.stop)
	d, err := OpenDisplay(x.display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// window puts a window of one colour on the screen that hears presses.
func window(t *testing.T, d *Display, x, y int16, w, h uint16, pixel uint32) {
	t.Helper()
	id, err := xproto.NewWindowId(d.conn)
	if err != nil {
		t.Fatal(err)
	}
	screen := xproto.Setup(d.conn).DefaultScreen(d.conn)
	err = xproto.CreateWindowChecked(d.conn, screen.RootDepth, id, d.root, x, y, w, h, 0, xproto.WindowClassInputOutput, screen.RootVisual,
		xproto.CwBackPixel|xproto.CwEventMask, []uint32{pixel, xproto.EventMaskButtonPress | xproto.EventMaskButtonRelease}).Check()
	if err != nil {
		t.Fatal(err)
	}
	if err := xproto.MapWindowChecked(d.conn, id).Check(); err != nil {
		t.Fatal(err)
	}
}

func TestCaptureAndTap(t *testing.T) {
	d := screenOf(t, 320, 480)
	window(t, d, 100, 200, 50, 40, 0x0066CC)

	img, err := d.Capture()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := img.RGBAAt(120, 220), (color.RGBA{0x00, 0x66, 0xCC, 255}); got != want {
		t.Errorf("pixel inside the window is %v, want %v", got, want)
	}
	if got := img.RGBAAt(99, 199); got == img.RGBAAt(120, 220) {
		t.Errorf("pixel outside has the window's colour %v", got)
	}

	if err := d.Tap(t.Context(), 125, 210); err != nil {
		t.Fatal(err)
	}
	press, ok := nextEvent(t, d).(xproto.ButtonPressEvent)
	if !ok || press.EventX != 25 || press.EventY != 10 {
		t.Errorf("press arrived as %v", press)
	}
	release, ok := nextEvent(t, d).(xproto.ButtonReleaseEvent)
	if !ok {
		t.Fatal("no release")
	}
	if held := time.Duration(release.Time-press.Time) * time.Millisecond; held < hold/2 {
		t.Errorf("finger was down %s", held)
	}
	if err := d.Tap(t.Context(), 320, 0); err == nil {
		t.Error("a tap outside the screen was accepted")
	}
}

func nextEvent(t *testing.T, d *Display) any {
	t.Helper()
	e, err := d.conn.WaitForEvent()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestProcessesAreKilledAndStopped(t *testing.T) {
	dir := t.TempDir()
	start := func(args ...string) *process {
		p, err := start(command{path: "/bin/sh", args: append([]string{"-c"}, args...), log: filepath.Join(dir, "log")})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := start("exec sleep 60")
	if !p.running() {
		t.Error("not running")
	}
	p.kill()
	if p.running() || p.killedBy() != syscall.SIGKILL {
		t.Errorf("after kill: running %v, signal %v", p.running(), p.killedBy())
	}
	gentle := start("trap 'exit 0' TERM; touch " + filepath.Join(dir, "ready") + "; while :; do sleep 0.01; done")
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err := os.Stat(filepath.Join(dir, "ready")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the child never set its trap")
		}
		if err := pause(t.Context(), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if err := gentle.stop(); err != nil {
		t.Errorf("a child that ends well: %v", err)
	}
	bad := start("exit 3")
	<-bad.done
	if bad.err == nil {
		t.Error("exit code 3 is no error")
	}
}

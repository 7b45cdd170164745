package camera

// The camera by frames: the suite of readers, papers held still, and the
// driver's forms of pictures.

import (
	"context"
	"errors"
	"image"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skip2/go-qrcode"
	"golang.org/x/sys/unix"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/scanner"
	"github.com/tserve/jolly/kiosk/scanner/picture/picturetest"
	"github.com/tserve/jolly/kiosk/scanner/scannertest"
)

// desk is a camera and the papers that are shown to it.
type desk struct {
	mu     sync.Mutex
	frames chan *image.Gray // nil while unplugged
	gone   chan struct{}
}

func newDesk() *desk {
	d := &desk{}
	if err := d.Plug(); err != nil {
		panic(err)
	}
	return d
}

func (d *desk) open(string) (Frames, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.frames == nil {
		return nil, fs.ErrNotExist
	}
	return view{d.frames, d.gone}, nil
}

type view struct {
	frames chan *image.Gray
	gone   chan struct{}
}

func (v view) Next(limit time.Duration) (*image.Gray, error) {
	select {
	case <-v.gone:
		return nil, unix.ENODEV
	default:
	}
	select { // one that is there is given, however short the limit
	case f := <-v.frames:
		return f, nil
	default:
	}
	select {
	case f := <-v.frames:
		return f, nil
	case <-v.gone:
		return nil, unix.ENODEV
	case <-time.After(limit):
		return nil, nil
	}
}
func (v view) Close() error { return nil }

func (d *desk) show(f *image.Gray) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.frames == nil {
		return errors.New("unplugged")
	}
	d.frames <- f
	return nil
}

// Scan shows a QR code with its quiet zone; the symbology is not for choosing.
func (d *desk) Scan(_, text string) error {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return err
	}
	return d.show(drawn(q.Bitmap(), 0))
}

// Torn shows the upper part of a code.
func (d *desk) Torn(_, text string, _ int) error {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return err
	}
	return d.show(drawn(q.Bitmap(), 100))
}

func drawn(modules [][]bool, hidden int) *image.Gray {
	const module = 4
	img := image.NewGray(image.Rect(0, 0, module*len(modules), module*len(modules)))
	for i := range img.Pix {
		x, y := i%img.Stride, i/img.Stride
		if img.Pix[i] = 230; modules[y/module][x/module] && y < img.Rect.Dy()-hidden {
			img.Pix[i] = 20
		}
	}
	return img
}

func (d *desk) Plug() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.frames == nil {
		d.frames, d.gone = make(chan *image.Gray, 64), make(chan struct{})
	}
	return nil
}

func (d *desk) Unplug() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.frames != nil {
		close(d.gone)
		d.frames = nil
	}
	return nil
}

func TestCameraConforms(t *testing.T) {
	scannertest.RunSeen(t, func(t *testing.T) (scannertest.Reader, scannertest.Rig) {
		d := newDesk()
		cfg := scanner.Config{Path: "/dev/v4l/by-id/camera", RetryMin: 10 * time.Millisecond, RetryMax: 50 * time.Millisecond}
		return newOver(cfg, d.open, slog.New(slog.DiscardHandler)), d
	})
}

// A paper that stays in view is one scan; taken away and shown again it is another.
func TestPaperHeldStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		d := newDesk()
		events, ended := make(chan scanner.Event, 64), make(chan error, 1)
		r := newOver(scanner.Config{Path: "/dev/camera"}, d.open, slog.New(slog.DiscardHandler))
		go func() { ended <- r.Run(ctx, func(e scanner.Event) { events <- e }) }()
		<-events
		blank := image.NewGray(image.Rect(0, 0, 100, 100))
		for range 2 {
			for i := range 8 { // every fourth frame is blurred by the hand
				if i%4 == 3 {
					if err := d.show(blank); err != nil {
						t.Error(err)
					}
				} else if err := d.Scan("Q1", "paper"); err != nil {
					t.Error(err)
				}
				<-time.After(Gone / 4)
			}
			<-time.After(Gone + time.Second)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		close(events)
		n := 0
		for e := range events {
			if n++; e != (scanner.Scanned{Code: kiosk.ScannedCode{AIM: "Q1", Text: "paper"}}) {
				t.Errorf("%+v", e)
			}
		}
		if n != 2 {
			t.Errorf("%d scans, want 2", n)
		}
	})
}

// Both symbols of a slip in one view are both told, whole, the one with 256 signs too.
func TestFrameOfAPage(t *testing.T) {
	page, err := picturetest.Page()
	if err != nil {
		t.Fatal(err)
	}
	p := &port{seen: map[kiosk.ScannedCode]time.Time{}}
	p.look(page, time.Now())
	want := "]Q1" + picturetest.QRText + suffix + "]d1" + picturetest.DataMatrixText + suffix
	if string(p.ready) != want {
		t.Errorf("%q, want %q", p.ready, want)
	}
}

func TestGreyOfFrames(t *testing.T) {
	for _, c := range []struct {
		name  string
		p     pixels
		frame []byte
		want  string
	}{
		{"grey", pixels{width: 2, height: 2, stride: 2, step: 1}, []byte("abcd"), "abcd"},
		{"grey with padding", pixels{width: 2, height: 2, stride: 3, step: 1}, []byte("ab-cd"), "abcd"},
		{"YUYV", pixels{width: 2, height: 2, stride: 4, step: 2}, []byte("aUbVcUdV"), "abcd"},
		{"not whole", pixels{width: 2, height: 2, stride: 4, step: 2}, []byte("aUbVcUd"), ""},
	} {
		got := c.p.grey(c.frame, nil)
		switch {
		case got == nil && c.want != "":
			t.Errorf("%s: nothing", c.name)
		case got != nil && string(got.Pix) != c.want:
			t.Errorf("%s: %q, want %q", c.name, got.Pix, c.want)
		}
	}
	if (pixels{width: 2, height: 2, stride: 3, step: 2}).check() == nil || (pixels{width: 0, height: 2, stride: 3, step: 2}).check() == nil || (pixels{width: 2, height: 2, stride: 4, step: 2}).check() != nil {
		t.Error("check of the driver's answer")
	}
}

// What is no camera is a fault, and nothing is missing.
func TestNoCamera(t *testing.T) {
	for path, want := range map[string]scanner.Reason{
		filepath.Join(t.TempDir(), "nothing"): scanner.ReasonMissing, "/dev/null": scanner.ReasonFault, scanner.PathAuto: scanner.ReasonMissing,
	} {
		if _, err := os.Stat(Dir); err == nil && path == scanner.PathAuto {
			continue // this machine has a camera
		}
		ctx, stop := context.WithCancel(t.Context())
		events, ended := make(chan scanner.Event, 64), make(chan error, 1)
		go func() {
			ended <- New(path, slog.New(slog.DiscardHandler)).Run(ctx, func(e scanner.Event) { events <- e })
		}()
		if got := <-events; got != (scanner.StateChanged{State: scanner.Absent, Reason: want}) {
			t.Errorf("%s: %+v, want %s", path, got, want)
		}
		stop()
		<-ended
	}
}

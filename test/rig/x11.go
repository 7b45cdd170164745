package rig

// Fingers and eyes: taps as real X events, screenshots of the root window.

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// hold is how long a finger stays down.
const hold = 60 * time.Millisecond

// Display is a connection to an X server.
type Display struct {
	conn *xgb.Conn
	root xproto.Window
	w, h int
}

// OpenDisplay connects to a display such as ":7".
func OpenDisplay(name string) (*Display, error) {
	xgb.Logger.SetOutput(io.Discard) // it complains of a missing Xauthority, which a private Xvfb has not
	conn, err := xgb.NewConnDisplay(name)
	if err != nil {
		return nil, fmt.Errorf("open display %s: %w", name, err)
	}
	if err := xtest.Init(conn); err != nil {
		conn.Close()
		return nil, fmt.Errorf("open display %s: XTEST: %w", name, err)
	}
	s := xproto.Setup(conn).DefaultScreen(conn)
	return &Display{conn: conn, root: s.Root, w: int(s.WidthInPixels), h: int(s.HeightInPixels)}, nil
}

// Close ends the connection.
func (d *Display) Close() {
	if d != nil {
		d.conn.Close()
	}
}

// Size is the size of the screen in pixels.
func (d *Display) Size() (w, h int) { return d.w, d.h }

func (d *Display) fake(kind, detail byte, x, y int) error {
	err := xtest.FakeInputChecked(d.conn, kind, detail, 0, d.root, int16(x), int16(y), 0).Check()
	if err != nil {
		return fmt.Errorf("fake input: %w", err)
	}
	return nil
}

// Move puts the finger over a point.
func (d *Display) Move(x, y int) error { return d.fake(xproto.MotionNotify, 0, x, y) }

// Press puts the finger down where it is.
func (d *Display) Press() error { return d.fake(xproto.ButtonPress, 1, 0, 0) }

// Release lifts the finger.
func (d *Display) Release() error { return d.fake(xproto.ButtonRelease, 1, 0, 0) }

// Tap touches a point as a person does: there, down, a moment, up.
func (d *Display) Tap(ctx context.Context, x, y int) error {
	if x < 0 || y < 0 || x >= d.w || y >= d.h {
		return fmt.Errorf("tap %d,%d: outside the screen of %dx%d", x, y, d.w, d.h)
	}
	if err := d.Move(x, y); err != nil {
		return err
	}
	if err := d.Press(); err != nil {
		return err
	}
	waited := pause(ctx, hold)
	return errors.Join(d.Release(), waited)
}

// Capture is a picture of the whole screen.
func (d *Display) Capture() (*image.RGBA, error) {
	reply, err := xproto.GetImage(d.conn, xproto.ImageFormatZPixmap, xproto.Drawable(d.root),
		0, 0, uint16(d.w), uint16(d.h), 0xffffffff).Reply()
	if err != nil {
		return nil, fmt.Errorf("capture screen: %w", err)
	}
	if len(reply.Data) < d.w*d.h*4 {
		return nil, fmt.Errorf("capture screen: %d bytes for %dx%d", len(reply.Data), d.w, d.h)
	}
	img := image.NewRGBA(image.Rect(0, 0, d.w, d.h))
	for i := 0; i < d.w*d.h*4; i += 4 { // the server's pixels are blue, green, red, nothing
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = reply.Data[i+2], reply.Data[i+1], reply.Data[i], 255
	}
	return img, nil
}

// WritePNG writes a picture to a file, making its directory.
func WritePNG(path string, img image.Image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := errors.Join(enc.Encode(f, img), f.Close()); err != nil {
		return fmt.Errorf("write picture %s: %w", path, err)
	}
	return nil
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

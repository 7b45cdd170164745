package camera

// Frames of motion JPEG, with and without their tables, whole and damaged.

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/scanner/picture/picturetest"
)

// motion is a page as a camera would send it: in colour, without its tables.
func motion(t testing.TB, page image.Image) (bare, full []byte) {
	t.Helper()
	colour := image.NewRGBA(page.Bounds())
	draw.Draw(colour, colour.Rect, page, page.Bounds().Min, draw.Src)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, colour, nil); err != nil {
		t.Fatal(err)
	}
	tables, err := huffman()
	if err != nil {
		t.Fatal(err)
	}
	bare = bytes.Replace(b.Bytes(), tables, nil, 1)
	if len(bare) != b.Len()-len(tables) {
		t.Fatal("the tables were not found in a frame")
	}
	return bare, b.Bytes()
}

// answer is what a driver says to the wish for a form of frames.
func answer(fourcc uint32, width, height int) []byte {
	f := make([]byte, sizeFormat)
	put(f, 8, uint32(width))
	put(f, 12, uint32(height))
	put(f, 16, fourcc)
	return f
}

func TestMotionJPEG(t *testing.T) {
	page, err := picturetest.Page()
	if err != nil {
		t.Fatal(err)
	}
	bare, full := motion(t, page)
	if _, err := jpeg.Decode(bytes.NewReader(bare)); err == nil {
		t.Error("the frame needs no tables: nothing is tried here")
	}
	w, h := page.Rect.Dx(), page.Rect.Dy()
	for _, fourcc := range []uint32{formatMJPG, formatJPEG} {
		p, err := take(answer(fourcc, w, h))
		if err != nil {
			t.Fatal(err)
		}
		for name, frame := range map[string][]byte{"without tables": bare, "with tables": full, "with what lies behind it": append(bytes.Clone(bare), 0, 0, 0)} {
			got := p.grey(frame, nil)
			if got == nil || got.Rect != page.Rect {
				t.Fatalf("%s: no picture", name)
			}
			look := &port{seen: map[kiosk.ScannedCode]time.Time{}}
			look.look(got, time.Now())
			want := "]Q1" + picturetest.QRText + suffix + "]d1" + picturetest.DataMatrixText + suffix
			if string(look.ready) != want {
				t.Errorf("%s: %q, want %q", name, look.ready, want)
			}
		}
		for name, frame := range map[string][]byte{
			"empty": nil, "no JPEG": []byte("not a picture"), "torn in the tables": bare[:100], "torn in the dots": bare[:len(bare)/2],
		} {
			if p.grey(frame, nil) != nil {
				t.Errorf("%s: a picture", name)
			}
		}
		other, err := take(answer(fourcc, w+8, h))
		if err != nil || other.grey(bare, nil) != nil {
			t.Errorf("a frame of another size was taken: %v", err)
		}
	}
}

// A grey JPEG is grey already.
func TestGreyMotionJPEG(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 32, 16)), nil); err != nil {
		t.Fatal(err)
	}
	p, err := take(answer(formatMJPG, 32, 16))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.grey(b.Bytes(), nil); got == nil || got.Rect.Dx() != 32 {
		t.Errorf("%+v", got)
	}
}

// Whatever a camera sends, no frame ends the kiosk.
func FuzzMotionJPEG(f *testing.F) {
	page := image.NewGray(image.Rect(0, 0, 16, 16))
	bare, full := motion(f, page)
	f.Add(bare)
	f.Add(full)
	f.Add([]byte{0xff, markerSOI, 0xff, markerSOS, 0, 0})
	p, err := take(answer(formatMJPG, 16, 16))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		if g := p.grey(frame, nil); g != nil && (g.Rect.Dx() != 16 || g.Rect.Dy() != 16 || len(g.Pix) < g.Stride*15+16) {
			t.Errorf("%+v", g.Rect)
		}
	})
}

package picture

// What gozxing finds by itself: QR codes and Code 128 bars.

import (
	"image"
	"strings"

	"github.com/makiuchi-d/gozxing"
	multiqr "github.com/makiuchi-d/gozxing/multi/qrcode"
	"github.com/makiuchi-d/gozxing/oned"

	"github.com/tserve/jolly/kiosk"
)

var (
	tryHarder = map[gozxing.DecodeHintType]interface{}{gozxing.DecodeHintType_TRY_HARDER: true}
	tryBars   = map[gozxing.DecodeHintType]interface{}{gozxing.DecodeHintType_TRY_HARDER: true, gozxing.DecodeHintType_ASSUME_GS1: true}
)

// findQR looks at the picture as it is, and at softened and enlarged copies
// until one of them shows nothing more; quick does without those.
func findQR(g *gray, quick bool) []Found {
	var found []Found
	for _, look := range []struct {
		blur    int
		enlarge bool
	}{{0, false}, {1, false}, {2, false}, {1, true}, {3, true}} {
		if quick && look.blur > 0 {
			break
		}
		scale := 1
		v := g.blurred(look.blur)
		if look.enlarge {
			if g.w*g.h > enlargeLimit {
				break
			}
			v, scale = v.enlarged(), 2
		}
		before := len(found)
		for _, local := range []bool{true, false} {
			for _, f := range readQR(v, local, scale) {
				found = add(found, f)
			}
		}
		if len(found) > 0 && len(found) == before {
			return found
		}
	}
	return found
}

// enlargeLimit is the size in pixels above which a picture is a page, on which
// a symbol that must be enlarged is too small to trust.
const enlargeLimit = 1 << 20

// bitmap prepares a picture, with a threshold for each place or one for all.
func bitmap(g *gray, local bool) (*gozxing.BinaryBitmap, error) {
	source := gozxing.NewLuminanceSourceFromImage(g.image())
	if local {
		return gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(source))
	}
	return gozxing.NewBinaryBitmap(gozxing.NewGlobalHistgramBinarizer(source))
}

func readQR(g *gray, local bool, scale int) []Found {
	bmp, err := bitmap(g, local)
	if err != nil {
		return nil
	}
	results, err := multiqr.NewQRCodeMultiReader().DecodeMultiple(bmp, tryHarder)
	if err != nil {
		return nil
	}
	var found []Found
	for _, r := range results {
		found = add(found, Found{QR, kiosk.ScannedCode{AIM: "Q1", Text: r.GetText()}, around(r.GetResultPoints(), scale)})
	}
	return found
}

// findCode128 reads bars that lie along or across the picture, one after the
// other: what was read is painted over.
func findCode128(g *gray) []Found {
	var found []Found
	for range mostBars { // g is ours to paint
		bmp, err := bitmap(g, true)
		if err != nil {
			return found
		}
		r, err := oned.NewCode128Reader().Decode(bmp, tryBars)
		if err != nil {
			return found
		}
		at := around(r.GetResultPoints(), 1)
		if code := barText(r.GetText()); len(code.Text) >= leastBarText {
			found = add(found, Found{Code128, code, at})
		}
		g.paint(at.Inset(-barHeight))
	}
	return found
}

const (
	mostBars     = 8   // on one page
	barHeight    = 120 // painted over beside the line that was read, in pixels
	leastBarText = 10  // shorter ones are seen in print where none are
)

// barText takes the identifier of GS1-128, which gozxing puts in front, off the text.
func barText(text string) kiosk.ScannedCode {
	if rest, ok := strings.CutPrefix(text, "]C1"); ok {
		return kiosk.ScannedCode{AIM: "C1", Text: rest}
	}
	return kiosk.ScannedCode{AIM: "C0", Text: text}
}

// paint makes a part of a picture paper.
func (g *gray) paint(at image.Rectangle) {
	at = at.Intersect(image.Rect(0, 0, g.w, g.h))
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			g.pix[y*g.w+x] = 255
		}
	}
}

// around is the rectangle around points.
func around(points []gozxing.ResultPoint, scale int) image.Rectangle {
	var out image.Rectangle
	for i, p := range points {
		x, y := int(p.GetX())/scale, int(p.GetY())/scale
		r := image.Rect(x, y, x+1, y+1)
		if i == 0 {
			out = r
			continue
		}
		out = out.Union(r)
	}
	return out
}

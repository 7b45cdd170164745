package picture

// The decoder on the corpus, on whole pages and on what is no picture of a code.

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	goqr "github.com/skip2/go-qrcode"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/scanner/picture/picturetest"
)

var update = flag.Bool("update", false, "write the corpus into testdata")

// What was read of each 72 pictures when this was written. Less is a loss.
const (
	leastQR         = 72
	leastDataMatrix = 66
)

func corpusFile(name string) string { return filepath.Join("testdata", "corpus", name+".png") }

// corpus are the pictures as they are checked in; they must be those that the
// generator makes.
func corpus(t testing.TB) []picturetest.Picture {
	t.Helper()
	pics, err := picturetest.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range pics {
		if *update {
			file, err := p.PNG()
			if err == nil {
				err = os.WriteFile(corpusFile(p.Name), file, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(corpusFile(p.Name))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := img.(*image.Paletted)
		if !ok || !bytes.Equal(got.Pix, p.Image.Pix) {
			t.Fatalf("%s: the file is not what the generator makes", p.Name)
		}
		pics[i].Image = got
	}
	if len(pics) != 144 {
		t.Fatalf("%d pictures, want 72 of each", len(pics))
	}
	return pics
}

// TestCorpus counts what is read, beside zbarimg and gozxing alone where they are.
func TestCorpus(t *testing.T) {
	read, alone, zbar := map[string]int{}, map[string]int{}, map[string]int{}
	var missed []string
	for _, p := range corpus(t) {
		kind := p.Name[:2]
		got := Decode(p.Image)
		switch {
		case len(got) == 1 && got[0].Code.Text == p.Text:
			read[kind]++
		case len(got) == 0:
			missed = append(missed, p.Name)
		default:
			t.Errorf("%s: wrong: %q", p.Name, got)
		}
		if gozxingAlone(p) == p.Text {
			alone[kind]++
		}
		if out, err := exec.Command("zbarimg", "-q", "--raw", corpusFile(p.Name)).Output(); err == nil && strings.TrimSpace(string(out)) == p.Text {
			zbar[kind]++
		}
	}
	t.Logf("of 72 each: read %v; gozxing alone %v; zbarimg %v", read, alone, zbar)
	t.Logf("missed: %s", strings.Join(missed, " "))
	if read["qr"] < leastQR || read["dm"] < leastDataMatrix {
		t.Errorf("read %v, want %d QR and %d Data Matrix", read, leastQR, leastDataMatrix)
	}
}

func gozxingAlone(p picturetest.Picture) string {
	bmp, err := bitmap(toGray(p.Image), true)
	if err != nil {
		return ""
	}
	var r gozxing.Reader = qrcode.NewQRCodeReader()
	if p.Name[:2] == "dm" {
		r = datamatrix.NewDataMatrixReader()
	}
	res, err := r.Decode(bmp, tryHarder)
	if err != nil {
		return ""
	}
	return res.GetText()
}

func TestWholePage(t *testing.T) {
	page, err := picturetest.Page()
	if err != nil {
		t.Fatal(err)
	}
	got := Decode(page)
	if len(got) != 2 || got[0].Code != (kiosk.ScannedCode{AIM: "Q1", Text: picturetest.QRText}) ||
		got[1].Code != (kiosk.ScannedCode{AIM: "d1", Text: picturetest.DataMatrixText}) {
		t.Fatalf("found %q, want one QR and one Data Matrix", got)
	}
	if !got[1].At.In(image.Rect(1240, 1890, 1440, 2090)) || !got[0].At.In(image.Rect(150, 1290, 370, 1510)) {
		t.Errorf("at %v and %v", got[0].At, got[1].At)
	}
}

// A page of instalments has a QR code for each.
func TestInstalments(t *testing.T) {
	page := image.NewGray(image.Rect(0, 0, 1654, 1100))
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range page.Pix {
		page.Pix[i] = uint8(200 + rng.IntN(50))
	}
	var want []string
	for i := range 6 {
		text := strings.Replace(picturetest.QRText, "4232", fmt.Sprint(4232+101*i), 1)
		q, err := goqr.New(text, goqr.Medium)
		if err != nil {
			t.Fatal(err)
		}
		img := q.Image(-5)
		at := image.Pt(100+500*(i%3), 120+480*(i/3))
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				if r, _, _, _ := img.At(x, y).RGBA(); r == 0 {
					page.SetGray(at.X+x, at.Y+y, color.Gray{Y: uint8(40 + rng.IntN(50))})
				}
			}
		}
		want = append(want, text)
	}
	got := Decode(page)
	for _, text := range want {
		if !slices.ContainsFunc(got, func(f Found) bool { return f.Code.Text == text }) {
			t.Errorf("%s not read", text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d codes, want %d", len(got), len(want))
	}
}

// Inside one code no other is seen.
func TestNoCodeInsideAnother(t *testing.T) {
	for i, module := range []int{4, 5, 3} {
		text := []string{picturetest.QRText + "2", picturetest.QRText + "18", picturetest.QRText + "41"}[i]
		q, err := goqr.New(text, goqr.Medium)
		if err != nil {
			t.Fatal(err)
		}
		if got := Decode(q.Image(-module)); len(got) != 1 || got[0].Code.Text != text {
			t.Errorf("%d codes, want 1", len(got))
		}
	}
}

// Several symbols and bars on one page are all read.
func TestAllCodesOfAPage(t *testing.T) {
	page, err := picturetest.Page()
	if err != nil {
		t.Fatal(err)
	}
	const bars = "415808888835606080203017300000000075173902078"
	m, err := oned.NewCode128Writer().EncodeWithoutHint("\u00f1"+bars, gozxing.BarcodeFormat_CODE_128, 900, 80) // ñ is FNC1 to the writer
	if err != nil {
		t.Fatal(err)
	}
	for y := range 120 {
		for x := range 960 {
			v := color.Gray{Y: 255}
			if mx, my := x-30, y-20; mx >= 0 && my >= 0 && mx < m.GetWidth() && my < 80 && m.Get(mx, my) {
				v.Y = 0
			}
			page.SetGray(600+x, 300+y, v)
		}
	}
	for y := range 208 { // the same Data Matrix again, of another instalment in life
		for x := range 208 {
			page.SetGray(800+x, 1886+y, page.GrayAt(1236+x, 1886+y))
		}
	}
	got := Decode(page)
	kinds := map[Symbology]int{}
	for _, f := range got {
		kinds[f.Symbology]++
		if f.Symbology == Code128 && f.Code != (kiosk.ScannedCode{AIM: "C1", Text: bars}) {
			t.Errorf("bars: %q", f.Code.Text)
		}
	}
	if kinds[QR] != 1 || kinds[DataMatrix] != 2 || kinds[Code128] != 1 {
		t.Errorf("found %v, want 1 QR, 2 Data Matrix, 1 Code 128", kinds)
	}
}

// A photograph has twelve million pixels and modules of thirty.
func TestLargeSymbol(t *testing.T) {
	modules, err := picturetest.DataMatrix()
	if err != nil {
		t.Fatal(err)
	}
	const module, margin = 30, 240
	img := image.NewGray(image.Rect(0, 0, 52*module+2*margin, 52*module+2*margin))
	for i := range img.Pix {
		img.Pix[i] = 220
		if x, y := i%img.Stride-margin, i/img.Stride-margin; x >= 0 && y >= 0 && x < 52*module && y < 52*module && modules[y/module][x/module] {
			img.Pix[i] = 30
		}
	}
	got := Decode(img)
	if len(got) != 1 || got[0].Code.Text != picturetest.DataMatrixText {
		t.Errorf("found %d codes, want the Data Matrix", len(got))
	}
}

// Pictures without a code answer nothing, whatever they are.
func TestNothingThere(t *testing.T) {
	for name, img := range map[string]image.Image{
		"empty": image.NewGray(image.Rect(0, 0, 0, 0)), "pixel": image.NewGray(image.Rect(0, 0, 1, 1)),
		"black": image.NewGray(image.Rect(0, 0, 300, 200)), "white": image.NewUniform(color.White), "line": image.NewGray(image.Rect(0, 0, 4000, 21)),
		"transparent": image.NewRGBA(image.Rect(-50, -50, 250, 250)),
	} {
		if u, ok := img.(*image.Uniform); ok {
			big := image.NewRGBA(image.Rect(0, 0, 400, 400))
			for i := range big.Pix {
				big.Pix[i] = 255
			}
			_, img = u, big
		}
		if got := Decode(img); len(got) != 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(60, []byte{0, 255, 0, 255})
	f.Fuzz(func(t *testing.T, w int, pix []byte) {
		if w < 1 || w > 200 || len(pix) > 20_000 {
			return
		}
		h := len(pix) / w
		Decode(&image.Gray{Pix: pix, Stride: w, Rect: image.Rect(0, 0, w, h)})
	})
}

func BenchmarkPage200dpi(b *testing.B) {
	page, err := picturetest.Page()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if len(Decode(page)) != 2 {
			b.Fatal("not read")
		}
	}
}

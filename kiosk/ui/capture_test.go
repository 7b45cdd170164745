package ui

// Pictures of the screens, drawn by Fyne's software painter.

import (
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"github.com/tserve/jolly/assets"
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

var (
	screensDir = flag.String("screens", "", "write PNGs of all sample pages into this directory")
	langs      = flag.String("langs", "it,en,zh", "with -screens: only these languages")
	match      = flag.String("variant", "", "with -screens: only this variant")
	only       = flag.String("only", "", "with -screens: only pages of this name")
)

// bench is a screen in a test window with a clock in the hand.
type bench struct {
	*Screen
	window  fyne.Window
	clock   time.Time
	touches []page.Touch // with an action
	stirs   int          // without one: somebody is there
}

func newBench(t testing.TB, w, h float32) *bench {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.New())
	b := &bench{clock: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	b.Screen = New(Profile{MMPerPx: theme.ReferenceMMPerPx, BottomMM: 750},
		func(x page.Touch) {
			if !x.Action.Exists() {
				b.stirs++
				return
			}
			b.touches = append(b.touches, x)
		}, func() time.Time { return b.clock })
	b.window = test.NewTempWindow(t, b.Object())
	b.window.SetPadded(false)
	b.window.Resize(fyne.NewSize(w, h))
	return b
}

func (b *bench) wait(d time.Duration) { b.clock = b.clock.Add(d) }

func (b *bench) capture() image.Image { return b.window.Canvas().Capture() }

func writePNG(t testing.TB, dir, name string, im image.Image) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, im); err != nil {
		t.Fatal(err)
	}
}

// variant is one way that a page is shown.
type variant struct {
	name  string
	w, h  float32
	modes page.Modes
}

func variants() []variant {
	var out []variant
	for _, o := range []struct {
		name string
		w, h float32
	}{{"portrait", 1080, 1920}, {"landscape", 1920, 1080}} {
		for i := range 8 {
			v := variant{name: o.name, w: o.w, h: o.h, modes: page.Modes{Large: i&1 > 0, Contrast: i&2 > 0, Lower: i&4 > 0}}
			for _, m := range []struct {
				on   bool
				name string
			}{{v.modes.Large, "-large"}, {v.modes.Contrast, "-contrast"}, {v.modes.Lower, "-lower"}} {
				if m.on {
					v.name += m.name
				}
			}
			out = append(out, v)
		}
	}
	return out
}

// withModes shows the modes on the help bar, too.
func withModes(p page.Page, m page.Modes) page.Page {
	p.Modes = m
	p.Help[1].Active, p.Help[2].Active, p.Help[4].Active = m.Large, m.Contrast, m.Lower
	return p
}

// TestScreens writes pictures with -screens; always it draws one and looks that
// it is not blank.
func TestScreens(t *testing.T) {
	if *screensDir == "" {
		b := newBench(t, 1080, 1920)
		b.Show(words(kiosk.Italian).bill())
		seen := map[string]bool{}
		im := b.capture()
		for y := 0; y < 1920; y += 7 {
			seen[fmt.Sprint(im.At(620, y))] = true
		}
		if im.Bounds().Dx() != 1080 || im.Bounds().Dy() != 1920 || len(seen) < 6 {
			t.Fatalf("picture of %v with %d colours in a column", im.Bounds(), len(seen))
		}
		return
	}
	for _, lang := range kiosk.Languages() {
		for _, v := range variants() {
			if !strings.Contains(*langs, string(lang)) || *match != "" && *match != v.name {
				continue
			}
			b := newBench(t, v.w, v.h)
			for _, p := range samples(lang) {
				if *only != "" && p.Name != *only {
					continue
				}
				b.Show(withModes(p, v.modes))
				for part, parts := b.Parts(); ; part++ {
					name := fmt.Sprintf("%s-%s-%s", p.Name, lang, v.name)
					if parts > 1 {
						name += fmt.Sprintf("-%d", part)
					}
					writePNG(t, *screensDir, name, b.capture())
					if part == parts {
						break
					}
					b.act(page.Action{ID: readOn})
				}
			}
		}
	}
}

// TestPictograms draws the whole family on one sheet with -screens; always it
// looks that every file is drawn as something.
func TestPictograms(t *testing.T) {
	names, err := assets.FS.ReadDir("pictograms")
	if err != nil {
		t.Fatal(err)
	}
	app := test.NewTempApp(t)
	_ = app
	cache := newIconCache()
	sheet := container.NewWithoutLayout(canvas.NewRectangle(theme.Hex(0xFFFFFF)))
	size := fyne.NewSize(1400, float32((len(names)+9)/10)*180)
	sheet.Objects[0].Resize(size)
	for i, n := range names {
		name := strings.TrimSuffix(n.Name(), ".svg")
		e := Element{Icon: name, Color: theme.Hex(0x17324D)}
		if strings.HasPrefix(name, "picture-") {
			p := theme.Normal()
			e.Tint, e.Color, e.Edge, e.Fill, e.Ground = TintPicture, p.Accent, p.Muted, p.Soft, p.Ground
		}
		e.W, e.H = 120, 120
		im := &canvas.Image{Image: cache.get(e), FillMode: canvas.ImageFillContain}
		im.Move(fyne.NewPos(float32(i%10)*140+10, float32(i/10)*180+10))
		im.Resize(fyne.NewSize(120, 120))
		label := canvas.NewText(name, theme.Hex(0x17324D))
		label.Move(fyne.NewPos(float32(i%10)*140+10, float32(i/10)*180+135))
		sheet.Objects = append(sheet.Objects, im, label)
		im.Refresh()
		if im.Image == nil || blank(im.Image) {
			t.Errorf("%s: nothing drawn", name)
		}
	}
	w := test.NewTempWindow(t, sheet)
	w.Resize(size)
	if *screensDir != "" {
		writePNG(t, *screensDir, "pictograms", w.Canvas().Capture())
	}
}

func blank(im image.Image) bool {
	b := im.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if _, _, _, a := im.At(x, y).RGBA(); a > 0 {
				return false
			}
		}
	}
	return true
}

package pages

import (
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/screen"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/kiosk/ui"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

var (
	dir  = flag.String("gallery", "", "write pictures of all pages into this directory")
	only = flag.String("only", "", "with -gallery: only names that this regular expression finds")
)

func house() screen.House {
	return screen.House{
		Kiosk: "PO-001", Place: "Biblioteca Lazzerini", Body: "Comune di Prato", Arms: "arms", HelpPhone: "0574 000000", HelpHours: "8-18",
		PSPName: "Banca di Prova S.p.A.", PublicURL: "https://t-serve.comune.prato.it", Scanner: page.Right, Terminal: page.Below, Printer: page.Below, Cards: page.Left,
	}
}

type shape struct {
	name  string
	w, h  float32
	modes session.Modes
}

func shapes() []shape {
	var out []shape
	for _, o := range []shape{{name: "portrait", w: 1080, h: 1920}, {name: "landscape", w: 1920, h: 1080}} {
		for i := range 8 {
			s := o
			s.modes = session.Modes{Large: i&1 > 0, Contrast: i&2 > 0, Lower: i&4 > 0}
			for _, m := range []struct {
				on   bool
				name string
			}{{s.modes.Large, "-large"}, {s.modes.Contrast, "-contrast"}, {s.modes.Lower, "-lower"}} {
				if m.on {
					s.name += m.name
				}
			}
			out = append(out, s)
		}
	}
	return out
}

// Every page of the product in every language, shape and aid is drawn, and
// nothing of it lies outside the glass.
func TestEveryPageFits(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.New())
	for _, sh := range shapes() {
		if sh.modes.Contrast && *dir == "" { // other colours, and nothing changes place
			continue
		}
		s := ui.New(ui.Profile{MMPerPx: theme.ReferenceMMPerPx, BottomMM: 750}, func(page.Touch) {}, time.Now)
		w := test.NewTempWindow(t, s.Object())
		w.SetPadded(false)
		w.Resize(fyne.NewSize(sh.w, sh.h))
		for _, lang := range kiosk.Languages() {
			for i, st := range All(lang) {
				if i%9 != 0 && (i%9 != 3 || i > 279) && i != 110 && i != 112 && i != 649 { // the help and the idle box are the same over every page
					continue
				}
				st.Modes = sh.modes
				p := screen.Render(st, house())
				p.Serial = uint64(i + 1)
				s.Show(p)
				for _, e := range s.Dump() {
					if e.X < -0.5 || e.Y < -0.5 || e.X+e.W > sh.w+0.5 || e.Y+e.H > sh.h+0.5 {
						t.Errorf("%s %s %s: %s %q lies outside: %v %v %v %v", p.Name, lang, sh.name, e.Part, e.Text, e.X, e.Y, e.W, e.H)
					}
				}
				save(t, w, fmt.Sprintf("%02d-%s-%s-%s", i, p.Name, lang, sh.name))
			}
		}
	}
}

func save(t *testing.T, w fyne.Window, name string) {
	if *dir == "" || !regexp.MustCompile(*only).MatchString(name) {
		return
	}
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(*dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, w.Canvas().Capture()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

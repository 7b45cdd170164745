// Package fit holds the catalogue's texts against the screen that draws them:
// the gateway measures them by figures of its own, and these must be the screen's.
package fit

import (
	"fmt"
	"strings"
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
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

// glass is a screen of the reference panel.
func glass(t *testing.T) *ui.Screen { return glassOf(t, fyne.NewSize(1080, 1920)) }

func glassOf(t *testing.T, size fyne.Size) *ui.Screen {
	t.Helper()
	s := ui.New(ui.Profile{MMPerPx: theme.ReferenceMMPerPx, BottomMM: 750}, func(page.Touch) {}, time.Now)
	w := test.NewTempWindow(t, s.Object())
	w.SetPadded(false)
	w.Resize(size)
	return s
}

// lines counts the lines of each part of what is drawn.
func lines(els []ui.Element) map[string]int {
	rows := map[string]map[int]bool{}
	for _, e := range els {
		if e.Kind != ui.KindText {
			continue
		}
		if rows[e.Part] == nil {
			rows[e.Part] = map[int]bool{}
		}
		rows[e.Part][int(e.Y+e.H/2)] = true
	}
	n := map[string]int{}
	for part, ys := range rows {
		n[part] = len(ys)
	}
	return n
}

// choice is one title with its words.
type choice struct {
	where string
	icon  string
	title string
	text  string
}

func choicesOf(c *kiosk.Catalogue, l kiosk.Language) []choice {
	var all []choice
	for _, g := range c.Groups {
		all = append(all, choice{"group " + g.ID, g.Icon, g.Name[l], g.Help[l]})
	}
	for _, s := range c.Services {
		all = append(all, choice{"service " + s.ID, s.Icon, s.Name[l], s.Help[l]})
		for _, f := range s.Fields {
			for _, o := range f.Options {
				all = append(all, choice{"option " + s.ID + "/" + o.Value, s.Icon, o.Name[l], ""})
			}
		}
	}
	return all
}

// Seven at a time the choices stand on one page, each title on one line and its
// words on two at most.
func TestChoicesFit(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.New())
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := glass(t)
	for _, l := range kiosk.Languages() {
		all := choicesOf(c, l)
		for len(all) > 0 {
			n := min(7, len(all))
			p := page.Page{Name: "fit", Lang: l, Title: "Che cosa vuoi pagare?"}
			for i := range 7 {
				ch := all[i%n]
				p.Choices = append(p.Choices, page.Choice{Icon: ch.icon, Title: ch.title, Text: ch.text, Act: page.Action{ID: fmt.Sprint("c", i), Label: ch.title}})
			}
			s.Show(p)
			if _, parts := s.Parts(); parts != 1 {
				t.Errorf("%s: seven choices from %q need %d pages", l, all[0].title, parts)
			}
			got := lines(s.Dump())
			for i, ch := range all[:n] {
				if k := got[fmt.Sprintf("choice %d", i)]; k != 1 {
					t.Errorf("%s %s: the title %q takes %d lines", l, ch.where, ch.title, k)
				}
				if k := got[fmt.Sprintf("choice %d text", i)]; k > 2 {
					t.Errorf("%s %s: the words %q take %d lines", l, ch.where, ch.text, k)
				}
			}
			all = all[n:]
		}
	}
}

// A question of a form is at most two lines and its help at most three.
func TestQuestionsFit(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.New())
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := glass(t)
	for _, l := range kiosk.Languages() {
		for _, svc := range c.Services {
			for _, f := range svc.Fields {
				s.Show(page.Page{Name: "fit", Lang: l, Title: f.Ask[l], Lead: f.Help[l]})
				got := lines(s.Dump())
				if got["title"] < 1 || got["title"] > 2 || got["lead"] < 1 || got["lead"] > 3 {
					t.Errorf("%s %s %s: title %d lines, lead %d", l, svc.ID, f.ID, got["title"], got["lead"])
				}
			}
		}
	}
}

// Every question of every service stands on one page with its keys, its help and
// an example, upright and lying, in every language.
func TestEveryQuestionStandsOnOnePage(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.New())
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []fyne.Size{fyne.NewSize(1080, 1920), fyne.NewSize(1920, 1080)} {
		s := glassOf(t, size)
		for _, l := range kiosk.Languages() {
			for _, svc := range c.Services {
				for at, f := range svc.Fields {
					state := session.State{Language: l, Catalogue: c, Scene: session.Form{Service: svc.ID, At: at}}
					state.Devices.Cards = session.ReaderReady
					p := screen.Render(state, screen.House{Body: "Comune di Prato"})
					s.Show(p)
					if _, parts := s.Parts(); parts != 1 {
						t.Errorf("%v %s %s %s: %d parts", size, l, svc.ID, f.ID, parts)
					}
					got := lines(s.Dump())
					if p.Picture != "" && got["picture number"] == 0 {
						t.Errorf("%v %s %s %s: no example", size, l, svc.ID, f.ID)
					}
				}
			}
		}
	}
}

// What the gateway's review refuses as too long the screen does break, and what
// it takes the screen does not: the figures of the two are the same.
func TestTheReviewMeasuresAsTheScreenDoes(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.New())
	s := glass(t)
	refused, drawn := 0, 0
	for n := 10; n <= 60; n++ {
		title := strings.TrimSpace(strings.Repeat("Tributi ", n/8+1)[:n])
		c, err := catalogue.Load()
		if err != nil {
			t.Fatal(err)
		}
		c.Services[0].Name = kiosk.Text{kiosk.Italian: title, kiosk.English: "x", kiosk.Chinese: "税"}
		if refused == 0 && len(catalogue.Check(c)) > 0 {
			refused = n
		}
		p := page.Page{Name: "fit", Lang: kiosk.Italian, Title: "x"}
		for i := range 4 {
			p.Choices = append(p.Choices, page.Choice{Icon: "car", Title: title, Act: page.Action{ID: fmt.Sprint("c", i), Label: title}})
		}
		s.Show(p)
		if drawn == 0 && lines(s.Dump())["choice 0"] > 1 {
			drawn = n
		}
	}
	// The review measures with the bold type, the screen draws in semi-bold: it may
	// be one or two signs stricter, never laxer.
	if refused == 0 || drawn == 0 || refused > drawn || drawn-refused > 3 {
		t.Errorf("refused from %d signs on, broken from %d on", refused, drawn)
	}
}

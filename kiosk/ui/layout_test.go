package ui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"
	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/ui/theme"
)

var update = flag.Bool("update", false, "write the golden files anew")

var panel = Profile{MMPerPx: theme.ReferenceMMPerPx, BottomMM: 750}

// allParts lays out every part of a page.
func allParts(t fataler, in input) []plan {
	k := in.profile.scale()
	first, ok := layAt(in, k)
	if !ok {
		t.Fatalf("%s: does not fit", in.page.Name)
	}
	out := []plan{first}
	for in.view.part = 1; in.view.part < first.parts; in.view.part++ {
		p, _ := layAt(in, k)
		out = append(out, p)
	}
	return out
}

type fataler interface {
	Errorf(string, ...any)
	Fatalf(string, ...any)
}

func TestEveryPageInEveryForm(t *testing.T) {
	test.NewTempApp(t)
	m := newTypecase(newMeasurer())
	for _, v := range variants() {
		for _, lang := range kiosk.Languages() {
			for _, p := range samples(lang) {
				p = withModes(p, v.modes)
				t.Run(fmt.Sprintf("%s/%s/%s", v.name, lang, p.Name), func(t *testing.T) {
					in := input{page: p, profile: panel, width: v.w, height: v.h, types: m}
					plans := allParts(t, in)
					for _, pl := range plans {
						checkDrawing(t, in, pl)
					}
					checkContent(t, p, plans)
					checkActions(t, p, plans)
				})
			}
		}
	}
}

// checkDrawing is what holds for every screen that is drawn.
func checkDrawing(t fataler, in input, pl plan) {
	floor := theme.NormalText.Floor
	if in.page.Modes.Large {
		floor = theme.LargeText.Floor
	}
	var texts []Element
	for i, e := range pl.els {
		if e.X < -0.5 || e.Y < -0.5 || e.X+e.W > in.width+0.5 || e.Y+e.H > in.height+0.5 {
			t.Errorf("outside the screen: %s", Markup([]Element{e}))
		}
		if e.Kind != KindText {
			continue
		}
		if e.Size < floor*in.profile.scale()-0.01 {
			t.Errorf("under the floor of %.0f: %s", floor, Markup([]Element{e}))
		}
		if e.Face == theme.FaceOther && strings.TrimSpace(e.Text) != "" {
			t.Errorf("not in our fonts: %s", Markup([]Element{e}))
		}
		if e.Veiled {
			continue
		}
		checkGround(t, pl.els[:i], e)
		for _, o := range texts {
			if overlap(e, o) {
				t.Errorf("overlap:\n%s%s", Markup([]Element{o}), Markup([]Element{e}))
			}
		}
		texts = append(texts, e)
	}
	checkControls(t, in, pl)
}

// checkGround says that a text lies within what it stands on, that this has the
// colour that the text believes, and that it can be read there.
func checkGround(t fataler, under []Element, e Element) {
	for i := len(under) - 1; i >= 0; i-- {
		r := under[i]
		if r.Tint == TintPicture && overlap(r, e) { // the drawing is its own ground
			r.Part, r.Kind, r.Fill = "picture", KindRect, e.Ground
		}
		if r.Kind != KindRect || r.Part == "veil" || !overlap(r, e) {
			continue
		}
		const slack = 1.5
		if e.X < r.X-slack || e.X+e.W > r.X+r.W+slack || e.Y < r.Y-slack || e.Y+e.H > r.Y+r.H+slack {
			t.Errorf("sticks out of %s:\n%s", r.Part, Markup([]Element{e}))
		}
		if r.Fill != e.Ground {
			t.Errorf("stands on %s, not on %s: %s", hex(r.Fill), hex(e.Ground), Markup([]Element{e}))
		}
		break
	}
	if c := theme.Ratio(e.Color, e.Ground); c < 4.5 {
		t.Errorf("contrast %.2f: %s", c, Markup([]Element{e}))
	}
}

func overlap(a, b Element) bool {
	const slack = 1.5
	return a.X+slack < b.X+b.W && b.X+slack < a.X+a.W && a.Y+slack < b.Y+b.H && b.Y+slack < a.Y+a.H
}

func checkControls(t fataler, in input, pl plan) {
	finger := in.profile.px(20) - 1
	for i, h := range pl.hits {
		if h.H < finger || h.W < finger {
			t.Errorf("%s: target of %.0fx%.0f px is under 20 mm", h.Action.ID, h.W, h.H)
		}
		for _, o := range pl.hits[:i] {
			if overlap(Element{X: h.X, Y: h.Y, W: h.W, H: h.H}, Element{X: o.X, Y: o.Y, W: o.W, H: o.H}) {
				t.Errorf("targets %s and %s overlap", h.Action.ID, o.Action.ID)
			}
		}
		if !in.page.Modes.Lower {
			continue
		}
		above := float64(in.height-h.Y) * in.profile.mmPerPx()
		if above > lowerMM+1 || in.profile.BottomMM+above > reachMM+1 {
			t.Errorf("%s: begins %.0f mm above the glass's edge in lower mode", h.Action.ID, above)
		}
	}
}

// checkContent says that every word of the page is drawn, on one part or other.
func checkContent(t fataler, p page.Page, plans []plan) {
	drawn := map[string]string{}
	for _, pl := range plans {
		seen := map[string]bool{}
		for _, e := range pl.els {
			if e.Kind == KindText {
				if !seen[e.Part] {
					drawn[e.Part] += "\n"
				}
				seen[e.Part] = true
				drawn[e.Part] += bare(e.Text)
			}
		}
	}
	want := func(part, text string) {
		if !strings.Contains(drawn[part], bare(text)) {
			t.Errorf("%s: %q is not drawn, but %q", part, text, drawn[part])
		}
	}
	want("title", p.Title)
	want("body", p.Header.Body)
	want("service", p.Header.Service)
	want("lead", p.Lead)
	want("amount", p.Amount)
	want("steps", p.Steps.Label)
	want("code", p.Code.Value)
	want("code label", p.Code.Label)
	want("field", p.Field.Typed)
	want("field missing", p.Field.Missing)
	checkLists(p, want)
	for _, k := range p.Keys {
		want("key", k.Label)
	}
	for _, a := range []page.Action{p.Main, p.Second, p.Back} {
		want("action", a.Label)
	}
	for _, a := range p.Help {
		want("help", a.Label)
	}
	if p.Box != nil {
		want("box title", p.Box.Title)
		want("box lead", p.Box.Lead)
		want("action", p.Box.Main.Label)
		want("action", p.Box.Back.Label)
	}
	checkPictures(t, p, plans)
}

func checkLists(p page.Page, want func(part, text string)) {
	for i, r := range p.Card {
		want(fmt.Sprintf("row %d label", i), r.Label)
		want(fmt.Sprintf("row %d", i), r.Value)
	}
	for i, r := range p.Totals {
		want(fmt.Sprintf("total %d label", i), r.Label)
		want(fmt.Sprintf("total %d", i), r.Value)
	}
	for i, it := range p.List {
		want(fmt.Sprintf("item %d", i), it.Title)
		want(fmt.Sprintf("item %d text", i), it.Sub)
		want(fmt.Sprintf("item %d value", i), it.Value)
	}
	for i, n := range p.Notes {
		want(fmt.Sprintf("note %d", i), n.Strong)
		want(fmt.Sprintf("note %d", i), n.Text)
	}
	for i, ch := range p.Choices {
		want(fmt.Sprintf("choice %d", i), ch.Title)
		want(fmt.Sprintf("choice %d text", i), ch.Text)
	}
}

// checkPictures says that what is drawn without words is there.
func checkPictures(t fataler, p page.Page, plans []plan) {
	if p.QR != "" && !has(plans, func(e Element) bool { return e.Kind == KindQR && e.Text == p.QR }) {
		t.Errorf("no QR code")
	}
	if p.Picture != "" && !has(plans, func(e Element) bool { return e.Icon == "picture-"+string(p.Picture) }) {
		t.Errorf("no picture of %s", p.Picture)
	}
	if p.Arrow != "" && !has(plans, func(e Element) bool { return e.Icon == "arrow-"+string(p.Arrow) }) {
		t.Errorf("no arrow")
	}
}

func has(plans []plan, what func(Element) bool) bool {
	for _, pl := range plans {
		for _, e := range pl.els {
			if what(e) {
				return true
			}
		}
	}
	return false
}

// bare is a text without what line breaking and emphasis may change.
func bare(s string) string {
	return strings.NewReplacer(" ", "", "\n", "", "**", "", "\u2060", "").Replace(s)
}

// checkActions says that every enabled action can be touched and focused.
func checkActions(t fataler, p page.Page, plans []plan) {
	hit, walked := map[string]bool{}, map[string]bool{}
	for _, pl := range plans {
		for _, h := range pl.hits {
			hit[h.Action.ID] = true
		}
		for _, s := range pl.stops {
			walked[s.id] = true
		}
	}
	for _, a := range p.Actions() {
		if !hit[a.ID] || !walked[a.ID] {
			t.Errorf("%s: touched %v, focused %v", a.ID, hit[a.ID], walked[a.ID])
		}
	}
	for _, pl := range plans {
		if len(pl.stops) == 0 || pl.stops[0].action.Exists() {
			t.Errorf("the first stop is no text: %+v", pl.stops)
		}
	}
}

// TestNothingMoves: the title's height and the places of the help bar are the
// same on every page and in every language.
func TestNothingMoves(t *testing.T) {
	test.NewTempApp(t)
	m := newTypecase(newMeasurer())
	for _, v := range variants() {
		titles, helps := map[float32][]string{}, map[string][]string{}
		for _, lang := range kiosk.Languages() {
			for _, p := range samples(lang) {
				if p.Name == "long" { // the owner's name takes lines of its own there
					continue
				}
				in := input{page: withModes(p, v.modes), profile: panel, width: v.w, height: v.h, types: m}
				pl := lay(in)
				where, title := "", Element{}
				for _, e := range pl.els {
					if e.Part == "help bar" {
						where += fmt.Sprint(e.X, e.Y, e.W, e.H, ";")
					}
					if title.Text == "" && e.Part == "title" && e.Kind == KindText {
						title = e
					}
				}
				name := string(lang) + " " + p.Name
				helps[where] = append(helps[where], name)
				if title.Text == "" {
					t.Fatalf("%s: no title", name)
				}
				if p.Verdict == "" && title.Size == sizes(p).Title {
					titles[title.Baseline] = append(titles[title.Baseline], name)
				}
			}
		}
		if len(helps) != 1 {
			t.Errorf("%s: the help bar moves: %v", v.name, helps)
		}
		for a := range titles {
			for b := range titles {
				if a-b > 26 { // tighter pages come nearer to the step line by half a line
					t.Errorf("%s: the title moves from %v %v to %v %v", v.name, a, titles[a], b, titles[b])
				}
			}
		}
	}
}

func sizes(p page.Page) theme.Sizes {
	if p.Modes.Large {
		return theme.LargeText
	}
	return theme.NormalText
}

// TestOtherPanels: the same page on panels of other sizes, mounted higher.
func TestOtherPanels(t *testing.T) {
	test.NewTempApp(t)
	m := newTypecase(newMeasurer())
	for _, c := range []struct {
		name    string
		profile Profile
		w, h    float32
		lower   bool
	}{
		{"15.6 inch portrait", Profile{0.179, 800}, 1080, 1920, true},
		{"32 inch portrait", Profile{0.369, 700}, 1080, 1920, true},
		{"27 inch landscape", Profile{0.233, 780}, 2560, 1440, true},
		{"10 inch landscape", Profile{0.17, 900}, 1280, 800, false},
		{"no profile", Profile{}, 1080, 1920, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, p := range samples(kiosk.Italian) {
				in := input{page: withModes(p, page.Modes{Lower: c.lower}), profile: c.profile, width: c.w, height: c.h, types: m}
				pl := lay(in)
				for i, a := range pl.hits {
					if a.X < 0 || a.Y < 0 || a.X+a.W > c.w+1 || a.Y+a.H > c.h+1 {
						t.Errorf("%s: %s lies outside the screen", p.Name, a.Action.ID)
					}
					for _, b := range pl.hits[:i] {
						if overlap(Element{X: a.X, Y: a.Y, W: a.W, H: a.H}, Element{X: b.X, Y: b.Y, W: b.W, H: b.H}) {
							t.Errorf("%s: %s and %s overlap", p.Name, a.Action.ID, b.Action.ID)
						}
					}
				}
			}
		})
	}
}

// TestAnyPage draws pages that nobody thought of.
func TestAnyPage(t *testing.T) {
	test.NewTempApp(t)
	m := newTypecase(newMeasurer())
	rapid.Check(t, func(t *rapid.T) {
		lang := rapid.SampledFrom([]kiosk.Language{kiosk.Italian, kiosk.English, kiosk.Chinese}).Draw(t, "language")
		v := rapid.SampledFrom(variants()).Draw(t, "variant")
		p := withModes(anyPage(t, words(lang)), v.modes)
		in := input{page: p, profile: panel, width: v.w, height: v.h, types: m}
		plans := allParts(t, in)
		for _, pl := range plans {
			checkDrawing(t, in, pl)
		}
		checkContent(t, p, plans)
		checkActions(t, p, plans)
	})
}

func anyPage(t *rapid.T, l words) page.Page {
	word := rapid.SampledFrom([]string{"tributo", "di", "Prato", "2026", "1.234,56" + nbsp + "€", "ZTL", "缴费单", "（avviso）", "手续费，", "Muttergottes", "è"})
	text := func(name string, most int) string {
		return strings.Join(rapid.SliceOfN(word, 1, most).Draw(t, name), " ")
	}
	p := l.frame("any", text("title", 6))
	p.Verdict = rapid.SampledFrom([]page.Tone{"", page.ToneDone, page.ToneBad}).Draw(t, "verdict")
	if rapid.Bool().Draw(t, "steps") {
		p.Steps = l.steps(rapid.IntRange(1, 4).Draw(t, "step"))
	}
	if rapid.Bool().Draw(t, "lead") {
		p.Lead = text("lead", 12)
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "rows") {
		p.Card = append(p.Card, page.Row{Label: text("label", 3), Value: text("value", 7), Strong: i > 3})
	}
	for range rapid.IntRange(0, 2).Draw(t, "notes") {
		p.Notes = append(p.Notes, page.Note{Tone: rapid.SampledFrom([]page.Tone{"", page.ToneInfo, page.ToneBad}).Draw(t, "tone"), Text: text("note", 10)})
	}
	switch rapid.SampledFrom([]string{"choices", "list", "keys", "picture", "qr", ""}).Draw(t, "kind") {
	case "choices":
		for i := range rapid.IntRange(1, 9).Draw(t, "choices") {
			p.Choices = append(p.Choices, page.Choice{Icon: "car", Title: text("choice", 4), Text: text("text", 5), Act: page.Action{ID: fmt.Sprintf("c%d", i)}})
		}
	case "list":
		for i := range rapid.IntRange(1, 5).Draw(t, "items") {
			p.List = append(p.List, page.Item{Icon: "fine", Title: text("item", 5), Sub: text("sub", 5), Value: l.euro("85,40", "85.40"), Remove: page.Action{ID: fmt.Sprintf("r%d", i), Label: "Togli"}})
		}
		p.Totals = []page.Row{{Label: text("total", 3), Value: l.euro("173,80", "173.80"), Strong: true}}
	case "keys":
		k := l.keypad()
		p.Keys, p.Field = k.Keys, k.Field
	case "picture":
		p.Picture, p.Arrow = page.PictureTerminal, page.Below
	case "qr":
		p.QR = "https://example.invalid/1"
	}
	if rapid.Bool().Draw(t, "main") {
		p.Main = page.Action{ID: "main", Label: text("main", 3), Icon: "go", Style: page.StylePrimary}
	}
	if rapid.Bool().Draw(t, "back") {
		p.Back = page.Action{ID: "back", Label: text("back", 2)}
	}
	if rapid.Bool().Draw(t, "second") {
		p.Second = page.Action{ID: "second", Label: text("second", 2)}
	}
	return p
}

// TestGolden keeps the mockups' pages as readable text.
func TestGolden(t *testing.T) {
	test.NewTempApp(t)
	m := newTypecase(newMeasurer())
	vs := map[string]variant{}
	for _, v := range variants() {
		vs[v.name] = v
	}
	show := func(name string, p page.Page, variant string) {
		v := vs[variant]
		in := input{page: withModes(p, v.modes), profile: panel, width: v.w, height: v.h, types: m}
		var got strings.Builder
		for i, pl := range allParts(t, in) {
			if pl.parts > 1 {
				fmt.Fprintf(&got, "part %d of %d\n", i+1, pl.parts)
			}
			got.WriteString(Markup(pl.els))
		}
		golden(t, name, got.String())
	}
	for _, p := range samples(kiosk.Italian)[:10] {
		show(p.Name, p, "portrait")
	}
	show("attract-zh", words(kiosk.Chinese).attract(), "portrait")
	show("bill-en", words(kiosk.English).bill(), "portrait")
	show("bill-contrast-large", words(kiosk.Italian).bill(), "portrait-large-contrast")
	show("bill-landscape", words(kiosk.Italian).bill(), "landscape")
	show("services-lower", words(kiosk.Italian).services(), "portrait-lower")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w, g := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) || w[i] != g[i] {
			t.Errorf("%s:%d differs\nwant %s\ngot  %s", file, i+1, at(w, i), at(g, i))
			return
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}

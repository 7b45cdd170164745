package screen

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/test/pages"
)

func house() House {
	return House{
		Kiosk: "PO-001", Place: "Biblioteca Lazzerini", Body: "Comune di Prato", Arms: "arms", HelpPhone: "0574 000000", HelpHours: "8-18",
		PSPName: "Banca di Prova", PublicURL: "https://t-serve.example", Scanner: page.Right, Terminal: page.Below, Printer: page.Left, Cards: page.Right,
	}
}

// Every page in every language keeps the rules of a page.
func TestRulesOfEveryPage(t *testing.T) {
	for _, lang := range kiosk.Languages() {
		for _, s := range pages.All(lang) {
			p := Render(s, house())
			at := fmt.Sprintf("%s %s", lang, p.Name)
			if p.Name == "" || p.Title == "" {
				t.Errorf("%s: %T has no name or title", at, s.Scene)
			}
			recommended := 0
			for _, c := range p.Choices {
				if c.Recommended {
					recommended++
				}
				if c.Title == "" {
					t.Errorf("%s: a choice without a word", at)
				}
			}
			if recommended > 1 {
				t.Errorf("%s: %d recommended choices", at, recommended)
			}
			seen := map[string]bool{}
			for _, a := range p.Actions() {
				if seen[a.ID] {
					t.Errorf("%s: two actions %q", at, a.ID)
				}
				seen[a.ID] = true
				if _, ok := a.Event.(session.Event); !ok || a.Label == "" {
					t.Errorf("%s: action %q has no event or no words", at, a.ID)
				}
			}
			if dump := fmt.Sprintf("%+v", p); strings.Contains(dump, "screen_") || strings.Contains(dump, "problem_") || strings.Contains(dump, "<no value>") || strings.Contains(dump, "{{") {
				t.Errorf("%s: a word is missing: %s", at, dump)
			}
		}
	}
}

// A code has words in every language, and none says nothing about the money
// where money could be in doubt.
func TestWordsOfEveryProblem(t *testing.T) {
	for _, lang := range kiosk.Languages() {
		seen := map[string]kiosk.Code{}
		for _, code := range kiosk.Codes() {
			if !i18n.Has(lang, "problem_"+string(code)+"_title") {
				t.Errorf("%s: no words for %s", lang, code)
				continue
			}
			title, text := problem(lang, code)
			if title == "" || text == "" || len([]rune(title)) > 70 {
				t.Errorf("%s %s: title %q text %q", lang, code, title, text)
			}
			if other, twice := seen[text]; twice {
				t.Errorf("%s: %s and %s have the same words", lang, code, other)
			}
			seen[text] = code
		}
	}
	if title, _ := problem(kiosk.Italian, "no-such-code"); title == "" || strings.Contains(title, "problem_") {
		t.Errorf("an unknown code: %q", title)
	}
}

var technical = regexp.MustCompile(`(?i)\b(gateway|timeout|server|database|errore?|null|exception|tcp|offline)\b`)

// Nothing technical reaches a citizen.
func TestNoTechnicalWords(t *testing.T) {
	for _, lang := range kiosk.Languages() {
		for key, text := range i18n.Keys(lang) {
			if bad := technical.FindString(text); bad != "" {
				t.Errorf("%s %s: %q in %q", lang, key, bad, text)
			}
		}
	}
}

// The display's words are translated, with the Italian ones beside them.
func TestTheReadersWords(t *testing.T) {
	for _, c := range []struct {
		lang          kiosk.Language
		message, want string
	}{
		{kiosk.Italian, "INSERIRE CARTA      ", "Il lettore dice: **Inserisci o avvicina la carta**"},
		{kiosk.English, "INSERIRE CARTA", "The reader says: **insert or hold your card (INSERIRE CARTA)**"},
		{kiosk.English, "DIGITARE PIN", "type your PIN (DIGITARE PIN)"},
		{kiosk.Chinese, "ELABORAZIONE...", "正在处理 (ELABORAZIONE...)"},
		{kiosk.English, "SCONTO **10**", "**SCONTO 10**"},
	} {
		s := session.State{Language: c.lang, Scene: session.Terminal{Message: c.message}}
		if got := Render(s, house()).Notes[0].Text; !strings.Contains(got, c.want) {
			t.Errorf("%s %q: %q, want %q", c.lang, c.message, got, c.want)
		}
	}
}

func TestTheWordsFollowTheDevices(t *testing.T) {
	s := session.State{Language: kiosk.Italian, Scene: session.Scan{}, Devices: session.Devices{Scanner: true}}
	h := house()
	h.Scanner = page.Left
	if p := Render(s, h); !strings.Contains(p.Title, "a sinistra") || p.Arrow != page.Left {
		t.Errorf("title %q arrow %s", p.Title, p.Arrow)
	}
}

func TestTheIdleBoxSaysWhatHappenedToTheMoney(t *testing.T) {
	s := session.State{Now: 1, Language: kiosk.Italian, Scene: session.Paid{}, Overlay: session.IdleBox{Until: 2}}
	for outcome, want := range map[kiosk.Outcome]string{"": "Non hai pagato nulla", kiosk.Charged: "resta valido", kiosk.Unknown: "7K4P-22"} {
		s.Payment = pages.Paid(payment.Closed, outcome)
		if p := Render(s, house()); !strings.Contains(p.Box.Lead, want) {
			t.Errorf("%q: %q", outcome, p.Box.Lead)
		}
	}
}

// The whole receipt can be read on the screen: every item that the paper has.
func TestTheReceiptOnScreenIsWhole(t *testing.T) {
	s := session.State{Language: kiosk.Italian, Scene: session.OnScreen{}, Payment: pages.Paid(payment.Closed, kiosk.Charged)}
	dump := fmt.Sprint(Render(s, house()).Card)
	for _, want := range []string{"Comune di Prato", "TARI 2026", "3020 0000 0000 0042 32", "87,00\u00a0€", "88,00\u00a0€", "1,00\u00a0€", "4471", "A1B2C3", "7K4P-22", "Banca di Prova", "01890000-0000-7000-8000-000000000001", "Pagato"} {
		if !strings.Contains(dump, want) {
			t.Errorf("%q is missing in %s", want, dump)
		}
	}
}

func TestPayingIsDisabledWithItsReason(t *testing.T) {
	s := session.State{Language: kiosk.Italian, Scene: session.Confirm{}, Cart: pages.Cart()}
	p := Render(s, house())
	if !p.Main.Disabled || p.Main.Label != "Ora non si può pagare" {
		t.Errorf("%+v", p.Main)
	}
}

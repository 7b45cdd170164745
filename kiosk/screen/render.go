package screen

// Render: from the session's state to the page.

import (
	"cmp"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/session"
)

// House is what a page must know of the kiosk that it stands on.
type House struct {
	Kiosk     string // its number: "PO-001"
	Place     string // where it stands: "Biblioteca Lazzerini"
	Body      string // whose it is: "Comune di Prato"
	Arms      string // pictogram of the arms
	HelpPhone string
	HelpHours string
	HoursIn   kiosk.Text // HelpHours in the languages in which they read otherwise
	PSPName   string
	PSPCode   string // its fiscal code
	PublicURL string // base of the citizen's page, without a slash at the end
	Scanner   page.Direction
	Terminal  page.Direction
	Printer   page.Direction
	Cards     page.Direction // the reader of citizens' cards
}

// Hours is when the help line is answered, as it is read in a language.
func (h House) Hours(l kiosk.Language) string { return cmp.Or(h.HoursIn[l], h.HelpHours) }

// view is one page in the making.
type view struct {
	house House
	s     session.State
	lang  kiosk.Language
	p     page.Page
}

// Render makes the page of a state.
func Render(s session.State, h House) page.Page {
	v := &view{house: h, s: s, lang: s.Language}
	v.p.Lang = s.Language
	v.p.Modes = page.Modes{Large: s.Modes.Large, Contrast: s.Modes.Contrast, Lower: s.Modes.Lower}
	v.p.Turning = page.Turning{ReadOn: v.t("read_on"), ReadBack: v.t("back")}
	v.header()
	if _, help := s.Overlay.(session.HelpPage); help {
		v.helpPage()
	} else {
		v.scene()
	}
	v.helpBar()
	v.overlay()
	return v.p
}

func (v *view) t(key string) string { return i18n.T(v.lang, "screen_"+key, nil) }

func (v *view) tf(key string, args i18n.Args) string { return i18n.T(v.lang, "screen_"+key, args) }

func (v *view) money(a kiosk.Amount) string { return i18n.Money(v.lang, a) }

func (v *view) place(d page.Direction) string { return v.t("place_" + string(d)) }

// problem turns a code into words: the title and what to do.
func problem(lang kiosk.Language, code kiosk.Code) (title, text string) {
	key := "problem_" + string(code)
	if !i18n.Has(lang, key+"_title") {
		key = "problem_" + string(kiosk.CodeInternal)
	}
	return i18n.T(lang, key+"_title", nil), i18n.T(lang, key+"_text", nil)
}

func (v *view) header() {
	v.p.Header = page.Header{Body: v.house.Body, Service: i18n.T(v.lang, "common_body_service", nil), Arms: v.house.Arms}
	for _, l := range kiosk.Languages() {
		v.p.Header.Languages = append(v.p.Header.Languages, page.Action{
			ID: "lang-" + string(l), Label: l.OwnName(), Active: l == v.lang, Event: session.LanguageChosen{Language: l},
		})
	}
}

func (v *view) helpBar() {
	m := v.s.Modes
	v.p.Help = [6]page.Action{
		{ID: "help-help", Label: v.t("help"), Icon: "help", Event: session.HelpAsked{}},
		{ID: "help-big", Label: v.t("large"), Icon: "big", Active: m.Large, Event: session.ModeToggled{Mode: session.ModeLarge}},
		{ID: "help-contrast", Label: v.t("contrast"), Icon: "contrast", Active: m.Contrast, Event: session.ModeToggled{Mode: session.ModeContrast}},
		{}, // "Ascolta" has its place here as soon as there is speech
		{ID: "help-lower", Label: v.t("lower"), Icon: "lower", Active: m.Lower, Event: session.ModeToggled{Mode: session.ModeLower}},
		v.exitAction(),
	}
}

func (v *view) exitAction() page.Action {
	a := page.Action{ID: "help-exit", Label: v.t("exit"), Icon: "exit", Event: session.ExitAsked{}}
	switch v.s.Scene.(type) {
	case session.Terminal, session.Concluding, session.Printing, session.Recovering:
		a.Label, a.Disabled = v.t("exit_busy"), true
	case session.TakeCard:
		a.Label, a.Disabled = v.t("exit_take"), true
	case session.Paid, session.PrintFailed, session.OnPhone, session.OnScreen, session.Thanks, session.Doubtful, session.Declined:
		a.Label = v.t("exit_end")
	}
	return a
}

func (v *view) steps(now int) {
	names := []string{v.t("step_1"), v.t("step_2"), v.t("step_3"), v.t("step_4")}
	v.p.Steps = page.Steps{Now: now, Names: names, Label: v.tf("steps", i18n.Args{"now": now, "name": names[now-1]})}
}

func (v *view) back(key string) {
	v.p.Back = page.Action{ID: "back", Label: v.t(key), Event: session.WentBack{}}
}

func (v *view) main(id, key, icon string, style page.Style, e session.Event) {
	v.p.Main = page.Action{ID: id, Label: v.t(key), Icon: icon, Style: style, Event: e}
}

func (v *view) next() { v.main("continue", "continue", "go", page.StylePrimary, session.Continued{}) }

func (v *view) note(tone page.Tone, icon, strong, text string) {
	v.p.Notes = append(v.p.Notes, page.Note{Tone: tone, Icon: icon, Strong: strong, Text: text})
}

// scene draws what lies under any overlay.
func (v *view) scene() {
	switch sc := v.s.Scene.(type) {
	case session.Recovering:
		v.p.Name, v.p.Title, v.p.Lead = "recovering", v.t("recovering_title"), v.t("recovering_lead")
	case session.Attract:
		v.attract()
	case session.Scan:
		v.scan(sc)
	case session.TypeNotice:
		v.keypad("notice", sc.Digits, session.NumberDigits, page.PicturePaper)
	case session.TypeCreditor:
		v.keypad("creditor", sc.Digits, session.CreditorDigits, page.PictureCreditor)
	case session.TypedDoubt:
		v.doubt(sc)
	case session.LookingUp:
		v.p.Name, v.p.Title, v.p.Lead = "looking-up", v.t("looking_title"), v.t("looking_lead")
		v.steps(1)
	case session.Review:
		v.bill(sc)
	case session.Refused:
		v.refused(sc)
	default:
		if !v.finding() && !v.card() {
			v.paying()
		}
	}
}

// overlay puts the box over the page.
func (v *view) overlay() {
	switch o := v.s.Overlay.(type) {
	case session.IdleBox:
		left := v.s.Now.Until(o.Until).Seconds()
		v.p.Box = &page.Box{
			Name: "idle", Title: v.t("idle_title"), Lead: v.tf("idle_lead", i18n.Args{"count": left}) + " " + v.idleMoney(),
			Countdown: left,
			Back:      page.Action{ID: "exit", Label: v.t("idle_leave"), Event: session.ExitConfirmed{}},
			Main:      page.Action{ID: "stay", Label: v.t("continue"), Style: page.StylePrimary, Event: session.BoxClosed{}},
		}
	case session.CancelBox:
		v.p.Box = &page.Box{
			Name: "cancel", Title: v.t("cancel_title"), Lead: v.t("cancel_lead"),
			Back: page.Action{ID: "exit", Label: v.t("cancel_yes"), Event: session.ExitConfirmed{}},
			Main: page.Action{ID: "stay", Label: v.t("cancel_no"), Style: page.StylePrimary, Event: session.BoxClosed{}},
		}
	}
}

// idleMoney says what happened to the money so far.
func (v *view) idleMoney() string {
	switch v.s.Payment.Result.Outcome {
	case kiosk.Charged:
		return v.t("idle_money_paid")
	case kiosk.Unknown:
		return v.tf("idle_money_doubt", i18n.Args{"ref": v.s.Payment.Ref})
	}
	return v.t("idle_money_none")
}

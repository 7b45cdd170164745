package screen

// Pages of the citizen's card. No digit of a secret is known here, and no name.

import (
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/session"
)

// card draws the scenes of the card and says whether it was one.
func (v *view) card() bool {
	switch sc := v.s.Scene.(type) {
	case session.LayCard:
		v.layCard(sc)
	case session.CardSecret:
		v.cardSecret(sc.Typed)
	case session.ReadingCard:
		v.p.Name, v.p.Title, v.p.Lead = "card-reading", v.t("card_reading_title"), v.t("card_reading_lead")
		v.p.Picture = page.PictureCard
		v.steps(1)
	case session.Greeting:
		v.p.Name, v.p.Title, v.p.Lead = "card-greeting", v.t("card_greeting_title"), v.t("card_greeting_lead")
		if v.s.Card.Present {
			v.p.Lead, v.p.Picture = v.t("card_greeting_take"), page.PictureTakeCard
		}
		v.steps(1)
	case session.CardTrouble:
		v.cardTrouble(sc)
	case session.TakeCard:
		v.takeCard(sc)
	default:
		return false
	}
	return true
}

// cardPlace is where the reader of the cards stands.
func (v *view) cardPlace() page.Direction {
	if v.house.Cards == "" {
		return page.Below
	}
	return v.house.Cards
}

func (v *view) cardArgs() i18n.Args { return i18n.Args{"place": v.place(v.cardPlace())} }

// cardChoice is the way of the card on the first page.
func (v *view) cardChoice() page.Choice {
	ch := page.Choice{
		Icon: "card", Title: v.t("attract_card"), Text: v.t("attract_card_text"),
		Act: page.Action{ID: "choice-card", Label: v.t("attract_card"), Event: session.CardWanted{}},
	}
	if v.s.Devices.Cards != session.ReaderReady {
		ch.Text = ""
		ch.Act.Disabled, ch.Act.Label = true, v.t("attract_card_gone")
	}
	return ch
}

func (v *view) layCard(sc session.LayCard) {
	v.p.Name = "card-lay"
	v.steps(1)
	v.p.Title, v.p.Lead = v.tf("card_lay_title", v.cardArgs()), v.t("card_lay_lead")
	v.p.Picture, v.p.Arrow = page.PictureCard, v.cardPlace()
	switch {
	case sc.Several:
		v.p.Verdict, v.p.Title, v.p.Lead = page.ToneWarn, v.t("card_several_title"), v.t("card_several_lead")
	case sc.Again && sc.Typed.Count > 0:
		v.p.Verdict = page.ToneWarn
		v.p.Title, v.p.Lead = problem(v.lang, kiosk.CodeCardRemoved)
	case sc.Again:
		v.p.Verdict = page.ToneWarn
		v.p.Title, _ = problem(v.lang, kiosk.CodeCardRemoved)
		v.p.Lead = v.t("card_again_lead")
	case sc.Typed.Count > 0:
		v.p.Title, v.p.Lead = v.tf("card_now_title", v.cardArgs()), v.t("card_now_lead")
	default:
		v.note(page.ToneInfo, "info", v.t("card_privacy_strong"), v.t("card_privacy_text"))
	}
	v.back("back")
}

// cardSecret is the keypad of CAN and PIN: dots for what was typed.
func (v *view) cardSecret(t session.Typed) {
	v.p.Name = "card-" + string(t.Secret)
	v.steps(1)
	v.p.Title, v.p.Lead = v.t("card_"+string(t.Secret)+"_title"), v.t("card_"+string(t.Secret)+"_lead")
	least := session.CANDigits
	v.p.Picture = page.PictureCAN
	if t.Secret == kiosk.SecretPIN {
		least, v.p.Picture = session.PINDigits, page.PicturePIN
		if t.Tries > 0 {
			v.p.Lead += " " + v.tf("card_tries", i18n.Args{"count": t.Tries})
		}
	}
	if !v.s.Card.Present {
		v.p.Lead = v.t("card_" + string(t.Secret) + "_hand")
	}
	v.p.Field = page.Field{Typed: dots("•", t.Count), Missing: dots("·", least-t.Count)}
	if t.Count > 0 && t.Count < least {
		v.p.Field.Missing = " " + v.p.Field.Missing
	}
	v.digitKeys()
	v.back("back")
	v.next()
	if !t.Enough() {
		v.p.Main.Disabled, v.p.Main.Icon = true, ""
		v.p.Main.Label = v.tf("keypad_missing", i18n.Args{"count": least - t.Count})
	}
}

// dots stand for digits, with blanks between them.
func dots(dot string, n int) string {
	return strings.TrimSpace(strings.Repeat(dot+" ", max(0, n)))
}

func (v *view) cardTrouble(sc session.CardTrouble) {
	v.p.Name, v.p.Verdict = "card-trouble", page.ToneWarn
	v.p.Title, v.p.Lead = problem(v.lang, sc.Code)
	notice := page.Action{ID: "choice-notice", Label: v.t("attract_notice"), Icon: "scan", Style: page.StyleOutline, Event: session.NoticeWanted{}}
	v.back("back")
	switch sc.Code {
	case kiosk.CodeNothingOwed:
		v.p.Verdict = page.ToneDone
		v.p.Back = page.Action{}
		v.main("end", "end", "ok", page.StylePrimary, session.Continued{})
		v.p.Second = notice
		return
	case kiosk.CodeCardNotGenuine, kiosk.CodeCardPINBlocked:
		v.p.Verdict = page.ToneBad
	case kiosk.CodeCardWrongPIN:
		if n := v.s.Card.Tries; n > 0 {
			v.note(page.ToneWarn, "warn", "", v.tf("card_tries", i18n.Args{"count": n}))
		}
	}
	if sc.Ref != "" && !v.ownFault(sc.Code) {
		v.p.Code = page.Labelled{Label: v.t("code"), Value: sc.Ref}
	}
	v.note(page.ToneInfo, "phone", "", v.tf("help_person", v.help()))
	if session.CardCanRetry(sc.Code) {
		v.main("retry", "retry", "go", page.StylePrimary, session.RetryAsked{})
		v.p.Second = notice
		return
	}
	notice.Style = page.StylePrimary
	v.p.Main = notice
}

// ownFault says that a slip of the finger needs no code to find it in a log.
func (v *view) ownFault(c kiosk.Code) bool {
	return c == kiosk.CodeCardWrongCAN || c == kiosk.CodeCardWrongPIN
}

func (v *view) takeCard(sc session.TakeCard) {
	v.p.Name = "take-card"
	v.p.Title, v.p.Lead = v.t("card_take_title"), v.tf("card_take_lead", v.cardArgs())
	v.p.Picture, v.p.Arrow = page.PictureTakeCard, v.cardPlace()
	if sc.Told {
		v.note(page.ToneInfo, "phone", "", v.tf("card_take_told", v.help()))
	}
}

// cardInReader reminds, on the last page, of a card that still lies there.
func (v *view) cardInReader() {
	if v.s.Card.Present && v.s.Card.Card == v.s.Owner {
		v.note(page.ToneWarn, "card", v.t("card_mind_strong"), v.tf("card_mind_text", v.cardArgs()))
	}
}

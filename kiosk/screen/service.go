package screen

// Pages without a paper: groups, services, the search, and the questions of a
// form on our own keypads.

import (
	"strconv"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/session"
)

// finding draws the pages of the services; it reports whether the scene is one.
func (v *view) finding() bool {
	switch sc := v.s.Scene.(type) {
	case session.Services:
		v.services(sc)
	case session.SearchService:
		v.searchService(sc)
	case session.ServiceHits:
		v.serviceHits(sc)
	case session.Form:
		v.form(sc)
	case session.FormDoubt:
		v.formDoubt(sc)
	case session.FindingBills:
		v.findingBills()
	case session.Choose:
		v.choose(sc)
	default:
		return false
	}
	return true
}

// servicesChoice is the attract page's way to the services.
func (v *view) servicesChoice() page.Choice {
	text := v.t("attract_services_few")
	if more := len(v.s.Catalogue.Services) - 4; more > 6 {
		text = v.tf("attract_services_text", i18n.Args{"more": more})
	}
	title := v.t("attract_services")
	return page.Choice{Icon: "search", Title: title, Text: text, Act: page.Action{ID: "choice-services", Label: title, Event: session.ServicesWanted{}}}
}

func (v *view) services(sc session.Services) {
	c := v.s.Catalogue
	v.p.Name, v.p.Title = "services", v.t("services_title")
	has := map[string]bool{}
	for _, svc := range c.Services {
		has[svc.Group] = true
		if sc.Group != "" && svc.Group == sc.Group {
			v.serviceChoice(svc)
		}
	}
	for _, g := range c.Groups {
		name := g.Name.In(v.lang)
		switch {
		case sc.Group == "" && has[g.ID]:
			v.p.Choices = append(v.p.Choices, page.Choice{
				Icon: g.Icon, Title: name, Text: g.Help.In(v.lang),
				Act: page.Action{ID: "group-" + g.ID, Label: name, Event: session.GroupChosen{Group: g.ID}},
			})
		case sc.Group == g.ID:
			v.p.Name, v.p.Title = "services-"+g.ID, name
		}
	}
	v.p.Turning.ReadOn, v.p.Turning.Keep = v.t("services_turn"), sc.Group == ""
	v.back("back")
	v.main("search", "services_search", "find", page.StyleOutline, session.SearchWanted{})
}

// serviceChoice adds a service; one that cannot be found here says why.
func (v *view) serviceChoice(svc kiosk.Service) {
	name := svc.Name.In(v.lang)
	ch := page.Choice{
		Icon: svc.Icon, Title: name, Text: svc.Help.In(v.lang),
		Act: page.Action{ID: "service-" + svc.ID, Label: name, Event: session.ServiceChosen{Service: svc.ID}},
	}
	if svc.Find == kiosk.FindByCard && v.s.Devices.Cards != session.ReaderReady {
		ch.Act.Disabled, ch.Act.Label = true, v.t("services_nocard")
	}
	v.p.Choices = append(v.p.Choices, ch)
}

func (v *view) searchService(sc session.SearchService) {
	v.p.Name = "search"
	v.p.Title, v.p.Lead = v.t("search_title"), v.t("search_lead")
	v.p.Field = dotted(sc.Text, 1)
	v.letterKeys(true)
	v.back("back")
	hits := session.Search(v.s.Catalogue, v.lang, sc.Text)
	switch {
	case strings.TrimSpace(sc.Text) == "":
		v.off("search_empty")
	case len(hits.Services) == 0:
		v.off("search_none")
	default:
		v.next()
		v.p.Main.Label = v.tf("search_show", i18n.Args{"count": len(hits.Services)})
		key := "search_hits"
		if hits.Near {
			key = "search_near"
		}
		v.p.Lead = v.tf(key, i18n.Args{"names": names(v.lang, hits.Services)})
	}
}

// names are the first hits, as many as a line or two hold.
func names(lang kiosk.Language, hits []kiosk.Service) string {
	var out []string
	for _, h := range hits[:min(len(hits), 3)] {
		out = append(out, h.Name.In(lang))
	}
	text := strings.Join(out, " · ")
	if len(hits) > len(out) {
		text += " …"
	}
	return text
}

func (v *view) serviceHits(sc session.ServiceHits) {
	v.p.Name = "search-hits"
	v.p.Title = v.t("services_title")
	hits, key := session.Search(v.s.Catalogue, v.lang, sc.Text), "search_for"
	if hits.Near {
		key = "search_near_for"
	}
	v.p.Lead = v.tf(key, i18n.Args{"text": strings.TrimSpace(sc.Text)})
	for _, svc := range hits.Services {
		v.serviceChoice(svc)
	}
	v.p.Turning.ReadOn = v.t("services_turn")
	v.back("back")
}

// off shows a way on that cannot be gone yet: its words say why.
func (v *view) off(key string) { v.offWords(v.t(key)) }

func (v *view) offWords(words string) {
	v.next()
	v.p.Main.Disabled, v.p.Main.Icon, v.p.Main.Label = true, "", words
}

// form is one question.
func (v *view) form(sc session.Form) {
	svc, f, ok := session.Question(v.s.Catalogue, sc)
	if !ok {
		v.services(session.Services{})
		return
	}
	value := sc.Values[sc.At]
	v.p.Name = "form-" + f.ID
	v.steps(1)
	v.back("back")
	if v.p.Title = f.Ask.In(v.lang); v.p.Title == "" { // catalogues of before had no questions
		v.p.Title = f.Name.In(v.lang)
	}
	switch {
	case f.Kind == kiosk.FieldChoice:
		v.options(f, value)
	case value == session.FromCard:
		v.fromCard(svc)
		return
	default:
		v.typed(f, value)
	}
	v.p.Lead = v.formLead(svc, f, sc.At)
}

// formLead says which service and which question, and helps.
func (v *view) formLead(svc kiosk.Service, f kiosk.Field, at int) string {
	lead := "**" + svc.Name.In(v.lang) + "**"
	if n := len(svc.Fields); n > 1 {
		lead += v.tf("form_question", i18n.Args{"now": at + 1, "of": n})
	}
	if help := f.Help.In(v.lang); help != "" {
		lead += "\n" + help
	}
	return lead
}

func (v *view) options(f kiosk.Field, value kiosk.FormValue) {
	for i, o := range f.Options {
		name := o.Name.In(v.lang)
		v.p.Choices = append(v.p.Choices, page.Choice{
			Icon: o.Icon, Title: name, Recommended: o.Value == value.Clear(),
			Act: page.Action{ID: "option-" + strconv.Itoa(i), Label: name, Event: session.OptionChosen{Index: i}},
		})
	}
	v.p.Turning.ReadOn = v.t("form_turn")
	if f.Optional {
		v.main("continue", "form_skip", "go", page.StyleOutline, session.Continued{})
	}
}

// typed is a question that is answered on a keypad.
func (v *view) typed(f kiosk.Field, value kiosk.FormValue) {
	v.p.Field = v.shown(f, value)
	v.p.Picture, v.p.Sample = pictureOf(f), page.Labelled{Label: f.Name.In(kiosk.Italian), Value: sample(f)}
	if session.Letters(f) {
		v.letterKeys(f.Kind == kiosk.FieldLetters)
	} else {
		v.digitKeys()
	}
	v.answer(f, value)
	if f.FromCard != "" && session.Letters(f) && v.s.Devices.Cards == session.ReaderReady {
		// A key among the wide ones: a button of its own would cost the page in landscape a second part.
		v.p.Keys = append(v.p.Keys, page.Key{Wide: true, Label: v.t("form_card"), Act: page.Action{ID: "choice-card", Label: v.t("form_card"), Event: session.CardWanted{}}})
		v.p.KeyRows[len(v.p.KeyRows)-1] = page.KeyRow{Keys: 3, Columns: 3}
	}
}

// answer is the way on; it says what is missing.
func (v *view) answer(f kiosk.Field, value kiosk.FormValue) {
	least, _ := session.Room(f)
	missing := least - len(value)
	ok, flaw := session.Answered(f, value)
	switch {
	case ok && value == "":
		v.main("continue", "form_skip", "go", page.StyleOutline, session.Continued{})
	case ok:
		v.next()
	case flaw == session.FlawDate:
		v.off("form_noday")
	case flaw == session.FlawRange:
		v.offWords(v.amountBounds(f))
	case f.Kind == kiosk.FieldAmount:
		v.off("form_noamount")
	case session.Letters(f):
		v.offWords(v.tf("letters_missing", i18n.Args{"count": missing}))
	default:
		v.offWords(v.tf("keypad_missing", i18n.Args{"count": missing}))
	}
}

func (v *view) amountBounds(f kiosk.Field) string {
	most := kiosk.MaxCharge
	if f.Max > 0 {
		most = min(most, kiosk.Cents(int64(f.Max)))
	}
	return v.tf("form_range", i18n.Args{"least": v.money(kiosk.Cents(int64(max(1, f.Min)))), "most": v.money(most)})
}

// pictureOf is a drawing of where the answer stands.
func pictureOf(f kiosk.Field) page.Picture {
	switch f.Kind {
	case kiosk.FieldPlate:
		return page.PicturePlate
	case kiosk.FieldFiscalCode:
		return page.PictureHealth
	case kiosk.FieldDigits, kiosk.FieldLetters, kiosk.FieldVAT, kiosk.FieldDate:
		return page.PictureLetter
	}
	return ""
}

// sample is the field's example as it stands on the paper.
func sample(f kiosk.Field) string {
	switch {
	case f.Kind == kiosk.FieldPlate && len(f.Example) == 7:
		return f.Example[:2] + " " + f.Example[2:5] + " " + f.Example[5:]
	case f.Kind == kiosk.FieldDate && len(f.Example) == 8:
		return f.Example[:2] + "/" + f.Example[2:4] + "/" + f.Example[4:]
	}
	return f.Example
}

// shown is what was typed, grouped as people read it.
func (v *view) shown(f kiosk.Field, value kiosk.FormValue) page.Field {
	text := value.Clear()
	least, most := session.Room(f)
	switch f.Kind {
	case kiosk.FieldAmount:
		cents, err := strconv.ParseInt("0"+text, 10, 64)
		if err != nil || text == "" {
			return page.Field{Missing: v.money(0)}
		}
		return page.Field{Typed: v.money(kiosk.Cents(cents))}
	case kiosk.FieldDate:
		return grouped(text, most, "/", 2, 4)
	case kiosk.FieldFiscalCode:
		return grouped(text, most, " ", 3, 6, 11)
	case kiosk.FieldVAT:
		return grouped(text, most, " ", 4, 8)
	}
	return dotted(text, least)
}

// dotted is a text with a dot for each sign that is missing at least.
func dotted(text string, least int) page.Field {
	return page.Field{Typed: text, Missing: strings.Repeat("·", max(0, least-len(text)))}
}

// grouped puts a sign between the groups of a text of known length.
func grouped(text string, most int, sign string, at ...int) page.Field {
	var typed, missing strings.Builder
	for i := range most {
		b, c := &missing, "·"
		if i < len(text) {
			b, c = &typed, text[i:i+1]
		}
		for _, a := range at {
			if i == a {
				b.WriteString(sign)
			}
		}
		b.WriteString(c)
	}
	return page.Field{Typed: typed.String(), Missing: missing.String()}
}

// fromCard asks whether the card's codice fiscale shall be used. It is not shown:
// who stands behind may read, too.
func (v *view) fromCard(svc kiosk.Service) {
	v.p.Name += "-card"
	v.p.Title = v.t("form_fromcard_title")
	v.p.Lead = "**" + svc.Name.In(v.lang) + "**\n" + v.t("form_fromcard_lead")
	v.next()
	v.p.Second = page.Action{ID: "other", Label: v.t("form_fromcard_other"), Style: page.StyleOutline, Event: session.DigitsCleared{}}
}

// filled is what was searched for, so that a slip is seen. What a card said is not
// shown.
func (v *view) filled(form kiosk.Form) []page.Row {
	svc, ok := v.s.Catalogue.Service(form.Service)
	if !ok {
		return nil
	}
	rows := []page.Row{{Label: v.t("bill_service"), Value: svc.Name.In(v.lang)}}
	for i, f := range svc.Fields[:min(len(svc.Fields), kiosk.MaxFields)] {
		value := form.Values[i]
		if value == "" || value == session.FromCard {
			continue
		}
		text := v.shown(f, value).Typed
		for _, o := range f.Options {
			if o.Value == value.Clear() {
				text = o.Name.In(v.lang)
			}
		}
		rows = append(rows, page.Row{Label: f.Name.In(v.lang), Value: text})
	}
	return rows
}

// formDoubt asks gently: what was typed usually does not exist.
func (v *view) formDoubt(sc session.FormDoubt) {
	_, f, ok := session.Question(v.s.Catalogue, sc.Form)
	if !ok {
		v.services(session.Services{})
		return
	}
	v.p.Name = "form-doubt"
	v.steps(1)
	v.p.Title = v.t("doubt_title")
	v.p.Lead = v.t("form_doubt_lead")
	if sc.Flaw == session.FlawVehicle {
		v.p.Lead = v.t("form_doubt_vehicle")
	}
	typed := v.shown(f, sc.Form.Values[sc.Form.At])
	v.p.Code = page.Labelled{Label: v.t("doubt_number"), Value: typed.Typed}
	v.p.Picture, v.p.Sample = pictureOf(f), page.Labelled{Label: f.Name.In(kiosk.Italian), Value: sample(f)}
	v.main("fix", "doubt_fix", "", page.StylePrimary, session.WentBack{})
	v.p.Second = page.Action{ID: "continue", Label: v.t("form_doubt_keep"), Style: page.StyleOutline, Event: session.Continued{}}
}

// letterKeys are the digits and the alphabet in its order: nobody has to know
// where a typewriter has its letters.
func (v *view) letterKeys(text bool) {
	for _, d := range "1234567890" {
		v.digit(byte(d))
	}
	for l := 'A'; l <= 'Z'; l++ {
		v.letter(string(l), string(l), byte(l))
	}
	v.p.KeyRows = []page.KeyRow{{Keys: 10, Columns: 10}, {Keys: 7, Columns: 7}, {Keys: 7, Columns: 7}, {Keys: 7, Columns: 7}, {Keys: 5, Columns: 7}, {Keys: 2, Columns: 2}}
	if text {
		v.letter("stroke", "/", '/')
		v.letter("dash", "-", '-')
		v.p.KeyRows[4].Keys = 7
	}
	v.wideKey("erase", "letters_erase", session.DigitErased{})
	if text {
		v.wideKey("blank", "letters_blank", session.LetterTyped{Letter: ' '})
		v.p.KeyRows[5] = page.KeyRow{Keys: 3, Columns: 3}
	}
	v.wideKey("clear", "letters_clear", session.DigitsCleared{})
}

func (v *view) letter(id, label string, l byte) {
	v.p.Keys = append(v.p.Keys, page.Key{Label: label, Act: page.Action{ID: "key-" + id, Label: label, Event: session.LetterTyped{Letter: l}}})
}

func (v *view) wideKey(id, key string, e session.Event) {
	v.p.Keys = append(v.p.Keys, page.Key{Wide: true, Label: v.t(key), Act: page.Action{ID: "key-" + id, Label: v.t(key), Event: e}})
}

// digitKeys is the keypad of the digits.
func (v *view) digitKeys() {
	for _, d := range "123456789" {
		v.digit(byte(d))
	}
	v.wideKey("erase", "keypad_erase", session.DigitErased{})
	v.digit('0')
	v.wideKey("clear", "keypad_clear", session.DigitsCleared{})
}

package session

// Without a paper: the services of the catalogue, and their forms.

import (
	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
)

// The scenes.
type (
	// Services shows the groups of the catalogue, or the services of one.
	Services struct{ Group string }
	// SearchService takes the letters of a service's name.
	SearchService struct{ Text string }
	// ServiceHits shows what they found.
	ServiceHits struct{ Text string }
	// Form asks one question of a service's form. Search is how the service was
	// found, if it was searched for.
	Form struct {
		Service string
		At      int // the question
		Values  [kiosk.MaxFields]kiosk.FormValue
		Search  string
	}
	// FormDoubt asks gently: what was typed usually does not exist.
	FormDoubt struct {
		Form Form
		Flaw notice.Flaw
	}
)

// What a citizen does there.
type (
	// ServicesWanted begins with the services.
	ServicesWanted struct{}
	// GroupChosen opens a group of services.
	GroupChosen struct{ Group string }
	// SearchWanted begins to search by letters.
	SearchWanted struct{}
	// ServiceChosen begins with a service.
	ServiceChosen struct{ Service string }
	// OptionChosen answers a question of a form by one of its options.
	OptionChosen struct{ Index int }
	// LetterTyped adds a letter or a sign.
	LetterTyped struct{ Letter byte }
)

// CatalogueChanged brings a newer catalogue. It holds from the next visit on.
type CatalogueChanged struct{ Catalogue *kiosk.Catalogue }

func (Services) scene()      {}
func (SearchService) scene() {}
func (ServiceHits) scene()   {}
func (Form) scene()          {}
func (FormDoubt) scene()     {}

func (ServicesWanted) event()   {}
func (GroupChosen) event()      {}
func (SearchWanted) event()     {}
func (ServiceChosen) event()    {}
func (OptionChosen) event()     {}
func (LetterTyped) event()      {}
func (CatalogueChanged) event() {}

// SearchLetters is the most that can be typed to search.
const SearchLetters = 16

// catalogueChanged keeps the newer catalogue for the next visit; where nobody
// stands it is used at once.
func catalogueChanged(s State, c *kiosk.Catalogue) State {
	s.Newest = c
	switch s.Scene.(type) {
	case Attract, Recovering:
		s.Catalogue = c
	}
	return s
}

func wantServices(s State) (State, []Effect) {
	if s.Catalogue == nil {
		return s, nil
	}
	return enter(s, Services{}), nil
}

// finding handles the pages of the services.
func finding(s State, e Event) (State, []Effect) {
	switch sc := s.Scene.(type) {
	case Services:
		return services(s, sc, e)
	case SearchService:
		return searchService(s, sc, e)
	case ServiceHits:
		switch e := e.(type) {
		case ServiceChosen:
			return service(s, e.Service, sc.Text)
		case WentBack:
			return enter(s, SearchService(sc)), nil
		}
	case Form:
		return form(s, sc, e)
	case FormDoubt:
		return formDoubt(s, sc, e)
	}
	return s, nil
}

func services(s State, sc Services, e Event) (State, []Effect) {
	switch e := e.(type) {
	case GroupChosen:
		return enter(s, Services(e)), nil
	case SearchWanted:
		return enter(s, SearchService{}), nil
	case ServiceChosen:
		return service(s, e.Service, "")
	case WentBack:
		if sc.Group != "" {
			return enter(s, Services{}), nil
		}
		return backFromScan(s)
	}
	return s, nil
}

func searchService(s State, sc SearchService, e Event) (State, []Effect) {
	switch e := e.(type) {
	case LetterTyped, DigitTyped, DigitErased, DigitsCleared:
		sc.Text = typeLetters(sc.Text, SearchLetters, e)
		s.Scene = sc
	case Continued:
		if len(Search(s.Catalogue, s.Language, sc.Text).Services) > 0 {
			return enter(s, ServiceHits(sc)), nil
		}
	case WentBack:
		return enter(s, Services{}), nil
	}
	return s, nil
}

// service begins with a service in the way in which its bills are found.
func service(s State, id, search string) (State, []Effect) {
	svc, ok := s.Catalogue.Service(id)
	if !ok {
		return s, nil
	}
	switch svc.Find {
	case kiosk.FindByForm:
		if len(svc.Fields) > 0 {
			return question(s, Form{Service: id, Search: search})
		}
	case kiosk.FindByNotice:
		if !s.Devices.Scanner {
			return enter(s, TypeNotice{}), nil
		}
		return enter(s, Scan{Service: id}), nil
	case kiosk.FindByCard:
		return cardWanted(s, Errand{Else: s.Scene})
	}
	return s, nil
}

// Question is the field that a form asks about now.
func Question(c *kiosk.Catalogue, f Form) (kiosk.Service, kiosk.Field, bool) {
	svc, ok := c.Service(f.Service)
	if !ok || f.At < 0 || f.At >= min(len(svc.Fields), kiosk.MaxFields) {
		return kiosk.Service{}, kiosk.Field{}, false
	}
	return svc, svc.Fields[f.At], true
}

// The flaws that a page has words of its own for.
const (
	FlawDate    = notice.FlawDate
	FlawRange   = notice.FlawRange
	FlawVehicle = notice.FlawVehicle
)

// Room is the least and the most signs that a field takes.
func Room(f kiosk.Field) (least, most int) {
	switch f.Kind {
	case kiosk.FieldPlate:
		return 6, 8 // old plates have eight
	case kiosk.FieldFiscalCode:
		return 16, 16
	case kiosk.FieldVAT:
		return 11, 11
	case kiosk.FieldDate:
		return 8, 8
	case kiosk.FieldAmount:
		return 1, 8
	}
	least, most = max(1, f.Min), f.Max
	if most == 0 {
		most = 24
	}
	return least, max(least, most)
}

// Letters says that a field is typed with letters and digits.
func Letters(f kiosk.Field) bool {
	return f.Kind == kiosk.FieldPlate || f.Kind == kiosk.FieldFiscalCode || f.Kind == kiosk.FieldLetters
}

// Answered says whether one can go on from a field with this value. The flaw is
// of what was typed whole and cannot be sent: a day that does not exist, an
// amount out of bounds.
func Answered(f kiosk.Field, value kiosk.FormValue) (bool, notice.Flaw) {
	text := value.Clear()
	if text == "" || value == FromCard {
		return f.Optional || value == FromCard, ""
	}
	if least, _ := Room(f); f.Kind != kiosk.FieldChoice && len(text) < least {
		return false, ""
	}
	switch f.Kind {
	case kiosk.FieldDate, kiosk.FieldAmount, kiosk.FieldChoice:
		if flaw := check(f, value); flaw != "" {
			return false, flaw
		}
	}
	return true, ""
}

// check is the flaw of a value. Today is not known here: a birthday to come is
// the gateway's to find.
func check(f kiosk.Field, value kiosk.FormValue) notice.Flaw {
	_, err := notice.CheckField(f, value.Clear(), kiosk.Date{})
	flaw, _ := err.(notice.Flaw)
	return flaw
}

func form(s State, sc Form, e Event) (State, []Effect) {
	svc, f, ok := Question(s.Catalogue, sc)
	if !ok {
		return enter(s, Services{}), nil
	}
	value := &sc.Values[sc.At]
	switch e := e.(type) {
	case LetterTyped, DigitTyped, DigitErased, DigitsCleared:
		if f.Kind != kiosk.FieldChoice {
			*value = typed(f, *value, e)
			s.Scene = sc
		}
	case OptionChosen:
		if f.Kind == kiosk.FieldChoice && e.Index >= 0 && e.Index < len(f.Options) {
			*value = kiosk.FormValue(f.Options[e.Index].Value)
			return answered(s, svc, sc)
		}
	case Continued:
		return answered(s, svc, sc)
	case CardWanted:
		if er, ok := fillErrand(s, sc); ok {
			return cardWanted(s, er)
		}
	case WentBack:
		return backInForm(s, svc, sc)
	}
	return s, nil
}

// fillErrand is to read the card into the question that a form asks now, if it
// may be answered by a card.
func fillErrand(s State, sc Form) (Errand, bool) {
	_, f, ok := Question(s.Catalogue, sc)
	if !ok || f.FromCard == "" {
		return Errand{}, false
	}
	then := sc
	then.Values[sc.At] = FromCard
	return Errand{Then: then, Else: sc}, true
}

// question goes to a question of a form. What the card has told in this visit is
// filled in; the citizen may type something else.
func question(s State, sc Form) (State, []Effect) {
	_, f, ok := Question(s.Catalogue, sc)
	if ok && f.FromCard != "" && sc.Values[sc.At] == "" && s.Read != 0 && s.Read == s.Owner {
		sc.Values[sc.At] = FromCard
	}
	return enter(s, sc), nil
}

// typed is a field's value after a key.
func typed(f kiosk.Field, value kiosk.FormValue, e Event) kiosk.FormValue {
	_, most := Room(f)
	text := value.Clear()
	if value == FromCard {
		text = ""
	}
	if Letters(f) {
		return kiosk.FormValue(typeLetters(text, most, e))
	}
	text, _ = typeDigits(text, most, e)
	if f.Kind == kiosk.FieldAmount {
		for len(text) > 0 && text[0] == '0' {
			text = text[1:]
		}
	}
	return kiosk.FormValue(text)
}

// typeLetters is a text of letters, digits and single blanks after a key.
func typeLetters(text string, most int, e Event) string {
	switch e := e.(type) {
	case LetterTyped:
		l := e.Letter
		blank := l == ' ' && text != "" && text[len(text)-1] != ' '
		if len(text) < most && (blank || 'A' <= l && l <= 'Z' || l == '/' || l == '-' || l == '.') {
			return text + string(l)
		}
	default:
		text, _ = typeDigits(text, most, e)
	}
	return text
}

// answered goes on from a question: to the doubt about it, to the next one, or
// to the search.
func answered(s State, svc kiosk.Service, sc Form) (State, []Effect) {
	f := svc.Fields[sc.At]
	value := sc.Values[sc.At]
	if ok, _ := Answered(f, value); !ok {
		return s, nil
	}
	if value != FromCard {
		if flaw := check(f, value); flaw != "" {
			return enter(s, FormDoubt{Form: sc, Flaw: flaw}), nil
		}
		if vehicleFlaw(svc, sc) {
			return enter(s, FormDoubt{Form: sc, Flaw: notice.FlawVehicle}), nil
		}
	}
	return nextQuestion(s, svc, sc)
}

// vehicleFlaw says that the plate is that of another kind of vehicle than the
// one chosen, where the question just answered is one of the two.
func vehicleFlaw(svc kiosk.Service, sc Form) bool {
	two := kiosk.Service{}
	var values []kiosk.FormValue
	here := false
	for i, f := range svc.Fields[:sc.At+1] {
		if f.Kind == kiosk.FieldPlate || f.Kind == kiosk.FieldChoice {
			two.Fields, values = append(two.Fields, f), append(values, sc.Values[i])
			here = here || i == sc.At
		}
	}
	_, _, err := notice.CheckForm(two, values, kiosk.Date{})
	flaw, _ := err.(notice.Flaw)
	return here && flaw == notice.FlawVehicle
}

func nextQuestion(s State, svc kiosk.Service, sc Form) (State, []Effect) {
	if sc.At+1 < min(len(svc.Fields), kiosk.MaxFields) {
		sc.At++
		return question(s, sc)
	}
	return findBills(s, kiosk.Form{Catalogue: s.Catalogue.Version, Service: svc.ID, Values: sc.Values})
}

func backInForm(s State, svc kiosk.Service, sc Form) (State, []Effect) {
	switch {
	case sc.At > 0:
		sc.At--
		return enter(s, sc), nil
	case sc.Search != "":
		return enter(s, ServiceHits{Text: sc.Search}), nil
	}
	return enter(s, Services{Group: svc.Group}), nil
}

// formDoubt: back corrects what was typed; going on says "the paper really says
// so", and then the gateway decides.
func formDoubt(s State, sc FormDoubt, e Event) (State, []Effect) {
	switch e.(type) {
	case WentBack:
		return enter(s, sc.Form), nil
	case Continued:
		svc, _, ok := Question(s.Catalogue, sc.Form)
		if !ok {
			return enter(s, Services{}), nil
		}
		return nextQuestion(s, svc, sc.Form)
	}
	return s, nil
}

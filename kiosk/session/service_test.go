package session

import (
	"testing"

	"github.com/tserve/jolly/kiosk"
)

// services5 is a catalogue with a service for each way in which bills are found.
var services5 = &kiosk.Catalogue{
	Version:   "1",
	Creditors: []kiosk.Creditor{{Code: "84006890481", Name: "Comune di Prato", City: "Prato"}, {Code: "00341620508", Name: "Comune di Pisa", City: "Pisa"}},
	Groups: []kiosk.Group{
		{ID: "cars", Icon: "car", Name: kiosk.Text{"it": "Auto", "en": "Vehicles", "zh": "车辆"}},
		{ID: "school", Icon: "school", Name: kiosk.Text{"it": "Scuola e università", "en": "School", "zh": "学校"}},
	},
	Services: []kiosk.Service{
		{
			ID: "bollo", Creditor: "84006890481", Group: "cars", Icon: "car", Find: kiosk.FindByForm, Words: []string{"tassa automobilistica", "che shui"},
			Name: kiosk.Text{"it": "Bollo auto", "en": "Car tax", "zh": "车税"},
			Fields: []kiosk.Field{
				{ID: "vehicle", Kind: kiosk.FieldChoice, Name: kiosk.Text{"it": "Che veicolo è?"}, Options: []kiosk.Option{
					{Value: "car", Name: kiosk.Text{"it": "Auto"}}, {Value: "motorbike", Name: kiosk.Text{"it": "Moto"}},
				}},
				{ID: "plate", Kind: kiosk.FieldPlate, Name: kiosk.Text{"it": "Qual è la targa?"}},
			},
		},
		{
			ID: "meals", Creditor: "84006890481", Group: "school", Icon: "meal", Find: kiosk.FindByForm, Name: kiosk.Text{"it": "Mensa scolastica", "en": "School meals"},
			Fields: []kiosk.Field{{ID: "parent", Kind: kiosk.FieldFiscalCode, FromCard: kiosk.FromCardFiscalCode, Name: kiosk.Text{"it": "Codice fiscale"}}},
		},
		{ID: "fine", Creditor: "00341620508", Group: "cars", Icon: "fine", Find: kiosk.FindByNotice, Name: kiosk.Text{"it": "Multe", "en": "Fines"}},
		{ID: "debts", Creditor: "84006890481", Group: "school", Icon: "house", Find: kiosk.FindByCard, Name: kiosk.Text{"it": "Pubblicità"}},
		{
			ID: "gift", Creditor: "84006890481", Group: "school", Icon: "school", Find: kiosk.FindByForm, Name: kiosk.Text{"it": "Contributo libero"},
			Fields: []kiosk.Field{
				{ID: "amount", Kind: kiosk.FieldAmount, Min: 100, Max: 5000, Name: kiosk.Text{"it": "Quanto?"}},
				{ID: "day", Kind: kiosk.FieldDate, Name: kiosk.Text{"it": "Di che giorno?"}},
				{ID: "note", Kind: kiosk.FieldLetters, Min: 2, Max: 12, Optional: true, Name: kiosk.Text{"it": "Per chi?"}},
			},
		},
	},
}

func carTax(at int, plate kiosk.FormValue) Form {
	f := Form{Service: "bollo", At: at}
	if at > 0 {
		f.Values = [kiosk.MaxFields]kiosk.FormValue{"car", plate}
	}
	return f
}

// letters types a text on the letters keypad.
func letters(t *testing.T, s State, text string) State {
	t.Helper()
	for _, c := range []byte(text) {
		var e Event = LetterTyped{c}
		if '0' <= c && c <= '9' {
			e = DigitTyped{c}
		}
		s, _ = walk(t, s, e)
	}
	return s
}

func withServices() State {
	s, _ := Step(fresh(), CatalogueChanged{services5})
	return s
}

func TestCarTaxByPlate(t *testing.T) {
	s, _ := walk(t, withServices(), ServicesWanted{}, GroupChosen{"cars"}, ServiceChosen{"bollo"}, OptionChosen{0})
	s = letters(t, s, "AB123")
	if s, out := Step(s, Continued{}); len(out) != 0 || s.Scene != carTax(1, "AB123") {
		t.Errorf("half a plate is sent: %#v", s.Scene)
	}
	s = letters(t, s, "CD")
	s, out := Step(s, Continued{})
	want := kiosk.Form{Catalogue: "1", Service: "bollo", Values: [kiosk.MaxFields]kiosk.FormValue{"car", "AB123CD"}}
	if !has(out, LookupForm{Visit: 1, Form: want}) {
		t.Fatalf("%#v %v", s.Scene, out)
	}
	one, _ := Step(s, BillsFound{1, kiosk.Found{}.With(quote())})
	if sc, ok := one.Scene.(Review); !ok || !sc.Found {
		t.Errorf("a single bill leads to %#v", one.Scene)
	}
	back, _ := Step(one, WentBack{})
	if back.Scene != carTax(1, "AB123CD") {
		t.Errorf("back from the bill leads to %#v", back.Scene)
	}
	late, _ := Step(s, BillsFound{2, kiosk.Found{}.With(quote())})
	if late.Scene != s.Scene {
		t.Errorf("another visit's bills are shown: %#v", late.Scene)
	}
	none, _ := Step(s, LookupFailed{Visit: 1, Code: kiosk.CodeNothingOwed})
	if none, _ = Step(none, WentBack{}); none.Scene != carTax(1, "AB123CD") {
		t.Errorf("what was typed is lost: %#v", none.Scene)
	}
	offline, _ := Step(s, LookupFailed{Visit: 1, Code: kiosk.CodeGatewayOffline})
	if _, out := Step(offline, RetryAsked{}); !has(out, LookupForm{Visit: 1, Form: want}) {
		t.Errorf("not sent again: %v", out)
	}
}

// A plate of another kind of vehicle, and one of no kind, are asked about; the
// citizen's word is taken.
func TestTheDoubtsOfAForm(t *testing.T) {
	for _, plate := range []string{"AA12345", "PO123456"} {
		s, _ := walk(t, withServices(), ServicesWanted{}, ServiceChosen{"bollo"}, OptionChosen{0})
		s, _ = Step(letters(t, s, plate), Continued{})
		if _, ok := s.Scene.(FormDoubt); !ok {
			t.Fatalf("%s: no gentle question: %#v", plate, s.Scene)
		}
		if back, _ := Step(s, WentBack{}); back.Scene != carTax(1, kiosk.FormValue(plate)) {
			t.Errorf("%s: %#v", plate, back.Scene)
		}
		if _, out := Step(s, Continued{}); len(out) != 1 {
			t.Errorf("%s: the citizen's word is not taken: %v", plate, out)
		}
	}
	s, _ := walk(t, withServices(), ServicesWanted{}, ServiceChosen{"meals"})
	s, _ = Step(letters(t, s, "RSSMRA80A01G999A"), Continued{})
	if sc, ok := s.Scene.(FormDoubt); !ok || sc.Flaw != "check-character" {
		t.Errorf("a wrong check letter: %#v", s.Scene)
	}
}

func TestAmountsDaysAndOptionalFields(t *testing.T) {
	s, _ := walk(t, withServices(), ServicesWanted{}, ServiceChosen{"gift"}, DigitTyped{'0'})
	s = letters(t, s, "99")
	if s, _ = Step(s, Continued{}); s.Scene.(Form).At != 0 {
		t.Error("99 cents are less than the least")
	}
	s, _ = Step(letters(t, s, "0"), Continued{})
	s = letters(t, s, "31022026")
	if s, _ = Step(s, Continued{}); s.Scene.(Form).At != 1 {
		t.Error("31 February was taken")
	}
	s, _ = walk(t, s, DigitsCleared{})
	s, _ = Step(letters(t, s, "28022026"), Continued{})
	s = letters(t, s, " A  B/1")
	if got := s.Scene.(Form).Values[2].Clear(); got != "A B/1" {
		t.Errorf("typed %q", got)
	}
	_, out := walk(t, s, DigitsCleared{}, Continued{})
	want := kiosk.Form{Catalogue: "1", Service: "gift", Values: [kiosk.MaxFields]kiosk.FormValue{"990", "28022026", ""}}
	if !has(out, LookupForm{Visit: 1, Form: want}) {
		t.Errorf("sent %v", out)
	}
}

// What the card says answers a question without lying in the state.
func TestTheCardAnswersAQuestion(t *testing.T) {
	s, _ := walk(t, withServices(), ServicesWanted{}, ServiceChosen{"meals"}, CardWanted{})
	if _, ok := s.Scene.(LayCard); !ok {
		t.Fatalf("%#v", s.Scene)
	}
	ts := kiosk.CardNews{Card: 9, Present: true, Kind: kiosk.CardTSCNS, Wants: kiosk.SecretPIN, Tries: 3}
	s, out := walk(t, s, CardMoved{ts}, CardRead{Visit: 1, Card: 9})
	if !has(out, ReadCard{Visit: 1, Card: 9}) {
		t.Fatalf("effects %v", out)
	}
	if sc, ok := s.Scene.(Form); !ok || sc.Values[0] != FromCard {
		t.Fatalf("%#v", s.Scene)
	}
	sent, out := Step(s, Continued{})
	if !has(out, LookupForm{Visit: 1, Form: kiosk.Form{Catalogue: "1", Service: "meals", Values: [kiosk.MaxFields]kiosk.FormValue{FromCard}}}) {
		t.Fatalf("%#v %v", sent.Scene, out)
	}
	other, _ := walk(t, s, LetterTyped{'R'})
	if got := other.Scene.(Form).Values[0]; got != "R" {
		t.Errorf("another code instead: %q", got.Clear())
	}
	// The next form of the same visit knows it already.
	again, _ := walk(t, sent, BillsFound{1, kiosk.Found{}.With(quote())}, Continued{}, NoticeWanted{}, ServicesWanted{}, ServiceChosen{"meals"})
	if sc, ok := again.Scene.(Form); !ok || sc.Values[0] != FromCard {
		t.Errorf("%#v", again.Scene)
	}
}

// A newer catalogue holds from the next visit on.
func TestTheCatalogueIsPinned(t *testing.T) {
	newer := &kiosk.Catalogue{Version: "2"}
	s, _ := walk(t, withServices(), ServicesWanted{}, CatalogueChanged{newer})
	if s.Catalogue != services5 {
		t.Error("the catalogue changed under the citizen's hand")
	}
	s, _ = walk(t, s, ExitAsked{})
	if s.Catalogue != newer {
		t.Error("the next visit has the old catalogue")
	}
	none, _ := walk(t, fresh(), ServicesWanted{})
	if none.Scene != (Attract{}) {
		t.Errorf("services without a catalogue: %#v", none.Scene)
	}
}

func TestTicksFillTheCart(t *testing.T) {
	f := kiosk.Found{}
	for i := range 7 {
		q := quote()
		q.Bill.Notice = kiosk.NoticeNumber("30200000000000420" + string(rune('0'+i)))
		if i == 1 {
			q.Bill.Status = kiosk.BillPaid
		}
		f = f.With(q)
	}
	s := enter(State{Now: 1, Visit: 1, Devices: devices()}, Choose{Found: f})
	s, _ = walk(t, s, Continued{}, BillTicked{0}, BillTicked{1}, BillTicked{2}, BillTicked{3}, BillTicked{4}, BillTicked{5}, BillTicked{6}, BillTicked{20})
	sc := s.Scene.(Choose)
	if sc.Count() != 5 || sc.Has(1) || sc.Has(6) {
		t.Fatalf("picked %b", sc.Picked)
	}
	s, _ = walk(t, s, BillTicked{0}, BillTicked{6}, Continued{})
	if s.Scene != (Confirm{}) || s.Cart.Count != 5 || s.Cart.Total() != 5*8740 {
		t.Errorf("%T, %d bills, %v", s.Scene, s.Cart.Count, s.Cart.Total())
	}
	large := quote()
	large.Bill.Amount = kiosk.MaxCharge - 8740 - 100
	large.Bill.Notice = "302000000000004999"
	two := kiosk.Found{}.With(quote()).With(large)
	s = enter(State{Now: 1, Visit: 1, Devices: devices()}, Choose{Found: two})
	s, _ = walk(t, s, BillTicked{0}, BillTicked{1})
	if s.Scene.(Choose).Count() != 2 {
		t.Error("the most that a card can pay was refused")
	}
}

func TestSearch(t *testing.T) {
	for _, c := range []struct {
		text string
		lang kiosk.Language
		want []string
	}{
		{"", "it", nil}, {" ", "it", nil},
		{"BOL", "it", []string{"bollo"}}, {"CAR TAX", "it", []string{"bollo"}}, {"TAX CAR", "en", []string{"bollo"}},
		{"CHE SHUI", "zh", []string{"bollo"}}, {"ZZ", "it", nil}, {"BOLLO ZZ", "it", nil},
		{"PUBBLICITA", "it", []string{"debts"}},
		{"UNIVERSITA", "it", []string{"meals", "debts", "gift"}},
		{"PISA", "it", []string{"fine"}},
		{"MULTE PI", "it", []string{"fine"}},
	} {
		var got []string
		for _, s := range Search(services5, c.lang, c.text).Services {
			got = append(got, s.ID)
		}
		if len(got) != len(c.want) {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%q: %v, want %v", c.text, got, c.want)
			}
		}
	}
	s, _ := walk(t, withServices(), ServicesWanted{}, SearchWanted{})
	s, _ = Step(letters(t, s, "MENS"), Continued{})
	if s.Scene != (ServiceHits{Text: "MENS"}) {
		t.Fatalf("%#v", s.Scene)
	}
	s, _ = walk(t, s, ServiceChosen{"meals"}, WentBack{})
	if s.Scene != (ServiceHits{Text: "MENS"}) {
		t.Errorf("back from the form leads to %#v", s.Scene)
	}
	many := &kiosk.Catalogue{}
	for range 40 {
		many.Services = append(many.Services, services5.Services[0])
	}
	if n := len(Search(many, "it", "B").Services); n != 40 {
		t.Errorf("%d of 40 hits are told", n)
	}
}

// A slip of the finger finds what is nearly called so, and only where nothing is
// called so; three letters are too few to guess.
func TestSearchNearly(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
		near bool
	}{
		{"BOLLO", "bollo", false}, {"BOLO", "bollo", true}, {"BOLLLO", "bollo", true}, {"BLOLO", "bollo", true}, {"BOLKO", "bollo", true},
		{"PUBLICITTA", "debts", true}, {"BLO", "", true}, {"OLLO", "", true}, {"BOLLO DELLA", "bollo", false}, {"PAGARE IL BOLLO", "bollo", false},
		{"BO LLO", "bollo", false}, {"BOLLO XYZWK", "", true},
	} {
		hits := Search(services5, "it", c.text)
		got := ""
		if len(hits.Services) > 0 {
			got = hits.Services[0].ID
		}
		if got != c.want || hits.Near != c.near {
			t.Errorf("%s: %q, near %v; want %q, %v", c.text, got, hits.Near, c.want, c.near)
		}
	}
}

// Whatever is typed, a search ends, and finds each service once.
func FuzzSearch(f *testing.F) {
	f.Add("BOLLO AUTO", "CAR-TAX/9")
	f.Fuzz(func(t *testing.T, text, name string) {
		c := *services5
		c.Services = append([]kiosk.Service{{ID: "fuzzed", Name: kiosk.Text{kiosk.Italian: name}, Words: []string{name}}}, c.Services...)
		seen := map[string]bool{}
		for _, s := range Search(&c, kiosk.English, text).Services {
			if seen[s.ID] {
				t.Fatalf("%s twice", s.ID)
			}
			seen[s.ID] = true
		}
	})
}

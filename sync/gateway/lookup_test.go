package gateway

// Lookups without a paper: what a card proves, what a form finds, what the book tells a thief.

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

const testVisit = "5d41402abc4b2a76b9719d911017c592"

// testCatalogue has one service of each way to find a debt, and two that ask for the PIN.
func testCatalogue(version string) *kiosk.Catalogue {
	vehicle := kiosk.Field{ID: "vehicle", Kind: kiosk.FieldChoice, Options: []kiosk.Option{{Value: "car"}, {Value: "motorbike"}}}
	plate := kiosk.Field{ID: "plate", Kind: kiosk.FieldPlate, Example: "AB123CD"}
	report := kiosk.Field{ID: "report", Kind: kiosk.FieldDigits, Min: 4, Max: 10, Example: "447112"}
	name := func(s string) kiosk.Text { return kiosk.Text{kiosk.Italian: s} }
	return &kiosk.Catalogue{Version: version, Services: []kiosk.Service{
		{ID: "prato-mensa", Creditor: prato, Find: kiosk.FindByCard, Level: kiosk.LevelPresent, Fee: kiosk.FeeRule{Cents: 120}, Receipt: name("Mensa")},
		{ID: "prato-tari", Creditor: prato, Find: kiosk.FindByCard, Level: kiosk.LevelProved, Fee: kiosk.FeeRule{Cents: 200}, Receipt: name("TARI")},
		{ID: "toscana-bollo", Creditor: tuscany, Find: kiosk.FindByForm, Fields: []kiosk.Field{vehicle, plate}, Fee: kiosk.FeeRule{Cents: 187}, Receipt: name("Bollo auto")},
		{ID: "pisa-multe", Creditor: pisa, Find: kiosk.FindByForm, Fields: []kiosk.Field{report, plate}, Fee: kiosk.FeeRule{Cents: 150}, Receipt: name("Multa")},
		{ID: "prato-avvisi", Creditor: prato, Find: kiosk.FindByNotice, Fee: kiosk.FeeRule{Cents: 100}, Receipt: name("Avviso")},
		{ID: "prato-asilo", Creditor: prato, Find: kiosk.FindByForm, Level: kiosk.LevelPresent, Fields: []kiosk.Field{report}, Receipt: name("Nido")},
	}}
}

// fakeCheck takes the verdict out of the personal data: what a card proves is
// the business of package proof; here it matters what is made of it.
func fakeCheck(ev kiosk.CardEvidence, _ []byte, _ time.Time) CardVerdict {
	var v CardVerdict
	if json.Unmarshal(ev.PersonalData, &v) != nil {
		return CardVerdict{Failed: true, Reason: "not even personal data"}
	}
	return v
}

// card is evidence of a card that proves v over the challenge.
func card(t testing.TB, v CardVerdict, challenge []byte) api.CardEvidence {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return api.CardEvidence{Kind: api.CardEvidenceKindCns, Challenge: challenge, PersonalData: b}
}

func present(who kiosk.FiscalCode) CardVerdict {
	return CardVerdict{Level: kiosk.LevelPresent, FiscalCode: who}
}
func proved(who kiosk.FiscalCode) CardVerdict {
	return CardVerdict{Level: kiosk.LevelProved, FiscalCode: who}
}

// newFinding is a seeded book with a catalogue and the fake check.
func newFinding(t testing.TB, log *slog.Logger) (*Store, *clock, string) {
	t.Helper()
	c, path := newClock(), newBookURL(t)
	s, err := Open(t.Context(), path, StoreConfig{Now: c.now, testOnlyNoSync: true, Cards: fakeCheck, PeopleKey: testPeopleKey}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.UseCatalogue(testCatalogue("2026-11-22.1"))
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, c, path
}

func newChallenge(t testing.TB, s *Store, kioskID, visit string) api.Challenge {
	t.Helper()
	c, err := s.Challenge(t.Context(), api.ChallengeRequest{Kiosk: kioskID, Visit: visit})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// byCard takes a challenge and lists what the verdict's citizen owes.
func byCard(t testing.TB, s *Store, v CardVerdict) (api.Found, error) {
	t.Helper()
	c := newChallenge(t, s, testKiosk, testVisit)
	return s.LookupCitizen(t.Context(), testKiosk, api.CitizenSearch{Visit: testVisit, Challenge: c.ID, Card: card(t, v, c.Bytes)})
}

func names(f api.Found) []string {
	var all []string
	for _, q := range f.Bills {
		all = append(all, strings.TrimPrefix(q.Bill.ID, "debt-"))
	}
	return all
}

func TestTheCardFindsItsHoldersBillsAlone(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	f, err := byCard(t, s, proved(citizenCIE1))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(f), []string{"card-pisa-3", "card-meals-3", "card-car-3", "card-tari-3"}; !slices.Equal(got, want) {
		t.Errorf("bills %v, want %v, the oldest due first", got, want)
	}
	if f.More || f.Withheld {
		t.Errorf("more %v, withheld %v", f.More, f.Withheld)
	}
	var fees []int64
	for _, q := range f.Bills {
		fees = append(fees, q.Fee)
		if q.Bill.CreditorName == "" || q.Bill.Status != api.BillStatusPayable || q.Bill.Amount <= 0 {
			t.Errorf("bill %+v", q.Bill)
		}
	}
	if want := []int64{150, 120, 187, 200}; !slices.Equal(fees, want) {
		t.Errorf("fees %v, want those of the catalogue %v", fees, want)
	}
	if f, err = byCard(t, s, present(citizenECDH)); err != nil || len(f.Bills) != 1 {
		t.Errorf("a citizen with one bill: %v, %v", names(f), err)
	}
	if f, err = byCard(t, s, present("RSSMRA80A41G999J")); err != nil || f.Bills == nil || len(f.Bills) != 0 {
		t.Errorf("a citizen who owes nothing: %+v, %v", f, err)
	}
}

func TestBillsThatAskForThePINAreLeftOutAndThatIsSaid(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	f, err := byCard(t, s, present(citizenCIE1))
	if err != nil {
		t.Fatal(err)
	}
	if got := names(f); !f.Withheld || slices.Contains(got, "card-tari-3") || len(got) != 3 {
		t.Errorf("bills %v, withheld %v", got, f.Withheld)
	}
}

func TestMoreBillsThanOneAnswerHolds(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	f, err := byCard(t, s, proved(citizenTS))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Bills) != kiosk.MaxFound || !f.More {
		t.Errorf("%d bills, more %v", len(f.Bills), f.More)
	}
}

// A bill that was paid is owed no more; one that somebody holds is shown as held.
func TestTheListTellsHowBillsStand(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	find := func(name string) Sample {
		return CardSamples()[slices.IndexFunc(CardSamples(), func(p Sample) bool { return p.Name == name })]
	}
	meals, pisaFine := find("card-meals-3"), find("card-pisa-3")
	w := &writer{at: s.now()}
	push(t, s, w.outcome(t, kiosk.RowPaid, mustActivate(t, s, meals), kiosk.Charged))
	a := mustActivate(t, s, pisaFine)
	if a.Fee != 150 || a.Total != pisaFine.Amount.Cents()+150 {
		t.Errorf("activation %+v, want the catalogue's fee", a)
	}
	f, err := byCard(t, s, proved(citizenCIE1))
	if err != nil {
		t.Fatal(err)
	}
	if got := names(f); slices.Contains(got, "card-meals-3") || f.Bills[0].Bill.Status != api.BillStatusInPayment {
		t.Errorf("bills %v, the first %s", got, f.Bills[0].Bill.Status)
	}
}

func TestWhatACardDoesNotProveListsNothing(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	for name, c := range map[string]struct {
		verdict CardVerdict
		code    api.ProblemCode
	}{
		"failed":            {CardVerdict{Failed: true, Reason: "sod", Level: kiosk.LevelProved, FiscalCode: citizenCNS}, api.ProblemCodeCardNotGenuine},
		"nothing":           {CardVerdict{FiscalCode: citizenCNS}, api.ProblemCodeCardLevel},
		"claim":             {CardVerdict{Level: kiosk.LevelClaim, FiscalCode: citizenCNS}, api.ProblemCodeCardLevel},
		"signed":            {CardVerdict{Level: kiosk.LevelSigned, FiscalCode: citizenCNS}, api.ProblemCodeCardLevel},
		"a level of nobody": {CardVerdict{Level: "absolute", FiscalCode: citizenCNS}, api.ProblemCodeCardLevel},
		"nobody":            {CardVerdict{Level: kiosk.LevelProved}, api.ProblemCodeCardLevel},
		"expired": {CardVerdict{Level: kiosk.LevelProved, FiscalCode: citizenCNS, Expiry: kiosk.Date{Year: 2026, Month: 11, Day: 21}},
			api.ProblemCodeCardExpired},
	} {
		f, err := byCard(t, s, c.verdict)
		if len(f.Bills) != 0 {
			t.Errorf("%s: listed %v", name, names(f))
		}
		t.Run(name, func(t *testing.T) { wantRefusal(t, err, c.code) })
	}
	last := present(citizenCNS)
	last.Expiry = kiosk.Date{Year: 2026, Month: 11, Day: 22}
	if _, err := byCard(t, s, last); err != nil {
		t.Errorf("a card on its last day: %v", err)
	}
	s.cards = nil
	_, err := byCard(t, s, proved(citizenCNS))
	wantRefusal(t, err, api.ProblemCodeCardLevel)
}

func TestAChallengeIsGoodOnce(t *testing.T) {
	s, clk, _ := newFinding(t, testLog())
	search := func(c api.Challenge) api.CitizenSearch {
		return api.CitizenSearch{Visit: testVisit, Challenge: c.ID, Card: card(t, present(citizenCNS), c.Bytes)}
	}
	used := func(name, kioskID string, q api.CitizenSearch) {
		t.Helper()
		f, err := s.LookupCitizen(t.Context(), kioskID, q)
		if len(f.Bills) != 0 {
			t.Errorf("%s: listed %v", name, names(f))
		}
		wantRefusal(t, err, api.ProblemCodeChallengeUsed)
	}
	good := search(newChallenge(t, s, testKiosk, testVisit))
	if _, err := s.LookupCitizen(t.Context(), testKiosk, good); err != nil {
		t.Fatal(err)
	}
	used("replayed", testKiosk, good)
	used("of another kiosk", testKiosk, search(newChallenge(t, s, "prato-002", testVisit)))
	used("of another visit", testKiosk, search(newChallenge(t, s, testKiosk, strings.Repeat("b", 32))))
	used("never given out", testKiosk, search(api.Challenge{ID: newID(t), Bytes: make([]byte, challengeBytes)}))
	other, mine := newChallenge(t, s, testKiosk, testVisit), newChallenge(t, s, testKiosk, testVisit)
	swapped := search(mine)
	swapped.Card = card(t, present(citizenCNS), other.Bytes)
	used("with the bytes of another", testKiosk, swapped)
	used("after a bad try", testKiosk, search(mine))
	refused := newChallenge(t, s, testKiosk, testVisit)
	q := search(refused)
	q.Card = card(t, CardVerdict{Failed: true}, refused.Bytes)
	_, err := s.LookupCitizen(t.Context(), testKiosk, q)
	wantRefusal(t, err, api.ProblemCodeCardNotGenuine)
	used("after a card that is not genuine", testKiosk, search(refused))
	late := search(newChallenge(t, s, testKiosk, testVisit))
	clk.add(challengeLife)
	used("expired", testKiosk, late)
	newChallenge(t, s, testKiosk, testVisit)
	var kept int
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM challenges").Scan(&kept); err != nil || kept != 1 {
		t.Errorf("%d challenges kept, want the newest alone (%v)", kept, err)
	}
	if bytes.Equal(other.Bytes, mine.Bytes) || len(mine.Bytes) != challengeBytes {
		t.Error("challenges are not random")
	}
}

func TestOneOfManyRacingLookupsGetsTheChallenge(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	c := newChallenge(t, s, testKiosk, testVisit)
	q := api.CitizenSearch{Visit: testVisit, Challenge: c.ID, Card: card(t, present(citizenCNS), c.Bytes)}
	var mu sync.Mutex
	listed := 0
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			f, err := s.LookupCitizen(t.Context(), testKiosk, q)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && len(f.Bills) > 0 {
				listed++
			}
		})
	}
	wg.Wait()
	if listed != 1 {
		t.Errorf("listed %d times, want once", listed)
	}
}

func TestEveryQuestionLeavesARowWithoutThePerson(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	for _, v := range []CardVerdict{present(citizenCIE1), {Failed: true, Reason: "r"}, {Level: kiosk.LevelClaim, FiscalCode: citizenCIE1}} {
		_, _ = byCard(t, s, v)
	}
	_, err := s.LookupCitizen(t.Context(), testKiosk, api.CitizenSearch{Visit: testVisit, Challenge: newID(t), Card: card(t, present(citizenCIE1), nil)})
	wantRefusal(t, err, api.ProblemCodeChallengeUsed)
	var got []string
	err = each(t.Context(), s.read, func(rows *sql.Rows) error {
		var kioskID, visit, kind, level, result string
		var bills int
		var withheld bool
		err := rows.Scan(&kioskID, &visit, &kind, &level, &result, &bills, &withheld)
		got = append(got, fmt.Sprintf("%s %v %s %q %s %d %v", kioskID, visit == testVisit, kind, level, result, bills, withheld))
		return err
	}, "SELECT kiosk, visit, card, level, result, bills, withheld FROM citizen_lookups ORDER BY result")
	want := []string{
		`prato-001 true cns "claim" card-level 0 false`, `prato-001 true cns "" card-not-genuine 0 false`,
		`prato-001 true cns "" challenge-used 0 false`, `prato-001 true cns "present" listed 3 true`,
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("rows %q, %v; want %q", got, err, want)
	}
}

// The file itself, and the log: whoever steals them has nobody's name.
func TestTheBookAndTheLogTellNobody(t *testing.T) {
	var log bytes.Buffer
	s, _, path := newFinding(t, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if _, err := byCard(t, s, present(citizenCNS)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.LookupForm(t.Context(), form("toscana-bollo", "car", "AB123CD")); err != nil {
		t.Fatal(err)
	}
	held := append(log.Bytes(), wholeBook(t, path)...)
	if !bytes.Contains(held, []byte("Mensa scolastica")) {
		t.Fatal("the book was not read")
	}
	for _, c := range SampleCitizens() {
		if bytes.Contains(held, []byte(c.Clear())) {
			t.Error("a fiscal code lies in the book or in the log")
		}
	}
	if bytes.Contains(held, []byte("AB123CD")) {
		t.Error("a plate lies in the book or in the log")
	}
	s.people = newPeopleKey([]byte("another key"))
	if f, err := byCard(t, s, present(citizenCNS)); err != nil || len(f.Bills) != 0 {
		t.Errorf("without the key the book answers %v, %v", names(f), err)
	}
}

func form(service string, values ...string) api.FormSearch {
	return api.FormSearch{Catalogue: "2026-11-22.1", Service: service, Values: append([]string{}, values...)}
}

func TestAFormFindsWhatWasTyped(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	for name, c := range map[string]struct {
		form api.FormSearch
		want string
	}{
		"car tax by plate":          {form("toscana-bollo", "car", "AB123CD"), "service-toscana-bollo"},
		"the plate as people write": {form("toscana-bollo", "car", " ab 123-cd "), "service-toscana-bollo"},
		"a fine by two values":      {form("pisa-multe", "447112", "AB123CD"), "service-pisa-multe"},
		"the other kind of vehicle": {form("toscana-bollo", "motorbike", "AB12345"), ""},
		"another plate":             {form("toscana-bollo", "car", "AB124CD"), ""},
		"one value of two":          {form("pisa-multe", "447113", "AB123CD"), ""},
	} {
		f, err := s.LookupForm(t.Context(), c.form)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(names(f), " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	f, err := s.LookupForm(t.Context(), form("toscana-bollo", "car", "AB123CD"))
	if err != nil || f.Bills[0].Fee != 187 || f.Bills[0].Bill.CreditorName != "Regione Toscana" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestWhoPaidByFormIsToldSo(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	all := ServiceSamples(testCatalogue("x"))
	p := all[slices.IndexFunc(all, func(p Sample) bool { return p.Service == "pisa-multe" })]
	w := &writer{at: s.now()}
	push(t, s, w.outcome(t, kiosk.RowPaid, mustActivate(t, s, p), kiosk.Charged))
	f, err := s.LookupForm(t.Context(), form("pisa-multe", p.Form...))
	if err != nil || len(f.Bills) != 1 || f.Bills[0].Bill.Status != api.BillStatusPaid {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestFormsAreCheckedAgainHere(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	for name, c := range map[string]struct {
		form  api.FormSearch
		code  api.ProblemCode
		field string
	}{
		"no plate":            {form("toscana-bollo", "car", "AB12"), api.ProblemCodeFormInvalid, "plate"},
		"nothing typed":       {form("toscana-bollo"), api.ProblemCodeFormInvalid, "vehicle"},
		"no option":           {form("toscana-bollo", "tank", "AB123CD"), api.ProblemCodeFormInvalid, "vehicle"},
		"letters for digits":  {form("pisa-multe", "44711X", "AB123CD"), api.ProblemCodeFormInvalid, "report"},
		"too short":           {form("pisa-multe", "447", "AB123CD"), api.ProblemCodeFormInvalid, "report"},
		"too many values":     {form("pisa-multe", "447112", "AB123CD", "x"), api.ProblemCodeFormInvalid, ""},
		"SQL":                 {form("pisa-multe", "1' OR '1'='1", "AB123CD"), api.ProblemCodeFormInvalid, "report"},
		"another version":     {api.FormSearch{Catalogue: "2026-11-21.9", Service: "pisa-multe"}, api.ProblemCodeServiceUnknown, ""},
		"no such service":     {form("pisa-multe' --", "447112"), api.ProblemCodeServiceUnknown, ""},
		"not found by form":   {form("prato-mensa"), api.ProblemCodeServiceUnknown, ""},
		"listed by card only": {form("prato-asilo", "447112"), api.ProblemCodeCardLevel, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := s.LookupForm(t.Context(), c.form)
			wantRefusal(t, err, c.code)
			if r := err.(*Refusal); r.Field != c.field || len(f.Bills) != 0 {
				t.Errorf("field %q, want %q; bills %v", r.Field, c.field, names(f))
			}
		})
	}
}

// A visit goes on with the catalogue that it began with.
func TestAFormOfTheVersionBeforeIsUnderstood(t *testing.T) {
	s, _, _ := newFinding(t, testLog())
	next := testCatalogue("2026-11-22.2")
	slices.Reverse(next.Services[2].Fields) // now the plate comes first
	s.UseCatalogue(next)
	for _, f := range []api.FormSearch{
		form("toscana-bollo", "car", "AB123CD"), {Catalogue: "2026-11-22.2", Service: "toscana-bollo", Values: []string{"AB123CD", "car"}},
	} {
		if found, err := s.LookupForm(t.Context(), f); err != nil || len(found.Bills) != 1 {
			t.Errorf("version %s: %+v, %v", f.Catalogue, found, err)
		}
	}
	gone := testCatalogue("2026-11-22.3")
	gone.Services = gone.Services[:2]
	s.UseCatalogue(gone)
	_, err := s.LookupForm(t.Context(), form("toscana-bollo", "car", "AB123CD"))
	wantRefusal(t, err, api.ProblemCodeServiceUnknown)
	for i := range maxCatalogues {
		s.UseCatalogue(testCatalogue(fmt.Sprintf("2026-11-23.%d", i)))
	}
	_, err = s.LookupForm(t.Context(), form("toscana-bollo", "car", "AB123CD"))
	wantRefusal(t, err, api.ProblemCodeServiceUnknown)
}

// Every service of the shipped catalogue finds its sample in its own way,
// and what the sample citizens owe is owed for services that there are.
func TestEveryServiceOfTheCatalogueFindsItsSample(t *testing.T) {
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), newBookURL(t), StoreConfig{testOnlyNoSync: true, Cards: fakeCheck}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.UseCatalogue(c)
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	papers := map[string]Sample{}
	for _, p := range ServiceSamples(c) {
		papers[p.Service] = p
	}
	byCitizen, err := byCard(t, s, proved(citizenCNS))
	if err != nil || byCitizen.More {
		t.Fatalf("%v, more %v", err, byCitizen.More)
	}
	for _, service := range c.Services {
		want, found := "service-"+service.ID, byCitizen
		if service.Find == kiosk.FindByNotice {
			q, err := s.Lookup(t.Context(), lookupOf(papers[service.ID]))
			if found = (api.Found{Bills: []api.Quote{q}}); err != nil {
				t.Errorf("%s: %v", service.ID, err)
				continue
			}
		}
		if service.Find == kiosk.FindByForm {
			example := catalogue.Example(c, service)
			values := make([]string, len(service.Fields))
			for i := range service.Fields {
				values[i] = example.Values[i].Clear()
			}
			if found, err = s.LookupForm(t.Context(), api.FormSearch{Catalogue: c.Version, Service: service.ID, Values: values}); err != nil {
				t.Errorf("%s: %v", service.ID, err)
				continue
			}
		}
		i := slices.Index(names(found), want)
		if i < 0 {
			t.Errorf("%s: not among %v", service.ID, names(found))
			continue
		}
		if q := found.Bills[i]; q.Fee != service.Fee.Cents.Cents() || q.Bill.CreditorName == "" || q.Bill.Subject == "" || q.Bill.Service != service.ID {
			t.Errorf("%s: %+v", service.ID, q)
		}
	}
	for _, p := range CardSamples() {
		if _, ok := c.Service(p.Service); !ok {
			t.Errorf("%s is owed for %q, which the catalogue does not have", p.Name, p.Service)
		}
	}
}

// No search reads the table of debts from one end to the other.
func TestSearchesUseTheirIndexes(t *testing.T) {
	if servers.postgres != nil {
		return // its planner rightly scans a table of a hundred rows
	}
	s, _, _ := newFinding(t, testLog())
	for name, condition := range map[string]string{"citizen": byDebtor, "form": byMarks(2, 0), "form with an empty field": byMarks(1, 1), "notice": "d.creditor = $2 AND d.notice = $3"} {
		args := []any{0, "a", "b", "c"}
		plan := ""
		err := each(t.Context(), s.read, func(rows *sql.Rows) error {
			var id, parent, unused int
			var detail string
			err := rows.Scan(&id, &parent, &unused, &detail)
			plan += detail + "\n"
			return err
		}, "EXPLAIN QUERY PLAN "+debtQuery+condition, args[:1+strings.Count(condition, "$")]...)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(plan, "SCAN") || !strings.Contains(plan, "SEARCH d USING INDEX") {
			t.Errorf("%s:\n%s", name, plan)
		}
	}
}

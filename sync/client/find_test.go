package client_test

// Finding bills by card and by form, against the real gateway and against a bad network.

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/client"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/booktest"
)

const visit = "5d41402abc4b2a76b9719d911017c592"

// newFinder serves a book with a catalogue; a card proves what its personal
// data say.
func newFinder(t *testing.T) *client.Client {
	t.Helper()
	check := func(ev kiosk.CardEvidence, _ []byte, _ time.Time) (v gateway.CardVerdict) {
		if err := json.Unmarshal(ev.PersonalData, &v); err != nil {
			v.Failed = true
		}
		return v
	}
	store, err := gateway.Open(t.Context(), booktest.File(t), gateway.StoreConfig{Cards: check}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	store.UseCatalogue(&kiosk.Catalogue{Version: "1", Services: []kiosk.Service{
		{ID: "toscana-bollo", Creditor: "01386030488", Find: kiosk.FindByForm, Fee: kiosk.FeeRule{Cents: 187}, Fields: []kiosk.Field{
			{ID: "plate", Kind: kiosk.FieldPlate, Example: "AB123CD"}, {ID: "note", Kind: kiosk.FieldLetters, Max: 20, Optional: true},
		}},
		{ID: "prato-mensa", Find: kiosk.FindByCard, Level: kiosk.LevelProved},
	}})
	if err := store.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	h, err := gateway.NewHandler(store, gateway.HandlerConfig{}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return dial(t, srv.URL)
}

// lookupCard takes a challenge and looks up with a card that proves v.
func lookupCard(t *testing.T, c *client.Client, v gateway.CardVerdict) (kiosk.Found, error) {
	t.Helper()
	ch, err := c.Challenge(t.Context(), visit)
	if err != nil {
		t.Fatal(err)
	}
	if len(ch.Bytes) != 32 || ch.ID == "" || ch.Life < 30*kiosk.Second {
		t.Errorf("challenge of %d bytes for %d s", len(ch.Bytes), ch.Life.Seconds())
	}
	return c.LookupCitizen(t.Context(), visit, ch.ID, evidence(t, v, ch.Bytes))
}

func evidence(t *testing.T, v gateway.CardVerdict, challenge []byte) kiosk.CardEvidence {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return kiosk.CardEvidence{Kind: kiosk.CardCNS, Challenge: challenge, PersonalData: b}
}

func TestBillsOfACard(t *testing.T) {
	c, citizens := newFinder(t), gateway.SampleCitizens()
	f, err := lookupCard(t, c, gateway.CardVerdict{Level: kiosk.LevelProved, FiscalCode: citizens[1]})
	if err != nil || f.Count != kiosk.MaxFound || !f.More || f.Withheld {
		t.Errorf("%d bills, more %v, withheld %v, %v", f.Count, f.More, f.Withheld, err)
	}
	if f, err = lookupCard(t, c, gateway.CardVerdict{Level: kiosk.LevelPresent, FiscalCode: citizens[0]}); err != nil || f.Count != 3 || !f.Withheld {
		t.Errorf("%d bills, withheld %v, %v", f.Count, f.Withheld, err)
	}
	for name, w := range map[string]struct {
		verdict gateway.CardVerdict
		code    kiosk.Code
	}{
		"forged":                       {gateway.CardVerdict{Failed: true}, kiosk.CodeCardNotGenuine},
		"copied":                       {gateway.CardVerdict{Level: kiosk.LevelSigned, FiscalCode: citizens[0]}, kiosk.CodeCardLevel},
		"all that is owed asks for it": {gateway.CardVerdict{Level: kiosk.LevelPresent, FiscalCode: citizens[4]}, kiosk.CodeCardLevel},
		"over":                         {gateway.CardVerdict{Level: kiosk.LevelProved, Expiry: kiosk.Date{Year: 2020, Month: 1, Day: 1}}, kiosk.CodeCardExpired},
		"owes nothing":                 {gateway.CardVerdict{Level: kiosk.LevelProved, FiscalCode: "RSSMRA80A41G999J"}, kiosk.CodeNothingOwed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := lookupCard(t, c, w.verdict)
			wantCode(t, err, w.code)
		})
	}
	ch, err := c.Challenge(t.Context(), visit)
	if err != nil {
		t.Fatal(err)
	}
	ev := evidence(t, gateway.CardVerdict{Level: kiosk.LevelProved, FiscalCode: citizens[0]}, ch.Bytes)
	_, err = c.LookupCitizen(t.Context(), strings.Repeat("b", 32), ch.ID, ev)
	wantCode(t, err, kiosk.CodeChallengeUsed)
	if _, err = c.LookupCitizen(t.Context(), visit, ch.ID, ev); err != nil {
		t.Errorf("a stranger's visit used the challenge up: %v", err)
	}
	_, err = c.LookupCitizen(t.Context(), visit, ch.ID, ev)
	wantCode(t, err, kiosk.CodeChallengeUsed)
}

func TestBillsOfAForm(t *testing.T) {
	c := newFinder(t)
	form := kiosk.Form{Catalogue: "1", Service: "toscana-bollo", Values: [kiosk.MaxFields]kiosk.FormValue{"AB123CD"}}
	f, err := c.LookupForm(t.Context(), visit, form)
	if err != nil || f.Count != 1 || f.Quotes[0].Fee != 187 || f.Quotes[0].Bill.Status != kiosk.BillPayable {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, err := c.Activate(t.Context(), newID(t), "", kiosk.Cart{}.With(f.Quotes[0])); err != nil {
		t.Errorf("what was found by form cannot be paid: %v", err)
	}
	for code, change := range map[kiosk.Code]func(*kiosk.Form){
		kiosk.CodeNothingOwed:    func(f *kiosk.Form) { f.Values[0] = "ZZ999ZZ" },
		kiosk.CodeFormInvalid:    func(f *kiosk.Form) { f.Values[0] = "Z" },
		kiosk.CodeServiceUnknown: func(f *kiosk.Form) { f.Catalogue = "0" },
	} {
		wrong := form
		change(&wrong)
		_, err := c.LookupForm(t.Context(), visit, wrong)
		wantCode(t, err, code)
		if code == kiosk.CodeFormInvalid && !strings.Contains(err.Error(), "plate") {
			t.Errorf("%v does not name the field", err)
		}
	}
}

// A challenge is used up by the first attempt: a second one could only be refused.
func TestALookupByCardIsTriedOnce(t *testing.T) {
	var hits atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		hijack(t, w, "")
	}))
	defer srv.Close()
	_, err := dial(t, srv.URL).LookupCitizen(t.Context(), visit, "c", kiosk.CardEvidence{Kind: kiosk.CardCNS})
	wantCode(t, err, kiosk.CodeGatewayOffline)
	if hits.Load() != 1 {
		t.Errorf("%d attempts", hits.Load())
	}
}

func TestAListThatIsNotWholeIsOffline(t *testing.T) {
	var body atomic.Value
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, "application/json", 200, body.Load().(string))
	}))
	defer srv.Close()
	c := dial(t, srv.URL)
	bill := `{"fee":1,"bill":{"id":"b","creditor":"84006890481","amount":5,"status":"payable"}}`
	for _, text := range []string{
		`{}`, `null`, `{"bills":null}`, `{"bills":[{"fee":1}],"more":false}`, `{"bills":[` + strings.Repeat(bill+",", kiosk.MaxFound) + bill + `]}`,
		`{"bills":[` + strings.Replace(bill, "5", "-5", 1) + `]}`,
	} {
		body.Store(text)
		_, err := c.LookupForm(t.Context(), visit, kiosk.Form{})
		wantCode(t, err, kiosk.CodeGatewayOffline)
	}
	for _, text := range []string{`{}`, `{"id":"x","lifeSeconds":1}`, `{"id":"x","lifeSeconds":1,"bytes":"YWJj"}`, `{"id":"x","bytes":"YWJjYWJjYWJjYWJjYWJjYWJj"}`} {
		body.Store(text)
		_, err := c.Challenge(t.Context(), visit)
		wantCode(t, err, kiosk.CodeGatewayOffline)
	}
}

// The wire's evidence is the domain's, field by field.
func TestEvidenceOfTheWireIsThatOfTheDomain(t *testing.T) {
	tags := func(v any) map[string]bool {
		out := map[string]bool{}
		for i, typ := 0, reflect.TypeOf(v); i < typ.NumField(); i++ {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			out[name] = true
		}
		return out
	}
	if domain, wire := tags(kiosk.CardEvidence{}), tags(api.CardEvidence{}); !reflect.DeepEqual(domain, wire) {
		t.Errorf("domain %v, wire %v", domain, wire)
	}
}

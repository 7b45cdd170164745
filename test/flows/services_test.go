package flows

// Every service of the shipped catalogue, walked through the kiosk: from the
// first page to the search that its way of finding bills makes, by touches
// alone, and the bill that it found paid.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

func shipped(t *testing.T) *kiosk.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// counter is a world with the catalogue, a card reader, and an eye on what is
// asked of the gateway.
func counter(c *kiosk.Catalogue) *world {
	w := newWorld()
	d := w.visit.Devices
	d.Cards = session.ReaderReady
	w.tell(session.DevicesChanged{Devices: d})
	w.tell(session.RecoveryEnded{})
	w.tell(session.CatalogueChanged{Catalogue: c})
	return w
}

func TestEveryServiceIsPaid(t *testing.T) {
	c := shipped(t)
	if len(c.Services) < 30 {
		t.Fatalf("%d services", len(c.Services))
	}
	for _, svc := range c.Services {
		t.Run(svc.ID, func(t *testing.T) {
			w := counter(c)
			for _, id := range []string{"choice-services", "group-" + svc.Group, "service-" + svc.ID} {
				mustTouch(t, w, id)
			}
			switch svc.Find {
			case kiosk.FindByForm:
				byForm(t, w, svc, catalogue.Example(c, svc))
			case kiosk.FindByCard:
				byCard(t, w)
			case kiosk.FindByNotice:
				mustPlay(t, w, "scan ]Q1PAGOPA|002|302000000000004232|84006890481|8640")
				w.tell(session.LookupAnswered{Visit: w.visit.Visit, Quote: billOf(svc)})
			}
			payBill(t, w, svc)
		})
	}
}

func mustTouch(t *testing.T, w *world, id string) {
	t.Helper()
	before := w.page()
	if a, ok := before.Find(id); !ok || a.Disabled {
		t.Fatalf("page %s (%s) does not offer %q: %q", before.Name, before.Title, id, a.Label)
	}
	if err := w.touch(id); err != nil {
		t.Fatal(err)
	}
}

func mustPlay(t *testing.T, w *world, line string) []string {
	t.Helper()
	out, err := w.play(line)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return out
}

// byForm answers every question with its example and checks that the gateway
// is asked exactly that.
func byForm(t *testing.T, w *world, svc kiosk.Service, want kiosk.Form) {
	t.Helper()
	fill(t, w, svc, want)
	w.tell(session.BillsFound{Visit: w.visit.Visit, Found: kiosk.Found{}.With(billOf(svc))})
}

// fill answers every question; what a card is to say is read from one.
func fill(t *testing.T, w *world, svc kiosk.Service, want kiosk.Form) {
	t.Helper()
	w.out = nil
	for i, f := range svc.Fields {
		if page := w.page().Name; page != "form-"+f.ID {
			t.Fatalf("question %d is %s, want %s", i, page, f.ID)
		}
		switch {
		case f.Kind == kiosk.FieldChoice:
			mustTouch(t, w, "option-0")
			continue
		case want.Values[i] == session.FromCard:
			mustTouch(t, w, "choice-card")
			layCard(t, w)
			if page := w.page(); page.Name != "form-"+f.ID+"-card" || strings.Contains(fmt.Sprint(page), f.Example) {
				t.Fatalf("after the card: page %s", page.Name)
			}
		default:
			typeIn(t, w, want.Values[i].Clear()) // nothing where it may be left empty
		}
		mustTouch(t, w, "continue")
	}
	if w.asked != want {
		t.Fatalf("page %s; the gateway was asked for service %q of catalogue %q with other values", w.page().Name, w.asked.Service, w.asked.Catalogue)
	}
}

// typeIn types a text key by key.
func typeIn(t *testing.T, w *world, text string) {
	t.Helper()
	for _, sign := range text {
		id, named := map[rune]string{'/': "stroke", '-': "dash", ' ': "blank"}[sign]
		if !named {
			id = string(sign)
		}
		mustTouch(t, w, "key-"+id)
	}
}

// Every question that a card may answer is answered by one; what it said is asked
// for under a name of its own and never lies in a state.
func TestFormsAreFilledFromTheCard(t *testing.T) {
	c, n := shipped(t), 0
	for _, svc := range c.Services {
		want, from := catalogue.Example(c, svc), 0
		for i, f := range svc.Fields {
			if f.FromCard != "" {
				want.Values[i] = session.FromCard
				from++
			}
		}
		if from == 0 {
			continue
		}
		n++
		t.Run(svc.ID, func(t *testing.T) {
			w := counter(c)
			for _, id := range []string{"choice-services", "group-" + svc.Group, "service-" + svc.ID} {
				mustTouch(t, w, id)
			}
			byForm(t, w, svc, want)
			payBill(t, w, svc)
		})
	}
	if n < 8 {
		t.Errorf("%d forms are filled from a card", n)
	}
}

// A visit keeps the catalogue that it began with, to its last search; the next
// one has the new one.
func TestACatalogueInMidVisit(t *testing.T) {
	old := shipped(t)
	newer := *old
	newer.Version, newer.Services = "2099-01-01.1", nil
	for _, svc := range old.Services {
		if svc.ID == "prato-multe" {
			svc.Fields = svc.Fields[1:]
			newer.Services = append(newer.Services, svc)
		}
	}
	w := counter(old)
	svc, _ := old.Service("prato-multe")
	mustTouch(t, w, "choice-services")
	w.tell(session.CatalogueChanged{Catalogue: &newer})
	for _, id := range []string{"group-" + svc.Group, "service-" + svc.ID} {
		mustTouch(t, w, id)
	}
	fill(t, w, svc, catalogue.Example(old, svc))
	mustPlay(t, w, "no-bill service-unknown")
	mustTouch(t, w, "help-exit")
	if w.page().Box != nil {
		mustTouch(t, w, "exit")
	}
	next, _ := newer.Service("prato-multe")
	for _, id := range []string{"choice-services", "group-" + svc.Group, "service-" + svc.ID} {
		mustTouch(t, w, id)
	}
	fill(t, w, next, catalogue.Example(&newer, next))
	if w.asked.Catalogue != newer.Version {
		t.Errorf("asked with catalogue %s", w.asked.Catalogue)
	}
}

// byCard lays a CIE on the reader, types the number that is printed on it, and
// ticks the bill among two.
func byCard(t *testing.T, w *world) {
	t.Helper()
	layCard(t, w)
	svc := kiosk.Service{ID: "card", Creditor: "84006890481", Name: kiosk.Text{kiosk.Italian: "Mensa"}}
	other := billOf(svc)
	other.Bill.ID, other.Bill.Notice = "other", "302000000000004333"
	w.tell(session.BillsFound{Visit: w.visit.Visit, Found: kiosk.Found{}.With(other).With(billOf(svc))})
	if name := w.page().Name; name != "choose" {
		t.Fatalf("page %s", name)
	}
	mustTouch(t, w, "bill-1")
	mustTouch(t, w, "continue")
}

// layCard lays a CIE on the reader, types the number that is printed on it, and
// takes the card away when it is read.
func layCard(t *testing.T, w *world) {
	t.Helper()
	if name := w.page().Name; name != "card-lay" {
		t.Fatalf("page %s", name)
	}
	w.tell(session.CardMoved{News: kiosk.CardNews{Card: 4, Present: true, Kind: kiosk.CardCIE3, Wants: kiosk.SecretCAN, Tries: -1}})
	mustPlay(t, w, "type 314159")
	mustTouch(t, w, "continue")
	w.tell(session.CardRead{Visit: w.visit.Visit, Card: 4})
	w.tell(session.CardMoved{News: kiosk.CardNews{Card: 4}})
}

func billOf(svc kiosk.Service) kiosk.Quote {
	return kiosk.Quote{Fee: max(100, svc.Fee.Cents), Bill: kiosk.Bill{
		ID: "d4232", Creditor: svc.Creditor, CreditorName: "Comune di Prato", Notice: "302000000000004232", IUV: "02000000000004232",
		Subject: svc.Name.In(kiosk.Italian), Amount: 8640, Status: kiosk.BillPayable,
	}}
}

// payBill goes from the bill to the receipt.
func payBill(t *testing.T, w *world, svc kiosk.Service) {
	t.Helper()
	if svc.Find != kiosk.FindByCard {
		if name := w.page().Name; name != "bill" {
			t.Fatalf("page %s, want the bill", name)
		}
		mustTouch(t, w, "continue")
	}
	total := w.visit.Cart.Total()
	mustTouch(t, w, "pay")
	var said []string
	for _, line := range []string{"saved", "activated", "saved", "baseline", "saved", "charged", "saved", "closed ok", "touch choice-paper", "printed"} {
		said = append(said, mustPlay(t, w, line)...)
	}
	if all := strings.Join(said, "\n"); w.page().Name != "thanks" || !strings.Contains(all, fmt.Sprintf("charge %v", total)) {
		t.Fatalf("page %s\n%s", w.page().Name, all)
	}
}

package runner

// A service's form on its way to the gateway.

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tserve/jolly/kiosk"
)

// mealsOnly is a catalogue of one form with a codice fiscale that a card may fill in.
func mealsOnly() *kiosk.Catalogue {
	c := shelved("2026-11-22.1", "scuola")
	c.Services[0].Find = kiosk.FindByForm
	c.Services[0].Fields = []kiosk.Field{
		{ID: "child", Kind: kiosk.FieldDigits, Min: 2, Max: 4, Name: c.Services[0].Name},
		{ID: "person", Kind: kiosk.FieldFiscalCode, FromCard: kiosk.FromCardFiscalCode, Name: c.Services[0].Name},
	}
	return c
}

// The card's codice fiscale reaches the gateway and no page, log or state.
func TestAFormFilledFromTheCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		cards, log := newCards(h), &strings.Builder{}
		cards.lookErr = kiosk.Errorf(kiosk.CodeGatewayBusy, "search by form", "too many")
		s := shelf{make(chan *kiosk.Catalogue)}
		k := runWith(t, h, CloseTime{}, slog.New(slog.NewJSONHandler(log, nil)), func(d *Devices) {
			d.Catalogues, d.Cards, d.Finder = s, cards, cards
		})
		s.news <- mealsOnly()
		synctest.Wait()
		for _, id := range []string{"choice-services", "group-scuola", "service-s", "key-4", "key-2", "continue", "choice-card"} {
			k.touch(id)
		}
		cards.news(kiosk.CardNews{Card: 3, Present: true, Kind: kiosk.CardTSCNS, Wants: kiosk.SecretPIN, Tries: 3})
		synctest.Wait()
		if name := h.page().Name; name != "form-person-card" {
			t.Fatalf("page %s", name)
		}
		k.touch("continue")
		if name := h.page().Name; name != "refused" {
			t.Fatalf("the gateway is busy and the page is %s", name)
		}
		cards.mu.Lock()
		cards.lookErr = nil
		cards.mu.Unlock()
		k.touch("retry")
		if name := h.page().Name; name != "choose" {
			t.Fatalf("page %s", name)
		}
		if len(cards.forms) != 2 || cards.forms[1].Values != [kiosk.MaxFields]kiosk.FormValue{"42", theCode} || cards.forms[1].Service != "s" {
			t.Errorf("%d forms were sent", len(cards.forms))
		}
		if seen := fmt.Sprintf("%+v", h.page()) + log.String(); strings.Contains(seen, theCode) {
			t.Error("the codice fiscale can be read")
		}
	})
}

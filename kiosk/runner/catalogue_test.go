package runner

// The catalogue on its way to the citizen.

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/tserve/jolly/kiosk"
)

// shelf is a keeper of catalogues in the test's hand.
type shelf struct{ news chan *kiosk.Catalogue }

func (s shelf) Run(ctx context.Context, news func(*kiosk.Catalogue)) error {
	for {
		select {
		case c := <-s.news:
			news(c)
		case <-ctx.Done():
			return nil
		}
	}
}

func shelved(version, group string) *kiosk.Catalogue {
	text := kiosk.Text{kiosk.Italian: group}
	return &kiosk.Catalogue{
		Version: version, Creditors: []kiosk.Creditor{{Code: "84006890481", Name: "Comune di Prato"}},
		Groups: []kiosk.Group{{ID: group, Icon: "car", Name: text}},
		Services: []kiosk.Service{{
			ID: "s", Creditor: "84006890481", Group: group, Icon: "car", Name: text, Help: text, Receipt: text, Find: kiosk.FindByNotice,
		}},
	}
}

// Services are offered once there is a catalogue, and a visit keeps the one that
// it began with.
func TestTheCatalogueReachesTheCitizen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := shelf{make(chan *kiosk.Catalogue)}
		h := newHouse(t)
		k := runWith(t, h, CloseTime{}, slog.New(slog.DiscardHandler), func(d *Devices) { d.Catalogues = s })
		if _, ok := h.page().Find("choice-services"); ok {
			t.Error("services without a catalogue")
		}
		s.news <- shelved("2026-11-22.1", "auto")
		synctest.Wait()
		k.touch("choice-services")
		if _, ok := h.page().Find("group-auto"); !ok {
			t.Fatalf("no group on page %s", h.page().Name)
		}
		s.news <- shelved("2026-11-22.2", "casa")
		synctest.Wait()
		if _, ok := h.page().Find("group-auto"); !ok {
			t.Error("the catalogue changed under a visit")
		}
	})
}

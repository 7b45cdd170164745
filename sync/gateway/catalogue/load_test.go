package catalogue_test

// The embedded data, and what the reader refuses.

import (
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

func load(t *testing.T) *kiosk.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoad(t *testing.T) {
	c := load(t)
	count := map[string]int{}
	for _, cr := range c.Creditors {
		for _, s := range c.Services {
			if s.Creditor == cr.Code {
				count[cr.Name]++
			}
		}
	}
	if count["Comune di Prato"] < 30 {
		t.Errorf("Prato has %d services, want 30", count["Comune di Prato"])
	}
	for _, name := range []string{"Comune di Pisa", "Comune di Livorno", "Comune di Pistoia", "Azienda USL Toscana Centro", "Regione Toscana"} {
		if count[name] == 0 {
			t.Errorf("%s has no services: %v", name, count)
		}
	}
}

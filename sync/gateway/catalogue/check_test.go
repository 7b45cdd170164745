package catalogue_test

// The review: the embedded catalogue is good, and every mistake is found.

import (
	"testing"

	"github.com/tserve/jolly/sync/gateway/catalogue"
)

func TestTheEmbeddedCatalogueHasNoFlaw(t *testing.T) {
	for _, f := range catalogue.Check(load(t)) {
		t.Error(f)
	}
}

package rig

// The key that signs the catalogue: made at start, of no worth elsewhere.

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

func (r *Rig) catalogueKey() string { return r.path("catalogue-key.pem") }

// makeCatalogueKey makes the key, or takes that of a rig that lay in the same
// directory before: its kiosk has kept a catalogue.
func (r *Rig) makeCatalogueKey() error {
	key, err := catalogue.ReadKey(r.catalogueKey())
	if errors.Is(err, fs.ErrNotExist) {
		if key, err = catalogue.NewKey(); err == nil {
			err = catalogue.WriteKey(r.catalogueKey(), key)
		}
	}
	if err != nil {
		return fmt.Errorf("make rig: %w", err)
	}
	r.public = api.FormatKey(catalogue.Public(key))
	return nil
}

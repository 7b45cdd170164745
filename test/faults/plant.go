package main

// Mistakes that can be planted in the books that are read, so that anybody can
// see the comparison find them.

import (
	"maps"
	"slices"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/test/rig"
)

// spoilers change books that agree. One that finds nothing to change leaves them.
func spoilers() map[string]func(*rig.Books) {
	return map[string]func(*rig.Books){
		"charged-twice": func(b *rig.Books) {
			for _, c := range b.Terminal {
				if c.Outcome == rig.Approved {
					c.STAN = "999999"
					b.Terminal = append(b.Terminal, c)
					return
				}
			}
		},
		"charge-forgotten": func(b *rig.Books) {
			for i, e := range b.Kiosk.Payments {
				if e.Outcome == kiosk.Charged {
					b.Kiosk.Payments = slices.Delete(b.Kiosk.Payments, i, i+1)
					return
				}
			}
		},
		"cent-lost": func(b *rig.Books) {
			for i := range b.Balances {
				b.Balances[i].Balance++
				return
			}
		},
	}
}

// plants are their names.
func plants() []string { return slices.Sorted(maps.Keys(spoilers())) }

package ui

// A main action that stands on every part of a page, and one that waits for the last.

import (
	"fmt"
	"slices"
	"testing"

	"fyne.io/fyne/v2/test"

	"github.com/tserve/jolly/kiosk/page"
)

func TestAKeptActionStandsOnEveryPart(t *testing.T) {
	test.NewTempApp(t)
	m := newTypecase(newMeasurer())
	for _, keep := range []bool{true, false} {
		p := page.Page{
			Name: "parts", Title: "Parts", Back: page.Action{ID: "back", Label: "Back"}, Main: page.Action{ID: "search", Label: "Search", Style: page.StyleOutline},
			Turning: page.Turning{ReadOn: "More, {part} of {parts}", ReadBack: "Back", Keep: keep},
		}
		for i := range 18 {
			p.Choices = append(p.Choices, page.Choice{Icon: "car", Title: fmt.Sprint("Choice ", i), Text: "Words", Act: page.Action{ID: fmt.Sprint("choice-", i), Label: "Choice"}})
		}
		for _, size := range [][2]float32{{1080, 1920}, {1920, 1080}} {
			plans := allParts(t, input{page: p, profile: panel, width: size[0], height: size[1], types: m})
			if len(plans) < 2 {
				t.Fatalf("%d parts", len(plans))
			}
			for i, pl := range plans {
				search := slices.ContainsFunc(pl.hits, func(h Hit) bool { return h.Action.ID == "search" })
				on := slices.ContainsFunc(pl.hits, func(h Hit) bool { return h.Action.ID == readOn })
				last := i == len(plans)-1
				if search != (keep || last) || on == last {
					t.Errorf("keep %v, %v, part %d of %d: search %v, read on %v", keep, size, i+1, len(plans), search, on)
				}
			}
		}
	}
}

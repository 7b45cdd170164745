package rig

// Pages that stand for seconds only.

import (
	"context"
	"fmt"
	"slices"
)

// Leave touches an action of a page that goes by itself after a while, too, and
// waits for one of the pages after it. Whoever is late finds that it has gone.
func (h *Hand) Leave(ctx context.Context, id string, pages ...string) (Screen, error) {
	gone := func(s Screen) bool { return s.Box == "" && slices.Contains(pages, s.Page) }
	s, err := h.Await(ctx, "action "+id+", or its page's end", func(s Screen) bool {
		a, ok := s.Action(id)
		return gone(s) || ok && !a.Disabled && !a.Early
	})
	if a, ok := s.Action(id); err == nil && ok && !gone(s) {
		err = h.finger.Tap(ctx, int(a.X+a.W/2)+h.offX, int(a.Y+a.H/2)+h.offY)
	}
	if err != nil {
		return s, fmt.Errorf("leave by %s: %w", id, err)
	}
	return h.AwaitPage(ctx, pages...)
}

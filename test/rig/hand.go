package rig

// One hand of a citizen: looks at the page, touches what stands on it.

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// How the kiosk guards against hands that are too quick (spec: screens, 3), each
// with some room. On a machine that is slow it takes longer: the kiosk itself says
// what is too early.
const (
	settle     = 500 * time.Millisecond  // after a page change nothing is taken for 400 ms
	settlePay  = 1300 * time.Millisecond // and no paying button for 1,000 ms
	sameKey    = 380 * time.Millisecond  // the same key within 300 ms is one touch
	look       = 40 * time.Millisecond   // between two looks at the page
	defReact   = 20 * time.Second        // after that a touch that moved nothing is tried again
	touches    = 3                       // how often
	PayAction  = "pay"                   // the button that is never touched twice
	defPatient = 2 * time.Minute
)

// finger is what touches the glass.
type finger interface {
	Tap(ctx context.Context, x, y int) error
}

// Hand is a citizen's eyes and finger. It belongs to one goroutine.
type Hand struct {
	Patience time.Duration // the longest wait for one thing; 0 is two minutes

	reaction time.Duration // that of the kiosk to a touch
	control  *Control
	finger   finger
	offX     int // where the window stands on the screen
	offY     int
	shown    string    // page and box that were seen last
	since    time.Time // and since when
	keyID    string    // what was touched last
	keyAt    time.Time
	moved    func(Screen) // told of each new page
}

// newHand makes a hand; told hears of every page that the hand sees for the first time.
func newHand(c *Control, f finger, told func(Screen)) *Hand {
	return &Hand{reaction: defReact, control: c, finger: f, moved: told}
}

// Look sees what is shown now.
func (h *Hand) Look(ctx context.Context) (Screen, error) {
	s, err := h.control.Screen(ctx)
	if err != nil {
		return Screen{}, err
	}
	if shown := s.Page + "+" + s.Box + "+" + s.Language; shown != h.shown {
		h.shown, h.since = shown, time.Now()
		if h.moved != nil {
			h.moved(s)
		}
	}
	return s, nil
}

func (h *Hand) patience() time.Duration {
	if h.Patience > 0 {
		return h.Patience
	}
	return defPatient
}

// Await looks until the page is as wanted. The kiosk may be away meanwhile.
func (h *Hand) Await(ctx context.Context, what string, ok func(Screen) bool) (Screen, error) {
	ctx, cancel := context.WithTimeout(ctx, h.patience())
	defer cancel()
	var last Screen
	lastErr := errors.New("the kiosk was never seen")
	for {
		s, err := h.Look(ctx)
		if err == nil {
			if ok(s) {
				return s, nil
			}
			last, lastErr = s, nil
		} else if ctx.Err() == nil {
			lastErr = err
		}
		if pause(ctx, look) != nil {
			if lastErr != nil {
				return Screen{}, fmt.Errorf("await %s: %w", what, lastErr)
			}
			return last, fmt.Errorf("await %s: still %s", what, last)
		}
	}
}

// AwaitPage looks until one of the pages is shown, without a box over it.
func (h *Hand) AwaitPage(ctx context.Context, pages ...string) (Screen, error) {
	return h.Await(ctx, "page "+strings.Join(pages, " or "), func(s Screen) bool {
		return s.Box == "" && slices.Contains(pages, s.Page)
	})
}

// AwaitBox looks until a box lies over the page.
func (h *Hand) AwaitBox(ctx context.Context, box string) (Screen, error) {
	return h.Await(ctx, "box "+box, func(s Screen) bool { return s.Box == box })
}

// Touch touches an action as soon as it is there and the kiosk takes touches,
// and returns what is shown after it. A touch that moves nothing is tried
// again, but never the paying one.
func (h *Hand) Touch(ctx context.Context, id string) (Screen, error) {
	before, a, err := h.aim(ctx, id)
	if err != nil {
		return before, err
	}
	x, y := int(a.X+a.W/2)+h.offX, int(a.Y+a.H/2)+h.offY
	for n := 1; ; n++ {
		h.keyID, h.keyAt = id, time.Now()
		if err := h.finger.Tap(ctx, x, y); err != nil {
			return before, fmt.Errorf("touch %s: %w", id, err)
		}
		after, err := h.awaitMove(ctx, id, before)
		if err == nil {
			return after, nil
		}
		if id == PayAction || n == touches || ctx.Err() != nil {
			return after, fmt.Errorf("touch %s at %d,%d, %d times: %w", id, x, y, n, err)
		}
		// Perhaps it was felt after all, only late.
		if after, err = h.Look(ctx); err != nil || !same(after, before) {
			return after, err
		}
	}
}

// awaitMove waits until the kiosk shows something else than before.
func (h *Hand) awaitMove(ctx context.Context, id string, before Screen) (Screen, error) {
	patience := h.Patience
	defer func() { h.Patience = patience }()
	if id != PayAction {
		h.Patience = h.reaction
	}
	// The serial counts pages; a digit on the keypad changes the page's words alone.
	return h.Await(ctx, "a reaction to "+id, func(s Screen) bool { return !same(s, before) })
}

// same says that two looks saw the same; that time has passed is no difference.
func same(a, b Screen) bool { return reflect.DeepEqual(a.aged(), b.aged()) }

// aim finds the action, enabled and at rest, and waits until a touch counts.
func (h *Hand) aim(ctx context.Context, id string) (Screen, Action, error) {
	for {
		s, err := h.Await(ctx, "action "+id, func(s Screen) bool {
			a, ok := s.Action(id)
			return ok && !a.Disabled && !a.Early && a.W > 0 && a.H > 0
		})
		if err != nil {
			return s, Action{}, err
		}
		rest := settle
		if id == PayAction {
			rest = settlePay
		}
		wait := rest - time.Since(h.since)
		if h.keyID == id {
			wait = max(wait, sameKey-time.Since(h.keyAt))
		}
		if wait > 0 {
			if err := pause(ctx, wait); err != nil {
				return s, Action{}, err
			}
		}
		now, err := h.Look(ctx)
		if err != nil {
			return s, Action{}, err
		}
		was, _ := s.Action(id)
		if a, ok := now.Action(id); ok && a == was && time.Since(h.since) >= rest {
			return now, a, nil
		}
	}
}

// Turn turns the parts of a page that does not fit on the glass until an action
// stands there.
func (h *Hand) Turn(ctx context.Context, id string) error {
	for range maxParts {
		s, err := h.Look(ctx)
		if err != nil {
			return err
		}
		if _, there := s.Action(id); there {
			return nil
		}
		if _, err := h.Touch(ctx, readOn); err != nil {
			return err
		}
	}
	return fmt.Errorf("turn to %s: not on the first %d parts", id, maxParts)
}

const (
	readOn   = "ui:read-on" // the screen's own action that turns to the next part
	maxParts = 12           // more than any page has
)

// TouchTo touches an action and waits for one of the pages.
func (h *Hand) TouchTo(ctx context.Context, id string, pages ...string) (Screen, error) {
	if s, err := h.Touch(ctx, id); err != nil {
		return s, err
	}
	return h.AwaitPage(ctx, pages...)
}

// Type touches the keys of a number one after the other.
func (h *Hand) Type(ctx context.Context, digits string) error {
	for _, d := range digits {
		if _, err := h.Touch(ctx, "key-"+string(d)); err != nil {
			return fmt.Errorf("type %s: %w", digits, err)
		}
	}
	return nil
}

package rig

// What the kiosk shows, as its control socket tells it.

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tserve/jolly/kiosk/control"
)

// Screen is the page that the kiosk shows.
type Screen control.Screen

// Action is something to touch, with its place in pixels of the window.
type Action = control.Action

// Action finds an action by its id.
func (s Screen) Action(id string) (Action, bool) {
	i := slices.IndexFunc(s.Actions, func(a Action) bool { return a.ID == id })
	if i < 0 {
		return Action{}, false
	}
	return s.Actions[i], true
}

// aged is the page when it has stood for a while.
func (s Screen) aged() Screen {
	s.Actions, s.Painted = slices.Clone(s.Actions), true
	for i := range s.Actions {
		s.Actions[i].Early = false
	}
	return s
}

// kin says that two looks saw the same page, whatever has changed on it.
func (s Screen) kin(t Screen) bool {
	return s.Page == t.Page && s.Box == t.Box && s.Language == t.Language
}

// Says tells whether the page holds the words, however its lines are broken.
func (s Screen) Says(words string) bool {
	all := append([]string{s.Title}, s.Text...)
	for _, a := range s.Actions {
		all = append(all, a.Label)
	}
	return strings.Contains(plain(strings.Join(all, " ")), plain(words))
}

// plain makes every space, the unbreakable ones too, one blank.
func plain(text string) string { return strings.Join(strings.Fields(text), " ") }

// String is the page for an error message.
func (s Screen) String() string {
	ids := make([]string, len(s.Actions))
	for i, a := range s.Actions {
		ids[i] = a.ID
		if a.Disabled {
			ids[i] += "(off)"
		}
	}
	page := s.Page
	if s.Box != "" {
		page += "+" + s.Box
	}
	return fmt.Sprintf("page %s #%d %q, actions %s", page, s.Serial, s.Title, strings.Join(ids, " "))
}

// Control asks the kiosk's unix socket.
type Control struct{ client *control.Client }

// NewControl makes a client of the socket at path; nothing is opened yet.
func NewControl(path string) *Control { return &Control{control.NewClient(path)} }

// Screen asks what is shown now.
func (c *Control) Screen(ctx context.Context) (Screen, error) {
	s, err := c.client.Screen(ctx)
	return Screen(s), err
}

// Payments asks for the payments of the running process.
func (c *Control) Payments(ctx context.Context) ([]control.Payment, error) {
	return c.client.Payments(ctx)
}

// Health asks for the devices' states, as the kiosk sees them.
func (c *Control) Health(ctx context.Context) (control.Health, error) { return c.client.Health(ctx) }

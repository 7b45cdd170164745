package machine

// The screen in the Fyne application, and what the control socket tells of it.

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"fyne.io/fyne/v2"

	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/runner"
	"github.com/tserve/jolly/kiosk/ui"
	"github.com/tserve/jolly/sync/outbox"
	"github.com/tserve/jolly/sync/push"
)

// shown hands pages to the Fyne goroutine.
type shown struct {
	ui   *ui.Screen
	beat *beat

	// On the Fyne goroutine only.
	page page.Page
	turn uint64 // of the beat, in which it came
}

// Show shows a page soon. It does not block.
func (s *shown) Show(p page.Page) {
	onScreen(func() {
		s.page, s.turn = p, s.beat.turns
		s.ui.Show(p)
	})
}

// onScreen is the one way onto the Fyne goroutine.
func onScreen(f func()) { fyne.Do(f) }

// errEnded says that the kiosk is going down.
var errEnded = errors.New("the kiosk is stopping")

// Screen tells what is shown and where its actions are.
func (m *Machine) Screen(ctx context.Context) (control.Screen, error) {
	answer := make(chan control.Screen, 1)
	onScreen(func() { answer <- m.screen.describe() })
	select {
	case s := <-answer:
		return s, nil
	case <-ctx.Done():
		return control.Screen{}, ctx.Err()
	}
}

func (s *shown) describe() control.Screen {
	p := s.page
	out := control.Screen{Page: p.Name, Serial: p.Serial, Title: p.Title, Language: string(p.Lang), Painted: s.beat.turns >= s.turn+paintedIn}
	if p.Box != nil {
		out.Box = p.Box.Name
	}
	for _, e := range s.ui.Dump() {
		if e.Text != "" {
			out.Text = append(out.Text, e.Text)
		}
	}
	for _, a := range s.all() {
		x, y, w, h, ok := s.ui.HitRect(a.ID)
		if !ok {
			continue
		}
		out.Actions = append(out.Actions, control.Action{ID: a.ID, Label: a.Label, Disabled: a.Disabled, Early: s.ui.Early(a.ID), X: x, Y: y, W: w, H: h})
	}
	return out
}

// all are the actions of the page, disabled ones too, and those that turn the
// parts of one that does not fit on the glass at once.
func (s *shown) all() []page.Action {
	all := s.page.Actions()
	for _, a := range append([]page.Action{s.page.Main, s.page.Back, s.page.Second}, s.page.Help[:]...) {
		if a.Exists() && a.Disabled && s.page.Box == nil {
			all = append(all, a)
		}
	}
	if s.page.Box == nil {
		all = append(all, page.Action{ID: ui.ReadOn, Label: s.page.Turning.ReadOn}, page.Action{ID: ui.ReadBack, Label: s.page.Turning.ReadBack})
	}
	return all
}

// view asks the loop.
func (m *Machine) view(ctx context.Context) (v runner.View, err error) {
	if !m.runner.Ask(ctx, func(seen runner.View) { v = seen }) {
		return v, errEnded
	}
	return v, nil
}

// Payments tells of the payments of this process.
func (m *Machine) Payments(ctx context.Context) ([]control.Payment, error) {
	v, err := m.view(ctx)
	if err != nil {
		return nil, err
	}
	sort.Slice(v.Payments, func(i, j int) bool { return v.Payments[i].ID < v.Payments[j].ID })
	out := []control.Payment{}
	for _, p := range v.Payments {
		one := control.Payment{
			ID: string(p.ID), Ref: p.Ref, Phase: string(p.Phase), Step: string(p.Step), Outcome: string(p.Result.Outcome),
			Reason: string(p.Reason), Total: p.Total().Cents(), STAN: p.Result.STAN,
		}
		for i := range p.Cart.Count {
			one.Closings = append(one.Closings, string(p.Closings[i]))
		}
		out = append(out, one)
	}
	return out, nil
}

// deliveryFails is how many failures of the delivery in a row are no glitch.
const deliveryFails = 5

// bookProblems are what a maintainer must see to in the book itself.
func bookProblems(d outbox.Depth, err error, u outbox.Upkeep, p push.Status) []control.Problem {
	var all []control.Problem
	add := func(is bool, code health.ProblemCode, format string, args ...any) {
		if is {
			all = append(all, control.Problem{Code: string(code), Detail: fmt.Sprintf(format, args...)})
		}
	}
	add(d.Parked > 0, health.ProblemRows, "%d rows; see kioskctl outbox list", d.Parked)
	add(d.Pending > 0 && p.Failures >= deliveryFails, health.ProblemDelivery, "%d rows wait, %d attempts failed, %d payments or rows are passed over: %s",
		d.Pending, p.Failures, p.Held, p.LastError)
	looked := u.Room != outbox.Room{} || u.Err != nil // the first round comes with the start
	add(looked && !u.Room.Enough, health.ProblemDisk, "%d bytes are free: no payment may begin", u.Room.Free)
	add(u.Err != nil, health.ProblemBook, "%v", u.Err)
	add(err != nil, health.ProblemBook, "%v", err)
	return all
}

// Health tells of the devices.
func (m *Machine) Health(ctx context.Context) (control.Health, error) {
	v, err := m.view(ctx)
	if err != nil {
		return control.Health{}, err
	}
	h := control.Health{CanCharge: v.Devices.CanCharge(), SalesStopped: v.Devices.SalesStopped || v.Devices.Closed, Devices: []control.Device{}, Problems: []control.Problem{}}
	for _, p := range v.Problems {
		h.Problems = append(h.Problems, control.Problem{Code: string(p.Code), Ref: p.Ref, Detail: p.Detail, Since: p.Since.UnixMilli})
	}
	if v.Day.Day != "" {
		h.Day = &v.Day
	}
	depth, err := m.store.Depth(ctx)
	h.Problems = append(h.Problems, bookProblems(depth, err, m.store.Upkeep(), m.push.Status())...)
	if words, since := m.identity.Trouble(); words != "" {
		h.Problems = append(h.Problems, control.Problem{Code: string(health.ProblemIdentity), Detail: words, Since: since.UnixMilli()})
	}
	if words, since := m.catalogue.Trouble(); words != "" && len(m.cfg.Gateway.CatalogueKeys()) > 0 {
		h.Problems = append(h.Problems, control.Problem{Code: string(health.ProblemCatalogue), Detail: words, Since: since.UnixMilli()})
	}
	for _, d := range v.Health {
		h.Devices = append(h.Devices, control.Device{Device: string(d.Device), OK: d.OK, Detail: d.Detail})
	}
	return h, nil
}

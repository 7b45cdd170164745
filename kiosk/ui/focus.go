package ui

// The focus: where the tactile keypad stands on a page.

import "github.com/tserve/jolly/kiosk/page"

// focus walks the stops of a page. It is seen only once a key was used; a box
// has a focus of its own and gives the page's back.
type focus struct {
	seen  bool
	stops []stop
	id    string // of the page's stop
	boxID string
	page  string // identity of the page without its box
	box   string // name of the box; "" for none
}

// show takes the stops of what is shown now. Another page begins at its title,
// a box at its main action unless money leaves there.
func (f *focus) show(identity, box string, stops []stop) {
	if identity != f.page {
		f.id = ""
	}
	if box != f.box {
		f.boxID = ""
	}
	f.page, f.box, f.stops = identity, box, stops
	if f.index() >= 0 || len(stops) == 0 {
		return
	}
	first := stops[0].id
	if box != "" {
		for _, s := range stops {
			if s.rank == rankMain && s.action.Style != page.StylePay {
				first = s.id
			}
		}
	}
	f.set(first)
}

func (f *focus) set(id string) {
	if f.box != "" {
		f.boxID = id
		return
	}
	f.id = id
}

func (f *focus) current() string {
	if f.box != "" {
		return f.boxID
	}
	return f.id
}

// ring is the stop that has the ring now; "" while no key was used.
func (f *focus) ring() string {
	if !f.seen {
		return ""
	}
	return f.current()
}

func (f *focus) index() int {
	for i, s := range f.stops {
		if s.id == f.current() {
			return i
		}
	}
	return -1
}

// walk moves by one and says whether it could; it stops at the ends.
func (f *focus) walk(by int) bool {
	i := f.index() + by
	if i < 0 || i >= len(f.stops) {
		return false
	}
	f.set(f.stops[i].id)
	return true
}

// action is what OK does here; a text has none.
func (f *focus) action() (page.Action, bool) {
	i := f.index()
	if i < 0 {
		return page.Action{}, false
	}
	return f.stops[i].action, f.stops[i].action.Exists()
}

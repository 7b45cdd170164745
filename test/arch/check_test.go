package arch

// The checks: the tables of rules_test.go against a source.

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// check returns every broken rule.
func check(s *source) []broken {
	var all []broken
	for _, one := range []func(*source) []broken{
		checkMap, checkNever, checkShip, checkUse, checkGo, checkOneDo, checkFloats, checkInit, checkSleep,
		checkTop, checkSync, checkDoc, checkRaced,
	} {
		all = append(all, one(s)...)
	}
	return all
}

func checkMap(s *source) (all []broken) {
	s.each(func(f *file) {
		if f.test {
			return
		}
		for _, i := range f.imports {
			target, ok := i.ours()
			if !ok {
				continue
			}
			if why, ok := allowed(f.dir, target); !ok {
				all = append(all, broken{s.at(i.pos), f.dir + " imports " + target, why})
			}
		}
	})
	return all
}

// allowed looks a pair up in the map. What lies below a package that has no row
// of its own belongs to it.
func allowed(dir, target string) (why string, ok bool) {
	for _, row := range mayImport {
		if !matches(dir, row.who...) || (slices.Equal(row.who, sims) && matches(dir, tests...)) {
			continue
		}
		for _, p := range row.ours {
			if matches(target, strings.Replace(p, subject, simulated(dir), 1)) {
				return "", true
			}
		}
		return row.why, row.who[0] == "..." && matches(target, dir+"/...")
	}
	return "", true
}

// simulated is the package above a simulator.
func simulated(dir string) string {
	before, _, _ := strings.Cut(dir+"/", "/sim/")
	return before
}

func checkNever(s *source) (all []broken) {
	for _, r := range neverImport {
		s.each(func(f *file) { all = append(all, s.forbid(f, r.who, r.except, r.what, r.why)...) })
	}
	return all
}

func checkShip(s *source) (all []broken) {
	for _, r := range neverShip {
		s.each(func(f *file) {
			if !f.test {
				all = append(all, s.forbid(f, r.who, r.except, r.what, r.why)...)
			}
		})
	}
	return all
}

func (s *source) forbid(f *file, who, except, what []string, why string) (all []broken) {
	if !matches(f.dir, who...) || matches(f.dir, except...) {
		return nil
	}
	for _, i := range f.imports {
		target := i.path
		if dir, ok := i.ours(); ok {
			target = dir
		}
		// test/sim is a test of simulation and not the simulator of a device.
		if matches(target, what...) && !matches(target, tests...) {
			all = append(all, broken{s.at(i.pos), f.dir + " imports " + target, why})
		}
	}
	return all
}

func checkUse(s *source) (all []broken) {
	for _, r := range neverUse {
		s.each(func(f *file) {
			if f.test || !matches(f.dir, r.who...) || matches(f.dir, r.except...) {
				return
			}
			for _, pos := range f.uses(r.what, r.names...) {
				all = append(all, broken{s.at(pos), f.dir + " uses one of " + base(r.what) + "." + strings.Join(r.names, "|"), r.why})
			}
		})
	}
	return all
}

// starts returns where a file starts goroutines.
func (f *file) starts() []token.Pos {
	var found []token.Pos
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if g, ok := n.(*ast.GoStmt); ok {
			found = append(found, g.Pos())
		}
		return true
	})
	return found
}

func checkGo(s *source) (all []broken) {
	s.each(func(f *file) {
		if f.test || !matches(f.dir, append([]string{"kiosk/ui/..."}, pure...)...) {
			return
		}
		for _, pos := range f.starts() {
			all = append(all, broken{s.at(pos), f.dir + " has a go statement",
				"Fyne's callbacks run on one goroutine and Fyne's test driver does not show a touch from another; the pure packages have no time for one"})
		}
	})
	return all
}

func checkOneDo(s *source) (all []broken) {
	var places []token.Pos
	s.each(func(f *file) {
		if !f.test && !matches(f.dir, "test/...") {
			places = append(places, f.uses(fyne, "Do", "DoAndWait")...)
		}
	})
	for _, pos := range places[min(1, len(places)):] {
		all = append(all, broken{s.at(pos), "a second fyne.Do; the first is at " + s.at(places[0]),
			"there is one door from the loop to the screen: where the page is handed over"})
	}
	return all
}

func checkFloats(s *source) (all []broken) {
	s.each(func(f *file) {
		if f.test || !matches(f.dir, counting...) || matches(f.dir, setting...) || matches(f.dir, sims...) {
			return
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && (id.Name == "float64" || id.Name == "float32") {
				all = append(all, broken{s.at(id.Pos()), f.dir + " uses " + id.Name,
					"money is a whole number of cents; where money is counted nothing is a fraction"})
			}
			return true
		})
	})
	return all
}

func checkInit(s *source) (all []broken) {
	s.each(func(f *file) {
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				all = append(all, broken{s.at(fn.Pos()), f.dir + " has an init function",
					"nothing happens before main says so"})
			}
		}
	})
	return all
}

func checkSleep(s *source) (all []broken) {
	s.each(func(f *file) {
		if !f.test || f.has("testing/synctest") {
			return
		}
		for _, pos := range f.uses("time", "Sleep") {
			all = append(all, broken{s.at(pos), f.dir + " sleeps in a test",
				"a test that waits for the clock is slow on a fast machine and wrong on a slow one: wait for the event"})
		}
	})
	return all
}

func checkTop(s *source) (all []broken) {
	for _, name := range s.top {
		if name[0] != '.' && !slices.Contains(topNames, name) {
			all = append(all, broken{name, "is not among the names of the root", "the top of the house is fixed, so that everybody finds his way"})
		}
	}
	return all
}

func checkSync(s *source) (all []broken) {
	for _, dir := range []string{"sync", "."} {
		if p := s.packages[dir]; p != nil {
			all = append(all, broken{p.files[0].name, "a Go file in " + dir,
				"package sync would shadow the standard library's; the root has no package"})
		}
	}
	return all
}

// checkDoc wants a sentence about every package, in one of its shipped files or,
// where it has tests only, in one of those.
func checkDoc(s *source) (all []broken) {
	for _, p := range s.packages {
		shipped := slices.ContainsFunc(p.files, func(f *file) bool { return !f.test })
		documented := slices.ContainsFunc(p.files, func(f *file) bool {
			return (!f.test || !shipped) && describes(f.syntax)
		})
		if !documented {
			all = append(all, broken{p.dir, "has no package comment",
				"a reader is told first what a package is, what it is not, and on which goroutine it runs"})
		}
	}
	slices.SortFunc(all, func(a, b broken) int { return strings.Compare(a.at, b.at) })
	return all
}

func describes(f *ast.File) bool {
	text := f.Doc.Text()
	if f.Name.Name == "main" {
		return len(text) > 0
	}
	return strings.HasPrefix(text, "Package "+strings.TrimSuffix(f.Name.Name, "_test")+" ")
}

var racedList = regexp.MustCompile(`(?m)^RACED :=((?:.*\\\n)*.*)$`)

// checkRaced wants every package that starts goroutines in the Makefile's list
// of those that are tested under the race detector. Sub-packages of a listed
// one are in it.
func checkRaced(s *source) (all []broken) {
	var raced []string
	if m := racedList.FindStringSubmatch(s.makefile); m != nil {
		for _, dir := range strings.Fields(strings.ReplaceAll(m[1], `\`, " ")) {
			raced = append(raced, dir+"/...")
		}
	}
	s.each(func(f *file) {
		starts := len(f.starts()) > 0 || f.has("golang.org/x/sync/errgroup")
		if !f.test && starts && !matches(f.dir, raced...) && !matches(f.dir, "test/e2e/...") {
			all = append(all, broken{f.name, f.dir + " starts goroutines and is not in RACED of the Makefile",
				"where goroutines live, the race detector looks"})
		}
	})
	return all
}

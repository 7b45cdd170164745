package main

// What runs in the simulation is what is shipped.

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tserve/jolly/"

// cores are the packages that decide about money, and what of them must be
// called: here, and by the driver that is shipped.
var cores = []struct {
	pkg    string
	uses   []string
	driver string // directory of the shipped caller; "" where the package is its own
}{
	{"kiosk/session", []string{"Start", "Step", "NextTick"}, "kiosk/runner"},
	{"kiosk/payment", []string{"Step", "NextTick", "HeadOf", "NewRow"}, "kiosk/runner"},
	{"kiosk/terminal", []string{"Judge", "Decide"}, ""},
	{"kiosk/health", []string{"NewRegister"}, "kiosk/runner"},
	{"sync/push", []string{"NewPlan", "Matched", "Unanswered"}, ""},
	{"sync/outbox", []string{"MayFollow", "Unfinished", "Chain", "Settled"}, ""},
	{"sync/gateway/outcome", []string{"Read", "Again", "Repeat", "Alive", "Debt", "Expire", "Certificate", "Telling", "Owned"}, "sync/gateway"},
}

func TestShippedCoresRun(t *testing.T) {
	here := selectors(t, ".")
	for _, c := range cores {
		for _, name := range c.uses {
			if !here[module+c.pkg+"."+name] {
				t.Errorf("the simulation does not use %s.%s", c.pkg, name)
			}
		}
		if c.driver == "" {
			continue
		}
		shipped := selectors(t, filepath.Join("../..", c.driver))
		for _, name := range c.uses {
			if !shipped[module+c.pkg+"."+name] {
				t.Errorf("%s does not use %s.%s: what is simulated is not what is shipped", c.driver, c.pkg, name)
			}
		}
	}
}

// TestNothingElseDecides: no simulator of a device and no driver comes in, so
// that nothing but the cores can have decided.
func TestNothingElseDecides(t *testing.T) {
	allowed := map[string]bool{"kiosk": true, "kiosk/notice": true, "kiosk/terminal/ecr17": true}
	for _, c := range cores {
		allowed[c.pkg] = true
	}
	for name := range selectors(t, ".") {
		pkg := path.Dir(name) + "/" + strings.Split(path.Base(name), ".")[0]
		if ours, ok := strings.CutPrefix(pkg, module); ok && !allowed[ours] {
			t.Errorf("%s is used", name)
		}
	}
}

// selectors are the names "import/path.Name" that the files of a directory use.
func selectors(t *testing.T, dir string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	files, err := fs.Glob(os.DirFS(dir), "*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files, %v", dir, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		imports := map[string]string{}
		for _, i := range f.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			imports[path.Base(p)] = p
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Obj == nil && imports[x.Name] != "" {
					found[imports[x.Name]+"."+s.Sel.Name] = true
				}
			}
			return true
		})
	}
	return found
}

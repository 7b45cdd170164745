package arch

// The source as the rules see it: parsed files, by package, with their imports.

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/tserve/jolly"

// source is everything below the module's root.
type source struct {
	fset     *token.FileSet
	packages map[string]*pkg // by directory, slash-separated; "." is the root
	top      []string        // names in the root
	makefile string
}

type pkg struct {
	dir   string
	files []*file
}

type file struct {
	name    string // from the root
	dir     string
	test    bool
	syntax  *ast.File
	imports []imported
}

type imported struct {
	path string
	name string // what the file calls it
	pos  token.Pos
}

// ours returns the directory of an import of this module.
func (i imported) ours() (string, bool) {
	if i.path == module {
		return ".", true
	}
	return strings.CutPrefix(i.path, module+"/")
}

// broken is one violation of a rule.
type broken struct{ at, what, why string }

func (b broken) String() string { return b.at + ": " + b.what + "\n\twhy not: " + b.why }

// load parses every Go file of a tree.
func load(tree fs.FS) (*source, error) {
	s := &source{fset: token.NewFileSet(), packages: map[string]*pkg{}}
	entries, err := fs.ReadDir(tree, ".")
	if err != nil {
		return nil, fmt.Errorf("read the root: %w", err)
	}
	for _, e := range entries {
		s.top = append(s.top, e.Name())
	}
	makefile, err := fs.ReadFile(tree, "Makefile")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read Makefile: %w", err)
	}
	s.makefile = string(makefile)
	err = fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && ignored(name):
			return fs.SkipDir
		case e.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		return s.add(tree, name)
	})
	return s, err
}

// ignored says which directories the go command does not look into either, and
// which ones hold what was built.
func ignored(name string) bool {
	base := path.Base(name)
	return name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || name == "bin" || name == "out")
}

func (s *source) add(tree fs.FS, name string) error {
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	syntax, err := parser.ParseFile(s.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir := path.Dir(name)
	f := &file{name: name, dir: dir, test: strings.HasSuffix(name, "_test.go"), syntax: syntax}
	for _, spec := range syntax.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		f.imports = append(f.imports, imported{path: target, name: calls(spec, target), pos: spec.Pos()})
	}
	if s.packages[dir] == nil {
		s.packages[dir] = &pkg{dir: dir}
	}
	s.packages[dir].files = append(s.packages[dir].files, f)
	return nil
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// calls is the name under which a file uses an import.
func calls(spec *ast.ImportSpec, target string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return base(target)
}

// base is the name that a package has by its path.
func base(target string) string {
	name := path.Base(target)
	if majorVersion.MatchString(name) {
		name = path.Base(path.Dir(target))
	}
	return name
}

// each yields the files of every package in a fixed order.
func (s *source) each(do func(*file)) {
	dirs := make([]string, 0, len(s.packages))
	for dir := range s.packages {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		for _, f := range s.packages[dir].files {
			do(f)
		}
	}
}

func (s *source) at(pos token.Pos) string {
	p := s.fset.Position(pos)
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// uses returns where a file names an identifier of an imported package.
func (f *file) uses(target string, names ...string) []token.Pos {
	var local string
	for _, i := range f.imports {
		if i.path == target {
			local = i.name
		}
	}
	if local == "" {
		return nil
	}
	var found []token.Pos
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == local && slices.Contains(names, s.Sel.Name) {
				found = append(found, s.Pos())
			}
		}
		return true
	})
	return found
}

func (f *file) has(target string) bool {
	return slices.ContainsFunc(f.imports, func(i imported) bool { return i.path == target })
}

// compiled remembers patterns. The tests here run one after another.
var compiled = map[string]*regexp.Regexp{}

// matches tells whether a path is meant by one of the patterns, which are those
// of the go command: "..." is any text, and "x/..." means x too.
func matches(name string, patterns ...string) bool {
	for _, p := range patterns {
		if compiled[p] == nil {
			expr := strings.ReplaceAll(regexp.QuoteMeta(p), `\.\.\.`, `.*`)
			if above, ok := strings.CutSuffix(expr, `/.*`); ok {
				expr = above + `(/.*)?`
			}
			compiled[p] = regexp.MustCompile(`^` + expr + `$`)
		}
		if compiled[p].MatchString(name) {
			return true
		}
	}
	return false
}

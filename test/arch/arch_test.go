package arch

// The real source against the rules.

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheMapIsKept(t *testing.T) {
	s, err := load(os.DirFS(root(t)))
	if err != nil {
		t.Fatal(err)
	}
	if s.packages["kiosk"] == nil || s.makefile == "" {
		t.Fatal("the domain or the Makefile was not found: this is not the module's root")
	}
	for _, b := range check(s) {
		t.Error(b)
	}
}

// root is the directory of go.mod, above this one.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

package flows

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what happens now into the scripts")

func TestFlows(t *testing.T) {
	scripts, err := filepath.Glob("*.txt")
	if err != nil || len(scripts) < 10 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, name := range scripts {
		t.Run(strings.TrimSuffix(name, ".txt"), func(t *testing.T) { playScript(t, name) })
	}
}

func playScript(t *testing.T, name string) {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	var got strings.Builder
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		got.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		out, err := w.play(line)
		if err != nil {
			t.Fatalf("%s:%d: %s: %v", name, i+1, line, err)
		}
		for _, o := range out {
			got.WriteString("  " + o + "\n")
		}
	}
	if *rewrite {
		if err := os.WriteFile(name, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(text); !*rewrite && got.String() != want {
		t.Errorf("%s plays differently now; read the difference, then -rewrite.\n%s", name, diff(want, got.String()))
	}
}

// diff shows the first lines that differ.
func diff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return "want: " + strings.Join(a[min(i, len(a)):min(i+4, len(a))], "\n      ") + "\ngot:  " + strings.Join(b[min(i, len(b)):min(i+4, len(b))], "\n      ")
		}
	}
	return ""
}

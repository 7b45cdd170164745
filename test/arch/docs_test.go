package arch

// The documents against the tree: a map that names what is not there misleads.

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// quoted is a path of the tree in backticks or behind a link's bracket.
var quoted = regexp.MustCompile("(?:`|\\]\\()((?:kiosk|printer|cardreader|sync|assets|packaging|test|docs|\\.ci)(?:/[^`)\\s]*)?)[`)]")

func TestDocumentsNameWhatIsThere(t *testing.T) {
	dir := root(t)
	for _, doc := range []string{"README.md", "ARCHITECTURE.md"} {
		text, err := os.ReadFile(filepath.Join(dir, doc))
		if err != nil {
			t.Fatal(err)
		}
		names := quoted.FindAllStringSubmatch(string(text), -1)
		if len(names) == 0 {
			t.Errorf("%s names no path at all", doc)
		}
		for _, m := range names {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(m[1]))); err != nil {
				line := 1 + strings.Count(string(text[:strings.Index(string(text), m[0])]), "\n")
				t.Errorf("%s:%d names %s, which is not there", doc, line, m[1])
			}
		}
	}
}

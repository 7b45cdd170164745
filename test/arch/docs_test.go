package arch

// The documents against the tree: a map that names what is not there misleads.

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/tserve/jolly/kiosk/config"
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

// TestSampleConfigurationHasEveryKey and no other, so that an installer finds
// all that can be set up in one place.
func TestSampleConfigurationHasEveryKey(t *testing.T) {
	name := filepath.Join(root(t), "packaging", "jolly.toml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Parse(name, text); err != nil {
		t.Error(err)
	}
	var sample map[string]map[string]any
	if err := toml.Unmarshal(text, &sample); err != nil {
		t.Fatal(err)
	}
	for section := range reflect.TypeFor[config.Config]().Fields() {
		for _, key := range reflect.VisibleFields(section.Type) {
			if key.Anonymous { // its keys are those of the section
				continue
			}
			if _, ok := sample[section.Tag.Get("toml")][key.Tag.Get("toml")]; !ok {
				t.Errorf("packaging/jolly.toml lacks %s.%s", section.Tag.Get("toml"), key.Tag.Get("toml"))
			}
		}
	}
}

package crashtest_test

// What a disk may hold after a power cut, and what it may not.

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	. "github.com/tserve/jolly/sync/outbox/crashtest"
)

// outcomes cuts the power many times and returns the images that came out.
func outcomes(t *testing.T, before Image, ops ...Op) map[string]bool {
	t.Helper()
	m := NewModel(before)
	for _, o := range ops {
		if err := m.Play(o); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	random := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		var text []string
		image := m.Cut(random)
		for _, name := range slices.Sorted(maps.Keys(image)) {
			text = append(text, name+"="+string(image[name]))
		}
		seen[strings.Join(text, " ")] = true
	}
	return seen
}

func TestWhatMaySurvive(t *testing.T) {
	old := Image{"a": []byte("old")}
	write := func(text string) Op { return Op{Kind: Write, File: "a", Data: []byte(text)} }
	for _, c := range []struct {
		name string
		ops  []Op
		want []string
	}{
		{"what was not synced may come or not", []Op{write("new")}, []string{"a=old", "a=new"}},
		{"what was synced stays", []Op{write("new"), {Kind: Sync, File: "a"}}, []string{"a=new"}},
		{"writes may change places", []Op{write("1"), {Kind: Write, File: "a", At: 1, Data: []byte("2")}},
			[]string{"a=old", "a=1ld", "a=o2d", "a=12d"}},
		{"a shorter file may not be", []Op{{Kind: Truncate, File: "a", At: 1}}, []string{"a=old", "a=o"}},
		{"a new name needs the directory", []Op{{Kind: Create, File: "b"}, {Kind: Write, File: "b", Data: []byte("x")}, {Kind: Sync, File: "b"}},
			[]string{"a=old", "a=old b=x"}},
		{"a synced directory has it", []Op{{Kind: Create, File: "b"}, {Kind: SyncDir}}, []string{"a=old b="}},
		{"a removed file may come back", []Op{{Kind: Remove, File: "a"}}, []string{"", "a=old"}},
		{"renaming is whole or not at all", []Op{{Kind: Create, File: "b"}, {Kind: SyncDir}, {Kind: Rename, File: "b", To: "a"}}, []string{"a=old b=", "a="}},
		{"the directory changes in order", []Op{{Kind: Create, File: "b"}, {Kind: Remove, File: "a"}}, []string{"a=old", "a=old b=", "b="}},
	} {
		got := outcomes(t, old, c.ops...)
		slices.Sort(c.want)
		if all := slices.Sorted(maps.Keys(got)); !slices.Equal(all, c.want) {
			t.Errorf("%s: %q, want %q", c.name, all, c.want)
		}
	}
}

func TestWritesTearAtSectors(t *testing.T) {
	torn := 0
	for image := range outcomes(t, Image{"a": bytes.Repeat([]byte("o"), 2048)}, Op{Kind: Write, File: "a", At: 256, Data: bytes.Repeat([]byte("n"), 1024)}) {
		content := strings.TrimPrefix(image, "a=")
		if len(content) != 2048 {
			t.Fatalf("%d bytes", len(content))
		}
		for _, sector := range []string{content[256:512], content[512:1024], content[1024:1280]} {
			if strings.Trim(sector, "o") != "" && strings.Trim(sector, "n") != "" {
				t.Errorf("a sector is half written: %.20s", sector)
			}
		}
		if strings.Contains(content, "n") && strings.Count(content, "n") < 1024 {
			torn++
		}
	}
	if torn < 3 {
		t.Errorf("%d ways to tear a write of three sectors", torn)
	}
}

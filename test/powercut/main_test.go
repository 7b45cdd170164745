package main

// The program proves the book, and the weaker settings prove the program.

import (
	"bytes"
	"strings"
	"testing"
)

func powercut(t *testing.T, args ...string) (code int, last string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = command(t.Context(), append(args, "-payments", "25", "-dir", t.TempDir()), &out, &errs)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	last = lines[len(lines)-1]
	t.Logf("%d: %s%s", code, last, errs.String())
	if !strings.HasPrefix(lines[0], "powercut seed ") && code != exitFailed {
		t.Errorf("begins with %q", lines[0])
	}
	return code, last
}

func TestSameSeedSameHash(t *testing.T) {
	code, first := powercut(t, "-cuts", "5", "-seed", "1")
	if code != 0 || !strings.HasPrefix(first, "ok cuts 5 ") {
		t.Fatalf("%d: %s", code, first)
	}
	if _, second := powercut(t, "-cuts", "5", "-seed", "1"); second != first {
		t.Errorf("second run: %s", second)
	}
	if _, other := powercut(t, "-cuts", "5", "-seed", "2"); other[strings.Index(other, "hash"):] == first[strings.Index(first, "hash"):] {
		t.Error("another seed has the same hash")
	}
}

func TestWeakerSettingsAreFound(t *testing.T) {
	for _, mode := range []string{"NORMAL", "OFF"} {
		for _, seed := range []string{"1", "2"} {
			if code, last := powercut(t, "-cuts", "20", "-seed", seed, "-synchronous", mode); code != exitViolated || !strings.HasPrefix(last, "violated ") {
				t.Errorf("%s, seed %s: %d: %s", mode, seed, code, last)
			}
		}
	}
}

func TestSharedCommits(t *testing.T) {
	if code, last := powercut(t, "-cuts", "10", "-writers", "8"); code != 0 {
		t.Errorf("%d: %s", code, last)
	}
	if code, last := powercut(t, "-cuts", "20", "-writers", "8", "-synchronous", "NORMAL"); code != exitViolated {
		t.Errorf("NORMAL: %d: %s", code, last)
	}
}

func TestOwnFailureIsNoVerdict(t *testing.T) {
	for _, args := range [][]string{
		{"-cuts", "many"}, {"-cuts", "1", "-synchronous", "MAYBE"}, {"-cuts", "0"}, {"-cuts", "-1"}, {"-cuts", "1", "-writers", "0"}, {"-no-such-flag"},
	} {
		if code, _ := powercut(t, args...); code != exitFailed {
			t.Errorf("%v: %d", args, code)
		}
	}
}

package sim_test

// The simulator seen from the host's side of the line.

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tserve/jolly/kiosk/scanner/sim"
)

func plugged(t *testing.T) *sim.Scanner {
	t.Helper()
	s, err := sim.New(filepath.Join(t.TempDir(), "by-id", "reader"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func host(t *testing.T, s *sim.Scanner) *os.File {
	t.Helper()
	f, err := os.OpenFile(s.Link(), os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if err := f.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsSent(t *testing.T) {
	s := plugged(t)
	line := bufio.NewReader(host(t, s))
	must(t, s.Scan("Q1", "one"))
	must(t, s.Scan("", "two\x1d\x03"))
	must(t, s.Torn("Q1", "torn code", 4))
	must(t, s.Scan("C1", "three"))
	must(t, s.Glued("Q1", "four", "five"))
	must(t, s.Slow(t.Context(), "Q1", "six", time.Millisecond))
	for _, want := range []string{"]Q1one\r", "two\x1d\x03\r", "]Q1torn]C1three\r", "]Q1four]Q1five\r", "]Q1six\r"} {
		got, err := line.ReadString('\r')
		if err != nil || got != want {
			t.Fatalf("%q, %v, want %q", got, err, want)
		}
	}
	if s.Sent() != 4 {
		t.Errorf("%d codes sent, want the 4 whole ones", s.Sent())
	}
	must(t, s.Garbage(1, 300))
	garbage := make([]byte, 301)
	for n := 0; n < len(garbage); {
		k, err := line.Read(garbage[n:])
		must(t, err)
		n += k
	}
	if garbage[300] != '\r' {
		t.Errorf("garbage does not end in CR: %q", garbage[290:])
	}
}

func TestUnplugHangsUp(t *testing.T) {
	s := plugged(t)
	f := host(t, s)
	must(t, s.Unplug())
	if n, err := f.Read(make([]byte, 10)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read of a pulled plug: %d, %v, want the line to hang up", n, err)
	}
	if _, err := os.Lstat(s.Link()); !os.IsNotExist(err) {
		t.Errorf("link: %v, want none", err)
	}
	if err := s.Scan("Q1", "x"); !errors.Is(err, sim.ErrUnplugged) {
		t.Errorf("scan: %v, want %v", err, sim.ErrUnplugged)
	}
	must(t, s.Unplug())
	if s.Plugged() {
		t.Error("plugged in")
	}
	must(t, s.Plug())
	must(t, s.Plug())
	line := bufio.NewReader(host(t, s))
	must(t, s.Scan("Q1", "back"))
	if got, err := line.ReadString('\r'); err != nil || got != "]Q1back\r" {
		t.Errorf("%q, %v", got, err)
	}
}

// A killed host leaves its lock on the terminal: the next one must get another.
func TestLineIsMadeAnewWhenTheHostCloses(t *testing.T) {
	s := plugged(t)
	seen := map[string]bool{}
	for range 5 {
		was, err := os.Readlink(s.Link())
		must(t, err)
		f := host(t, s)
		must(t, f.Close())
		for deadline := time.Now().Add(2 * time.Minute); ; {
			if _, err := os.Stat(was); err != nil {
				break // the old terminal is gone
			}
			if now, err := os.Readlink(s.Link()); err == nil && now != was {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the host meets its old terminal again")
			}
			runtime.Gosched()
		}
		seen[was] = true
	}
	f := host(t, s)
	must(t, s.Scan("Q1", "x"))
	if got, err := bufio.NewReader(f).ReadString('\r'); err != nil || got != "]Q1x\r" {
		t.Errorf("%q, %v (terminals: %v)", got, err, seen)
	}
}

func TestNewLeavesOtherFilesAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte("kept"), 0o600))
	if _, err := sim.New(path); err == nil {
		t.Fatal("made a scanner over a file")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "kept" {
		t.Errorf("file: %q, %v", b, err)
	}
	stale := filepath.Join(t.TempDir(), "stale")
	must(t, os.Symlink("/dev/pts/99999", stale)) // of a simulator that was killed
	s, err := sim.New(stale)
	must(t, err)
	must(t, s.Close())
}

func TestSlowEndsWithItsContext(t *testing.T) {
	s := plugged(t)
	host(t, s)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Slow(ctx, "Q1", "x", time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}

func TestCodesFromManyHandsNeverMix(t *testing.T) {
	s := plugged(t)
	line := bufio.NewReader(host(t, s))
	const hands, each = 8, 20
	var all sync.WaitGroup
	for h := range hands {
		all.Go(func() {
			for range each {
				if err := s.Scan("Q1", strings.Repeat(string(rune('a'+h)), 20)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range hands * each {
		got, err := line.ReadString('\r')
		must(t, err)
		text := strings.TrimSuffix(strings.TrimPrefix(got, "]Q1"), "\r")
		if len(text) != 20 || strings.Count(text, text[:1]) != 20 {
			t.Fatalf("mixed: %q", got)
		}
	}
	all.Wait()
}

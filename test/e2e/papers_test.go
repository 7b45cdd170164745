//go:build e2e

package e2e

// The papers for those who look after the kiosk, ordered from the real command line.

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/test/rig"
)

// Each paper is printed only while nobody stands there, and says what is so.
func TestMaintainersPapers(t *testing.T) {
	t.Parallel()
	s := open(t, rig.Options{Printer: rig.PrinterIPP})
	s.start()
	s.pay("small", "paid")
	if _, complaint := s.kioskctl("printer", "readiness"); !strings.Contains(complaint, "somebody stands there") {
		s.Errorf("with a citizen there: %q", complaint)
	}
	s.touch("choice-none", "thanks")
	s.leave("continue", "attract")
	s.settled()
	for _, args := range [][]string{{"printer", "test-page"}, {"printer", "readiness"}, {"terminal", "close", "--print"}, {"printer", "day-report"}} {
		if out, complaint := s.kioskctl(args...); complaint != "" || !strings.Contains(out, string(kiosk.PrintDone)) {
			s.Errorf("%v: %s%s", args, out, complaint)
		}
	}
	s.wantPapers(true, true, true, true)
	word := func(key string) string { return i18n.T(kiosk.Italian, "receipt_"+key, nil) }
	for i, want := range [][]string{
		{word("title_test")}, {word("ready_yes"), word("check_terminal")},
		{word("title_day"), word("day_closing_closed"), euro(300)}, {word("title_day"), word("day_closing_closed"), euro(300)},
	} {
		cmd := exec.CommandContext(s.ctx, "pdftotext", "-layout", "-", "-")
		cmd.Stdin = strings.NewReader(string(s.Prints()[i].Document))
		text, err := cmd.Output()
		s.ok(err)
		for _, w := range want {
			if !strings.Contains(flat(string(text)), flat(w)) {
				s.Errorf("paper %d has no %q: %s", i+1, w, text)
			}
		}
	}
}

// flat takes all space away: words may be broken over lines.
func flat(text string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '\u00a0' || r == '\u202f' {
			return -1
		}
		return r
	}, text)
}

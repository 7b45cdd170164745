//go:build e2e

package e2e

// A site: one rig, one kiosk, one citizen, for one test.

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
	"github.com/tserve/jolly/test/rig"
)

// The programs, and where a failed test leaves its evidence.
const (
	bin         = "../../bin"
	faultsKiosk = "kiosk-faultpoints" // the kiosk built with -tags faultpoints
	left        = "../../out/e2e"
	cache       = "../../.cache/e2e"

	// Only what hangs takes so long, however slow the machine.
	testLimit = 15 * time.Minute
	booksWait = 5 * time.Minute
	pageWait  = 5 * time.Minute
)

// site is one rig in the hands of one test.
type site struct {
	*testing.T
	*rig.Rig
	ctx context.Context
}

// open builds a rig and, unless opt says otherwise, starts its kiosk.
func open(t *testing.T, opt rig.Options) *site {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testLimit)
	t.Cleanup(cancel)
	opt.Bin, opt.Cache, opt.Dir = bin, cache, t.TempDir()
	r, err := rig.New(ctx, opt)
	if err != nil {
		t.Fatal(err)
	}
	r.Hand.Patience = pageWait
	s := &site{T: t, Rig: r, ctx: ctx}
	t.Cleanup(func() {
		if t.Failed() {
			s.picture()
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			s.logs()
		}
	})
	return s
}

// ready opens a site whose kiosk rests on its first page.
func ready(t *testing.T) *site {
	t.Helper()
	s := open(t, rig.Options{})
	s.start()
	return s
}

func (s *site) start(env ...string) {
	s.Helper()
	s.ok(s.StartKiosk(s.ctx, env...))
	s.page("attract")
}

func (s *site) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// evidence is the directory that a failed test leaves.
func (s *site) evidence() string { return filepath.Join(left, strings.ReplaceAll(s.Name(), "/", "-")) }

// picture keeps what was on the screen when a test failed, and the books.
func (s *site) picture() {
	if err := s.Screenshot(filepath.Join(s.evidence(), "screen.png")); err != nil {
		s.Log(err)
	}
	books, err := s.Books(context.WithoutCancel(s.ctx))
	s.Logf("the evidence is in %s\nthe books: %+v %v", s.evidence(), books, err)
}

// logs keeps the logs of a test that failed.
func (s *site) logs() {
	for _, name := range []string{"kiosk", "gateway", "xvfb"} {
		text, err := os.ReadFile(s.LogFile(name))
		if err == nil {
			err = os.MkdirAll(s.evidence(), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(s.evidence(), name+".log"), text, 0o644)
		}
		if err != nil {
			s.Log(err)
		}
	}
}

// page waits for one of the pages.
func (s *site) page(names ...string) rig.Screen {
	s.Helper()
	p, err := s.Hand.AwaitPage(s.ctx, names...)
	s.ok(err)
	return p
}

// touch touches an action and waits for one of the pages.
func (s *site) touch(id string, pages ...string) rig.Screen {
	s.Helper()
	p, err := s.Hand.TouchTo(s.ctx, id, pages...)
	s.ok(err)
	return p
}

// leave touches the way on of a page that goes by itself, too.
func (s *site) leave(id string, pages ...string) rig.Screen {
	s.Helper()
	p, err := s.Hand.Leave(s.ctx, id, pages...)
	s.ok(err)
	return p
}

// exit leaves the visit by the help bar; where something would be lost the kiosk asks.
func (s *site) exit() {
	s.Helper()
	_, err := s.Hand.Touch(s.ctx, "help-exit")
	s.ok(err)
	p, err := s.Hand.Await(s.ctx, "attract, or the question", func(p rig.Screen) bool { return p.Page == "attract" || p.Box == "cancel" })
	s.ok(err)
	if p.Box == "cancel" {
		s.touch("exit", "attract")
	}
}

// scan holds a paper under the reader and waits for one of the pages.
func (s *site) scan(paper string, pages ...string) rig.Screen {
	s.Helper()
	s.ok(s.ScanPaper(paper))
	return s.page(pages...)
}

// toConfirm brings a paper to the page with the paying button.
func (s *site) toConfirm(paper string) rig.Screen {
	s.Helper()
	s.scan(paper, "bill")
	return s.touch("continue", "confirm")
}

// toCard brings a paper to the terminal's question for a card.
func (s *site) toCard(paper string) {
	s.Helper()
	s.toConfirm(paper)
	s.touch(rig.PayAction, "terminal")
	s.ok(s.AwaitCardWanted(s.ctx))
}

// pay pays a paper and waits for the result's page.
func (s *site) pay(paper string, pages ...string) rig.Screen {
	s.Helper()
	s.toCard(paper)
	s.ok(s.InsertCard("bancomat"))
	return s.page(pages...)
}

// terminal makes the terminal behave so for one payment.
func (s *site) terminal(k terminalsim.Kind) {
	s.Helper()
	s.ok(s.SetTerminal(terminalsim.Behaviour{Kind: k, Times: 1}))
}

// printer does something to the printer.
func (s *site) printer(deed string, rows int) {
	s.Helper()
	s.ok(s.DoPrinter(deed, rows))
}

// settled waits until the three books agree, and returns the kiosk's.
func (s *site) settled() rig.Book {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, booksWait)
	defer cancel()
	s.ok(rig.Settle(ctx, s.Rig))
	return s.book()
}

func (s *site) book() rig.Book {
	s.Helper()
	b, err := s.Book(s.ctx)
	s.ok(err)
	return b
}

// says wants words on the page.
func (s *site) says(p rig.Screen, words ...string) {
	s.Helper()
	for _, w := range words {
		if !p.Says(w) {
			s.Errorf("%s does not say %q but %q", p, w, p.Text)
		}
	}
}

// approved counts what the terminal took.
func (s *site) approved() int {
	n := 0
	for _, c := range s.Charges() {
		if c.Outcome == rig.Approved {
			n++
		}
	}
	return n
}

// wantApproved wants so many charges at the terminal.
func (s *site) wantApproved(n int) {
	s.Helper()
	if got := s.approved(); got != n {
		s.Errorf("the terminal charged %d times, want %d: %+v", got, n, s.Charges())
	}
}

// until looks until a condition of the rig holds.
func (s *site) until(what string, ok func() bool) {
	s.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(booksWait)
	defer late.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-late.C:
			s.Fatalf("%s: not within %s", what, booksWait)
		case <-s.ctx.Done():
			s.Fatalf("%s: %v", what, s.ctx.Err())
		}
	}
}

// words is a text of the screens in Italian.
func words(key string, args ...string) string {
	a := i18n.Args{}
	for i := 0; i+1 < len(args); i += 2 {
		a[args[i]] = args[i+1]
	}
	return i18n.T(kiosk.Italian, "screen_"+key, a)
}

func euro(a kiosk.Amount) string { return i18n.Money(kiosk.Italian, a) }

// Package scannertest is what every kind of reader must do, as one suite of
// tests: the serial adapter runs it on a pseudo-terminal, others will on theirs.
package scannertest

// The conformance suite of readers.

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/scanner"
)

// Reader is the adapter under test.
type Reader interface {
	Run(ctx context.Context, emit func(scanner.Event)) error
}

// Rig is the hand that holds papers and plugs at the other side.
type Rig interface {
	Scan(aim, text string) error
	Torn(aim, text string, n int) error
	Unplug() error
	Plug() error
}

// limit is how long anything may take: far more than it does.
const limit = 2 * time.Minute

// test is one promise of the suite.
type test struct {
	name string
	test func(*testing.T, *bench)
}

var all = []test{
	{"codes arrive whole and in order", inOrder},
	{"missing at the start is a state and ends when it comes", missingAtStart},
	{"unplugged and plugged in again", replugged},
	{"half a code before the plug was pulled is gone", tornByUnplug},
	{"half a code is never handed on alone", torn},
	{"what was sent before anybody listened is not delivered", sentBefore},
	{"ends with its context", ends},
}

// Run holds a kind of reader against the suite. Plugged returns an adapter that
// expects AIM identifiers, and its rig in its socket.
func Run(t *testing.T, plugged func(t *testing.T) (Reader, Rig)) {
	run(t, append([]test{{"every sign arrives as sent", everySign}}, all...), plugged)
}

// RunSeen is Run for a reader that sees its codes and does not choose their
// symbology and their character set.
func RunSeen(t *testing.T, plugged func(t *testing.T) (Reader, Rig)) { run(t, all, plugged) }

func run(t *testing.T, tests []test, plugged func(t *testing.T) (Reader, Rig)) {
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			reader, rig := plugged(t)
			c.test(t, &bench{t: t, reader: reader, rig: rig, events: newEvents()})
		})
	}
}

// bench is one test's table: adapter, rig, and the events between.
type bench struct {
	t      *testing.T
	reader Reader
	rig    Rig
	events chan scanner.Event
	stop   context.CancelFunc
	ended  chan error
}

func newEvents() chan scanner.Event { return make(chan scanner.Event, 1024) }

func (b *bench) start() {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	b.stop, b.ended = stop, make(chan error, 1)
	go func() { b.ended <- b.reader.Run(ctx, func(e scanner.Event) { b.events <- e }) }()
	b.t.Cleanup(func() { stop(); <-b.ended })
}

func (b *bench) next() scanner.Event {
	b.t.Helper()
	select {
	case e := <-b.events:
		return e
	case err := <-b.ended:
		b.ended <- err
		b.t.Fatalf("Run ended: %v", err)
	case <-time.After(limit):
		b.t.Fatalf("no event within %v", limit)
	}
	return nil
}

func (b *bench) wantState(want scanner.State) scanner.StateChanged {
	b.t.Helper()
	e := b.next()
	s, ok := e.(scanner.StateChanged)
	if !ok || s.State != want {
		b.t.Fatalf("event %T %+v, want state %s", e, e, want)
	}
	return s
}

func (b *bench) wantCode(aim, text string) {
	b.t.Helper()
	e := b.next()
	if want := (scanner.Scanned{Code: kiosk.ScannedCode{AIM: aim, Text: text}}); e != want {
		b.t.Fatalf("event %q, want %q", e, want)
	}
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

const paper = "PAGOPA|002|302032002700000251|03334231200|8640"

func inOrder(t *testing.T, b *bench) {
	b.start()
	b.wantState(scanner.Present)
	for i := range 50 {
		b.must(b.rig.Scan("Q1", fmt.Sprint(paper, i)))
	}
	for i := range 50 {
		b.wantCode("Q1", fmt.Sprint(paper, i))
	}
}

func everySign(t *testing.T, b *bench) {
	b.start()
	b.wantState(scanner.Present)
	for _, c := range []kiosk.ScannedCode{
		{AIM: "d1", Text: "codfase=NBPA;" + strings.Repeat("x", 60) + strings.Repeat(" ", 182) + "A"},
		{AIM: "C1", Text: "4158088888356060\x1d8020301730000000007517\x1d390278"},
		{AIM: "Q1", Text: "Città § ç £ > 最佳"},
		{AIM: "Q1", Text: "Latin-1: Citt\xe0"},
		{AIM: "Q1", Text: "control: \x01\x03\x04\x11\x13\x15\x1a\x1b\x1c\x7f\xff"},
		{AIM: "Q1", Text: strings.Repeat("0123456789", 429)},
		{Text: "without identifier"},
		{AIM: "Q1", Text: "]Q1 is part of the text"},
	} {
		b.must(b.rig.Scan(c.AIM, c.Text))
		b.wantCode(c.AIM, c.Text)
	}
}

func missingAtStart(t *testing.T, b *bench) {
	b.must(b.rig.Unplug())
	b.start()
	if s := b.wantState(scanner.Absent); s.Reason != scanner.ReasonMissing {
		t.Fatalf("reason %q, want %q", s.Reason, scanner.ReasonMissing)
	}
	b.must(b.rig.Plug())
	b.wantState(scanner.Present)
	b.must(b.rig.Scan("Q1", paper))
	b.wantCode("Q1", paper)
}

func replugged(t *testing.T, b *bench) {
	b.start()
	b.wantState(scanner.Present)
	for range 3 {
		b.must(b.rig.Unplug())
		if s := b.wantState(scanner.Absent); s.Reason != scanner.ReasonUnplugged {
			t.Fatalf("reason %q, want %q", s.Reason, scanner.ReasonUnplugged)
		}
		b.must(b.rig.Plug())
		b.wantState(scanner.Present)
		b.must(b.rig.Scan("Q1", paper))
		b.wantCode("Q1", paper)
	}
}

func tornByUnplug(t *testing.T, b *bench) {
	b.start()
	b.wantState(scanner.Present)
	b.must(b.rig.Torn("Q1", paper, 20))
	b.must(b.rig.Unplug())
	b.wantState(scanner.Absent)
	b.must(b.rig.Plug())
	b.wantState(scanner.Present)
	b.must(b.rig.Scan("Q1", paper))
	b.wantCode("Q1", paper)
}

// A code sent right behind a half may come glued to it, which package notice
// refuses; the half alone must not come, and the reader must find its feet.
func torn(t *testing.T, b *bench) {
	b.start()
	b.wantState(scanner.Present)
	half := paper[:20]
	b.must(b.rig.Torn("Q1", paper, len(half)))
	for range 3 {
		b.must(b.rig.Scan("Q1", paper))
		got, ok := b.next().(scanner.Scanned)
		switch {
		case !ok:
			t.Fatal("the reader went")
		case got.Code == kiosk.ScannedCode{AIM: "Q1", Text: paper}:
			return
		case got.Code.Text != half+"]Q1"+paper:
			t.Fatalf("code %q, want the whole one or both in one", got.Code.Text)
		}
	}
	t.Fatal("no whole code after the half one")
}

func sentBefore(t *testing.T, b *bench) {
	b.must(b.rig.Scan("Q1", "of a citizen who went"))
	b.start()
	b.wantState(scanner.Present)
	b.must(b.rig.Scan("Q1", paper))
	b.wantCode("Q1", paper)
}

func ends(t *testing.T, b *bench) {
	b.start()
	b.wantState(scanner.Present)
	b.stop()
	select {
	case err := <-b.ended:
		b.ended <- err
		if err != nil {
			t.Fatalf("Run: %v, want nil when its context ends", err)
		}
	case <-time.After(limit):
		t.Fatal("Run does not end")
	}
}

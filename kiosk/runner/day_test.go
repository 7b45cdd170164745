package runner

// The closing of the terminal's day.

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
)

func TestDayTable(t *testing.T) {
	good := dayFacts{on: true, known: true, trusted: true, due: "2026-11-22", last: "2026-11-21", resting: true, terminal: true}
	for _, c := range []struct {
		name   string
		change func(*dayFacts)
		want   dayAct
	}{
		{"it is time", func(*dayFacts) {}, dayClose},
		{"never closed before", func(f *dayFacts) { f.last = "" }, dayClose},
		{"no time for it", func(f *dayFacts) { f.on = false }, dayNothing},
		{"no time for it, by hand", func(f *dayFacts) { f.on, f.byHand = false, true }, dayClose},
		{"closed already", func(f *dayFacts) { f.last = f.due }, dayNothing},
		{"closed already, by hand once more", func(f *dayFacts) { f.last, f.byHand = f.due, true }, dayClose},
		{"the clock went back", func(f *dayFacts) { f.last = "2026-11-23" }, dayNothing},
		{"the clock is not sure", func(f *dayFacts) { f.trusted = false }, dayWait},
		{"the clock is not sure, by hand", func(f *dayFacts) { f.trusted, f.byHand = false, true }, dayClose},
		{"a charge is unknown", func(f *dayFacts) { f.undecided = 1 }, dayWait},
		{"a charge is unknown, by hand", func(f *dayFacts) { f.undecided, f.byHand = 1, true }, dayWait},
		{"a payment is open, by hand", func(f *dayFacts) { f.open, f.byHand = 1, true }, dayWait},
		{"somebody stands there, by hand", func(f *dayFacts) { f.resting, f.byHand = false, true }, dayWait},
		{"the terminal does not work", func(f *dayFacts) { f.terminal = false }, dayWait},
		{"just tried", func(f *dayFacts) { f.tooEarly = true }, dayWait},
		{"just tried, by hand", func(f *dayFacts) { f.tooEarly, f.byHand = true, true }, dayClose},
		{"refused before", func(f *dayFacts) { f.last, f.refused, f.refusals = f.due, true, 2 }, dayClose},
		{"refused too often", func(f *dayFacts) { f.last, f.refused, f.refusals = f.due, true, 3 }, dayNothing},
		{"refused too often yesterday", func(f *dayFacts) { f.refused, f.refusals = true, 3 }, dayClose},
		{"being closed", func(f *dayFacts) { f.running, f.begun = true, true }, dayNothing},
		{"no end of the last one", func(f *dayFacts) { f.begun = true }, dayEnd},
		{"no end of the last one, no time for it", func(f *dayFacts) { f.begun, f.on = true, false }, dayEnd},
		{"no end of the last one, by hand", func(f *dayFacts) { f.begun, f.byHand = true, true }, dayEnd},
		{"the journal cannot be written", func(f *dayFacts) { f.shut = true }, dayWait},
		{"the gateway was not heard, by hand", func(f *dayFacts) { f.unheard, f.byHand = true, true }, dayWait},
		{"the journal cannot be written, by hand", func(f *dayFacts) { f.shut, f.byHand = true, true }, dayWait},
		{"journal not read", func(f *dayFacts) { f.known, f.begun = false, true }, dayWait},
	} {
		f := good
		c.change(&f)
		if got, why := decideDay(f); got != c.want {
			t.Errorf("%s: %s because %s, want %s", c.name, got, why, c.want)
		}
	}
}

func TestDueDay(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		now  string
		at   CloseTime
		want string
	}{
		{"2026-11-22 23:29:59", CloseTime{true, 23, 30}, "2026-11-21"},
		{"2026-11-22 23:30:00", CloseTime{true, 23, 30}, "2026-11-22"},
		{"2026-11-23 07:00:00", CloseTime{true, 23, 30}, "2026-11-22"},
		{"2026-03-01 00:10:00", CloseTime{true, 23, 30}, "2026-02-28"},
		{"2026-03-29 12:00:00", CloseTime{true, 2, 30}, "2026-03-29"}, // 2:30 does not exist that night
		{"2026-10-25 12:00:00", CloseTime{true, 2, 30}, "2026-10-25"}, // and twice this one
	} {
		now, err := time.ParseInLocation(time.DateTime, c.now, rome)
		if err != nil {
			t.Fatal(err)
		}
		if got, struck := dueDay(now, c.at); got != c.want || struck.After(now) {
			t.Errorf("%s: %s since %s, want %s", c.now, got, struck, c.want)
		}
	}
}

// The bubble's clock begins at midnight UTC, 2000-01-01.
var atOne = CloseTime{On: true, Hour: 1}

func pass(d time.Duration) {
	time.Sleep(d) // fake time
	synctest.Wait()
}

func count(did []string, what string) int {
	n := 0
	for _, d := range did {
		if d == what {
			n++
		}
	}
	return n
}

func TestTheDayIsClosedOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.total = 8740
		h.takings = kiosk.Takings{Last: kiosk.DayClose{Day: "1999-12-31"}, Sum: 8740, Charges: 1, Whole: true}
		k := runClosing(t, h, atOne)
		pass(30 * time.Minute)
		if slices.Contains(k.done(), "totals") {
			t.Fatal("too early")
		}
		pass(31 * time.Minute)
		inOrder(t, k.done(), []string{"totals", "append day.closing", "close", "append day.closed", "close acknowledged"})
		pass(20 * time.Hour)
		if n := count(k.done(), "close"); n != 1 {
			t.Errorf("closed %d times on one day", n)
		}
		pass(4 * time.Hour)
		if n := count(k.done(), "close"); n != 2 {
			t.Errorf("closed %d times in two days", n)
		}
		if d := k.days[1]; d.Day != "2000-01-01" || d.Journal != 8740 || d.Terminal != 8740 || d.Close.HostTotal != 8740 || !d.Agrees() {
			t.Errorf("%+v", d)
		}
		k.wantPage("attract")
		k.end()
	})
}

// Nobody sees the terminal being closed, and no card is taken meanwhile.
func TestNoCardWhileTheDayIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.total = 8740
		answer := make(chan struct{})
		h.closeDay = func() (kiosk.TerminalClose, error) {
			<-answer
			return kiosk.TerminalClose{Outcome: kiosk.CloseDone, Total: 8740, HostTotal: 8740}, nil
		}
		k := runClosing(t, h, atOne)
		pass(61 * time.Minute)
		k.wantPage("out-of-service")
		close(answer)
		synctest.Wait()
		k.wantPage("attract")
		k.end()
	})
}

func TestTheDayWaitsForTheCitizen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.total = 8740
		k := runClosing(t, h, atOne)
		pass(59*time.Minute + 30*time.Second)
		k.scan(paperQR)
		k.wantPage("bill")
		pass(40 * time.Second)
		if slices.Contains(k.done(), "totals") {
			t.Error("closed behind the citizen's back")
		}
		pass(10 * time.Minute)
		if !slices.Contains(k.done(), "close") {
			t.Error("not closed when the citizen had gone")
		}
		k.end()
	})
}

// A lost answer is written down as unknown, shown, and never asked again.
func TestAClosingThatNobodyAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.total = 8740
		h.closeDay = func() (kiosk.TerminalClose, error) {
			return kiosk.TerminalClose{Outcome: kiosk.CloseUnknown, Reason: "line lost"}, nil
		}
		k := runClosing(t, h, atOne)
		pass(20 * time.Hour)
		if n := count(k.done(), "close"); n != 1 {
			t.Errorf("asked %d times", n)
		}
		k.wantProblem(health.ProblemDayUnknown, "line lost")
		k.end()
	})
}

// The kiosk died between the request and its answer.
func TestAClosingWithoutAnEndIsEndedAsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.takings = kiosk.Takings{Last: kiosk.DayClose{Day: "1999-12-31", Terminal: 8740}, LastID: "day/x", Begun: true}
		k := runClosing(t, h, CloseTime{})
		if got := k.done(); slices.Contains(got, "close") || !slices.Contains(got, "append day.closed") {
			t.Errorf("did %v", got)
		}
		if len(k.days) != 1 || k.days[0].Close.Outcome != kiosk.CloseUnknown || k.takings.LastID != "day/x" {
			t.Errorf("%+v, %+v", k.days, k.takings)
		}
		k.wantProblem(health.ProblemDayUnknown, "stopped")
		k.end()
	})
}

// Nothing is asked of the terminal before the intent is durable.
// To end a closing of which the journal has the end already is to close nothing:
// nobody has looked then whether a payment is open.
func TestEndingAClosingNeverClosesOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.total = 8740
		h.takings = kiosk.Takings{Last: kiosk.DayClose{Day: "1999-12-31", Close: kiosk.TerminalClose{Outcome: kiosk.CloseDone}}, Sum: 8740, Charges: 1, Whole: true}
		k := run(t, h)
		d, err := k.r.closeDay(t.Context(), dayEnd, "2000-01-01", false)
		if err != nil || d.Day != "1999-12-31" || d.Close.Outcome != kiosk.CloseDone {
			t.Errorf("%+v, %v", d, err)
		}
		if did := k.done(); slices.Contains(did, "close") || slices.Contains(did, "totals") {
			t.Errorf("did %v", did)
		}
		k.end()
	})
}

func TestAClosingThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.total, h.appends = 8740, errDisk
		k := runClosing(t, h, atOne)
		pass(2 * time.Hour)
		if slices.Contains(k.done(), "close") {
			t.Errorf("did %v", k.done())
		}
		k.end()
	})
}

func TestATerminalThatRefusesToClose(t *testing.T) {
	for name, answer := range map[string]func() (kiosk.TerminalClose, error){
		"says no": func() (kiosk.TerminalClose, error) {
			return kiosk.TerminalClose{Outcome: kiosk.CloseRefused, Reason: "HOST"}, nil
		},
		"not asked": func() (kiosk.TerminalClose, error) { return kiosk.TerminalClose{}, errors.New("HOST") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				h.total, h.closeDay = 8740, answer
				k := runClosing(t, h, atOne)
				pass(20 * time.Hour)
				if n := count(k.done(), "close"); n != 3 {
					t.Errorf("asked %d times", n)
				}
				k.wantProblem(health.ProblemDayRefused, "HOST")
				pass(6 * time.Hour)
				if n := count(k.done(), "close"); n <= 3 {
					t.Error("not tried on the next day")
				}
				k.end()
			})
		})
	}
}

// reports gathers the days whose paper was printed.
type reports struct{ days chan kiosk.DayClose }

func (r reports) Day(_ context.Context, d kiosk.DayClose) kiosk.PrintReport {
	r.days <- d
	return kiosk.PrintReport{Result: kiosk.PrintDone, State: kiosk.PrinterReady}
}

// A day that was closed, or may have been, has its paper, once; one that was not
// closed, or that an earlier process left open, has none.
func TestThePaperOfTheDay(t *testing.T) {
	for name, c := range map[string]struct {
		outcome kiosk.CloseOutcome
		left    bool // by an earlier process
		total   kiosk.Amount
		want    int
	}{
		"closed":                 {kiosk.CloseDone, false, 8740, 1},
		"nobody knows":           {kiosk.CloseUnknown, false, 8740, 1},
		"refused":                {kiosk.CloseRefused, false, 8740, 0},
		"nothing taken":          {kiosk.CloseEmpty, false, 0, 0},
		"left by the one before": {kiosk.CloseUnknown, true, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				h.total = c.total
				h.closeDay = func() (kiosk.TerminalClose, error) {
					return kiosk.TerminalClose{Outcome: c.outcome, Total: c.total, HostTotal: c.total}, nil
				}
				if c.left {
					h.takings = kiosk.Takings{Last: kiosk.DayClose{Day: "2000-01-01"}, LastID: "day/x", Begun: true}
				}
				papers := reports{make(chan kiosk.DayClose, 10)}
				h.reports = papers
				k := runClosing(t, h, atOne)
				pass(2 * time.Hour)
				if got := len(papers.days); got != c.want {
					t.Errorf("%d papers, want %d; did %v", got, c.want, k.done())
				}
				k.end()
			})
		})
	}
}

// A paper for the maintainer stands in nobody's way.
func TestAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := runClosing(t, newHouse(t), CloseTime{})
		ran := false
		err := k.r.AtRest(t.Context(), func(ctx context.Context) error {
			ran = true
			if err := k.r.AtRest(ctx, nil); !errors.Is(err, ErrInUse) {
				t.Errorf("twice at a time: %v", err)
			}
			return nil
		})
		if err != nil || !ran {
			t.Errorf("ran %v, %v", ran, err)
		}
		pass(time.Second)
		k.scan(paperQR)
		if err := k.r.AtRest(t.Context(), nil); !errors.Is(err, ErrNotNow) {
			t.Errorf("with a citizen there: %v", err)
		}
		k.end()
	})
}

func TestSumsThatDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.total = 8740
		h.takings = kiosk.Takings{Last: kiosk.DayClose{Day: "1999-12-31"}, Sum: 100, Charges: 1, Whole: true}
		k := runClosing(t, h, atOne)
		pass(2 * time.Hour)
		k.wantProblem(health.ProblemDayDiffers, "journal 1.00, terminal 87.40")
		k.end()
	})
}

func TestAnEmptyDayAsksNothingOfTheTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := runClosing(t, newHouse(t), atOne)
		pass(2 * time.Hour)
		if slices.Contains(k.done(), "close") || count(k.done(), "append day.closed") != 1 || k.days[0].Close.Outcome != kiosk.CloseEmpty {
			t.Errorf("did %v, %+v", k.done(), k.days)
		}
		k.end()
	})
}

func TestADayThatCannotBeClosedIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.total, h.totalErr = 8740, errors.New("no totals")
		k := runClosing(t, h, atOne)
		pass(4 * time.Hour)
		if n := count(k.done(), "totals"); n < 3 || n > 20 {
			t.Errorf("asked for the totals %d times", n)
		}
		k.wantProblem(health.ProblemDayLate, "")
		k.end()
	})
}

func TestClosingByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.total = 8740
		k := runClosing(t, h, CloseTime{})
		d, err := k.r.CloseDay(t.Context())
		if err != nil || d.Close.Outcome != kiosk.CloseDone || !d.ByHand || d.Day != "2000-01-01" {
			t.Errorf("%+v, %v", d, err)
		}
		k.scan(paperQR)
		if _, err := k.r.CloseDay(t.Context()); !errors.Is(err, ErrNotNow) || !strings.Contains(err.Error(), "somebody stands there") {
			t.Errorf("with a citizen there: %v", err)
		}
		k.end()
	})
}

// A closing by hand while the clock stood in 2099 holds up no closing of the
// days after: which one comes next is never a matter of a clock that was wrong.
func TestAClosingOfAWrongClockHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.total = 8740
		h.takings = kiosk.Takings{Last: kiosk.DayClose{Day: "2099-01-01", ByHand: true, Close: kiosk.TerminalClose{Outcome: kiosk.CloseDone}}, Whole: true, Sum: 8740, Charges: 1}
		k := runClosing(t, h, CloseTime{On: true, Minute: 10})
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		closings := func() (n int) {
			for _, d := range k.done() {
				if d == "close" {
					n++
				}
			}
			return n
		}
		if n := closings(); n != 1 {
			t.Fatalf("%d closings, want 1: %v", n, k.done())
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := closings(); n != 2 {
			t.Errorf("%d closings when it is time again, want 2", n)
		}
		k.end()
	})
}

// wantProblem looks for a problem in what the maintainer sees.
func (k *kioskOf) wantProblem(code health.ProblemCode, says string) {
	k.t.Helper()
	var all []health.Problem
	k.r.Ask(k.t.Context(), func(v View) { all = v.Problems })
	for _, p := range all {
		if p.Code == code && strings.Contains(p.Detail, says) {
			return
		}
	}
	k.t.Errorf("no problem %s with %q in %+v", code, says, all)
}

package runner

// The terminal's day: when it is closed, and how.
//
// Closing is the one thing besides a charge that a card terminal must not be
// asked twice. So the intent is in the journal before the request leaves, its
// end is in the journal before it is acknowledged, and an intent without an end
// is ended as unknown and never sent again.

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/payment"
)

// ErrNotNow says that the day cannot be closed now; the text says why.
var ErrNotNow = errors.New("the day cannot be closed now")

// CloseTime is when the terminal's day is closed; the zero value is never.
type CloseTime struct {
	On           bool
	Hour, Minute int
}

// Limits of the closing.
const (
	dayRetryFirst  = 5 * time.Minute
	dayRetryCap    = time.Hour
	dayMaxRefusals = 3 // of one day, by the terminal; then the next day is tried
	dayLook        = 30 * time.Second
	// dayLate is how long after its time a day may be open before the
	// maintainer hears of it.
	dayLate = 2 * time.Hour
)

// dayState is what the loop knows of the day.
type dayState struct {
	known     bool // the journal was read
	loading   bool
	running   bool
	last      kiosk.DayClose
	begun     bool
	refusals  int
	tries     int
	nextLook  kiosk.Mono
	notBefore kiosk.Mono
	waits     string          // why it is not closed although it is time
	waiter    chan<- dayEnded // of a maintainer who asked for it
}

type (
	dayLoaded struct {
		takings kiosk.Takings
		err     error
	}
	dayEnded struct {
		close kiosk.DayClose
		err   error
		left  bool // an earlier process began it
	}
)

// dayFacts is all that the decision looks at.
type dayFacts struct {
	on        bool // there is a time for it
	byHand    bool // a maintainer asks: the time does not matter
	known     bool
	shut      bool // the journal cannot be read or written
	unheard   bool // a new or restored journal, and the gateway has not said which rows it holds
	running   bool
	trusted   bool   // the clock
	due       string // the business day that should be closed by now
	last      string // the business day that was closed, or tried, last
	refused   bool   // and the terminal said no
	refusals  int
	begun     bool // its end is not in the journal
	tooEarly  bool // the pause after a try is not over
	resting   bool // nobody stands at the kiosk
	open      int  // payments that have not come to the end of their charge
	undecided int  // charges that are unknown
	terminal  bool // works
}

// dayAct is what is to be done.
type dayAct string

// What is to be done about the day.
const (
	dayNothing dayAct = "nothing"
	dayWait    dayAct = "wait" // it is time, and something is in the way
	dayEnd     dayAct = "end"  // a closing without an end is ended as unknown
	dayClose   dayAct = "close"
)

// dayTable decides: the first rule that holds counts.
var dayTable = []struct {
	when string
	is   func(dayFacts) bool
	then dayAct
}{
	{"it is being closed", func(f dayFacts) bool { return f.running }, dayNothing},
	{"the journal was not read", func(f dayFacts) bool { return !f.known }, dayWait},
	{"the journal cannot be read or written", func(f dayFacts) bool { return f.shut }, dayWait},
	{"the gateway has not said which rows it holds", func(f dayFacts) bool { return f.unheard }, dayWait},
	{"a closing has no end", func(f dayFacts) bool { return f.begun }, dayEnd},
	{"it is never closed", func(f dayFacts) bool { return !f.on && !f.byHand }, dayNothing},
	{"the clock is not sure", func(f dayFacts) bool { return !f.trusted && !f.byHand }, dayWait},
	{"the day is closed", func(f dayFacts) bool { return !f.byHand && f.last >= f.due && !(f.refused && f.last == f.due) }, dayNothing},
	{"the terminal refused it too often", func(f dayFacts) bool {
		return !f.byHand && f.refused && f.last == f.due && f.refusals >= dayMaxRefusals
	}, dayNothing},
	{"a charge is unknown", func(f dayFacts) bool { return f.undecided > 0 }, dayWait},
	{"a payment is open", func(f dayFacts) bool { return f.open > 0 }, dayWait},
	{"somebody stands there", func(f dayFacts) bool { return !f.resting }, dayWait},
	{"the terminal does not work", func(f dayFacts) bool { return !f.terminal }, dayWait},
	{"the last try is not long ago", func(f dayFacts) bool { return f.tooEarly && !f.byHand }, dayWait},
	{"it is time", func(dayFacts) bool { return true }, dayClose},
}

func decideDay(f dayFacts) (dayAct, string) {
	for _, r := range dayTable {
		if r.is(f) {
			return r.then, r.when
		}
	}
	return dayNothing, "no rule holds"
}

// dueDay is the business day that should be closed by now, and the moment since
// when: the last time that the hour struck.
func dueDay(now time.Time, at CloseTime) (string, time.Time) {
	y, m, d := now.Date()
	struck := time.Date(y, m, d, at.Hour, at.Minute, 0, 0, now.Location())
	if struck.After(now) {
		struck = time.Date(y, m, d-1, at.Hour, at.Minute, 0, 0, now.Location())
	}
	return struck.Format(time.DateOnly), struck
}

func (r *Runner) wallTime(w kiosk.Wall) time.Time {
	return time.UnixMilli(w.UnixMilli).In(r.cfg.Location)
}

// dayFacts gathers what the decision needs.
func (r *Runner) dayFacts(byHand bool) dayFacts {
	now := r.now()
	f := dayFacts{
		on: r.cfg.CloseAt.On, byHand: byHand, known: r.day.known, shut: !r.recovered || r.noSales, unheard: !r.cfg.Heard(), running: r.day.running || r.held, trusted: now.Wall.Trusted,
		refused: r.day.last.Close.Outcome == kiosk.CloseRefused, refusals: r.day.refusals, begun: r.day.begun,
		tooEarly: now.Mono < r.day.notBefore, resting: r.resting(), terminal: r.health.Works(health.Terminal, now.Mono),
	}
	var struck time.Time
	f.due, struck = dueDay(r.wallTime(now.Wall), r.cfg.CloseAt)
	f.last = r.lastDay(struck)
	for _, l := range r.payments {
		switch l.state.Phase {
		case payment.Doubtful, payment.Resolving, payment.Undecided, payment.Unrecorded:
			f.undecided++
		case payment.Delivering, payment.Closed, payment.Dropped: // its charge is decided: closing the day changes nothing for it
		default:
			f.open++
		}
	}
	return f
}

// lastDay is the business day that was closed, or tried, last. One that lies more
// than two days after the one that is due was named by a clock that was wrong: it
// is no reason to wait for that day.
func (r *Runner) lastDay(due time.Time) string {
	if day := r.day.last.Day; day <= due.AddDate(0, 0, 2).Format(time.DateOnly) {
		return day
	}
	return ""
}

// lookAtDay is told the time.
func (r *Runner) lookAtDay(ctx context.Context) {
	now := r.now().Mono
	r.day.nextLook = now.Add(kiosk.Span(dayLook))
	if !r.day.known {
		r.loadDay(ctx)
		return
	}
	f := r.dayFacts(false)
	act, why := decideDay(f)
	r.day.waits = ""
	switch act {
	case dayWait:
		r.day.waits = why
	case dayEnd, dayClose:
		r.beginDay(ctx, act, f)
	case dayNothing:
	}
}

// loadDay reads the journal's side.
func (r *Runner) loadDay(ctx context.Context) {
	if r.day.loading {
		return
	}
	r.day.loading = true
	r.start(func() {
		ctx, cancel := context.WithTimeout(ctx, r.cfg.Save)
		defer cancel()
		takings, err := r.dev.Days.Takings(ctx)
		r.post(dayLoaded{takings, err})
	})
}

func (r *Runner) dayKnown(ctx context.Context, e dayLoaded) {
	r.day.loading = false
	if e.err != nil {
		r.log.Error("read the closings of the day", "err", e.err)
		return
	}
	r.day.known, r.day.last, r.day.begun = true, e.takings.Last, e.takings.Begun
	r.lookAtDay(ctx)
}

// beginDay starts the effect. No card is taken meanwhile.
func (r *Runner) beginDay(ctx context.Context, act dayAct, f dayFacts) {
	r.day.running = true
	r.devicesChanged(ctx)
	day := f.due
	if f.byHand {
		day = r.wallTime(r.now().Wall).Format(time.DateOnly)
	}
	r.log.Info("closing the terminal's day", "day", day, "act", act, "by hand", f.byHand)
	r.start(func() {
		d, err := r.closeDay(ctx, act, day, f.byHand)
		r.post(dayEnded{close: d, err: err, left: act == dayEnd})
	})
}

// closeDay compares, writes the intent, asks the terminal, writes the end; or
// writes the end of one that an earlier process left without.
func (r *Runner) closeDay(ctx context.Context, act dayAct, day string, byHand bool) (kiosk.DayClose, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Charge+2*r.cfg.Save)
	defer cancel()
	takings, err := r.dev.Days.Takings(ctx)
	if err != nil {
		return kiosk.DayClose{}, fmt.Errorf("read the takings: %w", err)
	}
	if takings.Begun {
		d := takings.Last
		d.Close = kiosk.TerminalClose{Outcome: kiosk.CloseUnknown, Reason: "the kiosk stopped before the answer was recorded"}
		return d, r.noteDay(ctx, kiosk.RowDayClosed, takings.LastID, d)
	}
	if act != dayClose {
		return takings.Last, nil // it has its end
	}
	totals, err := r.dev.Till.Totals(ctx)
	if err != nil {
		return kiosk.DayClose{}, fmt.Errorf("ask the totals: %w", err)
	}
	d := kiosk.DayClose{
		Day: day, At: r.now().Wall, Journal: takings.Sum, Charges: takings.Charges, Whole: takings.Whole, Terminal: totals.Total, ByHand: byHand,
	}
	id := "day/" + string(r.cfg.NewID())
	if totals.Total == 0 && takings.Sum == 0 {
		d.Close = kiosk.TerminalClose{Outcome: kiosk.CloseEmpty, TerminalID: totals.TerminalID}
		return d, r.noteDay(ctx, kiosk.RowDayClosed, id, d)
	}
	if err := r.noteDay(ctx, kiosk.RowDayClosing, id, d); err != nil {
		return kiosk.DayClose{}, err // nothing was asked
	}
	asked := false
	c, err := r.dev.Till.Close(ctx, func(c kiosk.TerminalClose) error {
		asked = true
		d.Close = c
		return r.noteDay(ctx, kiosk.RowDayClosed, id, d)
	})
	if err != nil && !asked {
		d.Close = kiosk.TerminalClose{Outcome: kiosk.CloseRefused, TerminalID: totals.TerminalID, Reason: err.Error()}
		return d, r.noteDay(ctx, kiosk.RowDayClosed, id, d)
	}
	d.Close = c
	return d, err
}

// noteDay writes a row of the day.
func (r *Runner) noteDay(ctx context.Context, kind kiosk.RowKind, id string, d kiosk.DayClose) error {
	suffix := "/closing"
	if kind == kiosk.RowDayClosed {
		suffix = "/closed"
	}
	if err := r.dev.Journal.Append(ctx, payment.NewRow("", kind, id+suffix, d, r.now().Wall)); err != nil {
		return fmt.Errorf("note the closing of the day: %w", err)
	}
	r.dev.Pusher.Nudge()
	return nil
}

// dayEnds takes the end of a closing.
func (r *Runner) dayEnds(ctx context.Context, e dayEnded) {
	r.day.running = false
	if e.close.Day != "" {
		if e.close.Day != r.day.last.Day {
			r.day.refusals = 0
		}
		r.day.last = e.close
	}
	now := r.now().Mono
	switch {
	case e.err != nil:
		r.log.Error("closing the terminal's day", "err", e.err)
		r.day.known = false // what is durable, the journal knows
		r.dayPause(now)
	case e.close.Close.Outcome == kiosk.CloseRefused:
		r.log.Warn("the terminal's day is not closed", "day", e.close.Day, "reason", e.close.Close.Reason)
		r.day.begun = false
		r.day.refusals++
		r.dayPause(now)
	default:
		r.log.Info("the terminal's day", "day", e.close.Day, "outcome", e.close.Close.Outcome, "journal", e.close.Journal.String(),
			"terminal", e.close.Terminal.String(), "host", e.close.Close.HostTotal.String(), "charges", e.close.Charges, "agrees", e.close.Agrees())
		r.day.begun, r.day.tries = false, 0
		r.day.nextLook = now
		r.dayPaper(ctx, e)
	}
	if r.day.waiter != nil {
		r.day.waiter <- e
		r.day.waiter = nil
	}
	r.devicesChanged(ctx)
}

// dayPause lets a quarter more or less of a doubling time pass.
func (r *Runner) dayPause(now kiosk.Mono) {
	pause := min(dayRetryFirst<<min(r.day.tries, 8), dayRetryCap)
	r.day.tries++
	r.day.notBefore = now.Add(kiosk.Span(pause - pause/4 + rand.N(pause/2)))
}

// dayProblems is what the maintainer must know of the day.
func (r *Runner) dayProblems() []health.Problem {
	if r.dev.Days == nil {
		return nil
	}
	var all []health.Problem
	d := r.day.last
	add := func(code health.ProblemCode, since kiosk.Wall, format string, args ...any) {
		all = append(all, health.Problem{Code: code, Since: since, Detail: fmt.Sprintf(format, args...)})
	}
	switch {
	case d.Day == "":
	case d.Close.Outcome == kiosk.CloseUnknown:
		add(health.ProblemDayUnknown, d.At, "%s: %s; look at the terminal's own report", d.Day, d.Close.Reason)
	case d.Close.Outcome == kiosk.CloseRefused:
		add(health.ProblemDayRefused, d.At, "%s: %s", d.Day, d.Close.Reason)
	}
	if d.Day != "" && !d.Agrees() {
		add(health.ProblemDayDiffers, d.At, "%s: journal %s, terminal %s, bank %s", d.Day, d.Journal, d.Terminal, d.Close.HostTotal)
	}
	if now := r.now().Wall; r.cfg.CloseAt.On && r.day.waits != "" && now.Trusted {
		if day, struck := dueDay(r.wallTime(now), r.cfg.CloseAt); r.wallTime(now).Sub(struck) > dayLate && r.lastDay(struck) < day {
			add(health.ProblemDayLate, kiosk.Wall{UnixMilli: struck.UnixMilli(), Trusted: true}, "%s: %s", day, r.day.waits)
		}
	}
	return all
}

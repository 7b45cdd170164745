package runner

// The loop.

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/screen"
	"github.com/tserve/jolly/kiosk/session"
)

// Config is what the runner must know. Zero durations are the defaults.
type Config struct {
	House   screen.House
	PSPCode string

	Poll         time.Duration // between two looks at printer and gateway; default 5 s
	TerminalPoll time.Duration // between two status questions while it works; default 60 s
	Lookup       time.Duration // limit of a lookup and of an activation; default 20 s
	Save         time.Duration // limit of a journal step; default 10 s
	Charge       time.Duration // limit of a charge, above the terminal's own; default ChargeLimit
	Print        time.Duration // limit of a print job; default 120 s
	Card         time.Duration // limit of reading a citizen's card and searching for its bills; default 50 s
	Decide       time.Duration // after which an unknown charge is a problem for the maintainer; default 24 h

	Heard    func() bool    // the gateway has said which rows it holds; no payment begins before; default: it has
	Closed   bool           // out of service by order, from before the start
	CloseAt  CloseTime      // when the terminal's day is closed; default never
	Location *time.Location // of the kiosk; default the machine's

	NewID func() kiosk.PaymentID // a UUIDv7
}

// ChargeLimit is how long the loop waits for a charge, however long the terminal
// may take: tokens must outlive it ([payment.TokenReserve]).
const ChargeLimit = 240 * time.Second

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.Poll, 5*time.Second)
	set(&c.TerminalPoll, time.Minute)
	set(&c.Lookup, 20*time.Second)
	set(&c.Save, 10*time.Second)
	set(&c.Charge, ChargeLimit)
	set(&c.Print, 120*time.Second)
	set(&c.Card, 50*time.Second)
	set(&c.Decide, 24*time.Hour)
	if c.Heard == nil {
		c.Heard = func() bool { return true }
	}
	if c.Location == nil {
		c.Location = time.Local
	}
	return c
}

// Runner is the loop. Make it with New, run it once with Run.
type Runner struct {
	cfg Config
	dev Devices
	log *slog.Logger

	events  chan any
	stopped chan struct{} // closed when the loop takes no more events
	work    sync.WaitGroup

	// Owned by the loop.
	visit     session.State
	payments  map[kiosk.PaymentID]*live
	health    *health.Register
	printer   kiosk.PrinterState
	terminal  kiosk.TerminalHealth
	noSales   bool // the journal cannot be written
	unread    bool // the journal cannot be read: what is open in it is not known
	held      bool // a maintainer has the terminal
	closed    bool // out of service by order
	day       dayState
	card      cardWork
	vault     vault
	recovered bool // the journal was read at start-up
	looked    map[health.Device]bool
	shown     string
	page      page.Page
}

// live is a payment and what belongs to it in this process.
type live struct {
	state    payment.State
	visit    uint64     // that started it; 0: recovered
	record   chan error // the terminal waits for this before it is acknowledged
	nextPoll kiosk.Mono // when the gateway is asked for the closings
	polls    int
	printing bool
	papers   int

	doubtSince kiosk.Mono // since when its charge is unknown, in this process
	nextAsk    kiosk.Mono // when the gateway is asked for a decision
	asked      int
	warned     bool
	decided    chan error // a person waits for the decision to be durable

	unsaved  payment.Save // what could not be made durable
	nextSave kiosk.Mono   // when it is tried again
	saves    int          // tries so far
}

// New makes a runner.
func New(cfg Config, dev Devices, log *slog.Logger) *Runner {
	return &Runner{
		cfg: cfg.withDefaults(), dev: dev, log: log,
		events: make(chan any), stopped: make(chan struct{}),
		payments: map[kiosk.PaymentID]*live{}, health: health.NewRegister(), printer: kiosk.PrinterUnknown,
		looked: map[health.Device]bool{}, closed: cfg.Closed,
	}
}

// Internal events.
type (
	observed struct {
		device health.Device
		ok     bool
		detail string
	}
	recoveredAll struct {
		states []payment.State
		err    error
	}
	chargeRecord struct {
		event payment.ChargeResulted
		reply chan error
	}
	saveFailed struct {
		save payment.Save
	}
	verdictCame struct{ verdict kiosk.Verdict }
	pollCame    struct {
		id     kiosk.PaymentID
		status kiosk.PaymentStatus
		err    error
	}
	printCame struct {
		visit  uint64
		id     kiosk.PaymentID
		report kiosk.PrintReport
	}
	question struct {
		ask   func(context.Context, *Runner)
		reply chan struct{}
	}
)

// Touch takes what the ui sends. It returns at once or when the loop has it.
func (r *Runner) Touch(t page.Touch) { r.post(t) }

// post hands an event to the loop; after the end it is dropped.
func (r *Runner) post(e any) {
	select {
	case r.events <- e:
	case <-r.stopped:
	}
}

// start runs work in a goroutine that Run waits for.
func (r *Runner) start(work func()) {
	r.work.Add(1)
	go func() {
		defer r.work.Done()
		work()
	}()
}

// Run is the loop. It returns when ctx has ended and everything that it started
// is gone; a card that is being charged is waited for.
func (r *Runner) Run(ctx context.Context) error {
	devices, stopDevices := context.WithCancel(ctx)
	r.visit = session.Start(r.sessionDevices())
	r.show()
	r.startDevices(devices)
	err := r.loop(ctx)
	stopDevices()
	close(r.stopped)
	r.work.Wait()
	return err
}

func (r *Runner) loop(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	done := ctx.Done()
	for {
		wait := r.untilNext()
		if wait <= 0 { // due already: nothing that comes in may hold it up
			r.tick(ctx)
			wait = max(time.Millisecond, r.untilNext())
		}
		timer.Reset(wait)
		select {
		case e := <-r.events:
			r.handle(ctx, e)
		case <-timer.C:
			r.tick(ctx)
		case <-done:
			done = nil
			r.log.Info("stopping", "charging", r.charging())
		}
		if ctx.Err() != nil && !r.charging() {
			return ctx.Err()
		}
	}
}

// charging says that a card may be being charged right now.
func (r *Runner) charging() bool {
	for _, l := range r.payments {
		if l.state.HoldsCard() {
			return true
		}
	}
	return false
}

func (r *Runner) now() kiosk.Stamp { return r.dev.Clock.Now() }

// untilNext is the time to the next deadline of the machines.
func (r *Runner) untilNext() time.Duration {
	next, some := session.NextTick(r.visit)
	earlier := func(m kiosk.Mono, ok bool) {
		if ok && (!some || m < next) {
			next, some = m, true
		}
	}
	for _, l := range r.payments {
		earlier(payment.NextTick(l.state))
		earlier(l.nextPoll, l.state.Phase == payment.Delivering)
		earlier(l.nextAsk, inDoubt(l.state.Phase))
		earlier(l.nextSave, l.state.Phase == payment.Unrecorded)
	}
	earlier(r.day.nextLook, r.recovered && r.dev.Days != nil && r.dev.Till != nil)
	if !some {
		return time.Hour
	}
	return time.Duration(r.now().Mono.Until(next))
}

// tick tells everybody the time.
func (r *Runner) tick(ctx context.Context) {
	at := r.now()
	for id, l := range r.payments {
		if next, ok := payment.NextTick(l.state); ok && at.Mono >= next {
			r.stepPayment(ctx, payment.Ticked{Head: payment.Head{ID: id, At: at}})
		}
		if l.state.Phase == payment.Delivering && at.Mono >= l.nextPoll {
			r.pollClosing(ctx, l)
		}
		if inDoubt(l.state.Phase) && at.Mono >= l.nextAsk {
			r.askGateway(ctx, l)
		}
		if l.state.Phase == payment.Unrecorded && at.Mono >= l.nextSave {
			r.saveAgain(ctx, l)
		}
	}
	if r.recovered && r.dev.Days != nil && r.dev.Till != nil && at.Mono >= r.day.nextLook {
		r.lookAtDay(ctx)
	}
	r.stepSession(ctx, nil)
}

func (r *Runner) handle(ctx context.Context, e any) {
	switch e := e.(type) {
	case page.Touch:
		r.touched(ctx, e)
	case session.Event:
		r.stepSession(ctx, e)
	case payment.Event:
		r.stepPayment(ctx, e)
	case observed:
		r.observe(ctx, e)
	case recoveredAll:
		r.recover(ctx, e)
	case chargeRecord:
		r.recordCharge(ctx, e)
	case saveFailed:
		r.notSaved(ctx, e.save)
	case verdictCame:
		r.verdict(ctx, e.verdict)
	case pollCame:
		r.polled(ctx, e)
	case printCame:
		r.printed(ctx, e)
	case decisionCame:
		r.decision(ctx, e)
	case dayLoaded:
		r.dayKnown(ctx, e)
	case dayEnded:
		r.dayEnds(ctx, e)
	case cardNews:
		r.cardMoved(ctx, e.news)
	case cardSays:
		r.cardSaid(ctx, e)
	case released:
		r.held = false
		r.devicesChanged(ctx)
	case question:
		e.ask(ctx, r)
		close(e.reply)
	default:
		r.log.Error("unknown event", "type", fmt.Sprintf("%T", e))
	}
}

// touched takes a touch of the page that is shown; another page's is too late.
func (r *Runner) touched(ctx context.Context, t page.Touch) {
	if !t.Action.Exists() {
		r.stepSession(ctx, session.Stirred{})
		return
	}
	e, ok := t.Action.Event.(session.Event)
	if !ok || t.Serial != r.page.Serial {
		r.log.Debug("touch dropped", "action", loggable(t.Action.ID), "serial", t.Serial, "shown", r.page.Serial)
		return
	}
	r.log.Info("touch", "action", loggable(t.Action.ID), "page", r.page.Name)
	r.stepSession(ctx, e)
}

// loggable names an action without what was typed: a log of keys is what they spell.
func loggable(id string) string {
	if strings.HasPrefix(id, "key-") {
		return "key"
	}
	return id
}

// stepSession tells the session the time, then the event, carries out its
// effects and shows the page.
func (r *Runner) stepSession(ctx context.Context, e session.Event) {
	var effects, more []session.Effect
	r.visit, effects = session.Step(r.visit, session.Ticked{Now: r.now().Mono})
	if e != nil {
		r.visit, more = session.Step(r.visit, e)
	}
	r.show()
	for _, eff := range append(effects, more...) {
		r.sessionEffect(ctx, eff)
	}
}

// show hands the page to the screen when it differs. The serial counts pages,
// not refreshes: digits and countdowns do not make a page new.
func (r *Runner) show() {
	p := screen.Render(r.visit, r.cfg.House)
	box := ""
	if p.Box != nil {
		box = p.Box.Name
	}
	id := fmt.Sprint(r.visit.Visit, p.Name, box, p.Lang, p.Modes, r.visit.Cart.Count, p.Main.ID, len(p.Choices))
	p.Serial = r.page.Serial
	if id != r.shown {
		p.Serial++
		r.log.Info("page", "page", p.Name, "box", box, "visit", r.visit.Visit, "serial", p.Serial)
	}
	r.shown, r.page = id, p
	r.dev.Screen.Show(p)
}

// Ask runs a question inside the loop, where everything may be read, and waits
// for it. It reports whether the loop still ran.
func (r *Runner) Ask(ctx context.Context, ask func(v View)) bool {
	return r.ask(ctx, func(_ context.Context, r *Runner) { ask(r.view()) })
}

// View is what the maintainer may see of the running kiosk.
type View struct {
	Page     page.Page
	Visit    uint64
	Payments []payment.State
	Health   []health.Status
	Devices  session.Devices
	Problems []health.Problem
	Day      kiosk.DayClose // the last closing of the terminal's day; zero when there is none
	Resting  bool           // nobody stands there
	Starting bool           // what was left is being settled
}

func (r *Runner) view() View {
	v := View{Page: r.page, Visit: r.visit.Visit, Health: r.health.All(), Devices: r.sessionDevices(), Problems: r.problems(), Day: r.day.last, Resting: r.resting()}
	_, v.Starting = r.visit.Scene.(session.Recovering)
	for _, l := range r.payments {
		v.Payments = append(v.Payments, l.state)
	}
	return v
}

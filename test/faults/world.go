package main

// One rig, and one round after the other in it: hurt, heal, compare.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/kiosk/payment"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
	"github.com/tserve/jolly/test/rig"
)

// The invariants beside those of [rig.Compare].
const (
	kioskLives      = "kiosk-lives"            // the kiosk ends only when it is killed or told to
	kioskBack       = "kiosk-back"             // after healing it comes to its first page within a bound
	firstPageClean  = "first-page-decided"     // and not while a payment still holds a card
	noStrangerPaper = "no-paper-for-strangers" // nothing is printed after a restart
	bookSound       = "book-sound"             // the chain over the kiosk's book holds
	endAsDrawn      = "end-as-drawn"           // charges and outcome are those of the case
	quietStop       = "quiet-stop"             // a kiosk that is told to stop does, with exit code 0
	diskStopsSales  = "disk-stops-sales"       // no new payment begins on a disk that is nearly full
	salesGoOn       = "sales-go-on"            // where there is room again the same kiosk takes cards again
	openPaymentEnds = "open-payment-ends"      // an open one comes to its end on a full disk
	doubtDecided    = "doubt-decided"          // an unknown charge is decided within a bound: by the terminal, else by a person
	doubtStays      = "doubt-stays"            // what the terminal cannot know decides nothing: it is a person's case
	booksAgree      = "books-agree"            // all of rig.Compare
)

// The bounds.
const (
	cardWait   = 2 * time.Minute
	deathWait  = 4 * time.Minute
	backWait   = 4 * time.Minute
	settleWait = 3 * time.Minute
	lookAgain  = 250 * time.Millisecond
)

// world is one rig while its shift is worked off.
type world struct {
	rig     *rig.Rig
	disk    *disk
	control *control.Client
	spoil   func(*rig.Books) // plants a mistake; nil plants none

	killed     bool            // in this round
	afterStart func() error    // what a person does when the kiosk is back
	excused    map[string]bool // payments for which the terminal took another amount than agreed
	held       []string        // invariants of this round

	kills, faults, charges int
	exchanges              int // of the terminal
}

func (w *world) hurt()               { w.faults++ }
func (w *world) checked(name string) { w.held = append(w.held, name) }

func (w *world) killKiosk() {
	w.rig.KillKiosk()
	w.killed = true
	w.kills++
}

func (w *world) killGateway() {
	w.rig.KillGateway()
	w.kills++
}

// round does one and returns what held.
func (w *world) round(ctx context.Context, r Round) (string, error) {
	w.killed, w.afterStart, w.held = false, nil, nil
	w.rig.Hand.Patience = 0
	c := find(r.Case)
	before, err := w.count(ctx)
	if err != nil {
		return "", err
	}
	w.extraBefore(r)
	if !c.dies {
		if err := w.start(ctx); err != nil {
			return "", err
		}
	}
	played := c.run(w, ctx, r)
	if v := new(violation); errors.As(played, &v) {
		return "", played
	}
	if !w.killed && !w.rig.KioskRuns() {
		return "", violated(kioskLives, "nobody killed it (the play: %v)", played)
	}
	if err := w.heal(ctx, r); err != nil {
		return "", errors.Join(err, played)
	}
	if err := w.settle(ctx); err != nil {
		return "", err
	}
	w.checked(booksAgree)
	w.checked(doubtDecided)
	if played != nil { // the books agree, but the case was not what it should be
		return "", fmt.Errorf("the play: %w", played)
	}
	if err := w.ended(ctx, c, before); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %s %s", r.Number, r.Case, strings.Join(w.held, " ")), w.rest(r)
}

// count is how much there is before a round.
type count struct{ payments, charges int }

func (w *world) count(ctx context.Context) (count, error) {
	n := count{charges: w.approved()}
	b, err := w.rig.Book(ctx)
	if err == nil {
		n.payments = len(b.Payments)
	} else if n.charges > 0 {
		return n, err
	} // else no kiosk has made a book yet
	return n, nil
}

func (w *world) approved() int {
	n := 0
	for _, c := range w.rig.Charges() {
		if c.Outcome == rig.Approved {
			n++
		}
	}
	return n
}

// extraBefore is the network's fault beside a kill.
func (w *world) extraBefore(r Round) {
	switch r.Extra.Kind {
	case ExtraSlow:
		w.rig.Gate.Delay(r.Extra.Span)
		w.hurt()
	case ExtraSwallow:
		w.rig.Gate.Add(rig.Rule{Match: deliver, Network: rig.NetworkSwallow, Count: 1})
		w.hurt()
	case ExtraCut, ExtraNone:
	}
}

// start starts the kiosk and waits for its first page.
func (w *world) start(ctx context.Context, env ...string) error {
	if err := w.rig.StartKiosk(ctx, env...); err != nil {
		return violated(kioskBack, "%v", err)
	}
	return w.firstPage(ctx)
}

func (w *world) firstPage(ctx context.Context) error {
	w.rig.Hand.Patience = backWait
	_, err := w.rig.Hand.AwaitPage(ctx, "attract")
	w.rig.Hand.Patience = 0
	if err != nil && ctx.Err() == nil {
		return violated(kioskBack, "within %s: %v", backWait, err)
	}
	return err
}

// dieAt plays until the kiosk kills itself at a point.
func (w *world) dieAt(ctx context.Context, point string, r Round, play play) error {
	if err := w.start(ctx, "JOLLY_DIE="+point); err != nil {
		return err
	}
	dead, cancel := context.WithTimeout(ctx, deathWait)
	defer cancel()
	playing, stop := context.WithCancel(dead)
	played := make(chan error, 1)
	go func() { played <- play(w, playing, r) }()
	err := w.rig.AwaitKioskDeath(dead)
	stop()
	playErr := <-played
	switch {
	case err == nil:
	case dead.Err() != nil:
		return fmt.Errorf("%s: %w (the play: %w)", point, err, errors.Join(playErr))
	default:
		return violated(kioskLives, "%v", err)
	}
	w.killed = true
	w.kills++
	return nil
}

// dieAgain starts the kiosk after a death so that its recovery dies, too; a
// recovery that does not come by that point is killed from outside.
func (w *world) dieAgain(ctx context.Context, point string) error {
	err := w.rig.StartKiosk(ctx, "JOLLY_DIE="+point)
	late, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if dead := w.rig.AwaitKioskDeath(late); dead != nil {
		if late.Err() == nil {
			return violated(kioskLives, "in its recovery: %v", errors.Join(dead, err))
		}
		w.rig.KillKiosk()
	}
	w.kills++
	return nil
}

// heal makes everything well again, and starts a kiosk that was killed.
func (w *world) heal(ctx context.Context, r Round) error {
	w.rig.OnTerminal(nil)
	err := errors.Join(w.rig.SetTerminal(terminalsim.Behaviour{Kind: terminalsim.Approve}), w.rig.DoPrinter("mend", 0), w.disk.relieve())
	if err != nil {
		return err
	}
	w.rig.Gate.Open()
	if err := w.rig.StartGateway(ctx); err != nil {
		return err
	}
	if !w.killed {
		return nil
	}
	return w.comeBack(ctx, r)
}

// comeBack starts a kiosk that was killed and looks at its first page.
func (w *world) comeBack(ctx context.Context, r Round) error {
	if r.Extra.Kind == ExtraCut {
		w.rig.Gate.Set(rig.NetworkCut)
		w.hurt()
	}
	if err := w.rig.StartKiosk(ctx); err != nil {
		return violated(kioskBack, "%v", err)
	}
	papers := len(w.rig.Prints())
	if r.Extra.Kind == ExtraCut {
		if err := pause(ctx, r.Extra.Span); err != nil {
			return err
		}
		w.rig.Gate.Open()
	}
	if w.afterStart != nil {
		if err := w.afterStart(); err != nil {
			return err
		}
	}
	if err := w.firstPage(ctx); err != nil {
		return err
	}
	payments, err := w.control.Payments(ctx)
	if err != nil {
		return violated(kioskBack, "%v", err)
	}
	for _, p := range payments {
		switch payment.Phase(p.Phase) {
		case payment.Charging, payment.Recording, payment.Doubtful, payment.Resolving, payment.Unrecorded:
			return violated(firstPageClean, "payment %s is %s", p.ID, p.Phase)
		}
	}
	if n := len(w.rig.Prints()) - papers; n != 0 {
		return violated(noStrangerPaper, "%d papers came out after the start", n)
	}
	w.checked(kioskBack)
	w.checked(firstPageClean)
	w.checked(noStrangerPaper)
	return nil
}

// ended compares with what the case says.
func (w *world) ended(ctx context.Context, c kase, before count) error {
	b, err := w.rig.Book(ctx)
	if err != nil {
		return violated(bookSound, "%v", err)
	}
	charges := w.approved() - before.charges
	w.charges += charges
	if c.charges >= 0 && charges != c.charges {
		return violated(endAsDrawn, "the terminal charged %d times, want %d", charges, c.charges)
	}
	began := b.Payments[min(before.payments, len(b.Payments)):]
	if len(began) > 1 {
		return violated(endAsDrawn, "one citizen, and %d payments", len(began))
	}
	for _, e := range began {
		if c.outcome != someOutcome && e.Outcome != c.outcome {
			return violated(endAsDrawn, "payment %s ended as %s %q, want %q", e.ID, e.Step, e.Outcome, c.outcome)
		}
	}
	if len(began) == 0 && c.charges > 0 {
		return violated(endAsDrawn, "no payment is in the book")
	}
	w.checked(endAsDrawn)
	return nil
}

// rest ends the round's kiosk.
func (w *world) rest(r Round) error {
	if r.Rude {
		w.killKiosk()
		return nil
	}
	if err := w.rig.StopKiosk(); err != nil {
		return violated(quietStop, "%v", err)
	}
	return nil
}

// settle waits until the books agree, as the kiosk delivers and resolves;
// what the terminal cannot tell is decided by a person meanwhile.
func (w *world) settle(ctx context.Context) error {
	return settle(ctx, settleWait, func(ctx context.Context) (rig.Books, error) {
		b, err := w.rig.Books(ctx)
		if err != nil {
			return b, err
		}
		w.decide(ctx, b)
		if w.spoil != nil {
			w.spoil(&b)
		}
		return b, nil
	}, w.excused)
}

// sells waits until the kiosk takes cards.
func (w *world) sells(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	for {
		h, err := w.control.Health(ctx)
		if err == nil && h.CanCharge {
			w.checked(salesGoOn)
			return nil
		}
		if pause(ctx, lookAgain) != nil {
			return violated(salesGoOn, "after %s it takes no card: %+v, %v", settleWait, h, err)
		}
	}
}

// decide is a person with the terminal's slips: each charge that nobody can
// tell is decided by them, but for an amount that nobody agreed to.
func (w *world) decide(ctx context.Context, b rig.Books) {
	payments, err := w.control.Payments(ctx)
	if err != nil {
		return // the next look finds it again
	}
	for _, p := range payments {
		if payment.Phase(p.Phase) != payment.Undecided {
			continue
		}
		d := control.Decision{Payment: p.ID, Outcome: string(kiosk.Refused)}
		for _, c := range b.Terminal {
			if c.Payment != p.ID || c.Outcome != rig.Approved {
				continue
			}
			d.Outcome, d.STAN = c.Outcome, c.STAN
			if c.Amount != c.Asked {
				w.excused[p.ID] = true
			}
		}
		if !w.excused[p.ID] {
			_ = w.control.Resolve(ctx, d) // refused while it is being decided otherwise
		}
	}
}

// settle reads the books until they agree, or the bound is over.
func settle(ctx context.Context, bound time.Duration, read func(context.Context) (rig.Books, error), excused map[string]bool) error {
	within, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var last error
	for {
		b, err := read(within)
		if err == nil {
			err = cmp.Or(first(b.Compare(), excused), undecided(b, excused))
			if err == nil {
				return nil
			}
		}
		if within.Err() == nil || last == nil {
			last = err // a reading that the bound cut off says nothing
		}
		if strings.Contains(err.Error(), "book is damaged") {
			return violated(bookSound, "%v", err)
		}
		if pause(within, lookAgain) != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return last
		}
	}
}

// undecided finds a charge that is still unknown though terminal and person are
// there to decide it. For an amount that nobody agreed to it stays so.
func undecided(b rig.Books, excused map[string]bool) error {
	for _, e := range b.Kiosk.Payments {
		if e.Outcome == kiosk.Unknown && !excused[e.ID] {
			return violated(doubtDecided, "payment %s is %s, its outcome unknown", e.ID, e.State.Phase)
		}
	}
	return nil
}

// first picks the violation to tell of; the others go into its text. An amount
// that the terminal took by itself is no violation of ours.
func first(err error, excused map[string]bool) error {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var found *violation
	for _, e := range many.Unwrap() {
		var v rig.Violation
		if !errors.As(e, &v) {
			return err
		}
		if v.Invariant == rig.AmountAgreed && excused[v.Payment] {
			continue
		}
		if found == nil {
			found = &violation{string(v.Invariant), strings.TrimPrefix(v.Error(), string(v.Invariant)+": ")}
			continue
		}
		found.text += "; " + v.Error()
	}
	if found == nil {
		return nil
	}
	return found
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package runner

// Watching the devices, and the start-up recovery.

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
)

// startDevices begins what runs as long as the kiosk.
func (r *Runner) startDevices(ctx context.Context) {
	r.start(func() {
		err := r.dev.Scanner.Run(ctx,
			func(c kiosk.ScannedCode) { r.post(session.CodeScanned{Code: c}) },
			func(there bool, detail string) { r.post(observed{health.Scanner, there, detail}) })
		if err != nil && ctx.Err() == nil {
			r.log.Error("scanner", "err", err)
		}
	})
	r.start(func() {
		err := r.dev.Pusher.Run(ctx, func(v kiosk.Verdict) { r.post(verdictCame{v}) })
		if err != nil && ctx.Err() == nil {
			r.log.Error("push", "err", err)
		}
	})
	r.startCards(ctx)
	if r.dev.Catalogues != nil {
		r.start(func() {
			err := r.dev.Catalogues.Run(ctx, func(c *kiosk.Catalogue) { r.post(session.CatalogueChanged{Catalogue: c}) })
			if err != nil && ctx.Err() == nil {
				r.log.Error("catalogue", "err", err)
			}
		})
	}
	r.start(func() { r.watch(ctx, r.lookAtPrinter) })
	r.start(func() { r.watch(ctx, r.lookAtGateway) })
	r.start(func() { r.watch(ctx, r.lookAtTerminal) })
	r.start(func() { r.readJournal(ctx) })
}

// readJournal tells the loop what is open in the journal; while it cannot be
// read it is tried again and again.
func (r *Runner) readJournal(ctx context.Context) {
	for try := 0; ; try++ {
		states, err := r.dev.Journal.Unfinished(ctx)
		if ctx.Err() != nil {
			return
		}
		r.post(recoveredAll{states, err})
		if err == nil {
			return
		}
		wait := min(saveFirst<<min(try, 8), saveCap)
		timer := time.NewTimer(wait - wait/4 + rand.N(wait/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// watch looks again and again; each look says how long to wait, spread by a
// quarter so that kiosks started together do not stay in step.
func (r *Runner) watch(ctx context.Context, look func(context.Context) time.Duration) {
	for {
		wait := look(ctx)
		wait += time.Duration(rand.Int64N(int64(wait)/4 + 1))
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

func (r *Runner) lookAtPrinter(ctx context.Context) time.Duration {
	if r.busyWith(ctx, func(l *live) bool { return l.printing }) {
		return r.cfg.Poll
	}
	look, cancel := context.WithTimeout(ctx, r.cfg.Poll)
	defer cancel()
	st := r.dev.Printer.State(look)
	r.post(observed{health.Printer, st.CanPrint(), string(st)})
	return r.cfg.Poll
}

func (r *Runner) lookAtGateway(ctx context.Context) time.Duration {
	look, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
	defer cancel()
	detail := "answers"
	err := r.dev.Gateway.Alive(look)
	if err != nil {
		detail = err.Error()
	}
	r.post(observed{health.Gateway, err == nil, detail})
	return r.cfg.Poll
}

// lookAtTerminal asks for the status, seldom while it works, often while not,
// and never while it may hold a card.
func (r *Runner) lookAtTerminal(ctx context.Context) time.Duration {
	if r.away(ctx) {
		return r.cfg.Poll
	}
	look, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
	defer cancel()
	st, err := r.dev.Terminal.Status(look)
	detail := string(st)
	if err != nil {
		detail = err.Error()
	}
	ok := err == nil && (st == kiosk.TerminalReady || st == kiosk.TerminalBusy)
	r.post(observed{health.Terminal, ok, detail})
	if ok {
		return r.cfg.TerminalPoll
	}
	return r.cfg.Poll
}

// busyWith asks the loop whether some payment is so.
func (r *Runner) busyWith(ctx context.Context, so func(*live) bool) bool {
	busy := false
	r.ask(ctx, func(_ context.Context, r *Runner) {
		for _, l := range r.payments {
			busy = busy || so(l)
		}
	})
	return busy
}

// away asks the loop whether the terminal has something else to do than to
// tell its status.
func (r *Runner) away(ctx context.Context) bool {
	away := false
	r.ask(ctx, func(_ context.Context, r *Runner) {
		away = r.held || r.day.running
		for _, l := range r.payments {
			away = away || l.state.StopsSales()
		}
	})
	return away
}

func (r *Runner) observe(ctx context.Context, o observed) {
	if r.health.Observe(o.device, o.ok, o.detail, r.now().Mono) {
		r.log.Info("device", "device", o.device, "ok", o.ok, "detail", o.detail)
	}
	if o.device == health.Printer {
		r.printer = kiosk.PrinterState(o.detail)
	}
	if o.device == health.Terminal {
		r.terminal = kiosk.TerminalOffline
		if o.ok {
			r.terminal = kiosk.TerminalHealth(o.detail)
		}
	}
	r.looked[o.device] = true
	r.devicesChanged(ctx)
	r.recoveryStep(ctx)
}

// devicesChanged tells the session what works, when that is another thing than before.
func (r *Runner) devicesChanged(ctx context.Context) {
	if d := r.sessionDevices(); d != r.visit.Devices {
		r.stepSession(ctx, session.DevicesChanged{Devices: d})
	}
}

// sessionDevices is what a citizen is told of the devices.
func (r *Runner) sessionDevices() session.Devices {
	now := r.now().Mono
	d := session.Devices{
		Scanner: r.health.Works(health.Scanner, now), Gateway: r.health.Works(health.Gateway, now),
		Printer: r.printer, Terminal: kiosk.TerminalOffline, SalesStopped: r.noSales || !r.recovered || r.held || r.day.running || !r.cfg.Heard(), Closed: r.closed,
		Cards: r.cardReader(now),
	}
	if r.health.Works(health.Terminal, now) {
		d.Terminal = kiosk.TerminalReady
	}
	for _, l := range r.payments {
		d.SalesStopped = d.SalesStopped || l.state.StopsSales()
	}
	return d
}

// recover takes the unfinished payments of the journal, before the first citizen.
func (r *Runner) recover(ctx context.Context, e recoveredAll) {
	r.unread = e.err != nil
	if r.unread {
		r.log.Error("card sales stop: the journal cannot be read", "err", e.err)
		r.devicesChanged(ctx)
		return
	}
	r.recovered = true
	for _, s := range e.states {
		r.log.Info("recovering", "payment", s.ID, "ref", s.Ref, "step", s.Step)
		r.payments[s.ID] = &live{}
		r.stepPayment(ctx, payment.Recovered{Head: r.head(s.ID), State: s})
	}
	r.devicesChanged(ctx)
	r.recoveryStep(ctx)
}

// recoveryStep opens the kiosk when every payment was looked at once and every
// device was looked at once.
func (r *Runner) recoveryStep(ctx context.Context) {
	if _, waiting := r.visit.Scene.(session.Recovering); !waiting || !r.recovered {
		return
	}
	for _, d := range []health.Device{health.Printer, health.Gateway, health.Terminal} {
		// A payment that stops sales keeps the terminal from being looked at.
		if s := r.sessionDevices(); !r.looked[d] && (d != health.Terminal || !s.SalesStopped && !s.Closed) {
			return
		}
	}
	for _, l := range r.payments {
		switch l.state.Phase {
		case payment.Resolving, payment.Recording, payment.Dropping:
			return
		case payment.Doubtful:
			if l.state.Tries == 0 {
				return
			}
		}
	}
	r.stepSession(ctx, session.RecoveryEnded{})
}

package main

// Proc: the kiosk's program from start to power cut: a model of the loop around
// the session, the payments and the devices. All that it decides, it asks of
// the shipped cores.

import (
	"math"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/sync/push"
)

const healthTerminal = health.Terminal

const never = kiosk.Mono(math.MaxInt64)

// live is one payment under the program.
type live struct {
	state     payment.State
	visit     uint64
	recording bool // the terminal waits for its acknowledgement
	nextPoll  kiosk.Mono
	polls     int
	printing  bool
	papers    int
}

type proc struct {
	b *box
	w *world

	began     int64
	visit     session.State
	live      []*live // oldest first
	health    *health.Register
	noSales   bool
	recovered bool
	looked    map[health.Device]bool
	wakeAt    kiosk.Mono

	heard int64 // of the gateway's clock

	using bool // the terminal's line is taken
	line  *exchange

	plan    *push.Plan
	sending bool
	nudged  bool
	rests   int
}

func newProc(b *box) *proc {
	p := &proc{b: b, w: b.w, began: b.w.now, health: health.NewRegister(), looked: map[health.Device]bool{}, wakeAt: never}
	p.plan = push.NewPlan(push.Limits{}, p.random)
	return p
}

// alive says that the power was not cut since.
func (p *proc) alive() bool { return p.b.proc == p }

func (p *proc) after(d int64, do func()) {
	p.w.after(d, func() {
		if p.alive() {
			do()
			p.arm()
		}
	})
}

func (p *proc) now() kiosk.Mono { return kiosk.Mono(p.w.now-p.began) + 1 }

func (p *proc) head(id kiosk.PaymentID) payment.Head {
	return payment.Head{ID: id, At: kiosk.Stamp{Mono: p.now(), Wall: p.b.wall()}}
}

func (p *proc) find(id kiosk.PaymentID) *live {
	for i := len(p.live) - 1; i >= 0; i-- {
		if p.live[i].state.ID == id {
			return p.live[i]
		}
	}
	return nil
}

// begin reads the journal before the first citizen.
func (p *proc) begin() {
	p.visit = session.Start(p.devices())
	p.health.Observe(health.Scanner, true, "present", p.now())
	for _, d := range []health.Device{health.Printer, health.Gateway, health.Terminal} {
		p.after(p.w.between(100*ms, 3*second), func() { p.look(d) })
	}
	p.after(p.w.between(ms, second), p.attempt)
	p.after(p.w.between(0, 10*second), p.beat)
	p.after(p.w.between(100*ms, second), func() {
		p.recovered = true
		for _, s := range p.b.book.unfinished() {
			if p.w.bug == bugRecoveryDrops && s.Step == payment.StepCharging {
				s.Step = payment.StepActivated
			}
			p.live = append(p.live, &live{state: payment.State{}})
			l := p.live[len(p.live)-1]
			p.step(l, payment.Recovered{Head: p.head(s.ID), State: s})
		}
		p.devicesChanged()
		p.recoveryStep()
	})
	p.arm()
}

// arm sees to it that the loop wakes when the machines want the time.
func (p *proc) arm() {
	next, ok := session.NextTick(p.visit)
	if !ok {
		next = never
	}
	for _, l := range p.live {
		if at, ok := payment.NextTick(l.state); ok {
			next = min(next, at)
		}
		if l.state.Phase == payment.Delivering {
			next = min(next, l.nextPoll)
		}
	}
	if next >= p.wakeAt || next == never {
		return
	}
	p.wakeAt = next
	p.w.after(max(int64(next-p.now()), ms), func() {
		if !p.alive() || p.wakeAt != next {
			return
		}
		p.wakeAt = never
		p.tick()
		p.arm()
	})
}

func (p *proc) tick() {
	for i := 0; i < len(p.live); i++ {
		l := p.live[i]
		if at, ok := payment.NextTick(l.state); ok && p.now() >= at {
			p.step(l, payment.Ticked{Head: p.head(l.state.ID)})
		}
		if l.state.Phase == payment.Delivering && p.now() >= l.nextPoll {
			p.poll(l)
		}
	}
	p.stepSession(nil)
}

func (p *proc) stepPayment(e payment.Event) {
	if l := p.find(payment.HeadOf(e).ID); l != nil {
		p.step(l, e)
	}
}

func (p *proc) step(l *live, e payment.Event) {
	before := l.state.Phase
	var effects []payment.Effect
	l.state, effects = payment.Step(l.state, e)
	if l.state.Phase == payment.Delivering && before != payment.Delivering {
		l.nextPoll, l.polls = p.now().Add(2*kiosk.Second), 0
	}
	if l.recording && l.state.Phase != payment.Recording && l.state.Phase != payment.Charging {
		l.recording, p.using = false, false // acknowledged, or withheld for good
	}
	for _, eff := range effects {
		p.paymentEffect(l, eff)
	}
	p.w.tell(l.state.ID, "%s: %T: %s -> %s, %s %s", p.b.name, e, before, l.state.Phase, l.state.Result.Outcome, l.state.Result.Reason)
	if l.state.Phase != before {
		if p.w.fault(p.w.par.CrashAtStep / 4) {
			p.w.after(p.w.between(0, 300*ms), p.b.crash)
		}
		p.w.note(13, uint64(len(l.state.Phase)), uint64(p.b.n))
		if l.state.Phase == payment.Undecided {
			p.w.count.undecided++
		}
		p.devicesChanged()
		p.stepSession(session.PaymentMoved{Visit: l.visit, Payment: l.state})
		p.recoveryStep()
	}
}

func (p *proc) paymentEffect(l *live, eff payment.Effect) {
	switch eff := eff.(type) {
	case payment.Save:
		p.save(eff)
	case payment.Activate:
		p.activate(eff)
	case payment.ReadBaseline:
		p.baseline(eff.ID)
	case payment.Charge:
		if p.w.bug != bugActBeforeSave {
			p.charge(eff.Request, false)
		}
	case payment.Resolve:
		p.resolve(eff)
	case payment.Push:
		p.nudge()
	case payment.StopSales:
		p.noSales = true
	}
}

func (p *proc) save(s payment.Save) {
	if p.w.bug == bugActBeforeSave && s.Step == payment.StepCharging {
		p.charge(s.State.Request(), false)
	}
	p.b.book.save(s, func(err error) {
		if !p.alive() {
			return
		}
		if err != nil {
			p.stepPayment(payment.SaveFailed{Head: p.head(s.State.ID), Step: s.Step})
		} else {
			p.stepPayment(payment.Saved{Head: p.head(s.State.ID), Step: s.Step})
		}
		p.arm()
	})
}

func (p *proc) stepSession(e session.Event) {
	var effects, more []session.Effect
	p.visit, effects = session.Step(p.visit, session.Ticked{Now: p.now()})
	if e != nil {
		p.visit, more = session.Step(p.visit, e)
	}
	for _, eff := range effects {
		p.sessionEffect(eff)
	}
	for _, eff := range more {
		p.sessionEffect(eff)
	}
}

func (p *proc) sessionEffect(eff session.Effect) {
	switch eff := eff.(type) {
	case session.Lookup:
		p.lookup(eff)
	case session.StartPayment:
		p.start(eff)
	case session.Consent:
		p.stepPayment(payment.Consented{Head: p.head(eff.Payment)})
	case session.Abandon:
		p.stepPayment(payment.Abandoned{Head: p.head(eff.Payment), Reason: eff.Reason})
	case session.Print:
		p.print(eff)
	case session.Wipe:
		p.w.count.visits++
		p.forget()
	}
}

// forget lets go of payments that are finished.
func (p *proc) forget() {
	kept := p.live[:0]
	for _, l := range p.live {
		if !l.state.Finished() || l.printing {
			kept = append(kept, l)
		}
	}
	clear(p.live[len(kept):])
	p.live = kept
}

func (p *proc) start(s session.StartPayment) {
	id := p.newID()
	p.w.count.payments++
	l := &live{visit: s.Visit}
	p.live = append(p.live, l)
	p.step(l, payment.Begun{Head: p.head(id), Previous: s.Previous, Kiosk: p.b.name, Language: s.Language, Cart: s.Cart})
}

const hexDigits = "0123456789abcdef"

func (p *proc) newID() kiosk.PaymentID {
	var id [36]byte
	a, b := p.w.rng.Uint64(), p.w.rng.Uint64()
	for i := range id {
		switch i {
		case 8, 13, 18, 23:
			id[i] = '-'
		default:
			id[i] = hexDigits[a&15]
			a, b = a>>4|b<<60, b>>4
		}
	}
	id[14] = '7'
	return kiosk.PaymentID(id[:])
}

// observe, look, devices: what is known of the devices, with the shipped health register.
func (p *proc) observe(d health.Device, ok bool, detail string) {
	p.health.Observe(d, ok, detail, p.now())
	p.looked[d] = true
	p.devicesChanged()
	p.recoveryStep()
}

func (p *proc) look(d health.Device) {
	p.after(p.w.between(30*second, 50*second), func() { p.look(d) })
	switch d {
	case health.Printer:
		p.observe(d, p.b.paper.CanPrint(), string(p.b.paper))
	case health.Gateway:
		p.call(5*second, func(reply func(func())) { reply(func() { p.observe(health.Gateway, true, "answers") }) },
			func() { p.observe(health.Gateway, false, "silent") })
	case health.Terminal:
		for _, l := range p.live {
			if l.state.StopsSales() {
				return
			}
		}
		if !p.using {
			p.observe(d, p.b.term.up, string(kiosk.TerminalReady))
		}
	}
}

func (p *proc) devices() session.Devices {
	now := p.now()
	d := session.Devices{
		Scanner: p.health.Works(health.Scanner, now), Gateway: p.health.Works(health.Gateway, now),
		Printer: p.b.paper, Terminal: kiosk.TerminalOffline, SalesStopped: p.noSales,
	}
	if p.health.Works(health.Terminal, now) {
		d.Terminal = kiosk.TerminalReady
	}
	for _, l := range p.live {
		d.SalesStopped = d.SalesStopped || l.state.StopsSales()
	}
	return d
}

func (p *proc) devicesChanged() {
	if d := p.devices(); d != p.visit.Devices {
		p.stepSession(session.DevicesChanged{Devices: d})
	}
}

// recoveryStep opens the kiosk when everything was looked at once.
func (p *proc) recoveryStep() {
	if _, waiting := p.visit.Scene.(session.Recovering); !waiting || !p.recovered {
		return
	}
	for _, d := range []health.Device{health.Printer, health.Gateway, health.Terminal} {
		if !p.looked[d] && (d != health.Terminal || !p.devices().SalesStopped) {
			return
		}
	}
	for _, l := range p.live {
		switch l.state.Phase {
		case payment.Resolving, payment.Recording, payment.Dropping:
			return
		case payment.Doubtful:
			if l.state.Tries == 0 {
				return
			}
		}
	}
	p.stepSession(session.RecoveryEnded{})
}

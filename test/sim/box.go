package main

// Box: one kiosk's hardware, which outlives its process: disk, terminal,
// printer, clock, line, and the mains.

import (
	"fmt"

	"github.com/tserve/jolly/kiosk"
)

type box struct {
	w     *world
	n     int
	name  string
	book  *book
	term  *terminalBox
	cut   bool
	paper kiosk.PrinterState

	cutUntil int64

	ahead   int64 // of the wall clock, ms
	trusted bool

	proc   *proc // nil: no power
	gone   bool  // for ever: stolen, or burnt
	boots  int
	person *citizen
}

func newBox(w *world, n int) *box {
	b := &box{w: w, n: n, name: fmt.Sprintf("prato-%03d", n), paper: kiosk.PrinterReady, trusted: true}
	b.book = newBook(b)
	b.term = newTerminalBox(b)
	b.person = &citizen{b: b}
	w.after(w.between(0, 2*second), b.boot)
	w.after(w.between(0, 20*second), b.person.act)
	b.again(w.par.KioskCutEvery, b.lineCut)
	b.again(w.par.CrashEvery, b.crash)
	b.again(w.par.JumpEvery, b.jump)
	b.again(w.par.TerminalDownEvery, b.term.goDown)
	b.again(w.par.Operator, b.operator)
	b.again(hour, b.term.technician)
	return b
}

// again does something now and then, for as long as things may fail.
func (b *box) again(every int64, do func()) {
	b.w.after(b.w.between(0, 2*every), func() {
		if b.w.healed {
			return
		}
		do()
		b.again(every, do)
	})
}

func (b *box) lineCut() {
	long := 3 * minute
	if b.w.chance(b.w.par.CutForLong) {
		long = 80 * minute // longer than tokens live
	}
	b.cutFor(long)
}

// cutFor cuts the line for as long at most.
func (b *box) cutFor(long int64) {
	b.cut = true
	b.w.count.cuts++
	b.cutUntil = max(b.cutUntil, b.w.now+b.w.between(second, long))
	b.w.after(b.cutUntil-b.w.now, func() {
		if b.w.now >= b.cutUntil {
			b.cut = false
		}
	})
}

// jump moves the wall clock, or leaves it in 1970, or puts it right.
func (b *box) jump() {
	b.w.count.jumps++
	switch b.w.rng.IntN(4) {
	case 0:
		b.ahead, b.trusted = 0, true
	case 1:
		b.ahead, b.trusted = -epoch, false
	default:
		b.ahead, b.trusted = b.w.between(-3*hour/ms, 3*hour/ms), false
	}
}

func (b *box) wall() kiosk.Wall {
	return kiosk.Wall{UnixMilli: epoch + b.w.now/ms + b.ahead, Trusted: b.trusted}
}

// crash takes the power away, whatever is going on.
func (b *box) crash() {
	if b.w.healed || b.proc == nil {
		return
	}
	b.w.count.crashes++
	b.w.note(11, uint64(b.n))
	b.proc = nil
	b.book.powerCut()
	if b.w.chance(300) {
		b.term.lostPower()
	}
	if b.term.busy && b.w.fault(b.w.par.Technician) {
		b.term.technician()
	}
	b.person.startled()
	if len(b.book.open) > 0 && b.w.fault(b.w.par.Gone) && 5*b.w.count.gone < len(b.w.boxes) {
		b.gone = true
		b.w.count.gone++
		return
	}
	boots, off := b.boots, b.w.between(3*second, 60*second)
	if b.w.fault(b.w.par.Dark) {
		off = tokenLife + b.w.between(0, 2*b.w.par.ExpireAfter)
	}
	b.w.after(off, func() {
		if b.boots == boots {
			b.boot()
		}
	})
}

// boot starts the program.
func (b *box) boot() {
	b.boots++
	if b.w.fault(b.w.par.BootIn1970) {
		b.ahead, b.trusted = -epoch+b.w.between(0, hour)/ms, false
		b.w.after(b.w.between(2*second, 2*minute), func() { b.ahead, b.trusted = 0, true })
	}
	b.proc = newProc(b)
	b.proc.begin()
}

// heal puts everything right; a kiosk that stopped sales is started anew, as
// its maintainer would.
func (b *box) heal() {
	if b.gone {
		return
	}
	b.cut, b.paper, b.ahead, b.trusted = false, kiosk.PrinterReady, 0, true
	b.term.up = true
	if b.proc == nil || b.book.broken {
		b.proc = nil
		b.book.powerCut()
		b.boot()
	}
}

// operator decides cases that the terminal could not, with the terminal's own
// account in hand, and starts a kiosk anew that stopped sales.
func (b *box) operator() {
	if b.proc == nil {
		return
	}
	if b.book.broken || b.proc.noSales {
		b.crash()
		return
	}
	b.proc.personDecides()
}

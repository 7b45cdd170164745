package main

// World: virtual time, the heap of what will happen, chance, the hash, the verdict.

import (
	"fmt"
	"math/rand/v2"

	"github.com/tserve/jolly/kiosk"
)

// Lengths of virtual time, in nanoseconds.
const (
	ms     int64 = 1_000_000
	second       = 1000 * ms
	minute       = 60 * second
	hour         = 60 * minute
)

// epoch is the wall clock at the beginning of time, in ms since 1970.
const epoch int64 = 1_795_338_000_000

type event struct {
	at  int64
	seq uint64
	do  func()
}

// violation is a broken promise.
type violation struct{ name, what string }

// world is everything.
type world struct {
	par  params
	bug  string
	rng  *rand.Rand
	now  int64
	seq  uint64
	heap []event

	events int
	hash   uint64
	healed bool
	broken *violation
	trace  func(id, format string, args ...any) // nil: silent

	gate   *gate
	nation *nation
	boxes  []*box
	money  *money
	count  counts
}

// counts are for the reader of the output.
type counts struct {
	visits, payments, activations, charges, declined, unknown, undecided, byPerson, papers int
	loans, elsewhere, refunds                                                              int // at the national node
	technicians                                                                            int
	expired, lateWords, disagreements, gone                                                int // activations without an outcome, and kiosks that said nothing more
	rows, duplicates, crashes, torn, lost, doubled, late, lostAnswers, cuts, jumps         int
}

// boxOf finds a kiosk by its name.
func (w *world) boxOf(name string) *box {
	for _, b := range w.boxes {
		if b.name == name {
			return b
		}
	}
	panic("kiosk " + name)
}

func newWorld(seed uint64, kiosks int, bug string) *world {
	w := &world{bug: bug, rng: rand.New(rand.NewPCG(seed, 0x4a6f6c6c79)), hash: 14695981039346656037}
	w.par = draw(w)
	w.par.Kiosks = kiosks
	w.par.show(bug)
	w.gate = newGate(w)
	w.nation = newNation(w)
	w.money = newMoney(w)
	for n := range kiosks {
		w.boxes = append(w.boxes, newBox(w, n))
	}
	w.gate.troubles()
	w.nation.troubles()
	return w
}

// after lets something happen d from now.
func (w *world) after(d int64, do func()) {
	w.seq++
	w.push(event{w.now + max(d, 0), w.seq, do})
}

// note puts something that happened into the hash.
func (w *world) note(what uint64, more ...uint64) {
	h := w.hash ^ what
	for _, m := range more {
		h = (h ^ m) * 1099511628211
		h ^= h >> 29
	}
	w.hash = (h ^ uint64(w.now)) * 1099511628211
}

func (w *world) fail(name, format string, args ...any) {
	if w.broken == nil {
		w.broken = &violation{name, fmt.Sprintf(format, args...)}
	}
}

// tell says what happened to a payment, when somebody asked for it.
func (w *world) tell(id kiosk.PaymentID, format string, args ...any) {
	if w.trace != nil {
		w.trace(string(id), format, args...)
	}
}

// chance is true n times in a thousand.
func (w *world) chance(n int) bool { return w.rng.IntN(1000) < n }

// fault is chance while things may fail.
func (w *world) fault(n int) bool { return w.chance(n) && !w.healed }

func (w *world) between(lo, hi int64) int64 { return lo + w.rng.Int64N(hi-lo+1) }

// run lets n events happen, or fewer when a promise is broken.
func (w *world) run(n int) {
	for w.broken == nil && n > 0 && len(w.heap) > 0 {
		w.step()
		n--
	}
}

func (w *world) step() {
	e := w.pop()
	w.now = e.at
	w.events++
	w.hash = (w.hash ^ e.seq ^ uint64(e.at)) * 1099511628211
	e.do()
}

func (a event) before(b event) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

func (w *world) push(e event) {
	w.heap = append(w.heap, e)
	h, i := w.heap, len(w.heap)-1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = e
}

func (w *world) pop() event {
	h := w.heap
	top, last := h[0], h[len(h)-1]
	h[len(h)-1] = event{}
	h = h[:len(h)-1]
	w.heap = h
	i := 0
	for {
		least := i*4 + 1
		if least >= len(h) {
			break
		}
		for c := least + 1; c < min(i*4+5, len(h)); c++ {
			if h[c].before(h[least]) {
				least = c
			}
		}
		if !h[least].before(last) {
			break
		}
		h[i] = h[least]
		i = least
	}
	if len(h) > 0 {
		h[i] = last
	}
	return top
}

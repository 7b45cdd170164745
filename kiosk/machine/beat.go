package machine

// The clock of the glass.

import (
	"time"

	"fyne.io/fyne/v2"
)

// beatMost is the most that one turn of the Fyne goroutine counts. Most take a
// sixtieth of a second; one that paints, or that the machine had no time for, is
// as long as it likes.
const beatMost = 100 * time.Millisecond

// beat is a clock that stands still while the Fyne goroutine does. It belongs to
// that goroutine.
type beat struct{ at, last time.Time }

func newBeat(now time.Time) *beat { return &beat{at: now, last: now} }

// run lets the clock go on at each turn, once what the finger did since the last
// one was felt. It paints nothing.
func (b *beat) run() (now func() time.Time) {
	turns := fyne.Animation{Duration: time.Second, RepeatCount: fyne.AnimationRepeatForever, Tick: func(float32) { b.turn(time.Now()) }}
	turns.Start()
	return func() time.Time { return b.at }
}

// turn counts one turn.
func (b *beat) turn(now time.Time) {
	b.at, b.last = b.at.Add(min(now.Sub(b.last), beatMost)), now
}

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
type beat struct {
	at, last time.Time
	turns    uint64
}

func newBeat(now time.Time) *beat { return &beat{at: now, last: now} }

// paintedIn is the number of turns after which a page stands on the glass: the
// first one paints it.
const paintedIn = 2

// now is the time of the clock.
func (b *beat) now() time.Time { return b.at }

// run lets the clock go on at each turn, after what the finger did since the last
// one was felt and before the glass is painted. It paints nothing itself.
func (b *beat) run() {
	turns := fyne.Animation{Duration: time.Second, RepeatCount: fyne.AnimationRepeatForever, Tick: func(float32) { b.turn(time.Now()) }}
	turns.Start()
}

// turn counts one turn.
func (b *beat) turn(now time.Time) {
	b.at, b.last = b.at.Add(min(now.Sub(b.last), beatMost)), now
	b.turns++
}

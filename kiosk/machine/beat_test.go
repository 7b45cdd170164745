package machine

// What the clock of the glass counts.

import (
	"testing"
	"time"
)

func TestTheClockOfTheGlassStandsStillWithIt(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		name  string
		turns []time.Duration // lengths
		want  time.Duration
	}{
		{"as fast as it can be", []time.Duration{16 * time.Millisecond, 17 * time.Millisecond, 16 * time.Millisecond}, 49 * time.Millisecond},
		{"slow, and turning", []time.Duration{90 * time.Millisecond, 90 * time.Millisecond}, 180 * time.Millisecond},
		{"a page is painted for two seconds", []time.Duration{16 * time.Millisecond, 2 * time.Second}, 116 * time.Millisecond},
		{"the machine slept", []time.Duration{time.Hour}, beatMost},
	} {
		b, now := newBeat(began), began
		for _, d := range c.turns {
			now = now.Add(d)
			b.turn(now)
		}
		if got := b.at.Sub(began); got != c.want {
			t.Errorf("%s: %v counted, want %v", c.name, got, c.want)
		}
	}
}

package sound

// The sounds as notes, and the notes as samples.

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Note is one tone. Hertz 0 is a rest.
type Note struct {
	Hertz  float64
	Millis int
}

// Score are the notes of a sound, one after the other.
type Score []Note

// Scores are the sounds by the names under which the session asks for them.
// Rising says yes, falling says no, the same tone again says look here; all lie
// between 500 and 2100 hertz, where old ears hear best. None is longer than a
// second: nothing may speak over the spoken page.
func Scores() map[string]Score {
	return map[string]Score{
		"key":       {{1200, 25}},
		"scan":      {{1050, 60}, {1570, 90}},
		"card":      {{880, 70}, {1320, 110}},
		"done":      {{1050, 90}, {1320, 90}, {1570, 180}},
		"paper":     {{1320, 110}, {0, 70}, {1320, 110}},
		"refused":   {{660, 140}, {0, 40}, {520, 220}},
		"idle":      {{1050, 140}, {0, 160}, {1050, 140}},
		"take-card": {{1570, 130}, {0, 80}, {1570, 130}, {0, 80}, {2090, 220}},
	}
}

const (
	rate   = 22050 // samples a second
	fade   = 5     // milliseconds at both ends of a note: without them it clicks
	volume = 0.6   // of what the loudspeaker can do; the mixer of the machine sets the rest
)

// Millis is how long the sound lasts.
func (s Score) Millis() (sum int) {
	for _, n := range s {
		sum += n.Millis
	}
	return sum
}

// WAV makes a RIFF file of the sound: one channel, 16 bits.
func (s Score) WAV() []byte {
	var samples []int16
	for _, n := range s {
		samples = append(samples, n.samples()...)
	}
	size := uint32(2 * len(samples))
	var b bytes.Buffer
	b.WriteString("RIFF")
	b.Write(binary.LittleEndian.AppendUint32(nil, 36+size))
	b.WriteString("WAVEfmt ")
	for _, v := range []any{uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2 * rate), uint16(2), uint16(16)} {
		b.Write(must(v))
	}
	b.WriteString("data")
	b.Write(must(size))
	b.Write(must(samples))
	return b.Bytes()
}

func must(v any) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil { // numbers of fixed size only
		panic("sound: " + err.Error())
	}
	return b
}

func (n Note) samples() []int16 {
	all := make([]int16, n.Millis*rate/1000)
	ends := fade * rate / 1000
	for i := range all {
		edge := min(i, len(all)-1-i)
		loud := volume * min(1, float64(edge)/float64(ends))
		all[i] = int16(math.MaxInt16 * loud * math.Sin(2*math.Pi*n.Hertz*float64(i)/rate))
	}
	return all
}

package ecr17

// Frame codec tests: the check bytes of all readings, and frames cut anywhere.

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestLRCUnit(t *testing.T) {
	cases := []struct {
		reading LRC
		body    string
		want    byte
	}{
		{Std, "A", 0x3E}, {Stx, "A", 0x3F}, {NoExt, "A", 0x3D}, {StxNoExt, "A", 0x3C},
		{EtxControl, "A", 0x3D}, {"", "A", 0x3D},
		{Std, "", 0x7F}, {Stx, "", 0x7E},
	}
	for _, c := range cases {
		if got := c.reading.Sum(c.body); got != c.want {
			t.Errorf("%q of %q: %02X, want %02X", c.reading, c.body, got, c.want)
		}
	}
}

func TestControlFrames(t *testing.T) {
	cases := []struct {
		reading  LRC
		ack, nak byte
	}{
		{NoExt, 0x7A, 0x69}, {Std, 0x79, 0x6A}, {Stx, 0x78, 0x6B}, {StxNoExt, 0x7B, 0x68}, {EtxControl, 0x7C, 0x7C},
	}
	for _, c := range cases {
		if got := Control(c.reading, ACK); !bytes.Equal(got, []byte{0x06, 0x03, c.ack}) {
			t.Errorf("ACK in %s: % X", c.reading, got)
		}
		if got := Control(c.reading, NAK); !bytes.Equal(got, []byte{0x15, 0x03, c.nak}) {
			t.Errorf("NAK in %s: % X", c.reading, got)
		}
		// Whatever the check byte is, lead byte and ETX tell them.
		for _, lrc := range []byte{c.ack, 0x00, 0x03, 0x02} {
			if f, n := Cut([]byte{ACK, ETX, lrc}); f.Kind != Ack || n != 3 || !f.Sound(NoExt) {
				t.Errorf("ACK with %02X: %+v, %d bytes", lrc, f, n)
			}
			if f, n := Cut([]byte{NAK, ETX, lrc}); f.Kind != Nak || n != 3 {
				t.Errorf("NAK with %02X: %+v, %d bytes", lrc, f, n)
			}
		}
	}
}

func TestFittingTellsTheReading(t *testing.T) {
	body := "123456780s"
	for _, m := range Readings() {
		reply, _ := Cut(Encode(m, body))
		ack, _ := Cut(Control(m, ACK))
		var both []LRC
		for _, fit := range Fitting(reply) {
			if slices.Contains(Fitting(ack), fit) {
				both = append(both, fit)
			}
		}
		if !slices.Equal(both, []LRC{m}) {
			t.Errorf("%s: reply fits %v, ACK fits %v, together %v", m, Fitting(reply), Fitting(ack), both)
		}
	}
}

func TestCut(t *testing.T) {
	good := Encode(NoExt, "hello")
	cases := []struct {
		name string
		in   []byte
		want Frame
		n    int
	}{
		{"nothing", nil, Frame{}, 0},
		{"a message", good, Frame{Message, "hello", good[7]}, 8},
		{"its LRC is missing", good[:7], Frame{}, 0},
		{"half of it", good[:3], Frame{}, 0},
		{"LRC that looks like an STX", []byte{STX, 'x', ETX, STX}, Frame{Message, "x", STX}, 4},
		{"LRC that looks like an ETX", []byte{STX, 'x', ETX, ETX}, Frame{Message, "x", ETX}, 4},
		{"an empty message", []byte{STX, ETX, 0x7C}, Frame{Message, "", 0x7C}, 3},
		{"torn frame, then a whole one", append([]byte{STX, 'a', 'b'}, good...), Frame{}, 3},
		{"noise before a frame", append([]byte("xyz"), good...), Frame{}, 3},
		{"noise alone", []byte("xyz"), Frame{}, 3},
		{"half an ACK", []byte{ACK, ETX}, Frame{}, 0},
		{"an ACK without ETX", []byte{ACK, 'x'}, Frame{}, 1},
		{"progress", []byte("\x01ELABORAZIONE...     \x04"), Frame{Progress, "ELABORAZIONE...     ", 0}, 22},
		{"short progress", []byte("\x01ATTENDERE\x04"), Frame{Progress, "ATTENDERE", 0}, 11},
		{"half a progress", []byte("\x01ELABOR"), Frame{}, 0},
		{"progress without end", []byte("\x01ELABORAZIONE...     xyz"), Frame{}, 1},
		{"torn progress, then a message", append([]byte("\x01ELA"), good...), Frame{}, 4},
		{"message without end", append([]byte{STX}, bytes.Repeat([]byte("x"), MaxBody+1)...), Frame{}, 1},
	}
	for _, c := range cases {
		if f, n := Cut(c.in); f != c.want || n != c.n {
			t.Errorf("%s: %+v, %d bytes; want %+v, %d", c.name, f, n, c.want, c.n)
		}
	}
}

func TestEncodeProgress(t *testing.T) {
	for _, text := range []string{"", "ATTENDERE", "ELABORAZIONE...", strings.Repeat("x", 30)} {
		if got := EncodeProgress(text); len(got) != 22 || got[0] != SOH || got[21] != EOT {
			t.Errorf("%q: % X", text, got)
		}
	}
	if got := string(EncodeProgress("ELABORAZIONE...")); got != "\x01ELABORAZIONE...     \x04" {
		t.Errorf("%q", got)
	}
}

// Whatever the reads are cut into, the same frames come out in order.
func TestReaderAnyCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want []Frame
		for range rapid.IntRange(1, 6).Draw(t, "frames") {
			raw := drawFrame(t)
			f, n := Cut(raw)
			if n != len(raw) {
				t.Fatalf("frame % X: used %d", raw, n)
			}
			stream, want = append(stream, raw...), append(want, f)
		}
		r := NewReader(&choppy{t: t, rest: stream})
		for i, w := range want {
			if f, err := r.Next(); err != nil || f != w {
				t.Fatalf("frame %d: %+v, %v; want %+v", i, f, err, w)
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the last frame: %v", err)
		}
	})
}

func drawFrame(t *rapid.T) []byte {
	m := rapid.SampledFrom(Readings()).Draw(t, "reading")
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return Control(m, ACK)
	case 1:
		return Control(m, NAK)
	case 2:
		return EncodeProgress(rapid.StringMatching(`[ -~]{0,20}`).Draw(t, "text"))
	default:
		return Encode(m, rapid.StringMatching(`[ -~]{0,80}`).Draw(t, "body"))
	}
}

// choppy hands a stream over in pieces of random size.
type choppy struct {
	t    *rapid.T
	rest []byte
}

func (c *choppy) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.rest[:rapid.IntRange(1, min(len(c.rest), 40)).Draw(c.t, "read")])
	c.rest = c.rest[n:]
	return n, nil
}

func TestReaderKeepsHalvesOverErrors(t *testing.T) {
	whole := Encode(NoExt, "hello")
	r := NewReader(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(whole))))
	if _, err := r.Next(); !errors.Is(err, iotest.ErrTimeout) {
		t.Fatalf("first: %v, want the time-out", err)
	}
	if f, err := r.Next(); err != nil || f.Body != "hello" {
		t.Fatalf("second: %+v, %v", f, err)
	}
}

func TestReaderGivesUpOnNoise(t *testing.T) {
	endless := iotest.OneByteReader(strings.NewReader(strings.Repeat("x", maxNoise+10)))
	if _, err := NewReader(endless).Next(); !errors.Is(err, ErrNoise) {
		t.Fatalf("%v, want %v", err, ErrNoise)
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte{ACK, ETX, 0x7A})
	f.Add(Encode(NoExt, "123456780s"))
	f.Add(EncodeProgress("ELABORAZIONE..."))
	f.Add(append([]byte{STX, 'a'}, Encode(Std, "b")...))
	f.Fuzz(func(t *testing.T, buf []byte) {
		for rest := buf; len(rest) > 0; {
			fr, n := Cut(rest)
			if n < 0 || n > len(rest) {
				t.Fatalf("used %d of %d", n, len(rest))
			}
			if n == 0 {
				if len(rest) > MaxBody+2 {
					t.Fatalf("waits for more after %d bytes", len(rest))
				}
				return
			}
			if fr.Kind == Message {
				for _, m := range Fitting(fr) {
					if again := Encode(m, fr.Body); !bytes.Equal(again, rest[:n]) {
						t.Fatalf("% X encodes as % X", rest[:n], again)
					}
				}
			}
			rest = rest[n:]
		}
	})
}

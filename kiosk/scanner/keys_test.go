package scanner

// Keys without a device.

import (
	"encoding/binary"
	"errors"
	"testing"
)

// stroke is a key down and up, the times zero.
func stroke(code uint16) []byte {
	out := make([]byte, 2*eventSize)
	for i, value := range []uint32{1, 0} {
		e := out[i*eventSize+timeSize:]
		binary.NativeEndian.PutUint16(e, evKey)
		binary.NativeEndian.PutUint16(e[2:], code)
		binary.NativeEndian.PutUint32(e[4:], value)
	}
	return out
}

// Whatever a device sends: no panic, an end to it, and with all keys up and a
// code's end behind it the next code is whole.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("nothing of the kind"))
	f.Add(append(stroke(keyLeftShift), stroke(30)...))
	f.Add(append(stroke(30), make([]byte, eventSize)...))
	f.Fuzz(func(t *testing.T, stream []byte) {
		p := &keyPort{events: stream[:len(stream)/eventSize*eventSize]}
		for _, c := range []uint16{keyLeftCtrl, keyRightCtrl, keyLeftShift, keyRightShift, keyLeftAlt, keyRightAlt, keyEnter, 2, 3} {
			p.events = append(p.events, stroke(c)...)
		}
		for range len(p.events) + 1 {
			if p.take(); p.pending == nil {
				break
			}
			if !errors.Is(p.pending, errLost) {
				t.Fatal(p.pending)
			}
			p.pending = nil
		}
		if len(p.events) != 0 || len(p.ready) < 2 || string(p.ready[len(p.ready)-2:]) != "12" {
			t.Fatalf("%d bytes left, ready %q, want 12 at the end", len(p.events), p.ready)
		}
	})
}

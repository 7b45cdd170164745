package sim

// A reader that poses as a keyboard: characters -> recorded input events.

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The codes of linux/input-event-codes.h that a reader's keyboard sends.
const (
	evSyn, evKey, evMsc  = 0, 1, 4
	synReport, synLost   = 0, 3
	mscScan              = 4
	codeEnter, codeTab   = 28, 15
	codeCtrl, codeShift  = 29, 42
	codeAlt, codeCaps    = 56, 58
	timeBytes, eventSize = int(unsafe.Sizeof(unix.Timeval{})), timeBytes + 8
)

// plain are the keys of a US keyboard that write a sign alone, shifted those
// that need Shift.
var plain, shifted = table("`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./ "), table("~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?")

// keyCodes are the codes of the keys in table's order.
var keyCodes = []uint16{
	41, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 43,
	30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 57,
}

// digitKeys are the codes of the keypad's digits 0 to 9.
var digitKeys = [10]uint16{82, 79, 80, 81, 75, 76, 77, 71, 72, 73}

func table(signs string) map[byte]uint16 {
	m := map[byte]uint16{}
	for i := range len(signs) {
		m[signs[i]] = keyCodes[i]
	}
	return m
}

// Keys is the stream of input events that a reader set to "USA", control
// characters by Ctrl and other bytes by Alt, sends for a text. CR is Enter.
func Keys(text string) []byte {
	var out []byte
	for _, b := range []byte(text) {
		code, isPlain := plain[b]
		upper, isShifted := shifted[b]
		switch {
		case b == '\r':
			out = stroke(out, codeEnter)
		case b == '\t':
			out = stroke(out, codeTab)
		case isPlain:
			out = stroke(out, code)
		case isShifted:
			out = held(out, codeShift, upper)
		case b >= 1 && b <= 26:
			out = held(out, codeCtrl, plain['a'+b-1])
		case b >= 0x1b && b <= 0x1d:
			out = held(out, codeCtrl, plain["[\\]"[b-0x1b]])
		default:
			out = held(out, codeAlt, digitKeys[0], digitKeys[b/100], digitKeys[b/10%10], digitKeys[b%10])
		}
	}
	return out
}

// Lost is what the kernel puts into the stream where its buffer ran over.
func Lost() []byte { return event(event(nil, evSyn, synLost, 0), evSyn, synReport, 0) }

// CapsLock is the stroke of that key.
func CapsLock() []byte { return stroke(nil, codeCaps) }

// held is strokes of keys while another one is down.
func held(out []byte, modifier uint16, codes ...uint16) []byte {
	out = event(event(out, evKey, modifier, 1), evSyn, synReport, 0)
	for _, c := range codes {
		out = stroke(out, c)
	}
	return event(event(out, evKey, modifier, 0), evSyn, synReport, 0)
}

// stroke is a key that goes down and up, as the kernel reports it.
func stroke(out []byte, code uint16) []byte {
	for _, down := range []int32{1, 0} {
		out = event(out, evMsc, mscScan, 0x70000+int32(code))
		out = event(out, evKey, code, down)
		out = event(out, evSyn, synReport, 0)
	}
	return out
}

func event(out []byte, kind, code uint16, value int32) []byte {
	out = append(out, make([]byte, timeBytes)...)
	out = binary.NativeEndian.AppendUint16(out, kind)
	out = binary.NativeEndian.AppendUint16(out, code)
	return binary.NativeEndian.AppendUint32(out, uint32(value))
}

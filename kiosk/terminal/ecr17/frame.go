package ecr17

// Frame codec: STX, ETX, LRC, acknowledgements, progress texts.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// The control characters.
const (
	SOH byte = 0x01 // begins a progress text
	STX byte = 0x02 // begins a message
	ETX byte = 0x03 // ends a message and an acknowledgement; the LRC follows
	EOT byte = 0x04 // ends a progress text
	ACK byte = 0x06
	NAK byte = 0x15
)

const (
	// MaxBody is the longest message that a frame may carry; the longest in the tables has 210 bytes.
	MaxBody = 1024
	// ProgressWidth is the number of characters of a progress text.
	ProgressWidth = 20
	// maxNoise is how many bytes of no frame a Reader throws away before it gives the stream up.
	maxNoise = 4 * MaxBody
	// lrcBase is the value that every LRC starts from.
	lrcBase byte = 0x7F
)

// ErrNoise says that a stream holds bytes that are no frames, more than a line makes by accident.
var ErrNoise = errors.New("no frames in the stream")

// LRC is a reading of which bytes the check byte covers. The zero value is [NoExt].
type LRC string

// The readings found in the field.
const (
	NoExt      LRC = "noext"       // message and ETX, no STX: the most plausible
	Std        LRC = "std"         // message alone
	Stx        LRC = "stx"         // STX, message and ETX
	StxNoExt   LRC = "stx_noext"   // STX and message
	EtxControl LRC = "etx_control" // messages as NoExt, ACK and NAK over their ETX alone
)

// Readings are all readings, the most plausible first.
func Readings() []LRC { return []LRC{NoExt, Std, Stx, StxNoExt, EtxControl} }

// Known says that the reading is one of the five, or the zero value.
func (m LRC) Known() bool {
	switch m {
	case "", NoExt, Std, Stx, StxNoExt, EtxControl:
		return true
	}
	return false
}

// around is what STX and ETX add to the XOR of a message.
func (m LRC) around() byte {
	switch m {
	case Std:
		return 0
	case Stx:
		return STX ^ ETX
	case StxNoExt:
		return STX
	default:
		return ETX
	}
}

// Sum is the check byte of a message.
func (m LRC) Sum(body string) byte {
	sum := lrcBase ^ m.around()
	for i := range len(body) {
		sum ^= body[i]
	}
	return sum
}

// SumControl is the check byte of an ACK or a NAK. The readings that count the
// STX count it here too, although an acknowledgement has none.
func (m LRC) SumControl(lead byte) byte {
	if m == EtxControl {
		return lrcBase ^ ETX
	}
	return lrcBase ^ m.around() ^ lead
}

// Kind is what a frame is.
type Kind int

// The kinds of frames.
const (
	Noise    Kind = iota // bytes that belong to no frame
	Message              // STX body ETX LRC
	Ack                  // ACK ETX LRC
	Nak                  // NAK ETX LRC
	Progress             // SOH text EOT
)

// Frame is one frame of the line.
type Frame struct {
	Kind Kind
	Body string // of a Message; of a Progress, its text
	LRC  byte   // as received; Progress has none
}

// Sound says that the check byte of a message is right under a reading. The
// other kinds are always sound: ACK and NAK are known by lead byte and ETX.
func (f Frame) Sound(m LRC) bool { return f.Kind != Message || f.LRC == m.Sum(f.Body) }

// Fitting tells which readings agree with a frame; nil for kinds without a check byte.
func Fitting(f Frame) []LRC {
	var fit []LRC
	for _, m := range Readings() {
		switch f.Kind {
		case Message:
			if f.LRC == m.Sum(f.Body) {
				fit = append(fit, m)
			}
		case Ack:
			if f.LRC == m.SumControl(ACK) {
				fit = append(fit, m)
			}
		case Nak:
			if f.LRC == m.SumControl(NAK) {
				fit = append(fit, m)
			}
		case Noise, Progress:
		}
	}
	return fit
}

// Encode makes the frame of a message.
func Encode(m LRC, body string) []byte {
	out := make([]byte, 0, len(body)+3)
	out = append(out, STX)
	out = append(out, body...)
	return append(out, ETX, m.Sum(body))
}

// Control makes the frame of an acknowledgement; lead is [ACK] or [NAK].
func Control(m LRC, lead byte) []byte { return []byte{lead, ETX, m.SumControl(lead)} }

// EncodeProgress makes the frame of a progress text, cut or filled to its twenty characters.
func EncodeProgress(text string) []byte {
	if len(text) > ProgressWidth {
		text = text[:ProgressWidth]
	}
	return fmt.Appendf(nil, "%c%-*s%c", SOH, ProgressWidth, text, EOT)
}

// Cut takes the first frame off buf and tells how many bytes it used: 0 when
// the frame is not whole yet. Bytes that belong to no frame come out as [Noise].
func Cut(buf []byte) (Frame, int) {
	if len(buf) == 0 {
		return Frame{}, 0
	}
	switch buf[0] {
	case STX:
		return cutMessage(buf)
	case ACK, NAK:
		return cutControl(buf)
	case SOH:
		return cutProgress(buf)
	}
	n := bytes.IndexAny(buf, string([]byte{SOH, STX, ACK, NAK}))
	if n < 0 {
		n = len(buf)
	}
	return Frame{}, n
}

func cutMessage(buf []byte) (Frame, int) {
	limit := min(len(buf), MaxBody+2)
	end := bytes.IndexByte(buf[:limit], ETX)
	if end < 0 {
		if limit == MaxBody+2 {
			return Frame{}, 1
		}
		return Frame{}, 0
	}
	// No text holds an STX: a second one means that the first frame was torn off.
	if again := bytes.LastIndexByte(buf[1:end], STX); again >= 0 {
		return Frame{}, again + 1
	}
	if len(buf) == end+1 {
		return Frame{}, 0
	}
	return Frame{Kind: Message, Body: string(buf[1:end]), LRC: buf[end+1]}, end + 2
}

func cutControl(buf []byte) (Frame, int) {
	if len(buf) > 1 && buf[1] != ETX {
		return Frame{}, 1
	}
	if len(buf) < 3 {
		return Frame{}, 0
	}
	kind := Ack
	if buf[0] == NAK {
		kind = Nak
	}
	return Frame{Kind: kind, LRC: buf[2]}, 3
}

// cutProgress takes shorter texts too: nothing hangs on their width.
func cutProgress(buf []byte) (Frame, int) {
	limit := min(len(buf), ProgressWidth+2)
	end := bytes.IndexAny(buf[1:limit], string([]byte{SOH, STX, EOT})) + 1
	switch {
	case end == 0 && limit == ProgressWidth+2:
		return Frame{}, 1
	case end == 0:
		return Frame{}, 0
	case buf[end] != EOT:
		return Frame{}, end
	}
	return Frame{Kind: Progress, Body: string(buf[1:end])}, end + 1
}

// Reader takes frames off a stream, however its bytes are cut into reads. A
// read error leaves what has come so far in place: after a deadline the next
// call goes on in mid frame.
type Reader struct {
	src   io.Reader
	buf   []byte
	noise int // bytes thrown away since the last frame
}

// NewReader makes a Reader of a stream.
func NewReader(src io.Reader) *Reader { return &Reader{src: src} }

// Next returns the next frame; noise before it is skipped, up to a limit.
func (r *Reader) Next() (Frame, error) {
	for {
		f, n := Cut(r.buf)
		r.buf = r.buf[n:]
		if n > 0 && f.Kind != Noise {
			r.noise = 0
			return f, nil
		}
		if r.noise += n; r.noise > maxNoise {
			return Frame{}, ErrNoise
		}
		if n > 0 {
			continue
		}
		if err := r.fill(); err != nil {
			return Frame{}, err
		}
	}
}

func (r *Reader) fill() error {
	var chunk [512]byte
	n, err := r.src.Read(chunk[:])
	r.buf = append(r.buf, chunk[:n]...)
	if n > 0 {
		return nil // an error that matters comes again at the next read
	}
	return err
}

package scanner

// Bytes of a serial line -> whole codes. No clock of its own, no I/O.

import (
	"bytes"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

const aimLen = 3 // "]", letter, sign

// framer collects the bytes of one code until its suffix comes.
type framer struct {
	cfg     Config
	buf     []byte
	skipped int // bytes of an overlong code thrown away so far

	code func(kiosk.ScannedCode)        // a whole code
	drop func(bytes int, reason string) // something that will never be one
}

// feed takes what was read.
func (f *framer) feed(data []byte) {
	for _, b := range data {
		if len(f.buf) == 0 && f.skipped == 0 && (b == '\r' || b == '\n') {
			continue // the LF of CR LF, an empty line
		}
		f.buf = append(f.buf, b)
		if bytes.HasSuffix(f.buf, []byte(f.cfg.Suffix)) {
			f.end()
		} else if len(f.buf) >= f.limit() {
			f.skip()
		}
	}
}

// pending says that a code has begun and not ended.
func (f *framer) pending() bool { return len(f.buf)+f.skipped > 0 }

// giveUp drops what has begun.
func (f *framer) giveUp(reason string) {
	n := len(f.buf) + f.skipped
	f.buf, f.skipped = f.buf[:0], 0
	f.drop(n, reason)
}

// limit is the most bytes that a code can have, with all around it.
func (f *framer) limit() int {
	return len(f.cfg.Prefix) + aimLen + f.cfg.MaxCode + len(f.cfg.Suffix)
}

// skip throws away an overlong code but for what may be the begin of its suffix.
func (f *framer) skip() {
	keep := len(f.cfg.Suffix) - 1
	f.skipped += len(f.buf) - keep
	f.buf = append(f.buf[:0], f.buf[len(f.buf)-keep:]...)
}

// end hands on the code that the suffix closed.
func (f *framer) end() {
	if f.skipped > 0 {
		f.giveUp("too long")
		return
	}
	n := len(f.buf)
	text := string(f.buf[:n-len(f.cfg.Suffix)])
	f.buf = f.buf[:0]
	text = strings.TrimPrefix(text, f.cfg.Prefix)
	var code kiosk.ScannedCode
	if code.Text = text; f.cfg.AIM {
		code.AIM, code.Text = cutAIM(text)
	}
	switch {
	case len(code.Text) > f.cfg.MaxCode:
		f.drop(n, "too long")
	case code.Text != "":
		f.code(code)
	}
}

// cutAIM takes an AIM symbology identifier off the front of a text.
func cutAIM(text string) (aim, rest string) {
	if len(text) < aimLen || text[0] != ']' || !isLetter(text[1]) || !isLetter(text[2]) && (text[2] < '0' || text[2] > '9') {
		return "", text
	}
	return text[1:aimLen], text[aimLen:]
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

package ecr17

// Fields: writing and reading the fixed positions of the tables.

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

// ErrLayout says that a message does not fit its table.
var ErrLayout = errors.New("message does not fit its table")

// writer fills a message field by field; the first mistake sticks.
type writer struct {
	b   strings.Builder
	err error
}

// header writes positions 1 to 10: terminal ID, '0', code.
func (w *writer) header(terminal string, code byte) {
	w.exact("terminal ID", terminal, 8)
	w.b.WriteByte('0')
	w.b.WriteByte(code)
}

// exact writes a text that must have its full width.
func (w *writer) exact(name, s string, width int) {
	if len(s) != width || !printable(s) {
		w.fail("%s: want %d printable characters, have %d", name, width, len(s))
		s = strings.Repeat(" ", width)
	}
	w.b.WriteString(s)
}

// left writes a text aligned left, filled with spaces.
func (w *writer) left(name, s string, width int) { w.fill(name, s, width, "%-*s") }

// right writes a text aligned right, filled with spaces.
func (w *writer) right(name, s string, width int) { w.fill(name, s, width, "%*s") }

func (w *writer) fill(name, s string, width int, format string) {
	if len(s) > width || !printable(s) {
		w.fail("%s: want at most %d printable characters, have %d", name, width, len(s))
		s = ""
	}
	fmt.Fprintf(&w.b, format, width, s)
}

// digits writes a text aligned right, filled with zeros.
func (w *writer) digits(name, s string, width int) {
	if len(s) > width || !printable(s) {
		w.fail("%s: want at most %d printable characters, have %d", name, width, len(s))
		s = ""
	}
	w.zeros(width - len(s))
	w.b.WriteString(s)
}

// amount writes cents in a field of digits.
func (w *writer) amount(name string, a kiosk.Amount, width int) {
	s := fmt.Sprintf("%0*d", width, a.Cents())
	if a < 0 || len(s) > width {
		w.fail("%s: %s does not fit %d digits of cents", name, a, width)
		s = strings.Repeat("0", width)
	}
	w.b.WriteString(s)
}

// choice writes one character out of a list; the zero byte stands for its first.
func (w *writer) choice(name string, c byte, list string) {
	if c == 0 {
		c = list[0]
	}
	if strings.IndexByte(list, c) < 0 {
		w.fail("%s: %q is none of %q", name, c, list)
		c = list[0]
	}
	w.b.WriteByte(c)
}

func (w *writer) flag(on bool) {
	if on {
		w.b.WriteByte('1')
		return
	}
	w.b.WriteByte('0')
}

func (w *writer) zeros(n int) { w.b.WriteString(strings.Repeat("0", n)) }

func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("%w: "+format, append([]any{ErrLayout}, args...)...)
	}
}

func (w *writer) done() (string, error) {
	if w.err != nil {
		return "", w.err
	}
	return w.b.String(), nil
}

// reader reads a message by the positions of the tables: 1-based, both ends
// inclusive, as they stand in the documents. The first mistake sticks.
type reader struct {
	body string
	err  error
}

// at returns the bytes from one position to another.
func (r *reader) at(from, to int) string {
	if to > len(r.body) {
		r.fail("position %d of %d", to, len(r.body))
		return strings.Repeat("0", to-from+1)
	}
	return r.body[from-1 : to]
}

// text returns a field without the spaces around it.
func (r *reader) text(from, to int) string { return strings.TrimSpace(r.at(from, to)) }

// amount returns a field of digits of cents.
func (r *reader) amount(from, to int) kiosk.Amount {
	s := r.at(from, to)
	a, err := parseDigits(s)
	if err != nil {
		r.fail("amount at %d to %d: %w", from, to, err)
	}
	return a
}

// flag returns a field of '0' or '1'.
func (r *reader) flag(pos int) bool {
	c := r.at(pos, pos)
	if c != "0" && c != "1" {
		r.fail("flag at %d is %q", pos, c)
	}
	return c == "1"
}

// choice returns a field of one character out of a list.
func (r *reader) choice(pos int, list string) byte {
	c := r.at(pos, pos)[0]
	if strings.IndexByte(list, c) < 0 {
		r.fail("position %d is %q, none of %q", pos, c, list)
	}
	return c
}

// constant demands a text at a position.
func (r *reader) constant(from int, want string) {
	if got := r.at(from, from+len(want)-1); got != want {
		r.fail("position %d is %q, not %q", from, got, want)
	}
}

func (r *reader) zeros(from, to int) { r.constant(from, strings.Repeat("0", to-from+1)) }

func (r *reader) length(want int) {
	if len(r.body) != want {
		r.fail("%d bytes, want %d", len(r.body), want)
	}
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrLayout}, args...)...)
	}
}

func parseDigits(s string) (kiosk.Amount, error) {
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, kiosk.ErrAmount
		}
		n = n*10 + int64(s[i]-'0')
	}
	return kiosk.Cents(n), nil
}

// printable says that a text holds nothing but the visible characters of ASCII and the space.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

package notice

// Small tools for walking along a text by fixed positions.

// cursor walks along a text. short tells, after a step that did not fit, that
// the text ended before it could: it was torn and not wrong.
type cursor struct {
	rest  string
	short bool
}

// lit steps over the literal, in any case.
func (c *cursor) lit(want string) bool {
	if hasPrefixFold(c.rest, want) {
		c.rest = c.rest[len(want):]
		return true
	}
	c.short = hasPrefixFold(want, c.rest)
	return false
}

// digits steps over exactly n digits.
func (c *cursor) digits(n int) (string, bool) {
	k := countDigits(c.rest)
	if k < n {
		c.short = k == len(c.rest)
		return "", false
	}
	out := c.rest[:n]
	c.rest = c.rest[n:]
	return out, true
}

// field steps over a literal and the n digits after it.
func (c *cursor) field(tag string, n int) (string, bool) {
	if !c.lit(tag) {
		return "", false
	}
	return c.digits(n)
}

// skip steps over the sign b where it stands next.
func (c *cursor) skip(b byte) {
	if c.rest != "" && c.rest[0] == b {
		c.rest = c.rest[1:]
	}
}

// hasPrefixFold says that s begins with the ASCII text prefix, in any case.
func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lower(s[i]) != lower(prefix[i]) {
			return false
		}
	}
	return true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func isLetter(b byte) bool { return 'a' <= lower(b) && lower(b) <= 'z' }

func countDigits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func isDigits(s string) bool { return s != "" && countDigits(s) == len(s) }

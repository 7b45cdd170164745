package notice

// GS1-128 of older notices: 415 GLN, 8020 notice number, 3902 amount in cents.

import (
	"fmt"
	"strings"

	"github.com/tserve/jolly/kiosk"
)

const (
	gs1GLN    = "415"
	gs1Number = "8020"
	gs1Amount = "3902"
	gs        = 0x1d // group separator: FNC1 inside a code as readers send it
)

// begins says that a code starts with the application identifier, also in the
// form with parentheses or behind the separator.
func begins(text, ai string) bool {
	return strings.HasPrefix(strings.TrimLeft(text, "\x1d("), ai)
}

// readGS1 reads a code that begins with 415. It names the creditor by GLN only.
func (r Reader) readGS1(sym symbol, text string) (Reading, error) {
	c := cursor{rest: plainGS1(text)}
	gln, ok := c.field(gs1GLN, glnLen)
	c.skip(gs)
	if ok = ok && c.lit(gs1Number); !ok {
		if c.short && sym == "C1" {
			return Reading{}, torn("GS1-128 ends before its notice number")
		}
		return Reading{}, refuse(sym, text) // too little to call it a notice
	}
	number, ok := c.digits(numberLen)
	if !ok {
		return Reading{}, c.gs1Fault("notice number")
	}
	c.skip(gs)
	if !c.lit(gs1Amount) {
		return Reading{}, c.gs1Fault("amount")
	}
	cents := strings.TrimRight(c.rest, "\x1d")
	switch {
	case cents != "" && !isDigits(cents):
		return Reading{}, unreadable("GS1-128 amount is not digits")
	case len(cents) < 2 || len(cents) > 10:
		return Reading{}, torn("GS1-128 amount has %d digits, want 2 to 10", len(cents))
	}
	got, err := r.accept(kiosk.NoticeGS1, number, "", cents)
	if err != nil {
		return Reading{}, err
	}
	got.Notice.GLN = gln
	if !GS1Mod10(gln) { // the GLN stands for the creditor: the doubt is the same
		got.Notice.Warnings |= kiosk.WarnCreditorCheck
	}
	return got, nil
}

// plainGS1 takes off what the human-readable form adds to the digits.
func plainGS1(text string) string {
	if strings.Trim(text, "0123456789() \x1d") != "" {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r == '(' || r == ')' || r == ' ' {
			return -1
		}
		return r
	}, strings.TrimLeft(text, "\x1d"))
}

func (c *cursor) gs1Fault(field string) error {
	if c.short {
		return torn("GS1-128 ends before its %s", field)
	}
	return unreadable("GS1-128 does not fit in its %s", field)
}

// GS1 writes the notice as the text of a GS1-128 code without separators, as
// the papers have it, or "" when it has no GLN.
func GS1(n kiosk.Notice) string {
	if len(n.GLN) != glnLen || len(n.Number) != numberLen || n.Amount < 0 || n.Amount > 99_999_999_99 {
		return ""
	}
	return fmt.Sprintf("%s%s%s%s%s%02d", gs1GLN, n.GLN, gs1Number, n.Number, gs1Amount, n.Amount.Cents())
}

package notice

// The code line of a postal slip as one number of 50 digits: each field behind
// its own length, 18 notice, 12 account, 10 cents, 3 document type.

import (
	"fmt"

	"github.com/tserve/jolly/kiosk"
)

const (
	codelineLen    = 50
	codelineMarked = 22     // digits after which the layout shows: 18, the number, 12
	codelineType   = "3896" // a slip all filled in: the notice
	codelineMAV    = "3247" // a MAV slip
)

// readCodeline reads a number that begins like a code line. It names the
// postal account and no creditor.
func (r Reader) readCodeline(text string) (Reading, error) {
	c := cursor{rest: text}
	number, _ := c.field("18", numberLen)
	account, ok := c.field("12", 12)
	if !ok {
		return Reading{}, c.codelineFault("account")
	}
	cents, ok := c.field("10", 10)
	if !ok {
		return Reading{}, c.codelineFault("amount")
	}
	switch {
	case c.rest == codelineMAV:
		return Reading{}, kiosk.Errorf(kiosk.CodeNoticeMAV, opRead, "code line of document type 247")
	case !c.lit(codelineType):
		return Reading{}, c.codelineFault("document type")
	case c.rest != "":
		return Reading{}, torn("code line has %d digits, want %d", len(text), codelineLen)
	}
	got, err := r.accept(kiosk.NoticeCodeline, number, "", cents)
	if err != nil {
		return Reading{}, err
	}
	got.Account = account
	return got, nil
}

func (c *cursor) codelineFault(field string) error {
	if c.short {
		return torn("code line ends before its %s", field)
	}
	return unreadable("number does not fit a code line in its %s", field)
}

// codeline writes the 50 digits, or "" where account or amount do not fit.
func (r Reading) codeline() string {
	n := r.Notice
	if len(n.Number) != numberLen || len(r.Account) != 12 || n.Amount < 0 || n.Amount > 99_999_999_99 {
		return ""
	}
	return fmt.Sprintf("18%s12%s10%010d%s", n.Number, r.Account, n.Amount.Cents(), codelineType)
}

// Encode writes the reading as the text of the code that it came from, or ""
// where it cannot stand in one. What Encode wrote, Decode reads back to the
// same Reading.
func (r Reading) Encode() string {
	switch r.Notice.Kind {
	case kiosk.NoticeQR:
		return QR(r.Notice)
	case kiosk.NoticeDataMatrix:
		return r.dataMatrix()
	case kiosk.NoticeGS1:
		return GS1(r.Notice)
	case kiosk.NoticeCodeline:
		return r.codeline()
	default:
		return ""
	}
}

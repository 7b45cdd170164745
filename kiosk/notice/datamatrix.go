package notice

// The Data Matrix of the postal slip "Bollettino Postale PA", document type 896.
//
// Its total length is never tested: codes of 255 characters are in circulation
// beside the 256 of the layout. What must fit are the fields up to the
// creditor's code; debtor and subject behind them are taken as they come.

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tserve/jolly/kiosk"
)

const (
	dmLiteral = "codfase"
	dmPhase   = "NBPA"
	dmCode    = 16  // columns of the debtor's fiscal code
	dmName    = 40  // columns of the debtor's name
	dmSubject = 110 // columns of the subject
)

func (r Reader) readDataMatrix(text string) (Reading, error) {
	c := cursor{rest: text[len(dmLiteral):]}
	number, account, cents, creditor, ok := dmFields(&c)
	if !ok {
		if c.short {
			return Reading{}, torn("Data Matrix ends too early")
		}
		return Reading{}, unreadable("Data Matrix does not fit the slip TD 896")
	}
	if containsFold(c.rest, dmLiteral+"=") || containsFold(c.rest, qrLiteral+"|") {
		return Reading{}, torn("two codes in one")
	}
	got, err := r.accept(kiosk.NoticeDataMatrix, number, creditor, cents)
	if err != nil {
		return Reading{}, err
	}
	got.Account = account
	got.slip(c.rest)
	return got, nil
}

// dmFields steps over the fields that must fit.
func dmFields(c *cursor) (number, account, cents, creditor string, ok bool) {
	// "=" and ";" may come as other signs through a keyboard layout.
	if !c.sign() || !c.lit(dmPhase) || !c.sign() {
		return
	}
	if number, ok = c.field("18", numberLen); !ok {
		return
	}
	if account, ok = c.field("12", 12); !ok {
		return
	}
	if ok = c.lit("10"); !ok {
		return
	}
	if cents, ok = dmCents(c); !ok {
		return
	}
	creditor, ok = c.digits(creditorLen)
	return
}

// dmCents steps over the amount, the document type and what is printed as
// "P1" behind them. Two generators differ: one pads the amount to 15 digits
// under the tag of 10, one leaves out the "1" in front of "P1".
func dmCents(c *cursor) (string, bool) {
	for _, padding := range []string{"", "00000"} {
		try := *c
		cents, ok := try.field(padding, 10)
		if ok && try.lit(codelineType) {
			try.skip('1')
			if try.lit("P1") {
				*c = try
				return cents, true
			}
		}
		c.short = c.short || try.short
	}
	return "", false
}

// sign steps over one sign that is neither letter nor digit of ASCII.
func (c *cursor) sign() bool {
	if c.rest == "" {
		c.short = true
		return false
	}
	if isDigit(c.rest[0]) || isLetter(c.rest[0]) {
		return false
	}
	_, size := utf8.DecodeRuneInString(c.rest)
	c.rest = c.rest[size:]
	return true
}

// slip takes debtor and subject from the columns behind the creditor's code.
func (r *Reading) slip(rest string) {
	cols := columns(rest)
	if len(cols) <= dmCode+dmName+dmSubject {
		cols = cutTerminator(cols)
	}
	code, cols := cutColumns(cols, dmCode)
	name, cols := cutColumns(cols, dmName)
	if n := len(name); n == dmName && name[n-3] == ' ' && name[n-2] == ' ' && name[n-1] != ' ' {
		// The name was padded to 39 columns: its last one is the subject's first.
		cols = append([]rune{name[n-1]}, cols...)
		name = name[:n-1]
	}
	subject, _ := cutColumns(cols, dmSubject)
	r.DebtorCode = kiosk.FiscalCode(strings.TrimSpace(strings.ToUpper(string(code))))
	r.Debtor = kiosk.DebtorName(strings.TrimSpace(string(name)))
	r.Subject = Subject(strings.TrimSpace(string(subject)))
}

// columns are the characters of a text, UTF-8 or else Latin-1, control
// characters as blanks.
func columns(s string) []rune {
	out := make([]rune, 0, len(s))
	if !utf8.ValidString(s) {
		for i := range len(s) {
			out = append(out, printable(rune(s[i])))
		}
		return out
	}
	for _, r := range s {
		out = append(out, printable(r))
	}
	return out
}

func printable(r rune) rune {
	if unicode.IsControl(r) || unicode.IsSpace(r) {
		return ' '
	}
	return r
}

// cutTerminator takes a final "A" off a slip that is shorter than its columns,
// where the padding in front of it shows that it is the terminator.
func cutTerminator(cols []rune) []rune {
	n := len(cols)
	for n > 0 && cols[n-1] == ' ' {
		n--
	}
	if n >= 3 && cols[n-1] == 'A' && cols[n-2] == ' ' && cols[n-3] == ' ' {
		return cols[:n-1]
	}
	return cols
}

func cutColumns(cols []rune, n int) (head, tail []rune) {
	n = min(n, len(cols))
	return cols[:n], cols[n:]
}

// dataMatrix writes the reading in the 256 columns of the layout.
func (r Reading) dataMatrix() string {
	line := r.codeline()
	if line == "" || len(r.Notice.Creditor) != creditorLen {
		return ""
	}
	return dmLiteral + "=" + dmPhase + ";" + line + "1P1" + string(r.Notice.Creditor) +
		pad(r.DebtorCode.Clear(), dmCode) + pad(r.Debtor.Clear(), dmName) + pad(r.Subject.Clear(), dmSubject) +
		strings.Repeat(" ", 12) + "A"
}

func pad(s string, n int) string { return fmt.Sprintf("%-*.*s", n, n, s) }

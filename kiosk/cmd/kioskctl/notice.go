package main

// What papers say: a code per line in, a JSON object per line out.

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/kiosk/notice"
)

// longestLine is more than any code holds, in JSON's longest writing.
const longestLine = 1 << 20

// errNotOK ends a command with --strict: the answers are printed already.
var errNotOK = errors.New("not every line is ok")

// noticeCommands are `notice` and `check`. They need no kiosk and no
// configuration. What they print is what stands on the paper, names included.
func noticeCommands(out io.Writer) []*cobra.Command {
	papers := &cobra.Command{Use: "notice", Short: "What the codes on a paper say"}
	papers.AddCommand(decodeCommand(out), imageCommand(out))
	check := &cobra.Command{Use: "check", Short: "Check numbers: one per line in, JSON lines out"}
	for _, c := range checks {
		check.AddCommand(lineCommand(out, c.use, c.short, func(line string) (any, bool) { return c.check(unquoted(line)) }))
	}
	return []*cobra.Command{papers, check}
}

func decodeCommand(out io.Writer) *cobra.Command {
	var r notice.Reader
	cmd := lineCommand(out, "decode", "Decode texts of codes: one per line in (a JSON string if it holds control characters), JSON lines out",
		func(line string) (any, bool) {
			d := decode(r, kiosk.ScannedCode{Text: unquoted(line)})
			return d, d.OK
		})
	cmd.Flags().BoolVar(&r.AnyAuxDigit, "any-aux-digit", false, "accept first digits 4 to 9, as test systems have")
	return cmd
}

// lineCommand is a command that answers each line of its input. It succeeds
// when every line was answered, whatever the answers are; with --strict only
// when all of them are ok.
func lineCommand(out io.Writer, use, short string, answer func(string) (any, bool)) *cobra.Command {
	var strict bool
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&strict, "strict", false, "end with status 1 unless every answer is ok")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		allOK, err := answerLines(cmd.InOrStdin(), out, answer)
		if err == nil && strict && !allOK {
			err = errNotOK
		}
		return err
	}
	return cmd
}

// answerLines writes each answer before it reads on, so that a person can type.
func answerLines(in io.Reader, out io.Writer, answer func(string) (any, bool)) (allOK bool, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	allOK = true
	for lines.Scan() {
		a, ok := answer(lines.Text())
		allOK = allOK && ok
		if err := writeLine(out, a); err != nil {
			return false, err
		}
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("read input: %w", err)
	}
	return allOK, nil
}

func writeLine(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// unquoted is the text of a line: the line itself, or what the JSON string in it says.
func unquoted(line string) string {
	var text string
	if strings.HasPrefix(line, `"`) && json.Unmarshal([]byte(line), &text) == nil {
		return text
	}
	return line
}

// decoded is one answer of decode. Exactly these names are a promise.
type decoded struct {
	OK bool `json:"ok"`

	Kind       string   `json:"kind,omitempty"`
	Notice     string   `json:"notice,omitempty"`
	Creditor   string   `json:"creditor,omitempty"`
	Cents      *int64   `json:"amountCents,omitempty"` // absent where the code holds none
	IUV        string   `json:"iuv,omitempty"`
	AuxDigit   string   `json:"auxDigit,omitempty"`
	GLN        string   `json:"gln,omitempty"`
	Account    string   `json:"account,omitempty"`
	Debtor     string   `json:"debtor,omitempty"`
	DebtorCode string   `json:"debtorCode,omitempty"`
	Subject    string   `json:"subject,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`

	Problem string `json:"problem,omitempty"`
	Text    string `json:"text,omitempty"`
}

// kinds are the names of the kinds of notices.
var kinds = map[kiosk.NoticeKind]string{
	kiosk.NoticeQR: "qr", kiosk.NoticeDataMatrix: "datamatrix", kiosk.NoticeGS1: "gs1-128",
	kiosk.NoticeCodeline: "codeline", kiosk.NoticeTyped: "typed",
}

// decode answers one code: as scanned or, where it is digits in groups as they
// stand on paper, as typed.
func decode(r notice.Reader, code kiosk.ScannedCode) decoded {
	got, err := r.Decode(code)
	if err != nil && isTyped(code) {
		got.Notice, err = readTyped(r, code.Text)
	}
	if err != nil {
		return refused(kiosk.CodeOf(err))
	}
	n := got.Notice
	d := decoded{
		OK: true, Kind: kinds[n.Kind], Notice: string(n.Number), Creditor: string(n.Creditor), IUV: n.Number.IUV(), AuxDigit: string(n.Number.AuxDigit()),
		GLN: n.GLN, Account: got.Account, Debtor: got.Debtor.Clear(), DebtorCode: got.DebtorCode.Clear(), Subject: got.Subject.Clear(),
		Warnings: warnings(n.Warnings),
	}
	if d.Creditor == "" {
		c, _ := notice.CreditorOf(n.GLN)
		d.Creditor = string(c)
	}
	if n.Kind != kiosk.NoticeTyped {
		cents := n.Amount.Cents()
		d.Cents = &cents
	}
	return d
}

func refused(code kiosk.Code) decoded {
	title := i18n.T(kiosk.Italian, "problem_"+string(code)+"_title", nil)
	text := i18n.T(kiosk.Italian, "problem_"+string(code)+"_text", nil)
	return decoded{Problem: string(code), Text: title + ". " + text}
}

func warnings(w kiosk.Warning) []string {
	var out []string
	if w.Has(kiosk.WarnCheckDigits) {
		out = append(out, "check-digits")
	}
	if w.Has(kiosk.WarnCreditorCheck) {
		out = append(out, "creditor-check")
	}
	return out
}

// The digits of what can be typed: a notice number, alone or with its creditor.
const (
	numberDigits   = 18
	creditorDigits = 11
)

// isTyped says that a text is a notice number as people write it: 18 digits,
// the creditor's 11 behind them or not, or digits in groups. A reader sends no
// groups and tells its symbology.
func isTyped(code kiosk.ScannedCode) bool {
	digits := onlyDigits(code.Text)
	if code.AIM != "" || digits == "" || strings.Trim(code.Text, "0123456789 \t-\u00a0\u2010\u2011\u2012\u2013\u2014") != "" {
		return false
	}
	grouped := len(digits) != len(strings.TrimSpace(code.Text))
	return grouped || len(digits) == numberDigits || len(digits) == numberDigits+creditorDigits
}

func onlyDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

func readTyped(r notice.Reader, text string) (kiosk.Notice, error) {
	digits := onlyDigits(text)
	if len(digits) == numberDigits+creditorDigits {
		return r.ReadTyped(digits[:numberDigits], digits[numberDigits:])
	}
	number, doubt, err := r.CheckNumber(digits)
	return kiosk.Notice{Kind: kiosk.NoticeTyped, Number: number, Warnings: doubt}, err
}

package kiosk

// The payment notice: what a code on paper, or a number typed from it, says.

// NoticeNumber is the 18 digits of a "Codice Avviso" (SACI 1.4.0, chapter 2).
type NoticeNumber string

// CreditorCode is the 11-digit fiscal code of a creditor body: public, not personal.
type CreditorCode string

// AuxDigit is the first digit: 0 to 3 on pagoPA notices.
func (n NoticeNumber) AuxDigit() byte {
	if n == "" {
		return 0
	}
	return n[0]
}

// IUV is the creditor's reference inside the number: the last 15 digits under
// aux digit 0, the last 17 under the others (SACI 1.4.0, 2.1).
func (n NoticeNumber) IUV() string {
	if len(n) != 18 {
		return ""
	}
	if n[0] == '0' {
		return string(n[3:])
	}
	return string(n[1:])
}

// Grouped writes the number in fours, as it stands on the paper.
func (n NoticeNumber) Grouped() string { return groupFours(string(n)) }

func groupFours(s string) string {
	out := make([]byte, 0, len(s)+len(s)/4)
	for i := range len(s) {
		if i > 0 && i%4 == 0 {
			out = append(out, ' ')
		}
		out = append(out, s[i])
	}
	return string(out)
}

// NoticeKind says from what a notice was read.
type NoticeKind int

// Where a notice came from.
const (
	NoticeQR         NoticeKind = iota + 1 // QR code PAGOPA|002|...
	NoticeDataMatrix                       // Data Matrix of the postal slip TD 896
	NoticeGS1                              // GS1-128 of older notices
	NoticeCodeline                         // 50-digit code line of a postal slip
	NoticeTyped                            // digits typed on the screen
)

// Warning is a doubt about a notice that does not forbid to ask the gateway.
type Warning uint8

// The doubts, as bits.
const (
	WarnCheckDigits   Warning = 1 << iota // mod 93 of the notice number does not hold
	WarnCreditorCheck                     // Luhn of the creditor's code does not hold
)

// Has says that the doubt w is among them.
func (s Warning) Has(w Warning) bool { return s&w != 0 }

// Notice is one payment notice as read: the question put to the gateway.
// Amount is only a hint; what is owed is what the gateway says.
type Notice struct {
	Kind     NoticeKind
	Number   NoticeNumber
	Creditor CreditorCode
	Amount   Amount // as printed, 0 when the code holds none
	GLN      string // GS1 only, 13 digits: names the creditor instead of its code
	Warnings Warning
}

// SamePaper says that two notices ask for the same debt.
func (n Notice) SamePaper(m Notice) bool { return n.Number == m.Number && n.Creditor == m.Creditor }

// ScannedCode is one code as a reader sent it, without prefix and suffix.
type ScannedCode struct {
	AIM  string // AIM symbology identifier such as "Q1", "d1", "C1"; "" when the reader sends none
	Text string
}

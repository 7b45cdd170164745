package ecr17

// Replies: what the terminal answers.

import (
	"fmt"

	"github.com/tserve/jolly/kiosk"
)

// The codes of the replies, position 10, where they are not those of their requests.
const (
	CodeResult byte = 'E' // of a payment, a reversal, a last result
	CodeDCC    byte = 'V' // of a payment in the card's own currency
	CodeTicket byte = 'S' // a piece of a ticket to print
)

// The result codes, positions 11 and 12.
const (
	ResultOK         = "00"
	ResultKO         = "01"
	ResultNoCard     = "05" // card not present
	ResultUnknownTag = "09" // additional data not understood
)

// Operative is the status digit of a terminal that can take payments.
const Operative byte = '2'

// Reply is one of [StatusReply], [Result], [TotalsReply], [CloseReply] and [Ticket].
type Reply interface {
	// Encode writes the message; an error wraps [ErrLayout].
	Encode() (string, error)
}

// StatusReply tells whether the terminal is operative.
type StatusReply struct {
	Terminal string
	Clock    string // DDMMYYhhmm
	Status   byte   // '2' operative, see StatusText
	Releases string // software releases, eight characters each
}

// StatusText says in words what a status digit means.
func StatusText(status byte) string {
	names := map[byte]string{
		'0': "not configured", '1': "no download", '2': "operative", '3': "not aligned", '4': "key corrupted",
		'5': "download pending", '6': "software update pending",
	}
	if s, ok := names[status]; ok {
		return s
	}
	return fmt.Sprintf("status %q", status)
}

// Form is which of the four tables a result has.
type Form int

// The forms of a result.
const (
	Plain    Form = iota + 1 // 71 bytes, answer to P
	Reversed                 // 84 bytes, answer to S
	Extended                 // 92 bytes, answer to X
	DCC                      // 117 bytes, code V
)

var formLength = map[Form]int{Plain: 71, Reversed: 84, Extended: 92, DCC: 117}

// Result is the end of a payment or of a reversal.
type Result struct {
	Terminal string
	Form     Form
	Code     string // "00" OK, else not taken
	Text     string // why not; empty when OK
	PAN      kiosk.MaskedPAN
	Entry    string // "ICC", "MAG", "MAN", "CLM", "CLI"
	AuthCode string // zeros in a reversal
	HostTime string // DDDHHMM
	CardType byte   // '1' Bancomat, '2' credit, '3' other
	Acquirer string
	STAN     string
	OnlineID string

	ActionCode string       // all forms but Plain
	Amount     kiosk.Amount // authorised by the host: Extended; original amount: DCC
	Converted  Conversion   // DCC alone
}

// Conversion is the amount in the card's own currency.
type Conversion struct {
	Applied  bool
	Rate     string // eight digits, four of them decimals
	Currency string
	Amount   string // twelve digits
	Decimals byte
}

// OK says that the operation was done.
func (r Result) OK() bool { return r.Code == ResultOK }

// TellsAmount says that the form carries the amount that the host authorised.
func (r Result) TellsAmount() bool { return r.Form == Extended || r.Form == DCC }

// TotalsReply tells the sum of the session.
type TotalsReply struct {
	Terminal string
	Code     string
	Total    kiosk.Amount
}

// CloseReply tells how the closing of the session ended.
type CloseReply struct {
	Terminal   string
	Code       string
	Total      kiosk.Amount // of the terminal; when OK
	HostTotal  kiosk.Amount // of the host; when OK
	Text       string       // why not; when not OK
	ActionCode string       // when not OK
}

// Ticket is a piece of a ticket to print, at most 200 characters with 0x7D for
// a new line, 0x7F for double height and 0x1B at the end.
type Ticket struct {
	Terminal string
	Text     string
}

// Encode writes 31 bytes and the releases.
func (p StatusReply) Encode() (string, error) {
	var w writer
	w.header(p.Terminal, CodeStatus)
	w.zeros(10)                             // 11-20
	w.exact("clock", p.Clock, 10)           // 21-30
	w.choice("status", p.Status, "0123456") // 31
	w.b.WriteString(p.Releases)
	return w.done()
}

// Encode writes the table of the result's form.
func (p Result) Encode() (string, error) {
	var w writer
	code := CodeResult
	if p.Form == DCC {
		code = CodeDCC
	}
	w.header(p.Terminal, code)
	w.exact("result", p.Code, 2) // 11-12
	if p.OK() {
		w.digits("PAN", p.PAN.Clear(), 19)   // 13-31
		w.exact("entry", p.Entry, 3)         // 32-34
		w.digits("auth code", p.AuthCode, 6) // 35-40
		w.exact("host time", p.HostTime, 7)  // 41-47
	} else {
		w.left("text", p.Text, 24) // 13-36
		w.zeros(11)                // 37-47
	}
	w.choice("card type", p.CardType, "3120") // 48: other, unless told
	w.left("acquirer", p.Acquirer, 11)        // 49-59
	w.digits("STAN", p.STAN, 6)               // 60-65
	w.digits("online id", p.OnlineID, 6)      // 66-71
	p.encodeRest(&w)
	return w.done()
}

func (p Result) encodeRest(w *writer) {
	switch p.Form {
	case Plain:
	case Reversed:
		w.digits("action code", p.ActionCode, 3)
		w.zeros(10)
	case Extended:
		w.digits("action code", p.ActionCode, 3)
		w.amount("amount", p.Amount, 8)
		w.zeros(10)
	case DCC:
		w.digits("action code", p.ActionCode, 3)      // 72-74
		w.amount("amount", p.Amount, 8)               // 75-82
		w.flag(p.Converted.Applied)                   // 83
		w.digits("rate", p.Converted.Rate, 8)         // 84-91
		w.left("currency", p.Converted.Currency, 3)   // 92-94
		w.digits("converted", p.Converted.Amount, 12) // 95-106
		w.choice("decimals", p.Converted.Decimals, "0123456789")
		w.zeros(10) // 108-117
	default:
		w.fail("result without a form")
	}
}

// Encode writes 28 bytes.
func (p TotalsReply) Encode() (string, error) {
	var w writer
	w.header(p.Terminal, CodeTotals)
	w.exact("result", p.Code, 2)   // 11-12
	w.amount("total", p.Total, 16) // 13-28
	return w.done()
}

// Encode writes 44 bytes when OK, else 34.
func (p CloseReply) Encode() (string, error) {
	var w writer
	w.header(p.Terminal, CodeClose)
	w.exact("result", p.Code, 2) // 11-12
	if p.Code == ResultOK {
		w.amount("total", p.Total, 16)          // 13-28
		w.amount("host total", p.HostTotal, 16) // 29-44
	} else {
		w.left("text", p.Text, 19)               // 13-31
		w.digits("action code", p.ActionCode, 3) // 32-34
	}
	return w.done()
}

// Encode writes the header and the text.
func (p Ticket) Encode() (string, error) {
	var w writer
	w.header(p.Terminal, CodeTicket)
	if len(p.Text) > 200 {
		w.fail("ticket: %d characters", len(p.Text))
	}
	w.b.WriteString(p.Text)
	return w.done()
}

// IsResult says that a message calls itself the result of an operation, whether or not it fits its table.
func IsResult(body string) bool {
	return len(body) >= 10 && (body[9] == CodeResult || body[9] == CodeDCC)
}

// DecodeReply reads a message of the terminal.
func DecodeReply(body string) (Reply, error) {
	r := &reader{body: body}
	terminal, code := r.at(1, 8), r.at(10, 10)[0]
	r.constant(9, "0")
	if code != CodeTicket && !printable(body) {
		r.fail("characters that are not printable")
	}
	if r.err != nil {
		return nil, fmt.Errorf("decode reply: %w", r.err)
	}
	p := decodeReply(r, terminal, code)
	if r.err != nil {
		return nil, fmt.Errorf("decode reply %q: %w", code, r.err)
	}
	return p, nil
}

func decodeReply(r *reader, terminal string, code byte) Reply {
	switch code {
	case CodeStatus:
		p := StatusReply{Terminal: terminal, Clock: r.at(21, 30), Status: r.at(31, 31)[0]}
		if r.err == nil {
			p.Releases = r.body[31:]
		}
		return p
	case CodeResult, CodeDCC:
		return decodeResult(r, terminal, code)
	case CodeTotals:
		p := TotalsReply{Terminal: terminal, Code: r.at(11, 12)}
		if p.Code == ResultOK {
			p.Total = r.amount(13, 28)
		}
		return p
	case CodeClose:
		p := CloseReply{Terminal: terminal, Code: r.at(11, 12)}
		if p.Code == ResultOK {
			p.Total, p.HostTotal = r.amount(13, 28), r.amount(29, 44)
		} else {
			p.Text, p.ActionCode = r.text(13, 31), r.at(32, 34)
		}
		return p
	case CodeTicket:
		if len(r.body) > 210 {
			r.fail("ticket of %d bytes", len(r.body))
		}
		return Ticket{Terminal: terminal, Text: r.body[10:]}
	}
	r.fail("no such reply")
	return nil
}

func formOf(length int, code byte) (Form, bool) {
	for form, n := range formLength {
		if n == length && (form == DCC) == (code == CodeDCC) {
			return form, true
		}
	}
	return 0, false
}

func decodeResult(r *reader, terminal string, code byte) Reply {
	form, ok := formOf(len(r.body), code)
	if !ok {
		r.fail("%d bytes fit no result", len(r.body))
		return nil
	}
	p := Result{
		Terminal: terminal, Form: form, Code: r.at(11, 12),
		CardType: r.at(48, 48)[0], Acquirer: r.text(49, 59), STAN: r.text(60, 65), OnlineID: r.text(66, 71),
	}
	if p.OK() {
		p.PAN = kiosk.MaskedPAN(r.at(13, 31))
		p.Entry, p.AuthCode, p.HostTime = r.text(32, 34), r.text(35, 40), r.text(41, 47)
	} else {
		p.Text = r.text(13, 36)
	}
	if form != Plain {
		p.ActionCode = r.text(72, 74)
	}
	// Money stands in a result that is OK alone; in the others the field may hold anything.
	if p.OK() && p.TellsAmount() {
		p.Amount = r.amount(75, 82)
	}
	if form == DCC {
		p.Converted = Conversion{
			Applied: r.at(83, 83) == "1", Rate: r.at(84, 91), Currency: r.text(92, 94), Amount: r.at(95, 106), Decimals: r.at(107, 107)[0],
		}
	}
	return p
}

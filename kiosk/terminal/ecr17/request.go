package ecr17

// Requests: what the cash register asks of the terminal.

import (
	"fmt"

	"github.com/tserve/jolly/kiosk"
)

// The codes of the requests, position 10.
const (
	CodeStatus     byte = 's'
	CodePayment    byte = 'P'
	CodeExtended   byte = 'X' // payment whose result tells the amount that the host authorised
	CodeLastResult byte = 'G'
	CodeReversal   byte = 'S'
	CodeTotals     byte = 'T'
	CodeClose      byte = 'C'
	CodePrint      byte = 'E'
	CodeReprint    byte = 'R'
)

// Request is one of [StatusRequest], [PaymentRequest], [LastResultRequest],
// [ReversalRequest], [TotalsRequest], [CloseRequest], [PrintRequest] and
// [ReprintRequest].
type Request interface {
	// Encode writes the message; an error wraps [ErrLayout].
	Encode() (string, error)
	// Code is the letter at position 10.
	Code() byte
}

// StatusRequest asks whether the terminal is operative.
type StatusRequest struct{ Terminal string }

// PaymentRequest asks for a payment.
type PaymentRequest struct {
	Terminal    string
	Register    string
	Extended    bool         // X instead of P
	Additional  bool         // additional data were sent before
	CardPresent bool         // the card is in the reader already
	CardType    byte         // '0' automatic, '1' debit, '2' credit, '3' other
	Amount      kiosk.Amount // at most eight digits of cents
	Text        string       // at most 128 characters, printed on the slip
}

// LastResultRequest asks for the last saved result once more.
type LastResultRequest struct{ Terminal, Register string }

// ReversalRequest asks to take the last payment back; the same card is needed again.
type ReversalRequest struct {
	Terminal string
	Register string
	STAN     string // "000000" does not check
}

// TotalsRequest asks for the sum of the session.
type TotalsRequest struct{ Terminal, Register string }

// CloseRequest closes the session.
type CloseRequest struct{ Terminal, Register string }

// PrintRequest sets where the next ticket is printed; the answer is an ACK alone.
type PrintRequest struct {
	Terminal string
	Mode     byte // '0' terminal, '1' cash register; PAX also '2' both, '3' merchant's copy on the register
}

// ReprintRequest asks for the last ticket.
type ReprintRequest struct {
	Terminal   string
	ToRegister bool
	Ticket     byte // '0' financial
}

// Code is [CodeStatus].
func (StatusRequest) Code() byte { return CodeStatus }

// Code is [CodePayment] or [CodeExtended].
func (q PaymentRequest) Code() byte {
	if q.Extended {
		return CodeExtended
	}
	return CodePayment
}

// Code is [CodeLastResult].
func (LastResultRequest) Code() byte { return CodeLastResult }

// Code is [CodeReversal].
func (ReversalRequest) Code() byte { return CodeReversal }

// Code is [CodeTotals].
func (TotalsRequest) Code() byte { return CodeTotals }

// Code is [CodeClose].
func (CloseRequest) Code() byte { return CodeClose }

// Code is [CodePrint].
func (PrintRequest) Code() byte { return CodePrint }

// Code is [CodeReprint].
func (ReprintRequest) Code() byte { return CodeReprint }

// Encode writes the 10 bytes.
func (q StatusRequest) Encode() (string, error) {
	var w writer
	w.header(q.Terminal, CodeStatus)
	return w.done()
}

// Encode writes the 167 bytes.
func (q PaymentRequest) Encode() (string, error) {
	var w writer
	w.header(q.Terminal, q.Code())             // 1-10
	w.exact("cash register ID", q.Register, 8) // 11-18
	w.flag(q.Additional)                       // 19
	w.zeros(2)                                 // 20-21
	w.flag(q.CardPresent)                      // 22
	w.choice("card type", q.CardType, "0123")  // 23
	w.amount("amount", q.Amount, 8)            // 24-31
	w.right("text", q.Text, 128)               // 32-159
	w.zeros(8)                                 // 160-167
	return w.done()
}

// Encode writes the 22 bytes.
func (q LastResultRequest) Encode() (string, error) {
	return tail(q.Terminal, q.Register, CodeLastResult, 4)
}

// Encode writes the 26 bytes.
func (q ReversalRequest) Encode() (string, error) {
	var w writer
	w.header(q.Terminal, CodeReversal)         // 1-10
	w.exact("cash register ID", q.Register, 8) // 11-18
	w.digits("STAN", q.STAN, 6)                // 19-24
	w.zeros(2)                                 // 25-26
	return w.done()
}

// Encode writes the 26 bytes.
func (q TotalsRequest) Encode() (string, error) { return tail(q.Terminal, q.Register, CodeTotals, 8) }

// Encode writes the 26 bytes.
func (q CloseRequest) Encode() (string, error) { return tail(q.Terminal, q.Register, CodeClose, 8) }

// Encode writes the 11 bytes.
func (q PrintRequest) Encode() (string, error) {
	var w writer
	w.header(q.Terminal, CodePrint)
	w.choice("print mode", q.Mode, "0123")
	return w.done()
}

// Encode writes the 22 bytes.
func (q ReprintRequest) Encode() (string, error) {
	var w writer
	w.header(q.Terminal, CodeReprint)
	w.flag(q.ToRegister)
	w.choice("ticket", q.Ticket, "0123456789")
	w.zeros(10)
	return w.done()
}

// tail writes a request that is a header and zeros.
func tail(terminal, register string, code byte, zeros int) (string, error) {
	var w writer
	w.header(terminal, code)
	w.exact("cash register ID", register, 8)
	w.zeros(zeros)
	return w.done()
}

// DecodeRequest reads a request as the terminal gets it.
func DecodeRequest(body string) (Request, error) {
	r := &reader{body: body}
	if !printable(body) {
		r.fail("characters that are not printable")
	}
	terminal, code := r.at(1, 8), r.at(10, 10)[0]
	r.constant(9, "0")
	if r.err != nil {
		return nil, fmt.Errorf("decode request: %w", r.err)
	}
	q := decodeBody(r, terminal, code)
	if r.err != nil {
		return nil, fmt.Errorf("decode request %q: %w", code, r.err)
	}
	return q, nil
}

func decodeBody(r *reader, terminal string, code byte) Request {
	switch code {
	case CodeStatus:
		r.length(10)
		return StatusRequest{Terminal: terminal}
	case CodePayment, CodeExtended:
		return decodePayment(r, terminal, code)
	case CodeLastResult:
		r.length(22)
		r.zeros(20, 22)
		return LastResultRequest{Terminal: terminal, Register: r.at(11, 18)}
	case CodeReversal:
		r.length(26)
		return ReversalRequest{Terminal: terminal, Register: r.at(11, 18), STAN: r.at(19, 24)}
	case CodeTotals:
		r.length(26)
		return TotalsRequest{Terminal: terminal, Register: r.at(11, 18)}
	case CodeClose:
		r.length(26)
		return CloseRequest{Terminal: terminal, Register: r.at(11, 18)}
	case CodePrint:
		r.length(11)
		return PrintRequest{Terminal: terminal, Mode: r.choice(11, "0123")}
	case CodeReprint:
		r.length(22)
		return ReprintRequest{Terminal: terminal, ToRegister: r.flag(11), Ticket: r.choice(12, "0123456789")}
	}
	r.fail("no such request")
	return nil
}

func decodePayment(r *reader, terminal string, code byte) Request {
	r.length(167)
	r.constant(20, "00")
	return PaymentRequest{
		Terminal:    terminal,
		Register:    r.at(11, 18),
		Extended:    code == CodeExtended,
		Additional:  r.flag(19),
		CardPresent: r.flag(22),
		CardType:    r.choice(23, "0123"),
		Amount:      r.amount(24, 31),
		Text:        r.text(32, 159),
	}
}

package sim

// Transactions: payment, reversal, totals, close, last result.

import (
	"context"
	"fmt"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// The texts of refusals.
const (
	textCancelled = "OPERAZIONE ANNULLATA"
	textTimeout   = "TEMPO SCADUTO"
	textNone      = "NESSUNA OPERAZIONE"
	textOtherCard = "CARTA DIVERSA"
)

// ticketPiece is how much of a ticket one message carries: less than it could,
// so that every ticket comes in pieces.
const ticketPiece = 40

const releases = "SYS03.4ESSA05.5CMST08.55EMV08.81ECR01.55"

// handle does what an accepted request asks; false when the line is to be closed.
func (l *line) handle(ctx context.Context, q ecr17.Request, b Behaviour) bool {
	switch q := q.(type) {
	case ecr17.StatusRequest:
		return l.simple(q.Code(), b, l.s.status(b))
	case ecr17.LastResultRequest:
		body := l.s.lastResult()
		if body == "" {
			return l.nak(q.Code()) // the documents do not say what a terminal without a result answers
		}
		return l.send(q.Code(), b, body)
	case ecr17.TotalsRequest:
		return l.simple(q.Code(), b, ecr17.TotalsReply{Terminal: l.s.cfg.TerminalID, Code: ecr17.ResultOK, Total: l.s.session(false)})
	case ecr17.CloseRequest:
		return l.closeDay(q, b)
	case ecr17.PaymentRequest:
		return l.pay(ctx, q, b)
	case ecr17.ReversalRequest:
		return l.reverse(ctx, q, b)
	case ecr17.PrintRequest:
		l.s.mu.Lock()
		l.s.print = q.Mode
		l.s.mu.Unlock()
		return l.control(ecr17.ACK) == nil
	case ecr17.ReprintRequest:
		return l.reprint(q, b)
	}
	return l.nak(q.Code())
}

// reprint sends the last ticket in pieces; one for the terminal's own paper, or
// none at all, is refused.
func (l *line) reprint(q ecr17.ReprintRequest, b Behaviour) bool {
	l.s.mu.Lock()
	text := l.s.ticket
	l.s.mu.Unlock()
	if !q.ToRegister || text == "" {
		return l.nak(q.Code())
	}
	before, err := l.accept(b)
	if err != nil {
		return false
	}
	if b.Kind == DropAfter || b.Kind == DropBefore {
		l.s.tell(EventDropped, q.Code(), "")
		return false
	}
	for len(text) > 0 {
		n := min(len(text), ticketPiece)
		body, err := (ecr17.Ticket{Terminal: l.s.cfg.TerminalID, Text: text[:n]}).Encode()
		if err != nil || !l.answer(body, b, before, func() { l.s.tell(EventSent, q.Code(), "") }, func() { l.s.tell(EventAcked, q.Code(), "") }) {
			return false
		}
		text, before = text[n:], nil
	}
	return true
}

// closeDay closes the session: a line that is lost after the host has closed
// leaves it closed, one that is lost before leaves it open.
func (l *line) closeDay(q ecr17.CloseRequest, b Behaviour) bool {
	if b.Kind == DropBefore {
		_ = l.control(ecr17.ACK)
		l.s.tell(EventDropped, q.Code(), "")
		return false
	}
	return l.simple(q.Code(), b, l.s.closeSession(b))
}

func (l *line) simple(code byte, b Behaviour, p ecr17.Reply) bool {
	body, err := p.Encode()
	if err != nil {
		l.s.cfg.Log.Error("terminal simulator: answer does not fit its table", "err", err)
		return false
	}
	return l.send(code, b, body)
}

// send acknowledges a request and answers it at once.
func (l *line) send(code byte, b Behaviour, body string) bool {
	before, err := l.accept(b)
	if err != nil {
		return false
	}
	if b.Kind == DropAfter || b.Kind == DropBefore {
		l.s.tell(EventDropped, code, "")
		return false
	}
	return l.answer(body, b, before, func() { l.s.tell(EventSent, code, "") }, func() { l.s.tell(EventAcked, code, "") })
}

func (s *Sim) status(b Behaviour) ecr17.StatusReply {
	p := ecr17.StatusReply{Terminal: s.cfg.TerminalID, Clock: s.cfg.Now().Format("0201061504"), Status: ecr17.Operative, Releases: releases}
	if b.Kind == NotOperative {
		p.Status = b.Status
	}
	return p
}

func (s *Sim) lastResult() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// session sums the charges since the last close, and closes them.
func (s *Sim) session(closeIt bool) kiosk.Amount {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum kiosk.Amount
	for i, e := range s.entries {
		if e.InSession && e.Outcome == kiosk.Charged && !e.Reversed {
			sum += e.Amount
		}
		s.entries[i].InSession = e.InSession && !closeIt
	}
	if closeIt {
		s.closings++
	}
	return sum
}

func (s *Sim) closeSession(b Behaviour) ecr17.CloseReply {
	p := ecr17.CloseReply{Terminal: s.cfg.TerminalID, Code: ecr17.ResultOK}
	if b.Kind == Decline {
		p.Code, p.Text, p.ActionCode = ecr17.ResultKO, "HOST NON RISPONDE", "909"
		return p
	}
	p.Total = s.session(true)
	p.HostTotal = p.Total
	s.tell(EventClosed, ecr17.CodeClose, "")
	return p
}

// pay runs one payment. From the moment that the request is accepted it runs
// to its end, whatever becomes of the line.
func (l *line) pay(ctx context.Context, q ecr17.PaymentRequest, b Behaviour) bool {
	l.s.begin(q.Amount, q.Text)
	defer l.s.end()
	before, err := l.accept(b)
	if err != nil {
		return false // the cash register cannot know that it was accepted: nothing begins
	}
	k, why := l.card(ctx, q.Code(), b)
	if why == "" && b.Kind == DropBefore {
		l.s.tell(EventDropped, q.Code(), "")
		return false
	}
	if why == "" {
		why = l.authorise(ctx, b, k)
	}
	if ctx.Err() != nil {
		return false // switched off
	}
	i, body := l.s.settle(q, b, k, why)
	if i < 0 {
		return false
	}
	if b.Kind == DropAfter {
		l.s.tell(EventDropped, q.Code(), "")
		return false
	}
	return l.result(q.Code(), b, before, i, body) && l.s.cfg.KeepOpen
}

// result sends the result of entry i, and its ticket if one is wanted.
func (l *line) result(code byte, b Behaviour, before []byte, i int, body string) bool {
	stan := l.s.entry(i).STAN
	ok := l.answer(body, b, before,
		func() { l.s.mark(i, func(e *Entry) { e.Sent++ }); l.s.tell(EventSent, code, stan) },
		func() { l.s.mark(i, func(e *Entry) { e.Acked = true }); l.s.tell(EventAcked, code, stan) })
	if !ok {
		l.s.tell(EventLost, code, stan)
		return false
	}
	if text, wanted := l.s.takeTicket(); wanted {
		if body, err := (ecr17.Ticket{Terminal: l.s.cfg.TerminalID, Text: text}).Encode(); err == nil {
			return l.answer(body, Behaviour{}, nil, func() {}, func() {})
		}
	}
	return true
}

// card asks for a card: what came, and why not if nothing did.
func (l *line) card(ctx context.Context, code byte, b Behaviour) (Card, string) {
	keys := make(chan key, 1)
	l.s.mu.Lock()
	l.s.keys = keys
	l.s.mu.Unlock()
	defer func() {
		l.s.mu.Lock()
		l.s.keys = nil
		l.s.mu.Unlock()
	}()
	l.progress(b, Asking, "INSERIRE CARTA")
	l.s.tell(EventCard, code, "")
	limit := time.NewTimer(l.s.cfg.CardWait)
	defer limit.Stop()
	var auto <-chan time.Time
	if l.s.cfg.AutoCard > 0 {
		timer := time.NewTimer(l.s.cfg.AutoCard)
		defer timer.Stop()
		auto = timer.C
	}
	select {
	case k := <-keys:
		if k.red {
			return Card{}, textCancelled
		}
		l.progress(b, Working, "CARTA INSERITA")
		return k.card, ""
	case <-auto:
		l.progress(b, Working, "CARTA INSERITA")
		return l.s.cfg.DefaultCard, ""
	case <-limit.C:
		return Card{}, textTimeout
	case <-ctx.Done():
		return Card{}, textCancelled
	}
}

// authorise asks the host: why not, or "".
func (l *line) authorise(ctx context.Context, b Behaviour, c Card) string {
	l.progress(b, Working, "ELABORAZIONE...")
	wait := l.s.cfg.Work
	if b.Kind == Late {
		wait += b.Delay
		l.progress(b, Working, "ATTENDERE")
	}
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	l.s.show(Answering, "ATTENDERE")
	if b.Kind == Decline {
		return b.Text
	}
	return c.Decline
}

// begin marks the terminal as in a transaction: other lines get NAK from here.
func (s *Sim) begin(a kiosk.Amount, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = State{Phase: Working, Amount: a, Text: text}
	s.change()
}

func (s *Sim) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = State{Phase: Idle, Display: "BENVENUTO"}
	s.change()
}

// settle counts a transaction and makes its result. A refusal of the host has
// a STAN; one that never reached it has none.
func (s *Sim) settle(q ecr17.PaymentRequest, b Behaviour, c Card, why string) (int, string) {
	s.mu.Lock()
	e := Entry{Outcome: kiosk.Charged, Asked: q.Amount, Amount: q.Amount, Text: q.Text, At: s.cfg.Now(), InSession: true}
	if c.PAN != "" {
		e.STAN, e.OnlineID = s.numbers()
		e.PAN, e.privatePAN = mask(c.PAN), c.PAN
	}
	switch {
	case why != "":
		e.Outcome, e.Amount, e.Reason = kiosk.Refused, 0, why
	case b.Kind == OtherAmount && b.Amount > 0:
		e.Amount = b.Amount
	case b.Kind == OtherAmount:
		e.Amount++
	}
	if why == "" {
		e.AuthCode = "A" + e.STAN[1:]
	}
	body, err := s.resultOf(e, c, q.Extended).Encode()
	if err != nil {
		s.mu.Unlock()
		s.cfg.Log.Error("terminal simulator: result does not fit its table", "err", err)
		return -1, ""
	}
	s.entries = append(s.entries, e)
	i := len(s.entries) - 1
	if why == "" || s.cfg.SavesRefused {
		s.last = body
	}
	if why == "" {
		s.ticket = ticketOf(e)
	}
	s.mu.Unlock()
	s.tell(map[bool]string{true: EventCharged, false: EventRefused}[why == ""], q.Code(), e.STAN)
	return i, body
}

// ticketOf is the ticket of a charge.
func ticketOf(e Entry) string {
	return fmt.Sprintf("PAGAMENTO\x7dEURO %s\x7d%s\x7d\x7d\x7d\x7d\x7d\x7d\x1b", e.Amount, e.Text)
}

// numbers returns STAN and online id of the next transaction; with s.mu held.
func (s *Sim) numbers() (stan, online string) {
	stan, online = fmt.Sprintf("%06d", s.stan), fmt.Sprintf("%06d", s.online)
	if s.stan++; s.stan > 999999 {
		s.stan = 1
	}
	if s.online++; s.online > 999999 {
		s.online = 1
	}
	return stan, online
}

func (s *Sim) resultOf(e Entry, c Card, extended bool) ecr17.Result {
	p := ecr17.Result{
		Terminal: s.cfg.TerminalID, Form: ecr17.Plain, Code: ecr17.ResultOK, PAN: e.PAN, Entry: c.Entry, AuthCode: e.AuthCode,
		HostTime: fmt.Sprintf("%03d%02d%02d", e.At.YearDay(), e.At.Hour(), e.At.Minute()),
		CardType: map[string]byte{"bancomat": '1', "credit": '2'}[c.Kind], Acquirer: "00000000001", STAN: e.STAN, OnlineID: e.OnlineID,
		ActionCode: "000",
	}
	if extended {
		p.Form, p.Amount = ecr17.Extended, e.Amount
	}
	if e.Outcome != kiosk.Charged {
		p.Code, p.Text, p.ActionCode, p.Amount = ecr17.ResultKO, e.Reason, "116", 0
		return p
	}
	if c.Currency != "" {
		const rate = 10950 // four decimals
		p.Form, p.Amount = ecr17.DCC, e.Amount
		p.Converted = ecr17.Conversion{
			Applied: true, Rate: fmt.Sprintf("%08d", rate), Currency: c.Currency, Decimals: '2',
			Amount: fmt.Sprintf("%012d", e.Amount.Cents()*rate/10000),
		}
	}
	return p
}

// reverse takes the last payment back: the same card is needed again.
func (l *line) reverse(ctx context.Context, q ecr17.ReversalRequest, b Behaviour) bool {
	l.s.begin(0, "STORNO")
	defer l.s.end()
	before, err := l.accept(b)
	if err != nil {
		return false
	}
	c, why := l.card(ctx, q.Code(), b)
	if ctx.Err() != nil {
		return false
	}
	stan, body := l.s.takeBack(q.STAN, c, why)
	if body == "" {
		return false
	}
	if b.Kind == DropAfter {
		l.s.tell(EventDropped, q.Code(), stan)
		return false
	}
	return l.answer(body, b, before, func() { l.s.tell(EventSent, q.Code(), stan) }, func() { l.s.tell(EventAcked, q.Code(), stan) })
}

// takeBack reverses the last charge. Its result becomes the last result:
// whether it does on a real terminal the documents leave open, and a cash
// register must bear both.
func (s *Sim) takeBack(stan string, c Card, why string) (string, string) {
	s.mu.Lock()
	i := len(s.entries) - 1
	for i >= 0 && s.entries[i].Outcome != kiosk.Charged {
		i--
	}
	switch {
	case why != "":
	case i < 0 || s.entries[i].Reversed || !s.entries[i].InSession || (stan != "000000" && stan != s.entries[i].STAN):
		why = textNone
	case s.entries[i].privatePAN != c.PAN:
		why = textOtherCard
	}
	e := Entry{Outcome: kiosk.Charged, At: s.cfg.Now()}
	e.STAN, e.OnlineID = s.numbers()
	if why != "" {
		e.Outcome, e.Reason = kiosk.Refused, why
	} else {
		e.PAN = s.entries[i].PAN
	}
	p := s.resultOf(e, c, false)
	p.Form, p.AuthCode = ecr17.Reversed, "000000"
	body, err := p.Encode()
	if err == nil && why == "" {
		s.entries[i].Reversed, s.last = true, body
	}
	s.mu.Unlock()
	if err != nil {
		s.cfg.Log.Error("terminal simulator: result does not fit its table", "err", err)
		return "", ""
	}
	if why == "" {
		s.tell(EventReversed, ecr17.CodeReversal, e.STAN)
	}
	return e.STAN, body
}

func (s *Sim) entry(i int) Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries[i]
}

func (s *Sim) mark(i int, change func(*Entry)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.entries[i])
}

// takeTicket returns the ticket if the cash register asked to print it: once.
func (s *Sim) takeTicket() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wanted := s.print != '0' && s.ticket != ""
	s.print = '0'
	return s.ticket, wanted
}

func mask(pan string) kiosk.MaskedPAN {
	if len(pan) < 4 {
		return ""
	}
	return kiosk.MaskedPAN("************" + pan[len(pan)-4:])
}

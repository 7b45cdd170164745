package flows

// The world of a script: the pure cores, and answers on command.

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/page"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/screen"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

type world struct {
	now      kiosk.Mono
	visit    session.State
	payment  payment.State
	visitOf  uint64
	payments int
	card     uint64
	saving   payment.Journal
	asked    kiosk.Form   // of the gateway, last
	looked   kiosk.Notice // up at the gateway, last
	rows     []kiosk.OutboxRow
	name     func() kiosk.PaymentID // of the next payment; nil: "pay-1" and on
	out      []string
}

func newWorld() *world {
	return &world{now: 1, visit: session.Start(session.Devices{Scanner: true, Terminal: kiosk.TerminalReady, Printer: kiosk.PrinterReady, Gateway: true})}
}

var flowHouse = screen.House{
	Kiosk: "PO-001", Place: "Biblioteca", Body: "Comune di Prato", HelpPhone: "0574 000000", HelpHours: "8-18", PSPName: "Banca di Prova",
	PublicURL: "https://t-serve.example", Scanner: page.Right, Terminal: page.Below, Printer: page.Below,
}

func (w *world) page() page.Page { return screen.Render(w.visit, flowHouse) }

func (w *world) head() payment.Head {
	return payment.Head{ID: w.payment.ID, At: kiosk.Stamp{Mono: w.now, Wall: kiosk.Wall{UnixMilli: int64(w.now) / 1e6, Trusted: true}}}
}

// tell moves the session: the time first, as the runner does.
func (w *world) tell(e session.Event) {
	var effects, more []session.Effect
	w.visit, effects = session.Step(w.visit, session.Ticked{Now: w.now})
	if e != nil {
		w.visit, more = session.Step(w.visit, e)
	}
	for _, eff := range append(effects, more...) {
		w.sessionEffect(eff)
	}
}

func (w *world) sessionEffect(eff session.Effect) {
	switch eff := eff.(type) {
	case session.StartPayment:
		w.note("start payment of %v", eff.Cart.Total())
		w.payments++
		w.payment, w.visitOf = payment.State{}, eff.Visit
		id := kiosk.PaymentID(fmt.Sprintf("pay-%d", w.payments))
		if w.name != nil {
			id = w.name()
		}
		h := w.head()
		h.ID = id
		w.move(payment.Begun{Head: h, Previous: eff.Previous, Kiosk: "PO-001", Language: eff.Language, Cart: eff.Cart})
	case session.Consent:
		w.note("consent")
		w.move(payment.Consented{Head: w.head()})
	case session.Abandon:
		w.note("abandon %s", eff.Reason)
		w.move(payment.Abandoned{Head: w.head(), Reason: eff.Reason})
	case session.Lookup:
		w.looked = eff.Notice
		w.note("lookup %s of %s", eff.Notice.Number, eff.Notice.Creditor)
	case session.LookupForm:
		w.asked = eff.Form
		w.note("search by the form of %s", eff.Form.Service)
	case session.Print:
		w.note("print %s in %s", eff.Kind, eff.Language)
	case session.Wipe:
		w.note("wipe")
	case session.HoldDigit:
		w.note("hold a digit")
	case session.DropDigit:
		w.note("drop a digit")
	case session.WipeSecret:
		w.note("wipe the secret")
	case session.ReadCard:
		w.note("read card %d", eff.Card)
	case session.TellCardLeft:
		w.note("tell the maintainer of the card")
	case session.Sound:
		w.note("sound %s", eff.Name)
	}
}

// move moves the payment and tells the session where it stands.
func (w *world) move(e payment.Event) {
	before := w.payment.Phase
	var effects []payment.Effect
	w.payment, effects = payment.Step(w.payment, e)
	for _, eff := range effects {
		w.paymentEffect(eff)
	}
	if w.payment.Phase != before {
		w.note("payment %s", w.payment.Phase)
		w.tell(session.PaymentMoved{Visit: w.visitOf, Payment: w.payment})
	}
}

func (w *world) paymentEffect(eff payment.Effect) {
	switch eff := eff.(type) {
	case payment.Save:
		w.saving = eff.Step
		if eff.Row.Kind != "" {
			w.rows = append(w.rows, eff.Row)
		}
		if eff.Row.Kind != "" {
			w.note("save %s with row %s", eff.Step, eff.Row.Kind)
			return
		}
		w.note("save %s", eff.Step)
	case payment.Activate:
		w.note("activate")
	case payment.ReadBaseline:
		w.note("read baseline")
	case payment.Charge:
		w.note("charge %v", eff.Request.Amount)
	case payment.Resolve:
		w.note("ask the terminal for its last result")
	case payment.Push:
		w.note("push")
	case payment.StopSales:
		w.note("stop sales")
	}
}

func (w *world) note(format string, args ...any) { w.out = append(w.out, fmt.Sprintf(format, args...)) }

// play carries out one command and says what happened.
func (w *world) play(line string) ([]string, error) {
	w.out = nil
	verb, rest, _ := strings.Cut(line, " ")
	if err := w.command(verb, strings.TrimSpace(rest)); err != nil {
		return nil, err
	}
	return append(w.out, w.describe()), nil
}

func (w *world) describe() string {
	p := w.page()
	s := fmt.Sprintf("page %s: %s", p.Name, strings.ReplaceAll(p.Title, "\u00a0", " "))
	if p.Box != nil {
		s += fmt.Sprintf(" [box %s: %s, %d s]", p.Box.Name, p.Box.Title, p.Box.Countdown)
	}
	for _, n := range p.Notes {
		if n.Tone == page.ToneWarn {
			s += " (!) " + n.Strong
		}
	}
	return s
}

func (w *world) command(verb, rest string) error {
	switch verb {
	case "scan":
		aim := ""
		if strings.HasPrefix(rest, "]") && len(rest) > 3 {
			aim, rest = rest[1:3], rest[3:]
		}
		w.tell(session.CodeScanned{Code: kiosk.ScannedCode{AIM: aim, Text: rest}})
	case "touch":
		return w.touch(rest)
	case "type":
		for _, d := range rest {
			if err := w.touch("key-" + string(d)); err != nil {
				return err
			}
		}
	case "type-clear":
		return w.touch("key-clear")
	case "catalogue":
		c, err := catalogue.Load()
		if err != nil {
			return err
		}
		w.tell(session.CatalogueChanged{Catalogue: c})
	case "found":
		return w.found(rest)
	case "bill":
		return w.bill(rest)
	case "no-bill":
		w.tell(session.LookupFailed{Visit: w.visit.Visit, Code: kiosk.Code(rest), Ref: "QRTZ-22"})
	case "printed":
		w.tell(session.PrintEnded{Visit: w.visit.Visit, Report: kiosk.PrintReport{Result: kiosk.PrintDone}})
	case "print-fails":
		w.tell(session.PrintEnded{Visit: w.visit.Visit, Report: kiosk.PrintReport{Result: kiosk.PrintFailed, State: kiosk.PrinterState(rest)}})
	case "print-unknown":
		w.tell(session.PrintEnded{Visit: w.visit.Visit, Report: kiosk.PrintReport{Result: kiosk.PrintUnknown}})
	case "says":
		w.tell(session.TerminalSaid{Visit: w.visit.Visit, Text: rest})
	case "devices":
		return w.devices(rest)
	case "ready":
		w.tell(session.RecoveryEnded{})
	case "wait":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		w.now = w.now.Add(kiosk.Span(n) * kiosk.Second)
		w.move(payment.Ticked{Head: w.head()})
		w.tell(nil)
	default:
		if w.cards(verb, rest) {
			return nil
		}
		return w.answer(verb, rest)
	}
	return nil
}

// cards are what happens at the reader of the citizens' cards, and says whether it was that.
func (w *world) cards(verb, rest string) bool {
	v := values(rest)
	_, others := v["others"]
	n := kiosk.CardNews{Card: w.visit.Card.Card, Others: others}
	if c, err := strconv.ParseUint(v["card"], 10, 64); err == nil {
		n.Card = c
	}
	switch verb {
	case "card":
		w.card++
		n.Card, n.Present, n.Tries = w.card, true, -1
		if c, err := strconv.Atoi(v["tries"]); err == nil {
			n.Tries = c
		}
		kind, _, _ := strings.Cut(rest, " ")
		switch n.Kind = kiosk.CardKind(kind); n.Kind {
		case kiosk.CardCIE3:
			n.Wants = kiosk.SecretCAN
		case "unknown":
			n.Kind = kiosk.CardUnknown
		default:
			n.Wants = kiosk.SecretPIN
		}
		w.tell(session.CardMoved{News: n})
	case "card-out":
		w.tell(session.CardMoved{News: n})
	case "card-read":
		w.tell(session.CardRead{Visit: w.visit.Visit, Card: w.visit.Owner})
	case "card-fails":
		w.tell(session.CardFailed{Visit: w.visit.Visit, Card: w.visit.Owner, Code: kiosk.Code(rest), Ref: "QRTZ-22"})
	case "found":
		w.tell(session.BillsFound{Visit: w.visit.Visit, Found: foundBills(rest)})
	default:
		return false
	}
	return true
}

// foundBills are so many invented bills.
func foundBills(count string) kiosk.Found {
	var f kiosk.Found
	n, _ := strconv.Atoi(count)
	for i := range n {
		number := kiosk.NoticeNumber(fmt.Sprintf("3020000000000042%02d", i))
		f = f.With(kiosk.Quote{Fee: 100, Bill: kiosk.Bill{
			ID: fmt.Sprintf("f%d", i), Creditor: "84006890481", CreditorName: "Comune di Prato", Notice: number, IUV: number.IUV(),
			Subject: fmt.Sprintf("TARI %d", 2026-i), Amount: kiosk.Cents(8640), Status: kiosk.BillPayable,
		}})
	}
	return f
}

// touch touches what stands on the page, as a citizen can.
func (w *world) touch(id string) error {
	a, ok := w.page().Find(id)
	if !ok {
		return fmt.Errorf("page %q has no action %q", w.page().Name, id)
	}
	if a.Disabled {
		w.note("disabled: %s", a.Label)
		return nil
	}
	if w.page().Box != nil && id != "exit" && id != "stay" {
		return fmt.Errorf("a box lies over the page")
	}
	e, ok := a.Event.(session.Event)
	if !ok {
		return fmt.Errorf("action %q carries no event", id)
	}
	w.tell(e)
	return nil
}

// answer are the answers to the payment's effects.
func (w *world) answer(verb, rest string) error {
	h := w.head()
	result := kiosk.ChargeResult{Amount: w.payment.Total(), STAN: "000042", PAN: "************4471", TerminalID: "12345678", AuthCode: "A1B2C3"}
	switch verb {
	case "saved":
		w.move(payment.Saved{Head: h, Step: w.saving})
	case "save-fails":
		w.move(payment.SaveFailed{Head: h, Step: w.saving})
	case "activated":
		w.move(payment.Activated{Head: h, Activation: w.activation(rest)})
	case "not-activated":
		w.move(payment.ActivationRefused{Head: h, Code: kiosk.Code(rest)})
	case "unanswered":
		w.move(payment.ActivationUnanswered{Head: h, Code: kiosk.Code(rest)})
	case "baseline":
		w.move(payment.BaselineRead{Head: h, Baseline: kiosk.Baseline{Known: true, TerminalID: "12345678", STAN: "000041"}})
	case "no-baseline":
		w.move(payment.BaselineFailed{Head: h, Code: kiosk.Code(rest)})
	case "not-started":
		w.move(payment.ChargeNotStarted{Head: h, Code: kiosk.Code(rest)})
	case "charged":
		result.Outcome = kiosk.Charged
		w.move(payment.ChargeResulted{Head: h, Result: result})
	case "refused":
		w.move(payment.ChargeResulted{Head: h, Result: kiosk.ChargeResult{Outcome: kiosk.Refused, Reason: "CARTA RIFIUTATA"}})
	case "unknown":
		w.move(payment.ChargeResulted{Head: h, Result: kiosk.ChargeResult{Outcome: kiosk.Unknown, Reason: "line lost"}})
	case "resolved":
		result.Outcome = kiosk.Outcome(rest)
		w.move(payment.Resolved{Head: h, Result: result})
	case "not-resolved":
		w.move(payment.ResolveFailed{Head: h})
	case "closed":
		e := payment.BillsClosed{Head: h, Count: w.payment.Cart.Count}
		for i, l := range w.payment.Cart.Bills() {
			e.Closings[i] = kiosk.BillClosing{BillID: l.Bill.ID, Closing: kiosk.Closing(rest)}
		}
		w.move(e)
	default:
		return fmt.Errorf("no such command: %q", verb)
	}
	return nil
}

func (w *world) activation(rest string) kiosk.Activation {
	c := w.payment.Cart
	a := kiosk.Activation{Count: c.Count, Fee: c.Fee(), Life: 30 * kiosk.Minute, Token: "0123456789abcdef"}
	for i, l := range c.Bills() {
		a.Bills[i] = kiosk.ActivatedBill{BillID: l.Bill.ID, Amount: l.Bill.Amount, Fee: l.Fee, Token: "tok" + l.Bill.ID, IUV: l.Bill.IUV}
	}
	if v, ok := values(rest)["amount"]; ok {
		n, err := strconv.ParseInt(v, 10, 64)
		if err == nil {
			a.Bills[0].Amount = kiosk.Cents(n)
		}
	}
	return a
}

func values(rest string) map[string]string {
	m := map[string]string{}
	for _, f := range strings.Fields(rest) {
		k, v, _ := strings.Cut(f, "=")
		m[k] = strings.ReplaceAll(v, "_", " ")
	}
	return m
}

// found answers a search with so many bills.
func (w *world) found(rest string) error {
	n, err := strconv.Atoi(rest)
	if err != nil {
		return err
	}
	f := kiosk.Found{}
	for i := range n {
		f = f.With(kiosk.Quote{Fee: 100, Bill: kiosk.Bill{
			ID: fmt.Sprintf("f%d", i), Creditor: "84006890481", CreditorName: "Comune di Prato", Subject: fmt.Sprintf("TARI 2026, rata %d", i+1),
			Notice: kiosk.NoticeNumber(fmt.Sprintf("30200000000000%04d", 6000+i)), Amount: 8640, Status: kiosk.BillPayable,
		}})
	}
	w.tell(session.BillsFound{Visit: w.visit.Visit, Found: f})
	return nil
}

// bill answers the lookup that waits.
func (w *world) bill(rest string) error {
	sc, ok := w.visit.Scene.(session.LookingUp)
	if !ok {
		return fmt.Errorf("nothing is being looked up")
	}
	v := values(rest)
	n := sc.Notice
	q := kiosk.Quote{Fee: 100, Bill: kiosk.Bill{
		ID: "d" + string(n.Number[14:]), Creditor: n.Creditor, CreditorName: "Comune di Prato", Notice: n.Number, IUV: n.Number.IUV(),
		Subject: "TARI 2026", Amount: 8640, Status: kiosk.BillPayable, Due: kiosk.Date{Year: 2026, Month: 9, Day: 30},
	}}
	for k, val := range v {
		switch k {
		case "status":
			q.Bill.Status = kiosk.BillStatus(val)
		case "subject":
			q.Bill.Subject = val
		case "late":
			q.Bill.Late = true
		case "amount", "fee":
			cents, err := strconv.ParseInt(val, 10, 64)
			if err != nil {
				return err
			}
			if k == "fee" {
				q.Fee = kiosk.Cents(cents)
			} else {
				q.Bill.Amount = kiosk.Cents(cents)
			}
		default:
			return fmt.Errorf("bill: no such value %q", k)
		}
	}
	w.tell(session.LookupAnswered{Visit: w.visit.Visit, Quote: q})
	return nil
}

func (w *world) devices(rest string) error {
	d := w.visit.Devices
	for k, v := range values(rest) {
		switch k {
		case "scanner":
			d.Scanner = v == "yes"
		case "gateway":
			d.Gateway = v == "yes"
		case "cards":
			d.Cards = map[string]session.Reader{"yes": session.ReaderReady, "gone": session.ReaderGone}[v]
		case "terminal":
			d.Terminal = kiosk.TerminalHealth(v)
		case "printer":
			d.Printer = kiosk.PrinterState(v)
		default:
			return fmt.Errorf("devices: no such device %q", k)
		}
	}
	w.tell(session.DevicesChanged{Devices: d})
	return nil
}

package runner

// The session's effects.

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/health"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/screen"
	"github.com/tserve/jolly/kiosk/session"
)

func (r *Runner) sessionEffect(ctx context.Context, eff session.Effect) {
	switch eff := eff.(type) {
	case session.Lookup:
		r.lookup(ctx, eff)
	case session.LookupForm:
		r.lookupForm(ctx, eff)
	case session.StartPayment:
		r.begin(ctx, eff)
	case session.Consent:
		r.stepPayment(ctx, payment.Consented{Head: r.head(eff.Payment)})
	case session.Abandon:
		r.stepPayment(ctx, payment.Abandoned{Head: r.head(eff.Payment), Reason: eff.Reason})
	case session.Print:
		r.print(ctx, eff)
	case session.Sound:
		if r.dev.Speaker != nil {
			r.dev.Speaker.Play(eff.Name)
		}
	case session.HoldDigit:
		r.vault.hold(eff.Digit)
	case session.DropDigit:
		r.vault.drop()
	case session.WipeSecret:
		r.vault.wipeSecret()
	case session.ReadCard:
		r.readCard(ctx, eff)
	case session.TellCardLeft:
		r.cardLeft()
	case session.Wipe:
		r.log.Info("visit ended", "visit", eff.Visit)
		r.wipe(ctx, eff.Card)
		r.forget(eff.Visit)
	}
}

// forget drops the payments of earlier visits with which nothing is left to do:
// the journal keeps them, the memory must neither grow nor remember a card. The
// last visit's stay for the maintainer who is called to the kiosk.
func (r *Runner) forget(visit uint64) {
	for id, l := range r.payments {
		if l.state.Finished() && !l.printing && l.record == nil && l.visit < visit {
			delete(r.payments, id)
		}
	}
}

func (r *Runner) head(id kiosk.PaymentID) payment.Head { return payment.Head{ID: id, At: r.now()} }

func (r *Runner) lookup(ctx context.Context, l session.Lookup) {
	r.start(func() {
		ctx, cancel := context.WithTimeout(ctx, r.cfg.Lookup)
		defer cancel()
		q, err := r.dev.Gateway.Lookup(ctx, l.Notice)
		if err != nil {
			ref := payment.Ref(kiosk.PaymentID(rand.Text()))
			r.log.Warn("lookup failed", "ref", ref, "code", kiosk.CodeOf(err), "err", err)
			r.post(session.LookupFailed{Visit: l.Visit, Code: kiosk.CodeOf(err), Ref: ref})
			return
		}
		r.post(session.LookupAnswered{Visit: l.Visit, Quote: q})
	})
}

// begin makes the payment's id: it is stored before anything else happens.
func (r *Runner) begin(ctx context.Context, s session.StartPayment) {
	id := r.cfg.NewID()
	r.payments[id] = &live{visit: s.Visit}
	r.log.Info("payment begins", "payment", id, "ref", payment.Ref(id), "bills", s.Cart.Count)
	r.stepPayment(ctx, payment.Begun{
		Head: r.head(id), Previous: s.Previous, Kiosk: r.cfg.House.Kiosk, Language: s.Language, Cart: s.Cart,
	})
}

// print prints one paper of a payment. A payment has at most one paper in the
// printer at a time, however often it is asked for.
func (r *Runner) print(ctx context.Context, p session.Print) {
	l := r.payments[p.Payment]
	if l == nil || l.printing {
		return
	}
	l.printing = true
	l.papers++
	receipt := r.receipt(l.state, p.Kind, p.Language)
	attempt := l.papers
	r.start(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Print)
		defer cancel()
		report := r.printNumbered(ctx, receipt)
		r.noteReceipt(ctx, receipt, report, attempt)
		r.post(printCame{visit: p.Visit, id: p.Payment, report: report})
	})
}

func (r *Runner) printNumbered(ctx context.Context, receipt kiosk.Receipt) kiosk.PrintReport {
	n, err := r.dev.Journal.NextReceipt(ctx)
	if err != nil {
		r.log.Error("number a receipt", "err", err)
		return kiosk.PrintReport{Result: kiosk.PrintFailed, State: kiosk.PrinterUnknown, Reason: "no receipt number"}
	}
	receipt.Number = fmt.Sprintf("%s-%06d", receipt.Kiosk, n)
	report := r.dev.Printer.Print(ctx, receipt)
	r.log.Info("printed", "payment", receipt.Payment, "kind", receipt.Kind, "number", receipt.Number, "result", report.Result, "state", report.State, "reason", report.Reason)
	return report
}

// noteReceipt tells the gateway what became of the paper.
func (r *Runner) noteReceipt(ctx context.Context, receipt kiosk.Receipt, report kiosk.PrintReport, attempt int) {
	kind := kiosk.RowReceiptDone
	if report.Result != kiosk.PrintDone {
		kind = kiosk.RowReceiptFailed
	}
	at := r.now().Wall
	body := struct {
		Payment kiosk.PaymentID   `json:"payment"`
		Kind    kiosk.PaperKind   `json:"kind"`
		Attempt int               `json:"attempt"`
		Result  kiosk.PrintResult `json:"result"`
		Reason  string            `json:"reason,omitempty"`
	}{receipt.Payment, receipt.Kind, attempt, report.Result, report.Reason}
	id := fmt.Sprintf("%s/receipt/%d-%d", receipt.Payment, at.UnixMilli, attempt)
	if err := r.dev.Journal.Append(ctx, payment.NewRow(receipt.Payment, kind, id, body, at)); err != nil {
		r.log.Error("note a receipt in the outbox", "payment", receipt.Payment, "err", err)
		return
	}
	r.dev.Pusher.Nudge()
}

func (r *Runner) printed(ctx context.Context, e printCame) {
	if l := r.payments[e.id]; l != nil {
		l.printing = false
	}
	if e.report.State != "" { // what the job saw last is news of the printer: the page must not offer what it cannot do
		r.observe(ctx, observed{health.Printer, e.report.State.CanPrint(), string(e.report.State)})
	}
	r.stepSession(ctx, session.PrintEnded{Visit: e.visit, Report: e.report})
}

// receipt fills the paper from the journal's state.
func (r *Runner) receipt(s payment.State, kind kiosk.PaperKind, lang kiosk.Language) kiosk.Receipt {
	h := r.cfg.House
	out := kiosk.Receipt{
		Kind: kind, Payment: s.ID, Ref: s.Ref, Language: lang, At: s.ResultAt, Kiosk: h.Kiosk, KioskPlace: h.Place,
		Help: h.HelpPhone, HelpHours: h.Hours(lang), PSPName: h.PSPName, PSPCode: r.cfg.PSPCode,
		PublicURL: screen.PublicPage(h.PublicURL, s.Activation.Token),
		Count:     s.Cart.Count, Fee: s.Fee(), Total: s.Total(), Charge: s.Result,
	}
	if out.At.UnixMilli == 0 {
		out.At = r.now().Wall
	}
	for i, l := range s.Cart.Bills() {
		b := kiosk.ReceiptBill{Bill: l.Bill, Amount: l.Bill.Amount, Fee: l.Fee, Closing: s.Closings[i]}
		b.Service, b.Desk = screen.Printed(r.visit.Catalogue, l.Bill, lang)
		if i < s.Activation.Count {
			a := s.Activation.Bills[i]
			b.Amount, b.Fee, b.Token = a.Amount, a.Fee, a.Token
			if a.IUV != "" {
				b.Bill.IUV = a.IUV
			}
		}
		out.Bills[i] = b
	}
	return out
}

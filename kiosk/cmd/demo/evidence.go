package main

// The four witnesses of a payment, and whether they agree.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/test/rig"
)

// delivery is how long the last row may take to the gateway.
const delivery = 5 * time.Minute

// evidence is what one payment left in four places.
type evidence struct {
	out    string
	entry  rig.Entry        // the kiosk's own book
	charge rig.Charge       // terminal.json
	booked gateway.Evidence // ledger.json
	doc    []byte           // receipt.pdf
	text   string           // what stands in it
	paper  image.Image      // receipt.png
	sent   []byte           // what an IPP printer was sent
}

// gather waits until the gateway has everything, collects the four witnesses
// of the nth payment of the play and writes them to out.
func gather(ctx context.Context, r *rig.Rig, out string, nth int) (*evidence, error) {
	ctx, cancel := context.WithTimeout(ctx, delivery)
	defer cancel()
	if err := rig.Settle(ctx, r); err != nil {
		return nil, err
	}
	book, err := r.Book(ctx)
	if err != nil {
		return nil, err
	}
	charges, papers := r.Charges(), r.Prints()
	if len(book.Payments) != nth || len(charges) != nth || len(papers) != nth {
		return nil, fmt.Errorf("%d payments, as many charges and papers are wanted; there are %d, %d and %d", nth, len(book.Payments), len(charges), len(papers))
	}
	paper := papers[nth-1]
	e := &evidence{out: out, charge: charges[nth-1], sent: paper.Document}
	for _, entry := range book.Payments {
		if entry.ID == e.charge.Payment {
			e.entry = entry
		}
	}
	if e.booked, err = r.Ledger(ctx, e.entry.ID); err != nil {
		return nil, err
	}
	if e.paper, err = png.Decode(bytes.NewReader(paper.PNG)); err != nil {
		return nil, fmt.Errorf("read the printer's paper: %w", err)
	}
	files, err := r.Receipts()
	if err != nil {
		return nil, err
	}
	if len(files) != nth {
		return nil, fmt.Errorf("%d receipts are wanted, the kiosk kept %d", nth, len(files))
	}
	if e.doc, err = os.ReadFile(files[nth-1]); err != nil {
		return nil, fmt.Errorf("read the receipt: %w", err)
	}
	return e, e.write(paper.PNG)
}

// write leaves the four files.
func (e *evidence) write(paper []byte) error {
	ledger, err := json.MarshalIndent(e.booked, "", "  ")
	if err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	charge, err := json.MarshalIndent(e.charge, "", "  ")
	if err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	for name, text := range map[string][]byte{"ledger.json": ledger, "terminal.json": charge, "receipt.pdf": e.doc, "receipt.png": paper} {
		if err := os.WriteFile(filepath.Join(e.out, name), text, 0o644); err != nil {
			return fmt.Errorf("write evidence: %w", err)
		}
	}
	return nil
}

// check holds the four against one another. The error joins what differs.
func (e *evidence) check(ctx context.Context) error {
	var wrong []error
	same := func(what, where, got, want string) {
		if got != want {
			wrong = append(wrong, fmt.Errorf("%s in %s is %q, the kiosk's book says %q", what, where, got, want))
		}
	}
	total := kiosk.Amount(e.charge.Amount)
	same("payment id", "terminal.json", e.charge.Payment, e.entry.ID)
	same("payment id", "ledger.json", e.booked.Payment, e.entry.ID)
	same("outcome", "terminal.json", e.charge.Outcome, rig.Approved)
	same("state", "ledger.json", string(e.booked.State), string(api.PaymentStatePaid))
	same("amount", "terminal.json", total.String(), e.entry.Total.String())
	same("amount", "ledger.json", e.booked.Total.String(), e.entry.Total.String())
	same("charged amount", "ledger.json", e.booked.Charge.Amount.String(), e.entry.Total.String())
	same("STAN", "terminal.json", e.charge.STAN, e.entry.STAN)
	same("STAN", "ledger.json", e.booked.Charge.STAN, e.entry.STAN)
	return errors.Join(append(wrong, e.checkReceipt(ctx), e.checkPaper(ctx))...)
}

// checkReceipt looks for the three facts in the words of the PDF.
func (e *evidence) checkReceipt(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "pdftotext", "-layout", filepath.Join(e.out, "receipt.pdf"), "-")
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("read receipt.pdf (pdftotext is of the package poppler-utils): %w", err)
	}
	e.text = string(text)
	var wrong []error
	facts := map[string]string{
		"payment id": e.entry.ID, "amount": i18n.Money(kiosk.Italian, e.entry.Total), "STAN": e.entry.STAN, "reference": e.entry.Ref,
	}
	for i, l := range e.entry.State.Cart.Bills() { // each creditor has a section of its own
		facts[fmt.Sprintf("creditor %d", i+1)] = l.Bill.CreditorName
		facts[fmt.Sprintf("notice %d", i+1)] = string(l.Bill.Notice)
	}
	for what, want := range facts {
		if !strings.Contains(squeeze(e.text), squeeze(want)) {
			wrong = append(wrong, fmt.Errorf("%s %q does not stand in receipt.pdf", what, want))
		}
	}
	return errors.Join(wrong...)
}

// squeeze takes all space away: a long value may be broken over lines.
func squeeze(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == '\u00a0' || r == '\u202f' }), "")
}

// checkPaper compares what the head burned with our own picture of the PDF: dot
// by dot, but for white rows above and below. An IPP printer has the PDF itself.
func (e *evidence) checkPaper(ctx context.Context) error {
	if e.sent != nil {
		if !bytes.Equal(e.sent, e.doc) {
			return fmt.Errorf("the printer was sent %d bytes that are not receipt.pdf", len(e.sent))
		}
		return nil
	}
	r, err := escpos.NewRasteriser(ctx, "")
	if err != nil {
		return fmt.Errorf("draw receipt.pdf: %w", err)
	}
	width := e.paper.Bounds().Dx()
	dots, err := r.Rasterise(ctx, e.doc, width)
	if err := errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("draw receipt.pdf: %w", err)
	}
	page := dots.Image()
	burned, drawn := inked(e.paper), inked(page)
	if burned.Dy() != drawn.Dy() || burned.Empty() {
		return fmt.Errorf("receipt.png has %d rows of dots, receipt.pdf %d", burned.Dy(), drawn.Dy())
	}
	differ := 0
	for y := range burned.Dy() {
		for x := range width {
			if black(e.paper, x, burned.Min.Y+y) != black(page, x, drawn.Min.Y+y) {
				differ++
			}
		}
	}
	if differ > 0 {
		return fmt.Errorf("receipt.png differs from receipt.pdf in %d dots", differ)
	}
	return nil
}

// inked is the part of a picture between its first and last black row.
func inked(m image.Image) image.Rectangle {
	b := m.Bounds()
	white := func(y int) bool {
		for x := b.Min.X; x < b.Max.X; x++ {
			if black(m, x, y) {
				return false
			}
		}
		return true
	}
	for b.Min.Y < b.Max.Y && white(b.Min.Y) {
		b.Min.Y++
	}
	for b.Max.Y > b.Min.Y && white(b.Max.Y-1) {
		b.Max.Y--
	}
	return b
}

func black(m image.Image, x, y int) bool {
	r, g, b, _ := m.At(x, y).RGBA()
	return r+g+b < 3*0x8000
}

// tell says in plain words what happened.
func (e *evidence) tell() {
	b, like := e.entry.State.Cart.Lines[0].Bill, "dot by dot"
	if e.sent != nil {
		like = "byte for byte"
	}
	fmt.Printf(`
A citizen paid %s to %s for %q, fee %s included.
The card terminal charged %s under STAN %s, once.
The gateway booked payment %s with %d postings; the debt is %s.
The printer cut one receipt, %d dots long, with reference %s: %s what receipt.pdf says.
All four carry the same payment id, amount and STAN.

In %s: screens/ (every page passed), receipt.pdf, receipt.png, ledger.json, terminal.json.
`, i18n.Money(kiosk.English, e.entry.Total), b.CreditorName, b.Subject, i18n.Money(kiosk.English, e.entry.State.Fee()),
		i18n.Money(kiosk.English, kiosk.Amount(e.charge.Amount)), e.charge.STAN,
		e.entry.ID, len(e.booked.Postings), e.booked.State, e.paper.Bounds().Dy(), e.entry.Ref, like, e.out)
}

package main

// Two visits more: a cart of two creditors, paid once, and a car tax without a
// paper, found by the plate. Both leave their evidence in directories of their own.

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/i18n"
	"github.com/tserve/jolly/test/rig"
)

// The second paper of the cart, and the directories of the evidence.
const (
	paperOfPisa = "pisa-fine"
	cartOut     = "cart"
	plateOut    = "car-tax"
)

// follow carries out steps, each until its page stands there.
func (p *player) follow(ctx context.Context, steps []step) error {
	for _, s := range steps {
		fmt.Println("  " + s.tell)
		if err := s.do(ctx); err != nil {
			return err
		}
		if _, err := p.rig.Hand.AwaitPage(ctx, s.page); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) touch(ids ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, id := range ids {
			if _, err := p.rig.Hand.Touch(ctx, id); err != nil {
				return err
			}
		}
		return nil
	}
}

// leaves ends the last page, which goes by itself where nobody is as quick.
func (p *player) leaves(page string) func(context.Context) error {
	return func(ctx context.Context) error { _, err := p.rig.Hand.Leave(ctx, "continue", page); return err }
}

func (p *player) scan(name string) func(context.Context) error {
	return func(ctx context.Context) error { return p.post(ctx, "/api/scan", map[string]any{"paper": name}) }
}

// payment are the last steps of every visit, from the total to the paper.
func (p *player) payment() []step {
	card := func(ctx context.Context) error {
		if err := p.rig.AwaitCardWanted(ctx); err != nil {
			return err
		}
		return p.post(ctx, "/api/terminal/card", map[string]any{"card": "bancomat"})
	}
	return []step{
		{"He touches the paying button: the card terminal asks for the card.", p.touch(rig.PayAction), "terminal"},
		{"He holds his card to it: the money is taken once.", card, "paid"},
		{"He chooses the receipt on paper.", p.touch("choice-paper"), "thanks"},
		{"He takes the paper and goes.", p.leaves("attract"), "attract"},
	}
}

// cartVisit pays a bill of Prato and one of Pisa, scanned one after the other,
// with one card and one receipt.
func (p *player) cartVisit(ctx context.Context) error {
	fmt.Println("\nAnd a visit with two papers, of two cities.")
	steps := append([]step{
		{"The first paper is under the reader: no touch is needed to begin.", p.scan("tari-late"), "bill"},
		{"He goes on to the total.", p.touch("continue"), "confirm"},
		{"The second paper, of Pisa, is scanned there and then.", p.scan(paperOfPisa), "bill"},
		{"It joins the first one.", p.touch("continue"), "confirm"},
	}, p.payment()...)
	if err := p.follow(ctx, steps); err != nil {
		return err
	}
	return p.prove(ctx, cartOut, 2, 2)
}

// plateVisit pays a car tax without a paper.
func (p *player) plateVisit(ctx context.Context) error {
	fmt.Println("\nAnd a visit without a paper: the car tax, by plate.")
	plate := []string{}
	for _, sign := range "AB123CD" {
		plate = append(plate, "key-"+string(sign))
	}
	steps := append([]step{
		{"He looks for a service.", p.touch("choice-services"), "services"},
		{"Among those about cars.", p.touch("group-auto"), "services-auto"},
		{"The car tax: which kind of vehicle?", p.touch("service-toscana-bollo"), "form-vehicle"},
		{"A car. Its plate?", p.touch("option-0"), "form-plate"},
		{"He types it on letters that stand in the order of the alphabet.", p.touch(plate...), "form-plate"},
		{"The gateway finds what is owed.", p.touch("continue"), "bill"},
		{"He goes on to the total.", p.touch("continue"), "confirm"},
	}, p.payment()...)
	if err := p.follow(ctx, steps); err != nil {
		return err
	}
	return p.prove(ctx, plateOut, 3, 1)
}

// prove gathers and checks the evidence of the nth payment of the play, which
// has so many bills, in a directory of its own.
func (p *player) prove(ctx context.Context, dir string, nth, bills int) error {
	out := filepath.Join(p.out, dir)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", out, err)
	}
	e, err := gather(ctx, p.rig, out, nth)
	if err != nil {
		return err
	}
	if err := e.check(ctx); err != nil {
		return fmt.Errorf("the evidence of %s does not agree:\n%w", dir, err)
	}
	var creditors []string
	for _, l := range e.entry.State.Cart.Bills() {
		creditors = append(creditors, l.Bill.CreditorName)
	}
	if len(creditors) != bills {
		return fmt.Errorf("%d bills were paid, %d are wanted", len(creditors), bills)
	}
	fmt.Printf("  %s to %s: charged once under STAN %s, booked with %d postings, one receipt; evidence in %s.\n",
		i18n.Money(kiosk.English, e.entry.Total), strings.Join(creditors, " and "), e.charge.STAN, len(e.booked.Postings), out)
	return nil
}

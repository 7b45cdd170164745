package main

// A visit with a citizen's card: laid down, its secret typed, two of its
// holder's bills picked and paid.

import (
	"context"
	"errors"
	"fmt"

	"github.com/tserve/jolly/test/rig"
)

// cardVisit plays it where there is a reader.
func (p *player) cardVisit(ctx context.Context) error {
	c, ok := bestCard(p.rig.SampleCards())
	if !ok {
		return nil
	}
	h := p.rig.Hand
	touch := func(id string) func(context.Context) error {
		return func(ctx context.Context) error { _, err := h.Touch(ctx, id); return err }
	}
	lay := func(ctx context.Context) error { return p.post(ctx, "/api/idcard", map[string]any{"card": c.Name}) }
	take := func(ctx context.Context) error { return p.post(ctx, "/api/idcard/take", map[string]any{}) }
	secret, digits, asks := "PIN", c.PIN, "card-pin"
	if c.CAN != "" {
		secret, digits, asks = "number", c.CAN, "card-can"
	}
	typed := func(ctx context.Context) error {
		if err := h.Type(ctx, digits); err != nil {
			return err
		}
		return touch("continue")(ctx)
	}
	pick := func(ctx context.Context) error {
		if err := touch("bill-0")(ctx); err != nil {
			return err
		}
		if err := touch("bill-1")(ctx); err != nil {
			return err
		}
		return h.Turn(ctx, "continue")
	}
	pay := func(ctx context.Context) error {
		if err := p.rig.AwaitCardWanted(ctx); err != nil {
			return err
		}
		return p.post(ctx, "/api/terminal/card", map[string]any{"card": "bancomat"})
	}
	charged := len(p.rig.Charges())
	fmt.Printf("\nAnd a visit with an identity card (%s).\n", c.Kind)
	for _, s := range []step{
		{"A citizen lays his card into the reader: the page asks for its " + secret + ".", lay, asks},
		{"He types the " + secret + "; the glass shows dots. His bills are found.", typed, "choose"},
		{"He picks two of them.", pick, "choose"},
		{"And goes on to the total.", touch("continue"), "confirm"},
		{"He touches the paying button: the card terminal asks for the card.", touch(rig.PayAction), "terminal"},
		{"He holds his bank card to it: the money is taken.", pay, "paid"},
		{"He chooses the receipt on paper.", touch("choice-paper"), "thanks"},
		{"He wants to go; his card is still in the reader.", p.leaves("take-card"), "take-card"},
		{"He takes it: nothing of him is left.", take, "attract"},
	} {
		fmt.Println("  " + s.tell)
		if err := s.do(ctx); err != nil {
			return err
		}
		if _, err := h.AwaitPage(ctx, s.page); err != nil {
			return err
		}
	}
	return p.paidTwo(ctx, charged)
}

// bestCard is the card that shows the most, among those with a secret.
func bestCard(all []rig.SampleCard) (best rig.SampleCard, ok bool) {
	for _, c := range all {
		if rank(c) > rank(best) {
			best, ok = c, true
		}
	}
	return best, ok
}

func rank(c rig.SampleCard) int {
	switch {
	case c.CAN != "" && c.PACE == "dh": // as the real identity cards do
		return 4
	case c.CAN != "":
		return 3
	case c.Kind == "cie-1": // whose bills fit on one page
		return 2
	case c.PIN != "":
		return 1
	}
	return 0
}

// paidTwo compares the books: one more charge, for two bills.
func (p *player) paidTwo(ctx context.Context, before int) error {
	ctx, cancel := context.WithTimeout(ctx, delivery)
	defer cancel()
	if err := rig.Settle(ctx, p.rig); err != nil {
		return err
	}
	book, err := p.rig.Book(ctx)
	if err != nil {
		return err
	}
	charges := p.rig.Charges()
	if len(charges) != before+1 {
		return fmt.Errorf("one more charge is wanted; there were %d and are %d", before, len(charges))
	}
	charge := charges[len(charges)-1]
	for _, e := range book.Payments {
		if string(e.ID) == charge.Payment {
			if e.State.Cart.Count != 2 || e.Total.Cents() != charge.Amount {
				return fmt.Errorf("two bills of %d cents are wanted, the kiosk's book has %d of %v", charge.Amount, e.State.Cart.Count, e.Total)
			}
			fmt.Printf("  Two bills, %v, charged once: terminal, kiosk and gateway agree.\n", e.Total)
			return nil
		}
	}
	return errors.New("the kiosk's book does not know the charge")
}

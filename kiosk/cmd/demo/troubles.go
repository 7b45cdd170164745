package main

// The cases that go wrong, played after the one that goes well.

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tserve/jolly/kiosk/control"
	"github.com/tserve/jolly/test/rig"
)

// trouble is one case: what is done to the devices, and what is to be seen.
type trouble struct {
	name  string
	tell  string
	paper string
	set   func(ctx context.Context, p *player) error // before the citizen comes
	play  func(ctx context.Context, p *player) error // from the bill on
}

func post(path string, body map[string]any) func(context.Context, *player) error {
	return func(ctx context.Context, p *player) error { return p.post(ctx, path, body) }
}

// troubles plays all of them; each leaves its last page in out/troubles.
func (p *player) troubles(ctx context.Context) error {
	fmt.Println("\nNow the cases that go wrong:")
	for _, t := range []trouble{
		{"declined", "The bank says no: nothing was charged.", "tia",
			post("/api/terminal", map[string]any{"behaviour": "decline", "times": 1}), payTo("declined")},
		{"network-cut", "The network is cut after the card was charged: the page says that the result is on its way.", "music-school",
			nil, func(ctx context.Context, p *player) error {
				if err := p.toTerminal(ctx); err != nil {
					return err
				}
				if err := p.post(ctx, "/api/network", map[string]any{"state": "cut"}); err != nil {
					return err
				}
				return p.cardTo(ctx, "paid")
			}},
		{"paper-out", "The paper ends in the middle of the receipt; with a new roll it comes again from its start.", "small", nil, paperAgain},
		{"no-paper", "The paper ends and nobody brings a roll: the receipt on the phone, on the screen, and at the counter under its code.",
			"long-subject", nil, withoutPaper},
		{"line-lost", "The line to the terminal is lost after the bank approved.", "stand-in",
			post("/api/terminal", map[string]any{"behaviour": "drop-after", "times": 1}), payTo("doubtful", "paid")},
	} {
		if err := p.trouble(ctx, t); err != nil {
			return p.failed(fmt.Errorf("%s: %w", t.name, err))
		}
	}
	fmt.Printf("Afterwards the three books agree. The pages are in %s.\n", filepath.Join(p.out, "troubles"))
	return nil
}

// tornPaper lets the paper end in the middle of the receipt.
func (p *player) tornPaper(ctx context.Context) error {
	if err := payTo("paid")(ctx, p); err != nil {
		return err
	}
	if err := p.post(ctx, "/api/printer", map[string]any{"do": "pull-after", "rows": 300}); err != nil {
		return err
	}
	_, err := p.rig.Hand.TouchTo(ctx, "choice-paper", "print-failed")
	return err
}

// paperAgain plays the paper that ends and comes again: a torn one and a whole one.
func paperAgain(ctx context.Context, p *player) error {
	before := len(p.rig.Prints())
	if err := p.tornPaper(ctx); err != nil {
		return err
	}
	if err := p.shot(ctx, "paper-out-1-told"); err != nil {
		return err
	}
	if err := p.post(ctx, "/api/printer", map[string]any{"do": "refill"}); err != nil {
		return err
	}
	s, err := p.rig.Hand.Await(ctx, "the offer to print again", func(s rig.Screen) bool { _, ok := s.Action("choice-again"); return ok })
	if err != nil {
		return err
	}
	if err := p.shot(ctx, "paper-out-2-new-roll"); err != nil {
		return err
	}
	if _, err := p.rig.Hand.TouchTo(ctx, "choice-again", "thanks"); err != nil {
		return fmt.Errorf("after %s: %w", s, err)
	}
	papers := p.rig.Prints()[before:]
	if len(papers) != 2 || papers[0].Whole || !papers[1].Whole {
		return fmt.Errorf("a torn paper and a whole one are wanted, there are %+v", papers)
	}
	for i, name := range []string{"paper-out-torn.png", "paper-out-whole.png"} {
		if err := os.WriteFile(filepath.Join(p.out, "troubles", name), papers[i].PNG, 0o644); err != nil {
			return fmt.Errorf("keep a paper: %w", err)
		}
	}
	return nil
}

// withoutPaper plays the three ways to a receipt without paper.
func withoutPaper(ctx context.Context, p *player) error {
	if err := p.tornPaper(ctx); err != nil {
		return err
	}
	for _, s := range []struct{ touch, page, shot string }{
		{"choice-phone", "receipt-qr", "no-paper-1-phone"}, {"back", "paid", "no-paper-2-choose"},
		{"choice-screen", "receipt-screen", "no-paper-3-screen"}, {"back", "paid", ""}, {"choice-none", "thanks", "no-paper-4-code"},
	} {
		if _, err := p.rig.Hand.TouchTo(ctx, s.touch, s.page); err != nil {
			return err
		}
		if s.shot == "" {
			continue
		}
		if err := p.shot(ctx, s.shot); err != nil {
			return err
		}
	}
	return nil
}

// shot takes a picture of the page that is shown once it is painted.
func (p *player) shot(ctx context.Context, name string) error {
	for {
		s, err := p.rig.Control.Screen(ctx)
		if err != nil {
			return fmt.Errorf("picture %s: %w", name, err)
		}
		img, err := p.rig.Picture(ctx, s)
		if err != nil {
			return fmt.Errorf("picture %s: %w", name, err)
		}
		if img != nil {
			return rig.WritePNG(filepath.Join(p.out, "troubles", name+".png"), img)
		}
	}
}

// trouble plays one, mends everything and waits until the books agree.
func (p *player) trouble(ctx context.Context, t trouble) error {
	fmt.Println("  " + t.tell)
	h := p.rig.Hand
	if _, err := h.AwaitPage(ctx, "attract"); err != nil {
		return err
	}
	if t.set != nil {
		if err := t.set(ctx, p); err != nil {
			return err
		}
	}
	if err := p.post(ctx, "/api/scan", map[string]any{"paper": t.paper}); err != nil {
		return err
	}
	if _, err := h.AwaitPage(ctx, "bill"); err != nil {
		return err
	}
	if err := t.play(ctx, p); err != nil {
		return err
	}
	if err := p.shot(ctx, t.name); err != nil {
		return err
	}
	for _, mend := range []func(context.Context, *player) error{
		post("/api/network", map[string]any{"state": "open"}), post("/api/printer", map[string]any{"do": "mend"}),
	} {
		if err := mend(ctx, p); err != nil {
			return err
		}
	}
	if err := rig.Settle(ctx, p.rig); err != nil {
		return err
	}
	if err := p.leave(ctx); err != nil {
		return err
	}
	_, err := h.Await(ctx, "every device mended", func(rig.Screen) bool {
		health, err := p.rig.Control.Health(ctx)
		return err == nil && !slices.ContainsFunc(health.Devices, func(d control.Device) bool { return !d.OK })
	})
	return err
}

// leave goes back to the first page, whatever is shown.
func (p *player) leave(ctx context.Context) error {
	_, err := p.rig.Hand.Leave(ctx, "help-exit", "attract")
	return err
}

func (p *player) toTerminal(ctx context.Context) error {
	if _, err := p.rig.Hand.TouchTo(ctx, "continue", "confirm"); err != nil {
		return err
	}
	if _, err := p.rig.Hand.TouchTo(ctx, rig.PayAction, "terminal"); err != nil {
		return err
	}
	return p.rig.AwaitCardWanted(ctx)
}

func (p *player) cardTo(ctx context.Context, pages ...string) error {
	if err := p.post(ctx, "/api/terminal/card", map[string]any{"card": "bancomat"}); err != nil {
		return err
	}
	_, err := p.rig.Hand.AwaitPage(ctx, pages...)
	return err
}

// payTo goes from the bill to one of the pages behind the card.
func payTo(pages ...string) func(context.Context, *player) error {
	return func(ctx context.Context, p *player) error {
		if err := p.toTerminal(ctx); err != nil {
			return err
		}
		return p.cardTo(ctx, pages...)
	}
}

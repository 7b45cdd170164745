package main

// One whole payment, played by itself: taps as X events, devices through the
// dock's own API, as a person with two hands would do it.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/tserve/jolly/test/rig"
)

// The player's patience and pace.
const (
	playLimit = 30 * time.Minute       // only a play that hangs takes so long
	gatePace  = 700 * time.Millisecond // each answer of the gateway is held so long that waiting pages can be seen
	paper     = "fine-reduced"         // what the citizen pays
)

// player plays and tells.
type player struct {
	rig   *rig.Rig
	url   string
	out   string
	shots int
	last  string
	err   error // the first picture that could not be taken
}

// play plays the payment, gathers the evidence and checks it.
func play(ctx context.Context, r *rig.Rig, url string, o options) error {
	ctx, cancel := context.WithTimeout(ctx, playLimit)
	defer cancel()
	if err := emptyOut(o.out); err != nil {
		return err
	}
	p := &player{rig: r, url: url, out: o.out}
	r.OnPage(func(s rig.Screen) { p.picture(ctx, s) })
	fmt.Printf("No display is used: one payment plays by itself. The dock is at %s meanwhile.\n\n", url)
	if err := r.StartKiosk(ctx); err != nil {
		return err
	}
	if err := p.visit(ctx); err != nil {
		return p.failed(err)
	}
	if p.err != nil {
		return p.err
	}
	e, err := gather(ctx, r, o.out, 1)
	if err != nil {
		return err
	}
	if err := e.check(ctx); err != nil {
		return fmt.Errorf("the evidence does not agree:\n%w", err)
	}
	e.tell()
	for _, more := range []func(context.Context) error{p.cartVisit, p.plateVisit} {
		if err := more(ctx); err != nil {
			return p.failed(err)
		}
	}
	if err := p.cardVisit(ctx); err != nil {
		return p.failed(err)
	}
	if err := p.commissions(ctx); err != nil {
		return p.failed(err)
	}
	if o.faults {
		return p.troubles(ctx)
	}
	return nil
}

// emptyOut makes the directory and removes what an earlier play left there.
func emptyOut(out string) error {
	for _, name := range []string{"screens", "troubles", "receipt.pdf", "receipt.png", "ledger.json", "terminal.json", cartOut, plateOut, commissionsOut + ".csv", commissionsOut + ".pdf"} {
		if err := os.RemoveAll(filepath.Join(out, name)); err != nil {
			return fmt.Errorf("empty %s: %w", out, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(out, "screens"), 0o755); err != nil {
		return fmt.Errorf("make %s: %w", out, err)
	}
	return nil
}

// picture takes every page that is seen for the first time. One that is gone
// before it was painted has none.
func (p *player) picture(ctx context.Context, s rig.Screen) {
	name := s.Page
	if s.Box != "" {
		name += "-" + s.Box
	}
	if name == p.last {
		name += "-" + s.Language
	}
	img, err := p.rig.Picture(ctx, s)
	if err == nil && img != nil {
		p.last = name
		p.shots++
		err = rig.WritePNG(filepath.Join(p.out, "screens", fmt.Sprintf("%02d-%s.png", p.shots, name)), img)
	}
	if p.err == nil {
		p.err = err
	}
}

// failed leaves a last picture and says where the logs are.
func (p *player) failed(err error) error {
	_ = p.rig.Screenshot(filepath.Join(p.out, "screens", "99-failed.png")) // the failure itself is told
	if kept := p.keepLogs(); kept != "" {
		return fmt.Errorf("%w; the logs are in %s", err, kept)
	}
	return err
}

func (p *player) keepLogs() string {
	to := filepath.Join(p.out, "logs")
	for _, name := range []string{"kiosk", "gateway", "xvfb"} {
		text, err := os.ReadFile(p.rig.LogFile(name))
		if err != nil || os.MkdirAll(to, 0o755) != nil || os.WriteFile(filepath.Join(to, name+".log"), text, 0o644) != nil {
			return ""
		}
	}
	return to
}

// step is one thing that the citizen does, and the page that follows.
type step struct {
	tell string
	do   func(ctx context.Context) error
	page string
}

// visit is the whole visit, from the attract page to the attract page.
func (p *player) visit(ctx context.Context) error {
	h := p.rig.Hand
	touch := func(id string) func(context.Context) error {
		return func(ctx context.Context) error { _, err := h.Touch(ctx, id); return err }
	}
	language := func(id string) func(context.Context) error {
		return func(ctx context.Context) error {
			if _, err := h.Touch(ctx, "lang-"+id); err != nil {
				return err
			}
			_, err := h.Await(ctx, "language "+id, func(s rig.Screen) bool { return s.Language == id })
			return err
		}
	}
	nothing := func(context.Context) error { return nil }
	pace := func(ctx context.Context) error {
		return p.post(ctx, "/api/network", map[string]any{"delay_ms": gatePace.Milliseconds()})
	}
	card := func(ctx context.Context) error {
		if err := p.rig.AwaitCardWanted(ctx); err != nil {
			return err
		}
		return p.post(ctx, "/api/terminal/card", map[string]any{"card": "bancomat"})
	}
	scan := func(ctx context.Context) error { return p.post(ctx, "/api/scan", map[string]any{"paper": paper}) }
	for _, s := range []step{
		{"The kiosk rests on its first page.", pace, "attract"},
		{"The citizen touches English.", language("en"), "attract"},
		{"And goes back to Italian.", language("it"), "attract"},
		{"He touches \"pay a notice\": the page shows where to hold the paper.", touch("choice-notice"), "scan"},
		{"The paper is under the reader: the gateway says what is owed.", scan, "bill"},
		{"He looks at the bill and goes on to the total.", touch("continue"), "confirm"},
		{"He touches the paying button: the card terminal asks for the card.", touch(rig.PayAction), "terminal"},
		{"He holds his card to it: the money is taken.", card, "paid"},
		{"He chooses the receipt on paper.", touch("choice-paper"), "thanks"},
		{"He takes the paper and goes.", p.leaves("attract"), "attract"},
		{"The kiosk waits for the next one.", nothing, "attract"},
	} {
		fmt.Println("  " + s.tell)
		if err := s.do(ctx); err != nil {
			return err
		}
		if _, err := h.AwaitPage(ctx, s.page); err != nil {
			return err
		}
	}
	return p.post(ctx, "/api/network", map[string]any{"state": "open"})
}

// post gives a command to the dock.
func (p *player) post(ctx context.Context, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("command %s: %w", path, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+path, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("command %s: %w", path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("command %s: %w", path, err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
	if res.StatusCode != http.StatusNoContent {
		return fmt.Errorf("command %s %s: status %d: %s", path, text, res.StatusCode, bytes.TrimSpace(answer))
	}
	return nil
}

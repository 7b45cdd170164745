package rig

// The receipt printer, of either kind: what can be done to it, and what came out.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os/exec"
	"slices"
	"sync"
	"time"

	ippsim "github.com/tserve/jolly/printer/ipp/sim"
	printersim "github.com/tserve/jolly/printer/sim"
)

// The kinds of printers that a rig can have, by the words of the kiosk's configuration.
const (
	PrinterESCPOS = "escpos"
	PrinterIPP    = "ipp"
)

// Printers are the kinds.
func Printers() []string { return []string{PrinterESCPOS, PrinterIPP} }

// Paper is one piece of paper that left the printer.
type Paper struct {
	Number   int    `json:"number"`
	Whole    bool   `json:"whole"`
	Reason   string `json:"reason,omitempty"` // why it is not whole
	Rows     int    `json:"rows"`
	PNG      []byte `json:"-"`
	Document []byte `json:"-"` // what an IPP printer was sent; nil: it was sent dots
}

// tray is a printer of one kind.
type tray interface {
	run(ctx context.Context) error
	section() printerSection
	do(deed string, rows int) error
	papers() []Paper
	state() PrinterState
}

// PrinterDeeds are what can be done to a printer, in the order of the dock.
func PrinterDeeds() []string {
	return []string{"pull", "refill", "pull-after", "near-end", "lose-confirmation", "drop-line", "cover-open", "cover-close", "cutter-error", "switch-off", "mend"}
}

// DoPrinter does one of them to the printer in use; rows is for pull-after.
func (r *Rig) DoPrinter(deed string, rows int) error { return r.devices.tray.do(deed, rows) }

// Prints are the papers that came out, oldest first.
func (r *Rig) Prints() []Paper { return r.devices.tray.papers() }

// Print is one of them by its number.
func (r *Rig) Print(number int) (Paper, error) {
	for _, p := range r.Prints() {
		if p.Number == number {
			return p, nil
		}
	}
	return Paper{}, fmt.Errorf("there is no paper %d", number)
}

var errDeed = errors.New("the printer knows no such deed")

// thermal is the ESC/POS printer.
type thermal struct{ sim *printersim.Printer }

func (t thermal) run(ctx context.Context) error { return t.sim.Run(ctx) }

func (t thermal) section() printerSection {
	return printerSection{Kind: PrinterESCPOS, Address: t.sim.Addr(), Model: "generic"}
}

func (t thermal) do(deed string, rows int) error {
	change := t.sim.Change
	switch deed {
	case "pull":
		change(func(c *printersim.Condition) { c.PaperOut = true })
	case "refill":
		t.sim.Refill()
	case "pull-after":
		change(func(c *printersim.Condition) { c.PaperOutAfter = max(rows, 1) })
	case "near-end":
		change(func(c *printersim.Condition) { c.NearEnd = true })
	case "lose-confirmation":
		change(func(c *printersim.Condition) { c.LoseConfirmation = true })
	case "drop-line":
		change(func(c *printersim.Condition) { c.DropAfterCut = true })
	case "cover-open", "cover-close":
		change(func(c *printersim.Condition) { c.CoverOpen = deed == "cover-open" })
	case "cutter-error":
		change(func(c *printersim.Condition) { c.CutterError = true })
	case "switch-off":
		change(func(c *printersim.Condition) { c.Offline = true })
	case "mend":
		t.sim.Set(printersim.Condition{})
		t.sim.Refill()
	default:
		return fmt.Errorf("%w: %q is none of %v", errDeed, deed, PrinterDeeds())
	}
	return nil
}

func (t thermal) papers() []Paper {
	all := []Paper{}
	for _, p := range t.sim.Papers() {
		all = append(all, Paper{Number: p.Number, Whole: p.Whole, Reason: p.Reason, Rows: p.Rows, PNG: p.PNG})
	}
	return all
}

func (t thermal) state() PrinterState {
	s := t.sim.Snapshot()
	c := s.Condition
	return PrinterState{Kind: PrinterESCPOS, Condition: c, State: firstWord([]word{
		{c.Offline, "switched off"}, {c.CoverOpen, "cover open"}, {c.PaperOut, "no paper"}, {c.CutterError, "cutter will stick"},
		{c.LoseConfirmation, "will lose its confirmation"}, {c.DropAfterCut, "will drop the line"},
		{c.PaperOutAfter > 0, fmt.Sprintf("paper for %d rows", c.PaperOutAfter)}, {s.Hanging > 0, "printing"}, {c.NearEnd, "near the end"},
	})}
}

// word says how a printer is, if it is on.
type word struct {
	on   bool
	text string
}

func firstWord(all []word) string {
	if i := slices.IndexFunc(all, func(w word) bool { return w.on }); i >= 0 {
		return all[i].text
	}
	return "ready"
}

// halfPage is how long an IPP printer takes for half of a receipt.
const halfPage = 350 * time.Millisecond

// office is the IPP printer. It is sent documents: their pictures are drawn by
// pdftoppm, once, when somebody asks for them.
type office struct {
	sim *ippsim.Printer
	ctx context.Context // ends with the devices, whose goroutines it belongs to

	mu    sync.Mutex
	drawn []Paper
}

func newOffice(ctx context.Context) *office {
	return &office{sim: ippsim.New(ippsim.Config{PageTime: halfPage}), ctx: ctx}
}

func (o *office) run(ctx context.Context) error { return o.sim.Run(ctx) }

func (o *office) section() printerSection {
	return printerSection{Kind: PrinterIPP, Address: o.sim.URI(), Paper: "80"}
}

func (o *office) do(deed string, _ int) error {
	change := o.sim.Change
	switch deed {
	case "pull":
		change(func(c *ippsim.Condition) { c.PaperOut = true })
	case "refill":
		change(func(c *ippsim.Condition) { c.PaperOut, c.PaperEnds, c.NearEnd = false, false, false })
	case "pull-after":
		change(func(c *ippsim.Condition) { c.PaperEnds = true })
	case "near-end":
		change(func(c *ippsim.Condition) { c.NearEnd = true })
	case "lose-confirmation":
		change(func(c *ippsim.Condition) { c.LoseCount = true })
	case "drop-line":
		change(func(c *ippsim.Condition) { c.LoseAnswer = true })
	case "cover-open", "cover-close":
		change(func(c *ippsim.Condition) { c.CoverOpen = deed == "cover-open" })
	case "cutter-error":
		change(func(c *ippsim.Condition) { c.Cutter = true })
	case "switch-off":
		change(func(c *ippsim.Condition) { c.Offline = true })
	case "mend":
		o.sim.Set(ippsim.Condition{})
	default:
		return fmt.Errorf("%w: %q is none of %v", errDeed, deed, PrinterDeeds())
	}
	return nil
}

func (o *office) papers() []Paper {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.sim.Papers()[len(o.drawn):] {
		paper := Paper{Number: len(o.drawn) + 1, Whole: p.Whole, Document: p.Document}
		if !p.Whole {
			paper.Reason = "torn off"
		}
		var err error
		if paper.PNG, paper.Rows, err = picture(o.ctx, p.Document, p.Whole); err != nil {
			paper.Reason = err.Error()
		}
		o.drawn = append(o.drawn, paper)
	}
	return slices.Clone(o.drawn)
}

func (o *office) state() PrinterState {
	c, busy := o.sim.Condition()
	return PrinterState{Kind: PrinterIPP, Condition: c, State: firstWord([]word{
		{c.Offline, "switched off"}, {c.CoverOpen, "cover open"}, {c.PaperOut, "no paper"}, {c.Cutter, "cutter stuck"},
		{c.LoseCount, "will not count its pages"}, {c.LoseAnswer, "will drop the line"},
		{c.PaperEnds, "paper for half a page"}, {busy, "printing"}, {c.NearEnd, "near the end"},
	})}
}

// pictureTime bounds the drawing of a paper.
const pictureTime = time.Minute

// picture draws a document as the head would burn it: of a torn paper the upper half.
func picture(ctx context.Context, doc []byte, whole bool) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(ctx, pictureTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "pdftoppm", "-r", "203", "-mono", "-png", "-singlefile")
	cmd.Stdin = bytes.NewReader(doc)
	drawn, err := cmd.Output()
	if err != nil {
		return nil, 0, fmt.Errorf("draw a paper (pdftoppm is of the package poppler-utils): %w", err)
	}
	page, err := png.Decode(bytes.NewReader(drawn))
	if err != nil {
		return nil, 0, fmt.Errorf("draw a paper: %w", err)
	}
	size := page.Bounds()
	if whole {
		return drawn, size.Dy(), nil
	}
	half := image.NewGray(image.Rect(0, 0, size.Dx(), size.Dy()/2))
	draw.Draw(half, half.Rect, page, size.Min, draw.Src)
	var out bytes.Buffer
	if err := png.Encode(&out, half); err != nil {
		return nil, 0, fmt.Errorf("draw a paper: %w", err)
	}
	return out.Bytes(), half.Rect.Dy(), nil
}

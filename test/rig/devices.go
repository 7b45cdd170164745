package rig

// The simulated devices, and the hand that holds them.

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tserve/jolly/kiosk"
	scannersim "github.com/tserve/jolly/kiosk/scanner/sim"
	terminalsim "github.com/tserve/jolly/kiosk/terminal/sim"
	printersim "github.com/tserve/jolly/printer/sim"
	"github.com/tserve/jolly/sync/gateway"
)

// The devices' characters.
const (
	firstSTAN = 417
	rowsASec  = 2000 // dots of paper per second: 250 mm/s
	aimQR     = "Q3" // the identifiers of the two symbologies on papers
	aimGS1    = "C1"
)

// devices are the three simulators.
type devices struct {
	scanner *scannersim.Scanner
	printer *printersim.Printer // there also where another one is in use
	tray    tray                // the printer in use

	life  context.Context // until close
	end   context.CancelFunc
	group *errgroup.Group

	mu       sync.Mutex
	terminal *terminalsim.Sim
	unplug   func()             // ends it
	retired  []*terminalsim.Sim // were in its place before
	last     string             // what was scanned last
	watch    func(terminalsim.Event)
}

// openDevices starts the simulators; the reader's line is shown at link.
func openDevices(ctx context.Context, link string, host time.Duration, printer string) (*devices, error) {
	// They outlive the start, and end with close.
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	group, ctx := errgroup.WithContext(ctx)
	d := &devices{life: ctx, end: end, group: group}
	d.plug(ctx, terminalsim.Config{TerminalID: TerminalID, FirstSTAN: firstSTAN, Work: host})
	d.printer = printersim.New(printersim.Config{RowsPerSecond: rowsASec})
	switch printer {
	case PrinterIPP:
		d.tray = newOffice(ctx)
	case "", PrinterESCPOS:
		d.tray = thermal{d.printer}
	default:
		return nil, errors.Join(fmt.Errorf("start devices: printer %q: want one of %v", printer, Printers()), d.close())
	}
	group.Go(func() error { return d.tray.run(ctx) })
	select {
	case <-d.card().Ready():
	case <-ctx.Done():
		return nil, errors.Join(errors.New("start devices: the terminal does not listen"), d.close())
	}
	var err error
	if d.scanner, err = scannersim.New(link); err != nil {
		return nil, errors.Join(fmt.Errorf("start devices: %w", err), d.close())
	}
	return d, nil
}

// plug puts a terminal into its place. It was in use before.
func (d *devices) plug(ctx context.Context, cfg terminalsim.Config) {
	cfg.SavesRefused, cfg.Used, cfg.Trace = true, true, d.trace
	t := terminalsim.New(cfg)
	ctx, end := context.WithCancel(ctx)
	ended := make(chan struct{})
	d.group.Go(func() error {
		defer close(ended)
		return t.Run(ctx)
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.terminal, d.unplug = t, func() { end(); <-ended }
}

func (d *devices) close() error {
	if d == nil {
		return nil
	}
	var err error
	if d.scanner != nil {
		err = d.scanner.Close()
	}
	d.end()
	return errors.Join(err, d.group.Wait())
}

// trace hands on what the terminal tells.
func (d *devices) trace(e terminalsim.Event) {
	d.mu.Lock()
	watch := d.watch
	d.mu.Unlock()
	if watch != nil {
		watch(e)
	}
}

// OnTerminal calls f with each thing that happens in the terminal, at once and
// before it goes on; f must not wait. nil calls nobody.
func (r *Rig) OnTerminal(f func(terminalsim.Event)) {
	r.devices.mu.Lock()
	defer r.devices.mu.Unlock()
	r.devices.watch = f
}

// LoseTerminalAfterApproval makes the terminal take the next payment, lose its
// line and not answer any more, until [Rig.SetTerminal] mends it.
func (r *Rig) LoseTerminalAfterApproval() { r.LoseTerminal(terminalsim.DropAfter) }

// LoseTerminal is the same with any way to lose the line.
func (r *Rig) LoseTerminal(how terminalsim.Kind) {
	r.Terminal().Set(terminalsim.Behaviour{Kind: how, Times: 1})
	r.OnTerminal(func(e terminalsim.Event) {
		if e.What == terminalsim.EventDropped {
			r.OnTerminal(nil)
			r.Terminal().Set(terminalsim.Behaviour{Kind: terminalsim.Deaf})
		}
	})
}

// Scanner is the barcode reader.
func (r *Rig) Scanner() *scannersim.Scanner { return r.devices.scanner }

// Terminal is the card terminal.
func (r *Rig) Terminal() *terminalsim.Sim { return r.devices.card() }

func (d *devices) card() *terminalsim.Sim {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.terminal
}

// Printer is the ESC/POS printer, where that is the one in use.
func (r *Rig) Printer() *printersim.Printer { return r.devices.printer }

// Case is a paper that can be held under the reader.
type Case struct {
	Name   string         `json:"name"`
	Title  string         `json:"title"`
	Text   string         `json:"text"`
	AIM    string         `json:"aim"`
	Sample gateway.Sample `json:"-"` // empty where the code is no notice
}

// Papers are the cases: the gateway's samples, one of them as an older notice,
// and codes that are no notice at all.
func (r *Rig) Papers() []Case {
	var all []Case
	for _, s := range gateway.Samples() {
		all = append(all, Case{Name: s.Name, Title: s.Note, Text: s.QR, AIM: aimQR, Sample: s})
		if s.Name == "meals" {
			all = append(all, Case{Name: "meals-barcode", Title: "the same notice, its older bar code", Text: s.GS1, AIM: aimGS1, Sample: s})
		}
	}
	stray := func(name, title, text, aim string) {
		all = append(all, Case{Name: name, Title: title, Text: text, AIM: aim})
	}
	stray("other-version", "a QR of version 003", "PAGOPA|003|302000000000000000|84006890481|1000", aimQR)
	stray("web-address", "some web address", "https://www.comune.prato.it/it/", aimQR)
	stray("shop", "a shop's bar code", "8001120001234", "E0")
	return all
}

// Paper finds a case by its name.
func (r *Rig) Paper(name string) (Case, error) {
	all := r.Papers()
	i := slices.IndexFunc(all, func(c Case) bool { return c.Name == name })
	if i < 0 {
		return Case{}, fmt.Errorf("there is no paper %q", name)
	}
	return all[i], nil
}

// ScanPaper holds a case under the reader.
func (r *Rig) ScanPaper(name string) error {
	c, err := r.Paper(name)
	if err != nil {
		return err
	}
	r.devices.note(c.Text)
	return r.Scanner().Scan(c.AIM, c.Text)
}

// Scan holds a QR of any text under the reader.
func (r *Rig) Scan(text string) error {
	r.devices.note(text)
	return r.Scanner().Scan(aimQR, text)
}

// ScanTorn holds a paper under the reader of which the end is missing: the
// reader decodes what is there.
func (r *Rig) ScanTorn(name string) error {
	c, err := r.Paper(name)
	if err != nil {
		return err
	}
	torn := c.Text[:len(c.Text)*2/3]
	r.devices.note(torn)
	return r.Scanner().Scan(c.AIM, torn)
}

func (d *devices) note(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = text
}

// Behaviours are the ways in which the terminal can answer.
func Behaviours() []string {
	var all []string
	for _, k := range terminalsim.Kinds() {
		all = append(all, string(k))
	}
	return all
}

// SetTerminal makes the terminal behave.
func (r *Rig) SetTerminal(b terminalsim.Behaviour) error {
	if !slices.Contains(terminalsim.Kinds(), b.Kind) {
		return fmt.Errorf("terminal: %q is none of %s", b.Kind, strings.Join(Behaviours(), ", "))
	}
	r.Terminal().Set(b)
	return nil
}

// cards are the payment cards at hand.
func cards() map[string]terminalsim.Card {
	return map[string]terminalsim.Card{
		"bancomat": {PAN: "6001230000001111", Kind: "bancomat", Entry: "CLI"},
		"credit":   {PAN: "4111110000004242", Kind: "credit", Entry: "ICC"},
		"empty":    {PAN: "6001230000002222", Kind: "bancomat", Entry: "ICC", Decline: "FONDI INSUFFICIENTI"},
		"dollars":  {PAN: "4000020000003333", Kind: "credit", Entry: "CLI", Currency: "USD"},
	}
}

// Cards are their names.
func Cards() []string { return []string{"bancomat", "credit", "empty", "dollars"} }

// errNoCardWanted says that the terminal does not ask for a card.
var errNoCardWanted = errors.New("the terminal does not ask for a card now")

// InsertCard holds a card to the terminal, which must be asking for one.
func (r *Rig) InsertCard(name string) error {
	c, ok := cards()[name]
	if !ok {
		return fmt.Errorf("there is no card %q", name)
	}
	if !r.Terminal().PresentCard(c) {
		return errNoCardWanted
	}
	return nil
}

// PressRed presses the terminal's red key.
func (r *Rig) PressRed() error {
	if !r.Terminal().PressRed() {
		return errors.New("the terminal has nothing to cancel now")
	}
	return nil
}

// AwaitCardWanted waits until the terminal asks for a card.
func (r *Rig) AwaitCardWanted(ctx context.Context) error {
	for !r.Terminal().Waiting() {
		if pause(ctx, look) != nil {
			return errors.New("await the terminal's question for a card: it never asked")
		}
	}
	return nil
}

// Approved is the outcome of a charge that took money.
const Approved = string(kiosk.Charged)

var uuidText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// Charges are the terminal's own book: approved and refused, oldest first.
func (r *Rig) Charges() []Charge { return r.devices.charges() }

func (d *devices) charges() []Charge {
	d.mu.Lock()
	terminals := append(slices.Clone(d.retired), d.terminal)
	d.mu.Unlock()
	var entries []terminalsim.Entry
	for _, t := range terminals {
		book := t.Snapshot()
		entries = slices.Concat(entries, book.Charges, book.Refusals)
	}
	all := []Charge{}
	for _, e := range entries {
		if e.ByHand {
			continue // no kiosk asked for it
		}
		all = append(all, Charge{
			STAN: e.STAN, Amount: e.Amount.Cents(), Asked: e.Asked.Cents(), Outcome: string(e.Outcome), Text: strings.TrimSpace(e.Text),
			Payment: uuidText.FindString(e.Text), Auth: e.AuthCode, Reason: e.Reason, At: e.At, Acked: e.Acked,
		})
	}
	slices.SortStableFunc(all, func(a, b Charge) int { return a.At.Compare(b.At) })
	return all
}

func (d *devices) scannerState() ScannerState {
	d.mu.Lock()
	defer d.mu.Unlock()
	return ScannerState{Plugged: d.scanner.Plugged(), Last: d.last, Scans: d.scanner.Sent()}
}

func (d *devices) terminalState() TerminalState {
	card := d.card()
	s := card.State()
	t := TerminalState{
		Behaviour: string(s.Behaviour.Kind), Phase: string(s.Phase), Display: s.Display, Listening: s.Listening,
		WantsCard: card.Waiting(), Charges: d.charges(),
	}
	if t.Behaviour == "" {
		t.Behaviour = string(terminalsim.Approve)
	}
	return t
}

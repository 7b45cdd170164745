package dock

// What each command does.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/terminal/sim"
	"github.com/tserve/jolly/test/rig"
)

// Scan puts a paper, a text or a torn paper under the reader.
type Scan struct {
	Paper string `json:"paper,omitempty"`
	Text  string `json:"text,omitempty"`
	Torn  string `json:"torn,omitempty"`
}

func (d *Dock) scan(_ context.Context, c Scan) error {
	switch {
	case c.Paper != "":
		return d.rig.ScanPaper(c.Paper)
	case c.Torn != "":
		return d.rig.ScanTorn(c.Torn)
	case c.Text != "":
		return d.rig.Scan(c.Text)
	default:
		return errors.New("scan: paper, text or torn is wanted")
	}
}

// Terminal chooses how the card terminal answers from now on.
type Terminal struct {
	Behaviour string `json:"behaviour"`
	DelayMS   int64  `json:"delay_ms,omitempty"` // of late (default 10 s) and deaf
	Text      string `json:"text,omitempty"`     // of decline
	Times     int    `json:"times,omitempty"`    // for so many payments only; 0: until told otherwise
	Amount    int64  `json:"amount,omitempty"`   // of other-amount, in cents
}

// defaultLate is how late a late answer is when nobody says it.
const defaultLate = 10 * time.Second

func (d *Dock) terminal(_ context.Context, c Terminal) error {
	b := sim.Behaviour{
		Kind: sim.Kind(c.Behaviour), Delay: time.Duration(c.DelayMS) * time.Millisecond, Text: c.Text, Times: c.Times, Amount: kiosk.Amount(c.Amount),
	}
	if b.Kind == sim.Late && b.Delay == 0 {
		b.Delay = defaultLate
	}
	return d.rig.SetTerminal(b)
}

// Card is put into the terminal while it asks for one.
type Card struct {
	Card string `json:"card"`
}

func (d *Dock) card(_ context.Context, c Card) error { return d.rig.InsertCard(c.Card) }

// IDCard is a sample citizen's card, laid into the reader.
type IDCard struct {
	Card string `json:"card"`
}

func (d *Dock) idCard(_ context.Context, c IDCard) error { return d.rig.LayCard(c.Card) }

// Printer does something to the printer.
type Printer struct {
	Do   string `json:"do"`
	Rows int    `json:"rows,omitempty"` // of pull-after
}

func (d *Dock) printer(_ context.Context, c Printer) error { return d.rig.DoPrinter(c.Do, c.Rows) }

// Network changes the way to the gateway.
type Network struct {
	State   rig.Network `json:"state,omitempty"` // "" leaves it
	DelayMS int64       `json:"delay_ms,omitempty"`
}

func (d *Dock) network(_ context.Context, c Network) error {
	switch c.State {
	case rig.NetworkOpen:
		d.rig.Gate.Open()
	case rig.NetworkCut, rig.NetworkSwallow, rig.NetworkSilent:
		d.rig.Gate.Set(c.State)
	case "":
	default:
		return fmt.Errorf("network: %q is none of %v", c.State, rig.Networks())
	}
	d.rig.Gate.Delay(time.Duration(c.DelayMS) * time.Millisecond)
	return nil
}

// Kiosk starts or ends the kiosk.
type Kiosk struct {
	Do string `json:"do"`
}

func (d *Dock) power(ctx context.Context, c Kiosk) error {
	switch c.Do {
	case "start":
		return d.rig.StartKiosk(ctx)
	case "stop":
		return d.rig.StopKiosk()
	case "kill":
		d.rig.KillKiosk()
		return nil
	default:
		return fmt.Errorf("kiosk: %q is none of start, stop, kill", c.Do)
	}
}

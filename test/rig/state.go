package rig

// The whole rig at one moment, as the dock shows it.

import (
	"context"
	"time"

	"github.com/tserve/jolly/kiosk/control"
)

// State is the rig at one moment.
type State struct {
	Kiosk    KioskState    `json:"kiosk"`
	Scanner  ScannerState  `json:"scanner"`
	Terminal TerminalState `json:"terminal"`
	Printer  PrinterState  `json:"printer"`
	Network  NetworkState  `json:"network"`
	IDCards  []string      `json:"id_cards,omitempty"` // in the reader of citizens' cards
}

// KioskState is the child process and what it shows.
type KioskState struct {
	Running  bool              `json:"running"`
	Screen   *Screen           `json:"screen,omitempty"`
	Payments []control.Payment `json:"payments,omitempty"`
	Health   *control.Health   `json:"health,omitempty"`
	Picture  bool              `json:"picture"` // the dock can show the glass
}

// ScannerState is the barcode reader.
type ScannerState struct {
	Plugged bool   `json:"plugged"`
	Last    string `json:"last,omitempty"`
	Scans   int    `json:"scans"`
}

// TerminalState is the card terminal.
type TerminalState struct {
	Behaviour string   `json:"behaviour"`
	Phase     string   `json:"phase"`
	Display   string   `json:"display"`
	Listening bool     `json:"listening"`
	WantsCard bool     `json:"wants_card"`
	Charges   []Charge `json:"charges"`
}

// Charge is one sale as the terminal's own book has it, approved or refused.
type Charge struct {
	STAN    string    `json:"stan"`
	Amount  int64     `json:"amount"` // cents taken
	Asked   int64     `json:"asked"`
	Outcome string    `json:"outcome"`
	Text    string    `json:"text"`    // what the kiosk gave it to print
	Payment string    `json:"payment"` // the id that stands in the text
	Auth    string    `json:"auth_code,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Acked   bool      `json:"acked"` // the kiosk acknowledged the result
	At      time.Time `json:"at"`
}

// PrinterState is the receipt printer.
type PrinterState struct {
	Kind      string  `json:"kind"` // one of [Printers]
	State     string  `json:"state"`
	Condition any     `json:"condition"`
	Papers    []Paper `json:"papers"` // the newest fifty
}

// NetworkState is the way to the gateway.
type NetworkState struct {
	Behaviour Network `json:"behaviour"`
	DelayMS   int64   `json:"delay_ms"`
	Requests  int     `json:"requests"`
	Gateway   bool    `json:"gateway"` // its process lives
}

// State looks at everything. What does not answer is left out.
func (r *Rig) State(ctx context.Context) State {
	s := State{Scanner: r.devices.scannerState(), Terminal: r.devices.terminalState(), Printer: r.devices.tray.state()}
	s.Printer.Papers, s.IDCards = r.Prints(), r.LaidCards()
	mode, delay := r.Gate.State()
	s.Network = NetworkState{Behaviour: mode, DelayMS: delay.Milliseconds(), Requests: len(r.Gate.Passed())}
	r.mu.Lock()
	s.Kiosk.Running, s.Network.Gateway = r.kiosk.running(), r.gateway.running()
	r.mu.Unlock()
	s.Kiosk.Picture = r.Glass != nil
	if !s.Kiosk.Running {
		return s
	}
	if screen, err := r.Control.Screen(ctx); err == nil {
		s.Kiosk.Screen = &screen
	}
	if payments, err := r.Control.Payments(ctx); err == nil {
		s.Kiosk.Payments = payments
	}
	if health, err := r.Control.Health(ctx); err == nil {
		s.Kiosk.Health = &health
	}
	return s
}

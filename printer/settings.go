package printer

// From the words of a configuration file to a printer.

import (
	"fmt"

	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/pdf"
)

// Settings are a printer as an installer writes it down. The fields are those of
// the configuration's section, so that one converts into the other.
type Settings struct {
	Kind    string // escpos, ipp
	Address string // host:port, ipp://host/path
	Device  string // instead: /dev/usb/lp0, a serial line
	Baud    int    // of a serial line; 0: the device is none
	Frame   string
	Flow    string
	Model   string // a name of package quirks
	Paper   string // of an IPP printer: 80, 58, a4
}

// ParseWidth reads "80", "58" or "a4".
func ParseWidth(s string) (pdf.Width, error) {
	switch s {
	case "80":
		return pdf.Roll80, nil
	case "58":
		return pdf.Roll58, nil
	case "a4":
		return pdf.A4, nil
	}
	return 0, fmt.Errorf("paper %q: want 80, 58 or a4", s)
}

// Config makes a configuration of the settings and checks it.
func (s Settings) Config() (Config, error) {
	width, err := ParseWidth(s.Paper)
	if err != nil {
		return Config{}, fmt.Errorf("printer: %w", err)
	}
	cfg := Config{Kind: s.Kind, Addr: s.Address, Model: s.Model, Paper: width}
	switch {
	case s.Device != "" && s.Kind == KindIPP:
		return Config{}, fmt.Errorf("printer: an IPP printer has an address and no device")
	case s.Device != "" && s.Baud > 0:
		line := escpos.Serial{Path: s.Device, Baud: s.Baud, Frame: s.Frame, Flow: s.Flow}
		if err := line.Check(); err != nil {
			return Config{}, fmt.Errorf("printer: %w", err)
		}
		cfg.Dialer = line
	case s.Device != "":
		cfg.Dialer = escpos.File{Path: s.Device}
	}
	return cfg, Check(cfg)
}

package printer_test

import (
	"strings"
	"testing"

	"github.com/tserve/jolly/printer"
	"github.com/tserve/jolly/printer/escpos"
	"github.com/tserve/jolly/printer/pdf"
)

func TestSettings(t *testing.T) {
	good := map[string]printer.Settings{
		"tcp":    {Kind: "escpos", Address: "10.0.0.5:9100", Model: "generic", Paper: "80"},
		"usb":    {Kind: "escpos", Device: "/dev/usb/lp0", Model: "custom-vkp80", Paper: "80"},
		"serial": {Kind: "escpos", Device: "/dev/serial/by-id/x", Baud: 115200, Frame: "8O1", Flow: "xonxoff", Model: "nippon", Paper: "80"},
		"ipp":    {Kind: "ipp", Address: "ipp://localhost/printers/receipts", Paper: "a4"},
	}
	for name, s := range good {
		cfg, err := s.Config()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, file := cfg.Dialer.(escpos.File)
		_, serial := cfg.Dialer.(escpos.Serial)
		if file != (name == "usb") || serial != (name == "serial") || (cfg.Paper == pdf.A4) != (name == "ipp") {
			t.Errorf("%s: %+v", name, cfg)
		}
	}
	for _, c := range []struct {
		change func(*printer.Settings)
		from   string
		want   string
	}{
		{func(s *printer.Settings) { s.Model = "laserjet" }, "tcp", "generic"},
		{func(s *printer.Settings) { s.Paper = "90" }, "tcp", "80, 58 or a4"},
		{func(s *printer.Settings) { s.Kind = "cups" }, "tcp", "escpos or ipp"},
		{func(s *printer.Settings) { s.Address = "" }, "tcp", "no address"},
		{func(s *printer.Settings) { s.Frame = "7N2" }, "serial", "7N2"},
		{func(s *printer.Settings) { s.Flow = "yes" }, "serial", "flow control"},
		{func(s *printer.Settings) { s.Baud = 1200 }, "serial", "1200"},
		{func(s *printer.Settings) { s.Address = "printer:9100" }, "ipp", "ipp://"},
		{func(s *printer.Settings) { s.Device = "/dev/usb/lp0" }, "ipp", "no device"},
	} {
		s := good[c.from]
		c.change(&s)
		if _, err := s.Config(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", s, err, c.want)
		}
	}
}

package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const good = `[kiosk]
id = "PO-001"
place = "Biblioteca Lazzerini"
body = "Comune di Prato"
data = "/var/lib/jolly"
[help]
phone = "0574 000000"
hours = "8-18"
[psp]
name = "Banca di Prova S.p.A."
code = "00000000000"
[screen]
width = 1080
height = 1920
mm_per_px = 0.248
bottom_mm = 750
fullscreen = true
[scanner]
path = "/dev/serial/by-id/scanner"
aim = true
[terminal]
address = "127.0.0.1:1818"
terminal_id = "12345678"
register_id = "87654321"
[printer]
address = "127.0.0.1:9100"
[gateway]
url = "http://127.0.0.1:8480"
`

func TestGoodFile(t *testing.T) {
	c, err := Parse("jolly.toml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if c.Terminal.Deadline() != 24*time.Hour {
		t.Errorf("deadline %s", c.Terminal.Deadline())
	}
	if c.Terminal.LRC != "noext" || c.Scanner.Baud != 115200 || c.Scanner.Kind != "auto" || c.Scanner.Suffix != "\r" || c.Printer.Model != "generic" || c.Places.Terminal != "below" ||
		c.Gateway.PublicURL != c.Gateway.URL || c.Gateway.Identity != "/var/lib/jolly/identity.pem" || c.Control.Socket != "/var/lib/jolly/control.sock" {
		t.Errorf("defaults: %+v", c)
	}
}

// Every mistake is refused with file, line and cure.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "aim = true", "aimm = true", "jolly.toml:20: scanner.aimm: no such key"},
		{"wrong type", "width = 1080", `width = "wide"`, "jolly.toml:13: screen.width: "},
		{"scale", "mm_per_px = 0.248", "mm_per_px = 248.0", "jolly.toml:15: screen.mm_per_px: millimetres per pixel"},
		{"scanner kind", "aim = true", `kind = "usb"`, "jolly.toml:20: scanner.kind: one of auto, serial, evdev, camera"},
		{"scanner suffix", "aim = true", `suffix = "123456789"`, "jolly.toml:20: scanner.suffix: at most 8 characters"},
		{"scanner path", `path = "/dev/serial/by-id/scanner"`, `path = "ttyACM0"`, "jolly.toml:19: scanner.path: a stable device path"},
		{"terminal address", `address = "127.0.0.1:1818"`, `address = "ttyS0"`, "jolly.toml:22: terminal.address: host:port"},
		{"closing time", `register_id = "87654321"`, `close_at = "24:00"`, "jolly.toml:24: terminal.close_at: hours and minutes"},
		{"deadline", `register_id = "87654321"`, `decide_within = "a day"`, "jolly.toml:24: terminal.decide_within: a time of one minute"},
		{"deadline of nothing", `register_id = "87654321"`, `decide_within = "-5h"`, "jolly.toml:24: terminal.decide_within: a time of one minute"},
		{"terminal id", `terminal_id = "12345678"`, `terminal_id = "123"`, "jolly.toml:23: terminal.terminal_id: the terminal's TID, 8 characters"},
		{"missing", `phone = "0574 000000"`, "", "jolly.toml: help.phone: the telephone number"},
		{"relative data", `data = "/var/lib/jolly"`, `data = "here"`, "jolly.toml:5: kiosk.data: an absolute directory"},
		{"no port", `"127.0.0.1:9100"`, `"127.0.0.1"`, "jolly.toml:26: printer.address: host:port"},
		{"no scheme", `"http://127.0.0.1:8480"`, `"127.0.0.1:8480"`, "jolly.toml:28: gateway.url: http:// or https://"},
		{"plain HTTP", `"http://127.0.0.1:8480"`, `"http://gateway.example.org"`, "jolly.toml:28: gateway.url: https://: plain http://"},
		{"identity", `url = "http://127.0.0.1:8480"`, "url = \"http://127.0.0.1:8480\"\nidentity = \"me.pem\"", "jolly.toml:29: gateway.identity: an absolute path"},
		{"catalogue's key", `url = "http://127.0.0.1:8480"`, "url = \"http://127.0.0.1:8480\"\ncatalogue_key = \"AAAA\"", "jolly.toml:29: gateway.catalogue_key: public keys"},
		{"operator's key", `url = "http://127.0.0.1:8480"`, "url = \"http://127.0.0.1:8480\"\ncommand_key = \"AAAA\"", "jolly.toml:29: gateway.command_key: public keys"},
		{"torn", "[psp]", "[psp", "jolly.toml:9: "},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%s: nothing replaced", c.name)
		}
		_, err := Parse("jolly.toml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q in it", c.name, err, c.want)
		}
	}
}

func TestAllMistakesAreTold(t *testing.T) {
	_, err := Parse("jolly.toml", []byte("[kiosk]\nid = \"a b\"\n"))
	var m Mistake
	if !errors.As(err, &m) || strings.Count(err.Error(), "\n") < 10 {
		t.Errorf("got %v", err)
	}
}

func TestSampleFileIsGood(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "packaging", "jolly.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("packaging/jolly.toml", text); err != nil {
		t.Error(err)
	}
}

func TestCatalogueKeys(t *testing.T) {
	one, two := strings.Repeat("A", 43)+"=", "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="
	keys := Gateway{CatalogueKey: one + " " + two}.CatalogueKeys()
	if len(keys) != 2 || len(keys[0]) != 32 || keys[1][0] != 0x8a {
		t.Errorf("%x", keys)
	}
	if keys := (Gateway{}).CatalogueKeys(); len(keys) != 0 {
		t.Errorf("%x of nothing", keys)
	}
}

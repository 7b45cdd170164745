// Package config is the kiosk's configuration: one struct, one TOML file,
// checked once at start. A mistake is refused with the file, the line, what is
// wrong and how to cure it; every mistake is told, not the first only.
//
// A sample with every key explained is packaging/jolly.toml.
package config

// Reading and checking the file.

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Config is the whole file.
type Config struct {
	Kiosk    Kiosk    `toml:"kiosk"`
	Help     Help     `toml:"help"`
	PSP      PSP      `toml:"psp"`
	Screen   Screen   `toml:"screen"`
	Places   Places   `toml:"places"`
	Scanner  Scanner  `toml:"scanner"`
	Terminal Terminal `toml:"terminal"`
	Printer  Printer  `toml:"printer"`
	Card     Card     `toml:"card"`
	Gateway  Gateway  `toml:"gateway"`
	Control  Control  `toml:"control"`
	Sound    Sound    `toml:"sound"`
}

// Kiosk names the machine.
type Kiosk struct {
	ID    string `toml:"id"`    // as the gateway knows it
	Place string `toml:"place"` // where it stands
	Body  string `toml:"body"`  // whose it is
	Arms  string `toml:"arms"`  // pictogram of the arms; default "arms"
	Data  string `toml:"data"`  // directory of the journal, the receipts and the caches
}

// Help is who answers the telephone.
type Help struct {
	Phone   string `toml:"phone"`
	Hours   string `toml:"hours"`    // as Italians read them
	HoursEN string `toml:"hours_en"` // where words make them others in English
	HoursZH string `toml:"hours_zh"` // and in Chinese
}

// PSP is who takes the money, by name and fiscal code: the law wants both on the receipt.
type PSP struct {
	Name string `toml:"name"`
	Code string `toml:"code"`
}

// Screen is the panel.
type Screen struct {
	Width      int     `toml:"width"`     // pixels
	Height     int     `toml:"height"`    // pixels
	MMPerPx    float64 `toml:"mm_per_px"` // millimetres per pixel, 0.248 on a 21.5 inch full HD panel
	BottomMM   float64 `toml:"bottom_mm"` // height of the glass's lower edge above the floor
	Fullscreen bool    `toml:"fullscreen"`
}

// Places are where the devices stand seen from the citizen: right, left, below, above.
type Places struct {
	Scanner  string `toml:"scanner"`
	Terminal string `toml:"terminal"`
	Printer  string `toml:"printer"`
	Card     string `toml:"card"`
}

// Card is the reader of citizens' cards.
type Card struct {
	Enabled bool   `toml:"enabled"`
	Reader  string `toml:"reader"` // only readers whose name contains this; default all
	CSCA    string `toml:"csca"`   // the issuers that are trusted: a file or a folder; default none
}

// Scanner is the reader of the notices.
type Scanner struct {
	Kind string `toml:"kind"` // serial, evdev or camera; default "auto": what its path says
	Path string `toml:"path"` // a stable path such as /dev/serial/by-id/..., or "auto": found by its name
	Baud int    `toml:"baud"`
	AIM  bool   `toml:"aim"` // the reader sends the AIM symbology identifier

	Prefix string `toml:"prefix"` // what it sends in front of each code; default nothing
	Suffix string `toml:"suffix"` // what it sends behind each code; default "\r"
}

// Terminal is the card terminal.
type Terminal struct {
	Address      string `toml:"address"` // host:port, or the path of a tty
	Baud         int    `toml:"baud"`    // of the tty
	TerminalID   string `toml:"terminal_id"`
	RegisterID   string `toml:"register_id"`
	LRC          string `toml:"lrc"`
	SavesRefused bool   `toml:"saves_refused"` // it keeps refused results as its last result, too
	Basic        bool   `toml:"basic"`         // it does not know the extended payment: its results tell no amount
	CloseAt      string `toml:"close_at"`      // "23:30": when its day is closed; "" is never
	DecideWithin string `toml:"decide_within"` // "24h": after which a charge that nobody decided is a problem
}

// Deadline is how long a charge may stay undecided before it is a problem; 0 when
// the text is none.
func (t Terminal) Deadline() time.Duration {
	d, err := time.ParseDuration(t.DecideWithin)
	if err != nil || d < time.Minute || d > 30*24*time.Hour {
		return 0
	}
	return d
}

// DayEnds is when the terminal's day is closed; on is false when it never is.
func (t Terminal) DayEnds() (hour, minute int, on bool) {
	at, err := time.Parse("15:04", t.CloseAt)
	if err != nil {
		return 0, 0, false
	}
	return at.Hour(), at.Minute(), true
}

// Printer is the receipt printer.
type Printer struct {
	PrinterLine

	DayReport bool `toml:"day_report"` // print the day's paper when the terminal's day is closed
	Readiness bool `toml:"readiness"`  // print what works and what does not after each start
}

// PrinterLine is how the printer is reached and what it is.
type PrinterLine struct {
	Kind    string `toml:"kind"`    // "escpos" or "ipp"; default "escpos"
	Address string `toml:"address"` // host:port, or ipp://host/path
	Device  string `toml:"device"`  // instead of an address: /dev/usb/lp0 or a serial line
	Baud    int    `toml:"baud"`    // of a serial line; 0: the device is none
	Frame   string `toml:"frame"`   // of a serial line; default "8N1"
	Flow    string `toml:"flow"`    // of a serial line: none, xonxoff, rtscts; default "none"
	Model   string `toml:"model"`   // escpos: a file of printer/quirks
	Paper   string `toml:"paper"`   // ipp: "80", "58" or "a4"; default "80"
}

// Gateway is the central gateway.
type Gateway struct {
	URL       string `toml:"url"`
	PublicURL string `toml:"public_url"` // base of the citizen's page; default: url

	Identity string `toml:"identity"` // file of this kiosk's key and certificate; default: identity.pem in the data directory

	CommandKey   string `toml:"command_key"`   // whose commands from afar are carried out: as catalogue_key; none: nobody's
	CatalogueKey string `toml:"catalogue_key"` // whose catalogue is taken: public keys in base64, blanks between; none: nobody's
}

// CommandKeys are the public keys of the operators whose commands are carried
// out. A key that is none is nil among them.
func (g Gateway) CommandKeys() []ed25519.PublicKey { return publicKeys(g.CommandKey) }

// CatalogueKeys are the public keys of which one must have signed the catalogue.
// A key that is none is nil among them.
func (g Gateway) CatalogueKeys() []ed25519.PublicKey { return publicKeys(g.CatalogueKey) }

func publicKeys(all string) []ed25519.PublicKey {
	var keys []ed25519.PublicKey
	for _, text := range strings.Fields(all) {
		key, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || len(key) != ed25519.PublicKeySize {
			key = nil
		}
		keys = append(keys, key)
	}
	return keys
}

// Sound is the loudspeaker of the short sounds.
type Sound struct {
	Device string `toml:"device"` // ALSA's name of it, "none" for silence; default "default"
}

// Control is the socket of the maintainer's command.
type Control struct {
	Socket string `toml:"socket"` // default: control.sock in the data directory
}

// Mistake is one mistake of the file.
type Mistake struct {
	File string
	Line int // 0: the key is missing
	Key  string
	What string // what is wrong and how to cure it
}

// Error writes the mistake like a compiler: file:line: key: what.
func (m Mistake) Error() string {
	if m.Line == 0 {
		return fmt.Sprintf("%s: %s: %s", m.File, m.Key, m.What)
	}
	return fmt.Sprintf("%s:%d: %s: %s", m.File, m.Line, m.Key, m.What)
}

// Read reads and checks a file. The error joins every [Mistake].
func Read(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w; give the file with --config", err)
	}
	return Parse(path, text)
}

// Parse reads the text of a file; name stands in the mistakes.
func Parse(name string, text []byte) (Config, error) {
	var c Config
	dec := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Config{}, decodeMistakes(name, text, err)
	}
	c.defaults()
	return c, c.check(name, text)
}

func decodeMistakes(name string, text []byte, err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		var all []error
		for i := range strict.Errors {
			e := &strict.Errors[i]
			row, _ := e.Position()
			all = append(all, Mistake{File: name, Line: row, Key: strings.Join(e.Key(), "."), What: "no such key; see packaging/jolly.toml for all keys"})
		}
		return errors.Join(all...)
	}
	var one *toml.DecodeError
	if errors.As(err, &one) {
		row, _ := one.Position()
		return Mistake{File: name, Line: row, Key: keyAt(text, row), What: strings.TrimPrefix(one.Error(), "toml: ") + "; see packaging/jolly.toml for its form"}
	}
	return fmt.Errorf("%s: %w", name, err)
}

func (c *Config) defaults() {
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&c.Kiosk.Arms, "arms")
	set(&c.Places.Scanner, "right")
	set(&c.Places.Terminal, "below")
	set(&c.Places.Printer, "below")
	set(&c.Places.Card, "left")
	set(&c.Scanner.Kind, "auto")
	set(&c.Scanner.Suffix, "\r")
	set(&c.Terminal.LRC, "noext")
	set(&c.Terminal.DecideWithin, "24h")
	set(&c.Printer.Kind, "escpos")
	set(&c.Printer.Frame, "8N1")
	set(&c.Printer.Flow, "none")
	set(&c.Printer.Model, "generic")
	set(&c.Printer.Paper, "80")
	set(&c.Sound.Device, "default")
	set(&c.Gateway.PublicURL, c.Gateway.URL)
	set(&c.Gateway.Identity, filepath.Join(c.Kiosk.Data, "identity.pem"))
	set(&c.Control.Socket, filepath.Join(c.Kiosk.Data, "control.sock"))
	if c.Scanner.Baud == 0 {
		c.Scanner.Baud = 115200
	}
}

var (
	kioskID  = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)
	eightAN  = regexp.MustCompile(`^[0-9A-Za-z]{8}$`)
	elevenN  = regexp.MustCompile(`^[0-9]{11}$`)
	place    = regexp.MustCompile(`^(right|left|below|above)$`)
	scanners = regexp.MustCompile(`^(auto|serial|evdev|camera)$`)
	lrcModes = regexp.MustCompile(`^(noext|std|stx|stx_noext|etx_control)$`)
)

// check asks every value for its form.
func (c Config) check(name string, text []byte) error {
	var all []error
	want := func(ok bool, key, what string) {
		if !ok {
			all = append(all, Mistake{File: name, Line: lineOf(text, key), Key: key, What: what})
		}
	}
	want(kioskID.MatchString(c.Kiosk.ID), "kiosk.id", "letters, digits and dashes, as enrolled at the gateway: \"PO-001\"")
	want(c.Kiosk.Place != "", "kiosk.place", "say where the kiosk stands: it is on every receipt")
	want(c.Kiosk.Body != "", "kiosk.body", "say whose kiosk it is: \"Comune di Prato\"")
	want(filepath.IsAbs(c.Kiosk.Data), "kiosk.data", "an absolute directory for the journal: \"/var/lib/jolly\"")
	want(c.Help.Phone != "", "help.phone", "the telephone number of the help line: it is on every error page")
	want(c.PSP.Name != "", "psp.name", "the name of the payment service provider: the law wants it on the receipt")
	want(elevenN.MatchString(c.PSP.Code), "psp.code", "the provider's fiscal code, 11 digits: the law wants it on the receipt")
	want(c.Screen.Width >= 400 && c.Screen.Width <= 8000, "screen.width", "pixels, 400 to 8000")
	want(c.Screen.Height >= 400 && c.Screen.Height <= 8000, "screen.height", "pixels, 400 to 8000")
	want(c.Screen.MMPerPx >= 0.05 && c.Screen.MMPerPx <= 1, "screen.mm_per_px", "millimetres per pixel, 0.05 to 1: panel width in mm divided by its pixels (0.248 on 21.5 inch full HD)")
	want(c.Screen.BottomMM >= 300 && c.Screen.BottomMM <= 1200, "screen.bottom_mm", "height of the glass's lower edge above the floor in mm, 300 to 1200")
	want(place.MatchString(c.Places.Scanner), "places.scanner", "one of right, left, below, above")
	want(place.MatchString(c.Places.Terminal), "places.terminal", "one of right, left, below, above")
	want(place.MatchString(c.Places.Printer), "places.printer", "one of right, left, below, above")
	want(place.MatchString(c.Places.Card), "places.card", "one of right, left, below, above")
	want(c.Card.CSCA == "" || filepath.IsAbs(c.Card.CSCA), "card.csca", "an absolute path: a PEM file, a folder of certificates, or the master list")
	want(scanners.MatchString(c.Scanner.Kind), "scanner.kind", "one of auto, serial, evdev, camera")
	want(filepath.IsAbs(c.Scanner.Path) || c.Scanner.Path == "auto", "scanner.path",
		"a stable device path, \"/dev/serial/by-id/...\" or \"/dev/input/by-id/...-event-kbd\", or \"auto\"")
	want(len(c.Scanner.Prefix) <= 8, "scanner.prefix", "at most 8 characters")
	want(len(c.Scanner.Suffix) <= 8, "scanner.suffix", "at most 8 characters: \"\\r\", \"\\r\\n\", \"\\t\"")
	want(address(c.Terminal.Address) || filepath.IsAbs(c.Terminal.Address), "terminal.address",
		"host:port of the card terminal, \"192.168.1.20:1818\", or the path of its tty, \"/dev/serial/by-id/...\"")
	_, _, closes := c.Terminal.DayEnds()
	want(closes || c.Terminal.CloseAt == "", "terminal.close_at", "hours and minutes, \"23:30\", or \"\" for never")
	want(c.Terminal.Deadline() > 0, "terminal.decide_within", "a time of one minute to thirty days, \"24h\"")
	want(c.Terminal.Baud >= 0, "terminal.baud", "baud of the tty: 9600")
	want(eightAN.MatchString(c.Terminal.TerminalID), "terminal.terminal_id", "the terminal's TID, 8 characters; 00000000 checks none")
	want(eightAN.MatchString(c.Terminal.RegisterID), "terminal.register_id", "the cash register's id, 8 characters")
	want(lrcModes.MatchString(c.Terminal.LRC), "terminal.lrc", "one of noext, std, stx, stx_noext, etx_control; kioskctl terminal probe finds it")
	c.checkPrinter(want)
	want(webAddress(c.Gateway.URL), "gateway.url", "http:// or https:// address of the gateway")
	want(safe(c.Gateway.URL), "gateway.url", "https://: plain http:// is for a gateway on this very machine, 127.0.0.1")
	want(filepath.IsAbs(c.Gateway.Identity), "gateway.identity", "an absolute path: \"/var/lib/jolly/identity.pem\"")
	want(webAddress(c.Gateway.PublicURL), "gateway.public_url", "http:// or https:// address of the citizen's page")
	want(!slices.ContainsFunc(c.Gateway.CommandKeys(), func(k ed25519.PublicKey) bool { return k == nil }),
		"gateway.command_key", "public keys as gateway fleet keygen tells them, 44 characters each, blanks between")
	want(!slices.ContainsFunc(c.Gateway.CatalogueKeys(), func(k ed25519.PublicKey) bool { return k == nil }),
		"gateway.catalogue_key", "public keys as gateway catalogue keygen tells them, 44 characters each, blanks between")
	return errors.Join(all...)
}

// checkPrinter looks at a section whose keys hang together.
func (c Config) checkPrinter(want func(ok bool, key, what string)) {
	p := c.Printer
	want(p.Kind == "escpos" || p.Kind == "ipp", "printer.kind", "escpos or ipp")
	want(p.Paper == "80" || p.Paper == "58" || p.Paper == "a4", "printer.paper", "80, 58 or a4")
	if p.Kind == "ipp" {
		want(strings.HasPrefix(p.Address, "ipp://") || strings.HasPrefix(p.Address, "ipps://"), "printer.address", "ipp://host/path of the printer or queue: \"ipp://localhost/printers/receipts\"")
		want(p.Device == "", "printer.device", "an ipp printer has an address and no device")
		return
	}
	want(p.Baud >= 0, "printer.baud", "bits a second of a serial line, such as 115200; 0 for /dev/usb/lp0")
	if p.Device != "" {
		want(filepath.IsAbs(p.Device), "printer.device", "a device by its stable name: \"/dev/usb/lp0\", \"/dev/serial/by-id/...\"")
		want(p.Address == "", "printer.address", "either an address or a device")
		return
	}
	want(address(p.Address), "printer.address", "host:port of the printer: \"192.168.1.30:9100\"; or give a device")
}

func address(s string) bool {
	host, port, err := net.SplitHostPort(s)
	return err == nil && host != "" && port != ""
}

// safe says that nobody on the way can read or change what goes to an address.
func safe(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" {
		return true // another mistake, told by another check
	}
	return u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.HasSuffix(s, "/")
}

// keyAt names the key on a line, "section.key", for a value that cannot be read.
func keyAt(text []byte, row int) string {
	in, key := "", ""
	for i, l := range strings.Split(string(text), "\n") {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			in = strings.Trim(strings.SplitN(l, "#", 2)[0], "[] \t")
		}
		if i+1 == row {
			key, _, _ = strings.Cut(l, "=")
			break
		}
	}
	if key = strings.TrimSpace(key); strings.HasPrefix(key, "[") {
		return in
	}
	return in + "." + key
}

// lineOf finds the line of "section.key", 0 when it is not there.
func lineOf(text []byte, dotted string) int {
	section, key, _ := strings.Cut(dotted, ".")
	in := ""
	for i, l := range strings.Split(string(text), "\n") {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			in = strings.Trim(strings.SplitN(l, "#", 2)[0], "[] \t")
			continue
		}
		if name, _, ok := strings.Cut(l, "="); ok && in == section && strings.TrimSpace(name) == key {
			return i + 1
		}
	}
	return 0
}

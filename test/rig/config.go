package rig

// The kiosk's configuration file, and the environment that it starts in.

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// A panel of 21.5 inches, upright: 0.248 mm per pixel.
const (
	panelLong  = 1920
	panelShort = 1080
	panelPixel = 0.248
	bottomMM   = 750
)

// kioskConfig is the file that bin/kiosk --config reads.
type kioskConfig struct {
	Kiosk    kioskSection    `toml:"kiosk"`
	Help     helpSection     `toml:"help"`
	PSP      pspSection      `toml:"psp"`
	Screen   screenSection   `toml:"screen"`
	Places   placesSection   `toml:"places"`
	Scanner  scannerSection  `toml:"scanner"`
	Terminal terminalSection `toml:"terminal"`
	Printer  printerSection  `toml:"printer"`
	Card     cardSection     `toml:"card"`
	Gateway  gatewaySection  `toml:"gateway"`
	Control  controlSection  `toml:"control"`
}

type kioskSection struct {
	ID    string `toml:"id"`
	Place string `toml:"place"`
	Body  string `toml:"body"`
	Data  string `toml:"data"`
}

type helpSection struct {
	Phone string `toml:"phone"`
	Hours string `toml:"hours"`
}

type pspSection struct {
	Name string `toml:"name"`
	Code string `toml:"code"`
}

type screenSection struct {
	Width      int     `toml:"width"`
	Height     int     `toml:"height"`
	MMPerPx    float64 `toml:"mm_per_px"`
	BottomMM   float64 `toml:"bottom_mm"`
	Fullscreen bool    `toml:"fullscreen"`
}

type placesSection struct {
	Scanner  string `toml:"scanner"`
	Terminal string `toml:"terminal"`
	Printer  string `toml:"printer"`
}

type scannerSection struct {
	Path string `toml:"path"`
	Baud int    `toml:"baud"`
	AIM  bool   `toml:"aim"`
}

type terminalSection struct {
	Address      string `toml:"address"`
	TerminalID   string `toml:"terminal_id"`
	RegisterID   string `toml:"register_id"`
	LRC          string `toml:"lrc"`
	SavesRefused bool   `toml:"saves_refused"`
}

type printerSection struct {
	Kind    string `toml:"kind"`
	Address string `toml:"address"`
	Model   string `toml:"model,omitempty"` // of a thermal printer
	Paper   string `toml:"paper,omitempty"` // of an IPP printer
}

type cardSection struct {
	Enabled bool   `toml:"enabled"`
	CSCA    string `toml:"csca"`
}

type gatewaySection struct {
	URL          string `toml:"url"`
	CatalogueKey string `toml:"catalogue_key"`
	CommandKey   string `toml:"command_key"`
}

type controlSection struct {
	Socket string `toml:"socket"`
}

// The identities of the rig's devices.
const (
	KioskID    = "PO-001"
	TerminalID = "12345678"
	registerID = "87654321"
)

// size is the window in pixels and how large one of them is, for a panel that
// is drawn smaller by scale.
func size(landscape bool, scale float64) (w, h int, mmPerPx float64) {
	w, h = panelShort, panelLong
	if landscape {
		w, h = h, w
	}
	return int(math.Round(float64(w) * scale)), int(math.Round(float64(h) * scale)), panelPixel / scale
}

// config fills in the file for this rig.
func (r *Rig) config() kioskConfig {
	w, h, mm := size(r.opt.Landscape, r.opt.Scale)
	return kioskConfig{
		Kiosk:    kioskSection{ID: KioskID, Place: "Biblioteca Lazzerini", Body: "Comune di Prato", Data: r.path("kiosk")},
		Help:     helpSection{Phone: "0574 000000", Hours: "8-18"},
		PSP:      pspSection{Name: "Banca di Prova S.p.A.", Code: "00000000000"},
		Screen:   screenSection{Width: w, Height: h, MMPerPx: mm, BottomMM: bottomMM, Fullscreen: r.opt.Display == ""},
		Places:   placesSection{Scanner: "right", Terminal: "below", Printer: "below"},
		Scanner:  scannerSection{Path: r.path("scanner"), Baud: 115200, AIM: true},
		Terminal: terminalSection{Address: r.Terminal().Addr(), TerminalID: r.Terminal().Snapshot().TerminalID, RegisterID: registerID, LRC: "noext", SavesRefused: true},
		Printer:  r.devices.tray.section(),
		Card:     cardSection{Enabled: r.cards != nil, CSCA: r.issuers()},
		Gateway:  gatewaySection{URL: r.Gate.URL, CatalogueKey: r.public, CommandKey: r.public},
		Control:  controlSection{Socket: r.path("control.sock")},
	}
}

// writeConfig writes the file and returns its name.
func (r *Rig) writeConfig() (string, error) {
	text, err := toml.Marshal(r.config())
	if err != nil {
		return "", fmt.Errorf("write configuration: %w", err)
	}
	path := r.path("kiosk.toml")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return "", fmt.Errorf("write configuration: %w", err)
	}
	return path, nil
}

// kioskEnv is the kiosk's environment: ours without what would choose another
// display or fault, and what Fyne needs on software GL (spec: fyne, 1 to 3).
func (r *Rig) kioskEnv(more []string) []string {
	drop := []string{"DISPLAY=", "WAYLAND_DISPLAY=", "FYNE_", "JOLLY_", "LP_NUM_THREADS="}
	var env []string
	for _, e := range os.Environ() {
		if !hasAnyPrefix(e, drop) {
			env = append(env, e)
		}
	}
	env = append(env,
		"DISPLAY="+r.display, "FYNE_PLATFORM=x11", "FYNE_SCALE=1", "FYNE_CACHE=5s", "FYNE_DISABLE_DPI_DETECTION=1", "LP_NUM_THREADS=1",
		"XDG_CONFIG_HOME="+r.path("xdg"), "DBUS_SESSION_BUS_ADDRESS=disabled:")
	if r.cards != nil {
		env = append(env, r.cards.daemon.Env())
	}
	return append(env, more...)
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// path is a file of the rig's directory.
func (r *Rig) path(name ...string) string {
	return filepath.Join(append([]string{r.Dir}, name...)...)
}

// PanelSize is the panel in pixels.
func PanelSize(landscape bool) (w, h int) {
	w, h, _ = size(landscape, 1)
	return w, h
}

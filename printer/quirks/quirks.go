// Package quirks knows how printers differ, as data: one small file for each
// family of models, each of its lines with the source that it was taken from.
//
// A file is TOML and is read strictly: a key that is unknown, missing or out of
// range is refused with its name, because a wrong cut command is found by a
// citizen otherwise. An installer can add a file of his own and have it read by
// [Parse]; the kiosk's own are embedded and found by [Load].
package quirks

// What one printer model is told and how.

import (
	"bytes"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

//go:embed *.conf
var files embed.FS

// Generic is the model that is assumed when nothing is known.
const Generic = "generic"

// Model is one printer model.
type Model struct {
	Name          string
	RollMM        int    // width of the paper
	HeadDots      int    // width of the head, at 203 dpi
	BandRows      int    // rows of dots in one GS v 0
	WindowBytes   int    // how much may lie in the printer's buffer unconfirmed
	Initialise    []byte // begins every job
	FeedBeforeCut int    // rows from the head to the blade, where the cut does not feed
	Cut           []byte
	Eject         []byte // hands the ticket out; empty without a presenter
	Retract       []byte // takes a forgotten ticket back; empty where it cannot
	Confirm       []byte // queued query: its answer proves that all before it was worked off
	Clear         []byte // real-time: forget what lies in the buffers; empty where there is none
	ClearAnswers  bool
	FullStatus    bool // understands DLE EOT 20
}

// file is the model as it is written. Pointers tell a missing key from a zero.
type file struct {
	Name          *string `toml:"name"`
	RollMM        *int    `toml:"roll_mm"`
	HeadDots      *int    `toml:"head_dots"`
	BandRows      *int    `toml:"band_rows"`
	WindowBytes   *int    `toml:"window_bytes"`
	Initialise    *string `toml:"initialise"`
	FeedBeforeCut *int    `toml:"feed_before_cut"`
	Cut           *string `toml:"cut"`
	Eject         *string `toml:"eject"`
	Retract       *string `toml:"retract"`
	Confirm       *string `toml:"confirm"`
	Clear         *string `toml:"clear"`
	ClearAnswers  *bool   `toml:"clear_answers"`
	FullStatus    *bool   `toml:"full_status"`
}

// Names are the models that are known, sorted.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".conf"))
	}
	slices.Sort(out)
	return out
}

// Load reads one of the embedded models, "generic" for the empty name.
func Load(name string) (Model, error) {
	if name == "" {
		name = Generic
	}
	data, err := files.ReadFile(name + ".conf")
	if err != nil {
		return Model{}, fmt.Errorf("printer model %q: not one of %s", name, strings.Join(Names(), ", "))
	}
	m, err := Parse(data)
	if err != nil {
		return Model{}, fmt.Errorf("printer model %q: %w", name, err)
	}
	return m, nil
}

// Parse reads a model from the text of its file.
func Parse(data []byte) (Model, error) {
	var f file
	d := toml.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return Model{}, fmt.Errorf("read: %w", explain(err))
	}
	p := &reader{}
	m := Model{
		Name:          p.text("name", f.Name),
		RollMM:        p.number("roll_mm", f.RollMM, 58, 80),
		HeadDots:      p.number("head_dots", f.HeadDots, 256, 640),
		BandRows:      p.number("band_rows", f.BandRows, 1, 255),
		WindowBytes:   p.number("window_bytes", f.WindowBytes, 256, 1<<20),
		Initialise:    p.bytes("initialise", f.Initialise, true),
		FeedBeforeCut: p.number("feed_before_cut", f.FeedBeforeCut, 0, 1000),
		Cut:           p.bytes("cut", f.Cut, true),
		Eject:         p.bytes("eject", f.Eject, false),
		Retract:       p.bytes("retract", f.Retract, false),
		Confirm:       p.bytes("confirm", f.Confirm, true),
		Clear:         p.bytes("clear", f.Clear, false),
		ClearAnswers:  p.flag("clear_answers", f.ClearAnswers),
		FullStatus:    p.flag("full_status", f.FullStatus),
	}
	if m.HeadDots%8 != 0 {
		p.fail("head_dots: %d is not a multiple of 8", m.HeadDots)
	}
	if m.RollMM != 58 && m.RollMM != 80 {
		p.fail("roll_mm: %d is neither 58 nor 80", m.RollMM)
	}
	return m, errors.Join(p.errs...)
}

// explain names the keys that a strict reading refused.
func explain(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		return fmt.Errorf("unknown key: %s", strict.String())
	}
	return err
}

// reader gathers all mistakes of a file instead of the first alone.
type reader struct{ errs []error }

func (p *reader) fail(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf(format, args...))
}

func (p *reader) text(key string, v *string) string {
	if v == nil || *v == "" {
		p.fail("%s: missing", key)
		return ""
	}
	return *v
}

func (p *reader) number(key string, v *int, low, high int) int {
	if v == nil {
		p.fail("%s: missing", key)
		return 0
	}
	if *v < low || *v > high {
		p.fail("%s: %d is not within %d and %d", key, *v, low, high)
	}
	return *v
}

func (p *reader) bytes(key string, v *string, needed bool) []byte {
	if v == nil {
		p.fail("%s: missing", key)
		return nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(*v, " ", ""))
	if err != nil {
		p.fail("%s: %q is not hexadecimal", key, *v)
	}
	if needed && len(b) == 0 {
		p.fail("%s: empty", key)
	}
	return b
}

func (p *reader) flag(key string, v *bool) bool {
	if v == nil {
		p.fail("%s: missing", key)
		return false
	}
	return *v
}

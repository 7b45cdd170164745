package scanner

// The settings of a reader.

import (
	"errors"
	"fmt"
	"time"
)

// The defaults of a Config, and what is not set there.
const (
	DefaultBaud      = 9600
	DefaultSuffix    = "\r"
	DefaultMaxCode   = 4296                   // the most letters and digits that a QR code can hold
	DefaultInterChar = 250 * time.Millisecond // readers send a code in one go: 256 characters take 270 ms at 9600 baud, without gaps
	DefaultRetryMin  = 250 * time.Millisecond
	DefaultRetryMax  = 2 * time.Second // a citizen waits for a reader that was plugged in again

	// Poll is how long one read waits: the time in which Run notices that its
	// context ended.
	Poll = 100 * time.Millisecond
)

// Kind is how a reader is connected.
type Kind string

// The kinds.
const (
	KindAuto   Kind = ""       // by its path: a keyboard below /dev/input, else a serial line
	KindSerial Kind = "serial" // serial line: USB CDC or RS-232
	KindEvdev  Kind = "evdev"  // it poses as a keyboard
)

// PathAuto as a path lets the reader be found by the names in [SerialDir] and [InputDir].
const PathAuto = "auto"

// Config are the settings of a reader. Zero values are the defaults.
type Config struct {
	Kind      Kind          // how it is connected; "" tells it from the path
	Path      string        // stable path of the device, such as /dev/serial/by-id/..., or "auto"; required
	Baud      int           // speed of the line; 0 is 9600; a USB CDC reader ignores it
	AIM       bool          // the reader puts an AIM identifier ("]Q1") in front of each code; codes without one still pass
	Prefix    string        // what the reader sends in front of the identifier, such as "\x02"; taken off where it stands
	Suffix    string        // what the reader sends behind each code; "" is CR. An LF after a CR is ignored
	MaxCode   int           // longest text in bytes; 0 is 4296
	InterChar time.Duration // silence inside a code after which it counts as torn; 0 is 250 ms
	RetryMin  time.Duration // first pause before a lost reader is tried again; 0 is 250 ms
	RetryMax  time.Duration // longest such pause; 0 is 2 s
}

// Validate says what is wrong with the settings.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	if c.Path == "" {
		errs = append(errs, errors.New("path: empty, want the reader's device, one of /dev/serial/by-id/usb-*"))
	}
	if c.Kind != KindAuto && c.Kind != KindSerial && c.Kind != KindEvdev {
		errs = append(errs, fmt.Errorf("kind: %q, want serial, evdev or nothing", c.Kind))
	}
	if c.Baud < 300 || c.Baud > 4_000_000 {
		errs = append(errs, fmt.Errorf("baud: %d, want 300 to 4000000", c.Baud))
	}
	if len(c.Prefix) > 8 || len(c.Suffix) > 8 {
		errs = append(errs, errors.New("prefix, suffix: want at most 8 bytes each"))
	}
	if c.MaxCode < 50 {
		errs = append(errs, fmt.Errorf("maxcode: %d, want 50 or more: a notice has as many characters", c.MaxCode))
	}
	if c.InterChar < 10*time.Millisecond || c.InterChar > time.Second {
		errs = append(errs, fmt.Errorf("interchar: %v, want 10ms to 1s", c.InterChar))
	}
	if c.RetryMin < 10*time.Millisecond || c.RetryMax < c.RetryMin || c.RetryMax > time.Minute {
		errs = append(errs, fmt.Errorf("retrymin, retrymax: %v, %v, want 10ms to 1m in this order", c.RetryMin, c.RetryMax))
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	c.Baud = or(c.Baud, DefaultBaud)
	c.Suffix = or(c.Suffix, DefaultSuffix)
	c.MaxCode = or(c.MaxCode, DefaultMaxCode)
	c.InterChar = or(c.InterChar, DefaultInterChar)
	c.RetryMin = or(c.RetryMin, DefaultRetryMin)
	c.RetryMax = or(c.RetryMax, DefaultRetryMax)
	return c
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

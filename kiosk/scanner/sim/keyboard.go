package sim

// The keyboard in its socket: a pipe with a name, of which the host reads what
// the kernel would hand it from an input device.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Keyboard is a simulated reader that poses as a keyboard.
type Keyboard struct {
	path string

	mu   sync.Mutex
	pipe *os.File // our side; nil while unplugged
}

// NewKeyboard makes one that is plugged in, at a path such as
// .../by-id/usb-Maker_Barcode_Scanner-event-kbd. It cannot be grabbed: the
// kernel grabs devices only.
func NewKeyboard(path string) (*Keyboard, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make keyboard: %w", err)
	}
	k := &Keyboard{path: path}
	return k, k.Plug()
}

// Path is what the host opens.
func (k *Keyboard) Path() string { return k.path }

// Scan types one code: "]" and aim, the text, Enter. An empty aim types no identifier.
func (k *Keyboard) Scan(aim, text string) error { return k.Send(Keys(frame(aim, text) + Suffix)) }

// Torn types the first n bytes of a text, identifier in front, and no Enter.
func (k *Keyboard) Torn(aim, text string, n int) error {
	return k.Send(Keys(frame(aim, text[:min(max(n, 0), len(text))])))
}

// Send gives the host a stream of input events.
func (k *Keyboard) Send(stream []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pipe == nil {
		return ErrUnplugged
	}
	if err := k.pipe.SetWriteDeadline(time.Now().Add(WriteLimit)); err != nil {
		return fmt.Errorf("type: %w", err)
	}
	if _, err := k.pipe.Write(stream); err != nil {
		return fmt.Errorf("type: %w", err)
	}
	return nil
}

// Plug puts the keyboard into its socket; it may be there already.
func (k *Keyboard) Plug() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pipe != nil {
		return nil
	}
	if err := unix.Mkfifo(k.path, 0o600); err != nil {
		return fmt.Errorf("plug keyboard in: %w", err)
	}
	pipe, err := os.OpenFile(k.path, os.O_RDWR|unix.O_NONBLOCK, 0) // both ways: no host need be there
	if err != nil {
		return fmt.Errorf("plug keyboard in: %w", err)
	}
	k.pipe = pipe
	return nil
}

// Unplug takes the keyboard out of its socket: the host's reads fail. It may
// be out already.
func (k *Keyboard) Unplug() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pipe == nil {
		return nil
	}
	err := errors.Join(os.Remove(k.path), k.pipe.Close())
	k.pipe = nil
	if err != nil {
		return fmt.Errorf("unplug keyboard: %w", err)
	}
	return nil
}

package scanner

// What tests of keyboards need: a device that can be opened and not grabbed.

import (
	"log/slog"
	"os"
	"time"
)

// OpenHeldUp opens a pipe as a keyboard for a process whose deadlines are always over.
func OpenHeldUp(path string) (Port, error) {
	p, err := openKeys(path, func(*os.File) error { return nil })
	if err == nil {
		p.(*keyPort).now = func() time.Time { return time.Now().Add(-time.Hour) }
	}
	return p, err
}

// NewUngrabbed is New for a device that is a pipe.
func NewUngrabbed(cfg Config, grabbed chan<- string) *Reader {
	return newWith(cfg, devices{SerialDir, InputDir, openSerial, func(path string) (Port, error) {
		return openKeys(path, func(f *os.File) error {
			grabbed <- f.Name()
			return nil
		})
	}})
}

// NewIn is New with directories of the test's own.
func NewIn(cfg Config, serialDir, inputDir string) *Reader {
	return newWith(cfg, devices{serialDir, inputDir, openSerial, func(path string) (Port, error) {
		return openKeys(path, func(*os.File) error { return nil })
	}})
}

func newWith(cfg Config, d devices) *Reader {
	r := New(cfg, slog.New(slog.DiscardHandler))
	r.open = opener(cfg.Kind, d)
	return r
}

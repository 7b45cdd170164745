package camera

// Frames -> codes, as a port of package scanner.

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/scanner"
	"github.com/tserve/jolly/kiosk/scanner/picture"
)

// Frames is a camera that runs.
type Frames interface {
	// Next waits at most limit for a frame: nil and no error when none came. The
	// frame may be used until the next call.
	Next(limit time.Duration) (*image.Gray, error)
	Close() error
}

// Gone is how long a code must be out of sight to count as another paper.
const Gone = 1500 * time.Millisecond

// Dir is where udev keeps the stable names of cameras.
const Dir = "/dev/v4l/by-id"

// suffix ends a code on its way through package scanner: nothing that stands in one.
const suffix = "\x00\r\n\x00"

// New makes a reader of the camera at a path such as /dev/v4l/by-id/..., or of
// the first one there when the path is [scanner.PathAuto].
func New(path string, log *slog.Logger) *scanner.Reader {
	return newOver(scanner.Config{Path: path}, func(path string) (Frames, error) { return openV4L2(path) }, log)
}

func newOver(cfg scanner.Config, open func(path string) (Frames, error), log *slog.Logger) *scanner.Reader {
	cfg.AIM, cfg.Suffix = true, suffix
	return scanner.NewOver(cfg, func(path string) (scanner.Port, error) {
		if path == scanner.PathAuto {
			var err error
			if path, err = first(Dir); err != nil {
				return nil, err
			}
		}
		frames, err := open(path)
		if err != nil {
			return nil, err
		}
		return &port{frames: frames, limit: scanner.Poll, seen: map[kiosk.ScannedCode]time.Time{}}, nil
	}, log)
}

// first is the first camera by name. A camera has several devices, of which
// index 0 gives pictures.
func first(dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*-index0"))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("find a camera in %s: %w", dir, errors.Join(fs.ErrNotExist, err))
	}
	return found[0], nil
}

// port gives the codes that come into view as characters.
type port struct {
	frames Frames
	limit  time.Duration
	seen   map[kiosk.ScannedCode]time.Time
	ready  []byte
}

// SetReadTimeout sets how long a Read waits for a frame.
func (p *port) SetReadTimeout(d time.Duration) error {
	p.limit = d
	return nil
}

// oldFrames is how many frames a driver may have kept from before.
const oldFrames = 16

// ResetInputBuffer throws frames away that were taken before.
func (p *port) ResetInputBuffer() error {
	for range oldFrames {
		if f, err := p.frames.Next(0); f == nil || err != nil {
			return err
		}
	}
	return nil
}

// Read gives the codes of the next frame; 0 and no error when it has no new one.
func (p *port) Read(b []byte) (int, error) {
	if len(p.ready) == 0 {
		frame, err := p.frames.Next(p.limit)
		if errors.Is(err, os.ErrDeadlineExceeded) || err == nil && frame == nil {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		p.look(frame, time.Now())
	}
	n := copy(b, p.ready)
	p.ready = p.ready[n:]
	return n, nil
}

// look takes the codes of a frame that are not in view already.
func (p *port) look(frame *image.Gray, now time.Time) {
	for _, f := range picture.Decode(frame) {
		last, known := p.seen[f.Code]
		if p.seen[f.Code] = now; known && now.Sub(last) < Gone {
			continue
		}
		p.ready = append(p.ready, "]"+f.Code.AIM+f.Code.Text+suffix...)
	}
	for code, last := range p.seen {
		if now.Sub(last) >= Gone {
			delete(p.seen, code)
		}
	}
}

// Close stops the camera.
func (p *port) Close() error { return p.frames.Close() }

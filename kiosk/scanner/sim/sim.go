package sim

// The simulated reader: what can be done to it.

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Suffix is what the reader sends behind each code.
const Suffix = "\r"

// WriteLimit is how long a code waits for a host that does not read.
const WriteLimit = 2 * time.Second

// ErrUnplugged says that the reader is not in its socket.
var ErrUnplugged = errors.New("scanner is unplugged")

// Scanner is a simulated reader.
type Scanner struct {
	link string

	sending sync.Mutex // held while a code is sent: codes never mix

	mu     sync.Mutex
	master *os.File      // our side of the line; nil while unplugged
	gone   chan struct{} // closed when the goroutine of this plug is gone
	sent   int           // whole codes sent
}

// New makes a reader that is plugged in, with a link to its terminal at
// linkPath. The folder of the link is made where it is missing; what stands at
// linkPath must be a link or nothing.
func New(linkPath string) (*Scanner, error) {
	if err := os.MkdirAll(filepath.Dir(linkPath), 0o755); err != nil {
		return nil, fmt.Errorf("make scanner: %w", err)
	}
	s := &Scanner{link: linkPath}
	if err := s.Plug(); err != nil {
		return nil, err
	}
	return s, nil
}

// Link is the path that the host opens.
func (s *Scanner) Link() string { return s.link }

// Sent is the number of whole codes that went out.
func (s *Scanner) Sent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// Plugged says that the reader is in its socket.
func (s *Scanner) Plugged() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.master != nil
}

// Scan sends one code: "]" and aim, the text, CR. An empty aim sends no identifier.
func (s *Scanner) Scan(aim, text string) error {
	if err := s.send(frame(aim, text) + Suffix); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	s.count(1)
	return nil
}

// Torn sends the first n bytes of a text, identifier in front, and no end.
func (s *Scanner) Torn(aim, text string, n int) error {
	if err := s.send(frame(aim, text[:min(max(n, 0), len(text))])); err != nil {
		return fmt.Errorf("torn scan: %w", err)
	}
	return nil
}

// Glued sends two codes and only the second one's CR.
func (s *Scanner) Glued(aim, first, second string) error {
	if err := s.send(frame(aim, first) + frame(aim, second) + Suffix); err != nil {
		return fmt.Errorf("glued scan: %w", err)
	}
	return nil
}

// Slow sends one code with a gap behind each byte. It returns early when ctx ends.
func (s *Scanner) Slow(ctx context.Context, aim, text string, gap time.Duration) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	tick := time.NewTicker(max(gap, time.Microsecond))
	defer tick.Stop()
	for _, b := range []byte(frame(aim, text) + Suffix) {
		if err := s.write([]byte{b}); err != nil {
			return fmt.Errorf("slow scan: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("slow scan: %w", ctx.Err())
		}
	}
	s.count(1)
	return nil
}

// Garbage sends n bytes drawn from the seed, and CR.
func (s *Scanner) Garbage(seed uint64, n int) error {
	rng := rand.New(rand.NewPCG(seed, 0))
	out := make([]byte, n, n+len(Suffix))
	for i := range out {
		out[i] = byte(rng.IntN(256))
	}
	if err := s.send(string(out) + Suffix); err != nil {
		return fmt.Errorf("garbage: %w", err)
	}
	return nil
}

func frame(aim, text string) string {
	if aim == "" {
		return text
	}
	return "]" + aim + text
}

func (s *Scanner) send(text string) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.write([]byte(text))
}

// write sends bytes; s.sending is held.
func (s *Scanner) write(data []byte) error {
	s.mu.Lock()
	master := s.master
	s.mu.Unlock()
	if master == nil {
		return ErrUnplugged
	}
	if err := master.SetWriteDeadline(time.Now().Add(WriteLimit)); err != nil {
		return err
	}
	_, err := master.Write(data)
	return err
}

func (s *Scanner) count(n int) {
	s.mu.Lock()
	s.sent += n
	s.mu.Unlock()
}

// Plug puts the reader into its socket; it may be there already.
func (s *Scanner) Plug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master != nil {
		return nil
	}
	master, err := s.newLine()
	if err != nil {
		return fmt.Errorf("plug scanner in: %w", err)
	}
	s.master, s.gone = master, make(chan struct{})
	go s.watch(master, s.gone)
	return nil
}

// Unplug takes the reader out of its socket: the link goes, the host's line
// hangs up, what was under way is lost. It may be out already.
func (s *Scanner) Unplug() error {
	s.mu.Lock()
	master, gone := s.master, s.gone
	s.master = nil
	var err error
	if master != nil {
		err = errors.Join(os.Remove(s.link), master.Close())
	}
	s.mu.Unlock()
	if master != nil {
		<-gone
	}
	if err != nil {
		return fmt.Errorf("unplug scanner: %w", err)
	}
	return nil
}

// Close unplugs the reader for good.
func (s *Scanner) Close() error { return s.Unplug() }

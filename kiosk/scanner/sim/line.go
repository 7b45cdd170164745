package sim

// The line: a pseudo-terminal and the link to it.
//
// It is opened by hand and not by a library, for these open the host's side as
// well. Only when nobody but the host ever opens it, does reading our side tell
// that the host closed it.

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// newLine makes a terminal, raw from its first byte, and shows it at the link.
func (s *Scanner) newLine() (*os.File, error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open pseudo-terminal: %w", err)
	}
	host, err := setUp(master)
	if err == nil {
		err = s.show(host)
	}
	if err != nil {
		return nil, fmt.Errorf("%w (close: %v)", err, master.Close())
	}
	return master, nil
}

// setUp unlocks the host's side, makes it raw and returns its path.
func setUp(master *os.File) (string, error) {
	conn, err := master.SyscallConn()
	if err != nil {
		return "", fmt.Errorf("pseudo-terminal: %w", err)
	}
	var number int
	var inner error
	err = conn.Control(func(fd uintptr) {
		if inner = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); inner != nil {
			return
		}
		if number, inner = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); inner != nil {
			return
		}
		inner = makeRaw(int(fd))
	})
	if err == nil {
		err = inner
	}
	if err != nil {
		return "", fmt.Errorf("set up pseudo-terminal: %w", err)
	}
	return fmt.Sprintf("/dev/pts/%d", number), nil
}

// makeRaw takes echo and line editing away, as a serial line has none.
func makeRaw(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag &^= unix.ICRNL | unix.INLCR | unix.IGNCR | unix.IXON | unix.IXOFF | unix.ISTRIP | unix.BRKINT | unix.PARMRK | unix.INPCK
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}

// show puts the link in place, in one step also where an older one stands.
func (s *Scanner) show(host string) error {
	if info, err := os.Lstat(s.link); err == nil && info.Mode()&os.ModeSymlink == 0 {
		return fmt.Errorf("link %s: something else stands there", s.link)
	}
	next := s.link + ".next"
	if err := os.Remove(next); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("link: %w", err)
	}
	if err := os.Symlink(host, next); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	return os.Rename(next, s.link)
}

// watch takes what the host sends, until the line is unplugged. When the host
// closes the line it is made anew: a host that was killed leaves its exclusive
// lock on a pseudo-terminal, which a serial line drops with its last user.
func (s *Scanner) watch(master *os.File, gone chan struct{}) {
	defer close(gone)
	buf := make([]byte, 256)
	for {
		if _, err := master.Read(buf); err == nil {
			continue
		}
		s.mu.Lock()
		if s.master != master { // unplugged
			s.mu.Unlock()
			return
		}
		next, err := s.newLine()
		s.master = next // nil, unplugged, when there are no more terminals
		closeErr := master.Close()
		s.mu.Unlock()
		if err != nil || closeErr != nil {
			return
		}
		master = next
	}
}

package terminal

// What came while this process was held up is no silence.

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.bug.st/serial"
	"golang.org/x/sys/unix"

	"github.com/tserve/jolly/kiosk/terminal/ecr17"
)

// ends are both ends of a connection on which what is written is there at once.
func ends(t *testing.T) (ours net.Conn, theirs *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fds[0]), "ours")
	defer f.Close() //nolint:errcheck // the connection is a copy
	ours, err = net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	theirs = os.NewFile(uintptr(fds[1]), "theirs")
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}

func TestAnswerThatLiesThere(t *testing.T) {
	ours, theirs := ends(t)
	l := &link{cfg: Config{LRC: ecr17.NoExt}, conn: ours, in: ecr17.NewReader(&patient{conn: ours})}
	ack := func() {
		t.Helper()
		if _, err := theirs.Write(ecr17.Control(ecr17.NoExt, ecr17.ACK)); err != nil {
			t.Fatal(err)
		}
	}
	heard := func(deadline time.Time) {
		t.Helper()
		if f, err := l.next(deadline); err != nil || f.Kind != ecr17.Ack {
			t.Fatalf("%+v, %v", f, err)
		}
	}
	gone := time.Now().Add(-time.Hour)
	for range 2 {
		if _, err := l.next(gone); !errors.Is(err, errNoAnswer) {
			t.Fatalf("%v, and nothing was sent", err)
		}
		ack()
		heard(gone)
	}
	l.interrupt()
	ack()
	heard(time.Now().Add(time.Hour))
	if _, err := l.next(time.Now().Add(time.Hour)); !errors.Is(err, errInterrupted) {
		t.Errorf("%v, want interrupted", err)
	}
	for n := 0; ; n++ { // somebody who never stops talking
		ack()
		if _, err := l.next(gone); errors.Is(err, errInterrupted) {
			return
		}
		if n > mostLate {
			t.Fatal("no end")
		}
	}
}

func TestBytesThatLieOnTheLine(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close() //nolint:errcheck // a tty
	defer slave.Close()  //nolint:errcheck // a tty
	line, err := serialDialer(DefaultBaud)(t.Context(), "", slave.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close() //nolint:errcheck // a tty
	var buf [8]byte
	if err := line.SetReadDeadline(time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n, err := line.Read(buf[:]); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%d, %v, and nothing was sent", n, err)
	}
	if _, err := master.WriteString("answer"); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(time.Minute); ; { // the kernel brings it over when it likes
		n, err := line.Read(buf[:])
		if n > 0 {
			return
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Now().After(limit) {
			t.Fatal(err)
		}
	}
}

// chatty is a port at which something always lies.
type chatty struct{ serial.Port }

func (chatty) SetReadTimeout(time.Duration) error { return nil }
func (chatty) Read(p []byte) (int, error)         { return copy(p, "x"), nil }

func TestALineThatNeverStopsTalking(t *testing.T) {
	line, buf := &wire{port: chatty{}}, make([]byte, 8)
	if err := line.SetReadDeadline(time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		_, err := line.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if err != nil || n > mostLate {
			t.Fatalf("%v, and no end", err)
		}
	}
}

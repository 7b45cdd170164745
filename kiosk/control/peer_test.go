package control

// Who is let in: root and the kiosk's own user, by the kernel's word.

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestWhoIsLetIn(t *testing.T) {
	own := os.Getuid()
	for uid, want := range map[int]bool{0: true, own: true, own + 1: false, 65534: own == 65534, -1: false} {
		if got := letIn(uid); got != want {
			t.Errorf("user %d: %t, want %t", uid, got, want)
		}
	}
}

// A stranger who can reach the socket, because somebody opened its file to all,
// gets no answer; who may ask still does.
func TestAStrangerIsTurnedAway(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can be somebody else: the rule alone is tested, above")
		return
	}
	dir, err := os.MkdirTemp("", "control")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "c.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	told := []string{}
	srv := &http.Server{Handler: handler(source{told: &told}, slog.New(slog.DiscardHandler)), ConnContext: withPeer}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(peers{l, slog.New(slog.DiscardHandler)}) }()
	const order = "POST /v1/terminal/close HTTP/1.1\r\nHost: kiosk\r\nContent-Length: 0\r\n\r\n"
	if n, err := asUser(t, 65534, path, order); n > 0 {
		t.Errorf("a stranger got %d bytes, %v", n, err)
	}
	if n, err := asUser(t, 0, path, order); n <= 0 || err != nil {
		t.Errorf("root got %d bytes, %v", n, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	<-ended
	if len(told) != 1 {
		t.Errorf("obeyed %v, want root's order alone", told)
	}
}

// A kiosk with too many callers runs.
func TestACrowdIsNoAbsence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.sock")
	kept, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(kept)
	at := &unix.SockaddrUnix{Name: path}
	if err := errors.Join(unix.Bind(kept, at), unix.Listen(kept, 0)); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		var fd int
		if fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		err = unix.Connect(fd, at)
	}
	if _, err := NewClient(path).Health(t.Context()); err == nil || errors.Is(err, ErrNotRunning) {
		t.Errorf("%v", err)
	}
}

// asUser asks as another user, and returns how much came back.
func asUser(t *testing.T, uid int, path, text string) (int, error) {
	t.Helper()
	type answer struct {
		n   int
		err error
	}
	done := make(chan answer)
	go func() {
		runtime.LockOSThread() // and never unlocked: a thread that was somebody else ends with its goroutine
		n, err := func() (int, error) {
			if _, _, no := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); no != 0 {
				return 0, no
			}
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return 0, err
			}
			defer unix.Close(fd)
			if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 60}); err != nil {
				return 0, err
			}
			if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
				return 0, err
			}
			if _, err := unix.SendmsgN(fd, []byte(text), nil, nil, unix.MSG_NOSIGNAL); err != nil {
				return 0, err
			}
			return unix.Read(fd, make([]byte, 4096))
		}()
		done <- answer{n, err}
	}()
	a := <-done
	return a.n, a.err
}

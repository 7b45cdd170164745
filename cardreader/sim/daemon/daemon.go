// Package daemon runs a real pcscd with a virtual reader of two slots, apart
// from the machine's own: in a private mount namespace, where /run/pcscd is a
// directory of ours. Programs that are to use it are started with [Daemon.Env].
//
// It needs root, or a kernel that lets anybody make a namespace, and the Debian
// packages pcscd and vsmartcard-vpcd. The virtual reader listens on all
// addresses: it is for machines of developers.
//
// # Goroutines and failures
//
// One goroutine waits for each daemon that was started; Kill and Stop wait for
// it. The daemon dies with the program that started it.
package daemon

// Starting and killing it.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	program = "/usr/sbin/pcscd"
	driver  = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
	ready   = 2 * time.Minute
	grace   = time.Minute
	poll    = 20 * time.Millisecond
)

// Name is how the names of the readers begin.
const Name = "Jolly Test"

// SocketEnv is the variable by which libpcsclite finds the socket.
const SocketEnv = "PCSCLITE_CSOCK_NAME"

// Daemon is a pcscd and its directory.
type Daemon struct {
	dir  string
	port int
	cmd  *exec.Cmd
	done chan struct{}
}

// Start starts a daemon. Its files lie in dir, which must not be below /run and
// must have a short name: a socket's has 107 characters at most.
func Start(ctx context.Context, dir string) (*Daemon, error) {
	for _, file := range []string{program, driver} {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("pcscd: %w: install the packages pcscd and vsmartcard-vpcd", err)
		}
	}
	port, err := freePorts(ctx)
	if err != nil {
		return nil, fmt.Errorf("pcscd: %w", err)
	}
	d := &Daemon{dir: dir, port: port}
	conf := fmt.Sprintf("FRIENDLYNAME \"%s\"\nDEVICENAME /dev/null:0x%X\nLIBPATH %s\nCHANNELID 0x%X\n", Name, port, driver, port)
	if err := os.WriteFile(d.path("reader.conf"), []byte(conf), 0o644); err != nil {
		return nil, fmt.Errorf("pcscd: %w", err)
	}
	return d, d.Restart(ctx)
}

func (d *Daemon) path(name string) string { return filepath.Join(d.dir, name) }

// Socket is the daemon's.
func (d *Daemon) Socket() string { return d.path("pcscd.comm") }

// Env is what a program needs in its environment to find the daemon.
func (d *Daemon) Env() string { return SocketEnv + "=" + d.Socket() }

// Addr is where a card for slot 0 or 1 connects.
func (d *Daemon) Addr(slot int) string { return fmt.Sprintf("127.0.0.1:%d", d.port+slot) }

// Reader is the name of slot 0 or 1.
func (d *Daemon) Reader(slot int) string { return fmt.Sprintf("%s 00 %02d", Name, slot) }

// Restart starts the daemon that was killed or stopped, and waits until it answers.
func (d *Daemon) Restart(ctx context.Context) error {
	log, err := os.OpenFile(d.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("pcscd: %w", err)
	}
	defer log.Close()
	script := `mount -t tmpfs tmpfs /run && mkdir /run/pcscd && mount --bind "$1" /run/pcscd && exec ` + program + ` --foreground --config "$1/reader.conf"`
	cmd := exec.Command("/bin/sh", "-c", script, "sh", d.dir)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if uid := os.Getuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("pcscd in a namespace of its own: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait() // how it ended is in its log
	}()
	d.cmd, d.done = cmd, done
	return d.await(ctx)
}

// await waits until the daemon takes connections.
func (d *Daemon) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ready)
	defer cancel()
	again := time.NewTicker(poll)
	defer again.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", d.Socket())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-again.C:
		case <-d.done:
			return fmt.Errorf("pcscd: it ended at once: %s", d.lastWords())
		case <-ctx.Done():
			d.Kill()
			return errors.Join(fmt.Errorf("pcscd: not ready after %s: %s", ready, d.lastWords()), ctx.Err())
		}
	}
}

func (d *Daemon) lastWords() string {
	log, err := os.ReadFile(d.path("log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(log[max(0, len(log)-500):]))
}

// Kill ends the daemon at once.
func (d *Daemon) Kill() { d.end(syscall.SIGKILL) }

// Stop ends the daemon as the system does.
func (d *Daemon) Stop() { d.end(syscall.SIGTERM) }

func (d *Daemon) end(signal syscall.Signal) {
	_ = d.cmd.Process.Signal(signal) // an error says that it is gone
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-d.done:
	case <-late.C:
		_ = d.cmd.Process.Kill()
		<-d.done
	}
}

// freePorts finds two neighbouring ports that nobody listens on.
func freePorts(ctx context.Context) (int, error) {
	var listen net.ListenConfig
	for range 50 {
		first, err := listen.Listen(ctx, "tcp", ":0")
		if err != nil {
			return 0, err
		}
		port := first.Addr().(*net.TCPAddr).Port
		second, err := listen.Listen(ctx, "tcp", fmt.Sprintf(":%d", port+1))
		_ = first.Close()
		if err != nil {
			continue
		}
		return port, second.Close()
	}
	return 0, errors.New("no two free ports side by side")
}

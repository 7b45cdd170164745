package rig

// The child processes of the rig: the kiosk, the gateway, the X server.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// grace is how long a child may take to end after SIGTERM.
const grace = time.Minute

// process is one child with its log file. It ends with us: the kernel kills it
// when the rig dies, so that a broken test leaves nothing behind.
type process struct {
	name string
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{} // closed when the child was reaped
	err  error         // of Wait; read after done
}

// command is what a child is started with.
type command struct {
	path  string
	args  []string
	env   []string // the whole environment; nil keeps ours
	log   string   // file that takes stdout and stderr, appended
	extra []*os.File
}

// start runs a child.
func start(c command) (*process, error) {
	name := filepath.Base(c.path)
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	cmd := exec.Command(c.path, c.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = c.env, log, log, c.extra
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, log: log, done: make(chan struct{})}
	go p.reap()
	return p, nil
}

// reap waits for the child; stop and kill wait for reap.
func (p *process) reap() {
	p.err = p.cmd.Wait()
	_ = p.log.Close()
	close(p.done)
}

// running says whether the child lives.
func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill ends the child at once, as a power cut would, and waits for its end.
func (p *process) kill() {
	if p == nil {
		return
	}
	if p.running() {
		_ = p.cmd.Process.Signal(syscall.SIGKILL)
	}
	<-p.done
}

// stop asks the child to end and says how it ended: nil for exit code 0.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	if !p.running() {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-p.done:
	case <-late.C:
		// A Go program writes what its goroutines wait for when it gets SIGQUIT.
		_ = p.cmd.Process.Signal(syscall.SIGQUIT)
		last := time.NewTimer(10 * time.Second)
		defer last.Stop()
		select {
		case <-p.done:
		case <-last.C:
		}
		p.kill()
		return fmt.Errorf("stop %s: still there %s after SIGTERM, killed", p.name, grace)
	}
	if p.err != nil {
		return fmt.Errorf("stop %s: %w", p.name, p.err)
	}
	return nil
}

// killedBy returns the signal that ended the child, or 0.
func (p *process) killedBy() syscall.Signal {
	if p == nil || p.running() {
		return 0
	}
	if ws, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return ws.Signal()
	}
	return 0
}

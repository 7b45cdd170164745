package rig

// An X server of our own, without a screen: Xvfb.

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// ErrNoXvfb says that the machine has no Xvfb.
var ErrNoXvfb = errors.New("no Xvfb on this machine: apt-get install xvfb")

// xvfbStart is how long Xvfb may take until it tells its display.
const xvfbStart = 2 * time.Minute

// xvfb is one running X server.
type xvfb struct {
	display string // ":7"
	proc    *process
}

// startXvfb starts an X server with one screen of the given size on the first
// free display number, which the server finds itself.
func startXvfb(width, height int, log string) (*xvfb, error) {
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		return nil, ErrNoXvfb
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start Xvfb: %w", err)
	}
	defer read.Close()
	size := fmt.Sprintf("%dx%dx24", width, height)
	p, err := start(command{
		path: path, log: log, extra: []*os.File{write},
		// -displayfd 3: the server writes the number that it took to our pipe.
		args: []string{"-displayfd", "3", "-screen", "0", size, "-nolisten", "tcp", "-noreset"},
	})
	_ = write.Close()
	if err != nil {
		return nil, err
	}
	if err := read.SetReadDeadline(time.Now().Add(xvfbStart)); err != nil {
		p.kill()
		return nil, fmt.Errorf("start Xvfb: %w", err)
	}
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("start Xvfb: no display told, see %s: %w", log, err)
	}
	return &xvfb{display: ":" + strings.TrimSpace(line), proc: p}, nil
}

// stop ends the server.
func (x *xvfb) stop() {
	if x != nil {
		_ = x.proc.stop()
	}
}

package main

// The gateway: this very program, started again as a process of its own, so that
// it can be killed and its memory is its own.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/tserve/jolly/sync/gateway"
)

// serve is the child: the gateway as its command serves it, its log thrown away
// once it is written. It ends with its standard input.
func serve(ctx context.Context, url, address string, out io.Writer) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with the process
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	log := slog.New(slog.NewJSONHandler(null, nil))
	store, err := gateway.Open(ctx, url, gateway.StoreConfig{}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	server, err := gateway.NewServer(store, gateway.HandlerConfig{}, log)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
		return err
	}
	return server.Run(ctx, l)
}

// server is the running gateway.
type server struct {
	url     string
	address string

	cmd   *exec.Cmd
	stdin io.WriteCloser
	peak  int64 // of its memory, over all its lives
}

// startServer starts the gateway on a free port.
func startServer(url string) (*server, error) {
	s := &server{url: url, address: "127.0.0.1:0"}
	return s, s.start()
}

func (s *server) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.cmd = exec.Command(self, "-serve", s.address, "-db", s.url)
	s.cmd.Env = append(os.Environ(), serveEnv+"=1")
	s.cmd.Stderr = os.Stderr
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return errors.Join(fmt.Errorf("the gateway did not start: %w", err), s.kill())
	}
	s.address = strings.TrimSpace(line)
	return nil
}

// serveEnv tells a test binary that it is the child.
const serveEnv = "JOLLY_LOAD_SERVE"

// memory is the most that the gateway ever used.
func (s *server) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return s.peak
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			s.peak = max(s.peak, kilobytes<<10)
		}
	}
	return s.peak
}

// kill ends it with SIGKILL.
func (s *server) kill() error {
	s.memory()
	if err := s.cmd.Process.Kill(); err != nil {
		return err
	}
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

// stop ends it as an operator would.
func (s *server) stop() error {
	s.memory()
	return errors.Join(s.stdin.Close(), s.cmd.Wait())
}

// client is what all kiosks share: a real client each would need ten thousand sockets.
func client(connections int) *http.Client {
	return &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, MaxIdleConns: connections, IdleConnTimeout: time.Minute},
	}
}

package pgtest

// The server: made, started, killed, stopped.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL of our own.
type Server struct {
	dir   string // of the cluster, the socket and the log
	bin   string
	owner *syscall.Credential // nil: us

	alive io.WriteCloser // the guard stops the server when this closes; nil when none runs
	ended chan error     // the guard's end
}

// The guard outlives neither the server nor the program that started it.
const guard = `"$@" & pid=$!
{ read -r _; kill -QUIT "$pid"; } <&3 2>/dev/null &
wait "$pid"`

// startTime bounds how long a server may take to answer; after a crash it reads
// its log first.
const startTime = 5 * time.Minute

// New makes a cluster in a new directory and starts its server.
func New(ctx context.Context) (*Server, error) {
	s := &Server{}
	var err error
	if s.bin, err = binaries(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "jolly-postgres-"); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err = s.own(); err == nil {
		err = s.Program(ctx, "initdb", "-D", s.data(), "-U", "jolly", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions").Run()
	}
	if err == nil {
		err = s.Start(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w", err), s.Close())
	}
	return s, nil
}

// binaries finds the newest PostgreSQL of the machine.
func binaries() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		path, err = filepath.EvalSymlinks(path)
		return filepath.Dir(path), err
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no PostgreSQL here: packaging/setup.sh test installs it")
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func version(path string) int {
	n, err := strconv.Atoi(strings.Split(path, "/")[4])
	if err != nil {
		return 0
	}
	return n
}

// own gives the directory to the user that the server runs as.
func (s *Server) own() error {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	s.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, int(uid), int(gid))
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Program is one of PostgreSQL's programs, run as the server's owner.
func (s *Server) Program(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	return cmd
}

// Start starts the server and waits until it answers. What a killed one leaves
// in memory may be in the way for a moment: then it is started again.
func (s *Server) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if err := s.launch(); err != nil {
			return err
		}
		up, err := s.await(ctx)
		if up || err != nil {
			return err
		}
	}
}

// launch starts the guard, and the guard the server.
func (s *Server) launch() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	end, alive, err := os.Pipe()
	if err != nil {
		return err
	}
	defer end.Close()
	// The server's life hangs on ours by a pipe and not on a context: it shall
	// outlive the request for its start.
	cmd := exec.Command("sh", "-c", guard, "guard", filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=on", "-c", "shared_buffers=256MB", "-c", "max_connections=64", "-c", "max_wal_size=2GB",
		"-c", "log_min_messages=fatal", "-c", "log_min_error_statement=panic", "-c", "autovacuum_naptime=10s")
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = s.dir, log, log, []*os.File{end}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	if err := cmd.Start(); err != nil {
		return errors.Join(err, alive.Close())
	}
	s.alive, s.ended = alive, make(chan error, 1)
	go func(ended chan<- error) { ended <- cmd.Wait() }(s.ended)
	return nil
}

// await waits until the server answers, or has ended.
func (s *Server) await(ctx context.Context) (up bool, err error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return true, conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			text, readErr := os.ReadFile(filepath.Join(s.dir, "log"))
			return false, fmt.Errorf("%w: the server says: %s", errors.Join(err, readErr), text)
		case ended := <-s.ended:
			s.ended <- ended
			if err := s.wait(); err != nil {
				return false, err
			}
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
			return false, nil
		case <-tick.C:
		}
	}
}

// URL is how a database of the server is opened.
func (s *Server) URL(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.dir}, "user": {"jolly"}}.Encode()
}

// Create makes a database, as a copy of another if template is not "".
func (s *Server) Create(ctx context.Context, name, template string) error {
	statement := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize()
	if template != "" {
		statement += " TEMPLATE " + pgx.Identifier{template}.Sanitize()
	}
	return s.exec(ctx, statement)
}

// Drop removes a database, whoever is connected.
func (s *Server) Drop(ctx context.Context, name string) error {
	return s.exec(ctx, "DROP DATABASE "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
}

func (s *Server) exec(ctx context.Context, statement string) (err error) {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// pid is the server's main process.
func (s *Server) pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}

// Kill ends every process of the server at once with SIGKILL; what it had
// promised is on the disk, and nothing else is. [Server.Start] brings it back.
func (s *Server) Kill() error {
	pid, err := s.pid()
	if err != nil {
		return err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			if err := syscall.Kill(n, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return err
			}
		}
	}
	return s.wait()
}

// wait ends the guard and waits for it; its exit status is the server's, which
// was killed or told to stop at once.
func (s *Server) wait() error {
	err := s.alive.Close()
	var exit *exec.ExitError
	if ended := <-s.ended; !errors.As(ended, &exit) {
		err = errors.Join(err, ended)
	}
	s.alive, s.ended = nil, nil
	return err
}

// Memory is what the server's processes use together, in bytes; what they share
// is counted in parts.
func (s *Server) Memory() (int64, error) {
	pid, err := s.pid()
	if err != nil {
		return 0, err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	var total int64
	for _, p := range append(strings.Fields(string(children)), strconv.Itoa(pid)) {
		text, err := os.ReadFile("/proc/" + p + "/smaps_rollup")
		if err != nil {
			continue // it has ended meanwhile
		}
		for line := range strings.Lines(string(text)) {
			var kilobytes int64
			if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kilobytes); n == 1 {
				total += kilobytes << 10
			}
		}
	}
	return total, nil
}

// Close stops the server and removes all that was its own.
func (s *Server) Close() error {
	var err error
	if s.alive != nil {
		err = s.wait()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

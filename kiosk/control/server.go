package control

// The server: inside the kiosk.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Source answers the questions. Its methods may be called from any goroutine.
type Source interface {
	Screen(ctx context.Context) (Screen, error)
	Payments(ctx context.Context) ([]Payment, error)
	Health(ctx context.Context) (Health, error)
}

// Serve listens on the socket until ctx ends. A socket left behind by a kiosk
// that was killed is replaced.
func Serve(ctx context.Context, path string, src Source, log *slog.Logger) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("control: replace the old socket: %w", err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("control: listen: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(fmt.Errorf("control: protect the socket: %w", err), l.Close())
	}
	srv := &http.Server{
		Handler:           handler(src),
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      10 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(peers{l, log}) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = errors.Join(srv.Close(), <-ended)
	}
	if errors.Is(err, http.ErrServerClosed) || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("control: serve: %w", err)
}

func handler(src Source) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/screen", answer(func(ctx context.Context) (any, error) { return src.Screen(ctx) }))
	mux.HandleFunc("GET /v1/payments", answer(func(ctx context.Context) (any, error) { return src.Payments(ctx) }))
	mux.HandleFunc("GET /v1/health", answer(func(ctx context.Context) (any, error) { return src.Health(ctx) }))
	return mux
}

func answer(ask func(context.Context) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		v, err := ask(ctx)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			return // the client went away
		}
	}
}

// peers lets in root and the kiosk's own user only.
type peers struct {
	net.Listener
	log *slog.Logger
}

// Accept waits for a peer that is let in.
func (p peers) Accept() (net.Conn, error) {
	for {
		c, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peerUID(c)
		if err == nil && (uid == 0 || uid == os.Getuid()) {
			return c, nil
		}
		p.log.Warn("control: a peer was turned away", "uid", uid, "err", err)
		if err := c.Close(); err != nil {
			p.log.Debug("control: close", "err", err)
		}
	}
}

func peerUID(c net.Conn) (int, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return -1, errors.New("not a unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return -1, err
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) { cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return -1, err
	}
	if credErr != nil {
		return -1, credErr
	}
	return int(cred.Uid), nil
}

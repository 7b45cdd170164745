package operator

// The server: the pages behind time-outs and a graceful stop, on a listener of
// their own.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/tserve/jolly/sync/gateway"
)

// grace is how long requests may go on once the server is told to stop.
const grace = 5 * time.Second

// Server serves the operators' pages on one listener.
type Server struct{ http *http.Server }

// NewServer makes a server; nothing happens before [Server.Run].
func NewServer(store *gateway.Store, cfg Config, log *slog.Logger) (*Server, error) {
	h, err := NewHandler(store, cfg, log)
	if err != nil {
		return nil, err
	}
	return &Server{http: &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 60 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(gateway.Complaints(log), slog.LevelWarn),
	}}, nil
}

// Run serves until ctx ends, lets running requests finish, and returns when
// nothing runs any more.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve the operators' pages: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := s.http.Shutdown(stop)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
